"""The job process behind the front: ``python -m pyramid.worker.child FD PARENT``.

It takes paths as JSON, one a line, from its standard input, and writes the lines of the protocol to the file
descriptor FD. It ends with the process PARENT: by the end of its standard input, and on Linux by the system.
"""

import contextlib
import faulthandler
import json
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import NoReturn

from pyramid.worker.front import read_job_id
from pyramid.worker.job_process import WARM, write_all
from pyramid.worker.protocol import COMPLETE, failed_lines

#: Takes a complete line of the protocol, without its end.
Say = Callable[[str], None]
#: ``prctl(PR_SET_PDEATHSIG, ...)``: the signal that the system sends when the parent ends; linux/prctl.h.
_PR_SET_PDEATHSIG = 1


def main() -> None:
    work(int(sys.argv[1]), int(sys.argv[2]), _warm_up, _run_job)


def _warm_up() -> None:
    from pyramid.worker.jobs import warm_up

    warm_up()


def _run_job(path: str, say: Say) -> None:
    from pyramid.worker.jobs import run_job

    run_job(path, say)


def work(out: int, parent: int, warm_up: Callable[[], None], run_job: Callable[[str, Say], None]) -> NoReturn:
    """Answer jobs one after another, until the parent goes.

    Args:
        out: file descriptor for the lines.
        parent: process id of the front.
        warm_up: loads what jobs need. When it fails, the jobs will say why.
        run_job: does the job at a path and says its lines, the last of which completes it.
    """
    _end_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the front
    os.set_inheritable(out, False)
    os.dup2(2, 1)
    faulthandler.enable()
    paths: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read_paths, args=(_private_stdin(), paths), daemon=True).start()
    try:
        warm_up()
    except BaseException:
        traceback.print_exc()
    write_all(out, WARM)
    while True:
        _answer(paths.get(), out, run_job)


def _end_with(parent: int) -> None:
    """Have the system kill this process when ``parent`` ends: a job in native code would not notice it."""
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the system knew
        os._exit(1)


def _private_stdin() -> int:
    """A copy of standard input; a job that reads the original finds it empty."""
    copy, null = os.dup(0), os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    return copy


def _read_paths(stdin: int, paths: "queue.SimpleQueue[str]") -> None:
    """In a thread of its own, so that the end is noticed while a job runs."""
    with contextlib.suppress(OSError), open(stdin, "rb") as lines:
        for line in lines:
            paths.put(json.loads(line))
    if os.getpgrp() == os.getpid():  # what a job has started goes as well
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def _answer(path: str, out: int, run_job: Callable[[str, Say], None]) -> None:
    """Run one job, and answer for it if it does not: by an error, `SystemExit` and its like, or silence."""
    answer = _Answer(out)
    try:
        run_job(path, answer.say)
        error = "The job ended without an answer."
    except BaseException:
        error = traceback.format_exc()
    if not answer.complete:
        for line in failed_lines(read_job_id(path), error):
            answer.say(line)


class _Answer:
    """The lines of one job. What a thread says after the last one is dropped: it would be the next job's."""

    def __init__(self, out: int):
        self.complete = False
        self._out, self._lock = out, threading.Lock()

    def say(self, line: str) -> None:
        with self._lock:
            if not self.complete:
                write_all(self._out, f"{line}\n".encode("utf-8", "backslashreplace"))
                self.complete = line.startswith(COMPLETE)


if __name__ == "__main__":
    main()
