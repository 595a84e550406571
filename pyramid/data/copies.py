"""Local copies of remote picture files: decoders go by a file's ending and want a path."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

from pyramid.data.remote import is_uri, opened

#: Files that are fetched at once: an object store answers after tens of milliseconds, whatever the size.
AT_ONCE = 16


class Copy(NamedTuple):
    """A path of this machine, or why there is nothing to read at it."""

    path: str
    reason: str | None = None


@contextmanager
def local_copies(files: Sequence[str]) -> Iterator[list[Copy]]:
    """What to read for each of ``files``: itself, or a copy of a remote one that lasts as long as the block."""
    if not any(map(is_uri, files)):
        yield [Copy(file) for file in files]
        return
    with tempfile.TemporaryDirectory(prefix="pyramid-copies-") as folder, ThreadPoolExecutor(AT_ONCE) as threads:
        starts = [os.path.join(folder, str(i)) for i in range(len(files))]
        yield list(threads.map(_copied, files, starts))


def _copied(file: str, start: str) -> Copy:
    """``file`` at ``start`` and its own ending, by which it will be decoded."""
    if not is_uri(file):
        return Copy(file)
    path = start + os.path.splitext(file)[1]
    try:
        with opened(file) as source, open(path, "wb") as target:
            shutil.copyfileobj(source, target, 2**20)
    except FileNotFoundError:
        return Copy(path, "missing")
    except Exception as error:  # each file system has errors of its own, and none may end the job
        return Copy(path, f"cannot be opened: {next(iter(str(error).splitlines()), type(error).__name__)}")
    return Copy(path)
