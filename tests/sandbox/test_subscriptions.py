"""The life of a subscription: its first invoice, its periods, its end."""

import datetime
import random
import unittest

from sandbox import Sandbox

DAY = 86400


def at(text):
    return int(datetime.datetime.fromisoformat(
        f'{text}+00:00').timestamp())


START = at('2027-01-31T12:00:00')


def setUpModule():
    global box, basic, pro
    box = Sandbox().up()
    basic = box.price(1999, 'Basic')
    pro = box.price(5999, 'Pro')


def tearDownModule():
    box.down()


class Life(unittest.TestCase):
    """A customer on a clock of its own, with a card that pays."""

    method = 'pm_card_visa'
    start = START

    def setUp(self):
        self.clock = box.test_clock(self.start)
        params = {'test_clock': self.clock}
        if self.method is not None:
            params['payment_method'] = self.method
        self.customer = box.customer(**params)
        if self.method is not None:
            self.card = box.get('/v1/payment_methods', {
                'customer': self.customer}).json['data'][0]['id']
            box.post(f'/v1/customers/{self.customer}', {
                'invoice_settings': {'default_payment_method': self.card}})

    def subscribe(self, price=None, **params):
        answer = box.post('/v1/subscriptions', {
            'customer': self.customer, 'items': [{'price': price or basic}],
            'expand': ['latest_invoice.confirmation_secret'], **params})
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def update(self, sub, **params):
        answer = box.post(f"/v1/subscriptions/{sub['id']}", {
            'expand': ['latest_invoice.confirmation_secret'], **params})
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def read(self, sub):
        return box.get(f"/v1/subscriptions/{sub['id']}", {
            'expand': ['latest_invoice']}).json

    def go(self, to):
        """Moves the clock there, by what it may go at once."""
        now = box.get(
            f'/v1/test_helpers/test_clocks/{self.clock}').json['frozen_time']
        while now < to:
            now = min(to, now + 50 * DAY)
            moved = box.advance_clock(self.clock, now)
            self.assertIsInstance(moved, dict, moved)

    def card_does(self, result):
        box.control('POST', 'card', customer=self.customer, result=result)

    def invoices(self, sub, **params):
        return box.get('/v1/invoices', {
            'subscription': sub['id'], 'limit': 100, **params}).json['data']

    def events(self, *types):
        """[type, time after the start] of the events of this customer."""
        mine = []
        for kind in types:
            for event in box.get('/v1/events', {
                    'type': kind, 'limit': 100}).json['data']:
                if event['data']['object'].get('customer') == self.customer:
                    mine.append(event)
        return sorted(mine, key=lambda event: event['created'])

    def pay_intent(self, invoice, method='pm_card_visa', **params):
        secret = invoice['confirmation_secret']['client_secret']
        return box.post(
            f"/v1/payment_intents/{secret.split('_secret_')[0]}/confirm",
            {'payment_method': method,
             'return_url': 'https://example.com', **params})


def period(sub, item=0):
    data = sub['items']['data'][item]
    return data['current_period_start'], data['current_period_end']


def lines(invoice):
    return [(line['amount'], line['description'])
            for line in invoice['lines']['data']]


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


