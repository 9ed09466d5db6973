"""What is measured: the cases, and the stack that they are measured in."""

import base64
import json
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]
                       / 'tests' / 'lib'))
from stack import Stack, wait_for  # noqa: E402

SESSIONS = 256       # signed-in users, as many as call within a minute
LATENCY_MS = 50      # of the local Stripe, for create-payment-intent
ISSUER = 'https://clerk.bench.example'
AGAIN = 50           # each so manyth request is one that was sent before
BARE_FIRST = 1 << 40  # numbers that only bare workers see
MOVEMENTS = 20        # of each seeded user, two entries each (bench/seed.c)
SECONDS_MAX = 3600

# Beside the table of ./dev: a bare worker for each that is measured, with as
# many processes, and the webhook's worker once more with batches of one.
PROCESSES = '''
bare-balance  bench/bare-balance      worker 1 read  clerk
bare-spend    bench/bare-spend        worker 1 write -
bare-webhook  bench/bare-webhook      worker 1 write stripe-hook
bare-intent   bench/bare-intent       worker 1 write clerk
webhook-one   fcgi-bin/stripe-webhook worker 1 write stripe-hook,VANTAGE_WRITE_BATCH=1
'''

# Each as the location of the real one is in nginx/server.conf.in.
LOCATION = '''
location = {path} {{
    include {nginx}/location.conf;
    {rest}
    fastcgi_pass unix:{run}/{process}.sock;
}}
'''
LIMIT = 'limit_req zone=vantage_{zone} burst={burst} nodelay; ' \
    'client_max_body_size 64k;'
BODY = 'client_max_body_size 64k;'
EVENT = 'client_max_body_size 512k; client_body_buffer_size 512k;'
LOCATIONS = [
    ('/bare/balance', 'bare-balance', LIMIT.format(zone='any', burst=1000)),
    ('/bare/intent', 'bare-intent', LIMIT.format(zone='pay', burst=400)),
    ('/bare/spend', 'bare-spend', BODY),
    ('/bare/webhook', 'bare-webhook', EVENT),
    ('/one/webhook', 'webhook-one',
     EVENT + ' rewrite ^ /api/webhooks/stripe break;'),
]


class Case:
    """One endpoint. `credential` is what it shows: a session, an API key or
    a signature; `counts` names the counter that its numbers come from."""

    def __init__(self, name, what, kind, path, process, bare, credential,
                 counts=None, connections=(1, 32, 128), ratio=None):
        self.name, self.what, self.kind, self.path = name, what, kind, path
        self.process, self.bare = process, bare
        self.bare_path = '/bare/' + bare.removeprefix('bare-')
        self.credential, self.counts = credential, counts
        self.connections, self.ratio = connections, ratio


CASES = [
    Case('balance', 'GET /api/tokens/balance', 'get', '/api/tokens/balance',
         'balance', 'bare-balance', 'session', ratio=0.8),
    Case('spend', 'POST /api/tokens/spend', 'spend', '/api/tokens/spend',
         'spend', 'bare-spend', 'key', 'spend', ratio=0.7),
    Case('webhook', 'POST /api/webhooks/stripe, the four events of a purchase',
         'webhook', '/api/webhooks/stripe', 'stripe-webhook', 'bare-webhook',
         'signature', 'webhook', ratio=0.7),
    Case('grant', 'the same, each event one that grants', 'grant',
         '/api/webhooks/stripe', 'stripe-webhook', 'bare-webhook',
         'signature', 'grant'),
    Case('intent', 'POST /api/stripe/create-payment-intent, Stripe after '
         f'{LATENCY_MS} ms', 'intent', '/api/stripe/create-payment-intent',
         'create-payment-intent', 'bare-intent', 'session', 'intent',
         connections=(1, 32, 512)),
]


def sign(key, text):
    """RS256 by the command line, so that nothing has to be installed."""
    return subprocess.run(
        ['openssl', 'dgst', '-sha256', '-sign', str(key)],
        input=text, capture_output=True, check=True).stdout


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=')


