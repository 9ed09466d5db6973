"""Services that spend: through nginx, with API keys, many at once."""

import concurrent.futures
import unittest

from stack import Stack

SPEND = '/api/tokens/spend'
HOLD = '/api/tokens/hold'
CAPTURE = '/api/tokens/capture'
RELEASE = '/api/tokens/release'
REVERSE = '/api/tokens/reverse'
REVOKE = '/api/admin/tokens/revoke'
BALANCE = '/api/tokens/balance'
ALL = ('tokens:spend', 'tokens:reverse', 'tokens:read')


def setUpModule():
    global stack, admin, key
    stack = Stack().up()
    admin = stack.token('root@example.com', admin=True)
    service('app')
    key = new_key('app', *ALL)


def tearDownModule():
    try:
        stack.verify()  # with holds that are open
        logged = stack.everything_logged()
    finally:
        stack.down()
    assert 'vk_' not in logged, 'a key is in a log'


def service(name, *words):
    done = stack.vantage('service', 'add', name, *words)
    assert done.returncode == 0, done.stderr


def new_key(name, *scopes):
    done = stack.vantage('key', 'add', name, *scopes)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def key_id(text):
    """The public id, by the characters that the list shows."""
    for line in stack.vantage('key', 'list').stdout.splitlines():
        if line.split()[2].endswith(text[-4:]):
            return line.split()[0]
    raise AssertionError('the key is not in the list')


def user(name, tokens=0, **more):
    """A user with so many tokens; Clerk's id."""
    email = f'{name}@example.com'
    stack.token(email)
    if tokens:
        give(email, tokens, **more)
    return stack.sub(email)


def give(email, tokens, **more):
    answer = stack.post('/api/admin/tokens/add', {
        'user_email': email, 'amount': tokens, 'note': 'n', **more},
        token=admin)
    assert answer.status == 201, answer
    return answer.json['transaction_id']


def call(path, token=None, headers=(), **body):
    return stack.post(path, body, token=token or key, headers=headers)


def available(sub):
    answer = stack.get(f'{BALANCE}?user={sub}', token=key)
    assert answer.status == 200, answer
    return answer.json['available']


def at_once(count, function):
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(function, range(count)))


