"""Setup intents: keeping a method for later."""

import unittest

from sandbox import BROWSER_KEY, Sandbox

NEVER = {'enabled': True, 'allow_redirects': 'never'}
CARD = {'type': 'card', 'card': {
    'number': '4242424242424242', 'exp_month': 12, 'exp_year': 2040,
    'cvc': '123'}}


def setUpModule():
    global box
    box = Sandbox().up()


def tearDownModule():
    box.down()


def setup(**params):
    return box.post('/v1/setup_intents', params)


def keep(method, **params):
    """One that is confirmed at once."""
    return setup(confirm=True, payment_method=method,
                 automatic_payment_methods=NEVER, **params)


def read(intent, **params):
    return box.get(f"/v1/setup_intents/{intent['id']}", params).json


def cards_of(customer):
    return [m['id'] for m in box.get(
        f'/v1/customers/{customer}/payment_methods').json['data']]


def types_about(*ids):
    events = box.get('/v1/events', {'limit': 100}).json['data']
    return [e['type'] for e in reversed(events)
            if e['data']['object'].get('id') in ids]


class Setup(unittest.TestCase):
    def test_a_card_is_kept_for_its_customer(self):
        customer = box.customer()
        made = keep('pm_card_visa', customer=customer,
                    metadata={'vantage_user': 'u'}).json
        self.assertRegex(made['id'], '^seti_')
        self.assertEqual(
            [made[name] for name in ('object', 'status', 'usage', 'customer',
                                     'mandate', 'last_setup_error')],
            ['setup_intent', 'succeeded', 'off_session', customer, None,
             None])
        self.assertEqual(cards_of(customer), [made['payment_method']])
        self.assertEqual(types_about(made['id'], made['payment_method']), [
            'setup_intent.created', 'payment_method.attached',
            'setup_intent.succeeded'])
        attempts = box.get('/v1/setup_attempts', {
            'setup_intent': made['id']}).json['data']
        self.assertEqual([(a['id'], a['status']) for a in attempts],
                         [(made['latest_attempt'], 'succeeded')])
        paid = box.pay(customer=customer, off_session=True,
                       payment_method=made['payment_method'])
        self.assertEqual(paid.json['status'], 'succeeded')

    def test_one_that_asks_once_is_set_up_by_it(self):
        customer = box.customer()
        card = 'pm_card_authenticationRequiredOnSetup'
        made = keep(card, customer=customer,
                    return_url='https://example.com/back').json
        self.assertEqual(made['status'], 'requires_action')
        action = made['next_action']
        self.assertEqual(action['type'], 'redirect_to_url')
        self.assertIn(made['id'], action['redirect_to_url']['url'])
        self.assertEqual(cards_of(customer), [])
        done = box.control('POST', 'challenge', setup_intent=made['id'],
                           client_secret=made['client_secret'],
                           outcome='complete').json
        self.assertEqual(done['status'], 'succeeded')
        paid = box.pay(customer=customer, off_session=True,
                       payment_method=cards_of(customer)[0])
        self.assertEqual(paid.json['status'], 'succeeded')
        self.assertEqual(types_about(made['id']), [
            'setup_intent.created', 'setup_intent.requires_action',
            'setup_intent.succeeded'])

    def test_a_failed_challenge_keeps_nothing(self):
        customer = box.customer()
        made = keep('pm_card_threeDSecure2Required', customer=customer,
                    use_stripe_sdk=True).json
        self.assertEqual(made['next_action']['type'], 'use_stripe_sdk')
        done = box.control('POST', 'challenge', setup_intent=made['id'],
                           client_secret=made['client_secret'],
                           outcome='fail').json
        self.assertEqual(done['status'], 'requires_payment_method')
        self.assertEqual(done['last_setup_error']['code'],
                         'setup_intent_authentication_failure')
        self.assertEqual(cards_of(customer), [])
        self.assertEqual(types_about(made['id'])[-1],
                         'setup_intent.setup_failed')

    def test_a_decline_leaves_an_open_intent(self):
        answer = keep('pm_card_visa_chargeDeclinedInsufficientFunds')
        self.assertEqual(answer.status, 402)
        error = answer.error
        self.assertEqual(
            (error['type'], error['code'], error['decline_code']),
            ('card_error', 'card_declined', 'insufficient_funds'))
        intent = error['setup_intent']
        self.assertEqual(intent['status'], 'requires_payment_method')
        self.assertEqual(intent['last_setup_error']['decline_code'],
                         'insufficient_funds')
        self.assertEqual(
            read(intent)['last_setup_error']['decline_code'],
            'insufficient_funds')
        attempt, = box.get('/v1/setup_attempts', {
            'setup_intent': intent['id']}).json['data']
        self.assertEqual(attempt['status'], 'failed')
        self.assertEqual(attempt['setup_error']['decline_code'],
                         'insufficient_funds')
        again = box.post(f"/v1/setup_intents/{intent['id']}/confirm", {
            'payment_method': 'pm_card_visa'})
        self.assertEqual(again.json['status'], 'succeeded')
        self.assertIsNone(again.json['last_setup_error'])

    def test_one_that_fails_later_can_be_kept(self):
        customer = box.customer()
        made = keep('pm_card_chargeCustomerFail', customer=customer).json
        self.assertEqual(made['status'], 'succeeded')
        paid = box.pay(customer=customer,
                       payment_method=made['payment_method'])
        self.assertEqual(paid.status, 402)

    def test_a_bank_account_is_kept_without_a_charge(self):
        customer = box.customer()
        made = keep('pm_usBankAccount_success', customer=customer).json
        self.assertEqual(made['status'], 'succeeded')
        self.assertEqual(cards_of(customer), [made['payment_method']])


