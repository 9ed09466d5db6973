/*
 * /buy: choose, pay, done. The page is a view of one payment; whatever
 * happens to it (a reload, a lost answer, the way back from a bank, a decline)
 * ends in asking the server what is true and showing that.
 */

import { ApiError, getCatalog, getConfig } from './api.js';
import { answerBank, confirmCard, mountCard, unmountCard } from './card.js';
import {
    catalogVersion, checkChoice, chosen, select, showCatalog, showCurrencies, showSummary,
    showTokensError, startChoosing,
} from './choose.js';
import { formatMoney, formatTokens, tokensInWords } from './money.js';
import { askOutcome } from './outcome.js';
import { element, startPage } from './page.js';
import {
    adoptPayment, currentOrder, forgetOrder, forgetPayment, keepPayment, orderFor, setAside,
} from './remember.js';
import { callAsUser, currentUser, signIn } from './session.js';

const $ = (id) => document.getElementById(id);
const GO_ON = 'vantage.go-on'; /* set while away to sign in: go on by itself */
const POLL_S = [2, 3, 5, 8, 13, 20, 30];
const POLL_TOTAL_S = 900;
const BANK_ROUNDS = 3; /* how often one visit opens the bank's question */
const NOT_TWICE = 'You have not been charged twice; we will finish this for you.';

let following = 0; /* counts up; a loop that finds it changed gives up */

/* ---- what is seen -------------------------------------------------------- */

const STEPS = { choose: 'step-choose', pay: 'step-pay', result: 'step-done' };
const TITLES = { choose: 'Buy tokens', pay: 'Payment', result: 'Your purchase' };

function announce(text) {
    $('announce').textContent = text;
}

/* Shows one of the three sections and, unless told otherwise, moves the focus
 * to its heading, so that a screen reader follows. `at` is the step that is
 * marked: a payment that is still under way is not done. */
function show(section, { focus = true, at = section } = {}) {
    const order = Object.keys(STEPS);
    for (const name of order) {
        $(name).hidden = name !== section;
        const step = $(STEPS[name]);
        step.classList.toggle('past', order.indexOf(name) < order.indexOf(at));
        if (name === at) {
            step.setAttribute('aria-current', 'step');
        } else {
            step.removeAttribute('aria-current');
        }
    }
    $('continue').hidden = section !== 'choose';
    $('change').hidden = section !== 'pay';
    $('summary').hidden = section === 'result';
    $('sum-note').hidden = section !== 'choose';
    document.title = `${TITLES[section]} · Vantage tokens`;
    if (focus) {
        $(`${section}-title`).focus();
    }
}

function busy(button, on, text) {
    button.disabled = on;
    if (on) {
        button.setAttribute('aria-busy', 'true');
    } else {
        button.removeAttribute('aria-busy');
    }
    if (text) {
        button.textContent = text;
    }
}

function chooseNote(text) {
    $('choose-note').textContent = text;
    $('choose-note').hidden = text === '';
}

function payError(text) {
    const place = $('pay-error');
    place.textContent = text;
    place.hidden = text === '';
    if (text) {
        place.focus();
    }
}

/* mark: good, wait or ask. facts: pairs; actions: elements. */
function showResult({ mark, title, text, facts = [], actions = [] }) {
    unmountCard();
    $('result-mark').className = `mark ${mark}`;
    $('result-title').textContent = title;
    $('result-text').textContent = text;
    $('result-facts').replaceChildren(...facts.map(([name, value]) =>
        element('div', {}, element('dt', {}, name), element('dd', {}, value))));
    $('result-facts').hidden = facts.length === 0;
    $('result-actions').replaceChildren(...actions);
    const again = !$('result').hidden && document.activeElement === $('result-title');
    show('result', { focus: !again, at: mark === 'good' ? 'result' : 'pay' });
}

function backToChoosing(note, { focus = true } = {}) {
    following += 1;
    unmountCard();
    setAside();
    showSummary(chosen());
    show('choose', { focus });
    chooseNote(note);
    busy($('continue'), false);
}

function action(text, onclick, className = '') {
    return element('button', { type: 'button', className, onclick }, text);
}

function link(text, href, className = 'button') {
    return element('a', { href, className }, text);
}

/* ---- what became of a payment ------------------------------------------- */

function sleep(seconds) {
    return new Promise((resolve) => {
        setTimeout(resolve, seconds * 1000);
    });
}

function completed({ tokens, balance }, payment) {
    forgetPayment(payment);
    showResult({
        mark: 'good',
        title: `${tokensInWords(tokens)} added`,
        text: 'Thank you. The payment succeeded and the tokens are yours.',
        facts: [['Your balance now', tokensInWords(balance)]],
        actions: [link('See your account', '/account'), link('Buy more', '/buy', 'button quiet')],
    });
}

function processing() {
    showResult({
        mark: 'wait',
        title: 'Your bank is working on it',
        text: 'The payment was accepted and is being processed, which can take from seconds to days. '
            + 'You may close this page: the tokens arrive by themselves.',
        actions: [link('See your account', '/account', 'button quiet')],
    });
}

