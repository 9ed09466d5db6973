"""What is sold and what is taken off it: products, prices, coupons, codes."""

import unittest

from sandbox import Sandbox


def setUpModule():
    global box
    box = Sandbox().up()


def tearDownModule():
    box.down()


def ids(answer):
    return [row['id'] for row in answer.json['data']]


def types(**params):
    return [event['type'] for event in box.get(
        '/v1/events', params).json['data']]


class Products(unittest.TestCase):
    def test_one_is_made_changed_and_deleted(self):
        made = box.post('/v1/products', {
            'name': 'Starter', 'description': 'Ten tokens',
            'metadata': {'package': 'starter'},
            'marketing_features': [{'name': 'never expires'}],
            'images': ['https://example.com/a.png']})
        self.assertEqual(made.status, 200, made)
        product = made.json
        self.assertEqual(product['object'], 'product')
        self.assertTrue(product['active'])
        self.assertEqual(product['type'], 'service')
        self.assertIsNone(product['default_price'])
        self.assertEqual(product['updated'], product['created'])
        changed = box.post(f"/v1/products/{product['id']}", {
            'name': 'Starter pack', 'description': '', 'images': '',
            'active': False}).json
        self.assertEqual(changed['name'], 'Starter pack')
        self.assertIsNone(changed['description'])
        self.assertEqual(changed['images'], [])
        self.assertFalse(changed['active'])
        gone = box.call('DELETE', f"/v1/products/{product['id']}")
        self.assertEqual(gone.json, {
            'id': product['id'], 'object': 'product', 'deleted': True})
        self.assertEqual(
            box.get(f"/v1/products/{product['id']}").status, 404)
        self.assertEqual(
            types(types=['product.created', 'product.updated',
                         'product.deleted'], limit=3),
            ['product.deleted', 'product.updated', 'product.created'])

    def test_a_name_of_ones_own_is_taken_once(self):
        self.assertEqual(box.post('/v1/products', {
            'name': 'A', 'id': 'pack_own'}).json['id'], 'pack_own')
        again = box.post('/v1/products', {'name': 'B', 'id': 'pack_own'})
        self.assertEqual(again.error['code'], 'resource_already_exists')
        self.assertEqual(again.error['param'], 'id')
        wrong = box.post('/v1/products', {'name': 'B', 'id': 'a b'})
        self.assertEqual(wrong.error['param'], 'id')

    def test_a_default_price_comes_with_it(self):
        product = box.post('/v1/products', {
            'name': 'Monthly', 'default_price_data': {
                'currency': 'USD', 'unit_amount': 1999,
                'recurring': {'interval': 'month'}},
            'expand': ['default_price']}).json
        price = product['default_price']
        self.assertEqual(price['product'], product['id'])
        self.assertEqual(price['currency'], 'usd')
        self.assertEqual(price['recurring'], {
            'interval': 'month', 'interval_count': 1, 'meter': None,
            'trial_period_days': None, 'usage_type': 'licensed'})
        kept = box.call('DELETE', f"/v1/products/{product['id']}")
        self.assertEqual(kept.status, 400)
        self.assertIn('prices', kept.error['message'])
        other = box.post('/v1/prices', {
            'currency': 'usd', 'unit_amount': 1,
            'product_data': {'name': 'Other'}}).json
        refused = box.post(f"/v1/products/{product['id']}", {
            'default_price': other['id']})
        self.assertEqual(refused.error['param'], 'default_price')

    def test_lists_are_filtered(self):
        one = box.post('/v1/products', {
            'name': 'One', 'active': False, 'url': 'https://x.example/1'}).json
        two = box.post('/v1/products', {'name': 'Two', 'shippable': True}).json
        listed = box.get('/v1/products', {'active': False, 'limit': 100})
        self.assertIn(one['id'], ids(listed))
        self.assertNotIn(two['id'], ids(listed))
        self.assertEqual(ids(box.get('/v1/products', {
            'ids': [one['id'], two['id'], 'prod_none']})),
            [two['id'], one['id']])
        self.assertEqual(ids(box.get('/v1/products', {
            'url': 'https://x.example/1'})), [one['id']])
        self.assertEqual(ids(box.get('/v1/products', {
            'shippable': True})), [two['id']])


