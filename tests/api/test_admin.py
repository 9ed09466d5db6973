"""Tokens given by hand: one, many, and the list of everybody's."""

import csv
import io
import json
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from stack import Stack

ADD = '/api/admin/tokens/add'
BULK = '/api/admin/tokens/bulk-grant'
LIST = '/api/admin/tokens/transactions'


def setUpModule():
    global stack, admin, ada, bob
    stack = Stack().up()
    admin = stack.token('root@example.com', admin=True)
    ada = stack.token('ada@example.com')
    bob = stack.token('bob@example.com')


def tearDownModule():
    stack.down()


def add(body=None, key=None, token=None, **more):
    body = {'user_email': 'ada@example.com', 'amount': 5, 'note': 'test',
            **({} if body is None else body)}
    headers = {} if key is None else {'Idempotency-Key': key}
    return stack.post(ADD, {k: v for k, v in body.items() if v is not None},
                      token=admin if token is None else token,
                      headers=headers, **more)


def bulk(users, key=None, **more):
    headers = {} if key is None else {'Idempotency-Key': key}
    return stack.post(BULK, {
        'users': [{'email': e, 'amount': n} for e, n in users],
        'note': 'spring', **more}, token=admin, headers=headers)


def movements():
    return stack.one('SELECT COUNT(*) FROM movements')


class Case(unittest.TestCase):
    def tearDown(self):
        stack.verify()

    def refused(self, answer, status, code=None, field=None):
        self.assertEqual(answer.status, status, answer)
        if code is not None:
            self.assertEqual(answer.code, code, answer)
        if field is not None:
            self.assertEqual(answer.json['error'].get('field'), field, answer)


