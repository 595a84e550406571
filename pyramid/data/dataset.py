"""Examples and what became of their pictures -> what the trials learn from, in plain data."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.data.boxes import Boxes, box_targets, learnable, rarest_classes
from pyramid.data.examples import Examples
from pyramid.data.same_files import joined
from pyramid.data.split import TINY, sample, split
from pyramid.errors import DataError
from pyramid.settings.objectives import BOUNDING_BOX, CATEGORICAL, NUMERIC
from pyramid.settings.train import TrainSettings

FloatArray = npt.NDArray[np.float32]


@dataclass
class Dataset:
    """Labels or boxes, weights and the split; row i belongs to picture i of the decoded array.

    Attributes:
        targets: float32 [rows]: the index of the class, or the value in its own unit; or float32 [rows, most, 5]: boxes
            x1, y1, x2, y2 in pixels of the network's input and the index of their class, -1 where there is none.
        weights: float32 [rows], scaled so that the training rows average 1.
        training: int64: the rows to train on.
        holdout: int64: the rows to validate on.
        classes: the sorted class names; empty for a numeric objective.
        mean, stdev: moments of the training values; 0 and 1 for any other objective.
        sides: float32 [rows]: for boxes the longer side of each original picture in pixels, else empty.
    """

    targets: FloatArray
    weights: FloatArray
    training: npt.NDArray[np.int64]
    holdout: npt.NDArray[np.int64]
    classes: list[str]
    mean: float
    stdev: float
    sides: FloatArray = field(default_factory=lambda: np.empty(0, np.float32))

    @property
    def strata(self) -> FloatArray:
        """float32 [rows]: what batches are balanced by: the target; of boxes the rarest class in the picture."""
        return rarest_classes(self.targets, len(self.classes)) if self.targets.ndim > 1 else self.targets

    def scaled(self, factor: float) -> "Dataset":
        """The same, with boxes for a network whose input is ``factor`` times as wide."""
        if self.targets.ndim == 1 or factor == 1:
            return self
        return replace(self, targets=self.targets * np.array([factor] * 4 + [1], np.float32))

    def box_sizes(self) -> npt.NDArray[np.float64]:
        """Width and height in pixels of the network's input of every box to train on, [boxes, 2]."""
        boxes = self.targets[self.training].reshape(-1, 5).astype(np.float64)
        boxes = boxes[boxes[:, 4] >= 0]
        return boxes[:, 2:4] - boxes[:, :2]


