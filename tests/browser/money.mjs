/*
 * The page's arithmetic, without a page: the price that it shows for any
 * number of tokens must be the one that the server charges.
 */

import fs from 'node:fs';

import { assert } from './lib/check.mjs';

/* By its text: a .js file without a package.json around it is no module to
 * every node. */
const SOURCE = fs.readFileSync(new URL('../../www/js/money.js', import.meta.url));
const {
    customPrice, exponentOf, formatMoney, rateOf, savingPercent,
} = await import(`data:text/javascript;base64,${SOURCE.toString('base64')}`);

const PACKAGES = [
    { tokens: 150, amount: 9999 }, { tokens: 10, amount: 999 }, { tokens: 50, amount: 3999 },
];

export default {
    async 'custom price is tokens times the package price, rounded half up'() {
        const prices = [
            [1n, 100n], /* 99.9 */
            [5n, 500n], /* 499.5, half up */
            [9n, 899n], /* 899.1 */
            [10n, 999n],
            [11n, 1099n], /* 1098.9 */
            [50n, 3999n],
            [51n, 4079n], /* 4078.98 */
            [150n, 9999n],
            [151n, 10066n], /* 10065.66 */
            [10_000n, 666_600n],
        ];
        for (const [tokens, price] of prices) {
            assert.equal(customPrice(tokens, PACKAGES), price, `${tokens} tokens`);
        }
    },
    async 'custom price is never above the next larger package'() {
        assert.equal(customPrice(40n, PACKAGES), 3996n);
        assert.equal(customPrice(41n, PACKAGES), 3999n);
        assert.equal(customPrice(49n, PACKAGES), 3999n);
        assert.equal(customPrice(149n, PACKAGES), 9999n);
    },
    async 'custom price is exact beyond what a float holds'() {
        const huge = [{ tokens: 3, amount: 9_007_199_254_740_991 }];
        assert.equal(customPrice(9n, huge), 27_021_597_764_222_973n);
    },
    async 'R24 amounts are shown with the digits of their currency'() {
        assert.equal(exponentOf({ amount_display: '39.99' }), 2);
        assert.equal(exponentOf({ amount_display: '500' }), 0);
        assert.match(formatMoney(3999, 'usd', 2), /39.99/);
        assert.match(formatMoney(500, 'jpy', 0), /500$/);
        assert.match(formatMoney(5, 'usd', 2), /0.05/);
        assert.match(formatMoney(12_345, 'kwd', 3), /12.345/);
    },
    async 'R12 price per token is cut to three decimals and derived'() {
        assert.equal(rateOf(3999n, 50, 2), '0.799');
        assert.equal(rateOf(9999n, 150, 2), '0.666');
        assert.equal(rateOf(500n, 10, 0), '50.000');
    },
    async 'saving is rounded down and absent for the smallest package'() {
        const [large, small, middle] = PACKAGES;
        assert.equal(savingPercent(small, PACKAGES), 0);
        assert.equal(savingPercent(middle, PACKAGES), 19);
        assert.equal(savingPercent(large, PACKAGES), 33);
    },
};