class Bench(Stack):
    """A stack with the bare workers beside the real ones and a seeded
    ledger, whose limits on callers are off."""

    def __init__(self, build, entries, orders):
        super().__init__(build=build)
        self.entries, self.orders = entries, orders
        self.users = max(1, entries // (2 * MOVEMENTS))
        self.work = self.state / 'bench'
        self.work.mkdir()
        # Counter -> the next number. Purchases of the first half of the
        # orders are told whole, those of the second by what grants alone.
        self.numbers = {'grant': orders // 2}
        self.told = {}      # counter -> [(first, next, numbers missed)]
        self._make_keys()
        self.env.update(
            VANTAGE_NGINX_RATE='1000000', VANTAGE_NGINX_RATE_PAY='1000000',
            VANTAGE_LIMIT_CREATE_PAYMENT_INTENT='0',
            VANTAGE_RECONCILE_INTERVAL_S=str(SECONDS_MAX),
            CLERK_ISSUER=ISSUER,
            CLERK_JWT_KEY=(self.work / 'clerk.pub').read_text(),
            CLERK_PUBLISHABLE_KEY='pk_test_' + base64.b64encode(
                b'clerk.bench.example$').decode(),
            CLERK_WEBHOOK_SIGNING_SECRET='whsec_' + base64.b64encode(
                os.urandom(24)).decode())

    def _make_keys(self):
        key = self.work / 'clerk.pem'
        subprocess.run(
            ['openssl', 'genpkey', '-quiet', '-algorithm', 'RSA', '-pkeyopt',
             'rsa_keygen_bits:2048', '-out', str(key)], check=True,
            stderr=subprocess.DEVNULL)
        subprocess.run(
            ['openssl', 'pkey', '-in', str(key), '-pubout', '-out',
             str(self.work / 'clerk.pub')], check=True)

    def start(self):
        """Up, with what is to be measured in it."""
        site = self.state / 'nginx' / 'site'
        site.mkdir(parents=True)
        (self.state / 'processes').write_text(PROCESSES)
        (site / 'bench.conf').write_text(''.join(
            LOCATION.format(path=path, process=process, rest=rest,
                            nginx=self.state / 'nginx',
                            run=self.state / 'run')
            for path, process, rest in LOCATIONS))
        self.up()
        key = self.dev('key', 'tokens:spend').strip()
        self.stop()
        self.seeded_s = self._seed()
        self.up()
        self.dev('stripe', 'latency', str(LATENCY_MS))
        self.events('withhold')
        self._write('key', [key])
        self._write('signature', [self.webhook_secret])
        self._write('session', self._sessions())
        self.instance = self.one('SELECT uuid FROM instance')

    def _seed(self):
        began = time.monotonic()
        subprocess.run(
            [f'{self.build}/bench/seed', str(self.db), 'dev',
             str(self.entries), str(self.orders)], check=True,
            timeout=SECONDS_MAX)
        return time.monotonic() - began

    def _write(self, name, lines):
        path = self.work / name
        path.touch(0o600)
        path.write_text(''.join(f'{line}\n' for line in lines))

    def _sessions(self):
        now = int(time.time())
        head = base64url(json.dumps(
            {'alg': 'RS256', 'typ': 'JWT', 'kid': 'bench'}).encode())
        for n in range(SESSIONS):
            user = n * self.users // SESSIONS
            claims = base64url(json.dumps({
                'iss': ISSUER, 'sub': f'user_bench{user:08d}',
                'sid': f'sess_bench{n}', 'azp': self.url, 'iat': now,
                'nbf': now, 'exp': now + 12 * 3600}).encode())
            text = head + b'.' + claims
            yield (text + b'.' + base64url(
                sign(self.work / 'clerk.pem', text))).decode()

    # ---- one run ------------------------------------------------------------

    def load(self, kind, path, credential, connections, seconds, counter,
             first=None, port=None, users=None):
        """Runs the load generator; what it printed. Numbers that are counted
        are kept for the check."""
        own = first is None
        if own:
            first = self.numbers.get(counter, 0)
        missed = self.work / 'missed'
        words = [f'{self.build}/bench/load', kind, '--path', path,
                 '--port', str(port or self.port),
                 '--connections', str(connections),
                 '--ms', str(int(seconds * 1000)),
                 '--warm-ms', str(int(min(0.5, seconds / 4) * 1000)),
                 '--first', str(first), '--users', str(users or self.users),
                 '--again', str(AGAIN), '--instance', self.instance,
                 '--missed', str(missed),
                 '--secret' if credential == 'signature' else '--credentials',
                 str(self.work / credential)]
        done = subprocess.run(words, capture_output=True, text=True,
                              check=False, timeout=SECONDS_MAX)
        if done.returncode != 0:
            raise RuntimeError(f'{words}: {done.stderr}')
        told = json.loads(done.stdout)
        if own and counter is not None:
            self.numbers[counter] = told['next']
            self.told.setdefault(counter, []).append(
                (first, told['next'],
                 {int(n) for n in missed.read_text().split()}))
        return told

    def cpu_ticks(self, process):
        """Of all its programs, user and system time."""
        ticks = 0
        for pid in self.pids(process):
            stat = pathlib.Path(f'/proc/{pid}/stat').read_text()
            fields = stat.rpartition(') ')[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks

    def private_kib(self, process):
        """As ./dev status counts it, without what watches the process."""
        rows = (line.split() for line in
                self.dev('status', check=False).stdout.splitlines())
        return sum(int(row[3]) for row in rows if len(row) > 3
                   and row[0] == process and row[1] != 'multiwatch')

    def measure(self, case, who, connections, seconds):
        """One run against the real worker or the bare one: figures."""
        bare = who == 'bare'
        process = case.bare if bare else case.process
        before = self.cpu_ticks(process), self.cpu_ticks('nginx')
        told = self.load(
            case.kind, case.bare_path if bare else case.path, case.credential,
            connections, seconds, case.counts,
            first=self._bare_first() if bare else None)
        after = self.cpu_ticks(process), self.cpu_ticks('nginx')
        tick_us = 1e6 / os.sysconf('SC_CLK_TCK')
        count = max(1, told['answered_all'])
        told['rate'] = told['answered'] * 1e6 / told['us']
        told['worker_us'] = (after[0] - before[0]) * tick_us / count
        told['nginx_us'] = (after[1] - before[1]) * tick_us / count
        return told

    def _bare_first(self):
        self.numbers['bare'] = self.numbers.get('bare', BARE_FIRST) + (
            1 << 32)
        return self.numbers['bare']

    # ---- afterwards ---------------------------------------------------------

    def _check(self, counter, query):
        """Each number that was acknowledged exactly once, each that was not
        at most once; how many there are."""
        seen = {}
        for row in self.sql(query):
            number = int(row[0].rpartition('n')[2])
            seen[number] = seen.get(number, 0) + 1
        good = 0
        for first, end, missed in self.told.get(counter, ()):
            for n in range(first, end):
                times = seen.get(n, 0)
                if times > 1 or (times == 0 and n not in missed):
                    raise AssertionError(
                        f'{counter} {n} is there {times} times')
                good += times
        return good

    def check_once(self):
        """After everything: what was acknowledged is in the books, once."""
        for counter, share, most in (
                ('webhook', 4, self.orders // 2), ('grant', 1, self.orders)):
            used = self.numbers.get(counter, 0) // share
            assert used <= most, f'{counter}: no order left at {most}'
        counted = {
            'spend': self._check(
                'spend', "SELECT cause FROM movements WHERE cause >= "
                "'spend:dev:' AND cause < 'spend:dev;' "
                f"AND id > {self.users * MOVEMENTS}"),
            'webhook': self._check(
                'webhook', "SELECT evt FROM events "
                "WHERE evt >= 'evt_w' AND evt < 'evt_x'"),
            'grant': self._check(
                'grant', "SELECT e.evt FROM events e JOIN movements m "
                "ON m.cause = 'pi:' || e.object "
                "WHERE e.evt >= 'evt_g' AND e.evt < 'evt_h'"),
        }
        self._check_intents()
        return counted

    def _check_intents(self):
        """An order for each answer, none without one that was asked for."""
        told = self.told.get('intent', ())
        sent = sum(end - first for first, end, _ in told)
        good = sent - sum(len(missed) for *_, missed in told)
        rows = self.one(
            "SELECT COUNT(*) FROM orders WHERE state <> 'created' "
            'AND id > ?', self.orders)
        assert good <= rows <= sent + sent // AGAIN + 1, (good, rows, sent)

    def verify_s(self):
        """How long `vantage verify` takes; it has to be content."""
        began = time.monotonic()
        done = subprocess.run(
            [f'{self.build}/bin/vantage', 'verify'], text=True,
            env={'PATH': '/usr/bin:/bin', 'VANTAGE_DB': str(self.db),
                 'VANTAGE_STATE': str(self.state)},
            stdin=subprocess.DEVNULL, capture_output=True,
            timeout=SECONDS_MAX, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return time.monotonic() - began

    def quiet(self):
        """Waits until keeper has nothing left to write into the file."""
        def still():
            before = self.cpu_ticks('keeper')
            time.sleep(1.2)
            return self.cpu_ticks('keeper') - before <= 2
        wait_for(still, 'keeper to come to rest', 60)
