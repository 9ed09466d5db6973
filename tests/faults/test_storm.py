"""A minute of everything at once, while processes are killed at random.

Services spend, reserve, capture and give back; administrators grant; buyers
buy. Every client asks until it has an answer, as it would in the field. Two
hundred times a process is killed with SIGKILL, whichever it is: workers,
keeper, reconciler, nginx. Afterwards nothing that was answered is lost,
nothing is there twice, and the books prove themselves.

VANTAGE_SEED with the number that is printed chooses the same victims again.
"""

import collections
import http.client
import os
import pathlib
import random
import signal
import subprocess
import threading
import time
import unittest

from clients import Client
from stack import ROOT, Stack, wait_for

KILLS = 200
APART_S = 0.29  # two hundred of them in about a minute
USERS = 6
SPENDERS = 4
FIRST_GRANT = 100000
VICTIMS = ('spend', 'stripe-webhook', 'confirm-payment',
           'create-payment-intent', 'admin-tokens', 'clerk-webhook', 'balance',
           'keeper', 'reconciler', 'nginx')


def setUpModule():
    global stack, key, admin, subs
    stack = Stack(VANTAGE_LIMIT_CREATE_PAYMENT_INTENT='0',
                  VANTAGE_LIMIT_CONFIRM_PAYMENT='0').up()
    admin = stack.token('root@example.com', admin=True)
    key = stack.dev('key', 'tokens:spend', 'tokens:reverse',
                    'tokens:read').strip()
    subs = []
    for number in range(USERS):
        email = f'user{number}@example.com'
        stack.token(email)
        subs.append(stack.sub(email))


def tearDownModule():
    stack.down()


def ask(call, final=(200, 201, 402)):
    """The first answer that says something; there always is one in time."""
    def once():
        try:
            answer = call()
        except (OSError, http.client.HTTPException):
            return None
        if answer.status in final:
            return answer
        assert answer.status in (429, 502, 503, 504), answer
        return None
    return wait_for(once, 'an answer', seconds=90, every=0.05)


def service(path, headers=(), final=(200, 201, 402), **body):
    return ask(lambda: stack.post(f'/api/tokens/{path}', body, token=key,
                                  headers=headers, timeout=20), final)


class Load:
    """What clients were answered, to be found again afterwards."""

    def __init__(self):
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.change = collections.Counter()  # of each user's tokens
        self.causes = {}  # by cause: how many tokens
        self.clients = [
            *(Client(self.spender(n), self.over) for n in range(SPENDERS)),
            Client(self.holder, self.over),
            Client(self.granter, self.over),
            *(Client(self.buyer(n), self.over) for n in range(2)),
        ]
        self.bought = []

    def note(self, sub, cause, tokens):
        with self.lock:
            assert cause not in self.causes, cause
            self.causes[cause] = abs(tokens)
            self.change[sub] += tokens

    def spender(self, name):
        dice = random.Random(f'{SEED}.spender.{name}')

        def work(number):
            sub, amount = dice.choice(subs), dice.randint(1, 3)
            reference = f's-{name}-{number}'
            answer = service('spend', user=sub, amount=amount,
                             reference=reference)
            assert answer.status == 200, answer
            self.note(sub, f'spend:dev:{reference}', -amount)
            tx = answer.json['transaction_id']
            if number % 5 == 4:
                service('reverse', headers={'Idempotency-Key': reference},
                        transaction_id=tx, amount=1, reason='storm')
                self.note(sub, f'reverse:{tx}:{reference}', 1)
        return work

    def holder(self, number):
        sub, reference = subs[number % USERS], f'h-{number}'
        hold = service('hold', user=sub, amount=5, reference=reference,
                       ttl_s=3600).json['hold_id']
        if number % 3 == 2:
            service('release', headers={'Idempotency-Key': reference},
                    hold_id=hold)
            return
        service('capture', headers={'Idempotency-Key': reference},
                hold_id=hold, amount=4)
        self.note(sub, f'capture:{hold}', -4)

    def granter(self, number):
        self.grant(subs[number % USERS], 2, f'g-{number}')

    def grant(self, sub, tokens, name):
        ask(lambda: stack.post(
            '/api/admin/tokens/add',
            {'user': sub, 'amount': tokens, 'note': 'n'}, token=admin,
            headers={'Idempotency-Key': name}, timeout=20), final=(201,))
        actor = stack.sub('root@example.com')
        self.note(sub, f'grant:admin:{actor}:{name}', tokens)

    def buyer(self, name):
        email = f'user{name}@example.com'
        token, sub = stack.token(email), subs[name]

        def work(number):
            made = ask(lambda: stack.post(
                '/api/stripe/create-payment-intent',
                {'package_id': 'starter'}, token=token, timeout=20,
                headers={'Idempotency-Key': f'b-{name}-{number}'})).json
            intent = made['payment_intent_id']
            stack.confirm_in_browser(intent)
            with self.lock:
                self.bought.append((sub, intent))
            if number % 2 == 0:  # the others close the tab (R21)
                ask(lambda: stack.post(
                    '/api/stripe/confirm-payment',
                    {'payment_intent_id': intent}, token=token, timeout=20),
                    final=(200,))
        return work

    def start(self):
        for client in self.clients:
            client.start()

    def stop(self):
        self.over.set()
        for client in self.clients:
            client.finish()


