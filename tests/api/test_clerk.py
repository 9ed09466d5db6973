"""Clerk's webhook: who signs, what counts, and in which order."""

import json
import unittest
from concurrent.futures import ThreadPoolExecutor

from stack import Stack

PATH = '/api/webhooks/clerk'


def setUpModule():
    global stack, secret
    stack = Stack().up()
    secret = (stack.state / 'settings' / 'clerk_webhook_secret'
              ).read_text().strip()


def tearDownModule():
    stack.down()


def changed(sub, email, updated, kind='user.updated', status='verified',
            **data):
    return {
        'type': kind, 'object': 'event', 'timestamp': 1,
        'data': {
            'id': sub, 'object': 'user', 'primary_email_address_id': 'idn_1',
            'email_addresses': [{
                'id': 'idn_1', 'email_address': email,
                'verification': {'status': status}, 'linked_to': []}],
            'public_metadata': {}, 'first_name': None, 'last_name': None,
            'created_at': 1, 'updated_at': updated, **data}}


def gone(sub):
    return {'type': 'user.deleted', 'object': 'event',
            'data': {'id': sub, 'object': 'user', 'deleted': True}}


def send(message, event, at=None, key=None, headers=None):
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    signed = stack.sign_svix(body, key or secret, message,
                             stack.now() if at is None else at)
    signed.update(headers or {})
    return stack.post(PATH, body, headers={
        k: v for k, v in signed.items() if v is not None})


def user(sub):
    rows = stack.sql('SELECT * FROM users WHERE clerk_sub = ?', sub)
    return dict(rows[0]) if rows else None


class Messages(unittest.TestCase):
    def told(self, message, event, outcome):
        answer = send(message, event)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json, {'received': True, 'outcome': outcome})

    def test_a_user_is_made_and_changed(self):
        self.told('msg_a1', changed('user_a', 'A@Example.com', 1000,
                                    'user.created'), 'applied')
        row = user('user_a')
        self.assertEqual((row['email'], row['email_verified'], row['role']),
                         ('a@example.com', 1, 'user'))
        self.told('msg_a2', changed('user_a', 'b@example.com', 2000,
                                    public_metadata={'role': 'admin'}),
                  'applied')
        row = user('user_a')
        self.assertEqual((row['email'], row['role']),
                         ('b@example.com', 'admin'))

    def test_facts_in_any_order_end_alike(self):
        self.told('msg_b2', changed('user_b', 'new@b.com', 2000), 'applied')
        self.told('msg_b1', changed('user_b', 'old@b.com', 1000,
                                    'user.created'), 'stale')
        self.assertEqual(user('user_b')['email'], 'new@b.com')

    def test_a_retry_has_no_second_effect(self):
        event = changed('user_c', 'c@c.com', 1000)
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: send('msg_c', event),
                                    range(20)))
        self.assertEqual({a.status for a in answers}, {200})
        self.assertEqual(
            sorted(a.json['outcome'] for a in answers),
            ['applied'] + ['duplicate'] * 19)

    def test_a_deleted_user_stays_deleted_R83(self):
        self.told('msg_d1', changed('user_d', 'd@d.com', 1000), 'applied')
        self.told('msg_d2', gone('user_d'), 'applied')
        self.told('msg_d3', changed('user_d', 'd@d.com', 9000), 'stale')
        self.assertIsNotNone(user('user_d')['deleted_at'])

    def test_an_unverified_address_gets_no_grant_R82(self):
        admin = stack.token('root@example.com', admin=True)
        self.told('msg_e', changed('user_e', 'e@e.com', 1,
                                   status='unverified'), 'applied')
        answer = stack.post('/api/admin/tokens/add', {
            'user_email': 'e@e.com', 'amount': 1, 'note': 'n'}, token=admin)
        self.assertEqual((answer.status, answer.code),
                         (422, 'unverified_user'))

    def test_an_address_of_two_users_gets_no_grant_R82(self):
        admin = stack.token('root@example.com', admin=True)
        self.told('msg_f1', changed('user_f1', 'f@f.com', 1), 'applied')
        self.told('msg_f2', changed('user_f2', 'f@f.com', 1), 'applied')
        answer = stack.post('/api/admin/tokens/add', {
            'user_email': 'f@f.com', 'amount': 1, 'note': 'n'}, token=admin)
        self.assertEqual((answer.status, answer.code),
                         (409, 'ambiguous_user'))

    def test_other_types_are_answered_and_ignored(self):
        self.told('msg_g', {'type': 'session.created',
                            'data': {'id': 'sess_1'}}, 'ignored')

    def test_an_address_with_a_line_end_is_left_out(self):
        self.told('msg_h', changed('user_h', 'h@h.com\r\nBcc: x@y.z', 1),
                  'applied')
        self.assertIsNone(user('user_h')['email'])

    def test_killed_before_the_answer_nothing_is_lost_or_doubled(self):
        for point in ('clerk.before_write', 'clerk.after_insert',
                      'clerk.before_answer'):
            with self.subTest(point=point):
                sub = 'user_' + point.replace('.', '_')
                event = changed(sub, 'k@k.com', 5)
                stack.arm('clerk-webhook', point)
                first = send('msg_' + sub, event)
                self.assertGreaterEqual(first.status, 500, first)
                again = send('msg_' + sub, event)
                for _ in range(50):
                    if again.status == 200:
                        break
                    again = send('msg_' + sub, event)
                self.assertEqual(again.status, 200, again)
                self.assertIn(again.json['outcome'],
                              ('applied', 'duplicate'))
                self.assertEqual(user(sub)['email'], 'k@k.com')


