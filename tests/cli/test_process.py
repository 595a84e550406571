"""What a command does with its process."""

import subprocess
import sys
from pathlib import Path

import pytest

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


SAYS_WHICH_FILES = """
import os, sys
from pyramid.cli.process import private_stdout, run

def main():
    with open(sys.argv[1], "w") as told:
        assert told.fileno() > 2, told.fileno()
        print(input() if os.readlink("/proc/self/fd/0") != os.devnull else "nothing to read", file=told)
        out = private_stdout()
        print("out", file=out)
        print("err", file=sys.stderr)

run("a command", main)
"""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"])
def test_closed_standard_files_are_the_null_device(closed: str, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SAYS_WHICH_FILES)
    command = f'echo in | {{ "{sys.executable}" script.py told {closed}; }}'
    run = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "told").read_text() == ("nothing to read\n" if "<&-" in closed else "in\n")
    standard_output = closed.replace("2>&-", "")
    assert run.stdout == ("" if ">&-" in standard_output else "out\n")
    assert run.stderr == ("" if "2>&-" in closed else "err\n")


def test_a_command_without_standard_output_says_what_is_wrong_and_no_traceback(tmp_path: Path) -> None:
    command = f'"{sys.executable}" -m pyramid.cli.report "{tmp_path}" >&-'
    run = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=120)
    assert run.returncode == 2
    assert run.stderr.startswith("pyramid_report: ")
    assert "holds no results.json" in run.stderr
