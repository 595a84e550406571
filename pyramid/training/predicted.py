"""What the best weights of a candidate on pictures predict for the holdout, kept in its folder."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.settings.objectives import BOUNDING_BOX
from pyramid.training.candidate import Candidate

PREDICTED_FILE = "holdout_predictions.npz"

Arrays = dict[str, npt.NDArray[Any]]


def in_own_unit(candidate: Candidate, predicted: Any) -> Arrays:
    """What a check found, as arrays [rows, …].

    Args:
        predicted: what the task of the ``candidate`` predicts.

    Returns:
        `predicted`: probabilities [rows, classes], or values [rows]; or `boxes`, `scores` and `names`, see
        `detection.detect.Objects`.
    """
    if candidate.objective == BOUNDING_BOX:
        return {name: np.asarray(values) for name, values in predicted.objects._asdict().items()}
    if candidate.categorical:
        return {"predicted": np.asarray(predicted, np.float32)}
    return {"predicted": np.asarray(predicted[:, 0] * candidate.stdev + candidate.mean, np.float64)}


def write_predicted(folder: Path, rows: npt.NDArray[np.int64], arrays: Arrays) -> None:
    """Write ``arrays`` [rows, …] for ``rows`` of the data."""
    temporary = folder / f"part_{PREDICTED_FILE}"  # numpy wants the ending
    np.savez_compressed(temporary, rows=rows, **arrays)  # type: ignore[arg-type]  # numpy's stub takes a flag for them
    os.replace(temporary, folder / PREDICTED_FILE)


def read_predicted(folder: Path) -> Arrays | None:
    """What was written, `rows` included; None when it is not there."""
    path = folder / PREDICTED_FILE
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as file:
        return dict(file)
