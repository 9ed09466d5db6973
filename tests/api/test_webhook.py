"""The Stripe webhook: signatures, guards, and what is never answered 2xx."""

import json
import unittest

from stack import Stack

PATH = '/api/webhooks/stripe'


def setUpModule():
    global stack
    stack = Stack().up()


def tearDownModule():
    stack.down()


def event(event_id, kind='customer.created', obj=None, **more):
    return {
        'id': event_id, 'object': 'event', 'api_version': '2026-10-28.endive',
        'created': stack.now(), 'livemode': False, 'pending_webhooks': 1,
        'request': None, 'type': kind,
        'data': {'object': obj or {'id': 'cus_x', 'object': 'customer'}},
        **more}


def post(body, header, **more):
    headers = [] if header is None else [('Stripe-Signature', header)]
    return stack.request('POST', PATH, body, headers=headers, **more)


def stored(event_id):
    rows = stack.sql('SELECT state, reason FROM events WHERE evt = ?',
                     event_id)
    return tuple(rows[0]) if rows else None


class Signature(unittest.TestCase):
    def refused(self, body, header, event_id):
        answer = post(body, header)
        self.assertEqual(answer.status, 400, (header, answer))
        self.assertEqual(answer.code, 'bad_signature')
        self.assertIsNone(stored(event_id))

    def test_invalid_webhook_signature(self):
        body = json.dumps(event('evt_bad')).encode()
        now = stack.now()
        good = stack.sign(body, stack.webhook_secret, now)
        mac = good.split('v1=')[1]
        wrong = stack.sign(body, 'whsec_' + '0' * 32, now)
        bad = [
            None, '', 't=1', f't={now}', f'v1={mac}',         # R3
            f't={now},v0={mac}', f't={now},v1=', wrong,
            f't={now}, v1={mac}', f't={now},v1={mac[:-1]}',
            f't={now + 1},v1={mac}', f't=x{now},v1={mac}',
            f't=-{now},v1={mac}', 't=' + '9' * 400 + f',v1={mac}',  # R4
            stack.sign(body, stack.webhook_secret, now - 301),
            stack.sign(body, stack.webhook_secret, now + 330),
            stack.sign(body, stack.webhook_secret.removeprefix('whsec_'),
                       now),                                   # R83
        ]
        for header in bad:
            with self.subTest(header=header):
                self.refused(body, header, 'evt_bad')
        # R1: the bytes as they came, and no other ones.
        for other in (body + b' ', b' ' + body, body.replace(b': ', b':'),
                      body[:-1], b''):
            with self.subTest(body=other):
                self.refused(other, good, 'evt_bad')
        self.assertEqual(post(body, good).status, 200)

    def test_any_v1_of_any_secret_will_do_R2(self):
        body = json.dumps(event('evt_many')).encode()
        good = stack.sign(body, stack.webhook_secret, stack.now())
        t, v1 = good.split(',')
        answer = post(body, f'{t},v0={"0" * 64},v1={"0" * 64},{v1},v2=x')
        self.assertEqual(answer.status, 200, answer)

    def test_rolled_secret_lives_beside_the_old_one_R2(self):
        old = stack.webhook_secret
        stack.dev('stripe', 'roll-secret')
        stack._keys = None
        new = [s for s in stack.keys['STRIPE_WEBHOOK_SECRET'].split(',')
               if s != old]
        self.assertTrue(new)
        for i, secret in enumerate((old, new[0])):
            answer = stack.send_event(event(f'evt_roll_{i}'), secret)
            self.assertEqual(answer.status, 200, answer)


class Guards(unittest.TestCase):
    def told(self, answer, outcome):
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json, {'received': True, 'outcome': outcome})

    def test_webhook_handling(self):
        """Unknown types are stored and answered at once (R6)."""
        self.told(stack.send_event(event('evt_unknown', 'invoice.created')),
                  'irrelevant')
        self.assertEqual(stored('evt_unknown'),
                         ('irrelevant', 'type_not_handled'))
        self.told(stack.send_event(event('evt_unknown', 'invoice.created')),
                  'duplicate')

    def test_live_event_is_parked_R7(self):
        self.told(stack.send_event(event('evt_live', livemode=True)),
                  'parked')
        self.assertEqual(stored('evt_live'), ('parked', 'livemode_mismatch'))

    def test_other_version_is_parked_unread_R8(self):
        for i, version in enumerate(('2024-06-20', None, '2026-10-28.endiv')):
            kind = 'payment_intent.succeeded'
            self.told(stack.send_event(event(
                f'evt_version_{i}', kind, api_version=version)), 'parked')
            self.assertEqual(stored(f'evt_version_{i}'),
                             ('parked', 'api_version'))

    def test_foreign_payment_is_irrelevant_R9(self):
        obj = {'id': 'pi_foreign', 'object': 'payment_intent', 'amount': 100,
               'amount_received': 100, 'currency': 'usd', 'customer': None,
               'latest_charge': None, 'livemode': False, 'created': 1,
               'metadata': {}, 'status': 'succeeded',
               'last_payment_error': None}
        self.told(stack.send_event(event(
            'evt_foreign', 'payment_intent.succeeded', obj)), 'irrelevant')
        self.assertEqual(stored('evt_foreign'), ('irrelevant', 'not_ours'))

    def test_event_of_ours_without_an_order_is_parked_R11(self):
        uuid = stack.one('SELECT uuid FROM instance')
        obj = {'id': 'pi_lost', 'object': 'payment_intent', 'amount': 999,
               'amount_received': 999, 'currency': 'usd', 'customer': 'cus_z',
               'latest_charge': 'ch_z', 'livemode': False, 'created': 1,
               'metadata': {'vantage_instance': uuid,
                            'vantage_order': 'ord_lost'},
               'status': 'succeeded', 'last_payment_error': None}
        self.told(stack.send_event(event(
            'evt_lost', 'payment_intent.succeeded', obj)), 'parked')

    def test_what_is_no_event_is_refused(self):
        for body in (b'', b'[]', b'{}', b'{"id":1}', b'nonsense',
                     b'{"id":"evt_x"', b'\xff\xfe', b'null',
                     b'[' * 1000 + b']' * 1000):
            with self.subTest(body=body[:20]):
                answer = stack.send_event(body)
                self.assertEqual(answer.status, 400, answer)

    def test_path_never_redirects_R5(self):
        body = json.dumps(event('evt_path')).encode()
        signature = stack.sign(body, stack.webhook_secret, stack.now())
        for path in (PATH, PATH + '/', PATH + '?a=1', '//api/webhooks/stripe',
                     '/api/webhooks//stripe', PATH.upper()):
            answer = stack.request('POST', path, body, headers=[
                ('Stripe-Signature', signature), ('Host', 'other.example')])
            self.assertNotIn(answer.status // 100, (3,), path)
        answer = stack.get(PATH)
        self.assertEqual(answer.status, 405)
        self.assertEqual(answer.headers['Allow'], 'POST')

    def test_large_event_is_taken_and_a_huge_one_refused(self):
        self.told(stack.send_event(event(
            'evt_large', obj={'id': 'x', 'filler': 'y' * 400_000})),
            'irrelevant')
        answer = stack.send_event(event(
            'evt_huge', obj={'id': 'x', 'filler': 'y' * 2_000_000}))
        self.assertEqual(answer.status, 413)
        self.assertEqual(answer.code, 'body_too_large')
        self.assertIsNone(stored('evt_huge'))


if __name__ == '__main__':
    unittest.main()
