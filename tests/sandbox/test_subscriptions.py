"""How a subscription begins: its first invoice, its trial."""

import unittest

from lives import DAY, START, Life, at, lines, period, settle


def setUpModule():
    global box, basic, pro
    box, basic, pro = settle()


def tearDownModule():
    box.down()


class First(Life):
    def test_the_first_invoice_is_paid_at_once(self):
        sub = self.subscribe(metadata={'order': '1'})
        self.assertEqual(sub['status'], 'active')
        self.assertEqual(sub['currency'], 'usd')
        self.assertEqual(sub['test_clock'], self.clock)
        self.assertEqual(sub['billing_mode']['type'], 'flexible')
        self.assertEqual(sub['billing_cycle_anchor'], START)
        self.assertEqual(period(sub), (START, at('2027-02-28T12:00:00')))
        invoice = sub['latest_invoice']
        self.assertEqual(invoice['status'], 'paid')
        self.assertEqual(invoice['billing_reason'], 'subscription_create')
        self.assertEqual(invoice['amount_paid'], 1999)
        self.assertEqual(
            invoice['parent']['subscription_details'],
            {'subscription': sub['id'], 'metadata': {'order': '1'}})
        self.assertEqual(
            lines(invoice), [(1999, '1 × Basic (at $19.99 / month)')])
        line = invoice['lines']['data'][0]
        self.assertEqual(line['period'], {
            'start': START, 'end': at('2027-02-28T12:00:00')})
        types = [e['type'] for e in self.events(
            'customer.subscription.created', 'customer.subscription.updated',
            'invoice.created', 'invoice.finalized', 'invoice.paid')]
        self.assertEqual(sorted(types), [
            'customer.subscription.created', 'customer.subscription.updated',
            'invoice.created', 'invoice.finalized', 'invoice.paid'])

    def test_a_browser_can_pay_it_later(self):
        sub = self.subscribe(
            payment_behavior='default_incomplete',
            payment_settings={
                'save_default_payment_method': 'on_subscription'})
        self.assertEqual(sub['status'], 'incomplete')
        invoice = sub['latest_invoice']
        self.assertEqual(invoice['status'], 'open')
        self.assertEqual(invoice['attempt_count'], 0)
        self.assertEqual(
            invoice['confirmation_secret']['type'], 'payment_intent')
        self.assertEqual(self.pay_intent(invoice).status, 200)
        now = self.read(sub)
        self.assertEqual(now['status'], 'active')
        self.assertEqual(now['latest_invoice']['status'], 'paid')
        self.assertNotEqual(now['default_payment_method'], None)
        self.assertNotEqual(now['default_payment_method'], self.card)

    def test_or_never_does(self):
        sub = self.subscribe(payment_behavior='default_incomplete')
        self.go(START + 23 * 3600 - 1)
        self.assertEqual(self.read(sub)['status'], 'incomplete')
        self.go(START + 23 * 3600)
        now = self.read(sub)
        self.assertEqual(now['status'], 'incomplete_expired')
        self.assertEqual(now['ended_at'], START + 23 * 3600)
        self.assertEqual(now['latest_invoice']['status'], 'void')
        self.assertEqual(self.events('customer.subscription.deleted'), [])
        self.go(START + 100 * DAY)
        self.assertEqual(len(self.invoices(sub)), 1)

    def test_a_card_that_declines_leaves_it_incomplete(self):
        self.card_does('insufficient_funds')
        sub = self.subscribe()
        self.assertEqual(sub['status'], 'incomplete')
        self.assertEqual(sub['latest_invoice']['attempt_count'], 1)
        self.assertIsNone(sub['latest_invoice']['next_payment_attempt'])
        self.card_does('ok')
        paid = box.post(f"/v1/invoices/{sub['latest_invoice']['id']}/pay")
        self.assertEqual(paid.json['status'], 'paid')
        self.assertEqual(self.read(sub)['status'], 'active')

    def test_or_nothing_where_that_was_asked_for(self):
        self.card_does('insufficient_funds')
        answer = box.post('/v1/subscriptions', {
            'customer': self.customer, 'items': [{'price': basic}],
            'payment_behavior': 'error_if_incomplete'},
            headers={'Idempotency-Key': f'strict-{self.customer}'})
        self.assertEqual(answer.status, 402)
        self.assertEqual(answer.error['code'], 'card_declined')
        self.assertEqual(box.get('/v1/subscriptions', {
            'customer': self.customer, 'status': 'all'}).json['data'], [])
        self.assertEqual(box.get('/v1/invoices', {
            'customer': self.customer}).json['data'], [])
        self.assertEqual(self.events('customer.subscription.created'), [])
        self.card_does('ok')
        again = box.post('/v1/subscriptions', {
            'customer': self.customer, 'items': [{'price': basic}],
            'payment_behavior': 'error_if_incomplete'},
            headers={'Idempotency-Key': f'strict-{self.customer}'})
        self.assertEqual(again.status, 402)
        self.assertEqual(again.headers['Idempotent-Replayed'], 'true')

    def test_a_challenge_leaves_it_incomplete_until_it_is_passed(self):
        box.control('POST', 'card', customer=self.customer,
                    result='authentication_required')
        sub = self.subscribe()
        self.assertEqual(sub['status'], 'incomplete')
        self.assertEqual(
            len(self.events('invoice.payment_action_required')), 1)
        secret = sub['latest_invoice']['confirmation_secret']['client_secret']
        done = box.control(
            'POST', 'challenge', outcome='complete', client_secret=secret,
            payment_intent=secret.split('_secret_')[0])
        self.assertEqual(done.json['status'], 'succeeded')
        self.assertEqual(self.read(sub)['status'], 'active')

    def test_one_that_is_sent_is_active_and_its_invoice_a_draft(self):
        sub = self.subscribe(
            collection_method='send_invoice', days_until_due=7)
        self.assertEqual(sub['status'], 'active')
        self.assertEqual(sub['latest_invoice']['status'], 'draft')
        self.go(START + 3600)
        invoice = self.read(sub)['latest_invoice']
        self.assertEqual(invoice['status'], 'open')
        self.assertEqual(invoice['due_date'], START + 3600 + 7 * DAY)
        self.go(START + 3600 + 7 * DAY)
        self.assertEqual(len(self.events('invoice.overdue')), 1)
        self.assertEqual(self.read(sub)['status'], 'past_due')
        box.post(f"/v1/invoices/{invoice['id']}/pay", {
            'paid_out_of_band': True})
        self.assertEqual(self.read(sub)['status'], 'active')

    def test_a_method_that_is_detached_is_nobodys_default(self):
        sub = self.subscribe(default_payment_method=self.card)
        self.assertEqual(sub['default_payment_method'], self.card)
        box.post(f'/v1/payment_methods/{self.card}/detach')
        self.assertIsNone(self.read(sub)['default_payment_method'])
        self.go(at('2027-02-28T13:00:00'))
        now = self.read(sub)
        self.assertEqual(now['status'], 'past_due')
        self.assertEqual(now['latest_invoice']['attempt_count'], 1)

    def test_discounts_are_taken_off(self):
        coupon = box.post('/v1/coupons', {
            'percent_off': 25, 'duration': 'once'}).json['id']
        code = box.post('/v1/promotion_codes', {
            'promotion': {'type': 'coupon', 'coupon': coupon}}).json['id']
        sub = self.subscribe(discounts=[{'promotion_code': code}])
        self.assertEqual(sub['latest_invoice']['subtotal'], 1999)
        self.assertEqual(sub['latest_invoice']['total'], 1499)
        self.go(at('2027-02-28T14:00:00'))
        self.assertEqual(self.read(sub)['latest_invoice']['total'], 1999)

    def test_what_is_sold_beside_it_is_on_the_first_invoice(self):
        product = box.post('/v1/products', {'name': 'Setup'}).json['id']
        fee = box.post('/v1/prices', {
            'product': product, 'unit_amount': 500,
            'currency': 'usd'}).json['id']
        sub = self.subscribe(
            add_invoice_items=[{'price': fee, 'quantity': 2}])
        self.assertEqual(sorted(lines(sub['latest_invoice'])), [
            (1000, 'Setup'), (1999, '1 × Basic (at $19.99 / month)')])

    def test_a_later_anchor_makes_the_first_period_short(self):
        anchor = START + 7 * DAY
        sub = self.subscribe(billing_cycle_anchor=anchor)
        self.assertEqual(period(sub), (START, anchor))
        # The month before the anchor has 31 days.
        self.assertEqual(
            sub['latest_invoice']['total'], round(1999 * 7 / 31))
        self.go(anchor + 2 * 3600)
        now = self.read(sub)
        self.assertEqual(period(now), (anchor, at('2027-03-07T12:00:00')))
        self.assertEqual(now['latest_invoice']['total'], 1999)

    def test_a_day_of_the_month_outlives_a_short_one(self):
        sub = self.subscribe(billing_cycle_anchor_config={
            'day_of_month': 31, 'hour': 0, 'minute': 0, 'second': 0})
        self.assertEqual(period(sub)[1], at('2027-02-28T00:00:00'))
        self.go(at('2027-03-01T00:00:00'))
        self.assertEqual(
            period(self.read(sub))[1], at('2027-03-31T00:00:00'))

    def test_one_that_began_in_the_past_owes_for_it(self):
        sub = self.subscribe(backdate_start_date=at('2026-12-31T12:00:00'))
        self.assertEqual(sub['start_date'], at('2026-12-31T12:00:00'))
        self.assertEqual(sub['latest_invoice']['total'], 2 * 1999)

    def test_what_cannot_be_is_refused_by_name(self):
        once = box.post('/v1/prices', {
            'product': box.post('/v1/products', {'name': 'x'}).json['id'],
            'unit_amount': 100, 'currency': 'usd'}).json['id']
        year = box.price(9999, recurring={'interval': 'year'})
        other = box.customer(payment_method='pm_card_visa')
        stolen = box.get('/v1/payment_methods', {
            'customer': other}).json['data'][0]['id']
        items = [{'price': basic}]
        for params, param in (
                ({'items': [{'price': 'price_no'}]}, 'items[0][price]'),
                ({'items': [{'price': once}]}, 'items[0][price]'),
                ({'items': [{'quantity': 1}]}, 'items[0][price]'),
                ({'items': items + items}, 'items'),
                ({'items': items + [{'price': year}],
                  'billing_mode': {'type': 'classic'}}, 'items'),
                ({'items': items, 'customer': 'cus_no'}, 'customer'),
                ({'items': items, 'default_payment_method': stolen},
                 'default_payment_method'),
                ({'items': items, 'trial_end': START - 1}, 'trial_end'),
                ({'items': items, 'trial_end': 'soon'}, 'trial_end'),
                ({'items': items, 'billing_cycle_anchor': START + 40 * DAY},
                 'billing_cycle_anchor'),
                ({'items': items, 'collection_method': 'send_invoice'},
                 'days_until_due'),
                ({'items': items, 'cancel_at': START}, 'cancel_at'),
                ({'items': items, 'payment_behavior':
                  'pending_if_incomplete'}, 'payment_behavior'),
                ({'items': items, 'color': 'red'}, 'color')):
            answer = box.post('/v1/subscriptions', {
                'customer': self.customer, **params})
            self.assertEqual(answer.status, 400, (params, answer))
            self.assertEqual(answer.error['param'], param, answer)


