"""The billing portal: configurations, sessions, and pages that work."""

import html
import unittest
import urllib.parse

from sandbox import Sandbox


def setUpModule():
    global box
    box = Sandbox().up()


def tearDownModule():
    box.down()


def price(amount, name):
    product = box.post('/v1/products', {'name': name}).json['id']
    return box.post('/v1/prices', {
        'product': product, 'currency': 'usd', 'unit_amount': amount,
        'recurring': {'interval': 'month'}}).json


def enter(customer, **params):
    return box.post('/v1/billing_portal/sessions', {
        'customer': customer, 'return_url': 'https://shop.example/account',
        **params})


class Portal(unittest.TestCase):
    def setUp(self):
        self.customer = box.customer(
            email='ada@example.com', payment_method='pm_card_visa')
        self.method = box.get(
            f'/v1/customers/{self.customer}/payment_methods').json['data'][0]
        box.post(f'/v1/customers/{self.customer}', {'invoice_settings': {
            'default_payment_method': self.method['id']}})
        self.basic, self.pro = price(1999, 'Basic'), price(5999, 'Pro')

    def subscribe(self, **params):
        return box.post('/v1/subscriptions', {
            'customer': self.customer,
            'items': [{'price': self.basic['id']}], **params}).json

    def configure(self, **features):
        return box.post('/v1/billing_portal/configurations', {
            'features': features}).json['id']

    def page(self, made, more=''):
        answer = box.raw('GET', made['url'].removeprefix(box.url) + more)
        self.assertEqual(answer.status, 200, answer)
        return html.unescape(answer.body.decode())

    def press(self, made, action, **fields):
        secret = made['url'].partition('session=')[2]
        return box.raw('POST', '/_hosted/portal', urllib.parse.urlencode({
            'session': secret, 'action': action, **fields}),
            {'Content-Type': 'application/x-www-form-urlencoded'})

    def read(self, subscription):
        return box.get(f"/v1/subscriptions/{subscription['id']}").json

    def test_a_session_opens_the_page(self):
        subscription = self.subscribe()
        made = enter(self.customer).json
        self.assertRegex(made['id'], '^bps_')
        self.assertEqual(
            (made['object'], made['customer'], made['flow']),
            ('billing_portal.session', self.customer, None))
        text = self.page(made)
        for part in ('Basic, 19.99 USD every month: active, renews on',
                     'visa ending in 4242', 'ada@example.com',
                     'https://shop.example/account', 'Simulated payments'):
            self.assertIn(part, text)
        invoice = box.get(
            f"/v1/invoices/{subscription['latest_invoice']}").json
        self.assertIn(invoice['number'], text)
        self.assertIn(invoice['hosted_invoice_url'], text)
        self.assertNotIn('Change plan', text)

    def test_a_subscription_is_canceled_and_kept_after_all(self):
        subscription = self.subscribe()
        made = enter(self.customer).json
        done = self.press(made, 'cancel', id=subscription['id'])
        self.assertEqual(done.status, 303)
        now = self.read(subscription)
        self.assertEqual(now['status'], 'active')
        self.assertEqual(now['cancel_at'],
                         now['items']['data'][0]['current_period_end'])
        self.assertIn('ends on', self.page(made))
        self.press(made, 'resume', id=subscription['id'])
        now = self.read(subscription)
        self.assertEqual((now['cancel_at'], now['cancel_at_period_end']),
                         (None, False))
        at_once = enter(self.customer, configuration=self.configure(
            subscription_cancel={'enabled': True, 'mode': 'immediately'})
                        ).json
        self.press(at_once, 'cancel', id=subscription['id'])
        self.assertEqual(self.read(subscription)['status'], 'canceled')
        self.assertNotIn('Cancel subscription', self.page(at_once))

    def test_a_plan_is_changed_to_one_that_is_named(self):
        subscription = self.subscribe()
        configuration = self.configure(subscription_update={
            'enabled': True, 'default_allowed_updates': ['price'],
            'proration_behavior': 'none', 'products': [
                {'product': p['product'], 'prices': [p['id']]}
                for p in (self.basic, self.pro)]})
        made = enter(self.customer, configuration=configuration).json
        text = self.page(made)
        self.assertIn('Pro, 59.99 USD every month</option>', text)
        other = price(1, 'Secret')
        self.assertEqual(self.press(
            made, 'change', id=subscription['id'], price=other['id']).status,
                         403)
        done = self.press(made, 'change', id=subscription['id'],
                          price=self.pro['id'])
        self.assertEqual(done.status, 303)
        item, = self.read(subscription)['items']['data']
        self.assertEqual(item['price']['id'], self.pro['id'])

    def test_cards_are_added_chosen_and_removed(self):
        made = enter(self.customer).json
        away = self.press(made, 'add')
        self.assertEqual(away.status, 303)
        session = away.headers['Location'].partition('session=')[2]
        box.control('POST', 'checkout', session=session,
                    payment_method='pm_card_mastercard')
        back = box.raw('GET', f'/_hosted/checkout/done?session={session}')
        url = back.headers['Location']
        self.assertIn(f'&added={session}', url)
        box.raw('GET', url.removeprefix(box.url))
        customer = box.get(f'/v1/customers/{self.customer}', {
            'expand': ['invoice_settings.default_payment_method']}).json
        chosen = customer['invoice_settings']['default_payment_method']
        self.assertEqual(chosen['card']['brand'], 'mastercard')
        self.press(made, 'default', id=self.method['id'])
        self.assertEqual(box.get(f'/v1/customers/{self.customer}').json[
            'invoice_settings']['default_payment_method'], self.method['id'])
        self.press(made, 'remove', id=chosen['id'])
        left = box.get(
            f'/v1/customers/{self.customer}/payment_methods').json['data']
        self.assertEqual([m['id'] for m in left], [self.method['id']])

    def test_customers_change_what_they_may(self):
        made = enter(self.customer).json
        self.press(made, 'update', email='new@example.com', name='Ada')
        now = box.get(f'/v1/customers/{self.customer}').json
        self.assertEqual((now['email'], now['name']),
                         ('new@example.com', 'Ada'))
        only = enter(self.customer, configuration=self.configure(
            customer_update={'enabled': True, 'allowed_updates': ['name']})
                     ).json
        self.assertEqual(
            self.press(only, 'update', email='x@example.com').status, 403)
        self.assertEqual(self.press(only, 'update', name='Eve').status, 303)

    def test_what_is_not_offered_cannot_be_done(self):
        subscription = self.subscribe()
        made = enter(self.customer, configuration=self.configure(
            invoice_history={'enabled': True})).json
        for action, fields in (
                ('cancel', {'id': subscription['id']}),
                ('resume', {'id': subscription['id']}),
                ('change', {'id': subscription['id'],
                            'price': self.pro['id']}),
                ('remove', {'id': self.method['id']}),
                ('default', {'id': self.method['id']}),
                ('update', {'name': 'x'}), ('add', {})):
            self.assertEqual(self.press(made, action, **fields).status, 403)
        mine = enter(self.customer).json
        stranger = box.customer(payment_method='pm_card_visa')
        theirs = box.get(
            f'/v1/customers/{stranger}/payment_methods').json['data'][0]
        self.assertIn(self.press(mine, 'remove', id=theirs['id']).status,
                      (400, 404))

    def test_a_flow_offers_one_thing_and_leads_back(self):
        subscription = self.subscribe()
        made = enter(self.customer, flow_data={
            'type': 'subscription_cancel',
            'subscription_cancel': {'subscription': subscription['id']},
            'after_completion': {'type': 'redirect', 'redirect': {
                'return_url': 'https://shop.example/bye'}}}).json
        self.assertEqual(made['flow']['type'], 'subscription_cancel')
        self.assertEqual(made['flow']['subscription_cancel'], {
            'retention': None, 'subscription': subscription['id']})
        text = self.page(made)
        self.assertIn('Cancel subscription', text)
        self.assertNotIn('Add a payment method', text)
        self.assertEqual(self.press(made, 'add').status, 403)
        done = self.press(made, 'cancel', id=subscription['id'])
        self.assertEqual(done.headers['Location'], 'https://shop.example/bye')
        made = enter(self.customer, flow_data={
            'type': 'payment_method_update', 'after_completion': {
                'type': 'hosted_confirmation', 'hosted_confirmation': {
                    'custom_message': 'Thank you, Ada.'}}}).json
        done = self.press(made, 'default', id=self.method['id'])
        self.assertIn('Thank you, Ada.', html.unescape(box.raw(
            'GET', done.headers['Location']).body.decode()))

    def test_a_flow_must_be_possible(self):
        stranger = box.customer(payment_method='pm_card_visa')
        theirs = box.post('/v1/subscriptions', {
            'customer': stranger, 'items': [{'price': self.basic['id']}],
            'default_payment_method': box.get(
                f'/v1/customers/{stranger}/payment_methods'
            ).json['data'][0]['id']}).json
        for flow, param in (
                ({'type': 'subscription_cancel'},
                 'flow_data[subscription_cancel][subscription]'),
                ({'type': 'subscription_cancel', 'subscription_cancel': {
                    'subscription': theirs['id']}},
                 'flow_data[subscription_cancel][subscription]'),
                ({'type': 'subscription_update', 'subscription_update': {
                    'subscription': theirs['id']}}, 'flow_data[type]'),
                ({'type': 'party'}, 'flow_data[type]')):
            answer = enter(self.customer, flow_data=flow)
            self.assertEqual(answer.status, 400, flow)
            self.assertEqual(answer.error['param'], param)

    def test_where_it_leads_is_a_page(self):
        flow = {'type': 'payment_method_update'}
        for after in ({'type': 'redirect'},
                      {'type': 'redirect', 'redirect': {
                          'return_url': 'https://x.example/\r\nA: b'}}):
            answer = enter(self.customer, flow_data={
                **flow, 'after_completion': after})
            self.assertEqual(answer.status, 400, after)
            self.assertEqual(
                answer.error['param'],
                'flow_data[after_completion][redirect][return_url]')
        answer = box.post('/v1/billing_portal/configurations', {
            'features': {'invoice_history': {'enabled': True}},
            'default_return_url': 'x'})
        self.assertEqual(answer.error['param'], 'default_return_url')

    def test_a_link_ends(self):
        made = enter(self.customer).json
        box.advance(1801)
        path = made['url'].removeprefix(box.url)
        self.assertEqual(box.raw('GET', path).status, 404)
        self.assertEqual(
            box.raw('GET', '/_hosted/portal?session=test_no').status, 404)


