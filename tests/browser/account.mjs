/*
 * What the account says of balance, expiry and history.
 */

import { assert } from './lib/check.mjs';
import * as shop from './lib/shop.mjs';
import { asAdmin } from './lib/stack.mjs';

async function rows(page, table) {
    return page.locator(`${table} tbody tr`).evaluateAll((found) =>
        found.map((row) => [...row.cells].map((cell) => cell.textContent.trim())));
}

export default {
    async 'what was bought and what was given are in the history'({ visit }) {
        const visitor = await visit();
        const { page } = visitor;
        const email = await shop.openShop(page);
        await shop.goToPayment(page); /* an order that is never paid */
        await page.getByRole('button', { name: 'Change the order' }).click();
        await shop.choosePackage(page, /Starter/);
        await shop.goToPayment(page);
        await shop.fillCard(page, '4242424242424242');
        await shop.pay(page);
        await shop.expectResult(page, '10 tokens added');
        await asAdmin('/api/admin/tokens/add', {
            user_email: email, amount: 25, note: 'Welcome', expires_at: '2199-03-31T12:00:00Z',
        });
        assert.equal(await shop.balance(page), 35);
        assert.deepEqual(await rows(page, '#expiring'), [['March 31, 2199', '25']]);
        await page.locator('#history tbody tr').first().waitFor();
        const history = await rows(page, '#history');
        assert.deepEqual(history.map(([, what, tokens]) => [what, tokens]), [
            ['Given to you', '+25'], ['Bought', '+10'],
        ]);
        for (const [when] of history) {
            assert.match(when, /20\d\d.*\d:\d\d/);
        }
        await visitor.picture('account-history');
    },
    async 'somebody new has nothing, and is told where to begin'({ visit }) {
        const { page } = await visit();
        await shop.openShop(page);
        assert.equal(await shop.balance(page), 0);
        await page.getByText('None of your tokens expires.').waitFor();
        await page.getByText('Nothing has happened yet.').waitFor();
        await page.getByRole('main').getByRole('link', { name: 'Buy tokens' }).waitFor();
    },
    async 'who is signed out is asked to sign in and comes back'({ visit }) {
        const { page } = await visit();
        await page.goto(shop.URL_OF('/account'));
        await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
        await shop.signInHere(page, shop.freshEmail());
        await page.locator('#account:not([hidden])').waitFor();
    },
};
