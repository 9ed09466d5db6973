/* Payment intents: paid, declined, challenged, sent to a bank. */

import {
    assert, control, failing, page, pay, stripe,
} from './lib/life.mjs';

export default {
    async a_payment_succeeds() {
        const customer = await stripe.customers.create({ email: 'pay@example.com' });
        const intent = await stripe.paymentIntents.create({
            amount: 3999, currency: 'USD', customer: customer.id,
            automatic_payment_methods: { enabled: true }, metadata: { vantage_order: 'ord_1' },
        });
        assert.equal(intent.status, 'requires_payment_method');
        assert.equal(intent.currency, 'usd');
        assert.ok(intent.payment_method_types.includes('card'));
        const paid = await stripe.paymentIntents.confirm(intent.id, {
            payment_method: 'pm_card_visa', return_url: 'https://example.com/back',
            expand: ['latest_charge.balance_transaction', 'customer', 'payment_method'],
        });
        assert.equal(paid.status, 'succeeded');
        assert.equal(paid.amount_received, 3999);
        assert.equal(paid.latest_charge.status, 'succeeded');
        assert.equal(paid.latest_charge.payment_method_details.card.last4, '4242');
        assert.equal(paid.latest_charge.balance_transaction.net, 3999 - 146);
        assert.equal(paid.customer.id, customer.id);
        const read = await stripe.paymentIntents.retrieve(intent.id);
        assert.equal(read.latest_charge, paid.latest_charge.id);
        await stripe.charges.retrieve(read.latest_charge);
    },

    async a_decline_is_a_card_error() {
        for (const [name, code, declineCode] of [
            ['pm_card_visa_chargeDeclined', 'card_declined', 'generic_decline'],
            ['pm_card_visa_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
            ['pm_card_chargeDeclinedExpiredCard', 'expired_card', 'expired_card'],
            ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc', 'incorrect_cvc'],
            ['pm_card_radarBlock', 'card_declined', 'fraudulent'],
        ]) {
            const error = await failing(pay({ payment_method: name }));
            assert.ok(error instanceof stripe.errors.StripeCardError, name);
            assert.equal(error.code, code);
            assert.equal(error.decline_code, declineCode);
            assert.equal(error.statusCode, 402);
            const intent = await stripe.paymentIntents.retrieve(error.payment_intent.id);
            assert.equal(intent.status, 'requires_payment_method');
            assert.equal(intent.last_payment_error.decline_code, declineCode);
            await stripe.charges.retrieve(error.charge);
        }
    },

    async a_challenge_is_asked_and_answered() {
        const intent = await pay({ payment_method: 'pm_card_threeDSecure2Required' });
        assert.equal(intent.status, 'requires_action');
        assert.equal(intent.next_action.type, 'use_stripe_sdk');
        await control('challenge', {
            payment_intent: intent.id, client_secret: intent.client_secret, outcome: 'fail',
        });
        const failed = await stripe.paymentIntents.retrieve(intent.id);
        assert.equal(failed.last_payment_error.code, 'payment_intent_authentication_failure');
        const again = await stripe.paymentIntents.confirm(
            intent.id, { payment_method: 'pm_card_threeDSecure2Required' });
        await control('challenge', {
            payment_intent: again.id, client_secret: again.client_secret, outcome: 'complete',
        });
        const paid = await stripe.paymentIntents.retrieve(intent.id);
        assert.equal(paid.status, 'succeeded');
        const error = await failing(pay({
            payment_method: 'pm_card_authenticationRequired', off_session: true }));
        assert.equal(error.code, 'authentication_required');
    },

    async a_redirect_goes_through_the_banks_page() {
        const intent = await stripe.paymentIntents.create({
            amount: 999, currency: 'eur', confirm: true, payment_method_data: { type: 'ideal' },
            return_url: 'https://example.com/back?x=1',
        });
        assert.equal(intent.next_action.type, 'redirect_to_url');
        const bank = await fetch(intent.next_action.redirect_to_url.url);
        assert.match(await bank.text(), /Authorize test payment/);
        const back = await page('/_hosted/redirect', {
                payment_intent: intent.id, payment_intent_client_secret: intent.client_secret,
                outcome: 'complete',
            });
        assert.equal(back.status, 303);
        const url = new URL(back.headers.get('location'));
        assert.equal(url.searchParams.get('redirect_status'), 'succeeded');
        assert.equal(url.searchParams.get('payment_intent'), intent.id);
        assert.equal(url.searchParams.get('x'), '1');
        assert.equal((await stripe.paymentIntents.retrieve(intent.id)).status, 'succeeded');
        await stripe.charges.retrieve(
            (await stripe.paymentIntents.retrieve(intent.id)).latest_charge);
    },

    async a_bank_debit_is_processing() {
        const intent = await pay({
            payment_method: 'pm_usBankAccount_success', expand: ['latest_charge', 'payment_method'] });
        assert.equal(intent.status, 'processing');
        assert.equal(intent.latest_charge.status, 'pending');
        assert.match(intent.latest_charge.id, /^py_/);
    },

    async an_intent_is_updated_captured_and_canceled() {
        const intent = await stripe.paymentIntents.create({
            amount: 2000, currency: 'usd', capture_method: 'manual', payment_method: 'pm_card_visa' });
        assert.equal(intent.status, 'requires_confirmation');
        const updated = await stripe.paymentIntents.update(intent.id, { amount: 3000 });
        assert.equal(updated.amount, 3000);
        const held = await stripe.paymentIntents.confirm(
            intent.id, { return_url: 'https://example.com' });
        assert.equal(held.status, 'requires_capture');
        assert.equal(held.amount_capturable, 3000);
        const taken = await stripe.paymentIntents.capture(
            intent.id, { amount_to_capture: 1000 });
        assert.equal(taken.amount_received, 1000);
        const error = await failing(stripe.paymentIntents.cancel(intent.id));
        assert.equal(error.code, 'payment_intent_unexpected_state');
        assert.equal(error.payment_intent.id, intent.id);
        const other = await stripe.paymentIntents.create({ amount: 2000, currency: 'usd' });
        const canceled = await stripe.paymentIntents.cancel(
            other.id, { cancellation_reason: 'abandoned' });
        assert.equal(canceled.status, 'canceled');
        assert.equal(canceled.cancellation_reason, 'abandoned');
    },

    async a_charge_is_described_and_captured() {
        const held = await pay({ capture_method: 'manual' });
        const changed = await stripe.charges.update(
            held.latest_charge, { description: 'Held', metadata: { a: '1' } });
        assert.equal(changed.description, 'Held');
        assert.equal(changed.captured, false);
        const taken = await stripe.charges.capture(held.latest_charge, { amount: 500 });
        assert.equal(taken.captured, true);
        assert.equal(taken.amount_captured, 500);
        assert.equal((await stripe.paymentIntents.retrieve(held.id)).amount_received, 500);
    },
};