class Configurations(unittest.TestCase):
    URL = '/v1/billing_portal/configurations'

    def test_they_are_made_changed_and_listed(self):
        enter(box.customer())
        default, = box.get(self.URL, {'is_default': True}).json['data']
        self.assertTrue(default['features']['invoice_history']['enabled'])
        self.assertFalse(
            default['features']['subscription_update']['enabled'])
        made = box.post(self.URL, {
            'business_profile': {'headline': 'Hello'}, 'name': 'n',
            'features': {'invoice_history': {'enabled': True}}}).json
        self.assertRegex(made['id'], '^bpc_')
        self.assertEqual(made['business_profile']['headline'], 'Hello')
        self.assertIsNone(made['business_profile']['privacy_policy_url'])
        self.assertFalse(made['is_default'])
        url = f"{self.URL}/{made['id']}"
        now = box.post(url, {
            'active': False, 'metadata': {'a': 'b'}, 'features': {
                'subscription_cancel': {
                    'enabled': True, 'cancellation_reason': {
                        'enabled': True, 'options': ['unused']}}}}).json
        self.assertTrue(now['features']['invoice_history']['enabled'])
        self.assertEqual(
            now['features']['subscription_cancel']['cancellation_reason'],
            {'enabled': True, 'feedback_options': None,
             'options': ['unused']})
        self.assertEqual(box.get(url).json, now)
        listed = box.get(self.URL, {'active': False}).json['data']
        self.assertEqual([x['id'] for x in listed], [made['id']])
        answer = enter(box.customer(), configuration=made['id'])
        self.assertEqual(answer.error['param'], 'configuration')
        answer = box.post(f"{self.URL}/{default['id']}", {'active': False})
        self.assertEqual(answer.error['param'], 'active')
        types = {e['type'] for e in box.get('/v1/events').json['data']}
        self.assertLessEqual({
            'billing_portal.configuration.created',
            'billing_portal.configuration.updated',
            'billing_portal.session.created'}, types)

    def test_what_does_not_fit_is_refused(self):
        for params, param in (
                ({}, 'features'),
                ({'features': {'party': {'enabled': True}}},
                 'features[party]'),
                ({'features': {'subscription_update': {'enabled': True}}},
                 'features[subscription_update][products]'),
                ({'features': {'subscription_cancel': {
                    'enabled': True, 'mode': 'later'}}},
                 'features[subscription_cancel][mode]'),
                ({'features': {'invoice_history': {'enabled': True}},
                  'login_page': {'enabled': True}}, 'login_page[enabled]')):
            answer = box.post(self.URL, params)
            self.assertEqual(answer.status, 400, params)
            self.assertEqual(answer.error['param'], param)
        for params, param in (
                ({'customer': 'cus_no'}, 'customer'), ({}, 'customer'),
                ({'customer': box.customer(), 'return_url': 'x'},
                 'return_url'),
                ({'customer': box.customer(), 'configuration': 'bpc_no'},
                 'configuration')):
            answer = box.post('/v1/billing_portal/sessions', params)
            self.assertEqual(answer.error['param'], param)


if __name__ == '__main__':
    unittest.main()