class Prices(unittest.TestCase):
    def setUp(self):
        self.product = box.post('/v1/products', {'name': 'P'}).json['id']

    def price(self, **params):
        return box.post('/v1/prices', {
            'currency': 'usd', 'product': self.product, **params})

    def test_amounts_may_be_finer_than_a_cent(self):
        price = self.price(unit_amount_decimal='0.50').json
        self.assertIsNone(price['unit_amount'])
        self.assertEqual(price['unit_amount_decimal'], '0.5')
        price = self.price(unit_amount_decimal='999.000').json
        self.assertEqual(price['unit_amount'], 999)
        self.assertEqual(price['unit_amount_decimal'], '999')
        self.assertEqual(price['type'], 'one_time')
        self.assertEqual(price['tax_behavior'], 'unspecified')
        for wrong in ('1e3', '-1', '0.1234567890123', '.5', 'x', '1.'):
            answer = self.price(unit_amount_decimal=wrong)
            self.assertEqual(answer.status, 400, wrong)
            self.assertEqual(answer.error['param'], 'unit_amount_decimal')

    def test_exactly_one_amount_and_one_product(self):
        self.assertEqual(
            self.price().error['code'], 'parameter_missing')
        answer = box.post('/v1/prices', {'currency': 'usd', 'unit_amount': 1})
        self.assertEqual(answer.error['param'], 'product')
        answer = self.price(unit_amount=1, product_data={'name': 'x'})
        self.assertEqual(answer.error['code'], 'parameters_exclusive')
        answer = self.price(unit_amount=5, currency='xxx')
        self.assertEqual(answer.error['param'], 'currency')
        answer = self.price(unit_amount=5, recurring={
            'interval': 'year', 'interval_count': 4})
        self.assertEqual(
            answer.error['param'], 'recurring[interval_count]')

    def test_a_lookup_key_names_one_price(self):
        first = self.price(unit_amount=1, lookup_key='k').json
        self.assertEqual(first['lookup_key'], 'k')
        refused = self.price(unit_amount=2, lookup_key='k')
        self.assertEqual(refused.error['param'], 'lookup_key')
        second = self.price(
            unit_amount=2, lookup_key='k', transfer_lookup_key=True).json
        self.assertIsNone(
            box.get(f"/v1/prices/{first['id']}").json['lookup_key'])
        self.assertEqual(
            ids(box.get('/v1/prices', {'lookup_keys': ['k', 'none']})),
            [second['id']])
        moved = box.post(f"/v1/prices/{first['id']}", {
            'lookup_key': 'k', 'transfer_lookup_key': True})
        self.assertEqual(moved.json['lookup_key'], 'k')

    def test_other_currencies_are_shown_when_asked_for(self):
        price = self.price(unit_amount=1000, currency_options={
            'eur': {'unit_amount': 900}}).json
        self.assertNotIn('currency_options', price)
        self.assertNotIn('tiers', price)
        options = box.get(f"/v1/prices/{price['id']}", {
            'expand': ['currency_options']}).json['currency_options']
        self.assertEqual(sorted(options), ['eur', 'usd'])
        self.assertEqual(options['eur'], {
            'custom_unit_amount': None, 'tax_behavior': 'unspecified',
            'unit_amount': 900, 'unit_amount_decimal': '900'})
        listed = box.get('/v1/prices', {
            'product': self.product, 'expand': ['data.currency_options']})
        self.assertIn('usd', listed.json['data'][0]['currency_options'])

    def test_tiers(self):
        tiers = [{'up_to': 10, 'unit_amount': 100},
                 {'up_to': 'inf', 'unit_amount_decimal': '80.5',
                  'flat_amount': 7}]
        price = self.price(billing_scheme='tiered', tiers_mode='volume',
                           tiers=tiers, expand=['tiers'])
        self.assertEqual(price.status, 200, price)
        self.assertIsNone(price.json['unit_amount'])
        self.assertEqual(price.json['tiers'], [
            {'flat_amount': None, 'flat_amount_decimal': None,
             'unit_amount': 100, 'unit_amount_decimal': '100', 'up_to': 10},
            {'flat_amount': 7, 'flat_amount_decimal': '7',
             'unit_amount': None, 'unit_amount_decimal': '80.5',
             'up_to': None}])
        for wrong in (tiers[:1], list(reversed(tiers)), [{'up_to': 'inf'}]):
            answer = self.price(billing_scheme='tiered', tiers_mode='volume',
                                tiers=wrong)
            self.assertEqual(answer.error['param'], 'tiers')
        self.assertEqual(
            self.price(billing_scheme='tiered', tiers=tiers).error['param'],
            'tiers_mode')
        self.assertEqual(
            self.price(unit_amount=1, tiers=tiers).error['param'], 'tiers')

    def test_lists_are_filtered(self):
        month = self.price(
            unit_amount=5, recurring={'interval': 'month'}).json['id']
        year = self.price(
            unit_amount=5, recurring={'interval': 'year'}).json['id']
        once = self.price(unit_amount=5, currency='eur').json['id']
        box.post(f'/v1/prices/{year}', {'active': False})

        def found(**params):
            return ids(box.get(
                '/v1/prices', {'product': self.product, **params}))

        self.assertEqual(found(), [once, year, month])
        self.assertEqual(found(active=True), [once, month])
        self.assertEqual(found(type='one_time'), [once])
        self.assertEqual(found(currency='eur'), [once])
        self.assertEqual(found(recurring={'interval': 'year'}), [year])
        shown = box.get(f'/v1/prices/{once}', {'expand': ['product']}).json
        self.assertEqual(shown['product']['id'], self.product)

    def test_what_is_agreed_stays(self):
        price = self.price(unit_amount=5, tax_behavior='inclusive').json['id']
        answer = box.post(f'/v1/prices/{price}', {'unit_amount': 6})
        self.assertEqual(answer.error['code'], 'parameter_unknown')
        answer = box.post(f'/v1/prices/{price}', {'tax_behavior': 'exclusive'})
        self.assertEqual(answer.error['param'], 'tax_behavior')


