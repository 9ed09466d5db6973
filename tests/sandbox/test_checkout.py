"""Checkout Sessions: paying, saving and waiting on a hosted page."""

import unittest

from sandbox import Sandbox

SUCCESS = 'https://shop.example/done?session={CHECKOUT_SESSION_ID}'


def setUpModule():
    global box
    box = Sandbox().up()


def tearDownModule():
    box.down()


def create(**params):
    return box.post('/v1/checkout/sessions', {
        'mode': 'payment', 'success_url': SUCCESS, **params})


def item(amount=999, quantity=1, name='Tokens', **price):
    return {'quantity': quantity, 'price_data': {
        'currency': 'usd', 'unit_amount': amount,
        'product_data': {'name': name}, **price}}


def session(**params):
    return create(**{'line_items': [item()], **params}).json


def read(made, **params):
    return box.get(f"/v1/checkout/sessions/{made['id']}", params).json


def pay(made, method='pm_card_visa', **more):
    return box.control('POST', 'checkout', session=made['id'],
                       payment_method=method, **more)


def told(made):
    events = box.get('/v1/events', {'limit': 100}).json['data']
    return [e['type'].removeprefix('checkout.session.')
            for e in reversed(events)
            if e['data']['object']['id'] == made['id']]


class Payment(unittest.TestCase):
    def test_it_is_paid(self):
        made = session(
            line_items=[item(999, 2, 'Starter'), item(100, 1, 'Extra')],
            client_reference_id='u1', metadata={'k': 'v'},
            payment_intent_data={'metadata': {'vantage_order': 'o1'}})
        self.assertRegex(made['id'], '^cs_test_')
        self.assertEqual(
            [made[name] for name in (
                'object', 'status', 'payment_status', 'amount_subtotal',
                'amount_total', 'currency', 'payment_intent', 'ui_mode',
                'client_reference_id', 'customer_creation')],
            ['checkout.session', 'open', 'unpaid', 2098, 2098, 'usd', None,
             'hosted_page', 'u1', 'if_required'])
        self.assertIn(made['id'], made['url'])
        done = pay(made, email='ada@example.com').json
        self.assertEqual(
            (done['status'], done['payment_status'], done['url'],
             done['customer']), ('complete', 'paid', None, None))
        self.assertEqual(
            done['customer_details']['email'], 'ada@example.com')
        intent = box.get(f"/v1/payment_intents/{done['payment_intent']}").json
        self.assertEqual(
            (intent['status'], intent['amount'], intent['metadata']),
            ('succeeded', 2098, {'vantage_order': 'o1'}))
        self.assertEqual(told(made), ['completed'])
        self.assertEqual(pay(made).status, 400)

    def test_its_items_are_listed_in_order(self):
        made = session(line_items=[item(1000, 1, 'One'), item(10, 3, 'Two')])
        self.assertNotIn('line_items', made)
        listed = read(made, expand=['line_items'])['line_items']
        self.assertEqual(
            [(i['description'], i['quantity'], i['amount_total'],
              i['object']) for i in listed['data']],
            [('One', 1, 1000, 'item'), ('Two', 3, 30, 'item')])
        self.assertEqual(listed['data'][0]['price']['unit_amount'], 1000)
        self.assertEqual(box.get(listed['url']).json['data'], listed['data'])

    def test_prices_and_discounts(self):
        product = box.post('/v1/products', {'name': 'Pack'}).json['id']
        price = box.post('/v1/prices', {
            'product': product, 'currency': 'usd', 'unit_amount': 333}
        ).json['id']
        percent = box.post('/v1/coupons', {'percent_off': '12.5'}).json['id']
        made = session(line_items=[{'price': price, 'quantity': 3}, item(1)],
                       discounts=[{'coupon': percent}])
        self.assertEqual(
            (made['amount_subtotal'], made['amount_total'],
             made['total_details']['amount_discount']), (1000, 875, 125))
        items = read(made, expand=['line_items'])['line_items']['data']
        self.assertEqual(sum(i['amount_discount'] for i in items), 125)
        self.assertEqual(sum(i['amount_total'] for i in items), 875)
        self.assertEqual(made['discounts'],
                         [{'coupon': percent, 'promotion_code': None}])
        paid = pay(made).json['payment_intent']
        self.assertEqual(
            box.get(f'/v1/payment_intents/{paid}').json['amount'], 875)
        whole = box.post('/v1/coupons', {
            'amount_off': 5000, 'currency': 'usd'}).json['id']
        free = session(discounts=[{'coupon': whole}])
        self.assertEqual((free['amount_total'], free['payment_status']),
                         (0, 'no_payment_required'))
        done = pay(free).json
        self.assertEqual((done['status'], done['payment_intent']),
                         ('complete', None))

    def test_a_code_is_redeemed_when_it_is_paid(self):
        coupon = box.post('/v1/coupons', {
            'percent_off': 10, 'max_redemptions': 1}).json['id']
        code = box.post('/v1/promotion_codes', {
            'promotion': {'type': 'coupon', 'coupon': coupon},
            'restrictions': {'minimum_amount': 900,
                             'minimum_amount_currency': 'usd'}}).json['id']
        used = lambda: box.get(
            f'/v1/coupons/{coupon}').json['times_redeemed']
        low = create(line_items=[item(500)],
                     discounts=[{'promotion_code': code}])
        self.assertEqual(low.status, 400, low)
        made = session(discounts=[{'promotion_code': code}])
        self.assertEqual(made['amount_total'], 899)
        self.assertEqual(used(), 0)
        self.assertEqual(pay(made).json['status'], 'complete')
        self.assertEqual(used(), 1)
        late = create(line_items=[item()], discounts=[{'coupon': coupon}])
        self.assertEqual(late.status, 400)

    def test_a_coupon_is_for_its_products_only(self):
        products = [box.post('/v1/products', {'name': n}).json['id']
                    for n in 'ab']
        prices = [box.post('/v1/prices', {
            'product': p, 'currency': 'usd', 'unit_amount': 1000}).json['id']
                  for p in products]
        coupon = box.post('/v1/coupons', {
            'percent_off': 50, 'applies_to': {'products': products[:1]}}
        ).json['id']
        made = session(line_items=[{'price': p} for p in prices],
                       discounts=[{'coupon': coupon}])
        items = read(made, expand=['line_items'])['line_items']['data']
        self.assertEqual([i['amount_total'] for i in items], [500, 1000])

    def test_a_decline_leaves_it_open(self):
        made = session()
        answer = pay(made, 'pm_card_chargeDeclined')
        self.assertEqual(answer.status, 402)
        intent = answer.error['payment_intent']['id']
        self.assertEqual(read(made)['status'], 'open')
        done = pay(made, 'pm_card_threeDSecure2Required',
                   outcome='complete').json
        self.assertEqual((done['status'], done['payment_intent']),
                         ('complete', intent))

    def test_the_official_cli_pays_as_a_page_does(self):
        made = session()
        page = f"/v1/payment_pages/{made['id']}"
        self.assertEqual(box.get(page).json['id'], made['id'])

        def confirm(name='pm_card_visa', **more):
            method = box.post('/v1/payment_methods', {
                'type': 'card', 'card': {'token': name},
                'billing_details': {'email': 'page@example.com'}}).json['id']
            return box.post(f'{page}/confirm', {
                'payment_method': method, **more})
        wrong = confirm('tok_visa', expected_amount=998)
        self.assertEqual(wrong.error['param'], 'expected_amount')
        self.assertEqual(
            confirm('tok_chargeDeclined').error['code'], 'card_declined')
        self.assertEqual(read(made)['status'], 'open')
        none = box.post(f'{page}/confirm', {'payment_method': 'pm_none'})
        self.assertEqual(none.error['param'], 'payment_method')
        done = confirm('tok_visa', expected_amount=999).json
        self.assertEqual((done['status'], done['payment_status']),
                         ('complete', 'paid'))
        self.assertEqual(
            done['customer_details']['email'], 'page@example.com')

    def test_what_takes_days_is_told_later(self):
        for method, end in (
                ('pm_usBankAccount_success', 'async_payment_succeeded'),
                ('pm_usBankAccount_noAccount', 'async_payment_failed')):
            made = session()
            done = pay(made, method).json
            self.assertEqual((done['status'], done['payment_status']),
                             ('complete', 'unpaid'))
            box.advance(5 * 86400)
            self.assertEqual(
                read(made)['payment_status'],
                'paid' if end.endswith('succeeded') else 'unpaid')
            self.assertEqual(told(made), ['completed', end])

    def test_a_customer_is_made_when_wished(self):
        made = session(customer_creation='always',
                       customer_email='new@example.com')
        done = pay(made).json
        customer = box.get(f"/v1/customers/{done['customer']}").json
        self.assertEqual(customer['email'], 'new@example.com')
        known = box.customer(email='old@example.com', name='Old')
        done = pay(session(customer=known)).json
        self.assertEqual(done['customer'], known)
        self.assertEqual(
            (done['customer_details']['email'],
             done['customer_details']['name']), ('old@example.com', 'Old'))
        listed = box.get('/v1/checkout/sessions', {
            'customer': known, 'status': 'complete'}).json['data']
        self.assertEqual([s['id'] for s in listed], [done['id']])
        listed = box.get('/v1/checkout/sessions', {'customer_details': {
            'email': 'new@example.com'}}).json['data']
        self.assertEqual([s['id'] for s in listed], [made['id']])


