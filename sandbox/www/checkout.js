/*
 * The page of a Checkout Session: a payment element, and what follows when
 * the customer presses the button. See checkout_page.c.
 */

import { loadStripe } from './hosted.js';

const form = document.getElementById('checkout');
const said = document.getElementById('said');
const button = document.getElementById('pay');
const { session, key, mode, amount, currency } = form.dataset;
const done = `${window.location.origin}/_hosted/checkout/done?session=${session}`;

/* What is to be confirmed; a secret of null when nothing is. */
async function ask() {
    const response = await fetch('/_hosted/checkout', {
        method: 'POST', body: new URLSearchParams({ session, ...Object.fromEntries(new FormData(form)) }),
    });
    const body = await response.json();
    return response.ok ? body : { error: body.error };
}

/* The error that there was, if there was one. */
async function pay(stripe, elements) {
    const checked = await elements.submit();
    if (checked.error) {
        return checked.error;
    }
    const { error, client_secret: clientSecret, kind } = await ask();
    if (error || !clientSecret) {
        return error;
    }
    const params = { elements, clientSecret, confirmParams: { return_url: done }, redirect: 'if_required' };
    const result = await (kind === 'setup' ? stripe.confirmSetup(params) : stripe.confirmPayment(params));
    return result.error;
}

async function start() {
    const stripe = await loadStripe(key);
    const elements = stripe.elements(mode === 'setup'
        ? { mode, currency: currency || 'usd' } : { mode, amount: Number(amount), currency });
    elements.create('payment').mount('#payment');
    form.addEventListener('submit', async (event) => {
        event.preventDefault();
        button.disabled = true;
        said.textContent = '';
        const error = await pay(stripe, elements).catch(({ message }) => ({ message }));
        if (error) {
            said.textContent = error.message;
            button.disabled = false;
        } else {
            window.location.assign(done);
        }
    });
}

start().catch(({ message }) => {
    said.textContent = message;
});
