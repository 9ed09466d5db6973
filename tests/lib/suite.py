#!/usr/bin/env python3
"""suite.py [--jobs N] FOLDER...: every test_*.py there, a process each.

Two modules run beside each other, each with a stack of its own. A line a
test, "ok" or "FAIL", then what went wrong; last "N passed, N failed".
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
MODULE_SECONDS_MAX = 900


class Result(unittest.TestResult):
    """One line a test, at once."""

    def __init__(self):
        super().__init__()
        self.passed = 0
        self.bad = 0
        self.began = 0.0

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()

    def addSuccess(self, test):
        self.passed += 1
        print(f'ok   {test.id()} ({time.monotonic() - self.began:.2f} s)',
              flush=True)

    def complain(self, test, error):
        self.bad += 1
        print(f'FAIL {test.id()}')
        print(self._exc_info_to_string(error, test), flush=True)

    def addFailure(self, test, err):
        self.complain(test, err)

    def addError(self, test, err):
        self.complain(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.complain(subtest, err)

    def addUnexpectedSuccess(self, test):
        self.bad += 1
        print(f'FAIL {test.id()}: was expected to fail')

    def addSkip(self, test, reason):
        print(f'skip {test.id()}: {reason}')


def run_module(path):
    """In the child: the tests of one file."""
    sys.path[:0] = [str(HERE), str(path.parent)]
    result = Result()
    unittest.defaultTestLoader.loadTestsFromName(path.stem).run(result)
    print(f'{result.passed} passed, {result.bad} failed')
    return 0 if result.bad == 0 and result.passed > 0 else 1


def stop_leftovers(folder):
    """Ends the stacks of a module that could not do so itself."""
    for state in folder.glob('vantage-test-*'):
        subprocess.run(
            [str(HERE.parents[1] / 'dev'), 'down'], check=False,
            env={**os.environ, 'VANTAGE_STATE': str(state)},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
    if not os.environ.get('VANTAGE_KEEP'):
        shutil.rmtree(folder, ignore_errors=True)


def start_module(path):
    """In the parent: a child for one file; its output and its counts."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix='vt-'))
    folder.chmod(0o755)
    try:
        return judge(path, *run_child(path, folder))
    finally:
        stop_leftovers(folder)


def run_child(path, folder):
    try:
        done = subprocess.run(
            [sys.executable, '-B', __file__, '--module', str(path)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors='replace',
            timeout=MODULE_SECONDS_MAX, check=False,
            env={**os.environ, 'TMPDIR': str(folder)})
        return done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        text = (late.stdout or b'').decode(errors='replace')
        return f'{text}\nFAIL {path.name}: took over {MODULE_SECONDS_MAX} s', 1


def judge(path, text, status):
    lines = text.rstrip().splitlines()
    words = lines[-1].split() if lines else []
    if len(words) == 4 and words[1::2] == ['passed,', 'failed']:
        passed, failed = int(words[0]), int(words[2])
        text = '\n'.join(lines[:-1])
    else:
        passed, failed = 0, 1
        text += f'\nFAIL {path.name}: ended without a result'
    if status != 0 and failed == 0:
        failed = 1
        text += f'\nFAIL {path.name}: no test, or a bad end'
    return text, passed, failed


def main(words):
    if words[:1] == ['--module']:
        return run_module(pathlib.Path(words[1]))
    jobs = min(2, os.cpu_count() or 1)
    if words[:1] == ['--jobs']:
        jobs, words = int(words[1]), words[2:]
    paths = [path for folder in words
             for path in sorted(pathlib.Path(folder).glob('test_*.py'))]
    passed = failed = 0
    with ThreadPoolExecutor(jobs) as pool:
        for text, good, bad in pool.map(start_module, paths):
            print(text, flush=True)
            passed += good
            failed += bad
    print(f'{passed} passed, {failed} failed')
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
