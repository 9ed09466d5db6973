/* Webhooks: whose they are, in what order they come, and how often. */

import {
    another, assert, control, deliveries, endpoint, pay, settle, stripe, told,
} from './lib/life.mjs';

function mode(name, n = '') {
    return control('events', n === '' ? { mode: name } : { mode: name, n });
}

export default {
    async an_endpoint_gets_the_types_that_it_asked_for() {
        const { made, list } = await another('/some', ['customer.created', 'customer.deleted']);
        const { id } = await stripe.customers.create({});
        await stripe.customers.update(id, { name: 'x' });
        await stripe.customers.del(id);
        await settle();
        assert.deepEqual(list.map(({ type }) => type), ['customer.created', 'customer.deleted']);
        const changed = await stripe.webhookEndpoints.update(
            made.id, { enabled_events: ['customer.updated'], metadata: { a: '1' }, description: 'Some' });
        assert.deepEqual(changed.enabled_events, ['customer.updated']);
        await stripe.webhookEndpoints.update(made.id, { disabled: true });
        await stripe.customers.update((await stripe.customers.create({})).id, { name: 'y' });
        await settle();
        assert.equal(list.length, 2);
        await stripe.webhookEndpoints.del(made.id);
        const { data } = await stripe.webhookEndpoints.list();
        assert.deepEqual(data.map((one) => one.id), [endpoint.id]);
    },

    async what_is_withheld_is_pending() {
        await mode('withhold');
        const { id } = await stripe.customers.create({ email: 'late@example.com' });
        const find = async () => (await stripe.events.list({ type: 'customer.created', limit: 1 })).data[0];
        const held = await find();
        assert.equal(held.data.object.id, id);
        assert.equal(held.pending_webhooks, 1);
        const undelivered = await stripe.events.list({ delivery_success: false });
        assert.ok(undelivered.data.some((one) => one.id === held.id));
        assert.deepEqual(deliveries.filter((one) => one.id === held.id), []);
        await mode('deliver');
        assert.equal((await told(id)).length, 1);
        assert.equal((await find()).pending_webhooks, 0);
    },

    async one_comes_twice_and_the_later_one_first() {
        await mode('duplicate');
        const { id } = await stripe.customers.create({});
        const twice = await told(id);
        await mode('deliver');
        assert.equal(twice.length, 2);
        assert.equal(twice[0].id, twice[1].id);
        assert.deepEqual(twice[0].raw, twice[1].raw);
        await mode('reverse');
        const intent = await pay();
        const types = (await told(intent.id)).map(({ type }) => type);
        await mode('deliver');
        assert.deepEqual(types, ['payment_intent.succeeded', 'payment_intent.created']);
    },

    async a_signature_is_for_these_bytes_and_this_secret() {
        const { id } = await stripe.customers.create({});
        const [{ raw, header, type }] = await told(id);
        const { webhooks, errors } = stripe;
        assert.equal(webhooks.constructEvent(raw, header, endpoint.secret).type, type);
        const cases = [
            [Buffer.from(`${raw} `), header, endpoint.secret],
            [raw, header, `${endpoint.secret}x`],
            [raw, header.replace(/t=\d+/u, 't=1'), endpoint.secret],
            [raw, header.replace(/v1=/u, 'v2='), endpoint.secret],
        ];
        for (const words of cases) {
            assert.throws(() => webhooks.constructEvent(...words), errors.StripeSignatureVerificationError);
        }
    },

    async a_rolled_secret_signs_beside_the_old_one() {
        const { secret } = await control('roll-secret', { endpoint: endpoint.id });
        assert.notEqual(secret, endpoint.secret);
        const { id } = await stripe.customers.create({});
        /* The old one was checked as it came. */
        const [{ raw, header }] = await told(id);
        assert.equal(header.match(/v1=/gu).length, 2);
        assert.equal(stripe.webhooks.constructEvent(raw, header, secret).data.object.id, id);
    },

    async one_is_sent_again_when_asked() {
        const { id } = await stripe.customers.create({});
        const [first] = await told(id);
        await control('events/resend', { event: first.id });
        const all = await told(id);
        assert.equal(all.length, 2);
        assert.deepEqual(all[1].raw, first.raw);
    },
};
