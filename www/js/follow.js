/*
 * One payment from "what became of it?" to an end: its form, its results, and
 * the loop that asks the server until there is nothing more to find out.
 */

import { answerBank, mountCard, unmountCard } from './card.js';
import { chosen, showSummary } from './choose.js';
import { formatMoney, tokensInWords } from './money.js';
import { askOutcome } from './outcome.js';
import { currentOrder, forgetPayment, setAside } from './remember.js';
import { signIn } from './session.js';
import { action, announce, busy, chooseNote, link, payError, show, showResult } from './view.js';

const $ = (id) => document.getElementById(id);
const POLL_S = [2, 3, 5, 8, 13, 20, 30];
const POLL_TOTAL_S = 900;
const BANK_ROUNDS = 3; /* how often one visit opens the bank's question */

export const NOT_TWICE = 'You have not been charged twice; we will finish this for you.';

let following = 0; /* counts up; a loop that finds it changed gives up */

/* ---- where a payment can lead --------------------------------------------- */

/* A result takes the place of the form. */
function end(result) {
    unmountCard();
    showResult(result);
}

/* The order stays as it is, but the buyer looks for another. */
export function backToChoosing(note, { focus = true } = {}) {
    following += 1;
    unmountCard();
    setAside();
    showSummary(chosen());
    show('choose', { focus });
    chooseNote(note);
    busy($('continue'), false);
}

/* The form for this intent; `facts` are the order's. */
export async function showPayment(clientSecret, facts) {
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

function completed({ tokens, balance }, payment) {
    forgetPayment(payment);
    end({
        mark: 'good',
        title: `${tokensInWords(tokens)} added`,
        text: 'Thank you. The payment succeeded and the tokens are yours.',
        facts: [['Your balance now', tokensInWords(balance)]],
        actions: [link('See your account', '/account'), link('Buy more', '/buy', 'button quiet')],
    });
}

function processing() {
    end({
        mark: 'wait',
        title: 'Your bank is working on it',
        text: 'The payment was accepted and is being processed, which can take from seconds to days. '
            + 'You may close this page: the tokens arrive by themselves.',
        actions: [link('See your account', '/account', 'button quiet')],
    });
}

function nobodyKnows(payment, gaveUp) {
    end({
        mark: 'wait',
        title: 'Waiting for the payment service',
        text: `We cannot reach it right now. ${NOT_TWICE} You may close this page or wait here.`,
        actions: gaveUp ? [action('Ask again', () => follow(payment))] : [],
    });
}

function askToSignIn() {
    end({
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
    end({
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

/* ---- finding out ---------------------------------------------------------- */

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

function sleep(seconds) {
    return new Promise((resolve) => {
        setTimeout(resolve, seconds * 1000);
    });
}

/* Asks until there is nothing more to find out, ever more slowly. `opening`:
 * the page has just been opened; `sentence`: why it may not have worked. */
export async function follow(payment, { opening = false, sentence = null } = {}) {
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
