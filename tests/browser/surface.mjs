/*
 * Which members the stand-in for stripe.js has, and what it says to a page
 * that uses them wrongly.
 */

import { assert } from './lib/check.mjs';
import { keys } from './lib/stack.mjs';
import * as standin from './lib/standin.mjs';

const OFFERED = [
    'elements', 'confirmPayment', 'confirmSetup', 'confirmCardPayment', 'confirmCardSetup', 'handleNextAction',
    'handleCardAction', 'retrievePaymentIntent', 'retrieveSetupIntent', 'createPaymentMethod', 'registerAppInfo',
];
const REMOVED = ['handleCardPayment', 'confirmPaymentIntent', 'handleCardSetup', 'confirmSetupIntent', 'createSource'];
const ABSENT = ['createToken', 'paymentRequest', 'initCheckoutElementsSdk', 'confirmIdealPayment', 'verifyIdentity'];

/*
 * Runs each of these in the page and compares what was thrown with what is
 * expected of its message. A row: [what is done, pattern, arguments].
 */
async function expectThrown(page, rows) {
    const said = await page.evaluate(async (list) => {
        const { stripe, elements, payment } = window.own;
        const key = window.own.key ?? '';
        const did = {
            key: (given) => window.Stripe(given),
            option: (options) => window.Stripe(key, options),
            elements: (options) => stripe.elements(options),
            create: (type) => elements.create(type),
            on: (name, handler) => payment.on(name, handler),
            onGroup: (name) => elements.on(name, () => {}),
            mount: (place) => payment.mount(place),
            update: (options) => payment.update(options),
            updateGroup: (options) => elements.update(options),
            submit: () => elements.submit(),
            fetch: () => elements.fetchUpdates(),
            call: (name, ...words) => stripe[name](...words),
            confirm: (name, options) => stripe[name]({ elements, ...options }),
        };
        const answers = [];
        for (const [what, ...words] of list) {
            try {
                await did[what](...words);
                answers.push('nothing was thrown');
            } catch (error) {
                answers.push(`${error.name}: ${error.message}`);
            }
        }
        return answers;
    }, rows.map(([what, , ...words]) => [what, ...words]));
    for (const [at, [what, pattern, ...words]] of rows.entries()) {
        const name = `${what} ${JSON.stringify(words)}`;
        assert.match(said[at], /^IntegrationError: /, name);
        assert.match(said[at], pattern, name);
    }
}

