"""The output directory: results are made aside and put in place at the end, so that none is half written."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from pyramid.data.remote import RemoteError, is_uri, localized
from pyramid.data.tabular.names import ARRAYS
from pyramid.errors import ConfigError, PyramidError
from pyramid.finalize.journal import PLAN, entries
from pyramid.finalize.lock import LOCK_FILE, alone
from pyramid.finalize.store import Store
from pyramid.training.candidate import FIT_INFO_FILE

UNFINISHED = "unfinished"
FINAL_MODEL_FILE = "final_model.json"
RESULTS_FILE = "results.json"
CONFIG_FILE = "config.json"
REPORT_FILE = "report.html"

#: Of a search with pictures: the training of their network.
IMAGES = "images"

#: Of the trials' curves, a folder for each of them; and the runs of the job at a server of MLflow.
TENSORBOARD = "tensorboard"
MLFLOW_FILE = "mlflow.json"

#: Folders that a longer job goes on with.
KEPT = (ARRAYS, IMAGES, TENSORBOARD)


def check_output(output: str) -> list[str]:
    """Why nothing could be written to the folder or URI ``output``; nothing is left there."""
    try:
        output = localized(output)
        if is_uri(output):
            Store(output).check()
            return []
    except RemoteError as error:
        return [f"output_directory: {error}"]
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


def holds_unfinished(output: str) -> bool:
    """Whether a job that was killed has left networks in ``output``."""
    return bool(list((Path(output) / UNFINISHED).glob(f"*/{FIT_INFO_FILE}")))


@contextmanager
def workspace(output: Path, keep: bool = False) -> Iterator[Path]:
    """The absolute path of a folder inside ``output`` for what is not finished, for this process alone.

    It is removed at the end. After an error it stays when something in it is worth to go on with, which the error
    tells then; else nothing stays of what was made here.

    Args:
        keep: what an earlier run has left in it, whatever happens; the caller has the lock on it.

    Raises:
        ConfigError: another process is at work there, or the folder cannot be made.
    """
    made = [parent for parent in (output, *output.absolute().parents) if not parent.exists()]
    work = output.absolute() / UNFINISHED  # trials have working directories of their own
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError([f"output_directory: cannot make {work}: {error.strerror}"]) from error
    try:
        with nullcontext() if keep else alone(work):
            if not keep:
                _empty(work)
            with nullcontext() if keep else _kept_after_errors(work):
                yield work
            shutil.rmtree(work, ignore_errors=True)
    except BaseException:
        _remove_empty(made)
        raise


def _empty(work: Path) -> None:
    """Remove what an earlier run has left."""
    for path in work.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != LOCK_FILE:
            path.unlink(missing_ok=True)


@contextmanager
def _kept_after_errors(work: Path) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        text = _worth(work)
        if text and isinstance(error, PyramidError):
            error.add(text)
        elif text:
            error.add_note(text)
        else:
            shutil.rmtree(work, ignore_errors=True)
        raise


def _worth(work: Path) -> str:
    """What somebody can do with ``work`` after an error, in words; nothing when it is worth nothing."""
    output = work.parent
    if any(work.glob(f"*/{FIT_INFO_FILE}")):
        what, more = "the networks so far are", f", or write the model of them with --finalize {output}"
    elif any(work.glob(f"{IMAGES}/*/{FIT_INFO_FILE}")):
        what, more = "the network for pictures is", ""
    elif (work / ARRAYS).is_dir() and any(kind == PLAN for kind, _ in entries(work)):
        what, more = "the cached table is", ""
    else:
        return ""
    return f"{what} kept in {work}: go on with --resume {output} (and --max-total-time S for more time){more}"


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return