class Currency(Life):
    def test_a_customer_has_one(self):
        self.subscribe()
        self.assertEqual(box.get(
            f'/v1/customers/{self.customer}').json['currency'], 'usd')
        euro = box.price(1000, 'Euro', currency='eur')
        answer = box.post('/v1/subscriptions', {
            'customer': self.customer, 'items': [{'price': euro}]})
        self.assertEqual(answer.status, 400)
        self.assertIn('combine currencies', answer.error['message'])


class Poor(Life):
    method = None

    def test_without_a_method_nothing_is_subscribed(self):
        answer = box.post('/v1/subscriptions', {
            'customer': self.customer, 'items': [{'price': basic}]})
        self.assertEqual(answer.status, 400)
        self.assertEqual(answer.error['code'], 'resource_missing')
        self.assertEqual(box.get('/v1/subscriptions', {
            'customer': self.customer, 'status': 'all'}).json['data'], [])

    def test_a_trial_asks_for_a_method(self):
        sub = self.subscribe(
            trial_period_days=10, expand=['pending_setup_intent'])
        self.assertEqual(sub['status'], 'trialing')
        setup = sub['pending_setup_intent']
        self.assertEqual(setup['status'], 'requires_payment_method')
        answer = box.post(f"/v1/setup_intents/{setup['id']}/confirm", {
            'payment_method': 'pm_card_visa',
            'return_url': 'https://example.com'})
        self.assertEqual(answer.status, 200, answer)
        now = self.read(sub)
        self.assertIsNone(now['pending_setup_intent'])
        self.assertEqual(
            now['default_payment_method'], answer.json['payment_method'])
        self.go(START + 10 * DAY + 2 * 3600)
        self.assertEqual(self.read(sub)['latest_invoice']['status'], 'paid')

    def test_or_ends_as_it_was_told(self):
        def settings(what):
            return {'end_behavior': {'missing_payment_method': what}}
        ends = {}
        for what in ('cancel', 'pause', 'create_invoice'):
            ends[what] = self.subscribe(
                trial_period_days=5, trial_settings=settings(what))
        self.go(START + 5 * DAY + 2 * 3600)
        self.assertEqual(self.read(ends['cancel'])['status'], 'canceled')
        paused = self.read(ends['pause'])
        self.assertEqual(paused['status'], 'paused')
        self.assertEqual(
            paused['status_details']['paused']['subscription']['type'],
            'trial_end_without_payment_method')
        self.assertEqual(len(self.events('customer.subscription.paused')), 1)
        unpaid = self.read(ends['create_invoice'])
        self.assertEqual(unpaid['status'], 'past_due')
        self.assertEqual(unpaid['latest_invoice']['amount_due'], 1999)


    def test_it_does_so_when_it_is_ended_by_hand(self):
        sub = self.subscribe(
            trial_period_days=5, trial_settings={
                'end_behavior': {'missing_payment_method': 'pause'}})
        self.go(START + DAY)
        sub = self.update(sub, trial_end='now')
        self.assertEqual(sub['status'], 'paused')
        self.assertEqual(sub['trial_end'], START + DAY)


