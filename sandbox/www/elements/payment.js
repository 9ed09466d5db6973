/*
 * The Payment Element's frame: the methods that the customer has saved, the
 * ways to pay that the intent takes, and fields. What it is about is in
 * now.js, what it tells the page in tell.js, what it sends in pay.js.
 */

import { postalOf } from './cardfields.js';
import { api, emit, reportHeight, serve } from './channel.js';
import { dress } from './dress.js';
import {
    clear, fill, left, setReadOnly, showCountry, showTouched, typed, value,
} from './fields.js';
import {
    COUNTRIES, METHODS, TEST_CARDS, testCard,
} from './methods.js';
import {
    asksAddress, features, keptAnyway, layout, now, savedMethod,
} from './now.js';
import { confirm, create, problemNow } from './pay.js';
import { showSaved } from './saved.js';
import { tell } from './tell.js';
import { panelOf, showWay, showWays } from './ways.js';

const $ = (id) => document.getElementById(id);
const FINISHED = ['succeeded', 'canceled', 'processing', 'requires_capture'];

/* ---- showing ----------------------------------------------------------------- */

function showSave() {
    const offered = now.saved === null && now.method !== null && features().payment_method_save === 'enabled'
        && METHODS[now.method].panel !== 'redirect';
    $('save').hidden = !offered;
    document.querySelector('label[for="save-box"]').textContent = keptAnyway()
        ? 'Show these payment details the next time I pay' : 'Save payment details for future purchases';
}

function showTerms() {
    const business = now.given.options?.business?.name ?? 'this shop';
    const wish = now.given.options?.terms?.card ?? 'auto';
    const kept = keptAnyway() || (!$('save').hidden && $('save-box').checked);
    $('terms').hidden = now.saved !== null || now.method !== 'card' || wish === 'never' || (wish === 'auto' && !kept);
    $('terms').textContent = `By giving your card, you allow ${business} to charge it for future payments.`;
}

function show({ focus = false } = {}) {
    $('ways').hidden = now.saved !== null || now.session.payment_method_types.length < 2;
    showWay(now.method, { focus, panels: now.saved === null });
    showSave();
    showTerms();
    tell();
}

function choose(type, focus) {
    /* A second press closes an accordion's part. */
    now.method = type === now.method && layout().type === 'accordion' ? null : type;
    show({ focus });
}

/* How the page wants them ordered; the rest behind. */
function ordered(types) {
    const wish = now.given.options?.paymentMethodOrder ?? [];
    return [...types].sort((a, b) => {
        const [at, bt] = [wish.indexOf(a), wish.indexOf(b)];
        return (at < 0 ? wish.length : at) - (bt < 0 ? wish.length : bt);
    });
}

async function removeSaved(gone) {
    const { error } = await api('POST', `/v1/elements/payment_methods/${gone.id}/detach`, {
        key: now.given.key, customer_session_client_secret: now.given.customerSessionClientSecret,
    });
    emit('savedpaymentmethodremove', {
        success: !error, ...(error ? { error: error.message } : {}),
        payment_method: { id: gone.id, type: gone.type, billing_details: gone.billing_details },
    });
    if (error) {
        $('said').textContent = 'It could not be removed.';
    } else {
        const methods = now.session.customer.payment_methods.filter(({ id }) => id !== gone.id);
        now.session.customer.payment_methods = methods;
        $('said').textContent = 'It was removed.';
        if (now.saved === gone.id) {
            now.saved = methods[0]?.id ?? null;
        }
    }
    showAll();
    ($('saved').querySelector('input:checked') ?? $('ways').querySelector('button') ?? $('number')).focus();
}

function showAll() {
    const methods = features().payment_method_redisplay === 'enabled' ? now.session.customer.payment_methods : [];
    showSaved(methods, now.saved, (id) => {
        now.saved = id;
        show();
    }, features().payment_method_remove === 'enabled' ? removeSaved : null);
    showWays(ordered(now.session.payment_method_types), layout().type, choose);
    $('address').hidden = !asksAddress();
    setReadOnly(now.given.options?.readOnly === true);
    show();
}

/* ---- beginning --------------------------------------------------------------- */

/* What the API knows about what we were given. */
async function readSession() {
    const { mode, clientSecret } = now.given;
    const { error, body } = await api('GET', '/v1/elements/sessions', {
        key: now.given.key,
        client_secret: clientSecret,
        customer_session_client_secret: now.given.customerSessionClientSecret,
        deferred_intent: mode === undefined ? undefined : {
            mode,
            amount: now.given.amount,
            currency: now.given.currency,
            setup_future_usage: now.given.setupFutureUsage ?? now.given.setup_future_usage ?? undefined,
            allowed_payment_method_types: now.given.allowedPaymentMethodTypes,
            excluded_payment_method_types: now.given.excludedPaymentMethodTypes,
        },
    });
    const noun = body?.intent?.object === 'setup_intent' ? 'SetupIntent' : 'PaymentIntent';
    if (error || !FINISHED.includes(body.intent?.status)) {
        return { error, body };
    }
    return {
        error: {
            type: 'invalid_request_error', code: `${body.intent.object}_unexpected_state`,
            message: `The ${noun} is in the terminal state ${body.intent.status} and cannot be used with Elements.`,
            [body.intent.object]: body.intent,
        },
    };
}

