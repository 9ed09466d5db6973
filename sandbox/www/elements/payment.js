/*
 * The Payment Element's frame: a tab for each kind of payment method that the
 * intent takes, fields that say what is wrong with them, and the one call that
 * carries what was typed, to this origin's API and nowhere else.
 */

import {
    brandOf, cvcProblem, digits, expiryProblem, groupExpiry, groupNumber, numberProblem,
} from './cardfields.js';
import { api, emit, reportHeight, serve } from './channel.js';

const $ = (id) => document.getElementById(id);

const TEST_CARDS = [
    ['4242424242424242', 'Pays'],
    ['4000000000009995', 'Not enough money'],
    ['4000000000000002', 'Declined'],
    ['4000000000000069', 'Expired'],
    ['4000000000000127', 'Wrong security code'],
    ['4000000000000119', 'Processing error'],
    ['4000000000003220', '3-D Secure'],
    ['4000008400001629', '3-D Secure, then declined'],
    ['5555555555554444', 'Mastercard'],
    ['378282246310005', 'American Express'],
];

/* What the tabs are called, and which panel each shows. */
const METHODS = {
    card: { panel: 'card', label: 'Card' },
    us_bank_account: {
        panel: 'debit', label: 'Bank account', paying: '000123456789', failing: '000222222227',
    },
    sepa_debit: {
        panel: 'debit', label: 'SEPA debit', paying: 'AT611904300234573201', failing: 'AT861904300235473202',
    },
    amazon_pay: { panel: 'redirect', label: 'Amazon Pay' },
    bancontact: { panel: 'redirect', label: 'Bancontact' },
    ideal: { panel: 'redirect', label: 'iDEAL' },
    eps: { panel: 'redirect', label: 'EPS' },
    p24: { panel: 'redirect', label: 'Przelewy24' },
};
const ACCOUNT_LABEL = { us_bank_account: 'Account number', sepa_debit: 'IBAN' };
const FIELDS = ['number', 'expiry', 'cvc', 'account', 'holder'];

let given = {}; /* key, clientSecret or mode, appearance, options */
let method = 'card';
let touched = new Set();

/* ---- tabs ----------------------------------------------------------------- */

function choose(type, focus = false) {
    method = type;
    for (const tab of $('tabs').children) {
        const on = tab.dataset.type === type;
        tab.setAttribute('aria-selected', String(on));
        tab.tabIndex = on ? 0 : -1;
        if (on && focus) {
            tab.focus();
        }
    }
    for (const panel of document.querySelectorAll('.panel')) {
        panel.hidden = panel.id !== METHODS[type].panel;
        panel.setAttribute('aria-labelledby', `tab-${type}`);
    }
    if (METHODS[type].panel === 'debit') {
        document.querySelector('label[for="account"]').textContent = ACCOUNT_LABEL[type];
    }
    tell();
}

function turnTabs(event) {
    const types = [...$('tabs').children].map((tab) => tab.dataset.type);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) {
        event.preventDefault();
        choose(types[(types.indexOf(method) + step + types.length) % types.length], true);
    }
}

function showTabs(types) {
    const known = types.filter((type) => type in METHODS);
    $('tabs').replaceChildren(...known.map((type) => {
        const tab = document.createElement('button');
        Object.assign(tab, { type: 'button', id: `tab-${type}`, textContent: METHODS[type].label });
        tab.dataset.type = type;
        tab.setAttribute('role', 'tab');
        tab.setAttribute('aria-controls', METHODS[type].panel);
        tab.addEventListener('click', () => choose(type));
        return tab;
    }));
    $('tabs').hidden = known.length < 2;
    choose(known.includes(method) ? method : known[0]);
}

/* ---- fields --------------------------------------------------------------- */

function problems() {
    switch (METHODS[method].panel) {
    case 'card':
        return {
            number: numberProblem($('number').value),
            expiry: expiryProblem($('expiry').value),
            cvc: cvcProblem($('cvc').value, $('number').value),
        };
    case 'debit':
        return {
            account: $('account').value.trim().length < 6 ? {
                type: 'validation_error', code: 'incomplete_iban', message: 'The account is incomplete.',
            } : null,
            holder: $('holder').value.trim() === '' ? {
                type: 'validation_error', code: 'incomplete_name', message: 'Please give the name of the holder.',
            } : null,
        };
    default:
        return {};
    }
}

