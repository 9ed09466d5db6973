#!/usr/bin/env node
/*
 * Drives the pages of a running stack with Chromium.
 *
 *     VANTAGE_URL=http://127.0.0.1:8080 tests/browser/run.mjs [WORD]...
 *
 * runs the tests whose names contain one of the words, or all; --list prints
 * their names. VANTAGE_PICTURES names a folder for pictures, VANTAGE_RESULTS
 * a file for the results as JSON (test_browser.py reads it). Prints
 * "N passed, N failed" at the end.
 */

import fs from 'node:fs';

import { Visitor, launch, preparePictures } from './lib/browser.mjs';

const FILES = [
    'money', 'purchase', 'decline', 'challenge', 'redirect', 'processing', 'resume',
    'refusals', 'account', 'keyboard', 'access', 'standins', 'surface', 'elements', 'confirming', 'saved',
    'desk', 'invoice', 'hosted',
];
const TEST_MS = 90_000;

function limit(promise) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`took longer than ${TEST_MS / 1000} s`)), TEST_MS);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/* One test with visitors of its own; what their pages did wrong counts. */
async function runOne(browser, name, test) {
    const visitors = [];
    const visit = async (options) => {
        visitors.push(await Visitor.come(browser, options));
        return visitors.at(-1);
    };
    const expected = [];
    try {
        await limit(test({ visit, expect: (pattern) => expected.push(pattern) }));
        const wrong = visitors.flatMap((visitor) => visitor.wrong)
            .filter((text) => !expected.some((pattern) => pattern.test(text)));
        if (wrong.length > 0) {
            throw new Error(`the page complained:\n${wrong.join('\n')}`);
        }
        return null;
    } catch (error) {
        for (const [n, visitor] of visitors.entries()) {
            await visitor.picture(`failed-${name.replace(/\W+/gu, '-')}-${n}`).catch(() => {});
        }
        return error;
    } finally {
        for (const visitor of visitors) {
            await visitor.leave();
        }
    }
}

/* Every test as [name, function], in order. */
async function allTests() {
    const found = [];
    for (const file of FILES) {
        const { default: tests } = await import(`./${file}.mjs`);
        for (const [sentence, test] of Object.entries(tests)) {
            found.push([`${file}: ${sentence}`, test]);
        }
    }
    return found;
}

async function runAll(tests) {
    preparePictures();
    const results = [];
    const browser = await launch();
    try {
        for (const [name, test] of tests) {
            const started = Date.now();
            const error = await runOne(browser, name, test);
            const seconds = ((Date.now() - started) / 1000).toFixed(2);
            results.push({ name, error: error === null ? null : String(error.stack ?? error) });
            console.log(error === null
                ? `ok   ${name} (${seconds} s)` : `FAIL ${name} (${seconds} s)\n${error.stack ?? error}`);
        }
    } finally {
        await browser.close();
    }
    return results;
}

async function main(words) {
    const tests = (await allTests()).filter(([name]) => words.length === 0
        || words[0] === '--list' || words.some((word) => name.includes(word)));
    if (words[0] === '--list') {
        console.log(tests.map(([name]) => name).join('\n'));
        return;
    }
    if (!process.env.VANTAGE_URL) {
        throw new Error('VANTAGE_URL is not set: where is the stack?');
    }
    const results = await runAll(tests);
    const failed = results.filter(({ error }) => error !== null).length;
    if (process.env.VANTAGE_RESULTS) {
        fs.writeFileSync(process.env.VANTAGE_RESULTS, JSON.stringify(results));
    }
    console.log(`${results.length - failed} passed, ${failed} failed`);
    process.exitCode = failed === 0 && results.length > 0 ? 0 : 1;
}

await main(process.argv.slice(2));
