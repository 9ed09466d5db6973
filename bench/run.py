#!/usr/bin/env python3
"""run.py: measures a stack of its own and writes bench/RESULTS.md.

    ./dev bench [--quick] [--case NAME]... [--rounds N] [--seconds S]
                [--entries N] [--output FILE]

Two stacks run beside each other, whose ledgers begin with ten thousand and
ten million entries. Each figure is taken in turns: the worker, the bare one
beside it, the other stack's, and all of it again in the other order, so that
whatever else the machine does meets them alike. A ratio is that of two runs
of one round; told is the median of the rounds. At the end the books are
checked. --quick is one short round with the small ledger alone, to see that
everything works; it writes nothing but --output.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from cases import CASES, LATENCY_MS, Bench  # noqa: E402
from report import write_report  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
SMALL, LARGE = 10_000, 10_000_000
ORDERS_A_SECOND = 6000  # purchases that a second of load may use up
EXTRAS = ['batch', 'checkpoint', 'writers', 'sandbox', 'verify']


class Progress:
    """What is being done: one line that is written over on a terminal, a
    line each elsewhere."""

    def __init__(self):
        self.terminal = sys.stderr.isatty()
        self.began = time.monotonic()

    def __call__(self, text):
        seconds = int(time.monotonic() - self.began)
        line = f'{seconds // 60:3d}:{seconds % 60:02d}  {text}'
        if self.terminal:
            width = shutil.get_terminal_size().columns - 1
            print(f'\r{line[:width]:{width}}', end='', file=sys.stderr,
                  flush=True)
        else:
            print(line, file=sys.stderr, flush=True)

    def end(self):
        if self.terminal:
            print(file=sys.stderr)


class Run:
    def __init__(self, options):
        self.options = options
        self.say = Progress()
        self.stacks = {}   # entries -> Bench
        self.figures = []  # a row for each run
        self.extras = {}

    def wants(self, name):
        return not self.options.case or name in self.options.case

    # ---- stacks -------------------------------------------------------------

    def start(self):
        o = self.options
        runs = o.rounds * 4 * 2
        orders = max(1000, int(ORDERS_A_SECOND * (o.seconds + 0.5) * runs / 2))
        for entries in o.entries:
            self.say(f'a ledger of {entries} entries')
            stack = self.stacks[entries] = Bench(o.build, entries, orders)
            stack.start()
            self.extras[f'seeded_s_{entries}'] = stack.seeded_s
        if len(self.stacks) > 1:
            for stack in self.stacks.values():
                stack.quiet()

    def stop(self):
        for stack in self.stacks.values():
            stack.down()

    # ---- the cases ----------------------------------------------------------

    def turns(self, round_number):
        """Stack and worker in turns, every other round the other way."""
        turns = [(stack, who) for stack in self.stacks.values()
                 for who in ('real', 'bare')]
        return turns if round_number % 2 == 0 else turns[::-1]

    def run_case(self, case):
        for round_number in range(self.options.rounds):
            for connections in case.connections:
                self.say(f'{case.name}, {connections} connections, '
                         f'round {round_number + 1}')
                for stack, who in self.turns(round_number):
                    told = stack.measure(
                        case, who, connections, self.options.seconds)
                    self.figures.append(dict(
                        told, case=case.name, who=who, round=round_number,
                        entries=stack.entries, connections=connections))
        for stack in self.stacks.values():
            for who, process in (('real', case.process), ('bare', case.bare)):
                self.figures.append(dict(
                    case=case.name, who=who, entries=stack.entries,
                    private_kib=stack.private_kib(process)))

    # ---- beside them --------------------------------------------------------

    @property
    def small(self):
        return next(iter(self.stacks.values()))

    def pairs(self, name, runs, connections, prepare=None):
        """Several ways to do the same, in turns; a list of figures each."""
        found = self.extras[name] = {way: [] for way, *_ in runs}
        for round_number in range(self.options.rounds):
            self.say(f'{name}, round {round_number + 1}')
            for way, kind, path, credential in (
                    runs if round_number % 2 == 0 else runs[::-1]):
                if prepare:
                    prepare(way)
                told = self.small.load(kind, path, credential, connections,
                                       self.options.seconds, kind)
                told['rate'] = told['answered'] * 1e6 / told['us']
                found[way].append(told)

    def run_batch(self):
        """The webhook's worker beside itself with batches of one."""
        self.pairs('batch', [
            ('grouped', 'webhook', '/api/webhooks/stripe', 'signature'),
            ('one by one', 'webhook', '/one/webhook', 'signature')], 32)

    def run_checkpoint(self):
        """Spending while keeper checkpoints, and while it stands still. It
        is stopped when it rests, so that it does not hold the write lock."""
        stack = self.small
        pid, = stack.pids('keeper')

        def prepare(way):
            os.kill(pid, signal.SIGCONT)
            stack.quiet()
            if way == 'without':
                os.kill(pid, signal.SIGSTOP)
        try:
            self.pairs('checkpoint', [
                (way, 'spend', '/api/tokens/spend', 'key')
                for way in ('with', 'without')], 32, prepare)
        finally:
            os.kill(pid, signal.SIGCONT)

    def run_writers(self):
        """The write path alone: one small insert each."""
        rows = self.extras['writers'] = []
        for threads, batch, processes in ((32, 256, 1), (32, 1, 1),
                                          (8, 256, 8)):
            self.say(f'writers, {processes} x {threads}')
            with tempfile.TemporaryDirectory(
                    dir=self.small.state) as folder:
                done = subprocess.run(
                    [f'{self.options.build}/bench/bench_writer',
                     f'{folder}/w.db', str(threads), str(batch),
                     str(max(1, int(self.options.seconds))),
                     str(processes)],
                    capture_output=True, text=True, check=True)
            rows.append(done.stdout.strip())

    def run_sandbox(self):
        """The local Stripe on one core, the load generator on another."""
        stack = self.small
        stack.dev('stripe', 'latency', '0')
        answer = stack.stripe('POST', '/v1/payment_intents', {
            'amount': 999, 'currency': 'usd'})
        intent = answer.json['id']
        stack._write('stripe', [stack.keys['STRIPE_SECRET_KEY']])
        port = int(stack.keys['STRIPE_API_BASE'].rpartition(':')[2])
        pids = stack.pids('sandbox') + stack.pids('sandbox-nginx')
        mine = os.sched_getaffinity(0)
        self._pin(pids, {min(mine)})
        os.sched_setaffinity(0, mine - {min(mine)} or mine)
        found = self.extras['sandbox'] = {}
        try:
            for name, kind, path in (
                    ('POST /v1/customers', 'customer', '/v1/customers'),
                    ('GET /v1/payment_intents/…', 'get',
                     f'/v1/payment_intents/{intent}')):
                self.say(f'sandbox, {name}')
                before = self._cpu_us(stack)
                told = stack.load(kind, path, 'stripe', 16,
                                  self.options.seconds, None, first=0,
                                  port=port)
                told['rate'] = told['answered'] * 1e6 / told['us']
                told['cpu_us'] = (self._cpu_us(stack) - before) / max(
                    1, told['answered_all'])
                found[name] = told
        finally:
            os.sched_setaffinity(0, mine)
            self._pin(pids, mine)
            stack.dev('stripe', 'latency', str(LATENCY_MS))

    @staticmethod
    def _cpu_us(stack):
        ticks = sum(map(stack.cpu_ticks, ('sandbox', 'sandbox-nginx')))
        return ticks * 1e6 / os.sysconf('SC_CLK_TCK')

    @staticmethod
    def _pin(pids, cores):
        for pid in pids:
            for thread in pathlib.Path(f'/proc/{pid}/task').iterdir():
                os.sched_setaffinity(int(thread.name), cores)

    def run_verify(self):
        """After the checks, with nothing else to do."""
        found = self.extras['verify'] = {}
        for entries, stack in self.stacks.items():
            self.say(f'verify, {entries} entries')
            stack.quiet()
            found[entries] = {
                'seconds': stack.verify_s(),
                'entries': stack.one('SELECT COUNT(*) FROM entries'),
                'bytes': stack.db.stat().st_size}

    def check(self):
        self.extras['once'] = {}
        for entries, stack in self.stacks.items():
            self.say(f'exactly once? {entries} entries')
            self.extras['once'][entries] = stack.check_once()
            if not self.wants('verify'):
                stack.verify_s()

    def run(self):
        self.start()
        for case in CASES:
            if self.wants(case.name):
                self.run_case(case)
        for name in EXTRAS:
            if name != 'verify' and self.wants(name):
                getattr(self, f'run_{name}')()
        self.check()
        if self.wants('verify'):
            self.run_verify()


