"""SIGKILL of admin-tokens and keeper where it hurts, then once more.

An administrator whose call had no answer presses the button again: one
grant. keeper dies while it copies the log or runs an event again: nothing is
lost and nothing is granted twice.
"""

import http.client
import unittest

from stack import Stack, wait_for

ADD = '/api/admin/tokens/add'
BULK = '/api/admin/tokens/bulk-grant'
ADD_POINTS = ['admin.before_write', 'ledger.between_legs', 'grant.after_lot',
              'admin.after_grant', 'writer.before_commit',
              'writer.after_commit', 'admin.before_answer']
BULK_POINTS = ['admin.before_bulk', 'ledger.between_legs', 'grant.after_lot',
               'admin.after_grant', 'admin.after_bulk',
               'writer.before_commit', 'writer.after_commit',
               'admin.before_bulk_answer']
KEEPER_POINTS = ['keeper.before_event', 'event.effect', 'fulfil.after_grant',
                 'grant.after_lot', 'writer.before_commit',
                 'writer.after_commit', 'keeper.after_event',
                 'keeper.before_checkpoint', 'keeper.after_checkpoint',
                 'keeper.before_prune']


def setUpModule():
    global stack, admin
    stack = Stack().up()
    admin = stack.token('root@example.com', admin=True)


def tearDownModule():
    stack.down()


def patiently(call, what):
    """Presses the button until there is an answer."""
    def once():
        try:
            answer = call()
        except (OSError, http.client.HTTPException):
            return None
        return answer if answer.status < 300 else None
    return wait_for(once, what, seconds=60, every=0.2)


class AdminCrash(unittest.TestCase):
    def again_and_again(self, path, body, point):
        armed = stack.arm('admin-tokens', point)
        answer = patiently(lambda: stack.post(
            path, body, token=admin, timeout=30,
            headers={'Idempotency-Key': f'{path}-{point}'}), point)
        self.assertFalse(armed.exists(), f'{point} was never reached')
        return answer

    def test_a_grant_survives_a_kill_at_every_point_R84(self):
        token = stack.token('ada@example.com')
        for number, point in enumerate(ADD_POINTS, 1):
            with self.subTest(point=point):
                answer = self.again_and_again(ADD, {
                    'user_email': 'ada@example.com', 'amount': 10,
                    'note': point}, point)
                self.assertEqual(answer.json['balance'], 10 * number)
                self.assertEqual(stack.balance(token), 10 * number)
        stack.verify()

    def test_a_batch_survives_a_kill_at_every_point_R85(self):
        emails = [f'bulk{i}@example.com' for i in range(3)]
        tokens = [stack.token(email) for email in emails]
        for number, point in enumerate(BULK_POINTS, 1):
            with self.subTest(point=point):
                answer = self.again_and_again(BULK, {
                    'users': [{'email': e, 'amount': 2} for e in emails],
                    'note': point}, point)
                self.assertEqual(answer.json['totals']['rows'], 3)
                for token in tokens:
                    self.assertEqual(stack.balance(token), 2 * number)
        stack.verify()

    def test_a_commit_that_fails_is_no_grant_and_is_answered_503(self):
        token = stack.token('commit@example.com')
        stack.arm('admin-tokens', 'writer.commit', 'fail')
        body = {'user_email': 'commit@example.com', 'amount': 3, 'note': 'n'}

        def give():
            return stack.post(ADD, body, token=admin,
                              headers={'Idempotency-Key': 'commit'})
        self.assertEqual(give().status, 503)
        self.assertEqual(patiently(give, 'the grant').status, 201)
        self.assertEqual(stack.balance(token), 3)
        stack.verify()


class KeeperCrash(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tokens = {
            point: stack.token(point.replace('.', '-').replace('_', '-')
                               + '@example.com')
            for point in KEEPER_POINTS}
        # Nobody but us tells of a payment, and only once.
        stack.events('withhold')

    @classmethod
    def tearDownClass(cls):
        stack.events('deliver')

    def succeeded(self, intent):
        """Stripe's event of this payment, as it would be delivered."""
        events = stack.stripe('GET', '/v1/events', {
            'type': 'payment_intent.succeeded', 'limit': 100}).json['data']
        return next(e for e in events
                    if e['data']['object']['id'] == intent)

    def test_an_event_is_carried_out_once_however_keeper_dies_R10(self):
        for point in KEEPER_POINTS:
            with self.subTest(point=point):
                token = self.tokens[point]
                made = stack.create_intent(token).json
                stack.confirm_in_browser(made['payment_intent_id'])
                stack.arm('stripe-webhook', 'event.effect', 'fail')
                armed = stack.arm('keeper', point)
                if point == 'keeper.before_prune':
                    stack.kill('keeper')  # it prunes when it starts
                answer = stack.send_event(
                    self.succeeded(made['payment_intent_id']))
                self.assertEqual(answer.json['outcome'], 'failed', answer)
                wait_for(lambda: stack.balance(token) == 10, 'the tokens',
                         seconds=60)
                wait_for(lambda: not armed.exists(), f'{point} to be reached',
                         seconds=30)
                self.assertEqual(stack.one(
                    'SELECT COUNT(*) FROM movements WHERE cause = ?',
                    'pi:' + made['payment_intent_id']), 1)
        wait_for(lambda: stack.one(
            "SELECT COUNT(*) FROM events WHERE state = 'failed'") == 0,
            'no event to be left failed', seconds=60)
        stack.verify()
