"""Figures as bench/RESULTS.md tells them."""

import datetime
import pathlib
import platform
import statistics
import subprocess

from cases import AGAIN, CASES, SESSIONS

# What stands below this line in the file is written by hand and kept.
BY_HAND = '## Why, where a figure is not reached\n'

HEAD = '''# What was measured

Written by `./dev bench`; to repeat it, run that on a machine that has
nothing else to do ({minutes} minutes, {disk} of disk in the state folder).
`./dev bench --help` lists what can be chosen.

{machine}; {rounds} rounds of {seconds:g} s each, after a short warming up.

Every request goes through the nginx of the stack as it is shipped to the
worker as it is shipped, from a load generator of this tree (bench/load.c: one
thread, closed loop, keep-alive) on the same machine, which takes its share of
the cores. Requests differ: {sessions} sessions, a fresh reference for each
spend, a fresh event with a fresh signature for each webhook, and every
{again}th one is a repetition. The bare worker is what the same place would
cost without us: the same nginx, the same worker_main() with as many threads,
the same check of the same credential, the same line of log; then an answer,
or first one row added in the same durable, grouped write (bench/bare.c). A
ratio compares two runs of the same round, and the median of the rounds is
told. CPU is that of the worker and of nginx for a request, in microseconds;
memory is private memory after all runs, as `./dev status` counts it.
'''


def median(values):
    values = list(values)
    return statistics.median(values) if values else 0


def machine():
    model = 'an unknown processor'
    for line in pathlib.Path('/proc/cpuinfo').read_text().splitlines():
        if line.startswith('model name'):
            model = line.partition(':')[2].strip()
            break
    cores = subprocess.run(['nproc'], capture_output=True, text=True,
                           check=True).stdout.strip()
    memory = int(pathlib.Path('/proc/meminfo').read_text().split()[1])
    name = 'Linux'
    for line in pathlib.Path('/etc/os-release').read_text().splitlines():
        if line.startswith('PRETTY_NAME='):
            name = line.partition('=')[2].strip('"')
    kernel = '.'.join(platform.release().split('.')[:2])
    today = datetime.date.today().isoformat()
    return (f'{today}: {cores} cores of {model}, {memory / 2**20:.0f} GB of '
            f'memory, {name}, Linux {kernel}')


def table(head, rows):
    """A Markdown table; everything but the first column to the right."""
    yield '| ' + ' | '.join(head) + ' |'
    yield '|' + ' --- |' + ' ---: |' * (len(head) - 1)
    for row in rows:
        yield '| ' + ' | '.join(str(cell) for cell in row) + ' |'
    yield ''


class Figures:
    def __init__(self, data):
        self.rows = data['figures']
        self.entries = data['options']['entries']

    def some(self, **wanted):
        return [row for row in self.rows if all(
            row.get(name) == value for name, value in wanted.items())]

    def value(self, name, **wanted):
        return median(row[name] for row in self.some(**wanted)
                      if name in row)

    def ratio(self, one, other):
        """Of throughput, round by round; each names rows."""
        by_round = {row['round']: row['rate'] for row in self.some(**other)
                    if 'rate' in row}
        ratios = [row['rate'] / by_round[row['round']]
                  for row in self.some(**one)
                  if 'rate' in row and by_round.get(row['round'])]
        return median(ratios) if ratios else None


def ms(us):
    return f'{us / 1000:.2f}'


def show(ratio):
    return '-' if ratio is None else f'{ratio:.2f}'


def people(entries):
    return {10_000: '10 thousand', 10_000_000: '10 million'}.get(
        entries, f'{entries:,}')


def case_part(f, case):
    yield f'## {case.name}: {case.what}\n'
    rows = []
    for entries in f.entries:
        for connections in case.connections:
            at = dict(case=case.name, entries=entries,
                      connections=connections)
            real, bare = dict(at, who='real'), dict(at, who='bare')
            if not f.some(**real):
                continue
            rows.append([
                f'{people(entries)}, {connections}',
                f'{f.value("rate", **real):,.0f}',
                f'{f.value("rate", **bare):,.0f}',
                show(f.ratio(real, bare)),
                *(ms(f.value(p, **real))
                  for p in ('p50_us', 'p99_us', 'p999_us')),
                ms(f.value('p99_us', **bare)),
                *(f'{f.value(n, **real):.0f} ({f.value(n, **bare):.0f})'
                  for n in ('worker_us', 'nginx_us'))])
    yield from table(
        ['entries, connections', 'a second', 'bare', 'ratio', 'p50 ms',
         'p99 ms', 'p99.9 ms', 'bare p99', 'CPU worker (bare)',
         'CPU nginx (bare)'], rows)
    memory = [(who, f.value('private_kib', case=case.name, who=who,
                            entries=entries), entries)
              for entries in f.entries for who in ('real', 'bare')]
    yield 'Private memory: ' + '; '.join(
        f'{people(entries)} entries, '
        f'{"the bare one" if who == "bare" else "the worker"} '
        f'{kib / 1024:.1f} MB' for who, kib, entries in memory) + '.\n'


def batch_part(found):
    ratio = median(a['rate'] / b['rate'] for a, b in zip(
        found['grouped'], found['one by one']))
    yield '## batch: the same webhooks with a batch limit of one\n'
    yield from table(
        ['32 connections', 'a second', 'p50 ms', 'p99 ms'],
        [[way, f'{median(r["rate"] for r in rows):,.0f}',
          ms(median(r['p50_us'] for r in rows)),
          ms(median(r['p99_us'] for r in rows))]
         for way, rows in found.items()])
    yield f'Grouped is {ratio:.2f} times as fast.\n'


