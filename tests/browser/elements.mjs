/*
 * The Payment Element of the stand-in: its fields, its ways to pay, its
 * events, its options.
 */

import { assert, until } from './lib/check.mjs';
import * as shop from './lib/shop.mjs';
import { control, stripe } from './lib/stack.mjs';
import * as standin from './lib/standin.mjs';

const PROMISE = { mode: 'payment', amount: 3999, currency: 'usd' };

async function withElement(visit, group, element, options) {
    const { page } = await visit(options);
    await standin.open(page);
    await standin.mount(page, group ?? PROMISE, element);
    return page;
}

function submit(page) {
    return page.evaluate(() => window.own.elements.submit());
}

/* The names on the tabs or the parts of the accordion. */
async function ways(page) {
    const all = await shop.cardFrame(page).locator('#ways > button').allTextContents();
    return all.map((text) => text.trim());
}

/* Waits for a change event like this and answers it. */
function changeTo(page, like) {
    return until('the change event', async () => {
        const last = await standin.lastChange(page);
        return last && like(last) ? last : null;
    });
}

/* The computed style of a part in the element's frame. */
function styleOf(page, selector, property) {
    return shop.cardFrame(page).locator(selector).evaluate(
        (node, name) => getComputedStyle(node).getPropertyValue(name), property);
}