class Renewal(Life):
    def test_three_renewals_with_a_failing_one_in_the_middle(self):
        sub = self.subscribe()
        ends = [at(f'2027-{day}T12:00:00') for day in (
            '02-28', '03-31', '04-30', '05-31')]
        self.go(ends[0] - 7 * DAY)
        upcoming = self.events('invoice.upcoming')
        self.assertEqual(
            [e['created'] for e in upcoming], [ends[0] - 7 * DAY])
        self.assertNotIn('id', upcoming[0]['data']['object'])
        self.assertEqual(upcoming[0]['data']['object']['total'], 1999)
        # The first goes through, an hour after it was drafted.
        self.go(ends[0])
        now = self.read(sub)
        self.assertEqual(period(now), (ends[0], ends[1]))
        self.assertEqual(now['latest_invoice']['status'], 'draft')
        self.assertEqual(
            (now['latest_invoice']['period_start'],
             now['latest_invoice']['period_end']), (START, ends[0]))
        self.go(ends[0] + 3600)
        self.assertEqual(self.read(sub)['latest_invoice']['status'], 'paid')
        # The second fails twice, and then the card works again.
        self.card_does('insufficient_funds')
        self.go(ends[1] + 3600)
        now = self.read(sub)
        failing = now['latest_invoice']
        self.assertEqual(now['status'], 'past_due')
        self.assertEqual(failing['attempt_count'], 1)
        self.assertEqual(
            failing['next_payment_attempt'], ends[1] + 3600 + 3 * DAY)
        self.go(ends[1] + 3600 + 3 * DAY)
        failing = self.read(sub)['latest_invoice']
        self.assertEqual(failing['attempt_count'], 2)
        self.assertEqual(
            failing['next_payment_attempt'], ends[1] + 3600 + 8 * DAY)
        self.card_does('ok')
        self.go(ends[1] + 3600 + 8 * DAY)
        now = self.read(sub)
        self.assertEqual(now['status'], 'active')
        self.assertEqual(now['latest_invoice']['id'], failing['id'])
        self.assertEqual(now['latest_invoice']['status'], 'paid')
        self.assertEqual(now['latest_invoice']['attempt_count'], 3)
        # The third is on the old anchor again.
        self.go(ends[2] + 3600)
        now = self.read(sub)
        self.assertEqual(period(now), (ends[2], ends[3]))
        self.assertEqual(now['latest_invoice']['status'], 'paid')
        self.assertEqual(
            [i['billing_reason'] for i in reversed(self.invoices(sub))],
            ['subscription_create'] + 3 * ['subscription_cycle'])
        self.assertEqual(
            [i['lines']['data'][0]['period']['start']
             for i in reversed(self.invoices(sub))], [START] + ends[:3])
        states = [e['data']['previous_attributes'].get('status')
                  for e in self.events('customer.subscription.updated')]
        self.assertEqual([s for s in states if s is not None],
                         ['incomplete', 'active', 'past_due'])
        self.assertEqual(len(self.events('invoice.payment_failed')), 2)
        self.assertEqual(len(self.events('invoice.paid')), 4)

    def test_what_nothing_pays_is_canceled(self):
        sub = self.subscribe()
        self.card_does('card_declined')
        self.go(at('2027-02-28T13:00:00') + 15 * DAY)
        now = self.read(sub)
        self.assertEqual(now['status'], 'canceled')
        self.assertEqual(now['ended_at'], at('2027-02-28T13:00:00') + 15 * DAY)
        self.assertEqual(
            now['cancellation_details']['reason'], 'payment_failed')
        self.assertEqual(now['latest_invoice']['status'], 'open')
        self.assertEqual(now['latest_invoice']['attempt_count'], 4)
        self.assertIsNone(now['latest_invoice']['next_payment_attempt'])
        self.assertFalse(now['latest_invoice']['auto_advance'])
        self.assertEqual(len(self.events('customer.subscription.deleted')), 1)
        self.go(at('2027-05-28T12:00:00'))
        self.assertEqual(len(self.invoices(sub)), 2)

    def test_or_unpaid_where_that_is_set(self):
        self.assertEqual(
            box.control('POST', 'dunning', end='unpaid').status, 200)
        self.addCleanup(box.control, 'POST', 'dunning', end='cancel')
        sub = self.subscribe()
        self.card_does('card_declined')
        self.go(at('2027-02-28T13:00:00') + 15 * DAY)
        self.assertEqual(self.read(sub)['status'], 'unpaid')
        self.go(at('2027-03-31T15:00:00'))
        now = self.read(sub)
        self.assertEqual(now['status'], 'unpaid')
        self.assertEqual(now['latest_invoice']['status'], 'draft')
        self.card_does('ok')
        path = f"/v1/invoices/{now['latest_invoice']['id']}"
        box.post(f'{path}/finalize')
        self.assertEqual(box.post(f'{path}/pay').json['status'], 'paid')
        self.assertEqual(self.read(sub)['status'], 'active')

    def test_what_waits_can_be_billed_at_intervals(self):
        sub = self.subscribe(pending_invoice_item_interval={
            'interval': 'week'})
        self.assertEqual(
            sub['next_pending_invoice_item_invoice'], START + 7 * DAY)
        box.post('/v1/invoiceitems', {
            'customer': self.customer, 'subscription': sub['id'],
            'amount': 700, 'currency': 'usd'})
        self.go(START + 7 * DAY + 3600)
        now = self.read(sub)
        self.assertEqual(now['latest_invoice']['billing_reason'],
                         'automatic_pending_invoice_item_invoice')
        self.assertEqual(now['latest_invoice']['amount_paid'], 700)
        self.assertEqual(
            now['next_pending_invoice_item_invoice'], START + 14 * DAY)
        self.go(START + 15 * DAY)
        self.assertEqual(len(self.invoices(sub)), 2)

    def test_a_pause_of_collection(self):
        for behavior, status in (('keep_as_draft', 'draft'),
                                 ('mark_uncollectible', 'uncollectible'),
                                 ('void', 'void')):
            sub = self.subscribe()
            sub = self.update(sub, pause_collection={
                'behavior': behavior,
                'resumes_at': at('2027-03-15T00:00:00')})
            self.assertEqual(sub['status'], 'active')
            with self.subTest(behavior=behavior):
                clock = box.get(
                    f'/v1/test_helpers/test_clocks/{self.clock}').json
                if clock['frozen_time'] == START:
                    self.go(at('2027-02-28T15:00:00'))
                    now = self.read(sub)
                    self.assertEqual(now['status'], 'active')
                    self.assertEqual(now['latest_invoice']['status'], status)
                    self.go(at('2027-03-31T15:00:00'))
                    now = self.read(sub)
                    self.assertIsNone(now['pause_collection'])
                    self.assertEqual(now['latest_invoice']['status'], 'paid')
            self.setUp()


