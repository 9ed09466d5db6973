/*
 * Chromium for the tests: a fresh profile for each test, and a record of
 * everything that a page must not do (violate its content security policy,
 * write errors to the console, throw).
 */

import fs from 'node:fs';
import path from 'node:path';
import { npm } from './stack.mjs';

const { chromium } = npm('playwright-core');

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const PICTURES = process.env.VANTAGE_PICTURES ?? '';
const ARGS = [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

export const DESKTOP = { width: 1200, height: 900 };
export const PHONE = { width: 390, height: 844 };

export function launch() {
    return chromium.launch({ executablePath: EXECUTABLE, args: ARGS });
}

/* A refused payment is a 402 by the interface, and Chromium writes every such
 * answer to the console; what a page writes itself is another matter. */
function isAnswer(text) {
    return /^Failed to load resource: the server responded with a status of/.test(text);
}

export class Visitor {
    static async come(browser, options = {}) {
        const { viewport = DESKTOP, ...rest } = options;
        const context = await browser.newContext({
            viewport, locale: 'en-US', timezoneId: 'UTC', reducedMotion: 'reduce', ...rest,
        });
        const visitor = new Visitor();
        visitor.context = context;
        visitor.wrong = [];
        await context.addInitScript(() => {
            document.addEventListener('securitypolicyviolation', (event) => {
                console.error(`CSP violation: ${event.violatedDirective} ${event.blockedURI}`);
            });
        });
        context.on('console', (message) => {
            if (['error', 'warning'].includes(message.type()) && !isAnswer(message.text())) {
                visitor.wrong.push(`${message.type()}: ${message.text()}`);
            }
        });
        context.on('weberror', (error) => visitor.wrong.push(`thrown: ${error.error().stack}`));
        visitor.page = await context.newPage();
        visitor.page.setDefaultTimeout(15_000);
        return visitor;
    }

    /* A picture for people to look at, when a folder was named for them. */
    async picture(name, options = {}) {
        if (PICTURES) {
            await this.page.screenshot({
                path: path.join(PICTURES, `${name}.png`), fullPage: true, ...options,
            });
        }
    }

    async leave() {
        await this.context.close();
    }
}

export function preparePictures() {
    if (PICTURES) {
        fs.mkdirSync(PICTURES, { recursive: true });
    }
}
