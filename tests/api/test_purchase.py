"""Buying a package, through real nginx, the real workers and the sandbox."""

import concurrent.futures
import unittest

from stack import Stack, wait_for


def setUpModule():
    global stack
    stack = Stack().up()


def tearDownModule():
    stack.down()


def together(count, call):
    """The answers of `count` calls made at the same moment."""
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(call, range(count)))


def granted(intent):
    """How often this intent was granted, and mailed about."""
    movements, mails = stack.sql(
        'SELECT (SELECT COUNT(*) FROM movements WHERE cause = ?), '
        "(SELECT COUNT(*) FROM outbox WHERE kind = 'purchase_receipt' "
        'AND object = ?)', f'pi:{intent}', intent)[0]
    assert movements == mails, (movements, mails)
    return movements


def wait_granted(intent):
    return wait_for(lambda: granted(intent), f'the grant of {intent}')


def confirm(token, intent):
    return stack.post('/api/stripe/confirm-payment',
                      {'payment_intent_id': intent}, token=token)


def succeeded_event(intent, event_id):
    """The event that Stripe would send, made by hand from its object."""
    return {
        'id': event_id, 'object': 'event', 'api_version': '2026-10-28.endive',
        'created': stack.now(), 'livemode': False, 'pending_webhooks': 1,
        'request': {'id': None, 'idempotency_key': None},
        'type': 'payment_intent.succeeded',
        'data': {'object': stack.stripe(
            'GET', f'/v1/payment_intents/{intent}').json}}


