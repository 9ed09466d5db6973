/*
 * The fields as such: reading and filling them, showing what is wrong with
 * one once it was touched, and keeping digits in groups while they are typed.
 */

import {
    brandOf, cvcProblem, digits, expiryProblem, groupExpiry, groupNumber, numberProblem, postalOf, postalProblem,
} from './cardfields.js';

const $ = (id) => document.getElementById(id);
export const FIELDS = ['number', 'expiry', 'cvc', 'postal', 'account', 'holder'];

let touched = new Set();

export function value(id) {
    return $(id).value;
}

function problem(code, message) {
    return { type: 'validation_error', code, message };
}

/* A name to a problem or null, for each field of this panel. */
export function problems(panel) {
    switch (panel) {
    case 'card':
        return {
            number: numberProblem(value('number')),
            expiry: expiryProblem(value('expiry')),
            cvc: cvcProblem(value('cvc'), value('number')),
            ...($('postal-field').hidden || $('address').hidden
                ? {} : { postal: postalProblem(value('postal'), value('country')) }),
        };
    case 'debit':
        return {
            account: value('account').trim().length < 6
                ? problem('incomplete_iban', 'Your account number is incomplete.') : null,
            holder: value('holder').trim() === ''
                ? problem('incomplete_name', 'Please give the name of the holder.') : null,
        };
    default:
        return {};
    }
}

function show(id, wrong) {
    $(`${id}-error`).textContent = wrong?.message ?? '';
    if (wrong) {
        $(id).setAttribute('aria-invalid', 'true');
    } else {
        $(id).removeAttribute('aria-invalid');
    }
}

export function showTouched(panel) {
    for (const [id, wrong] of Object.entries(problems(panel))) {
        show(id, touched.has(id) ? wrong : null);
    }
}

/* Marks every field that is wrong, goes to the first, answers its problem. */
export function check(panel) {
    const all = problems(panel);
    touched = new Set([...touched, ...Object.keys(all)]);
    showTouched(panel);
    const wrong = Object.keys(all).find((id) => all[id] !== null);
    if (wrong === undefined) {
        return null;
    }
    $(wrong).focus();
    return all[wrong];
}

/* Keeps the caret behind the digit that it was behind. */
function regroup(field, group, typing) {
    const before = digits(field.value.slice(0, field.selectionStart)).length;
    const atEnd = field.selectionStart === field.value.length;
    const text = group(field.value, typing);
    if (text === field.value) {
        return;
    }
    field.value = text;
    let at = 0;
    for (let seen = 0; seen < before && at < text.length; at += 1) {
        seen += /\d/.test(text[at]) ? 1 : 0;
    }
    const caret = atEnd ? text.length : at;
    field.setSelectionRange(caret, caret);
}

/* What depends on the number: its brand and how long its code is. */
function showBrand() {
    const brand = brandOf(digits(value('number')));
    $('brand').textContent = brand.name;
    $('cvc').maxLength = brand.cvc;
}

/* Something was typed into this field. */
export function typed({ target, inputType }, panel) {
    const typing = !inputType?.startsWith('delete');
    if (target.id === 'number') {
        regroup(target, groupNumber, typing);
        showBrand();
    } else if (target.id === 'expiry') {
        regroup(target, groupExpiry, typing);
    }
    if (problems(panel)[target.id] === null) {
        show(target.id, null);
    }
}

/* A field that was left with something in it may say what is wrong. */
export function left({ target }, panel) {
    if (FIELDS.includes(target.id) && target.value !== '') {
        touched.add(target.id);
        showTouched(panel);
    }
}

/* Puts these values in, as somebody who types them. */
export function fill(values) {
    for (const [id, text] of Object.entries(values)) {
        $(id).value = id === 'number' ? groupNumber(text) : text;
        touched.delete(id);
        show(id, null);
    }
    showBrand();
}

export function clear() {
    fill(Object.fromEntries(FIELDS.map((id) => [id, ''])));
}

/* The postal code is asked for where banks compare it. */
export function showCountry() {
    const postal = postalOf(value('country'));
    $('postal-field').hidden = postal === undefined;
    document.querySelector('label[for="postal"]').textContent = postal?.label ?? 'Postal code';
    $('postal').placeholder = postal?.sample ?? '';
    touched.delete('postal');
    show('postal', null);
}

export function setReadOnly(on) {
    for (const node of document.querySelectorAll('input, select, button')) {
        if (node.type === 'text') {
            node.readOnly = on;
        } else {
            node.disabled = on;
        }
    }
}
