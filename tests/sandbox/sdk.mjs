/*
 * The sandbox, judged by Stripe's own SDK, which knows nothing of it.
 *
 *	node sdk.mjs HOST:PORT
 *
 * Every webhook that arrives meanwhile is checked by the SDK too. A line for
 * each test; the last one is "N passed, N failed". With RECORD=FILE in the
 * environment every answer is appended there, a JSON object a line.
 */

import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const Stripe = createRequire(`${process.env.VANTAGE_NPM ?? process.cwd()}/x.js`)('stripe');
const VERSION = '2026-10-28.endive';
const [host, port] = process.argv[2].split(':');
const options = { host, port, protocol: 'http', telemetry: false, maxNetworkRetries: 0 };
const stripe = new Stripe('sk_test_abcdefghijklmnop', options);
const received = [];
let endpoint;

function record(kind, object) {
    if (process.env.RECORD) {
        appendFileSync(process.env.RECORD, `${JSON.stringify({ kind, object })}\n`);
    }
    return object;
}

async function control(path, form) {
    const answer = await fetch(`http://${host}:${port}/_sandbox/${path}`, {
        method: 'POST', body: new URLSearchParams(form),
    });
    assert.equal(answer.status, 200, await answer.clone().text());
    return answer.json();
}

async function failing(promise) {
    try {
        await promise;
    } catch (error) {
        return error;
    }
    assert.fail('this should have failed');
    return undefined;
}

/* Where the webhooks go. */
const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
        const event = stripe.webhooks.constructEvent(
            Buffer.concat(chunks), request.headers['stripe-signature'], endpoint.secret);
        received.push(record('Event', event));
        response.end();
    });
});

function pay(extra = {}) {
    return stripe.paymentIntents.create({
        amount: 999, currency: 'usd', confirm: true, payment_method: 'pm_card_visa',
        automatic_payment_methods: { enabled: true, allow_redirects: 'never' }, ...extra,
    });
}

