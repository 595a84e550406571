"""Data to evaluate a model of pictures on: whatever a training takes, with labels as the model has them."""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from pyramid.data.examples import Examples, read_examples
from pyramid.errors import ConfigError
from pyramid.prediction.document import Described
from pyramid.settings import load
from pyramid.settings.objectives import BOUNDING_BOX, CATEGORICAL, NUMERIC
from pyramid.settings.train import TrainSettings

_KINDS = {CATEGORICAL: "classes", NUMERIC: "values", BOUNDING_BOX: "boxes"}

#: Classes that are listed in a message.
_SHOWN = 10


@dataclass
class Truth:
    """Pictures whose labels are known.

    Attributes:
        labels: names of the model's classes, or values, or for each picture a list of (x1, y1, x2, y2, class).
        rows: the place of each file in ``examples``.
        strange: place in ``examples`` -> classes of the row, or of its boxes, that the model does not know, which were
            left out.
        settings, examples: what they come from, for the split of a training.
    """

    files: list[str]
    labels: list[Any]
    rows: list[int]
    strange: dict[int, list[str]]
    settings: TrainSettings
    examples: Examples

    @property
    def unknown(self) -> Counter[str]:
        """Class that the model does not know -> how many rows, or boxes, were left out for it."""
        return Counter(name for names in self.strange.values() for name in names)

    def only(self, rows: set[int]) -> "Truth":
        """The same for these places in ``examples`` alone."""
        kept = [i for i, row in enumerate(self.rows) if row in rows]
        files, labels = [self.files[i] for i in kept], [self.labels[i] for i in kept]
        places = [self.rows[i] for i in kept]
        strange = {row: names for row, names in self.strange.items() if row in rows}
        return Truth(files, labels, places, strange, self.settings, self.examples)


def config_in(data: str) -> dict[str, Any] | None:
    """The configuration that ``data`` is; None when it is something else."""
    if not data.lower().endswith(".json") or not os.path.isfile(data):
        return None
    try:
        document = orjson.loads(Path(data).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None  # whoever reads it as a table says what is wrong
    return document if isinstance(document, dict) and "training_data" in document else None


def read_truth(model: Described, data: str, image_root: str | None = None) -> Truth:
    """The pictures that ``data`` names: a training's configuration, or what `training_data` may be.

    Args:
        image_root: what files are relative to; by default as in a training.

    Raises:
        ConfigError: with every problem of the data; they are of another objective, or have none of the classes.
    """
    document = config_in(data)
    if document is not None and ("objective" in document or "info_list" in document):
        rule = f"{data} is the configuration of a search on a table, but {model.path} takes pictures"
        raise ConfigError([f"data: {rule}; name pictures with labels"])
    settings, examples = _read(model, data, document, image_root)
    rows, labels, strange = [], [], dict[int, list[str]]()
    for row, label in enumerate(examples.labels):
        named = [box[4] for box in label] if model.objective == BOUNDING_BOX else [label]
        unknown = [] if model.objective == NUMERIC else [name for name in named if name not in model.classes]
        if unknown:
            strange[row] = unknown
        if model.objective == BOUNDING_BOX:
            label = [box for box in label if box[4] in model.classes]
        if model.objective == BOUNDING_BOX or not unknown:
            rows.append(row)
            labels.append(label)
    truth = Truth([examples.files[row] for row in rows], labels, rows, strange, settings, examples)
    if strange and not (any(labels) if model.objective == BOUNDING_BOX else labels):
        raise ConfigError([f"data: {unknown_classes(model, data, truth.unknown)}"])
    return truth


def unknown_classes(model: Described, data: str, unknown: Counter[str]) -> str:
    """That ``data`` have none of the model's classes."""
    theirs, known = _listed([name for name, _ in unknown.most_common()]), _listed(model.classes)
    return f"none of the classes in {data} is one that the model knows: they are {theirs}; it knows {known}"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")


def _read(
    model: Described, data: str, document: dict[str, Any] | None, image_root: str | None
) -> tuple[TrainSettings, Examples]:
    given: dict[str, Any] = {"training_data": data, "allow_absolute_paths": True} if document is None else document
    # What they weigh is no matter here, and what a candidate must be neither.
    given = {key: value for key, value in given.items() if key not in ("class_weights", "loss_function")}
    given = {"output_directory": "."} | given  # which nothing is written to
    given |= {"objective_type": model.objective} | ({"image_root": image_root} if image_root else {})
    settings, problems = load.check(given)
    examples, more = read_examples(settings, learns=False)
    problems += more
    other = [problem for problem in problems if problem.startswith("objective_type: is ")]
    wrong = [problem for problem in problems if "must be a number for a numeric objective" in problem]
    if other or (wrong and model.objective == NUMERIC):
        found = "boxes" if model.objective != BOUNDING_BOX and other else "labels" if other else "classes"
        rule = f"{data} has {found}, but {model.path} predicts {_KINDS[model.objective]}"
        raise ConfigError([f"data: {rule}; name data of that kind", *wrong[:1]])
    if problems:
        raise ConfigError([problem.replace("training_data:", "data:", 1) for problem in problems])
    if not examples.files:
        raise ConfigError([f"data: {data} has no rows"])
    return settings, examples
