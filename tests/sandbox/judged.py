"""Runs a program of sdk/: the life with the SDK, or the judge of types."""

import json
import os
import pathlib
import subprocess
import tempfile

from sandbox import NPM, ROOT, node

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


def judge(items, *words):
    """What the judge of types says of these items; see sdk/judge.mjs."""
    with tempfile.TemporaryDirectory() as folder:
        record = pathlib.Path(folder) / 'record'
        record.write_text(''.join(json.dumps(item) + '\n' for item in items))
        return run('judge.mjs', record, *words)
