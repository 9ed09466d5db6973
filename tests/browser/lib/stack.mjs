/*
 * The stack under test, which VANTAGE_URL names, and ./dev, which steers it.
 */

import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/* What npm has installed: in the build tree under ./dev test. */
export const npm = createRequire(
    path.join(process.env.VANTAGE_NPM ?? path.join(ROOT, 'node_modules'), 'tests.js'));

/* ./dev with these words, in the environment of the stack under test. */
export function dev(...words) {
    const { status, stdout, stderr } = spawnSync(path.join(ROOT, 'dev'), words, {
        encoding: 'utf8', env: process.env, stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (status !== 0) {
        throw new Error(`./dev ${words.join(' ')} failed:\n${stdout}${stderr}`);
    }
    return stdout;
}

/* A call as an administrator, in JSON; without a body it only reads. */
export async function asAdmin(path, body) {
    const token = dev('token', 'root@example.com', '--admin').trim();
    const response = await fetch(new URL(path, process.env.VANTAGE_URL), {
        method: body === undefined ? 'GET' : 'POST',
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!response.ok) {
        throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    }
    return response.json();
}

/* What ./dev env prints, by name; asked once. */
let kept = null;
export function keys() {
    kept ??= Object.fromEntries([...dev('env').matchAll(/^export (\w+)=(.*)$/gmu)]
        .map(([, name, value]) => [name, value.replaceAll('\\', '')]));
    return kept;
}

/* A call to the local Stripe as a server makes it; `form` is flat. */
export async function stripe(method, path, form = {}) {
    const { STRIPE_API_BASE: base, STRIPE_SECRET_KEY: key } = keys();
    const fields = new URLSearchParams(form);
    const response = await fetch(`${base}${path}${method === 'GET' ? `?${fields}` : ''}`, {
        method,
        headers: { Authorization: `Bearer ${key}`, 'Stripe-Version': '2026-10-28.endive' },
        ...(method === 'GET' ? {} : { body: fields }),
    });
    const body = await response.json();
    if (!response.ok) {
        throw new Error(`${method} ${path} answered ${response.status}: ${body.error.message}`);
    }
    return body;
}

/* A word to the sandbox's control, as its own page sends it. */
export async function control(path, form = {}) {
    const response = await fetch(`${keys().STRIPE_API_BASE}/_sandbox/${path}`, {
        method: 'POST', body: new URLSearchParams(form),
    });
    if (!response.ok) {
        throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    }
    return response.json();
}
