/* Subscriptions: made, changed, previewed, paused, renewed and ended. */

import {
    advance, assert, collect, failing, ids, stripe, told,
} from './lib/life.mjs';

const START = 1800000000;
const DAY = 86400;

/* A monthly price of a product of its own. */
async function price(amount, name, interval = 'month') {
    const made = await stripe.prices.create({
        unit_amount: amount, currency: 'usd', recurring: { interval }, product_data: { name } });
    return made.id;
}

/* A customer on a clock of its own, with a card that pays. */
async function living(card = 'pm_card_visa') {
    const clock = await stripe.testHelpers.testClocks.create({ frozen_time: START });
    const { id: customer } = await stripe.customers.create({
        test_clock: clock.id, payment_method: card,
        invoice_settings: { default_payment_method: card } });
    return { clock: clock.id, customer };
}

function types(events) {
    return events.map(({ type }) => type);
}

export default {
    async one_is_made_and_paid_by_a_browser() {
        const { customer } = await living();
        const basic = await price(1999, 'Basic');
        const sub = await stripe.subscriptions.create({
            customer, items: [{ price: basic, quantity: 2, metadata: { seat: 'a' } }],
            payment_behavior: 'default_incomplete',
            payment_settings: { save_default_payment_method: 'on_subscription' },
            billing_mode: { type: 'flexible' }, metadata: { plan: 'basic' }, off_session: false,
            automatic_tax: { enabled: false }, description: 'Tokens by the month',
            invoice_settings: { footer: 'Thank you' },
            expand: ['latest_invoice.confirmation_secret', 'pending_setup_intent'] });
        assert.equal(sub.status, 'incomplete');
        assert.equal(sub.pending_setup_intent, null);
        assert.equal(sub.items.data[0].quantity, 2);
        const secret = sub.latest_invoice.confirmation_secret.client_secret;
        const [intent] = secret.split('_secret_');
        await stripe.paymentIntents.confirm(intent, {
            payment_method: 'pm_card_visa', return_url: 'https://example.com/back' });
        const now = await stripe.subscriptions.retrieve(sub.id, {
            expand: ['default_payment_method', 'items.data.price.product', 'customer'] });
        assert.equal(now.status, 'active');
        assert.equal(now.default_payment_method.card.last4, '4242');
        assert.equal(now.items.data[0].price.product.name, 'Basic');
        const found = await stripe.subscriptions.search({ query: 'status:"active" AND metadata["plan"]:"basic"' });
        assert.ok(ids(found.data).includes(sub.id));
        const listed = await collect(stripe.subscriptions.list({ customer, status: 'all', price: basic }));
        assert.deepEqual(ids(listed), [sub.id]);
        assert.ok(types(await told(sub.id)).includes('customer.subscription.updated'));
    },

    async its_items_are_changed_and_previewed() {
        const { customer, clock } = await living();
        const [basic, pro] = [await price(1999, 'Basic'), await price(5999, 'Pro')];
        const sub = await stripe.subscriptions.create({ customer, items: [{ price: basic }] });
        assert.equal(sub.status, 'active');
        await advance(clock, START + 10 * DAY);
        const change = {
            items: [{ id: sub.items.data[0].id, price: pro }],
            proration_behavior: 'always_invoice', proration_date: START + 10 * DAY };
        const seen = await stripe.invoices.createPreview({
            customer, subscription: sub.id, subscription_details: change });
        const changed = await stripe.subscriptions.update(sub.id, {
            ...change, payment_behavior: 'pending_if_incomplete', expand: ['latest_invoice'] });
        assert.equal(changed.latest_invoice.total, seen.total);
        assert.deepEqual(
            changed.latest_invoice.lines.data.map(({ amount }) => amount),
            seen.lines.data.map(({ amount }) => amount));
        const seat = await stripe.subscriptionItems.create({
            subscription: sub.id, price: basic, quantity: 3 });
        assert.equal((await stripe.subscriptionItems.update(seat.id, { quantity: 4 })).quantity, 4);
        assert.equal((await stripe.subscriptionItems.retrieve(seat.id)).price.id, basic);
        assert.equal((await collect(stripe.subscriptionItems.list({ subscription: sub.id, limit: 1 }))).length, 2);
        assert.equal((await stripe.subscriptionItems.del(seat.id)).deleted, true);
        const next = await stripe.invoices.createPreview({ subscription: sub.id, preview_mode: 'recurring' });
        assert.equal(next.total, 5999);
        const fresh = await stripe.invoices.createPreview({
            subscription_details: { items: [{ price: pro }] } });
        assert.equal(fresh.total, 5999);
    },

    async it_renews_fails_and_recovers() {
        const { customer, clock } = await living('pm_card_chargeCustomerFail');
        const method = await stripe.paymentMethods.attach('pm_card_visa', { customer });
        const sub = await stripe.subscriptions.create({
            customer, items: [{ price: await price(500, 'Small') }], default_payment_method: method.id });
        await advance(clock, START + 31 * DAY + 3600);
        const renewed = await stripe.subscriptions.retrieve(sub.id, { expand: ['latest_invoice'] });
        assert.equal(renewed.latest_invoice.billing_reason, 'subscription_cycle');
        assert.equal(renewed.latest_invoice.status, 'paid');
        await stripe.subscriptions.update(sub.id, { default_payment_method: '' });
        await advance(clock, START + 60 * DAY);
        const failing_one = await stripe.subscriptions.retrieve(sub.id, { expand: ['latest_invoice'] });
        assert.equal(failing_one.status, 'past_due');
        assert.notEqual(failing_one.latest_invoice.next_payment_attempt, null);
        await stripe.invoices.pay(failing_one.latest_invoice.id, { payment_method: method.id });
        assert.equal((await stripe.subscriptions.retrieve(sub.id)).status, 'active');
        await told(sub.id);
    },

    async a_trial_begins_and_ends() {
        const { clock } = await living();
        const { id: customer } = await stripe.customers.create({ test_clock: clock });
        const sub = await stripe.subscriptions.create({
            customer, items: [{ price: await price(700, 'Later') }], trial_period_days: 7,
            trial_settings: { end_behavior: { missing_payment_method: 'pause' } },
            expand: ['pending_setup_intent', 'latest_invoice'] });
        assert.equal(sub.status, 'trialing');
        assert.equal(sub.latest_invoice.amount_due, 0);
        assert.equal(sub.pending_setup_intent.status, 'requires_payment_method');
        await advance(clock, START + 7 * DAY);
        const paused = await stripe.subscriptions.retrieve(sub.id);
        assert.equal(paused.status_details.paused.subscription.type, 'trial_end_without_payment_method');
        const about = types(await told(sub.id));
        assert.ok(about.includes('customer.subscription.trial_will_end'));
        assert.ok(about.includes('customer.subscription.paused'));
    },

    async it_is_paused_resumed_and_canceled() {
        const { customer } = await living();
        const coupon = await stripe.coupons.create({ percent_off: 10, duration: 'forever' });
        const sub = await stripe.subscriptions.create({
            customer, items: [{ price: await price(900, 'Old') }], billing_mode: { type: 'classic' },
            discounts: [{ coupon: coupon.id }], expand: ['discounts'] });
        assert.equal(sub.discounts[0].source.coupon, coupon.id);
        assert.equal((await stripe.subscriptions.deleteDiscount(sub.id)).deleted, true);
        const none = await failing(stripe.subscriptions.deleteDiscount(sub.id));
        assert.equal(none.statusCode, 404);
        const moved = await stripe.subscriptions.migrate(sub.id, { billing_mode: { type: 'flexible' } });
        assert.equal(moved.billing_mode.type, 'flexible');
        assert.equal((await stripe.subscriptions.pause(sub.id)).status, 'paused');
        const back = await stripe.subscriptions.resume(sub.id, {
            billing_cycle_anchor: { type: 'unchanged' }, payment_behavior: 'resume_on_payment_success' });
        assert.equal(back.status, 'active');
        const kept = await stripe.subscriptions.update(sub.id, {
            pause_collection: { behavior: 'keep_as_draft' }, cancel_at_period_end: true,
            cancellation_details: { feedback: 'too_expensive' } });
        assert.equal(kept.cancel_at, kept.items.data[0].current_period_end);
        const gone = await stripe.subscriptions.cancel(sub.id, { prorate: true, invoice_now: true });
        assert.equal(gone.status, 'canceled');
        assert.equal(gone.cancellation_details.feedback, 'too_expensive');
        const about = types(await told(sub.id));
        for (const word of ['paused', 'resumed', 'deleted']) {
            assert.ok(about.includes(`customer.subscription.${word}`), word);
        }
    },

    async an_update_waits_for_its_payment() {
        const { customer, clock } = await living();
        const sub = await stripe.subscriptions.create({
            customer, items: [{ price: await price(1000, 'Low') }] });
        await advance(clock, START + DAY);
        const method = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer });
        await stripe.subscriptions.update(sub.id, { default_payment_method: method.id });
        const asked = await stripe.subscriptions.update(sub.id, {
            items: [{ id: sub.items.data[0].id, price: await price(3000, 'High') }],
            proration_behavior: 'always_invoice', payment_behavior: 'pending_if_incomplete' });
        assert.equal(asked.pending_update.subscription_items[0].price.unit_amount, 3000);
        assert.equal(asked.items.data[0].price.unit_amount, 1000);
        await advance(clock, START + 2 * DAY);
        assert.equal((await stripe.subscriptions.retrieve(sub.id)).pending_update, null);
        assert.ok(types(await told(sub.id)).includes('customer.subscription.pending_update_expired'));
    },
};