function nobodyKnows(payment, gaveUp) {
    showResult({
        mark: 'wait',
        title: 'Waiting for the payment service',
        text: `We cannot reach it right now. ${NOT_TWICE} You may close this page or wait here.`,
        actions: gaveUp ? [action('Ask again', () => follow(payment))] : [],
    });
}

function askToSignIn() {
    showResult({
        mark: 'ask',
        title: 'Please sign in again',
        text: 'Your session has ended. Sign in to see what became of your payment; it is safe.',
        actions: [action('Sign in', () => signIn(`${window.location.origin}/buy`))],
    });
}

/* The page was opened in the middle of the bank's question. A dialog that
 * jumps up, or the bank's page at once, would leave no way out of it. */
function bankWaits(payment) {
    const facts = currentOrder()?.facts;
    const price = facts ? ` of ${formatMoney(facts.amount, facts.currency, facts.exponent)}` : '';
    showResult({
        mark: 'ask',
        title: 'Your bank wants you to confirm',
        text: `The payment${price} is not finished. Nothing is charged before you have confirmed it.`,
        actions: [
            action('Continue with your bank', () => follow(payment)),
            action('Choose again', () => {
                forgetPayment(payment);
                backToChoosing('');
            }, 'quiet'),
        ],
    });
}

/* The payment is open: its form, with the reason why it did not go through. */
async function payAgain(clientSecret, payment, sentence) {
    const order = currentOrder();
    if (!clientSecret || order?.paymentIntent !== payment || !order.facts) {
        forgetPayment(payment);
        backToChoosing(sentence ?? 'That payment was not completed. You have not been charged.');
        return;
    }
    await showPayment(clientSecret, order.facts);
    payError(sentence ?? '');
}

/*
 * One answer, shown. Returns "wait" to be asked again later, "now" to be
 * asked at once, "end" when the page has nothing more to find out. `visit`
 * knows how often the bank's question was opened, whether it may be without
 * being asked to, and why the payment failed, if the browser knows.
 */
async function act(outcome, payment, visit) {
    switch (outcome.kind) {
    case 'completed':
        completed(outcome, payment);
        return 'end';
    case 'processing':
        processing();
        return 'wait';
    case 'away':
        nobodyKnows(payment, false);
        return 'wait';
    case 'action':
        if (visit.opening) {
            bankWaits(payment);
            return 'end';
        }
        if (visit.rounds >= BANK_ROUNDS) {
            processing();
            return 'wait';
        }
        visit.rounds += 1;
        announce('Your bank asks you to confirm the payment.');
        visit.sentence = await answerBank(outcome.clientSecret);
        return 'now';
    case 'unpaid':
        await payAgain(outcome.clientSecret, payment,
            outcome.sentence ?? visit.sentence ?? outcome.otherwise);
        return 'end';
    case 'signed-out':
        askToSignIn();
        return 'end';
    case 'canceled':
        forgetPayment(payment);
        backToChoosing('That order was canceled and nothing was charged for it. Please choose again.');
        return 'end';
    default:
        forgetPayment(payment);
        backToChoosing('That payment is not one of yours. Are you signed in with the right account?');
        return 'end';
    }
}

/* Asks until there is nothing more to find out, ever more slowly. `opening`:
 * the page has just been opened; `sentence`: why it may not have worked. */
async function follow(payment, { opening = false, sentence = null } = {}) {
    following += 1;
    const mine = following;
    let waitedS = 0;
    const visit = { opening, rounds: 0, sentence };
    for (let turn = 0; ; ) {
        const outcome = await askOutcome(payment);
        if (mine !== following) {
            return;
        }
        const next = await act(outcome, payment, visit);
        if (next === 'end' || mine !== following) {
            return;
        }
        if (next === 'now') {
            continue;
        }
        const seconds = Math.max(POLL_S[Math.min(turn, POLL_S.length - 1)], outcome.afterS ?? 0);
        if (waitedS + seconds > POLL_TOTAL_S) {
            if (outcome.kind === 'away') {
                nobodyKnows(payment, true);
            }
            return;
        }
        turn += 1;
        waitedS += seconds;
        await sleep(seconds);
        if (mine !== following) {
            return;
        }
    }
}

/* ---- paying -------------------------------------------------------------- */

async function showPayment(clientSecret, facts) {
    const price = formatMoney(facts.amount, facts.currency, facts.exponent);
    showSummary(facts);
    chooseNote('');
    show('pay');
    busy($('pay-button'), true, `Pay ${price}`);
    try {
        await mountCard(clientSecret, $('payment-element'));
        busy($('pay-button'), false);
        announce(`Enter your payment details to pay ${price}.`);
    } catch {
        $('pay-button').removeAttribute('aria-busy');
        payError('The payment form cannot be loaded right now. You have not been charged. '
            + 'Please reload the page in a minute; your order is kept.');
    }
}

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
