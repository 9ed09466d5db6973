"""What users see of their tokens."""

import time
import unittest

from stack import Stack, wait_for

BALANCE = '/api/tokens/balance'
LIST = '/api/tokens/transactions'
EXPLAIN = '/api/tokens/explain'


def setUpModule():
    global stack, admin
    stack = Stack().up()
    admin = stack.token('root@example.com', admin=True)


def tearDownModule():
    stack.down()


def give(email, amount, **more):
    answer = stack.post('/api/admin/tokens/add', {
        'user_email': email, 'amount': amount, 'note': 'n', **more},
        token=admin)
    assert answer.status == 201, answer
    return answer.json['transaction_id']


class Balance(unittest.TestCase):
    def test_somebody_who_has_nothing_has_zeros(self):
        token = stack.token('new@example.com')
        answer = stack.get(BALANCE, token=token)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json, {
            'available': 0, 'held': 0, 'frozen': 0, 'debt': 0,
            'expiring': [], 'lots': []})
        self.assertEqual(answer.headers['Cache-Control'], 'no-store')

    def test_lots_come_in_burn_order_and_expiries_by_time_R66(self):
        token = stack.token('lots@example.com')
        never = give('lots@example.com', 1)
        late = give('lots@example.com', 2, expires_at='2099-06-01T00:00:00Z')
        soon = give('lots@example.com', 4, expires_at='2098-06-01T00:00:00Z')
        also = give('lots@example.com', 8, expires_at='2099-06-01T00:00:00Z')
        balance = stack.get(BALANCE, token=token).json
        self.assertEqual(balance['available'], 15)
        self.assertEqual([l['transaction_id'] for l in balance['lots']],
                         [soon, late, also, never])
        self.assertEqual(balance['expiring'], [
            {'tokens': 4, 'at': '2098-06-01T00:00:00Z'},
            {'tokens': 10, 'at': '2099-06-01T00:00:00Z'}])
        lot = balance['lots'][0]
        self.assertEqual((lot['origin'], lot['paid'], lot['granted'],
                          lot['left'], lot['held'], lot['frozen']),
                         ('grant', False, 4, 4, 0, 0))

    def test_what_expired_is_not_there_R64(self):
        token = stack.token('gone@example.com')
        at = stack.now() + 5
        text = time.strftime(
            '%Y-%m-%dT%H:%M:%SZ', time.gmtime(at))
        give('gone@example.com', 9, expires_at=text)
        self.assertEqual(stack.balance(token), 9)
        clock = stack.state / 'clock'
        shift = int(clock.read_text())
        clock.write_text(f'{shift + 6000}\n')
        wait_for(lambda: stack.balance(token) == 0, 'the expiry')
        self.assertEqual(stack.get(BALANCE, token=token).json, {
            'available': 0, 'held': 0, 'frozen': 0, 'debt': 0,
            'expiring': [], 'lots': []})

    def test_a_bought_package_shows(self):
        token = stack.token('buyer@example.com')
        stack.buy(token)
        wait_for(lambda: stack.balance(token) == 10, 'the tokens')
        row = stack.get(LIST, token=token).json['data'][0]
        self.assertEqual(
            (row['kind'], row['status'], row['tokens'], row['amount'],
             row['currency'], row['amount_display'], row['price_per_token'],
             row['total_amount_usd']),
            ('purchase', 'completed', 10, 999, 'usd', '9.99', '0.999',
             '9.99'))
        self.assertTrue(row['payment_intent_id'].startswith('pi_'))

    def test_nobody_without_a_session(self):
        for path in (BALANCE, LIST):
            answer = stack.get(path)
            self.assertEqual((answer.status, answer.code),
                             (401, 'unauthenticated'))

    def test_unknown_parameters_are_refused(self):
        token = stack.token('new@example.com')
        for path in (BALANCE + '?at=2026-01-01', BALANCE + '?user=x',
                     LIST + '?user=x', LIST + '?format=csv'):
            self.assertEqual(stack.get(path, token=token).status, 422, path)


