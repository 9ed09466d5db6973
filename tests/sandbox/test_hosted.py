"""What a customer sees of an invoice: its page, and its PDF."""

import re
import unittest
import urllib.parse

from bills import Bills
from sandbox import Sandbox


def setUpModule():
    global box, payer, item, draft, act, read
    box = Sandbox().up()
    bills = Bills(box)
    payer, item, draft = bills.payer, bills.item, bills.draft
    act, read = bills.act, bills.read


def tearDownModule():
    box.down()


def fetch(url):
    parts = urllib.parse.urlsplit(url)
    assert f'{parts.scheme}://{parts.netloc}' == box.url, url
    return box.raw('GET', f'{parts.path}?{parts.query}')


class Pdf:
    """A PDF as a reader of it finds its way: from the end."""

    def __init__(self, data):
        self.data = data
        assert data.startswith(b'%PDF-1.4\n')
        assert data.endswith(b'%%EOF\n')
        start = int(re.search(rb'startxref\n(\d+)\n%%EOF\n$', data)[1])
        table = re.match(
            rb'xref\n0 (\d+)\n((?:\d{10} \d{5} [fn] \n)+)trailer\n'
            rb'<< /Size (\d+) /Root (\d+) 0 R /Info (\d+) 0 R >>\n',
            data[start:])
        rows = table[2].splitlines(keepends=True)
        assert len(rows) == int(table[1]) == int(table[3])
        assert rows[0] == b'0000000000 65535 f \n'
        self.objects = {}
        for number, row in enumerate(rows):
            assert len(row) == 20
            if number > 0:
                self.objects[number] = self.read(number, int(row[:10]))
        self.root = self.objects[int(table[4])]
        tree = self.objects[int(re.search(rb'/Pages (\d+) 0 R', self.root)[1])]
        kids = re.search(rb'/Kids \[(.*?)\]', tree)[1]
        self.pages = [self.objects[int(n)]
                      for n in re.findall(rb'(\d+) 0 R', kids)]
        assert int(re.search(rb'/Count (\d+)', tree)[1]) == len(self.pages)

    def read(self, number, at):
        head = b'%d 0 obj\n' % number
        assert self.data[at:].startswith(head), self.data[at:at + 40]
        return self.data[at + len(head):self.data.index(b'endobj\n', at)]

    def stream(self, page):
        body = self.objects[int(
            re.search(rb'/Contents (\d+) 0 R', page)[1])]
        length = int(re.match(rb'<< /Length (\d+) >>\nstream\n', body)[1])
        begin = body.index(b'stream\n') + 7
        assert body[begin + length:] == b'endstream\n', body[begin + length:]
        return body[begin:begin + length]

    def texts(self):
        """What is shown, with escapes resolved, in its order."""
        found = []
        for page in self.pages:
            for raw in re.findall(
                    rb'\(((?:[^()\\]|\\.)*)\) Tj', self.stream(page)):
                raw = re.sub(rb'\\(\d{3})',
                             lambda m: bytes([int(m[1], 8)]), raw)
                found.append(re.sub(rb'\\(.)', rb'\1', raw).decode('cp1252'))
        return found


class Page(unittest.TestCase):
    def test_an_open_one_can_be_paid(self):
        customer = box.customer(
            name='Ada <b>Lovelace</b>', email='ada@example.com',
            address={'line1': '1 Street', 'city': 'London', 'country': 'GB'})
        item(customer, 1999, description='Tokens & more')
        invoice = act(draft(customer, 1, description='March'),
                      'finalize').json
        answer = fetch(invoice['hosted_invoice_url'])
        self.assertEqual(answer.status, 200, answer)
        html = answer.body.decode()
        for text in (f"Invoice {invoice['number']}", 'Tokens &amp; more',
                     'Ada &lt;b&gt;Lovelace', '1 Street', 'March',
                     '20.00 USD due', 'Pay 20.00 USD', 'Simulated payments',
                     'hosted-invoice.js', invoice['invoice_pdf'].replace(
                         '&', '&amp;')):
            self.assertIn(text, html)
        secret = read(invoice, 'confirmation_secret')[
            'confirmation_secret']['client_secret']
        self.assertIn(f'data-secret="{secret}"', html)
        policy = answer.headers['Content-Security-Policy']
        self.assertIn("default-src 'none'", policy)
        self.assertIn("frame-src 'self'", policy)
        self.assertEqual(answer.headers['Referrer-Policy'], 'no-referrer')
        self.assertEqual(
            box.raw('GET', '/hosted-invoice.js').status, 200)

    def test_a_paid_one_asks_for_nothing(self):
        invoice = act(draft(payer(), 1999), 'pay').json
        html = fetch(invoice['hosted_invoice_url']).body.decode()
        self.assertIn('Paid on ', html)
        self.assertNotIn('<form', html)
        self.assertNotIn('client_secret', html)

    def test_a_void_one_neither(self):
        invoice = act(draft(box.customer(), 1999), 'finalize').json
        act(invoice, 'void')
        html = fetch(invoice['hosted_invoice_url']).body.decode()
        self.assertIn('Void', html)
        self.assertNotIn('<form', html)

    def test_only_who_has_the_address_sees_it(self):
        invoice = act(draft(box.customer(), 1999), 'finalize').json
        other = act(draft(box.customer(), 1999), 'finalize').json
        for name in ('hosted_invoice_url', 'invoice_pdf'):
            url = invoice[name]
            self.assertEqual(fetch(url + 'x').status, 404)
            self.assertEqual(fetch(url.replace(
                invoice['id'], other['id'])).status, 404)
            self.assertEqual(fetch(url.split('&')[0]).status, 400)
        unfinished = draft(box.customer(), 1999)
        self.assertIsNone(unfinished['hosted_invoice_url'])
        self.assertEqual(fetch(invoice['hosted_invoice_url'].replace(
            invoice['id'], unfinished['id'])).status, 404)


