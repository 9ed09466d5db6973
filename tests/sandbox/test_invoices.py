"""Invoices from draft to end: lines, totals, payment, balance."""

import unittest

from bills import Bills
from sandbox import BROWSER_KEY, Sandbox


def setUpModule():
    global box, payer, item, draft, act, read, told
    box = Sandbox().up()
    bills = Bills(box)
    payer, item, draft = bills.payer, bills.item, bills.draft
    act, read, told = bills.act, bills.read, bills.told


def tearDownModule():
    box.down()


class Drafts(unittest.TestCase):
    def test_pending_items_become_lines(self):
        customer = box.customer(email='ada@example.com', name='Ada')
        first = item(customer, 1500, description='Setup')
        item(customer, -500, description='Credit', metadata={'k': 'v'})
        self.assertIsNone(first['invoice'])
        pending = box.get('/v1/invoiceitems', {
            'customer': customer, 'pending': True}).json['data']
        self.assertEqual(len(pending), 2)
        invoice = box.post('/v1/invoices', {
            'customer': customer,
            'pending_invoice_items_behavior': 'include'}).json
        self.assertEqual(invoice['status'], 'draft')
        self.assertEqual(invoice['subtotal'], 1000)
        self.assertEqual(invoice['amount_due'], 1000)
        self.assertEqual(invoice['customer_name'], 'Ada')
        self.assertIsNone(invoice['number'])
        self.assertIsNone(invoice['parent'])
        self.assertFalse(invoice['auto_advance'])
        self.assertNotIn('payments', invoice)
        self.assertNotIn('confirmation_secret', invoice)
        lines = invoice['lines']['data']
        self.assertEqual([line['amount'] for line in lines], [1500, -500])
        self.assertEqual(
            lines[0]['parent']['invoice_item_details']['invoice_item'],
            first['id'])
        self.assertEqual(lines[1]['metadata'], {'k': 'v'})
        self.assertEqual(lines[0]['pricing'], {
            'type': 'price_details', 'unit_amount_decimal': '1500'})
        self.assertEqual(box.get('/v1/invoiceitems', {
            'customer': customer, 'pending': True}).json['data'], [])
        self.assertEqual(len(box.get('/v1/invoiceitems', {
            'invoice': invoice['id']}).json['data']), 2)
        self.assertEqual(told(invoice), ['invoice.created'])

    def test_nothing_to_bill_is_said_when_asked_for(self):
        answer = box.post('/v1/invoices', {
            'customer': box.customer(),
            'pending_invoice_items_behavior': 'include'})
        self.assertEqual(answer.status, 400)
        self.assertEqual(
            answer.error['code'], 'invoice_no_customer_line_items')

    def test_prices_make_lines(self):
        price = box.post('/v1/prices', {
            'currency': 'usd', 'unit_amount_decimal': '33.335',
            'product_data': {'name': 'Token'}}).json
        customer = box.customer()
        invoice = draft(customer)
        made = box.post('/v1/invoiceitems', {
            'customer': customer, 'invoice': invoice['id'],
            'pricing': {'price': price['id']}, 'quantity': 3}).json
        self.assertEqual(made['amount'], 100)
        self.assertEqual(made['pricing']['price_details'], {
            'price': price['id'], 'product': price['product']})
        line = read(invoice, 'lines.data.pricing')['lines']['data'][0]
        self.assertEqual(line['quantity'], 3)
        self.assertEqual(line['quantity_decimal'], '3')
        self.assertEqual(line['description'], 'Token')
        self.assertEqual(line['pricing']['unit_amount_decimal'], '33.335')
        changed = box.post(f"/v1/invoiceitems/{made['id']}", {
            'quantity': 30, 'description': 'Tokens'}).json
        self.assertEqual(changed['amount'], 1000)
        after = read(invoice)
        self.assertEqual(after['total'], 1000)
        self.assertEqual(after['lines']['data'][0]['id'], line['id'])
        self.assertEqual(
            after['lines']['data'][0]['description'], 'Tokens')
        box.call('DELETE', f"/v1/invoiceitems/{made['id']}")
        self.assertEqual(read(invoice)['lines']['data'], [])
        self.assertEqual(read(invoice)['total'], 0)

    def test_what_makes_no_item(self):
        customer = box.customer()
        month = box.post('/v1/prices', {
            'currency': 'usd', 'unit_amount': 5,
            'recurring': {'interval': 'month'},
            'product_data': {'name': 'M'}}).json['id']
        for params, param in (
                ({}, 'amount'), ({'amount': 5, 'quantity': 2}, 'quantity'),
                ({'pricing': {'price': month}}, 'pricing[price]'),
                ({'pricing': {'price': 'price_x'}}, 'pricing[price]'),
                ({'amount': 5, 'period': {'start': 9, 'end': 8}},
                 'period[end]'),
                ({'price_data': {'currency': 'usd', 'unit_amount': 1}},
                 'price_data[product]')):
            answer = box.post(
                '/v1/invoiceitems', {'customer': customer, **params})
            self.assertEqual(answer.status, 400, params)
            self.assertEqual(answer.error['param'], param, answer)
        answer = box.post('/v1/invoiceitems', {'amount': 5})
        self.assertEqual(answer.error['param'], 'customer')

    def test_lines_come_in_pages(self):
        customer = box.customer()
        invoice = draft(customer, *range(1, 13))
        self.assertEqual(len(invoice['lines']['data']), 10)
        self.assertTrue(invoice['lines']['has_more'])
        path = f"/v1/invoices/{invoice['id']}/lines"
        self.assertEqual(invoice['lines']['url'], path)
        first = box.get(path, {'limit': 5}).json
        rest = box.get(path, {
            'limit': 100, 'starting_after': first['data'][-1]['id']}).json
        self.assertEqual(
            [line['amount'] for line in first['data'] + rest['data']],
            list(range(1, 13)))
        self.assertTrue(first['has_more'])
        self.assertFalse(rest['has_more'])
        back = box.get(path, {
            'limit': 3, 'ending_before': rest['data'][0]['id']}).json
        self.assertEqual([l['amount'] for l in back['data']], [3, 4, 5])
        self.assertTrue(back['has_more'])
        unknown = box.get(path, {'starting_after': 'il_none'})
        self.assertEqual(unknown.error['param'], 'starting_after')

    def test_lines_are_changed_in_bulk(self):
        customer = box.customer()
        invoice = draft(customer, 100)
        waiting = item(customer, 40)
        added = act(invoice, 'add_lines', lines=[
            {'amount': 300, 'description': 'Extra'},
            {'invoice_item': waiting['id']}],
            invoice_metadata={'m': '1'})
        self.assertEqual(added.status, 200, added)
        self.assertEqual(added.json['total'], 440)
        self.assertEqual(added.json['metadata'], {'m': '1'})
        lines = [line['id'] for line in added.json['lines']['data']]
        changed = act(invoice, 'update_lines', lines=[
            {'id': lines[1], 'amount': 350, 'description': 'More'}]).json
        self.assertEqual(changed['total'], 490)
        self.assertEqual(
            [line['id'] for line in changed['lines']['data']], lines)
        one = box.post(f"/v1/invoices/{invoice['id']}/lines/{lines[0]}", {
            'description': 'First', 'metadata': {'x': 'y'}})
        self.assertEqual(one.json['object'], 'line_item', one)
        self.assertEqual(one.json['description'], 'First')
        self.assertEqual(one.json['metadata'], {'x': 'y'})
        left = act(invoice, 'remove_lines', lines=[
            {'id': lines[2], 'behavior': 'unassign'},
            {'id': lines[1], 'behavior': 'delete'}]).json
        self.assertEqual(left['total'], 100)
        self.assertEqual(
            [row['id'] for row in box.get('/v1/invoiceitems', {
                'customer': customer, 'pending': True}).json['data']],
            [waiting['id']])
        answer = act(invoice, 'add_lines', lines=[{'quantity': 3}])
        self.assertEqual(answer.error['param'], 'lines[0][amount]')
        answer = act(invoice, 'update_lines', lines=[{'id': lines[1]}])
        self.assertEqual(answer.error['param'], 'lines[0][id]')
        act(invoice, 'finalize')
        answer = act(invoice, 'add_lines', lines=[{'amount': 1}])
        self.assertEqual(answer.error['code'], 'invoice_not_editable')

    def test_a_draft_is_changed_and_deleted(self):
        customer = box.customer()
        invoice = draft(customer, 700)
        changed = box.post(f"/v1/invoices/{invoice['id']}", {
            'description': 'March', 'collection_method': 'send_invoice',
            'days_until_due': 7, 'metadata': {'a': 'b'},
            'custom_fields': [{'name': 'PO', 'value': '7'}]}).json
        self.assertEqual(changed['description'], 'March')
        self.assertEqual(changed['custom_fields'][0]['value'], '7')
        gone = box.call('DELETE', f"/v1/invoices/{invoice['id']}").json
        self.assertTrue(gone['deleted'])
        self.assertEqual(
            box.get(f"/v1/invoices/{invoice['id']}").status, 404)
        self.assertEqual(len(box.get('/v1/invoiceitems', {
            'customer': customer, 'pending': True}).json['data']), 1)
        self.assertEqual(told(invoice), [
            'invoice.created', 'invoice.updated', 'invoice.deleted'])

    def test_days_are_for_sent_invoices(self):
        answer = box.post('/v1/invoices', {
            'customer': box.customer(), 'days_until_due': 3})
        self.assertEqual(answer.error['param'], 'days_until_due')
        answer = box.post('/v1/invoices', {
            'customer': box.customer(), 'automatic_tax': {'enabled': True}})
        self.assertEqual(answer.error['code'], 'stripe_tax_inactive')
        answer = box.post('/v1/invoices', {})
        self.assertEqual(answer.error['param'], 'customer')


