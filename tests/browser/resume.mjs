/*
 * Reloads, lost answers, closed tabs: one order, one payment, one grant.
 */

import { assert, until } from './lib/check.mjs';
import * as shop from './lib/shop.mjs';

const CREATE = '**/api/stripe/create-payment-intent';
const CONFIRM = '**/api/stripe/confirm-payment';

/* The ids of all payments that the server has answered with. */
function madePayments(page) {
    const ids = new Set();
    page.on('response', async (response) => {
        if (response.url().endsWith('/create-payment-intent') && response.status() === 201) {
            ids.add((await response.json()).payment_intent_id);
        }
    });
    return ids;
}

/* The server acts, and its answer is lost on the way back, `times` times. */
async function loseAnswers(page, url, times = 1) {
    let left = times;
    const answers = [];
    await page.route(url, async (route) => {
        if (left === 0) {
            await route.continue();
            return;
        }
        left -= 1;
        const response = await route.fetch();
        answers.push(await response.json());
        await route.abort('connectionreset');
    });
    return answers;
}

export default {
    async 'a reload at the payment form goes on with the same payment'({ visit }) {
        const { page } = await visit();
        const ids = madePayments(page);
        await shop.openShop(page);
        await shop.choosePackage(page, /Starter/);
        await shop.goToPayment(page);
        await page.reload();
        await shop.paymentReady(page);
        assert.equal(await page.locator('#sum-total').textContent(), '$9.99');
        await shop.fillCard(page, '4242424242424242');
        await shop.pay(page);
        await shop.expectResult(page, '10 tokens added');
        assert.equal(ids.size, 1);
        assert.equal(await shop.balance(page), 10);
    },
    async 'R77 going back and choosing the same again is the same order'({ visit }) {
        const { page } = await visit();
        const ids = madePayments(page);
        await shop.openShop(page);
        await shop.goToPayment(page);
        await page.getByRole('button', { name: 'Change the order' }).click();
        assert.equal(await page.evaluate(() => document.activeElement.id), 'choose-title');
        await shop.choosePackage(page, /Starter/);
        await shop.goToPayment(page);
        assert.equal(ids.size, 2);
        await page.getByRole('button', { name: 'Change the order' }).click();
        await shop.choosePackage(page, /Professional/);
        await shop.goToPayment(page);
        assert.equal(ids.size, 2);
        assert.equal(await page.locator('#sum-total').textContent(), '$39.99');
    },
    async 'after a purchase the same choice is a new order'({ visit }) {
        const { page } = await visit();
        const ids = madePayments(page);
        await shop.openShop(page);
        for (const sum of [10, 20]) {
            await shop.choosePackage(page, /Starter/);
            await shop.goToPayment(page);
            await shop.fillCard(page, '4242424242424242');
            await shop.pay(page);
            await shop.expectResult(page, '10 tokens added');
            assert.match(await page.locator('#result-facts').textContent(), new RegExp(`${sum} tokens`));
            await page.getByRole('link', { name: 'Buy more' }).click();
            await page.getByText('Signed in as').waitFor();
        }
        assert.equal(ids.size, 2);
    },
    async 'a lost answer to the order makes no second payment'({ visit, expect }) {
        expect(/net::ERR_CONNECTION_RESET/);
        const { page } = await visit();
        const ids = madePayments(page);
        await shop.openShop(page);
        const lost = await loseAnswers(page, CREATE);
        await page.getByRole('button', { name: 'Continue to payment' }).click();
        await page.locator('#choose-note', { hasText: 'You have not been charged twice' }).waitFor();
        await shop.goToPayment(page);
        assert.deepEqual([...ids], [lost[0].payment_intent_id]);
    },
    async 'a lost answer and a reload make no second payment'({ visit, expect }) {
        expect(/net::ERR_CONNECTION_RESET/);
        const { page } = await visit();
        const ids = madePayments(page);
        await shop.openShop(page);
        const lost = await loseAnswers(page, CREATE);
        await page.getByRole('button', { name: 'Continue to payment' }).click();
        await page.locator('#choose-note', { hasText: 'You have not been charged twice' }).waitFor();
        await page.reload();
        await page.getByText('Signed in as').waitFor();
        await shop.goToPayment(page);
        assert.deepEqual([...ids], [lost[0].payment_intent_id]);
    },
    async 'lost answers after paying are made up for without a hand'({ visit, expect }) {
        expect(/net::ERR_CONNECTION_RESET/);
        const visitor = await visit();
        const { page } = visitor;
        await shop.openShop(page);
        await shop.goToPayment(page);
        await loseAnswers(page, CONFIRM, 2);
        await shop.fillCard(page, '4242424242424242');
        await shop.pay(page);
        await shop.expectResult(page, 'Waiting for the payment service');
        assert.match(await page.locator('#result-text').textContent(), /You have not been charged twice; we will finish this for you/);
        await visitor.picture('waiting');
        await shop.expectResult(page, '50 tokens added', 30_000);
        assert.equal(await shop.balance(page), 50);
    },
    async 'a card that never reached Stripe can be sent again'({ visit, expect }) {
        expect(/net::ERR_CONNECTION_RESET/);
        const { page } = await visit();
        await shop.openShop(page);
        await shop.goToPayment(page);
        await page.route('**/v1/payment_intents/*/confirm', (route) => route.abort('connectionreset'), { times: 1 });
        await shop.fillCard(page, '4242424242424242');
        await shop.pay(page);
        await page.locator('#pay-error', { hasText: 'did not go through' }).waitFor();
        await shop.paymentReady(page);
        await shop.pay(page); /* what was typed is still there */
        await shop.expectResult(page, '50 tokens added');
        assert.equal(await shop.balance(page), 50);
    },
    async 'an answer of Stripe that is lost after paying pays once'({ visit, expect }) {
        expect(/net::ERR_CONNECTION_RESET/);
        const { page } = await visit();
        await shop.openShop(page);
        await shop.goToPayment(page);
        await page.route('**/v1/payment_intents/*/confirm', async (route) => {
            await route.fetch();
            await route.abort('connectionreset');
        }, { times: 1 });
        await shop.fillCard(page, '4242424242424242');
        await shop.pay(page);
        await shop.expectResult(page, '50 tokens added');
        assert.equal(await shop.balance(page), 50);
    },
    async 'R21 a tab that is closed right after paying still gets its tokens'({ visit }) {
        const { page, context } = await visit();
        await shop.openShop(page);
        await shop.goToPayment(page);
        await page.route(CONFIRM, () => {}); /* never answered */
        await shop.fillCard(page, '4242424242424242');
        const asked = page.waitForRequest(CONFIRM);
        await shop.pay(page);
        await asked;
        await page.close();
        const other = await context.newPage();
        await until('the webhook has granted', async () => await shop.balance(other) === 50);
    },
    async 'a payment canceled meanwhile leads back to choosing'({ visit }) {
        const { page } = await visit();
        await shop.openShop(page);
        await shop.goToPayment(page);
        await page.route(CONFIRM, (route) => route.fulfill({
            status: 409, contentType: 'application/json',
            body: JSON.stringify({ error: { code: 'payment_canceled', message: 'x', request_id: 'r' } }),
        }));
        await page.reload();
        await page.locator('#choose-note', { hasText: 'canceled and nothing was charged' }).waitFor();
        assert.equal(await page.evaluate(() => document.activeElement.id), 'choose-title');
    },
    async 'another user in the same tab does not get the first one’s order'({ visit }) {
        const { page } = await visit();
        const ids = madePayments(page);
        await shop.openShop(page);
        await shop.goToPayment(page);
        await page.getByRole('button', { name: 'Sign out' }).click();
        await page.waitForURL(shop.URL_OF('/'));
        await shop.openShop(page, undefined, '?package=professional');
        await shop.goToPayment(page);
        assert.equal(ids.size, 2);
    },
};
