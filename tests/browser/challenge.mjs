/*
 * 3-D Secure.
 */

import { assert } from './lib/check.mjs';
import * as shop from './lib/shop.mjs';

const CHALLENGED = '4000000000003220';
const QUESTION = 'iframe[title="The simulated bank asks for a confirmation"]';

async function reachChallenge(page, number = CHALLENGED) {
    await shop.openShop(page);
    await shop.goToPayment(page);
    await shop.fillCard(page, number);
    await shop.pay(page);
    await page.frameLocator(QUESTION).getByText('Is this payment yours?').waitFor();
}

async function sayNotConfirmed(page) {
    await page.locator('#pay-error', { hasText: 'not confirmed with your bank' }).waitFor();
    await shop.paymentReady(page);
}

export default {
    async 'a completed challenge pays'({ visit }) {
        const visitor = await visit();
        const { page } = visitor;
        await reachChallenge(page);
        await visitor.picture('challenge', { fullPage: false });
        await shop.answerChallenge(page, 'Complete');
        await shop.expectResult(page, '50 tokens added');
        assert.equal(await shop.balance(page), 50);
    },
    async 'a failed challenge says so and another card pays'({ visit }) {
        const { page } = await visit();
        await reachChallenge(page);
        await shop.answerChallenge(page, 'Fail');
        await sayNotConfirmed(page);
        await shop.fillCard(page, '4242424242424242');
        await shop.pay(page);
        await shop.expectResult(page, '50 tokens added');
        assert.equal(await shop.balance(page), 50);
    },
    async 'a challenge that is closed counts as failed'({ visit }) {
        const { page } = await visit();
        await reachChallenge(page);
        await page.keyboard.press('Escape');
        await sayNotConfirmed(page);
        assert.equal(await page.locator(QUESTION).count(), 0);
    },
    async 'a card that is declined after the challenge says so'({ visit }) {
        const { page } = await visit();
        await reachChallenge(page, '4000008400001629');
        await shop.answerChallenge(page, 'Complete');
        await page.locator('#pay-error', { hasText: 'Your bank declined this payment' }).waitFor();
    },
    async 'a reload during the challenge asks again and pays once'({ visit }) {
        const { page } = await visit();
        await reachChallenge(page);
        await page.reload();
        await shop.expectResult(page, 'Your bank wants you to confirm');
        await page.getByRole('button', { name: 'Continue with your bank' }).click();
        await page.frameLocator(QUESTION).getByText('Is this payment yours?').waitFor();
        await shop.answerChallenge(page, 'Complete');
        await shop.expectResult(page, '50 tokens added');
        assert.equal(await shop.balance(page), 50);
    },
    async 'a reload during the challenge lets the buyer choose again'({ visit }) {
        const visitor = await visit();
        const { page } = visitor;
        await reachChallenge(page);
        await page.reload();
        await shop.expectResult(page, 'Your bank wants you to confirm');
        await visitor.picture('bank-waits');
        await page.getByRole('button', { name: 'Choose again' }).click();
        await shop.goToPayment(page);
        await shop.fillCard(page, '4242424242424242');
        await shop.pay(page);
        await shop.expectResult(page, '50 tokens added');
        assert.equal(await shop.balance(page), 50);
    },
    async 'a reload during the challenge that then fails shows the form again'({ visit }) {
        const { page } = await visit();
        await reachChallenge(page);
        await page.reload();
        await shop.expectResult(page, 'Your bank wants you to confirm');
        await page.getByRole('button', { name: 'Continue with your bank' }).click();
        await page.frameLocator(QUESTION).getByText('Is this payment yours?').waitFor();
        await shop.answerChallenge(page, 'Fail');
        await sayNotConfirmed(page);
        await shop.fillCard(page, '4242424242424242');
        await shop.pay(page);
        await shop.expectResult(page, '50 tokens added');
    },
};