class Payment(unittest.TestCase):
    def test_a_card_pays(self):
        customer = payer()
        invoice = draft(customer, 1999)
        paid = act(invoice, 'pay', expand=['payments', 'confirmation_secret'])
        self.assertEqual(paid.status, 200, paid)
        invoice = paid.json
        self.assertEqual(invoice['status'], 'paid')
        self.assertEqual(invoice['amount_paid'], 1999)
        self.assertEqual(invoice['amount_remaining'], 0)
        self.assertTrue(invoice['attempted'])
        self.assertEqual(invoice['attempt_count'], 1)
        self.assertRegex(invoice['number'], '^[0-9A-Z]{8}-0001$')
        self.assertIsNotNone(invoice['status_transitions']['paid_at'])
        link = invoice['payments']['data'][0]
        self.assertEqual(link['status'], 'paid')
        self.assertEqual(link['amount_paid'], 1999)
        intent = box.get(
            f"/v1/payment_intents/{link['payment']['payment_intent']}").json
        self.assertEqual(intent['status'], 'succeeded')
        self.assertEqual(intent['description'], 'Payment for Invoice')
        self.assertEqual(
            invoice['confirmation_secret'],
            {'client_secret': intent['client_secret'],
             'type': 'payment_intent'})
        listed = box.get('/v1/invoice_payments', {
            'payment': {'type': 'payment_intent',
                        'payment_intent': intent['id']}}).json['data']
        self.assertEqual([row['id'] for row in listed], [link['id']])
        self.assertEqual(told(invoice), [
            'invoice.created', 'invoice.updated', 'invoice.finalized',
            'invoice.updated', 'invoice.paid', 'invoice.payment_succeeded'])
        self.assertEqual(told(link), ['invoice_payment.paid'])
        again = act(invoice, 'pay')
        self.assertEqual(again.status, 400)
        self.assertEqual(again.error['message'], 'Invoice is already paid')

    def test_a_decline_leaves_it_open(self):
        customer = payer('pm_card_chargeCustomerFail')
        invoice = draft(customer, 1999)
        answer = act(invoice, 'pay')
        self.assertEqual(answer.status, 402, answer)
        self.assertEqual(answer.error['code'], 'card_declined')
        self.assertEqual(
            answer.error['payment_intent']['status'],
            'requires_payment_method')
        after = read(invoice)
        self.assertEqual(after['status'], 'open')
        self.assertEqual(after['attempt_count'], 1)
        self.assertTrue(after['attempted'])
        self.assertIn('invoice.payment_failed', told(invoice))
        self.assertTrue(box.get(
            f'/v1/customers/{customer}').json['delinquent'])
        act(invoice, 'pay')
        self.assertEqual(read(invoice)['attempt_count'], 1)
        paid = act(invoice, 'pay', payment_method='pm_card_visa')
        self.assertEqual(paid.json['status'], 'paid', paid)
        self.assertFalse(box.get(
            f'/v1/customers/{customer}').json['delinquent'])

    def test_without_a_method_nothing_is_tried(self):
        invoice = draft(box.customer(), 1999)
        answer = act(invoice, 'pay')
        self.assertEqual(answer.status, 400)
        self.assertEqual(answer.error['code'], 'resource_missing')
        self.assertFalse(read(invoice)['attempted'])

    def test_a_bank_that_asks_is_answered_in_the_browser(self):
        invoice = draft(payer('pm_card_authenticationRequired'), 1999)
        answer = act(invoice, 'pay')
        self.assertEqual(answer.status, 402)
        self.assertEqual(
            answer.error['code'], 'invoice_payment_intent_requires_action')
        self.assertIn('invoice.payment_action_required', told(invoice))
        self.assertIn('invoice.payment_failed', told(invoice))
        secret = read(invoice, 'confirmation_secret')[
            'confirmation_secret']['client_secret']
        intent = secret.split('_secret_')[0]
        done = box.raw(
            'POST', '/_sandbox/challenge',
            f'payment_intent={intent}&client_secret={secret}'
            '&outcome=complete',
            {'Content-Type': 'application/x-www-form-urlencoded',
             'Origin': 'http://page.example'})
        self.assertEqual(done.status, 200, done)
        self.assertEqual(read(invoice)['status'], 'paid')

    def test_a_browser_pays_with_the_confirmation_secret(self):
        invoice = act(draft(box.customer(), 1999), 'finalize',
                      expand=['confirmation_secret']).json
        self.assertEqual(invoice['status'], 'open')
        self.assertFalse(invoice['attempted'])
        secret = invoice['confirmation_secret']['client_secret']
        intent = secret.split('_secret_')[0]
        answer = box.post(f'/v1/payment_intents/{intent}/confirm', {
            'key': BROWSER_KEY, 'client_secret': secret,
            'payment_method_data': {'type': 'card', 'card': {
                'number': '4242424242424242', 'exp_month': 12,
                'exp_year': 2040, 'cvc': '123'}},
            'return_url': 'https://example.com'}, key=None)
        self.assertEqual(answer.json['status'], 'succeeded', answer)
        after = read(invoice)
        self.assertEqual(after['status'], 'paid')
        self.assertEqual(after['attempt_count'], 1)

    def test_a_bank_debit_settles_days_later(self):
        invoice = draft(payer('pm_usBankAccount_success'), 1999)
        answer = act(invoice, 'pay')
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json['status'], 'open')
        self.assertEqual(
            act(invoice, 'void').status, 400)
        box.advance(5 * 86400)
        self.assertEqual(read(invoice)['status'], 'paid')

    def test_the_schedule_waits_for_a_debit_on_its_way(self):
        clock = box.test_clock(1800000000)
        customer = box.customer(test_clock=clock)
        card = box.post('/v1/payment_methods/pm_card_chargeCustomerFail/attach',
                        {'customer': customer}).json['id']
        for account, end in (('pm_usBankAccount_success', 'paid'),
                             ('pm_usBankAccount_insufficientFunds', 'open')):
            with self.subTest(end=end):
                invoice = draft(customer, 1999, auto_advance=True,
                                default_payment_method=card)
                now = box.get(
                    f'/v1/test_helpers/test_clocks/{clock}').json['frozen_time']
                box.advance_clock(clock, now + 7200)
                self.assertEqual(read(invoice)['attempt_count'], 1)
                again = read(invoice)['next_payment_attempt']
                box.advance_clock(clock, again - 60)
                bank = box.post(f'/v1/payment_methods/{account}/attach',
                                {'customer': customer}).json['id']
                act(invoice, 'pay', payment_method=bank)
                box.advance_clock(clock, again)
                self.assertEqual(read(invoice)['status'], 'open')
                self.assertIsNone(read(invoice)['next_payment_attempt'])
                box.advance_clock(clock, again + 4 * 86400)
                after = read(invoice)
                self.assertEqual(after['status'], end)
                self.assertEqual(
                    after['next_payment_attempt'] is None, end == 'paid')
                self.assertEqual(after['attempt_count'], 1)

    def test_a_method_that_is_gone_pays_nothing(self):
        customer = box.customer(payment_method='pm_card_visa')
        card = box.get('/v1/payment_methods', {
            'customer': customer}).json['data'][0]['id']
        invoice = draft(customer, 1999, default_payment_method=card)
        box.post(f'/v1/payment_methods/{card}/detach')
        answer = act(invoice, 'pay')
        self.assertEqual(answer.status, 400, answer)
        self.assertIn('no attached payment source', answer.error['message'])

    def test_it_can_be_paid_elsewhere(self):
        invoice = act(draft(box.customer(), 1999), 'finalize').json
        paid = act(invoice, 'pay', paid_out_of_band=True).json
        self.assertEqual(paid['status'], 'paid')
        self.assertEqual(paid['amount_paid_off_stripe'], 1999)
        self.assertEqual(told(invoice)[-1], 'invoice.paid')
        link = read(invoice, 'payments')['payments']['data'][0]
        self.assertEqual(link['status'], 'canceled')


