"""Folders of results that are there as a whole, or not at all."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyramid.data.scratch import scratch
from pyramid.errors import DataError
from pyramid.finalize.workspace import check_output
from pyramid.training.candidate import FIT_INFO_FILE


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A folder to write to, which takes the place of ``folder`` at the end, and is removed after an error."""
    with scratch(folder.parent) as work:
        yield work
        shutil.rmtree(folder, ignore_errors=True)
        os.chmod(work, 0o755)  # temporary ones are for their owner alone
        os.replace(work, folder)


def check_file(key: str, path: str) -> None:
    """Refuse what is there but no file: a named pipe would be waited for without an end.

    Raises:
        DataError: ``path`` names such a thing. A file that is missing is told of where it is read.
    """
    if os.path.exists(path) and not os.path.isfile(path):
        raise DataError([f"{key}: {path} is no file"])


def check_folder(output: str) -> list[str]:
    """Why a job could not write to the folder ``output``: what is wrong with any, and jobs write to no URI."""
    if "://" in output:
        return [f"output_directory: a job writes to a folder, but got {output}; name its path"]
    return check_output(output)


def check_free(folder: Path, read: Callable[[Path], Any]) -> None:
    """Refuse to write over a training of another kind.

    Args:
        read: gives None for that.

    Raises:
        DataError: there is one in ``folder``.
    """
    if os.path.isfile(folder / FIT_INFO_FILE) and read(folder) is None:
        raise DataError([f"job_id: {folder} holds a training of another kind, or is damaged; choose another job_id"])
