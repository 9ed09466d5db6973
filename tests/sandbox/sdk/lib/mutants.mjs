/*
 * Copies of recorded bodies, each with one thing wrong that a judge of types
 * has to see: a member that nobody knows, at every depth; a value of another
 * type; null or nothing where something must be; a word that is no value of
 * an enum.
 */

/* What is required, and what is an enum, wherever it stands in an answer. */
const REQUIRED = ['id', 'object', 'livemode', 'created', 'has_more'];
const ENUMS = [
    'object', 'capture_method', 'confirmation_method', 'tax_exempt', 'allow_redisplay',
    'collection_method', 'billing_reason', 'interval', 'usage_type', 'duration',
];

/* Lists with one element: each mutant is a whole body, and they are many. */
function shortened(value) {
    if (Array.isArray(value)) {
        return value.slice(0, 1).map(shortened);
    }
    if (typeof value !== 'object' || value === null) {
        return value;
    }
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shortened(inner)]));
}

/* Whatever the SDK's declarations leave open: nothing in it can be wrong. */
const OPEN = ['use_stripe_sdk'];

/*
 * Every object in a body as { keys, value, where, near }: its way from the
 * root, and the ways from the second and from the first of Stripe's objects
 * above it, by which places are told apart. A customer in an intent is not
 * the customer of an answer, but that the intent was in a list makes no
 * difference.
 */
function* places(value, keys = [], above = '', nearest = '', way = '') {
    if (typeof value !== 'object' || value === null) {
        return;
    }
    if (typeof value.object === 'string') {
        [above, nearest, way] = [`${nearest}${way} <${value.object}>`, `<${value.object}>`, ''];
    }
    if (!Array.isArray(value)) {
        yield { keys, value, where: `${above}${way}`, near: `${nearest}${way}` };
    }
    for (const [key, inner] of Object.entries(value)) {
        if (!OPEN.includes(key)) {
            yield* places(inner, [...keys, key], above, nearest, `${way}.${key}`);
        }
    }
}

/* Nothing that is a text anywhere may be a boolean there. */
function other(value) {
    return typeof value === 'string' ? true : 'seven';
}

/* One of them, not always the first. */
function pick(words, near) {
    return words[near.length % words.length];
}

/*
 * What can be wrong with an object, as [kind, member or undefined, function].
 * What was before a change is a part of its object: nothing is required.
 */
function* wrongs(what, value, near, isPart) {
    const isAnswer = (what === 'answer' || what === 'event') && !isPart;
    const leaves = Object.keys(value).filter((one) => typeof value[one] !== 'object');
    yield ['an unknown member', 'vantage_unknown', (o) => {
        o.vantage_unknown = { deep: [1] };
    }];
    const name = pick(leaves, near);
    yield ['another type', name, (o) => {
        o[name] = other(o[name]);
    }];
    if (!isAnswer || value.object === undefined) {
        return;
    }
    const word = pick(ENUMS.filter((one) => typeof value[one] === 'string'), near);
    const needed = pick(REQUIRED.filter((one) => value[one] !== undefined), near);
    yield ['a word of no enum', word, (o) => {
        o[word] = 'vantage_word';
    }];
    yield ['null for a value', needed, (o) => {
        o[needed] = null;
    }];
    yield ['a member missing', needed, (o) => {
        delete o[needed];
    }];
}

function changed(body, keys, act) {
    const copy = structuredClone(body);
    act(keys.reduce((value, key) => value[key], copy));
    return copy;
}

/* Every wrong of every place, as items with their kind and place. */
export function mutants(items) {
    const seen = new Set();
    const all = [];
    for (const item of items) {
        const body = shortened(item.body);
        for (const { keys, value, where, near } of places(body)) {
            for (const [kind, name, act] of wrongs(item.what, value, near, keys.includes('previous_attributes'))) {
                const at = kind === 'an unknown member' ? where : near;
                const place = `${item.what === 'request' ? item.operation.names : item.what}: ${at}.${name}`;
                if (name !== undefined && !seen.has(`${kind} ${place}`)) {
                    seen.add(`${kind} ${place}`);
                    all.push({ ...item, kind, place, body: changed(body, keys, act) });
                }
            }
        }
    }
    return all;
}
