"""From the folder with what is unfinished to the output directory: a process that is killed meanwhile loses nothing."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from pyramid.finalize.evaluation import EVALUATION_FILE
from pyramid.finalize.journal import JOURNAL_FILE
from pyramid.finalize.workspace import CONFIG_FILE, FINAL_MODEL_FILE, KEPT, MLFLOW_FILE, REPORT_FILE, RESULTS_FILE
from pyramid.training.candidate import SUBMODEL

#: Is among what is unfinished as long as a part of it is in the output directory.
DELIVERING = ".delivering"


def deliver(work: Path, output: Path) -> None:
    """Put what is in ``work`` in place of the results of an earlier run. After an error it is where it was."""
    try:
        _deliver(work, output)
    except BaseException:
        take_back(work, output)
        raise


def _deliver(work: Path, output: Path) -> None:
    """With the journal, the last, all is delivered."""
    for old in _parts(output):
        shutil.rmtree(old, ignore_errors=True)
    (output / MLFLOW_FILE).unlink(missing_ok=True)
    (work / DELIVERING).touch()
    for name in (FINAL_MODEL_FILE, RESULTS_FILE, CONFIG_FILE):
        os.replace(work / name, output / name)
    for path in _parts(work):
        os.replace(path, output / path.name)
    # Somebody may give it more time, or look at it.
    for name in (EVALUATION_FILE, REPORT_FILE, MLFLOW_FILE, JOURNAL_FILE):
        if (work / name).exists():
            os.replace(work / name, output / name)
        else:
            (output / name).unlink(missing_ok=True)
    (work / DELIVERING).unlink()


def take_back(work: Path, output: Path) -> None:
    """Bring to ``work`` what a process that was killed had delivered of it; the model stays delivered."""
    if not (work / DELIVERING).exists():
        return
    if (work / JOURNAL_FILE).exists():
        move(output, work)
    (work / DELIVERING).unlink()


def move(source: Path, target: Path) -> None:
    """Move what a job goes on with, its journal aside, unless it is in ``target``."""
    for path in [*_parts(source), source / MLFLOW_FILE]:
        if path.exists() and not (target / path.name).exists():
            os.replace(path, target / path.name)


def _parts(folder: Path) -> Iterator[Path]:
    """The folders of the candidates, and those that a longer job goes on with."""
    yield from sorted(folder.glob(f"{SUBMODEL}*"))
    yield from (folder / name for name in KEPT if (folder / name).is_dir())
