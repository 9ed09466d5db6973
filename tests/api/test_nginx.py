"""What nginx answers by itself, in the shape and with the headers of the
interface; through the snippets that an existing site includes."""

import json
import re
import unittest

from stack import Stack, wait_for

SECRET = 'pi_3Q_secret_thatmustnotbelogged'
PAGES = ('/', '/buy', '/account')


def setUpModule():
    global stack
    stack = Stack().up()


def tearDownModule():
    stack.down()


class Errors(unittest.TestCase):
    def error(self, answer, status, code):
        self.assertEqual((answer.status, answer.code), (status, code), answer)
        self.assertEqual(answer.headers['Content-Type'],
                         'application/json; charset=utf-8')
        error = answer.json['error']
        self.assertEqual(error['request_id'], answer.headers['X-Request-Id'])
        self.assertTrue(error['message'].endswith('.'))

    def test_unknown_address_is_404(self):
        for path in ('/api/nothing', '/api/', '/nothing', '/api/catalog/'):
            with self.subTest(path=path):
                self.error(stack.get(path), 404, 'not_found')

    def test_page_takes_no_post(self):
        answer = stack.post('/buy', {})
        self.error(answer, 405, 'method_not_allowed')
        self.assertEqual(answer.headers['Allow'], 'GET, HEAD')

    def test_body_above_the_limit_is_413(self):
        self.error(stack.post('/api/stripe/create-payment-intent',
                              b'x' * 70000), 413, 'body_too_large')
        self.error(stack.post('/api/admin/tokens/bulk-grant',
                              b'x' * 1100000), 413, 'body_too_large')

    def test_body_that_grows_past_the_limit_is_413(self):
        chunk = b'1000\r\n' + b'x' * 4096 + b'\r\n'
        head = (b'POST /api/stripe/create-payment-intent HTTP/1.1\r\n'
                b'Host: x\r\nTransfer-Encoding: chunked\r\n'
                b'Connection: close\r\n\r\n')
        answer = stack.raw(head + chunk * 20 + b'0\r\n\r\n')
        self.assertTrue(answer.startswith(b'HTTP/1.1 413 '), answer[:200])

    def test_nonsense_is_400(self):
        answer = stack.raw(b'NONSENSE\r\n\r\n')
        self.assertIn(b'malformed_request', answer)
        answer = stack.get('/api/config', headers={'X-Long': 'x' * 40000})
        self.error(answer, 400, 'malformed_request')

    def test_dead_worker_is_503_and_worth_another_try(self):
        path = stack.state / 'run' / 'catalog.sock'
        away = path.with_name('away')
        path.rename(away)
        try:
            answer = stack.get('/api/catalog')
        finally:
            away.rename(path)
        self.error(answer, 503, 'unavailable')
        self.assertGreaterEqual(int(answer.headers['Retry-After']), 1)

    def test_flood_from_one_address_is_429(self):
        flood = (b'GET /api/config HTTP/1.1\r\nHost: x\r\n\r\n' * 300
                 + b'GET / HTTP/1.0\r\n\r\n')
        for _ in range(20):
            got = stack.raw(flood)
            if b'HTTP/1.1 429 ' in got:
                break
        statuses = set(re.findall(rb'HTTP/1.1 (\d+) ', got))
        self.assertLessEqual(statuses, {b'200', b'429'})
        refusal = got[got.index(b'HTTP/1.1 429 '):]
        self.assertIn(b'\r\nRetry-After: 1\r\n', refusal)
        self.assertIn(b'"code":"too_many_requests"', refusal)
        # Each second makes room again.
        wait_for(lambda: stack.get('/api/config').status == 200, 'room')

    def test_webhooks_are_never_limited(self):
        statuses = {stack.post('/api/webhooks/stripe', {}).status
                    for _ in range(300)}
        self.assertEqual(statuses, {400})


class Headers(unittest.TestCase):
    def test_every_answer_names_its_request(self):
        seen = set()
        for path in ('/api/catalog', '/api/nothing', '/api/tokens/balance',
                     *PAGES):
            answer = stack.get(path, headers={'X-Request-Id': 'mine'})
            ids = answer.headers.get_all('X-Request-Id')
            self.assertEqual(len(ids), 1, path)
            self.assertRegex(ids[0], r'^[0-9a-f]{32}$')
            seen.add(ids[0])
        self.assertEqual(len(seen), 3 + len(PAGES))

    def test_the_id_is_in_the_log_of_the_worker_and_of_nginx(self):
        answer = stack.get('/api/tokens/balance')
        name = answer.headers['X-Request-Id']
        wait_for(lambda: name in (
            stack.state / 'log' / 'balance.log').read_text(), 'the worker')
        wait_for(lambda: name in (
            stack.state / 'log' / 'nginx-access.log').read_text(), 'nginx')

    def test_pages_have_a_strict_policy(self):
        for path in PAGES:
            answer = stack.get(path)
            self.assertEqual(answer.status, 200, path)
            policy = dict(
                (part.split()[0], part.split()[1:]) for part in
                answer.headers['Content-Security-Policy'].split(';'))
            self.assertEqual(policy['default-src'], ["'none'"])
            self.assertEqual(policy['frame-ancestors'], ["'none'"])
            for sources in policy.values():
                self.assertFalse({"'unsafe-inline'", "'unsafe-eval'", '*',
                                  'https:'} & set(sources), policy)
            self.assertIn(stack.keys['STRIPE_API_BASE'], policy['script-src'])
            self.assertEqual(answer.headers['Referrer-Policy'], 'no-referrer')
            self.assertEqual(answer.headers['X-Frame-Options'], 'DENY')
            self.assertEqual(answer.headers['X-Content-Type-Options'],
                             'nosniff')

    def test_no_address_redirects_R5(self):
        for path in ('/api/webhooks/stripe', '/api/webhooks/stripe/',
                     '//api/webhooks/stripe', '/api/webhooks/clerk', '/buy/',
                     '/api'):
            for method in ('GET', 'POST'):
                answer = stack.request(method, path, b'{}')
                self.assertNotIn(answer.status // 100, (1, 3), path)


class Logs(unittest.TestCase):
    def test_client_secret_of_a_return_is_not_logged(self):
        query = f'?payment_intent_client_secret={SECRET}'
        for path in (*PAGES, '/api/catalog', '/api/nothing', '/nothing'):
            stack.get(path + query, headers={
                'Referer': f'{stack.url}/buy{query}'})
        stack.post('/buy' + query, {})
        stack.raw(f'GET /buy{query} HTTP/9.9\r\n\r\n'.encode())
        wait_for(lambda: '"path":"/nothing"' in (
            stack.state / 'log' / 'nginx-access.log').read_text(), 'the log')
        self.assertNotIn(SECRET, stack.everything_logged())

    def test_log_lines_are_json(self):
        stack.get('/api/catalog')
        path = stack.state / 'log' / 'nginx-access.log'
        for line in path.read_text().splitlines():
            entry = json.loads(line)
            self.assertRegex(entry['request_id'], r'^[0-9a-f]{32}$')
            self.assertIsInstance(entry['status'], int)
            self.assertFalse(re.search(r'[?&]', entry['path']))


if __name__ == '__main__':
    unittest.main()