function take(body) {
    now.session = { ...body, payment_method_types: body.payment_method_types.filter((type) => type in METHODS) };
    emit('availablepaymentmethodschange', {
        paymentMethods: Object.fromEntries(now.session.payment_method_types.map((type) => [type, { available: true }])),
    });
    if (!now.session.payment_method_types.includes(now.method)) {
        [now.method] = ordered(now.session.payment_method_types);
    }
}

/* The language's region is where its reader most likely has a card. */
function setLocale() {
    const locale = !now.given.locale || now.given.locale === 'auto' ? navigator.language : now.given.locale;
    const { region } = new Intl.Locale(locale).maximize();
    const names = new Intl.DisplayNames([locale], { type: 'region' });
    const countries = COUNTRIES.map((code) => [code, names.of(code)]);
    countries.sort(([, a], [, b]) => a.localeCompare(b, locale));
    $('country').replaceChildren(...countries.map(([code, name]) => new Option(name, code)));
    const wish = now.given.options?.defaultValues?.billingDetails?.address?.country;
    $('country').value = [wish, region, 'US'].find((code) => COUNTRIES.includes(code));
    showCountry();
}

function setDefaults() {
    const billing = now.given.options?.defaultValues?.billingDetails ?? {};
    const values = { holder: billing.name, postal: billing.address?.postal_code };
    fill(Object.fromEntries(Object.entries(values)
        .filter(([id, text]) => typeof text === 'string' && value(id) === '')));
}

async function start(description) {
    now.given = description;
    dress(now.given.appearance);
    setLocale();
    setDefaults();
    const { error, body } = await readSession();
    if (error) {
        return { error };
    }
    take(body);
    now.saved = features().payment_method_redisplay === 'enabled' ? body.customer.payment_methods[0]?.id ?? null : null;
    if (layout().defaultCollapsed && now.saved === null) {
        now.method = null;
    }
    showAll();
    reportHeight();
    return {};
}

/* The group's options have changed; what was typed stays. */
async function renew(description) {
    now.given = description;
    dress(now.given.appearance);
    return refresh();
}

async function refresh() {
    const { error, body } = await readSession();
    if (error) {
        return { error };
    }
    take(body);
    if (now.saved !== null && !savedMethod()) {
        now.saved = null;
    }
    showAll();
    return {};
}

/* ---- wiring ------------------------------------------------------------------ */

function showTestCards() {
    $('test-cards').replaceChildren(...TEST_CARDS.map(([number, label]) => {
        const button = document.createElement('button');
        Object.assign(button, { type: 'button', textContent: label, title: number });
        button.dataset.number = number;
        button.addEventListener('click', () => {
            fill(testCard(number, $('address').hidden ? null : postalOf(value('country'))));
            $('said').textContent = 'The test card is filled in.';
            tell();
        });
        return button;
    }));
}

showTestCards();
for (const kind of ['paying', 'failing']) {
    $(`fill-${kind}`).addEventListener('click', () => {
        fill({ account: METHODS[now.method][kind], holder: 'Jenny Rosen' });
        tell();
    });
}
$('country').addEventListener('change', () => {
    showCountry();
    tell();
});
$('save-box').addEventListener('change', () => {
    showTerms();
    tell();
});
document.addEventListener('input', (event) => {
    if (event.target.type === 'text') {
        typed(event, panelOf(now.method));
        tell();
    }
});
document.addEventListener('focusout', (event) => left(event, panelOf(now.method)));
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
    renew,
    refresh,
    confirm,
    create,
    clear: () => {
        clear();
        showTouched(panelOf(now.method));
        tell();
    },
    collapse: () => {
        if (now.saved === null) {
            now.method = null;
            show();
        }
    },
    submit: () => {
        const error = problemNow();
        return error === null ? { type: savedMethod()?.type ?? now.method } : { error };
    },
    update: ({ options }) => {
        now.given.options = options;
        setDefaults();
        showAll();
    },
    focus: () => {
        const first = now.saved === null && panelOf(now.method) === 'card' ? $('number')
            : document.querySelector('#saved:not([hidden]) input:checked, #ways:not([hidden]) button[tabindex="0"], #ways:not([hidden]) button');
        first?.focus();
    },
});