class Update(Life):
    def test_an_upgrade_is_prorated_to_the_cent(self):
        sub = self.subscribe()
        item = sub['items']['data'][0]['id']
        now = START + 10 * DAY + 12345
        self.go(now)
        left, whole = period(sub)[1] - now, period(sub)[1] - START
        sub = self.update(sub, items=[{'id': item, 'price': pro}],
                          proration_behavior='always_invoice')
        credit = -int(1999 * left / whole + 0.5)
        charge = int(5999 * left / whole + 0.5)
        self.assertEqual(lines(sub['latest_invoice']), [
            (credit, 'Unused time on Basic after 10 Feb 2027'),
            (charge, 'Remaining time on Pro after 10 Feb 2027')])
        self.assertEqual(sub['latest_invoice']['amount_paid'], credit + charge)
        details = sub['latest_invoice']['lines']['data'][0]['parent'][
            'subscription_item_details']
        self.assertTrue(details['proration'])
        self.assertEqual(details['subscription_item'], item)
        self.assertEqual(
            details['proration_details']['credited_items']['invoice'],
            self.invoices(sub)[-1]['id'])
        self.assertEqual(sub['items']['data'][0]['price']['id'], pro)
        self.assertEqual(period(sub)[0], START)

    def test_or_waits_for_the_next_invoice(self):
        sub = self.subscribe()
        self.go(START + 14 * DAY)
        self.update(sub, items=[{
            'id': sub['items']['data'][0]['id'], 'price': pro}])
        waiting = box.get('/v1/invoiceitems', {
            'customer': self.customer, 'pending': True}).json['data']
        self.assertEqual(sorted(i['amount'] for i in waiting), [-1000, 3000])
        self.go(at('2027-02-28T14:00:00'))
        invoice = self.read(sub)['latest_invoice']
        self.assertEqual(invoice['total'], 5999 + 3000 - 1000)
        self.assertEqual(invoice['status'], 'paid')

    def test_or_is_not_reckoned_at_all(self):
        sub = self.subscribe()
        self.go(START + 14 * DAY)
        self.update(sub, proration_behavior='none', items=[{
            'id': sub['items']['data'][0]['id'], 'price': pro}])
        self.go(at('2027-02-28T14:00:00'))
        self.assertEqual(self.read(sub)['latest_invoice']['total'], 5999)

    def test_a_date_in_the_past_is_taken(self):
        sub = self.subscribe()
        self.go(START + 20 * DAY)
        item = sub['items']['data'][0]['id']
        change = {'items': [{'id': item, 'price': pro}],
                  'proration_behavior': 'always_invoice'}
        late = box.post(f"/v1/subscriptions/{sub['id']}", {
            **change, 'proration_date': START - 1})
        self.assertEqual(late.error['param'], 'proration_date')
        sub = self.update(sub, proration_date=START + 14 * DAY, **change)
        self.assertEqual(sub['latest_invoice']['total'], 3000 - 1000)

    def test_quantity(self):
        sub = self.subscribe(items=[{'price': basic, 'quantity': 2}])
        self.assertEqual(sub['latest_invoice']['total'], 3998)
        self.go(START + 14 * DAY)
        sub = self.update(sub, proration_behavior='always_invoice', items=[{
            'id': sub['items']['data'][0]['id'], 'quantity': 3}])
        self.assertEqual(lines(sub['latest_invoice']), [
            (-1999, 'Unused time on 2 × Basic after 14 Feb 2027'),
            (2999, 'Remaining time on 3 × Basic after 14 Feb 2027')])

    def test_a_second_item(self):
        sub = self.subscribe()
        self.go(START + 14 * DAY)
        sub = self.update(sub, proration_behavior='always_invoice',
                          items=[{'price': pro}])
        self.assertEqual(len(sub['items']['data']), 2)
        self.assertEqual(sub['latest_invoice']['total'], 3000)
        first = sub['items']['data'][0]['id']
        sub = self.update(sub, items=[{'id': first, 'deleted': True}],
                          proration_behavior='none')
        self.assertEqual(
            [i['price']['id'] for i in sub['items']['data']], [pro])
        last = box.post(f"/v1/subscriptions/{sub['id']}", {'items': [
            {'id': sub['items']['data'][0]['id'], 'deleted': True}]})
        self.assertEqual(last.error['param'], 'items')

    def test_the_anchor_moves_to_now(self):
        sub = self.subscribe()
        now = START + 14 * DAY
        self.go(now)
        sub = self.update(sub, billing_cycle_anchor={'type': 'now'})
        self.assertEqual(sub['billing_cycle_anchor'], now)
        self.assertEqual(period(sub), (now, at('2027-03-14T12:00:00')))
        self.assertEqual(sub['latest_invoice']['total'], 1999 - 1000)
        self.assertEqual(sub['latest_invoice']['status'], 'paid')

    def test_another_interval_begins_anew_in_classic_mode(self):
        year = box.price(19900, 'Yearly', recurring={'interval': 'year'})
        sub = self.subscribe(billing_mode={'type': 'classic'})
        self.assertEqual(sub['billing_mode'], {
            'type': 'classic', 'flexible': None})
        now = START + 14 * DAY
        self.go(now)
        sub = self.update(sub, items=[{
            'id': sub['items']['data'][0]['id'], 'price': year}])
        self.assertEqual(sub['billing_cycle_anchor'], now)
        self.assertEqual(period(sub), (now, at('2028-02-14T12:00:00')))
        self.assertEqual(sub['latest_invoice']['total'], 19900 - 1000)

    def test_a_flexible_anchor_stays(self):
        year = box.price(36500, 'Yearly', recurring={'interval': 'year'})
        sub = self.subscribe()
        now = START + 14 * DAY
        self.go(now)
        sub = self.update(sub, items=[{
            'id': sub['items']['data'][0]['id'], 'price': year}])
        self.assertEqual(sub['billing_cycle_anchor'], START)
        self.assertEqual(period(sub), (now, at('2028-01-31T12:00:00')))
        self.assertEqual(
            sub['latest_invoice']['total'], 36500 - 1400 - 1000)

    def test_mixed_intervals_renew_by_themselves(self):
        week = box.price(700, 'Weekly', recurring={'interval': 'week'})
        sub = self.subscribe(items=[{'price': basic}, {'price': week}])
        self.assertEqual(sub['latest_invoice']['total'], 2699)
        self.go(START + 7 * DAY + 7200)
        now = self.read(sub)
        self.assertEqual(now['latest_invoice']['total'], 700)
        self.assertEqual(period(now)[0], START)
        self.assertEqual(period(now, 1)[0], START + 7 * DAY)

    def test_what_was_not_billed_is_not_credited(self):
        """Flexible credits what was paid, classic what it costs."""
        for mode, credit in (('flexible', -1000), ('classic', -3000)):
            sub = self.subscribe(billing_mode={'type': mode})
            item = sub['items']['data'][0]['id']
            sub = self.update(sub, proration_behavior='none',
                              items=[{'id': item, 'price': pro}])
            self.go(START + 14 * DAY)
            sub = self.update(sub, proration_behavior='always_invoice',
                              items=[{'id': item, 'price': basic}])
            self.assertEqual(
                lines(sub['latest_invoice'])[0][0], credit, mode)
            self.setUp()

    def test_a_failed_upgrade_is_past_due(self):
        sub = self.subscribe()
        self.card_does('card_declined')
        change = {'items': [{
            'id': sub['items']['data'][0]['id'], 'price': pro}],
            'proration_behavior': 'always_invoice'}
        strict = box.post(f"/v1/subscriptions/{sub['id']}", {
            **change, 'payment_behavior': 'error_if_incomplete'})
        self.assertEqual(strict.status, 402)
        now = self.read(sub)
        self.assertEqual(now['items']['data'][0]['price']['id'], basic)
        self.assertEqual(now['status'], 'active')
        self.assertEqual(len(self.invoices(sub)), 1)
        sub = self.update(sub, **change)
        self.assertEqual(sub['status'], 'past_due')
        self.assertEqual(sub['items']['data'][0]['price']['id'], pro)
        self.card_does('ok')
        box.post(f"/v1/invoices/{sub['latest_invoice']['id']}/pay")
        self.assertEqual(self.read(sub)['status'], 'active')

    def test_one_to_be_confirmed_is_past_due_until_then(self):
        sub = self.subscribe()
        sub = self.update(
            sub, payment_behavior='default_incomplete',
            proration_behavior='always_invoice', items=[{
                'id': sub['items']['data'][0]['id'], 'price': pro}])
        self.assertEqual(sub['status'], 'past_due')
        self.assertEqual(self.pay_intent(sub['latest_invoice']).status, 200)
        self.assertEqual(self.read(sub)['status'], 'active')


