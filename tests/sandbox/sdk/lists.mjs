/* Lists, page by page. */

import {
    assert, pay, stripe,
} from './lib/life.mjs';

export default {
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
};
