/* Customers, and the payment methods that they keep. */

import {
    KEY, assert, control, deliveries, failing, ids, page, pay, settle, stripe, told,
} from './lib/life.mjs';

export default {
    async a_customer_lives() {
        const made = await stripe.customers.create({
            email: 'ada@example.com', name: 'Ada', metadata: { a: '1', b: '2' },
            address: { line1: '1 Way', country: 'GB' },
            shipping: { name: 'Ada', address: { line1: '1 Way' } },
        });
        assert.match(made.id, /^cus_/);
        assert.match(made.lastResponse.requestId, /^req_/);
        const changed = await stripe.customers.update(
            made.id, { metadata: { a: '', c: '3' }, name: 'Ada L' });
        assert.deepEqual(changed.metadata, { b: '2', c: '3' });
        const read = await stripe.customers.retrieve(made.id);
        assert.deepEqual({ ...read }, { ...changed });
        await stripe.customers.del(made.id);
        const gone = await stripe.customers.retrieve(made.id);
        assert.equal(gone.deleted, true);
        const error = await failing(stripe.customers.update(made.id, { name: 'x' }));
        assert.equal(error.code, 'resource_missing');
        assert.equal(error.statusCode, 404);
    },

    async methods_are_attached_listed_and_detached() {
        const customer = await stripe.customers.create({});
        const method = await stripe.paymentMethods.attach(
            'pm_card_mastercard', { customer: customer.id });
        assert.equal(method.card.brand, 'mastercard');
        const list = await stripe.customers.listPaymentMethods(customer.id, { type: 'card' });
        assert.deepEqual(list.data.map(({ id }) => id), [method.id]);
        await stripe.customers.update(
            customer.id, { invoice_settings: { default_payment_method: method.id } });
        const read = await stripe.customers.retrieve(
            customer.id, { expand: ['invoice_settings.default_payment_method', 'subscriptions'] });
        assert.equal(read.invoice_settings.default_payment_method.id, method.id);
        assert.deepEqual(read.subscriptions.data, []);
        const paid = await pay({ customer: customer.id, payment_method: method.id, off_session: true });
        assert.equal(paid.payment_method, method.id);
        const refused = await failing(stripe.paymentMethods.attach(
            'pm_card_chargeDeclined', { customer: customer.id }));
        assert.equal(refused.code, 'card_declined');
        assert.equal((await stripe.paymentMethods.retrieve(method.id)).customer, customer.id);
        const detached = await stripe.paymentMethods.detach(method.id);
        assert.equal(detached.customer, null);
        const error = await failing(stripe.paymentMethods.attach(method.id, { customer: customer.id }));
        assert.equal(error.code, 'payment_method_unexpected_state');
        const number = await failing(stripe.paymentMethods.create({
            type: 'card', card: { number: '4242424242424242', exp_month: 12, exp_year: 2040 } }));
        assert.equal(number.statusCode, 402);
        const token = await stripe.paymentMethods.create({
            type: 'card', card: { token: 'tok_visa' }, billing_details: { email: 'a@b.example' } });
        assert.equal(token.billing_details.email, 'a@b.example');
    },

    async a_customer_comes_with_a_method() {
        const made = await stripe.customers.create({
            payment_method: 'pm_card_visa',
            invoice_settings: { default_payment_method: 'pm_card_visa' },
            expand: ['invoice_settings.default_payment_method'],
        });
        const method = made.invoice_settings.default_payment_method;
        assert.equal(method.customer, made.id);
        assert.match(method.id, /^pm_1/);
        const error = await failing(stripe.customers.create({
            invoice_settings: { default_payment_method: 'pm_card_visa' } }));
        assert.equal(error.param, 'invoice_settings[default_payment_method]');
    },

    /* This version gives none; those who name no version still can. */
    async a_customers_discount_is_taken_away() {
        const { id: coupon } = await stripe.coupons.create({ percent_off: 10, duration: 'forever' });
        const { id } = await stripe.customers.create({});
        const given = await page(`/v1/customers/${id}`, { coupon, key: KEY });
        assert.equal(given.status, 200);
        const read = await stripe.customers.retrieve(id, { expand: ['discount.promotion_code'] });
        assert.equal(read.discount.source.coupon, coupon);
        const { id: other } = await stripe.coupons.create({ percent_off: 20, duration: 'forever' });
        assert.equal((await page(`/v1/customers/${id}`, { coupon: other, key: KEY })).status, 200);
        await settle();
        const types = deliveries.filter(({ data: { object } }) => object.customer === id).map(({ type }) => type);
        assert.deepEqual(types, ['customer.discount.created', 'customer.discount.updated']);
        const gone = await stripe.customers.deleteDiscount(id);
        assert.equal(gone.deleted, true);
        assert.equal((await failing(stripe.customers.deleteDiscount(id))).statusCode, 404);
    },

    async a_new_card_takes_the_place_of_an_old_one() {
        const { id: customer } = await stripe.customers.create({});
        const { id } = await stripe.paymentMethods.attach('pm_card_visa', { customer });
        await control('renew-card', { payment_method: id, exp_month: '1', exp_year: '2049' });
        assert.equal((await stripe.paymentMethods.retrieve(id)).card.exp_year, 2049);
        const { type, data } = (await told(id)).at(-1);
        assert.equal(type, 'payment_method.automatically_updated');
        assert.equal(typeof data.previous_attributes.card.exp_year, 'number');
    },
};
