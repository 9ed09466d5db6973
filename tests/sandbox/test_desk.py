"""The pages at the root: what they show, what their forms do, and that a
name from outside stays text."""

import html.parser
import unittest

from sandbox import Hook, Sandbox, wait_for

box = Sandbox()
PAGE = {'Accept': 'text/html,application/xhtml+xml'}
FORM = {'Content-Type': 'application/x-www-form-urlencoded'}
HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>'


def setUpModule():
    box.up()


def tearDownModule():
    box.down()


class Page(html.parser.HTMLParser):
    """Text, links, forms and the scripts of a page."""

    def __init__(self, answer):
        super().__init__()
        self.text, self.links, self.forms, self.tags = '', [], [], []
        self.status = answer.status
        self.headers = answer.headers
        self.source = answer.body.decode()
        self.feed(self.source)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.append((tag, values))
        if tag == 'a':
            self.links.append(values['href'])
        elif tag == 'form':
            self.forms.append((values['action'], {}))
        elif tag in ('input', 'button') and 'name' in values:
            self.forms[-1][1].setdefault(
                values['name'], []).append(values.get('value'))

    def handle_data(self, data):
        self.text += data


def page(path='/'):
    answer = box.raw('GET', path, headers=PAGE)
    assert answer.status == 200, answer
    return Page(answer)


def press(path, form, origin=None):
    """A form sent by a browser without the page's script."""
    return box.raw('POST', path, form, {
        **PAGE, **FORM, 'Origin': box.url if origin is None else origin})


class Desk(unittest.TestCase):
    def setUp(self):
        self.assertEqual(box.control('POST', 'reset').status, 200)

    def test_an_empty_sandbox_says_what_to_do(self):
        shown = page()
        self.assertIn('Simulated payments', shown.text)
        self.assertIn('No payment has been begun yet.', shown.text)
        self.assertIn(f'curl {box.url}/v1/payment_intents', shown.text)
        self.assertIn(f"port: {box.port}", shown.text)

    def test_it_shows_objects_events_deliveries_and_endpoints(self):
        hook = Hook()
        self.addCleanup(hook.close)
        made = box.post('/v1/webhook_endpoints', {
            'url': hook.url, 'enabled_events': ['*']}).json
        customer = box.customer(email='ada@example.com', name='Ada')
        paid = box.pay(customer=customer).json
        wait_for(lambda: 'charge.succeeded' in hook.types(), 'the webhooks')
        box.control('POST', 'tick')
        shown = page()
        for text in ('9.99 USD', 'succeeded', 'Ada', 'ada@example.com',
                     'payment_intent.succeeded', hook.url, '200'):
            self.assertIn(text, shown.text)
        for name in (paid['id'], customer, made['id']):
            self.assertIn(f'/objects/{name}', shown.links)
        self.assertIn('/objects?kind=payment_intent', shown.links)
        self.assertNotIn(made['secret'], shown.source)
        self.assertIn(f'whsec_\u2026{made["secret"][-4:]}', shown.text)

    def test_every_link_and_every_form_leads_somewhere(self):
        box.customer(name='Ada')
        box.intent()
        shown = page()
        for link in {href for href in shown.links if href.startswith('/')}:
            self.assertEqual(box.raw('GET', link).status, 200, link)
        self.assertGreater(len(shown.forms), 4)
        for path in {action for action, _ in shown.forms}:
            # Without its fields it is refused, and not unknown.
            self.assertNotEqual(press(path, 'x=1').status, 404, path)

    def test_a_hostile_name_stays_text(self):
        customer = box.customer(name=HOSTILE, email='eve@example.com')
        box.post('/v1/webhook_endpoints', {
            'url': 'http://127.0.0.1:9/"><script>', 'enabled_events': ['*']})
        clean = len([tag for tag, _ in page('/objects?kind=event').tags
                     if tag == 'script'])
        for path in ('/', '/objects?kind=customer', f'/objects/{customer}',
                     '/objects?kind=webhook_endpoint'):
            shown = page(path)
            scripts = [tag for tag, _ in shown.tags if tag == 'script']
            self.assertEqual(len(scripts), clean, path)
            self.assertNotIn('img', {tag for tag, _ in shown.tags}, path)
        self.assertIn(HOSTILE, page().text)

    def test_a_hostile_path_or_kind_is_refused_or_stays_text(self):
        self.assertEqual(
            box.raw('GET', '/objects/%3Cscript%3E').status, 404)
        shown = page('/objects?kind=%3Cscript%3Ealert(1)%3C/script%3E')
        self.assertEqual(
            len([tag for tag, _ in shown.tags if tag == 'script']), 1)
        for kind in ('session', 'message'):
            self.assertEqual(
                box.raw('GET', f'/objects?kind={kind}').status, 400)

    def test_pages_forbid_what_they_do_not_need(self):
        policy = page().headers['Content-Security-Policy']
        for part in ("default-src 'none'", "script-src 'self'",
                     "frame-ancestors 'none'", "base-uri 'none'"):
            self.assertIn(part, policy)
        self.assertNotIn('unsafe', policy)

    def test_an_object_links_to_what_it_names_and_what_names_it(self):
        customer = box.customer()
        paid = box.pay(customer=customer).json
        shown = page(f'/objects/{paid["id"]}')
        self.assertIn(f'/objects/{customer}', shown.links)
        self.assertIn(f'/objects/{paid["latest_charge"]}', shown.links)
        self.assertIn('amount: 999,', shown.text)
        events = [href for href in shown.links if '/objects/evt_' in href]
        self.assertGreaterEqual(len(events), 2)
        self.assertEqual(box.raw('GET', '/objects/cus_nobody').status, 404)

    def test_a_long_list_has_pages(self):
        for n in range(53):
            box.customer(name=f'Number {n}')
        first = page('/objects?kind=customer')
        names = [href for href in first.links if '/objects/cus_' in href]
        self.assertEqual(len(names), 50)
        older = [href for href in first.links if 'before=' in href]
        second = page(older[0])
        rest = [href for href in second.links if '/objects/cus_' in href]
        self.assertEqual(len(rest), 3)
        self.assertFalse(set(names) & set(rest))
        self.assertFalse([x for x in second.links if 'before=' in x])

    def test_a_form_without_the_script_comes_back_to_the_page(self):
        for path, form in (('/_sandbox/outage', 'count=3&path=&mode=500'),
                           ('/_sandbox/events', 'n=&mode=withhold'),
                           ('/_sandbox/advance', 'seconds=3600')):
            answer = press(path, form)
            self.assertEqual((answer.status, answer.headers['Location']),
                             (303, '/'), path)
        shown = page()
        self.assertIn('It answers 500', shown.text)
        self.assertIn('3 more times', shown.text)
        self.assertIn('are kept until you let them go', shown.text)
        self.assertRegex(shown.text, r'\d+ d \d+ h ahead')

    def test_a_form_of_another_origin_is_refused(self):
        for origin in ('http://evil.example', 'null'):
            self.assertEqual(
                press('/_sandbox/reset', '', origin).status, 403)

    def test_a_rolled_secret_is_shown_once(self):
        made = box.post('/v1/webhook_endpoints', {
            'url': 'http://127.0.0.1:9/', 'enabled_events': ['*']}).json
        answer = press('/_sandbox/roll-secret', f'endpoint={made["id"]}')
        self.assertEqual(answer.status, 200)
        self.assertTrue(answer.json['secret'].startswith('whsec_'))
        shown = page()
        self.assertNotIn(answer.json['secret'], shown.source)
        self.assertIn('the one before signs too', shown.text)

    def test_the_card_of_a_customer_fails_by_its_form(self):
        customer = box.customer(name='Ada')
        path, fields = next(
            (action, names) for action, names in page().forms
            if names.get('customer') == [customer])
        press(path, f'customer={customer}&result=insufficient_funds')
        self.assertEqual(set(fields), {'customer'})
        error = box.pay(customer=customer, payment_method=box.post(
            '/v1/payment_methods/pm_card_visa/attach',
            {'customer': customer}).json['id']).error
        self.assertEqual(error['decline_code'], 'insufficient_funds')


