"""Two models on the same rows: the paired bootstrap, and McNemar's test of accuracies."""

from typing import Any

import numpy as np
from scipy import stats

from pyramid.finalize.evaluation import Evaluation
from pyramid.prediction.intervals import Measured, interval
from pyramid.settings.objectives import CATEGORICAL


def compare(
    names: tuple[str, str], evaluations: tuple[Evaluation, Evaluation], both: tuple[Measured, Measured]
) -> dict[str, Any]:
    """What is told of two models, whose ``evaluations`` have the same rows in the same order.

    Args:
        names: of the models, for people.
        both: their metrics, on the same resamples.

    Returns:
        `models`: the names; `rows`, `resamples`; `metrics`: name -> `first`, `second`, `difference` (first - second;
        above 0 the first is better), `low` and `high` (of the difference's interval), `better` (the share of resamples
        in which the first is better; a tie counts half); for classes also `only_first_right` and `only_second_right`
        (rows that one of them alone has right) and `mcnemar_p_value`.
    """
    first, second = both
    metrics = {name: _difference(name, first, second) for name in first.metrics}
    resamples = len(next(iter(first.draws.values())))
    told = {"models": list(names), "rows": len(evaluations[0]), "resamples": resamples, "metrics": metrics}
    return told | (_mcnemar(*evaluations) if evaluations[0].objective == CATEGORICAL else {})


def _difference(name: str, first: Measured, second: Measured) -> dict[str, float | None]:
    one, other = first.metrics[name]["value"], second.metrics[name]["value"]
    differences = first.draws[name] - second.draws[name]
    differences = differences[np.isfinite(differences)]
    better = float(np.mean(differences > 0) + np.mean(differences == 0) / 2) if len(differences) else None
    told = {"first": one, "second": other, "difference": None if one is None or other is None else one - other}
    return told | interval(differences) | {"better": better}


def _mcnemar(first: Evaluation, second: Evaluation) -> dict[str, float]:
    """The exact test: of the rows that one model alone has right, is either model's share more than chance?"""
    right = [np.argmax(one.predicted, axis=1) == first.truth for one in (first, second)]
    only_first, only_second = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())
    differing = only_first + only_second
    p_value = float(stats.binomtest(only_first, differing).pvalue) if differing else 1.0
    return {"only_first_right": only_first, "only_second_right": only_second, "mcnemar_p_value": p_value}
