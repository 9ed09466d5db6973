/*
 * Methods that leave for a page of the bank and come back.
 */

import { assert } from './lib/check.mjs';
import * as shop from './lib/shop.mjs';

const REDIRECTING = /Amazon Pay|Bancontact|iDEAL/;

async function leaveForBank(page) {
    await shop.openShop(page);
    await shop.goToPayment(page);
    await shop.cardFrame(page).getByRole('tab', { name: REDIRECTING }).first().click();
    await shop.pay(page);
    await page.waitForURL((url) => url.origin !== new URL(process.env.VANTAGE_URL).origin);
}

async function atTheBank(page, how) {
    await page.getByRole('button', { name: how }).or(page.getByRole('link', { name: how })).first().click();
}

export default {
    async 'coming back from the bank shows the tokens, and the secret leaves the address'({ visit }) {
        const visitor = await visit();
        const { page } = visitor;
        const seen = [];
        page.on('request', (request) => {
            if (request.url().includes('/api/') || request.url().endsWith('.js')) {
                seen.push(`${request.url()} ${request.headers().referer ?? ''}`);
            }
        });
        await leaveForBank(page);
        await visitor.picture('bank');
        seen.length = 0;
        await atTheBank(page, /Authori[sz]e|Complete|Pay/);
        await shop.expectResult(page, '50 tokens added');
        assert.equal(new URL(page.url()).pathname, '/buy');
        assert.equal(new URL(page.url()).search, '');
        assert.ok(!seen.filter((text) => text.includes('/api/')).join('\n').includes('_secret_'));
        assert.equal(await shop.balance(page), 50);
    },
    async 'a refusal at the bank is said, and a card pays instead'({ visit }) {
        const { page } = await visit();
        await leaveForBank(page);
        await atTheBank(page, /Fail|Refuse|Cancel/);
        await shop.paymentReady(page);
        await page.locator('#pay-error:not([hidden])').waitFor();
        assert.match(await page.locator('#pay-error').textContent(), /You have not been charged/);
        await shop.fillCard(page, '4242424242424242');
        await shop.pay(page);
        await shop.expectResult(page, '50 tokens added');
        assert.equal(await shop.balance(page), 50);
    },
    async 'going back from the bank leaves a choice'({ visit }) {
        const { page } = await visit();
        await leaveForBank(page);
        await page.goBack();
        await shop.expectResult(page, 'Your bank wants you to confirm');
        await page.getByRole('button', { name: 'Continue with your bank' }).click();
        await page.waitForURL((url) => url.origin !== new URL(process.env.VANTAGE_URL).origin);
        await atTheBank(page, /Authori[sz]e|Complete|Pay/);
        await shop.expectResult(page, '50 tokens added');
    },
    async 'coming back in another tab finds the payment by its address'({ visit }) {
        const visitor = await visit();
        const { page, context } = visitor;
        await leaveForBank(page);
        const bank = page.url();
        const other = await context.newPage();
        await other.goto(bank);
        await atTheBank(other, /Authori[sz]e|Complete|Pay/);
        await shop.expectResult(other, '50 tokens added');
        assert.equal(new URL(other.url()).search, '');
    },
    async 'R20 an address that claims success grants nothing'({ visit }) {
        const { page } = await visit();
        await shop.openShop(page);
        const created = page.waitForResponse('**/create-payment-intent');
        await shop.goToPayment(page);
        const { payment_intent_id: id, client_secret: secret } = await (await created).json();
        const query = new URLSearchParams({
            payment_intent: id, payment_intent_client_secret: secret, redirect_status: 'succeeded',
        });
        await page.goto(shop.URL_OF(`/buy?${query}`));
        await shop.paymentReady(page);
        assert.equal(new URL(page.url()).search, '');
        assert.equal(await shop.balance(page), 0);
    },
};
