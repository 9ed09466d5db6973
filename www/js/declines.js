/*
 * A declined payment in a sentence that helps. Banks do not want the buyer
 * (who may not be the owner of the card) to read that a card was reported
 * lost or stolen or that fraud is suspected, so those get the general one.
 */

const NOT_CHARGED = 'You have not been charged.';
const UNNAMED = 'The payment did not go through. Please try again, or pay in another way.';
const GENERAL = 'Your bank declined this payment. Please use another card, or ask your bank.';

const SENTENCES = {
    authentication_failed: 'The payment was not confirmed with your bank. Please try again, or use another card.',
    authentication_required: 'Your bank wants you to confirm this payment. Please try again and follow its steps.',
    card_not_supported: 'This card cannot be used for this purchase. Please use another card.',
    card_velocity_exceeded: 'This card has reached its limit for now. Please use another card, or try again tomorrow.',
    currency_not_supported: 'This card cannot pay in this currency. Choose another currency or use another card.',
    expired_card: 'This card has expired. Please check the date or use another card.',
    incorrect_cvc: 'The security code is not right. Please check the digits on the card and try again.',
    incorrect_number: 'The card number is not right. Please check it and try again.',
    incorrect_zip: 'The postal code does not match the card. Please check it and try again.',
    insufficient_funds: 'There is not enough money on this card or account. Please use another one, or buy fewer tokens.',
    invalid_cvc: 'The security code is not right. Please check the digits on the card and try again.',
    invalid_expiry_month: 'The expiry month is not right. Please check it and try again.',
    invalid_expiry_year: 'The expiry year is not right. Please check it and try again.',
    issuer_not_available: 'Your bank could not be reached. Please try again in a few minutes.',
    payment_intent_authentication_failure: 'The payment was not confirmed with your bank. Please try again, or use another card.',
    processing_error: 'Something went wrong while the card was processed. Please try again in a moment.',
    try_again_later: 'Your bank could not decide right now. Please try again in a moment, or use another card.',
    withdrawal_count_limit_exceeded: 'This card has reached its limit for now. Please use another card, or try again tomorrow.',
};

export const UNEXPLAINED = `${UNNAMED} ${NOT_CHARGED}`;

/*
 * `code` and `declineCode` as Stripe has them; the bank's reason is the more
 * exact one. The closing words matter: people fear they paid twice.
 */
export function declineSentence(code, declineCode) {
    if (!code && !declineCode) {
        return UNEXPLAINED;
    }
    const sentence = SENTENCES[declineCode] ?? SENTENCES[code] ?? GENERAL;
    return `${sentence} ${NOT_CHARGED}`;
}
