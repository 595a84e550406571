"""What frozen layers make of each picture, computed once."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.tf import tf


class Features:
    """Features of pictures, float32 [rows, n]: those of a row are computed when it is first asked for.

    To be asked in the thread that trains: one of tf.data would wait for itself.
    """

    def __init__(self, extractor: Any, pictures: npt.NDArray[np.uint8], batch_size: int):
        """
        Args:
            extractor: a Keras model, float32 pixels [b, h, w, 3] -> [b, n].
            pictures: uint8 [rows, h, w, 3].
            batch_size: how many are computed at once.
        """
        self.shape = (len(pictures), int(extractor.output_shape[-1]))
        self._pictures = pictures
        self._batch_size = batch_size
        self._values = np.empty(self.shape, np.float32)
        self._known = np.zeros(len(pictures), bool)
        self._compute = tf.function(
            lambda pixels: extractor(tf.cast(pixels, tf.float32), training=False),
            input_signature=[tf.TensorSpec((None, *pictures.shape[1:]), tf.uint8)],
        )

    def __getitem__(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        self.fill([rows])
        return self._values[rows]

    def forget(self, rows: npt.NDArray[np.int64]) -> None:
        """Compute those of ``rows`` again when they are asked for."""
        self._known[rows] = False

    def fill(self, rows: Iterable[npt.NDArray[np.int64]]) -> None:
        """Compute those of ``rows`` that are not known yet."""
        wanted = np.unique(np.concatenate(list(rows)))
        missing = wanted[~self._known[wanted]]
        for start in range(0, len(missing), self._batch_size):
            part = missing[start : start + self._batch_size]
            self._values[part] = self._compute(self._pictures[part]).numpy()
            self._known[part] = True


def feature_bytes(extractor: Any, rows: int) -> int:
    """Bytes that the features of so many pictures take."""
    return 4 * rows * int(extractor.output_shape[-1])
