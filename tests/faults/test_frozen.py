"""A worker that is stopped with SIGSTOP while it holds the write lock."""

import http.client
import json
import os
import signal
import threading
import unittest

from stack import Stack, wait_for


def setUpModule():
    global stack, key, admin, sub
    stack = Stack().up()
    admin = stack.token('root@example.com', admin=True)
    key = stack.dev('key', 'tokens:spend', 'tokens:read').strip()
    stack.token('ada@example.com')
    sub = stack.sub('ada@example.com')


def tearDownModule():
    stack.down()


def spend(**body):
    """Asks until it is answered, as a service would."""
    def once():
        try:
            answer = stack.post('/api/tokens/spend', body, token=key)
        except (OSError, http.client.HTTPException):
            return None
        return answer if answer.status == 200 else None
    return wait_for(once, 'an answer', seconds=90, every=0.2)


class Frozen(unittest.TestCase):
    def test_writer_stopped_with_the_lock_makes_others_answer_503(self):
        """And once the watchdog has ended it, they serve again."""
        def grant():
            return stack.post('/api/admin/tokens/add', {
                'user': sub, 'amount': 1, 'note': 'n'}, token=admin)

        self.assertEqual(grant().status, 201)
        armed = stack.arm('spend', 'writer.before_commit', 'hang')
        pids = stack.pids('spend')
        waiting = threading.Thread(target=spend, kwargs={
            'user': sub, 'amount': 1, 'reference': 'frozen'})
        waiting.start()
        wait_for(lambda: not armed.exists(), 'the lock to be held')
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        refused = grant()
        self.assertEqual(refused.status, 503, refused)
        self.assertIn('Retry-After', refused.headers)
        wait_for(lambda: grant().status == 201, 'service again', seconds=60)
        for pid in pids:  # the one that did not hold it
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass
        waiting.join(60)
        self.assertFalse(waiting.is_alive())
        ended = [json.dumps(line) for line in stack.log('keeper')
                 if line.get('event') == 'watchdog.killed']
        self.assertTrue(ended)
        self.assertEqual(stack.one(
            "SELECT COUNT(*) FROM movements WHERE cause = 'spend:dev:frozen'"),
            1)
        stack.verify()


if __name__ == '__main__':
    unittest.main()