class Acts(unittest.TestCase):
    """The buttons of a payment: there when they can be pressed."""

    def setUp(self):
        self.assertEqual(box.control('POST', 'reset').status, 200)

    def buttons(self, intent, path='/'):
        """What the forms of this payment would send, by their path."""
        return sorted(
            (action.removeprefix('/_sandbox/'), *(
                value for name, values in sorted(fields.items())
                if name != 'payment_intent' for value in values if value))
            for action, fields in page(path).forms
            if fields.get('payment_intent') == [intent])

    def press(self, path, intent, **form):
        answer = press(f'/_sandbox/{path}', '&'.join(
            f'{name}={value}' for name, value in
            {'payment_intent': intent, **form}.items()))
        self.assertEqual(answer.status, 303, answer)

    def test_an_open_payment_is_paid_or_declined(self):
        made = box.intent()['id']
        self.assertEqual(self.buttons(made), [
            ('confirm', 'pm_card_visa'),
            ('confirm', 'pm_card_visa_chargeDeclined')])
        declined = press('/_sandbox/confirm', f'payment_intent={made}'
                         '&payment_method=pm_card_visa_chargeDeclined')
        self.assertEqual(declined.status, 402)
        self.press('confirm', made, payment_method='pm_card_visa')
        self.assertEqual(
            box.get(f'/v1/payment_intents/{made}').json['status'],
            'succeeded')

    def test_a_paid_one_is_refunded_and_then_is_done_with(self):
        paid = box.pay().json['id']
        self.assertEqual(self.buttons(paid), [
            ('dispute', 'inquiry'), ('dispute', 'open'), ('refund',)])
        self.press('refund', paid, amount=500)
        self.assertIn('partly refunded', page().text)
        self.press('refund', paid)
        self.assertEqual(self.buttons(paid), [])
        self.assertRegex(page().text, r'succeeded\s*refunded')

    def test_a_dispute_is_won_or_lost(self):
        for word, status in (('win', 'won'), ('lose', 'lost')):
            paid = box.pay().json['id']
            self.press('dispute', paid, action='open')
            self.assertEqual(self.buttons(paid), [
                ('dispute', 'lose'), ('dispute', 'win')])
            self.press('dispute', paid, action=word)
            self.assertEqual(self.buttons(paid), [('refund',)]
                             if status == 'won' else [])
            self.assertIn(f'dispute {status}', page().text)

    def test_other_kinds_have_buttons_of_their_own(self):
        customer = box.customer()
        method = box.post('/v1/payment_methods/pm_card_visa/attach',
                          {'customer': customer}).json['id']
        setup = box.post('/v1/setup_intents').json['id']
        session = box.post('/v1/checkout/sessions', {
            'mode': 'payment', 'success_url': 'https://example.com/',
            'line_items': [{'quantity': 1, 'price_data': {
                'currency': 'usd', 'unit_amount': 999,
                'product_data': {'name': 'Tokens'}}}]}).json['id']
        for kind, name, path, more, field in (
                ('payment_methods', method, 'renew-card',
                 '&exp_month=7&exp_year=2041', 'payment_method'),
                ('setup_intents', setup, 'confirm', '', 'setup_intent'),
                ('checkout/sessions', session, 'checkout', '', 'session')):
            forms = [(action, fields[field]) for action, fields
                     in page(f'/objects/{name}').forms if field in fields]
            self.assertEqual(forms, [(f'/_sandbox/{path}', [name])])
            answer = press(f'/_sandbox/{path}', f'{field}={name}{more}')
            self.assertEqual(answer.status, 303, answer)
        self.assertEqual(
            box.get(f'/v1/payment_methods/{method}').json['card']['exp_year'],
            2041)
        self.assertEqual(
            box.get(f'/v1/setup_intents/{setup}').json['status'], 'succeeded')
        self.assertEqual(
            box.get(f'/v1/checkout/sessions/{session}').json['status'],
            'complete')
        for done in (setup, session):
            self.assertEqual(page(f'/objects/{done}').forms, [])

    def test_its_own_page_refunds_a_part_and_on_a_detour(self):
        paid = box.pay().json['id']
        self.assertIn(('refund', 'pending', 'fail'), self.buttons(
            paid, f'/objects/{paid}'))
        self.press('refund', paid, amount=100, course='pending')
        refunds = box.get('/v1/refunds').json['data']
        self.assertEqual([(r['amount'], r['status']) for r in refunds],
                         [(100, 'pending')])


