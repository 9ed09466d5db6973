"""What is changed about a subscription, and what that costs."""

import random
import unittest

from lives import DAY, START, Life, at, lines, period, settle


def setUpModule():
    global box, basic, pro
    box, basic, pro = settle()


def tearDownModule():
    box.down()


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

    def credit_after_a_free_upgrade(self, mode):
        sub = self.subscribe(billing_mode={'type': mode})
        item = sub['items']['data'][0]['id']
        self.update(sub, proration_behavior='none',
                    items=[{'id': item, 'price': pro}])
        self.go(START + 14 * DAY)
        sub = self.update(sub, proration_behavior='always_invoice',
                          items=[{'id': item, 'price': basic}])
        return lines(sub['latest_invoice'])[0][0]

    def test_flexible_credits_what_was_billed(self):
        self.assertEqual(self.credit_after_a_free_upgrade('flexible'), -1000)

    def test_classic_credits_what_it_costs(self):
        self.assertEqual(self.credit_after_a_free_upgrade('classic'), -3000)

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


if __name__ == '__main__':
    unittest.main()
