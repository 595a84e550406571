"""The folder that an evaluation is written to."""

import json
import os
from collections.abc import Callable
from pathlib import Path

from pyramid.data.remote import is_uri
from pyramid.data.scratch import scratch
from pyramid.errors import ConfigError
from pyramid.finalize.evaluation import EVALUATION_FILE, write_evaluation
from pyramid.finalize.workspace import REPORT_FILE
from pyramid.prediction.evaluate import Evaluated
from pyramid.training.storage import write_json

METRICS_FILE = "metrics.json"

_FILES = {EVALUATION_FILE, METRICS_FILE, REPORT_FILE}


def folder_for(model: Path, data: str, holdout: bool, output: str | None) -> Path:
    """Where the evaluation of ``model`` on ``data`` is written: by default a folder beside the model.

    Raises:
        ConfigError: something else is there, or it cannot be made.
    """
    folder = Path(output) if output else model.parent / _name(data, holdout)
    try:
        others = sorted(set(os.listdir(folder)) - _FILES) if folder.exists() else []
        ours = not folder.exists() or not os.listdir(folder) or (folder / METRICS_FILE).is_file()
    except OSError as error:
        raise ConfigError([f"output: {folder} is no folder that can be read: {error.strerror or error}"]) from error
    if others or not ours:
        rule = f"{folder} holds other files ({', '.join(others[:5]) or EVALUATION_FILE})"
        raise ConfigError([f"output: {rule}; name a folder of its own with --output"])
    if not output and (other := _another(folder, model, data)):
        raise ConfigError([f"output: {folder} holds the evaluation of {other}; name another folder with --output"])
    nearest = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    if not os.access(nearest, os.W_OK):
        raise ConfigError([f"output: cannot write to {nearest}; name another folder with --output"])
    return folder


def _name(data: str, holdout: bool) -> str:
    place = data.rstrip("/").split("/")[-1] if is_uri(data) else Path(os.path.abspath(data)).name
    return f"evaluation_of_{place or 'data'}{'_holdout' if holdout else ''}"


def _another(folder: Path, model: Path, data: str) -> str:
    """The model or the data of the evaluation that is in ``folder``, where they are others; else ""."""
    try:
        told = json.loads((folder / METRICS_FILE).read_bytes())
        known_model, known_data, root = (str(told.get(key, "")) for key in ("model", "data", "folder"))
    except (OSError, ValueError, AttributeError):
        return ""
    # The folder is beside the model, wherever both have been moved to.
    if known_model and Path(known_model).name != model.name:
        return known_model
    return known_data if known_data and _place(known_data, root) != _place(data, "") else ""


def _place(data: str, root: str) -> str:
    return data if is_uri(data) else os.path.realpath(os.path.join(root, data))


def write_folder(folder: Path, evaluated: Evaluated, page: Callable[[Path], None]) -> None:
    """Write `evaluation.parquet`, `metrics.json` and, by ``page``, `report.html`: all of them or none.

    Raises:
        ConfigError: there is no room, or nothing may be written there.
    """
    try:
        with scratch(folder) as work:
            write_json(work / METRICS_FILE, evaluated.told())
            write_evaluation(work / EVALUATION_FILE, evaluated.evaluation)
            page(work / REPORT_FILE)
            for name in (METRICS_FILE, EVALUATION_FILE, REPORT_FILE):  # the first one says that the folder is ours
                os.replace(work / name, folder / name)
    except OSError as error:
        raise ConfigError([f"output: {folder} cannot be written: {error.strerror or error}"]) from error
