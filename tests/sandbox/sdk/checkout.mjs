/* Checkout sessions: opened, paid on their page, given up. */

import {
    assert, collect, control, failing, ids, page, stripe, told,
} from './lib/life.mjs';

const BACK = 'https://example.com/account';

async function thing(more = {}) {
    const price = await stripe.prices.create({
        currency: 'usd', unit_amount: 1500, product_data: { name: 'Thing' }, ...more });
    return price.id;
}

export default {
    async a_checkout_session_is_opened_and_expires() {
        const price = await thing();
        const session = await stripe.checkout.sessions.create({
            mode: 'payment', line_items: [{ price, quantity: 2 }], success_url: BACK,
            client_reference_id: 'ord_1', metadata: { vantage_order: 'ord_1' },
            expand: ['line_items'],
        });
        assert.equal(session.status, 'open');
        assert.equal(session.payment_status, 'unpaid');
        assert.equal(session.amount_total, 3000);
        assert.equal(session.line_items.data[0].quantity, 2);
        assert.equal((await fetch(session.url)).status, 200);
        const items = await stripe.checkout.sessions.listLineItems(session.id);
        assert.equal(items.data[0].price.id, price);
        const expired = await stripe.checkout.sessions.expire(session.id);
        assert.equal(expired.status, 'expired');
        assert.equal(expired.url, null);
        const types = (await told(session.id)).map(({ type }) => type);
        assert.deepEqual(types, ['checkout.session.expired']);
        assert.ok(ids((await stripe.checkout.sessions.list({ limit: 1 })).data).includes(session.id));
    },

    async a_session_is_paid_on_its_page() {
        const session = await stripe.checkout.sessions.create({
            mode: 'payment', line_items: [{ price: await thing(), quantity: 1 }], success_url: BACK,
            customer_creation: 'always', payment_intent_data: { metadata: { vantage_order: 'ord_2' } },
        });
        const changed = await stripe.checkout.sessions.update(session.id, { metadata: { a: '1' } });
        assert.equal(changed.metadata.a, '1');
        const declined = await page('/_sandbox/checkout', {
            session: session.id, payment_method: 'pm_card_chargeDeclined', email: 'page@example.com' });
        assert.equal(declined.status, 402);
        await control('checkout', { session: session.id, email: 'page@example.com' });
        const done = await stripe.checkout.sessions.retrieve(
            session.id, { expand: ['payment_intent.latest_charge', 'customer'] });
        assert.equal(done.status, 'complete');
        assert.equal(done.payment_status, 'paid');
        assert.equal(done.payment_intent.metadata.vantage_order, 'ord_2');
        assert.equal(done.customer.email, 'page@example.com');
        assert.equal(done.customer_details.email, 'page@example.com');
        const types = (await told(session.id)).map(({ type }) => type);
        assert.deepEqual(types, ['checkout.session.completed']);
        assert.equal((await failing(stripe.checkout.sessions.expire(session.id))).statusCode, 400);
        const found = await collect(stripe.checkout.sessions.list({ payment_intent: done.payment_intent.id }));
        assert.deepEqual(ids(found), [session.id]);
    },

    async a_bank_debit_comes_through_days_later_or_not() {
        for (const [method, status, type] of [
            ['pm_sepaDebit_success', 'paid', 'checkout.session.async_payment_succeeded'],
            ['pm_sepaDebit_insufficientFunds', 'unpaid', 'checkout.session.async_payment_failed'],
        ]) {
            const session = await stripe.checkout.sessions.create({
                mode: 'payment', success_url: BACK, allowed_payment_method_types: ['sepa_debit'],
                line_items: [{ price: await thing({ currency: 'eur' }), quantity: 1 }] });
            await control('checkout', {
                session: session.id, payment_method: method, email: 'bank@example.com' });
            const waiting = await stripe.checkout.sessions.retrieve(session.id);
            assert.deepEqual([waiting.status, waiting.payment_status], ['complete', 'unpaid']);
            await control('advance', { seconds: `${10 * 86400}` });
            const done = await stripe.checkout.sessions.retrieve(session.id);
            assert.equal(done.payment_status, status);
            const types = (await told(session.id)).map((event) => event.type);
            assert.deepEqual(types, ['checkout.session.completed', type]);
        }
    },

    async a_card_is_saved_on_its_page() {
        const { id: customer } = await stripe.customers.create({});
        const session = await stripe.checkout.sessions.create({
            mode: 'setup', customer, currency: 'usd', success_url: BACK });
        assert.equal(session.payment_status, 'no_payment_required');
        await control('checkout', { session: session.id });
        const done = await stripe.checkout.sessions.retrieve(session.id, { expand: ['setup_intent'] });
        assert.equal(done.setup_intent.status, 'succeeded');
        assert.equal(done.setup_intent.customer, customer);
    },

    async bad_sessions_are_refused() {
        const cases = [
            [{ mode: 'payment', success_url: BACK }, 'line_items'],
            [{ mode: 'later', success_url: BACK }, 'mode'],
            [{ mode: 'payment', line_items: [{ price: 'price_none', quantity: 1 }], success_url: BACK },
                'line_items[0][price]'],
            [{ mode: 'payment', line_items: [{ price: await thing(), quantity: 1 }], ui_mode: 'hosted' },
                'ui_mode'],
            [{ mode: 'payment', payment_method_types: ['card'], success_url: BACK,
                line_items: [{ price: await thing(), quantity: 1 }] }, 'payment_method_types'],
        ];
        for (const [params, param] of cases) {
            const error = await failing(stripe.checkout.sessions.create(params));
            assert.equal(error.param, param);
            assert.equal(error.statusCode, 400);
        }
    },
};
