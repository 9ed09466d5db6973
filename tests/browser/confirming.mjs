/*
 * Confirming payments and setups through the stand-in, and the errors that
 * come back.
 */

import { assert } from './lib/check.mjs';
import * as shop from './lib/shop.mjs';
import { control, stripe } from './lib/stack.mjs';
import * as standin from './lib/standin.mjs';

const HERE = { redirect: 'if_required' };
const back = (page) => new URL('/account?back=1', page.url()).href;

/* A page with an element for this intent, filled in with a card. */
async function filled(visit, intent, number = '4242424242424242') {
    const { page } = await visit();
    await standin.open(page);
    await standin.mount(page, { clientSecret: intent.client_secret });
    await shop.fillCard(page, number);
    return page;
}

/* A deferred element with this promise, confirmed for this intent. */
async function confirmPromise(visit, promise, intent, name = 'confirmPayment') {
    const { page } = await visit();
    await standin.open(page);
    await standin.mount(page, promise);
    await shop.fillCard(page, '4242424242424242');
    await page.evaluate(() => window.own.elements.submit());
    return standin.call(page, name, { ...HERE, clientSecret: intent.client_secret });
}

export default {
    async 'what the page adds goes along with what was typed'({ visit }) {
        const { id: customer } = await standin.customer();
        const intent = await standin.paymentIntent({ customer });
        const page = await filled(visit, intent);
        const { paymentIntent, error } = await standin.call(page, 'confirmPayment', {
            ...HERE,
            confirmParams: {
                receipt_email: 'ada@example.com', setup_future_usage: 'off_session',
                payment_method_data: {
                    billing_details: { name: 'Ada Lovelace', email: 'ada@example.com' }, metadata: { seen: 'here' },
                },
            },
        });
        assert.equal(error, undefined);
        assert.equal(paymentIntent.status, 'succeeded');
        assert.equal(paymentIntent.metadata, undefined, 'a browser sees public members only');
        const read = await stripe('GET', `/v1/payment_intents/${intent.id}`, { 'expand[0]': 'payment_method' });
        assert.deepEqual([read.receipt_email, read.setup_future_usage], ['ada@example.com', 'off_session']);
        const { billing_details: billing, metadata, customer: owner } = read.payment_method;
        assert.deepEqual([billing.name, billing.address.postal_code, billing.address.country, metadata, owner],
            ['Ada Lovelace', '12345', 'US', { seen: 'here' }, customer]);
    },
    async 'a saved method pays without an element'({ visit }) {
        const { id: customer } = await standin.customer();
        const { id: method } = await stripe('POST', '/v1/payment_methods/pm_card_visa/attach', { customer });
        const { page } = await visit();
        await standin.open(page);
        const first = await standin.paymentIntent({ customer });
        const { paymentIntent } = await standin.call(page, 'confirmPayment', {
            ...HERE, clientSecret: first.client_secret, confirmParams: { payment_method: method },
        }, false);
        assert.deepEqual([paymentIntent.status, paymentIntent.payment_method], ['succeeded', method]);
        const named = await standin.paymentIntent({ customer, payment_method: method });
        const again = await standin.call(page, 'confirmPayment', { ...HERE, clientSecret: named.client_secret }, false);
        assert.equal(again.paymentIntent.status, 'succeeded');
    },
    async 'a promise must be what the intent asks for'({ visit }) {
        const promise = { mode: 'payment', amount: 3999, currency: 'usd' };
        const intent = await standin.paymentIntent();
        for (const [wrong, word] of [
            [{ ...promise, amount: 4000 }, /^The amount of the PaymentIntent/],
            [{ ...promise, currency: 'eur' }, /^The currency of the PaymentIntent/],
            [{ ...promise, setupFutureUsage: 'off_session' }, /^The setup_future_usage of the PaymentIntent/],
            [{ mode: 'setup', currency: 'usd' }, /^The mode setup/],
        ]) {
            const { error } = await confirmPromise(visit, wrong, intent);
            assert.equal(error.type, 'invalid_request_error');
            assert.match(error.message, word);
            assert.equal(error.payment_intent.id, intent.id);
        }
        const kept = await standin.paymentIntent({ setup_future_usage: 'off_session' });
        const { paymentIntent } = await confirmPromise(visit, { ...promise, setupFutureUsage: 'off_session' }, kept);
        assert.equal(paymentIntent.status, 'succeeded');
    },
    async 'a promise that is brought up to date is kept'({ visit }) {
        const { page } = await visit();
        await standin.open(page);
        await standin.mount(page, { mode: 'payment', amount: 100, currency: 'usd' });
        await shop.fillCard(page, '4242424242424242');
        await page.evaluate(async () => {
            await window.own.elements.update({ amount: 3999 });
            await window.own.elements.submit();
        });
        const intent = await standin.paymentIntent();
        const { paymentIntent } = await standin.call(page, 'confirmPayment', { ...HERE, clientSecret: intent.client_secret });
        assert.equal(paymentIntent.status, 'succeeded');
    },
    async 'a setup keeps the card for its customer'({ visit }) {
        const { id: customer } = await standin.customer();
        const intent = await standin.setupIntent({ customer });
        const page = await filled(visit, intent);
        const { setupIntent, error } = await standin.call(page, 'confirmSetup', HERE);
        assert.equal(error, undefined);
        assert.equal(setupIntent.status, 'succeeded');
        const { data } = await stripe('GET', `/v1/customers/${customer}/payment_methods`);
        assert.deepEqual(data.map(({ id }) => id), [setupIntent.payment_method]);
        const read = await page.evaluate((secret) => window.own.stripe.retrieveSetupIntent(secret), intent.client_secret);
        assert.equal(read.setupIntent.status, 'succeeded');
    },
    async 'a promised setup is confirmed by a SetupIntent'({ visit }) {
        const intent = await standin.setupIntent();
        const { setupIntent } = await confirmPromise(visit, { mode: 'setup', currency: 'usd' }, intent, 'confirmSetup');
        assert.equal(setupIntent.status, 'succeeded');
    },
    async 'a setup may ask the buyer, who says yes or no'({ visit }) {
        for (const [answer, status] of [['Complete', 'succeeded'], ['Fail', 'requires_payment_method']]) {
            const page = await filled(visit, await standin.setupIntent(), '4000002500003155');
            const done = standin.call(page, 'confirmSetup', HERE);
            await page.frameLocator('iframe[title="The simulated bank asks for a confirmation"]')
                .getByText('Do you want to save this card?').waitFor();
            await shop.answerChallenge(page, answer);
            const { error, setupIntent } = await done;
            assert.equal((setupIntent ?? error.setup_intent).status, status);
            if (error) {
                assert.deepEqual([error.type, error.code, typeof error.message],
                    ['invalid_request_error', 'setup_intent_authentication_failure', 'string']);
            }
        }
    },
    async 'a declined setup has the members of Stripe’s error'({ visit }) {
        const page = await filled(visit, await standin.setupIntent(), '4000000000000002');
        const { error } = await standin.call(page, 'confirmSetup', HERE);
        assert.deepEqual([error.type, error.code, error.decline_code],
            ['card_error', 'card_declined', 'generic_decline']);
        assert.equal(error.setup_intent.status, 'requires_payment_method');
    },
    async 'redirect always leaves with the names of a setup'({ visit }) {
        const intent = await standin.setupIntent();
        const page = await filled(visit, intent);
        const returned = page.waitForURL(/setup_intent=seti_/);
        await page.evaluate((url) => {
            window.own.stripe.confirmSetup({ elements: window.own.elements, confirmParams: { return_url: url } });
        }, back(page));
        await returned;
        const query = new URL(page.url()).searchParams;
        assert.deepEqual(['back', 'setup_intent', 'setup_intent_client_secret', 'redirect_status'].map((n) => query.get(n)),
            ['1', intent.id, intent.client_secret, 'succeeded']);
    },
    async 'redirect always stays where it is when something is wrong'({ visit }) {
        const page = await filled(visit, await standin.paymentIntent(), '4000000000000069');
        const { error } = await standin.call(page, 'confirmPayment', { confirmParams: { return_url: back(page) } });
        assert.deepEqual([error.type, error.code, error.param], ['card_error', 'expired_card', 'exp_month']);
        assert.ok(!page.url().includes('back=1'));
    },
    async 'a payment that takes days comes back as pending'({ visit }) {
        const { page } = await visit();
        await standin.open(page);
        await standin.mount(page, { clientSecret: (await standin.paymentIntent()).client_secret });
        const frame = shop.cardFrame(page);
        await frame.getByRole('tab', { name: 'Bank account' }).click();
        await frame.getByRole('button', { name: 'A test account that pays' }).click();
        const returned = page.waitForURL(/redirect_status=pending/);
        await page.evaluate((url) => {
            window.own.stripe.confirmPayment({ elements: window.own.elements, confirmParams: { return_url: url } });
        }, back(page));
        await returned;
    },
    async 'a bank’s page is gone to, and comes back'({ visit }) {
        const { page } = await visit();
        await standin.open(page);
        await standin.mount(page, { clientSecret: (await standin.paymentIntent({ currency: 'eur' })).client_secret });
        await shop.cardFrame(page).getByRole('tab', { name: 'Bancontact' }).click();
        await page.evaluate((url) => {
            window.own.stripe.confirmPayment({
                elements: window.own.elements, redirect: 'if_required', confirmParams: { return_url: url },
            });
        }, back(page));
        await page.getByRole('button', { name: 'Authorize test payment' }).click();
        await page.waitForURL(/redirect_status=succeeded/);
    },
    async 'a known card is confirmed, and its question answered later'({ visit }) {
        const { page } = await visit();
        await standin.open(page);
        const intent = await standin.paymentIntent();
        const first = await page.evaluate((secret) => window.own.stripe.confirmCardPayment(
            secret, { payment_method: 'pm_card_threeDSecure2Required' }, { handleActions: false }), intent.client_secret);
        assert.equal(first.paymentIntent.status, 'requires_action');
        const done = standin.call(page, 'handleNextAction', { clientSecret: intent.client_secret }, false);
        await shop.answerChallenge(page, 'Complete');
        assert.equal((await done).paymentIntent.status, 'succeeded');
        const again = await standin.call(page, 'handleNextAction', { clientSecret: intent.client_secret }, false);
        assert.equal(again.error.code, 'payment_intent_unexpected_state');
        const setup = await standin.setupIntent();
        const kept = await page.evaluate((secret) => window.own.stripe.confirmCardSetup(
            secret, { payment_method: { card: { token: 'tok_visa' } } }), setup.client_secret);
        assert.equal(kept.setupIntent?.status, 'succeeded', JSON.stringify(kept));
    },
    async 'a payment method is made without paying'({ visit }) {
        const { page } = await visit();
        await standin.open(page);
        await standin.mount(page, { mode: 'payment', amount: 3999, currency: 'usd' });
        await shop.fillCard(page, '4242424242424242');
        await page.evaluate(() => window.own.elements.submit());
        const { paymentMethod } = await standin.call(page, 'createPaymentMethod', {
            params: { billing_details: { name: 'Ada' } },
        });
        assert.deepEqual([paymentMethod.card.last4, paymentMethod.billing_details.name], ['4242', 'Ada']);
        const other = await standin.call(page, 'createPaymentMethod', { type: 'card', card: { token: 'tok_visa' } }, false);
        assert.equal(other.paymentMethod.card.brand, 'visa');
        const wrong = await standin.call(page, 'createPaymentMethod', { type: 'nonsense' }, false);
        assert.deepEqual([wrong.error.type, wrong.error.param], ['invalid_request_error', 'type']);
    },
    async 'an answer that does not come is an error of its own type'({ visit, expect }) {
        expect(/ERR_CONNECTION_RESET/);
        const intent = await standin.paymentIntent();
        const page = await filled(visit, intent);
        for (const [mode, type] of [
            ['reset', 'api_connection_error'], ['garbage', 'api_connection_error'], ['429', 'rate_limit_error'],
            ['500', 'api_error'],
        ]) {
            /* Not once: a browser tries again by itself after a reset. */
            await control('outage', { mode, path: `/v1/payment_intents/${intent.id}` });
            const { error } = await standin.call(page, 'confirmPayment', HERE);
            await control('outage', { mode: 'off' });
            assert.equal(error.type, type, mode);
            assert.equal(typeof error.message, 'string');
        }
        const { paymentIntent } = await standin.call(page, 'confirmPayment', HERE);
        assert.equal(paymentIntent.status, 'succeeded');
    },
};