class Subscription(unittest.TestCase):
    MONTHLY = item(1999, recurring={'interval': 'month'})

    def test_a_customer_subscribes(self):
        made = session(mode='subscription', line_items=[self.MONTHLY],
                       subscription_data={'metadata': {'plan': 'basic'}})
        self.assertEqual(
            (made['amount_total'], made['subscription'],
             made['customer_creation']), (1999, None, 'always'))
        self.assertEqual(pay(made, 'pm_card_chargeDeclined',
                             email='sub@example.com').status, 402)
        done = pay(made).json
        self.assertEqual(
            (done['status'], done['payment_status'],
             done['payment_intent']), ('complete', 'paid', None))
        subscription = box.get(f"/v1/subscriptions/{done['subscription']}", {
            'expand': ['default_payment_method', 'customer']}).json
        self.assertEqual(subscription['status'], 'active')
        self.assertEqual(subscription['metadata'], {'plan': 'basic'})
        self.assertEqual(subscription['customer']['email'],
                         'sub@example.com')
        self.assertEqual(
            subscription['default_payment_method']['card']['last4'], '4242')
        invoice = box.get(f"/v1/invoices/{done['invoice']}").json
        self.assertEqual((invoice['status'], invoice['amount_paid']),
                         ('paid', 1999))
        self.assertEqual(told(made), ['completed'])

    def test_something_is_sold_with_it(self):
        made = session(mode='subscription',
                       line_items=[self.MONTHLY, item(500, 2, 'Setup')])
        self.assertEqual(made['amount_total'], 2999)
        done = pay(made).json
        self.assertEqual(box.get(
            f"/v1/invoices/{done['invoice']}").json['amount_paid'], 2999)

    def test_a_trial_asks_for_a_card_only(self):
        made = session(mode='subscription', line_items=[self.MONTHLY],
                       subscription_data={'trial_period_days': 7})
        self.assertEqual(made['amount_total'], 0)
        done = pay(made).json
        self.assertEqual(
            (done['status'], done['payment_status']),
            ('complete', 'no_payment_required'))
        subscription = box.get(
            f"/v1/subscriptions/{done['subscription']}").json
        self.assertEqual(subscription['status'], 'trialing')
        self.assertIsNotNone(subscription['default_payment_method'])

    def test_a_coupon_comes_off(self):
        coupon = box.post('/v1/coupons', {'percent_off': 50}).json['id']
        made = session(mode='subscription', line_items=[self.MONTHLY],
                       discounts=[{'coupon': coupon}])
        done = pay(made).json
        self.assertEqual(made['amount_total'], box.get(
            f"/v1/invoices/{done['invoice']}").json['amount_paid'])


