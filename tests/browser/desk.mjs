/*
 * The local Stripe's page at its root: what it shows by itself, and what its
 * buttons really do.
 */

import fs from 'node:fs';
import path from 'node:path';

import { assert, until } from './lib/check.mjs';
import { asAdmin, control, keys, stripe } from './lib/stack.mjs';
import * as shop from './lib/shop.mjs';

const BASE = () => keys().STRIPE_API_BASE;

async function open(visit, options) {
    const visitor = await visit(options);
    await visitor.page.goto(BASE());
    await visitor.page.locator('#now').waitFor();
    return visitor.page;
}

/* What the last button is said to have done. */
async function said(page, text) {
    await page.getByRole('status').filter({ hasText: text }).waitFor();
}

function row(page, section, key) {
    return page.locator(`#${section} [data-key="${key}"]`);
}

function newCustomer(form = {}) {
    return stripe('POST', '/v1/customers', { email: shop.freshEmail('desk'), ...form });
}

function pay(form = {}) {
    return stripe('POST', '/v1/payment_intents', {
        amount: 3999, currency: 'usd', confirm: 'true', payment_method: 'pm_card_visa',
        'automatic_payment_methods[enabled]': 'true', 'automatic_payment_methods[allow_redirects]': 'never', ...form,
    });
}

/* How far the clock that the whole stack reads is ahead. */
function shiftMs() {
    return Number(fs.readFileSync(path.join(process.env.VANTAGE_STATE, 'clock'), 'utf8'));
}

