/* A site's plans: subscribed to, upgraded, downgraded, given up, as our workers do it. */

import {
    assert, collect, failing, ids, stripe, told,
} from './lib/life.mjs';

const URL_BACK = 'https://example.com/back';
const FIRST = [
    'latest_invoice.confirmation_secret', 'pending_setup_intent', 'latest_invoice.payments',
];

/* Two prices of one product, a cheap one and a dear one. */
async function prices() {
    const { id: product } = await stripe.products.create({ name: 'Tokens' });
    const make = (amount) => stripe.prices.create({
        product, currency: 'usd', unit_amount: amount, recurring: { interval: 'month' } });
    return { basic: (await make(1999)).id, pro: (await make(5999)).id };
}

/* A customer whose default card is this one. */
async function customerWith(card = 'pm_card_visa') {
    const { id } = await stripe.customers.create({
        email: 'sub@example.com', payment_method: card,
        invoice_settings: { default_payment_method: card } });
    return id;
}

function intentOf(secret) {
    return secret.split('_secret_')[0];
}

/* As our workers begin one: unpaid until somebody confirms it. */
function begin(customer, price, extra = {}) {
    return stripe.subscriptions.create({
        customer, items: [{ price }], payment_behavior: 'default_incomplete',
        payment_settings: { save_default_payment_method: 'on_subscription' },
        billing_mode: { type: 'flexible' }, metadata: { vantage_user: 'user_1' },
        expand: FIRST, ...extra,
    });
}

/* One that is paid for. */
async function active(price, extra = {}) {
    const customer = await customerWith();
    return stripe.subscriptions.create({
        customer, items: [{ price }], billing_mode: { type: 'flexible' }, expand: FIRST, ...extra });
}

function types(events) {
    return events.map(({ type }) => type);
}

