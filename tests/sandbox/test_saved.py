"""Payment methods, customers, and what can be said about a payment."""

import unittest

from sandbox import Sandbox


def setUpModule():
    global box
    box = Sandbox().up()


def tearDownModule():
    box.down()


def saved(customer, **params):
    return box.get(
        f'/v1/customers/{customer}/payment_methods', params).json['data']


def told(*ids):
    events = box.get('/v1/events', {'limit': 100}).json['data']
    return [e['type'] for e in reversed(events)
            if e['data']['object'].get('id') in ids]


class Methods(unittest.TestCase):
    def test_every_name_makes_its_card(self):
        for name, last4, brand in (
                ('visa', '4242', 'visa'), ('mastercard', '4444', 'mastercard'),
                ('amex', '0005', 'amex'), ('createDispute', '0259', 'visa'),
                ('pendingRefund', '7726', 'visa'),
                ('refundFail', '5126', 'visa'),
                ('createIssuerFraudRecord', '5423', 'visa'),
                ('chargeCustomerFail', '0341', 'visa')):
            customer = box.customer()
            made = box.post(f'/v1/payment_methods/pm_card_{name}/attach', {
                'customer': customer}).json
            self.assertRegex(made['id'], '^pm_1')
            self.assertEqual((made['card']['last4'], made['card']['brand'],
                              made['customer']), (last4, brand, customer))
            self.assertEqual([m['id'] for m in saved(customer)], [made['id']])

    def test_the_same_name_twice_makes_two(self):
        customer = box.customer(payment_method='pm_card_visa')
        box.post('/v1/payment_methods/pm_card_visa/attach', {
            'customer': customer})
        one, two = saved(customer)
        self.assertNotEqual(one['id'], two['id'])
        self.assertEqual(one['card']['fingerprint'],
                         two['card']['fingerprint'])

    def test_it_is_updated_and_told_so(self):
        customer = box.customer(payment_method='pm_card_visa')
        method = saved(customer)[0]['id']
        url = f'/v1/payment_methods/{method}'
        now = box.post(url, {
            'billing_details': {'name': 'Ada', 'address': {'city': 'Bath'}},
            'card': {'exp_month': 2, 'exp_year': 2041},
            'metadata': {'k': 'v'}, 'allow_redisplay': 'always'}).json
        self.assertEqual(now['billing_details']['address']['city'], 'Bath')
        self.assertIsNone(now['billing_details']['address']['line1'])
        self.assertEqual(now['card']['exp_year'], 2041)
        box.post(url, {})
        self.assertEqual(told(method), [
            'payment_method.attached', 'payment_method.updated'])
        self.assertEqual(len(saved(customer, allow_redisplay='always')), 1)
        self.assertEqual(len(saved(customer, allow_redisplay='limited')), 0)
        self.assertEqual(len(saved(customer, type='sepa_debit')), 0)
        wrong = box.post(url, {'billing_details': {'shoe': 41}})
        self.assertEqual(wrong.error['param'], 'billing_details[shoe]')
        wrong = box.post(url, {'card': {'exp_month': 13}})
        self.assertEqual(wrong.error['param'], 'card[exp_month]')

    def test_the_network_renews_a_card(self):
        customer = box.customer(payment_method='pm_card_visa')
        method = saved(customer)[0]['id']
        now = box.control('POST', 'renew-card', payment_method=method,
                          exp_month=3, exp_year=2050).json
        self.assertEqual(now['card']['exp_year'], 2050)
        self.assertEqual(
            told(method)[-1], 'payment_method.automatically_updated')
        alone = box.post('/v1/payment_methods', {
            'type': 'card', 'card': {'token': 'tok_visa'}}).json['id']
        self.assertEqual(box.control(
            'POST', 'renew-card', payment_method=alone, exp_month=3,
            exp_year=2050).status, 400)

    def test_a_detached_one_is_gone_for_good(self):
        customer = box.customer(payment_method='pm_card_visa')
        method = saved(customer)[0]['id']
        box.post(f'/v1/customers/{customer}', {
            'invoice_settings': {'default_payment_method': method}})
        url = f'/v1/payment_methods/{method}'
        now = box.post(f'{url}/detach').json
        self.assertIsNone(now['customer'])
        self.assertEqual(saved(customer), [])
        settings = box.get(f'/v1/customers/{customer}').json[
            'invoice_settings']
        self.assertIsNone(settings['default_payment_method'])
        event = box.get('/v1/events', {
            'type': 'payment_method.detached'}).json['data'][0]
        self.assertEqual(
            event['data']['previous_attributes'], {'customer': customer})
        for answer in (box.post(f'{url}/attach', {'customer': customer}),
                       box.post(f'{url}/detach'),
                       box.pay(payment_method=method),
                       box.post(url, {'metadata': {'a': 'b'}})):
            self.assertEqual(answer.status, 400)
            self.assertEqual(answer.error['code'],
                             'payment_method_unexpected_state')
        self.assertEqual(box.get(url).status, 200)
        self.assertEqual(box.get(
            f'/v1/customers/{customer}/payment_methods/{method}').status, 404)

    def test_it_belongs_to_one_customer(self):
        method = saved(box.customer(payment_method='pm_card_visa'))[0]['id']
        other = box.customer()
        answer = box.post(f'/v1/payment_methods/{method}/attach', {
            'customer': other})
        self.assertEqual(answer.status, 400)
        answer = box.post(f'/v1/customers/{other}', {
            'invoice_settings': {'default_payment_method': method}})
        self.assertEqual(answer.error['param'],
                         'invoice_settings[default_payment_method]')


