"""The front of the worker: takes the paths of jobs, and answers them in order through one warm job process.

    backend ── stdin ──▶ reader thread ─▶ queue ─▶ main thread ── a path as JSON ─▶ job process
    backend ◀─ stdout ─────────────────────────── main thread ◀─ whole lines ────── (pyramid.worker.child)

A job process that crashes costs its job: the front answers for it and starts another. The front is light, the standard
library only (and psutil, after the first job), so that it is ready at once while TensorFlow loads behind it.
"""

import contextlib
import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from pyramid.worker.job_process import JobProcess, write_all
from pyramid.worker.protocol import COMPLETE, TERMINATE, failed_lines, ready_line

#: The job process. Two arguments are added: the file descriptor for its lines, and the front's process id.
CHILD = (sys.executable, "-m", "pyramid.worker.child")
#: Bytes of a job file that the front reads to find `job_id` after a crash: it must not run out of memory as well.
READABLE = 64 << 20
#: Seconds between two looks at whether the parent is still there.
PARENT_EVERY = 0.25


def serve(timeout: float, out: int, command: Sequence[str] = CHILD) -> int:
    """Answer the jobs whose paths come on standard input, until it ends, says `terminate` or is silent.

    Call it in the main thread. SIGTERM, SIGINT, SIGHUP and the death of the parent end the process from within.

    Args:
        timeout: seconds without a line, counted while no job runs.
        out: the file descriptor that takes the lines of the protocol, and nobody else's.
        command: starts the job process.

    Returns:
        The exit code: 0, or 141 (128 + SIGPIPE) when nobody reads ``out`` any more.
    """
    for fd in (0, out):
        with contextlib.suppress(OSError):
            os.set_blocking(fd, True)  # some parents hand over pipes that are not
    front = _Front(out, command)
    try:
        front.begin()
        paths = _paths()
        while (path := _next(paths, timeout)) is not None:
            front.answer(path)
        return 0
    except BrokenPipeError:
        return 128 + signal.SIGPIPE
    finally:
        front.end()


def read_job_id(path: str | bytes) -> Any:
    """`job_id` of the job file at ``path``; None when it cannot be read. Raises nothing."""
    try:
        file = Path(os.fsdecode(path))
        if not file.is_file() or file.stat().st_size > READABLE:  # a named pipe would block
            return None
        return json.loads(file.read_bytes()).get("job_id")
    except Exception:  # whatever is wrong with the file, it has no `job_id`
        return None


class _Front:
    """Standard output and the job process behind it."""

    def __init__(self, out: int, command: Sequence[str]):
        self._out, self._command = out, command
        self._child: JobProcess | None = None

    def begin(self) -> None:
        """Say that jobs may come; the job process warms up meanwhile."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            # What the parent had us ignore (nohup, a job in the background) stays ignored.
            if number == signal.SIGTERM or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._on_signal)
        threading.Thread(target=_watch_parent, args=(os.getppid(),), daemon=True).start()
        self._write(f"{ready_line()}\n".encode())
        self._start()

    def answer(self, path: bytes) -> None:
        """Have the job done, and answer for the job process if it ends before its answer."""
        last = self._run(path)
        if not last:  # it ended while idle, or in warming up, or before the job began: nothing is lost yet
            self._start()
            last = self._run(path)
        if not last.startswith(COMPLETE.encode()):
            self._fail(path, self._loss(), last)
            if last:  # else the next job tries again: no loop of processes that end at once
                self._start()
        elif self._child and self._child.has_grown():
            self._start()

    def end(self) -> None:
        """Leave no process behind. Takes no lock."""
        if self._child:
            self._child.kill()

    def _start(self) -> None:
        """Start a job process in place of the one before."""
        self.end()
        self._child, self._refusal = None, ""
        try:
            self._child = JobProcess(self._command)
        except OSError as error:  # no memory, no process: the next job tries again
            self._refusal = str(error)

    def _run(self, path: bytes) -> bytes:
        """Pass on the lines of one job; returns the last one that came, without its end. Empty when none came."""
        line = b""
        if self._child and self._child.take(path):
            while not line.startswith(COMPLETE.encode()) and (following := self._child.read_line()):
                self._write(following)
                line = following
        return line.rstrip(b"\n")

    def _loss(self) -> str:
        """The error of a job whose process has ended."""
        if self._child and self._child.was_warm:
            return f"The job process {self._child.how_it_ended()}. This job alone is lost: the next gets a new process."
        reason = f"it {self._child.how_it_ended()}" if self._child else self._refusal
        return f"The job process cannot be started: {reason}. The job did not run."

    def _fail(self, path: bytes, error: str, last: bytes = b"") -> None:
        lines = [line.encode() for line in failed_lines(read_job_id(path), error)]
        if lines[0] == last:  # the crash came between the two lines of the closing pair
            lines = lines[1:]
        self._write(b"".join(line + b"\n" for line in lines))

    def _write(self, data: bytes) -> None:
        write_all(self._out, data)

    def _on_signal(self, number: int, frame: object) -> NoReturn:
        """In the main thread, whatever it does: it prints nothing and takes no lock."""
        self.end()
        os._exit(128 + number)


def _paths() -> "queue.SimpleQueue[bytes | None]":
    """The lines of standard input as they come, in order; None at its end or after `terminate`."""
    paths: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    threading.Thread(target=_read_paths, args=(paths,), daemon=True).start()
    return paths


def _read_paths(paths: "queue.SimpleQueue[bytes | None]") -> None:
    with contextlib.suppress(OSError), open(0, "rb", closefd=False) as stdin:
        for line in stdin:
            if line.strip() == TERMINATE.encode():
                break
            if line.strip():
                paths.put(line.rstrip(b"\r\n"))
    paths.put(None)


def _next(paths: "queue.SimpleQueue[bytes | None]", timeout: float) -> bytes | None:
    try:
        return paths.get(timeout=min(timeout, threading.TIMEOUT_MAX))
    except queue.Empty:
        return None


def _watch_parent(parent: int) -> None:
    """Another parent means that ours has died: the main thread ends as by SIGTERM."""
    while os.getppid() == parent:
        time.sleep(PARENT_EVERY)
    main = threading.main_thread().ident
    assert main
    signal.pthread_kill(main, signal.SIGTERM)
