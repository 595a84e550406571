"""What an output directory tells."""

import json
from pathlib import Path
from typing import Any

from pyramid.errors import ConfigError
from pyramid.finalize.evaluation import EVALUATION_FILE, read_evaluation
from pyramid.finalize.journal import entries, root_of
from pyramid.finalize.workspace import CONFIG_FILE, FINAL_MODEL_FILE, RESULTS_FILE
from pyramid.report.page.contents import Contents


def contents_of(folder: Path) -> Contents:
    """What a page shows of a finished job of pyramid_train or pyramid_search with the output directory ``folder``.

    Raises:
        ConfigError: it is none.
    """
    results = _results(folder / RESULTS_FILE)
    told = list(entries(folder))
    model = folder / FINAL_MODEL_FILE
    evaluation = read_evaluation(folder / EVALUATION_FILE)
    notes = (
        [] if evaluation else [f"{EVALUATION_FILE} is not there or cannot be read: what is drawn from it is left out"]
    )
    return Contents(
        title=f"pyramid: {folder.absolute().name}",
        evaluation=evaluation,
        model=model if model.is_file() else None,
        results=results,
        config=_read(folder / CONFIG_FILE),
        entries=told,
        notes=notes,
        root=root_of(told),
    )


def _results(path: Path) -> dict[str, Any]:
    if not path.is_file():
        way = "name the output_directory of a pyramid_train or pyramid_search that has ended"
        raise ConfigError([f"{path.parent}: holds no {path.name}; {way}"])
    results = _read(path)
    if results is None or not all(key in results for key in ("data", "candidates", "selection_metric")):
        raise ConfigError(
            [f"{path}: is not what pyramid_train or pyramid_search writes; name the folder of another job"]
        )
    return results


def _read(path: Path) -> dict[str, Any] | None:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None
