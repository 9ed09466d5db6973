"""Webhooks: what is sent, how it is signed, and how it can be made to lie."""

import base64
import hashlib
import hmac
import unittest

from sandbox import Hook, Sandbox, wait_for


def setUpModule():
    global box
    box = Sandbox().up()


def tearDownModule():
    box.down()


def stripe_signatures(secret, header, body):
    """The time, and which v1 of the header this secret explains."""
    items = [item.split('=', 1) for item in header.split(',')]
    stamp = dict(items)['t']
    mac = hmac.new(secret.encode(), stamp.encode() + b'.' + body,
                   hashlib.sha256).hexdigest()
    return int(stamp), [value == mac for name, value in items
                        if name == 'v1'], [name for name, _ in items]


class Webhooks(unittest.TestCase):
    def setUp(self):
        box.control('POST', 'reset')
        self.hook = Hook()
        self.endpoint = self.register(self.hook)

    def tearDown(self):
        self.hook.close()

    def register(self, hook, *types, **more):
        return box.post('/v1/webhook_endpoints', {
            'url': hook.url, 'enabled_events': types or ['*'],
            'api_version': '2026-10-28.endive', **more}).json

    def test_they_arrive_signed(self):
        box.customer()
        wait_for(lambda: self.hook.received, 'a webhook')
        headers, body = self.hook.received[0]
        stamp, good, names = stripe_signatures(
            self.endpoint['secret'], headers['Stripe-Signature'], body)
        self.assertEqual(good, [True])
        self.assertIn('v0', names)
        event = self.hook.events()[0]
        self.assertEqual(event['pending_webhooks'], 1)
        self.assertEqual(event['livemode'], False)
        self.assertLess(abs(stamp - event['created']), 30)

    def test_an_endpoint_gets_what_it_asked_for(self):
        other = Hook()
        self.register(other, 'customer.deleted')
        customer = box.customer()
        box.call('DELETE', f'/v1/customers/{customer}')
        box.control('POST', 'tick')
        self.assertEqual(
            self.hook.types(), ['customer.created', 'customer.deleted'])
        self.assertEqual(other.types(), ['customer.deleted'])
        other.close()

    def test_the_payload_has_the_endpoints_version(self):
        old = Hook()
        box.post('/v1/webhook_endpoints', {
            'url': old.url, 'enabled_events': ['*'],
            'api_version': '2025-03-31.basil'})
        box.customer()
        box.control('POST', 'tick')
        self.assertEqual(old.events()[0]['api_version'], '2025-03-31.basil')
        self.assertEqual(
            self.hook.events()[0]['api_version'], '2026-10-28.endive')
        old.close()

    def test_two_secrets_sign_while_one_is_rolled(self):
        new = box.control('POST', 'roll-secret').json['secret']
        box.customer()
        box.control('POST', 'tick')
        headers, body = self.hook.received[-1]
        for secret in (new, self.endpoint['secret']):
            good = stripe_signatures(
                secret, headers['Stripe-Signature'], body)[1]
            self.assertEqual(sorted(good), [False, True])
        box.advance(86400)
        box.customer()
        box.control('POST', 'tick')
        headers, body = self.hook.received[-1]
        self.assertEqual(stripe_signatures(
            new, headers['Stripe-Signature'], body)[1], [True])

    def test_what_was_refused_comes_again_later(self):
        self.hook.status = 500
        box.customer()
        first = box.control('POST', 'tick').json
        self.assertEqual(first['delivered'], 0)
        self.assertEqual(first['pending'], 1)
        self.assertEqual(len(self.hook.received), 1)
        failed = box.get('/v1/events', {'delivery_success': False}).json
        self.assertEqual(len(failed['data']), 1)
        self.assertEqual(failed['data'][0]['pending_webhooks'], 1)
        box.advance(10)
        self.assertEqual(len(self.hook.received), 2)
        self.hook.status = 200
        self.assertEqual(box.advance(60)['delivered'], 1)
        self.assertEqual(len({e['id'] for e in self.hook.events()}), 1)
        failed = box.get('/v1/events', {'delivery_success': False}).json
        self.assertEqual(failed['data'], [])
        self.assertEqual(len(box.get('/v1/events', {
            'delivery_success': True}).json['data']), 1)

    def test_after_three_days_it_is_given_up(self):
        self.hook.status = 307
        box.customer()
        box.control('POST', 'tick')
        for _ in range(15):
            box.advance(86400)
        tries = len(self.hook.received)
        self.assertGreater(tries, 5)
        self.assertEqual(box.advance(86400)['pending'], 0)
        self.assertEqual(len(self.hook.received), tries)

    def test_withheld_until_delivered(self):
        box.control('POST', 'events', mode='withhold')
        box.customer()
        self.assertEqual(box.advance(3600)['pending'], 1)
        self.assertEqual(self.hook.received, [])
        box.control('POST', 'events', mode='deliver')
        box.control('POST', 'tick')
        self.assertEqual(self.hook.types(), ['customer.created'])

    def test_duplicated(self):
        box.control('POST', 'events', mode='duplicate', n=3)
        box.customer()
        box.control('POST', 'tick')
        self.assertEqual(len(self.hook.received), 3)
        self.assertEqual(len({e['id'] for e in self.hook.events()}), 1)

    def test_reversed(self):
        box.control('POST', 'events', mode='reverse', n=10)
        box.pay()
        box.control('POST', 'tick')
        created = [e['id'] for e in box.get('/v1/events').json['data']]
        self.assertEqual([e['id'] for e in self.hook.events()], created)
        self.assertEqual(self.hook.types()[-1], 'payment_intent.created')

    def test_reversed_without_a_tick_after_a_moment(self):
        box.control('POST', 'events', mode='reverse', n=10)
        box.pay()
        wait_for(lambda: len(self.hook.received) == 4, 'four webhooks')
        self.assertEqual(self.hook.types()[-1], 'payment_intent.created')

    def test_delayed_by_the_clock(self):
        box.control('POST', 'events', mode='delay', n=3600)
        box.customer()
        box.control('POST', 'tick')
        self.assertEqual(self.hook.received, [])
        box.advance(3601)
        self.assertEqual(len(self.hook.received), 1)

    def test_sent_again_by_hand(self):
        box.customer()
        box.control('POST', 'tick')
        event = self.hook.events()[0]['id']
        box.control('POST', 'events/resend', event=event)
        box.control('POST', 'tick')
        self.assertEqual(
            [e['id'] for e in self.hook.events()], [event, event])

    def test_an_endpoint_that_is_gone_is_not_called(self):
        box.control('POST', 'events', mode='withhold')
        box.customer()
        box.call('DELETE', f"/v1/webhook_endpoints/{self.endpoint['id']}")
        box.control('POST', 'events', mode='deliver')
        self.assertEqual(box.control('POST', 'tick').json['pending'], 0)
        self.assertEqual(self.hook.received, [])

    def test_an_endpoint_can_be_changed_and_switched_off(self):
        url = f"/v1/webhook_endpoints/{self.endpoint['id']}"
        now = box.post(url, {'enabled_events': ['customer.deleted'],
                             'description': 'd', 'metadata': {'a': 'b'}}).json
        self.assertNotIn('secret', now)
        self.assertEqual(now['enabled_events'], ['customer.deleted'])
        customer = box.customer()
        box.call('DELETE', f'/v1/customers/{customer}')
        box.control('POST', 'tick')
        self.assertEqual(self.hook.types(), ['customer.deleted'])
        now = box.post(url, {'disabled': True, 'enabled_events': ['*']}).json
        self.assertEqual(now['status'], 'disabled')
        box.customer()
        self.assertEqual(box.control('POST', 'tick').json['pending'], 0)
        self.assertEqual(len(self.hook.received), 1)
        self.assertEqual(
            box.post(url, {'disabled': False}).json['status'], 'enabled')
        box.customer()
        box.control('POST', 'tick')
        self.assertEqual(self.hook.types()[1:], ['customer.created'])
        self.assertEqual(box.post(url, {'url': 'ftp://x'}).error['param'],
                         'url')

    def test_what_waits_is_counted_for_each_endpoint(self):
        other = Hook()
        other.status = 503
        self.register(other)
        box.customer()
        box.control('POST', 'tick')
        event = box.get('/v1/events').json['data'][0]
        self.assertEqual(event['pending_webhooks'], 1)
        listed = lambda yes: [e['id'] for e in box.get('/v1/events', {
            'delivery_success': yes}).json['data']]
        self.assertEqual(listed(False), [event['id']])
        self.assertEqual(listed(True), [])
        other.status = 200
        box.advance(10)
        now = box.get(f"/v1/events/{event['id']}").json
        self.assertEqual(now['pending_webhooks'], 0)
        self.assertEqual(listed(True), [event['id']])
        self.assertEqual(len(self.hook.received), 1)
        self.assertEqual(len(other.received), 2)
        other.close()

    def test_one_slow_endpoint_does_not_hold_up_another(self):
        other = Hook()
        box.post('/v1/webhook_endpoints', {
            'url': 'http://127.0.0.1:1/nobody', 'enabled_events': ['*']})
        self.register(other)
        box.customer()
        box.control('POST', 'tick')
        self.assertEqual(len(other.received), 1)
        self.assertEqual(len(self.hook.received), 1)
        other.close()

    def test_a_bank_debits_events_come_with_the_clock(self):
        box.pay(payment_method='pm_usBankAccount_success')
        box.control('POST', 'tick')
        self.assertEqual(self.hook.types(), [
            'payment_intent.created', 'charge.pending',
            'payment_intent.processing'])
        done = box.advance(5 * 86400)
        self.assertEqual(self.hook.types()[3:], [
            'charge.succeeded', 'payment_intent.succeeded',
            'charge.updated'])
        self.assertGreaterEqual(done['due'], 1)
        self.assertEqual(
            self.hook.events()[3]['request'],
            {'id': None, 'idempotency_key': None})

    def test_pending_deliveries_survive_a_restart(self):
        box.control('POST', 'events', mode='withhold')
        box.customer()
        box.stop_program()
        box.start_program()
        wait_for(box._answers, 'the sandbox to answer')
        box.control('POST', 'events', mode='deliver')
        wait_for(lambda: self.hook.received, 'the webhook')


