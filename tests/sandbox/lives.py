"""Customers who live by test clocks of their own, with a card that pays."""

import datetime
import unittest

from sandbox import Sandbox

DAY = 86400


def at(text):
    return int(datetime.datetime.fromisoformat(
        f'{text}+00:00').timestamp())


START = at('2027-01-31T12:00:00')


def settle():
    """A sandbox, and two prices by the month: $19.99 and $59.99."""
    Life.box = box = Sandbox().up()
    Life.basic = box.price(1999, 'Basic')
    return box, Life.basic, box.price(5999, 'Pro')


def period(sub, item=0):
    data = sub['items']['data'][item]
    return data['current_period_start'], data['current_period_end']


def lines(invoice):
    return [(line['amount'], line['description'])
            for line in invoice['lines']['data']]


class Life(unittest.TestCase):
    """Each test has a customer; settle() before the first one."""

    box = basic = None

    method = 'pm_card_visa'
    start = START

    def setUp(self):
        self.clock = self.box.test_clock(self.start)
        params = {'test_clock': self.clock}
        if self.method is not None:
            params['payment_method'] = self.method
        self.customer = self.box.customer(**params)
        if self.method is not None:
            self.card = self.box.get('/v1/payment_methods', {
                'customer': self.customer}).json['data'][0]['id']
            self.box.post(f'/v1/customers/{self.customer}', {
                'invoice_settings': {'default_payment_method': self.card}})

    def subscribe(self, price=None, **params):
        answer = self.box.post('/v1/subscriptions', {
            'customer': self.customer,
            'items': [{'price': price or self.basic}],
            'expand': ['latest_invoice.confirmation_secret'], **params})
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def update(self, sub, **params):
        answer = self.box.post(f"/v1/subscriptions/{sub['id']}", {
            'expand': ['latest_invoice.confirmation_secret'], **params})
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def read(self, sub):
        return self.box.get(f"/v1/subscriptions/{sub['id']}", {
            'expand': ['latest_invoice']}).json

    def go(self, to):
        """Moves the clock there, by what it may go at once."""
        now = self.box.get(
            f'/v1/test_helpers/test_clocks/{self.clock}').json['frozen_time']
        while now < to:
            now = min(to, now + 50 * DAY)
            moved = self.box.advance_clock(self.clock, now)
            self.assertIsInstance(moved, dict, moved)

    def card_does(self, result):
        self.box.control('POST', 'card', customer=self.customer, result=result)

    def invoices(self, sub, **params):
        return self.box.get('/v1/invoices', {
            'subscription': sub['id'], 'limit': 100, **params}).json['data']

    def events(self, *types):
        """[type, time after the start] of the events of this customer."""
        mine = []
        for kind in types:
            for event in self.box.get('/v1/events', {
                    'type': kind, 'limit': 100}).json['data']:
                if event['data']['object'].get('customer') == self.customer:
                    mine.append(event)
        return sorted(mine, key=lambda event: event['created'])

    def pay_intent(self, invoice, method='pm_card_visa', **params):
        secret = invoice['confirmation_secret']['client_secret']
        return self.box.post(
            f"/v1/payment_intents/{secret.split('_secret_')[0]}/confirm",
            {'payment_method': method,
             'return_url': 'https://example.com', **params})
