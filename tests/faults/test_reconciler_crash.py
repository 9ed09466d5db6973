"""SIGKILL for reconciler at every fault point that it passes.

What watches it starts it again, and it takes the row up where it lies: one
intent, one grant, books that prove themselves.
"""

import os
import signal
import unittest

from stack import Stack, wait_for

CREATE = '/api/stripe/create-payment-intent'
POINTS = ('stripe.before_call', 'stripe.after_call', 'writer.before_begin',
          'writer.after_operation', 'writer.before_commit',
          'writer.after_commit', 'writer.before_wake')
GRANT_POINTS = POINTS + ('grant.after_lot', 'fulfil.after_grant')


def setUpModule():
    global stack
    stack = Stack().up()


def tearDownModule():
    stack.down()


def until(condition, what):
    def looked():
        if condition():
            return True
        for pid in stack.pids('reconciler'):
            try:
                os.kill(pid, signal.SIGUSR1)
            except ProcessLookupError:
                pass
        return False
    wait_for(looked, what, seconds=60, every=0.5)


def intents_of(email):
    listed = stack.stripe('GET', '/v1/payment_intents', {'limit': 100}).json
    return [i['id'] for i in listed['data']
            if i['metadata'].get('vantage_user') == stack.sub(email)]


def settled():
    return stack.one("SELECT COUNT(*) FROM attempts WHERE state NOT IN "
                     "('done', 'refused')") == 0


class ReconcilerCrash(unittest.TestCase):
    def test_dies_while_it_finishes_a_lost_create_R75_R76(self):
        for point in POINTS:
            with self.subTest(point=point):
                self.lost_create(point)

    def lost_create(self, point):
        email = f'create.{point}@example.com'.replace('_', '-')
        token = stack.token(email)
        first = stack.create_intent(token).json
        stack.outage('lost-answer')
        try:
            answer = stack.post(
                CREATE, {'package_id': 'starter'}, token=token,
                headers={'Idempotency-Key': 'lost'}, timeout=40)
        finally:
            stack.outage('off')
        self.assertEqual(answer.status, 503, answer)
        armed = stack.arm('reconciler', point)
        stack.advance('3m')
        until(settled, 'the attempt')
        self.assertFalse(armed.exists(), 'it did not pass this point')
        made = intents_of(email)
        self.assertEqual(len(made), 2, made)
        self.assertIn(first['payment_intent_id'], made)
        self.assertEqual(stack.one(
            'SELECT COUNT(*) FROM orders o JOIN users u ON u.id = o.user '
            "WHERE u.email = ? AND o.state = 'open' AND o.pi IS NOT NULL",
            email), 2)
        stack.verify()

    def test_dies_while_it_credits_a_lost_webhook_R21(self):
        # Clerk's messages are withheld too, so everybody signs up before.
        self.tokens = {p: stack.token(self.buyer(p)) for p in GRANT_POINTS}
        stack.events('withhold')
        try:
            for point in GRANT_POINTS:
                with self.subTest(point=point):
                    self.lost_webhook(point)
        finally:
            stack.events('deliver')
        wait_for(lambda: stack.one(
            "SELECT COUNT(*) FROM events WHERE state IN ('waiting', 'failed')")
            == 0, 'the events')
        self.assertEqual(stack.one(
            "SELECT COUNT(*) - COUNT(DISTINCT cause) FROM movements"), 0)
        stack.verify()

    @staticmethod
    def buyer(point):
        return f'paid.{point}@example.com'.replace('_', '-')

    def lost_webhook(self, point):
        email = self.buyer(point)
        order = stack.buy(self.tokens[point])
        armed = stack.arm('reconciler', point)
        stack.advance('6m')
        until(lambda: stack.one(
            'SELECT state FROM orders WHERE public_id = ?',
            order['order_id']) == 'granted', 'the grant')
        self.assertFalse(armed.exists(), 'it did not pass this point')
        self.assertEqual(stack.one(
            'SELECT a.balance FROM accounts a JOIN users u ON u.id = a.user '
            'WHERE u.email = ?', email), 10)
        stack.verify()


if __name__ == '__main__':
    unittest.main()
