"""./dev itself: what it starts, keeps, tells and leaves behind."""

import os
import pathlib
import signal
import socket
import stat
import unittest

from stack import Stack, wait_for


def setUpModule():
    global stack
    stack = Stack().up()


def tearDownModule():
    stack.down()


def ours(state):
    """Every process that was told of this state folder, or lives in it."""
    found = {}
    for entry in pathlib.Path('/proc').iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / 'cmdline').read_bytes()
            told = (entry / 'environ').read_bytes()
        except OSError:
            continue
        if str(state).encode() in words or (
                f'VANTAGE_STATE={state}\0'.encode() in told
                and b'dev\0' not in words):
            found[int(entry.name)] = words.split(b'\0')[0].decode()
    return found


def leaders():
    return {path.stem: int(path.read_text().split()[0])
            for path in (stack.state / 'run').glob('*.pid')}


class Life(unittest.TestCase):
    def test_second_up_restarts_nothing(self):
        before = leaders()
        self.assertGreater(len(before), 10)
        stack.dev('up')
        self.assertEqual(leaders(), before)

    def test_up_restarts_what_changed_and_nothing_else(self):
        before = leaders()
        stack.env['VANTAGE_RECONCILE_INTERVAL_S'] = '77'
        try:
            stack.dev('up')
        finally:
            del stack.env['VANTAGE_RECONCILE_INTERVAL_S']
        changed = {name for name, pid in leaders().items()
                   if before[name] != pid}
        self.assertTrue(changed)
        self.assertNotIn('nginx', changed)
        self.assertNotIn('sandbox', changed)
        stack.dev('up')

    def test_program_that_dies_is_started_again(self):
        for name in ('keeper', 'stripe-webhook', 'health'):
            before = set(stack.pids(name))
            stack.kill(name)
            wait_for(lambda n=name, b=before: len(
                set(stack.pids(n)) - b) == len(b), f'another {name}')
        wait_for(lambda: stack.get('/api/ready').status == 200, 'readiness')

    def test_down_stops_all_of_it_and_nothing_else(self):
        other = Stack().up()
        try:
            self.assertNotEqual(other.port, stack.port)
            token = other.token('ada@example.com')
            self.assertTrue(ours(other.state))
            # Even what lost the one that watches it.
            os.kill(int((other.state / 'run' / 'balance.pid')
                        .read_text().split()[0]), signal.SIGKILL)
            other.stop()
            wait_for(lambda: not ours(other.state), 'the end of all')
            self.assertEqual(stack.get('/api/ready').status, 200)
            with self.assertRaises(OSError):
                other.get('/api/ready')
            other.up()
            self.assertEqual(other.balance(token), 0)
        finally:
            other.down()
        self.assertEqual(ours(other.state), {})

    def test_port_that_is_taken_is_named(self):
        other = Stack()
        with socket.socket() as taken:
            taken.bind(('127.0.0.1', other.port))
            taken.listen()
            done = other.dev('up', check=False)
        other.down()
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(f'port {other.port} is taken', done.stderr)

    def test_status_lists_each_process_with_its_memory(self):
        rows = [line.split() for line in stack.dev('status').splitlines()]
        names = {row[0] for row in rows}
        self.assertLessEqual({'nginx', 'keeper', 'sandbox', 'balance',
                              'stripe-webhook'}, names)
        for row in rows[1:-1]:
            self.assertTrue(pathlib.Path('/proc', row[2]).exists(), row)
            self.assertGreater(int(row[3]), 0, row)

    def test_status_and_token_fail_without_a_stack(self):
        other = Stack()
        self.assertNotEqual(other.dev('status', check=False).returncode, 0)
        self.assertNotEqual(
            other.dev('token', 'a@example.com', check=False).returncode, 0)
        other.down()


