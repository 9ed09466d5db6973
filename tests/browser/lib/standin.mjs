/*
 * The stand-in for stripe.js as such, on a page of the shop but without the
 * shop: intents are made by the API, elements by the test itself.
 */

import * as shop from './shop.mjs';
import { keys, stripe } from './stack.mjs';

/* A page with the script and nothing else of Stripe's. */
export async function open(page, path = '/account') {
    await page.goto(shop.URL_OF(path));
    await page.addScriptTag({ url: `${keys().STRIPE_API_BASE}/endive/stripe.js` });
    await page.evaluate((key) => {
        window.own = { stripe: window.Stripe(key) };
    }, keys().STRIPE_PUBLISHABLE_KEY);
}

export function paymentIntent(form = {}) {
    return stripe('POST', '/v1/payment_intents', { amount: 3999, currency: 'usd', ...form });
}

export function setupIntent(form = {}) {
    return stripe('POST', '/v1/setup_intents', { 'automatic_payment_methods[enabled]': 'true', ...form });
}

export function customer() {
    return stripe('POST', '/v1/customers', { email: shop.freshEmail('standin') });
}

/* Mounts an element of its own; what it told until it was ready, or not. */
export function mount(page, group, element = {}) {
    return page.evaluate(async ([groupOptions, elementOptions]) => {
        document.getElementById('own')?.remove();
        const place = document.createElement('div');
        place.id = 'own';
        /* Beside what the page itself is busy with. */
        document.body.prepend(place);
        const elements = window.own.stripe.elements(groupOptions);
        const payment = elements.create('payment', elementOptions);
        const events = [];
        for (const name of [
            'ready', 'change', 'loaderror', 'loaderstart', 'focus', 'blur', 'escape', 'carddetailschange',
            'savedpaymentmethodremove', 'availablepaymentmethodschange',
        ]) {
            payment.on(name, (event) => events.push([name, event]));
        }
        Object.assign(window.own, { elements, payment, events });
        await new Promise((resolve) => {
            payment.once('ready', resolve);
            payment.once('loaderror', resolve);
            payment.mount('#own');
        });
        return events;
    }, [group, element]);
}

/* The events of this name so far, oldest first. */
export async function events(page, name) {
    const all = await page.evaluate(() => window.own.events);
    return all.filter(([each]) => each === name).map(([, event]) => event);
}

export async function lastChange(page) {
    return (await events(page, 'change')).at(-1);
}

/* stripe[call](options), with this page's elements unless told otherwise. */
export function call(page, name, options = {}, withElements = true) {
    return page.evaluate(async ([method, given, own]) => {
        try {
            return await window.own.stripe[method]({
                ...(own ? { elements: window.own.elements } : {}), ...given,
            });
        } catch (error) {
            return { thrown: error.name, message: error.message };
        }
    }, [name, options, withElements]);
}

