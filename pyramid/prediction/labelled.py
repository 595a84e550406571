"""Data whose labels are known, and what models predict for them."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from pyramid.data.boxes import learnable
from pyramid.data.tabular import arrow_columns
from pyramid.errors import ConfigError
from pyramid.finalize.evaluation import Evaluation
from pyramid.prediction.document import Described
from pyramid.prediction.inputs import is_table
from pyramid.prediction.job import Tell
from pyramid.prediction.predictions import Limits, Predictions, gathered
from pyramid.prediction.tables import Chunk, TableRows, numbers_of
from pyramid.prediction.truth import Truth, config_in, read_truth, unknown_classes
from pyramid.settings.boxes import LEAST_SCORE, MOST_OBJECTS
from pyramid.settings.objectives import BOUNDING_BOX, CATEGORICAL, NUMERIC

#: What mAP is measured on, as in a training: it asks for weak objects, too.
_WEAK = Limits(score=LEAST_SCORE, most=MOST_OBJECTS)


@dataclass(frozen=True)
class Asked:
    """What is evaluated, on what.

    Attributes:
        model, data: paths.
        compare: the path of another model for the same rows, or "".
        holdout: of a configuration, only the rows that its training holds out.
        objective: the column of a table that is predicted; "" where the model's or the data's configuration says it.
        image_root: what files are relative to; by default as in a training.
        resamples: of the bootstrap; None for as many as `intervals.resamples_for` says.
    """

    model: str
    data: str
    compare: str = ""
    holdout: bool = False
    objective: str = ""
    image_root: str | None = None
    resamples: int | None = None
    batch_size: int | None = None


@dataclass
class Labelled:
    """What one model makes of the data.

    Attributes:
        places: of the rows of ``evaluation`` in the data.
        unknown: classes that the model does not know -> rows, or boxes, that were left out for it.
        unreadable: file or row -> why it could not be predicted.
        notes: what a person should know.
    """

    evaluation: Evaluation
    places: list[int]
    unknown: Counter[str]
    unreadable: dict[str, str]
    notes: list[str]


class Data(Protocol):
    """Rows with labels."""

    def of(self, model: Described, tell: Tell) -> Labelled:
        """What ``model`` makes of them."""
        ...


@contextmanager
def labelled(asked: Asked, model: Described) -> Iterator[Data]:
    """The data that are asked for, as ``model`` takes them.

    Raises:
        ConfigError, DataError: they are not there, or of another kind.
    """
    if model.pictures:
        yield _Pictures(asked, model)
        return
    with tempfile.TemporaryDirectory(prefix="pyramid-table-") as folder:
        yield _Table(asked, model, Path(folder))


class _Pictures:
    def __init__(self, asked: Asked, model: Described):
        self._asked = asked
        self._truth: Truth = read_truth(model, asked.data, asked.image_root)
        self._notes = list(self._truth.examples.notes)
        if asked.holdout:
            self._truth = self._truth.only(_held_out(self._truth, model))

    def of(self, model: Described, tell: Tell) -> Labelled:
        from pyramid.prediction.model import Model  # TensorFlow

        truth, detects = self._truth, model.objective == BOUNDING_BOX
        notes, limits = list(self._notes), Limits()
        if detects and model.document is None:
            notes.append("WARNING: a bundle tells of objects above a score of 0.5 alone: its mAP is too low")
        elif detects:
            limits = _WEAK
        batches = Model(model, limits).pictures(truth.files, self._asked.batch_size)
        made = gathered(_told(batches, len(truth.files), tell))
        good = [i for i, reason in enumerate(made.reasons) if not reason]
        labels: Any = [truth.labels[i] for i in good]
        files = [truth.files[i] for i in good]
        if detects:
            labels, more = _boxes(labels, files, made.sizes[good], model.classes)
            notes += more
        elif model.objective == CATEGORICAL:
            labels = np.array([model.classes.index(label) for label in labels], int)
        else:
            labels = np.array(labels, np.float64)
        predicted = [made.outputs[i] for i in good]
        outputs = predicted if detects else np.array(predicted).reshape(len(good), *made.outputs.shape[1:])
        unreadable = {truth.files[i]: reason for i, reason in enumerate(made.reasons) if reason}
        evaluation = Evaluation(model.objective, model.classes, files, labels, outputs)
        return Labelled(evaluation, good, truth.unknown, unreadable, notes)


def _told(batches: Iterator[Predictions], total: int, tell: Tell) -> Iterator[Predictions]:
    done = 0
    for part in batches:
        done += len(part)
        tell(done, total)
        yield part


def _boxes(
    labels: list[Any], files: list[str], sizes: npt.NDArray[np.int32], classes: list[str]
) -> tuple[list[npt.NDArray[np.float32]], list[str]]:
    """The true boxes as `Evaluation` has them: those that a training would learn; and what is told of the others."""
    boxes = learnable(labels, files, sizes, strict=False)
    index = {name: i for i, name in enumerate(classes)}
    rows = [[(*box[:4], index[box[4]]) for box in of_one] for of_one in boxes.rows]
    return [np.array(row, np.float32).reshape(-1, 5) for row in rows], boxes.notes()


def _held_out(truth: Truth, model: Described) -> set[int]:
    """The rows that the training of this configuration holds out: which pictures are bad decides, too."""
    from pyramid.data.dataset import make_dataset
    from pyramid.prediction.decoding import decoded  # TensorFlow

    files = truth.examples.files
    sizes, bad = np.zeros((len(files), 2), np.int32), dict[int, str]()
    done = 0
    for batch in decoded(files, model.look, 64):
        sizes[done : done + len(batch.files)] = batch.sizes
        bad |= {done + i: reason for i, reason in enumerate(batch.reasons) if reason}
        done += len(batch.files)
    shape = [model.look.width, model.look.height, 3] if model.look else [224, 224, 3]
    dataset, _ = make_dataset(truth.settings, truth.examples, bad, sizes, shape)
    return set(dataset.holdout.tolist())


class _Table:
    def __init__(self, asked: Asked, model: Described, folder: Path):
        config = config_in(asked.data)
        if config is not None and "objective" not in config and "info_list" not in config:
            rule = (
                f"{asked.data} is the configuration of a training on pictures, but {model.path} takes rows of a table"
            )
            raise ConfigError([f"data: {rule}; name a table"])
        if config is None and not is_table(asked.data):
            rule = "takes rows of a table (a CSV, TSV, Parquet, Arrow or JSON lines file)"
            raise ConfigError([f"data: {model.path} {rule}, but got {asked.data}"])
        self._asked, self._folder = asked, folder
        self._table = asked.data if config is None else str(config["training_data"])
        listed = (config or {}).get("info_list") or [{}]
        self._target = asked.objective or (config or {}).get("objective") or listed[-1].get("name") or model.target
        if not self._target:
            rule = "which column is predicted is told neither by the data nor beside the model"
            raise ConfigError([f"objective: {rule}; name it with --objective"])

    def of(self, model: Described, tell: Tell) -> Labelled:
        from pyramid.prediction.model import Model  # TensorFlow

        rows = TableRows(model, self._table, self._folder, self._target, self._asked.image_root)
        made, truth = [], []
        unknown: Counter[str] = Counter()
        done = 0
        for predictions, chunk in Model(model).rows(rows, self._asked.batch_size):
            made.append(predictions)
            truth.append(_truth(model, chunk, self._table, self._target, unknown))
            done += len(predictions)
            tell(done, 0)
        all_made = gathered(made)
        labels = np.concatenate(truth) if truth else np.empty(0)
        known = np.isfinite(labels) & (labels >= 0 if model.classes else True)
        if unknown and not known.any():
            raise ConfigError([f"data: {unknown_classes(model, self._table, unknown)}"])
        good = [i for i, reason in enumerate(all_made.reasons) if not reason and known[i]]
        missing = int((~known).sum()) - unknown.total()
        notes = [f"{missing:,} rows have no {self._target} and were left out"] if missing else []
        values = labels[good].astype(int) if model.classes else labels[good]
        evaluation = Evaluation(model.objective, model.classes, [], values, all_made.outputs[good])
        unreadable = {f"row {i + 1}": reason for i, reason in enumerate(all_made.reasons) if reason}
        return Labelled(evaluation, good, unknown, unreadable, notes)


def _truth(model: Described, chunk: Chunk, table: str, target: str, unknown: Counter[str]) -> npt.NDArray[np.float64]:
    """Class indices, -1 for a missing or unknown one, or values, NaN for a missing one: [rows]."""
    if model.objective == NUMERIC:
        values, unfit = numbers_of(chunk.target)
        for row, text in unfit.items():
            rule = f"row {chunk.first + row + 1:,} of {table} has {text!r} as its {target}"
            raise ConfigError([f"data: {rule}, but {model.path} predicts numbers"])
        return values
    places = arrow_columns.places(chunk.target, model.classes)
    pairs = zip(chunk.target.to_pylist(), places, strict=True)
    strange = [str(value) for value, place in pairs if place < 0 and value is not None]
    unknown.update(strange)
    return places
