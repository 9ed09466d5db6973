/*
 * The kinds of payment methods: what each is called, which panel of fields it
 * has, what its fields make of it for the API, and the test data that can be
 * filled in with one click.
 */

import { brandOf, digits } from './cardfields.js';

export const TEST_CARDS = [
    ['4242424242424242', 'Pays'],
    ['4000000000009995', 'Not enough money'],
    ['4000000000000002', 'Declined'],
    ['4000000000000069', 'Expired'],
    ['4000000000000127', 'Wrong security code'],
    ['4000000000000119', 'Processing error'],
    ['4000000000003220', '3-D Secure'],
    ['4000008400001629', '3-D Secure, then declined'],
    ['4000000000000341', 'Saved, then declined'],
    ['4000000000000259', 'Disputed afterwards'],
    ['5555555555554444', 'Mastercard'],
    ['378282246310005', 'American Express'],
];

export const METHODS = {
    card: { panel: 'card', label: 'Card' },
    us_bank_account: {
        panel: 'debit', label: 'Bank account', account: 'Account number', paying: '000123456789', failing: '000222222227',
    },
    sepa_debit: {
        panel: 'debit', label: 'SEPA debit', account: 'IBAN', paying: 'AT611904300234573201', failing: 'AT861904300235473202',
    },
    amazon_pay: { panel: 'redirect', label: 'Amazon Pay' },
    bancontact: { panel: 'redirect', label: 'Bancontact' },
    ideal: { panel: 'redirect', label: 'iDEAL' },
};

/* Countries to choose from: those with a postal code of ours, and some more. */
export const COUNTRIES = [
    'AT', 'AU', 'BE', 'BR', 'CA', 'CH', 'DE', 'DK', 'ES', 'FI', 'FR', 'GB', 'IE', 'IN', 'IT', 'JP', 'MX',
    'NL', 'NO', 'NZ', 'PL', 'PR', 'PT', 'SE', 'SG', 'US',
];

/* What was typed, as the API's payment_method_data. `value` reads a field. */
export function methodData(type, value) {
    if (type === 'card') {
        const expiry = digits(value('expiry'));
        return {
            type,
            card: {
                number: digits(value('number')),
                exp_month: Number(expiry.slice(0, 2)),
                exp_year: 2000 + Number(expiry.slice(2)),
                cvc: digits(value('cvc')),
            },
            billing_details: {
                address: { country: value('country'), postal_code: value('postal').trim() || undefined },
            },
        };
    }
    if (type === 'us_bank_account') {
        return {
            type,
            us_bank_account: {
                account_number: value('account').trim(), routing_number: '110000000', account_holder_type: 'individual',
            },
            billing_details: { name: value('holder').trim() },
        };
    }
    if (type === 'sepa_debit') {
        return {
            type,
            sepa_debit: { iban: value('account').replace(/\s/gu, '') },
            billing_details: { name: value('holder').trim() },
        };
    }
    return { type };
}

/* "Visa •••• 4242" of a saved one, and when it ends. */
export function savedLabel(method) {
    const { card } = method;
    if (!card) {
        const account = method[method.type] ?? {};
        return [`${METHODS[method.type]?.label ?? method.type} •••• ${account.last4 ?? ''}`, ''];
    }
    const brand = { visa: 'Visa', mastercard: 'Mastercard', amex: 'American Express' }[card.brand] ?? card.brand;
    const month = String(card.exp_month).padStart(2, '0');
    return [`${brand} •••• ${card.last4}`, `${month} / ${String(card.exp_year).slice(-2)}`];
}

/* Every field of a test card. */
export function testCard(number, postal) {
    return {
        number, expiry: '12 / 34', cvc: '1234'.slice(0, brandOf(number).cvc), ...(postal ? { postal: postal.sample } : {}),
    };
}