class Other(unittest.TestCase):
    def test_a_card_is_saved(self):
        customer = box.customer()
        made = create(mode='setup', currency='usd', customer=customer,
                      setup_intent_data={'metadata': {'a': 'b'}}).json
        self.assertEqual(
            (made['amount_total'], made['payment_status'], made['mode']),
            (None, 'no_payment_required', 'setup'))
        done = pay(made).json
        self.assertEqual(done['status'], 'complete')
        intent = box.get(f"/v1/setup_intents/{done['setup_intent']}").json
        self.assertEqual((intent['status'], intent['metadata']),
                         ('succeeded', {'a': 'b'}))
        self.assertEqual(len(box.get(
            f'/v1/customers/{customer}/payment_methods').json['data']), 1)

    def test_it_is_shown_on_a_page_of_the_site(self):
        for mode in ('embedded_page', 'elements'):
            made = box.post('/v1/checkout/sessions', {
                'mode': 'payment', 'ui_mode': mode, 'line_items': [item()],
                'return_url': 'https://shop.example/back'}).json
            self.assertIsNone(made['url'])
            self.assertTrue(
                made['client_secret'].startswith(made['id'] + '_secret_'))
            self.assertEqual(made['redirect_on_completion'], 'always')

    def test_it_expires(self):
        made = session()
        self.assertEqual(made['expires_at'] - made['created'], 86400)
        pay(made, 'pm_card_chargeDeclined')
        url = f"/v1/checkout/sessions/{made['id']}/expire"
        now = box.post(url).json
        self.assertEqual((now['status'], now['url']), ('expired', None))
        self.assertEqual(box.post(url).status, 400)
        self.assertEqual(pay(made).status, 400)
        self.assertEqual(told(made), ['expired'])
        made = session(expires_at=box.get('/v1/events').json['data'][0][
            'created'] + 3600)
        box.advance(3700)
        self.assertEqual(read(made)['status'], 'expired')

    def test_its_intent_is_not_canceled_beside_it(self):
        made = session()
        intent = pay(made, 'pm_card_chargeDeclined').error[
            'payment_intent']['id']
        url = f'/v1/payment_intents/{intent}'
        self.assertEqual(box.post(f'{url}/cancel').status, 400)
        box.post(f"/v1/checkout/sessions/{made['id']}/expire")
        self.assertEqual(box.get(url).json['status'], 'canceled')

    def test_what_does_not_fit_is_refused(self):
        recurring = item(recurring={'interval': 'month'})
        for params, param in (
                ({'mode': 'gift'}, 'mode'),
                ({'line_items': ''}, 'line_items'),
                ({'line_items': [{'quantity': 1}]}, 'line_items[0][price]'),
                ({'line_items': [{'price': 'price_no'}]},
                 'line_items[0][price]'),
                ({'line_items': [recurring]}, 'line_items[0]'),
                ({'mode': 'subscription'}, 'line_items'),
                ({'mode': 'setup'}, 'line_items'),
                ({'success_url': 'done'}, 'success_url'),
                ({'success_url': 'https://x.example/\r\nA: b'}, 'success_url'),
                ({'return_url': 'https://x.example'}, 'return_url'),
                ({'ui_mode': 'elements'}, 'success_url'),
                ({'customer': 'cus_no'}, 'customer'),
                ({'customer_email': 'nobody'}, 'customer_email'),
                ({'expires_at': 1}, 'expires_at'),
                ({'subscription_data': {'description': 'x'}},
                 'subscription_data'),
                ({'discounts': [{'coupon': 'no'}]}, 'discounts[0][coupon]'),
                ({'payment_method_types': ['card']},
                 'payment_method_types'),
                ({'gift_wrap': True}, 'gift_wrap')):
            answer = create(**{'line_items': [item()], **params})
            self.assertEqual(answer.status, 400, params)
            self.assertEqual(answer.error['param'], param)
        without = box.post('/v1/checkout/sessions', {
            'mode': 'payment', 'line_items': [item()]})
        self.assertEqual(without.error['param'], 'success_url')
        self.assertEqual(box.get('/v1/checkout/sessions/cs_no').status, 404)


