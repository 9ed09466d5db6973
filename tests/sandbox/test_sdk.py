"""The sandbox, judged by the official SDK: a whole life with it (sdk/), and
its declarations against all that was answered and delivered meanwhile."""

import os
import pathlib
import subprocess
import tempfile
import unittest

from sandbox import NPM, ROOT, Sandbox, node

FOLDER = ROOT / 'tests/sandbox/sdk'


def run(program, *words, record=''):
    """Runs one of sdk/; what it said. The last line must be free of faults."""
    done = subprocess.run(
        [node(), str(FOLDER / program), *map(str, words)],
        env={**os.environ, 'VANTAGE_NPM': str(NPM), 'RECORD': str(record)},
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=300, check=False)
    said = done.stdout + done.stderr
    last = done.stdout.rstrip().split('\n')[-1]
    if done.returncode != 0 or not last.endswith(', 0 failed'):
        raise AssertionError(said)
    return said


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
