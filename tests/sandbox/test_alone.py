"""vantage-sandbox as a command of its own: one line starts it, an interrupt
ends it, and what the README shows works."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from sandbox import BUILD, NPM, ROOT, Sandbox, free_port, node, wait_for

PROGRAM = BUILD / 'sandbox/vantage-sandbox'
WAIT_S = 30


class Alone(Sandbox):
    """The same calls, against the command."""

    def __init__(self, *options, state=None):
        super().__init__()
        if state is not None:
            shutil.rmtree(self.state)
            self.state = state
        self.words = [
            str(PROGRAM), '--dir', str(self.state), '--port', str(self.port),
            '--www', str(ROOT / 'sandbox/www'), *options]
        self.environment = {
            name: value for name, value in os.environ.items()
            if not name.startswith(('VANTAGE_', 'STRIPE_'))}
        self.child = None

    def up(self):
        self.child = subprocess.Popen(
            self.words, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, env=self.environment)
        self.said = self.child.stdout.readline()
        if self.child.poll() is None:
            self.members()  # both are there by then
        return self

    def members(self):
        """The pids of the program and of nginx."""
        text = pathlib.Path(
            f'/proc/{self.child.pid}/task/{self.child.pid}/children'
        ).read_text()
        return [int(pid) for pid in text.split()]

    def interrupt(self, what=signal.SIGINT):
        self.child.send_signal(what)
        return self.child.wait(timeout=WAIT_S)

    def down(self):
        if self.child is not None:
            if self.child.poll() is None:
                self.interrupt(signal.SIGTERM)
            self.child.stdout.close()
        shutil.rmtree(self.state, ignore_errors=True)


def port_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(('127.0.0.1', port)) == 0


def gone(pid):
    try:
        return pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(
            ') ')[2].startswith('Z')
    except OSError:
        return True


def refused(*options, **more):
    """What it says, and its status, when it does not start."""
    done = subprocess.run(
        [str(PROGRAM), *options], text=True, stdin=subprocess.DEVNULL,
        capture_output=True, timeout=WAIT_S, check=False, **more)
    return done.returncode, done.stderr


class Life(unittest.TestCase):
    def start(self, *options, **more):
        box = Alone(*options, **more).up()
        self.addCleanup(box.down)
        self.assertIn(box.url, box.said)
        return box

    def test_it_answers_and_an_interrupt_ends_all_of_it(self):
        box = self.start()
        self.assertEqual(box.customer()[:4], 'cus_')
        self.assertEqual(box.raw('GET', '/').status, 200)
        self.assertEqual(box.raw('GET', '/endive/stripe.js').status, 200)
        children = box.members()
        self.assertEqual(len(children), 2)
        self.assertEqual(box.interrupt(), 0)
        self.assertFalse(port_open(box.port))
        self.assertTrue(all(gone(pid) for pid in children))

    def test_what_it_was_told_is_there_the_next_time(self):
        state = pathlib.Path(tempfile.mkdtemp(prefix='sandbox-test-'))
        first = self.start(state=state)
        customer = first.customer(email='ada@example.com')
        first.control('POST', 'advance', seconds=86400)
        self.assertEqual(first.interrupt(signal.SIGTERM), 0)
        second = self.start(state=state)
        read = second.get(f'/v1/customers/{customer}').json
        self.assertEqual(read['email'], 'ada@example.com')
        self.assertEqual(
            second.control('GET', 'state').json['shift_ms'], 86400000)

    def test_killed_it_takes_both_along_and_starts_again(self):
        state = pathlib.Path(tempfile.mkdtemp(prefix='sandbox-test-'))
        first = self.start(state=state)
        children = first.members()
        first.child.kill()
        first.child.wait()
        wait_for(lambda: all(gone(pid) for pid in children),
                 'its children to end', WAIT_S)
        self.start(state=state)

    def test_it_ends_when_the_program_does(self):
        box = self.start()
        program = next(
            pid for pid in box.members() if pathlib.Path(
                f'/proc/{pid}/comm').read_text().startswith('vantage'))
        os.kill(program, signal.SIGKILL)
        self.assertEqual(box.child.wait(timeout=WAIT_S), 70)
        self.assertFalse(port_open(box.port))

    def test_the_page_leads_to_the_site_that_was_named(self):
        site = 'http://127.0.0.1:8765'
        box = self.start('--site', site)
        self.assertIn(f'href="{site}/buy"', box.raw('GET', '/').body.decode())
        bare = self.start()
        self.assertNotIn('The shop', bare.raw('GET', '/').body.decode())

    def test_two_live_side_by_side(self):
        one, two = self.start(), self.start()
        one.customer(email='ada@example.com')
        self.assertEqual(two.get('/v1/customers').json['data'], [])


class Refusals(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix='sandbox-test-')
        self.addCleanup(shutil.rmtree, self.dir, True)
        self.common = ['--www', str(ROOT / 'sandbox/www'), '--dir', self.dir]

    def test_a_port_that_is_taken(self):
        with socket.socket() as other:
            other.bind(('127.0.0.1', 0))
            other.listen()
            port = str(other.getsockname()[1])
            status, said = refused(*self.common, '--port', port)
        self.assertEqual(status, 69)
        self.assertIn(f'port {port} cannot be had', said)
        self.assertIn('--port', said)

    def test_a_folder_in_which_another_one_runs(self):
        box = Alone().up()
        self.addCleanup(box.down)
        status, said = refused(
            '--www', str(ROOT / 'sandbox/www'), '--dir', str(box.state),
            '--port', str(free_port()))
        self.assertEqual(status, 69)
        self.assertIn('another one runs', said)

    def test_options_that_make_no_sense(self):
        for options in (['--port', 'x'], ['--port', '0'], ['--port', '65536'],
                        ['--port', '-1'], ['--nonsense'], ['word'],
                        ['--port']):
            self.assertEqual(
                refused(*self.common, *options)[0], 64, options)
        status, said = refused('--dir', self.dir, '--www', '/nowhere')
        self.assertEqual(status, 66)
        self.assertIn('--www', said)

    def test_folders_that_cannot_be_used(self):
        www = self.common[:2]
        port = ['--port', str(free_port())]
        self.assertEqual(refused(
            *www, *port, '--dir', f'{self.dir}/with a blank')[0], 64)
        self.assertEqual(refused(
            *www, *port, '--dir', f'{self.dir}/{"long" * 30}')[0], 64)
        pathlib.Path(f'{self.dir}/file').write_text('')
        self.assertEqual(refused(
            *www, *port, '--dir', f'{self.dir}/file/in')[0], 73)

    def test_help_is_no_refusal(self):
        done = subprocess.run(
            [str(PROGRAM), '--help'], text=True, stdin=subprocess.DEVNULL,
            capture_output=True, timeout=WAIT_S, check=False)
        self.assertEqual(done.returncode, 0)
        self.assertIn('--port', done.stdout)


class Readme(unittest.TestCase):
    """Somebody who has read that section of the README and nothing else."""

    def section(self):
        text = (ROOT / 'README.md').read_text()
        return re.search(
            r'^## The local Stripe, alone\n(.*?)(?=^## )', text,
            re.M | re.S).group(1)

    def test_its_command_starts_it_and_its_examples_work(self):
        state = pathlib.Path(tempfile.mkdtemp(prefix='sandbox-test-'))
        box = Alone(state=state)
        command = re.search(r'^ +\./dev sandbox', self.section(), re.M)
        box.words = [*command.group(0).split(), '--port', str(box.port)]
        box.environment.update(
            VANTAGE_STATE=str(state), VANTAGE_BUILD=str(BUILD),
            VANTAGE_BUILT='1')
        os.chdir(ROOT)
        box.up()
        self.addCleanup(box.down)
        self.assertIn(box.url, box.said)
        self.run_curl(box)
        self.run_script(box)

    def run_curl(self, box):
        command = re.search(r'^ +(curl .*?[^\\])$', self.section(),
                            re.M | re.S).group(1)
        done = subprocess.run(
            ['sh', '-c', command.replace(':9555', f':{box.port}')],
            capture_output=True, text=True, timeout=WAIT_S, check=False)
        self.assertIn('"id":"cus_', done.stdout, command + done.stderr)

    def run_script(self, box):
        script = '\n'.join(
            line.removeprefix('    ') for line in re.search(
                r'^ +import Stripe.*?(?=^\S)', self.section(),
                re.M | re.S).group(0).splitlines())
        self.assertIn('9555', script)
        folder = pathlib.Path(tempfile.mkdtemp(prefix='sandbox-test-'))
        self.addCleanup(shutil.rmtree, folder, True)
        (folder / 'node_modules').symlink_to(NPM)
        (folder / 'pay.mjs').write_text(
            script.replace('9555', str(box.port)))
        done = subprocess.run(
            [node(), str(folder / 'pay.mjs')], capture_output=True,
            text=True, timeout=WAIT_S, check=False)
        self.assertEqual(done.stdout.split(), ['succeeded'], done.stderr)


if __name__ == '__main__':
    unittest.main()