class Page(unittest.TestCase):
    def path(self, made):
        return made['url'].removeprefix(box.url)

    def test_it_shows_what_is_sold_and_asks_for_an_address(self):
        made = session(line_items=[item(999, 2, 'A <b> pack')],
                       cancel_url='https://shop.example/cart')
        page = box.raw('GET', self.path(made))
        self.assertEqual(page.status, 200)
        text = page.body.decode()
        self.assertIn('2 × A &lt;b&gt; pack', text)
        self.assertIn('19.98 USD', text)
        self.assertIn('type="email"', text)
        self.assertIn('https://shop.example/cart', text)
        self.assertIn("frame-src 'self'",
                      page.headers['Content-Security-Policy'])
        known = session(customer=box.customer())
        page = box.raw('GET', self.path(known))
        self.assertNotIn(b'type="email"', page.body)

    def test_it_leads_on_when_it_is_complete(self):
        made = session()
        started = box.raw(
            'POST', '/_hosted/checkout',
            f"session={made['id']}&email=a%40example.com",
            {'Content-Type': 'application/x-www-form-urlencoded'}).json
        self.assertEqual(started['kind'], 'payment')
        self.assertRegex(started['client_secret'], '^pi_.*_secret_')
        done = f"/_hosted/checkout/done?session={made['id']}"
        self.assertIn('/_hosted/checkout?session=',
                      box.raw('GET', done).headers['Location'])
        intent = started['client_secret'].partition('_secret_')[0]
        box.control('POST', 'confirm', payment_intent=intent)
        self.assertEqual(
            box.raw('GET', done).headers['Location'],
            f"https://shop.example/done?session={made['id']}")
        page = box.raw('GET', self.path(made))
        self.assertIn(b'complete', page.body)
        self.assertNotIn(b'checkout.js', page.body)


if __name__ == '__main__':
    unittest.main()
