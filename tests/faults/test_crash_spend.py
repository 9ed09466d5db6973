"""SIGKILL of spend where it hurts, then the service tries again.

A service whose call had no answer sends it again: one spend, one hold, one
capture, one reversal, whenever the process died.
"""

import http.client
import unittest

from stack import Stack, wait_for

SPEND = '/api/tokens/spend'
HOLD = '/api/tokens/hold'
CAPTURE = '/api/tokens/capture'
REVERSE = '/api/tokens/reverse'
POINTS = ['spend.before_write', 'ledger.between_legs', 'writer.before_commit',
          'writer.after_commit', 'writer.before_sync', 'writer.after_sync',
          'spend.before_answer']


def setUpModule():
    global stack, key, sub
    stack = Stack().up()
    admin = stack.token('root@example.com', admin=True)
    key = stack.dev('key', 'tokens:spend', 'tokens:reverse',
                    'tokens:read').strip()
    stack.token('ada@example.com')
    sub = stack.sub('ada@example.com')
    answer = stack.post('/api/admin/tokens/add', {
        'user': sub, 'amount': 1000, 'note': 'n'}, token=admin)
    assert answer.status == 201, answer


def tearDownModule():
    try:
        stack.verify()
    finally:
        stack.down()


def patiently(path, headers=(), **body):
    """Sends it until there is an answer."""
    def once():
        try:
            answer = stack.post(path, body, token=key, headers=headers)
        except (OSError, http.client.HTTPException):
            return None
        return answer if answer.status < 300 else None
    return wait_for(once, path, seconds=60, every=0.2)


def available():
    return stack.get(f'/api/tokens/balance?user={sub}',
                     token=key).json['available']


class SpendCrash(unittest.TestCase):
    def dies(self, point, path, change, headers=(), **body):
        """The effect is there once, and the answer stays what it was."""
        before = available()
        armed = stack.arm('spend', point)
        answer = patiently(path, headers, **body)
        self.assertFalse(armed.exists(), f'{point} was never reached')
        again = patiently(path, headers, **body)
        self.assertEqual(again.body, answer.body)
        self.assertEqual(again.headers['Idempotent-Replayed'], 'true')
        self.assertEqual(available(), before + change)
        return answer.json

    def test_a_spend_and_its_reversal_survive_a_kill_R77(self):
        for point in [*POINTS, 'service.after_spend']:
            with self.subTest(point=point):
                tx = self.dies(point, SPEND, -3, user=sub, amount=3,
                               reference=f'spend-{point}')['transaction_id']
                if point.startswith('service.'):
                    point = 'reverse.between_move_and_lots'
                self.dies(point, REVERSE, 2, {'Idempotency-Key': f'k-{point}'},
                          transaction_id=tx, amount=2, reason=point)

    def test_a_hold_and_its_capture_survive_a_kill_R62(self):
        points = [p for p in POINTS if not p.startswith('ledger.')]
        for point in [*points, 'service.after_hold']:
            with self.subTest(point=point):
                hold = self.dies(point, HOLD, -5, user=sub, amount=5, ttl_s=600,
                                 reference=f'hold-{point}')['hold_id']
                if point.startswith('service.'):
                    point = 'hold.between_move_and_unpin'
                self.dies(point, CAPTURE, 1, {'Idempotency-Key': hold},
                          hold_id=hold, amount=4)
