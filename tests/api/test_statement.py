"""Signed statements and signed heads: asked for through nginx, signed by
keeper, checked by the command line and by OpenSSL; and what a writer that
rewrites the books cannot hide."""

import base64
import hashlib
import json
import os
import pathlib
import signal
import sqlite3
import stat
import subprocess
import unittest

from stack import Stack, wait_for

STATEMENT = '/api/tokens/statement'


def setUpModule():
    global stack, admin
    stack = Stack().up()
    admin = stack.token('root@example.com', admin=True)


def tearDownModule():
    try:
        logged = stack.everything_logged()
        seed = seed_of(stack)
    finally:
        stack.down()
    assert 'seed' not in logged and seed not in logged, 'a key is in a log'


def seed_of(any_stack):
    return (any_stack.state / 'statement.key').read_text().partition(':')[2]


def give(email, amount, **more):
    answer = stack.post('/api/admin/tokens/add', {
        'user_email': email, 'amount': amount, 'note': 'n', **more},
        token=admin)
    assert answer.status == 201, answer


def user(name, tokens=0):
    """A session of a user with so many tokens."""
    email = f'{name}@example.com'
    token = stack.token(email)
    if tokens:
        give(email, tokens)
    return token


def ask(token, **headers):
    return stack.post(STATEMENT, token=token, headers={
        name.replace('_', '-'): value for name, value in headers.items()})


def ask_until_signed(token, **headers):
    def signed():
        answer = ask(token, **headers)
        assert answer.status in (200, 202), answer
        return answer if answer.status == 200 else None
    return wait_for(signed, 'a signature', seconds=30, every=0.3)


def public_key():
    return stack.get('/api/config').json['statement_key']


def check(path, *words, stdin=None):
    """check-statement as an accountant runs it: no database, no setting."""
    return subprocess.run(
        [f'{stack.build}/bin/vantage', 'check-statement', str(path), *words],
        env={'PATH': '/usr/bin:/bin'}, text=True, input=stdin,
        capture_output=True, timeout=60, check=False)


def saved(text, name='answer.json'):
    path = stack.state / name
    path.write_text(text if isinstance(text, str) else json.dumps(text))
    return path


def heads(any_stack):
    return sorted((any_stack.state / 'heads').glob('head-*.txt'))


def sign_heads(any_stack):
    """Tells keeper to do all that is due, and waits for a head of now."""
    newest = any_stack.one('SELECT COALESCE(MAX(id), 0) FROM movements')
    for pid in any_stack.pids('keeper'):
        os.kill(pid, signal.SIGUSR1)
    return wait_for(
        lambda: [path for path in heads(any_stack)
                 if int(path.name.split('-')[1]) >= newest],
        'a head', seconds=30)[-1]