class Attached(unittest.TestCase):
    """Payments that were made without the invoice."""

    def setUp(self):
        self.customer = payer()
        self.invoice = act(draft(self.customer, 2000), 'finalize').json

    def pay(self, amount, **params):
        return box.pay(
            amount=amount, customer=self.customer, **params).json['id']

    def attach(self, intent):
        return act(self.invoice, 'attach_payment', payment_intent=intent)

    def links(self):
        return [(row['is_default'], row['status'], row['amount_requested'],
                 row['amount_paid']) for row in read(
                     self.invoice, 'payments')['payments']['data']]

    def test_a_part_and_then_the_rest(self):
        answer = self.attach(self.pay(700))
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json['status'], 'open')
        self.assertEqual(answer.json['amount_paid'], 700)
        self.assertEqual(answer.json['amount_remaining'], 1300)
        self.assertEqual(self.links(), [
            (False, 'paid', 700, 700), (True, 'open', 1300, None)])
        paid = act(self.invoice, 'pay').json
        self.assertEqual(paid['status'], 'paid')
        self.assertEqual(paid['amount_paid'], 2000)
        self.assertEqual(paid['amount_due'], 2000)

    def test_all_of_it(self):
        self.assertEqual(
            self.attach(self.pay(2000)).json['status'], 'paid')
        self.assertEqual(self.links(), [
            (False, 'paid', 2000, 2000), (True, 'canceled', 2000, None)])

    def test_more_is_the_customers(self):
        paid = self.attach(self.pay(2500)).json
        self.assertEqual(paid['status'], 'paid')
        self.assertEqual(paid['amount_overpaid'], 500)
        self.assertIn('invoice.overpaid', told(self.invoice))
        self.assertEqual(box.get(
            f'/v1/customers/{self.customer}').json['balance'], -500)

    def test_one_that_is_paid_later(self):
        intent = box.intent(amount=2000, customer=self.customer)
        self.assertEqual(
            self.attach(intent['id']).json['status'], 'open')
        box.post(f"/v1/payment_intents/{intent['id']}/confirm", {
            'payment_method': 'pm_card_visa', 'return_url': 'https://x.de'})
        self.assertEqual(read(self.invoice)['status'], 'paid')

    def test_what_cannot_be_attached(self):
        theirs = box.pay(customer=payer()).json['id']
        for intent in (theirs, box.pay().json['id'], 'pi_none'):
            self.assertEqual(
                self.attach(intent).error['param'], 'payment_intent')
        mine = self.pay(700)
        self.attach(mine)
        self.assertEqual(self.attach(mine).status, 400)

    def test_its_intent_is_the_invoices(self):
        intent = read(self.invoice, 'payments')['payments']['data'][0][
            'payment']['payment_intent']
        for path, params in (('', {'amount': 5000}), ('/cancel', {})):
            answer = box.post(f'/v1/payment_intents/{intent}{path}', params)
            self.assertEqual(
                answer.error['code'], 'payment_intent_unexpected_state')
        named = box.post(f'/v1/payment_intents/{intent}', {
            'metadata': {'a': 'b'}})
        self.assertEqual(named.json['metadata'], {'a': 'b'}, named)


