/*
 * The stand-ins for Stripe's and Clerk's scripts as such: calls that our own
 * pages do not make, but other pages that are tried with the sandbox will.
 */

import { assert } from './lib/check.mjs';
import * as shop from './lib/shop.mjs';

/* On /buy with both scripts loaded and an order made: its secret. */
async function withOrder(page) {
    await shop.openShop(page);
    const created = page.waitForResponse('**/create-payment-intent');
    await shop.goToPayment(page);
    return (await created).json();
}

/* Mounts an element of its own into the page; options as for elements(). */
function mount(page, key, options) {
    return page.evaluate(async ([pk, given]) => {
        const place = document.createElement('div');
        place.id = 'own';
        document.querySelector('main').replaceChildren(place);
        const stripe = window.Stripe(pk);
        const elements = stripe.elements(given);
        const element = elements.create('payment', { layout: 'tabs' });
        const events = [];
        for (const name of ['ready', 'change', 'loaderror', 'loaderstart', 'focus']) {
            element.on(name, (event) => events.push([name, event.error?.code ?? event.complete ?? null]));
        }
        window.own = { stripe, elements, element, events };
        await new Promise((resolve) => {
            element.once('ready', resolve);
            element.once('loaderror', resolve);
            element.mount('#own');
        });
        return events;
    }, [key, options]);
}