class Trial(Life):
    def test_nothing_is_due_until_it_ends(self):
        sub = self.subscribe(trial_period_days=30)
        end = START + 30 * DAY
        self.assertEqual(sub['status'], 'trialing')
        self.assertEqual((sub['trial_start'], sub['trial_end']), (START, end))
        self.assertEqual(sub['billing_cycle_anchor'], end)
        self.assertEqual(period(sub), (START, end))
        self.assertEqual(sub['latest_invoice']['status'], 'paid')
        self.assertEqual(
            lines(sub['latest_invoice']), [(0, 'Trial period for Basic')])
        self.go(end - 1)
        notice = self.events('customer.subscription.trial_will_end')
        self.assertEqual([e['created'] for e in notice], [end - 3 * DAY])
        self.go(end)
        now = self.read(sub)
        self.assertEqual(now['status'], 'active')
        self.assertEqual(now['latest_invoice']['status'], 'draft')
        self.assertEqual(
            now['latest_invoice']['billing_reason'], 'subscription_cycle')
        self.go(end + 3600)
        self.assertEqual(self.read(sub)['latest_invoice']['amount_paid'], 1999)

    def test_a_short_one_is_noticed_at_once(self):
        self.subscribe(trial_period_days=1)
        self.go(START + 60)
        notice = self.events('customer.subscription.trial_will_end')
        self.assertEqual([e['created'] for e in notice], [START])

    def test_it_can_be_ended_now(self):
        sub = self.subscribe(trial_period_days=30)
        self.go(START + 3 * DAY)
        sub = self.update(sub, trial_end='now')
        self.assertEqual(sub['status'], 'active')
        self.assertEqual(sub['trial_end'], START + 3 * DAY)
        self.assertEqual(sub['billing_cycle_anchor'], START + 3 * DAY)
        self.assertEqual(sub['latest_invoice']['amount_paid'], 1999)
        self.assertEqual(
            sub['latest_invoice']['billing_reason'], 'subscription_update')

    def test_or_prolonged(self):
        sub = self.subscribe(trial_period_days=5)
        first = sub['latest_invoice']['id']
        end = START + 20 * DAY
        sub = self.update(sub, trial_end=end)
        self.assertEqual(sub['status'], 'trialing')
        self.assertEqual(period(sub), (START, end))
        self.assertEqual(sub['latest_invoice']['id'], first)

    def test_its_end_can_leave_the_anchor_alone(self):
        sub = self.subscribe(
            trial_period_days=14, trial_settings={'end_behavior': {
                'missing_payment_method': 'create_invoice',
                'billing_cycle_anchor': 'unchanged'}})
        self.assertEqual(sub['billing_cycle_anchor'], START)
        self.go(START + 14 * DAY + 3600)
        now = self.read(sub)
        self.assertEqual(period(now), (
            START + 14 * DAY, at('2027-02-28T12:00:00')))
        self.assertEqual(now['latest_invoice']['amount_paid'], 1000)

    def test_or_begun_later(self):
        sub = self.subscribe()
        self.go(START + 14 * DAY)
        sub = self.update(sub, trial_end=START + 21 * DAY)
        self.assertEqual(sub['status'], 'trialing')
        self.assertEqual(sub['latest_invoice']['total'], -round(1999 / 2))
        self.assertEqual(box.get(f'/v1/customers/{self.customer}').json[
            'balance'], -round(1999 / 2))


