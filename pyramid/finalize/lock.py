"""The lock on a job: one process at a time works in its output directory."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pyramid.errors import ConfigError

LOCK_FILE = ".lock"

#: How often a lock may be found to be of a file that is gone.
_TRIES = 100


@contextmanager
def alone(work: Path) -> Iterator[None]:
    """Keep other processes out of the job that is unfinished in the folder ``work``, as long as the block lasts.

    The lock is the kernel's: a killed process gives it back, and what it had started has no part in it. Where nothing
    can be locked (the folder around ``work`` is not there, or its file system knows no locks) nobody is kept out.

    Raises:
        ConfigError: another process is at work there.
    """
    descriptor = _locked(work)
    try:
        yield
    finally:
        if descriptor is not None:
            _give_back(work, descriptor)


def _locked(work: Path) -> int | None:
    """The open lock file; None when it cannot be made."""
    path = work / LOCK_FILE
    for _ in range(_TRIES):
        try:
            work.mkdir(exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)  # is closed in programs that are started
        except OSError:
            return None
        _lock(descriptor, work)
        if _is_at(path, descriptor):
            return descriptor
        os.close(descriptor)  # its last owner has removed it meanwhile
    return None


def _lock(descriptor: int, work: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode())
    except BlockingIOError as error:
        owner = os.read(descriptor, 500).decode("utf-8", "replace")
        os.close(descriptor)
        who = f" ({owner})" if owner else ""
        raise ConfigError([f"{work.parent}: its job is running{who}; wait for its end, or stop it first"]) from error
    except OSError:  # the file system knows no locks, or is full
        return


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except OSError:
        return False


def _give_back(work: Path, descriptor: int) -> None:
    """The folder goes as well when nothing else is in it."""
    with suppress(OSError):
        if _is_at(work / LOCK_FILE, descriptor):
            os.unlink(work / LOCK_FILE)
    os.close(descriptor)
    with suppress(OSError):
        work.rmdir()
