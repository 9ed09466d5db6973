/* Looking for things in Stripe's search language. */

import {
    assert, collect, failing, ids, pay, stripe,
} from './lib/life.mjs';

export default {
    async things_are_found_by_what_they_say() {
        const customer = await stripe.customers.create({
            email: 'search@example.com', name: 'Grace', metadata: { vantage_user: 'user_search' } });
        const found = await stripe.customers.search({ query: "email:'search@example.com'" });
        assert.equal(found.object, 'search_result');
        assert.deepEqual(ids(found.data), [customer.id]);
        const byMeta = await stripe.customers.search({
            query: "metadata['vantage_user']:'user_search' AND name~'Gra'" });
        assert.deepEqual(ids(byMeta.data), [customer.id]);
        const none = await stripe.customers.search({ query: "email:'nobody@example.com'" });
        assert.deepEqual([none.data, none.has_more], [[], false]);
    },

    async results_come_in_pages() {
        const made = [];
        for (let i = 0; i < 5; i += 1) {
            made.push((await pay({ metadata: { vantage_search: 'pages' } })).id);
        }
        const query = "metadata['vantage_search']:'pages' AND status:'succeeded'";
        const first = await stripe.paymentIntents.search({ query, limit: 2 });
        assert.equal(first.has_more, true);
        assert.equal(typeof first.next_page, 'string');
        const all = await collect(stripe.paymentIntents.search({ query, limit: 2 }));
        assert.deepEqual(ids(all).sort(), made.sort());
        const charges = await stripe.charges.search({ query: 'amount>998 AND amount<1000', limit: 1 });
        assert.equal(charges.data[0].amount, 999);
        const product = await stripe.products.create({ name: 'Rare thing', metadata: { vantage_search: 'product' } });
        const price = await stripe.prices.create({ product: product.id, currency: 'usd', unit_amount: 100 });
        const products = await stripe.products.search({ query: "metadata['vantage_search']:'product'" });
        assert.deepEqual(ids(products.data), [product.id]);
        const prices = await stripe.prices.search({ query: `product:'${product.id}' AND active:'true'` });
        assert.deepEqual(ids(prices.data), [price.id]);
    },

    async a_query_that_makes_no_sense_is_refused() {
        for (const query of ['email', "colour:'red'", "email:'a' AND", '']) {
            const error = await failing(stripe.customers.search({ query }));
            assert.equal(error.statusCode, 400, query);
        }
    },
};