class Clerk(unittest.TestCase):
    SECRET = 'whsec_' + base64.b64encode(b'0123456789abcdef01234567').decode()

    def setUp(self):
        box.control('POST', 'reset')
        self.hook = Hook()
        box.control('POST', 'clerk-endpoint', url=self.hook.url,
                    secret=self.SECRET)

    def tearDown(self):
        self.hook.close()

    def verify(self, headers, body):
        key = base64.b64decode(self.SECRET[6:])
        signed = f"{headers['svix-id']}.{headers['svix-timestamp']}.".encode()
        mac = base64.b64encode(
            hmac.new(key, signed + body, hashlib.sha256).digest()).decode()
        return f'v1,{mac}' in headers['svix-signature'].split(' ')

    def test_users_are_told_signed(self):
        user = box.control('POST', 'user', email='Ada@Example.com').json
        self.assertRegex(user['id'], '^user_')
        wait_for(lambda: self.hook.received, 'a webhook')
        headers, body = self.hook.received[0]
        headers = {name.lower(): value for name, value in headers.items()}
        self.assertTrue(self.verify(headers, body))
        event = self.hook.events()[0]
        self.assertEqual(event['type'], 'user.created')
        data = event['data']
        self.assertEqual(data['id'], user['id'])
        address = data['email_addresses'][0]
        self.assertEqual(address['email_address'], 'ada@example.com')
        self.assertEqual(address['id'], data['primary_email_address_id'])
        self.assertEqual(address['verification']['status'], 'verified')
        self.assertGreater(data['created_at'], 10 ** 12)

    def test_roles_and_deletion_are_told(self):
        user = box.control('POST', 'user', email='a@b.example').json
        box.control('POST', 'user', email='a@b.example', admin=1)
        box.control('POST', 'user', email='a@b.example', verified=0)
        box.control('POST', 'user/delete', email='a@b.example')
        box.control('POST', 'tick')
        self.assertEqual(self.hook.types(), [
            'user.created', 'user.updated', 'user.updated', 'user.deleted'])
        self.assertEqual(
            self.hook.events()[1]['data']['public_metadata']['role'],
            'admin')
        self.assertEqual(self.hook.events()[3]['data'], {
            'deleted': True, 'id': user['id'], 'object': 'user'})
        again = box.control('POST', 'user', email='a@b.example').json
        self.assertNotEqual(again['id'], user['id'])

    def test_a_reset_does_not_make_people_strangers(self):
        user = box.control('POST', 'user', email='same@b.example').json
        box.control('POST', 'reset')
        again = box.control('POST', 'user', email='same@b.example').json
        self.assertEqual(again['id'], user['id'])

    def test_a_message_keeps_its_id_on_every_try(self):
        self.hook.status = 503
        box.control('POST', 'user', email='try@b.example')
        box.control('POST', 'tick')
        self.hook.status = 200
        box.advance(10)
        ids = {headers.get('svix-id') or headers.get('Svix-Id')
               for headers, _ in self.hook.received}
        self.assertEqual((len(self.hook.received), len(ids)), (2, 1))


if __name__ == '__main__':
    unittest.main()
