/*
 * The ways to pay, as tabs or as an accordion: a button for each, of which
 * one is chosen or none, and the panel that belongs to it.
 */

import { METHODS } from './methods.js';

const $ = (id) => document.getElementById(id);

let accordion = false;
let changed = () => {};

function buttons() {
    return [...$('ways').querySelectorAll(':scope > button')];
}

/* Which panel a type shows; none without one. */
export function panelOf(type) {
    return METHODS[type]?.panel ?? null;
}

/* Marks the chosen one and shows its panel; null hides them all. */
export function showWay(type, { focus = false, panels = true } = {}) {
    for (const button of buttons()) {
        const on = button.dataset.type === type;
        if (accordion) {
            button.setAttribute('aria-expanded', String(on && panels));
        } else {
            button.setAttribute('aria-selected', String(on));
            button.tabIndex = on || (type === null && button === buttons()[0]) ? 0 : -1;
        }
        if (on && focus) {
            button.focus();
        }
        if (on && accordion) {
            button.after($(panelOf(type)));
        }
    }
    for (const panel of document.querySelectorAll('.panel')) {
        panel.hidden = !panels || panel.id !== panelOf(type);
        panel.setAttribute('role', accordion ? 'region' : 'tabpanel');
        panel.setAttribute('aria-labelledby', `way-${type}`);
    }
    const { account } = METHODS[type] ?? {};
    if (account) {
        document.querySelector('label[for="account"]').textContent = account;
    }
}

function turn(event) {
    const all = buttons();
    const at = all.indexOf(event.target);
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (accordion || at < 0 || !step) {
        return;
    }
    event.preventDefault();
    changed(all[(at + step + all.length) % all.length].dataset.type, true);
}

function makeButton(type) {
    const button = document.createElement('button');
    Object.assign(button, { type: 'button', id: `way-${type}`, textContent: METHODS[type].label });
    button.dataset.type = type;
    button.setAttribute('aria-controls', METHODS[type].panel);
    if (!accordion) {
        button.setAttribute('role', 'tab');
    }
    button.addEventListener('click', () => changed(type, false));
    return button;
}

/* Writes them anew: `onChoice(type, focus)` is told of each choice. */
export function showWays(types, layout, onChoice) {
    changed = onChoice;
    accordion = layout === 'accordion';
    const box = $('ways');
    for (const panel of document.querySelectorAll('.panel')) {
        box.after(panel);
    }
    box.className = accordion ? 'accordion' : 'tabs';
    for (const [name, text] of Object.entries({ role: 'tablist', 'aria-label': 'Payment method' })) {
        if (accordion) {
            box.removeAttribute(name);
        } else {
            box.setAttribute(name, text);
        }
    }
    box.replaceChildren(...types.map(makeButton));
    box.hidden = types.length < 2;
}

$('ways').addEventListener('keydown', turn);