const tests = {
    async an_endpoint_tells_its_secret_once() {
        await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
        endpoint = await stripe.webhookEndpoints.create({
            url: `http://127.0.0.1:${server.address().port}/hook`,
            enabled_events: ['*'], api_version: VERSION,
        });
        assert.match(endpoint.secret, /^whsec_/);
        const again = record('WebhookEndpoint', await stripe.webhookEndpoints.retrieve(endpoint.id));
        assert.equal(again.secret, undefined);
        assert.equal(again.api_version, VERSION);
    },

    async a_customer_lives() {
        const made = record('Customer', await stripe.customers.create({
            email: 'ada@example.com', name: 'Ada', metadata: { a: '1', b: '2' },
            address: { line1: '1 Way', country: 'GB' },
            shipping: { name: 'Ada', address: { line1: '1 Way' } },
        }));
        assert.match(made.id, /^cus_/);
        assert.match(made.lastResponse.requestId, /^req_/);
        const changed = record('Customer', await stripe.customers.update(
            made.id, { metadata: { a: '', c: '3' }, name: 'Ada L' }));
        assert.deepEqual(changed.metadata, { b: '2', c: '3' });
        const read = record('Customer', await stripe.customers.retrieve(made.id));
        assert.deepEqual({ ...read }, { ...changed });
        record('DeletedCustomer', await stripe.customers.del(made.id));
        const gone = record('DeletedCustomer', await stripe.customers.retrieve(made.id));
        assert.equal(gone.deleted, true);
        const error = await failing(stripe.customers.update(made.id, { name: 'x' }));
        assert.equal(error.code, 'resource_missing');
        assert.equal(error.statusCode, 404);
    },

    async a_payment_succeeds() {
        const customer = await stripe.customers.create({ email: 'pay@example.com' });
        const intent = record('PaymentIntent', await stripe.paymentIntents.create({
            amount: 3999, currency: 'USD', customer: customer.id,
            automatic_payment_methods: { enabled: true }, metadata: { vantage_order: 'ord_1' },
        }));
        assert.equal(intent.status, 'requires_payment_method');
        assert.equal(intent.currency, 'usd');
        assert.ok(intent.payment_method_types.includes('card'));
        const paid = record('PaymentIntent', await stripe.paymentIntents.confirm(intent.id, {
            payment_method: 'pm_card_visa', return_url: 'https://example.com/back',
            expand: ['latest_charge.balance_transaction', 'customer', 'payment_method'],
        }));
        assert.equal(paid.status, 'succeeded');
        assert.equal(paid.amount_received, 3999);
        assert.equal(paid.latest_charge.status, 'succeeded');
        assert.equal(paid.latest_charge.payment_method_details.card.last4, '4242');
        assert.equal(paid.latest_charge.balance_transaction.net, 3999 - 146);
        assert.equal(paid.customer.id, customer.id);
        const read = record('PaymentIntent', await stripe.paymentIntents.retrieve(intent.id));
        assert.equal(read.latest_charge, paid.latest_charge.id);
        record('Charge', await stripe.charges.retrieve(read.latest_charge));
    },

    async a_decline_is_a_card_error() {
        for (const [name, code, declineCode] of [
            ['pm_card_visa_chargeDeclined', 'card_declined', 'generic_decline'],
            ['pm_card_visa_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
            ['pm_card_chargeDeclinedExpiredCard', 'expired_card', 'expired_card'],
            ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc', 'incorrect_cvc'],
            ['pm_card_radarBlock', 'card_declined', 'fraudulent'],
        ]) {
            const error = await failing(pay({ payment_method: name }));
            assert.ok(error instanceof stripe.errors.StripeCardError, name);
            assert.equal(error.code, code);
            assert.equal(error.decline_code, declineCode);
            assert.equal(error.statusCode, 402);
            const intent = record('PaymentIntent', await stripe.paymentIntents.retrieve(error.payment_intent.id));
            assert.equal(intent.status, 'requires_payment_method');
            assert.equal(intent.last_payment_error.decline_code, declineCode);
            record('Charge', await stripe.charges.retrieve(error.charge));
        }
    },

    async a_challenge_is_asked_and_answered() {
        const intent = record('PaymentIntent', await pay({ payment_method: 'pm_card_threeDSecure2Required' }));
        assert.equal(intent.status, 'requires_action');
        assert.equal(intent.next_action.type, 'use_stripe_sdk');
        await control('challenge', {
            payment_intent: intent.id, client_secret: intent.client_secret, outcome: 'fail',
        });
        const failed = record('PaymentIntent', await stripe.paymentIntents.retrieve(intent.id));
        assert.equal(failed.last_payment_error.code, 'payment_intent_authentication_failure');
        const again = await stripe.paymentIntents.confirm(
            intent.id, { payment_method: 'pm_card_threeDSecure2Required' });
        await control('challenge', {
            payment_intent: again.id, client_secret: again.client_secret, outcome: 'complete',
        });
        const paid = await stripe.paymentIntents.retrieve(intent.id);
        assert.equal(paid.status, 'succeeded');
        const error = await failing(pay({
            payment_method: 'pm_card_authenticationRequired', off_session: true }));
        assert.equal(error.code, 'authentication_required');
    },

    async a_redirect_goes_through_the_banks_page() {
        const intent = await stripe.paymentIntents.create({
            amount: 999, currency: 'eur', confirm: true, payment_method_data: { type: 'ideal' },
            return_url: 'https://example.com/back?x=1',
        });
        record('PaymentIntent', intent);
        assert.equal(intent.next_action.type, 'redirect_to_url');
        const page = await fetch(intent.next_action.redirect_to_url.url);
        assert.match(await page.text(), /Authorize test payment/);
        const back = await fetch(`http://${host}:${port}/_hosted/redirect`, {
            method: 'POST', redirect: 'manual', body: new URLSearchParams({
                payment_intent: intent.id, payment_intent_client_secret: intent.client_secret,
                outcome: 'complete',
            }),
        });
        assert.equal(back.status, 303);
        const url = new URL(back.headers.get('location'));
        assert.equal(url.searchParams.get('redirect_status'), 'succeeded');
        assert.equal(url.searchParams.get('payment_intent'), intent.id);
        assert.equal(url.searchParams.get('x'), '1');
        assert.equal((await stripe.paymentIntents.retrieve(intent.id)).status, 'succeeded');
        record('Charge', await stripe.charges.retrieve(
            (await stripe.paymentIntents.retrieve(intent.id)).latest_charge));
    },

    async a_bank_debit_is_processing() {
        const intent = record('PaymentIntent', await pay({
            payment_method: 'pm_usBankAccount_success', expand: ['latest_charge', 'payment_method'] }));
        assert.equal(intent.status, 'processing');
        assert.equal(intent.latest_charge.status, 'pending');
        assert.match(intent.latest_charge.id, /^py_/);
    },

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
            ['pk_test_abcdefghijklmnop', stripe.errors.StripeAuthenticationError],
        ];
        for (const [key, type] of cases) {
            const error = await failing(new Stripe(key, options).customers.list());
            assert.ok(error instanceof type, `${key}: ${error}`);
        }
        const old = new Stripe('sk_test_abcdefghijklmnop', { ...options, apiVersion: '2024-06-20' });
        assert.equal((await failing(old.customers.list())).statusCode, 400);
    },

    async lists_are_paged_both_ways() {
        const customer = await stripe.customers.create({});
        const ids = [];
        for (let i = 0; i < 5; i += 1) {
            ids.unshift((await pay({ customer: customer.id })).id);
        }
        const all = [];
        for await (const intent of stripe.paymentIntents.list({ customer: customer.id, limit: 2 })) {
            all.push(intent.id);
        }
        assert.deepEqual(all, ids);
        const page = await stripe.paymentIntents.list({
            customer: customer.id, ending_before: ids[3], limit: 2, expand: ['data.customer'] });
        assert.deepEqual(page.data.map(({ id }) => id), ids.slice(1, 3));
        assert.equal(page.has_more, true);
        assert.equal(page.data[0].customer.id, customer.id);
        const charges = await stripe.charges.list({ payment_intent: ids[0] });
        assert.equal(charges.data.length, 1);
        const none = await stripe.paymentIntents.list({ created: { lt: 1000 } });
        assert.deepEqual(none.data, []);
    },

    async methods_are_attached_listed_and_detached() {
        const customer = await stripe.customers.create({});
        const method = record('PaymentMethod', await stripe.paymentMethods.attach(
            'pm_card_mastercard', { customer: customer.id }));
        assert.equal(method.card.brand, 'mastercard');
        const list = await stripe.customers.listPaymentMethods(customer.id, { type: 'card' });
        assert.deepEqual(list.data.map(({ id }) => id), [method.id]);
        await stripe.customers.update(
            customer.id, { invoice_settings: { default_payment_method: method.id } });
        const read = record('Customer', await stripe.customers.retrieve(
            customer.id, { expand: ['invoice_settings.default_payment_method', 'subscriptions'] }));
        assert.equal(read.invoice_settings.default_payment_method.id, method.id);
        assert.deepEqual(read.subscriptions.data, []);
        const paid = await pay({ customer: customer.id, payment_method: method.id, off_session: true });
        assert.equal(paid.payment_method, method.id);
        const refused = await failing(stripe.paymentMethods.attach(
            'pm_card_chargeDeclined', { customer: customer.id }));
        assert.equal(refused.code, 'card_declined');
        const detached = record('PaymentMethod', await stripe.paymentMethods.detach(method.id));
        assert.equal(detached.customer, null);
        const error = await failing(stripe.paymentMethods.attach(method.id, { customer: customer.id }));
        assert.equal(error.code, 'payment_method_unexpected_state');
        const number = await failing(stripe.paymentMethods.create({
            type: 'card', card: { number: '4242424242424242', exp_month: 12, exp_year: 2040 } }));
        assert.equal(number.statusCode, 402);
        const token = record('PaymentMethod', await stripe.paymentMethods.create({
            type: 'card', card: { token: 'tok_visa' }, billing_details: { email: 'a@b.example' } }));
        assert.equal(token.billing_details.email, 'a@b.example');
    },

    async an_intent_is_updated_captured_and_canceled() {
        const intent = await stripe.paymentIntents.create({
            amount: 2000, currency: 'usd', capture_method: 'manual', payment_method: 'pm_card_visa' });
        assert.equal(intent.status, 'requires_confirmation');
        const updated = await stripe.paymentIntents.update(intent.id, { amount: 3000 });
        assert.equal(updated.amount, 3000);
        const held = record('PaymentIntent', await stripe.paymentIntents.confirm(
            intent.id, { return_url: 'https://example.com' }));
        assert.equal(held.status, 'requires_capture');
        assert.equal(held.amount_capturable, 3000);
        const taken = record('PaymentIntent', await stripe.paymentIntents.capture(
            intent.id, { amount_to_capture: 1000 }));
        assert.equal(taken.amount_received, 1000);
        const error = await failing(stripe.paymentIntents.cancel(intent.id));
        assert.equal(error.code, 'payment_intent_unexpected_state');
        assert.equal(error.payment_intent.id, intent.id);
        const other = await stripe.paymentIntents.create({ amount: 2000, currency: 'usd' });
        const canceled = record('PaymentIntent', await stripe.paymentIntents.cancel(
            other.id, { cancellation_reason: 'abandoned' }));
        assert.equal(canceled.status, 'canceled');
        assert.equal(canceled.cancellation_reason, 'abandoned');
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
        const retrying = new Stripe('sk_test_abcdefghijklmnop', { ...options, maxNetworkRetries: 2 });
        await control('outage', { mode: 'lost-answer', count: '1', method: 'POST' });
        const made = await retrying.customers.create({ email: 'lost@example.com' });
        assert.equal(made.lastResponse.headers['idempotent-replayed'], 'true');
        const found = await stripe.customers.list({ email: 'lost@example.com' });
        assert.deepEqual(found.data.map(({ id }) => id), [made.id]);
    },

    async events_are_listed_and_delivered() {
        await control('tick', {});
        const intent = await pay({ metadata: { n: '7' } });
        await control('tick', {});
        const events = [];
        for await (const event of stripe.events.list({ limit: 50 })) {
            events.push(record('Event', event));
        }
        const mine = events.filter(({ data }) => data.object.id === intent.id
            || data.object.payment_intent === intent.id).map(({ type }) => type).sort();
        assert.deepEqual(mine, ['charge.succeeded', 'charge.updated',
            'payment_intent.created', 'payment_intent.succeeded']);
        const types = await stripe.events.list({ types: ['customer.created', 'customer.deleted'] });
        assert.ok(types.data.every(({ type }) => type.startsWith('customer.')));
        const ids = new Set(received.map(({ id }) => id));
        const missing = events.filter(({ id, created }) => created >= endpoint.created && !ids.has(id));
        assert.deepEqual(missing.map(({ type }) => type), []);
        const updated = received.find(({ type }) => type === 'charge.updated');
        assert.equal(updated.data.previous_attributes.balance_transaction, null);
        const created = received.find(({ type }) => type === 'customer.created');
        assert.match(created.request.id, /^req_/);
        assert.match(created.request.idempotency_key, /^stripe-node-retry-/);
        assert.equal(created.api_version, VERSION);
        const undelivered = await stripe.events.list({ delivery_success: false });
        assert.deepEqual(undelivered.data, []);
        record('DeletedWebhookEndpoint', await stripe.webhookEndpoints.del(endpoint.id));
    },
};

let passed = 0;
let failed = 0;
for (const [name, test] of Object.entries(tests)) {
    try {
        await test();
        passed += 1;
        console.log(`ok   ${name}`);
    } catch (error) {
        failed += 1;
        console.log(`FAIL ${name}\n${error.stack}`);
    }
}
server.close();
server.closeAllConnections();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