class Spends(unittest.TestCase):
    def test_spend_says_what_is_left_and_where_it_came_from_R66(self):
        sub = user('lots')
        first = give('lots@example.com', 3, expires_at='2098-01-01T00:00:00Z')
        second = give('lots@example.com', 5)
        done = call(SPEND, user=sub, amount=4, reference='lots-1',
                    metadata={'job': 7})
        self.assertEqual(done.status, 200, done)
        self.assertEqual(done.json['available'], 4)
        self.assertEqual(done.json['lots'], [
            {'transaction_id': first, 'origin': 'grant', 'tokens': 3},
            {'transaction_id': second, 'origin': 'grant', 'tokens': 1}])
        row = stack.sql('SELECT kind, tokens, actor, metadata FROM '
                        'token_transactions WHERE public_id = ?',
                        done.json['transaction_id'])[0]
        self.assertEqual(tuple(row),
                         ('spend', -4, 'service:app', '{"job":7}'))

    def test_hundred_spends_at_once_on_fifty_tokens_R59(self):
        sub = user('race', 50)
        done = at_once(100, lambda i: call(
            SPEND, user=sub, amount=1, reference=f'race-{i}'))
        self.assertEqual(sorted(d.status for d in done),
                         [200] * 50 + [402] * 50)
        refused = [d for d in done if d.status == 402]
        self.assertEqual({d.code for d in refused}, {'insufficient_tokens'})
        self.assertEqual(
            {d.json['error']['details']['available'] for d in refused}, {0})
        self.assertEqual(available(sub), 0)

    def test_fifty_racing_twins_have_one_effect_R77(self):
        sub = user('twins', 50)
        done = at_once(50, lambda i: call(
            SPEND, user=sub, amount=2, reference='twin'))
        self.assertEqual({d.status for d in done}, {200})
        self.assertEqual(len({d.body for d in done}), 1)
        again = [d for d in done if d.headers['Idempotent-Replayed'] == 'true']
        self.assertEqual(len(again), 49)
        self.assertEqual(available(sub), 48)

    def test_a_reference_has_one_meaning_for_ever(self):
        sub = user('one', 10)
        first = call(SPEND, user=sub, amount=1, reference='one-1')
        call(SPEND, user=sub, amount=1, reference='one-2')
        self.assertEqual(
            call(SPEND, user=sub, amount=1, reference='one-1').body,
            first.body)
        for other in (
                call(SPEND, user=sub, amount=2, reference='one-1'),
                call(SPEND, user=sub, amount=1, reference='one-1',
                     metadata={}),
                call(HOLD, user=sub, amount=1, reference='one-1', ttl_s=9)):
            self.assertEqual((other.status, other.code),
                             (409, 'idempotency_mismatch'))
        self.assertEqual(available(sub), 8)

    def test_references_of_two_services_do_not_meet(self):
        sub = user('two', 10)
        service('second')
        other = new_key('second', 'tokens:spend')
        for token in (key, other):
            done = call(SPEND, token, user=sub, amount=3, reference='same')
            self.assertEqual(done.status, 200, done)
        self.assertEqual(available(sub), 4)

    def test_a_refusal_is_not_kept_R77(self):
        sub = user('later')
        asked = {'user': sub, 'amount': 2, 'reference': 'later'}
        self.assertEqual(call(SPEND, **asked).status, 402)
        give('later@example.com', 2)
        self.assertEqual(call(SPEND, **asked).status, 200)

    def test_who_is_not_known_has_nothing(self):
        done = call(SPEND, user='user_nobody', amount=1, reference='nobody')
        self.assertEqual((done.status, done.code), (402, 'insufficient_tokens'))
        self.assertEqual(done.json['error']['details'], {'available': 0})
        self.assertEqual(available('user_nobody'), 0)

    def test_bad_input_is_named_and_changes_nothing_R69(self):
        sub = user('bad', 10)
        good = {'user': sub, 'amount': 1, 'reference': 'bad'}
        for field, value in (
                ('amount', 0), ('amount', -1), ('amount', 1.5),
                ('amount', '1'), ('amount', 10 ** 13), ('amount', None),
                ('amount', 2 ** 63), ('user', ''), ('user', 'x' * 200),
                ('user', 7), ('reference', ''), ('reference', 'x' * 256),
                ('reference', None), ('reference', 'a\nb'),
                ('metadata', []), ('metadata', 'x'),
                ('metadata', {'x': 'x' * 2100}), ('extra', 1)):
            done = call(SPEND, **{**good, field: value})
            self.assertEqual(done.status, 422, (field, value, done))
            self.assertEqual(done.json['error']['field'], field)
        for field, value in (('ttl_s', 0), ('ttl_s', 86401), ('ttl_s', None)):
            done = call(HOLD, **{**good, 'ttl_s': 9, field: value})
            self.assertEqual((done.status, done.json['error']['field']),
                             (422, field))
        self.assertEqual(available(sub), 10)
        self.assertEqual(call(SPEND, **good).status, 200)

    def test_another_key_in_the_middle_spends_once(self):
        sub = user('rotate', 10)
        old = new_key('app', 'tokens:spend')
        asked = {'user': sub, 'amount': 3, 'reference': 'rotate'}
        first = call(SPEND, old, **asked)
        new = new_key('app', 'tokens:spend')
        done = stack.vantage('key', 'revoke', key_id(old))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(call(SPEND, old, **asked).status, 401)
        again = call(SPEND, new, **asked)
        self.assertEqual((again.status, again.body), (200, first.body))
        self.assertEqual(available(sub), 7)

    def test_a_daily_cap_holds_until_midnight(self):
        sub = user('cap', 20)
        service('capped', '--daily-cap', '5')
        capped = new_key('capped', 'tokens:spend')
        done = at_once(10, lambda i: call(
            SPEND, capped, user=sub, amount=1, reference=f'cap-{i}'))
        self.assertEqual(sorted(d.status for d in done),
                         [200] * 5 + [429] * 5)
        refused = next(d for d in done if d.status == 429)
        self.assertEqual(refused.code, 'daily_cap_reached')
        self.assertLessEqual(
            abs(86400 - stack.now() % 86400
                - int(refused.headers['Retry-After'])), 60)
        self.assertEqual(available(sub), 15)

    def test_an_idempotency_key_does_the_same(self):
        sub = user('header', 10)
        held = call(HOLD, user=sub, amount=4, reference='header', ttl_s=60)
        one = {'Idempotency-Key': 'capture-1'}
        first = call(CAPTURE, headers=one, amount=3,
                     hold_id=held.json['hold_id'])
        again = call(CAPTURE, headers=one, amount=3,
                     hold_id=held.json['hold_id'])
        self.assertEqual((first.status, again.status), (200, 200))
        self.assertEqual(first.body, again.body)
        self.assertEqual(again.headers['Idempotent-Replayed'], 'true')
        other = call(CAPTURE, headers=one, amount=2,
                     hold_id=held.json['hold_id'])
        self.assertEqual(other.code, 'idempotency_mismatch')


