"""Users are told when little is left (R80): once a fall, by whichever program
made it. The rules themselves are in tests/unit/check_thresholds.c."""

import json
import subprocess
import time
import unittest

from stack import Stack, wait_for


def setUpModule():
    global stack, admin, service
    stack = Stack(VANTAGE_POLICY_LOW_BALANCE='5,8').up()
    admin = stack.token('root@example.com', admin=True)
    service = stack.dev('key', 'tokens:spend', 'tokens:reverse').strip()


def tearDownModule():
    stack.down()


def told(sub):
    """Threshold and what is left, of each message so far."""
    return [(d['threshold'], d['available']) for d in (
        json.loads(row[0]) for row in stack.sql(
            "SELECT o.data FROM outbox o JOIN users u ON u.id = o.user "
            "WHERE o.kind = 'low_balance' AND u.clerk_sub = ? ORDER BY o.id",
            sub))]


def call(path, **body):
    answer = stack.post(f'/api/tokens/{path}', body, token=service)
    assert answer.status in (200, 201), answer
    return answer.json


class LowBalance(unittest.TestCase):
    def test_a_purchase_its_spends_and_another_purchase_R80(self):
        token = stack.token('buyer@example.com')
        sub = stack.sub('buyer@example.com')
        stack.buy(token)
        wait_for(lambda: stack.balance(token) == 10, 'the tokens')
        call('spend', user=sub, amount=2, reference='a')
        self.assertEqual(told(sub), [])
        call('spend', user=sub, amount=1, reference='b')
        call('spend', user=sub, amount=1, reference='b')
        self.assertEqual(told(sub), [(8, 7)])
        held = call('hold', user=sub, amount=4, reference='c', ttl_s=60)
        self.assertEqual(told(sub), [(8, 7), (5, 3)])
        call('release', hold_id=held['hold_id'])
        call('spend', user=sub, amount=4, reference='d')
        self.assertEqual(told(sub), [(8, 7), (5, 3), (5, 3)])
        stack.buy(token)
        wait_for(lambda: stack.balance(token) == 13, 'the tokens')
        call('spend', user=sub, amount=13, reference='e')
        self.assertEqual(told(sub)[3:], [(5, 0), (8, 0)])
        stack.verify()

    def test_keeper_tells_of_an_end_and_an_administrator_of_a_revoke_R80(self):
        stack.token('ends@example.com')
        sub = stack.sub('ends@example.com')

        def give(amount, **more):
            answer = stack.post('/api/admin/tokens/add', {
                'user': sub, 'amount': amount, 'note': 'n', **more},
                token=admin)
            self.assertEqual(answer.status, 201, answer)
            return answer.json['transaction_id']

        give(3)
        end = time.strftime('%Y-%m-%dT%H:%M:%SZ',
                            time.gmtime(stack.now() + 2))
        give(20, expires_at=end)
        self.assertEqual(told(sub), [])
        wait_for(lambda: told(sub) == [(5, 3), (8, 3)], 'the end')
        given = give(10)
        answer = stack.post('/api/admin/tokens/revoke', {
            'transaction_id': given, 'reason': 'no'}, token=admin)
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(told(sub)[2:], [(5, 3), (8, 3)])

    def test_what_makes_no_sense_is_named(self):
        for value in ('0', '-1', '5;8', 'five', '5,5', '1e3', '5.0',
                      '1000000000001', '99999999999999999999',
                      '1,2,3,4,5,6,7,8,9'):
            done = subprocess.run(
                [f'{stack.build}/bin/keeper'], text=True,
                env={'PATH': '/usr/bin:/bin', 'VANTAGE_DB': str(stack.db),
                     'VANTAGE_STATE': str(stack.state),
                     'VANTAGE_POLICY_LOW_BALANCE': value},
                stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                check=False)
            self.assertEqual(done.returncode, 78, (value, done.stderr))
            self.assertIn('VANTAGE_POLICY_LOW_BALANCE', done.stderr)
