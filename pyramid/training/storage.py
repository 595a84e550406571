"""A candidate's folder: its best weights so far and what is known of them. No file is ever half written."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from pyramid.training.candidate import FIT_INFO_FILE, WEIGHTS_FILE, Candidate, Fit, Result


def write_json(path: Path, value: Any, indent: int | None = 1) -> None:
    """Write ``value`` to a temporary name beside ``path``, then rename it."""
    temporary = path.with_name(path.name + ".part")
    text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    # A file's name may be no UTF-8; what it has instead of letters becomes an escape, which JSON knows.
    temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    os.replace(temporary, path)


def write_document(path: Path, document: dict[str, Any]) -> None:
    """Write a model's ``document``, whose weights may be arrays, as `write_json` would.

    Raises:
        ValueError: a number is NaN or infinite, which JSON has no word for.
    """
    _check_finite(document)
    temporary = path.with_name(path.name + ".part")
    temporary.write_bytes(orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY))
    os.replace(temporary, path)


def _check_finite(value: Any) -> None:
    if isinstance(value, dict | list | tuple):
        for inner in value.values() if isinstance(value, dict) else value:
            _check_finite(inner)
    elif isinstance(value, float | np.ndarray) and not np.isfinite(value).all():
        raise ValueError("a number of the model is not finite")


def save(folder: Path, model: Any, candidate: Fit, result: Result) -> None:
    """Write the weights of the Keras ``model`` and the fit info into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / ("part_" + WEIGHTS_FILE)  # Keras chooses the format by the ending
    model.save_weights(temporary)
    os.replace(temporary, folder / WEIGHTS_FILE)
    write_json(folder / FIT_INFO_FILE, {"candidate": candidate.to_dict(), "result": result.to_dict()})


def load_fit_info(folder: Path) -> tuple[Candidate, Result] | None:
    """What `save` wrote into ``folder`` of a candidate on pictures, or None when it never did."""
    try:
        info = json.loads((folder / FIT_INFO_FILE).read_text(encoding="utf-8"))
        return Candidate(**info["candidate"]), Result.from_dict(info["result"])
    except (OSError, ValueError, KeyError, TypeError):  # a network on a table has another candidate
        return None


def load_result(folder: Path) -> Result | None:
    """What is known of the last weights in ``folder``, of whatever candidate; None when nothing is."""
    try:
        return Result.from_dict(json.loads((folder / FIT_INFO_FILE).read_text(encoding="utf-8"))["result"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
