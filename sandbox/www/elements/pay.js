/*
 * Paying, or keeping a method: what was typed or chosen goes to the API, with
 * what the page adds.
 */

import { api } from './channel.js';
import { check, value } from './fields.js';
import { methodData } from './methods.js';
import {
    features, keptAnyway, now, savedMethod,
} from './now.js';
import { panelOf } from './ways.js';

const $ = (id) => document.getElementById(id);
const NOT_CHOSEN = {
    type: 'validation_error', code: 'incomplete_payment_method', message: 'Please choose how to pay.',
};

export function problemNow() {
    if (now.saved !== null) {
        return null;
    }
    return now.method === null ? NOT_CHOSEN : check(panelOf(now.method));
}

/* The page's own facts go under those of the fields. */
function merged(own, typedIn) {
    const both = { ...own, ...typedIn };
    for (const [name, inner] of Object.entries(own ?? {})) {
        if (typeof inner === 'object' && inner !== null && typeof typedIn[name] === 'object') {
            both[name] = merged(inner, typedIn[name]);
        }
    }
    return both;
}

function newMethod(own) {
    const data = merged(own, methodData(now.method, value));
    if (features().payment_method_save === 'enabled') {
        data.allow_redisplay ??= $('save-box').checked ? 'always' : keptAnyway() ? 'limited' : 'unspecified';
    }
    return data;
}

/* The form of a confirm: the saved method, or what was typed. */
function confirmForm(params) {
    const { payment_method_data: own, ...more } = params;
    if (now.saved !== null) {
        return { ...more, payment_method: now.saved };
    }
    const keep = !$('save').hidden && $('save-box').checked && !keptAnyway();
    return {
        ...more,
        payment_method_data: newMethod(own),
        ...(keep ? { setup_future_usage: features().payment_method_save_usage ?? 'off_session' } : {}),
    };
}

function mismatch(message) {
    return { type: 'invalid_request_error', code: 'parameter_invalid', message };
}

/* A deferred element must have promised what the intent asks for. */
function broken(intent, modes) {
    const usage = now.given.setupFutureUsage ?? now.given.setup_future_usage ?? null;
    const facts = [
        ['amount', now.given.amount ?? null, intent.amount ?? null],
        ['currency', now.given.currency ?? null, intent.currency ?? null],
        ['setup_future_usage', usage, intent.setup_future_usage ?? null],
    ];
    if (!modes.includes(now.given.mode)) {
        return mismatch(`The mode ${now.given.mode} that Elements was created with does not go with this intent.`);
    }
    if (intent.object === 'setup_intent' || now.given.mode === 'subscription') {
        return null; /* Its sums and its usage are the server's. */
    }
    const wrong = facts.find(([, promised, asked]) => promised !== asked);
    return wrong ? mismatch(`The ${wrong[0]} of the PaymentIntent (${wrong[2]}) does not match the one that Elements was `
        + `created with (${wrong[1]}). Use elements.update() before you confirm.`) : null;
}

export async function confirm({
    path, secret, field, modes, params,
}) {
    const problem = problemNow();
    if (problem !== null) {
        return { error: problem };
    }
    if (now.given.mode) {
        const { error, body } = await api('GET', path, { key: now.given.key, client_secret: secret });
        const wrong = error ?? broken(body, modes);
        if (wrong) {
            return { error: { ...wrong, ...(body ? { [field]: body } : {}) } };
        }
    }
    return api('POST', `${path}/confirm`, {
        key: now.given.key, client_secret: secret, use_stripe_sdk: true, ...confirmForm(params),
    });
}

export async function create({ params }) {
    const problem = problemNow();
    if (problem !== null) {
        return { error: problem };
    }
    if (now.saved !== null) {
        return { body: savedMethod() };
    }
    return api('POST', '/v1/payment_methods', { key: now.given.key, ...newMethod(params) });
}
