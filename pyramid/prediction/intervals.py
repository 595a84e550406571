"""The metrics of an evaluation, and how far they hang on which rows it has: the bootstrap of Efron (1979)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.finalize.evaluation import Evaluation
from pyramid.prediction.resampled_map import found_of, padded, resampled_precisions
from pyramid.settings.metrics import METRICS
from pyramid.settings.objectives import BOUNDING_BOX
from pyramid.training.metrics import measure
from pyramid.training.resamples import counted, resampled

#: Resamples where nothing is said, and the least. Counts of rows in resamples take time: no more than so many.
MOST, MOST_OF_PICTURES_WITH_BOXES, LEAST, _CELLS = 1000, 200, 100, 20_000_000

#: The interval has this share of all resamples between its bounds.
COVERAGE = 0.95


@dataclass
class Measured:
    """The metrics of one model on some rows.

    Attributes:
        metrics: name -> `value`, `low` and `high`; None where one is not defined. Errors are negated.
        draws: name -> the metric of each resample [r], NaN where it is not defined.
        per_class: of a detector, see `detection.score.Scores`; else empty.
    """

    metrics: dict[str, dict[str, float | None]]
    draws: dict[str, npt.NDArray[np.float64]]
    per_class: dict[str, Any]


def resamples_for(evaluation: Evaluation) -> int:
    """How many resamples are drawn where nothing is said: 1,000; of boxes 200; fewer of very many rows."""
    most = MOST_OF_PICTURES_WITH_BOXES if evaluation.objective == BOUNDING_BOX else MOST
    return max(LEAST, min(most, _CELLS // max(1, len(evaluation))))


def measured(evaluation: Evaluation, resamples: int) -> Measured:
    """The metrics of ``evaluation``, which has a row at least; the same resamples for the same number of rows."""
    detects = evaluation.objective == BOUNDING_BOX
    values, draws, per_class = (_of_boxes if detects else _of_rows)(evaluation, resamples)
    metrics = {name: {"value": value, **interval(draws[name])} for name, value in values.items()}
    return Measured(metrics, draws, per_class)


def _of_rows(evaluation: Evaluation, resamples: int) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    names = METRICS[evaluation.objective]
    values = measure(names, evaluation.truth, evaluation.predicted)
    drawn = resampled(names, evaluation.truth, evaluation.predicted, resamples)
    return values, {name: np.array([one[name] for one in drawn], np.float64) for name in names}, {}


def _of_boxes(evaluation: Evaluation, resamples: int) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    from pyramid.training.detection.score import score

    scores = score(padded(evaluation.truth, 5), found_of(evaluation.predicted), evaluation.classes)
    counts = counted(len(evaluation), resamples)
    draws = resampled_precisions(evaluation.truth, evaluation.predicted, len(evaluation.classes), counts)
    return {"map_50": scores.map_50, "map": scores.map}, draws, scores.per_class


def interval(draws: npt.NDArray[np.float64]) -> dict[str, float | None]:
    """`low` and `high`: the percentiles of ``draws`` between which 95 % of them lie."""
    defined = draws[np.isfinite(draws)]
    if not len(defined):
        return {"low": None, "high": None}
    tail = 50 * (1 - COVERAGE)
    low, high = np.percentile(defined, [tail, 100 - tail])
    return {"low": float(low), "high": float(high)}