class Signature(unittest.TestCase):
    def refused(self, answer, sub):
        self.assertEqual((answer.status, answer.code),
                         (400, 'bad_signature'), answer)
        self.assertIsNone(user(sub))

    def test_bad_signatures_are_refused_R83(self):
        event = changed('user_x', 'x@x.com', 1)
        body = json.dumps(event).encode()
        now = stack.now()
        good = stack.sign_svix(body, secret, 'msg_x', now)['svix-signature']
        other = 'whsec_' + 'A' * 32
        for headers in (
                {'svix-signature': None}, {'svix-id': None},
                {'svix-timestamp': None}, {'svix-signature': ''},
                {'svix-id': 'msg_y'}, {'svix-timestamp': str(now + 1)},
                {'svix-timestamp': '9' * 400}, {'svix-timestamp': 'now'},
                {'svix-signature': good.replace('v1,', 'v2,')},
                {'svix-signature': good[:-4] + 'AAA='},
                {'svix-signature': 'v1,'}):
            with self.subTest(headers=headers):
                self.refused(send('msg_x', event, now, headers=headers),
                             'user_x')
        self.refused(send('msg_x', event, key=other), 'user_x')

    def test_old_and_future_ones_are_refused(self):
        event = changed('user_x', 'x@x.com', 1)
        for shift in (-310, 330):
            self.refused(send('msg_x', event, stack.now() + shift), 'user_x')

    def test_another_body_under_the_signature_is_refused(self):
        body = json.dumps(changed('user_x', 'x@x.com', 1)).encode()
        headers = stack.sign_svix(body, secret, 'msg_x', stack.now())
        for other in (body + b' ', body[:-1], b'', body.replace(b'x@', b'y@')):
            self.refused(stack.post(PATH, other, headers=headers), 'user_x')

    def test_any_of_several_signatures_counts(self):
        body = json.dumps(changed('user_m', 'm@m.com', 1)).encode()
        good = stack.sign_svix(body, secret, 'msg_m', stack.now())
        good['svix-signature'] = ('v1,AAAA v2,x ' + good['svix-signature'])
        self.assertEqual(stack.post(PATH, body, headers=good).status, 200)

    def test_the_standard_names_of_the_headers_count(self):
        body = json.dumps(changed('user_n', 'n@n.com', 1)).encode()
        headers = {k.replace('svix', 'webhook'): v for k, v in
                   stack.sign_svix(body, secret, 'msg_n',
                                   stack.now()).items()}
        self.assertEqual(stack.post(PATH, body, headers=headers).status, 200)

    def test_a_signed_body_that_is_no_message_is_refused(self):
        for body in (b'[]', b'{', b'{}', b'{"type":"user.created"}',
                     b'\xff', b'[' * 1000):
            with self.subTest(body=body):
                self.assertEqual(send('msg_z', body).status, 400)
