"""The metrics of `pyramid.training.metrics` for many resamples of the same rows at once.

A resample is told by how often it drew each row. Scores are then sorted once, not once for each resample, and
every metric is arithmetic on ``counts``, float64 [n, r]: how often each of n rows is in each of r resamples. The rows
come first because sums over them then run over contiguous memory.
"""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def _mean(values: Array, counts: Array) -> Array:
    """[n] -> [r]; every resample has as many draws as there are rows."""
    return values @ counts / len(values)


def likelihood(truth: Array, predicted: Array, counts: Array) -> Array:
    given = predicted[np.arange(len(truth)), truth.astype(int)]
    return np.exp(_mean(np.log(np.clip(given, 1e-15, 1.0)), counts))


def accuracy(truth: Array, predicted: Array, counts: Array) -> Array:
    return _mean((np.argmax(predicted, axis=1) == truth).astype(np.float64), counts)


def ndcg(truth: Array, predicted: Array, counts: Array) -> Array:
    """Classes of equal probability share the mean of the discounts of their places."""
    given = predicted[np.arange(len(truth)), truth.astype(int), np.newaxis]
    above, tied = (predicted > given).sum(axis=1), (predicted == given).sum(axis=1)
    discounts = np.cumsum([0.0, *1 / np.log2(np.arange(predicted.shape[1]) + 2)])
    return _mean((discounts[above + tied] - discounts[above]) / tied, counts)


def auc(truth: Array, predicted: Array, counts: Array) -> Array:
    return _mean_over_classes(_areas, truth, predicted, counts)


def max_phi(truth: Array, predicted: Array, counts: Array) -> Array:
    return _mean_over_classes(_best_phis, truth, predicted, counts)


def _areas(tp: Array, fp: Array) -> Array:
    """The trapezoids under the ROC curves, as shares of the rectangle: [r]."""
    widths, heights = np.diff(fp, axis=0), tp[1:] + tp[:-1]
    return np.einsum("gr,gr->r", widths, heights) / (2 * tp[-1] * fp[-1])


def _best_phis(tp: Array, fp: Array) -> Array:
    """The phi coefficients at the best thresholds: [r]; 0 where a threshold leaves one side empty."""
    positives, negatives, chosen = tp[-1], fp[-1], tp + fp
    below = np.sqrt(chosen * (positives + negatives - chosen) * (positives * negatives))
    difference = tp * negatives - fp * positives  # = tp·tn - fp·fn
    return np.divide(difference, below, out=np.zeros_like(below), where=below > 0).max(axis=0)


def _mean_over_classes(score: Callable[[Array, Array], Array], truth: Array, predicted: Array, counts: Array) -> Array:
    """``score``, averaged over the classes that some but not all draws of a resample have; NaN without any."""
    total, classes = np.zeros(counts.shape[1]), np.zeros(counts.shape[1])
    for tp, fp in _roc_curves(truth, predicted, counts):
        both = (tp[-1] > 0) & (fp[-1] > 0)
        with np.errstate(invalid="ignore"):
            total += np.where(both, score(tp, fp), 0.0)
        classes += both
    return np.divide(total, classes, out=np.full_like(total, np.nan), where=classes > 0)


def _roc_curves(truth: Array, predicted: Array, counts: Array) -> Iterator[tuple[Array, Array]]:
    """For each class that occurs, the true and the false positives as the threshold falls: [t, r] each.

    Thresholds between which only false positives are added lie on one line and are left out.
    """
    for k in range(predicted.shape[1]):
        positive = truth == k
        if not 0 < positive.sum() < len(truth):
            continue
        order, group, ends = _groups(-predicted[:, k])
        rises = np.isin(np.arange(len(ends)), group[positive])
        corners = ends[rises | np.append(rises[1:], True)]
        drawn = counts[order]
        chosen = _cumulated(drawn, corners)
        drawn[~positive[order]] = 0.0
        tp = _cumulated(drawn, corners)
        yield tp, chosen - tp


