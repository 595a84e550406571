"""What the networks of a search are compared with: the truth of the rows that none of them has learned from."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pyramid.data.tabular.compared import read
from pyramid.data.tabular.names import EVALUATION
from pyramid.finalize.ensemble import Attempt
from pyramid.settings.columns import Table
from pyramid.settings.objectives import CATEGORICAL
from pyramid.training.table_data import class_or_value, open_array

Floats = npt.NDArray[np.floating]


def compared_truth(attempts: Sequence[Attempt], table: Table, folder: Path) -> Floats | None:
    """The truth of the compared rows; what the ``attempts`` predicted is cut to these rows.

    Args:
        folder: has the arrays of the caching.

    Returns:
        class indices or values in their own unit, [rows]; None when there is no evaluation set.
    """
    truth, compared = evaluation_truth(table, folder), read(folder)
    if truth is None or compared is None:
        return truth
    for attempt in attempts:
        if attempt.predicted is not None and len(attempt.predicted) == len(truth):
            attempt.predicted = attempt.predicted[compared.evaluation]
    return truth[compared.evaluation]


def evaluation_truth(table: Table, folder: Path) -> Floats | None:
    """That of the whole evaluation set in ``folder``; None when it is not there."""
    path = folder / EVALUATION
    if not os.path.isfile(path):
        return None
    rows = open_array(path)
    if table.objective.type == CATEGORICAL:
        return class_or_value(np.asarray(rows[:, -table.outputs :]))
    return np.asarray(rows[:, -1]) * table.moments[1]