class Customers(unittest.TestCase):
    def test_taxes_are_shown_when_asked_for(self):
        customer = box.customer(tax={'ip_address': '10.1.2.3'})
        url = f'/v1/customers/{customer}'
        self.assertNotIn('tax', box.get(url).json)
        self.assertEqual(box.get(url, {'expand': ['tax']}).json['tax'], {
            'automatic_tax': 'not_collecting', 'ip_address': '10.1.2.3',
            'location': None, 'provider': 'stripe'})

    def test_everything_can_be_unset(self):
        customer = box.customer(
            email='a@example.com', name='A', phone='1', description='d',
            address={'line1': 'x'}, preferred_locales=['en'],
            shipping={'name': 'A', 'address': {'line1': 'x'}})
        now = box.post(f'/v1/customers/{customer}', {
            'email': '', 'name': '', 'phone': '', 'description': '',
            'address': '', 'shipping': '', 'metadata': ''}).json
        for name in ('email', 'name', 'phone', 'description', 'address',
                     'shipping'):
            self.assertIsNone(now[name], name)

    def test_they_are_listed_by_email_and_time(self):
        customer = box.customer(email='listed@example.com')
        made = box.get(f'/v1/customers/{customer}').json['created']
        for params in ({'email': 'listed@example.com'},
                       {'created': {'gte': made, 'lte': made}, 'limit': 1}):
            data = box.get('/v1/customers', params).json['data']
            self.assertEqual(data[0]['id'], customer)
        self.assertEqual(box.get('/v1/customers', {
            'created': {'gt': made + 1000}}).json['data'], [])


