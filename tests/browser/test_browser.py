"""The pages in a real browser: run.mjs against a stack of its own.

One run of Chromium plays all of it; each of its tests is one here. The names
are read first, so that a run that breaks off fails the tests it did not reach.
"""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from stack import BUILD, Stack

HERE = pathlib.Path(__file__).resolve().parent
RUN_SECONDS_MAX = 840


def node(*words, **more):
    return subprocess.run(
        ['node', str(HERE / 'run.mjs'), *words], text=True, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=RUN_SECONDS_MAX, **more)


class Browser(unittest.TestCase):
    results = {}
    output = ''

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack().up()
        cls.addClassCleanup(cls.stack.down)
        with tempfile.NamedTemporaryFile(suffix='.json') as answers:
            environment = {
                **cls.stack.env, 'VANTAGE_URL': cls.stack.url,
                'VANTAGE_NPM': os.environ.get('VANTAGE_NPM', ''),
                'VANTAGE_PICTURES': os.environ.get(
                    'VANTAGE_PICTURES', f'{BUILD}/pictures'),
                'VANTAGE_RESULTS': answers.name}
            done = node(env={k: v for k, v in environment.items() if v})
            cls.output = done.stdout
            text = answers.read()
        for result in json.loads(text or b'[]'):
            cls.results[result['name']] = result['error']

    def test_books_prove_themselves_after_all_of_it(self):
        self.stack.verify()


def add_test(name):
    def test(self):
        self.assertIn(name, self.results, self.output[-4000:])
        error = self.results[name]
        if error is not None:
            self.fail(error)
    word = ''.join(c if c.isalnum() else '_' for c in name)
    setattr(Browser, f'test_{word}', test)


for each in node('--list').stdout.splitlines():
    add_test(each)


if __name__ == '__main__':
    unittest.main()
