"""The sandbox, judged by the official CLI, which names no version."""

import platform
import re
import subprocess
import tempfile
import unittest

from judged import judge
from sandbox import NPM, VERSION, Sandbox

CLI = f'{NPM}/@stripe/cli-linux-x64/bin/stripe'

# Every type of event that this project handles, and some that come before
# them. Those that the CLI can trigger are triggered.
HANDLED = """
    payment_intent.created payment_intent.succeeded
    payment_intent.payment_failed payment_intent.processing
    payment_intent.canceled payment_intent.requires_action
    payment_intent.amount_capturable_updated
    charge.succeeded charge.failed charge.captured
    charge.refunded charge.refund.updated
    refund.created refund.updated refund.failed
    charge.dispute.created charge.dispute.updated charge.dispute.closed
    charge.dispute.funds_withdrawn charge.dispute.funds_reinstated
    invoice.created invoice.finalized invoice.paid invoice.payment_succeeded
    invoice.payment_failed invoice.payment_action_required invoice.voided
    invoice.marked_uncollectible invoice.updated invoice.sent
    invoice.deleted invoiceitem.created invoiceitem.deleted
    credit_note.created credit_note.updated credit_note.voided
    customer.subscription.created customer.subscription.updated
    customer.subscription.deleted customer.subscription.paused
    customer.subscription.resumed customer.subscription.trial_will_end
    customer.subscription.pending_update_applied
    customer.subscription.pending_update_expired
    customer.created customer.updated customer.deleted
    customer.discount.created customer.discount.updated
    customer.discount.deleted
    payment_method.attached payment_method.detached payment_method.updated
    payment_method.automatically_updated
    setup_intent.created setup_intent.succeeded setup_intent.setup_failed
    setup_intent.canceled setup_intent.requires_action
    checkout.session.completed checkout.session.async_payment_succeeded
    checkout.session.async_payment_failed checkout.session.expired
    billing_portal.session.created
    billing_portal.configuration.created billing_portal.configuration.updated
    product.created product.updated product.deleted
    price.created price.updated
    coupon.created coupon.updated coupon.deleted
    promotion_code.created promotion_code.updated
    test_helpers.test_clock.created test_helpers.test_clock.advancing
    test_helpers.test_clock.ready test_helpers.test_clock.deleted
""".split()

# By then a bank has debited an account, or not.
BANK_S = 10 * 86400

# What the CLI has no trigger for; see test_sdk.py for these.
NO_TRIGGER = {
    'refund.created', 'refund.updated', 'refund.failed',
    'charge.dispute.funds_withdrawn', 'charge.dispute.funds_reinstated',
    'customer.subscription.resumed',
    'customer.subscription.pending_update_applied',
    'customer.subscription.pending_update_expired',
    'payment_method.automatically_updated',
}


@unittest.skipUnless(platform.machine() == 'x86_64',
                     'the CLI is installed for x86_64 only')
class Cli(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.box = Sandbox().up()
        cls.addClassCleanup(cls.box.down)
        cls.home = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.home.cleanup)

    def run_cli(self, *words):
        return subprocess.run(
            [CLI, *words], stdin=subprocess.DEVNULL, capture_output=True,
            env={'PATH': '/usr/bin:/bin', 'HOME': self.home.name,
                 'STRIPE_CLI_TELEMETRY_OPTOUT': '1'},
            text=True, timeout=60, check=False)

    def stripe(self, *words):
        return self.run_cli(*words, '--api-base', self.box.url,
                            '--api-key', 'sk_test_abcdefghijklmnop')

    def triggers(self):
        """The types that this CLI says it can trigger."""
        said = self.run_cli('trigger', '--help').stdout
        return set(re.findall(r'(?m)^  ([a-z_0-9]+(?:\.[a-z_0-9]+)+)$', said))

    def test_trigger_makes_what_it_names(self):
        """And all that happens meanwhile is of the types of the SDK."""
        happened = []
        known = self.triggers()
        self.assertEqual(set(HANDLED) - known, NO_TRIGGER)
        for name in [name for name in HANDLED if name in known]:
            with self.subTest(type=name):
                self.box.control('POST', 'reset')
                done = self.stripe('trigger', name)
                self.assertEqual(
                    done.returncode, 0, done.stdout + done.stderr)
                self.assertIn('Trigger succeeded', done.stdout + done.stderr)
                if 'async_payment' in name:
                    self.box.advance(BANK_S)
                self.box.control('POST', 'tick')
                found = self.box.get('/v1/events', {'type': name}).json
                self.assertGreaterEqual(len(found['data']), 1)
                happened += self.box.get(
                    '/v1/events', {'limit': 100}).json['data']
        judge([{'what': 'event', 'body': event} for event in happened])

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

    def test_a_version_is_taken_at_its_word(self):
        """The CLI's own fixtures are older than the version named here."""
        done = self.stripe('trigger', 'payment_intent.succeeded',
                           '--api-version', VERSION)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn('payment_method_types_no_longer_supported',
                      done.stdout + done.stderr)

    def test_resource_commands_work(self):
        self.box.customer(email='cli@example.com')
        done = self.stripe('customers', 'list', '--limit', '1')
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn('cli@example.com', done.stdout)


if __name__ == '__main__':
    unittest.main()
