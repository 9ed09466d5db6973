/*
 * The pages that the local Stripe shows in a shop's stead: checkout sessions
 * and the billing portal.
 */

import { assert } from './lib/check.mjs';
import * as shop from './lib/shop.mjs';
import { stripe } from './lib/stack.mjs';
import * as standin from './lib/standin.mjs';

const CARD = '4242424242424242';
const SECURE = '4000000000003220';

/* A session of this mode, whose customer comes back to the shop. */
function session(form = {}) {
    const item = 'line_items[0][price_data]';
    const goods = form.mode === 'setup' ? {} : {
        [`${item}[currency]`]: 'usd', [`${item}[unit_amount]`]: 999,
        [`${item}[product_data][name]`]: 'Ten tokens', 'line_items[0][quantity]': 1,
    };
    return stripe('POST', '/v1/checkout/sessions', {
        mode: 'payment', success_url: shop.URL_OF('/account?paid={CHECKOUT_SESSION_ID}'), ...goods, ...form,
    });
}

const read = ({ id }) => stripe('GET', `/v1/checkout/sessions/${id}`);

export default {
    async 'a checkout session is paid on its page'({ visit }) {
        const made = await session();
        const { page } = await visit();
        await page.goto(made.url);
        await page.getByText('1 × Ten tokens').waitFor();
        await page.getByLabel('E-mail').fill('ada@example.com');
        await shop.fillCard(page, CARD);
        await page.getByRole('button', { name: 'Pay' }).click();
        await page.waitForURL(`**/account?paid=${made.id}`);
        const now = await read(made);
        assert.deepEqual([now.status, now.payment_status, now.customer_details.email],
            ['complete', 'paid', 'ada@example.com']);
    },
    async 'a declined card can be followed by one that asks'({ visit }) {
        const made = await session({ customer_email: 'bob@example.com' });
        const { page } = await visit();
        await page.goto(made.url);
        await shop.fillCard(page, '4000000000000002');
        await page.getByRole('button', { name: 'Pay' }).click();
        await page.getByRole('alert').getByText('declined').waitFor();
        await shop.fillCard(page, SECURE);
        await page.getByRole('button', { name: 'Pay' }).click();
        await shop.answerChallenge(page, 'Complete');
        await page.waitForURL(`**/account?paid=${made.id}`);
        assert.equal((await read(made)).payment_status, 'paid');
    },
    async 'a customer subscribes on the page'({ visit }) {
        const made = await session({
            mode: 'subscription', 'line_items[0][price_data][recurring][interval]': 'month',
            customer_email: 'eve@example.com',
        });
        const { page } = await visit();
        await page.goto(made.url);
        await shop.fillCard(page, CARD);
        await page.getByRole('button', { name: 'Subscribe' }).click();
        await page.waitForURL(`**/account?paid=${made.id}`);
        const { subscription } = await read(made);
        assert.equal((await stripe('GET', `/v1/subscriptions/${subscription}`)).status, 'active');
    },
    async 'a card is added through the billing portal'({ visit }) {
        const { id: customer } = await standin.customer();
        const portal = await stripe('POST', '/v1/billing_portal/sessions', { customer });
        const { page } = await visit();
        await page.goto(portal.url);
        await page.getByRole('button', { name: 'Add a payment method' }).click();
        await shop.fillCard(page, CARD);
        await page.getByRole('button', { name: 'Save' }).click();
        await page.getByText('visa ending in 4242').waitFor();
        await page.getByText('The default.').waitFor();
        const now = await stripe('GET', `/v1/customers/${customer}`);
        assert.match(now.invoice_settings.default_payment_method, /^pm_/);
    },
};