class Purchase(unittest.TestCase):
    def tearDown(self):
        stack.verify()

    def test_create_payment_intent(self):
        token = stack.token('create@example.com')
        answer = stack.create_intent(token, 'professional')
        self.assertEqual(answer.status, 201, answer)
        got = answer.json
        self.assertEqual(got['amount'], 3999)
        self.assertEqual(got['amount_display'], '39.99')
        self.assertEqual(got['total_amount_usd'], '39.99')
        self.assertEqual(got['price_per_token'], '0.799')
        self.assertEqual(got['currency'], 'usd')
        self.assertEqual(got['tokens'], 50)
        self.assertEqual(got['status'], 'pending')
        self.assertRegex(got['order_id'], r'^ord_[0-9a-z]{26}$')
        self.assertRegex(got['transaction_id'], r'^tx_[0-9a-z]{26}$')
        self.assertTrue(got['client_secret'].startswith(
            got['payment_intent_id'] + '_secret_'))
        self.assertEqual(got['publishable_key'],
                         stack.keys['STRIPE_PUBLISHABLE_KEY'])
        intent = stack.stripe(
            'GET', '/v1/payment_intents/' + got['payment_intent_id']).json
        self.assertEqual(intent['amount'], 3999)
        self.assertEqual(intent['metadata']['vantage_order'], got['order_id'])
        self.assertEqual(intent['metadata']['vantage_user'],
                         stack.sub('create@example.com'))
        self.assertIsNone(intent['receipt_email'])
        self.assertEqual(stack.balance(token), 0)

    def test_webhook_payment_succeeded(self):
        token = stack.token('webhook@example.com')
        order = stack.buy(token)
        wait_granted(order['payment_intent_id'])
        rows = stack.sql('SELECT state FROM events WHERE object = ? AND '
                         "type = 'payment_intent.succeeded'",
                         order['payment_intent_id'])
        self.assertEqual([row['state'] for row in rows], ['applied'])

    def test_token_allocation_after_payment(self):
        token = stack.token('allocation@example.com')
        order = stack.buy(token)
        wait_granted(order['payment_intent_id'])
        self.assertEqual(stack.balance(token), 10)
        row = stack.sql('SELECT * FROM token_transactions WHERE public_id = ?',
                        order['transaction_id'])[0]
        self.assertEqual(row['status'], 'completed')
        self.assertEqual(row['kind'], 'purchase')
        self.assertEqual(row['tokens'], 10)
        self.assertEqual(row['total_amount_usd'], '9.99')
        self.assertEqual(row['price_per_token'], '0.999')
        self.assertEqual(row['payment_intent_id'], order['payment_intent_id'])
        self.assertTrue(row['stripe_charge_id'].startswith('ch_'))

    def test_token_allocation(self):
        """Each package gives its own number, and they add up (R12)."""
        token = stack.token('packages@example.com')
        sizes = {'starter': (10, 999), 'professional': (50, 3999),
                 'enterprise': (150, 9999)}
        for package, (tokens, amount) in sizes.items():
            order = stack.buy(token, package)
            self.assertEqual((order['tokens'], order['amount']),
                             (tokens, amount))
            wait_granted(order['payment_intent_id'])
        self.assertEqual(stack.balance(token), 210)

    def test_duplicate_webhook_handling(self):
        token = stack.token('duplicate@example.com')
        order = stack.buy(token)
        intent = order['payment_intent_id']
        wait_granted(intent)
        event = succeeded_event(intent, 'evt_by_hand')
        for want in ('duplicate', 'duplicate', 'duplicate'):
            answer = stack.send_event(event)
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(answer.json,
                             {'received': True, 'outcome': want})
        self.assertEqual(granted(intent), 1)
        self.assertEqual(stack.balance(token), 10)

    def test_payment_failed(self):
        token = stack.token('failed@example.com')
        order = stack.buy(token, method='pm_card_chargeDeclined')
        intent = order['payment_intent_id']
        answer = confirm(token, intent)
        self.assertEqual(answer.status, 402, answer)
        self.assertEqual(answer.code, 'payment_failed')
        error = answer.json['error']
        self.assertEqual(error['decline_code'], 'generic_decline')
        self.assertEqual(error['details']['client_secret'],
                         order['client_secret'])
        self.assertEqual(stack.balance(token), 0)
        # The intent stays open: another card pays the same order.
        stack.confirm_in_browser(intent, 'pm_card_visa')
        wait_granted(intent)
        self.assertEqual(confirm(token, intent).json['status'], 'completed')
        self.assertEqual(stack.balance(token), 10)

    def test_insufficient_funds(self):
        token = stack.token('poor@example.com')
        order = stack.buy(
            token, method='pm_card_visa_chargeDeclinedInsufficientFunds')
        answer = confirm(token, order['payment_intent_id'])
        self.assertEqual(answer.status, 402, answer)
        self.assertEqual(answer.json['error']['decline_code'],
                         'insufficient_funds')
        self.assertEqual(stack.balance(token), 0)
        self.assertEqual(granted(order['payment_intent_id']), 0)

    def test_end_to_end_payment_flow(self):
        token = stack.token('whole@example.com')
        self.assertEqual(stack.balance(token), 0)
        catalog = stack.get('/api/catalog').json
        package = catalog['packages'][0]['id']
        order = stack.create_intent(token, package).json
        intent = order['payment_intent_id']
        pending = confirm(token, intent)
        self.assertEqual(pending.status, 200, pending)
        self.assertEqual(pending.json['status'], 'requires_payment_method')
        stack.confirm_in_browser(intent)
        done = confirm(token, intent)
        self.assertEqual(done.status, 200, done)
        self.assertEqual(done.json['status'], 'completed')
        self.assertEqual(done.json['tokens_granted'], 10)
        self.assertEqual(done.json['balance'], 10)
        self.assertEqual(done.json['transaction_id'], order['transaction_id'])
        wait_for(lambda: stack.one(
            'SELECT COUNT(*) FROM events WHERE object = ? AND '
            "type = 'payment_intent.succeeded'", intent), 'the webhook')
        self.assertEqual(granted(intent), 1)
        self.assertEqual(stack.balance(token), 10)

    def test_closed_tab_is_credited_all_the_same_R21(self):
        token = stack.token('closed@example.com')
        order = stack.buy(token)
        wait_granted(order['payment_intent_id'])
        self.assertEqual(stack.balance(token), 10)

    def test_missed_webhook_is_credited_on_confirm_R20_R21(self):
        token = stack.token('missed@example.com')
        stack.events('withhold')
        try:
            order = stack.buy(token)
            self.assertEqual(granted(order['payment_intent_id']), 0)
            done = confirm(token, order['payment_intent_id'])
            self.assertEqual(done.json['status'], 'completed', done)
        finally:
            stack.events('deliver')
        wait_for(lambda: stack.one(
            'SELECT COUNT(*) FROM events WHERE object = ? AND '
            "type = 'payment_intent.succeeded'",
            order['payment_intent_id']), 'the late webhook')
        self.assertEqual(granted(order['payment_intent_id']), 1)

    def test_missed_webhook_is_credited_by_reconciler_R21(self):
        token = stack.token('reconciled@example.com')
        stack.events('withhold')
        try:
            order = stack.buy(token)
            stack.advance('1h')
            wait_granted(order['payment_intent_id'])
        finally:
            stack.events('deliver')
        self.assertEqual(stack.balance(token), 10)

    def test_browser_is_not_believed_R20(self):
        owner = stack.token('owner@example.com')
        other = stack.token('other@example.com')
        order = stack.create_intent(owner).json
        answer = confirm(owner, order['payment_intent_id'])
        self.assertEqual(answer.json['status'], 'requires_payment_method')
        for intent in (order['payment_intent_id'], 'pi_nobody', 'pi_../x'):
            self.assertEqual(confirm(other, intent).status, 404)
        self.assertEqual(stack.balance(owner), 0)

    def test_challenge_and_processing(self):
        token = stack.token('challenge@example.com')
        order = stack.buy(token, method='pm_card_threeDSecure2Required')
        answer = confirm(token, order['payment_intent_id'])
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json['status'], 'requires_action')
        self.assertEqual(answer.json['client_secret'], order['client_secret'])
        stack.control('POST', 'challenge',
                      payment_intent=order['payment_intent_id'],
                      client_secret=order['client_secret'],
                      outcome='complete')
        wait_granted(order['payment_intent_id'])
        self.assertEqual(stack.balance(token), 10)

    def test_custom_quantity_and_second_currency_R12(self):
        token = stack.token('custom@example.com')
        # (tokens, currency): the exact rate of the largest package not above
        # it, half up, never dearer than the next larger package.
        wants = {(7, 'usd'): 699, (11, 'usd'): 1099, (49, 'usd'): 3999,
                 (51, 'usd'): 4079, (149, 'usd'): 9999, (200, 'usd'): 13332,
                 (7, 'eur'): 664}
        for (tokens, currency), amount in wants.items():
            answer = stack.create_intent(
                token, None, tokens=tokens, currency=currency)
            self.assertEqual(answer.status, 201, answer)
            self.assertEqual(answer.json['amount'], amount, tokens)
            self.assertEqual(answer.json['tokens'], tokens)
        self.assertIsNone(stack.create_intent(
            token, 'starter', currency='eur').json['total_amount_usd'])

    def test_price_comes_from_the_catalogue_alone_R13(self):
        token = stack.token('cheat@example.com')
        for more, field in (({'amount': 1}, 'amount'), ({'price': 1}, 'price'),
                            ({'currency': 'gbp'}, 'currency'),
                            ({'tokens': 10}, 'package_id')):
            answer = stack.create_intent(token, 'starter', **more)
            self.assertEqual(answer.status, 422, answer)
            self.assertEqual(answer.json['error']['field'], field)
        self.assertEqual(stack.one(
            'SELECT COUNT(*) FROM orders o JOIN users u ON u.id = o.user '
            'WHERE u.clerk_sub = ?', stack.sub('cheat@example.com')), 0)


