"""What is taken back of an invoice: before and after it was paid."""

import unittest

from bills import Bills
from sandbox import Sandbox


def setUpModule():
    global box, payer, item, draft, act, read, told
    box = Sandbox().up()
    bills = Bills(box)
    payer, item, draft = bills.payer, bills.item, bills.draft
    act, read, told = bills.act, bills.read, bills.told


def tearDownModule():
    box.down()


def credit(invoice, **params):
    return box.post('/v1/credit_notes', {'invoice': invoice['id'], **params})


def intent_of(invoice):
    link = read(invoice, 'payments')['payments']['data'][0]
    return box.get('/v1/payment_intents/' + link['payment'][
        'payment_intent']).json, link


class BeforePayment(unittest.TestCase):
    def test_it_lowers_what_is_to_pay(self):
        invoice = act(draft(payer(), 1999), 'finalize').json
        answer = credit(invoice, amount=500, memo='Sorry',
                        reason='order_change', metadata={'k': 'v'})
        self.assertEqual(answer.status, 200, answer)
        note = answer.json
        self.assertEqual(note['type'], 'pre_payment')
        self.assertEqual(note['status'], 'issued')
        self.assertEqual(note['pre_payment_amount'], 500)
        self.assertEqual(note['post_payment_amount'], 0)
        self.assertEqual(note['total'], 500)
        self.assertEqual(note['number'], invoice['number'] + '-CN-01')
        self.assertEqual(note['refunds'], [])
        after = read(invoice)
        self.assertEqual(after['amount_remaining'], 1499)
        self.assertEqual(after['pre_payment_credit_notes_amount'], 500)
        self.assertEqual(after['total'], 1999)
        intent, link = intent_of(invoice)
        self.assertEqual(intent['amount'], 1499)
        self.assertEqual(link['amount_requested'], 1499)
        self.assertEqual(act(invoice, 'pay').json['amount_paid'], 1499)

    def test_nothing_left_is_paid(self):
        invoice = act(draft(box.customer(), 1999), 'finalize').json
        line = invoice['lines']['data'][0]['id']
        note = credit(invoice, lines=[{
            'type': 'invoice_line_item', 'invoice_line_item': line}])
        self.assertEqual(note.status, 200, note)
        self.assertEqual(
            note.json['lines']['data'][0]['invoice_line_item'], line)
        after = read(invoice)
        self.assertEqual(after['status'], 'paid')
        self.assertEqual(after['amount_paid'], 0)
        self.assertIn('invoice.paid', told(invoice))
        self.assertEqual(intent_of(invoice)[0]['status'], 'canceled')

    def test_it_can_be_voided(self):
        invoice = act(draft(box.customer(), 1999), 'finalize').json
        note = credit(invoice, amount=500).json
        void = box.post(f"/v1/credit_notes/{note['id']}/void").json
        self.assertEqual(void['status'], 'void')
        self.assertIsNotNone(void['voided_at'])
        after = read(invoice)
        self.assertEqual(after['amount_remaining'], 1999)
        self.assertEqual(after['pre_payment_credit_notes_amount'], 0)
        self.assertEqual(told(note), [
            'credit_note.created', 'credit_note.voided'])
        again = box.post(f"/v1/credit_notes/{note['id']}/void")
        self.assertEqual(again.status, 400)


class AfterPayment(unittest.TestCase):
    def paid(self, *amounts, **params):
        customer = payer()
        return customer, act(
            draft(customer, *amounts, **params), 'pay').json

    def test_money_goes_back(self):
        _, invoice = self.paid(1999)
        note = credit(invoice, amount=700, refund_amount=700,
                      expand=['refunds.refund'])
        self.assertEqual(note.status, 200, note)
        self.assertEqual(note.json['type'], 'post_payment')
        refund = note.json['refunds'][0]['refund']
        self.assertEqual(refund['amount'], 700)
        self.assertEqual(refund['status'], 'succeeded')
        after = read(invoice)
        self.assertEqual(after['status'], 'paid')
        self.assertEqual(after['post_payment_credit_notes_amount'], 700)
        self.assertEqual(intent_of(invoice)[0]['amount_received'], 1999)
        over = credit(invoice, amount=1300, refund_amount=1300)
        self.assertEqual(over.error['param'], 'amount')

    def test_a_balance_is_credited(self):
        customer, invoice = self.paid(1999)
        note = credit(invoice, amount=500, credit_amount=300,
                      out_of_band_amount=200,
                      expand=['customer_balance_transaction']).json
        entry = note['customer_balance_transaction']
        self.assertEqual(entry['amount'], -300)
        self.assertEqual(entry['type'], 'credit_note')
        self.assertEqual(entry['credit_note'], note['id'])
        self.assertEqual(note['out_of_band_amount'], 200)
        self.assertEqual(
            box.get(f'/v1/customers/{customer}').json['balance'], -300)

    def test_a_refund_made_before_is_linked(self):
        _, invoice = self.paid(1999)
        refund = box.post('/v1/refunds', {
            'payment_intent': intent_of(invoice)[0]['id'],
            'amount': 400}).json
        note = credit(invoice, amount=400, refunds=[
            {'refund': refund['id'], 'amount_refunded': 400}])
        self.assertEqual(note.status, 200, note)
        self.assertEqual(note.json['refunds'], [{
            'amount_refunded': 400, 'payment_record_refund': None,
            'refund': refund['id'], 'type': 'refund'}])

    def test_but_only_its_own_and_no_more_than_it_is(self):
        _, invoice = self.paid(1999)
        own = box.post('/v1/refunds', {
            'payment_intent': intent_of(invoice)[0]['id'],
            'amount': 400}).json
        other = box.post('/v1/refunds', {
            'payment_intent': box.pay().json['id'], 'amount': 400}).json
        for refund, amount, param in (
                (own, 401, 'refunds[amount_refunded]'),
                (other, 400, 'refunds[refund]')):
            note = credit(invoice, amount=amount, refunds=[
                {'refund': refund['id'], 'amount_refunded': amount}])
            self.assertEqual(note.status, 400, note)
            self.assertEqual(note.error['param'], param)

    def test_the_sums_must_agree(self):
        _, invoice = self.paid(1999)
        answer = credit(invoice, amount=500, refund_amount=300)
        self.assertEqual(answer.status, 400)
        self.assertIn('must equal', answer.error['message'])
        self.assertEqual(
            box.get('/v1/credit_notes', {
                'invoice': invoice['id']}).json['data'], [])
        opened = act(draft(box.customer(), 1999), 'finalize').json
        answer = credit(opened, amount=500, refund_amount=500)
        self.assertEqual(answer.error['param'], 'refund_amount')

    def test_it_stays(self):
        _, invoice = self.paid(1999)
        note = credit(invoice, amount=500, credit_amount=500).json
        answer = box.post(f"/v1/credit_notes/{note['id']}/void")
        self.assertEqual(answer.status, 400)