class Walk(Life):
    """A month of changes at random: what is billed is what was had."""

    def walk(self, seed, mode):
        dice = random.Random(seed)
        cents = {basic: 1999, pro: 5999, box.price(350, 'Small'): 350}
        price, quantity, now = basic, 1, START
        sub = self.subscribe(billing_mode={'type': mode})
        item, (start, end) = sub['items']['data'][0]['id'], period(sub)
        due, changes = 0, 10
        for at_s in sorted(dice.sample(range(start + 1, end), changes)):
            due += cents[price] * quantity * (at_s - now) / (end - start)
            had, now = (price, quantity), at_s
            while (price, quantity) == had:
                price = dice.choice(list(cents))
                quantity = dice.randint(1, 5)
            self.go(now)
            change = {'proration_behavior': 'always_invoice', 'items': [{
                'id': item, 'price': price, 'quantity': quantity}]}
            seen = box.post('/v1/invoices/create_preview', {
                'subscription': sub['id'], 'subscription_details': change})
            done = self.update(sub, **change)
            self.assertEqual(lines(seen.json), lines(done['latest_invoice']))
            self.assertEqual(period(done), (start, end))
        due += cents[price] * quantity * (end - now) / (end - start)
        billed = sum(i['total'] for i in self.invoices(sub))
        # Each change rounds twice, by half a cent at the most.
        self.assertLessEqual(abs(billed - due), changes, (seed, mode))

    def test_flexible(self):
        self.walk(1, 'flexible')

    def test_classic(self):
        self.walk(2, 'classic')


