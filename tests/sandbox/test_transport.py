"""How the sandbox speaks: keys, versions, forms, errors, idempotency, lies."""

import base64
import concurrent.futures
import http.client
import socket
import threading
import time
import unittest

from sandbox import BROWSER_KEY, SITE, VERSION, Sandbox, wait_for


def setUpModule():
    global box
    box = Sandbox().up()


def tearDownModule():
    box.down()


class Transport(unittest.TestCase):
    def tearDown(self):
        box.control('POST', 'outage', mode='off')

    def test_every_answer_names_its_request(self):
        answer = box.get('/v1/customers')
        self.assertRegex(answer.headers['Request-Id'], '^req_')
        self.assertEqual(answer.headers['Stripe-Version'], VERSION)
        self.assertEqual(answer.json['object'], 'list')
        self.assertEqual(answer.json['url'], '/v1/customers')

    def test_basic_authentication_is_taken(self):
        word = base64.b64encode(b'sk_test_abcdefghijklmnop:').decode()
        answer = box.get('/v1/customers', key=None,
                         headers={'Authorization': f'Basic {word}'})
        self.assertEqual(answer.status, 200, answer)

    def test_keys_are_checked(self):
        for key in (None, 'sk_live_abcdefghijklmnop', 'nonsense', ''):
            with self.subTest(key=key):
                answer = box.get('/v1/customers', key=key)
                self.assertEqual(answer.status, 401)
                self.assertEqual(
                    answer.error['type'], 'invalid_request_error')
                self.assertNotIn('abcdefghijklmnop', answer.error['message'])

    def test_a_publishable_key_is_for_browsers_only(self):
        answer = box.get('/v1/customers', key=BROWSER_KEY)
        self.assertEqual(answer.status, 401)
        self.assertEqual(answer.error['code'], 'secret_key_required')

    def test_an_unknown_version_is_refused(self):
        answer = box.get('/v1/customers', version='2099-01-01.zebra')
        self.assertEqual(answer.status, 400)
        self.assertNotIn('code', answer.error)
        self.assertNotIn('param', answer.error)

    def test_calls_without_a_version_may_still_name_method_types(self):
        params = {'amount': 999, 'currency': 'usd',
                  'payment_method_types': ['card']}
        answer = box.post('/v1/payment_intents', params, version=None)
        self.assertEqual(answer.json['payment_method_types'], ['card'])
        refused = box.post('/v1/payment_intents', params)
        self.assertEqual(refused.error['param'], 'payment_method_types')

    def test_both_spellings_of_lists_are_read(self):
        intent = box.intent()['id']
        for name in ('expand[]', 'expand[0]', 'expand%5B%5D'):
            answer = box.get(f'/v1/payment_intents/{intent}?{name}=customer')
            self.assertEqual(answer.status, 200, answer)

    def test_errors_are_complete(self):
        error = box.post('/v1/payment_intents', {'amount': 1}).error
        self.assertEqual(error['code'], 'parameter_missing')
        self.assertEqual(error['param'], 'currency')
        self.assertRegex(error['doc_url'], 'parameter-missing$')
        self.assertRegex(error['request_log_url'], 'req_')

    def test_wrong_types_name_the_parameter(self):
        for params, param in (
                ({'metadata': 'x'}, 'metadata'),
                ({'email': ['x']}, 'email'),
                ({'address': [1]}, 'address'),
                ({'preferred_locales': {'a': 'b'}}, 'preferred_locales'),
                ({'invoice_settings': {'colour': 1}},
                 'invoice_settings[colour]'),
                ({'metadata': {'k': 'v' * 501}}, 'metadata[k]'),
                ({'metadata': {str(i): 'v' for i in range(51)}}, 'metadata'),
                ({'email': 'nobody'}, 'email'),
                ({'tax_exempt': 'perhaps'}, 'tax_exempt')):
            with self.subTest(params=params):
                answer = box.post('/v1/customers', params)
                self.assertEqual(answer.status, 400)
                self.assertEqual(answer.error['param'], param)

    def test_a_key_that_no_header_can_carry_is_refused(self):
        for key in (b'\x01', b'a\tb', b'\x7f', b'caf\xc3\xa9'):
            with self.subTest(key=key), socket.create_connection(
                    ('127.0.0.1', box.port), 10) as line:
                line.sendall(
                    b'POST /v1/customers HTTP/1.1\r\nHost: sandbox\r\n'
                    b'Authorization: Bearer sk_test_abcdefghijklmnop\r\n'
                    b'Connection: close\r\nContent-Length: 0\r\n'
                    b'Idempotency-Key: ' + key + b'\r\n\r\n')
                said = line.makefile('rb').read()
                self.assertIn(b' 400 ', said.splitlines()[0])
                self.assertIn(b'Idempotency keys', said)
        self.assertEqual(box.get('/v1/customers').status, 200)

    def test_texts_are_measured_in_characters(self):
        for length, status in ((500, 200), (501, 400)):
            answer = box.post('/v1/customers', {
                'metadata': {'k': '\u00fc' * length}})
            self.assertEqual(answer.status, status)
        for length, status in ((5000, 200), (5001, 400)):
            answer = box.post('/v1/customers', {
                'description': '\U0001f600' * length})
            self.assertEqual(answer.status, status)

    def test_no_message_ends_inside_a_character(self):
        for odd in ('x', 'xx'):
            answer = box.post('/v1/customers', {odd + '\u00fc' * 400: 1})
            self.assertEqual(answer.status, 400)
            self.assertTrue(answer.error['message'].endswith('\u00fc'))

    def test_metadata_is_limited_however_it_came(self):
        customer = box.customer(metadata={f'a{i}': 'x' for i in range(50)})
        url = f'/v1/customers/{customer}'
        answer = box.post(url, {'metadata': {'b': 'x'}})
        self.assertEqual(answer.error['param'], 'metadata')
        answer = box.post(url, {'metadata': {'a0': '', 'b': 'x'}})
        self.assertEqual(len(answer.json['metadata']), 50)

    def test_a_text_is_no_element_of_a_map(self):
        product = box.post('/v1/products', {'name': 'Gold'}).json['id']
        answer = box.post('/v1/prices', {
            'product': product, 'currency': 'usd', 'unit_amount': 100,
            'currency_options': {'eur': 'much'}})
        self.assertEqual(answer.error['param'], 'currency_options[eur]')
        self.assertEqual(answer.error['message'], 'Invalid object')

    def test_broken_forms_are_refused(self):
        headers = {'Authorization': 'Bearer sk_test_abcdefghijklmnop',
                   'Content-Type': 'application/x-www-form-urlencoded'}
        for body in ('a[b=1', 'name=%zz', 'name=%ff%fe', 'a=1&a[b]=2',
                     'a' + '[x]' * 40 + '=1'):
            with self.subTest(body=body[:20]):
                answer = box.raw('POST', '/v1/customers', body, headers)
                self.assertEqual(answer.status, 400, answer)

    def test_an_unknown_path_is_404(self):
        answer = box.get('/v1/nothing')
        self.assertEqual(answer.status, 404)
        self.assertIn('Unrecognized request URL', answer.error['message'])

    def test_expansion_is_bounded_and_checked(self):
        charge = box.pay().json['latest_charge']
        path = f'/v1/charges/{charge}'
        deep = box.get(path, {'expand': ['a.b.c.d.e']})
        self.assertEqual(deep.error['param'], 'expand')
        wrong = box.get(path, {'expand': ['amount']})
        self.assertEqual(wrong.status, 400)
        self.assertEqual(
            box.get('/v1/charges', {'expand': ['customer']}).status, 400)
        four = box.get(path, {'expand': [
            'payment_intent.latest_charge.balance_transaction.source']})
        entry = four.json['payment_intent']['latest_charge']
        self.assertEqual(
            entry['balance_transaction']['source']['id'], charge)

    def test_racing_calls_with_one_key_act_once(self):
        headers = {'Idempotency-Key': 'racing'}

        def create(_):
            return box.post('/v1/customers', {'email': 'race@example.com'},
                            headers=headers)

        box.control('POST', 'outage', mode='hang', path='/v1/customers')
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            waiting = [pool.submit(create, i) for i in range(8)]
            time.sleep(0.3)
            box.control('POST', 'outage', mode='off')
            answers = [f.result() for f in waiting]
        made = {a.json['id'] for a in answers if a.status == 200}
        self.assertEqual(len(made), 1)
        for answer in answers:
            if answer.status != 200:
                self.assertEqual(answer.status, 409)
                self.assertEqual(
                    answer.error['code'], 'idempotency_key_in_use')
                self.assertEqual(answer.headers['Stripe-Should-Retry'], 'true')
        found = box.get('/v1/customers', {'email': 'race@example.com'})
        self.assertEqual(len(found.json['data']), 1)

    def test_what_was_refused_before_it_began_is_not_kept(self):
        headers = {'Idempotency-Key': 'not-kept'}
        first = box.post('/v1/customers', {'x': 1}, headers=headers)
        self.assertEqual(first.status, 400)
        second = box.post('/v1/customers', {'name': 'y'}, headers=headers)
        self.assertEqual(second.status, 200)
        third = box.get('/v1/customers', headers=headers)
        self.assertIsNone(third.headers['Idempotent-Replayed'])

    def test_a_key_is_forgotten_after_a_day(self):
        headers = {'Idempotency-Key': 'old'}
        first = box.post('/v1/customers', {'name': 'a'}, headers=headers)
        box.advance(86400 + 1)
        second = box.post('/v1/customers', {'name': 'a'}, headers=headers)
        self.assertNotEqual(first.json['id'], second.json['id'])

    def test_outages(self):
        for mode, status in (('500', 500), ('429', 429), ('409', 409)):
            box.control('POST', 'outage', mode=mode, count=1)
            answer = box.get('/v1/customers')
            self.assertEqual(answer.status, status)
            self.assertIn('type', answer.error)
        box.control('POST', 'outage', mode='garbage', count=1)
        self.assertIn(b'<html>', box.get('/v1/customers').body)
        box.control('POST', 'outage', mode='reset', count=1)
        with self.assertRaises(ConnectionResetError):
            box.get('/v1/customers')
        box.control('POST', 'outage', mode='truncate', count=1)
        with self.assertRaises(http.client.IncompleteRead):
            box.get('/v1/customers')
        self.assertEqual(box.get('/v1/customers').status, 200)

    def test_an_outage_can_be_for_one_path_and_method(self):
        box.control('POST', 'outage', mode='500', path='/v1/payment_intents',
                    method='POST')
        self.assertEqual(box.get('/v1/payment_intents').status, 200)
        self.assertEqual(box.post('/v1/customers').status, 200)
        self.assertEqual(box.pay().status, 500)

    def test_a_lost_answer_was_acted_upon(self):
        box.control('POST', 'outage', mode='lost-answer', count=1)
        headers = {'Idempotency-Key': 'lost'}
        params = {'email': 'lost@example.com'}
        with self.assertRaises(ConnectionResetError):
            box.post('/v1/customers', params, headers=headers)
        again = box.post('/v1/customers', params, headers=headers)
        self.assertEqual(again.headers['Idempotent-Replayed'], 'true')
        found = box.get('/v1/customers', params)
        self.assertEqual(len(found.json['data']), 1)

    def test_a_hanging_call_goes_on_when_it_is_over(self):
        box.control('POST', 'outage', mode='hang')
        answers = []
        caller = threading.Thread(
            target=lambda: answers.append(box.get('/v1/customers')))
        caller.start()
        time.sleep(0.2)
        self.assertEqual(answers, [])
        box.control('POST', 'outage', mode='off')
        wait_for(lambda: answers, 'the answer', 5)
        caller.join()
        self.assertEqual(answers[0].status, 200)

    def test_one_call_can_ask_for_a_lie_of_its_own(self):
        def ask(mode, **more):
            return box.get('/v1/customers', headers={
                'Sandbox-Outage': mode, **more})
        for mode, status in (('500', 500), ('429', 429), ('409', 409)):
            self.assertEqual(ask(mode).status, status)
        with self.assertRaises(ConnectionResetError):
            ask('reset')
        with self.assertRaises(http.client.IncompleteRead):
            ask('truncate')
        self.assertIn(b'<html>', ask('garbage').body)
        headers = {'Idempotency-Key': 'own-lie'}
        with self.assertRaises(ConnectionResetError):
            box.post('/v1/customers', headers={
                'Sandbox-Outage': 'lost-answer', **headers})
        again = box.post('/v1/customers', headers=headers)
        self.assertEqual(again.headers['Idempotent-Replayed'], 'true')
        box.control('POST', 'outage', mode='500')
        self.assertEqual(ask('off').status, 200)
        box.control('POST', 'outage', mode='off')
        for headers in ({'Sandbox-Outage': 'hang'}, {'Sandbox-Outage': 'x'},
                        {'Sandbox-Delay-Ms': '-1'},
                        {'Sandbox-Delay-Ms': 'soon'},
                        {'Sandbox-Delay-Ms': '60001'}):
            answer = box.get('/v1/customers', headers=headers)
            self.assertEqual(answer.status, 400)
            self.assertEqual(answer.error['param'], *headers)

    def test_one_call_can_ask_to_wait(self):
        began = time.monotonic()
        answer = box.get('/v1/customers', headers={'Sandbox-Delay-Ms': '200'})
        self.assertEqual(answer.status, 200)
        self.assertGreaterEqual(time.monotonic() - began, 0.2)

    def test_calls_take_as_long_as_they_are_told_to(self):
        box.control('POST', 'latency', ms='300')
        try:
            began = time.monotonic()
            self.assertEqual(box.get('/v1/customers').status, 200)
            self.assertGreaterEqual(time.monotonic() - began, 0.3)
        finally:
            box.control('POST', 'latency', ms='0')
        self.assertEqual(
            box.control('GET', 'state').json['modes']['latency_ms'], 0)

    def test_hanging_calls_do_not_keep_it_from_ending(self):
        box.control('POST', 'outage', mode='hang')
        caller = threading.Thread(target=self.assertRaises, args=(
            OSError, box.get, '/v1/customers'))
        caller.start()
        time.sleep(0.2)
        began = time.monotonic()
        box.stop_program()
        self.assertLess(time.monotonic() - began, 5)
        caller.join()
        box.start_program()
        wait_for(box._answers, 'the sandbox to answer')

    def test_the_control_is_not_for_other_pages(self):
        answer = box.raw('POST', '/_sandbox/reset', '',
                         {'Origin': 'http://evil.example'})
        self.assertEqual(answer.status, 403)

    def test_browsers_of_any_page_may_call_the_api(self):
        answer = box.raw('OPTIONS', '/v1/payment_intents/pi_1', headers={
            'Origin': SITE, 'Access-Control-Request-Method': 'GET'})
        self.assertEqual(answer.status, 204)
        self.assertEqual(answer.headers['Access-Control-Allow-Origin'], SITE)
        answer = box.get('/v1/payment_intents/pi_1', key=BROWSER_KEY)
        self.assertEqual(answer.headers['Access-Control-Allow-Origin'], '*')

    def test_root_page_shows_the_state(self):
        box.customer()
        answer = box.raw('GET', '/')
        self.assertEqual(answer.status, 200)
        self.assertIn(b'Simulated payments', answer.body)
        self.assertIn(b'customer', answer.body)

    def test_stopping_answers_what_is_in_flight(self):
        box.stop_program()
        box.start_program()
        wait_for(box._answers, 'the sandbox to answer')
        self.assertEqual(box.get('/v1/customers').status, 200)

    def test_no_secret_is_logged(self):
        intent = box.intent()
        box.get(f"/v1/payment_intents/{intent['id']}",
                {'client_secret': intent['client_secret'],
                 'key': BROWSER_KEY}, key=None)
        for text in (box.log(), (
                box.state / 'log/sandbox-nginx-access.log').read_text()):
            self.assertNotIn(intent['client_secret'], text)
            self.assertNotIn('sk_test_abcdefghijklmnop', text)


if __name__ == '__main__':
    unittest.main()
