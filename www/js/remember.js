/*
 * What this tab remembers of purchases under way, so that a reload, a lost
 * answer or the way back from a bank goes on with the same payment instead of
 * making a second one. Every choice keeps the idempotency key of its order.
 * Only ids are kept: never a client secret, never anything of a card.
 */

const NAME = 'vantage.purchases';

function empty(user) {
    return { user, current: null, orders: {} };
}

function read() {
    try {
        return JSON.parse(sessionStorage.getItem(NAME)) ?? empty(null);
    } catch {
        return empty(null);
    }
}

function write(state) {
    try {
        sessionStorage.setItem(NAME, JSON.stringify(state));
    } catch {
        /* Storage may be switched off; then a reload starts afresh, and the
         * server's own rules still prevent a double charge of one order. */
    }
}

function randomKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/*
 * The order of this user and choice, made if there is none: { key, body,
 * paymentIntent, facts }. Another user's orders are dropped. `body` is what is
 * sent to create-payment-intent; with the catalogue's version it makes the
 * choice, so that a changed price is a new order.
 */
export function orderFor(user, body, version) {
    const name = JSON.stringify([body, version]);
    const kept = read();
    const state = kept.user === user ? kept : empty(user);
    state.orders[name] ??= { key: randomKey(), body, paymentIntent: null, facts: null };
    state.current = name;
    write(state);
    return { name, ...state.orders[name] };
}

/* The server answered: the payment's id and the order's public facts. */
export function keepPayment(name, paymentIntent, facts) {
    const state = read();
    if (state.orders[name]) {
        Object.assign(state.orders[name], { paymentIntent, facts });
        write(state);
    }
}

/* The order under way as { name, body, paymentIntent, facts }, or null. */
export function currentOrder() {
    const state = read();
    const order = state.current === null ? null : state.orders[state.current];
    return order ? { name: state.current, ...order } : null;
}

/* A payment that came back by address, perhaps into another tab. */
export function adoptPayment(paymentIntent) {
    const state = read();
    const known = Object.keys(state.orders)
        .find((name) => state.orders[name].paymentIntent === paymentIntent);
    const name = known ?? paymentIntent;
    state.orders[name] ??= { key: null, body: null, paymentIntent, facts: null };
    state.current = name;
    write(state);
}

/* The buyer goes back to choosing: the order stays, but is not under way. */
export function setAside() {
    const state = read();
    state.current = null;
    write(state);
}

/* Finished, canceled or unknown to the server: a new choice is a new order. */
export function forgetPayment(paymentIntent) {
    const state = read();
    for (const [name, order] of Object.entries(state.orders)) {
        if (order.paymentIntent === paymentIntent) {
            delete state.orders[name];
        }
    }
    state.current = null;
    write(state);
}

/* The key of this choice no longer fits (the server has it with another
 * body, or the order is gone): the next call makes a new one. */
export function forgetOrder(name) {
    const state = read();
    delete state.orders[name];
    state.current = null;
    write(state);
}
