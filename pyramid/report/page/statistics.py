"""Figures of a classifier, from its probabilities alone."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass
class Calibration:
    """How often the predicted class is right, by the probability that it was given.

    Attributes:
        edges: of the bins [bins + 1], from 0 to 1.
        counts: rows in each bin.
        confidence, accuracy: means of each bin; not a number where it is empty.
        error: the expected calibration error: the mean of |accuracy - confidence| over all rows.
    """

    edges: Floats
    counts: Ints
    confidence: Floats
    accuracy: Floats
    error: float


def confusion(truth: Ints, predicted: Ints, classes: int) -> Ints:
    """[classes, classes]: rows of each true class by the class that was predicted."""
    return np.bincount(truth * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def most_confused(truth: Ints, predicted: Ints, classes: int, most: int) -> list[tuple[int, int, int]]:
    """(true class, predicted class, rows) of the pairs that are confused most often."""
    wrong = truth != predicted
    pairs, counts = np.unique(truth[wrong] * classes + predicted[wrong], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:most]
    return [(*divmod(int(pairs[i]), classes), int(counts[i])) for i in order]


def calibration(truth: Ints, probabilities: npt.NDArray[np.floating], bins: int = 15) -> Calibration:
    """The reliability diagram of the predicted class in bins of equal width, and the expected calibration error.

    Naeini, Cooper and Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015, for the
    error; Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", ICML 2017
    (https://arxiv.org/abs/1706.04599), for its use with the predicted class and 15 bins.

    Args:
        truth: class indices [rows].
        probabilities: [rows, classes].
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == truth
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)  # a bin is (low, high]
    counts = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        means = np.bincount(place, confidence, bins) / counts
        accuracy = np.bincount(place, right, bins) / counts
    error = float(np.nansum(np.abs(accuracy - means) * counts) / max(1, len(truth)))
    return Calibration(edges, counts, means, accuracy, error)


@dataclass
class Tradeoff:
    """What becomes of a class against all others as the probability that is asked for falls.

    Attributes:
        false: share of the others that are taken for the class, from 0 to 1.
        found: share of the class that is found (recall), from 0 to 1.
        precision: at each of them; at the first, where nothing is found, as at the second.
        area: under `found` over `false`.
        average: precision, each weighted by what it adds to `found`.
    """

    false: Floats
    found: Floats
    precision: Floats
    area: float
    average: float


def tradeoff(of_class: npt.NDArray[np.bool_], scores: npt.NDArray[np.floating]) -> Tradeoff:
    """The points of the ROC and the PR curve: one for each different score.

    Args:
        of_class: which rows are of the class [rows]; some are and some are not.
        scores: that were given to the class [rows].
    """
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.diff(scores[order]) != 0, True)  # of the rows with the same score
    hits = np.cumsum(of_class[order])[last]
    alarms = np.flatnonzero(last) + 1
    found, precision = hits / hits[-1], hits / alarms
    false = (alarms - hits) / (len(scores) - hits[-1])
    average = float(np.sum(np.diff(found, prepend=0.0) * precision))
    false, found = (np.concatenate([[0.0], values]) for values in (false, found))
    precision = np.concatenate([precision[:1], precision])
    return Tradeoff(false, found, precision, float(np.trapezoid(found, false)), average)


def likelihood_of_shares(truth: Ints) -> float:
    """The likelihood of giving each class its share of the rows in ``truth``: exp of their negative entropy."""
    counts = np.bincount(truth)
    shares = counts[counts > 0] / len(truth)
    return float(np.exp(np.sum(shares * np.log(shares))))
