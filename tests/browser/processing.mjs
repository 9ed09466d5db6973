/*
 * A debit takes its time: accepted first, paid later.
 */

import { assert } from './lib/check.mjs';
import * as shop from './lib/shop.mjs';
import { dev } from './lib/stack.mjs';

const DEBIT = '5d'; /* longer than a debit takes, shorter than a session lasts */

async function payByDebit(page, which) {
    await shop.openShop(page);
    await shop.goToPayment(page);
    const frame = shop.cardFrame(page);
    await frame.getByRole('tab', { name: /Bank account|SEPA/ }).click();
    await frame.getByRole('button', { name: which }).click();
    await shop.pay(page);
    await shop.expectResult(page, 'Your bank is working on it');
}

export default {
    async 'a debit is processing first and its tokens arrive by themselves'({ visit }) {
        const visitor = await visit();
        const { page } = visitor;
        await payByDebit(page, 'A test account that pays');
        assert.match(await page.locator('#result-text').textContent(), /You may close this page/);
        assert.equal(await page.evaluate(() => document.activeElement.id), 'result-title');
        await visitor.picture('processing');
        dev('stripe', 'advance', DEBIT);
        await shop.expectResult(page, '50 tokens added', 60_000);
        assert.equal(await shop.balance(page), 50);
    },
    async 'R19 a reload while processing still says processing and not pay again'({ visit }) {
        const { page } = await visit();
        await payByDebit(page, 'A test account that pays');
        await page.reload();
        await shop.expectResult(page, 'Your bank is working on it');
        assert.equal(await page.locator('#pay').isVisible(), false);
        assert.equal(await page.locator('#choose').isVisible(), false);
        dev('stripe', 'advance', DEBIT);
        await shop.expectResult(page, '50 tokens added', 60_000);
    },
    async 'a debit that fails days later is said to who still waits'({ visit }) {
        const { page } = await visit();
        await payByDebit(page, 'One that fails');
        dev('stripe', 'advance', DEBIT);
        await shop.paymentReady(page);
        assert.match(await page.locator('#pay-error').textContent(), /You have not been charged/);
        assert.equal(await shop.balance(page), 0);
    },
};
