/*
 * What the page is told about the buyer's choice and fields: each change
 * once.
 */

import { brandOf, digits } from './cardfields.js';
import { emit } from './channel.js';
import { problems, value } from './fields.js';
import { asksAddress, now, savedMethod } from './now.js';
import { panelOf } from './ways.js';

const $ = (id) => document.getElementById(id);

let told = ''; /* the last change event */
let toldCard = '';

function state() {
    if (now.saved !== null) {
        const { id, type, billing_details: billing } = savedMethod();
        return {
            empty: false, complete: true, collapsed: false, value: { type, payment_method: { id, type, billing_details: billing } },
        };
    }
    const all = Object.entries(problems(panelOf(now.method)));
    return {
        empty: all.length > 0 && all.every(([id]) => value(id) === ''),
        complete: now.method !== null && all.every(([, wrong]) => wrong === null),
        collapsed: now.method === null,
        value: {
            type: now.method ?? '',
            ...(now.method === 'card' && asksAddress() ? {
                billingDetails: { address: { country: value('country'), postalCode: value('postal') || null } },
            } : {}),
            ...($('save').hidden ? {} : { savePaymentMethod: $('save-box').checked }),
        },
    };
}

function tellCard() {
    const card = savedMethod()?.card;
    const brand = card?.brand ?? brandOf(digits(value('number'))).id;
    const known = card || (now.saved === null && now.method === 'card');
    const details = known
        ? { brands: brand === 'unknown' ? null : [brand], funding: card?.funding ?? null } : undefined;
    const text = JSON.stringify(details ?? null);
    if (text !== toldCard) {
        toldCard = text;
        emit('carddetailschange', { loading: false, ...(details ? { details } : {}) });
    }
}

/* What has changed, once. */
export function tell() {
    const change = state();
    const text = JSON.stringify(change);
    if (text !== told) {
        told = text;
        emit('change', change);
    }
    tellCard();
}
