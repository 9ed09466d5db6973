/*
 * Cards that do not pay.
 */

import { assert } from './lib/check.mjs';
import * as shop from './lib/shop.mjs';

async function declinedWith(page, number) {
    await shop.fillCard(page, number);
    await shop.pay(page);
    await shop.paymentReady(page);
    await page.locator('#pay-error:not([hidden])').waitFor();
    return page.locator('#pay-error').textContent();
}

export default {
    async 'a declined card says why, and another card on the same page pays'({ visit }) {
        const visitor = await visit();
        const { page } = visitor;
        await shop.openShop(page);
        const created = page.waitForResponse('**/create-payment-intent');
        await shop.goToPayment(page);
        const { payment_intent_id: first } = await (await created).json();
        const sentence = await declinedWith(page, '4000000000009995');
        assert.match(sentence, /not enough money on this card or account/);
        assert.match(sentence, /You have not been charged/);
        assert.equal(await page.evaluate(() => document.activeElement.id), 'pay-error');
        await visitor.picture('declined');
        const confirmed = page.waitForRequest('**/confirm-payment');
        await shop.fillCard(page, '4242424242424242');
        await shop.pay(page);
        assert.equal((await confirmed).postDataJSON().payment_intent_id, first);
        await shop.expectResult(page, '50 tokens added');
        assert.equal(await shop.balance(page), 50);
    },
    async 'every decline has a sentence that helps and none gives a bank away'({ visit }) {
        const { page } = await visit();
        await shop.openShop(page);
        await shop.goToPayment(page);
        const sentences = [
            ['4000000000000002', /Your bank declined this payment/],
            ['4000000000009987', /^Your bank declined this payment/], /* lost */
            ['4000000000000069', /card has expired/],
            ['4000000000000127', /security code is not right/],
        ];
        for (const [number, pattern] of sentences) {
            const text = await declinedWith(page, number);
            assert.match(text, pattern, number);
            assert.doesNotMatch(text, /lost|stolen|fraud/i);
        }
    },
    async 'a processing error asks to try again'({ visit }) {
        const { page } = await visit();
        await shop.openShop(page);
        await shop.goToPayment(page);
        assert.match(await declinedWith(page, '4000000000000119'), /try again in a moment/);
    },
    async 'an incomplete card is marked and not sent'({ visit }) {
        const visitor = await visit();
        const { page } = visitor;
        await shop.openShop(page);
        await shop.goToPayment(page);
        const sent = [];
        page.on('request', (request) => {
            if (request.method() === 'POST') {
                sent.push(request.url());
            }
        });
        const frame = shop.cardFrame(page);
        await shop.fillCard(page, '4242424242424241');
        await shop.pay(page);
        await frame.getByText('Your card number is invalid.').waitFor();
        assert.equal(await frame.getByLabel('Card number').getAttribute('aria-invalid'), 'true');
        await shop.fillCard(page, '4242424242424242', { expiry: '01 / 20' });
        await shop.pay(page);
        await frame.getByText('expiration year is in the past').waitFor();
        await shop.fillCard(page, '378282246310005', { cvc: '12' });
        await shop.pay(page);
        await frame.getByText('security code is incomplete').waitFor();
        await visitor.picture('incomplete');
        assert.deepEqual(sent, []);
        await shop.fillCard(page, '378282246310005', { cvc: '1234' });
        await shop.pay(page);
        await shop.expectResult(page, '50 tokens added');
    },
    async 'a reload after a decline comes back to the same payment and its reason'({ visit }) {
        const { page } = await visit();
        await shop.openShop(page);
        await shop.goToPayment(page);
        await declinedWith(page, '4000000000000069');
        await page.reload();
        await shop.paymentReady(page);
        assert.match(await page.locator('#pay-error').textContent(), /card has expired/);
        await shop.fillCard(page, '4242424242424242');
        await shop.pay(page);
        await shop.expectResult(page, '50 tokens added');
        assert.equal(await shop.balance(page), 50);
    },
};
