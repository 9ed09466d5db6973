/*
 * Stripe's part of the page: its script, its Payment Element and the calls
 * that confirm a payment. Card data lives in Stripe's frame only; a client
 * secret passes through here and is kept in memory at most.
 */

import { getConfig } from './api.js';
import { UNEXPLAINED, declineSentence } from './declines.js';
import { loadScript } from './script.js';

let starting = null;
let mounted = null; /* { clientSecret, elements, element } */

async function start() {
    const config = await getConfig();
    await loadScript(config.stripe_js_url);
    return window.Stripe(config.publishable_key, { locale: 'auto' });
}

function stripe() {
    starting ??= start().catch((error) => {
        starting = null;
        throw error;
    });
    return starting;
}

/* The element takes the page's colours, in light and in dark. */
function appearance() {
    const style = getComputedStyle(document.documentElement);
    const value = (name) => style.getPropertyValue(name).trim();
    return {
        theme: matchMedia('(prefers-color-scheme: dark)').matches ? 'night' : 'stripe',
        variables: {
            colorPrimary: value('--accent'),
            colorBackground: value('--field'),
            colorText: value('--ink'),
            colorTextSecondary: value('--ink-soft'),
            colorDanger: value('--bad'),
            borderRadius: '8px',
            fontFamily: 'system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
            spacingUnit: '4px',
        },
    };
}

export function unmountCard() {
    mounted?.element.destroy();
    mounted = null;
}

/*
 * Shows the payment form for this intent inside `place` and resolves when it
 * can be filled in; rejects when it cannot be loaded. The form that is already
 * there for the same intent stays as it is, with what was typed.
 */
export async function mountCard(clientSecret, place) {
    if (mounted?.clientSecret === clientSecret) {
        return;
    }
    unmountCard();
    const api = await stripe();
    const elements = api.elements({ clientSecret, appearance: appearance() });
    const element = elements.create('payment', { layout: 'tabs' });
    mounted = { clientSecret, elements, element };
    await new Promise((resolve, reject) => {
        element.on('ready', () => resolve());
        element.on('loaderror', ({ error }) => reject(new Error(error?.message)));
        element.mount(place);
    }).catch((error) => {
        unmountCard();
        throw error;
    });
}

/* Stripe's own error as what the page should do about it. */
function fromError(error) {
    if (error.type === 'validation_error') {
        return { kind: 'incomplete', sentence: error.message };
    }
    const status = error.payment_intent?.status;
    if (error.type === 'card_error' && status !== 'canceled') {
        return { kind: 'declined', sentence: declineSentence(error.code, error.decline_code) };
    }
    if (error.code === 'payment_intent_authentication_failure') {
        return { kind: 'declined', sentence: declineSentence(error.code, null) };
    }
    return { kind: 'ask', sentence: UNEXPLAINED };
}

/*
 * Confirms with what the buyer has filled in. Does not return when the bank
 * wants a page of its own. Otherwise one of: incomplete { sentence } (the form
 * shows where), declined { sentence } (the same form can be used again), ask
 * { sentence } (it went through, or the outcome is open: only the server
 * knows; the sentence, or null, is for when it says that nothing was paid).
 */
export async function confirmCard(returnUrl) {
    const api = await stripe();
    try {
        const { error } = await api.confirmPayment({
            elements: mounted.elements,
            confirmParams: { return_url: returnUrl },
            redirect: 'if_required',
        });
        return error ? fromError(error) : { kind: 'ask', sentence: null };
    } catch {
        return { kind: 'ask', sentence: UNEXPLAINED };
    }
}

/* The bank's question of a payment that is already under way. Answers why it
 * was refused, if Stripe.js knows; what became of it, the server says. */
export async function answerBank(clientSecret) {
    const api = await stripe();
    try {
        const { error } = await api.handleNextAction({ clientSecret });
        return error ? fromError(error).sentence ?? null : null;
    } catch {
        return null;
    }
}
