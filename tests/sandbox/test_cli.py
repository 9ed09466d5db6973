"""The sandbox, judged by the official CLI, which names no version."""

import os
import platform
import subprocess
import tempfile
import unittest

from sandbox import ROOT, Sandbox

NPM = os.environ.get('VANTAGE_NPM', str(ROOT / 'node_modules'))
CLI = f'{NPM}/@stripe/cli-linux-x64/bin/stripe'

# Those of what this project handles that the CLI can trigger and that the
# sandbox has the objects for.
TYPES = [
    'payment_intent.created', 'payment_intent.succeeded',
    'payment_intent.payment_failed', 'payment_intent.canceled',
    'payment_intent.requires_action', 'charge.succeeded', 'charge.failed',
    'customer.created', 'customer.updated', 'customer.deleted',
    'payment_method.attached', 'payment_method.detached',
    'setup_intent.created', 'setup_intent.succeeded',
    'setup_intent.setup_failed', 'setup_intent.requires_action',
    'setup_intent.canceled', 'charge.refunded', 'charge.refund.updated',
    'charge.dispute.created', 'charge.dispute.updated',
    'charge.dispute.closed', 'charge.captured',
    'payment_intent.amount_capturable_updated',
    'checkout.session.completed', 'checkout.session.async_payment_succeeded',
    'checkout.session.async_payment_failed', 'checkout.session.expired',
    'product.created', 'product.updated', 'product.deleted',
    'price.created', 'price.updated', 'coupon.created', 'coupon.updated',
    'coupon.deleted', 'promotion_code.created', 'promotion_code.updated',
    'customer.discount.created', 'customer.discount.updated',
    'customer.discount.deleted', 'invoiceitem.created',
    'invoiceitem.deleted', 'invoice.created', 'invoice.updated',
    'invoice.deleted', 'invoice.finalized', 'invoice.sent', 'invoice.paid',
    'invoice.payment_succeeded', 'invoice.payment_failed',
    'invoice.payment_action_required', 'invoice.voided',
    'invoice.marked_uncollectible', 'credit_note.created',
    'credit_note.updated', 'credit_note.voided',
]


@unittest.skipUnless(platform.machine() == 'x86_64',
                     'the CLI is installed for x86_64 only')
class Cli(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.box = Sandbox().up()
        cls.addClassCleanup(cls.box.down)
        cls.home = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.home.cleanup)

    def stripe(self, *words):
        return subprocess.run(
            [CLI, *words, '--api-base', self.box.url,
             '--api-key', 'sk_test_abcdefghijklmnop'],
            env={'PATH': '/usr/bin:/bin', 'HOME': self.home.name,
                 'STRIPE_CLI_TELEMETRY_OPTOUT': '1'},
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=60, check=False)

    def test_trigger_makes_what_it_names(self):
        for name in TYPES:
            with self.subTest(type=name):
                self.box.control('POST', 'reset')
                done = self.stripe('trigger', name)
                self.assertEqual(
                    done.returncode, 0, done.stdout + done.stderr)
                self.assertIn('Trigger succeeded', done.stdout + done.stderr)
                if 'async' in name:  # a bank debit takes its days
                    self.box.advance(5 * 86400)
                found = self.box.get('/v1/events', {'type': name}).json
                self.assertGreaterEqual(len(found['data']), 1)

    def test_overrides_reach_the_object(self):
        done = self.stripe(
            'trigger', 'payment_intent.succeeded',
            '--override', 'payment_intent:amount=5000',
            '--add', 'payment_intent:metadata.vantage_order=o1')
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        intent = self.box.get('/v1/payment_intents').json['data'][0]
        self.assertEqual(intent['amount'], 5000)
        self.assertEqual(intent['metadata'], {'vantage_order': 'o1'})

    def test_listen_prints_a_secret_that_stays(self):
        secrets = set()
        for _ in range(2):
            done = self.stripe('listen', '--print-secret')
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            secrets.add(done.stdout.strip())
        secret, = secrets
        self.assertRegex(secret, r'^whsec_\w{64}$')

    def test_resource_commands_work(self):
        self.box.customer(email='cli@example.com')
        done = self.stripe('customers', 'list', '--limit', '1')
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn('cli@example.com', done.stdout)


if __name__ == '__main__':
    unittest.main()
