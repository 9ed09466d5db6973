/*
 * The 3-D Secure question. The answer goes to the sandbox, which moves the
 * intent on; the page then reads the intent again and learns it there.
 */

import { api, emit, reportHeight, serve } from './channel.js';

const buttons = document.querySelectorAll('button');
const note = document.getElementById('note');
let asked = null;

function showAmount({ amount, currency }) {
    if (!currency) {
        return;
    }
    const format = new Intl.NumberFormat('en', { style: 'currency', currency: currency.toUpperCase() });
    const digits = format.resolvedOptions().maximumFractionDigits;
    const text = String(amount).padStart(digits + 1, '0');
    const whole = digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
    document.getElementById('amount').textContent = format.format(whole);
}

async function answer(outcome) {
    for (const button of buttons) {
        button.disabled = true;
    }
    const { error } = await api('POST', '/_sandbox/challenge', {
        [asked.field]: asked.intent, client_secret: asked.clientSecret, outcome,
    });
    if (error) {
        note.textContent = 'The simulated bank cannot be reached. Please try again.';
        for (const button of buttons) {
            button.disabled = false;
        }
        return false;
    }
    return true;
}

for (const button of buttons) {
    button.addEventListener('click', async () => {
        if (await answer(button.id)) {
            emit('done');
        }
    });
}

document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
        emit('escape');
    }
});

serve({
    start: (value) => {
        asked = value;
        showAmount(value);
        if (value.field === 'setup_intent') {
            document.querySelector('h1').textContent = 'Do you want to save this card?';
        }
        document.querySelector('main').hidden = false;
        reportHeight();
        document.getElementById('complete').focus();
    },
    answer: ({ outcome }) => answer(outcome),
});