class Plans(unittest.TestCase):
    """What recurring prices were before; each is one still."""

    def test_a_plan_is_a_price(self):
        made = box.post('/v1/plans', {
            'currency': 'usd', 'interval': 'month', 'amount': 1999,
            'product': {'name': 'Monthly'}, 'metadata': {'a': 'b'}})
        self.assertEqual(made.status, 200, made)
        plan = made.json
        self.assertTrue(plan['id'].startswith('plan_'))
        self.assertEqual(plan['object'], 'plan')
        self.assertEqual(plan['amount_decimal'], '1999')
        price = box.get(f"/v1/prices/{plan['id']}").json
        self.assertEqual(price['unit_amount'], 1999)
        self.assertEqual(price['recurring']['interval'], 'month')
        changed = box.post(f"/v1/plans/{plan['id']}", {
            'nickname': 'M', 'trial_period_days': 7})
        self.assertEqual(changed.json['trial_period_days'], 7)
        told = box.get('/v1/events', {'type': 'plan.updated'}).json['data']
        self.assertEqual(told[0]['data']['previous_attributes'], {
            'nickname': None, 'trial_period_days': None})
        whole = box.get(f"/v1/plans/{plan['id']}", {'expand': ['product']})
        self.assertEqual(whole.json['product']['name'], 'Monthly')
        listed = box.get('/v1/plans', {'product': plan['product']})
        self.assertEqual(listed.json['url'], '/v1/plans')
        self.assertEqual(listed.json['data'][0]['object'], 'plan')
        self.assertEqual(ids(listed), [plan['id']])
        gone = box.call('DELETE', f"/v1/plans/{plan['id']}").json
        self.assertEqual(gone, {
            'id': plan['id'], 'object': 'plan', 'deleted': True})
        self.assertEqual(box.get(f"/v1/plans/{plan['id']}").status, 404)

    def test_a_product_is_named_or_made(self):
        product = box.post('/v1/products', {'name': 'P'}).json['id']
        plan = box.post('/v1/plans', {
            'id': 'gold', 'currency': 'usd', 'interval': 'year',
            'amount_decimal': '0.5', 'product': product}).json
        self.assertEqual(plan['id'], 'gold')
        self.assertEqual(plan['product'], product)
        self.assertIsNone(plan['amount'])
        once = box.post('/v1/prices', {
            'currency': 'usd', 'unit_amount': 1, 'product': product}).json
        self.assertEqual(box.get(f"/v1/plans/{once['id']}").status, 404)
        answer = box.post('/v1/plans', {
            'currency': 'usd', 'interval': 'year', 'amount': 5})
        self.assertEqual(answer.error['param'], 'product')


class Search(unittest.TestCase):
    def test_products_and_prices_are_found(self):
        price = box.post('/v1/prices', {
            'currency': 'usd', 'unit_amount': 5, 'lookup_key': 'found_me',
            'product_data': {'name': 'Quite unique'}}).json
        self.assertEqual(ids(box.get('/v1/products/search', {
            'query': 'name~"unique" AND active:"true"'})), [price['product']])
        self.assertEqual(ids(box.get('/v1/prices/search', {
            'query': 'lookup_key:"found_me"'})), [price['id']])