class Pending(Life):
    def ask(self, **more):
        self.sub = self.subscribe()
        self.go(START + 14 * DAY)
        self.card_does('card_declined')
        return self.update(
            self.sub, payment_behavior='pending_if_incomplete',
            proration_behavior='always_invoice', items=[{
                'id': self.sub['items']['data'][0]['id'], 'price': pro}],
            **more)

    def test_it_is_applied_when_it_is_paid(self):
        sub = self.ask(metadata={'plan': 'pro'})
        self.assertEqual(sub['status'], 'active')
        self.assertEqual(sub['items']['data'][0]['price']['id'], basic)
        pending = sub['pending_update']
        self.assertEqual(
            pending['expires_at'], START + 14 * DAY + 23 * 3600)
        self.assertEqual(
            pending['subscription_items'][0]['price']['id'], pro)
        self.assertEqual(pending['metadata'], {'plan': 'pro'})
        self.assertEqual(sub['metadata'], {})
        self.card_does('ok')
        paid = box.post(f"/v1/invoices/{sub['latest_invoice']['id']}/pay")
        self.assertEqual(paid.json['status'], 'paid')
        now = self.read(sub)
        self.assertIsNone(now['pending_update'])
        self.assertEqual(now['items']['data'][0]['price']['id'], pro)
        self.assertEqual(now['metadata'], {'plan': 'pro'})
        self.assertEqual(len(self.events(
            'customer.subscription.pending_update_applied')), 1)

    def test_or_expires(self):
        sub = self.ask()
        self.go(START + 14 * DAY + 23 * 3600)
        now = self.read(sub)
        self.assertIsNone(now['pending_update'])
        self.assertEqual(now['status'], 'active')
        self.assertEqual(now['items']['data'][0]['price']['id'], basic)
        self.assertEqual(box.get(
            f"/v1/invoices/{sub['latest_invoice']['id']}").json['status'],
            'void')
        self.assertEqual(len(self.events(
            'customer.subscription.pending_update_expired')), 1)
        self.card_does('ok')
        self.go(at('2027-02-28T14:00:00'))
        self.assertEqual(self.read(sub)['latest_invoice']['total'], 1999)

    def test_a_card_that_pays_leaves_nothing_pending(self):
        sub = self.subscribe()
        sub = self.update(
            sub, payment_behavior='pending_if_incomplete',
            proration_behavior='always_invoice', items=[{
                'id': sub['items']['data'][0]['id'], 'price': pro}])
        self.assertIsNone(sub['pending_update'])
        self.assertEqual(sub['items']['data'][0]['price']['id'], pro)
        self.assertEqual(self.events(
            'customer.subscription.pending_update_applied'), [])

    def test_only_some_parameters_can_wait(self):
        sub = self.subscribe()
        answer = box.post(f"/v1/subscriptions/{sub['id']}", {
            'payment_behavior': 'pending_if_incomplete',
            'description': 'x'})
        self.assertEqual(answer.error['param'], 'description')


