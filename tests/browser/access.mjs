/*
 * axe's rules over every page and every state, in light and in dark, frames
 * of the stand-ins included.
 */

import fs from 'node:fs';

import { PHONE } from './lib/browser.mjs';
import { assert } from './lib/check.mjs';
import * as shop from './lib/shop.mjs';
import * as standin from './lib/standin.mjs';
import { control, keys, npm, stripe } from './lib/stack.mjs';

const AXE = fs.readFileSync(npm.resolve('axe-core/axe.min.js'), 'utf8');

/* Complaints about what is shown now. Each frame is judged by itself, since a
 * page cannot look into a frame of another origin. */
async function complaints(page, only = /./) {
    const found = [];
    for (const frame of page.frames().filter((each) => only.test(each.url()))) {
        if (frame !== page.mainFrame() && !/payment\.html|challenge\.html|sign-in\.html/.test(frame.url())) {
            continue;
        }
        await frame.evaluate(AXE);
        if (/payment\.html/.test(frame.url())) {
            /* It is transparent: lend it what is behind it. */
            const behind = await page.locator('#pay, #own').first().evaluate((node) => getComputedStyle(node).backgroundColor);
            await frame.evaluate((color) => {
                document.body.style.background = color;
            }, behind);
        }
        const rules = frame === page.mainFrame() ? {} : {
            /* Rules for whole pages say nothing about a part of one. */
            'landmark-one-main': { enabled: false }, 'page-has-heading-one': { enabled: false },
            region: { enabled: false },
        };
        const { violations } = await frame.evaluate((options) => window.axe.run(document, options), {
            rules, iframes: false, resultTypes: ['violations'],
        });
        found.push(...violations.map(({ id, nodes }) =>
            `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(' | ')}`));
    }
    return found;
}

async function walk(visitor) {
    const { page } = visitor;
    const judge = async (what) => assert.deepEqual(await complaints(page), [], what);
    await page.goto(shop.URL_OF('/'));
    await page.locator('#packages article').first().waitFor();
    await judge('front page');
    await page.goto(shop.URL_OF('/account'));
    await page.getByText('Sign in to see your tokens.').waitFor();
    await judge('account, signed out');
    await page.goto(shop.URL_OF('/buy'));
    await page.getByRole('button', { name: 'Sign in to continue' }).waitFor();
    await page.getByText('Test cards').click();
    await judge('choosing, signed out, test cards open');
    await page.getByRole('button', { name: 'Sign in to continue' }).click();
    await page.getByLabel('E-mail address').waitFor();
    await judge('sign-in');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Please enter an e-mail address').waitFor();
    await judge('sign-in with an error');
    await shop.signInHere(page, shop.freshEmail('axe'));
    await shop.paymentReady(page);
    await shop.cardFrame(page).getByText('Fill in a test card').click();
    await judge('paying');
    await shop.pay(page);
    await shop.cardFrame(page).getByText('Your card number is incomplete.').waitFor();
    await judge('paying with an incomplete card');
    await shop.fillCard(page, '4000000000009995');
    await shop.pay(page);
    await page.locator('#pay-error:not([hidden])').waitFor();
    await judge('declined');
    await page.getByRole('button', { name: 'Change the order' }).click();
    await page.getByLabel('Number of tokens').fill('0');
    await page.getByRole('button', { name: 'Continue to payment' }).click();
    await page.locator('#tokens-error', { hasText: 'whole number' }).waitFor();
    await judge('a wrong number');
    await shop.choosePackage(page, /Professional/);
    await shop.goToPayment(page);
    await shop.fillCard(page, '4000000000003220');
    await shop.pay(page);
    await page.frameLocator('iframe[title="The simulated bank asks for a confirmation"]')
        .getByText('Is this payment yours?').waitFor();
    await judge('challenge');
    await shop.answerChallenge(page, 'Complete');
    await shop.expectResult(page, '50 tokens added');
    await judge('done');
    await shop.balance(page);
    await judge('account');
}

