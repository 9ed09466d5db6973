"""A stack of one's own for a test: real nginx, real workers, the sandbox.

    from stack import Stack

    def setUpModule():
        global stack
        stack = Stack().up()
    def tearDownModule():
        stack.down()

Everything goes through ./dev, with a state folder in a temporary place and a
free port, so that tests run beside each other and beside a developer's own
stack. Only Python's standard library is used.
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(os.environ.get(
    'VANTAGE_ROOT', pathlib.Path(__file__).resolve().parents[2]))
BUILD = os.environ.get('VANTAGE_BUILD_TEST', str(ROOT / 'build-test'))
API_VERSION = '2026-10-28.endive'


def free_port():
    """A port that nobody listens on, outside the range that the kernel
    hands out to clients."""
    while True:
        port = random.randrange(10000, 30000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(('127.0.0.1', port))
            except OSError:
                continue
            return port


def wait_for(condition, what, seconds=20.0, every=0.02):
    """The condition's first true value; AssertionError when there is none."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f'gave up waiting for {what}')
        time.sleep(every)


class Answer:
    """An HTTP answer, read whole."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The error's code, or None."""
        try:
            return self.json['error']['code']
        except (ValueError, KeyError, TypeError):
            return None

    def __repr__(self):
        return f'<{self.status} {self.body[:600]!r}>'


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__('sandbox', timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Stack:
    def __init__(self, build=BUILD, **settings):
        """Settings are environment variables for ./dev up."""
        self.state = pathlib.Path(tempfile.mkdtemp(prefix='vantage-test-'))
        # Each process has a user of its own, who has to get in.
        self.state.chmod(0o755)
        self.port = free_port()
        self.url = f'http://127.0.0.1:{self.port}'
        self.build = build
        self.env = {
            name: value for name, value in os.environ.items()
            if not name.startswith(('STRIPE_', 'CLERK_', 'VANTAGE_'))}
        self.env.update(
            VANTAGE_PORT=str(self.port), VANTAGE_STATE=str(self.state),
            VANTAGE_BUILD=build, VANTAGE_BUILT='1', **settings)
        self._tokens = {}
        self._keys = None

    # ---- life ---------------------------------------------------------------

    def dev(self, *words, check=True, timeout=120):
        """Runs ./dev and returns what it printed."""
        done = subprocess.run(
            [str(ROOT / 'dev'), *words], env=self.env, text=True,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout,
            check=False)
        if check and done.returncode != 0:
            raise AssertionError(
                f'./dev {" ".join(words)}: {done.stdout}{done.stderr}')
        return done.stdout if check else done

    def up(self, **settings):
        self.env.update(settings)
        self._keys = None
        try:
            self.dev('up')
        except AssertionError:
            self.down()
            raise
        return self

    def stop(self):
        """Ends the processes and keeps the data."""
        self.dev('down')

    def down(self):
        self.dev('down', check=False)
        if os.environ.get('VANTAGE_KEEP'):
            print('kept:', self.state)
        else:
            shutil.rmtree(self.state, ignore_errors=True)

    @property
    def keys(self):
        """What ./dev env prints, by name."""
        if self._keys is None:
            self._keys = {}
            for line in self.dev('env').splitlines():
                name, _, value = line.removeprefix('export ').partition('=')
                self._keys[name] = value.replace('\\', '')
        return self._keys

    @property
    def webhook_secret(self):
        return self.keys['STRIPE_WEBHOOK_SECRET'].split(',')[0]

    # ---- the stack's HTTP ---------------------------------------------------

    def request(self, method, path, body=None, token=None, headers=(),
                timeout=30):
        """One request. A dict or list is sent as JSON, bytes as they are.
        Headers are a dict or a list of pairs (for repeated ones)."""
        pairs = list(headers.items() if isinstance(headers, dict) else headers)
        names = {name.lower() for name, _ in pairs}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None and 'content-type' not in names:
            pairs.append(('Content-Type', 'application/json'))
        if token is not None:
            pairs.append(('Authorization', f'Bearer {token}'))
        connection = http.client.HTTPConnection(
            '127.0.0.1', self.port, timeout=timeout)
        try:
            connection.putrequest(method, path)
            for name, value in pairs:
                connection.putheader(name, value)
            if 'transfer-encoding' not in names and (
                    body is not None or method in ('POST', 'PUT')):
                connection.putheader('Content-Length', len(body or b''))
            connection.endheaders(body)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, **more):
        return self.request('GET', path, **more)

    def post(self, path, body=None, **more):
        return self.request('POST', path, {} if body is None else body, **more)

    def raw(self, data, timeout=10):
        """Sends these bytes to nginx and returns all that comes back."""
        with socket.create_connection(('127.0.0.1', self.port), timeout) as s:
            s.sendall(data)
            got = b''
            try:
                while chunk := s.recv(65536):
                    got += chunk
            except (TimeoutError, ConnectionResetError):
                pass
            return got

    # ---- users --------------------------------------------------------------

    def token(self, email, admin=False):
        """A session JWT for this user, who is made if need be."""
        if (email, admin) not in self._tokens:
            words = ['token', email] + (['--admin'] if admin else [])
            self._tokens[email, admin] = self.dev(*words).strip()
        return self._tokens[email, admin]

    def sub(self, email):
        """Clerk's name for the user."""
        return self.one('SELECT clerk_sub FROM users WHERE email = ?', email)

    def balance(self, token):
        answer = self.get('/api/tokens/balance', token=token)
        assert answer.status == 200, answer
        return answer.json['available']

    # ---- the sandbox --------------------------------------------------------

    def control(self, method, path, declines=False, **fields):
        """The sandbox's own interface, /_sandbox/…; its JSON answer. A card
        that is declined is an answer too where `declines` says so."""
        connection = _UnixConnection(
            str(self.state / 'run' / 'sandbox-control.sock'), 60)
        try:
            connection.request(
                method, f'/_sandbox/{path}',
                urllib.parse.urlencode(fields) if fields else None,
                {'Content-Type': 'application/x-www-form-urlencoded'})
            answer = Answer(connection.getresponse())
        finally:
            connection.close()
        assert answer.status < 300 or (
            declines and answer.status == 402), answer
        return json.loads(answer.body or b'null')

    def stripe(self, method, path, fields=(), **headers):
        """The local Stripe as its clients see it; fields are pairs or a
        dict, already in Stripe's own names (metadata[x])."""
        base = urllib.parse.urlsplit(self.keys['STRIPE_API_BASE'])
        body = urllib.parse.urlencode(fields)
        if method == 'GET' and body:
            path, body = f'{path}?{body}', ''
        connection = http.client.HTTPConnection(
            base.hostname, base.port, timeout=60)
        try:
            connection.request(method, path, body or None, {
                'Authorization': f'Bearer {self.keys["STRIPE_SECRET_KEY"]}',
                'Stripe-Version': API_VERSION,
                'Content-Type': 'application/x-www-form-urlencoded',
                **{n.replace('_', '-'): v for n, v in headers.items()}})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def outage(self, mode):
        self.dev('stripe', 'outage', mode)

    def events(self, *words):
        self.dev('stripe', 'events', *map(str, words))

    def advance(self, time_text):
        self.dev('stripe', 'advance', time_text, timeout=400)
        self._tokens.clear()  # they have ended

    # ---- a purchase, step by step -------------------------------------------

    def create_intent(self, token, package='starter', **more):
        body = dict(more)
        if package is not None:
            body['package_id'] = package
        return self.post(
            '/api/stripe/create-payment-intent', body, token=token)

    def confirm_in_browser(self, intent, method='pm_card_visa'):
        """What Stripe.js does when the buyer presses the button."""
        return self.control(
            'POST', 'confirm', declines=True, payment_intent=intent,
            payment_method=method)

    def buy(self, token, package='starter', method='pm_card_visa', **more):
        """A whole purchase up to Stripe's yes; the created order."""
        made = self.create_intent(token, package, **more)
        assert made.status == 201, made
        self.confirm_in_browser(made.json['payment_intent_id'], method)
        return made.json

    # ---- webhooks by hand ---------------------------------------------------

    @staticmethod
    def sign(body, secret, at=None):
        """A Stripe-Signature header for these bytes."""
        at = int(time.time()) if at is None else at
        digest = hmac.new(secret.encode(), b'%d.' % at + body,
                          hashlib.sha256).hexdigest()
        return f't={at},v1={digest}'

    def now(self):
        """The stack's own time, in seconds."""
        shift = (self.state / 'clock').read_text() or '0'
        return int(time.time() + int(shift) / 1000)

    def send_event(self, event, secret=None, path='/api/webhooks/stripe',
                   headers=()):
        """Signs an event (dict or bytes) and delivers it."""
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        signature = self.sign(
            body, secret or self.webhook_secret, self.now())
        return self.request('POST', path, body, headers=[
            ('Stripe-Signature', signature), *headers])

    @staticmethod
    def sign_svix(body, secret, message='msg_1', at=None):
        """The three headers of a Clerk webhook."""
        at = int(time.time()) if at is None else at
        key = base64.b64decode(secret.removeprefix('whsec_'))
        digest = hmac.new(key, f'{message}.{at}.'.encode() + body,
                          hashlib.sha256).digest()
        return {'svix-id': message, 'svix-timestamp': str(at),
                'svix-signature': 'v1,' + base64.b64encode(digest).decode()}

    # ---- inside -------------------------------------------------------------

    @property
    def db(self):
        return self.state / 'db' / 'vantage.db'

    def sql(self, query, *values):
        """The rows of a read-only query, as sqlite3.Row."""
        connection = sqlite3.connect(
            f'file:{self.db}?mode=ro', uri=True, timeout=10)
        try:
            connection.row_factory = sqlite3.Row
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def one(self, query, *values):
        """The first column of the only row, or None."""
        rows = self.sql(query, *values)
        assert len(rows) <= 1, rows
        return rows[0][0] if rows else None

    def vantage(self, *words):
        """The command line against this stack's database."""
        return subprocess.run(
            [f'{self.build}/bin/vantage', *words], text=True,
            env={'PATH': '/usr/bin:/bin', 'VANTAGE_DB': str(self.db),
                 'VANTAGE_STATE': str(self.state),
                 'VANTAGE_CLOCK_FILE': str(self.state / 'clock')},
            stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
            check=False)

    def verify(self):
        """Fails unless the books prove themselves."""
        done = self.vantage('verify')
        assert done.returncode == 0, done.stdout + done.stderr

    def pids(self, process):
        """The pids of a process's program, without what watches it."""
        leader = int((self.state / 'run' / f'{process}.pid')
                     .read_text().split()[0])
        found = []
        for entry in pathlib.Path('/proc').iterdir():
            if not entry.name.isdigit() or int(entry.name) == leader:
                continue
            try:
                stat = (entry / 'stat').read_text().rpartition(') ')[2].split()
            except OSError:
                continue
            if int(stat[3]) == leader and stat[0] != 'Z':
                found.append(int(entry.name))
        return found

    def kill(self, process):
        """SIGKILL; what watches it starts it again."""
        for pid in self.pids(process):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def arm(self, process, point, order='kill'):
        """The next time this process comes to this point, it obeys."""
        folder = self.state / 'faults'
        folder.mkdir(exist_ok=True)
        folder.chmod(0o777)
        path = folder / f'{process}.{point}'
        path.with_suffix(path.suffix + '.new').write_text(order)
        path.with_suffix(path.suffix + '.new').chmod(0o666)
        path.with_suffix(path.suffix + '.new').rename(path)
        return path

    def log(self, process):
        """The process's log lines that are JSON, oldest first."""
        path = self.state / 'log' / f'{process}.log'
        lines = []
        for line in path.read_text(errors='replace').splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                pass
        return lines

    def everything_logged(self):
        """All logs in one text, to look for what must never be there."""
        return '\n'.join(
            path.read_text(errors='replace')
            for path in sorted((self.state / 'log').glob('*.log')))
