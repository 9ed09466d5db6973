"""The sandbox, judged by the official SDK: a whole life with it (sdk/), and
its declarations against all that was answered and delivered meanwhile."""

import json
import pathlib
import re
import tempfile
import unittest

from judged import run
from sandbox import ROOT, Sandbox
from test_cli import HANDLED

# Operations that the SDK has no method for, and whose they are.
NOT_THE_SDKS = {
    '/v1/client': "the sign-in's pages",
    '/v1/elements': "stripe.js's",
    '/v1/stripecli': "the CLI's listen",
    '/v1/payment_pages': "what the CLI pays a Checkout Session with",
    '/v1/charges/{}/refunds': "the url of a charge's own list",
}


def operations():
    """(method, path) of all that the sandbox states in its tables."""
    return {
        (method, path) for file in (ROOT / 'sandbox').rglob('*.c')
        for method, path in re.findall(
            r'\{\s*HTTP_(GET|POST|DELETE),\s*"(/v1/[^"]+)"',
            file.read_text())
        if not any(path == name or path.startswith(f'{name}/')
                   for name in NOT_THE_SDKS)}


def find(known, method, path):
    """The operation that serves this: the one with the fewest ids."""
    return min(
        ((verb, pattern) for verb, pattern in known if verb == method and
         re.fullmatch(pattern.replace('{}', '[^/]+'), path)),
        key=lambda operation: operation[1].count('{}'), default=None)


class Sdk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.record = pathlib.Path(folder.name) / 'record'
        box = Sandbox().up()
        try:
            cls.said = run('run.mjs', f'127.0.0.1:{box.port}',
                           record=cls.record)
        finally:
            box.down()

    def test_official_sdk_is_satisfied(self):
        self.assertIn('ok   every webhook was signed', self.said)

    def test_every_operation_was_part_of_it(self):
        known = operations()
        self.assertGreater(len(known), 100)
        items = map(json.loads, self.record.read_text().splitlines())
        used = {find(known, item['verb'], item['path'].split('?')[0])
                for item in items if item['what'] == 'answer'}
        self.assertEqual(sorted(known - used), [])

    def test_every_event_that_we_handle_was_told(self):
        items = map(json.loads, self.record.read_text().splitlines())
        told = {item['body']['type'] for item in items
                if item['what'] == 'event'}
        self.assertEqual(sorted(set(HANDLED) - told), [])

    def test_what_was_answered_is_of_the_types_that_the_sdk_declares(self):
        said = run('judge.mjs', self.record)
        self.assertRegex(said, r'(?m)^[1-9]\d* of kind answer$')
        self.assertRegex(said, r'(?m)^[1-9]\d* of kind error$')
        self.assertRegex(said, r'(?m)^[1-9]\d* of kind event$')

    def test_what_would_be_wrong_is_seen(self):
        said = run('judge.mjs', self.record, 'mutants')
        for kind in ('an unknown member', 'another type', 'null for a value',
                     'a member missing', 'a word of no enum'):
            self.assertRegex(said, rf'(?m)^[1-9]\d* with {kind}$')


if __name__ == '__main__':
    unittest.main()
