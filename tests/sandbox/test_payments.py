"""What becomes of a payment: cards, challenges, debits, the browser's side."""

import unittest
import urllib.parse

from sandbox import BROWSER_KEY, Sandbox


def setUpModule():
    global box
    box = Sandbox().up()


def tearDownModule():
    box.down()


def read(intent):
    return box.get(f'/v1/payment_intents/{intent}').json


CARD = {'type': 'card', 'card': {
    'number': '4242 4242 4242 4242', 'exp_month': 12, 'exp_year': 2040,
    'cvc': '123'}}


class Browser(unittest.TestCase):
    def confirm(self, intent, method=None, **more):
        return box.post(
            f"/v1/payment_intents/{intent['id']}/confirm",
            {'key': BROWSER_KEY, 'client_secret': intent['client_secret'],
             'payment_method_data': method or CARD, 'use_stripe_sdk': True,
             'return_url': 'https://example.com/back', **more}, key=None)

    def test_a_card_pays(self):
        intent = box.intent()
        answer = self.confirm(intent)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json['status'], 'succeeded')
        self.assertEqual(read(intent['id'])['status'], 'succeeded')

    def test_a_browser_sees_nothing_but_what_it_may(self):
        intent = box.intent(metadata={'vantage_order': 'ord_1'})
        answer = box.get(f"/v1/payment_intents/{intent['id']}",
                         {'client_secret': intent['client_secret']},
                         key=BROWSER_KEY)
        self.assertEqual(answer.json['status'], 'requires_payment_method')
        for name in ('metadata', 'customer', 'latest_charge'):
            self.assertNotIn(name, answer.json)

    def test_a_wrong_secret_opens_nothing(self):
        intent = box.intent()
        for secret in (None, 'x', intent['client_secret'] + 'x',
                       box.intent()['client_secret']):
            params = {} if secret is None else {'client_secret': secret}
            answer = box.get(f"/v1/payment_intents/{intent['id']}", params,
                             key=BROWSER_KEY)
            self.assertEqual(answer.status, 400)
            self.assertNotIn(intent['client_secret'].encode(), answer.body)

    def test_numbers_are_checked(self):
        for change, code, param in (
                ({'number': '4242424242424241'}, 'incorrect_number', 'number'),
                ({'exp_month': 13}, 'invalid_expiry_month', 'exp_month'),
                ({'exp_year': 2020}, 'invalid_expiry_year', 'exp_year'),
                ({'cvc': '99'}, 'invalid_cvc', 'cvc')):
            method = {**CARD, 'card': {**CARD['card'], **change}}
            answer = self.confirm(box.intent(), method)
            self.assertEqual(answer.status, 402)
            self.assertEqual(answer.error['type'], 'card_error')
            self.assertEqual(answer.error['code'], code)
            self.assertEqual(answer.error['param'], param)

    def test_each_number_does_what_its_name_does(self):
        for number, code in (
                ('4000000000000002', 'generic_decline'),
                ('4000000000009995', 'insufficient_funds'),
                ('4000000000009987', 'lost_card'),
                ('4000000000009979', 'stolen_card'),
                ('4000000000000069', 'expired_card'),
                ('4000000000000127', 'incorrect_cvc'),
                ('4000000000000119', 'processing_error'),
                ('4100000000000019', 'fraudulent'),
                ('4916338506082832', 'test_mode_live_card')):
            with self.subTest(number=number):
                intent = box.intent()
                method = {**CARD, 'card': {**CARD['card'], 'number': number}}
                answer = self.confirm(intent, method)
                self.assertEqual(answer.status, 402)
                self.assertEqual(answer.error['decline_code'], code)
                self.assertNotIn(
                    'metadata', answer.error['payment_intent'])
                self.assertEqual(
                    read(intent['id'])['last_payment_error']['decline_code'],
                    code)

    def test_no_number_of_a_real_card_is_kept(self):
        method = {**CARD, 'card': {
            **CARD['card'], 'number': '4916338506082832'}}
        self.confirm(box.intent(), method)
        for path in box.state.glob('sandbox.db*'):
            self.assertNotIn(b'4916338506082832', path.read_bytes())

    def test_a_declined_intent_can_still_be_paid(self):
        intent = box.intent()
        method = {**CARD, 'card': {
            **CARD['card'], 'number': '4000000000000002'}}
        self.confirm(intent, method)
        answer = self.confirm(intent)
        self.assertEqual(answer.json['status'], 'succeeded')
        self.assertIsNone(answer.json['last_payment_error'])
        again = self.confirm(intent)
        self.assertEqual(
            again.error['code'], 'payment_intent_unexpected_state')
        charges = box.get('/v1/charges', {'payment_intent': intent['id']})
        self.assertEqual([c['status'] for c in charges.json['data']],
                         ['succeeded', 'failed'])

    def test_a_challenge_that_fails(self):
        intent = box.intent()
        method = {**CARD, 'card': {
            **CARD['card'], 'number': '4000002760003184'}}
        answer = self.confirm(intent, method)
        self.assertEqual(answer.json['status'], 'requires_action')
        self.assertEqual(
            answer.json['next_action']['type'], 'use_stripe_sdk')
        form = urllib.parse.urlencode({
            'payment_intent': intent['id'], 'outcome': 'fail',
            'client_secret': intent['client_secret']})
        headers = {'Content-Type': 'application/x-www-form-urlencoded',
                   'Origin': 'http://page.example'}
        done = box.raw('POST', '/_sandbox/challenge', form, headers)
        self.assertEqual(done.status, 200, done)
        self.assertEqual(done.json['status'], 'requires_payment_method')
        self.assertNotIn('metadata', done.json)

    def test_a_challenge_needs_the_secret(self):
        intent = box.intent()
        self.confirm(intent, {**CARD, 'card': {
            **CARD['card'], 'number': '4000002760003184'}})
        done = box.control(
            'POST', 'challenge', payment_intent=intent['id'],
            client_secret='x', outcome='complete')
        self.assertEqual(done.status, 400)
        self.assertEqual(read(intent['id'])['status'], 'requires_action')

    def test_declined_after_the_challenge(self):
        intent = box.intent()
        self.confirm(intent, {**CARD, 'card': {
            **CARD['card'], 'number': '4000008400001629'}})
        box.control('POST', 'challenge', payment_intent=intent['id'],
                    client_secret=intent['client_secret'],
                    outcome='complete')
        now = read(intent['id'])
        self.assertEqual(now['status'], 'requires_payment_method')
        self.assertEqual(
            now['last_payment_error']['decline_code'], 'generic_decline')

    def test_the_control_can_pay_as_a_browser_would(self):
        intent = box.intent()
        done = box.control('POST', 'confirm', payment_intent=intent['id'])
        self.assertEqual(done.json['status'], 'succeeded')
        other = box.intent()
        done = box.control(
            'POST', 'confirm', payment_intent=other['id'],
            payment_method='pm_card_threeDSecure2Required',
            outcome='complete')
        self.assertEqual(done.json['status'], 'succeeded')


