/*
 * What the server refuses, in words for the buyer. The answers are made here,
 * in the shape of the interface; that the workers give them is tested there.
 */

import { assert } from './lib/check.mjs';
import * as shop from './lib/shop.mjs';

function answer(status, error, headers = {}) {
    return (route) => route.fulfill({
        status, headers, contentType: 'application/json',
        body: JSON.stringify({ error: { message: 'A sentence.', request_id: 'req_1', ...error } }),
    });
}

async function orderNote(page) {
    await page.getByRole('button', { name: 'Continue to payment' }).click();
    await page.locator('#choose-note:not([hidden])').waitFor();
    return page.locator('#choose-note').textContent();
}

export default {
    async 'R87 too many orders say when to try again'({ visit }) {
        const { page } = await visit();
        await shop.openShop(page);
        await page.route('**/create-payment-intent', answer(429, { code: 'too_many' }, { 'Retry-After': '600' }));
        assert.match(await orderNote(page), /try again in 10 minutes/);
    },
    async 'a payment service out of reach says that nobody was charged twice'({ visit }) {
        const { page } = await visit();
        await shop.openShop(page);
        for (const status of [502, 503]) {
            await page.route('**/create-payment-intent', answer(status, { code: 'unavailable' }), { times: 1 });
            assert.match(await orderNote(page), /You have not been charged twice; we will finish this for you/);
        }
        await shop.goToPayment(page);
    },
    async 'a number that the server refuses is marked at its field'({ visit }) {
        const { page } = await visit();
        await shop.openShop(page);
        await page.getByLabel('Number of tokens').fill('12');
        await page.route('**/create-payment-intent', answer(422, {
            code: 'invalid_field', field: 'tokens', message: 'Twelve is not possible today.',
        }));
        await page.getByRole('button', { name: 'Continue to payment' }).click();
        await page.locator('#tokens-error', { hasText: 'Twelve is not possible today.' }).waitFor();
        assert.equal(await page.evaluate(() => document.activeElement.id), 'tokens');
    },
    async 'somebody else’s payment is not shown'({ visit }) {
        const { page } = await visit();
        await shop.openShop(page);
        await page.goto(shop.URL_OF('/buy?payment_intent=pi_3SomebodyElses00000000001&redirect_status=succeeded'));
        await page.locator('#choose-note', { hasText: 'not one of yours' }).waitFor();
        assert.equal(new URL(page.url()).search, '');
    },
    async 'an ended session asks to sign in and loses nothing'({ visit }) {
        const { page, context } = await visit();
        const email = await shop.openShop(page);
        await shop.goToPayment(page);
        await context.clearCookies();
        await page.reload();
        await shop.expectResult(page, 'Please sign in again');
        await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
        await shop.signInHere(page, email);
        await shop.paymentReady(page);
        assert.equal(await page.locator('#sum-total').textContent(), '$39.99');
    },
    async 'a shop without its interface says so'({ visit }) {
        const { page } = await visit();
        await page.route('**/api/catalog*', answer(503, { code: 'unavailable' }));
        await page.goto(shop.URL_OF('/buy'));
        await page.locator('#choose-note', { hasText: 'cannot be shown right now' }).waitFor();
        await page.goto(shop.URL_OF('/'));
        await page.locator('#packages-note', { hasText: 'cannot be shown right now' }).waitFor();
    },
    async 'a balance that cannot be read says that the tokens are safe'({ visit }) {
        const { page } = await visit();
        await shop.openShop(page);
        await page.route('**/api/tokens/balance', answer(503, { code: 'unavailable' }));
        await page.goto(shop.URL_OF('/account'));
        await page.getByText('Your tokens are safe').waitFor();
        assert.equal(await page.locator('#account').isVisible(), false);
    },
};
