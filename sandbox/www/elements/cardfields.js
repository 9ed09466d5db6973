/*
 * The card fields: how their text is grouped while typing, and what is wrong
 * with it, by the codes of the real element.
 */

const BRANDS = [
    { name: 'American Express', id: 'amex', start: /^3[47]/, lengths: [15], cvc: 4, groups: [4, 6, 5] },
    { name: 'Visa', id: 'visa', start: /^4/, lengths: [13, 16, 19], cvc: 3, groups: [4, 4, 4, 4, 3] },
    { name: 'Mastercard', id: 'mastercard', start: /^(5[1-5]|2[2-7])/, lengths: [16], cvc: 3, groups: [4, 4, 4, 4] },
    { name: 'Discover', id: 'discover', start: /^6(011|4[4-9]|5)/, lengths: [16], cvc: 3, groups: [4, 4, 4, 4] },
    { name: 'Diners Club', id: 'diners', start: /^3(0[0-5]|[689])/, lengths: [14, 16], cvc: 3, groups: [4, 6, 6] },
    { name: 'JCB', id: 'jcb', start: /^35/, lengths: [16], cvc: 3, groups: [4, 4, 4, 4] },
    { name: 'UnionPay', id: 'unionpay', start: /^62/, lengths: [16, 19], cvc: 3, groups: [4, 4, 4, 4, 3] },
];
const OTHER = { name: '', id: 'unknown', lengths: [16], cvc: 3, groups: [4, 4, 4, 4, 3] };

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
    const { lengths } = brandOf(number);
    if (number.length < Math.min(...lengths.filter((length) => length > 13))) {
        return problem('incomplete_number', 'Your card number is incomplete.');
    }
    return lengths.includes(number.length) && luhn(number) ? null : problem('invalid_number', 'Your card number is invalid.');
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

/* The countries whose banks compare the postal code: what one looks like. */
const POSTAL = {
    US: { label: 'ZIP code', whole: /^\d{5}(-\d{4})?$/, partly: /^\d{0,5}(-\d{0,4})?$/, sample: '12345' },
    CA: { label: 'Postal code', whole: /^[A-Z]\d[A-Z] ?\d[A-Z]\d$/i, partly: /^[A-Z\d ]{0,7}$/i, sample: 'M5T 1T4' },
    GB: {
        label: 'Postal code', whole: /^[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}$/i, partly: /^[A-Z\d ]{0,8}$/i, sample: 'WS11 1DB',
    },
    PR: { label: 'ZIP code', whole: /^\d{5}(-\d{4})?$/, partly: /^\d{0,5}(-\d{0,4})?$/, sample: '00901' },
};

/* Undefined where none is asked for. */
export function postalOf(country) {
    return POSTAL[country];
}

export function postalProblem(text, country) {
    const postal = POSTAL[country];
    const code = text.trim();
    if (!postal || postal.whole.test(code)) {
        return null;
    }
    return code === '' || postal.partly.test(code)
        ? problem('incomplete_zip', 'Your postal code is incomplete.')
        : problem('invalid_zip', 'Your postal code is invalid.');
}