@dataclass
class Summary:
    """What the report tells of the data; plain data.

    Attributes:
        classes: name -> pictures or, for an objective of boxes, boxes that have it.
        boxes_left_out: reason -> boxes that cannot be learned for it.
        boxes_told: file, box and reason of the first thousand of these.
        duplicates: what `data.duplicates.Duplicates` has.
        sizes: `width` and `height` of the original pictures that are used: the least, the median and the most pixels.
    """

    objective: str
    rows: int
    training_rows: int
    holdout_rows: int
    classes: dict[str, int]
    value_range: list[float]
    bad_images: list[dict[str, str]]
    notes: list[str]
    boxes_left_out: dict[str, int] = field(default_factory=dict)
    boxes_told: list[dict[str, Any]] = field(default_factory=list)
    duplicates: dict[str, Any] = field(default_factory=dict)
    sizes: dict[str, list[float]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def make_dataset(
    settings: TrainSettings,
    examples: Examples,
    bad: dict[int, str],
    sizes: npt.NDArray[np.int32],
    shape: Sequence[int],
) -> tuple[Dataset, Summary]:
    """Leave out the rows in ``bad`` (row -> reason), split the rest, and sum it up.

    Args:
        sizes: width and height of each original picture in pixels, int32 [rows, 2]; 0 for a bad one.
        shape: of the network's input.

    Raises:
        DataError: bad rows with `on_bad_image: fail`, bad boxes with `strict_boxes`, or nothing to learn is left.
    """
    good = np.array([i for i in range(len(examples.files)) if i not in bad], np.int64)
    detects = examples.objective == BOUNDING_BOX
    boxes = learnable(examples.labels, examples.files, sizes, settings.strict_boxes) if detects else None
    labels: list[Any] = boxes.rows if boxes else examples.labels
    box_notes = boxes.notes() if boxes else []
    _check_left(settings, examples, labels, bad, good, box_notes)
    notes = [*examples.notes, *settings.warnings(examples.objective), *box_notes]
    classes = _classes(labels, good, examples.objective)
    targets = box_targets(boxes.rows, classes, sizes, shape[0]) if boxes else _targets(labels, classes)
    strata = rarest_classes(targets, len(classes)) if boxes else targets
    training, holdout = _sides(settings, examples, strata, good, notes)
    weights = np.asarray(examples.weights, np.float32)
    mean_weight = float(weights[training].mean(dtype=np.float64))
    if mean_weight == 0:
        raise DataError(["training_data: every training row that can be read has weight 0"])
    if detects and not (strata[training][weights[training] > 0] >= 0).any():
        raise DataError(["training_data: every training picture with a box has weight 0"])
    mean, stdev = (0.0, 1.0) if classes else _moments(targets[training])
    notes.extend(_absent_classes(classes, targets, training))
    sides = sizes.max(axis=1).astype(np.float32) if boxes else np.empty(0, np.float32)
    weights /= np.float32(mean_weight)
    dataset = Dataset(targets, weights, training, holdout, classes, mean, stdev, sides)
    summary = _summary(examples, bad, good, boxes, dataset, notes)
    return dataset, replace(summary, sizes=_sizes(sizes[good]))


def _classes(labels: list[Any], good: npt.NDArray[np.int64], objective: str) -> list[str]:
    if objective == BOUNDING_BOX:
        return sorted({box[4] for i in good for box in labels[i]})
    return sorted({str(labels[i]) for i in good}) if objective == CATEGORICAL else []


def _check_left(
    settings: TrainSettings,
    examples: Examples,
    labels: list[Any],
    bad: dict[int, str],
    good: npt.NDArray[np.int64],
    notes: list[str],
) -> None:
    listed = [f"{examples.files[i]}: {reason}" for i, reason in sorted(bad.items())]
    if bad and settings.on_bad_image == "fail":
        raise DataError([*listed, "on_bad_image is fail: mend these files or set it to skip"])
    left = [labels[i] for i in good if i < len(examples.files) - examples.validation_rows]
    if not left:
        raise DataError(["training_data: no picture can be read:", *listed])
    if examples.objective == BOUNDING_BOX:
        if not any(left):
            raise DataError(
                ["training_data: no picture that can be read has a box that can be learned", *notes, *listed]
            )
    elif len(set(left)) == 1:
        raise DataError([f"training_data: every picture that can be read has the label {left[0]!r}:", *listed])


def _sides(
    settings: TrainSettings,
    examples: Examples,
    strata: FloatArray,
    good: npt.NDArray[np.int64],
    notes: list[str],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    first_validation = len(examples.files) - examples.validation_rows
    training, validation = good[good < first_validation], good[good >= first_validation]
    if len(validation):
        both = {examples.files[i] for i in training} & {examples.files[i] for i in validation}
        if both:
            notes.append(f"WARNING: {len(both):,} pictures are trained on and validated on: the metrics are too good")
        return training, validation
    if examples.validation_rows:
        raise DataError(["validation_data: no picture can be read"])
    labels = strata[training].tolist()
    stratified, detects = examples.objective != NUMERIC, examples.objective == BOUNDING_BOX
    reason = _why_no_holdout(settings, len(training))
    if not reason:
        groups = joined([examples.files[i] for i in training], [examples.groups[i] for i in training])
        inner = split(labels, groups, settings.holdout_rate, settings.holdout_set_size, stratified, settings.seed)
        if len(inner[1]) and not (detects and (strata[training[inner[0]]] < 0).all()):
            return training[inner[0]], training[inner[1]]
        reason = "every class has one picture only"
        if len(set(groups)) == 1:
            reason = "every row is of one group"
        elif len(inner[1]):
            reason = "all boxes are in pictures of one group"
    notes.append(f"WARNING: {reason}: the metrics are those of training pictures and say nothing about new ones")
    return training, training[sample(labels, settings.holdout_set_size, stratified, settings.seed)]


def _why_no_holdout(settings: TrainSettings, rows: int) -> str:
    if settings.cheat_on_validation:
        return "cheat_on_validation is on"
    if settings.holdout_rate == 0:
        return "holdout_rate is 0"
    return f"with {TINY} pictures or fewer ({rows}) training data is validation data" if rows <= TINY else ""


def _targets(labels: list[Any], classes: list[str]) -> FloatArray:
    if not classes:
        return np.asarray(labels, np.float32)
    index = {name: i for i, name in enumerate(classes)}
    return np.array([index.get(str(label), -1) for label in labels], np.float32)


def _moments(values: FloatArray) -> tuple[float, float]:
    stdev = float(np.std(values, dtype=np.float64))
    return float(np.mean(values, dtype=np.float64)), stdev if stdev > 0 else 1.0


def _absent_classes(classes: list[str], targets: FloatArray, training: npt.NDArray[np.int64]) -> list[str]:
    present = set((targets[training][..., 4] if targets.ndim > 1 else targets[training]).ravel().tolist())
    absent = [name for i, name in enumerate(classes) if i not in present]
    more = f" and {len(absent) - 10:,} more" if len(absent) > 10 else ""
    listed = ", ".join(absent[:10]) + more
    return [f"WARNING: only the holdout has the classes {listed}: they cannot be learned"] if absent else []


def _sizes(sizes: npt.NDArray[np.int32]) -> dict[str, list[float]]:
    """Least, median and most of width and height, int32 [rows, 2]; empty where they are not known."""
    if not sizes.any():
        return {}
    found = [[float(f(side)) for f in (np.min, np.median, np.max)] for side in sizes.T]
    return dict(zip(("width", "height"), found, strict=True))


def _summary(
    examples: Examples,
    bad: dict[int, str],
    good: npt.NDArray[np.int64],
    boxes: Boxes | None,
    dataset: Dataset,
    notes: list[str],
) -> Summary:
    names = [box[4] for i in good for box in boxes.rows[i]] if boxes else [str(examples.labels[i]) for i in good]
    counts = Counter(names) if dataset.classes else Counter()
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
        boxes_left_out=dict(boxes.left_out) if boxes else {},
        boxes_told=boxes.told if boxes else [],
    )
