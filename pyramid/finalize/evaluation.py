"""What a model predicts for rows that it has not learned from, beside the truth: what a report is made from."""

import itertools
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from pyramid.settings.objectives import BOUNDING_BOX, CATEGORICAL

EVALUATION_FILE = "evaluation.parquet"

_META = b"pyramid"
_CORNERS = ("x1", "y1", "x2", "y2")


@dataclass
class Evaluation:
    """Truth and predictions.

    Attributes:
        objective: CATEGORICAL, NUMERIC or BOUNDING_BOX.
        classes: their names, in the order of the probabilities; empty for a numeric objective.
        files: the picture of each row; empty for a table.
        truth: class indices or values [rows]; or of each picture its boxes, float32 [boxes, 5]: x1, y1, x2, y2 in
            pixels of the original picture, and the index of the class.
        predicted: probabilities [rows, classes], or values [rows] in the unit of ``truth``; or of each picture the
            objects that were found, float32 [objects, 6]: as in ``truth``, then the score.
    """

    objective: str
    classes: list[str]
    files: list[str]
    truth: Any
    predicted: Any

    def __len__(self) -> int:
        return len(self.truth)


def write_evaluation(path: Path, evaluation: Evaluation) -> None:
    """Write a Parquet file with the columns `file` (for pictures), `truth` and `predicted`, classes by their names.

    The order of the probabilities is the list `classes` of the JSON in the schema's metadata `pyramid`.
    """
    # A file's name may be no UTF-8, which a column of strings must be.
    files = [file.encode("utf-8", "backslashreplace").decode("utf-8") for file in evaluation.files]
    columns = {"file": pa.array(files, pa.string())} if files else {}
    columns |= {"truth": _truth(evaluation), "predicted": _predicted(evaluation)}
    meta = json.dumps({"objective": evaluation.objective, "classes": evaluation.classes})
    temporary = path.with_name(path.name + ".part")
    pq.write_table(pa.table(columns).replace_schema_metadata({_META: meta}), temporary, compression="zstd")
    os.replace(temporary, path)


def read_evaluation(path: Path) -> Evaluation | None:
    """What `write_evaluation` wrote; None when it is not there, or something else."""
    try:
        return _read(pq.read_table(path))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, pa.ArrowException):
        return None


def _read(table: Any) -> Evaluation:
    meta = json.loads((table.schema.metadata or {})[_META])
    objective, classes = meta["objective"], meta["classes"]
    files = table["file"].to_pylist() if "file" in table.column_names else []
    truth, predicted = table["truth"].combine_chunks(), table["predicted"].combine_chunks()
    index = {name: k for k, name in enumerate(classes)}
    if objective == BOUNDING_BOX:
        return Evaluation(objective, classes, files, _rows_of(truth, index), _rows_of(predicted, index))
    if objective == CATEGORICAL:
        probabilities = predicted.flatten().to_numpy(zero_copy_only=False).reshape(len(truth), len(classes))
        return Evaluation(objective, classes, files, np.array([index[n] for n in truth.to_pylist()]), probabilities)
    return Evaluation(objective, classes, files, truth.to_numpy(), predicted.to_numpy())


def _truth(evaluation: Evaluation) -> Any:
    if evaluation.objective == BOUNDING_BOX:
        return _boxes(evaluation.truth, evaluation.classes)
    if evaluation.objective == CATEGORICAL:
        return pa.array([evaluation.classes[int(k)] for k in evaluation.truth], pa.string())
    return pa.array(np.asarray(evaluation.truth, np.float64))


def _predicted(evaluation: Evaluation) -> Any:
    if evaluation.objective == BOUNDING_BOX:
        return _boxes(evaluation.predicted, evaluation.classes)
    if evaluation.objective == CATEGORICAL:
        probabilities = np.ascontiguousarray(evaluation.predicted, np.float32)
        return pa.FixedSizeListArray.from_arrays(pa.array(probabilities.ravel()), probabilities.shape[1])
    return pa.array(np.asarray(evaluation.predicted, np.float64))


def _boxes(rows: Sequence[npt.NDArray[np.float32]], classes: list[str]) -> Any:
    """A list of structs for each picture: corners, label and, of objects that were found, score."""
    flat = np.concatenate([*rows, np.empty((0, rows[0].shape[1] if len(rows) else 5), np.float32)])
    fields = {corner: pa.array(flat[:, i]) for i, corner in enumerate(_CORNERS)}
    fields["label"] = pa.array([classes[int(k)] for k in flat[:, 4]], pa.string())
    if flat.shape[1] > 5:
        fields["score"] = pa.array(flat[:, 5])
    structs = pa.StructArray.from_arrays(list(fields.values()), list(fields))
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), structs)


def _rows_of(column: Any, index: dict[str, int]) -> list[npt.NDArray[np.float32]]:
    """What `_boxes` was made from."""
    structs = column.flatten()
    names = [name for name in (*_CORNERS, "label", "score") if structs.type.get_field_index(name) >= 0]
    fields = [structs.field(name) for name in names]
    values = [
        np.array([index[label] for label in field.to_pylist()], np.float32) if name == "label" else field.to_numpy()
        for name, field in zip(names, fields, strict=True)
    ]
    flat = np.stack(values, axis=1) if len(structs) else np.empty((0, len(names)), np.float32)
    offsets = column.offsets.to_numpy()
    return [flat[a:b] for a, b in itertools.pairwise(offsets)]
