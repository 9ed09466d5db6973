/* Money that goes back: refunds, disputes, and the balance that they move. */

import {
    assert, collect, control, failing, ids, pay, stripe, told,
} from './lib/life.mjs';

const HOUR = 3600;

function types(events) {
    return events.map(({ type }) => type);
}

async function disputed(card = 'pm_card_createDispute') {
    const intent = await pay({ payment_method: card });
    await control('advance', { seconds: '5' });
    const { data: [dispute] } = await stripe.disputes.list({ payment_intent: intent.id });
    return { intent, dispute };
}

export default {
    async a_payment_is_refunded_in_parts() {
        const intent = await pay();
        const part = await stripe.refunds.create({
            payment_intent: intent.id, amount: 300, reason: 'requested_by_customer',
            metadata: { vantage_refund: 'r1' }, expand: ['balance_transaction', 'charge.refunds'],
        });
        assert.equal(part.status, 'succeeded');
        assert.equal(part.balance_transaction.amount, -300);
        assert.equal(part.charge.amount_refunded, 300);
        assert.equal(part.charge.refunded, false);
        assert.deepEqual(ids(part.charge.refunds.data), [part.id]);
        const rest = await stripe.refunds.create({ charge: part.charge.id });
        assert.equal(rest.amount, 699);
        const charge = await stripe.charges.retrieve(part.charge.id, { expand: ['refunds.data.payment_intent'] });
        assert.equal(charge.refunded, true);
        assert.equal(charge.refunds.data[0].payment_intent.id, intent.id);
        const error = await failing(stripe.refunds.create({ payment_intent: intent.id }));
        assert.equal(error.code, 'charge_already_refunded');
        assert.equal(error.statusCode, 400);
        const listed = await collect(stripe.refunds.list({ payment_intent: intent.id, limit: 1 }));
        assert.deepEqual(ids(listed), [rest.id, part.id]);
        const changed = await stripe.refunds.update(part.id, { metadata: { more: '1' } });
        assert.deepEqual(changed.metadata, { vantage_refund: 'r1', more: '1' });
        const refunded = (await told(charge.id)).filter(({ type }) => type === 'charge.refunded');
        assert.deepEqual(refunded.map(({ data }) => data.object.amount_refunded), [300, 999]);
        assert.deepEqual(refunded.map(({ data }) => data.previous_attributes.amount_refunded), [0, 300]);
    },

    async a_refund_waits_or_comes_back() {
        const waiting = await stripe.refunds.create({
            payment_intent: (await pay({ payment_method: 'pm_card_pendingRefund' })).id });
        assert.equal(waiting.status, 'pending');
        const returned = await stripe.refunds.create({
            payment_intent: (await pay({ payment_method: 'pm_card_refundFail' })).id });
        assert.equal(returned.status, 'succeeded');
        await control('advance', { seconds: `${HOUR}` });
        assert.equal((await stripe.refunds.retrieve(waiting.id)).status, 'succeeded');
        const failed = await stripe.refunds.retrieve(
            returned.id, { expand: ['failure_balance_transaction'] });
        assert.equal(failed.status, 'failed');
        assert.equal(failed.failure_balance_transaction.amount, 999);
        assert.ok(types(await told(failed.id)).includes('refund.failed'));
        assert.equal((await stripe.charges.retrieve(failed.charge)).amount_refunded, 0);
    },

    async a_dispute_is_won_with_evidence() {
        const { intent, dispute } = await disputed();
        assert.equal(dispute.status, 'needs_response');
        assert.equal(dispute.reason, 'fraudulent');
        assert.equal(dispute.amount, 999);
        assert.equal(dispute.balance_transactions.length, 1);
        const charge = await stripe.charges.retrieve(intent.latest_charge);
        assert.equal(charge.disputed, true);
        assert.equal((await failing(stripe.refunds.create({ payment_intent: intent.id }))).code, 'charge_disputed');
        await stripe.disputes.update(dispute.id, {
            evidence: { uncategorized_text: 'winning_evidence', customer_name: 'Ada' },
            metadata: { seen: '1' }, submit: true,
        });
        await control('advance', { seconds: `${HOUR}` });
        const won = await stripe.disputes.retrieve(dispute.id, { expand: ['charge', 'payment_intent'] });
        assert.equal(won.status, 'won');
        assert.equal(won.payment_intent.id, intent.id);
        assert.equal(won.balance_transactions.length, 2);
        const events = types(await told(dispute.id));
        for (const word of ['created', 'funds_withdrawn', 'updated', 'funds_reinstated', 'closed']) {
            assert.ok(events.includes(`charge.dispute.${word}`), word);
        }
    },

    async a_dispute_is_lost_and_an_inquiry_ends() {
        const { dispute } = await disputed('pm_card_createDisputeProductNotReceived');
        const closed = await stripe.disputes.close(dispute.id);
        assert.equal(closed.status, 'lost');
        const { intent, dispute: inquiry } = await disputed('pm_card_createDisputeInquiry');
        assert.equal(inquiry.status, 'warning_needs_response');
        assert.deepEqual(inquiry.balance_transactions, []);
        assert.equal(inquiry.is_charge_refundable, true);
        await stripe.refunds.create({ payment_intent: intent.id });
        const listed = await stripe.disputes.list({ charge: intent.latest_charge, expand: ['data.charge'] });
        assert.equal(listed.data[0].charge.id, intent.latest_charge);
    },

    async an_issuer_warns_of_fraud() {
        const intent = await pay({ payment_method: 'pm_card_createIssuerFraudRecord' });
        await control('advance', { seconds: '5' });
        const { data: [warning] } = await stripe.radar.earlyFraudWarnings.list({ payment_intent: intent.id });
        assert.equal(warning.charge, intent.latest_charge);
        assert.equal(warning.actionable, true);
        const read = await stripe.radar.earlyFraudWarnings.retrieve(warning.id, { expand: ['charge'] });
        assert.equal(read.charge.id, intent.latest_charge);
    },

    async the_balance_adds_up() {
        const balance = await stripe.balance.retrieve();
        assert.equal(balance.object, 'balance');
        const moved = await collect(stripe.balanceTransactions.list({ limit: 100 }));
        const sum = moved.filter(({ currency }) => currency === 'usd').reduce((all, { net }) => all + net, 0);
        const stated = [...balance.available, ...balance.pending]
            .filter(({ currency }) => currency === 'usd').reduce((all, { amount }) => all + amount, 0);
        assert.equal(stated, sum);
        const one = await stripe.balanceTransactions.retrieve(moved[0].id, { expand: ['source'] });
        assert.equal(typeof one.source.id, 'string');
    },

    async a_refund_that_waits_for_the_customer_is_called_off() {
        const intent = await pay();
        const asked = await control('refund', { payment_intent: intent.id, course: 'ask' });
        assert.equal((await stripe.refunds.retrieve(asked.id)).status, 'requires_action');
        const canceled = await stripe.refunds.cancel(asked.id);
        assert.equal(canceled.status, 'canceled');
        const done = await stripe.refunds.create({ payment_intent: intent.id });
        assert.equal((await failing(stripe.refunds.cancel(done.id))).statusCode, 400);
    },
};
