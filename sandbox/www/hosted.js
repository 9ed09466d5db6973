/*
 * What the pages that take a payment have in common.
 */

const SCRIPT = '/endive/stripe.js';

/* Stripe(key), out of a script of the old kind, which says by a global what
 * it offers. */
export async function loadStripe(key) {
    await new Promise((resolve, reject) => {
        const script = document.createElement('script');
        script.src = SCRIPT;
        script.addEventListener('load', resolve);
        script.addEventListener('error', () => reject(new Error(`${SCRIPT} cannot be loaded`)));
        document.head.append(script);
    });
    return window.Stripe(key);
}