function showProblem(id, problem) {
    $(`${id}-error`).textContent = problem?.message ?? '';
    if (problem) {
        $(id).setAttribute('aria-invalid', 'true');
    } else {
        $(id).removeAttribute('aria-invalid');
    }
}

function showTouched() {
    for (const [id, problem] of Object.entries(problems())) {
        showProblem(id, touched.has(id) ? problem : null);
    }
}

/* Marks every field that is wrong, goes to the first, answers its problem. */
function check() {
    const all = problems();
    touched = new Set([...touched, ...Object.keys(all)]);
    showTouched();
    const wrong = Object.keys(all).find((id) => all[id] !== null);
    if (wrong === undefined) {
        return null;
    }
    $(wrong).focus();
    return all[wrong];
}

function tell() {
    const all = Object.entries(problems());
    const empty = all.length > 0 && all.every(([id]) => $(id).value === '');
    const complete = all.every(([, problem]) => problem === null);
    emit('change', { empty, complete, collapsed: false, value: { type: method } });
}

/* Keeps the caret behind the digit that it was behind. */
function regroup(field, group, typing) {
    const before = digits(field.value.slice(0, field.selectionStart)).length;
    const atEnd = field.selectionStart === field.value.length;
    const text = group(field.value, typing);
    if (text === field.value) {
        return;
    }
    field.value = text;
    let at = 0;
    for (let seen = 0; seen < before && at < text.length; at += 1) {
        seen += /\d/.test(text[at]) ? 1 : 0;
    }
    const caret = atEnd ? text.length : at;
    field.setSelectionRange(caret, caret);
}

function typed(event) {
    const { target, inputType } = event;
    const typing = !inputType?.startsWith('delete');
    if (target.id === 'number') {
        regroup(target, groupNumber, typing);
        $('brand').textContent = brandOf(digits(target.value)).name;
        $('cvc').maxLength = brandOf(digits(target.value)).cvc;
    } else if (target.id === 'expiry') {
        regroup(target, groupExpiry, typing);
    }
    if (problems()[target.id] === null) {
        showProblem(target.id, null);
    }
    tell();
}

function left({ target }) {
    if (FIELDS.includes(target.id) && target.value !== '') {
        touched.add(target.id);
        showTouched();
    }
}

function fill(values) {
    for (const [id, value] of Object.entries(values)) {
        $(id).value = value;
        touched.delete(id);
        showProblem(id, null);
    }
    $('brand').textContent = brandOf(digits($('number').value)).name;
    $('cvc').maxLength = brandOf(digits($('number').value)).cvc;
    tell();
}

function fillCard(number) {
    fill({
        number: groupNumber(number), expiry: '12 / 34',
        cvc: '1234'.slice(0, brandOf(number).cvc),
    });
    $('said').textContent = 'The test card is filled in.';
}

function showTestCards() {
    $('test-cards').replaceChildren(...TEST_CARDS.map(([number, label]) => {
        const button = document.createElement('button');
        Object.assign(button, { type: 'button', textContent: label, title: groupNumber(number) });
        button.dataset.number = number;
        button.addEventListener('click', () => fillCard(number));
        return button;
    }));
}

/* ---- what the page asks for ----------------------------------------------- */

const VARIABLES = {
    colorPrimary: '--primary', colorBackground: '--background', colorText: '--text',
    colorTextSecondary: '--soft', colorDanger: '--danger', borderRadius: '--radius',
    fontFamily: '--font',
};

function dress({ theme, variables = {} } = {}) {
    const root = document.documentElement;
    root.dataset.theme = theme === 'night' ? 'night' : 'stripe';
    for (const [name, property] of Object.entries(VARIABLES)) {
        if (variables[name]) {
            root.style.setProperty(property, variables[name]);
        }
    }
}

const FINISHED = ['succeeded', 'canceled', 'processing', 'requires_capture'];