class Lines(unittest.TestCase):
    def test_a_part_of_a_line_takes_its_share_of_the_discount(self):
        coupon = box.post('/v1/coupons', {'percent_off': 25}).json['id']
        customer = payer()
        price = box.post('/v1/prices', {
            'currency': 'usd', 'unit_amount': 1000,
            'product_data': {'name': 'P'}}).json['id']
        box.post('/v1/invoiceitems', {
            'customer': customer, 'pricing': {'price': price},
            'quantity': 3})
        invoice = act(box.post('/v1/invoices', {
            'customer': customer, 'discounts': [{'coupon': coupon}],
            'pending_invoice_items_behavior': 'include'}).json, 'pay').json
        self.assertEqual(invoice['amount_paid'], 2250)
        line = invoice['lines']['data'][0]['id']
        params = {'lines': [{
            'type': 'invoice_line_item', 'invoice_line_item': line,
            'quantity': 2}]}
        shown = box.get('/v1/credit_notes/preview', {
            'invoice': invoice['id'], 'refund_amount': 1500, **params})
        self.assertEqual(shown.status, 200, shown)
        self.assertEqual(shown.json['subtotal'], 2000)
        self.assertEqual(shown.json['discount_amount'], 500)
        self.assertEqual(shown.json['total'], 1500)
        self.assertEqual(box.get(
            f"/v1/credit_notes/{shown.json['id']}").status, 404)
        note = credit(invoice, refund_amount=1500, **params).json
        self.assertEqual(note['discount_amounts'], [{
            'amount': 500, 'discount': invoice['discounts'][0]}])
        self.assertEqual(note['lines']['data'][0]['quantity'], 2)
        again = credit(invoice, refund_amount=1500, **params)
        self.assertEqual(again.error['param'], 'lines[0][amount]')
        rest = credit(invoice, refund_amount=750, lines=[{
            'type': 'invoice_line_item', 'invoice_line_item': line}])
        self.assertEqual(rest.json['total'], 750, rest)

    def test_a_line_of_its_own(self):
        invoice = act(draft(box.customer(), 1999), 'finalize').json
        note = credit(invoice, lines=[{
            'type': 'custom_line_item', 'description': 'Goodwill',
            'unit_amount_decimal': '50.25', 'quantity': 2}])
        self.assertEqual(note.status, 200, note)
        self.assertEqual(note.json['total'], 101)
        listed = box.get(
            f"/v1/credit_notes/{note.json['id']}/lines").json['data']
        self.assertEqual(listed[0]['description'], 'Goodwill')
        self.assertIsNone(listed[0]['unit_amount'])
        lines = box.get('/v1/credit_notes/preview/lines', {
            'invoice': invoice['id'], 'amount': 7}).json
        self.assertEqual(lines['data'][0]['amount'], 7)

    def test_what_credits_nothing(self):
        invoice = act(draft(box.customer(), 1999), 'finalize').json
        for params, param in (
                ({}, 'amount'),
                ({'amount': 2000}, 'amount'),
                ({'lines': [{'type': 'custom_line_item', 'amount': 5}]},
                 'lines[0][description]'),
                ({'lines': [{'type': 'invoice_line_item',
                             'invoice_line_item': 'il_x'}]},
                 'lines[0][invoice_line_item]')):
            answer = credit(invoice, **params)
            self.assertEqual(answer.status, 400, params)
            self.assertEqual(answer.error['param'], param, answer)
        answer = credit(draft(box.customer(), 5), amount=1)
        self.assertEqual(answer.error['param'], 'invoice')

    def test_memo_and_metadata_can_be_changed(self):
        customer = box.customer()
        invoice = act(draft(customer, 1999), 'finalize').json
        note = credit(invoice, amount=5).json
        changed = box.post(f"/v1/credit_notes/{note['id']}", {
            'memo': 'x', 'metadata': {'a': 'b'}}).json
        self.assertEqual(changed['memo'], 'x')
        self.assertEqual(told(note)[-1], 'credit_note.updated')
        for params in ({'customer': customer}, {'invoice': invoice['id']}):
            self.assertEqual(
                [row['id'] for row in box.get(
                    '/v1/credit_notes', params).json['data']], [note['id']])


if __name__ == '__main__':
    unittest.main()
