/*
 * The three card fields: how their text is grouped while typing, and what is
 * wrong with it, in the words and codes of the real element.
 */

const BRANDS = [
    { name: 'American Express', start: /^3[47]/, lengths: [15], cvc: 4, groups: [4, 6, 5] },
    { name: 'Visa', start: /^4/, lengths: [13, 16, 19], cvc: 3, groups: [4, 4, 4, 4, 3] },
    { name: 'Mastercard', start: /^(5[1-5]|2[2-7])/, lengths: [16], cvc: 3, groups: [4, 4, 4, 4] },
    { name: 'Discover', start: /^6(011|4[4-9]|5)/, lengths: [16], cvc: 3, groups: [4, 4, 4, 4] },
];
const OTHER = { name: '', lengths: [16], cvc: 3, groups: [4, 4, 4, 4, 3] };

export function digits(text) {
    return text.replace(/\D/gu, '');
}

export function brandOf(number) {
    return BRANDS.find(({ start }) => start.test(number)) ?? OTHER;
}

export function groupNumber(text) {
    const number = digits(text);
    const parts = [];
    let at = 0;
    for (const length of brandOf(number).groups) {
        if (at < number.length) {
            parts.push(number.slice(at, at + length));
        }
        at += length;
    }
    return parts.join(' ');
}

/* "1234" becomes "12 / 34", "5" becomes "05 / ". */
export function groupExpiry(text, typing) {
    let date = digits(text).slice(0, 4);
    if (/^[2-9]/.test(date)) {
        date = `0${date}`.slice(0, 4);
    }
    if (date.length < 2 || (date.length === 2 && !typing)) {
        return date;
    }
    return `${date.slice(0, 2)} / ${date.slice(2)}`;
}

/* ISO/IEC 7812's check digit. */
function luhn(number) {
    let sum = 0;
    for (let at = 0; at < number.length; at += 1) {
        const digit = Number(number[number.length - 1 - at]);
        const doubled = at % 2 === 1 ? digit * 2 : digit;
        sum += doubled > 9 ? doubled - 9 : doubled;
    }
    return sum % 10 === 0;
}

function problem(code, message) {
    return { type: 'validation_error', code, message };
}

export function numberProblem(text) {
    const number = digits(text);
    if (number.length < Math.max(...brandOf(number).lengths.filter((length) => length <= 16))) {
        return problem('incomplete_number', 'Your card number is incomplete.');
    }
    return luhn(number) ? null : problem('invalid_number', 'Your card number is invalid.');
}

export function expiryProblem(text, today = new Date()) {
    const date = digits(text);
    if (date.length < 4) {
        return problem('incomplete_expiry', 'Your card’s expiration date is incomplete.');
    }
    const month = Number(date.slice(0, 2));
    const year = 2000 + Number(date.slice(2));
    if (month < 1 || month > 12) {
        return problem('invalid_expiry_month', 'Your card’s expiration date is invalid.');
    }
    if (year < today.getFullYear()) {
        return problem('invalid_expiry_year_past', 'Your card’s expiration year is in the past.');
    }
    if (year === today.getFullYear() && month < today.getMonth() + 1) {
        return problem('invalid_expiry_month_past', 'Your card’s expiration date is in the past.');
    }
    return null;
}

export function cvcProblem(text, number) {
    return digits(text).length < brandOf(digits(number)).cvc
        ? problem('incomplete_cvc', 'Your card’s security code is incomplete.') : null;
}
