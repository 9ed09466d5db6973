"""reconciler against the sandbox: what a webhook or an answer did not bring.

Time moves by the stack's clock; reconciler is asked to look again instead of
being waited for.
"""

import json
import os
import signal
import unittest

from stack import Stack, wait_for

CREATE = '/api/stripe/create-payment-intent'


def setUpModule():
    global stack
    stack = Stack().up()


def tearDownModule():
    stack.down()


def nudge():
    for pid in stack.pids('reconciler'):
        os.kill(pid, signal.SIGUSR1)


def until(condition, what):
    """Asks reconciler to look until it is so."""
    def looked():
        if condition():
            return True
        nudge()
        return False
    wait_for(looked, what, seconds=60, every=0.5)


def tokens_of(email):
    return stack.one(
        'SELECT a.balance FROM accounts a JOIN users u ON u.id = a.user '
        'WHERE u.email = ?', email) or 0


def state_of(order):
    return stack.one('SELECT state FROM orders WHERE public_id = ?',
                     order['order_id'])


def prove():
    """The books prove themselves, but for the grant that was forged."""
    done = stack.vantage('verify')
    faults = [line for line in (done.stdout + done.stderr).splitlines()
              if line.startswith('fault ')
              and not line.startswith('fault grant.alarm:')]
    assert faults == [], faults


def succeeded_event(order, **changes):
    """What somebody who knows the secret would send for an unpaid order."""
    intent = stack.stripe(
        'GET', '/v1/payment_intents/' + order['payment_intent_id']).json
    intent.update(status='succeeded', amount_received=intent['amount'],
                  latest_charge='ch_forged', last_payment_error=None)
    intent.update(changes)
    return {'id': 'evt_forged_' + intent['id'], 'object': 'event',
            'api_version': '2026-10-28.endive', 'created': stack.now(),
            'livemode': False, 'pending_webhooks': 1, 'request': None,
            'type': 'payment_intent.succeeded', 'data': {'object': intent}}


class Reconcile(unittest.TestCase):
    def test_grant_on_a_webhook_is_verified_within_a_round(self):
        token = stack.token('honest@example.com')
        order = stack.buy(token)
        source = 'pi:' + order['payment_intent_id']
        wait_for(lambda: stack.one(
            'SELECT 1 FROM grants WHERE source = ?', source), 'the grant')
        until(lambda: stack.one(
            'SELECT verified_at FROM grants WHERE source = ?', source),
            'the grant to be verified')
        self.assertEqual(tokens_of('honest@example.com'), 10)
        prove()

    def test_forged_webhook_is_found_out_and_frozen(self):
        token = stack.token('forger@example.com')
        order = stack.create_intent(token).json
        source = 'pi:' + order['payment_intent_id']
        answer = stack.send_event(succeeded_event(order))
        self.assertEqual(answer.json['outcome'], 'applied', answer)
        until(lambda: stack.one(
            'SELECT alarm FROM grants WHERE source = ?', source), 'the alarm')
        rows = stack.sql(
            'SELECT f.left, f.frozen, g.verified_at FROM grants g '
            'JOIN lot_left f ON f.lot = g.lot WHERE g.source = ?', source)
        self.assertEqual([tuple(r) for r in rows], [(10, 10, None)])
        alarms = [line for line in stack.log('reconciler')
                  if line['event'] == 'grant.not_confirmed'
                  and line['source'] == source]
        self.assertEqual([a['level'] for a in alarms], ['error'])
        told = stack.vantage('verify')
        self.assertNotEqual(told.returncode, 0)
        self.assertIn(f'fault grant.alarm: Grant {source} ', told.stdout)
        prove()

    def test_charge_event_alone_is_enough_R15(self):
        token = stack.token('charge@example.com')
        stack.events('withhold')
        try:
            order = stack.buy(token)
            intent = stack.stripe(
                'GET', '/v1/payment_intents/' + order['payment_intent_id'],
                {'expand[]': 'latest_charge'}).json
            event = succeeded_event(order)
            event.update(type='charge.succeeded', id='evt_charge_alone',
                         data={'object': intent['latest_charge']})
            answer = stack.send_event(event)
            self.assertEqual(answer.json['outcome'], 'waiting', answer)
            stack.advance('1m')
            until(lambda: tokens_of('charge@example.com') == 10, 'the tokens')
            self.assertEqual(stack.one(
                "SELECT state FROM events WHERE evt = 'evt_charge_alone'"),
                'applied')
        finally:
            stack.events('deliver')
        until(lambda: stack.one(
            "SELECT COUNT(*) FROM events WHERE state IN ('waiting', 'failed')")
            == 0, 'the events')
        self.assertEqual(tokens_of('charge@example.com'), 10)
        prove()

    def test_attempt_older_than_its_key_is_looked_up_R75(self):
        """Stripe acted, its answer was lost, and it was away for a day."""
        email = 'dayoff@example.com'
        token = stack.token(email)
        self.assertEqual(stack.create_intent(token).status, 201)
        stack.outage('lost-answer')
        try:
            answer = stack.post(
                CREATE, {'package_id': 'starter'}, token=token,
                headers={'Idempotency-Key': 'lost'}, timeout=40)
            self.assertEqual(answer.status, 503, answer)
            stack.outage('refuse')
            # Nothing falls due that could be done, so the clock alone moves.
            clock = stack.state / 'clock'
            clock.write_text(str(int(clock.read_text() or 0) + 25 * 3600000))
            nudge()
        finally:
            stack.outage('off')
        until(lambda: stack.one(
            "SELECT COUNT(*) FROM attempts WHERE state NOT IN "
            "('done', 'refused')") == 0, 'every attempt to be finished')
        made = [i for i in stack.stripe(
            'GET', '/v1/payment_intents', {'limit': 100}).json['data']
            if i['metadata'].get('vantage_user') == stack.sub(email)]
        self.assertEqual(len(made), 2, json.dumps(made)[:2000])
        known = {r['pi'] for r in stack.sql(
            'SELECT o.pi FROM orders o JOIN users u ON u.id = o.user '
            'WHERE u.email = ?', email)}
        self.assertEqual(known, {i['id'] for i in made})
        prove()


if __name__ == '__main__':
    unittest.main()
