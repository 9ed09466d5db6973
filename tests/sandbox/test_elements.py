"""What stripe.js asks before it shows anything: /v1/elements/sessions."""

import unittest

from sandbox import BROWSER_KEY, Sandbox

box = Sandbox()
PATH = '/v1/elements/sessions'


def setUpModule():
    box.up()


def tearDownModule():
    box.down()


def session(**params):
    return box.get(PATH, params, key=BROWSER_KEY)


def promise(mode='payment', amount=999, currency='usd', **more):
    return session(deferred_intent={
        'mode': mode, 'amount': amount, 'currency': currency, **more})


class Intents(unittest.TestCase):
    def test_an_intent_comes_as_a_browser_may_see_it(self):
        made = box.intent(metadata={'who': 'ada'})
        answer = session(client_secret=made['client_secret'])
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json['object'], 'elements_session')
        intent = answer.json['intent']
        self.assertEqual((intent['id'], intent['amount']), (made['id'], 999))
        self.assertNotIn('metadata', intent)
        self.assertEqual(answer.json['payment_method_types'],
                         made['payment_method_types'])
        self.assertIsNone(answer.json['customer'])

    def test_a_setup_intent_does_too(self):
        made = box.post('/v1/setup_intents').json
        answer = session(client_secret=made['client_secret'])
        self.assertEqual(answer.json['intent']['object'], 'setup_intent')

    def test_another_secret_opens_nothing(self):
        made = box.intent()
        for secret in (made['client_secret'][:-3] + 'xyz', 'nonsense',
                       'pi_nobody_secret_x', made['id']):
            answer = session(client_secret=secret)
            self.assertEqual(
                (answer.status, answer.error['param']),
                (400, 'client_secret'), secret)


class Promises(unittest.TestCase):
    def test_the_types_are_those_that_an_intent_would_take(self):
        for currency in ('usd', 'eur', 'gbp', 'jpy'):
            made = box.intent(amount=999, currency=currency)
            self.assertEqual(
                promise(currency=currency).json['payment_method_types'],
                made['payment_method_types'], currency)
        self.assertIsNone(promise().json['intent'])

    def test_a_page_may_narrow_them(self):
        self.assertEqual(promise(
            currency='eur', allowed_payment_method_types=['card', 'ideal'],
            excluded_payment_method_types=['ideal'],
        ).json['payment_method_types'], ['card'])

    def test_a_setup_needs_no_currency(self):
        answer = session(deferred_intent={'mode': 'setup'})
        self.assertEqual(answer.json['payment_method_types'],
                         box.post('/v1/setup_intents').json[
                             'payment_method_types'])

    def test_what_makes_no_sense_is_refused(self):
        for more, param in (
                ({'mode': 'gift'}, 'deferred_intent[mode]'),
                ({'currency': 'xxx'}, 'deferred_intent[currency]'),
                ({'currency': ''}, 'deferred_intent[currency]'),
                ({'amount': 'much'}, 'deferred_intent[amount]'),
                ({'allowed_payment_method_types': ['gold']},
                 'allowed_payment_method_types')):
            answer = promise(**more)
            self.assertEqual((answer.status, answer.error['param']),
                             (400, param), more)

    def test_exactly_one_of_both(self):
        self.assertEqual(session().status, 400)
        self.assertEqual(session(
            client_secret=box.intent()['client_secret'],
            deferred_intent={'mode': 'setup'}).status, 400)


if __name__ == '__main__':
    unittest.main()