export default {
    async 'its events have the members that the types promise'({ visit }) {
        const page = await withElement(visit);
        const frame = shop.cardFrame(page);
        assert.deepEqual(await standin.events(page, 'ready'), [{ elementType: 'payment' }]);
        assert.deepEqual(await standin.events(page, 'loaderstart'), [{ elementType: 'payment' }]);
        const [{ paymentMethods }] = await standin.events(page, 'availablepaymentmethodschange');
        assert.deepEqual(paymentMethods.card, { available: true });
        assert.deepEqual(await standin.lastChange(page), {
            elementType: 'payment', empty: true, complete: false, collapsed: false,
            value: { type: 'card', billingDetails: { address: { country: 'US', postalCode: null } } },
        });
        await frame.getByLabel('Card number').fill('5555555555554444');
        await until('the brand', async () => (await standin.events(page, 'carddetailschange')).at(-1)?.details.brands);
        assert.deepEqual((await standin.events(page, 'carddetailschange')).at(-1), {
            elementType: 'payment', loading: false, details: { brands: ['mastercard'], funding: null },
        });
        await page.keyboard.press('Escape');
        await until('escape', async () => (await standin.events(page, 'escape')).length === 1);
        await shop.fillCard(page, '5555555555554444');
        const last = await changeTo(page, ({ complete }) => complete);
        assert.deepEqual([last.empty, last.value.billingDetails.address], [false, { country: 'US', postalCode: '12345' }]);
        await page.evaluate(() => window.own.payment.blur());
        await page.evaluate(() => window.own.payment.focus());
        await until('focus', async () => (await standin.events(page, 'focus')).length > 0);
        assert.equal(await frame.locator(':focus').getAttribute('id'), 'number');
    },
    async 'handlers come and go'({ visit }) {
        const page = await withElement(visit);
        const counts = await page.evaluate(async () => {
            const { payment } = window.own;
            const seen = { always: 0, once: 0, removed: 0 };
            const removed = () => {
                seen.removed += 1;
            };
            payment.on('change', () => {
                seen.always += 1;
            });
            payment.once('change', () => {
                seen.once += 1;
            });
            payment.on('change', removed).off('change', removed);
            for (const name of ['Ada', 'Bob']) {
                payment.update({ defaultValues: { billingDetails: { address: { postal_code: name === 'Ada' ? '1' : '12' } } } });
                await new Promise((resolve) => {
                    payment.once('change', resolve);
                    payment.clear();
                    payment.update({});
                });
            }
            return seen;
        });
        assert.equal(counts.once, 1);
        assert.equal(counts.removed, 0);
        assert.ok(counts.always > 1);
    },
    async 'a card field says what is wrong with it, where a reader hears it'({ visit }) {
        const page = await withElement(visit);
        const frame = shop.cardFrame(page);
        const year = new Date().getFullYear() % 100;
        const good = { number: '4242424242424242', expiry: '12 / 34', cvc: '123', postal: '12345' };
        const labels = {
            number: 'Card number', expiry: 'Expiration date', cvc: 'Security code', postal: 'ZIP code',
        };
        for (const [field, text, code, more = {}] of [
            ['number', '4242', 'incomplete_number'],
            ['number', '4242424242424241', 'invalid_number'],
            ['number', '378282246310006', 'invalid_number'],
            ['expiry', '1', 'incomplete_expiry'],
            ['expiry', '13 / 34', 'invalid_expiry_month'],
            ['expiry', `12 / ${year - 1}`, 'invalid_expiry_year_past'],
            ['cvc', '12', 'incomplete_cvc'],
            ['cvc', '123', 'incomplete_cvc', { number: '378282246310005' }],
            ['postal', '123', 'incomplete_zip'],
            ['postal', 'ABCDE', 'invalid_zip'],
        ]) {
            const values = { ...good, ...more, [field]: text };
            for (const [name, value] of Object.entries(values)) {
                await frame.getByLabel(labels[name]).fill(value);
            }
            const { error } = await submit(page);
            assert.deepEqual([error?.type, error?.code], ['validation_error', code], `${field} ${text}`);
            const input = frame.getByLabel(labels[field]);
            assert.equal(await input.getAttribute('aria-invalid'), 'true', text);
            const told = await frame.locator(`#${await input.getAttribute('aria-describedby')}`).textContent();
            assert.equal(told, error.message);
            assert.equal(await frame.locator(':focus').getAttribute('id'), field);
        }
        for (const [number, cvc] of [
            ['4242424242424242', '123'], ['378282246310005', '1234'], ['3056930009020004', '123'],
            ['6200000000000005', '123'], ['3566002020360505', '123'],
        ]) {
            await shop.fillCard(page, number, { cvc });
            assert.deepEqual(await submit(page), { selectedPaymentMethod: 'card' }, number);
        }
        assert.equal(await frame.locator('[aria-invalid]').count(), 0);
    },
    async 'the month that has just ended is past'({ visit }) {
        const page = await withElement(visit);
        const now = new Date();
        const last = new Date(now.getFullYear(), now.getMonth() - 1, 1);
        const text = (date) => `${String(date.getMonth() + 1).padStart(2, '0')} / ${String(date.getFullYear()).slice(-2)}`;
        await shop.fillCard(page, '4242424242424242', { expiry: text(last) });
        assert.match((await submit(page)).error.code, /^invalid_expiry_(month|year)_past$/);
        await shop.fillCard(page, '4242424242424242', { expiry: text(now) });
        assert.deepEqual(await submit(page), { selectedPaymentMethod: 'card' });
    },
    async 'the postal code is asked for where banks compare it'({ visit }) {
        const page = await withElement(visit);
        const frame = shop.cardFrame(page);
        await frame.getByLabel('Country').selectOption('DE');
        assert.equal(await frame.locator('#postal').isVisible(), false);
        await frame.getByLabel('Country').selectOption('CA');
        await frame.getByLabel('Postal code').fill('K1A 0B1');
        assert.equal((await changeTo(page, ({ value }) => value.billingDetails.address.postalCode === 'K1A 0B1'))
            .value.billingDetails.address.country, 'CA');
        await page.evaluate(() => window.own.payment.update({ fields: { billingDetails: { address: 'never' } } }));
        await frame.locator('#address').waitFor({ state: 'hidden' });
    },
    async 'a test card is filled in with one click'({ visit }) {
        const page = await withElement(visit);
        const frame = shop.cardFrame(page);
        await frame.getByText('Fill in a test card').click();
        await frame.getByRole('button', { name: 'American Express' }).click();
        await changeTo(page, ({ complete }) => complete);
        assert.equal(await frame.getByLabel('Card number').inputValue(), '3782 822463 10005');
        assert.equal(await frame.getByLabel('Security code').inputValue(), '1234');
        assert.equal(await frame.getByRole('status').textContent(), 'The test card is filled in.');
    },
    async 'the ways to pay are those of the currency, and as the page asks'({ visit }) {
        const page = await withElement(visit);
        assert.deepEqual(await ways(page), ['Card', 'Bank account', 'Amazon Pay']);
        await page.evaluate(() => window.own.elements.update({ currency: 'eur' }));
        assert.deepEqual(await ways(page), ['Card', 'SEPA debit', 'iDEAL', 'Bancontact', 'Amazon Pay']);
        await page.evaluate(() => window.own.payment.update({ paymentMethodOrder: ['ideal', 'card'] }));
        await until('the new order', async () => (await ways(page))[0] === 'iDEAL');
        assert.deepEqual((await ways(page)).slice(0, 2), ['iDEAL', 'Card']);
        await page.evaluate(() => window.own.elements.update({
            allowedPaymentMethodTypes: ['card', 'bancontact'], excludedPaymentMethodTypes: ['bancontact'],
        }));
        assert.deepEqual(await ways(page), ['Card']);
        assert.equal(await shop.cardFrame(page).locator('#ways').isVisible(), false);
    },
    async 'update() is a promise, and says when it is done'({ visit }) {
        const page = await withElement(visit);
        const done = await page.evaluate(async () => {
            let ends = 0;
            window.own.elements.on('update-end', () => {
                ends += 1;
            });
            const promise = window.own.elements.update({ amount: 500 });
            return [promise instanceof Promise, await promise === undefined, ends];
        });
        assert.deepEqual(done, [true, true, 1]);
    },
    async 'tabs become an accordion, which can be collapsed'({ visit }) {
        const visitor = await visit();
        const { page } = visitor;
        await standin.open(page);
        await standin.mount(page, PROMISE, { layout: { type: 'accordion', defaultCollapsed: true } });
        const frame = shop.cardFrame(page);
        assert.equal(await frame.getByRole('tab').count(), 0);
        assert.equal((await standin.lastChange(page)).collapsed, true);
        assert.deepEqual((await submit(page)).error.code, 'incomplete_payment_method');
        const card = frame.getByRole('button', { name: 'Card', exact: true });
        assert.equal(await card.getAttribute('aria-expanded'), 'false');
        await card.click();
        assert.equal(await card.getAttribute('aria-expanded'), 'true');
        await shop.fillCard(page, '4242424242424242');
        await visitor.picture('accordion');
        assert.deepEqual(await submit(page), { selectedPaymentMethod: 'card' });
        await page.evaluate(() => window.own.payment.collapse());
        await changeTo(page, ({ collapsed }) => collapsed);
        assert.equal(await frame.getByLabel('Card number').isVisible(), false);
    },
    async 'the page dresses it, and can change its mind'({ visit }) {
        const page = await withElement(visit, {
            ...PROMISE,
            appearance: {
                theme: 'night', variables: { colorPrimary: 'rgb(1, 2, 3)', borderRadius: '13px', spacingUnit: '5px' },
                rules: { '.Label': { textTransform: 'uppercase' }, '.Nonsense': { color: 'red' }, '.Input:focus': { opacity: '0.9' } },
            },
        });
        assert.equal(await styleOf(page, '#number', 'border-top-left-radius'), '13px');
        assert.equal(await styleOf(page, 'label[for="number"]', 'text-transform'), 'uppercase');
        assert.equal(await styleOf(page, '#way-card', 'color'), 'rgb(1, 2, 3)');
        assert.equal(await styleOf(page, ':root', 'color-scheme'), 'dark');
        await page.evaluate(() => window.own.elements.update({ appearance: { theme: 'flat' } }));
        assert.equal(await styleOf(page, '#number', 'border-top-left-radius'), '4px');
        assert.equal(await styleOf(page, 'label[for="number"]', 'text-transform'), 'none');
        assert.equal(await styleOf(page, ':root', 'color-scheme'), 'light');
    },
    async 'its countries are named in the language of the page'({ visit }) {
        const { page } = await visit();
        await standin.open(page);
        await standin.mount(page, { ...PROMISE, locale: 'de' });
        const country = shop.cardFrame(page).locator('#country');
        assert.equal(await country.inputValue(), 'DE');
        assert.equal(await country.locator('option[value="AT"]').textContent(), 'Österreich');
        assert.equal(await shop.cardFrame(page).locator('#postal').isVisible(), false);
    },
    async 'what the page knows is filled in, and may be only to read'({ visit }) {
        const page = await withElement(visit, { ...PROMISE, currency: 'eur' }, {
            defaultValues: { billingDetails: { name: 'Ada Lovelace', address: { country: 'GB', postal_code: 'SW1A 1AA' } } },
            readOnly: true,
        });
        const frame = shop.cardFrame(page);
        assert.equal(await frame.getByLabel('Country').inputValue(), 'GB');
        assert.equal(await frame.getByLabel('Postal code').inputValue(), 'SW1A 1AA');
        assert.equal(await frame.getByLabel('Card number').isEditable(), false);
        await page.evaluate(() => window.own.payment.update({ readOnly: false }));
        await until('it can be typed into', () => frame.getByLabel('Card number').isEditable());
        await frame.getByRole('tab', { name: 'SEPA debit' }).click();
        assert.equal(await frame.getByLabel('Name of the holder').inputValue(), 'Ada Lovelace');
    },
    async 'an element can be unmounted, mounted again, and replaced'({ visit }) {
        const page = await withElement(visit);
        const seen = await page.evaluate(async () => {
            const { elements, payment } = window.own;
            const ready = () => new Promise((resolve) => {
                (elements.getElement('payment')).once('ready', resolve);
            });
            payment.unmount();
            const gone = document.querySelectorAll('#own iframe').length;
            const again = ready();
            payment.mount(document.getElementById('own'));
            await again;
            const same = elements.getElement('payment') === payment && elements.getElement(payment) === payment;
            payment.destroy();
            const none = elements.getElement('payment');
            const fresh = elements.create('payment');
            const anew = ready();
            fresh.mount('#own');
            await anew;
            return [gone, same, none, document.querySelectorAll('#own iframe').length];
        });
        assert.deepEqual(seen, [0, true, null, 1]);
    },
    async 'what is over is refused'({ visit }) {
        const { page } = await visit();
        await standin.open(page);
        const paid = await standin.paymentIntent({ 'automatic_payment_methods[enabled]': 'true' });
        await control('confirm', { payment_intent: paid.id });
        const kept = await standin.setupIntent();
        await stripe('POST', `/v1/setup_intents/${kept.id}/cancel`);
        for (const [intent, field] of [[paid, 'payment_intent'], [kept, 'setup_intent']]) {
            await standin.mount(page, { clientSecret: intent.client_secret });
            const [{ error }] = await standin.events(page, 'loaderror');
            assert.equal(error.type, 'invalid_request_error');
            assert.equal(error.code, `${field}_unexpected_state`);
            assert.equal(error[field].id, intent.id);
            assert.equal((await standin.events(page, 'ready')).length, 0);
        }
    },
    async 'a secret that opens nothing is a loaderror'({ visit }) {
        const { page } = await visit();
        await standin.open(page);
        const { client_secret: secret } = await standin.paymentIntent();
        await standin.mount(page, { clientSecret: `${secret.slice(0, -4)}XXXX` });
        const [{ error }] = await standin.events(page, 'loaderror');
        assert.equal(error.type, 'invalid_request_error');
        assert.equal(error.param, 'client_secret');
    },
    async 'fetchUpdates() sees what the server has changed'({ visit }) {
        const { page } = await visit();
        await standin.open(page);
        const made = await standin.paymentIntent();
        await standin.mount(page, { clientSecret: made.client_secret });
        assert.ok((await ways(page)).includes('Bank account'));
        await stripe('POST', `/v1/payment_intents/${made.id}`, { 'excluded_payment_method_types[0]': 'us_bank_account' });
        assert.deepEqual(await page.evaluate(() => window.own.elements.fetchUpdates()), {});
        assert.ok(!(await ways(page)).includes('Bank account'));
        await stripe('POST', `/v1/payment_intents/${made.id}/cancel`);
        const { error } = await page.evaluate(() => window.own.elements.fetchUpdates());
        assert.equal(error.status, 'payment_intent_unexpected_state');
    },
};