class End(Life):
    def test_at_the_end_of_the_period(self):
        sub = self.subscribe()
        end = period(sub)[1]
        self.go(START + DAY)
        sub = self.update(sub, cancel_at_period_end=True,
                          cancellation_details={'feedback': 'unused',
                                                'comment': 'bye'})
        self.assertEqual(sub['status'], 'active')
        self.assertTrue(sub['cancel_at_period_end'])
        self.assertEqual(sub['cancel_at'], end)
        self.assertEqual(sub['canceled_at'], START + DAY)
        self.assertEqual(sub['cancellation_details'], {
            'comment': 'bye', 'feedback': 'unused', 'feedback_option': None,
            'reason': 'cancellation_requested'})
        self.go(end)
        now = self.read(sub)
        self.assertEqual(now['status'], 'canceled')
        self.assertEqual(now['ended_at'], end)
        self.assertEqual(now['canceled_at'], START + DAY)
        self.assertEqual(len(self.invoices(sub)), 1)
        self.assertEqual(self.events('invoice.upcoming'), [])
        gone = self.events('customer.subscription.deleted')
        self.assertEqual([e['created'] for e in gone], [end])

    def test_which_can_be_taken_back(self):
        sub = self.update(self.subscribe(), cancel_at_period_end=True)
        sub = self.update(sub, cancel_at_period_end=False)
        self.assertFalse(sub['cancel_at_period_end'])
        self.assertIsNone(sub['cancel_at'])
        self.assertIsNone(sub['canceled_at'])
        self.assertIsNone(sub['cancellation_details']['reason'])
        self.go(at('2027-02-28T14:00:00'))
        self.assertEqual(self.read(sub)['status'], 'active')

    def test_at_a_time_inside_the_period(self):
        sub = self.subscribe()
        end = START + 14 * DAY
        sub = self.update(sub, cancel_at=end)
        self.assertEqual(period(sub), (START, end))
        waiting = box.get('/v1/invoiceitems', {
            'customer': self.customer, 'pending': True}).json['data']
        self.assertEqual([i['amount'] for i in waiting], [-1000])
        self.go(end)
        self.assertEqual(self.read(sub)['status'], 'canceled')

    def test_now(self):
        sub = self.subscribe()
        self.go(START + 14 * DAY)
        answer = box.call('DELETE', f"/v1/subscriptions/{sub['id']}")
        self.assertEqual(answer.json['status'], 'canceled')
        self.assertEqual(answer.json['ended_at'], START + 14 * DAY)
        self.assertEqual(answer.json['cancellation_details']['reason'],
                         'cancellation_requested')
        again = box.call('DELETE', f"/v1/subscriptions/{sub['id']}")
        self.assertEqual(again.status, 404)
        changed = box.post(f"/v1/subscriptions/{sub['id']}", {
            'description': 'x'})
        self.assertEqual(
            changed.error['code'], 'invalid_canceled_subscription_fields')
        self.assertEqual(self.update(
            sub, metadata={'a': 'b'})['metadata'], {'a': 'b'})
        self.go(START + 90 * DAY)
        self.assertEqual(len(self.invoices(sub)), 1)

    def test_now_with_what_is_left_given_back(self):
        sub = self.subscribe()
        self.go(START + 14 * DAY)
        answer = box.call('DELETE', f"/v1/subscriptions/{sub['id']}", {
            'prorate': True, 'invoice_now': True,
            'expand': ['latest_invoice']})
        invoice = answer.json['latest_invoice']
        self.assertEqual(lines(invoice), [
            (-1000, 'Unused time on Basic after 14 Feb 2027')])
        self.assertEqual(invoice['amount_due'], 0)
        self.assertEqual(box.get(f'/v1/customers/{self.customer}').json[
            'balance'], -1000)

    def test_open_invoices_are_not_collected_any_more(self):
        sub = self.subscribe()
        self.card_does('card_declined')
        self.go(at('2027-02-28T13:00:00'))
        box.call('DELETE', f"/v1/subscriptions/{sub['id']}")
        invoice = self.read(sub)['latest_invoice']
        self.assertEqual(invoice['status'], 'open')
        self.assertFalse(invoice['auto_advance'])
        self.card_does('ok')
        self.go(at('2027-03-20T13:00:00'))
        self.assertEqual(self.read(sub)['latest_invoice']['status'], 'open')

    def test_an_incomplete_one_never_was(self):
        sub = self.subscribe(payment_behavior='default_incomplete')
        answer = box.call('DELETE', f"/v1/subscriptions/{sub['id']}")
        self.assertEqual(answer.json['status'], 'incomplete_expired')
        self.assertEqual(answer.json['canceled_at'], START)
        self.assertEqual(self.read(sub)['latest_invoice']['status'], 'void')
        self.assertEqual(self.events('customer.subscription.deleted'), [])

    def test_with_its_customer(self):
        sub = self.subscribe()
        box.call('DELETE', f'/v1/customers/{self.customer}')
        self.assertEqual(self.read(sub)['status'], 'canceled')


