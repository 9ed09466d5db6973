/*
 * The first step: a package or a number of tokens, in one of the currencies,
 * and the summary beside it that always shows what it would cost.
 */

import {
    customPrice, exponentOf, formatMoney, formatRate, formatTokens, rateOf,
    savingPercent, tokensInWords,
} from './money.js';
import { element } from './page.js';

const CUSTOM = 'custom';
const $ = (id) => document.getElementById(id);

let catalog = null;
let currency = '';

function packageCard(row) {
    const exponent = exponentOf(row);
    const saving = savingPercent(row, catalog.packages);
    const id = `choice-${row.id}`;
    const rate = `${formatRate(row.price_per_token, row.currency, exponent)} per token`;
    return element('label', { className: 'choice', htmlFor: id },
        element('input', { type: 'radio', name: 'choice', id, value: row.id }),
        element('span', { className: 'choice-name' }, row.name,
            saving > 0 ? element('span', { className: 'badge' }, `Save ${saving}%`) : ''),
        element('span', { className: 'choice-tokens' }, tokensInWords(row.tokens)),
        element('span', { className: 'choice-price' }, formatMoney(row.amount, row.currency, exponent)),
        element('span', { className: 'choice-rate' }, rate));
}

function customCard() {
    const { min, max } = catalog.custom;
    const radio = element('input', {
        type: 'radio', name: 'choice', id: 'choice-custom', value: CUSTOM,
    });
    const count = element('input', {
        type: 'text', id: 'tokens', name: 'tokens', inputMode: 'numeric', autocomplete: 'off',
        maxLength: 15, 'aria-describedby': 'tokens-help tokens-error',
    });
    /* Typing or pointing there is choosing; passing by with Tab is not. */
    for (const event of ['input', 'pointerdown']) {
        count.addEventListener(event, () => {
            if (!radio.checked) {
                radio.checked = true;
                radio.dispatchEvent(new Event('change', { bubbles: true }));
            }
        });
    }
    return element('div', { className: 'choice custom' },
        radio,
        element('label', { className: 'choice-name', htmlFor: 'choice-custom' }, 'Your own number'),
        element('span', { className: 'choice-count' },
            element('label', { htmlFor: 'tokens' }, 'Number of tokens'), count),
        element('span', { className: 'choice-rate', id: 'tokens-help' },
            `${formatTokens(min)} to ${formatTokens(max)} tokens`),
        element('span', { className: 'field-error', id: 'tokens-error' }));
}

function selected() {
    return document.querySelector('input[name="choice"]:checked')?.value ?? null;
}

/* The number that was typed, or null when it is not one we sell. Thousands
 * may be grouped; "1.5" is not fifteen. */
function typedTokens() {
    const text = $('tokens').value.trim();
    if (!/^(\d{1,12}|\d{1,3}([.,\s'’]\d{3}){1,3})$/u.test(text)) {
        return null;
    }
    const tokens = BigInt(text.replace(/\D/gu, ''));
    const { min, max } = catalog.custom;
    return tokens >= BigInt(min) && tokens <= BigInt(max) ? tokens : null;
}

/*
 * What is chosen, as { body, tokens, amount, rate, currency, exponent }, or
 * null. `body` is what the server is asked for: it sets the price itself.
 */
export function chosen() {
    const value = selected();
    if (value === null || catalog === null || catalog.packages.length === 0) {
        return null;
    }
    const exponent = exponentOf(catalog.packages[0]);
    if (value !== CUSTOM) {
        const row = catalog.packages.find(({ id }) => id === value);
        return {
            body: { package_id: row.id, currency }, tokens: row.tokens, amount: row.amount,
            rate: row.price_per_token, currency, exponent,
        };
    }
    const tokens = typedTokens();
    if (tokens === null) {
        return null;
    }
    const amount = customPrice(tokens, catalog.packages);
    return {
        body: { tokens: Number(tokens), currency }, tokens: Number(tokens), amount,
        rate: rateOf(amount, tokens, exponent), currency, exponent,
    };
}

/* The summary beside the form; facts as chosen() gives them, or null. */
export function showSummary(facts) {
    const { currency: code, exponent } = facts ?? {};
    $('sum-tokens').textContent = facts ? formatTokens(facts.tokens) : '–';
    $('sum-rate').textContent = facts?.rate ? formatRate(facts.rate, code, exponent) : '–';
    $('sum-total').textContent = facts ? formatMoney(facts.amount, code, exponent) : '–';
}

function sayWhatTheNumberCosts(facts) {
    const next = catalog.packages.find((row) => facts && BigInt(row.amount) === BigInt(facts.amount)
        && row.tokens > facts.tokens);
    $('sum-note').textContent = next
        ? `The ${next.name} package has ${tokensInWords(next.tokens)} for the same price.` : '';
}

export function showTokensError(text) {
    const field = $('tokens');
    $('tokens-error').textContent = text;
    if (text) {
        field.setAttribute('aria-invalid', 'true');
    } else {
        field.removeAttribute('aria-invalid');
    }
}

function refresh() {
    const facts = chosen();
    showSummary(facts);
    sayWhatTheNumberCosts(facts);
    if (facts !== null || selected() !== CUSTOM) {
        showTokensError('');
    }
}

/* Marks what keeps the form from being sent; true when nothing does. */
export function checkChoice() {
    if (chosen() !== null) {
        return true;
    }
    if (selected() === CUSTOM) {
        const { min, max } = catalog.custom;
        showTokensError(`Please enter a whole number from ${formatTokens(min)} to ${formatTokens(max)}.`);
        $('tokens').focus();
    } else {
        document.querySelector('input[name="choice"]')?.focus();
    }
    return false;
}

export function catalogVersion() {
    return catalog.version;
}

/* Selects what `wanted` names (as the body of an order does), if it is sold. */
export function select(wanted) {
    const own = 'tokens' in wanted;
    const radio = own
        ? $('choice-custom')
        : document.querySelector(`input[name="choice"][value="${CSS.escape(wanted.package_id ?? '')}"]`);
    if (own) {
        $('tokens').value = String(wanted.tokens);
    }
    if (radio) {
        radio.checked = true;
    }
    refresh();
}

export function showCatalog(answer, code) {
    const before = selected();
    const typed = $('tokens')?.value ?? '';
    catalog = { ...answer, packages: answer.packages.filter((row) => row.currency === code) };
    currency = code;
    const box = $('choices');
    const legend = box.querySelector('legend');
    box.replaceChildren(legend, ...catalog.packages.map(packageCard), customCard());
    box.removeAttribute('aria-busy');
    $('tokens').value = typed;
    select(before === CUSTOM ? { tokens: typed } : { package_id: before ?? middle() });
}

/* The package that is selected at first: neither the least nor the most. */
function middle() {
    return catalog.packages[Math.floor((catalog.packages.length - 1) / 2)]?.id ?? '';
}

export function showCurrencies(codes, code) {
    const names = new Intl.DisplayNames(undefined, { type: 'currency' });
    $('currency').replaceChildren(...codes.map((each) =>
        element('option', { value: each, selected: each === code },
            `${names.of(each.toUpperCase())} (${each.toUpperCase()})`)));
    $('currency-row').hidden = codes.length < 2;
}

/* `onCurrency(code)` fetches the catalogue anew and calls showCatalog. */
export function startChoosing({ onCurrency }) {
    const form = $('choose-form');
    form.addEventListener('change', (event) => {
        if (event.target.id === 'currency') {
            onCurrency(event.target.value);
        } else {
            refresh();
        }
    });
    form.addEventListener('input', refresh);
}