class Ends(unittest.TestCase):
    def test_void(self):
        invoice = act(draft(box.customer(), 1999), 'finalize').json
        gone = act(invoice, 'void', expand=['payments.data.payment']).json
        self.assertEqual(gone['status'], 'void')
        self.assertEqual(told(invoice)[-1], 'invoice.voided')
        intent = box.get('/v1/payment_intents/' + gone['payments']['data'][0][
            'payment']['payment_intent']).json
        self.assertEqual(intent['status'], 'canceled')
        self.assertEqual(intent['cancellation_reason'], 'void_invoice')
        for verb in ('void', 'mark_uncollectible', 'pay', 'finalize'):
            self.assertEqual(act(invoice, verb).status, 400, verb)

    def test_uncollectible_can_still_be_paid(self):
        invoice = act(draft(payer(), 1999), 'finalize').json
        lost = act(invoice, 'mark_uncollectible').json
        self.assertEqual(lost['status'], 'uncollectible')
        self.assertEqual(
            lost['status_details']['uncollectible']['reason'],
            'user_forgiven')
        self.assertEqual(act(invoice, 'pay').json['status'], 'paid')

    def test_a_finalised_one_stays_as_it_is(self):
        customer = box.customer()
        invoice = draft(customer, 500)
        own = box.get('/v1/invoiceitems', {
            'invoice': invoice['id']}).json['data'][0]['id']
        act(invoice, 'finalize')
        answer = box.post(
            f"/v1/invoices/{invoice['id']}", {'description': 'x'})
        self.assertEqual(answer.error['code'], 'invoice_not_editable')
        kept = box.post(
            f"/v1/invoices/{invoice['id']}", {'metadata': {'a': 'b'}})
        self.assertEqual(kept.json['metadata'], {'a': 'b'})
        for answer in (
                box.post(f'/v1/invoiceitems/{own}', {'amount': 1}),
                box.call('DELETE', f'/v1/invoiceitems/{own}'),
                box.call('DELETE', f"/v1/invoices/{invoice['id']}"),
                box.post('/v1/invoiceitems', {
                    'customer': customer, 'amount': 1,
                    'invoice': invoice['id']})):
            self.assertEqual(answer.error['code'], 'invoice_not_editable')
        self.assertEqual(act(invoice, 'finalize').status, 400)

    def test_a_sent_one_has_a_day(self):
        invoice = draft(box.customer(), 500, collection_method='send_invoice',
                        days_until_due=7)
        sent = act(invoice, 'send').json
        self.assertEqual(sent['status'], 'open')
        self.assertEqual(
            sent['due_date'],
            sent['status_transitions']['finalized_at'] + 7 * 86400)
        self.assertEqual(told(invoice)[-1], 'invoice.sent')
        self.assertEqual(
            act(draft(box.customer(), 500), 'send').status, 400)

    def test_a_draft_goes_on_by_itself(self):
        invoice = draft(payer(), 1999, auto_advance=True)
        self.assertEqual(invoice['automatically_finalizes_at'],
                         invoice['created'] + 3600)
        box.advance(3000)
        self.assertEqual(read(invoice)['status'], 'draft')
        box.advance(700)
        self.assertEqual(read(invoice)['status'], 'paid')

    def test_one_that_is_too_large_says_so(self):
        customer = payer()
        refused = act(draft(customer, 99999999, 99999999), 'finalize')
        self.assertEqual(refused.error['code'], 'amount_too_large')
        invoice = draft(customer, 99999999, 99999999, auto_advance=True)
        box.advance(3700)
        after = read(invoice)
        self.assertEqual(after['status'], 'draft')
        self.assertFalse(after['auto_advance'])
        self.assertEqual(
            after['last_finalization_error']['code'], 'amount_too_large')
        self.assertEqual(told(invoice)[-1], 'invoice.finalization_failed')

    def test_how_it_looks(self):
        customer = box.customer(invoice_settings={
            'footer': 'Thanks', 'custom_fields': [
                {'name': 'VAT', 'value': 'DE1'}]})
        invoice = draft(customer, 500, rendering={
            'amount_tax_display': 'exclude_tax', 'pdf': {'page_size': 'a4'}},
            shipping_details={'name': 'Ada', 'address': {'city': 'London'}})
        self.assertEqual(invoice['footer'], 'Thanks')
        self.assertEqual(
            invoice['custom_fields'], [{'name': 'VAT', 'value': 'DE1'}])
        self.assertEqual(invoice['rendering'], {
            'amount_tax_display': 'exclude_tax',
            'pdf': {'page_size': 'a4'}, 'template': None,
            'template_version': None})
        self.assertEqual(
            invoice['shipping_details']['address']['city'], 'London')
        self.assertIsNone(invoice['shipping_details']['phone'])
        other = box.post(f"/v1/invoices/{invoice['id']}", {'footer': ''})
        self.assertIsNone(other.json['footer'])

    def test_lists_are_filtered(self):
        customer = payer()
        one, two = draft(customer, 500), draft(customer, 600)
        act(two, 'pay')

        def found(**params):
            return [row['id'] for row in box.get('/v1/invoices', {
                'customer': customer, **params}).json['data']]

        self.assertEqual(found(), [two['id'], one['id']])
        self.assertEqual(found(status='draft'), [one['id']])
        self.assertEqual(found(status='paid'), [two['id']])
        self.assertEqual(found(collection_method='send_invoice'), [])
        number = read(two)['number']
        self.assertEqual([row['id'] for row in box.get(
            '/v1/invoices/search',
            {'query': f'number:"{number}"'}).json['data']], [two['id']])