def parse(words):
    names = [case.name for case in CASES] + EXTRAS
    p = argparse.ArgumentParser(prog='./dev bench')
    p.add_argument('--quick', action='store_true')
    p.add_argument('--case', action='append', choices=names, metavar='NAME',
                   help=' '.join(names))
    p.add_argument('--rounds', type=int, default=5)
    p.add_argument('--seconds', type=float, default=3)
    p.add_argument('--entries', type=int, action='append')
    p.add_argument('--output', type=pathlib.Path)
    p.add_argument('--build', required=True, help=argparse.SUPPRESS)
    p.add_argument('--folder', type=pathlib.Path, required=True,
                   help=argparse.SUPPRESS)
    o = p.parse_args(words)
    if o.quick:
        o.rounds, o.seconds = 1, min(o.seconds, 1)
        o.entries = o.entries or [SMALL]
    else:
        o.output = o.output or HERE / 'RESULTS.md'
        o.entries = o.entries or [SMALL, LARGE]
    return o


def main(words):
    options = parse(words)
    folder = options.folder / 'bench'
    folder.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(folder)
    run = Run(options)
    try:
        run.run()
    finally:
        run.say('taking the stacks down')
        run.stop()
        run.say.end()
    data = {'figures': run.figures, 'extras': run.extras,
            'options': {'rounds': options.rounds, 'seconds': options.seconds,
                        'entries': options.entries, 'case': options.case}}
    (folder / 'figures.json').write_text(json.dumps(data, indent=1))
    write_report(data, options.output, sys.stdout)
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
