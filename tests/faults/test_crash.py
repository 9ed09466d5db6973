"""SIGKILL at every fault point in turn, then the client or Stripe again.

The points are collected from the source, so that none is forgotten. What
must hold afterwards: one grant, one PaymentIntent charged, books that prove
themselves, and nothing answered that did not last.
"""

import http.client
import pathlib
import re
import unittest

from stack import ROOT, Stack, wait_for

CREATE = '/api/stripe/create-payment-intent'
CONFIRM = '/api/stripe/confirm-payment'
CALL = re.compile(r'fault_(?:point|fails)\("([a-z0-9_.]+)"\)')


def points():
    found = set()
    for folder in ('src', 'fcgi-bin', 'bin'):
        for path in pathlib.Path(ROOT, folder).rglob('*.c'):
            found.update(CALL.findall(path.read_text()))
    return sorted(found)


def setUpModule():
    global stack
    stack = Stack().up()


def tearDownModule():
    stack.down()


def patiently(call, what, good=(200, 201)):
    """Calls until the answer is good, as a client or Stripe would."""
    def once():
        try:
            answer = call()
        except (OSError, http.client.HTTPException):
            return None
        return answer if answer.status in good else None
    return wait_for(once, what, seconds=60, every=0.2)


class Crash(unittest.TestCase):
    def purchase(self, process, point, order):
        email = f'{process}.{point}.{order}@example.com'.replace('_', '-')
        token = stack.token(email)
        armed = stack.arm(process, point, order)

        def create():
            return stack.post(CREATE, {'package_id': 'starter'}, token=token,
                              headers={'Idempotency-Key': 'click'},
                              timeout=40)
        made = patiently(create, 'an intent').json
        intent = made['payment_intent_id']
        self.assertEqual(patiently(create, 'it again').json, made)
        wait_for(lambda: stack.pids('stripe-webhook'), 'the webhook worker')
        # The webhook would be faster than the call that is to die.
        late = process == 'confirm-payment'
        if late:
            stack.control('POST', 'events', mode='withhold')
        stack.confirm_in_browser(intent)
        done = patiently(lambda: stack.post(
            CONFIRM, {'payment_intent_id': intent}, token=token, timeout=40),
            'the confirmation')
        self.assertEqual(done.json['status'], 'completed', done)
        if late:
            stack.control('POST', 'events', mode='deliver')
            stack.control('POST', 'tick')
        fired = not armed.exists()
        armed.unlink(missing_ok=True)
        self.assertEqual(stack.balance(token), 10)
        self.assertEqual(stack.one(
            'SELECT COUNT(*) FROM movements WHERE cause = ?', f'pi:{intent}'),
            1)
        self.assertEqual(stack.one(
            'SELECT COUNT(*) FROM outbox WHERE object = ?', intent), 1)
        charged = [i for i in stack.stripe(
            'GET', '/v1/payment_intents', {'limit': 100}).json['data']
            if i['metadata'].get('vantage_user') == stack.sub(email)]
        self.assertEqual([i['id'] for i in charged], [intent])
        stack.verify()
        return fired

    def test_create_payment_intent_dies_anywhere(self):
        self.every_point('create-payment-intent', {
            'purchase.after_order', 'purchase.after_customer_call',
            'purchase.after_customer', 'purchase.after_intent_call',
            'purchase.after_intent', 'writer.before_commit',
            'writer.after_commit', 'writer.before_sync',
            'writer.after_sync'})

    def test_stripe_webhook_dies_anywhere(self):
        self.every_point('stripe-webhook', {
            'webhook.before_write', 'webhook.before_answer',
            'event.after_insert', 'writer.before_commit',
            'writer.after_commit'})

    def test_confirm_payment_dies_anywhere(self):
        self.every_point('confirm-payment', {'confirm.after_apply'})

    def test_keeper_and_reconciler_die_anywhere(self):
        for process in ('keeper', 'reconciler'):
            self.every_point(process, set())

    def every_point(self, process, must_fire):
        """Those that this process never comes to simply stay armed."""
        fired = set()
        for point in points():
            with self.subTest(process=process, point=point):
                if self.purchase(process, point, 'kill'):
                    fired.add(point)
        self.assertLessEqual(must_fire, fired)

    def test_commit_that_fails_is_answered_503_and_lost(self):
        for process in ('create-payment-intent', 'stripe-webhook',
                        'confirm-payment'):
            with self.subTest(process=process):
                self.assertTrue(self.purchase(
                    process, 'writer.commit', 'fail')
                    or process == 'confirm-payment')

    def test_sync_that_fails_is_answered_503(self):
        for process in ('create-payment-intent', 'stripe-webhook'):
            with self.subTest(process=process):
                self.assertTrue(self.purchase(process, 'writer.sync', 'fail'))

    def test_process_that_hangs_with_the_write_lock_is_ended(self):
        self.assertTrue(self.purchase(
            'stripe-webhook', 'writer.before_commit', 'hang'))
        self.assertIn('watchdog.killed',
                      [line.get('event') for line in stack.log('keeper')])

    def test_effect_that_fails_is_carried_out_by_keeper_R10(self):
        token = stack.token('effect@example.com')
        made = stack.create_intent(token).json
        stack.arm('stripe-webhook', 'event.effect', 'fail')
        stack.confirm_in_browser(made['payment_intent_id'])
        wait_for(lambda: stack.balance(token) == 10, 'the tokens',
                 seconds=60)
        wait_for(lambda: stack.one(
            "SELECT COUNT(*) FROM events WHERE state = 'failed'") == 0,
            'no event to be left failed', seconds=60)
        stack.verify()


if __name__ == '__main__':
    unittest.main()
