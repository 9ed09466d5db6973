/*
 * /buy: choose, pay, done. The page is a view of one payment; whatever
 * happens to it (a reload, a lost answer, the way back from a bank, a decline)
 * ends in asking the server what is true and showing that.
 */

import { ApiError, getCatalog, getConfig } from './api.js';
import { confirmCard } from './card.js';
import {
    catalogVersion, checkChoice, chosen, select, showCatalog, showCurrencies, showTokensError,
    startChoosing,
} from './choose.js';
import { NOT_TWICE, backToChoosing, follow, showPayment } from './follow.js';
import { startPage } from './page.js';
import { adoptPayment, currentOrder, forgetOrder, keepPayment, orderFor } from './remember.js';
import { callAsUser, currentUser, signIn } from './session.js';
import { announce, busy, chooseNote, payError } from './view.js';

const $ = (id) => document.getElementById(id);
const GO_ON = 'vantage.go-on'; /* set while away to sign in: go on by itself */

/* ---- paying -------------------------------------------------------------- */

async function pay(event) {
    event.preventDefault();
    const payment = currentOrder()?.paymentIntent;
    if ($('pay-button').disabled || !payment) {
        return;
    }
    payError('');
    busy($('pay-button'), true);
    busy($('change'), true);
    announce('Paying. Please wait.');
    const result = await confirmCard(`${window.location.origin}/buy`);
    $('change').removeAttribute('aria-busy');
    $('change').disabled = false;
    if (result.kind === 'incomplete') {
        busy($('pay-button'), false);
        announce(result.sentence);
        return;
    }
    if (result.kind === 'declined') {
        busy($('pay-button'), false);
        announce('');
        payError(result.sentence);
        return;
    }
    await follow(payment, { sentence: result.sentence });
}

/* ---- ordering ------------------------------------------------------------ */

function minutes(seconds) {
    return seconds > 90 ? `${Math.ceil(seconds / 60)} minutes` : 'a minute';
}

/* A refusal of create-payment-intent as a sentence. */
function refusal(error) {
    if (error.status === 429) {
        return `That was a lot of orders in a short time. Please try again in ${minutes(error.retryAfterS ?? 60)}.`;
    }
    if (error.outOfReach) {
        return `The payment service cannot be reached right now. ${NOT_TWICE} Please try again in a minute.`;
    }
    return error.message;
}

function refused(error, name) {
    if (error.status === 401) {
        goSignIn();
        return;
    }
    if (error.field === 'tokens') {
        forgetOrder(name);
        showTokensError(error.message);
        $('tokens').focus();
        return;
    }
    if (error.status === 409 || error.status === 422) {
        forgetOrder(name);
    }
    chooseNote(refusal(error));
}

function goSignIn() {
    const { body } = chosen();
    const query = new URLSearchParams(Object.entries(body).map(([name, value]) =>
        [name === 'package_id' ? 'package' : name, String(value)]));
    try {
        sessionStorage.setItem(GO_ON, '1');
    } catch {
        /* Then the buyer presses the button once more. */
    }
    signIn(`${window.location.origin}/buy?${query}`).catch(() => {
        chooseNote('Signing in is not possible right now. Please try again in a minute.');
    });
}

async function order(facts) {
    const user = await currentUser();
    if (user === null) {
        goSignIn();
        return;
    }
    const { name, key, body } = orderFor(user.id, facts.body, catalogVersion());
    try {
        const { body: made } = await callAsUser('POST', '/api/stripe/create-payment-intent', { key, body });
        const kept = {
            tokens: made.tokens, amount: made.amount, currency: made.currency,
            rate: made.price_per_token, exponent: facts.exponent,
        };
        keepPayment(name, made.payment_intent_id, kept);
        if (made.status !== undefined && made.status !== 'pending') {
            await follow(made.payment_intent_id);
            return;
        }
        await showPayment(made.client_secret, kept);
    } catch (error) {
        if (!(error instanceof ApiError)) {
            throw error;
        }
        refused(error, name);
    }
}

async function goToPayment() {
    chooseNote('');
    if (!checkChoice()) {
        return;
    }
    busy($('continue'), true);
    announce('Preparing your order.');
    try {
        await order(chosen());
    } catch {
        chooseNote('Signing in is not possible right now. Please try again in a minute.');
    }
    busy($('continue'), false);
    announce('');
}

/* ---- opening the page ---------------------------------------------------- */

/* What the bank's page brought back. The secret leaves the address at once,
 * before anything else can read or log it; what it says is not believed. */
function takeReturn() {
    const here = new URL(window.location.href);
    const payment = here.searchParams.get('payment_intent');
    for (const name of ['payment_intent', 'payment_intent_client_secret', 'redirect_status']) {
        here.searchParams.delete(name);
    }
    if (here.href !== window.location.href) {
        window.history.replaceState(null, '', here);
    }
    return payment !== null && /^pi_\w{1,250}$/.test(payment) ? payment : null;
}

function takeGoOn() {
    try {
        const wanted = sessionStorage.getItem(GO_ON) !== null;
        sessionStorage.removeItem(GO_ON);
        return wanted;
    } catch {
        return false;
    }
}

function wantedByAddress() {
    const query = new URLSearchParams(window.location.search);
    const tokens = query.get('tokens');
    if (tokens !== null && /^\d{1,12}$/.test(tokens)) {
        return { tokens };
    }
    return query.has('package') ? { package_id: query.get('package') } : null;
}

async function loadCatalog(code) {
    showCatalog(await getCatalog(code), code);
    busy($('continue'), false);
}

async function openShop() {
    const { currencies } = await getConfig();
    const asked = new URLSearchParams(window.location.search).get('currency')
        ?? currentOrder()?.body?.currency;
    const code = currencies.includes(asked) ? asked : currencies[0];
    showCurrencies(currencies, code);
    await loadCatalog(code);
    const wanted = wantedByAddress() ?? currentOrder()?.body;
    if (wanted) {
        select(wanted);
    }
}

async function showBuyer() {
    const user = await currentUser().catch(() => undefined);
    if (user === null) {
        $('continue').textContent = 'Sign in to continue';
    } else if (user) {
        $('sum-who').textContent = `Signed in as ${user.email}`;
    }
    return user;
}

async function open() {
    const returned = takeReturn();
    if (returned !== null) {
        adoptPayment(returned);
    }
    const underWay = currentOrder()?.paymentIntent ?? null;
    const goOn = takeGoOn();
    startPage();
    startChoosing({
        onCurrency: (code) => loadCatalog(code).catch(() => {
            chooseNote('The prices cannot be shown right now. Please reload in a minute.');
        }),
    });
    $('choose-form').addEventListener('submit', (event) => {
        event.preventDefault();
        goToPayment();
    });
    $('pay-form').addEventListener('submit', pay);
    $('change').addEventListener('click', () => backToChoosing(''));
    /* The browser's Back from the bank may show the page as it was left. */
    window.addEventListener('pageshow', ({ persisted }) => persisted && window.location.reload());
    if (underWay !== null) {
        announce('Looking up your payment.');
    }
    try {
        await openShop();
    } catch {
        $('choices').removeAttribute('aria-busy');
        chooseNote('The prices cannot be shown right now. Please reload in a minute.');
        if (underWay === null) {
            return;
        }
    }
    const user = await showBuyer();
    if (underWay !== null) {
        await follow(underWay, { opening: true });
    } else if (goOn && user) {
        await goToPayment();
    }
}

open();