class Asking(unittest.TestCase):
    def test_202_and_then_200_and_the_same_again(self):
        token = user('ada', 10)
        first = ask(token)
        self.assertEqual(first.status, 202, first)
        self.assertEqual(first.headers['Retry-After'], '1')
        self.assertEqual(first.json['status'], 'pending')
        answer = ask_until_signed(token)
        self.assertEqual(answer.json['status'], 'signed')
        self.assertEqual(answer.json['statement_id'],
                         first.json['statement_id'])
        self.assertEqual(answer.json['key'], public_key())
        self.assertIn('\navailable: 10\n', answer.json['statement'])
        self.assertEqual(answer.headers['Cache-Control'], 'no-store')
        self.assertEqual(ask(token).body, answer.body)
        self.assertEqual(stack.one(
            'SELECT COUNT(*) FROM statements WHERE user = '
            '(SELECT id FROM users WHERE email = ?)', 'ada@example.com'), 1)

    def test_what_changed_is_signed_anew(self):
        token = user('changed', 10)
        before = ask_until_signed(token)
        give('changed@example.com', 5)
        after = ask_until_signed(token)
        self.assertIn('\navailable: 15\n', after.json['statement'])
        self.assertNotEqual(before.json['statement_id'],
                            after.json['statement_id'])

    def test_a_key_names_the_first_statement_for_good_R77(self):
        token = user('key', 3)
        first = ask_until_signed(token, Idempotency_Key='k-1')
        give('key@example.com', 4)
        again = ask(token, Idempotency_Key='k-1')
        self.assertEqual(again.body, first.body)
        self.assertEqual(again.headers['Idempotent-Replayed'], 'true')
        refused = stack.post(STATEMENT, b'', token=token,
                             headers={'Idempotency-Key': 'k-1'})
        self.assertEqual((refused.status, refused.code),
                         (409, 'idempotency_mismatch'))

    def test_nobody_else_gets_it(self):
        token, other = user('mine', 7), user('other')
        mine = ask_until_signed(token)
        sub = stack.sub('mine@example.com')
        theirs = ask_until_signed(other)
        self.assertIn(f'\nuser: {sub}\n', mine.json['statement'])
        self.assertNotIn(sub, theirs.json['statement'])
        self.assertIn('\navailable: 0\n', theirs.json['statement'])
        self.assertEqual(stack.post(STATEMENT).status, 401)
        self.assertEqual(ask('vk_nobody').status, 401)

    def test_what_is_not_expected_is_refused(self):
        token = user('input')
        for body, status, code in (
                ({'user': 'user_1'}, 422, 'unknown_field'),
                (b'[]', 400, 'malformed_json'), (b'{', 400, 'malformed_json'),
                (b'x' * 2000, 413, 'body_too_large')):
            answer = stack.post(STATEMENT, body, token=token)
            self.assertEqual((answer.status, answer.code), (status, code))
        answer = stack.post(f'{STATEMENT}?user=user_1', token=token)
        self.assertEqual((answer.status, answer.code),
                         (422, 'unknown_field'))
        answer = ask(token, Idempotency_Key='a b')
        self.assertEqual(answer.status, 422)
        answer = stack.get(STATEMENT, token=token)
        self.assertEqual((answer.status, answer.headers['Allow']),
                         (405, 'POST'))
        self.assertEqual(stack.request('POST', STATEMENT,
                                       token=token).status, 202)

    def test_one_user_may_not_ask_for_ever(self):
        token = user('often')
        statuses = [ask(token).status for _ in range(40)]
        self.assertIn(429, statuses)
        self.assertLessEqual(
            {status for status in statuses}, {200, 202, 429})
        self.assertEqual(ask(user('calm')).status, 202)