class Coupons(unittest.TestCase):
    def test_a_share_and_an_amount(self):
        share = box.post('/v1/coupons', {
            'percent_off': '33.25', 'duration': 'repeating',
            'duration_in_months': 3, 'name': 'A third'}).json
        self.assertEqual(share['percent_off'], 33.25)
        self.assertEqual(share['duration_in_months'], 3)
        self.assertTrue(share['valid'])
        self.assertEqual(share['times_redeemed'], 0)
        amount = box.post('/v1/coupons', {
            'amount_off': 500, 'currency': 'USD', 'id': 'FIVE'}).json
        self.assertEqual(amount['id'], 'FIVE')
        self.assertEqual(amount['currency'], 'usd')
        self.assertEqual(amount['duration'], 'once')
        self.assertIsNone(amount['percent_off'])
        again = box.post('/v1/coupons', {'percent_off': 5, 'id': 'FIVE'})
        self.assertEqual(again.error['code'], 'resource_already_exists')
        self.assertEqual(again.error['message'], 'Coupon already exists.')
        gone = box.call('DELETE', '/v1/coupons/FIVE').json
        self.assertEqual(gone, {
            'id': 'FIVE', 'object': 'coupon', 'deleted': True})
        self.assertEqual(box.get('/v1/coupons/FIVE').status, 404)

    def test_what_cannot_be_one(self):
        for params, param in (
                ({}, 'percent_off'),
                ({'percent_off': 0}, 'percent_off'),
                ({'percent_off': 101}, 'percent_off'),
                ({'percent_off': 5, 'amount_off': 5}, 'percent_off'),
                ({'amount_off': 5}, 'currency'),
                ({'percent_off': 5, 'duration': 'repeating'},
                 'duration_in_months'),
                ({'percent_off': 5, 'duration_in_months': 2},
                 'duration_in_months'),
                ({'percent_off': 5, 'redeem_by': 5}, 'redeem_by'),
                ({'percent_off': 5, 'applies_to': {'products': ['prod_x']}},
                 'applies_to[products]')):
            answer = box.post('/v1/coupons', params)
            self.assertEqual(answer.status, 400, params)
            self.assertEqual(answer.error['param'], param, answer)

    def test_time_ends_it(self):
        start = box.post('/v1/coupons', {'percent_off': 5}).json['created']
        coupon = box.post('/v1/coupons', {
            'percent_off': 5, 'redeem_by': start + 3600}).json['id']
        code = box.post('/v1/promotion_codes', {
            'promotion': {'type': 'coupon', 'coupon': coupon}}).json['id']
        box.advance(7200)
        self.assertFalse(box.get(f'/v1/coupons/{coupon}').json['valid'])
        self.assertFalse(
            box.get(f'/v1/promotion_codes/{code}').json['active'])


class Codes(unittest.TestCase):
    def code(self, **params):
        coupon = box.post('/v1/coupons', {'percent_off': 10}).json['id']
        return coupon, box.post('/v1/promotion_codes', {
            'promotion': {'type': 'coupon', 'coupon': coupon}, **params})

    def test_one_is_made_and_found(self):
        customer = box.customer()
        coupon, made = self.code(
            code='Spring', max_redemptions=5, customer=customer,
            restrictions={'first_time_transaction': True,
                          'minimum_amount': 500,
                          'minimum_amount_currency': 'usd'})
        self.assertEqual(made.status, 200, made)
        code = made.json
        self.assertEqual(
            code['promotion'], {'coupon': coupon, 'type': 'coupon'})
        self.assertEqual(code['restrictions'], {
            'first_time_transaction': True, 'minimum_amount': 500,
            'minimum_amount_currency': 'usd'})
        for params in ({'code': 'Spring', 'active': True},
                       {'coupon': coupon}, {'customer': customer}):
            self.assertEqual(
                ids(box.get('/v1/promotion_codes', params)), [code['id']])
        whole = box.get(f"/v1/promotion_codes/{code['id']}", {
            'expand': ['promotion.coupon', 'customer']}).json
        self.assertEqual(whole['promotion']['coupon']['percent_off'], 10)
        self.assertEqual(whole['customer']['id'], customer)
        off = box.post(
            f"/v1/promotion_codes/{code['id']}", {'active': False}).json
        self.assertFalse(off['active'])
        self.assertEqual(ids(box.get('/v1/promotion_codes', {
            'code': 'Spring', 'active': True})), [])

    def test_an_active_code_is_there_once_whatever_its_case(self):
        self.code(code='ONCE')
        _, again = self.code(code='once')
        self.assertEqual(again.error['param'], 'code')
        _, wrong = self.code(code='a b')
        self.assertEqual(wrong.error['param'], 'code')
        self.assertRegex(self.code()[1].json['code'], '^[0-9A-Z]{8}$')

    def test_it_needs_a_coupon(self):
        answer = box.post('/v1/promotion_codes', {'code': 'X'})
        self.assertEqual(answer.error['code'], 'parameter_missing')
        answer = box.post('/v1/promotion_codes', {
            'promotion': {'type': 'coupon', 'coupon': 'none'}})
        self.assertEqual(answer.error['param'], 'promotion[coupon]')
        answer = box.post('/v1/promotion_codes', {'coupon': 'none'})
        self.assertEqual(answer.error['code'], 'parameter_unknown')


if __name__ == '__main__':
    unittest.main()
