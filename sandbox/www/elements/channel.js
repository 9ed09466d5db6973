/*
 * What every frame of the stand-in shares: the channel to the page that
 * embeds it, calls to the API of this origin, and reporting its own height.
 */

let port = null;

/* Tells the embedding page; before it has connected there is nobody to tell. */
export function emit(event, value = {}) {
    port?.postMessage({ event, value });
}

/* Serves `verbs`: name to async function of one value, whose result is sent
 * back. The first message that connects wins; there is one page per frame. */
export function serve(verbs) {
    window.addEventListener('message', ({ data, ports, source }) => {
        if (source !== window.parent || data?.sandbox !== 'connect' || port !== null) {
            return;
        }
        [port] = ports;
        port.onmessage = async ({ data: { verb, call, value } }) => {
            let answer;
            try {
                answer = await verbs[verb](value);
            } catch (error) {
                answer = { error: { type: 'api_error', message: String(error.message ?? error) } };
            }
            port.postMessage({ call, value: answer ?? {} });
        };
    });
}

const AWAY = {
    type: 'api_connection_error',
    message: 'We are experiencing issues connecting to our payments provider. Please check your internet connection and try again.',
};

/* What the real script calls these, where the API has one word for all. */
const TYPES = { 401: 'authentication_error', 429: 'rate_limit_error' };

/* { a: { b: [1] } } as a[b][0]=1; what is undefined is left out, null unsets. */
export function flat(value, name = '') {
    if (value === undefined) {
        return [];
    }
    if (typeof value !== 'object' || value === null) {
        return [[name, value === null ? '' : String(value)]];
    }
    return Object.entries(value).flatMap(([key, inner]) => flat(inner, name ? `${name}[${key}]` : key));
}

/* One call to the API as { body } or { error }, both as Stripe has them. */
export async function api(method, path, form = {}) {
    const fields = new URLSearchParams(flat(form));
    const url = method === 'GET' ? `${path}?${fields}` : path;
    try {
        const response = await fetch(url, {
            method,
            body: method === 'GET' ? undefined : fields,
            headers: { 'Stripe-Version': '2026-10-28.endive' },
            cache: 'no-store',
            credentials: 'omit',
        });
        const body = await response.json();
        if (!response.ok) {
            const error = body.error ?? { type: 'api_error', message: 'The answer had no error in it.' };
            return { error: { ...error, type: TYPES[response.status] ?? error.type } };
        }
        return { body };
    } catch {
        return { error: AWAY };
    }
}

/* Keeps the frame as high as what is in it. */
export function reportHeight() {
    const observer = new ResizeObserver(() => {
        emit('height', Math.ceil(document.body.getBoundingClientRect().height));
    });
    observer.observe(document.body);
}
