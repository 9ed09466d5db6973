/*
 * Saved payment methods in the Payment Element: shown, chosen, removed, and
 * saved with a checkbox, as the features of the customer session allow.
 */

import { assert, until } from './lib/check.mjs';
import * as shop from './lib/shop.mjs';
import { stripe } from './lib/stack.mjs';
import * as standin from './lib/standin.mjs';

const FEATURES = {
    payment_method_redisplay: 'enabled', payment_method_remove: 'enabled', payment_method_save: 'enabled',
    payment_method_save_usage: 'off_session',
};

/* A customer with these cards, and a session of his with these features. */
async function withCards(names, features = FEATURES) {
    const { id: customer } = await standin.customer();
    const cards = [];
    for (const name of names) {
        const { id } = await stripe('POST', `/v1/payment_methods/${name}/attach`, { customer });
        await stripe('POST', `/v1/payment_methods/${id}`, { allow_redisplay: 'always' });
        cards.push(id);
    }
    const form = { customer, 'components[payment_element][enabled]': 'true' };
    for (const [name, value] of Object.entries(features)) {
        form[`components[payment_element][features][${name}]`] = value;
    }
    const { client_secret: session } = await stripe('POST', '/v1/customer_sessions', form);
    return { customer, cards, session };
}

async function mounted(visit, intent, session, options) {
    const visitor = await visit(options);
    await standin.open(visitor.page);
    await standin.mount(visitor.page, { clientSecret: intent.client_secret, customerSessionClientSecret: session });
    return visitor;
}

function cardsOf(customer) {
    return stripe('GET', `/v1/customers/${customer}/payment_methods`).then(({ data }) => data);
}

const HERE = { redirect: 'if_required' };

