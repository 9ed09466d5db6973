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


def customer_session(customer, enabled=True, **features):
    return box.post('/v1/customer_sessions', {
        'customer': customer, 'components': {'payment_element': {
            'enabled': enabled, **(
                {'features': features} if features else {})}}})


ALL = {'payment_method_redisplay': 'enabled',
       'payment_method_remove': 'enabled',
       'payment_method_save': 'enabled',
       'payment_method_save_usage': 'off_session',
       'payment_method_allow_redisplay_filters': [
           'always', 'limited', 'unspecified']}


class CustomerSessions(unittest.TestCase):
    def setUp(self):
        self.customer = box.customer(email='ada@example.com')
        self.methods = [self.attach(name) for name in (
            'pm_card_visa', 'pm_card_mastercard', 'pm_card_amex')]

    def attach(self, name, **more):
        made = box.post(f'/v1/payment_methods/{name}/attach',
                        {'customer': self.customer}).json['id']
        if more:
            box.post(f'/v1/payment_methods/{made}', more)
        return made

    def shown(self, secret, **intent):
        answer = session(
            client_secret=box.intent(**intent)['client_secret'],
            customer_session_client_secret=secret)
        self.assertEqual(answer.status, 200, answer)
        return answer.json['customer']

    def test_what_nobody_asked_for_is_off(self):
        made = customer_session(self.customer).json
        self.assertRegex(made['client_secret'], r'^cuss_secret_\w{20,}$')
        self.assertNotIn('id', made)
        self.assertEqual(made['expires_at'] - made['created'], 1800)
        parts = made['components']
        self.assertEqual(parts['payment_element'], {
            'enabled': True, 'features': {
                'payment_method_allow_redisplay_filters': ['always'],
                'payment_method_remove': 'disabled',
                'payment_method_redisplay': 'disabled',
                'payment_method_redisplay_limit': 3,
                'payment_method_save': 'disabled',
                'payment_method_save_usage': None}})
        self.assertEqual(parts['pricing_table'], {'enabled': False})
        self.assertEqual(
            parts['customer_sheet'], {'enabled': False, 'features': None})

    def test_what_makes_no_sense_is_refused(self):
        feature = 'components[payment_element][features]'
        for answer, param in (
                (customer_session('cus_nobody'), 'customer'),
                (customer_session(self.customer, enabled=False),
                 'components'),
                (box.post('/v1/customer_sessions',
                          {'customer': self.customer}), 'components'),
                (customer_session(self.customer,
                                  payment_method_redisplay_limit=11),
                 f'{feature}[payment_method_redisplay_limit]'),
                (customer_session(self.customer,
                                  payment_method_save='perhaps'),
                 f'{feature}[payment_method_save]')):
            self.assertEqual(
                (answer.status, answer.error['param']), (400, param))

    def test_a_page_sees_what_the_filters_and_the_limit_let_through(self):
        always = self.attach('pm_card_visa', allow_redisplay='always')
        few = customer_session(self.customer).json['client_secret']
        self.assertEqual(
            [m['id'] for m in self.shown(few)['payment_methods']], [always])
        wide = customer_session(
            self.customer, **ALL,
            payment_method_redisplay_limit=2).json['client_secret']
        shown = self.shown(wide, customer=self.customer)
        self.assertEqual([m['id'] for m in shown['payment_methods']],
                         [always, self.methods[2]])
        self.assertEqual(shown['id'], self.customer)

    def test_a_page_removes_what_it_may(self):
        secret = customer_session(self.customer, **ALL).json['client_secret']
        path = f'/v1/elements/payment_methods/{self.methods[0]}/detach'
        strict = customer_session(self.customer).json['client_secret']
        for wrong, status in ((strict, 403), ('cuss_secret_nothing', 400)):
            self.assertEqual(box.post(
                path, {'customer_session_client_secret': wrong},
                key=BROWSER_KEY).status, status)
        other = box.customer()
        theirs = customer_session(other, **ALL).json['client_secret']
        self.assertEqual(box.post(
            path, {'customer_session_client_secret': theirs},
            key=BROWSER_KEY).status, 404)
        gone = box.post(path, {'customer_session_client_secret': secret},
                        key=BROWSER_KEY)
        self.assertEqual((gone.status, gone.json['customer']), (200, None))
        left = box.get(f'/v1/customers/{self.customer}/payment_methods')
        self.assertNotIn(self.methods[0], [m['id'] for m in left.json['data']])

    def test_a_session_is_for_one_customer_and_half_an_hour(self):
        secret = customer_session(self.customer, **ALL).json['client_secret']
        intent = box.intent(customer=box.customer())['client_secret']
        answer = session(client_secret=intent,
                         customer_session_client_secret=secret)
        self.assertEqual((answer.status, answer.error['param']),
                         (400, 'customer_session_client_secret'))
        box.advance(1801)
        answer = session(client_secret=box.intent()['client_secret'],
                         customer_session_client_secret=secret)
        self.assertEqual(answer.error['code'], 'customer_session_expired')


if __name__ == '__main__':
    unittest.main()
