/*
 * What /buy shows: its three sections, one at a time, its messages, and where
 * the focus is. It knows nothing of payments.
 */

import { element } from './page.js';

const $ = (id) => document.getElementById(id);

const STEPS = { choose: 'step-choose', pay: 'step-pay', result: 'step-done' };
const TITLES = { choose: 'Buy tokens', pay: 'Payment', result: 'Your purchase' };

export function announce(text) {
    $('announce').textContent = text;
}

/* Shows one of the three sections and, unless told otherwise, moves the focus
 * to its heading, so that a screen reader follows. `at` is the step that is
 * marked: a payment that is still under way is not done. */
export function show(section, { focus = true, at = section } = {}) {
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

export function busy(button, on, text) {
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

export function chooseNote(text) {
    $('choose-note').textContent = text;
    $('choose-note').hidden = text === '';
}

export function payError(text) {
    const place = $('pay-error');
    place.textContent = text;
    place.hidden = text === '';
    if (text) {
        place.focus();
    }
}

/* mark: good, wait or ask. facts: pairs; actions: elements. */
export function showResult({ mark, title, text, facts = [], actions = [] }) {
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

export function action(text, onclick, className = '') {
    return element('button', { type: 'button', className, onclick }, text);
}

export function link(text, href, className = 'button') {
    return element('a', { href, className }, text);
}