class Holds(unittest.TestCase):
    def hold(self, sub, amount, reference, ttl_s=60, token=None):
        done = call(HOLD, token, user=sub, amount=amount, ttl_s=ttl_s,
                    reference=reference)
        self.assertEqual(done.status, 201, done)
        return done.json['hold_id']

    def test_what_is_held_is_not_available_R61(self):
        sub = user('held', 5000)
        for i in range(5):
            self.hold(sub, 1000, f'held-{i}')
        sixth = call(HOLD, user=sub, amount=1000, ttl_s=60, reference='held-6')
        self.assertEqual((sixth.status, sixth.code),
                         (402, 'insufficient_tokens'))
        self.assertEqual(call(
            SPEND, user=sub, amount=1, reference='held-7').status, 402)

    def test_a_hold_is_the_same_hold_again(self):
        sub = user('again', 10)
        asked = {'user': sub, 'amount': 4, 'ttl_s': 60, 'reference': 'again'}
        done = at_once(20, lambda i: call(HOLD, **asked))
        self.assertEqual({d.status for d in done}, {201})
        self.assertEqual(len({d.body for d in done}), 1)
        self.assertEqual(available(sub), 6)

    def test_capture_and_release_race_and_one_wins_R62(self):
        sub = user('ends', 10)
        for i in range(5):
            hold = self.hold(sub, 2, f'ends-{i}')
            done = at_once(10, lambda n, h=hold: call(
                CAPTURE, hold_id=h, amount=1) if n % 2 else call(
                RELEASE, hold_id=h))
            won = [d for d in done if d.status == 200]
            self.assertEqual(len(won), 1, done)
            lost = [d for d in done if d.status == 409]
            self.assertEqual(len(lost), 9)
            captured = 'transaction_id' in won[0].json
            self.assertEqual(
                {d.json['error']['details']['state'] for d in lost},
                {'captured' if captured else 'released'})
            if captured:
                self.assertEqual(won[0].json['released'], 1)
        spent = stack.one('SELECT COALESCE(SUM(captured), 0) FROM holds h '
                          'JOIN users u ON u.id = h.user '
                          'WHERE u.clerk_sub = ?', sub)
        self.assertEqual(available(sub), 10 - spent)

    def test_more_than_is_held_is_not_captured(self):
        sub = user('more', 10)
        hold = self.hold(sub, 2, 'more')
        done = call(CAPTURE, hold_id=hold, amount=3)
        self.assertEqual((done.status, done.json['error']['field']),
                         (422, 'amount'))
        self.assertEqual(call(CAPTURE, hold_id=hold, amount=2).status, 200)
        self.assertEqual(available(sub), 8)

    def test_another_services_hold_does_not_exist(self):
        sub = user('theirs', 10)
        hold = self.hold(sub, 2, 'theirs')
        spent = call(SPEND, user=sub, amount=1, reference='theirs-2')
        self.assertEqual(spent.status, 200, spent)
        service('thief')
        thief = new_key('thief', *ALL)
        for done in (
                call(CAPTURE, thief, hold_id=hold, amount=1),
                call(RELEASE, thief, hold_id=hold),
                call(RELEASE, thief, hold_id='hold_nothing'),
                call(REVERSE, thief, reason='r',
                     transaction_id=spent.json['transaction_id'])):
            self.assertEqual(done.status, 404, done)
        self.assertEqual(available(sub), 7)

    def test_what_is_released_does_not_count_for_the_cap(self):
        sub = user('uncount', 20)
        service('capped-holds', '--daily-cap', '5')
        capped = new_key('capped-holds', 'tokens:spend')
        hold = self.hold(sub, 5, 'u-1', token=capped)
        self.assertEqual(call(SPEND, capped, user=sub, amount=1,
                              reference='u-2').status, 429)
        self.assertEqual(
            call(CAPTURE, capped, hold_id=hold, amount=2).status, 200)
        self.assertEqual(call(SPEND, capped, user=sub, amount=3,
                              reference='u-3').status, 200)