class Payments(unittest.TestCase):
    def test_what_the_amount_is_made_of_is_kept(self):
        intent = box.intent(
            amount_details={'discount_amount': 10,
                            'shipping': {'amount': 20},
                            'tax': {'total_tax_amount': 30}},
            payment_details={'order_reference': 'o1'},
            shipping={'name': 'Ada', 'address': {'line1': 'x'}},
            payment_method_options={'card': {
                'request_three_d_secure': 'any'}})
        self.assertEqual(intent['amount_details'], {
            'discount_amount': 10, 'shipping': {'amount': 20},
            'tax': {'total_tax_amount': 30}, 'tip': {}})
        self.assertEqual(intent['payment_details'], {'order_reference': 'o1'})
        self.assertIsNone(intent['shipping']['address']['city'])
        self.assertEqual(intent['payment_method_options']['card'], {
            'installments': None, 'mandate_options': None, 'network': None,
            'request_three_d_secure': 'any'})
        now = box.post(f"/v1/payment_intents/{intent['id']}", {
            'amount_details': {'tax': ''}}).json
        self.assertNotIn('tax', now['amount_details'])
        self.assertEqual(now['amount_details']['discount_amount'], 10)
        wrong = box.post('/v1/payment_intents', {
            'amount': 100, 'currency': 'usd',
            'amount_details': {'gift': 1}})
        self.assertEqual(wrong.error['param'], 'amount_details[gift]')

    def test_types_can_be_changed_until_it_is_paid(self):
        intent = box.intent()
        now = box.post(f"/v1/payment_intents/{intent['id']}", {
            'allowed_payment_method_types': ['card']}).json
        self.assertEqual(now['payment_method_types'], ['card'])
        self.assertIsNone(now['automatic_payment_methods'])
        now = box.post(f"/v1/payment_intents/{intent['id']}", {
            'allowed_payment_method_types': ''}).json
        self.assertTrue(now['automatic_payment_methods']['enabled'])

    def test_what_is_held_can_be_captured_by_its_charge(self):
        held = box.pay(payment_method_options={
            'card': {'capture_method': 'manual'}}).json
        self.assertEqual(held['status'], 'requires_capture')
        url = f"/v1/charges/{held['latest_charge']}"
        self.assertEqual(
            box.post(f'{url}/capture', {'amount': 1000}).error['code'],
            'amount_too_large')
        now = box.post(f'{url}/capture', {'amount': 500}).json
        self.assertEqual((now['captured'], now['amount_captured']),
                         (True, 500))
        self.assertEqual(box.get(
            f"/v1/payment_intents/{held['id']}").json['amount_received'], 500)
        self.assertEqual(box.post(f'{url}/capture').error['code'],
                         'charge_already_captured')

    def test_what_is_held_is_let_go(self):
        for end in ('cancel', 'expire'):
            held = box.pay(capture_method='manual').json
            url = f"/v1/payment_intents/{held['id']}"
            if end == 'cancel':
                box.post(f'{url}/cancel')
            else:
                box.advance(6 * 86400)
                self.assertEqual(box.get(url).json['status'],
                                 'requires_capture')
                box.advance(2 * 86400)
            now = box.get(url).json
            self.assertEqual(
                (now['status'], now['cancellation_reason'],
                 now['amount_capturable']),
                ('canceled', None if end == 'cancel' else 'automatic', 0))
            charge = box.get(f"/v1/charges/{held['latest_charge']}", {
                'expand': ['refunds']}).json
            self.assertEqual(
                (charge['captured'], charge['refunded'],
                 charge['amount_captured'], charge['balance_transaction']),
                (False, True, 0, None))
            refund, = charge['refunds']['data']
            self.assertEqual(
                (refund['reason'], refund['balance_transaction']),
                (None if end == 'cancel' else 'expired_uncaptured_charge',
                 None))
            self.assertEqual(told(charge['id'])[-1], 'charge.refunded'
                             if end == 'cancel' else 'charge.expired')

    def test_a_charge_is_told_about(self):
        paid = box.pay(transfer_group='g1').json
        url = f"/v1/charges/{paid['latest_charge']}"
        customer = box.customer()
        now = box.post(url, {
            'customer': customer, 'description': 'd',
            'fraud_details': {'user_report': 'safe'},
            'shipping': {'name': 'A', 'address': {'city': 'x'}}}).json
        self.assertEqual(now['customer'], customer)
        self.assertEqual(now['fraud_details'], {'user_report': 'safe'})
        self.assertIsNone(now['shipping']['address']['line1'])
        self.assertEqual(box.post(url, {
            'customer': box.customer()}).error['param'], 'customer')
        listed = box.get('/v1/charges', {'transfer_group': 'g1'}).json
        self.assertEqual([c['id'] for c in listed['data']],
                         [paid['latest_charge']])
        listed = box.get('/v1/charges', {
            'customer': customer, 'payment_intent': paid['id']}).json
        self.assertEqual(len(listed['data']), 1)


if __name__ == '__main__':
    unittest.main()
