/*
 * The page of an invoice: pays it with the Payment Element of the stand-in
 * for stripe.js, and shows the page anew once something has happened.
 */

import { loadStripe } from './hosted.js';

const form = document.getElementById('pay');
const message = document.getElementById('message');
const button = form.querySelector('button');

/* The address without what a bank's way back has added to it. */
function here() {
    const url = new URL(window.location.href);
    for (const name of ['payment_intent', 'payment_intent_client_secret', 'redirect_status']) {
        url.searchParams.delete(name);
    }
    return url.href;
}

async function start() {
    const stripe = await loadStripe('pk_test_hostedinvoicepage');
    const elements = stripe.elements({ clientSecret: form.dataset.secret });
    elements.create('payment').mount('#payment-element');
    form.addEventListener('submit', async (event) => {
        event.preventDefault();
        button.disabled = true;
        message.textContent = '';
        const { error } = await stripe.confirmPayment({
            elements, confirmParams: { return_url: here() }, redirect: 'if_required',
        });
        if (error) {
            message.textContent = error.message;
            button.disabled = false;
        } else {
            window.location.replace(here());
        }
    });
}

start().catch((error) => {
    message.textContent = error.message;
});