class AsOf(unittest.TestCase):
    """A balance as it was; tests/unit/check_property.c compares many."""

    def ask(self, token, at):
        return stack.get(f'{BALANCE}?as_of={at}', token=token)

    def test_each_moment_shows_what_was_shown_then(self):
        token = stack.token('asof@example.com')
        sub = stack.sub('asof@example.com')
        service = stack.dev('key', 'tokens:spend', 'tokens:read').strip()
        seen = []

        def look():
            time.sleep(1.1)  # whole seconds name the moments below
            now = time.strftime('%Y-%m-%dT%H:%M:%SZ',
                                time.gmtime(stack.now()))
            seen.append((now, stack.get(BALANCE, token=token).json))
            time.sleep(1.1)

        def call(path, **body):
            answer = stack.post(f'/api/tokens/{path}', body, token=service)
            self.assertIn(answer.status, (200, 201), answer)
            return answer.json

        look()
        give('asof@example.com', 10)
        give('asof@example.com', 5, expires_at='2099-01-01T00:00:00Z')
        look()
        call('spend', user=sub, amount=6, reference='one')
        held = call('hold', user=sub, amount=4, reference='two', ttl_s=600)
        look()
        call('capture', hold_id=held['hold_id'], amount=3)
        look()
        self.assertEqual([b['available'] for _, b in seen], [0, 15, 5, 6])
        self.assertEqual([b['held'] for _, b in seen], [0, 0, 4, 0])
        for at, balance in seen:
            self.assertEqual(self.ask(token, at).json, balance, at)
            self.assertEqual(stack.get(
                f'{BALANCE}?as_of={at}&user={sub}', token=service).json,
                balance)
        out = stack.vantage('balance', sub, '--as-of', seen[2][0])
        self.assertEqual(out.returncode, 0, out)
        self.assertTrue(out.stdout.startswith(
            'available 5\nheld 4\nfrozen 0\ndebt 0\n'), out.stdout)
        out = stack.vantage('balance', sub)
        self.assertTrue(out.stdout.startswith('available 6\n'), out.stdout)
        head, *lots = out.stdout.splitlines()[5:]
        for name in ('LEFT', 'GRANTED', 'HELD', 'FROZEN'):
            end = head.index(name) + len(name)
            for lot in lots:
                self.assertRegex(lot[:end] + '|' + lot[end:], r'\d\| ', lot)
        stack.verify()

    def test_the_time_of_a_row_includes_the_row(self):
        token = stack.token('row@example.com')
        give('row@example.com', 3)
        row = stack.get(LIST, token=token).json['data'][0]
        self.assertEqual(
            self.ask(token, row['created_at']).json['available'], 3)

    def test_before_everything_there_was_nothing(self):
        token = stack.token('before@example.com')
        give('before@example.com', 3)
        for at in ('2020-01-01', '1969-07-20T20:17:40Z',
                   '2020-01-01T00:00:00%2B02:00'):
            answer = self.ask(token, at)
            self.assertEqual((answer.status, answer.json['lots']), (200, []))

    def test_what_is_no_time_past_is_named(self):
        token = stack.token('no-time@example.com')
        for at in ('', 'x', '2026-02-30', '2099-01-01T00:00:00Z',
                   '2020-01-01T00:00:00'):
            answer = self.ask(token, at)
            self.assertEqual(answer.status, 422, at)
            self.assertEqual(answer.json['error']['field'], 'as_of')
        for words in (('balance', 'user_x', '--as-of', '2099-01-01'),
                      ('balance', 'user_nobody')):
            self.assertEqual(stack.vantage(*words).returncode, 1)
        self.assertEqual(stack.vantage('balance').returncode, 64)


class Transactions(unittest.TestCase):
    def test_only_ones_own_are_shown(self):
        one = stack.token('one@example.com')
        two = stack.token('two@example.com')
        give('one@example.com', 1)
        self.assertEqual(
            len(stack.get(LIST, token=one).json['data']), 1)
        self.assertEqual(stack.get(LIST, token=two).json, {
            'data': [], 'has_more': False, 'next_cursor': None})

    def test_pages_and_filters(self):
        token = stack.token('pages@example.com')
        ids = [give('pages@example.com', i + 1) for i in range(5)]
        seen, cursor = [], ''
        while cursor is not None:
            page = stack.get(f'{LIST}?limit=2{cursor}', token=token).json
            seen += [r['id'] for r in page['data']]
            cursor = page['next_cursor'] and '&cursor=' + page['next_cursor']
        self.assertEqual(seen, ids[::-1])
        for query, count in (('kind=grant', 5), ('kind=spend', 0),
                             ('status=completed', 5), ('to=2020-01-01', 0)):
            rows = stack.get(f'{LIST}?{query}', token=token).json['data']
            self.assertEqual(len(rows), count, query)

    def test_pages_are_stable_while_rows_arrive(self):
        token = stack.token('stable@example.com')
        ids = [give('stable@example.com', i + 1) for i in range(6)]
        seen, cursor = [], ''
        while cursor is not None:
            page = stack.get(f'{LIST}?limit=2{cursor}', token=token).json
            seen += [r['id'] for r in page['data']]
            cursor = page['next_cursor'] and '&cursor=' + page['next_cursor']
            give('stable@example.com', 1)
        self.assertEqual(seen, ids[::-1])

    def test_the_administrator_is_not_for_the_user(self):
        token = stack.token('private@example.com')
        given = give('private@example.com', 4)
        row = stack.get(LIST, token=token).json['data'][0]
        self.assertEqual((row['id'], row['actor'], row['note']),
                         (given, 'admin', None))
        row = stack.get(f'/api/admin/tokens/transactions?user='
                        f'{stack.sub("private@example.com")}',
                        token=admin).json['data'][0]
        self.assertEqual((row['actor'], row['note']),
                         (f'admin:{stack.sub("root@example.com")}', 'n'))

    def test_bad_filters_are_named(self):
        token = stack.token('new@example.com')
        for query, field in (('kind=x', 'kind'), ('status=x', 'status'),
                             ('from=x', 'from'), ('limit=0', 'limit'),
                             ('cursor=AAAA', 'cursor')):
            answer = stack.get(f'{LIST}?{query}', token=token)
            self.assertEqual(answer.status, 422, query)
            self.assertEqual(answer.json['error']['field'], field)