class Once(unittest.TestCase):
    """Exactly once, however many ask at the same moment."""

    def tearDown(self):
        stack.verify()

    def test_hundred_copies_and_other_ids_and_a_confirm_race_R15_R16(self):
        token = stack.token('race@example.com')
        stack.events('withhold')
        try:
            order = stack.buy(token)
            intent = order['payment_intent_id']
            event = succeeded_event(intent, 'evt_race')

            def tell(i):
                if i % 10 == 9:
                    return confirm(token, intent)
                if i % 10 == 8:
                    return stack.send_event(
                        dict(event, id=f'evt_race_{i}'))
                return stack.send_event(event)
            answers = together(125, tell)
        finally:
            stack.events('deliver')
        for answer in answers:
            self.assertEqual(answer.status, 200, answer)
        self.assertEqual(granted(intent), 1)
        self.assertEqual(stack.balance(token), 10)
        applied = [a for a in answers if a.json.get('outcome') == 'applied']
        self.assertLessEqual(len(applied), 1)

    def test_parallel_first_purchases_make_one_customer_R73(self):
        token = stack.token('firsts@example.com')
        answers = together(10, lambda i: stack.create_intent(token))
        self.assertEqual({a.status for a in answers}, {201}, answers)
        self.assertEqual(stack.one(
            'SELECT COUNT(*) FROM customers c JOIN users u ON u.id = c.user '
            'WHERE u.clerk_sub = ?', stack.sub('firsts@example.com')), 1)
        listed = stack.stripe('GET', '/v1/customers', {'limit': 100}).json
        mine = [c for c in listed['data'] if c['metadata'].get(
            'vantage_user') == stack.sub('firsts@example.com')]
        self.assertEqual(len(mine), 1)
        self.assertEqual(len({a.json['payment_intent_id']
                              for a in answers}), 10)

    def test_fifty_racing_calls_of_one_key_have_one_effect_R77(self):
        token = stack.token('racing@example.com')
        headers = {'Idempotency-Key': 'the-same-click'}
        answers = together(16, lambda i: stack.post(
            '/api/stripe/create-payment-intent', {'package_id': 'starter'},
            token=token, headers=headers))
        good = [a for a in answers if a.status == 201]
        self.assertEqual(len(good), 16, answers)
        self.assertEqual(len({a.body for a in good}), 1)
        self.assertEqual(stack.one(
            'SELECT COUNT(*) FROM orders o JOIN users u ON u.id = o.user '
            'WHERE u.clerk_sub = ?', stack.sub('racing@example.com')), 1)

    def test_same_key_with_another_body_is_refused_R77(self):
        token = stack.token('mismatch@example.com')
        headers = {'Idempotency-Key': 'k'}
        first = stack.post('/api/stripe/create-payment-intent',
                           {'package_id': 'starter'}, token=token,
                           headers=headers)
        again = stack.post('/api/stripe/create-payment-intent',
                           {'package_id': 'starter'}, token=token,
                           headers=headers)
        other = stack.post('/api/stripe/create-payment-intent',
                           {'package_id': 'enterprise'}, token=token,
                           headers=headers)
        self.assertEqual(first.status, 201, first)
        self.assertEqual(again.json, first.json)
        self.assertEqual(again.headers['Idempotent-Replayed'], 'true')
        self.assertIsNone(first.headers['Idempotent-Replayed'])
        self.assertEqual(other.status, 409, other)
        self.assertEqual(other.code, 'idempotency_mismatch')

    def test_customer_deleted_at_stripe_is_made_again(self):
        token = stack.token('deleted@example.com')
        self.assertEqual(stack.create_intent(token).status, 201)
        sub = stack.sub('deleted@example.com')
        old = stack.one('SELECT stripe_customer_id FROM users '
                        'WHERE clerk_sub = ?', sub)
        stack.stripe('DELETE', f'/v1/customers/{old}')
        order = stack.buy(token)
        wait_granted(order['payment_intent_id'])
        self.assertNotEqual(stack.one(
            'SELECT stripe_customer_id FROM users WHERE clerk_sub = ?', sub),
            old)


class Limits(unittest.TestCase):
    def test_one_user_cannot_begin_purchases_without_end(self):
        token = stack.token('greedy@example.com')
        answers = [stack.create_intent(token) for _ in range(24)]
        refused = [a for a in answers if a.status == 429]
        self.assertTrue(refused)
        self.assertEqual(refused[0].code, 'rate_limited')
        self.assertGreater(int(refused[0].headers['Retry-After']), 0)
        # Another user is not held up by it.
        calm = stack.create_intent(stack.token('calm@example.com'))
        self.assertEqual(calm.status, 201, calm)

    def test_no_secret_reaches_a_log_R76(self):
        logs = stack.everything_logged()
        for name in ('STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET'):
            self.assertNotIn(stack.keys[name], logs, name)
        self.assertNotRegex(logs, r'pi_\w+_secret_\w')
        self.assertNotRegex(logs, r'eyJ[\w-]+\.eyJ')


if __name__ == '__main__':
    unittest.main()