class Settings(unittest.TestCase):
    def test_env_of_another_stack_is_no_choice_of_the_users(self):
        other = Stack(**stack.keys)
        try:
            other.up()
            self.assertNotEqual(other.keys['STRIPE_API_BASE'],
                                stack.keys['STRIPE_API_BASE'])
            self.assertNotEqual(other.keys['STRIPE_SECRET_KEY'],
                                stack.keys['STRIPE_SECRET_KEY'])
            self.assertEqual(other.keys['VANTAGE_DB'], str(other.db))
        finally:
            other.down()

    def test_stripe_of_the_users_own_wins(self):
        other = Stack(
            STRIPE_SECRET_KEY='sk_test_ofsomebodyelsesxx',
            STRIPE_PUBLISHABLE_KEY='pk_test_ofsomebodyelsesxx',
            STRIPE_WEBHOOK_SECRET='whsec_ofsomebodyelsesxx',
            STRIPE_API_BASE=stack.keys['STRIPE_API_BASE'])
        try:
            other.up()
            self.assertEqual(other.keys['STRIPE_SECRET_KEY'],
                             'sk_test_ofsomebodyelsesxx')
            token = other.token('ada@example.com')
            made = other.create_intent(token)
            self.assertEqual(made.status, 201, made)
            # It was made at the Stripe that was named.
            self.assertEqual(stack.stripe('GET', '/v1/payment_intents/'
                             + made.json['payment_intent_id']).status, 200)
        finally:
            other.down()

    def test_key_without_the_others_is_refused_by_name(self):
        other = Stack(STRIPE_SECRET_KEY='sk_test_ofsomebodyelsesxx')
        done = other.dev('up', check=False)
        other.down()
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('STRIPE_PUBLISHABLE_KEY', done.stderr)

    def test_secrets_are_files_of_their_process_alone(self):
        folder = stack.state / 'secrets'
        files = [path for path in folder.rglob('*') if path.is_file()]
        self.assertTrue(files)
        for path in files:
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600, path)
            self.assertEqual(
                stat.S_IMODE(path.parent.stat().st_mode), 0o700, path)
        holders = {(path.name, path.parent.name) for path in files}
        self.assertEqual(
            {who for what, who in holders if what == 'STRIPE_SECRET_KEY'},
            {'create-payment-intent', 'confirm-payment', 'reconciler',
             'sandbox'})
        self.assertEqual(
            {who for what, who in holders if what == 'STRIPE_WEBHOOK_SECRET'},
            {'stripe-webhook'})

    def test_no_secret_is_in_a_command_line_an_environment_or_a_log(self):
        stack.token('quiet@example.com')
        secrets = [stack.keys['STRIPE_SECRET_KEY'], *stack.keys[
            'STRIPE_WEBHOOK_SECRET'].split(',')]
        seen = stack.everything_logged().encode()
        for pid in ours(stack.state):
            for name in ('cmdline', 'environ'):
                try:
                    seen += pathlib.Path(f'/proc/{pid}/{name}').read_bytes()
                except OSError:
                    pass
        for secret in secrets:
            self.assertNotIn(secret.encode(), seen)

    @unittest.skipUnless(os.getuid() == 0, 'only root can share them out')
    def test_as_root_each_process_has_a_user_of_its_own(self):
        if not os.path.exists(f'/proc/{stack.pids("health")[0]}'):
            self.skipTest('the worker was just restarted')
        users = {}
        for name in ('keeper', 'health', 'balance', 'create-payment-intent',
                     'stripe-webhook', 'sandbox'):
            status = pathlib.Path(
                f'/proc/{stack.pids(name)[0]}/status').read_text()
            users[name] = status.split('\nUid:\t')[1].split()[0]
        if set(users.values()) == {'0'}:
            self.skipTest('the tree lies in a folder closed to others')
        self.assertEqual(len(set(users.values())), len(users), users)
        self.assertNotIn('0', users.values())