def _groups(values: Array) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The rows by growing value [n], the group of equal values that each row is in [n], where the groups end [g]."""
    order = np.argsort(values)
    first = np.diff(values[order], prepend=-np.inf) > 0
    group = np.empty(len(values), np.intp)
    group[order] = np.cumsum(first) - 1
    return order, group, np.append(np.flatnonzero(first)[1:], len(values))


def _cumulated(drawn: Array, ends: npt.NDArray[np.intp]) -> Array:
    """[n, r] in order of value -> how many draws are before row 0 and before each of ``ends``: [ends + 1, r]."""
    sums = np.add.reduceat(drawn, np.concatenate([[0], ends[:-1]]), axis=0)
    return np.concatenate([np.zeros((1, drawn.shape[1])), np.cumsum(sums, axis=0)])


def r_squared(truth: Array, predicted: Array, counts: Array) -> Array:
    """As scikit-learn has it for a constant truth: 1 where every prediction is right, else 0."""
    if len(truth) < 2:
        return np.full(counts.shape[1], np.nan)
    residual = _mean(np.square(truth - predicted), counts)
    deviations = np.square(truth[:, np.newaxis] - _mean(truth, counts))
    variance = np.einsum("nr,nr->r", deviations, counts) / len(truth)
    drawn = counts > 0
    lowest = np.where(drawn, truth[:, np.newaxis], np.inf).min(axis=0)
    constant = lowest == np.where(drawn, truth[:, np.newaxis], -np.inf).max(axis=0)  # the variance may be rounded
    return 1 - np.divide(residual, variance, out=(residual > 0).astype(np.float64), where=~constant)


def mean_squared_error(truth: Array, predicted: Array, counts: Array) -> Array:
    return -_mean(np.square(truth - predicted), counts)


def mean_absolute_error(truth: Array, predicted: Array, counts: Array) -> Array:
    return -_mean(np.abs(truth - predicted), counts)


def median_absolute_error(truth: Array, predicted: Array, counts: Array) -> Array:
    """The draw in the middle, or the mean of the two there."""
    errors = np.abs(truth - predicted)
    order = np.argsort(errors)
    cumulated = np.cumsum(counts[order], axis=0)
    n = len(truth)
    lower, upper = ((cumulated <= place).sum(axis=0) for place in ((n - 1) // 2, n // 2))
    return -(errors[order][lower] + errors[order][upper]) / 2


def spearman(truth: Array, predicted: Array, counts: Array) -> Array:
    """Pearson's correlation of the ranks among the draws; NaN where either side is constant."""
    middle = (len(truth) + 1) / 2
    one, other = _ranks(truth, counts) - middle, _ranks(predicted, counts) - middle
    covariance, *variances = (
        np.einsum("nr,nr,nr->r", counts, a, b) for a, b in ((one, other), (one, one), (other, other))
    )
    below = np.sqrt(variances[0] * variances[1])
    return np.divide(covariance, below, out=np.full_like(below, np.nan), where=below > 0)


def _ranks(values: Array, counts: Array) -> Array:
    """The rank of each row's value among the draws of each resample, equal ones averaged: [n, r], from 1."""
    order, group, ends = _groups(values)
    cumulated = _cumulated(counts[order], ends)
    return ((cumulated[:-1] + cumulated[1:] + 1) / 2)[group]


#: name -> (truth [n], predicted [n, classes] or [n], counts [n, r]) -> the value for each resample [r]; NaN where
#: it is not defined. Each equals `pyramid.training.metrics.METRICS` of the rows as often as they were drawn.
RESAMPLED: dict[str, Callable[[Array, Array, Array], Array]] = {
    "likelihood": likelihood,
    "accuracy": accuracy,
    "auc": auc,
    "ndcg": ndcg,
    "max_phi": max_phi,
    "r_squared": r_squared,
    "mean_squared_error": mean_squared_error,
    "mean_absolute_error": mean_absolute_error,
    "median_absolute_error": median_absolute_error,
    "spearman": spearman,
}
