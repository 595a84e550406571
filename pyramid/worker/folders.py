"""Folders of results that are there as a whole, or not at all."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyramid.errors import DataError
from pyramid.finalize.workspace import scratch
from pyramid.training.candidate import FIT_INFO_FILE


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A folder to write to, which takes the place of ``folder`` at the end, and is removed after an error."""
    with scratch(folder.parent) as work:
        yield work
        shutil.rmtree(folder, ignore_errors=True)
        os.chmod(work, 0o755)  # temporary ones are for their owner alone
        os.replace(work, folder)


def check_free(folder: Path, read: Callable[[Path], Any]) -> None:
    """Refuse to write over a training of another kind.

    Args:
        read: gives None for that.

    Raises:
        DataError: there is one in ``folder``.
    """
    if os.path.isfile(folder / FIT_INFO_FILE) and read(folder) is None:
        raise DataError([f"job_id: {folder} holds a training of another kind, or is damaged; choose another job_id"])
