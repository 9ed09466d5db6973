"""What was asked: the sandbox's list of it, and our own workers' part in it,
judged by the types that the official SDK declares for its callers."""

import json
import unittest

from judged import judge
from sandbox import BROWSER_KEY, VERSION, Sandbox
from stack import Stack, wait_for


class TheList(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.box = Sandbox().up()
        cls.addClassCleanup(cls.box.down)

    def setUp(self):
        self.box.control('POST', 'reset')

    def asked(self, **form):
        words = '&'.join(f'{name}={value}' for name, value in form.items())
        answer = self.box.control('GET', f'requests?{words}')
        self.assertEqual(answer.status, 200, answer)
        return answer.json['requests']

    def test_it_says_what_was_asked(self):
        self.box.post('/v1/payment_intents', {
            'amount': 999, 'currency': 'usd', 'metadata': {'a': '1'},
            'automatic_payment_methods': {'enabled': True}, 'description': ''
        }, headers={'Idempotency-Key': 'k1', 'User-Agent': 'me/1.0'})
        row, = self.asked()
        self.assertEqual(
            [row[name] for name in ('method', 'path', 'status', 'version',
                                    'agent', 'idempotency_key')],
            ['POST', '/v1/payment_intents', 200, VERSION, 'me/1.0', 'k1'])
        self.assertRegex(row['request_id'], '^req_')
        self.assertEqual(row['params'], {
            'amount': 999, 'currency': 'usd', 'metadata': {'a': '1'},
            'automatic_payment_methods': {'enabled': True},
            'description': None})

    def test_refusals_and_queries_are_in_it(self):
        self.box.pay(payment_method='pm_card_chargeDeclined')
        self.box.post('/v1/customers', {'email': 'a@example.com', 'no': 1})
        self.box.get('/v1/events', {'created': {'gte': 1}, 'limit': 3})
        self.assertEqual(
            [(row['path'], row['status']) for row in self.asked()],
            [('/v1/payment_intents', 402), ('/v1/customers', 400),
             ('/v1/events', 200)])
        self.assertEqual(
            self.asked()[2]['params'], {'created': {'gte': 1}, 'limit': 3})

    def test_pages_and_secrets_are_not(self):
        intent = self.box.intent()
        secret = intent['client_secret']
        self.box.get(f"/v1/payment_intents/{intent['id']}",
                     {'client_secret': secret}, key=BROWSER_KEY)
        self.box.get(f"/v1/payment_intents/{intent['id']}",
                     {'client_secret': secret})
        self.box.post('/v1/payment_methods', {
            'type': 'card', 'card': {
                'number': '4242424242424242', 'cvc': '123',
                'exp_month': 12, 'exp_year': 2040}})
        rows = self.asked()
        self.assertEqual([row['params'] for row in rows[1:]], [
            {}, {'type': 'card',
                 'card': {'exp_month': 12, 'exp_year': 2040}}])
        self.assertNotIn('sk_test', json.dumps(rows))

    def test_it_is_read_on_from_a_place_and_does_not_grow(self):
        for _ in range(3):
            self.box.customer()
        rows = self.asked()
        self.assertEqual(len(rows), 3)
        self.assertEqual(self.asked(limit=2), rows[1:])
        self.assertEqual(self.asked(after=rows[1]['id']), rows[2:])
        for _ in range(1010):
            self.box.get('/v1/customers/cus_no')
        rows = self.asked(limit=1000)
        self.assertEqual(len(rows), 1000)
        self.assertEqual({row['status'] for row in rows}, {404})


class Workers(unittest.TestCase):
    """The whole story of buying, and what it asked of Stripe."""

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack().up()
        cls.addClassCleanup(cls.stack.down)

    def confirm(self, token, intent):
        return self.stack.post('/api/stripe/confirm-payment',
                               {'payment_intent_id': intent}, token=token)

    def play(self):
        """Bought, declined, challenged, missed, left behind."""
        stack = self.stack
        token = stack.token('requests@example.com')
        for package in ('starter', 'professional'):
            order = stack.buy(token, package, save_payment_method=True)
            self.assertEqual(self.confirm(
                token, order['payment_intent_id']).status, 200)
        stack.buy(token, method='pm_card_chargeDeclined')
        order = stack.buy(token, method='pm_card_threeDSecure2Required')
        self.confirm(token, order['payment_intent_id'])
        stack.create_intent(token, None, tokens=37, currency='eur')
        stack.events('withhold')
        try:
            missed = stack.buy(token)
            stack.advance('1h')
        finally:
            stack.events('deliver')
        left = stack.create_intent(
            stack.token('left@example.com')).json['order_id']
        stack.advance('25h')
        wait_for(lambda: stack.one(
            'SELECT state FROM orders WHERE public_id = ?', left)
            == 'canceled', 'the order to be given up')
        wait_for(lambda: stack.one(
            'SELECT COUNT(*) FROM movements WHERE cause = ?',
            f"pi:{missed['payment_intent_id']}"), 'the missed grant')

    def asked(self):
        """All that our own programs asked."""
        rows = self.stack.control('GET', 'requests?limit=1000')['requests']
        self.assertLess(len(rows), 1000, 'some have been dropped')
        return [row for row in rows
                if row['agent'].startswith('vantage-tokens/')]

    def test_their_requests_are_of_the_types_that_the_sdk_declares(self):
        self.play()
        rows = self.asked()
        self.assertEqual(
            {row['version'] for row in rows}, {VERSION})
        self.assertEqual(
            {row['status'] for row in rows}, {200})
        for row in rows:
            self.assertEqual(row['method'] == 'POST',
                             row['idempotency_key'] is not None, row)
        kinds = {(row['method'], *row['path'].split('/')[2:3],
                  *row['path'].split('/')[4:]) for row in rows}
        self.assertGreaterEqual(kinds, {
            ('POST', 'customers'), ('POST', 'payment_intents'),
            ('GET', 'payment_intents'), ('POST', 'payment_intents', 'cancel')})
        items = [{'what': 'request', 'verb': row['method'],
                  'path': row['path'], 'body': row['params']} for row in rows]
        self.assertIn(f'{len(rows)} of kind request', judge(items))
        judge(items, 'mutants')


if __name__ == '__main__':
    unittest.main()
