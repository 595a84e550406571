"""What a command does with its process."""

import subprocess
import sys

SIGNAL_IN_A_LINE = """
import io, os, signal, sys
from pyramid.cli.process import Stop, console

class Slow(io.RawIOBase):
    '''A signal comes while it writes its first line.'''
    written = b""
    def writable(self):
        return True
    def write(self, data):
        first, self.written = not self.written, self.written + bytes(data)
        if first:
            os.kill(os.getpid(), signal.SIGTERM)
        return len(data)

slow = Slow()
out = console(io.TextIOWrapper(io.BufferedWriter(slow), "utf-8", line_buffering=True))
stop = Stop(out.print, "stopping: once more to leave at once")
out.print("a line")
while b"leave at once" not in slow.written:
    pass
print(stop(), slow.written.decode())
"""


def test_a_signal_may_come_while_a_line_is_written() -> None:
    run = subprocess.run([sys.executable, "-c", SIGNAL_IN_A_LINE], capture_output=True, text=True, timeout=60)
    assert run.stderr == ""
    assert run.stdout.startswith("True a line\nstopping: ")
