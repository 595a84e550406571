"""A worker in a process of its own, for tests.

with worker() as running:
    running.send(job_file)
    progress, complete = running.answers(1)[0]

Every line that it writes is held against the forms of the contract, when it comes.
"""

import contextlib
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import psutil

import pyramid

READY, PROGRESS, COMPLETE = "pyramid process ready - ", "pyramid progress - ", "pyramid job complete - "
#: Starts the front with another command for its job process.
WITH_COMMAND = "import json, sys\n{first}\nfrom pyramid.cli.worker import main\nmain(json.loads(sys.argv.pop()))"

Path_ = str | bytes | Path


class Answer(NamedTuple):
    """What was said of one job: the objects of its progress lines, the closing one left out, and that of its end."""

    progress: list[dict[str, Any]]
    complete: dict[str, Any]


def start_command(timeout: float, command: Sequence[str] | None = None, first: str = "") -> list[str]:
    """What starts a worker: the real one, or one whose job process is started by ``command``.

    ``first`` is Python that runs before the one with a command.
    """
    if command is None:
        return [sys.executable, "-m", "pyramid.cli.worker", str(timeout)]
    return [sys.executable, "-c", WITH_COMMAND.format(first=first), str(timeout), json.dumps(list(command))]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(Path(pyramid.__file__).parents[1]), "PYTHONUTF8": "1"}


@contextlib.contextmanager
def worker(
    timeout: float = 60, command: Sequence[str] | None = None, first: str = "", cwd: Path_ | None = None
) -> Iterator["Worker"]:
    """A running worker that has said that it is ready; nothing is left of it, or of what it started, at the end."""
    process = subprocess.Popen(
        start_command(timeout, command, first),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        cwd=cwd,
        start_new_session=True,
    )
    running = Worker(process)
    try:
        running.await_ready()
        yield running
        running.check_lines()
    finally:
        running.kill()


class Worker:
    """The parent's side of a worker."""

    def __init__(self, process: "subprocess.Popen[bytes]"):
        self.process = process
        #: All lines of standard output that came, without their ends.
        self.lines: list[str] = []
        self._coming: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._errors = bytearray()
        self._last: list[dict[str, Any]] = []
        self._drains = [threading.Thread(target=drain, daemon=True) for drain in (self._drain_out, self._drain_err)]
        for drain in self._drains:
            drain.start()

    @property
    def stderr(self) -> str:
        """What came on standard error so far."""
        return bytes(self._errors).decode(errors="replace")

    def await_ready(self, timeout: float = 60) -> None:
        line = self._next(timeout)
        assert re.fullmatch(rf"{READY}version \d+\.\d+\.\d+\S*", line), line

    def send(self, *paths: Path_) -> None:
        """All in one write, a line for each."""
        self.write(b"".join(os.fsencode(path) + b"\n" for path in paths))

    def write(self, data: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def answers(self, count: int, timeout: float = 60) -> list[Answer]:
        """The next ``count`` answers, in the order in which they come; within ``timeout`` seconds all together."""
        deadline = time.monotonic() + timeout
        return [self._answer(deadline) for _ in range(count)]

    def progress(self, timeout: float = 60) -> dict[str, Any]:
        """The next progress line of a job that runs; `answers` will hold it as well."""
        values = _progress(self._next(timeout), self._last)
        self._last.append(values)
        return values

    def close(self, timeout: float = 60) -> int:
        """End its input; returns the exit code."""
        assert self.process.stdin
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        return self.wait(timeout)

    def wait(self, timeout: float = 60) -> int:
        """Until it has ended and all that it wrote is there; returns the exit code."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not end within {timeout} s; on standard error:\n{self.stderr}") from None
        for drain in self._drains:
            drain.join(10)
        return code

    def job_process(self) -> psutil.Process:
        """The process that runs the jobs, as it is now; it may start a moment after the ready line."""
        deadline = time.monotonic() + 10
        while not (children := psutil.Process(self.process.pid).children()):
            assert time.monotonic() < deadline, "there is no job process"
            time.sleep(0.01)
        return children[0]

    def processes(self) -> list[psutil.Process]:
        """The worker and everything below it."""
        front = psutil.Process(self.process.pid)
        return [front, *front.children(recursive=True)]

    def check_lines(self) -> None:
        """Every line that came is one of the protocol, in an order that it allows."""
        check_protocol(self.lines)

    def kill(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in reversed(self.processes()):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.close(10)

    def _answer(self, deadline: float) -> Answer:
        while (line := self._next(deadline - time.monotonic())) != PROGRESS + '{"progress": 1.0}':
            self._last.append(_progress(line, self._last))
        progress, self._last = self._last, []
        return Answer(progress, _complete(self._next(deadline - time.monotonic())))

    def _next(self, timeout: float) -> str:
        try:
            line = self._coming.get(timeout=max(timeout, 0))
        except queue.Empty:
            line = None
        if line is None:
            raise AssertionError(f"no line came; on standard error:\n{self.stderr}")
        return line

    def _drain_out(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            assert line.endswith(b"\n"), line
            self.lines.append(line[:-1].decode())
            self._coming.put(self.lines[-1])
        self._coming.put(None)

    def _drain_err(self) -> None:
        assert self.process.stderr
        while part := os.read(self.process.stderr.fileno(), 1 << 16):
            self._errors += part


def check_protocol(lines: Sequence[str]) -> None:
    """Raise an AssertionError at the first line that a worker may not write where it stands."""
    assert not lines or lines[0].startswith(READY), lines[0]
    before: list[dict[str, Any]] = []
    closing = False
    for line in lines[1:]:
        if closing:
            _complete(line)
            closing = False
        elif line == PROGRESS + '{"progress": 1.0}':
            before, closing = [], True
        else:
            before.append(_progress(line, before))


def _progress(line: str, before: Sequence[dict[str, Any]]) -> dict[str, Any]:
    values = _object(line, PROGRESS)
    assert "job_id" in values, line
    assert 0 <= values["progress"] <= 1, line
    assert not before or before[-1]["progress"] <= values["progress"], f"{line}\ncame after {before[-1]}"
    return values


def _complete(line: str) -> dict[str, Any]:
    values = _object(line, COMPLETE)
    assert "job_id" in values, line
    assert isinstance(values.get("error", ""), str), line
    return values


def _object(line: str, prefix: str) -> dict[str, Any]:
    assert line.startswith(prefix), f"{line!r} does not begin with {prefix!r}"
    values = json.loads(line.removeprefix(prefix), parse_constant=_no_json)
    assert isinstance(values, dict), line
    return values


def _no_json(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")
