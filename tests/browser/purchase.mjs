/*
 * Buying, from choosing to the new balance.
 */

import { PHONE } from './lib/browser.mjs';
import { assert } from './lib/check.mjs';
import * as shop from './lib/shop.mjs';

/* Everything that leaves the page for its own server, as one text. */
function ownTraffic(page) {
    const own = new URL(process.env.VANTAGE_URL).origin;
    const sent = [];
    page.on('request', (request) => {
        if (new URL(request.url()).origin === own) {
            sent.push(`${request.url()} ${JSON.stringify(request.headers())} ${request.postData() ?? ''}`);
        }
    });
    return sent;
}

async function shownTotal(page) {
    return page.locator('#sum-total').textContent();
}

async function bodyOf(response) {
    return (await response).json();
}

export default {
    async 'a package is bought and the balance grows'({ visit }) {
        const visitor = await visit();
        const { page } = visitor;
        await shop.openShop(page);
        await shop.choosePackage(page, /Professional/);
        assert.equal(await shownTotal(page), '$39.99');
        await visitor.picture('buy');
        await shop.goToPayment(page);
        await visitor.picture('pay');
        await shop.fillCard(page, '4242424242424242');
        await shop.pay(page);
        await shop.expectResult(page, '50 tokens added');
        await visitor.picture('done');
        assert.equal(await page.evaluate(() => document.activeElement.id), 'result-title');
        assert.match(await page.locator('#result-facts').textContent(), /Your balance now\s*50 tokens/);
        assert.equal(await shop.balance(page), 50);
        await visitor.picture('account');
    },
    async 'who is signed out signs in and goes on with the same choice'({ visit }) {
        const { page } = await visit();
        await page.goto(shop.URL_OF('/buy?package=enterprise'));
        await page.getByRole('button', { name: 'Sign in to continue' }).click();
        await shop.signInHere(page, shop.freshEmail());
        await shop.paymentReady(page);
        assert.equal(await shownTotal(page), '$99.99');
        assert.match(await page.locator('#pay-button').textContent(), /Pay \$99\.99/);
    },
    async 'the front page leads to the package that was chosen'({ visit }) {
        const visitor = await visit();
        const { page } = visitor;
        await page.goto(shop.URL_OF('/'));
        await page.getByRole('link', { name: 'Buy Starter: 10 tokens' }).waitFor();
        await visitor.picture('home');
        await page.getByRole('link', { name: 'Buy Starter: 10 tokens' }).click();
        await page.getByRole('radio', { name: /Starter/ }).waitFor();
        assert.equal(await page.getByRole('radio', { name: /Starter/ }).isChecked(), true);
        assert.equal(await shownTotal(page), '$9.99');
    },
    async 'a number of tokens costs what the page said'({ visit }) {
        const { page } = await visit();
        await shop.openShop(page);
        await page.getByLabel('Number of tokens').fill('75');
        const shown = await shownTotal(page);
        assert.equal(shown, '$59.99'); /* 75 x 39.99 / 50 = 59.985 */
        const created = page.waitForResponse('**/create-payment-intent');
        await shop.goToPayment(page);
        const made = await bodyOf(created);
        assert.equal(made.amount, 5999);
        assert.equal(made.tokens, 75);
        await shop.fillCard(page, '4242 4242 4242 4242');
        await shop.pay(page);
        await shop.expectResult(page, '75 tokens added');
    },
    async 'a number just below a package costs no more than the package'({ visit }) {
        const { page } = await visit();
        await shop.openShop(page);
        await page.getByLabel('Number of tokens').fill('49');
        assert.equal(await shownTotal(page), '$39.99');
        assert.match(await page.locator('#sum-note').textContent(), /50 tokens for the same price/);
        const created = page.waitForResponse('**/create-payment-intent');
        await shop.goToPayment(page);
        assert.equal((await bodyOf(created)).amount, 3999);
    },
    async 'R69 a number that is not sold is refused at its field'({ visit }) {
        const { page } = await visit();
        await shop.openShop(page);
        const created = [];
        page.on('request', (request) => {
            if (request.url().endsWith('/create-payment-intent')) {
                created.push(request.url());
            }
        });
        for (const text of ['0', '-5', '1.5', '99999999999', 'ten', '']) {
            await page.getByLabel('Number of tokens').fill(text);
            await page.getByRole('button', { name: 'Continue to payment' }).click();
            await page.locator('#tokens-error', { hasText: 'Please enter a whole number' }).waitFor();
            assert.equal(await page.evaluate(() => document.activeElement.id), 'tokens', text);
            assert.equal(await page.locator('#tokens').getAttribute('aria-invalid'), 'true');
            assert.equal(await shownTotal(page), '–');
        }
        assert.deepEqual(created, []);
    },
    async 'R13 the page sends a package or a number, and never a price'({ visit }) {
        const { page } = await visit();
        await shop.openShop(page);
        const sent = page.waitForRequest('**/create-payment-intent');
        await shop.goToPayment(page);
        const request = await sent;
        assert.deepEqual(Object.keys(request.postDataJSON()).sort(), ['currency', 'package_id']);
        assert.match(request.headers()['idempotency-key'], /^[0-9a-f]{32}$/);
        assert.match(request.headers().authorization, /^Bearer /);
    },
    async 'another currency is shown, charged and granted'({ visit }) {
        const visitor = await visit();
        const { page } = visitor;
        await shop.openShop(page);
        const code = await page.locator('#currency option').evaluateAll((options) =>
            options.map(({ value }) => value).find((value) => value !== 'usd'));
        assert.ok(code, 'the catalogue has one currency only');
        await page.getByLabel('Currency').selectOption(code);
        await page.locator('#sum-total', { hasNotText: '$' }).waitFor();
        const shown = await shownTotal(page);
        const created = page.waitForResponse('**/create-payment-intent');
        await shop.goToPayment(page);
        const made = await bodyOf(created);
        assert.equal(made.currency, code);
        assert.ok((await page.locator('#pay-button').textContent()).includes(shown));
        await visitor.picture('currency');
        await shop.fillCard(page, '4242424242424242');
        await shop.pay(page);
        await shop.expectResult(page, '50 tokens added');
    },
    async 'a phone shows all of it without sideways scrolling'({ visit }) {
        const visitor = await visit({ viewport: PHONE, hasTouch: true, isMobile: true });
        const { page } = visitor;
        const fits = async (what) => {
            const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
            assert.ok(over <= 0, `${what} is ${over} px too wide`);
        };
        await page.goto(shop.URL_OF('/'));
        await page.locator('#packages article').first().waitFor();
        await fits('the front page');
        await visitor.picture('phone-home');
        await shop.openShop(page);
        await fits('choosing');
        await visitor.picture('phone-buy');
        await shop.goToPayment(page);
        await fits('paying');
        await visitor.picture('phone-pay');
        await shop.fillCard(page, '4242424242424242');
        await shop.pay(page);
        await shop.expectResult(page, '50 tokens added');
        await fits('the result');
        await visitor.picture('phone-done');
        await shop.balance(page);
        await fits('the account');
        await visitor.picture('phone-account');
    },
    async 'dark mode is dark everywhere'({ visit }) {
        const visitor = await visit({ colorScheme: 'dark' });
        const { page } = visitor;
        await shop.openShop(page);
        await visitor.picture('dark-buy');
        await shop.goToPayment(page);
        await shop.fillCard(page, '4242424242424242');
        await visitor.picture('dark-pay');
        const inside = await shop.cardFrame(page).locator('html').evaluate((root) =>
            getComputedStyle(root).colorScheme);
        const outside = await page.locator('#payment-element iframe').evaluate((frame) =>
            getComputedStyle(frame).colorScheme);
        assert.equal(inside, 'dark');
        assert.equal(outside, 'dark');
    },
    async 'card data never exists in the page nor goes to its server'({ visit }) {
        const { page } = await visit();
        const sent = ownTraffic(page);
        await shop.openShop(page);
        await shop.goToPayment(page);
        await shop.fillCard(page, '5555555555554444', { cvc: '987' });
        const html = await page.content();
        assert.ok(!html.includes('5555'));
        await shop.pay(page);
        await shop.expectResult(page, '50 tokens added');
        assert.ok(!sent.join('\n').includes('5555555555554444'));
        assert.ok(!(await page.content()).includes('5555'));
    },
    async 'no client secret is kept in storage, in the address or in a cookie'({ visit }) {
        const { page, context } = await visit();
        await shop.openShop(page);
        const created = page.waitForResponse('**/create-payment-intent');
        await shop.goToPayment(page);
        const { client_secret: secret } = await bodyOf(created);
        const kept = await page.evaluate(() =>
            JSON.stringify([{ ...sessionStorage }, { ...localStorage }, window.location.href, document.cookie]));
        assert.ok(secret.includes('_secret_'));
        assert.ok(!kept.includes(secret));
        assert.ok(!kept.includes('_secret_'));
        assert.ok(!JSON.stringify(await context.cookies()).includes('_secret_'));
    },
    async 'the banner says that payments are simulated and names test cards'({ visit }) {
        const { page } = await visit();
        await page.goto(shop.URL_OF('/buy'));
        await page.getByText('Payments are simulated.').waitFor();
        await page.getByText('Test cards').click();
        await page.getByText('4242 4242 4242 4242').waitFor();
    },
};
