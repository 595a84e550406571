"""Rows -> examples: checked files, labels of one kind or boxes, weights and groups, in columns."""

import os
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pyramid.data.misfits import misfits
from pyramid.data.reach import unreachable
from pyramid.data.remote import below
from pyramid.data.sources import Source, read_source
from pyramid.settings.load import read_boxes
from pyramid.settings.objectives import BOUNDING_BOX, CATEGORICAL, LOSSES, NUMERIC, objective_of_loss
from pyramid.settings.train import TrainSettings


@dataclass
class Examples:
    """What there is to learn, in columns of equal length, the rows of `validation_data` last.

    Attributes:
        objective: CATEGORICAL, NUMERIC or BOUNDING_BOX.
        loss: the loss to minimise; "" for boxes.
        files: paths that can be opened.
        labels: str for a categorical objective, float for a numeric one, for boxes a list of (x1, y1, x2, y2, class).
        weights: how much each row counts in training, 0 or more.
        groups: rows of one group stay on one side of the split.
        validation_rows: how many of the last rows are `validation_data`.
        notes: decisions that the report tells.
    """

    objective: str
    loss: str
    files: list[str]
    labels: list[Any]
    weights: list[float]
    groups: list[str]
    validation_rows: int
    notes: list[str]


def read_examples(settings: TrainSettings, learns: bool = True) -> tuple[Examples, list[str]]:
    """The examples that ``settings`` names, and every problem in them.

    A missing `training_data` is no problem here: the settings have told of it.

    Args:
        learns: something is to be learned from them, so they must have more than one label.
    """
    sources = _sources(settings)
    problems = [problem for source in sources for problem in source.problems]
    rows = [
        (f"{source.name}[{row.get('place') or i}]", source, row)
        for source in sources
        for i, row in enumerate(source.rows)
    ]
    if problems or not rows:
        return Examples(CATEGORICAL, "", [], [], [], [], 0, []), problems
    files = [_file(place, source, row, settings.allow_absolute_paths, problems) for place, source, row in rows]
    if not problems:
        problems += unreachable(sources, files)
    weights = [_weight(place, row, problems) for place, _, row in rows]
    groups = [_group(file, row) for file, (_, _, row) in zip(files, rows, strict=True)]
    told = _boxes(rows, settings) if any(row.get("boxes") is not None for _, _, row in rows) else None
    objective, labels, notes, wrong_labels = told or _labels(settings, rows, all(source.text for source in sources))
    loss = settings.loss_function or LOSSES.get(objective, ("",))[0]
    if not wrong_labels:
        wrong_labels = [*_unwritable(labels, objective), *misfits(settings, objective, loss)]
        complete = all(row.get("place") is None for _, _, row in rows)
        wrong_labels += _nothing_to_learn(labels[: len(sources[0].rows)], objective) if complete and learns else []
    problems += wrong_labels
    weights = _weighted(settings, labels, weights, objective, problems)
    validation_rows = len(sources[1].rows) if len(sources) > 1 else 0
    notes = [note for source in sources for note in source.notes] + notes
    return Examples(objective, loss, files, labels, weights, groups, validation_rows, notes), problems


def _sources(settings: TrainSettings) -> list[Source]:
    """`training_data` and, if there is any, `validation_data`, or what a data set names for that itself."""
    if not settings.training_data:
        return []
    training = read_source("training_data", settings.training_data, settings.image_root)
    if settings.validation_data:
        return [training, read_source("validation_data", settings.validation_data, settings.image_root)]
    return [training, training.validation] if training.validation else [training]


def _boxes(
    rows: list[tuple[str, Source, dict[str, Any]]], settings: TrainSettings
) -> tuple[str, list[Any], list[str], list[str]]:
    """What `_labels` returns, for rows of which some have boxes."""
    problems = []
    for place, _, row in rows:
        if row.get("boxes") is None:
            problems.append(f"{place}: has no boxes, but other rows do; a picture without objects has an empty list")
        elif row.get("label") is not None:
            problems.append(f"{place}: must have either label or boxes, but has both")
    if settings.objective_type not in (None, BOUNDING_BOX):
        problems.append(f"objective_type: is {settings.objective_type}, but the rows have boxes; leave it out")
    if problems:
        return BOUNDING_BOX, [], [], problems
    read = [read_boxes(f"{place}.boxes", row["boxes"]) for place, _, row in rows]
    return BOUNDING_BOX, [boxes for boxes, _ in read], [], [problem for _, wrong in read for problem in wrong]


def _file(place: str, source: Source, row: dict[str, Any], absolute_allowed: bool, problems: list[str]) -> str:
    name = row.get("file")
    if not isinstance(name, str) or not name:
        problems.append(f"{place}.file: must be a path, but got {name!r}")
        return ""
    if source.remote:
        return _remote_file(place, source, name, problems)
    path = os.path.normpath(source.root / name)
    if not absolute_allowed:
        if os.path.isabs(name):
            problems.append(f"{place}.file: must be relative to image_root, but got {name}; {WAY_OUT}")
        elif os.path.relpath(path, source.root).split(os.sep)[0] == "..":
            problems.append(f"{place}.file: leads out of image_root ({source.root}): {name}; {WAY_OUT}")
    return path