class Add(Case):
    def test_a_grant_shows_in_the_balance_at_once(self):
        before = stack.balance(ada)
        answer = add({'amount': 20})
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(set(answer.json),
                         {'transaction_id', 'balance', 'user'})
        self.assertEqual(answer.json['balance'], before + 20)
        self.assertEqual(answer.json['user'], stack.sub('ada@example.com'))
        self.assertEqual(stack.balance(ada), before + 20)

    def test_a_grant_by_user_id(self):
        before = stack.balance(bob)
        answer = add({'user_email': None, 'user': stack.sub(
            'bob@example.com'), 'amount': 3})
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(stack.balance(bob), before + 3)

    def test_an_address_is_found_in_any_case(self):
        self.assertEqual(
            add({'user_email': 'ADA@Example.Com'}).status, 201)

    def test_a_grant_is_recorded_and_told_R84(self):
        tx = add({'note': 'a reason', 'actor': None}).json['transaction_id']
        actor = 'admin:' + stack.sub('root@example.com')
        row = stack.sql('SELECT * FROM token_transactions '
                        'WHERE public_id = ?', tx)[0]
        self.assertEqual(row['actor'], actor)
        self.assertEqual(row['note'], 'a reason')
        self.assertEqual(row['kind'], 'grant')  # R86
        self.assertIsNone(row['amount'])
        audit = stack.sql('SELECT * FROM audit WHERE object = ?', tx)
        self.assertEqual([(a['actor'], a['action']) for a in audit],
                         [(actor, 'tokens.add')])
        mail = stack.sql("SELECT data FROM outbox WHERE kind = "
                         "'tokens_granted' AND object = ?", tx)
        self.assertEqual(len(mail), 1)
        self.assertNotIn('a reason', mail[0]['data'])

    def test_a_double_click_grants_once_R84(self):
        before = stack.balance(ada)
        first = add(key='click-1')
        second = add(key='click-1')
        self.assertEqual((first.status, second.status), (201, 201))
        self.assertEqual(first.body, second.body)
        self.assertIsNone(first.headers['Idempotent-Replayed'])
        self.assertEqual(second.headers['Idempotent-Replayed'], 'true')
        self.assertEqual(stack.balance(ada), before + 5)

    def test_fifty_racing_calls_with_one_key_are_one_grant_R77(self):
        before = stack.balance(ada)
        with ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(lambda _: add(key='race-1'), range(50)))
        self.assertEqual({a.status for a in answers}, {201}, answers)
        self.assertEqual(len({a.body for a in answers}), 1)
        self.assertEqual(stack.balance(ada), before + 5)

    def test_a_key_with_another_body_is_refused_R77(self):
        self.assertEqual(add(key='body-1').status, 201)
        self.refused(add({'amount': 6}, key='body-1'), 409,
                     'idempotency_mismatch')

    def test_without_a_key_each_call_grants(self):
        before = stack.balance(ada)
        self.assertEqual({add().status, add().status}, {201})
        self.assertEqual(stack.balance(ada), before + 10)

    def test_a_key_must_be_visible_characters(self):
        for key in ('', ' ', 'a b', 'x' * 256, 'ä'.encode().decode('latin-1')):
            with self.subTest(key=key):
                self.refused(add(key=key), 422, 'invalid_field',
                             'Idempotency-Key')

    def test_an_address_names_one_verified_user_or_nobody_R82(self):
        before = movements()
        self.refused(add({'user_email': 'nobody@example.com'}), 404,
                     'unknown_user')
        self.refused(add({'user_email': None, 'user': 'user_nobody'}), 404,
                     'unknown_user')
        self.assertEqual(movements(), before)

    def test_amounts_that_are_none_R69(self):
        before = movements()
        for amount in (0, -1, 1.5, '5', True, None, [], {}, 10**13, 2**53,
                       2**63, 2**64, 1e300):
            with self.subTest(amount=amount):
                body = json.dumps({
                    'user_email': 'ada@example.com', 'amount': amount,
                    'note': 'x'}).encode()
                self.refused(stack.post(ADD, body, token=admin), 422,
                             field='amount')
        self.assertEqual(movements(), before)

    def test_a_reason_is_required_R84(self):
        for note in (None, '', ' ', 7, 'x' * 501, 'a\nb'):
            with self.subTest(note=note):
                self.refused(add({'note': note}), 422, field='note')

    def test_other_bad_members(self):
        before = movements()
        for body, field in (
                ({'user_email': None}, 'user_email'),
                ({'user': 'user_1'}, 'user'),
                ({'user_email': 'no address'}, 'user_email'),
                ({'user_email': 'a@b.c\r\nBcc: x@y.z'}, 'user_email'),
                ({'expires_at': '2020-01-01T00:00:00Z'}, 'expires_at'),
                ({'expires_at': 'tomorrow'}, 'expires_at'),
                ({'expires_at': 5}, 'expires_at'),
                ({'actor': 'admin:me'}, 'actor'),
                ({'price': 1}, 'price')):
            with self.subTest(body=body):
                self.refused(add(body), 422, field=field)
        self.assertEqual(movements(), before)

    def test_a_grant_may_expire(self):
        token = stack.token('expiring@example.com')
        at = '2099-01-01T00:00:00Z'
        self.assertEqual(add({'user_email': 'expiring@example.com',
                              'expires_at': at}).status, 201)
        balance = stack.get('/api/tokens/balance', token=token).json
        self.assertEqual(balance['expiring'], [{'tokens': 5, 'at': at}])

    def test_only_an_administrator_may(self):
        before = movements()
        for path, body in ((ADD, {}), (BULK, {})):
            self.refused(stack.post(path, body), 401, 'unauthenticated')
            self.refused(stack.post(path, body, token=ada), 403, 'forbidden')
        self.refused(stack.get(LIST), 401, 'unauthenticated')
        self.refused(stack.get(LIST, token=ada), 403, 'forbidden')
        self.assertEqual(movements(), before)

    def test_other_methods_are_refused(self):
        answer = stack.get(ADD, token=admin)
        self.refused(answer, 405, 'method_not_allowed')
        self.assertEqual(answer.headers['Allow'], 'POST')


