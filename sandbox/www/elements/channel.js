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

/* One call to the API as { body } or { error }, both as Stripe has them. */
export async function api(method, path, form = {}) {
    const fields = new URLSearchParams(form);
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
            return { error: body.error ?? { type: 'api_error', message: 'The answer had no error in it.' } };
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
