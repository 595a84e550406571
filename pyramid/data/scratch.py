"""Folders for what is not finished: several processes may have one in the same place."""

import glob
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

_KIND = "unfinished"


@contextmanager
def scratch(folder: Path, kind: str = _KIND) -> Iterator[Path]:
    """A folder in ``folder`` for what is not finished; gone at the end or, after a kill, by `sweep`.

    Args:
        kind: what its name begins with.
    """
    folder.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f"{_prefix(kind)}{os.getpid()}_", dir=folder))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _prefix(kind: str) -> str:
    """Of scratch folders of this machine: whether others' processes are alive cannot be seen."""
    return f"{kind}_{socket.gethostname()}_"


def sweep(folder: Path, kind: str = _KIND) -> None:
    """Remove what processes of this machine have left in ``folder`` that were killed."""
    prefix = _prefix(kind)
    for left in folder.glob(f"{glob.escape(prefix)}*"):
        pid = left.name.removeprefix(prefix).partition("_")[0]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(left, ignore_errors=True)