class Browser(unittest.TestCase):
    def confirm(self, intent, **more):
        return box.post(
            f"/v1/setup_intents/{intent['id']}/confirm",
            {'key': BROWSER_KEY, 'client_secret': intent['client_secret'],
             'payment_method_data': CARD, 'use_stripe_sdk': True,
             'return_url': 'https://example.com/back', **more}, key=None)

    def test_it_confirms_with_the_secret(self):
        customer = box.customer()
        made = setup(customer=customer, metadata={'a': 'b'}).json
        self.assertTrue(made['automatic_payment_methods']['enabled'])
        answer = self.confirm(made)
        self.assertEqual(answer.json['status'], 'succeeded')
        for name in ('metadata', 'customer', 'latest_attempt'):
            self.assertNotIn(name, answer.json)
        self.assertEqual(len(cards_of(customer)), 1)

    def test_a_wrong_secret_opens_nothing(self):
        made = setup().json
        answer = self.confirm(made, client_secret='x')
        self.assertEqual(answer.status, 400)
        answer = box.get(f"/v1/setup_intents/{made['id']}", {
            'client_secret': made['client_secret']}, key=BROWSER_KEY)
        self.assertEqual(answer.json['status'], 'requires_payment_method')
        answer = box.get(
            f"/v1/setup_intents/{made['id']}", key=BROWSER_KEY)
        self.assertEqual(answer.error['code'], 'parameter_missing')
        answer = box.post('/v1/setup_intents', key=BROWSER_KEY)
        self.assertEqual(answer.status, 401)

    def test_the_banks_page_ends_it(self):
        for outcome, said in (('complete', 'succeeded'), ('fail', 'failed')):
            made = keep('pm_card_threeDSecure2Required',
                        return_url='https://example.com/back').json
            url = made['next_action']['redirect_to_url']['url']
            path = url.removeprefix(box.url)
            page = box.raw('GET', path)
            self.assertEqual(page.status, 200)
            self.assertIn(b'save', page.body)
            done = box.raw(
                'POST', '/_hosted/redirect',
                path.partition('?')[2] + f'&outcome={outcome}',
                {'Content-Type': 'application/x-www-form-urlencoded'})
            self.assertEqual(done.status, 303)
            self.assertEqual(
                done.headers['Location'],
                f"https://example.com/back?setup_intent={made['id']}"
                f"&setup_intent_client_secret={made['client_secret']}"
                f'&redirect_status={said}')
            again = box.raw('GET', path)
            self.assertEqual(again.status, 303)


class Life(unittest.TestCase):
    def test_it_is_updated_and_canceled(self):
        made = setup(description='first', usage='on_session').json
        self.assertEqual(made['usage'], 'on_session')
        url = f"/v1/setup_intents/{made['id']}"
        now = box.post(url, {
            'description': '', 'metadata': {'k': 'v'},
            'allowed_payment_method_types': ['card']}).json
        self.assertIsNone(now['description'])
        self.assertEqual(now['payment_method_types'], ['card'])
        self.assertIsNone(now['automatic_payment_methods'])
        now = box.post(f'{url}/cancel', {
            'cancellation_reason': 'abandoned'}).json
        self.assertEqual((now['status'], now['cancellation_reason']),
                         ('canceled', 'abandoned'))
        for path in ('', '/cancel', '/confirm'):
            answer = box.post(url + path)
            self.assertEqual(answer.status, 400)
            self.assertEqual(
                answer.error['code'], 'setup_intent_unexpected_state')
            self.assertEqual(
                answer.error['setup_intent']['id'], made['id'])
        self.assertEqual(types_about(made['id']), [
            'setup_intent.created', 'setup_intent.canceled'])

    def test_what_does_not_fit_is_refused(self):
        owner = box.customer(payment_method='pm_card_visa')
        method = cards_of(owner)[0]
        for params, param in (
                ({'customer': 'cus_no'}, 'customer'),
                ({'payment_method': method}, 'payment_method'),
                ({'payment_method': 'pm_no'}, 'payment_method'),
                ({'usage': 'sometimes'}, 'usage'),
                ({'payment_method_types': ['card']},
                 'payment_method_types'),
                ({'allowed_payment_method_types': ['shells']},
                 'allowed_payment_method_types'),
                ({'amount': 5}, 'amount'),
                ({'confirm': True, 'payment_method': 'pm_card_visa'},
                 'return_url')):
            answer = setup(**params)
            self.assertEqual(answer.status, 400, params)
            self.assertEqual(answer.error['param'], param)
        empty = setup(confirm=True, automatic_payment_methods=NEVER)
        self.assertEqual(
            empty.error['code'], 'setup_intent_unexpected_state')
        self.assertEqual(box.get('/v1/setup_intents/seti_no').status, 404)
        self.assertEqual(box.get('/v1/setup_attempts').error['param'],
                         'setup_intent')

    def test_they_are_listed(self):
        customer = box.customer()
        made = keep('pm_card_visa', customer=customer).json
        setup(customer=customer)
        listed = box.get('/v1/setup_intents', {'customer': customer}).json
        self.assertEqual(len(listed['data']), 2)
        listed = box.get('/v1/setup_intents', {
            'payment_method': made['payment_method'],
            'expand': ['data.latest_attempt', 'data.customer']}).json
        one, = listed['data']
        self.assertEqual(one['customer']['id'], customer)
        self.assertEqual(one['latest_attempt']['object'], 'setup_attempt')


if __name__ == '__main__':
    unittest.main()
