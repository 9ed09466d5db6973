/* What a customer is sent to: the portal, and a session in Elements. */

import {
    assert, failing, ids, stripe,
} from './lib/life.mjs';

const BACK = 'https://example.com/account';

export default {
    async a_portal_session_is_a_link() {
        const configuration = await stripe.billingPortal.configurations.create({
            business_profile: { headline: 'Vantage' },
            features: {
                invoice_history: { enabled: true },
                payment_method_update: { enabled: true },
                subscription_cancel: { enabled: true, mode: 'at_period_end' },
            },
            default_return_url: BACK,
        });
        assert.equal(configuration.active, true);
        assert.equal(configuration.features.subscription_update.enabled, false);
        const { id: customer } = await stripe.customers.create({});
        const session = await stripe.billingPortal.sessions.create({
            customer, return_url: BACK, configuration: configuration.id });
        assert.match(session.id, /^bps_/);
        assert.equal(session.customer, customer);
        assert.equal((await fetch(session.url)).status, 200);
        const flow = await stripe.billingPortal.sessions.create({
            customer, return_url: BACK, flow_data: { type: 'payment_method_update' } });
        assert.equal(flow.flow.type, 'payment_method_update');
        const changed = await stripe.billingPortal.configurations.update(
            configuration.id, { active: false, metadata: { a: '1' } });
        assert.equal(changed.active, false);
        assert.equal((await stripe.billingPortal.configurations.retrieve(configuration.id)).metadata.a, '1');
        const listed = await stripe.billingPortal.configurations.list({ limit: 100 });
        assert.ok(ids(listed.data).includes(configuration.id));
        assert.equal((await failing(stripe.billingPortal.sessions.create({ return_url: BACK }))).param, 'customer');
    },

    async a_customer_session_is_for_elements() {
        const { id: customer } = await stripe.customers.create({});
        const session = await stripe.customerSessions.create({
            customer,
            components: { payment_element: { enabled: true, features: {
                payment_method_save: 'enabled', payment_method_redisplay: 'enabled',
                payment_method_remove: 'enabled', payment_method_save_usage: 'off_session',
            } } },
        });
        assert.equal(typeof session.client_secret, 'string');
        assert.ok(session.expires_at > session.created);
        assert.equal(session.components.payment_element.features.payment_method_save, 'enabled');
    },
};
