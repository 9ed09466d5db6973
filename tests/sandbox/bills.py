"""Short ways to invoices, for the tests of what belongs to them."""


class Bills:
    """On a sandbox that is up."""

    def __init__(self, box):
        self.box = box

    def payer(self, card='pm_card_visa', **params):
        """A customer whose invoices are paid by this card."""
        customer = self.box.customer(**params)
        method = self.box.post(
            f'/v1/payment_methods/{card}/attach', {'customer': customer})
        assert method.status == 200, method
        self.box.post(f'/v1/customers/{customer}', {'invoice_settings': {
            'default_payment_method': method.json['id']}})
        return customer

    def item(self, customer, amount, **params):
        answer = self.box.post('/v1/invoiceitems', {
            'customer': customer, 'amount': amount, 'currency': 'usd',
            **params})
        assert answer.status == 200, answer
        return answer.json

    def draft(self, customer, *amounts, **params):
        """A draft with a line for each amount."""
        for amount in amounts:
            self.item(customer, amount)
        answer = self.box.post('/v1/invoices', {
            'customer': customer, 'pending_invoice_items_behavior':
            'include' if amounts else 'exclude', **params})
        assert answer.status == 200, answer
        return answer.json

    def act(self, invoice, verb, **params):
        return self.box.post(f"/v1/invoices/{invoice['id']}/{verb}", params)

    def read(self, invoice, *expand):
        return self.box.get(f"/v1/invoices/{invoice['id']}", {
            'expand': list(expand)}).json

    def told(self, thing):
        """The types of the events about this object, the oldest first."""
        found = self.box.get('/v1/events', {'limit': 100}).json['data']
        return [event['type'] for event in reversed(found)
                if event['data']['object']['id'] == thing['id']]
