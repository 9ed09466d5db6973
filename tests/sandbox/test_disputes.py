"""Disputes, inquiries and warnings of fraud."""

import unittest

from sandbox import Sandbox


def setUpModule():
    global box
    box = Sandbox().up()


def tearDownModule():
    box.down()


def dispute_of(intent):
    return box.get('/v1/disputes', {
        'payment_intent': intent['id']}).json['data'][0]


def disputed(card='createDispute', **more):
    """A payment by this card, and the dispute that follows."""
    paid = box.pay(payment_method=f'pm_card_{card}', **more).json
    return paid, dispute_of(paid)


def read(dispute):
    return box.get(f"/v1/disputes/{dispute['id']}").json


def decide(intent, action):
    return box.control(
        'POST', 'dispute', payment_intent=intent['id'], action=action)


def told(dispute):
    """What was told about it, oldest first."""
    events = box.get('/v1/events', {'limit': 100}).json['data']
    return [e['type'].removeprefix('charge.dispute.') for e in reversed(events)
            if e['data']['object']['id'] == dispute['id']]


class Disputes(unittest.TestCase):
    def test_the_test_cards_open_them(self):
        for card, reason in (
                ('createDispute', 'fraudulent'),
                ('createDisputeProductNotReceived', 'product_not_received')):
            paid, dispute = disputed(card)
            self.assertRegex(dispute['id'], '^dp_')
            self.assertEqual(
                [dispute[name] for name in (
                    'reason', 'status', 'amount', 'currency', 'charge',
                    'is_charge_refundable')],
                [reason, 'needs_response', 999, 'usd', paid['latest_charge'],
                 False])
            self.assertEqual(
                dispute['payment_method_details']['card']['case_type'],
                'chargeback')
            entry, = dispute['balance_transactions']
            self.assertEqual(
                (entry['amount'], entry['fee'], entry['net'], entry['type'],
                 entry['reporting_category']),
                (-999, 1500, -2499, 'adjustment', 'dispute'))
            charge = box.get(f"/v1/charges/{dispute['charge']}").json
            self.assertTrue(charge['disputed'])
            self.assertEqual(told(dispute), ['funds_withdrawn', 'created'])

    def test_what_is_disputed_is_not_refunded(self):
        paid, _ = disputed()
        answer = box.post('/v1/refunds', {'payment_intent': paid['id']})
        self.assertEqual(answer.status, 400)
        self.assertEqual(answer.error['code'], 'charge_disputed')

    def test_evidence_decides(self):
        for text, status, end in (
                ('winning_evidence', 'won', ['funds_reinstated', 'closed']),
                ('losing_evidence', 'lost', ['closed'])):
            _, dispute = disputed()
            now = box.post(f"/v1/disputes/{dispute['id']}", {
                'evidence': {'uncategorized_text': text,
                             'customer_name': 'Ada'},
                'metadata': {'case': '7'}}).json
            self.assertEqual(now['status'], 'under_review')
            self.assertEqual(now['evidence']['customer_name'], 'Ada')
            self.assertEqual(now['metadata'], {'case': '7'})
            self.assertEqual(
                (now['evidence_details']['submission_count'],
                 now['evidence_details']['has_evidence'],
                 now['evidence_details']['submission_method']),
                (1, True, 'manual'))
            box.advance(60)
            now = read(dispute)
            self.assertEqual(now['status'], status)
            self.assertEqual(told(dispute)[2:], ['updated', *end])
            if status == 'won':
                self.assertEqual(
                    [e['net'] for e in now['balance_transactions']],
                    [-2499, 2499])
            late = box.post(f"/v1/disputes/{dispute['id']}", {
                'evidence': {'uncategorized_text': 'more'}})
            self.assertEqual(late.status, 400)

    def test_evidence_can_be_kept_for_later(self):
        _, dispute = disputed()
        url = f"/v1/disputes/{dispute['id']}"
        now = box.post(url, {'evidence': {
            'uncategorized_text': 'winning_evidence'}, 'submit': False}).json
        self.assertEqual(now['status'], 'needs_response')
        self.assertTrue(now['evidence_details']['has_evidence'])
        self.assertEqual(now['evidence_details']['submission_count'], 0)
        now = box.post(url, {'submit': True}).json
        self.assertEqual(now['status'], 'under_review')
        box.advance(60)
        self.assertEqual(read(dispute)['status'], 'won')
        unknown = box.post(url, {'evidence': {'nonsense': 'x'}})
        self.assertEqual(unknown.error['param'], 'evidence[nonsense]')

    def test_other_evidence_waits_for_the_bank(self):
        paid, dispute = disputed()
        box.post(f"/v1/disputes/{dispute['id']}", {
            'evidence': {'uncategorized_text': 'a letter'}})
        box.advance(90 * 86400)
        self.assertEqual(read(dispute)['status'], 'under_review')
        self.assertEqual(decide(paid, 'win').json['status'], 'won')
        self.assertEqual(decide(paid, 'lose').status, 400)

    def test_silence_loses(self):
        _, dispute = disputed()
        due = dispute['evidence_details']['due_by']
        self.assertEqual(due % 86400, 86399)
        box.advance(9 * 86400)
        now = read(dispute)
        self.assertEqual(now['status'], 'lost')
        self.assertTrue(now['evidence_details']['past_due'])

    def test_closing_one_gives_in(self):
        _, dispute = disputed()
        url = f"/v1/disputes/{dispute['id']}/close"
        self.assertEqual(box.post(url).json['status'], 'lost')
        self.assertEqual(box.post(url).status, 400)
        self.assertEqual(
            told(dispute), ['funds_withdrawn', 'created', 'closed'])

    def test_a_lost_one_can_be_won_after_all(self):
        paid, dispute = disputed()
        decide(paid, 'lose')
        now = decide(paid, 'win').json
        self.assertEqual(now['status'], 'won')
        self.assertEqual(told(dispute)[2:], [
            'closed', 'updated', 'funds_reinstated', 'closed'])
        appeal = box.get('/v1/events', {
            'type': 'charge.dispute.updated', 'limit': 1}).json['data'][0]
        self.assertEqual(
            appeal['data']['object']['status'], 'appeal_under_review')
        self.assertEqual(
            appeal['data']['previous_attributes'], {'status': 'lost'})

    def test_only_what_is_left_is_disputed(self):
        paid = box.pay().json
        box.post('/v1/refunds', {'payment_intent': paid['id'], 'amount': 400})
        self.assertEqual(decide(paid, 'open').json['amount'], 599)
        self.assertEqual(decide(paid, 'open').status, 400)
        other = box.pay().json
        self.assertEqual(decide(other, 'win').status, 400)
        box.post('/v1/refunds', {'payment_intent': other['id']})
        self.assertEqual(decide(other, 'open').status, 400)
        self.assertEqual(decide(box.intent(), 'open').status, 400)
        self.assertEqual(decide(paid, 'shrug').status, 400)

    def test_they_are_listed(self):
        paid, dispute = disputed()
        for params in ({'charge': paid['latest_charge']},
                       {'payment_intent': paid['id']},
                       {'created': {'gte': dispute['created']}, 'limit': 1}):
            listed = box.get('/v1/disputes', params).json
            self.assertEqual(listed['data'][0]['id'], dispute['id'])
        one = box.get(f"/v1/disputes/{dispute['id']}", {
            'expand': ['charge', 'payment_intent']}).json
        self.assertEqual(one['charge']['id'], paid['latest_charge'])
        self.assertEqual(box.get('/v1/disputes/dp_no').status, 404)


