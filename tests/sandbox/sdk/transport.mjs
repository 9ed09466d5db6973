/* What holds for every call: keys, versions, idempotency, errors, outages. */

import {
    BROWSER_KEY, KEY, Stripe, assert, control, failing, options, stripe,
} from './lib/life.mjs';

export default {
    async an_idempotency_key_replays() {
        const params = { amount: 1234, currency: 'usd' };
        const first = await stripe.paymentIntents.create(params, { idempotencyKey: 'key-1' });
        const second = await stripe.paymentIntents.create(params, { idempotencyKey: 'key-1' });
        assert.equal(second.id, first.id);
        assert.equal(second.lastResponse.headers['idempotent-replayed'], 'true');
        assert.equal(second.lastResponse.headers['original-request'], first.lastResponse.requestId);
        const error = await failing(
            stripe.paymentIntents.create({ ...params, amount: 1235 }, { idempotencyKey: 'key-1' }));
        assert.ok(error instanceof stripe.errors.StripeIdempotencyError);
        const declined = { ...params, confirm: true, payment_method: 'pm_card_chargeDeclined', off_session: true };
        const one = await failing(stripe.paymentIntents.create(declined, { idempotencyKey: 'key-2' }));
        const two = await failing(stripe.paymentIntents.create(declined, { idempotencyKey: 'key-2' }));
        assert.equal(two.payment_intent.id, one.payment_intent.id);
        assert.equal(two.headers['idempotent-replayed'], 'true');
    },

    async bad_parameters_are_named() {
        const cases = [
            [{ currency: 'usd' }, 'parameter_missing', 'amount'],
            [{ amount: 'ten', currency: 'usd' }, 'parameter_invalid_integer', 'amount'],
            [{ amount: 10, currency: 'usd' }, 'amount_too_small', 'amount'],
            [{ amount: 999, currency: 'usd', colour: 'red' }, 'parameter_unknown', 'colour'],
            [{ amount: 999, currency: 'usd', automatic_payment_methods: { enabled: true, x: 1 } },
                'parameter_unknown', 'automatic_payment_methods[x]'],
            [{ amount: 999, currency: 'usd', customer: 'cus_none' }, 'resource_missing', 'customer'],
            [{ amount: 999, currency: 'usd', payment_method_types: ['card'] },
                'payment_method_types_no_longer_supported', 'payment_method_types'],
            [{ amount: 999, currency: 'usd', automatic_payment_methods: { enabled: 'maybe' } },
                undefined, 'automatic_payment_methods[enabled]'],
            [{ amount: 999, currency: 'xxx' }, undefined, 'currency'],
        ];
        for (const [params, code, param] of cases) {
            const error = await failing(stripe.paymentIntents.create(params));
            assert.ok(error instanceof stripe.errors.StripeInvalidRequestError);
            assert.equal(error.code, code);
            assert.equal(error.param, param);
            assert.equal(error.statusCode, 400);
        }
    },

    async keys_and_versions_are_checked() {
        const cases = [
            ['sk_live_abcdefghijklmnop', stripe.errors.StripeAuthenticationError],
            ['whatever', stripe.errors.StripeAuthenticationError],
            [BROWSER_KEY, stripe.errors.StripeAuthenticationError],
        ];
        for (const [key, type] of cases) {
            const error = await failing(new Stripe(key, options).customers.list());
            assert.ok(error instanceof type, `${key}: ${error}`);
        }
        const old = new Stripe(KEY, { ...options, apiVersion: '2024-06-20' });
        assert.equal((await failing(old.customers.list())).statusCode, 400);
    },

    async outages_have_their_error_classes() {
        await control('outage', { mode: '429', count: '1' });
        assert.ok((await failing(stripe.customers.list())) instanceof stripe.errors.StripeRateLimitError);
        await control('outage', { mode: '500', count: '1', path: '/v1/customers' });
        assert.ok((await failing(stripe.customers.list())) instanceof stripe.errors.StripeAPIError);
        for (const mode of ['reset', 'truncate', 'garbage']) {
            await control('outage', { mode });
            const error = await failing(stripe.customers.list());
            assert.ok(error instanceof stripe.errors.StripeConnectionError
                || error instanceof stripe.errors.StripeAPIError, `${mode}: ${error}`);
        }
        await control('outage', { mode: 'off' });
        await stripe.customers.list();
    },

    async a_lost_answer_is_replayed_by_the_retry() {
        const retrying = new Stripe(KEY, { ...options, maxNetworkRetries: 2 });
        await control('outage', { mode: 'lost-answer', count: '1', method: 'POST' });
        const made = await retrying.customers.create({ email: 'lost@example.com' });
        assert.equal(made.lastResponse.headers['idempotent-replayed'], 'true');
        const found = await stripe.customers.list({ email: 'lost@example.com' });
        assert.deepEqual(found.data.map(({ id }) => id), [made.id]);
    },
};