def _remote_file(place: str, source: Source, name: str, problems: list[str]) -> str:
    """A name is not looked at as a URI: it could lead anywhere."""
    if os.path.isabs(name) or posixpath.normpath(name).split("/")[0] == "..":
        problems.append(
            f"{place}.file: must lie below image_root ({source.remote}), but got {name}; name a URI above it"
        )
    return below(source.remote, name)


WAY_OUT = "set image_root to a folder above it, or allow_absolute_paths to true"


def _weight(place: str, row: dict[str, Any], problems: list[str]) -> float:
    value = row.get("weight")
    weight = 1.0 if value is None else _finite(value)
    if weight is None or weight < 0:
        problems.append(f"{place}.weight: must be a number of 0 or more, but got {value!r}")
        return 1.0
    return weight


def _group(file: str, row: dict[str, Any]) -> str:
    """A picture that is named twice must not be on both sides of the split either."""
    group = row.get("group")
    return f"file {Path(file)}" if group is None else f"group {group}"


def _finite(value: Any) -> float | None:
    """The number that ``value`` is, or that its text says as a person would write it; None for any other."""
    if isinstance(value, bool) or not isinstance(value, int | float | str) or "_" in str(value):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) <= float(np.finfo(np.float32).max) else None  # NaN compares as false


def _labels(
    settings: TrainSettings, rows: list[tuple[str, Source, dict[str, Any]]], text: bool
) -> tuple[str, list[Any], list[str], list[str]]:
    """The objective, the labels in its type, notes, and problems."""
    if settings.objective_type == BOUNDING_BOX:
        return BOUNDING_BOX, [], [], ["objective_type: is bounding_box, but the rows have labels; leave it out"]
    raw = [(f"{place}.label", row.get("label")) for place, _, row in rows]
    problems = [
        f"{place}: must be a string or a finite number, but got {value!r}"
        for place, value in raw
        if not isinstance(value, str) and _finite(value) is None
    ]
    if problems:
        return CATEGORICAL, [], [], problems
    objective, notes = _objective(settings, raw, text, problems)
    if objective == CATEGORICAL:
        return objective, [str(value) for _, value in raw], notes, problems
    numbers = [_finite(value) for _, value in raw]
    problems += [
        f"{place}: must be a number for a numeric objective, but got {value!r}"
        for (place, value), number in zip(raw, numbers, strict=True)
        if number is None
    ]
    return objective, numbers, notes, problems


def _objective(
    settings: TrainSettings, raw: list[tuple[str, Any]], text: bool, problems: list[str]
) -> tuple[str, list[str]]:
    if settings.objective_type in (CATEGORICAL, NUMERIC):
        return str(settings.objective_type), []
    if text and all(_finite(value) is not None for _, value in raw):
        loss = settings.loss_function
        objective = objective_of_loss(loss) if loss else NUMERIC
        why = f"as loss_function {loss} says" if loss else "set objective_type to change that"
        return objective, [f"the labels are numbers in a text column and were taken as {objective}: {why}"]
    strings = [place for place, value in raw if isinstance(value, str)]
    numbers = [place for place, value in raw if not isinstance(value, str)]
    if strings and numbers:
        problems.append(
            f"training_data: labels must be all strings or all numbers, but {strings[0]} is a string and"
            f" {numbers[0]} a number; set objective_type to say which is meant"
        )
    return (CATEGORICAL if strings else NUMERIC), []


def _unwritable(labels: list[Any], objective: str) -> Iterator[str]:
    """Classes that no file could hold: a folder's name may be no UTF-8."""
    if objective != NUMERIC:
        names = {box[4] for boxes in labels for box in boxes} if objective == BOUNDING_BOX else set(labels)
        for name in sorted(names):
            if not name.isprintable() and name.encode(errors="ignore").decode() != name:
                yield f"training_data: the class {name!a} is no text that can be written; rename it"


def _nothing_to_learn(labels: list[Any], objective: str) -> Iterator[str]:
    if objective == BOUNDING_BOX:
        if not any(labels):
            yield "training_data: nothing to learn, no picture has a box"
    elif len(set(labels)) == 1:
        what = "class" if objective == CATEGORICAL else "value"
        yield f"training_data: nothing to learn, every label is the same {what}: {labels[0]!r}"


def _weighted(
    settings: TrainSettings, labels: list[Any], weights: list[float], objective: str, problems: list[str]
) -> list[float]:
    """Multiply class weights in; without a positive weight there is nothing to learn from."""
    if settings.class_weights and objective == CATEGORICAL and labels:
        known, factors = set(labels), dict(settings.class_weights)
        problems.extend(
            f"class_weights[{i}]: no row has the class {name!r}"
            for i, (name, _) in enumerate(settings.class_weights)
            if name not in known
        )
        weights = [weight * factors.get(label, 1.0) for label, weight in zip(labels, weights, strict=True)]
    if not any(weights):
        problems.append("training_data: every weight is 0; at least one must be above")
    return weights
