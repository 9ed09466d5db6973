/*
 * What TypeScript says of a record that run.mjs or a test of the workers has
 * made: a line for each complaint, and "N passed, N failed" of all items.
 *
 *	node judge.mjs RECORD [mutants]
 *
 * With "mutants" the judge itself is judged: copies of what was recorded, each
 * with one thing wrong, of which every one has to be complained about.
 */

import fs from 'node:fs';
import { createRequire } from 'node:module';

import { mutants } from './lib/mutants.mjs';
import { operations } from './lib/operations.mjs';
import { judge } from './lib/types.mjs';

const LINES = 6; // of what the compiler says about one thing

const need = createRequire(`${process.env.VANTAGE_NPM ?? process.cwd()}/x.js`);
const find = operations(new (need('stripe'))('sk_test_x'));

/* A line of the record, with what the SDK calls the operation. */
function itemOf(line) {
    const item = JSON.parse(line);
    if (item.what === 'event') {
        return { ...item, from: item.body.type };
    }
    return { ...item, from: `${item.verb} ${item.path}`, operation: find(item.verb, item.path) };
}

const items = fs.readFileSync(process.argv[2], 'utf8').trim().split('\n').map(itemOf);

/* What is wrong in the same way in many places is said once. */
function complaints() {
    const bad = new Set();
    const said = new Map();
    for (const { item, path, text } of judge(need, items)) {
        const { what, from } = items[item] ?? { what: 'program', from: '' };
        const short = `${path.replace(/\[\d+\]/gu, '[]')}\n${text.split('\n').slice(0, LINES).join('\n')}`;
        bad.add(item);
        said.set(short, [...(said.get(short) ?? []), `${what} ${from}`]);
    }
    for (const [text, [first, ...more]] of said) {
        console.log(`FAIL ${first}${more.length > 0 ? ` and ${more.length} more` : ''}: ${text}`);
    }
    for (const what of ['answer', 'error', 'event', 'request']) {
        const count = items.filter((item) => item.what === what).length;
        console.log(`${count} of kind ${what}`);
    }
    return [items.length - bad.size, bad.size];
}

function escaped() {
    const all = mutants(items);
    const caught = new Set(judge(need, all).map(({ item }) => item));
    const kinds = {};
    for (const [i, { kind, place }] of all.entries()) {
        kinds[kind] = (kinds[kind] ?? 0) + 1;
        if (!caught.has(i)) {
            console.log(`FAIL nobody minded ${kind}, ${place}`);
        }
    }
    for (const [kind, count] of Object.entries(kinds)) {
        console.log(`${count} with ${kind}`);
    }
    return [caught.size, all.length - caught.size];
}

const [passed, failed] = process.argv[3] === 'mutants' ? escaped() : complaints();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
