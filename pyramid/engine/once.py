"""A large file that is written once on a machine, whichever of its processes wants it first.

Locks are those of the kernel (flock), which a killed process gives back: who writes holds `<key>.lock`, who reads
shares a lock of the file itself for as long as it lives. What nobody holds was left by a search that has ended.
"""

import contextlib
import fcntl
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from pyramid.data.whole import PART, write_whole

_LOCK = ".lock"

#: File -> open descriptor, which shares the lock until this process ends.
_HELD: dict[str, int] = {}


def folder() -> Path:
    """Where such files of this user lie on this machine; made when absent.

    Raises:
        PermissionError: somebody else has made it.
    """
    path = Path(tempfile.gettempdir()) / f"pyramid-pictures-{os.getuid()}"
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise PermissionError(f"{path} belongs to somebody else; set TMPDIR to a folder of your own")
    return path


def written_once(place: Path, key: str, write: Callable[[IO[bytes]], Any]) -> Path:
    """The file ``key`` in ``place``; if it is not there ``write`` fills it, while others wait.

    Raises:
        OSError: there is no room for it.
    """
    path = place / key
    while not _hold(path):
        with _locked(place / (key + _LOCK)):
            if not path.exists():
                write_whole(path, write)
    return path


def _hold(path: Path) -> bool:
    """Share the lock of ``path`` until this process ends; False when it is not there."""
    if str(path) in _HELD:
        if path.exists():
            return True
        os.close(_HELD.pop(str(path)))
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    if not _is(descriptor, path):  # removed meanwhile
        os.close(descriptor)
        return False
    _HELD[str(path)] = descriptor
    return True


@contextmanager
def _locked(lock: Path) -> Iterator[None]:
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is(descriptor, lock):  # else it was removed while we waited, and others lock a new one
                yield
                return
        finally:
            os.close(descriptor)


def _is(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def sweep(place: Path) -> None:
    """Remove the files in ``place`` that nobody writes or reads."""
    for lock in place.glob(f"*{_LOCK}"):
        path = lock.with_name(lock.name.removesuffix(_LOCK))
        with contextlib.suppress(FileNotFoundError), _free(lock) as unused:
            if unused and not path.exists():
                remove(place, path.name)
            elif unused:
                with _free(path) as unread:
                    if unread:
                        remove(place, path.name)


@contextmanager
def _free(path: Path) -> Iterator[bool]:
    """Whether nobody holds a lock of ``path``; if so we do for the block."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)


def remove(place: Path, key: str) -> None:
    """Remove the file ``key``; processes that have mapped it keep what they have."""
    for name in (key, key + PART, key + _LOCK):
        (place / name).unlink(missing_ok=True)
