/* Invoices by hand: items, drafts, payments, pages. */

import {
    assert, collect, failing, ids, pay, stripe, told,
} from './lib/life.mjs';

function types(events) {
    return events.map(({ type }) => type);
}

async function customerWith(card = 'pm_card_visa') {
    const { id } = await stripe.customers.create({
        email: 'bill@example.com', name: 'Bill', payment_method: card,
        invoice_settings: { default_payment_method: card } });
    return id;
}

/* A draft with one item. */
async function draft(customer, amount = 2000, extra = {}) {
    await stripe.invoiceItems.create({ customer, amount, currency: 'usd', description: 'A thing' });
    return stripe.invoices.create({ customer, pending_invoice_items_behavior: 'include', ...extra });
}

export default {
    async a_draft_is_finalized_and_paid() {
        const customer = await customerWith();
        const made = await draft(customer);
        assert.equal(made.status, 'draft');
        assert.equal(made.number, null);
        assert.equal(made.total, 2000);
        assert.equal(made.parent, null);
        assert.equal(made.billing_reason, 'manual');
        const open = await stripe.invoices.finalizeInvoice(
            made.id, { expand: ['confirmation_secret', 'payments', 'customer'] });
        assert.equal(open.status, 'open');
        assert.match(open.number, /^\w+-\d+$/);
        assert.equal(typeof open.hosted_invoice_url, 'string');
        assert.equal(typeof open.invoice_pdf, 'string');
        assert.match(open.confirmation_secret.client_secret, /^pi_\w+_secret_/);
        const paid = await stripe.invoices.pay(
            made.id, { expand: ['payments.data.payment.payment_intent'] });
        assert.equal(paid.status, 'paid');
        assert.equal(paid.amount_paid, 2000);
        assert.equal(paid.payments.data[0].payment.payment_intent.status, 'succeeded');
        assert.ok(paid.status_transitions.paid_at >= paid.status_transitions.finalized_at);
        const lines = await collect(stripe.invoices.listLineItems(made.id, { limit: 1 }));
        assert.deepEqual(lines.map(({ amount }) => amount), [2000]);
        assert.equal(lines[0].parent.type, 'invoice_item_details');
        const about = types(await told(made.id));
        for (const word of ['created', 'finalized', 'paid', 'payment_succeeded']) {
            assert.ok(about.includes(`invoice.${word}`), word);
        }
        assert.ok(about.indexOf('invoice.created') < about.indexOf('invoice.paid'));
    },

    async a_payment_of_one_fails_or_is_asked_about() {
        const customer = await customerWith('pm_card_chargeCustomerFail');
        const made = await stripe.invoices.finalizeInvoice((await draft(customer)).id);
        const error = await failing(stripe.invoices.pay(made.id));
        assert.equal(error.code, 'card_declined');
        assert.equal(error.statusCode, 402);
        const failed = await stripe.invoices.retrieve(made.id);
        assert.equal(failed.status, 'open');
        assert.equal(failed.attempted, true);
        assert.ok(types(await told(made.id)).includes('invoice.payment_failed'));
        const method = await stripe.paymentMethods.attach('pm_card_threeDSecure2Required', { customer });
        const asked = await failing(stripe.invoices.pay(made.id, { payment_method: method.id }));
        assert.equal(asked.code, 'invoice_payment_intent_requires_action');
        assert.ok(types(await told(made.id)).includes('invoice.payment_action_required'));
        const outside = await stripe.invoices.pay(made.id, { paid_out_of_band: true });
        assert.equal(outside.status, 'paid');
        const last = types(await told(made.id));
        assert.ok(last.includes('invoice.paid'));
        assert.ok(!last.includes('invoice.payment_succeeded'));
    },

    async one_is_changed_sent_voided_or_given_up() {
        const customer = await customerWith();
        const made = await draft(customer, 1000, { collection_method: 'send_invoice', days_until_due: 7 });
        const changed = await stripe.invoices.update(made.id, { description: 'For you', metadata: { a: '1' } });
        assert.equal(changed.description, 'For you');
        const sent = await stripe.invoices.sendInvoice(made.id);
        assert.equal(sent.status, 'open');
        assert.ok(sent.due_date > sent.created);
        const gone = await stripe.invoices.voidInvoice(made.id);
        assert.equal(gone.status, 'void');
        const lost = await stripe.invoices.finalizeInvoice((await draft(customer)).id);
        const given = await stripe.invoices.markUncollectible(lost.id);
        assert.equal(given.status, 'uncollectible');
        assert.ok(types(await told(lost.id)).includes('invoice.marked_uncollectible'));
        assert.ok(types(await told(made.id)).includes('invoice.voided'));
        const other = await draft(customer);
        assert.equal((await stripe.invoices.del(other.id)).deleted, true);
        assert.equal((await failing(stripe.invoices.retrieve(other.id))).code, 'resource_missing');
        assert.equal((await failing(stripe.invoices.finalizeInvoice(made.id))).statusCode, 400);
    },

    async items_wait_for_an_invoice() {
        const customer = await customerWith();
        const item = await stripe.invoiceItems.create({
            customer, amount: 700, currency: 'usd', metadata: { a: '1' } });
        assert.equal(item.invoice, null);
        const changed = await stripe.invoiceItems.update(item.id, { amount: 800, description: 'More' });
        assert.equal(changed.amount, 800);
        assert.deepEqual(ids((await stripe.invoiceItems.list({ customer, pending: true })).data), [item.id]);
        assert.equal((await stripe.invoiceItems.retrieve(item.id)).amount, 800);
        assert.equal((await stripe.invoiceItems.del(item.id)).deleted, true);
    },

    async invoices_come_in_pages() {
        const customer = await customerWith();
        const made = [];
        for (let i = 0; i < 5; i += 1) {
            made.unshift((await draft(customer, 100 + i)).id);
        }
        const all = await collect(stripe.invoices.list({ customer, limit: 2 }));
        assert.deepEqual(ids(all), made);
        await stripe.invoices.finalizeInvoice(made[0]);
        const open = await stripe.invoices.list({ customer, status: 'open', expand: ['data.payments'] });
        assert.deepEqual(ids(open.data), [made[0]]);
        const found = await stripe.invoices.search({ query: `customer:'${customer}' AND total>103` });
        assert.deepEqual(ids(found.data), [made[0]]);
    },

    async lines_are_added_changed_and_removed() {
        const customer = await customerWith();
        const made = await stripe.invoices.create({ customer, currency: 'usd' });
        const added = await stripe.invoices.addLines(made.id, { lines: [
            { amount: 500, description: 'One' },
            { price_data: { currency: 'usd', unit_amount: 250, product_data: { name: 'Two' } }, quantity: 2 },
        ] });
        assert.equal(added.total, 1000);
        const one = added.lines.data.find(({ description }) => description === 'One');
        const two = added.lines.data.find(({ id }) => id !== one.id);
        const changed = await stripe.invoices.updateLineItem(made.id, one.id, { amount: 600 });
        assert.equal(changed.amount, 600);
        const all = await stripe.invoices.updateLines(made.id, { lines: [{ id: two.id, quantity: 3 }] });
        assert.equal(all.total, 1350);
        const less = await stripe.invoices.removeLines(
            made.id, { lines: [{ id: one.id, behavior: 'delete' }] });
        assert.equal(less.total, 750);
        const open = await stripe.invoices.finalizeInvoice(made.id);
        const { data: [payment] } = await stripe.invoicePayments.list({ invoice: open.id });
        assert.equal(payment.amount_requested, 750);
        const read = await stripe.invoicePayments.retrieve(payment.id, { expand: ['payment.payment_intent', 'invoice'] });
        assert.equal(read.invoice.id, open.id);
        assert.equal(read.payment.payment_intent.amount, 750);
        const error = await failing(stripe.invoices.addLines(made.id, { lines: [{ amount: 1, description: 'x' }] }));
        assert.equal(error.statusCode, 400);
    },

    async a_customers_balance_is_used_first() {
        const customer = await customerWith();
        const credit = await stripe.customers.createBalanceTransaction(
            customer, { amount: -500, currency: 'usd', description: 'A present' });
        assert.equal(credit.ending_balance, -500);
        const changed = await stripe.customers.updateBalanceTransaction(
            customer, credit.id, { metadata: { a: '1' } });
        assert.equal(changed.metadata.a, '1');
        const invoice = await stripe.invoices.finalizeInvoice((await draft(customer)).id);
        assert.equal(invoice.starting_balance, -500);
        assert.equal(invoice.amount_due, 1500);
        assert.equal((await stripe.customers.retrieve(customer)).balance, 0);
        const moved = await collect(stripe.customers.listBalanceTransactions(customer, { limit: 1 }));
        assert.deepEqual(moved.map(({ type }) => type), ['applied_to_invoice', 'adjustment']);
        const read = await stripe.customers.retrieveBalanceTransaction(
            customer, moved[0].id, { expand: ['invoice'] });
        assert.equal(read.invoice.id, invoice.id);
    },

    async a_payment_made_elsewhere_is_attached() {
        const customer = await customerWith();
        const open = await stripe.invoices.finalizeInvoice((await draft(customer)).id);
        const part = await pay({ amount: 700, customer });
        const less = await stripe.invoices.attachPayment(
            open.id, { payment_intent: part.id, expand: ['payments'] });
        assert.equal(less.amount_remaining, 1300);
        assert.deepEqual(less.payments.data.map(({ status }) => status), ['paid', 'open']);
        assert.equal((await stripe.invoices.pay(open.id)).amount_paid, 2000);
    },
};