class Pause(Life):
    def test_paused_and_resumed_anew(self):
        sub = self.subscribe()
        self.go(START + 14 * DAY)
        paused = box.post(f"/v1/subscriptions/{sub['id']}/pause")
        self.assertEqual(paused.json['status'], 'paused')
        self.assertEqual(paused.json['status_details']['paused'], {
            'subscription': {'type': 'pause_requested'},
            'transitioned_at': START + 14 * DAY, 'type': 'subscription'})
        self.go(START + 60 * DAY)
        self.assertEqual(len(self.invoices(sub)), 1)
        seen = box.post('/v1/invoices/create_preview', {
            'subscription': sub['id'],
            'subscription_details': {'resume_at': 'now'}}).json
        self.assertEqual(seen['total'], 1999 - 1000)
        resumed = box.post(f"/v1/subscriptions/{sub['id']}/resume", {
            'expand': ['latest_invoice']})
        self.assertEqual(resumed.json['status'], 'active')
        self.assertNotIn('status_details', resumed.json)
        self.assertEqual(
            resumed.json['billing_cycle_anchor'], START + 60 * DAY)
        self.assertEqual(
            resumed.json['latest_invoice']['total'], 1999 - 1000)
        for kind in ('paused', 'resumed'):
            self.assertEqual(
                len(self.events(f'customer.subscription.{kind}')), 1)

    def test_it_stays_paused_until_it_is_paid(self):
        sub = self.subscribe()
        box.post(f"/v1/subscriptions/{sub['id']}/pause", {
            'bill_for': {'unused_time_from': {'type': 'none'}}})
        self.go(START + 40 * DAY)
        self.card_does('card_declined')
        resumed = box.post(f"/v1/subscriptions/{sub['id']}/resume", {
            'payment_behavior': 'resume_on_payment_success',
            'billing_cycle_anchor': {'type': 'unchanged'},
            'proration_behavior': 'always_invoice'})
        self.assertEqual(resumed.json['status'], 'paused')
        invoice = resumed.json['latest_invoice']
        self.card_does('ok')
        box.post(f'/v1/invoices/{invoice}/pay')
        now = self.read(sub)
        self.assertEqual(now['status'], 'active')
        self.assertEqual(now['billing_cycle_anchor'], START)
        self.assertEqual(period(now)[1], at('2027-03-31T12:00:00'))

    def test_or_gives_up_after_a_day(self):
        sub = self.subscribe()
        box.post(f"/v1/subscriptions/{sub['id']}/pause")
        self.card_does('card_declined')
        resumed = box.post(f"/v1/subscriptions/{sub['id']}/resume", {
            'payment_behavior': 'resume_on_payment_success'}).json
        # The credit of the pause is worth all of the new period.
        self.assertEqual(resumed['status'], 'active')
        box.post(f"/v1/subscriptions/{sub['id']}/pause", {
            'bill_for': {'unused_time_from': {'type': 'none'}}})
        resumed = box.post(f"/v1/subscriptions/{sub['id']}/resume", {
            'payment_behavior': 'resume_on_payment_success'}).json
        self.assertEqual(resumed['status'], 'paused')
        self.go(START + 23 * 3600)
        self.assertEqual(self.read(sub)['status'], 'paused')
        self.assertEqual(box.get(
            f"/v1/invoices/{resumed['latest_invoice']}").json['status'],
            'void')

    def test_classic_ones_cannot(self):
        sub = self.subscribe(billing_mode={'type': 'classic'})
        answer = box.post(f"/v1/subscriptions/{sub['id']}/pause")
        self.assertEqual(answer.status, 400)
        moved = box.post(f"/v1/subscriptions/{sub['id']}/migrate", {
            'billing_mode': {'type': 'flexible'}})
        self.assertEqual(moved.json['billing_mode']['type'], 'flexible')
        answer = box.post(f"/v1/subscriptions/{sub['id']}/pause")
        self.assertEqual(answer.json['status'], 'paused')


class Items(Life):
    def test_they_are_changed_one_by_one(self):
        sub = self.subscribe()
        made = box.post('/v1/subscription_items', {
            'subscription': sub['id'], 'price': pro, 'quantity': 2,
            'metadata': {'seat': 'a'}}).json
        self.assertEqual(made['object'], 'subscription_item')
        self.assertEqual(made['price']['id'], pro)
        path = f"/v1/subscription_items/{made['id']}"
        self.assertEqual(box.get(path).json, made)
        changed = box.post(path, {'quantity': 3}).json
        self.assertEqual(changed['quantity'], 3)
        listed = box.get('/v1/subscription_items', {
            'subscription': sub['id']}).json['data']
        self.assertEqual(
            sorted(i['id'] for i in listed),
            sorted([made['id'], sub['items']['data'][0]['id']]))
        gone = box.call('DELETE', path, {'proration_behavior': 'none'})
        self.assertEqual(gone.json, {
            'id': made['id'], 'object': 'subscription_item',
            'deleted': True})
        self.assertEqual(box.get(path).status, 404)
        self.assertEqual(len(self.read(sub)['items']['data']), 1)


