"""The output directory: results are made aside and put in place at the end, so that none is half written."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyramid.errors import ConfigError
from pyramid.training.candidate import FIT_INFO_FILE

UNFINISHED = "unfinished"
FINAL_MODEL_FILE = "final_model.json"
RESULTS_FILE = "results.json"
CONFIG_FILE = "config.json"


def check_output(output: str) -> list[str]:
    """Why nothing could be written to the folder ``output``; nothing is left there."""
    path = Path(output)
    try:
        os.stat(path)
    except FileNotFoundError:
        pass
    except NotADirectoryError:
        return [f"output_directory: a part of {output} is a file; name a folder"]
    except (OSError, ValueError) as error:  # too long, or with a zero byte
        return [f"output_directory: not the name of a folder: {output!r} ({error})"]
    if path.exists() and not path.is_dir():
        return [f"output_directory: {output} is a file; name a folder"]
    nearest = next(parent for parent in (path, *path.absolute().parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest):
            return []
    except OSError as error:
        return [f"output_directory: cannot write to {nearest}: {error.strerror}"]


def holds_results(output: str) -> bool:
    """Whether an earlier run has left its results in ``output``."""
    return (Path(output) / RESULTS_FILE).exists()


@contextmanager
def workspace(output: Path) -> Iterator[Path]:
    """The absolute path of a folder inside ``output`` for what is not finished.

    It is removed at the end. After an error it stays when a candidate has left weights in it, and else nothing
    stays of what was made here.
    """
    made = [parent for parent in (output, *output.absolute().parents) if not parent.exists()]
    work = output.absolute() / UNFINISHED  # trials have working directories of their own
    shutil.rmtree(work, ignore_errors=True)
    try:
        work.mkdir(parents=True)
    except OSError as error:
        raise ConfigError([f"output_directory: cannot make {work}: {error.strerror}"]) from error
    try:
        yield work
    except BaseException:
        if not list(work.glob(f"*/{FIT_INFO_FILE}")):
            shutil.rmtree(work, ignore_errors=True)
            _remove_empty(made)
        raise
    shutil.rmtree(work, ignore_errors=True)


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return


def deliver(work: Path, output: Path) -> None:
    """Put what is in ``work`` in place of the results of an earlier run."""
    for name in (FINAL_MODEL_FILE, RESULTS_FILE, CONFIG_FILE):
        os.replace(work / name, output / name)
    for old in output.glob("submodel_*"):
        shutil.rmtree(old, ignore_errors=True)
    for folder in sorted(work.glob("submodel_*")):
        os.replace(folder, output / folder.name)
