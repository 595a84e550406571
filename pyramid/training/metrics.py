"""Names of metrics -> their values on a holdout; higher is better for each, so errors are negated."""

import warnings
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
from scipy import stats
from sklearn import metrics as sklearn_metrics

Array = npt.NDArray[np.floating]


def likelihood(truth: Array, predicted: Array) -> float:
    """exp(-log loss): the geometric mean of the probability that was given to the true class."""
    given = predicted[np.arange(len(truth)), truth.astype(int)]
    return float(np.exp(np.mean(np.log(np.clip(given, 1e-15, 1.0)))))


def accuracy(truth: Array, predicted: Array) -> float:
    return float(np.mean(np.argmax(predicted, axis=1) == truth))


def auc(truth: Array, predicted: Array) -> float:
    """Area under the ROC curve of each class against the rest, averaged over the classes that occur."""
    return _mean_over_classes(sklearn_metrics.roc_auc_score, truth, predicted)


def ndcg(truth: Array, predicted: Array) -> float:
    """Normalised discounted cumulative gain of the true class in the order of the probabilities."""
    if predicted.shape[1] < 2:  # scikit-learn refuses it, but the only class is always the first
        return 1.0
    one_hot = np.eye(predicted.shape[1])[truth.astype(int)]
    return float(sklearn_metrics.ndcg_score(one_hot, predicted))


def max_phi(truth: Array, predicted: Array) -> float:
    """The phi (Matthews) coefficient of each class at its best threshold, averaged over the classes that occur."""
    return _mean_over_classes(_best_phi, truth, predicted)


def _best_phi(positive: npt.NDArray[np.bool_], scores: Array) -> float:
    false_rate, true_rate, _ = sklearn_metrics.roc_curve(positive, scores, drop_intermediate=False)
    positives, negatives = positive.sum(), (~positive).sum()
    tp, fp = true_rate * positives, false_rate * negatives
    fn, tn = positives - tp, negatives - fp
    below = np.sqrt((tp + fp) * positives * negatives * (tn + fn))
    with np.errstate(invalid="ignore", divide="ignore"):
        phi = np.where(below > 0, (tp * tn - fp * fn) / below, 0.0)
    return float(phi.max())


def _mean_over_classes(score: Callable[[npt.NDArray[np.bool_], Array], float], truth: Array, predicted: Array) -> float:
    """A class that all or no examples have says nothing; without any other the mean is NaN."""
    positives = [truth == k for k in range(predicted.shape[1])]
    values = [
        score(positive, predicted[:, k]) for k, positive in enumerate(positives) if 0 < positive.sum() < len(truth)
    ]
    return float(np.mean(values)) if values else float("nan")


def r_squared(truth: Array, predicted: Array) -> float:
    return float(sklearn_metrics.r2_score(truth, predicted)) if len(truth) > 1 else float("nan")


def mean_squared_error(truth: Array, predicted: Array) -> float:
    return -float(np.mean(np.square(truth - predicted)))


def mean_absolute_error(truth: Array, predicted: Array) -> float:
    return -float(np.mean(np.abs(truth - predicted)))


def median_absolute_error(truth: Array, predicted: Array) -> float:
    return -float(np.median(np.abs(truth - predicted)))


def spearman(truth: Array, predicted: Array) -> float:
    """Rank correlation; NaN when either side is constant."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(stats.spearmanr(truth, predicted).statistic)


#: name -> (truth [n], predicted [n, classes] or [n]) -> value
METRICS: dict[str, Callable[[Array, Array], float]] = {
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


def measure(names: Iterable[str], truth: Array, predicted: Array) -> dict[str, float | None]:
    """The metrics ``names``; None for one that is not defined on these examples.

    Args:
        names: keys of METRICS.
        truth: class indices or values, [n].
        predicted: probabilities [n, classes], or values [n] in the same unit.
    """
    values = {name: METRICS[name](truth, predicted) for name in names}
    return {name: value if np.isfinite(value) else None for name, value in values.items()}