class Preview(Life):
    def preview(self, **params):
        return box.post('/v1/invoices/create_preview', {
            'customer': self.customer, **params})

    def test_it_is_what_the_change_then_costs(self):
        sub = self.subscribe()
        item = sub['items']['data'][0]['id']
        self.go(START + 9 * DAY + 321)
        events = len(box.get('/v1/events', {'limit': 100}).json['data'])
        change = {'items': [{'id': item, 'price': pro}],
                  'proration_behavior': 'always_invoice',
                  'proration_date': START + 9 * DAY}
        seen = self.preview(
            subscription=sub['id'], subscription_details=change).json
        self.assertTrue(seen['id'].startswith('upcoming_in'), seen['id'])
        self.assertEqual(
            len(box.get('/v1/events', {'limit': 100}).json['data']), events)
        self.assertEqual(
            self.read(sub)['items']['data'][0]['price']['id'], basic)
        self.assertEqual(len(self.invoices(sub)), 1)
        done = self.update(sub, **change)['latest_invoice']
        self.assertEqual(lines(seen), lines(done))
        self.assertEqual(seen['amount_due'], done['amount_paid'])

    def test_or_the_next_renewal(self):
        sub = self.subscribe()
        item = sub['items']['data'][0]['id']
        self.go(START + 14 * DAY)
        seen = self.preview(subscription=sub['id']).json
        self.assertEqual(seen['total'], 1999)
        self.assertEqual(seen['billing_reason'], 'upcoming')
        self.assertEqual(
            seen['lines']['data'][0]['period']['start'], period(sub)[1])
        seen = self.preview(subscription=sub['id'], subscription_details={
            'items': [{'id': item, 'price': pro}]}).json
        self.assertEqual(seen['total'], 5999 + 3000 - 1000)
        seen = self.preview(
            subscription=sub['id'], preview_mode='recurring',
            subscription_details={
                'items': [{'id': item, 'price': pro}]}).json
        self.assertEqual(seen['total'], 5999)

    def test_or_a_new_subscription(self):
        coupon = box.post('/v1/coupons', {
            'amount_off': 500, 'currency': 'usd',
            'duration': 'once'}).json['id']
        details = {'items': [{'price': basic, 'quantity': 2}]}
        seen = self.preview(
            subscription_details=details, discounts=[{'coupon': coupon}],
            invoice_items=[{'amount': 100, 'currency': 'usd'}]).json
        self.assertEqual(seen['total'], 2 * 1999 + 100 - 500)
        seen = box.post('/v1/invoices/create_preview', {
            'subscription_details': details}).json
        self.assertEqual(seen['total'], 2 * 1999)
        self.assertIsNone(seen['customer'])
        self.assertEqual(box.get('/v1/subscriptions', {
            'customer': self.customer}).json['data'], [])

    def test_or_nothing(self):
        answer = self.preview()
        self.assertEqual(answer.status, 404)
        self.assertEqual(answer.error['code'], 'invoice_upcoming_none')
        sub = self.update(self.subscribe(), cancel_at_period_end=True)
        answer = self.preview(subscription=sub['id'])
        self.assertEqual(answer.error['code'], 'invoice_upcoming_none')

    def test_of_an_end(self):
        sub = self.subscribe()
        self.go(START + 14 * DAY)
        seen = self.preview(subscription=sub['id'], subscription_details={
            'cancel_now': True, 'proration_behavior': 'always_invoice'}).json
        self.assertEqual(lines(seen), [
            (-1000, 'Unused time on Basic after 14 Feb 2027')])


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


class RealTime(unittest.TestCase):
    """The same by the sandbox's own clock, which leaps over all of it."""

    def test_a_year_in_one_leap(self):
        customer = box.customer(payment_method='pm_card_visa')
        card = box.get('/v1/payment_methods', {
            'customer': customer}).json['data'][0]['id']
        sub = box.post('/v1/subscriptions', {
            'customer': customer, 'items': [{'price': basic}],
            'default_payment_method': card}).json
        self.assertEqual(sub['status'], 'active')
        box.advance(366 * DAY)
        invoices = box.get('/v1/invoices', {
            'subscription': sub['id'], 'limit': 100}).json['data']
        self.assertEqual(len(invoices), 13)
        self.assertEqual({i['status'] for i in invoices}, {'paid'})
        self.assertEqual(
            [i['created'] for i in invoices],
            [i['lines']['data'][0]['period']['start'] for i in invoices])

    def test_a_clock_goes_two_intervals_at_once(self):
        clock = box.test_clock(START)
        customer = box.customer(
            test_clock=clock, payment_method='pm_card_visa')
        card = box.get('/v1/payment_methods', {
            'customer': customer}).json['data'][0]['id']
        box.post('/v1/subscriptions', {
            'customer': customer, 'items': [{'price': basic}],
            'default_payment_method': card})
        two = at('2027-03-31T12:00:00')
        self.assertEqual(box.advance_clock(clock, two + 1).status, 400)
        self.assertEqual(
            box.advance_clock(clock, two)['frozen_time'], two)


if __name__ == '__main__':
    unittest.main()