class Explain(unittest.TestCase):
    """Every kind in words is in tests/unit/check_explain.c."""

    def ask(self, token, transaction, more=''):
        return stack.get(f'{EXPLAIN}?transaction_id={transaction}{more}',
                         token=token)

    def test_a_purchase_from_its_event_to_its_spends(self):
        token = stack.token('story@example.com')
        sub = stack.sub('story@example.com')
        service = stack.dev('key', 'tokens:spend', 'tokens:reverse').strip()
        intent = stack.buy(token)
        wait_for(lambda: stack.balance(token) == 10, 'the tokens')
        bought = stack.get(LIST, token=token).json['data'][0]['id']
        spent = [stack.post('/api/tokens/spend', {
            'user': sub, 'amount': 1, 'reference': f'story-{i}'},
            token=service).json['transaction_id'] for i in range(3)]
        stack.post('/api/tokens/reverse', {
            'transaction_id': spent[0], 'reason': 'failed'}, token=service)
        told = self.ask(token, bought, '&limit=2')
        self.assertEqual(told.status, 200, told)
        told = told.json
        self.assertEqual(told['transaction']['id'], bought)
        self.assertRegex(
            told['summary'],
            r'^On \d+ \w+ \d{4} at \d\d:\d\d UTC 10 tokens were bought for '
            r'9\.99 USD\.$')
        self.assertEqual(told['sentences'][0], told['summary'])
        self.assertRegex(told['order']['id'], '^ord_')
        self.assertEqual(told['order']['package_id'], 'starter')
        self.assertTrue(any(
            (e['type'], e['state']) == ('payment_intent.succeeded', 'applied')
            or e['state'] == 'duplicate' for e in told['events']), told)
        self.assertEqual(
            [(l['granted'], l['left']) for l in told['lots']], [(10, 7)])
        self.assertEqual([(u['kind'], u['count'], u['tokens'])
                          for u in told['used']], [('spend', 3, 3)])
        self.assertEqual([u['transaction_id'] for u in told['uses']['data']],
                         spent[:0:-1])
        cursor = told['uses']['next_cursor']
        rest = self.ask(token, bought, f'&limit=2&cursor={cursor}').json
        self.assertEqual([(u['transaction_id'], u['given_back'])
                          for u in rest['uses']['data']], [(spent[0], 1)])
        self.assertFalse(rest['uses']['has_more'])
        self.assertEqual(told['incomplete'], [])
        told = self.ask(token, spent[0]).json
        self.assertEqual(told['taken_from'][0]['transaction_id'], bought)
        self.assertEqual(told['taken_from'][0]['amount_display'], '9.99')
        self.assertEqual(told['reversals'][0]['tokens'], 1)
        out = stack.vantage('explain', bought)
        self.assertEqual(out.returncode, 0, out)
        self.assertIn('10 tokens were bought for 9.99 USD.', out.stdout)
        self.assertIn('3 of them were spent', out.stdout)
        self.assertTrue(intent)

    def test_users_see_their_own_and_administrators_all(self):
        token = stack.token('mine@example.com')
        other = stack.token('theirs@example.com')
        given = give('mine@example.com', 4)
        self.assertEqual(self.ask(other, given).status, 404)
        self.assertEqual(self.ask(token, 'tx_none').status, 404)
        mine = self.ask(token, given)
        self.assertIn('4 tokens were given by an administrator.',
                      mine.json['summary'])
        root = stack.sub('root@example.com')
        self.assertNotIn(root, mine.body.decode())
        self.assertIsNone(mine.json['transaction']['note'])
        self.assertIn(
            f'4 tokens were given by the administrator {root}, noting "n".',
            self.ask(admin, given).json['summary'])
        self.assertEqual(stack.vantage('explain', 'tx_none').returncode, 1)
        self.assertEqual(stack.vantage('explain').returncode, 64)

    def test_what_is_asked_is_checked(self):
        token = stack.token('mine@example.com')
        for query, field in (('', 'transaction_id'),
                             ('?transaction_id=', 'transaction_id'),
                             ('?transaction_id=x&limit=0', 'limit'),
                             ('?transaction_id=x&cursor=x', 'cursor'),
                             ('?transaction_id=x&user=x', 'user')):
            answer = stack.get(EXPLAIN + query, token=token)
            self.assertEqual(answer.status, 422, query)
            self.assertEqual(answer.json['error']['field'], field)
        self.assertEqual(stack.get(EXPLAIN).status, 401)
