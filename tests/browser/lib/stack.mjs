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

/* A call as an administrator, in JSON. */
export async function asAdmin(path, body) {
    const token = dev('token', 'root@example.com', '--admin').trim();
    const response = await fetch(new URL(path, process.env.VANTAGE_URL), {
        method: 'POST',
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
    });
    if (!response.ok) {
        throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    }
    return response.json();
}