class Bulk(Case):
    def test_bulk_grant_atomic(self):
        before = stack.balance(ada), stack.balance(bob)
        answer = bulk([('ada@example.com', 7), ('bob@example.com', 8)])
        self.assertEqual(answer.status, 200, answer)
        self.assertTrue(answer.json['batch_id'].startswith('bat_'))
        self.assertEqual(
            [(r['email'], r['status']) for r in answer.json['results']],
            [('ada@example.com', 'granted'), ('bob@example.com', 'granted')])
        self.assertTrue(all(r['transaction_id'].startswith('tx_')
                            for r in answer.json['results']))
        self.assertEqual(answer.json['totals'], {
            'rows': 2, 'granted': 2, 'already_granted': 0, 'failed': 0,
            'tokens': 15})
        self.assertEqual((stack.balance(ada), stack.balance(bob)),
                         (before[0] + 7, before[1] + 8))

    def test_bulk_grant_atomic_refuses_whole_batch_R85(self):
        before = movements()
        answer = bulk([('ada@example.com', 7), ('nobody@example.com', 8)])
        self.refused(answer, 422, 'unknown_user', 'users[1].email')
        self.assertEqual(answer.json['error']['details'],
                         {'rows': 2, 'failed': 1})
        self.assertEqual(movements(), before)

    def test_bulk_grant_per_row_retry_grants_only_the_missing_R85(self):
        users = [('ada@example.com', 1), ('later@example.com', 2)]
        before = stack.balance(ada)
        first = bulk(users, key='rows-1', mode='per_row')
        self.assertEqual(first.status, 200, first)
        self.assertEqual([r['status'] for r in first.json['results']],
                         ['granted', 'failed'])
        self.assertEqual(first.json['results'][1]['error'], 'unknown_user')
        later = stack.token('later@example.com')
        second = bulk(users, key='rows-1', mode='per_row')
        self.assertEqual([r['status'] for r in second.json['results']],
                         ['already_granted', 'granted'])
        self.assertEqual(second.json['batch_id'], first.json['batch_id'])
        third = bulk(users, key='rows-1', mode='per_row')
        self.assertEqual(third.headers['Idempotent-Replayed'], 'true')
        self.assertEqual(third.body, second.body)
        self.assertEqual(stack.balance(ada), before + 1)
        self.assertEqual(stack.balance(later), 2)

    def test_bulk_grant_refuses_duplicates_by_name_R85(self):
        before = movements()
        answer = bulk([('ada@example.com', 1), ('bob@example.com', 1),
                       ('ADA@example.com', 1)])
        self.refused(answer, 422, 'duplicate_user', 'users[2].email')
        self.assertEqual(movements(), before)

    def test_a_dry_run_grants_nothing(self):
        before = movements()
        answer = bulk([('ada@example.com', 4), ('x@example.com', 5)],
                      mode='per_row', dry_run=True)
        self.assertEqual(answer.status, 200, answer)
        self.assertIsNone(answer.json['batch_id'])
        self.assertEqual([r['status'] for r in answer.json['results']],
                         ['would_grant', 'failed'])
        self.assertEqual(answer.json['totals']['tokens'], 4)
        self.assertEqual(movements(), before)
        self.refused(bulk([('x@example.com', 5)], dry_run=True), 422,
                     'unknown_user', 'users[0].email')

    def test_a_batch_key_with_another_body_is_refused_R77(self):
        self.assertEqual(
            bulk([('ada@example.com', 1)], key='batch-1').status, 200)
        self.refused(bulk([('ada@example.com', 2)], key='batch-1'), 409,
                     'idempotency_mismatch')

    def test_bad_batches(self):
        before = movements()
        good = {'email': 'ada@example.com', 'amount': 1}
        for body, field in (
                ({'users': []}, 'users'), ({'users': {}}, 'users'),
                ({'users': 'x'}, 'users'), ({}, 'users'),
                ({'users': [good, 5]}, 'users[1]'),
                ({'users': [good, {'email': 'b@c.d'}]}, 'users[1].amount'),
                ({'users': [{'amount': 1}]}, 'users[0].email'),
                ({'users': [{**good, 'amount': 0}]}, 'users[0].amount'),
                ({'users': [{**good, 'amount': -1}]}, 'users[0].amount'),
                ({'users': [{**good, 'amount': 1.5}]}, 'users[0].amount'),
                ({'users': [{**good, 'x': 1}]}, 'users[0].x'),
                ({'users': [good], 'mode': 'maybe'}, 'mode'),
                ({'users': [good], 'dry_run': 'yes'}, 'dry_run'),
                ({'users': [good], 'note': ''}, 'note'),
                ({'users': [good], 'expires_at': '1999-01-01'}, 'expires_at'),
                ({'users': [good], 'actor': 'x'}, 'actor'),
                ({'users': [{'email': f'u{i}@b.c', 'amount': 1}
                            for i in range(10001)]}, 'users')):
            with self.subTest(field=field):
                self.refused(
                    stack.post(BULK, {'note': 'n', **body}, token=admin),
                    422, field=field)
        self.assertEqual(movements(), before)

    def test_a_body_above_a_mebibyte_is_refused(self):
        self.refused(stack.post(BULK, b'{' + b' ' * (1 << 20) + b'}',
                                token=admin), 413, 'body_too_large')

    def test_a_batch_of_ten_thousand_rows_is_answered(self):
        users = [(f'u{i}@nowhere.example', 1) for i in range(9999)]
        began = time.monotonic()
        answer = bulk([('ada@example.com', 1), *users], mode='per_row')
        self.assertEqual(answer.status, 200, answer.body[:200])
        self.assertEqual(answer.json['totals']['failed'], 9999)
        self.assertLess(time.monotonic() - began, 20)


