/*
 * What every page has: the banner that says when no real money moves, and who
 * is signed in. Neither is needed for the page to work, so failures are
 * silent here; the part of the page that needs the same thing reports them.
 */

import { getConfig } from './api.js';
import { signIn, signOut, watchUser } from './session.js';

const STRIPE_HOST = 'js.stripe.com';

/* "live", "test" (Stripe's test mode) or "simulated" (a local Stripe). */
export function paymentsMode(config) {
    if (config.livemode) {
        return 'live';
    }
    const host = new URL(config.stripe_js_url).host;
    return host === STRIPE_HOST ? 'test' : 'simulated';
}

export function element(name, properties = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
        if (key in made) {
            made[key] = value;
        } else {
            made.setAttribute(key, value);
        }
    }
    made.append(...children);
    return made;
}

const TEST_CARDS = [
    ['4242 4242 4242 4242', 'pays at once'],
    ['4000 0000 0000 9995', 'is declined: not enough money'],
    ['4000 0000 0000 0002', 'is declined without a reason'],
    ['4000 0000 0000 0069', 'is declined: expired'],
    ['4000 0000 0000 3220', 'asks for 3-D Secure'],
];

function testCards() {
    const rows = TEST_CARDS.map(([number, does]) =>
        element('tr', {}, element('td', {}, element('code', {}, number)), element('td', {}, does)));
    return element('details', {},
        element('summary', {}, 'Test cards'),
        element('table', {},
            element('thead', {}, element('tr', {},
                element('th', { scope: 'col' }, 'Number'),
                element('th', { scope: 'col' }, 'What it does'))),
            element('tbody', {}, ...rows)),
        element('p', {}, 'Any expiry date in the future and any three digits as security code.'));
}

function showBanner(mode) {
    const sentence = mode === 'simulated'
        ? 'A local stand-in plays Stripe. No money moves; do not enter a real card.'
        : 'Stripe is in test mode. No money moves; do not enter a real card.';
    const title = mode === 'simulated' ? 'Payments are simulated.' : 'Test mode.';
    const banner = element('aside', { className: 'banner', 'aria-label': 'Test payments' },
        element('div', { className: 'notice' },
            element('p', {}, element('strong', {}, title), ` ${sentence}`), testCards()));
    document.querySelector('body > header').after(banner);
}

/* The last place in the navigation: who is signed in can change that. */
function showWho(user) {
    const list = document.querySelector('body > header nav ul:last-child');
    const button = list.querySelector('button')
        ?? list.appendChild(element('li', {}, element('button', { type: 'button', className: 'quiet' }))).firstChild;
    button.textContent = user === null ? 'Sign in' : 'Sign out';
    button.title = user === null ? '' : user.email;
    button.onclick = () => (user === null ? signIn() : signOut());
}

export async function startPage() {
    try {
        const mode = paymentsMode(await getConfig());
        if (mode !== 'live') {
            showBanner(mode);
        }
        await watchUser(showWho);
    } catch {
        /* The page's own part says what is out of reach. */
    }
}
