"""A model's trees in operations that every runtime has; sensenet has one of its own, which only sensenet loads."""

from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.tf import tf


class PlainForest:
    """Of rows the mean of what the leaves hold that they end in, tree by tree."""

    def __init__(self, arrays: dict[str, npt.NDArray[Any]]):
        """``arrays`` are sensenet's, [trees, nodes], and `outputs` [trees, leaves, width]; a leaf splits by -1."""
        splits = arrays["split_indices"]
        trees, nodes = splits.shape
        leaf = splits < 0
        itself = np.broadcast_to(np.arange(nodes), splits.shape)
        start = np.arange(trees)[:, np.newaxis] * nodes
        self._starts = start[:, 0].astype(np.int32)
        self._column = np.maximum(splits, 0).ravel().astype(np.int32)
        self._value = arrays["split_values"].ravel().astype(np.float32)
        self._left = (start + np.where(leaf, itself, arrays["left"])).ravel().astype(np.int32)
        self._right = (start + np.where(leaf, itself, arrays["right"])).ravel().astype(np.int32)
        outputs = arrays["outputs"]
        first = np.arange(trees)[:, np.newaxis] * outputs.shape[1]
        self._leaf = (first + np.where(leaf, np.maximum(arrays["left"], 0), 0)).ravel().astype(np.int32)
        self._outputs = outputs.reshape(-1, outputs.shape[2]).astype(np.float32)
        self._depth = max(_depth(splits[t], arrays["left"][t], arrays["right"][t]) for t in range(trees))

    def __call__(self, points: Any) -> Any:
        """float32 [rows, columns] -> float32 [rows, width]."""
        flat = tf.reshape(points, [-1])
        row = tf.range(tf.shape(points)[0])[:, tf.newaxis] * points.shape[1]
        node = tf.zeros_like(row) + self._starts
        for _ in range(self._depth):
            value = tf.gather(flat, row + tf.gather(self._column, node))
            less = value <= tf.gather(self._value, node)
            node = tf.where(less, tf.gather(self._left, node), tf.gather(self._right, node))
        return tf.reduce_mean(tf.gather(self._outputs, tf.gather(self._leaf, node)), axis=1)


def _depth(splits: Any, left: Any, right: Any) -> int:
    """Steps from the root to the furthest leaf."""
    depth, here = 0, [0]
    while here := [int(side[node]) for node in here if splits[node] >= 0 for side in (left, right)]:
        depth += 1
    return depth