/* The types that the intent takes, or the error for a loaderror. */
async function readTypes() {
    if (!given.clientSecret) {
        return { types: given.allowedPaymentMethodTypes ?? ['card', 'us_bank_account', 'bancontact'] };
    }
    const [id] = given.clientSecret.split('_secret_');
    const { error, body } = await api('GET', `/v1/payment_intents/${id}`, {
        key: given.key, client_secret: given.clientSecret,
    });
    if (error) {
        return { error };
    }
    if (FINISHED.includes(body.status)) {
        return {
            error: {
                type: 'invalid_request_error', code: 'payment_intent_unexpected_state',
                message: `The PaymentIntent is in the terminal state ${body.status} and cannot be used with Elements.`,
                payment_intent: body,
            },
        };
    }
    return { types: body.payment_method_types };
}

async function start(value) {
    given = value;
    dress(value.appearance);
    const { error, types } = await readTypes();
    if (error) {
        return { error };
    }
    showTabs(types);
    reportHeight();
    return {};
}

/* What was typed, as payment_method_data of a confirm. */
function methodData() {
    const data = { type: method };
    if (method === 'card') {
        const expiry = digits($('expiry').value);
        Object.assign(data, {
            'card][number': digits($('number').value),
            'card][exp_month': String(Number(expiry.slice(0, 2))),
            'card][exp_year': `20${expiry.slice(2)}`,
            'card][cvc': digits($('cvc').value),
        });
    } else if (method === 'us_bank_account') {
        Object.assign(data, {
            'us_bank_account][account_number': $('account').value.trim(),
            'us_bank_account][routing_number': '110000000',
            'us_bank_account][account_holder_type': 'individual',
            'billing_details][name': $('holder').value.trim(),
        });
    } else if (method === 'sepa_debit') {
        Object.assign(data, {
            'sepa_debit][iban': $('account').value.replace(/\s/gu, ''),
            'billing_details][name': $('holder').value.trim(),
        });
    }
    return Object.fromEntries(Object.entries(data)
        .map(([name, value]) => [`payment_method_data[${name}]`, value]));
}

function mismatch(message) {
    return { error: { type: 'invalid_request_error', code: 'parameter_invalid', message } };
}

/* A deferred element must have promised what the intent asks for. */
async function keepsPromise({ id, secret, expect }) {
    const { error, body } = await api('GET', `/v1/payment_intents/${id}`, {
        key: given.key, client_secret: secret,
    });
    if (error) {
        return { error };
    }
    return body.amount === expect.amount && body.currency === expect.currency
        ? {} : mismatch('The amount or currency of the PaymentIntent differs from what Elements was created with.');
}

async function confirm({ id, secret, params, expect }) {
    const problem = check();
    if (problem !== null) {
        return { error: problem };
    }
    if (expect) {
        const { error } = await keepsPromise({ id, secret, expect });
        if (error) {
            return { error };
        }
    }
    return api('POST', `/v1/payment_intents/${id}/confirm`, {
        key: given.key,
        client_secret: secret,
        use_stripe_sdk: 'true',
        ...(params.return_url ? { return_url: params.return_url } : {}),
        ...methodData(),
    });
}

function clear() {
    touched.clear();
    for (const id of FIELDS) {
        $(id).value = '';
        showProblem(id, null);
    }
    tell();
}

showTestCards();
$('tabs').addEventListener('keydown', turnTabs);
for (const kind of ['paying', 'failing']) {
    $(`fill-${kind}`).addEventListener('click', () =>
        fill({ account: METHODS[method][kind], holder: 'Jenny Rosen' }));
}
document.addEventListener('input', typed);
document.addEventListener('focusout', left);
document.addEventListener('keydown', ({ key, target }) => {
    if (key === 'Escape') {
        emit('escape');
    } else if (key === 'Enter' && target.tagName === 'INPUT') {
        emit('enter');
    }
});
window.addEventListener('focus', () => emit('focus'));
window.addEventListener('blur', () => emit('blur'));

serve({
    start,
    confirm,
    clear,
    refresh: async () => {
        const { error, types } = await readTypes();
        if (error) {
            return { error };
        }
        showTabs(types);
        return {};
    },
    submit: () => {
        const error = check();
        return error === null ? { type: method } : { error };
    },
    update: ({ options }) => {
        given.options = options;
    },
    focus: () => (METHODS[method].panel === 'card' ? $('number') : $('tabs').querySelector('[tabindex="0"]')).focus(),
});