export default {
    async 'its members are those of the release, and no older ones'({ visit }) {
        const { page } = await visit();
        await standin.open(page);
        const kinds = await page.evaluate((names) => names.map((name) => typeof window.own.stripe[name]),
            [...OFFERED, ...ABSENT, ...REMOVED]);
        assert.deepEqual(kinds, [
            ...OFFERED.map(() => 'function'), ...ABSENT.map(() => 'function'), ...REMOVED.map(() => 'undefined'),
        ]);
        await expectThrown(page, ABSENT.map((name) => ['call', new RegExp(`has no ${name}\\(\\)`), name]));
        assert.equal(await page.evaluate(() => window.Stripe.version), 'endive');
        assert.equal(await page.evaluate((key) => new window.Stripe(key).elements !== undefined,
            keys().STRIPE_PUBLISHABLE_KEY), true);
    },
    async 'Stripe() takes a publishable test key and nothing else'({ visit }) {
        const { page } = await visit();
        await standin.open(page);
        await page.evaluate((key) => {
            window.own.key = key;
        }, keys().STRIPE_PUBLISHABLE_KEY);
        await expectThrown(page, [
            ['key', /publishable key .* was expected/],
            ['key', /publishable key .* was expected/, ''],
            ['key', /publishable key .* was expected/, 5],
            ['key', /secret key, which must never be in a page/, 'sk_test_1234567890'],
            ['key', /secret key, which must never be in a page/, 'rk_test_1234567890'],
            ['key', /test keys only/, 'pk_live_1234567890'],
            ['key', /begins with pk_test_/, 'nonsense'],
            ['option', /apiVersion is no option/, { apiVersion: '2026-10-28.endive' }],
        ]);
    },
    async 'elements() says which option is wrong'({ visit }) {
        const { page } = await visit();
        await standin.open(page);
        const { client_secret: secret } = await standin.paymentIntent();
        const payment = { mode: 'payment', amount: 100, currency: 'usd' };
        await expectThrown(page, [
            ['elements', /either clientSecret or mode/],
            ['elements', /either clientSecret or mode/, {}],
            ['elements', /an object of options/, 'secret'],
            ['elements', /exclude each other/, { ...payment, clientSecret: secret }],
            ['elements', /this is none/, { clientSecret: 'pi_1' }],
            ['elements', /mode is one of payment, subscription, setup/, { ...payment, mode: 'gift' }],
            ['elements', /needs an amount/, { ...payment, amount: 1.5 }],
            ['elements', /needs an amount/, { ...payment, amount: 0 }],
            ['elements', /needs an amount/, { ...payment, amount: '100' }],
            ['elements', /needs an amount/, { mode: 'subscription', currency: 'usd' }],
            ['elements', /lower-case ISO code/, { ...payment, currency: 'USD' }],
            ['elements', /lower-case ISO code/, { mode: 'payment', amount: 100 }],
            ['elements', /takes no amount/, { mode: 'setup', amount: 100 }],
            ['elements', /setupFutureUsage is/, { ...payment, setupFutureUsage: 'sometimes' }],
            ['elements', /paymentMethodTypes is no option .* allowedPaymentMethodTypes/, {
                ...payment, paymentMethodTypes: ['card'],
            }],
            ['elements', /client_secret of a CustomerSession/, { ...payment, customerSessionClientSecret: 'x' }],
        ]);
    },
    async 'an element says what cannot be done with it'({ visit }) {
        const { page } = await visit();
        await standin.open(page);
        const { client_secret: secret } = await standin.paymentIntent();
        await standin.mount(page, { clientSecret: secret });
        await expectThrown(page, [
            ['create', /has a payment element already/, 'payment'],
            ['create', /no element of type card, only payment/, 'card'],
            ['on', /nonsense is not an event/, 'nonsense'],
            ['on', /a function was expected/, 'ready'],
            ['onGroup', /it has update-end/, 'change'],
            ['update', /an object of options/, 5],
            ['updateGroup', /client secret cannot be changed/, { clientSecret: secret }],
            ['mount', /there is no element #nowhere/, '#nowhere'],
        ]);
        await page.evaluate(() => window.own.payment.unmount());
        await expectThrown(page, [
            ['submit', /not mounted/],
            ['fetch', /not mounted/],
            ['confirm', /not mounted/, 'confirmPayment', { redirect: 'if_required' }],
        ]);
        await page.evaluate(() => window.own.payment.destroy());
        await expectThrown(page, [
            ['mount', /was destroyed/, 'main'],
            ['submit', /have no payment element/],
        ]);
    },
    async 'confirming says what is missing'({ visit }) {
        const { page } = await visit();
        await standin.open(page);
        const [pay, other, setup] = await Promise.all([
            standin.paymentIntent(), standin.paymentIntent(), standin.setupIntent()]);
        await standin.mount(page, { clientSecret: pay.client_secret });
        const here = { confirmParams: { return_url: 'https://shop.example/' } };
        await expectThrown(page, [
            ['call', /an object of options/, 'confirmPayment'],
            ['call', /client secret of a PaymentIntent was expected, and none was given/, 'confirmPayment', here],
            ['confirm', /return_url is required unless/, 'confirmPayment', {}],
            ['confirm', /return_url is an absolute address/, 'confirmPayment', { confirmParams: { return_url: '/back' } }],
            ['confirm', /redirect is always or if_required/, 'confirmPayment', { redirect: 'never' }],
            ['confirm', /of a SetupIntent was expected/, 'confirmSetup', here],
            ['confirm', /not the one that the elements were made with/, 'confirmPayment', {
                ...here, clientSecret: other.client_secret,
            }],
            ['call', /elements is what stripe.elements\(\) returned/, 'confirmPayment', { elements: {} }],
            ['call', /payment_method_data goes with elements/, 'confirmPayment', {
                clientSecret: other.client_secret,
                confirmParams: { ...here.confirmParams, payment_method_data: { type: 'card' } },
            }],
            ['call', /of a PaymentIntent was expected/, 'retrievePaymentIntent', setup.client_secret],
            ['call', /of a SetupIntent was expected/, 'retrieveSetupIntent', pay.client_secret],
            ['call', /of a PaymentIntent or a SetupIntent was expected/, 'handleNextAction', { clientSecret: 'x' }],
            ['call', /no card element/, 'confirmCardPayment', pay.client_secret, { payment_method: { card: {} } }],
            ['call', /an object was expected/, 'createPaymentMethod'],
        ]);
    },
    async 'a deferred group wants submit() and the secret'({ visit }) {
        const { page } = await visit();
        await standin.open(page);
        const { client_secret: secret } = await standin.paymentIntent();
        await standin.mount(page, { mode: 'payment', amount: 3999, currency: 'usd' });
        await expectThrown(page, [
            ['confirm', /give its clientSecret/, 'confirmPayment', { redirect: 'if_required' }],
            ['confirm', /await elements.submit\(\) first/, 'confirmPayment', {
                redirect: 'if_required', clientSecret: secret,
            }],
            ['confirm', /await elements.submit\(\) first/, 'createPaymentMethod', {}],
            ['updateGroup', /needs an amount/, { amount: -1 }],
        ]);
    },
};
