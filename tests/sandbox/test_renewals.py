"""The periods of a subscription, and how it pauses and ends."""

import unittest

from lives import DAY, START, Life, at, lines, period, settle


def setUpModule():
    global box, basic, pro
    box, basic, pro = settle()


def tearDownModule():
    box.down()


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

    def pause_collection(self, behavior, status):
        sub = self.update(self.subscribe(), pause_collection={
            'behavior': behavior, 'resumes_at': at('2027-03-15T00:00:00')})
        self.assertEqual(sub['status'], 'active')
        self.go(at('2027-02-28T15:00:00'))
        now = self.read(sub)
        self.assertEqual(now['status'], 'active')
        self.assertEqual(now['latest_invoice']['status'], status)
        self.go(at('2027-03-31T15:00:00'))
        now = self.read(sub)
        self.assertIsNone(now['pause_collection'])
        self.assertEqual(now['latest_invoice']['status'], 'paid')

    def test_collection_is_paused_and_drafts_are_kept(self):
        self.pause_collection('keep_as_draft', 'draft')

    def test_or_given_up(self):
        self.pause_collection('mark_uncollectible', 'uncollectible')

    def test_or_voided(self):
        self.pause_collection('void', 'void')


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

    def test_what_waits_then_is_billed_whether_it_is_paid_or_not(self):
        for end in (START + 10 * DAY, START + 20 * DAY):
            box.post(f'/v1/payment_methods/{self.card}/detach')
            sub = self.subscribe(trial_period_days=60, cancel_at=end)
            box.post('/v1/invoiceitems', {
                'customer': self.customer, 'subscription': sub['id'],
                'amount': 700, 'currency': 'usd'})
            self.go(end)
            now = self.read(sub)
            self.assertEqual(now['status'], 'canceled')
            last = self.invoices(sub)[0]
            self.assertEqual((last['amount_due'], last['status']),
                             (700, 'open'))
            self.assertIsNone(last['next_payment_attempt'])

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