export default {
    async 'a saved card is chosen already, and pays'({ visit }) {
        const { customer, cards, session } = await withCards(['pm_card_visa', 'pm_card_mastercard']);
        const visitor = await mounted(visit, await standin.paymentIntent({ customer }), session);
        const { page } = visitor;
        const frame = shop.cardFrame(page);
        await visitor.picture('saved-methods');
        assert.equal(await frame.getByRole('radio', { name: /Mastercard •••• 4444/ }).isChecked(), true);
        assert.equal(await frame.getByLabel('Card number').isVisible(), false);
        const change = await standin.lastChange(page);
        assert.deepEqual([change.complete, change.value.type, change.value.payment_method.id], [true, 'card', cards[1]]);
        await frame.getByRole('radio', { name: /Visa •••• 4242/ }).check();
        await until('the choice', async () => (await standin.lastChange(page)).value.payment_method.id === cards[0]);
        assert.deepEqual(await page.evaluate(() => window.own.elements.submit()), { selectedPaymentMethod: 'card' });
        const { paymentIntent } = await standin.call(page, 'confirmPayment', HERE);
        assert.deepEqual([paymentIntent.status, paymentIntent.payment_method], ['succeeded', cards[0]]);
    },
    async 'another card is saved when the box is ticked, and only then'({ visit }) {
        for (const tick of [true, false]) {
            const { customer, session } = await withCards(['pm_card_visa']);
            const intent = await standin.paymentIntent({ customer });
            const { page } = await mounted(visit, intent, session);
            const frame = shop.cardFrame(page);
            await frame.getByRole('radio', { name: 'Another way to pay' }).check();
            await shop.fillCard(page, '5555555555554444');
            const box = frame.getByRole('checkbox', { name: 'Save payment details for future purchases' });
            if (tick) {
                await box.check();
                await frame.getByText('you allow this shop to charge it').waitFor();
            }
            await until('the change', async () => (await standin.lastChange(page)).value.savePaymentMethod === tick);
            const { paymentIntent } = await standin.call(page, 'confirmPayment', HERE);
            assert.equal(paymentIntent.status, 'succeeded');
            const kept = (await cardsOf(customer)).filter(({ card }) => card.last4 === '4444');
            assert.deepEqual(kept.map(({ allow_redisplay: shown }) => shown), tick ? ['always'] : []);
            const { setup_future_usage: usage } = await stripe('GET', `/v1/payment_intents/${intent.id}`);
            assert.equal(usage, tick ? 'off_session' : null);
        }
    },
    async 'a saved card is removed after one more question'({ visit }) {
        const { customer, cards, session } = await withCards(['pm_card_visa', 'pm_card_mastercard']);
        const { page } = await mounted(visit, await standin.paymentIntent({ customer }), session);
        const frame = shop.cardFrame(page);
        await frame.getByRole('button', { name: 'Remove Mastercard •••• 4444' }).click();
        assert.equal((await cardsOf(customer)).length, 2);
        await frame.getByRole('button', { name: 'Really remove Mastercard •••• 4444?' }).click();
        await until('the event', async () => (await standin.events(page, 'savedpaymentmethodremove')).length === 1);
        const [event] = await standin.events(page, 'savedpaymentmethodremove');
        assert.deepEqual([event.success, event.payment_method.id, event.payment_method.type], [true, cards[1], 'card']);
        assert.deepEqual((await cardsOf(customer)).map(({ id }) => id), [cards[0]]);
        assert.equal(await frame.getByRole('radio', { name: /Visa •••• 4242/ }).isChecked(), true);
        await frame.getByRole('button', { name: 'Remove Visa •••• 4242' }).click();
        await frame.getByRole('button', { name: 'Really remove Visa •••• 4242?' }).click();
        await frame.getByLabel('Card number').waitFor();
        assert.equal(await frame.locator('#saved').isVisible(), false);
        assert.equal((await standin.lastChange(page)).complete, false);
    },
    async 'a session without features shows and offers nothing'({ visit }) {
        const { customer, session } = await withCards(['pm_card_visa'], {});
        const { page } = await mounted(visit, await standin.paymentIntent({ customer }), session);
        const frame = shop.cardFrame(page);
        await frame.getByLabel('Card number').waitFor();
        assert.equal(await frame.locator('#saved').isVisible(), false);
        assert.equal(await frame.locator('#save').isVisible(), false);
        await shop.fillCard(page, '4242424242424242');
        assert.equal((await standin.call(page, 'confirmPayment', HERE)).paymentIntent.status, 'succeeded');
    },
    async 'redisplay without removal has no button for it'({ visit }) {
        const { customer, session } = await withCards(['pm_card_visa'], { payment_method_redisplay: 'enabled' });
        const { page } = await mounted(visit, await standin.paymentIntent({ customer }), session);
        await shop.cardFrame(page).getByRole('radio', { name: /Visa •••• 4242/ }).waitFor();
        assert.equal(await shop.cardFrame(page).getByRole('button', { name: /Remove/ }).count(), 0);
    },
    async 'a session that is no good is a loaderror'({ visit }) {
        const { session } = await withCards(['pm_card_visa']);
        const { id: other } = await standin.customer();
        const { page } = await mounted(visit, await standin.paymentIntent({ customer: other }), session);
        const [{ error }] = await standin.events(page, 'loaderror');
        assert.deepEqual([error.type, error.param], ['invalid_request_error', 'customer_session_client_secret']);
    },
    async 'a saved card is chosen with the keyboard'({ visit }) {
        const { customer, session } = await withCards(['pm_card_visa', 'pm_card_mastercard']);
        const { page } = await mounted(visit, await standin.paymentIntent({ customer }), session);
        const frame = shop.cardFrame(page);
        await frame.getByRole('radio', { name: /Mastercard/ }).focus();
        await page.keyboard.press('ArrowDown');
        assert.equal(await frame.getByRole('radio', { name: /Visa/ }).isChecked(), true);
        await page.keyboard.press('ArrowDown');
        await frame.getByLabel('Card number').waitFor();
    },
};
