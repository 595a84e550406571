"""Which of the trained models form the ensemble: places in the list of models, the best first."""

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import numpy.typing as npt

from pyramid.errors import ConfigError
from pyramid.settings.objectives import CATEGORICAL, NUMERIC

Array = npt.NDArray[np.floating]
Score = Callable[[Array], float | None]

#: Two means of the same models differ by rounding alone, and such a difference is not a better score.
_ROUNDING = 1e-12


def relative_values(evaluations: Sequence[Sequence[Mapping[str, float | None]]]) -> list[float]:
    """How good each model is among all of them, in (0, 1]: the order of the child-process contract.

    For each metric the values of all models and resamples are ranked together, equal ones at their average, and the
    ranks are divided by how many there are. A resample is worth the mean over the metrics, a model its worst resample.

    Args:
        evaluations: for each model and each of its resamples the metrics; higher is better. What is None, NaN or
            absent ranks lowest; a metric without any value is left out.

    Returns:
        a value for each model; 0 for one without a resample, and for all of them where no metric has any value.
    """
    flat = [metrics for resamples in evaluations for metrics in resamples]
    names = dict.fromkeys(name for metrics in flat for name in metrics)
    columns = [np.array([_or_lowest(metrics.get(name)) for metrics in flat]) for name in names]
    shares = [_average_ranks(column) / len(column) for column in columns if (column > -np.inf).any()]
    worth = np.mean(shares, axis=0) if shares else np.zeros(len(flat))
    parts = np.split(worth, np.cumsum([len(resamples) for resamples in evaluations])[:-1]) if evaluations else []
    return [float(part.min(initial=math.inf)) if len(part) else 0.0 for part in parts]


def by_rank(values: Sequence[float], fraction: float) -> list[int]:
    """The best ``fraction`` in [0, 1] of the models, half a model rounded up, at least one; of equals the first.

    Raises:
        ConfigError: ``fraction`` is not in [0, 1].
    """
    if not 0 <= fraction <= 1:
        raise ConfigError([f"model_fraction: must be from 0 to 1, got {fraction:g}"])
    exact = Decimal(str(fraction)) * len(values)  # as it was written: 0.29 of 50 is 14.5
    wanted = max(1, int(exact.to_integral_value(ROUND_HALF_UP)))
    return sorted(range(len(values)), key=lambda place: -values[place])[:wanted]


def greedy(predictions: Array, score: Score, rounds: int = 25) -> list[int]:
    """Forward selection with replacement of the models whose mean scores best.

    Caruana et al., "Ensemble selection from libraries of models" (2004): begin with the best model, then add in each
    round the one that, added to the mean, scores best. Of all beginnings of that sequence the best is kept, of equal
    ones the shortest, so that the ensemble never scores below its first member.

    Args:
        predictions: of all models, [models, rows, k]. A model with NaN or infinity among them is not chosen, unless
            every one has.
        score: a mean [rows, k] -> how good it is, higher is better; NaN or None is worst. The array is used again
            after the call.
        rounds: the most members.

    Returns:
        places of models in the order of selection; one that is there twice has twice the weight.

    Raises:
        ConfigError: ``rounds`` is below 1.
    """
    if rounds < 1:
        raise ConfigError([f"rounds: must be at least 1, got {rounds}"])
    usable = [place for place, predicted in enumerate(predictions) if np.isfinite(predicted).all()]
    if not usable:
        return [0] if len(predictions) else []
    total, mean = np.zeros(predictions.shape[1:]), np.empty(predictions.shape[1:])
    chosen: list[int] = []
    reached: list[float] = []
    for size in range(1, rounds + 1):
        scores = [_score_with(predictions[place], total, size, score, mean) for place in usable]
        best = int(np.argmax(scores))
        chosen.append(usable[best])
        reached.append(scores[best])
        total += predictions[usable[best]]
    return chosen[: _shortest_best(reached)]


def _score_with(predicted: Array, total: Array, size: int, score: Score, mean: Array) -> float:
    """The score of the mean of ``size`` models: those of ``total``, and ``predicted``. ``mean`` is written over."""
    np.add(total, predicted, out=mean)
    mean /= size
    return _or_lowest(score(mean))


def _shortest_best(scores: Sequence[float]) -> int:
    """The length of the shortest beginning that scores as the best one, rounding aside."""
    best = max(scores)
    return 1 + next(i for i, score in enumerate(scores) if math.isclose(score, best, rel_tol=_ROUNDING))


def _or_lowest(value: float | None) -> float:
    return -math.inf if value is None or math.isnan(value) else float(value)


def _average_ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Ranks from 1 by growing value; equal values share the mean of theirs."""
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(sizes) - (sizes - 1) / 2)[group]


def _mean_log_likelihood(truth: npt.ArrayLike) -> Callable[[Array], float]:
    """The mean logarithm of the probability of the true class, clipped as the metric `likelihood` is."""
    classes = np.asarray(truth).astype(np.intp)
    rows = np.arange(len(classes))

    def score(predicted: Array) -> float:
        return float(np.log(np.clip(predicted[rows, classes], 1e-15, 1.0)).mean())

    return score


def _negated_squared_error(truth: npt.ArrayLike) -> Callable[[Array], float]:
    values = np.asarray(truth, np.float64).reshape(-1, 1)

    def score(predicted: Array) -> float:
        return -float(np.square(predicted - values).mean())

    return score


#: objective -> (class indices or values [rows]) -> what `greedy` is to raise, a function of the mean [rows, k].
SCORES: dict[str, Callable[[npt.ArrayLike], Callable[[Array], float]]] = {
    CATEGORICAL: _mean_log_likelihood,
    NUMERIC: _negated_squared_error,
}