class Reversals(unittest.TestCase):
    def spend(self, sub, amount, reference):
        done = call(SPEND, user=sub, amount=amount, reference=reference)
        self.assertEqual(done.status, 200, done)
        return done.json['transaction_id']

    def test_parts_come_back_and_never_more_than_was_spent(self):
        sub = user('back', 10)
        tx = self.spend(sub, 6, 'back')
        first = call(REVERSE, transaction_id=tx, amount=2, reason='half')
        self.assertEqual(first.status, 201, first)
        self.assertEqual(available(sub), 6)
        over = call(REVERSE, transaction_id=tx, amount=5, reason='more')
        self.assertEqual((over.status, over.code), (409, 'already_reversed'))
        self.assertEqual(over.json['error']['details'], {'reversible': 4})
        rest = call(REVERSE, transaction_id=tx, reason='rest')
        self.assertEqual(rest.json['tokens'], 4)
        self.assertEqual(available(sub), 10)
        self.assertEqual(
            call(REVERSE, transaction_id=tx, reason='r').status, 409)

    def test_racing_reversals_give_back_what_was_spent(self):
        sub = user('backrace', 10)
        tx = self.spend(sub, 10, 'backrace')
        done = at_once(20, lambda i: call(
            REVERSE, transaction_id=tx, amount=1, reason='r'))
        self.assertEqual(sorted(d.status for d in done),
                         [201] * 10 + [409] * 10)
        self.assertEqual(available(sub), 10)

    def test_they_come_back_as_they_were(self):
        sub = user('basis')
        token = stack.token('basis@example.com')
        give('basis@example.com', 2, expires_at='2098-01-01T00:00:00Z')
        give('basis@example.com', 5)
        tx = self.spend(sub, 4, 'basis')
        call(REVERSE, transaction_id=tx, amount=3, reason='r')
        lots = [(l['origin'], l['left'], l['expires_at'])
                for l in stack.get(BALANCE, token=token).json['lots']]
        # Two burnt last come back first, then one of the first two.
        self.assertEqual(lots, [
            ('reversal', 1, '2098-01-01T00:00:00Z'), ('grant', 3, None),
            ('reversal', 2, None)])

    def test_a_capture_is_given_back_too(self):
        sub = user('backcap', 10)
        hold = call(HOLD, user=sub, amount=5, reference='backcap', ttl_s=60)
        tx = call(CAPTURE, hold_id=hold.json['hold_id'],
                  amount=5).json['transaction_id']
        self.assertEqual(
            call(REVERSE, transaction_id=tx, reason='r').status, 201)
        self.assertEqual(available(sub), 10)

    def test_only_what_took_tokens_is_given_back(self):
        sub = user('nottaken')
        given = give('nottaken@example.com', 5)
        for tx in (given, 'tx_nothing'):
            done = call(REVERSE, transaction_id=tx, reason='r')
            self.assertEqual(done.status, 404, done)
        self.assertEqual(available(sub), 5)
        done = call(REVERSE, transaction_id=given, reason='  ')
        self.assertEqual(done.json['error']['field'], 'reason')


