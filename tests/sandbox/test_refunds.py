"""Refunds: by whom, how much, what comes of them, and the balance."""

import unittest

from sandbox import Sandbox


def setUpModule():
    global box
    box = Sandbox().up()


def tearDownModule():
    box.down()


def refund(intent, **more):
    return box.post('/v1/refunds', {'payment_intent': intent, **more})


def charge_of(intent):
    return box.get('/v1/charges', {'payment_intent': intent}).json['data'][0]


def types_about(*ids):
    """The types of the events about these objects, oldest first."""
    events = box.get('/v1/events', {'limit': 100}).json['data']
    return [e['type'] for e in reversed(events)
            if e['data']['object'].get('id') in ids]


class Refunds(unittest.TestCase):
    def test_a_whole_one_succeeds_at_once(self):
        paid = box.pay().json
        made = refund(paid['id'], reason='duplicate',
                      metadata={'vantage_refund': '1'}).json
        charge = charge_of(paid['id'])
        self.assertRegex(made['id'], '^re_')
        self.assertEqual(
            [made[name] for name in ('object', 'amount', 'currency', 'status',
                                     'reason', 'charge', 'payment_intent')],
            ['refund', 999, 'usd', 'succeeded', 'duplicate', charge['id'],
             paid['id']])
        self.assertEqual(made['metadata'], {'vantage_refund': '1'})
        self.assertNotIn('livemode', made)
        self.assertNotIn('failure_reason', made)
        self.assertEqual(charge['amount_refunded'], 999)
        self.assertTrue(charge['refunded'])
        self.assertEqual(types_about(made['id'], charge['id']), [
            'charge.succeeded', 'charge.updated', 'refund.created',
            'charge.refunded'])

    def test_the_bank_names_its_reference_a_moment_later(self):
        made = refund(box.pay().json['id']).json
        self.assertEqual(
            made['destination_details']['card']['reference_status'],
            'pending')
        box.advance(60)
        now = box.get(f"/v1/refunds/{made['id']}").json
        card = now['destination_details']['card']
        self.assertEqual(card['reference_status'], 'available')
        self.assertRegex(card['reference'], r'^\d{23}$')
        self.assertEqual(types_about(made['id']), [
            'refund.created', 'refund.updated', 'charge.refund.updated'])

    def test_parts_add_up_and_no_more_is_given(self):
        paid = box.pay().json
        first = refund(paid['id'], amount=300).json
        charge = charge_of(paid['id'])
        self.assertEqual(
            (charge['amount_refunded'], charge['refunded']), (300, False))
        over = refund(paid['id'], amount=700)
        self.assertEqual(over.status, 400)
        self.assertEqual(over.error['param'], 'amount')
        self.assertNotIn('code', over.error)
        second = refund(paid['id']).json
        self.assertEqual(second['amount'], 699)
        again = refund(paid['id'], amount=1)
        self.assertEqual(again.status, 400)
        self.assertEqual(again.error['code'], 'charge_already_refunded')
        for params in ({'charge': charge['id']},
                       {'payment_intent': paid['id']}):
            listed = box.get('/v1/refunds', params).json
            self.assertEqual([r['id'] for r in listed['data']],
                             [second['id'], first['id']])
        told = [e for e in box.get('/v1/events', {
            'type': 'charge.refunded'}).json['data']
                if e['data']['object']['id'] == charge['id']]
        self.assertEqual(
            [e['data']['object']['amount_refunded'] for e in told],
            [999, 300])
        self.assertEqual(told[1]['data']['previous_attributes'],
                         {'amount_refunded': 0})

    def test_a_charge_includes_its_refunds_when_asked(self):
        paid = box.pay().json
        made = refund(paid['id'], amount=1).json
        self.assertNotIn('refunds', charge_of(paid['id']))
        url = f"/v1/charges/{made['charge']}"
        listed = box.get(url, {'expand': ['refunds.data.balance_transaction']}
                         ).json['refunds']
        self.assertEqual(listed['url'], f'{url}/refunds')
        self.assertFalse(listed['has_more'])
        self.assertEqual(listed['data'][0]['id'], made['id'])
        self.assertEqual(
            listed['data'][0]['balance_transaction']['type'], 'refund')
        self.assertEqual(
            [r['id'] for r in box.get(listed['url']).json['data']],
            [made['id']])
        for _ in range(11):
            refund(paid['id'], amount=1)
        listed = box.get(url, {'expand': ['refunds']}).json['refunds']
        self.assertEqual(len(listed['data']), 10)
        self.assertTrue(listed['has_more'])
        self.assertEqual(
            box.get(url, {'expand': ['refunds.charge']}).status, 400)

    def test_what_was_not_paid_is_not_refunded(self):
        nothing = refund(box.intent()['id'])
        self.assertEqual(nothing.status, 400)
        declined = box.pay(payment_method='pm_card_chargeDeclined')
        intent = declined.error['payment_intent']['id']
        self.assertEqual(refund(intent).status, 400)
        held = box.pay(capture_method='manual').json
        self.assertEqual(held['status'], 'requires_capture')
        answer = refund(held['id'])
        self.assertEqual(answer.status, 400)
        self.assertNotIn('code', answer.error)

    def test_parameters_are_checked(self):
        paid = box.pay().json
        for params, code, param in (
                ({}, 'parameter_missing', 'payment_intent'),
                ({'charge': 'ch_no'}, 'resource_missing', 'charge'),
                ({'payment_intent': 'pi_no'}, 'resource_missing',
                 'payment_intent'),
                ({'payment_intent': paid['id'], 'charge': 'x'},
                 'parameters_exclusive', 'charge'),
                ({'payment_intent': paid['id'], 'amount': 0},
                 'parameter_invalid_integer', 'amount'),
                ({'payment_intent': paid['id'], 'status': 'failed'},
                 'parameter_unknown', 'status')):
            answer = box.post('/v1/refunds', params)
            self.assertEqual(answer.status, 400, params)
            self.assertEqual(answer.error['code'], code)
            self.assertEqual(answer.error['param'], param)
        answer = refund(paid['id'], reason='whim')
        self.assertEqual(answer.error['param'], 'reason')
        answer = refund(paid['id'], reverse_transfer=True)
        self.assertEqual(answer.error['param'], 'reverse_transfer')

    def test_only_metadata_can_be_updated(self):
        made = refund(box.pay().json['id'], metadata={'a': '1'}).json
        url = f"/v1/refunds/{made['id']}"
        changed = box.post(url, {'metadata': {'a': '', 'b': '2'}}).json
        self.assertEqual(changed['metadata'], {'b': '2'})
        self.assertEqual(
            box.post(url, {'amount': 1}).error['code'], 'parameter_unknown')
        self.assertEqual(box.post(f'{url}/cancel').status, 400)
        self.assertEqual(box.get('/v1/refunds/re_no').status, 404)