class Checking(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.answer = ask_until_signed(user('check', 20)).json
        cls.key = public_key()

    def test_it_is_checked_offline(self):
        path = saved(self.answer)
        done = check(path, '--key', self.key)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn('20 tokens available', done.stdout)
        self.assertIn('The signature of the statement is good', done.stdout)
        self.assertIn('The signature of the head is good', done.stdout)
        self.assertTrue(done.stdout.endswith('\nall of it is good\n'))
        done = check('-', '--json', '--key', self.key,
                     stdin=json.dumps(self.answer))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        told = json.loads(done.stdout)
        self.assertTrue(told['ok'])
        self.assertEqual([d['kind'] for d in told['documents']],
                         ['statement', 'head'])
        self.assertEqual(told['documents'][0]['available'], 20)
        self.assertIsNone(told['documents'][0]['in_chain'])

    def test_a_text_with_its_signature_below_will_do(self):
        text = (self.answer['statement'] + 'signature: '
                + self.answer['signature'] + '\n')
        done = check(saved(text, 'text'), '--key', self.key)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_nobody_is_believed_for_naming_himself(self):
        done = check(saved(self.answer))
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn('Nobody vouches for the key', done.stdout)

    def test_every_field_that_is_changed_is_found(self):
        text = self.answer['statement']
        for line in text.splitlines():
            name, _, value = line.rpartition(' ')
            last = '1' if value[-1] != '1' else '2'
            changed = text.replace(line, f'{name} {value[:-1]}{last}', 1)
            self.assertNotEqual(changed, text)
            done = check(saved({**self.answer, 'statement': changed}),
                         '--key', self.key)
            self.assertEqual(done.returncode, 1, line)
            self.assertIn('fault in the', done.stdout)
            self.assertTrue(done.stdout.endswith(
                '\nit must not be relied on: see the faults\n'))
        done = check(saved({**self.answer, 'signature':
                            self.answer['head']['signature']}),
                     '--key', self.key)
        self.assertEqual(done.returncode, 1)
        self.assertIn('The signature does not fit', done.stdout)
        # A head of another moment beside it.
        other = ask_until_signed(user('another', 1)).json
        done = check(saved({**self.answer, 'head': other['head']}),
                     '--key', self.key)
        self.assertEqual(done.returncode, 1)
        self.assertIn('not the head that the statement names', done.stdout)

    def test_another_key_is_not_ours(self):
        other = 'ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='
        done = check(saved(self.answer), '--key', other)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f'and not by {other}', done.stdout)
        done = check(saved(self.answer), '--key', 'ed25519:abc')
        self.assertEqual(done.returncode, 1)
        self.assertIn('is no public key', done.stderr)

    def test_what_is_no_statement_is_refused(self):
        for text, why in (('', 'no signed text'), ('{}', 'JSON, but no'),
                          ('{"statement":1}', 'JSON, but no'),
                          ('signature: x', 'no signed text')):
            done = check(saved(text, 'bad'), '--key', self.key)
            self.assertEqual(done.returncode, 1, text)
            self.assertIn(why, done.stderr)
        self.assertEqual(check('/no/such/file').returncode, 1)
        self.assertEqual(check('--nonsense').returncode, 64)

    def test_beside_the_database_it_says_whether_it_is_in_the_chain(self):
        done = stack.vantage('check-statement', str(saved(self.answer)))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn('The chain still holds movement', done.stdout)
        done = stack.vantage('check-statement', str(sign_heads(stack)),
                             '--json')
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertTrue(json.loads(done.stdout)['documents'][0]['in_chain'])

    def test_openssl_says_the_same(self):
        raw = base64.b64decode(self.key.removeprefix('ed25519:'))
        # RFC 8410: what a public key of this kind begins with.
        der = bytes.fromhex('302a300506032b6570032100') + raw
        pem = saved('-----BEGIN PUBLIC KEY-----\n'
                    + base64.b64encode(der).decode()
                    + '\n-----END PUBLIC KEY-----\n', 'key.pem')
        signature = stack.state / 'signature'
        for pair in (self.answer, self.answer['head']):
            signature.write_bytes(base64.b64decode(pair['signature']))
            for text, good in ((pair['statement'], True),
                               (pair['statement'] + '\n', False)):
                done = subprocess.run(
                    ['openssl', 'pkeyutl', '-verify', '-pubin', '-inkey',
                     str(pem), '-rawin', '-in', str(saved(text, 'text')),
                     '-sigfile', str(signature)],
                    capture_output=True, timeout=60, check=False)
                self.assertEqual(done.returncode == 0, good, done.stdout)