class Saved(unittest.TestCase):
    def test_a_card_kept_for_later_is_attached_first(self):
        customer = box.customer()
        paid = box.pay(customer=customer, setup_future_usage='off_session',
                       payment_method='pm_card_authenticationRequiredOnSetup')
        self.assertEqual(paid.json['status'], 'requires_action')
        paid = box.pay(customer=customer, setup_future_usage='off_session')
        method = paid.json['payment_method']
        cards = box.get(f'/v1/customers/{customer}/payment_methods').json
        self.assertEqual([m['id'] for m in cards['data']], [method])
        again = box.pay(
            customer=customer, payment_method=method, off_session=True)
        self.assertEqual(again.json['status'], 'succeeded')

    def test_a_saved_card_can_be_made_to_decline(self):
        customer = box.customer(payment_method='pm_card_visa')
        method = box.get('/v1/payment_methods', {
            'customer': customer}).json['data'][0]['id']
        pay = {'customer': customer, 'payment_method': method,
               'off_session': True}
        for code, expected in (('insufficient_funds', 'card_declined'),
                               ('expired_card', 'expired_card'),
                               ('authentication_required',
                                'authentication_required')):
            box.control('POST', 'card', customer=customer, result=code)
            answer = box.pay(**pay)
            self.assertEqual(answer.status, 402)
            self.assertEqual(answer.error['code'], expected)
            self.assertEqual(answer.error['decline_code'], code)
        box.control('POST', 'card', customer=customer, result='ok')
        self.assertEqual(box.pay(**pay).json['status'], 'succeeded')

    def test_a_card_of_another_customer_pays_nothing(self):
        owner = box.customer(payment_method='pm_card_visa')
        method = box.get('/v1/payment_methods', {
            'customer': owner}).json['data'][0]['id']
        answer = box.pay(customer=box.customer(), payment_method=method)
        self.assertEqual(answer.status, 400)
        self.assertEqual(answer.error['param'], 'payment_method')

    def test_a_method_used_without_a_customer_is_used_up(self):
        method = box.post('/v1/payment_methods', {
            'type': 'card', 'card': {'token': 'tok_visa'}}).json['id']
        self.assertEqual(
            box.pay(payment_method=method).json['status'], 'succeeded')
        self.assertEqual(box.pay(payment_method=method).status, 400)

    def test_so_it_is_for_the_intents_that_waited_for_it(self):
        method = box.post('/v1/payment_methods', {
            'type': 'card', 'card': {'token': 'tok_visa'}}).json['id']
        first, second = (box.intent(payment_method=method) for _ in range(2))
        setup = box.post('/v1/setup_intents', {
            'payment_method': method}).json
        for path, status in ((f"payment_intents/{first['id']}", 200),
                             (f"payment_intents/{second['id']}", 400),
                             (f"setup_intents/{setup['id']}", 400)):
            answer = box.post(f'/v1/{path}/confirm', {
                'return_url': 'https://example.com'})
            self.assertEqual(answer.status, status, answer)
        self.assertEqual(
            answer.error['code'], 'payment_method_unexpected_state')

    def test_it_can_be_taken_back_from_an_intent(self):
        for path, given in (('payment_intents', {
                'amount': 999, 'currency': 'usd'}), ('setup_intents', {})):
            with self.subTest(path=path):
                made = box.post(f'/v1/{path}', {
                    **given, 'payment_method': 'pm_card_visa'}).json
                self.assertEqual(made['status'], 'requires_confirmation')
                url = f"/v1/{path}/{made['id']}"
                now = box.post(url, {'payment_method': ''}).json
                self.assertIsNone(now['payment_method'])
                self.assertEqual(now['status'], 'requires_payment_method')
                self.assertEqual(box.post(f'{url}/confirm').status, 400)