class List(Case):
    @classmethod
    def setUpClass(cls):
        cls.token = stack.token('list@example.com')
        cls.sub = stack.sub('list@example.com')
        cls.ids = [add({'user_email': 'list@example.com', 'amount': i + 1,
                        'note': f'=cmd("{i}")'}).json['transaction_id']
                   for i in range(7)]

    def rows(self, query=''):
        answer = stack.get(f'{LIST}?user={self.sub}{query}', token=admin)
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def test_newest_first_with_every_member(self):
        page = self.rows()
        self.assertEqual([r['id'] for r in page['data']], self.ids[::-1])
        self.assertEqual(page['has_more'], False)
        self.assertIsNone(page['next_cursor'])
        row = page['data'][0]
        self.assertEqual(row['email'], 'list@example.com')
        self.assertEqual(row['kind'], 'grant')
        self.assertEqual(row['status'], 'completed')
        self.assertEqual(row['tokens'], 7)
        self.assertEqual(row['balance_after'], 28)
        self.assertEqual(row['actor'],
                         'admin:' + stack.sub('root@example.com'))
        for name in ('payment_intent_id', 'stripe_charge_id',
                     'stripe_invoice_id', 'price_per_token',
                     'total_amount_usd', 'amount', 'currency', 'metadata'):
            self.assertIsNone(row[name], name)

    def test_pages_hold_every_row_once(self):
        seen, cursor = [], ''
        while True:
            page = self.rows(f'&limit=3{cursor}')
            seen += [r['id'] for r in page['data']]
            if not page['has_more']:
                break
            add({'user_email': 'list2@example.com'})  # refused: no such user
            cursor = '&cursor=' + page['next_cursor']
        self.assertEqual(seen, self.ids[::-1])

    def test_filters(self):
        self.assertEqual(len(self.rows('&kind=grant')['data']), 7)
        self.assertEqual(self.rows('&kind=purchase')['data'], [])
        self.assertEqual(len(self.rows('&status=completed')['data']), 7)
        self.assertEqual(self.rows('&status=failed')['data'], [])
        self.assertEqual(self.rows('&payment_intent_id=pi_x')['data'], [])
        self.assertEqual(self.rows('&invoice_id=in_x')['data'], [])
        self.assertEqual(self.rows('&to=2020-01-01')['data'], [])
        self.assertEqual(
            len(self.rows('&from=2020-01-01T00:00:00Z')['data']), 7)
        nobody = stack.get(f'{LIST}?user=user_nobody', token=admin)
        self.assertEqual(nobody.json['data'], [])

    def test_bad_filters(self):
        for query, field in (
                ('kind=gift', 'kind'), ('status=maybe', 'status'),
                ('from=yesterday', 'from'), ('to=1', 'to'),
                ('limit=0', 'limit'), ('limit=101', 'limit'),
                ('limit=x', 'limit'), ('cursor=x', 'cursor'),
                ('format=xml', 'format'), ('color=red', 'color'),
                ('format=csv&limit=10001', 'limit')):
            with self.subTest(query=query):
                self.refused(stack.get(f'{LIST}?{query}', token=admin), 422,
                             field=field)

    def read_csv(self, query):
        answer = stack.get(f'{LIST}?{query}', token=admin)
        self.assertEqual(answer.status, 200, answer)
        self.assertTrue(
            answer.headers['Content-Type'].startswith('text/csv'))
        self.assertIn('attachment', answer.headers['Content-Disposition'])
        return answer, list(csv.DictReader(
            io.StringIO(answer.body.decode(), newline='')))

    def test_csv_has_the_same_rows(self):
        _, rows = self.read_csv(f'format=csv&user={self.sub}')
        self.assertEqual([r['id'] for r in rows], self.ids[::-1])
        self.assertEqual(rows[0]['tokens'], '7')
        self.assertEqual(rows[0]['amount'], '')

    def test_csv_texts_are_no_formulas(self):
        _, rows = self.read_csv(f'format=csv&user={self.sub}')
        self.assertTrue(all(r['note'].startswith("'=cmd") for r in rows))

    def test_csv_pages_by_its_link(self):
        seen, query = [], f'format=csv&limit=3&user={self.sub}'
        while query:
            answer, rows = self.read_csv(query)
            seen += [r['id'] for r in rows]
            link = answer.headers['Link']
            query = link and link.split('?')[1].split('>')[0]
        self.assertEqual(seen, self.ids[::-1])