class Holding(unittest.TestCase):
    """Who has the key, and who can write where the heads are."""

    def test_the_key_is_a_file_of_keepers_alone(self):
        key = (stack.state / 'statement.key').stat()
        self.assertEqual(stat.S_IMODE(key.st_mode), 0o400)
        self.assertEqual(key.st_uid, self.uid('keeper'))

    def test_nobody_was_told_of_the_key(self):
        ask_until_signed(user('told'))
        seed = seed_of(stack).encode()
        for path in pathlib.Path('/proc').glob('[0-9]*/environ'):
            for part in (path, path.with_name('cmdline')):
                try:
                    seen = part.read_bytes()
                except OSError:
                    continue
                self.assertNotIn(seed, seen)
        for path in (stack.state / 'secrets').rglob('*'):
            if path.is_file():
                self.assertNotIn(seed, path.read_bytes(), path)
        self.assertNotIn(seed, stack.db.read_bytes())
        self.assertNotIn(seed, stack.db.with_name(
            stack.db.name + '-wal').read_bytes())

    def test_keeper_and_nobody_else_writes_heads(self):
        folder = (stack.state / 'heads').stat()
        self.assertEqual(folder.st_uid, self.uid('keeper'))
        self.assertEqual(stat.S_IMODE(folder.st_mode), 0o755)
        for path in heads(stack):
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o444)
            self.assertEqual(path.stat().st_uid, folder.st_uid)

    def test_the_users_of_writers_cannot_touch_key_or_heads(self):
        """Tried as each of them, where each process has a user."""
        keeper = self.uid('keeper')
        head = sign_heads(stack)
        tries = ('import os, sys\n'
                 'key, head = sys.argv[1:]\n'
                 'folder = os.path.dirname(head)\n'
                 'for call in (lambda: open(key),\n'
                 '             lambda: open(head, "a"),\n'
                 '             lambda: os.unlink(head),\n'
                 '             lambda: os.rename(head, head + "x"),\n'
                 '             lambda: os.rename(folder, folder + "x"),\n'
                 '             lambda: os.unlink(key),\n'
                 '             lambda: open(folder + "/new", "x")):\n'
                 '    try:\n'
                 '        call()\n'
                 '    except PermissionError:\n'
                 '        print("refused")\n')
        for name in ('statement', 'spend', 'admin-tokens', 'stripe-webhook'):
            uid = self.uid(name)
            if uid == os.getuid():
                # One user for all: then only modes tell, as above.
                self.assertEqual(uid, keeper)
                continue
            status = self.status(name)
            groups = [int(g) for g in status['Groups'].split()]
            done = subprocess.run(
                ['python3', '-I', '-c', tries,
                 str(stack.state / 'statement.key'), str(head)],
                user=uid, group=int(status['Gid'].split()[0]),
                extra_groups=groups, text=True, capture_output=True,
                cwd='/', timeout=60, check=False)
            self.assertEqual(done.stdout.split(), ['refused'] * 7,
                             (name, done.stderr))
            # The same process can write the database.
            self.assertNotEqual(uid, keeper)
        self.assertTrue(head.exists())

    @staticmethod
    def status(name):
        pid = wait_for(lambda: stack.pids(name), name)[0]
        lines = pathlib.Path(f'/proc/{pid}/status').read_text().splitlines()
        return dict(line.split(':\t', 1) for line in lines if ':\t' in line)

    def uid(self, name):
        return int(self.status(name)['Uid'].split()[0])


def remake_chain(connection):
    """All hashes anew, as src/ledger/movements.c makes them."""
    prev = bytes(32)
    rows = connection.execute(
        'SELECT m.id, t.public_id, m.cause, m.from_account, m.to_account, '
        'm.tokens, m.created_at FROM movements m JOIN token_transactions t '
        'ON t.id = m.tx ORDER BY m.id').fetchall()
    for row in rows:
        text = ''.join(f'{value}\n' for value in row)
        digest = hashlib.sha256(prev + text.encode()).digest()
        connection.execute(
            'UPDATE movements SET prev = ?, hash = ? WHERE id = ?',
            (prev, digest, row[0]))
        prev = digest


