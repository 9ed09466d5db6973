/*
 * Names and outcomes: a test is a function in an object whose keys are
 * sentences; the runner counts.
 */

import assert from 'node:assert/strict';

export { assert };

/* Waits until `probe` answers something true. */
export async function until(what, probe, timeoutMs = 20_000) {
    const end = Date.now() + timeoutMs;
    for (;;) {
        const answer = await probe();
        if (answer) {
            return answer;
        }
        if (Date.now() > end) {
            assert.fail(`gave up waiting until ${what}`);
        }
        await new Promise((resolve) => {
            setTimeout(resolve, 200);
        });
    }
}
