/*
 * Prices as the buyer sees them. Everything is an integer in the currency's
 * smallest unit and BigInt in between, so that what is shown is to the cent
 * what the server will charge. The server computes its own price; this one is
 * only for the eye.
 */

/* Digits after the point, read off the server's own "39.99" for 3999. */
export function exponentOf(row) {
    const point = row.amount_display.indexOf('.');
    return point < 0 ? 0 : row.amount_display.length - point - 1;
}

/* "39.99" for 3999n and 2; "500" for 500n and 0. */
function decimal(minor, exponent) {
    const digits = minor.toString().padStart(exponent + 1, '0');
    if (exponent === 0) {
        return digits;
    }
    return `${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}

/* In the reader's language, with the currency's sign. */
export function formatMoney(minor, currency, exponent) {
    const format = new Intl.NumberFormat(undefined, {
        style: 'currency',
        currency: currency.toUpperCase(),
        minimumFractionDigits: exponent,
        maximumFractionDigits: exponent,
    });
    return format.format(decimal(BigInt(minor), exponent));
}

/* The server cuts its price per token to three decimals and sends it as
 * text; zeros beyond what the currency has are not worth reading. */
export function formatRate(text, currency, exponent) {
    const format = new Intl.NumberFormat(undefined, {
        style: 'currency',
        currency: currency.toUpperCase(),
        minimumFractionDigits: Math.min(exponent, 3),
        maximumFractionDigits: 3,
    });
    return format.format(text);
}

export function formatTokens(count) {
    return new Intl.NumberFormat().format(count);
}

export function tokensInWords(count) {
    return `${formatTokens(count)} ${BigInt(count) === 1n ? 'token' : 'tokens'}`;
}

function bySize(packages) {
    return [...packages].sort((a, b) => a.tokens - b.tokens);
}

/* a / b, rounded half up; both positive. */
function divideHalfUp(a, b) {
    return (2n * a + b) / (2n * b);
}

/*
 * The price of any number of tokens: tokens times the exact price of one
 * token in the largest package not above that number (below the smallest
 * package: in that one), rounded half up, and never more than the next larger
 * package costs. `tokens` is a positive BigInt, `packages` not empty.
 */
export function customPrice(tokens, packages) {
    const sorted = bySize(packages);
    let base = sorted[0];
    let next = null;
    for (const row of sorted) {
        if (BigInt(row.tokens) <= tokens) {
            base = row;
        } else if (next === null) {
            next = row;
        }
    }
    const price = divideHalfUp(tokens * BigInt(base.amount), BigInt(base.tokens));
    if (next !== null && price > BigInt(next.amount)) {
        return BigInt(next.amount);
    }
    return price;
}

/* What a token of this price costs, cut to three decimals, as text. */
export function rateOf(minor, tokens, exponent) {
    const thousandths = (BigInt(minor) * 1000n) / (BigInt(tokens) * 10n ** BigInt(exponent));
    return decimal(thousandths, 3);
}

/* How many percent a token of this package costs less than one of the
 * smallest, rounded down; 0 when it does not. */
export function savingPercent(row, packages) {
    const small = bySize(packages)[0];
    const full = BigInt(small.amount) * BigInt(row.tokens);
    const saved = full - BigInt(row.amount) * BigInt(small.tokens);
    return saved > 0n ? Number((100n * saved) / full) : 0;
}
