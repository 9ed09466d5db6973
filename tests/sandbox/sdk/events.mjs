/* What happened, as it was listed and as it was delivered; the last chapter. */

import {
    VERSION, assert, collect, deliveries, endpoint, ids, pay, settle, stripe, told,
} from './lib/life.mjs';

export default {
    async an_endpoint_tells_its_secret_once() {
        assert.match(endpoint.secret, /^whsec_/);
        const again = await stripe.webhookEndpoints.retrieve(endpoint.id);
        assert.equal(again.secret, undefined);
        assert.equal(again.api_version, VERSION);
    },

    async a_payment_tells_what_happened() {
        const intent = await pay({ metadata: { n: '7' } });
        await settle();
        const mine = deliveries.filter(({ data: { object } }) => object.id === intent.id
            || object.payment_intent === intent.id).map(({ type }) => type).sort();
        assert.deepEqual(mine, ['charge.succeeded', 'charge.updated',
            'payment_intent.created', 'payment_intent.succeeded']);
    },

    async all_that_is_listed_was_delivered() {
        await settle();
        const events = await collect(stripe.events.list({ limit: 50 }));
        const seen = new Set(ids(deliveries));
        const missing = events.filter(({ id, created }) => created >= endpoint.created && !seen.has(id));
        assert.deepEqual(missing.map(({ type }) => type), []);
        assert.deepEqual(events.filter((one) => one.pending_webhooks !== 0), []);
        const undelivered = await stripe.events.list({ delivery_success: false });
        assert.deepEqual(undelivered.data, []);
        const types = await stripe.events.list({ types: ['customer.created', 'customer.deleted'] });
        assert.ok(types.data.every(({ type }) => type.startsWith('customer.')));
        const one = await stripe.events.retrieve(events[0].id);
        assert.equal(one.type, events[0].type);
    },

    async an_event_says_what_changed_and_who_asked() {
        const updated = deliveries.find(({ type }) => type === 'charge.updated');
        assert.equal(updated.data.previous_attributes.balance_transaction, null);
        const { id, lastResponse } = await stripe.customers.create({});
        const [created] = await told(id);
        assert.equal(created.request.id, lastResponse.requestId);
        assert.match(created.request.idempotency_key, /^stripe-node-retry-/);
        assert.equal(created.api_version, VERSION);
    },

    async nothing_goes_to_an_endpoint_that_is_gone() {
        await stripe.webhookEndpoints.del(endpoint.id);
        const before = deliveries.length;
        await stripe.customers.create({});
        await settle();
        assert.equal(deliveries.length, before);
    },
};