class Looking(Life):
    def test_lists_and_filters(self):
        active, gone = self.subscribe(), self.subscribe(price=pro)
        box.call('DELETE', f"/v1/subscriptions/{gone['id']}")

        def ids(**params):
            return [s['id'] for s in box.get('/v1/subscriptions', {
                'customer': self.customer, **params}).json['data']]
        self.assertEqual(ids(), [active['id']])
        self.assertEqual(ids(status='all'), [gone['id'], active['id']])
        self.assertEqual(ids(status='canceled'), [gone['id']])
        self.assertEqual(ids(status='ended'), [gone['id']])
        self.assertEqual(ids(status='trialing'), [])
        self.assertEqual(ids(price=basic), [active['id']])
        self.assertEqual(ids(price=pro), [])
        self.update(active, proration_behavior='none', items=[{'price': pro}])
        self.assertEqual(ids(price=pro), [active['id']])
        self.assertEqual(
            ids(current_period_end={'gt': START + 40 * DAY}), [])
        without = box.get('/v1/subscriptions', {'limit': 100}).json['data']
        self.assertNotIn(active['id'], [s['id'] for s in without])
        clocked = box.get('/v1/subscriptions', {
            'test_clock': self.clock}).json['data']
        self.assertEqual([s['id'] for s in clocked], [active['id']])
        customer = box.get(f'/v1/customers/{self.customer}', {
            'expand': ['subscriptions']}).json
        self.assertEqual(
            [s['id'] for s in customer['subscriptions']['data']],
            [active['id']])

    def test_search(self):
        sub = self.subscribe(metadata={'order': self.customer})
        found = box.get('/v1/subscriptions/search', {
            'query': f"status:'active' AND "
                     f"metadata['order']:'{self.customer}'"}).json
        self.assertEqual([s['id'] for s in found['data']], [sub['id']])

    def test_a_price_that_is_renamed_shows_at_once(self):
        own = box.price(800, 'Own')
        sub = self.subscribe(price=own)
        box.post(f'/v1/prices/{own}', {
            'nickname': 'own', 'metadata': {'tokens': '8'}})
        item = self.read(sub)['items']['data'][0]
        self.assertEqual(item['price']['nickname'], 'own')
        self.assertEqual(item['plan']['metadata'], {'tokens': '8'})
        self.assertEqual(box.get(
            f"/v1/subscription_items/{item['id']}").json, item)

    def test_expansion_goes_into_its_items(self):
        sub = self.subscribe(expand=[
            'items.data.price.product', 'customer', 'latest_invoice.payments'])
        self.assertEqual(
            sub['items']['data'][0]['price']['product']['name'], 'Basic')
        self.assertEqual(sub['customer']['id'], self.customer)
        self.assertEqual(
            sub['latest_invoice']['payments']['data'][0]['status'], 'paid')


if __name__ == '__main__':
    unittest.main()