class Sandbox(unittest.TestCase):
    def tearDown(self):
        stack.outage('off')
        stack.events('deliver')

    def test_refuse_closes_the_port_and_off_opens_it(self):
        stack.outage('refuse')
        with self.assertRaises(ConnectionRefusedError):
            stack.stripe('GET', '/v1/customers')
        stack.outage('off')
        self.assertEqual(stack.stripe('GET', '/v1/customers').status, 200)

    def test_outage_answers_as_told(self):
        stack.outage('500')
        self.assertEqual(stack.stripe('GET', '/v1/customers').status, 500)
        stack.outage('429')
        self.assertEqual(stack.stripe('GET', '/v1/customers').status, 429)

    def test_advance_moves_both_clocks(self):
        before = stack.now()
        stack.advance('3h')
        self.assertAlmostEqual(stack.now() - before, 3 * 3600, delta=30)
        made = stack.stripe('POST', '/v1/customers').json
        self.assertAlmostEqual(made['created'], stack.now(), delta=30)

    def test_roll_secret_keeps_the_old_one_beside_the_new(self):
        old = stack.webhook_secret
        stack.dev('stripe', 'roll-secret')
        stack._keys = None
        secrets = stack.keys['STRIPE_WEBHOOK_SECRET'].split(',')
        self.assertEqual(secrets[1], old)
        self.assertNotEqual(secrets[0], old)
        token = stack.token('rolled@example.com')
        stack.buy(token)
        wait_for(lambda: stack.balance(token) == 10, 'the webhook')

    def test_reset_forgets_and_is_heard_again(self):
        other = Stack().up()
        try:
            token = other.token('before@example.com')
            other.buy(token)
            wait_for(lambda: other.balance(token) == 10, 'the webhook')
            other.dev('stripe', 'reset')
            other._keys = None
            self.assertEqual(other.stripe(
                'GET', '/v1/payment_intents').json['data'], [])
            token = other.token('after@example.com')
            other.buy(token)
            wait_for(lambda: other.balance(token) == 10, 'the webhook')
            other.verify()
        finally:
            other.down()

    def pay(self, amount):
        """A payment that has nothing to do with an order."""
        return stack.stripe('POST', '/v1/payment_intents', {
            'amount': amount, 'currency': 'usd', 'confirm': 'true',
            'payment_method': 'pm_card_visa',
            'automatic_payment_methods[enabled]': 'true',
            'automatic_payment_methods[allow_redirects]': 'never'}).json['id']

    def test_refund_and_dispute_do_what_a_dashboard_would(self):
        intent = self.pay(1000)
        for words, said in (
                ((intent, '300'), 'succeeded 300 usd'),
                ((intent, '200', '--pending'), 'pending 200 usd'),
                (('--fail', intent), 'succeeded 500 usd')):
            out = stack.dev('stripe', 'refund', *words)
            self.assertRegex(out, rf'^re_\w+ {said}\n$')
        done = stack.dev('stripe', 'refund', intent, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('already been refunded', done.stderr)
        intent = self.pay(1000)
        for action, status in (('inquiry', 'warning_needs_response'),
                               ('open', 'needs_response'), ('win', 'won')):
            out = stack.dev('stripe', 'dispute', intent, action)
            self.assertRegex(out, rf'^dp_\w+ {status} 1000 usd\n$')
        done = stack.dev('stripe', 'dispute', intent, 'lose', check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('already closed', done.stderr)

    def test_nonsense_is_refused(self):
        for words in (['stripe'], ['stripe', 'nonsense'],
                      ['stripe', 'advance'], ['stripe', 'advance', 'soon'],
                      ['stripe', 'outage'],
                      ['stripe', 'outage', 'nonsense'],
                      ['stripe', 'events'], ['stripe', 'events', 'delay'],
                      ['stripe', 'events', 'nonsense'],
                      ['stripe', 'events', 'resend', 'evt_no'],
                      ['stripe', 'card', 'cus_no'],
                      ['stripe', 'card', 'cus_no', 'ok'],
                      ['stripe', 'latency'], ['stripe', 'latency', 'long'],
                      ['token'],
                      ['stripe', 'refund'], ['stripe', 'refund', 'pi_no'],
                      ['stripe', 'refund', '--soon', 'pi_no'],
                      ['stripe', 'dispute', 'pi_no'],
                      ['stripe', 'dispute', 'pi_no', 'nonsense'],
                      ['token', 'nobody'], ['nonsense']):
            with self.subTest(words=words):
                done = stack.dev(*words, check=False)
                self.assertNotEqual(done.returncode, 0)
                # In words of its own, not in those of bash or curl.
                self.assertRegex(done.stderr, r'\A(dev: |usage: |  )')
                self.assertNotRegex(done.stderr, r'curl:|\.sh: line')


if __name__ == '__main__':
    unittest.main()
