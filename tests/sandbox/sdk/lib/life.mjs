/*
 * What the chapters share: a client that remembers every answer, an endpoint
 * that has the SDK check every webhook, the sandbox's control, short ways.
 */

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

export { assert };

export const VERSION = '2026-10-28.endive';
export const need = createRequire(`${process.env.VANTAGE_NPM ?? process.cwd()}/x.js`);
export const Stripe = need('stripe');

export const KEY = 'sk_test_abcdefghijklmnop';
export const BROWSER_KEY = 'pk_test_abcdefghijklmnop';

const origin = process.argv[2];
const [host, port] = origin.split(':');

/* --- what was said ------------------------------------------------------ */

/* For the judge of types; see types.mjs. */
function record(item) {
    if (process.env.RECORD) {
        fs.appendFileSync(process.env.RECORD, `${JSON.stringify(item)}\n`);
    }
}

/* The SDK's own HTTP client, which shows us each body as it came. */
const http = Stripe.createNodeHttpClient();
const listening = {
    getClientName: () => http.getClientName(),
    async makeRequest(...words) {
        const [, , path, verb] = words;
        const response = await http.makeRequest(...words);
        const toJSON = response.toJSON.bind(response);
        response.toJSON = async () => {
            const body = await toJSON();
            record({ what: response.getStatusCode() < 400 ? 'answer' : 'error', verb, path, body });
            return body;
        };
        return response;
    },
};

export const options = {
    host, port, protocol: 'http', telemetry: false, maxNetworkRetries: 0, httpClient: listening,
};
export const stripe = new Stripe(KEY, options);

/* --- the sandbox's own control ------------------------------------------ */

export async function control(path, form = {}) {
    const answer = await fetch(`http://${origin}/_sandbox/${path}`, {
        method: 'POST', body: new URLSearchParams(form),
    });
    assert.equal(answer.status, 200, await answer.clone().text());
    return answer.json();
}

/* Until all that is due has been done and delivered. */
export function settle() {
    return control('tick');
}

export function page(path, form) {
    return fetch(`http://${origin}${path}`, form === undefined ? {} : {
        method: 'POST', redirect: 'manual', body: new URLSearchParams(form),
    });
}

/* --- webhooks ----------------------------------------------------------- */

/*
 * The events that came, in their order; with `raw` and `header` as they came.
 * One whose signature is bad, or who came where nobody asked for it, ends the
 * run.
 */
export const deliveries = [];
export let endpoint;
let refused = null;
let base;

/* The other endpoints: what came there, and its secret, by path. */
const others = new Map();

function receive(path, raw, header) {
    const { secret, list } = path === '/hook'
        ? { secret: endpoint.secret, list: deliveries } : others.get(path);
    const event = stripe.webhooks.constructEvent(raw, header, secret);
    record({ what: 'event', body: JSON.parse(raw) });
    Object.defineProperty(event, 'raw', { value: raw });
    Object.defineProperty(event, 'header', { value: header });
    list.push(event);
}

const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
        try {
            receive(request.url, Buffer.concat(chunks), request.headers['stripe-signature']);
        } catch (error) {
            refused = error;
            response.statusCode = 400;
        }
        response.end();
    });
});

function fine() {
    if (refused !== null) {
        throw refused;
    }
}

/* The events about the object, in their order, once all are delivered. */
export async function told(id) {
    await settle();
    fine();
    return deliveries.filter(({ data: { object } }) => object.id === id);
}

/* One more endpoint: itself, and the list of what comes there. */
export async function another(path, enabledEvents) {
    const made = await stripe.webhookEndpoints.create({
        url: `${base}${path}`, enabled_events: enabledEvents, api_version: VERSION });
    const list = [];
    others.set(path, { secret: made.secret, list });
    return { made, list };
}

export async function open() {
    await new Promise((resolve) => {
        server.listen(0, '127.0.0.1', resolve);
    });
    base = `http://127.0.0.1:${server.address().port}`;
    endpoint = await stripe.webhookEndpoints.create({
        url: `${base}/hook`, enabled_events: ['*'], api_version: VERSION,
    });
}

export function close() {
    server.close();
    server.closeAllConnections();
    fine();
}

/* --- short ways --------------------------------------------------------- */

/* The error that it failed with. */
export async function failing(promise) {
    try {
        await promise;
    } catch (error) {
        return error;
    }
    assert.fail('this should have failed');
    return undefined;
}

export async function collect(list) {
    const all = [];
    for await (const one of list) {
        all.push(one);
    }
    return all;
}

export function ids(list) {
    return list.map(({ id }) => id);
}

/* Until the test clock stands at this second. */
export async function advance(clock, to) {
    const { testClocks } = stripe.testHelpers;
    let now = await testClocks.advance(clock, { frozen_time: to });
    while (now.status === 'advancing') {
        await new Promise((resolve) => {
            setTimeout(resolve, 20);
        });
        now = await testClocks.retrieve(clock);
    }
    assert.equal(now.status, 'ready');
    assert.equal(now.frozen_time, to);
}

/* An intent that is confirmed at once. */
export function pay(extra = {}) {
    return stripe.paymentIntents.create({
        amount: 999, currency: 'usd', confirm: true, payment_method: 'pm_card_visa',
        automatic_payment_methods: { enabled: true, allow_redirects: 'never' }, ...extra,
    });
}
