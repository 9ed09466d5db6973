/*
 * Asks the server what became of a payment. Nothing the browser knows counts:
 * confirm-payment reads the payment from Stripe and says what is true.
 */

import { ApiError } from './api.js';
import { UNEXPLAINED, declineSentence } from './declines.js';
import { callAsUser } from './session.js';

function fromAnswer(status, body) {
    if (status === 202 || body.status === 'processing') {
        return { kind: 'processing' };
    }
    if (body.status === 'completed') {
        return { kind: 'completed', tokens: body.tokens_granted, balance: body.balance };
    }
    if (body.status === 'requires_action') {
        return { kind: 'action', clientSecret: body.client_secret };
    }
    return { kind: 'unpaid', clientSecret: body.client_secret, sentence: null, otherwise: null };
}

function fromError(error) {
    switch (error.status) {
    case 401:
        return { kind: 'signed-out' };
    case 402:
        return {
            kind: 'unpaid',
            clientSecret: error.details.client_secret,
            sentence: error.declineCode ? declineSentence(null, error.declineCode) : null,
            otherwise: UNEXPLAINED,
        };
    case 404:
        return { kind: 'unknown' };
    case 409:
        return { kind: error.code === 'payment_canceled' ? 'canceled' : 'away' };
    case 429:
        return { kind: 'away', afterS: error.retryAfterS };
    default:
        if (error.outOfReach) {
            return { kind: 'away', afterS: error.retryAfterS };
        }
        return { kind: 'unknown' };
    }
}

/*
 * One of: completed { tokens, balance }; processing; action { clientSecret };
 * unpaid { clientSecret, sentence: why, or null, otherwise: what to say when
 * nobody else knows why, or null }; canceled; unknown (not this
 * user's); signed-out; away { afterS } (nobody knows yet, ask again).
 */
export async function askOutcome(paymentIntent) {
    try {
        const { status, body } = await callAsUser('POST', '/api/stripe/confirm-payment', {
            body: { payment_intent_id: paymentIntent },
        });
        return fromAnswer(status, body);
    } catch (error) {
        return error instanceof ApiError ? fromError(error) : { kind: 'away' };
    }
}