class Rewriting(unittest.TestCase):
    """A writer's file in hand: nobody is stopped, but somebody is found."""

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack().up()
        root = cls.stack.token('root@example.com', admin=True)
        for name, amount in (('eve', 10), ('ada', 20)):
            cls.stack.token(f'{name}@example.com')
            answer = cls.stack.post('/api/admin/tokens/add', {
                'user_email': f'{name}@example.com', 'amount': amount,
                'note': 'n'}, token=root)
            assert answer.status == 201, answer
        cls.head = sign_heads(cls.stack)
        cls.stack.stop()

    @classmethod
    def tearDownClass(cls):
        cls.stack.down()

    def rewrite(self, *changes):
        """Without triggers, with every hash anew, with triggers."""
        connection = sqlite3.connect(self.stack.db)
        try:
            triggers = connection.execute(
                "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
            ).fetchall()
            for name, _ in triggers:
                connection.execute(f'DROP TRIGGER {name}')
            for change in changes:
                connection.execute(change)
            remake_chain(connection)
            for _, sql in triggers:
                connection.execute(sql)
            connection.commit()
        finally:
            connection.close()

    def test_only_the_signed_heads_know_of_it(self):
        done = self.stack.vantage('verify')
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn('compared with ', done.stdout)
        # Eve's ten tokens become ten thousand, everywhere.
        self.rewrite(
            'UPDATE movements SET tokens = 10000 WHERE id = 1',
            'UPDATE entries SET delta = 10000, balance = 10000 '
            'WHERE movement = 1 AND delta > 0',
            'UPDATE entries SET delta = -10000 '
            'WHERE movement = 1 AND delta < 0',
            'UPDATE entries SET balance = balance - 9990 WHERE account = 1',
            'UPDATE accounts SET balance = balance - 9990 WHERE id = 1',
            'UPDATE accounts SET balance = 10000 WHERE id = (SELECT '
            'to_account FROM movements WHERE id = 1)',
            'UPDATE lots SET granted = 10000 WHERE id = 1',
            'UPDATE lot_uses SET delta = 10000 WHERE lot = 1',
            'UPDATE lot_left SET left = 10000 WHERE lot = 1',
            'UPDATE token_transactions SET tokens = 10000, '
            'balance_after = 10000 WHERE id = (SELECT tx FROM movements '
            'WHERE id = 1)')
        self.assertEqual(self.stack.one(
            'SELECT left FROM lot_left WHERE lot = 1'), 10000)
        done = self.stack.vantage('verify', '--db', str(self.stack.db))
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn('the books are in order', done.stdout)
        done = self.stack.vantage('verify')
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn('fault head.changed: The head ' + self.head.name,
                      done.stdout)
        self.assertIn('has another hash than the one that was signed',
                      done.stdout)
        done = self.stack.vantage(
            'verify', '--json', '--db', str(self.stack.db), '--heads',
            str(self.stack.state / 'heads'))
        self.assertEqual(done.returncode, 1)
        told = json.loads(done.stdout)
        self.assertGreaterEqual(told['heads']['checked'], 2)
        self.assertGreaterEqual(told['heads']['fault_count'], 1)
        self.assertEqual(told['fault_count'], told['heads']['fault_count'])
        done = self.stack.vantage('check-statement', str(self.head))
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn('was rewritten', done.stdout)

    def test_a_folder_that_cannot_be_read_is_no_comparison(self):
        done = self.stack.vantage('verify', '--heads', '/no/such/folder')
        self.assertEqual(done.returncode, 1)
        self.assertIn('cannot be read', done.stderr)
        done = self.stack.vantage('verify', '--key', 'nonsense')
        self.assertEqual(done.returncode, 64)


class Rotation(unittest.TestCase):
    def test_a_new_key_signs_and_old_statements_stay_checkable(self):
        token = user('rotated', 5)
        old = ask_until_signed(token).json
        key = stack.state / 'statement.key'
        stack.stop()
        key.rename(key.with_suffix('.old'))
        stack.up()
        try:
            wait_for(lambda: public_key() != old['key'], 'the new key')
            new = ask_until_signed(stack.token('rotated@example.com')).json
            self.assertEqual(new['key'], public_key())
            done = stack.vantage('check-statement', str(saved(old)))
            self.assertEqual(done.returncode, 0, done.stdout)
            done = check(saved(old), '--key', new['key'])
            self.assertEqual(done.returncode, 1)
            stack.verify()  # with heads of either
        finally:
            key.with_suffix('.old').unlink()


if __name__ == '__main__':
    unittest.main()
