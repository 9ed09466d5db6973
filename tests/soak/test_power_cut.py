"""The power goes while everybody writes, twenty times.

The database is on a file system of its own, on a loop device. It is shut
down under load with ext4's own ioctl, as xfstests does: from that moment
nothing reaches the device any more, neither what is dirty nor the journal.
Then it is mounted again, as after a power cut. Every write that was answered
is there, and the books prove themselves.

That the cut is one is shown each time by a file that was written just before
without waiting for the disk: what was in it is gone.
"""

import fcntl
import http.client
import os
import random
import struct
import subprocess
import threading
import time
import unittest

from clients import Client
from stack import Stack, wait_for

CUTS = 20
DISK_MB = 256
EXT4_IOC_SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32)
NO_LOG_FLUSH = 2
CONTROL_BYTES = 1 << 20


def run(*words):
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL,
                   capture_output=True)


class Disk:
    """An ext4 in a file, mounted where the stack keeps its database."""

    def __init__(self, image, place):
        self.image = image
        self.place = place
        self.mounted = False
        with open(image, 'wb') as file:
            file.truncate(DISK_MB << 20)
        run('mkfs.ext4', '-q', str(image))
        place.mkdir()

    def mount(self):
        run('mount', '-o', 'loop', str(self.image), str(self.place))
        self.mounted = True

    def cut(self):
        folder = os.open(self.place, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(folder, EXT4_IOC_SHUTDOWN,
                        struct.pack('I', NO_LOG_FLUSH))
        finally:
            os.close(folder)

    def unmount(self):
        def once():
            return subprocess.run(
                ['umount', str(self.place)], check=False,
                capture_output=True).returncode == 0
        if self.mounted:
            wait_for(once, 'the disk to be free', seconds=60, every=0.1)
            self.mounted = False


def setUpModule():
    global stack, disk
    stack = Stack()
    image = stack.state.with_suffix('.img')
    disk = Disk(image, stack.state / 'db')
    disk.mount()
    stack.up()


def tearDownModule():
    stack.stop()
    disk.unmount()
    disk.image.unlink()
    stack.down()


class Load:
    """Writers of every kind; `kept` has what was answered with a yes."""

    def __init__(self, cut):
        self.cut = cut
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.causes, self.events = [], []
        self.admin = stack.token('root@example.com', admin=True)
        self.key = stack.dev('key', 'tokens:spend').strip()
        stack.token('ada@example.com')
        self.sub = stack.sub('ada@example.com')
        self.actor = stack.sub('root@example.com')
        self.secret = stack.webhook_secret
        self.grant(0, 'first', 100000)
        self.clients = [Client(work, self.over) for work in (
            *[lambda n, w=w: self.spend(n, w) for w in range(6)],
            *[lambda n, w=w: self.grant(n, f'{w}', 1) for w in range(2)],
            *[lambda n, w=w: self.event(n, w) for w in range(4)])]

    def keep(self, call, yes, place, name):
        """After the cut nobody answers; before it, refusals are errors."""
        try:
            answer = call()
        except (OSError, http.client.HTTPException):
            return
        if answer.status == yes:
            with self.lock:
                place.append(name)
        else:
            assert answer.status >= 500, answer

    def spend(self, number, who):
        reference = f'{self.cut}-{who}-{number}'
        self.keep(lambda: stack.post(
            '/api/tokens/spend',
            {'user': self.sub, 'amount': 1, 'reference': reference},
            token=self.key, timeout=5), 200, self.causes,
            f'spend:dev:{reference}')

    def grant(self, number, who, tokens):
        name = f'{self.cut}-{who}-{number}'
        self.keep(lambda: stack.post(
            '/api/admin/tokens/add',
            {'user': self.sub, 'amount': tokens, 'note': 'n'},
            token=self.admin, headers={'Idempotency-Key': name}, timeout=5),
            201, self.causes, f'grant:admin:{self.actor}:{name}')

    def event(self, number, who):
        name = f'evt_{self.cut}x{who}x{number}'
        body = {'id': name, 'object': 'event', 'type': 'customer.updated',
                'api_version': '2026-10-28.endive', 'livemode': False,
                'created': stack.now(), 'pending_webhooks': 1,
                'request': None, 'data': {'object': {
                    'id': 'cus_elsewhere', 'object': 'customer'}}}
        self.keep(lambda: stack.send_event(body, self.secret), 200,
                  self.events, name)

    def start(self):
        for client in self.clients:
            client.start()

    def stop(self):
        self.over.set()
        for client in self.clients:
            client.finish()


@unittest.skipUnless(os.geteuid() == 0, 'a loop device takes root')
class PowerCut(unittest.TestCase):
    def test_every_answered_write_is_there_after_a_cut(self):
        dice = random.Random(os.environ.get('VANTAGE_SEED'))
        answered = 0
        for cut in range(CUTS):
            with self.subTest(cut=cut):
                answered += self.once(cut, dice.uniform(0.3, 2.0))
        print(f'{CUTS} cuts, {answered} answered writes', flush=True)
        self.assertGreater(answered, CUTS * 100)

    def once(self, cut, seconds):
        load = Load(cut)
        load.start()
        time.sleep(seconds)
        control = disk.place / f'control{cut}'
        content = os.urandom(CONTROL_BYTES)
        control.write_bytes(content)
        disk.cut()
        load.stop()
        stack.stop()
        disk.unmount()
        disk.mount()
        self.assertNotEqual(
            control.read_bytes() if control.exists() else b'', content,
            'what nobody waited for is there: this was no power cut')
        control.unlink(missing_ok=True)
        stack.up()
        causes = {row[0] for row in stack.sql('SELECT cause FROM movements')}
        events = {row[0] for row in stack.sql('SELECT evt FROM events')}
        self.assertEqual(set(load.causes) - causes, set())
        self.assertEqual(set(load.events) - events, set())
        stack.verify()
        return len(load.causes) + len(load.events)


if __name__ == '__main__':
    unittest.main()