export default {
    async one_is_incomplete_until_it_is_paid() {
        const { basic } = await prices();
        const { id: customer } = await stripe.customers.create({ email: 'new@example.com' });
        const made = await begin(customer, basic);
        assert.equal(made.status, 'incomplete');
        assert.equal(made.current_period_end, undefined);
        const [item] = made.items.data;
        assert.ok(item.current_period_end > item.current_period_start);
        const invoice = made.latest_invoice;
        assert.equal(invoice.status, 'open');
        assert.equal(invoice.amount_due, 1999);
        assert.equal(invoice.billing_reason, 'subscription_create');
        assert.equal(invoice.parent.subscription_details.subscription, made.id);
        assert.equal(invoice.parent.subscription_details.metadata.vantage_user, 'user_1');
        const [line] = invoice.lines.data;
        assert.equal(line.pricing.price_details.price, basic);
        assert.equal(line.parent.subscription_item_details.proration, false);
        assert.deepEqual(line.period, { start: item.current_period_start, end: item.current_period_end });
        const intent = intentOf(invoice.confirmation_secret.client_secret);
        assert.equal(invoice.payments.data[0].payment.payment_intent, intent);
        const declined = await failing(stripe.paymentIntents.confirm(
            intent, { payment_method: 'pm_card_chargeDeclined', return_url: URL_BACK }));
        assert.equal(declined.code, 'card_declined');
        assert.equal((await stripe.subscriptions.retrieve(made.id)).status, 'incomplete');
        await stripe.paymentIntents.confirm(intent, { payment_method: 'pm_card_visa', return_url: URL_BACK });
        const paid = await stripe.subscriptions.retrieve(
            made.id, { expand: ['latest_invoice', 'default_payment_method', 'customer'] });
        assert.equal(paid.status, 'active');
        assert.equal(paid.latest_invoice.status, 'paid');
        assert.equal(paid.default_payment_method.card.last4, '4242');
        const about = types(await told(invoice.id));
        for (const word of ['created', 'finalized', 'paid', 'payment_succeeded']) {
            assert.ok(about.includes(`invoice.${word}`), word);
        }
        assert.ok(types(await told(made.id)).includes('customer.subscription.updated'));
        const payments = await stripe.invoicePayments.list({
            payment: { type: 'payment_intent', payment_intent: intent } });
        assert.equal(payments.data[0].invoice, invoice.id);
        assert.equal(payments.data[0].status, 'paid');
    },

    async an_upgrade_is_previewed_and_paid() {
        const { basic, pro } = await prices();
        const made = await active(basic);
        assert.equal(made.status, 'active');
        const [item] = made.items.data;
        const when = item.current_period_start + 60;
        const preview = await stripe.invoices.createPreview({
            customer: made.customer, subscription: made.id,
            subscription_details: {
                items: [{ id: item.id, price: pro }], proration_behavior: 'always_invoice',
                proration_date: when,
            },
        });
        assert.match(preview.id, /^upcoming_in/);
        const prorations = preview.lines.data.filter(
            ({ parent }) => parent.subscription_item_details.proration);
        assert.equal(prorations.length, 2);
        assert.equal(prorations.reduce((sum, { amount }) => sum + amount, 0), preview.amount_due);
        const changed = await stripe.subscriptions.update(made.id, {
            items: [{ id: item.id, price: pro }], proration_behavior: 'always_invoice',
            proration_date: when, payment_behavior: 'pending_if_incomplete',
            expand: ['latest_invoice.confirmation_secret'],
        });
        assert.equal(changed.items.data.length, 1);
        assert.equal(changed.items.data[0].price.id, pro);
        assert.equal(changed.pending_update, null);
        assert.equal(changed.latest_invoice.billing_reason, 'subscription_update');
        assert.equal(changed.latest_invoice.amount_paid, preview.amount_due);
        const updated = (await told(made.id)).findLast(({ type }) => type === 'customer.subscription.updated');
        assert.equal(updated.data.previous_attributes.items.data[0].price.id, basic);
    },

    async an_upgrade_waits_until_it_is_paid() {
        const { basic, pro } = await prices();
        const made = await active(basic);
        const failing_card = await stripe.paymentMethods.attach(
            'pm_card_chargeCustomerFail', { customer: made.customer });
        await stripe.subscriptions.update(made.id, { default_payment_method: failing_card.id });
        const waiting = await stripe.subscriptions.update(made.id, {
            items: [{ id: made.items.data[0].id, price: pro }], proration_behavior: 'always_invoice',
            payment_behavior: 'pending_if_incomplete', expand: ['latest_invoice.confirmation_secret'],
        });
        assert.equal(waiting.items.data[0].price.id, basic);
        assert.equal(waiting.pending_update.subscription_items[0].price.id, pro);
        assert.equal(waiting.latest_invoice.status, 'open');
        const intent = intentOf(waiting.latest_invoice.confirmation_secret.client_secret);
        await stripe.paymentIntents.confirm(intent, { payment_method: 'pm_card_visa', return_url: URL_BACK });
        const done = await stripe.subscriptions.retrieve(made.id);
        assert.equal(done.pending_update, null);
        assert.equal(done.items.data[0].price.id, pro);
        assert.ok(types(await told(made.id)).includes('customer.subscription.pending_update_applied'));
    },

    async a_downgrade_comes_with_the_next_period() {
        const { basic, pro } = await prices();
        const made = await active(pro);
        const changed = await stripe.subscriptions.update(made.id, {
            items: [{ id: made.items.data[0].id, price: basic }], proration_behavior: 'none' });
        assert.equal(changed.items.data[0].price.id, basic);
        assert.equal(changed.latest_invoice, made.latest_invoice.id);
    },

    async one_is_canceled_and_resumed_and_ended() {
        const { basic } = await prices();
        const made = await active(basic);
        const ending = await stripe.subscriptions.update(made.id, {
            cancel_at_period_end: true,
            cancellation_details: { feedback: 'too_expensive', comment: 'Later.' },
        });
        assert.equal(ending.cancel_at_period_end, true);
        assert.equal(ending.cancel_at, made.items.data[0].current_period_end);
        assert.equal(ending.cancellation_details.reason, 'cancellation_requested');
        const resumed = await stripe.subscriptions.update(made.id, { cancel_at_period_end: false });
        assert.equal(resumed.cancel_at, null);
        assert.equal(resumed.canceled_at, null);
        const gone = await stripe.subscriptions.cancel(made.id, { invoice_now: false, prorate: false });
        assert.equal(gone.status, 'canceled');
        assert.ok(gone.ended_at >= made.created);
        const late = await failing(stripe.subscriptions.update(made.id, { cancel_at_period_end: false }));
        assert.equal(late.statusCode, 400);
        assert.equal((await stripe.subscriptions.update(made.id, { metadata: { a: '1' } })).metadata.a, '1');
        assert.ok(types(await told(made.id)).includes('customer.subscription.deleted'));
        const list = (more) => collect(stripe.subscriptions.list({ customer: made.customer, ...more }));
        assert.deepEqual(await list({}), []);
        assert.deepEqual(ids(await list({ status: 'all' })), [made.id]);
        assert.deepEqual(ids(await list({ status: 'canceled', expand: ['data.latest_invoice'] })), [made.id]);
    },

    async one_is_paused_and_goes_on() {
        const { basic } = await prices();
        const made = await active(basic);
        const paused = await stripe.subscriptions.pause(made.id, { type: 'subscription' });
        assert.equal(paused.status, 'paused');
        const resumed = await stripe.subscriptions.resume(
            made.id, { billing_cycle_anchor: { type: 'unchanged' } });
        assert.equal(resumed.status, 'active');
        const about = types(await told(made.id));
        assert.ok(about.includes('customer.subscription.paused'));
        assert.ok(about.includes('customer.subscription.resumed'));
    },

    async a_trial_needs_no_payment_yet() {
        const { basic } = await prices();
        const { id: customer } = await stripe.customers.create({});
        const made = await begin(customer, basic, { trial_period_days: 7 });
        assert.equal(made.status, 'trialing');
        assert.equal(made.latest_invoice.amount_due, 0);
        assert.equal(made.latest_invoice.status, 'paid');
        assert.equal(typeof made.pending_setup_intent.client_secret, 'string');
        assert.equal(made.trial_end - made.trial_start, 7 * 86400);
        const read = await stripe.customers.retrieve(customer, { expand: ['subscriptions'] });
        assert.deepEqual(ids(read.subscriptions.data), [made.id]);
    },

    async a_trial_without_a_card_is_paused_when_it_ends() {
        const { basic } = await prices();
        const { id: customer } = await stripe.customers.create({});
        const behavior = (word) => ({ trial_settings: { end_behavior: { missing_payment_method: word } } });
        const made = await begin(customer, basic, { trial_period_days: 7, ...behavior('pause') });
        const paused = await stripe.subscriptions.update(made.id, { trial_end: 'now' });
        assert.equal(paused.status, 'paused');
        assert.ok(paused.trial_end < made.trial_end);
        assert.ok(types(await told(made.id)).includes('customer.subscription.paused'));
        const other = await begin(customer, basic, { trial_period_days: 7, ...behavior('cancel') });
        const ended = await stripe.subscriptions.update(other.id, { trial_end: 'now' });
        assert.equal(ended.status, 'canceled');
        const card = await stripe.paymentMethods.attach('pm_card_visa', { customer });
        const third = await begin(customer, basic, {
            trial_period_days: 7, ...behavior('pause'), default_payment_method: card.id });
        const paid = await stripe.subscriptions.update(third.id, { trial_end: 'now' });
        assert.equal(paid.status, 'active');
    },

    async a_promotion_code_makes_it_cheaper() {
        const { basic } = await prices();
        const coupon = await stripe.coupons.create({ percent_off: 50, duration: 'forever' });
        const code = await stripe.promotionCodes.create({
            promotion: { type: 'coupon', coupon: coupon.id } });
        const made = await active(basic, {
            discounts: [{ promotion_code: code.id }], expand: [...FIRST, 'discounts', 'latest_invoice.discounts'] });
        const invoice = made.latest_invoice;
        assert.equal(invoice.subtotal, 1999);
        assert.equal(invoice.total_discount_amounts[0].amount, 1000);
        assert.equal(invoice.total, 999);
        assert.equal(made.discounts[0].source.coupon, coupon.id);
        assert.equal(made.discounts[0].promotion_code, code.id);
    },

    async bad_calls_name_what_is_wrong() {
        const { basic } = await prices();
        const customer = await customerWith();
        const cases = [
            [{ items: [{ price: basic }] }, 'customer'],
            [{ customer: 'cus_none', items: [{ price: basic }] }, 'customer'],
            [{ customer, items: [{ price: 'price_none' }] }, 'items[0][price]'],
            [{ customer, items: [{ price: basic }], payment_behavior: 'maybe' }, 'payment_behavior'],
            [{ customer, items: [{ price: basic }], coupon: 'x' }, 'coupon'],
        ];
        for (const [params, param] of cases) {
            const error = await failing(stripe.subscriptions.create(params));
            assert.ok(error instanceof stripe.errors.StripeInvalidRequestError);
            assert.equal(error.param, param);
        }
        const declined = await failing(stripe.subscriptions.create({
            customer: (await stripe.customers.create({})).id, items: [{ price: basic }],
            payment_behavior: 'error_if_incomplete' }));
        assert.ok([400, 402].includes(declined.statusCode));
        assert.equal((await failing(stripe.subscriptions.retrieve('sub_none'))).code, 'resource_missing');
    },
};
