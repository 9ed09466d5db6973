/*
 * The front page: the catalogue's packages as cards that lead to /buy.
 */

import { getCatalog, getConfig } from './api.js';
import { exponentOf, formatMoney, formatRate, savingPercent, tokensInWords } from './money.js';
import { element, startPage } from './page.js';

function card(row, packages) {
    const exponent = exponentOf(row);
    const saving = savingPercent(row, packages);
    const head = element('h3', {}, row.name);
    const rate = formatRate(row.price_per_token, row.currency, exponent);
    const parts = [
        head,
        element('p', { className: 'package-tokens' }, tokensInWords(row.tokens)),
        element('p', { className: 'package-price' }, formatMoney(row.amount, row.currency, exponent)),
        element('p', { className: 'muted small' }, `${rate} per token `,
            saving > 0 ? element('span', { className: 'badge' }, `Save ${saving}%`) : ''),
        element('a', {
            className: 'button', href: `/buy?package=${encodeURIComponent(row.id)}`,
            'aria-label': `Buy ${row.name}: ${tokensInWords(row.tokens)}`,
        }, 'Buy'),
    ];
    return element('article', {}, ...parts);
}

async function showPackages() {
    const place = document.getElementById('packages');
    const note = document.getElementById('packages-note');
    try {
        const { currencies } = await getConfig();
        const { packages } = await getCatalog(currencies[0]);
        place.replaceChildren(...packages.map((row) => card(row, packages)));
    } catch {
        note.className = 'notice bad';
        note.textContent = 'The prices cannot be shown right now. Please reload in a minute.';
    }
    place.removeAttribute('aria-busy');
}

startPage();
showPackages();
