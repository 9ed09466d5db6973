/*
 * /account: what a spend would allow now, what is set aside, what expires,
 * and where it came from and went.
 */

import { ApiError } from './api.js';
import { formatTokens, tokensInWords } from './money.js';
import { element, startPage } from './page.js';
import { callAsUser, currentUser, signIn } from './session.js';

const PAGE_ROWS = 20;

/* What happened, by the transaction's kind. */
const KINDS = {
    purchase: 'Bought',
    subscription: 'Subscription',
    proration: 'Change of plan',
    grant: 'Given to you',
    bulk_grant: 'Given to you',
    spend: 'Spent',
    capture: 'Spent',
    reversal: 'Given back',
    refund: 'Refunded',
    dispute: 'Payment disputed',
    expiry: 'Expired',
    revoke: 'Taken back',
    adjustment: 'Adjusted',
};

/* Only these have moved tokens or still will; an order that was never paid is
 * nothing to remember. */
const STATUSES = {
    completed: '',
    processing: 'processing',
    requires_action: 'waits for your bank',
    refunded: 'refunded',
    disputed: 'disputed',
};

const $ = (id) => document.getElementById(id);

/* Only what is not zero is worth a line. */
function facts({ held, frozen, debt }) {
    const lines = [
        ['Held', held, 'reserved by a running job'],
        ['Frozen', frozen, 'until a refund or a dispute is decided'],
        ['Owed', debt, 'taken from the tokens you get next'],
    ];
    return lines.filter(([, count]) => count > 0).map(([name, count, why]) =>
        element('div', {}, element('dt', {}, name),
            element('dd', {}, tokensInWords(count), element('span', { className: 'muted small' }, ` ${why}`))));
}

function expiringTable(rows) {
    const format = new Intl.DateTimeFormat(undefined, { dateStyle: 'long' });
    return element('table', {},
        element('thead', {}, element('tr', {},
            element('th', { scope: 'col' }, 'When'), element('th', { scope: 'col' }, 'Tokens'))),
        element('tbody', {}, ...rows.map(({ tokens, at }) => element('tr', {},
            element('td', {}, element('time', { dateTime: at }, format.format(new Date(at)))),
            element('td', {}, formatTokens(tokens))))));
}

/* The note is left out: it is the administrator's reason, for the books. */
function historyRow({ created_at: at, kind, status, tokens }) {
    const format = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
    const count = new Intl.NumberFormat(undefined, { signDisplay: 'exceptZero' }).format(tokens);
    const aside = STATUSES[status];
    return element('tr', {},
        element('td', {}, element('time', { dateTime: at }, format.format(new Date(at)))),
        element('td', {}, KINDS[kind] ?? kind,
            aside ? element('span', { className: 'muted small' }, ` ${aside}`) : ''),
        element('td', {}, count));
}

function showHistory(rows) {
    const body = $('history').querySelector('tbody');
    if (body) {
        body.append(...rows);
    } else if (rows.length > 0) {
        $('history').replaceChildren(element('table', {},
            element('thead', {}, element('tr', {},
                element('th', { scope: 'col' }, 'When'),
                element('th', { scope: 'col' }, 'What'),
                element('th', { scope: 'col' }, 'Tokens'))),
            element('tbody', {}, ...rows)));
    } else {
        $('history').replaceChildren(element('p', {}, 'Nothing has happened yet.'));
    }
}

/* The next page of the history, from `cursor` on. */
async function loadHistory(cursor) {
    const query = new URLSearchParams({ limit: String(PAGE_ROWS), ...(cursor ? { cursor } : {}) });
    const { body } = await callAsUser('GET', `/api/tokens/transactions?${query}`);
    showHistory(body.data.filter(({ status }) => status in STATUSES).map(historyRow));
    $('older').hidden = !body.has_more;
    $('older').onclick = () => loadHistory(body.next_cursor).catch(historyAway);
}

function historyAway() {
    $('history').append(element('p', {}, 'More cannot be shown right now. Please reload in a minute.'));
    $('older').hidden = true;
}

function showBalance(balance) {
    const { available, expiring } = balance;
    $('available').textContent = formatTokens(available);
    document.querySelector('.balance .unit').textContent = available === 1 ? 'token to spend' : 'tokens to spend';
    $('balance-facts').replaceChildren(...facts(balance));
    $('expiring').replaceChildren(expiring.length > 0
        ? expiringTable(expiring)
        : element('p', {}, 'None of your tokens expires.'));
    $('account-note').hidden = true;
    $('account').hidden = false;
}

function note(text, ...actions) {
    $('account-note').textContent = text;
    $('account-actions').replaceChildren(...actions);
    $('account-actions').hidden = actions.length === 0;
}

async function open() {
    startPage();
    try {
        if (await currentUser() === null) {
            note('Sign in to see your tokens.', element('button', { type: 'button', onclick: () => signIn() }, 'Sign in'));
        } else {
            const { body } = await callAsUser('GET', '/api/tokens/balance');
            showBalance(body);
            await loadHistory(null).catch(historyAway);
        }
    } catch (error) {
        const wait = error instanceof ApiError && error.status === 429;
        note(wait ? 'That was a lot of requests in a short time. Please wait a minute.'
            : 'Your balance cannot be shown right now. Your tokens are safe; please reload in a minute.',
        element('button', { type: 'button', className: 'quiet', onclick: () => window.location.reload() }, 'Reload'));
    }
    $('account-note').removeAttribute('aria-busy');
}

open();