export default {
    async 'what happens shows by itself'({ visit }) {
        const page = await open(visit);
        const { id } = await newCustomer({ name: 'Ada Lovelace' });
        await row(page, 'customers', id).getByText('Ada Lovelace').waitFor();
        await page.locator('#events li').filter({ hasText: id }).getByText('customer.created').waitFor();
        const count = page.locator('#kinds a[href$="=customer"] b');
        const before = Number(await count.textContent());
        await newCustomer();
        await until('the count to grow', async () => Number(await count.textContent()) === before + 1);
    },
    async 'a hostile name is text, also when it comes later'({ visit }) {
        const page = await open(visit);
        const name = '<img src=x onerror="window.hacked = 1"><script>window.hacked = 1</script>';
        const { id } = await newCustomer({ name });
        await row(page, 'customers', id).getByText(name).waitFor();
        await page.getByRole('link', { name: id }).first().click();
        await page.getByText('"<img src=x').waitFor();
        assert.equal(await page.evaluate(() => window.hacked), undefined);
    },
    async 'the clock of sandbox and stack moves at a button'({ visit }) {
        const page = await open(visit);
        const before = shiftMs();
        const shown = await page.locator('#now').getAttribute('datetime');
        await page.getByRole('button', { name: '+1 hour' }).click();
        await said(page, 'The clock has moved.');
        assert.equal(shiftMs() - before, 3_600_000);
        await until('the clock to show it', async () =>
            Date.parse(await page.locator('#now').getAttribute('datetime')) - Date.parse(shown) >= 3_600_000);
        await page.getByText('ahead of this machine').waitFor();
        /* The stack's own time: the newest transaction that it writes. */
        const email = shop.freshEmail('clock');
        const visitor = await visit();
        await shop.openShop(visitor.page, email);
        const given = await until('the user to be known', () => asAdmin('/api/admin/tokens/add', {
            user_email: email, amount: 1, note: 'what time is it',
        }).catch(() => null));
        const { data } = await asAdmin('/api/admin/tokens/transactions');
        const { created_at: at } = data.find(({ id }) => id === given.transaction_id);
        assert.ok(Math.abs(Date.parse(at) - Date.now() - shiftMs()) < 60_000, `the stack wrote ${at}`);
    },
    async 'withheld webhooks wait until they are let go'({ visit }) {
        const page = await open(visit);
        await page.getByRole('button', { name: 'Withhold' }).click();
        await said(page, 'Webhooks go as you said.');
        await page.getByText('They are kept until you let them go.').waitFor();
        const { id } = await newCustomer();
        const event = await until('the event', async () => (await stripe('GET', '/v1/events', {
            type: 'customer.created', limit: 1,
        })).data.find(({ data }) => data.object.id === id));
        const delivery = page.locator('#deliveries tr').filter({ has: page.locator(`a[href$="${event.id}"]`) });
        await delivery.getByText('held').waitFor();
        await page.getByRole('button', { name: /^Let \d+ go$/ }).click();
        await said(page, 'They are on their way.');
        await delivery.getByText('delivered').waitFor();
        await page.getByText('They go out as they come.').waitFor();
        await delivery.getByRole('button', { name: `Resend ${event.id}` }).click();
        await said(page, 'Sent again.');
        await until('two deliveries of it', async () => await delivery.count() === 2);
    },
    async 'the API fails as often as it is told to'({ visit }) {
        const page = await open(visit);
        await page.getByLabel('For how many calls').fill('1');
        await page.getByLabel('Only under this path').fill('/v1/balance');
        await page.getByRole('button', { name: '500' }).click();
        await page.getByText('It answers 500, an unknown error under /v1/balance, 1 more time.').waitFor();
        await assert.rejects(stripe('GET', '/v1/balance'), /answered 500/);
        await stripe('GET', '/v1/balance');
        await page.getByText('It answers as it should.').waitFor();
    },
    async 'the saved card of a customer is made to fail, and to work again'({ visit }) {
        const page = await open(visit);
        const { id: customer } = await newCustomer();
        const { id: method } = await stripe('POST', '/v1/payment_methods/pm_card_visa/attach', { customer });
        const card = page.getByLabel(`What the cards of ${customer} do`, { exact: true });
        await card.focus(); /* and it stays there */
        await card.selectOption('insufficient_funds');
        await said(page, 'The bank has been told.');
        await row(page, 'customers', customer).locator('.pill').filter({ hasText: 'insufficient funds' }).waitFor();
        assert.equal(await card.evaluate((node) => node === document.activeElement), true);
        await assert.rejects(pay({ customer, payment_method: method }), /insufficient funds/);
        await card.selectOption('ok');
        await row(page, 'customers', customer).locator('.pill').waitFor({ state: 'detached' });
        assert.equal((await pay({ customer, payment_method: method })).status, 'succeeded');
    },
    async 'a payment is paid, refunded in part, and disputed'({ visit }) {
        const page = await open(visit);
        const { id } = await stripe('POST', '/v1/payment_intents', { amount: 3999, currency: 'usd' });
        const payment = row(page, 'payments', id);
        await payment.getByText('39.99 USD').waitFor();
        await payment.getByRole('button', { name: `Decline: ${id}` }).click();
        await said(page, 'Your card was declined.');
        await payment.getByRole('button', { name: `Pay: ${id}` }).click();
        await payment.getByText('succeeded').waitFor();
        await page.getByRole('link', { name: id }).first().click();
        await page.getByLabel('How much, in the smallest unit').fill('999');
        await page.getByRole('button', { name: 'Refund it' }).click();
        await said(page, 'Refunded.');
        assert.deepEqual((await stripe('GET', '/v1/refunds', { payment_intent: id })).data.map(({ amount }) => amount), [999]);
        await page.getByRole('link', { name: 'Local Stripe' }).click();
        await payment.getByText('partly refunded').waitFor();
        await payment.getByRole('button', { name: `Dispute: ${id}` }).click();
        await said(page, 'bank disputes it');
        await payment.getByText('dispute needs response').waitFor();
        await payment.getByRole('button', { name: `Win: ${id}` }).click();
        await payment.getByText('dispute won').waitFor();
    },
    async 'a new secret is said once, and the button keeps the keyboard'({ visit }) {
        const page = await open(visit);
        const made = await stripe('POST', '/v1/webhook_endpoints', {
            url: 'http://127.0.0.1:9/', 'enabled_events[0]': 'product.created',
        });
        const roll = page.getByRole('button', { name: `Roll secret of ${made.id}` });
        await roll.focus();
        await page.keyboard.press('Enter');
        await said(page, /whsec_\w{20,} is shown this once/);
        await row(page, 'endpoints', made.id).getByText('the one before signs too').waitFor();
        assert.equal(await roll.evaluate((node) => node === document.activeElement), true);
        assert.equal((await page.content()).includes(made.secret), false);
        await stripe('DELETE', `/v1/webhook_endpoints/${made.id}`);
        await row(page, 'endpoints', made.id).waitFor({ state: 'detached' });
    },
    async 'what is being typed is not taken away'({ visit }) {
        const page = await open(visit);
        await page.getByLabel('For how many calls').fill('3');
        await page.getByRole('button', { name: 'Withhold' }).click();
        await said(page, 'Webhooks go as you said.');
        await page.getByRole('button', { name: 'Deliver' }).click();
        await page.getByText('They go out as they come.').waitFor();
        assert.equal(await page.getByLabel('For how many calls').inputValue(), '3');
    },
    async 'all of it works without its script'({ visit }) {
        const page = await open(visit, { javaScriptEnabled: false });
        await page.getByLabel('Only under this path').fill('/v1/balance');
        await page.getByRole('button', { name: '429' }).click();
        await page.getByText('It answers 429, too many requests under /v1/balance.').waitFor();
        assert.equal(new URL(page.url()).pathname, '/');
        await page.getByRole('button', { name: 'Honest' }).click();
        await page.getByText('It answers as it should.').waitFor();
        const { id } = await newCustomer();
        await page.reload();
        await page.getByLabel(`What the cards of ${id} do`, { exact: true }).selectOption('lost_card');
        await page.getByRole('button', { name: `Set what the cards of ${id} do` }).click();
        await row(page, 'customers', id).locator('.pill').filter({ hasText: 'lost card' }).waitFor();
    },
    async 'a sandbox that is away does not break the page'({ visit, expect }) {
        expect(/ERR_|Failed to load resource/);
        const page = await open(visit);
        await page.route('**/*', (route) => route.abort());
        await page.locator('body.away').waitFor();
        await page.getByRole('button', { name: '+1 hour' }).click();
        await said(page, 'cannot be reached');
        await page.unroute('**/*');
        await page.locator('body:not(.away)').waitFor();
        await control('events', { mode: 'deliver' });
    },
};
