/*
 * The sandbox, judged by Stripe's own SDK, which knows nothing of it.
 *
 *	node run.mjs HOST:PORT [CHAPTER]...
 *
 * A whole life in chapters, one after the other in one account. A line for
 * each test; the last one is "N passed, N failed". With RECORD=FILE in the
 * environment all that the API answered and delivered is appended there, a
 * JSON object a line, for judge.mjs.
 */

import { close, open } from './lib/life.mjs';

const CHAPTERS = [
    'customers',
    'payments',
    'setup',
    'refunds',
    'catalog',
    'invoices',
    'credit_notes',
    'clocks',
    'subscriptions',
    'plans',
    'renewals',
    'checkout',
    'portal',
    'search',
    'webhooks',
    'transport',
    'lists',
    'events',
];

let passed = 0;
let failed = 0;

async function run(name, test) {
    try {
        await test();
        passed += 1;
        console.log(`ok   ${name}`);
    } catch (error) {
        failed += 1;
        console.log(`FAIL ${name}\n${error.stack}`);
    }
}

await open();
const wanted = process.argv.slice(3);
for (const chapter of wanted.length > 0 ? wanted : CHAPTERS) {
    const { default: tests } = await import(`./${chapter}.mjs`);
    for (const [name, test] of Object.entries(tests)) {
        await run(`${chapter}: ${name}`, test);
    }
}
await run('every webhook was signed', close);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 1 ? 0 : 1;
