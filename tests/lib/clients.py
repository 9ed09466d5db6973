"""Clients that work until they are told to stop, a thread each."""

import itertools
import threading


class Client(threading.Thread):
    """Calls work(0), work(1), … until `over` is set or work() fails."""

    def __init__(self, work, over):
        super().__init__(daemon=True)
        self.work = work
        self.over = over
        self.error = None

    def run(self):
        try:
            for number in itertools.count():
                if self.over.is_set():
                    return
                self.work(number)
        except Exception as error:  # told by finish(), in the test's thread
            self.error = error

    def finish(self):
        """Waits for its end and raises what went wrong."""
        self.join(120)
        if self.error is not None:
            raise self.error
        assert not self.is_alive()
