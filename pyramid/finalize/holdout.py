"""The truth of the held out pictures, written before the trials, and the best candidate's predictions of them."""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pyramid.data.dataset import Dataset
from pyramid.finalize.evaluation import EVALUATION_FILE, Evaluation, write_evaluation
from pyramid.settings.objectives import BOUNDING_BOX, CATEGORICAL, NUMERIC
from pyramid.training.predicted import Arrays, read_predicted
from pyramid.training.storage import write_json

#: In the folder of a job that is not finished.
TRUTH_FILE = "holdout.json"


def write_truth(work: Path, files: list[str], dataset: Dataset, width: int) -> None:
    """Write the files and the truth of the rows that are held out.

    Args:
        files: of all rows.
        width: of the network's input, in whose pixels the boxes are.
    """
    rows = dataset.holdout
    if dataset.targets.ndim > 1:
        objective, truth = BOUNDING_BOX, _in_original_pixels(dataset, width)
    else:
        objective, truth = CATEGORICAL if dataset.classes else NUMERIC, dataset.targets[rows].tolist()
    known = {"objective": objective, "classes": dataset.classes, "rows": rows.tolist(), "truth": truth}
    write_json(work / TRUTH_FILE, known | {"files": [files[row] for row in rows]}, indent=None)


def _in_original_pixels(dataset: Dataset, width: int) -> list[list[list[float]]]:
    found = []
    for row in dataset.holdout:
        boxes = dataset.targets[row][dataset.targets[row][:, 4] >= 0].astype(np.float64)
        boxes[:, :4] *= dataset.sides[row] / width
        found.append(boxes.tolist())
    return found


def write_holdout(work: Path, folder: Path) -> None:
    """Write the evaluation of the candidate in ``folder``; without what it predicted nothing is written."""
    predicted = read_predicted(folder)
    if predicted is None or not (work / TRUTH_FILE).is_file():
        return
    known = json.loads((work / TRUTH_FILE).read_text(encoding="utf-8"))
    place = {row: i for i, row in enumerate(known["rows"])}
    order = [(k, place[row]) for k, row in enumerate(predicted["rows"].tolist()) if row in place]
    files, truth = ([known[key][i] for _, i in order] for key in ("files", "truth"))
    detects = known["objective"] == BOUNDING_BOX
    evaluation = Evaluation(
        known["objective"],
        known["classes"],
        files,
        [np.array(boxes, np.float32).reshape(-1, 5) for boxes in truth] if detects else np.array(truth),
        [objects(predicted, k) for k, _ in order] if detects else predicted["predicted"][[k for k, _ in order]],
    )
    write_evaluation(work / EVALUATION_FILE, evaluation)


def objects(predicted: Arrays, k: int) -> npt.NDArray[np.float32]:
    """What was found in picture ``k``, float32 [objects, 6]: x1, y1, x2, y2, class, score."""
    there = predicted["scores"][k] > 0
    parts = predicted["boxes"][k], predicted["names"][k][:, np.newaxis], predicted["scores"][k][:, np.newaxis]
    return np.concatenate(parts, axis=1)[there].astype(np.float32)
