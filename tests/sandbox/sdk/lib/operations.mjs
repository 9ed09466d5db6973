/*
 * What the SDK calls each operation of the API: its methods, found by the
 * HTTP method and the path that they send.
 *
 * Nothing is listed here by hand. The client's resources are walked, and each
 * method's own source says which request it makes.
 */

const REQUEST = /_makeRequest\(\s*'(GET|POST|DELETE)',\s*[`'](\/v1\/[^`']+)[`']/u;

/* "/v1/x/${encodeURIComponent(id)}/y" as words; null stands for an id. */
function words(path) {
    return path.replace(/\$\{[^}]*\}/gu, '{}').split('/').map((word) => (word === '{}' ? null : word));
}

/* True for what holds methods, or other such things. */
function isResource(name, value) {
    return typeof value === 'object' && value !== null && !name.startsWith('_')
        && name !== 'stripe' && Object.getPrototypeOf(value) !== Object.prototype
        && !Array.isArray(value);
}

/* Every method of a resource and of what lies inside it. */
function* methods(resource, names) {
    const own = Object.getOwnPropertyNames(Object.getPrototypeOf(resource));
    /* The constructor's source is the whole class. */
    for (const name of own.filter((word) => word !== 'constructor')) {
        const [, verb, path] = REQUEST.exec(`${resource[name]}`) ?? [];
        if (path !== undefined) {
            const parts = words(path);
            yield { verb, parts, names: [...names, name], ids: parts.filter((word) => word === null).length };
        }
    }
    yield* inside(resource, names);
}

function* inside(holder, names) {
    for (const [name, value] of Object.entries(holder)) {
        if (isResource(name, value)) {
            yield* methods(value, [...names, name]);
        }
    }
}

function matches(parts, given) {
    return parts.length === given.length
        && parts.every((word, i) => word === null || word === given[i]);
}

/*
 * A function (verb, path) that finds { names, ids }: where the method is in
 * the client, and how many ids it takes before its parameters. Null when the
 * SDK has no such operation.
 */
export function operations(stripe) {
    const all = [...inside(stripe, [])];
    /* "/v1/invoices/search" goes before "/v1/invoices/{}". */
    all.sort((a, b) => a.ids - b.ids);
    return (verb, path) => {
        const given = path.split('?')[0].split('/');
        return all.find((row) => row.verb === verb && matches(row.parts, given)) ?? null;
    };
}
