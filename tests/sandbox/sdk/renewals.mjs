/* Time: a test clock over three renewals, the second of which fails. */

import {
    advance, assert, collect, failing, stripe, told,
} from './lib/life.mjs';

const HOUR = 3600;

function endOf(subscription) {
    return subscription.items.data[0].current_period_end;
}

let clock;
let customer;
let subscription;

/* The newest invoice, and the subscription as it is now. */
async function renew() {
    await advance(clock.id, endOf(subscription) + 2 * HOUR);
    subscription = await stripe.subscriptions.retrieve(subscription.id);
    return stripe.invoices.retrieve(
        subscription.latest_invoice, { expand: ['payments.data.payment.payment_intent'] });
}

export default {
    async a_clock_is_made_for_a_customer() {
        clock = await stripe.testHelpers.testClocks.create({ frozen_time: 1800000000, name: 'three months' });
        assert.equal(clock.status, 'ready');
        customer = await stripe.customers.create({
            test_clock: clock.id, email: 'clock@example.com', payment_method: 'pm_card_visa',
            invoice_settings: { default_payment_method: 'pm_card_visa' },
        });
        assert.equal(customer.test_clock, clock.id);
        assert.equal(customer.created, 1800000000);
        const price = await stripe.prices.create({
            currency: 'usd', unit_amount: 1999, recurring: { interval: 'month' },
            product_data: { name: 'Monthly' } });
        subscription = await stripe.subscriptions.create({
            customer: customer.id, items: [{ price: price.id }], billing_mode: { type: 'flexible' } });
        assert.equal(subscription.status, 'active');
        assert.equal(subscription.test_clock, clock.id);
    },

    async the_first_renewal_is_paid() {
        const before = endOf(subscription);
        const invoice = await renew();
        assert.equal(subscription.status, 'active');
        assert.equal(subscription.items.data[0].current_period_start, before);
        assert.equal(invoice.billing_reason, 'subscription_cycle');
        assert.equal(invoice.status, 'paid');
        assert.equal(invoice.lines.data[0].period.start, before);
        const about = (await told(invoice.id)).map(({ type }) => type);
        assert.equal(about[0], 'invoice.created');
        assert.ok(about.includes('invoice.paid'));
        const created = (await told(invoice.id)).find(({ type }) => type === 'invoice.created');
        assert.equal(created.data.object.status, 'draft');
    },

    async the_second_renewal_fails() {
        const bad = await stripe.paymentMethods.attach(
            'pm_card_chargeCustomerFail', { customer: customer.id });
        await stripe.customers.update(
            customer.id, { invoice_settings: { default_payment_method: bad.id } });
        const invoice = await renew();
        assert.equal(subscription.status, 'past_due');
        assert.equal(invoice.status, 'open');
        assert.equal(invoice.attempt_count, 1);
        assert.ok(invoice.next_payment_attempt > 1800000000);
        assert.equal(invoice.payments.data[0].payment.payment_intent.last_payment_error.code, 'card_declined');
        const about = (await told(invoice.id)).map(({ type }) => type);
        assert.ok(about.includes('invoice.payment_failed'));
        assert.ok(!about.includes('invoice.paid'));
    },

    async a_new_card_pays_what_was_owed() {
        const good = await stripe.paymentMethods.attach('pm_card_mastercard', { customer: customer.id });
        await stripe.customers.update(
            customer.id, { invoice_settings: { default_payment_method: good.id } });
        const id = subscription.latest_invoice;
        const paid = await stripe.invoices.pay(id, { expand: ['payments'] });
        assert.equal(paid.status, 'paid');
        assert.ok(paid.payments.data.some(({ status }) => status === 'paid'));
        subscription = await stripe.subscriptions.retrieve(subscription.id);
        assert.equal(subscription.status, 'active');
        const again = await failing(stripe.invoices.pay(id));
        assert.equal(again.statusCode, 400);
    },

    async the_third_renewal_is_paid() {
        const invoice = await renew();
        assert.equal(subscription.status, 'active');
        assert.equal(invoice.status, 'paid');
        const invoices = await collect(stripe.invoices.list({ subscription: subscription.id, limit: 1 }));
        assert.deepEqual(invoices.map(({ status }) => status), ['paid', 'paid', 'paid', 'paid']);
        assert.equal(new Set(invoices.map(({ number }) => number)).size, 4);
        const starts = invoices.map(({ lines }) => lines.data[0].period.start);
        assert.deepEqual(starts, [...starts].sort((a, b) => b - a));
    },

    async one_that_is_never_paid_expires() {
        const { id } = await stripe.customers.create({ test_clock: clock.id });
        const price = subscription.items.data[0].price.id;
        const made = await stripe.subscriptions.create({
            customer: id, items: [{ price }], payment_behavior: 'default_incomplete' });
        assert.equal(made.status, 'incomplete');
        const { frozen_time: now } = await stripe.testHelpers.testClocks.retrieve(clock.id);
        await advance(clock.id, now + 24 * HOUR);
        const gone = await stripe.subscriptions.retrieve(made.id, { expand: ['latest_invoice'] });
        assert.equal(gone.status, 'incomplete_expired');
        assert.equal(gone.latest_invoice.status, 'void');
    },

    async a_trial_ends_with_a_payment() {
        const { id } = await stripe.customers.create({
            test_clock: clock.id, payment_method: 'pm_card_visa',
            invoice_settings: { default_payment_method: 'pm_card_visa' } });
        const made = await stripe.subscriptions.create({
            customer: id, items: [{ price: subscription.items.data[0].price.id }], trial_period_days: 7 });
        await advance(clock.id, made.trial_end + 2 * HOUR);
        assert.equal((await stripe.subscriptions.retrieve(made.id)).status, 'active');
        const types = (await told(made.id)).map(({ type }) => type);
        assert.ok(types.includes('customer.subscription.trial_will_end'));
    },
};
