"""Bad input: the status that the contract names, the field, and no change."""

import json
import unittest

from stack import Stack

CREATE = '/api/stripe/create-payment-intent'
CONFIRM = '/api/stripe/confirm-payment'


def setUpModule():
    global stack, token
    stack = Stack(VANTAGE_LIMIT_CREATE_PAYMENT_INTENT='0',
                  VANTAGE_LIMIT_CONFIRM_PAYMENT='0').up()
    token = stack.token('input@example.com')


def tearDownModule():
    stack.down()


def snapshot():
    """Every table's size, and the newest change of each that has one."""
    tables = [row['name'] for row in stack.sql(
        "SELECT name FROM sqlite_schema WHERE type = 'table' "
        "AND name NOT LIKE 'sqlite_%'")]
    return {name: stack.one(f'SELECT COUNT(*) FROM "{name}"')
            for name in tables}


class Input(unittest.TestCase):
    def setUp(self):
        self.before = snapshot()

    def tearDown(self):
        self.assertEqual(snapshot(), self.before)

    def refused(self, answer, status, code=None, field=None):
        self.assertEqual(answer.status, status, answer)
        error = answer.json['error']
        self.assertTrue(error['message'])
        self.assertEqual(error['request_id'], answer.headers['X-Request-Id'])
        if code is not None:
            self.assertEqual(error['code'], code, answer)
        if field is not None:
            self.assertEqual(error.get('field'), field, answer)

    def create(self, body, **more):
        return stack.post(CREATE, body, token=token, **more)

    def test_no_body_and_broken_bodies(self):
        for body in (b'', b'{', b'nonsense', b'{"package_id":"starter"}}',
                     b'{"package_id":"starter",}', b"{'package_id':'x'}",
                     b'\xff\xfe{}', b'{"package_id":"\xc3\x28"}',
                     b'{"package_id":"\\ud800"}', b'{"tokens":01}',
                     b'[' * 1000 + b']' * 1000,
                     b'{"a":' * 1000 + b'1' + b'}' * 1000):
            with self.subTest(body=body[:30]):
                self.refused(self.create(body), 400, 'malformed_json')

    def test_wrong_content_type(self):
        for kind in ('text/plain', 'application/x-www-form-urlencoded', '',
                     'application/json; charset=latin-1', 'multipart/x'):
            with self.subTest(kind=kind):
                self.refused(self.create(
                    b'{"package_id":"starter"}',
                    headers={'Content-Type': kind}), 415,
                    'unsupported_media_type')

    def test_too_large(self):
        body = json.dumps({'package_id': 'x' * 2_000_000}).encode()
        self.refused(self.create(body), 413, 'body_too_large')

    def test_numbers_that_are_none_R69_R70(self):
        for text in ('0', '-1', '1.5', '1e400', '9007199254740993',
                     '-9223372036854775808', '1e3000', '"10"', 'true', '[]',
                     '{}', '4', '1001', '2147483648', '18446744073709551617'):
            with self.subTest(text=text):
                answer = self.create(b'{"tokens":%s}' % text.encode())
                self.assertIn(answer.status, (400, 422), answer)
                if answer.status == 422:
                    self.refused(answer, 422, None, 'tokens')

    def test_members(self):
        cases = (
            ({'package_id': 'nothing'}, 'package_id', 'unknown_package'),
            ({'package_id': ''}, 'package_id', None),
            ({'package_id': 5}, 'package_id', None),
            ({'package_id': None}, 'package_id', None),
            ({'package_id': 'x' * 65}, 'package_id', None),
            ({'package_id': 'starter\r\nX: y'}, 'package_id', None),
            ({}, 'package_id', None),
            ({'package_id': 'starter', 'tokens': 10}, 'package_id', None),
            ({'package_id': 'starter', 'amount': 1}, 'amount',
             'unknown_field'),
            ({'package_id': 'starter', 'Currency': 'usd'}, 'Currency',
             'unknown_field'),
            ({'package_id': 'starter', 'currency': 'USD'}, 'currency', None),
            ({'package_id': 'starter', 'currency': 'xxx'}, 'currency', None),
            ({'package_id': 'starter', 'save_payment_method': 1},
             'save_payment_method', None),
        )
        for body, field, code in cases:
            with self.subTest(body=body):
                self.refused(self.create(body), 422, code, field)

    def test_duplicate_member_and_nul(self):
        for body in (b'{"tokens":10,"tokens":20}',
                     b'{"package_id":"starter\\u0000"}'):
            with self.subTest(body=body):
                self.assertIn(self.create(body).status, (400, 422))

    def test_confirm(self):
        for body, status in (({}, 422), ({'payment_intent_id': ''}, 422),
                             ({'payment_intent_id': 7}, 422),
                             ({'payment_intent_id': 'x' * 200}, 422),
                             ({'payment_intent_id': 'pi_unknown'}, 404),
                             ({'payment_intent_id': '../../v1/charges'}, 404)):
            with self.subTest(body=body):
                self.refused(stack.post(CONFIRM, body, token=token), status,
                             None, 'payment_intent_id')

    def test_credentials(self):
        body = {'package_id': 'starter'}
        head, claims, signature = token.split('.')
        for headers in ([], [('Authorization', '')],
                        [('Authorization', 'Bearer ')],
                        [('Authorization', f'Basic {token}')],
                        [('Authorization', 'Bearer nonsense')],
                        [('Authorization', f'Bearer {head}.{claims}.')],
                        [('Authorization', f'Bearer {head}.{claims}.AAAA')],
                        [('Authorization', 'Bearer ' + 'x' * 9000)],
                        [('Cookie', '__session=nonsense')]):
            with self.subTest(headers=str(headers)[:60]):
                answer = stack.post(CREATE, body, headers=headers)
                # nginx may refuse a header of this size by itself: 400.
                self.assertIn(answer.status, (400, 401), answer)
        twice = [('Authorization', f'Bearer {token}'),
                 ('Authorization', 'Bearer other')]
        self.assertIn(stack.post(CREATE, body, headers=twice).status,
                      (400, 401))

    def test_idempotency_key(self):
        for key in ('', ' ', 'a b', 'k' * 256, 'caf\u00e9'.encode('latin-1')):
            with self.subTest(key=key):
                answer = self.create({'package_id': 'starter'},
                                     headers=[('Idempotency-Key', key)])
                self.assertIn(answer.status, (400, 422), answer)

    def test_methods_and_paths(self):
        for method in ('GET', 'PUT', 'DELETE', 'PATCH', 'HEAD'):
            answer = stack.request(method, CREATE, token=token)
            self.assertEqual(answer.status, 405, (method, answer))
            self.assertIn('POST', answer.headers['Allow'])
        for path in ('/api/nothing', '/api/', CREATE + '/x'):
            self.refused(stack.post(path, {}, token=token), 404, 'not_found')

    def test_header_with_line_end_does_not_pass(self):
        got = stack.raw(
            f'POST {CREATE} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n'
            f'Content-Type: application/json\r\nX-Request-Id: a\nb: c\r\n'
            f'Connection: close\r\n\r\n{{}}'.encode())
        self.assertIn(got.split(b' ')[1], (b'400', b'401'))
        self.assertNotIn(b'\nb: c', got)


if __name__ == '__main__':
    unittest.main()
