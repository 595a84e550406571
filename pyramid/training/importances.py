"""How much each input of a network matters: integrated gradients between the points of a reference set.

Sundararajan et al., "Axiomatic attribution for deep networks", 2017; with many baselines, "expected gradients", as in
Erion et al., 2021. The gradients and paths are shapsplain's.
"""

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.tf import tf

# shapsplain imports TensorFlow, so it comes after pyramid.tf.
from shapsplain.gradient import GradientExplainer  # isort: skip

Floats = npt.NDArray[np.floating]

#: Each class that is explained is a graph of its own, which takes some 30 ms to trace.
MOST_CLASSES = 16


def importances(model: Any, reference: npt.NDArray[np.float32], seed: int) -> Floats:
    """The share of each column in what ``model`` predicts, [columns]; their sum is 1, or 0 where nothing matters.

    For each point of the reference set, and the two classes that are most likely there, it is the absolute change that
    a column brings about on the way from the other points to that one.

    Args:
        model: a Keras model, float32 [b, columns] -> [b, outputs].
        reference: points that stand for the data, [points, columns].
    """
    fields = {str(i): {"index": i} for i in range(reference.shape[1])}
    explainer = GradientExplainer(model, reference, fields)
    sums = np.zeros(reference.shape[1])
    for i, outputs in enumerate(_explained(model(tf.constant(reference)).numpy())):
        rng = random.Random(seed + i)
        for output in outputs:
            sums += np.abs(explainer.point_shap(reference[i], output, rng)[0])
    total = sums.sum()
    return sums / total if np.isfinite(total) and total > 0 else np.zeros_like(sums)


def _explained(predicted: Floats) -> list[list[int]]:
    """The two largest outputs of each point [points, outputs], of those that are most often among them.

    shapsplain's own choice is the two smallest, whose gradients vanish where a network is sure.
    """
    largest = np.argsort(-predicted, axis=1, kind="stable")[:, :2]
    kept = np.argsort(-np.bincount(largest.ravel(), minlength=predicted.shape[1]), kind="stable")[:MOST_CLASSES]
    return [[int(output) for output in outputs if output in kept] for outputs in largest]


def of_inputs(
    columns: Floats, widths: Sequence[int], windows: Sequence[tuple[int, int]], shares: Sequence[Sequence[float]]
) -> list[float]:
    """The importance of each input, from that of the ``columns``; the sum stays.

    Args:
        columns: of tree columns, if there are any, then of the inputs.
        widths: how many columns each input takes.
        windows: of each forest, the first input column and the one after the last.
        shares: of each forest, how much each column of its window matters to it; they sum to 1.
    """
    inputs = sum(widths)
    trees, own = columns[: len(columns) - inputs], columns[len(columns) - inputs :].copy()
    for i, (start, end) in enumerate(windows if len(trees) else ()):
        outputs = len(trees) // len(windows)
        own[start:end] += trees[i * outputs : (i + 1) * outputs].sum() * np.asarray(shares[i])
    ends = np.cumsum(widths)
    return [float(own[end - width : end].sum()) for end, width in zip(ends, widths, strict=True)]