class Balance(unittest.TestCase):
    def credit(self, customer, amount):
        answer = box.post(
            f'/v1/customers/{customer}/balance_transactions',
            {'amount': amount, 'currency': 'usd', 'description': 'x'})
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def balance(self, customer):
        return box.get(f'/v1/customers/{customer}').json['balance']

    def entries(self, customer):
        return [(row['type'], row['amount'], row['ending_balance'])
                for row in box.get(
                    f'/v1/customers/{customer}/balance_transactions'
                ).json['data']]

    def test_a_credit_pays_first(self):
        customer = payer()
        self.assertEqual(self.credit(customer, -500)['type'], 'adjustment')
        invoice = act(draft(customer, 1999), 'finalize').json
        self.assertEqual(invoice['starting_balance'], -500)
        self.assertEqual(invoice['ending_balance'], 0)
        self.assertEqual(invoice['amount_due'], 1499)
        self.assertEqual(invoice['total'], 1999)
        self.assertEqual(self.entries(customer), [
            ('applied_to_invoice', 500, 0), ('adjustment', -500, -500)])
        act(invoice, 'void')
        self.assertEqual(self.balance(customer), -500)
        self.assertEqual(
            self.entries(customer)[0], ('unapplied_from_invoice', -500, -500))

    def test_a_credit_that_covers_it_all(self):
        customer = box.customer()
        self.credit(customer, -5000)
        invoice = act(draft(customer, 1999), 'finalize', expand=[
            'payments']).json
        self.assertEqual(invoice['status'], 'paid')
        self.assertEqual(invoice['amount_due'], 0)
        self.assertEqual(invoice['amount_paid'], 0)
        self.assertEqual(invoice['payments']['data'], [])
        self.assertEqual(self.balance(customer), -3001)
        self.assertEqual(told(invoice)[-2:], [
            'invoice.paid', 'invoice.payment_succeeded'])

    def test_too_little_is_carried_over(self):
        customer = payer()
        small = act(draft(customer, 30), 'finalize').json
        self.assertEqual(small['status'], 'paid')
        self.assertEqual(small['amount_due'], 0)
        self.assertEqual(small['ending_balance'], 30)
        self.assertEqual(
            self.entries(customer), [('invoice_too_small', 30, 30)])
        nxt = act(draft(customer, 1000), 'pay').json
        self.assertEqual(nxt['amount_paid'], 1030)
        self.assertEqual(self.balance(customer), 0)

    def test_a_negative_total_is_credited(self):
        customer = box.customer()
        invoice = act(draft(customer, 500, -1700), 'finalize').json
        self.assertEqual(invoice['status'], 'paid')
        self.assertEqual(invoice['total'], -1200)
        self.assertEqual(self.balance(customer), -1200)

    def test_a_balance_that_is_set_has_an_entry(self):
        customer = box.customer(balance=-700)
        box.post(f'/v1/customers/{customer}', {'balance': 100})
        self.assertEqual(self.balance(customer), 100)
        self.assertEqual(self.entries(customer), [
            ('adjustment', 800, 100), ('initial', -700, -700)])
        entry = self.credit(customer, -5)
        path = f"/v1/customers/{customer}/balance_transactions/{entry['id']}"
        self.assertEqual(box.get(path).json, entry)
        changed = box.post(path, {'metadata': {'a': 'b'}}).json
        self.assertEqual(changed['metadata'], {'a': 'b'})
        self.assertEqual(box.get(path.replace(
            customer, box.customer())).status, 404)

    def test_one_currency_a_customer(self):
        customer = box.customer()
        self.credit(customer, -1)
        answer = box.post(
            f'/v1/customers/{customer}/balance_transactions',
            {'amount': 1, 'currency': 'eur'})
        self.assertEqual(answer.error['param'], 'currency')


