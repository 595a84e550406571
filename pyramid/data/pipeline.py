"""Decoded pictures -> batches: the one entry point for training."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.data.dataset import Dataset
from pyramid.tf import tf

Indices = npt.NDArray[np.int64]


class Sampler:
    """Says which rows make up batch k, from (seed, k) alone: a resumed run continues as the unbroken one would.

    Rows are drawn without replacement: each once an epoch, in a new order every epoch. With ``classes``
    the classes take turns, and each goes through its own rows in this way.
    """

    def __init__(self, rows: Indices, batch_size: int, seed: int, classes: npt.NDArray[np.float32] | None = None):
        """``classes``: the class of each of ``rows``, to draw all classes equally often."""
        self.batch_size = batch_size
        self._seed = seed
        self._pools = [rows] if classes is None else [rows[classes == value] for value in np.unique(classes)]
        self._orders: dict[int, tuple[int, Indices]] = {}

    def batch(self, k: int) -> Indices:
        """The rows of batch ``k``, int64 [batch_size]."""
        places = np.arange(k * self.batch_size, (k + 1) * self.batch_size)
        chosen = np.empty(self.batch_size, np.int64)
        pool_of_place = places % len(self._pools)
        for pool in np.unique(pool_of_place):
            mine = pool_of_place == pool
            chosen[mine] = self._draw(int(pool), places[mine] // len(self._pools))
        return chosen

    def _draw(self, pool: int, turns: Indices) -> Indices:
        rows = self._pools[pool]
        epochs, within = np.divmod(turns, len(rows))
        chosen = np.empty(len(turns), np.int64)
        for epoch in np.unique(epochs):
            mine = epochs == epoch
            chosen[mine] = rows[self._order(pool, int(epoch))[within[mine]]]
        return chosen

    def _order(self, pool: int, epoch: int) -> Indices:
        known = self._orders.get(pool)
        if known is None or known[0] != epoch:
            rng = np.random.default_rng([self._seed, pool, epoch])
            known = (epoch, rng.permutation(len(self._pools[pool])))
            self._orders[pool] = known
        return known[1]


def training_batches(
    pictures: npt.NDArray[np.uint8], dataset: Dataset, batch_size: int, balance: bool, seed: int
) -> tf.data.Dataset:
    """Endless batches of (uint8 [b, h, w, 3], targets float32 [b], weights float32 [b]).

    ``pictures`` may be shared memory or a memory-mapped file: a batch is gathered from it on demand.
    """
    training = dataset.training
    drawable = training[dataset.weights[training] > 0]
    sampler = Sampler(drawable, batch_size, seed, dataset.targets[drawable] if balance else None)

    def fetch(k: npt.NDArray[np.int64]) -> tuple[npt.NDArray[Any], ...]:
        rows = sampler.batch(int(k))
        return pictures[rows], dataset.targets[rows], dataset.weights[rows]

    return _fetched(fetch, batch_size, pictures.shape[1:])


def _fetched(
    fetch: Callable[..., tuple[npt.NDArray[Any], ...]], batch_size: int, shape: tuple[int, ...]
) -> tf.data.Dataset:
    def load(k: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        images, targets, weights = tf.numpy_function(fetch, [k], [tf.uint8, tf.float32, tf.float32])
        return (
            tf.ensure_shape(images, (batch_size, *shape)),
            tf.ensure_shape(targets, (batch_size,)),
            tf.ensure_shape(weights, (batch_size,)),
        )

    options = tf.data.Options()
    options.autotune.enabled = False  # its thread takes seconds to end, and the next candidate would wait for it
    return tf.data.Dataset.range(2**62).map(load).prefetch(4).with_options(options)
