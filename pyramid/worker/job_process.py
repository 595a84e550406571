"""The process behind the front that does the jobs, as the front sees it."""

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence

#: The first line of a job process: it can take a job. It is not a line of the protocol.
WARM = b"warm\n"
#: Bytes of resident memory that a job process may hold beyond those that it had when it was warm.
GROWTH = 2 << 30
#: Seconds that a killed job process gets to be gone.
GRACE = 1.0


def write_all(fd: int, data: bytes) -> None:
    """Write all of ``data``, past every buffer."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


class JobProcess:
    """One job process: started with this object, in a session of its own, and killed with all that it started.

    Make it in the main thread: on Linux the system kills it when the thread that started it ends.

    Raises:
        OSError: the system starts no process.
    """

    def __init__(self, command: Sequence[str]):
        ours, its = os.pipe()
        self._lines = open(ours, "rb")  # noqa: SIM115 - closed with the object
        try:
            self._process = subprocess.Popen(
                [*command, str(its), str(os.getpid())],
                stdin=subprocess.PIPE,
                bufsize=0,
                pass_fds=[its],
                start_new_session=True,
            )
        finally:
            os.close(its)
        self._gone = threading.Event()
        self._resident: int | None = None
        threading.Thread(target=self._reap, daemon=True).start()

    @property
    def was_warm(self) -> bool:
        """Whether it got as far as to take jobs."""
        return self._resident is not None

    def take(self, path: bytes) -> bool:
        """Wait until it is warm and send it a job; False when it has ended before."""
        if not self.was_warm:
            if self.read_line() != WARM:
                return False
            self._resident = self._memory()
        try:
            assert self._process.stdin
            write_all(self._process.stdin.fileno(), json.dumps(os.fsdecode(path)).encode() + b"\n")
        except BrokenPipeError:
            return False
        return True

    def read_line(self) -> bytes:
        """The next whole line with its end; empty when it has ended, and then half a line is dropped."""
        line = self._lines.readline()
        return line if line.endswith(b"\n") else b""

    def has_grown(self) -> bool:
        """Whether it holds more than `GROWTH` bytes of memory beyond those at its start."""
        return self._memory() - (self._resident or 0) > GROWTH

    def how_it_ended(self) -> str:
        """A verb, the signal or the exit code, and the likely cause."""
        if not self._gone.wait(GRACE):
            self.kill()
        code = self._process.returncode
        return _cause(code) if code is not None else "does not answer any more"

    def kill(self) -> None:
        """End it with all that it started. Takes no lock: a signal handler may call it."""
        if not self._gone.is_set():
            self._kill_group()
        deadline = time.monotonic() + GRACE
        while not self._gone.is_set() and time.monotonic() < deadline:
            time.sleep(0.005)

    def _reap(self) -> None:
        """Until it ends; then what it started goes as well, which might hold its pipe open."""
        self._process.wait()
        self._kill_group()
        self._gone.set()

    def _kill_group(self) -> None:
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _memory(self) -> int:
        """Bytes of its resident memory; 0 when it has ended."""
        import psutil

        with contextlib.suppress(psutil.Error):
            return int(psutil.Process(self._process.pid).memory_info().rss)
        return 0


def _cause(code: int) -> str:
    """What ``subprocess``'s return code says: negative for a signal."""
    if code >= 0:
        return f"ended itself with exit code {code}; its last words are on standard error"
    names = {int(number): number.name for number in signal.Signals}
    name = names.get(-code, f"signal {-code}")
    if -code == signal.SIGKILL:
        return f"was killed by {name}, most often by the system because memory ran out: try a smaller batch_size, \
largest_layer_size or max_data_size"
    if -code in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        return f"was ended by {name}, which came from outside"
    return f"crashed in native code ({name}); its trace is on standard error"
