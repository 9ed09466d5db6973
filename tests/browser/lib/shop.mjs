/*
 * What a buyer does, as functions of a page: by labels and roles, as somebody
 * does who cannot see it, so that a test fails when a label is lost.
 */

export const URL_OF = (path) => new URL(path, process.env.VANTAGE_URL).href;

let visitors = 0;

/* Nobody has bought with it before. */
export function freshEmail(name = 'buyer') {
    visitors += 1;
    return `${name}-${process.pid}-${Date.now()}-${visitors}@example.com`;
}

/* On the sign-in page. */
export async function signInHere(page, email) {
    await page.getByLabel('E-mail address').fill(email);
    await page.getByRole('button', { name: 'Sign in' }).click();
}

/* Signed in and on /buy. */
export async function openShop(page, email = freshEmail(), query = '') {
    await page.goto(URL_OF(`/buy${query}`));
    await page.getByRole('banner').getByRole('button', { name: 'Sign in' }).click();
    await signInHere(page, email);
    await page.getByText(`Signed in as ${email}`).waitFor();
    return email;
}

export async function choosePackage(page, name) {
    await page.getByRole('radio', { name }).check();
}

export async function goToPayment(page) {
    await page.getByRole('button', { name: 'Continue to payment' }).click();
    await paymentReady(page);
}

export async function paymentReady(page) {
    await page.locator('#pay-button:not([disabled])').waitFor();
}

/* The Payment Element's own document. */
export function cardFrame(page) {
    return page.frameLocator('iframe[title="Secure payment input frame"]');
}

export async function fillCard(page, number, { expiry = '12 / 34', cvc = '123', postal = '12345' } = {}) {
    const frame = cardFrame(page);
    await frame.getByLabel('Card number').fill(number);
    await frame.getByLabel('Expiration date').fill(expiry);
    await frame.getByLabel('Security code').fill(cvc);
    await frame.getByLabel('ZIP code').fill(postal);
}

export async function pay(page) {
    await page.getByRole('button', { name: /^Pay / }).click();
}

export async function answerChallenge(page, how) {
    await page.frameLocator('iframe[title="The simulated bank asks for a confirmation"]')
        .getByRole('button', { name: how }).click();
}

/* Waits for the result heading to read like this. */
export async function expectResult(page, pattern, timeout = 20_000) {
    await page.locator('#result-title', { hasText: pattern }).waitFor({ timeout });
}

export async function balance(page) {
    await page.goto(URL_OF('/account'));
    await page.locator('#account:not([hidden])').waitFor();
    const text = await page.locator('#available').textContent();
    return Number(text.replace(/\D/gu, ''));
}
