"""SIGKILL of the statement worker and of keeper while something is signed.

A user who asks again gets one statement, signed once; a head that was being
written is there whole or not at all.
"""

import http.client
import os
import signal
import unittest

from stack import Stack, wait_for

STATEMENT = '/api/tokens/statement'
WORKER_POINTS = ['statement.before_write', 'writer.before_commit',
                 'writer.after_commit', 'statement.before_answer']
KEEPER_POINTS = ['keeper.before_sign', 'statement.after_sign',
                 'writer.before_commit', 'writer.after_commit',
                 'keeper.after_sign']
HEAD_POINTS = ['keeper.before_head', 'files.before_name',
               'keeper.after_head']


def setUpModule():
    global stack, admin
    stack = Stack().up()
    admin = stack.token('root@example.com', admin=True)


def tearDownModule():
    stack.down()


def user(point):
    email = point.replace('.', '-').replace('_', '-') + '@example.com'
    return email, stack.token(email)


def give(email, amount):
    answer = stack.post('/api/admin/tokens/add', {
        'user_email': email, 'amount': amount, 'note': 'n'}, token=admin)
    assert answer.status == 201, answer


def ask_until_signed(token, what):
    def once():
        try:
            answer = stack.post(STATEMENT, token=token)
        except (OSError, http.client.HTTPException):
            return None
        return answer if answer.status == 200 else None
    return wait_for(once, what, seconds=60, every=0.5)


class StatementCrash(unittest.TestCase):
    def one_statement(self, process, point, email, token):
        armed = stack.arm(process, point)
        answer = ask_until_signed(token, point)
        self.assertFalse(armed.exists(), f'{point} was never reached')
        self.assertIn('\navailable: 7\n', answer.json['statement'])
        self.assertEqual(stack.post(STATEMENT, token=token).body, answer.body)
        rows = stack.sql(
            'SELECT s.text, s.signature, s.state FROM statements s '
            'JOIN users u ON u.id = s.user WHERE u.email = ?', email)
        self.assertEqual([tuple(row) for row in rows], [(
            answer.json['statement'], answer.json['signature'], 'signed')])
        path = stack.state / 'answer.json'
        path.write_bytes(answer.body)
        done = stack.vantage('check-statement', str(path))
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_a_request_survives_a_kill_of_its_worker(self):
        for point in WORKER_POINTS:
            with self.subTest(point=point):
                email, token = user(f'worker-{point}')
                give(email, 7)
                self.one_statement('statement', point, email, token)

    def test_what_is_signed_is_signed_once_however_keeper_dies(self):
        for point in KEEPER_POINTS:
            with self.subTest(point=point):
                email, token = user(f'keeper-{point}')
                give(email, 7)
                self.one_statement('keeper', point, email, token)
        stack.verify()

    def test_a_head_is_whole_or_not_there(self):
        for point in HEAD_POINTS:
            with self.subTest(point=point):
                give('root@example.com', 1)
                newest = stack.one('SELECT MAX(id) FROM movements')
                armed = stack.arm('keeper', point)
                for pid in stack.pids('keeper'):
                    os.kill(pid, signal.SIGUSR1)
                wait_for(lambda: not armed.exists(), point, seconds=60)
                heads = stack.state / 'heads'
                wait_for(lambda: list(heads.glob(f'head-{newest:012}-*')),
                         'the head', seconds=60)
                # Another start adds none that says the same.
                stack.kill('keeper')
                wait_for(lambda: stack.pids('keeper'), 'keeper', seconds=60)
                token = user(f'head-{point}')[1]
                ask_until_signed(token, 'keeper to be at work')
                self.assertEqual(
                    len(list(heads.glob(f'head-{newest:012}-*'))), 1)
                self.assertEqual(
                    [path for path in heads.iterdir()
                     if not path.name.endswith('.txt')], [])
                stack.verify()