SEED = os.environ.get('VANTAGE_SEED') or str(random.randrange(1 << 30))


class Storm(unittest.TestCase):
    maxDiff = None

    def test_two_hundred_kills_lose_and_double_nothing(self):
        load = Load()
        for sub in subs:
            load.grant(sub, FIRST_GRANT, f'first-{sub}')
        load.start()
        killed, seconds = self.kill()
        load.stop()
        print(f'VANTAGE_SEED={SEED}: {sum(killed.values())} kills in '
              f'{seconds:.0f} s {dict(killed)}; {len(load.causes)} movements '
              f'and {len(load.bought)} purchases were answered', flush=True)
        self.assertEqual(sum(killed.values()), KILLS)
        self.assertGreater(len(load.causes), 100)
        self.assertGreater(len(load.bought), 5)
        self.settle(load)
        self.prove(load)

    def kill(self):
        dice = random.Random(SEED)
        killed, began = collections.Counter(), time.monotonic()
        while sum(killed.values()) < KILLS:
            next_at = began + (sum(killed.values()) + 1) * APART_S
            time.sleep(max(0.0, next_at - time.monotonic()))
            victim = dice.choice(VICTIMS)
            pids = stack.pids(victim)
            if not pids:
                continue  # it is just being started again
            try:
                os.kill(dice.choice(pids), signal.SIGKILL)
            except ProcessLookupError:
                continue
            killed[victim] += 1
        return killed, time.monotonic() - began

    def settle(self, load):
        """Everybody is up again, and what is on its way has arrived."""
        for name in VICTIMS:
            wait_for(lambda n=name: stack.pids(n), name, seconds=60)
        wait_for(lambda: stack.get('/api/ready').status == 200, 'ready',
                 seconds=60)
        stack.advance('1h')  # webhooks that failed are sent again
        wait_for(lambda: all(stack.one(
            'SELECT COUNT(*) FROM movements WHERE cause = ?', f'pi:{intent}')
            for _, intent in load.bought), 'every purchase', seconds=120)

    def prove(self, load):
        for sub, intent in load.bought:
            load.note(sub, f'pi:{intent}', 10)
        booked = {row['cause']: row['tokens'] for row in stack.sql(
            'SELECT cause, tokens FROM movements')}
        lost = {c: n for c, n in load.causes.items() if booked.get(c) != n}
        self.assertEqual(lost, {}, 'answered and not booked')
        extra = {c: n for c, n in booked.items() if c not in load.causes}
        self.assertEqual(extra, {}, 'booked and never answered')
        for sub in subs:
            answer = stack.get(f'/api/tokens/balance?user={sub}', token=key)
            self.assertEqual(answer.json['available'],
                             load.change[sub], sub)
        paid = [i['id'] for i in self.intents() if i['status'] == 'succeeded']
        self.assertEqual(sorted(paid), sorted(i for _, i in load.bought))
        stack.verify()
        second = subprocess.run(
            ['sqlite3', '-readonly', str(stack.db)], text=True, check=True,
            input=pathlib.Path(ROOT, 'db', 'verify.sql').read_text(),
            capture_output=True)
        self.assertEqual(second.stdout, '')

    def intents(self):
        after = {}
        while True:
            page = stack.stripe('GET', '/v1/payment_intents',
                                {'limit': 100, **after}).json
            yield from page['data']
            if not page['has_more']:
                return
            after = {'starting_after': page['data'][-1]['id']}


if __name__ == '__main__':
    unittest.main()
