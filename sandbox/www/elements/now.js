/*
 * What this frame is about at the moment: what the page has given, what the
 * API knows about it, and what the buyer has chosen.
 */

export const now = {
    given: {}, /* key, clientSecret or mode and its facts, appearance, options */
    session: { payment_method_types: [] }, /* what the API knows about it */
    method: null, /* the type chosen, or null: collapsed */
    saved: null, /* the id of the saved method chosen, or null */
};

export function layout() {
    const { layout: wish } = now.given.options ?? {};
    return typeof wish === 'string' ? { type: wish } : wish ?? {};
}

function billingWish(type) {
    const { fields = {} } = now.given.options ?? {};
    return fields[type]?.billingDetails ?? fields.billingDetails;
}

export function asksAddress() {
    const wish = billingWish('card');
    const address = typeof wish === 'string' ? wish : wish?.address;
    return address !== 'never' && (address?.country !== 'never' || address?.postalCode !== 'never');
}

export function features() {
    return now.session.customer?.features ?? {};
}

/* Is the method kept for later whatever the buyer says? */
export function keptAnyway() {
    const usage = now.given.setupFutureUsage ?? now.given.setup_future_usage ?? now.session.intent?.setup_future_usage;
    return now.given.mode === 'setup' || now.given.mode === 'subscription' || now.session.intent?.object === 'setup_intent'
        || Boolean(usage);
}

export function savedMethod() {
    return now.session.customer?.payment_methods.find(({ id }) => id === now.saved);
}
