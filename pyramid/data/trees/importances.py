"""How much each input column matters to the forests of a tree embedding."""

from typing import Any

import numpy as np

from pyramid.data.trees.forests import Forests
from pyramid.tf import tf  # noqa: F401 - chooses the legacy Keras

# shapsplain may import TensorFlow, so it comes after pyramid.tf.
from shapsplain.scikit import shap_importances  # isort: skip


def tree_importances(forests: Forests) -> list[list[float]]:
    """For each forest the share of each column of its window, by SHAP values; the shares sum to 1.

    A column that no tree splits on gets 0. Where no tree splits at all, or no split changes an output, the shares are
    equal.
    """
    return [_shares(forest, end - start) for (start, end), forest in zip(forests.windows, forests.forests, strict=True)]


def _shares(forest: Any, width: int) -> list[float]:
    fields = {str(column): {"name": str(column), "optype": "numeric"} for column in range(width)}
    split = any(tree.tree_.node_count > 1 for tree in forest.estimators_)
    found = dict(shap_importances(forest, fields, aggregate=True)) if split else {}
    shares = np.array([found.get(str(column), 0.0) for column in range(width)])
    if not shares.sum() > 0:  # NaN included: shapsplain divides by the sum
        return [1 / width] * width
    return [float(share) for share in shares / shares.sum()]