class Discounts(unittest.TestCase):
    def coupon(self, **params):
        return box.post('/v1/coupons', params).json['id']

    def test_a_share_is_rounded_line_by_line(self):
        coupon = self.coupon(percent_off=50)
        invoice = draft(box.customer(), 999, 333, -101,
                        discounts=[{'coupon': coupon}])
        lines = invoice['lines']['data']
        self.assertEqual(
            [line['discount_amounts'][0]['amount'] for line in lines],
            [500, 167, -51])
        self.assertEqual(invoice['total'], 1231 - 616)
        total = invoice['total_discount_amounts']
        self.assertEqual([row['amount'] for row in total], [616])
        self.assertEqual(invoice['discounts'], [total[0]['discount']])
        whole = read(invoice, 'discounts.source.coupon')
        self.assertEqual(
            whole['discounts'][0]['source']['coupon']['id'], coupon)
        self.assertEqual(whole['discounts'][0]['invoice'], invoice['id'])
        self.assertEqual(
            box.get(f'/v1/coupons/{coupon}').json['times_redeemed'], 1)

    def test_an_amount_is_split_to_the_cent(self):
        coupon = self.coupon(amount_off=100, currency='usd')
        invoice = draft(box.customer(), 100, 100, 100,
                        discounts=[{'coupon': coupon}])
        self.assertEqual(
            [line['discount_amounts'][0]['amount']
             for line in invoice['lines']['data']], [34, 33, 33])
        self.assertEqual(invoice['total'], 200)

    def test_it_takes_no_more_than_there_is(self):
        coupon = self.coupon(amount_off=5000, currency='usd')
        invoice = act(draft(box.customer(), 1999,
                            discounts=[{'coupon': coupon}]), 'finalize').json
        self.assertEqual(invoice['total'], 0)
        self.assertEqual(invoice['status'], 'paid')
        self.assertEqual(invoice['amount_paid'], 0)

    def test_only_what_it_is_for(self):
        product = box.post('/v1/products', {'name': 'A'}).json['id']
        price = box.post('/v1/prices', {
            'currency': 'usd', 'unit_amount': 1000,
            'product': product}).json['id']
        coupon = self.coupon(
            percent_off=100, applies_to={'products': [product]})
        customer = box.customer()
        box.post('/v1/invoiceitems', {
            'customer': customer, 'pricing': {'price': price}})
        item(customer, 700)
        item(customer, 300, discountable=False)
        invoice = draft(customer, 1, discounts=[
            {'coupon': coupon}, {'coupon': self.coupon(percent_off=10)}])
        self.assertEqual(invoice['total'], 630 + 300 + 1)
        self.assertEqual(
            [row['amount'] for row in invoice['total_discount_amounts']],
            [1000, 70])

    def test_a_line_may_have_its_own(self):
        customer = box.customer()
        item(customer, 1000, discounts=[
            {'coupon': self.coupon(percent_off=20)}])
        invoice = draft(customer, 1000)
        self.assertEqual(invoice['total'], 1800)
        self.assertEqual(invoice['discounts'], [])

    def test_a_customer_may_have_one(self):
        """As callers without a version still can give it."""
        once = self.coupon(percent_off=50)
        customer = box.post(
            '/v1/customers', {'coupon': once}, version=None).json
        self.assertEqual(customer['discount']['source']['coupon'], once)
        refused = box.post('/v1/customers', {'coupon': once})
        self.assertEqual(refused.error['code'], 'parameter_unknown')
        invoice = draft(customer['id'], 1000)
        self.assertEqual(
            invoice['discounts'], [customer['discount']['id']])
        self.assertEqual(invoice['total'], 500)
        act(invoice, 'finalize')
        path = f"/v1/customers/{customer['id']}"
        self.assertIsNone(box.get(path).json['discount'])
        self.assertEqual(told(customer['discount']), [
            'customer.discount.created', 'customer.discount.deleted'])
        self.assertEqual(draft(customer['id'], 1000)['total'], 1000)
        forever = self.coupon(percent_off=10, duration='forever')
        given = box.post(path, {'coupon': forever}, version=None).json
        act(draft(customer['id'], 1000), 'finalize')
        gone = box.call('DELETE', path + '/discount').json
        self.assertEqual(gone['id'], given['discount']['id'])
        self.assertTrue(gone['deleted'])
        self.assertEqual(
            box.call('DELETE', path + '/discount').status, 404)

    def test_months_end(self):
        coupon = self.coupon(
            percent_off=10, duration='repeating', duration_in_months=1)
        customer = box.post(
            '/v1/customers', {'coupon': coupon}, version=None).json
        start, end = (customer['discount'][n] for n in ('start', 'end'))
        self.assertTrue(28 * 86400 <= end - start <= 31 * 86400)
        self.assertEqual(draft(customer['id'], 1000)['total'], 900)
        box.advance(32 * 86400)
        self.assertEqual(draft(customer['id'], 1000)['total'], 1000)

    def test_codes_have_limits(self):
        customer = payer()
        coupon = self.coupon(percent_off=10)

        def code(**params):
            return box.post('/v1/promotion_codes', {
                'promotion': {'type': 'coupon', 'coupon': coupon},
                **params}).json['id']

        def use(promo, who=None):
            return box.post('/v1/invoices', {
                'customer': who or customer,
                'discounts': [{'promotion_code': promo}]})

        once = code(max_redemptions=1)
        self.assertEqual(use(once).status, 200)
        self.assertEqual(use(once).error['code'], 'coupon_expired')
        self.assertFalse(
            box.get(f'/v1/promotion_codes/{once}').json['active'])
        theirs = code(customer=box.customer())
        self.assertEqual(
            use(theirs).error['param'], 'discounts[0][promotion_code]')
        first = code(restrictions={'first_time_transaction': True})
        self.assertEqual(use(first).status, 200)
        act(draft(customer, 1000), 'pay')
        self.assertIn('prior transactions', use(first).error['message'])
        least = code(restrictions={
            'minimum_amount': 2000, 'minimum_amount_currency': 'usd'})
        invoice = draft(customer, 1000)
        answer = box.post(f"/v1/invoices/{invoice['id']}", {
            'discounts': [{'promotion_code': least}]})
        self.assertIn('minimum', answer.error['message'])

    def test_what_was_redeemed_is_its_customers(self):
        coupon = self.coupon(percent_off=10)
        customer = box.customer()
        discount = box.post('/v1/invoices', {
            'customer': customer, 'currency': 'usd',
            'discounts': [{'coupon': coupon}]}).json['discounts'][0]
        for buyer, status in ((customer, 200), (box.customer(), 400)):
            answer = box.post('/v1/invoices', {
                'customer': buyer, 'currency': 'usd',
                'discounts': [{'discount': discount}]})
            self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.error['param'], 'discounts[0][discount]')

    def test_what_names_no_discount(self):
        customer = box.customer()
        euro = self.coupon(amount_off=5, currency='eur')
        for given in ({'coupon': 'none'}, {}, {'coupon': euro},
                      {'discount': 'di_none'},
                      {'coupon': euro, 'promotion_code': 'x'}):
            answer = box.post('/v1/invoices', {
                'customer': customer, 'currency': 'usd',
                'discounts': [given or {'coupon': ''}]})
            self.assertEqual(answer.status, 400, given)
            self.assertTrue(
                answer.error['param'].startswith('discounts[0]'), answer)


if __name__ == '__main__':
    unittest.main()
