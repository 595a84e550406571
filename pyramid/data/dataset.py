"""Examples and what became of their pictures -> what the trials learn from, in plain data."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.data.examples import Examples
from pyramid.data.split import TINY, sample, split
from pyramid.errors import DataError
from pyramid.settings.objectives import CATEGORICAL
from pyramid.settings.train import TrainSettings

FloatArray = npt.NDArray[np.float32]


@dataclass
class Dataset:
    """Labels, weights and the split; row i belongs to picture i of the decoded array.

    Attributes:
        targets: float32 [rows]: the index of the class, or the value in its own unit.
        weights: float32 [rows], scaled so that the training rows average 1.
        training: int64: the rows to train on.
        holdout: int64: the rows to validate on.
        classes: the sorted class names; empty for a numeric objective.
        mean, stdev: moments of the training values; 0 and 1 for a categorical objective.
    """

    targets: FloatArray
    weights: FloatArray
    training: npt.NDArray[np.int64]
    holdout: npt.NDArray[np.int64]
    classes: list[str]
    mean: float
    stdev: float


@dataclass
class Summary:
    """What the report tells of the data; plain data."""

    objective: str
    rows: int
    training_rows: int
    holdout_rows: int
    classes: dict[str, int]
    value_range: list[float]
    bad_images: list[dict[str, str]]
    notes: list[str]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def make_dataset(settings: TrainSettings, examples: Examples, bad: dict[int, str]) -> tuple[Dataset, Summary]:
    """Leave out the rows in ``bad`` (row -> reason), split the rest, and sum it up.

    Raises:
        DataError: bad rows with `on_bad_image: fail`, or nothing to learn is left.
    """
    good = np.array([i for i in range(len(examples.files)) if i not in bad], np.int64)
    _check_left(settings, examples, bad, good)
    notes = [*examples.notes, *settings.warnings]
    training, holdout = _sides(settings, examples, good, notes)
    classes = sorted({str(examples.labels[i]) for i in good}) if examples.objective == CATEGORICAL else []
    targets = _targets(examples, classes)
    weights = np.asarray(examples.weights, np.float32)
    mean_weight = float(weights[training].mean())
    if mean_weight == 0:
        raise DataError(["training_data: every training row that can be read has weight 0"])
    mean, stdev = (0.0, 1.0) if classes else _moments(targets[training])
    notes.extend(_absent_classes(classes, targets, training))
    dataset = Dataset(targets, weights / np.float32(mean_weight), training, holdout, classes, mean, stdev)
    return dataset, _summary(examples, bad, good, dataset, notes)


def _check_left(settings: TrainSettings, examples: Examples, bad: dict[int, str], good: npt.NDArray[np.int64]) -> None:
    listed = [f"{examples.files[i]}: {reason}" for i, reason in sorted(bad.items())]
    if bad and settings.on_bad_image == "fail":
        raise DataError([*listed, "on_bad_image is fail: mend these files or set it to skip"])
    left = {examples.labels[i] for i in good if i < len(examples.files) - examples.validation_rows}
    if not left:
        raise DataError(["training_data: no picture can be read:", *listed])
    if len(left) == 1:
        raise DataError([f"training_data: every picture that can be read has the label {left.pop()!r}:", *listed])


def _sides(
    settings: TrainSettings, examples: Examples, good: npt.NDArray[np.int64], notes: list[str]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    first_validation = len(examples.files) - examples.validation_rows
    training, validation = good[good < first_validation], good[good >= first_validation]
    if len(validation):
        return training, validation
    if examples.validation_rows:
        raise DataError(["validation_data: no picture can be read"])
    labels = [examples.labels[i] for i in training]
    groups = [examples.groups[i] for i in training]
    stratified = examples.objective == CATEGORICAL
    reason = _why_no_holdout(settings, len(training))
    if not reason:
        inner = split(labels, groups, settings.holdout_rate, settings.holdout_set_size, stratified, settings.seed)
        if len(inner[1]):
            return training[inner[0]], training[inner[1]]
        reason = "every row is of one group" if len(set(groups)) == 1 else "every class has one picture only"
    notes.append(f"WARNING: {reason}: the metrics are those of training pictures and say nothing about new ones")
    return training, training[sample(labels, settings.holdout_set_size, stratified, settings.seed)]


def _why_no_holdout(settings: TrainSettings, rows: int) -> str:
    if settings.cheat_on_validation:
        return "cheat_on_validation is on"
    if settings.holdout_rate == 0:
        return "holdout_rate is 0"
    return f"with {TINY} pictures or fewer ({rows}) training data is validation data" if rows <= TINY else ""


def _targets(examples: Examples, classes: list[str]) -> FloatArray:
    if not classes:
        return np.asarray(examples.labels, np.float32)
    index = {name: i for i, name in enumerate(classes)}
    return np.array([index.get(str(label), -1) for label in examples.labels], np.float32)


def _moments(values: FloatArray) -> tuple[float, float]:
    stdev = float(np.std(values, dtype=np.float64))
    return float(np.mean(values, dtype=np.float64)), stdev if stdev > 0 else 1.0


def _absent_classes(classes: list[str], targets: FloatArray, training: npt.NDArray[np.int64]) -> list[str]:
    present = set(targets[training].tolist())
    absent = [name for i, name in enumerate(classes) if i not in present]
    return [f"WARNING: only the holdout has the classes {', '.join(absent)}: they cannot be learned"] if absent else []


def _summary(
    examples: Examples, bad: dict[int, str], good: npt.NDArray[np.int64], dataset: Dataset, notes: list[str]
) -> Summary:
    counts = Counter(str(examples.labels[i]) for i in good) if dataset.classes else Counter()
    values = [] if dataset.classes else [float(f(dataset.targets[good])) for f in (np.min, np.mean, np.max)]
    return Summary(
        objective=examples.objective,
        rows=len(examples.files),
        training_rows=len(dataset.training),
        holdout_rows=len(dataset.holdout),
        classes=dict(sorted(counts.items())),
        value_range=values,
        bad_images=[{"file": examples.files[i], "reason": reason} for i, reason in sorted(bad.items())],
        notes=notes,
    )