class Keys(unittest.TestCase):
    def test_without_a_good_key_nobody(self):
        body = {'user': 'u', 'amount': 1, 'reference': 'r'}
        for headers in ((), {'Authorization': 'Bearer vk_wrong'},
                        {'Authorization': 'Bearer vk_'},
                        {'Authorization': key},
                        {'Authorization': 'Basic ' + key},
                        {'Authorization': f'Bearer {key}x'},
                        {'Authorization': f'Bearer {key[:-1]}'},
                        {'Authorization': f'Bearer {admin}'}):
            for path in (SPEND, HOLD, CAPTURE, RELEASE, REVERSE):
                done = stack.post(path, body, headers=headers)
                self.assertEqual((done.status, done.code),
                                 (401, 'unauthenticated'), headers)

    def test_a_wrong_scope_is_403(self):
        sub = user('scope', 5)
        reader = new_key('app', 'tokens:read')
        spender = new_key('app', 'tokens:spend')
        for done in (
                call(SPEND, reader, user=sub, amount=1, reference='scope'),
                call(REVERSE, spender, transaction_id='tx_x', reason='r'),
                stack.get(f'{BALANCE}?user={sub}', token=spender),
                stack.get('/api/admin/tokens/transactions', token=reader),
                stack.get('/api/tokens/transactions', token=reader)):
            self.assertEqual((done.status, done.code), (403, 'forbidden'))
        self.assertEqual(available(sub), 5)

    def test_a_disabled_services_keys_are_refused(self):
        sub = user('off', 5)
        service('off')
        off = new_key('off', 'tokens:spend')
        asked = {'user': sub, 'amount': 1, 'reference': 'off'}
        self.assertEqual(call(SPEND, off, **asked).status, 200)
        self.assertEqual(stack.vantage('service', 'disable', 'off').returncode,
                         0)
        self.assertEqual(call(SPEND, off, **asked).status, 401)

    def test_only_hashes_are_kept(self):
        data = stack.db.read_bytes()
        wal = stack.db.with_name(stack.db.name + '-wal')
        self.assertNotIn(key.encode(), data + wal.read_bytes())

    def test_a_service_reads_and_grants_with_its_scopes(self):
        sub = user('granted')
        granter = new_key('app', 'admin:grant', 'admin:read')
        done = stack.post('/api/admin/tokens/add', {
            'user': sub, 'amount': 7, 'note': 'bonus'}, token=granter)
        self.assertEqual(done.status, 201, done)
        rows = stack.get(f'/api/admin/tokens/transactions?user={sub}',
                         token=granter).json['data']
        self.assertEqual([(r['tokens'], r['actor']) for r in rows],
                         [(7, 'service:app')])
        self.assertEqual(stack.post(REVOKE, {
            'transaction_id': rows[0]['id'], 'reason': 'r'},
            token=granter).status, 403)

    def test_balance_wants_to_know_whose(self):
        done = stack.get(BALANCE, token=key)
        self.assertEqual((done.status, done.json['error']['field']),
                         (422, 'user'))

    def test_dev_prints_a_key_that_works(self):
        made = stack.dev('key', 'tokens:read').strip()
        self.assertRegex(made, r'^vk_[A-Za-z0-9_-]{43}$')
        sub = user('devkey', 3)
        self.assertEqual(stack.get(
            f'{BALANCE}?user={sub}', token=made).json['available'], 3)


class Revocations(unittest.TestCase):
    def revoke(self, tx, headers=(), **more):
        return stack.post(REVOKE, {
            'transaction_id': tx, 'reason': 'mistake', **more}, token=admin,
            headers=headers)

    def test_only_what_is_free_of_that_grant_is_taken(self):
        sub = user('taken')
        tx = give('taken@example.com', 10, expires_at='2098-01-01T00:00:00Z')
        give('taken@example.com', 5)
        call(SPEND, user=sub, amount=3, reference='taken-1')
        call(HOLD, user=sub, amount=2, reference='taken-2', ttl_s=60)
        over = self.revoke(tx, amount=6)
        self.assertEqual((over.status, over.code), (409, 'not_revocable'))
        self.assertEqual(over.json['error']['details'], {'revocable': 5})
        done = self.revoke(tx)
        self.assertEqual(done.status, 201, done)
        self.assertEqual((done.json['tokens'], done.json['balance']), (5, 5))
        self.assertEqual(self.revoke(tx).status, 409)
        self.assertEqual(available(sub), 5)

    def test_a_key_revokes_once_R84(self):
        sub = user('takenonce')
        tx = give('takenonce@example.com', 10)
        one = {'Idempotency-Key': 'revoke-1'}
        first = self.revoke(tx, one, amount=4)
        again = self.revoke(tx, one, amount=4)
        self.assertEqual((first.status, first.body),
                         (again.status, again.body))
        self.assertEqual(again.headers['Idempotent-Replayed'], 'true')
        self.assertEqual(available(sub), 6)
        self.assertEqual(self.revoke(tx, one, amount=3).code,
                         'idempotency_mismatch')

    def test_what_gave_nothing_is_not_found(self):
        sub = user('notgiven', 3)
        tx = call(SPEND, user=sub, amount=1, reference='notgiven')
        for one in (tx.json['transaction_id'], 'tx_nothing'):
            self.assertEqual(self.revoke(one).status, 404)