class Debit(unittest.TestCase):
    def test_it_comes_through_when_its_time_comes(self):
        intent = box.pay(payment_method='pm_usBankAccount_success').json
        self.assertEqual(intent['status'], 'processing')
        box.advance(86400)
        self.assertEqual(read(intent['id'])['status'], 'processing')
        box.advance(4 * 86400)
        now = read(intent['id'])
        self.assertEqual(now['status'], 'succeeded')
        self.assertEqual(now['amount_received'], 999)
        charge = box.get(f"/v1/charges/{now['latest_charge']}").json
        self.assertEqual(charge['status'], 'succeeded')
        self.assertIsNotNone(charge['balance_transaction'])

    def test_or_it_fails(self):
        intent = box.pay(
            payment_method='pm_usBankAccount_insufficientFunds').json
        box.advance(5 * 86400)
        now = read(intent['id'])
        self.assertEqual(now['status'], 'requires_payment_method')
        self.assertEqual(now['last_payment_error']['code'],
                         'payment_intent_payment_attempt_failed')
        charge = box.get(f"/v1/charges/{now['latest_charge']}").json
        self.assertEqual(charge['failure_code'], 'insufficient_funds')

    def test_it_cannot_be_canceled_on_its_way(self):
        intent = box.pay(payment_method='pm_usBankAccount_success').json
        answer = box.post(f"/v1/payment_intents/{intent['id']}/cancel")
        self.assertEqual(answer.status, 400)


class Money(unittest.TestCase):
    def test_amounts_have_limits(self):
        for amount, currency, code in (
                (49, 'usd', 'amount_too_small'),
                (29, 'gbp', 'amount_too_small'),
                (49, 'jpy', 'amount_too_small'),
                (100000000, 'usd', 'amount_too_large'),
                (0, 'usd', 'parameter_invalid_integer'),
                (-1, 'usd', 'parameter_invalid_integer'),
                ('1.5', 'usd', 'parameter_invalid_integer'),
                ('99999999999999999999', 'usd', 'parameter_invalid_integer')):
            answer = box.post('/v1/payment_intents', {
                'amount': amount, 'currency': currency})
            self.assertEqual(answer.error['code'], code, (amount, currency))
            self.assertEqual(answer.error['param'], 'amount')
        self.assertEqual(box.intent(amount=500, currency='jpy')['amount'], 500)

    def test_the_last_digits_of_some_are_nothing(self):
        for amount, currency in ((5124, 'kwd'), (501, 'isk'), (550, 'ugx')):
            answer = box.post('/v1/payment_intents', {
                'amount': amount, 'currency': currency})
            self.assertEqual(answer.status, 400, currency)
            self.assertEqual(answer.error['param'], 'amount')
        for amount, currency in ((5120, 'kwd'), (500, 'isk'), (500, 'ugx')):
            self.assertEqual(box.intent(
                amount=amount, currency=currency)['amount'], amount)

    def test_only_what_a_browser_can_be_sent_to_is_a_return_url(self):
        for url in ('javascript://%0aalert(1)', 'x', '://x', 'https://x y',
                    'https://shop.example/\r\nSet-Cookie: a=b'):
            answer = box.pay(return_url=url)
            self.assertEqual(answer.status, 400, url)
            self.assertEqual(answer.error['param'], 'return_url')
            self.assertEqual(answer.error['code'], 'url_invalid')
        self.assertEqual(
            box.pay(return_url='shop-app://paid').status, 200)

    def test_types_follow_currency_and_wishes(self):
        never = {'enabled': True, 'allow_redirects': 'never'}
        self.assertIn('ideal', box.intent(
            currency='eur')['payment_method_types'])
        self.assertNotIn('ideal', box.intent(
            currency='eur', automatic_payment_methods=never)[
                'payment_method_types'])
        only = box.intent(allowed_payment_method_types=['card'])
        self.assertEqual(only['payment_method_types'], ['card'])
        self.assertIsNone(only['automatic_payment_methods'])
        both = box.post('/v1/payment_intents', {
            'amount': 999, 'currency': 'usd',
            'automatic_payment_methods': never,
            'allowed_payment_method_types': ['card']})
        self.assertEqual(both.error['code'], 'parameters_exclusive')

    def test_where_redirects_are_possible_a_return_url_is_needed(self):
        answer = box.pay(automatic_payment_methods={'enabled': True})
        self.assertEqual(answer.error['param'], 'return_url')


if __name__ == '__main__':
    unittest.main()
