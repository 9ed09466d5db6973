/*
 * The HTTP interface of the workers: one call, one kind of error. No answer
 * is kept, no secret is logged or stored.
 */

const PATIENCE_MS = 25_000;

/*
 * status 0 and code "network" mean that no answer came: whether the server
 * acted is unknown, and the same call with the same key may be made again.
 */
export class ApiError extends Error {
    constructor(status, problem, retryAfterS) {
        super(problem.message ?? 'The request failed.');
        this.name = 'ApiError';
        this.status = status;
        this.code = problem.code ?? 'unknown';
        this.field = problem.field ?? null;
        this.declineCode = problem.decline_code ?? problem.details?.decline_code ?? null;
        this.details = problem.details ?? {};
        this.requestId = problem.request_id ?? null;
        this.retryAfterS = retryAfterS;
    }

    /* Worth asking again later: nobody said no. */
    get outOfReach() {
        return this.status === 0 || this.status >= 500;
    }
}

function noAnswer() {
    return new ApiError(0, { code: 'network', message: 'There was no answer.' }, null);
}

function retryAfter(response) {
    const text = response.headers.get('Retry-After') ?? '';
    return /^\d{1,6}$/.test(text) ? Number(text) : null;
}

async function parse(response) {
    try {
        return await response.json();
    } catch {
        return null;
    }
}

/* Answers { status, body } for 2xx and throws ApiError for everything else. */
export async function call(method, path, { body, token, key } = {}) {
    const headers = { Accept: 'application/json' };
    if (body !== undefined) {
        headers['Content-Type'] = 'application/json';
    }
    if (token) {
        headers.Authorization = `Bearer ${token}`;
    }
    if (key) {
        headers['Idempotency-Key'] = key;
    }
    let response;
    let answer;
    try {
        response = await fetch(path, {
            method,
            headers,
            body: body === undefined ? undefined : JSON.stringify(body),
            credentials: 'same-origin',
            cache: method === 'GET' ? 'no-cache' : 'no-store',
            signal: AbortSignal.timeout(PATIENCE_MS),
        });
        answer = await parse(response);
    } catch {
        throw noAnswer();
    }
    if (!response.ok) {
        throw new ApiError(response.status, answer?.error ?? {}, retryAfter(response));
    }
    if (answer === null) {
        throw new ApiError(502, { code: 'unreadable' }, null);
    }
    return { status: response.status, body: answer };
}

let config = null;

/* The site's public configuration, asked for once. */
export function getConfig() {
    config ??= call('GET', '/api/config').then(({ body }) => body);
    return config;
}

/* What is sold, at its prices in one currency. */
export async function getCatalog(currency) {
    const { body } = await call('GET', `/api/catalog?currency=${encodeURIComponent(currency)}`);
    return body;
}
