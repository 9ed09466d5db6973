/*
 * The local Stripe's own page of an invoice, where its customer pays it.
 */

import { assert } from './lib/check.mjs';
import * as shop from './lib/shop.mjs';
import { stripe } from './lib/stack.mjs';

/* An open invoice of 19.99. */
async function invoice() {
    const { id: customer } = await stripe('POST', '/v1/customers', { name: 'Ada & Co.' });
    await stripe('POST', '/v1/invoiceitems', {
        customer, amount: '1999', currency: 'usd', description: 'Ten <tokens>',
    });
    const { id } = await stripe('POST', '/v1/invoices', {
        customer, pending_invoice_items_behavior: 'include',
    });
    return stripe('POST', `/v1/invoices/${id}/finalize`);
}

function read({ id }) {
    return stripe('GET', `/v1/invoices/${id}`);
}

/* Its page, with the fields to pay it there. */
async function open(page) {
    const made = await invoice();
    await page.goto(made.hosted_invoice_url);
    await shop.cardFrame(page).getByLabel('Card number').waitFor();
    return made;
}

function paid(page) {
    return page.getByText(/^Paid on /u).waitFor();
}

export default {
    async 'a customer reads it and pays by card'({ visit }) {
        const visitor = await visit();
        const { page } = visitor;
        const made = await open(page);
        assert.equal(await page.title(), `Invoice ${made.number}`);
        await page.getByText('Simulated payments').waitFor();
        await page.getByText('Ten <tokens>').waitFor();
        await page.getByText('Ada & Co.').waitFor();
        await visitor.picture('invoice');
        await shop.fillCard(page, '4242424242424242');
        await shop.pay(page);
        await paid(page);
        assert.equal(await page.getByRole('button', { name: /^Pay / }).count(), 0);
        assert.equal((await read(made)).status, 'paid');
        await visitor.picture('invoice-paid');
    },
    async 'a decline is said, and another card pays'({ visit }) {
        const { page } = await visit();
        const made = await open(page);
        await shop.fillCard(page, '4000000000000002');
        await shop.pay(page);
        await page.getByRole('alert').getByText('declined').waitFor();
        assert.equal((await read(made)).status, 'open');
        await shop.fillCard(page, '4242424242424242');
        await shop.pay(page);
        await paid(page);
    },
    async 'a bank that asks is answered there'({ visit }) {
        const { page } = await visit();
        const made = await open(page);
        await shop.fillCard(page, '4000002760003184');
        await shop.pay(page);
        await shop.answerChallenge(page, /Complete|Authori[sz]e/u);
        await paid(page);
        assert.equal((await read(made)).status, 'paid');
    },
    async 'the way back from a bank ends on it'({ visit }) {
        const { page } = await visit();
        const made = await open(page);
        await shop.cardFrame(page).getByRole('tab', { name: 'Amazon Pay' }).click();
        await shop.pay(page);
        await page.waitForURL(/_hosted\/redirect/u);
        await page.getByRole('button', { name: /^Authori[sz]e/u }).click();
        await paid(page);
        assert.equal((await read(made)).status, 'paid');
    },
    async 'it can be taken along as a file'({ visit }) {
        const { page } = await visit();
        await open(page);
        const link = await page.getByRole('link', { name: 'Download as PDF' }).getAttribute('href');
        const file = await fetch(link);
        assert.equal(file.headers.get('content-type'), 'application/pdf');
        assert.match((await file.text()).slice(0, 8), /^%PDF-1\.4/u);
    },
};