class Courses(unittest.TestCase):
    def test_one_is_pending_until_the_bank_has_it(self):
        paid = box.pay(payment_method='pm_card_pendingRefund').json
        made = refund(paid['id']).json
        self.assertEqual(made['status'], 'pending')
        self.assertEqual(made['pending_reason'], 'processing')
        self.assertTrue(charge_of(paid['id'])['refunded'])
        box.advance(3600)
        now = box.get(f"/v1/refunds/{made['id']}").json
        self.assertEqual(now['status'], 'succeeded')
        self.assertNotIn('pending_reason', now)

    def test_one_is_returned_by_the_bank(self):
        paid = box.pay(payment_method='pm_card_refundFail').json
        made = refund(paid['id'], amount=300).json
        self.assertEqual(made['status'], 'succeeded')
        box.advance(3600)
        now = box.get(f"/v1/refunds/{made['id']}", {
            'expand': ['failure_balance_transaction']}).json
        self.assertEqual(now['status'], 'failed')
        self.assertEqual(now['failure_reason'], 'expired_or_canceled_card')
        entry = now['failure_balance_transaction']
        self.assertEqual((entry['type'], entry['amount'], entry['source']),
                         ('refund_failure', 300, made['id']))
        charge = charge_of(paid['id'])
        self.assertEqual(
            (charge['amount_refunded'], charge['refunded']), (0, False))
        self.assertEqual(types_about(made['id']), [
            'refund.created', 'refund.updated', 'charge.refund.updated',
            'refund.failed'])
        # It was given back, so the same sum can be refunded again.
        self.assertEqual(refund(paid['id'], amount=999).status, 200)

    def test_a_transfer_to_a_bank_takes_days(self):
        paid = box.pay(payment_method='pm_usBankAccount_success').json
        self.assertEqual(refund(paid['id']).status, 400)
        box.advance(5 * 86400)
        made = refund(paid['id']).json
        self.assertRegex(made['id'], '^pyr_')
        self.assertEqual(made['status'], 'pending')
        box.advance(4 * 86400)
        self.assertEqual(
            box.get(f"/v1/refunds/{made['id']}").json['status'], 'succeeded')

    def test_one_that_waits_for_the_customer_can_be_called_off(self):
        for end in ('cancel', 'expire'):
            paid = box.pay().json
            made = box.control('POST', 'refund', payment_intent=paid['id'],
                               course='ask').json
            self.assertEqual(made['status'], 'requires_action')
            self.assertEqual(
                made['next_action']['type'], 'display_details')
            url = f"/v1/refunds/{made['id']}"
            if end == 'cancel':
                now = box.post(f'{url}/cancel').json
                self.assertEqual(now['status'], 'canceled')
                self.assertNotIn('failure_reason', now)
            else:
                box.advance(46 * 86400)
                now = box.get(url).json
                self.assertEqual(now['status'], 'failed')
            self.assertNotIn('next_action', now)
            self.assertEqual(charge_of(paid['id'])['amount_refunded'], 0)

    def test_the_dashboard_refunds_too(self):
        paid = box.pay().json
        for course, status in (('pending', 'pending'), ('fail', 'succeeded')):
            made = box.control('POST', 'refund', payment_intent=paid['id'],
                               amount=100, course=course).json
            self.assertEqual(made['status'], status)
        event = box.get('/v1/events', {
            'type': 'refund.created', 'limit': 1}).json['data'][0]
        self.assertIsNone(event['request']['id'])
        box.advance(3600)
        listed = box.get('/v1/refunds', {'payment_intent': paid['id']}).json
        self.assertEqual([r['status'] for r in listed['data']],
                         ['failed', 'succeeded'])
        self.assertEqual(charge_of(paid['id'])['amount_refunded'], 100)


