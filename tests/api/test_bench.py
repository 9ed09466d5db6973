"""./dev bench measures, and what it acknowledged is in the books once.

Nothing here is about how fast anything is.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

from stack import BUILD, ROOT, free_port


class Bench(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run(['make', '-s', '-C', BUILD, 'bench'], check=True,
                       stdout=subprocess.DEVNULL)
        cls.folder = pathlib.Path(tempfile.mkdtemp())

    def bench(self, *words):
        """A quick run; its report and its figures."""
        # Each process has a user of its own, who has to get in.
        self.folder.chmod(0o755)
        report = self.folder / 'report.md'
        done = subprocess.run(
            [sys.executable, '-B', str(ROOT / 'bench' / 'run.py'),
             '--build', BUILD, '--folder', str(self.folder), '--quick',
             '--seconds', '0.4', '--entries', '2000',
             '--output', str(report), *words],
            capture_output=True, text=True, check=False, timeout=600)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        figures = self.folder / 'bench' / 'figures.json'
        return report.read_text(), json.loads(figures.read_text())

    def test_a_quick_run_measures_and_checks_the_books(self):
        report, data = self.bench('--case', 'spend')
        runs = [row for row in data['figures'] if 'rate' in row]
        self.assertEqual(
            {(row['case'], row['who'], row['connections']) for row in runs},
            {('spend', who, connections) for who in ('real', 'bare')
             for connections in (1, 32, 128)})
        for row in runs:
            self.assertGreater(row['answered'], 0, row)
            self.assertEqual(set(row['statuses']), {'200'}, row)
            self.assertEqual(row['broken'], 0, row)
            self.assertLessEqual(row['p50_us'], row['p99_us'])
            self.assertLessEqual(row['p99_us'], row['max_us'])
        once, = data['extras']['once'].values()
        spent = sum(row['next'] - row['first'] for row in runs
                    if row['who'] == 'real')
        self.assertEqual(once['spend'], spent)
        self.assertIn('## What is asked, and what was reached', report)
        self.assertIn('`vantage verify` found nothing', report)

    def test_a_server_that_is_not_there_is_an_error(self):
        done = subprocess.run(
            [f'{BUILD}/bench/load', 'get', '--port', str(free_port()),
             '--path', '/x', '--ms', '100'], capture_output=True, text=True,
            check=False, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('connect', done.stderr)