def checkpoint_part(found):
    yield '## checkpoint: spends while keeper checkpoints, and without\n'
    yield from table(
        ['32 connections', 'a second', 'p50 ms', 'p99 ms', 'p99.9 ms',
         'longest ms'],
        [[f'{way} checkpoints', f'{median(r["rate"] for r in rows):,.0f}',
          *(ms(median(r[p] for r in rows))
            for p in ('p50_us', 'p99_us', 'p999_us', 'max_us'))]
         for way, rows in found.items()])


def writers_part(rows):
    yield '## writers: the write path alone, one small insert each\n'
    yield from (f'- {row}' for row in rows)
    yield ''


def sandbox_part(found):
    yield '## sandbox: the local Stripe and its nginx on one core\n'
    yield from table(
        ['16 connections', 'a second', 'p50 ms', 'p99 ms', 'CPU'],
        [[name, f'{r["rate"]:,.0f}', ms(r['p50_us']), ms(r['p99_us']),
          f'{r["cpu_us"]:.0f}'] for name, r in found.items()])


def verify_part(found):
    yield '## verify: `vantage verify` after all that\n'
    yield from table(
        ['began with', 'entries', 'seconds', 'database'],
        [[people(int(entries)), f'{r["entries"]:,}', f'{r["seconds"]:.1f}',
          f'{r["bytes"] / 2**20:,.0f} MB']
         for entries, r in found.items()])


EXTRA_PARTS = {'batch': batch_part, 'checkpoint': checkpoint_part,
               'writers': writers_part, 'sandbox': sandbox_part,
               'verify': verify_part}


def goals(f, extras):
    """What the project asks of itself, what was found, and whether."""
    for case in CASES:
        for connections in case.connections:
            if case.ratio is None:
                continue
            at = dict(case=case.name, connections=connections,
                      entries=f.entries[0])
            got = f.ratio(dict(at, who='real'), dict(at, who='bare'))
            if got is not None:
                yield (f'{case.name}, {connections} connections: of its bare '
                       f'worker', f'{case.ratio:.2f}', f'{got:.2f}',
                       got >= case.ratio)
    if len(f.entries) > 1:
        for case in CASES:
            at = dict(case=case.name, who='real', connections=32)
            got = f.ratio(dict(at, entries=f.entries[-1]),
                          dict(at, entries=f.entries[0]))
            if got is not None:
                yield (f'{case.name}, 32 connections: with '
                       f'{people(f.entries[-1])} entries of those with '
                       f'{people(f.entries[0])}', '0.90', f'{got:.2f}',
                       got >= 0.9)
    if 'batch' in extras:
        got = median(a['rate'] / b['rate'] for a, b in zip(
            extras['batch']['grouped'], extras['batch']['one by one']))
        yield 'webhooks: of those with batches of one', '2.00', \
            f'{got:.2f}', got >= 2
    if 'checkpoint' in extras:
        slow, fast = (median(r['p99_us'] for r in extras['checkpoint'][way])
                      for way in ('with', 'without'))
        yield ('spend, 32 connections: p99, or p99 without checkpoints',
               '4 ms, or 3 times', f'{ms(slow)} ms, {slow / fast:.1f} times',
               slow <= 4000 or slow <= 3 * fast)
    for name, r in extras.get('sandbox', {}).items():
        yield (f'sandbox on one core: {name} a second', '2,000',
               f'{r["rate"]:,.0f}', r['rate'] >= 2000)
    for entries, r in extras.get('verify', {}).items():
        if int(entries) >= 10_000_000:
            yield (f'verify, {people(int(entries))} entries', '60 s',
                   f'{r["seconds"]:.1f} s', r['seconds'] <= 60)


def once_part(f, extras):
    yield '## Exactly once\n'
    refused = sum(count for row in f.rows
                  for status, count in row.get('statuses', {}).items()
                  if not status.startswith('2'))
    answered = sum(row.get('answered', 0) for row in f.rows)
    yield (f'Of {answered + refused:,} measured requests {refused:,} were '
           f'refused, and {sum(row.get("broken", 0) for row in f.rows):,} '
           'lost their connection.\n')
    for entries, counted in extras['once'].items():
        yield (f'{people(int(entries))} entries: '
               f'{counted["spend"]:,} spends, {counted["webhook"]:,} events '
               f'and {counted["grant"]:,} grants that were acknowledged are '
               f'in the books once each, and `vantage verify` found nothing.')
    yield ''


def parts(data):
    f, extras = Figures(data), data['extras']
    rows = [[what, asked, got, 'yes' if good else '**no**']
            for what, asked, got, good in goals(f, extras)]
    if rows:
        yield '## What is asked, and what was reached\n'
        yield from table(['', 'asked', 'found', 'reached'], rows)
    for case in CASES:
        if f.some(case=case.name):
            yield from case_part(f, case)
    for name, part in EXTRA_PARTS.items():
        if name in extras:
            yield from part(extras[name])
    yield from once_part(f, extras)


def write_report(data, path, out):
    body = '\n'.join(parts(data))
    if path is None:
        print(body, file=out)
        return
    options = data['options']
    old = path.read_text() if path.exists() else ''
    by_hand = BY_HAND + old.partition(BY_HAND)[2]
    path.write_text(HEAD.format(
        machine=machine(), rounds=options['rounds'],
        seconds=options['seconds'], sessions=SESSIONS, again=AGAIN,
        minutes=25, disk='6 GB') + '\n' + body + '\n' + by_hand)
    print(f'written: {path}', file=out)