class Balance(unittest.TestCase):
    def test_every_movement_has_its_entry(self):
        box.control('POST', 'reset')
        paid = box.pay(amount=1000, description='Tokens').json
        made = refund(paid['id'], amount=400).json
        entries = box.get('/v1/balance_transactions').json['data']
        self.assertEqual(
            [(e['type'], e['amount'], e['fee'], e['net'], e['source'],
              e['status']) for e in entries],
            [('refund', -400, 0, -400, made['id'], 'pending'),
             ('charge', 1000, 59, 941, paid['latest_charge'], 'pending')])
        self.assertEqual(entries[0]['description'],
                         'REFUND FOR CHARGE (Tokens)')
        balance = box.get('/v1/balance').json
        self.assertEqual((balance['available'][0]['amount'],
                          balance['pending'][0]['amount']), (0, 541))
        box.advance(3 * 86400)
        balance = box.get('/v1/balance').json
        self.assertEqual((balance['available'][0]['amount'],
                          balance['pending'][0]['amount']), (541, 0))
        one = box.get(f"/v1/balance_transactions/{entries[0]['id']}",
                      {'expand': ['source']}).json
        self.assertEqual(one['status'], 'available')
        self.assertEqual(one['source']['object'], 'refund')

    def test_it_is_listed_by_source_type_and_currency(self):
        paid = box.pay(currency='eur').json
        made = refund(paid['id']).json
        get = lambda **params: [
            e['source'] for e in box.get(
                '/v1/balance_transactions', params).json['data']]
        self.assertEqual(get(source=made['id']), [made['id']])
        self.assertIn(made['id'], get(type='refund'))
        self.assertEqual(get(currency='eur'),
                         [made['id'], paid['latest_charge']])
        self.assertEqual(get(currency='eur', type='charge'),
                         [paid['latest_charge']])
        self.assertEqual(box.get('/v1/balance_transactions', {
            'payout': 'po_1'}).error['param'], 'payout')


if __name__ == '__main__':
    unittest.main()
