"""Time: test clocks, what falls due by them and by the sandbox's own."""

import unittest

from sandbox import Sandbox, wait_for

START = 1800000000
DAY = 86400


def setUpModule():
    global box
    box = Sandbox().up()


def tearDownModule():
    box.down()


def clock(**params):
    return box.post('/v1/test_helpers/test_clocks',
                    {'frozen_time': START, **params}).json


class Clocks(unittest.TestCase):
    def test_a_clock_stands_still_until_it_is_advanced(self):
        made = clock(name='a year')
        self.assertEqual(made['frozen_time'], START)
        self.assertEqual(made['status'], 'ready')
        self.assertEqual(made['status_details'], {})
        answer = box.post(
            f"/v1/test_helpers/test_clocks/{made['id']}/advance",
            {'frozen_time': START + DAY})
        self.assertEqual(answer.json['status'], 'advancing')
        self.assertEqual(answer.json['frozen_time'], START)
        self.assertEqual(
            answer.json['status_details']['advancing'],
            {'target_frozen_time': START + DAY})
        wait_for(lambda: box.get(
            f"/v1/test_helpers/test_clocks/{made['id']}").json[
                'status'] == 'ready', 'the clock to be ready')
        now = box.get(f"/v1/test_helpers/test_clocks/{made['id']}").json
        self.assertEqual(now['frozen_time'], START + DAY)
        types = [e['type'] for e in box.get('/v1/events', {
            'limit': 100}).json['data']
            if e['data']['object']['id'] == made['id']]
        self.assertEqual(types, [
            'test_helpers.test_clock.ready',
            'test_helpers.test_clock.advancing',
            'test_helpers.test_clock.created'])

    def test_it_goes_forward_only_and_not_too_far(self):
        made = clock()
        for to in (START, START - 1, START + 3 * 366 * DAY):
            answer = box.advance_clock(made['id'], to)
            self.assertEqual(answer.status, 400, to)
            self.assertEqual(answer.error['param'], 'frozen_time')

    def test_what_belongs_to_its_customer_lives_by_it(self):
        made = clock()
        customer = box.customer(test_clock=made['id'])
        shown = box.get(f'/v1/customers/{customer}', {
            'expand': ['test_clock']}).json
        self.assertEqual(shown['created'], START)
        self.assertEqual(shown['test_clock']['id'], made['id'])
        paid = box.pay(customer=customer).json
        self.assertEqual(paid['created'], START)
        event = box.get('/v1/events', {
            'type': 'payment_intent.succeeded', 'limit': 1}).json['data'][0]
        self.assertEqual(event['data']['object']['id'], paid['id'])
        self.assertEqual(event['created'], START)

    def test_lists_hide_it_unless_asked(self):
        made = clock()
        customer = box.customer(test_clock=made['id'], email='c@example.com')
        other = box.customer(email='c@example.com')
        ids = [c['id'] for c in box.get('/v1/customers', {
            'email': 'c@example.com'}).json['data']]
        self.assertEqual(ids, [other])
        ids = [c['id'] for c in box.get('/v1/customers', {
            'test_clock': made['id']}).json['data']]
        self.assertEqual(ids, [customer])

    def test_a_debit_waits_for_the_clock_of_its_customer(self):
        made = clock()
        customer = box.customer(test_clock=made['id'])
        paid = box.pay(customer=customer,
                       payment_method='pm_usBankAccount_success').json
        self.assertEqual(paid['status'], 'processing')
        box.advance(20 * DAY)
        self.assertEqual(
            box.get(f"/v1/payment_intents/{paid['id']}").json['status'],
            'processing')
        box.advance_clock(made['id'], START + 5 * DAY)
        now = box.get(f"/v1/payment_intents/{paid['id']}",
                      {'expand': ['latest_charge']}).json
        self.assertEqual(now['status'], 'succeeded')
        event = box.get('/v1/events', {
            'type': 'payment_intent.succeeded', 'limit': 1}).json['data'][0]
        self.assertEqual(event['created'], START + 4 * DAY)

    def test_deleting_it_deletes_its_customers(self):
        made = clock()
        customer = box.customer(test_clock=made['id'])
        gone = box.call(
            'DELETE', f"/v1/test_helpers/test_clocks/{made['id']}").json
        self.assertEqual(gone, {
            'id': made['id'], 'object': 'test_helpers.test_clock',
            'deleted': True})
        self.assertTrue(box.get(f'/v1/customers/{customer}').json['deleted'])
        self.assertEqual(box.post('/v1/customers', {
            'test_clock': made['id']}).error['param'], 'test_clock')

    def test_a_customer_can_be_put_on_it_later(self):
        customer = box.customer()
        made = clock(customer=customer)
        self.assertEqual(
            box.get(f'/v1/customers/{customer}').json['test_clock'],
            made['id'])
        again = box.post('/v1/test_helpers/test_clocks', {
            'frozen_time': START, 'customer': customer})
        self.assertEqual(again.error['param'], 'customer')

    def test_it_ends_by_itself_after_a_month(self):
        made = clock()
        self.assertEqual(made['deletes_after'], made['created'] + 30 * DAY)
        box.advance(30 * DAY + 1)
        answer = box.get(f"/v1/test_helpers/test_clocks/{made['id']}")
        self.assertTrue(answer.json['deleted'])


class RealTime(unittest.TestCase):
    def test_what_fell_due_in_a_leap_happened_at_its_time(self):
        paid = box.pay(payment_method='pm_usBankAccount_success').json
        box.advance(90 * DAY)
        event = box.get('/v1/events', {
            'type': 'payment_intent.succeeded', 'limit': 1}).json['data'][0]
        self.assertEqual(event['data']['object']['id'], paid['id'])
        self.assertEqual(event['created'], paid['created'] + 4 * DAY)


if __name__ == '__main__':
    unittest.main()