class Files(unittest.TestCase):
    def test_an_invoice(self):
        customer = box.customer(name='Zoë (Ltd) \\ Søn', email='z@example.com')
        item(customer, 1999, description='Ten tokens – 10 €, 日本')
        item(customer, 1, description='„Œuvre“ – Škoda, œ ž Ÿ')
        invoice = act(draft(customer, 1), 'finalize').json
        answer = fetch(invoice['invoice_pdf'])
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers['Content-Type'], 'application/pdf')
        self.assertIn(
            f"{invoice['id']}.pdf", answer.headers['Content-Disposition'])
        pdf = Pdf(answer.body)
        texts = pdf.texts()
        self.assertEqual(len(pdf.pages), 1)
        for text in (f"Invoice {invoice['number']}", 'Zoë (Ltd) \\ Søn',
                     'Ten tokens – 10 €, ??', '19.99 USD', 'Amount due',
                     '„Œuvre“ – Škoda, œ ž Ÿ',
                     '20.01 USD due', 'z@example.com'):
            self.assertIn(text, texts)
        self.assertIn('Simulated payments', texts[0])

    def test_the_head_of_a_column_ends_where_its_numbers_do(self):
        invoice = act(draft(box.customer(), 1999), 'finalize').json
        pdf = Pdf(fetch(invoice['invoice_pdf']).body)
        shown = re.findall(
            rb'/F(\d) (\d+) Tf (\d+) \d+ Td \((Amount|19\.99 USD)\) Tj',
            pdf.stream(pdf.pages[0]))
        # The widths of "Amount" in Helvetica-Bold, of "19.99 USD" in
        # Helvetica, as Adobe's metrics have them.
        wide = {b'Amount': 3777, b'19.99 USD': 4891}
        self.assertEqual({text for *_, text in shown}, set(wide))
        right = int(re.search(
            rb'(\d+) \d+ l S', pdf.stream(pdf.pages[0]))[1])
        ends = {text: int(x) + int(size) * wide[text] / 1000
                for _, size, x, text in shown}
        for text, end in ends.items():
            self.assertAlmostEqual(end, right, delta=1, msg=text)

    def test_a_long_one_goes_on_on_other_pages(self):
        customer = box.customer()
        long = 'many words ' * 30
        item(customer, 100, description=long)
        invoice = act(draft(customer, *range(1, 101)), 'finalize').json
        pdf = Pdf(fetch(invoice['invoice_pdf']).body)
        self.assertGreater(len(pdf.pages), 1)
        texts = pdf.texts()
        self.assertEqual(
            ' '.join(t.strip() for t in texts if t.startswith('many ') or
                     t.startswith('words ')).split(), long.split())
        for n in range(1, 101):
            self.assertIn(f'{n / 100:.2f} USD', texts)
        self.assertIn('51.50 USD due', texts)

    def test_a_credit_note(self):
        invoice = act(draft(box.customer(name='Ada'), 1999), 'finalize').json
        note = box.post('/v1/credit_notes', {
            'invoice': invoice['id'], 'amount': 500, 'memo': 'Sorry'}).json
        texts = Pdf(fetch(note['pdf']).body).texts()
        for text in (f"Credit note {note['number']}", '5.00 USD credited',
                     'Ada', 'Sorry', invoice['number']):
            self.assertIn(text, texts)
        self.assertEqual(fetch(note['pdf'] + 'x').status, 404)


if __name__ == '__main__':
    unittest.main()
