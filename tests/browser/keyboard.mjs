/*
 * A purchase without a mouse, as a screen reader's user does it.
 */

import { assert, until } from './lib/check.mjs';
import * as shop from './lib/shop.mjs';

/* Where the keyboard is, through frames: a name a person would hear. */
async function focused(page) {
    for (const frame of [...page.frames()].reverse()) {
        const found = await frame.evaluate(() => {
            const node = document.activeElement;
            if (!node || node === document.body || node.tagName === 'IFRAME' || !document.hasFocus()) {
                return null;
            }
            const label = node.labels?.[0]?.textContent ?? node.getAttribute('aria-label') ?? node.textContent;
            return { id: node.id, name: label.trim().replace(/\s+/gu, ' '), tag: node.tagName };
        }).catch(() => null);
        if (found) {
            return found;
        }
    }
    return { id: '', name: '', tag: '' };
}

/* Presses Tab until something with this name is reached. */
async function tabTo(page, name, most = 40) {
    for (let turn = 0; turn < most; turn += 1) {
        await page.keyboard.press('Tab');
        const here = await focused(page);
        if (name.test(here.name)) {
            return here;
        }
    }
    return assert.fail(`Tab never reached ${name}`);
}

async function outlineVisible(page) {
    return page.evaluate(() => {
        const node = document.activeElement;
        const card = node.closest('.choice') ?? node;
        return [node, card].some((each) => {
            const style = getComputedStyle(each);
            return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
        });
    });
}

export default {
    async 'a package is bought with the keyboard alone'({ visit }) {
        const { page } = await visit();
        await page.goto(shop.URL_OF('/buy'));
        await page.getByRole('button', { name: 'Sign in to continue' }).waitFor();
        await page.keyboard.press('Tab');
        assert.equal((await focused(page)).name, 'Skip to the content');
        await page.keyboard.press('Enter');
        await tabTo(page, /^Professional/);
        assert.ok(await outlineVisible(page), 'the focused package shows no outline');
        await page.keyboard.press('ArrowUp');
        assert.equal(await page.getByRole('radio', { name: /Starter/ }).isChecked(), true);
        assert.equal(await page.locator('#sum-total').textContent(), '$9.99');
        await tabTo(page, /^Number of tokens/);
        assert.equal(await page.getByRole('radio', { name: /Starter/ }).isChecked(), true);
        await tabTo(page, /^Sign in to continue/);
        assert.ok(await outlineVisible(page), 'the focused button shows no outline');
        await page.keyboard.press('Enter');

        await page.getByLabel('E-mail address').waitFor();
        assert.equal((await focused(page)).id, 'email');
        await page.keyboard.type(shop.freshEmail('keys'));
        await page.keyboard.press('Enter');

        await shop.paymentReady(page);
        assert.equal((await focused(page)).id, 'pay-title');
        await tabTo(page, /^Card number/);
        await page.keyboard.type('4000000000003220');
        await page.keyboard.press('Tab');
        await page.keyboard.type('1234');
        await page.keyboard.press('Tab');
        await page.keyboard.type('123');
        await tabTo(page, /^ZIP code/);
        await page.keyboard.type('12345');
        await tabTo(page, /^Pay \$9\.99/);
        await page.keyboard.press('Enter');

        await until('the bank asks', async () => (await focused(page)).id === 'complete');
        await page.keyboard.press('Enter');
        await shop.expectResult(page, '10 tokens added');
        assert.equal((await focused(page)).id, 'result-title');
    },
    async 'Enter in a card field pays'({ visit }) {
        const { page } = await visit();
        await shop.openShop(page);
        await shop.goToPayment(page);
        await shop.fillCard(page, '4242424242424242');
        await page.keyboard.press('Enter');
        await shop.expectResult(page, '50 tokens added');
    },
    async 'a number is chosen by typing into its field'({ visit }) {
        const { page } = await visit();
        await page.goto(shop.URL_OF('/buy'));
        await page.getByRole('button', { name: 'Sign in to continue' }).waitFor();
        await tabTo(page, /^Number of tokens/);
        await page.keyboard.type('1,000');
        assert.equal(await page.locator('#choice-custom').isChecked(), true);
        assert.equal(await page.locator('#sum-tokens').textContent(), '1,000');
    },
    async 'payment methods are turned with the arrow keys'({ visit }) {
        const { page } = await visit();
        await shop.openShop(page);
        await shop.goToPayment(page);
        await tabTo(page, /^Card$/);
        await page.keyboard.press('ArrowRight');
        const second = await focused(page);
        assert.notEqual(second.name, 'Card');
        await page.keyboard.press('ArrowLeft');
        assert.equal((await focused(page)).name, 'Card');
    },
};
