/* Cards kept for later: setup intents, and paying with what they saved. */

import {
    assert, control, failing, ids, pay, stripe, told,
} from './lib/life.mjs';

const URL_BACK = 'https://example.com/back';

export default {
    async a_card_is_saved_and_charged_later() {
        const customer = await stripe.customers.create({ email: 'saved@example.com' });
        const made = await stripe.setupIntents.create({
            customer: customer.id, usage: 'off_session', automatic_payment_methods: { enabled: true },
            metadata: { vantage_user: 'user_1' },
        });
        assert.equal(made.status, 'requires_payment_method');
        assert.match(made.client_secret, /^seti_\w+_secret_/);
        const done = await stripe.setupIntents.confirm(made.id, {
            payment_method: 'pm_card_visa', return_url: URL_BACK,
            expand: ['payment_method', 'customer', 'latest_attempt'],
        });
        assert.equal(done.status, 'succeeded');
        assert.equal(done.payment_method.customer, customer.id);
        assert.equal(done.latest_attempt.status, 'succeeded');
        const listed = await stripe.paymentMethods.list({ customer: customer.id, type: 'card' });
        assert.deepEqual(ids(listed.data), [done.payment_method.id]);
        const paid = await pay({
            customer: customer.id, payment_method: done.payment_method.id, off_session: true });
        assert.equal(paid.status, 'succeeded');
        const types = (await told(made.id)).map(({ type }) => type);
        assert.deepEqual(types, ['setup_intent.created', 'setup_intent.succeeded']);
        const one = await stripe.customers.retrievePaymentMethod(customer.id, done.payment_method.id);
        assert.equal(one.id, done.payment_method.id);
        const changed = await stripe.paymentMethods.update(
            one.id, { billing_details: { name: 'Ada' }, metadata: { a: '1' } });
        assert.equal(changed.billing_details.name, 'Ada');
    },

    async a_page_gets_a_session_of_the_customer() {
        const customer = await stripe.customers.create({ email: 'session@example.com' });
        const made = await stripe.customerSessions.create({
            customer: customer.id,
            components: {
                payment_element: {
                    enabled: true,
                    features: {
                        payment_method_redisplay: 'enabled', payment_method_save: 'enabled',
                        payment_method_save_usage: 'off_session', payment_method_remove: 'enabled',
                        payment_method_allow_redisplay_filters: ['always', 'limited'], payment_method_redisplay_limit: 5,
                    },
                },
                customer_sheet: { enabled: true, features: { payment_method_remove: 'enabled' } },
                mobile_payment_element: { enabled: true, features: { payment_method_redisplay: 'enabled' } },
                pricing_table: { enabled: true },
            },
            expand: ['customer'],
        });
        assert.match(made.client_secret, /^cuss_secret_/);
        assert.equal(made.customer.id, customer.id);
        assert.equal(made.components.payment_element.features.payment_method_redisplay_limit, 5);
        const error = await failing(stripe.customerSessions.create({
            customer: 'cus_nobody', components: { buy_button: { enabled: true } },
        }));
        assert.deepEqual([error.code, error.param], ['resource_missing', 'customer']);
    },

    async a_setup_is_declined_challenged_or_canceled() {
        const customer = await stripe.customers.create({});
        const declined = await failing(stripe.setupIntents.create({
            customer: customer.id, confirm: true, payment_method: 'pm_card_chargeDeclined',
            automatic_payment_methods: { enabled: true, allow_redirects: 'never' } }));
        assert.ok(declined instanceof stripe.errors.StripeCardError);
        assert.equal(declined.setup_intent.status, 'requires_payment_method');
        assert.equal(declined.setup_intent.last_setup_error.code, 'card_declined');
        const asked = await stripe.setupIntents.create({
            customer: customer.id, confirm: true, payment_method: 'pm_card_threeDSecure2Required',
            automatic_payment_methods: { enabled: true }, return_url: URL_BACK,
            use_stripe_sdk: true });
        assert.equal(asked.status, 'requires_action');
        await control('challenge', {
            setup_intent: asked.id, client_secret: asked.client_secret, outcome: 'complete' });
        assert.equal((await stripe.setupIntents.retrieve(asked.id)).status, 'succeeded');
        const other = await stripe.setupIntents.create({ customer: customer.id });
        const updated = await stripe.setupIntents.update(other.id, { metadata: { a: '1' }, description: 'x' });
        assert.equal(updated.description, 'x');
        const canceled = await stripe.setupIntents.cancel(
            other.id, { cancellation_reason: 'requested_by_customer' });
        assert.equal(canceled.status, 'canceled');
        const late = await failing(stripe.setupIntents.confirm(other.id, { payment_method: 'pm_card_visa' }));
        assert.equal(late.code, 'setup_intent_unexpected_state');
        const listed = await stripe.setupIntents.list({ customer: customer.id, limit: 2 });
        assert.equal(listed.data.length, 2);
        assert.equal(listed.has_more, true);
        const attempts = await stripe.setupAttempts.list({ setup_intent: asked.id });
        assert.equal(attempts.data[0].setup_intent, asked.id);
    },

    async what_is_saved_can_be_asked_for_as_a_payment_is_made() {
        const customer = await stripe.customers.create({});
        const paid = await pay({ customer: customer.id, setup_future_usage: 'off_session' });
        const listed = await stripe.customers.listPaymentMethods(customer.id);
        assert.deepEqual(ids(listed.data), [paid.payment_method]);
        await stripe.paymentMethods.detach(paid.payment_method);
        assert.deepEqual((await stripe.customers.listPaymentMethods(customer.id)).data, []);
        const error = await failing(pay({ customer: customer.id, payment_method: paid.payment_method }));
        assert.equal(error.statusCode, 400);
    },
};
