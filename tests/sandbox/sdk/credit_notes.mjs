/* Credit notes: what is taken back of an invoice, before and after it is paid. */

import {
    assert, collect, ids, stripe,
} from './lib/life.mjs';

async function draft(customer) {
    await stripe.invoiceItems.create({ customer, amount: 2000, currency: 'usd', description: 'A thing' });
    return stripe.invoices.create({ customer, pending_invoice_items_behavior: 'include' });
}

export default {
    async a_credit_note_takes_some_of_it_back() {
        const { id: customer } = await stripe.customers.create({
            payment_method: 'pm_card_visa', invoice_settings: { default_payment_method: 'pm_card_visa' } });
        const invoice = await stripe.invoices.pay((await draft(customer)).id);
        const note = await stripe.creditNotes.create({
            invoice: invoice.id, amount: 500, refund_amount: 500, reason: 'order_change',
            metadata: { a: '1' } });
        assert.equal(note.amount, 500);
        assert.equal(note.status, 'issued');
        assert.equal((await stripe.invoices.retrieve(invoice.id)).post_payment_credit_notes_amount, 500);
        const open = await stripe.invoices.finalizeInvoice((await draft(customer)).id);
        const before = await stripe.creditNotes.create({ invoice: open.id, amount: 300 });
        assert.equal((await stripe.invoices.retrieve(open.id)).amount_remaining, 1700);
        const gone = await stripe.creditNotes.voidCreditNote(before.id);
        assert.equal(gone.status, 'void');
        assert.deepEqual(ids((await stripe.creditNotes.list({ invoice: invoice.id })).data), [note.id]);
        const lines = await stripe.creditNotes.listLineItems(note.id);
        assert.equal(lines.object, 'list');
    },

    async a_note_is_previewed_line_by_line() {
        const { id: customer } = await stripe.customers.create({});
        const open = await stripe.invoices.finalizeInvoice((await draft(customer)).id);
        const what = {
            invoice: open.id, memo: 'Sorry',
            lines: [{ type: 'invoice_line_item', invoice_line_item: open.lines.data[0].id, amount: 600 }],
        };
        const preview = await stripe.creditNotes.preview(what);
        assert.equal(preview.total, 600);
        const lines = await collect(stripe.creditNotes.listPreviewLineItems(what));
        assert.deepEqual(lines.map(({ amount }) => amount), [600]);
        const note = await stripe.creditNotes.create({ ...what, expand: ['invoice', 'customer'] });
        assert.equal(note.invoice.amount_remaining, 1400);
        assert.equal(note.lines.data[0].invoice_line_item, open.lines.data[0].id);
        const changed = await stripe.creditNotes.update(note.id, { memo: 'Very sorry', metadata: { a: '1' } });
        assert.equal(changed.memo, 'Very sorry');
        assert.equal((await stripe.creditNotes.retrieve(note.id)).memo, 'Very sorry');
    },
};