class Inquiries(unittest.TestCase):
    def test_no_money_moves(self):
        paid, dispute = disputed('createDisputeInquiry')
        self.assertEqual(dispute['status'], 'warning_needs_response')
        self.assertTrue(dispute['is_charge_refundable'])
        self.assertEqual(dispute['balance_transactions'], [])
        self.assertEqual(told(dispute), ['created'])
        # A whole refund settles it; a part does not.
        box.post('/v1/refunds', {'payment_intent': paid['id'], 'amount': 1})
        self.assertEqual(read(dispute)['status'], 'warning_needs_response')
        box.post('/v1/refunds', {'payment_intent': paid['id']})
        self.assertEqual(read(dispute)['status'], 'warning_closed')

    def test_it_ends_by_itself_or_by_an_answer(self):
        _, dispute = disputed('createDisputeInquiry')
        box.advance(121 * 86400)
        self.assertEqual(read(dispute)['status'], 'warning_closed')
        _, dispute = disputed('createDisputeInquiry')
        now = box.post(f"/v1/disputes/{dispute['id']}", {
            'evidence': {'uncategorized_text': 'winning_evidence'}}).json
        self.assertEqual(now['status'], 'warning_under_review')
        box.advance(60)
        self.assertEqual(read(dispute)['status'], 'warning_closed')
        self.assertEqual(told(dispute), ['created', 'updated', 'closed'])

    def test_it_can_become_a_dispute(self):
        paid = box.pay().json
        dispute = decide(paid, 'inquiry').json
        now = decide(paid, 'open').json
        self.assertEqual(now['id'], dispute['id'])
        self.assertEqual(now['status'], 'needs_response')
        self.assertFalse(now['is_charge_refundable'])
        self.assertEqual(told(dispute), [
            'created', 'funds_withdrawn', 'updated'])


class Warnings(unittest.TestCase):
    def test_an_issuer_reports_fraud(self):
        paid = box.pay(payment_method='pm_card_createIssuerFraudRecord').json
        for params in ({'charge': paid['latest_charge']},
                       {'payment_intent': paid['id']}):
            warning, = box.get(
                '/v1/radar/early_fraud_warnings', params).json['data']
        self.assertRegex(warning['id'], '^issfr_')
        self.assertTrue(warning['actionable'])
        box.post('/v1/refunds', {'payment_intent': paid['id']})
        now = box.get(f"/v1/radar/early_fraud_warnings/{warning['id']}").json
        self.assertFalse(now['actionable'])
        types = [e['type'] for e in box.get('/v1/events').json['data']
                 if e['data']['object'].get('id') == warning['id']]
        self.assertEqual(types, ['radar.early_fraud_warning.updated',
                                 'radar.early_fraud_warning.created'])


if __name__ == '__main__':
    unittest.main()