/* The local Stripe's own pages, with something on each. */
async function walkDesk(visitor) {
    const { page } = visitor;
    const { STRIPE_API_BASE: base } = keys();
    const judge = async (what) => {
        assert.deepEqual(await complaints(page), [], what);
        const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(wider <= 0, `${what} is ${wider} px wider than the window`);
    };
    const { id: customer } = await stripe('POST', '/v1/customers', { name: 'Ada', email: 'ada@example.com' });
    const { id: intent } = await stripe('POST', '/v1/payment_intents', { amount: 3999, currency: 'usd', customer });
    await page.goto(base);
    await page.locator('#payments li').first().waitFor();
    await judge('desk');
    await visitor.picture(`desk-${page.viewportSize().width}`);
    await control('outage', { mode: '500', path: '/v1/nothing' });
    await page.locator('.lies').waitFor();
    await judge('desk while it lies');
    await control('outage', { mode: 'off' });
    await page.goto(`${base}/objects/${intent}`);
    await judge('an object');
    await visitor.picture(`object-${page.viewportSize().width}`);
    await page.goto(`${base}/objects?kind=event`);
    await judge('a list');
}

export default {
    async 'no accessibility rule is broken in light mode'({ visit }) {
        await walk(await visit({ colorScheme: 'light', bypassCSP: true }));
    },
    async 'no accessibility rule is broken in dark mode on a phone'({ visit }) {
        await walk(await visit({ colorScheme: 'dark', viewport: PHONE, bypassCSP: true }));
    },
    async 'no accessibility rule is broken by the local Stripe in light mode'({ visit }) {
        await walkDesk(await visit({ colorScheme: 'light', bypassCSP: true }));
    },
    async 'no accessibility rule is broken by the local Stripe in dark mode on a phone'({ visit }) {
        await walkDesk(await visit({ colorScheme: 'dark', viewport: PHONE, bypassCSP: true }));
    },
    async 'no accessibility rule is broken by saved methods, an accordion and errors'({ visit }) {
        const { page } = await visit({ bypassCSP: true });
        const { id: customer } = await standin.customer();
        for (const name of ['pm_card_visa', 'pm_card_amex']) {
            await stripe('POST', `/v1/payment_methods/${name}/attach`, { customer });
        }
        const features = 'components[payment_element][features]';
        const { client_secret: session } = await stripe('POST', '/v1/customer_sessions', {
            customer,
            'components[payment_element][enabled]': 'true',
            [`${features}[payment_method_redisplay]`]: 'enabled',
            [`${features}[payment_method_remove]`]: 'enabled',
            [`${features}[payment_method_save]`]: 'enabled',
            [`${features}[payment_method_allow_redisplay_filters][0]`]: 'unspecified',
        });
        const { client_secret: secret } = await standin.paymentIntent({ customer });
        await standin.open(page);
        await standin.mount(page, { clientSecret: secret, customerSessionClientSecret: session }, { layout: 'accordion' });
        const frame = shop.cardFrame(page);
        await frame.getByRole('radio', { name: /American Express/ }).waitFor();
        assert.deepEqual(await complaints(page, /payment\.html/), [], 'saved methods');
        await frame.getByRole('radio', { name: 'Another way to pay' }).check();
        await page.evaluate(() => window.own.elements.submit());
        await frame.getByText('Your card number is incomplete.').waitFor();
        assert.deepEqual(await complaints(page, /payment\.html/), [], 'an accordion with errors');
    },
    async 'every page has one title, one heading and a language of its own'({ visit }) {
        const { page } = await visit();
        const titles = new Set();
        for (const path of ['/', '/buy', '/account']) {
            await page.goto(shop.URL_OF(path));
            titles.add(await page.title());
            assert.equal(await page.locator('h1').count(), 1);
            assert.equal(await page.locator('html').getAttribute('lang'), 'en');
        }
        assert.equal(titles.size, 3);
    },
};