class Clock(unittest.TestCase):
    def test_advance_moves_the_clock_and_does_what_falls_due(self):
        before = box.control('GET', 'state').json
        answer = box.control('POST', 'advance', seconds=86400)
        self.assertEqual(answer.status, 200, answer)
        after = box.control('GET', 'state').json
        self.assertEqual(after['shift_ms'] - before['shift_ms'], 86400000)
        self.assertGreaterEqual(
            after['clock_ms'] - before['clock_ms'], 86400000)
        self.assertEqual(
            int((box.state / 'clock').read_text()), after['shift_ms'])

    def test_what_makes_no_sense_is_refused(self):
        for seconds in ('', 'x', '-1', '1e3', str(10 ** 12)):
            answer = box.control('POST', 'advance', seconds=seconds)
            self.assertEqual(
                (answer.status, answer.error['param']), (400, 'seconds'),
                seconds)

    def test_a_debit_that_takes_days_ends(self):
        made = box.pay(
            payment_method='pm_usBankAccount_success', mandate_data={
                'customer_acceptance': {'type': 'offline'}}).json
        self.assertEqual(made['status'], 'processing', made)
        answer = box.control('POST', 'advance', seconds=5 * 86400)
        self.assertGreaterEqual(answer.json['due'], 1)
        read = box.get(f'/v1/payment_intents/{made["id"]}').json
        self.assertEqual(read['status'], 'succeeded')


class WithoutClock(unittest.TestCase):
    def test_a_sandbox_without_a_clock_file_says_so(self):
        bare = Sandbox(clock=False)
        bare.up()
        self.addCleanup(bare.down)
        shown = Page(bare.raw('GET', '/', headers=PAGE))
        self.assertIn('its clock cannot be moved', shown.text)
        self.assertNotIn(
            '/_sandbox/advance', {action for action, _ in shown.forms})
        answer = bare.control('POST', 'advance', seconds=1)
        self.assertEqual(answer.status, 400)
        self.assertIn('VANTAGE_CLOCK_FILE', answer.error['message'])


if __name__ == '__main__':
    unittest.main()