export default {
    async 'an element that promised an amount confirms an intent of that amount'({ visit }) {
        const { page } = await visit();
        const made = await withOrder(page);
        const events = await mount(page, made.publishable_key, {
            mode: 'payment', amount: made.amount, currency: made.currency,
        });
        assert.ok(events.some(([name]) => name === 'ready'));
        const early = await page.evaluate(() => window.own.elements.submit());
        assert.equal(early.error.code, 'incomplete_number');
        await shop.fillCard(page, '4242424242424242');
        const result = await page.evaluate(async (secret) => {
            const checked = await window.own.elements.submit();
            const { error, paymentIntent } = await window.own.stripe.confirmPayment({
                elements: window.own.elements, clientSecret: secret, redirect: 'if_required',
                confirmParams: { return_url: window.location.href },
            });
            return { checked, error, paymentIntent, events: window.own.events };
        }, made.client_secret);
        assert.equal(result.checked.selectedPaymentMethod, 'card');
        assert.equal(result.error, undefined);
        assert.equal(result.paymentIntent.status, 'succeeded');
        assert.ok(result.events.some(([name, complete]) => name === 'change' && complete === true));
    },
    async 'an element that promised another amount is refused'({ visit }) {
        const { page } = await visit();
        const made = await withOrder(page);
        await mount(page, made.publishable_key, { mode: 'payment', amount: 1, currency: made.currency });
        await shop.fillCard(page, '4242424242424242');
        await page.evaluate(() => window.own.elements.submit());
        const error = await page.evaluate(async (secret) => (await window.own.stripe.confirmPayment({
            elements: window.own.elements, clientSecret: secret, redirect: 'if_required',
        })).error, made.client_secret);
        assert.equal(error.type, 'invalid_request_error');
    },
    async 'a finished intent cannot be mounted, and can be retrieved'({ visit }) {
        const { page } = await visit();
        const made = await withOrder(page);
        await shop.fillCard(page, '4242424242424242');
        await shop.pay(page);
        await shop.expectResult(page, '50 tokens added');
        const events = await mount(page, made.publishable_key, { clientSecret: made.client_secret });
        assert.deepEqual(events.at(-1), ['loaderror', 'payment_intent_unexpected_state']);
        const [read, again] = await page.evaluate((secret) => Promise.all([
            window.own.stripe.retrievePaymentIntent(secret),
            window.own.stripe.handleNextAction({ clientSecret: secret }),
        ]), made.client_secret);
        assert.equal(read.paymentIntent.status, 'succeeded');
        assert.equal(again.error.code, 'payment_intent_unexpected_state');
    },
    async 'a decline has the members of Stripe’s error'({ visit }) {
        const { page } = await visit();
        const made = await withOrder(page);
        await mount(page, made.publishable_key, { clientSecret: made.client_secret });
        await shop.fillCard(page, '4000000000009995');
        const error = await page.evaluate(async () => (await window.own.stripe.confirmPayment({
            elements: window.own.elements, redirect: 'if_required',
        })).error);
        assert.equal(error.type, 'card_error');
        assert.equal(error.code, 'card_declined');
        assert.equal(error.decline_code, 'insufficient_funds');
        assert.equal(error.payment_intent.status, 'requires_payment_method');
        assert.equal(typeof error.message, 'string');
    },
    async 'redirect always leaves for the return address'({ visit }) {
        const { page } = await visit();
        const made = await withOrder(page);
        await mount(page, made.publishable_key, { clientSecret: made.client_secret });
        await shop.fillCard(page, '4242424242424242');
        const returned = page.waitForURL(/payment_intent=pi_/);
        await page.evaluate(() => {
            window.own.stripe.confirmPayment({
                elements: window.own.elements,
                confirmParams: { return_url: new URL('/account?back=1', window.location.href).href },
            });
        });
        await returned;
        const query = new URL(page.url()).searchParams;
        assert.equal(query.get('back'), '1');
        assert.equal(query.get('payment_intent'), made.payment_intent_id);
        assert.equal(query.get('payment_intent_client_secret'), made.client_secret);
        assert.equal(query.get('redirect_status'), 'succeeded');
    },
    async 'what a page does wrong is an IntegrationError'({ visit }) {
        const { page } = await visit();
        const made = await withOrder(page);
        const names = await page.evaluate((pk) => {
            const stripe = window.Stripe(pk);
            const wrong = [
                () => window.Stripe('sk_test_1'),
                () => window.Stripe('pk_live_1'),
                () => stripe.elements({}),
                () => stripe.elements({ mode: 'payment', amount: 1.5, currency: 'usd' }),
                () => stripe.elements({ mode: 'payment', amount: 100, currency: 'usd', paymentMethodTypes: ['card'] }),
                () => stripe.elements({ mode: 'setup' }).create('payment').mount('#nowhere'),
            ];
            return wrong.map((each) => {
                try {
                    each();
                    return 'no error';
                } catch (error) {
                    return error.name;
                }
            });
        }, made.publishable_key);
        assert.deepEqual(names, Array(6).fill('IntegrationError'));
    },
    async 'an element keeps what was typed, clears it, and goes'({ visit }) {
        const { page } = await visit();
        const made = await withOrder(page);
        await mount(page, made.publishable_key, { clientSecret: made.client_secret });
        await shop.fillCard(page, '4242424242424242');
        assert.equal(await shop.cardFrame(page).getByLabel('Card number').inputValue(), '4242 4242 4242 4242');
        await page.evaluate(() => window.own.element.clear());
        await page.waitForFunction(() => window.own.events.at(-1)[0] === 'change');
        assert.equal(await shop.cardFrame(page).getByLabel('Card number').inputValue(), '');
        assert.deepEqual(await page.evaluate(() => window.own.elements.fetchUpdates()), {});
        await page.evaluate(() => window.own.element.destroy());
        assert.equal(await page.locator('#own iframe').count(), 0);
        assert.equal(await page.evaluate(() => window.own.elements.getElement('payment')), null);
    },
    async 'the sign-in dialog signs in without leaving the page'({ visit }) {
        const visitor = await visit();
        const { page } = visitor;
        await page.goto(shop.URL_OF('/'));
        await page.getByRole('banner').getByRole('button', { name: 'Sign in' }).waitFor();
        const heard = page.evaluate(() => new Promise((resolve) => {
            window.Clerk.addListener(({ user }) => user && resolve(user.primaryEmailAddress.emailAddress));
            window.Clerk.openSignIn();
        }));
        const email = shop.freshEmail('dialog');
        const frame = page.frameLocator('iframe[title="Sign in"]');
        await frame.getByLabel('E-mail address').waitFor();
        await visitor.picture('sign-in-dialog', { fullPage: false });
        await frame.getByLabel('E-mail address').fill(email);
        await frame.getByRole('button', { name: 'Sign in' }).click();
        assert.equal(await heard, email);
        await page.locator('dialog').waitFor({ state: 'detached' });
        assert.equal(await page.evaluate(() => window.Clerk.isSignedIn), true);
    },
    async 'R81 the session cookie is kept fresh and goes when the session ends'({ visit }) {
        const { page, context } = await visit();
        await shop.openShop(page);
        const sessionCookies = async () => (await context.cookies(process.env.VANTAGE_URL))
            .filter(({ name, value }) => name.startsWith('__session') && value !== '');
        const names = (await sessionCookies()).map(({ name }) => name);
        assert.ok(names.includes('__session'));
        assert.ok(names.some((name) => /^__session_[\w-]{8}$/.test(name)));
        const token = await page.evaluate(() => window.Clerk.session.getToken({ skipCache: true }));
        assert.equal((await sessionCookies()).find(({ name }) => name === '__session').value, token);
        await page.getByRole('button', { name: 'Sign out' }).click();
        await page.waitForURL(shop.URL_OF('/'));
        await page.getByRole('banner').getByRole('button', { name: 'Sign in' }).waitFor();
        assert.deepEqual(await sessionCookies(), []);
        assert.equal(await page.evaluate(() => window.Clerk.isSignedIn), false);
    },
};