class CommandLine(Case):
    def test_a_role_set_by_hand_makes_an_administrator(self):
        token = stack.token('boss@example.com')
        sub = stack.sub('boss@example.com')
        self.refused(add(token=token), 403, 'forbidden')
        self.assertEqual(
            stack.vantage('user', 'role', sub, 'admin').returncode, 0)
        self.assertEqual(add(token=token).status, 201)
        self.assertEqual(
            stack.vantage('user', 'role', sub, 'user').returncode, 0)
        self.refused(add(token=token), 403, 'forbidden')
        self.assertEqual(stack.one(
            "SELECT COUNT(*) FROM audit WHERE action = 'user.role' "
            "AND object = ?", sub), 2)

    def test_an_unknown_user_or_role_is_refused(self):
        done = stack.vantage('user', 'role', 'user_nobody', 'admin')
        self.assertEqual(done.returncode, 1)
        self.assertIn('user_nobody', done.stderr)
        for words in (('user',), ('user', 'role', 'x', 'king'),
                      ('catalog', 'export'), ('catalog', 'sell', 'x')):
            self.assertEqual(stack.vantage(*words).returncode, 64, words)

    def test_help_and_version_are_answers_and_no_errors(self):
        done = stack.vantage('--help')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertIn('prove the books', done.stdout)
        self.assertEqual(stack.vantage().stderr, done.stdout)
        self.assertEqual(stack.vantage('--help', 'x').returncode, 64)
        done = stack.vantage('--version')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertRegex(done.stdout, r'\Avantage \d+\.\d+\.\d+\n\Z')

    def test_the_catalogue_goes_out_and_in(self):
        path = str(stack.state / 'catalog.json')
        self.assertEqual(
            stack.vantage('catalog', 'export', path).returncode, 0)
        with open(path, encoding='utf-8') as f:
            catalog = json.load(f)
        catalog['packages'][0]['prices']['usd'] = 1099
        with open(path, 'w', encoding='utf-8') as f:
            json.dump(catalog, f)
        done = stack.vantage('catalog', 'import', path)
        self.assertEqual(done.returncode, 0, done.stderr)
        sold = stack.get('/api/catalog?currency=usd').json
        self.assertEqual(sold['packages'][0]['amount'], 1099)
        catalog['packages'][0]['prices'] = {}
        with open(path, 'w', encoding='utf-8') as f:
            json.dump(catalog, f)
        done = stack.vantage('catalog', 'import', path)
        self.assertEqual(done.returncode, 1)
        self.assertIn('packages[0].prices', done.stderr)

    def test_verify_says_what_it_read(self):
        done = stack.vantage('verify', '--json')
        self.assertEqual(done.returncode, 0, done.stdout)
        report = json.loads(done.stdout)
        self.assertTrue(report['ok'])
        self.assertEqual(report['counts']['movements'], movements())
        self.assertEqual(report['faults'], [])
