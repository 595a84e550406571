"""Decoded pictures -> batches: the one entry point for training."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.data.augment.augment import make_augment
from pyramid.data.augment.draws import WIDTH, draw
from pyramid.data.dataset import Dataset
from pyramid.tf import tf

Indices = npt.NDArray[np.int64]
Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


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

    def batch(self, k: int) -> tuple[Indices, Indices]:
        """The rows of batch ``k`` and the epoch of each: how often it was drawn before. Both int64 [batch_size]."""
        places = np.arange(k * self.batch_size, (k + 1) * self.batch_size)
        chosen, epochs = np.empty(self.batch_size, np.int64), np.empty(self.batch_size, np.int64)
        pool_of_place = places % len(self._pools)
        for pool in np.unique(pool_of_place):
            mine = pool_of_place == pool
            chosen[mine], epochs[mine] = self._draw(int(pool), places[mine] // len(self._pools))
        return chosen, epochs

    def _draw(self, pool: int, turns: Indices) -> tuple[Indices, Indices]:
        rows = self._pools[pool]
        epochs, within = np.divmod(turns, len(rows))
        chosen = np.empty(len(turns), np.int64)
        for epoch in np.unique(epochs):
            mine = epochs == epoch
            chosen[mine] = rows[self._order(pool, int(epoch))[within[mine]]]
        return chosen, epochs

    def _order(self, pool: int, epoch: int) -> Indices:
        known = self._orders.get(pool)
        if known is None or known[0] != epoch:
            rng = np.random.default_rng([self._seed, pool, epoch])
            known = (epoch, rng.permutation(len(self._pools[pool])))
            self._orders[pool] = known
        return known[1]


class BatchSource:
    """The batches of a training by their number: gathered, and augmented."""

    def __init__(
        self,
        pictures: Pixels,
        dataset: Dataset,
        batch_size: int,
        balance: bool,
        seed: int,
        augmentations: dict[str, float],
    ):
        """
        Args:
            pictures: uint8 [rows, h, w, 3]; may be shared memory or a memory-mapped file.
            balance: draw all classes equally often.
            augmentations: name -> strength.
        """
        training = dataset.training
        drawable = training[dataset.weights[training] > 0]
        self.batch_size = batch_size
        self.shape = pictures.shape[1:]
        self._pictures = pictures
        self._dataset = dataset
        self._seed = seed
        self._sampler = Sampler(drawable, batch_size, seed, dataset.targets[drawable] if balance else None)
        height, width, _ = self.shape
        self.augment = make_augment(augmentations, width, height) if augmentations else None

    def rows(self, k: int) -> Indices:
        """The rows of batch ``k``, int64 [b]."""
        return self._sampler.batch(k)[0]

    def gather(self, k: int, most: int | None = None) -> tuple[Pixels, Floats, Floats, Floats]:
        """Batch ``k`` as it was read: pictures, targets [b], weights [b], and random numbers for `augment`.

        Args:
            most: of its pictures, the first so many.
        """
        rows, epochs = (column[:most] for column in self._sampler.batch(k))
        draws = draw(self._seed, epochs, rows) if self.augment else np.zeros((len(rows), 0), np.float32)
        return self._pictures[rows], self._dataset.targets[rows], self._dataset.weights[rows], draws

    def batch(self, k: int) -> tuple[Pixels, Floats, Floats]:
        """Batch ``k`` as the network learns it: pictures uint8 [b, h, w, 3], targets [b], weights [b]."""
        pictures, targets, weights, draws = self.gather(k)
        if self.augment:
            pictures = self.augment(pictures, draws).numpy().astype(np.uint8)
        return pictures, targets, weights


def training_batches(source: BatchSource, first: int = 0, threads: int = 1) -> tf.data.Dataset:
    """The batches of ``source`` from number ``first`` on, without end, made while others are learned.

    Returns:
        pictures uint8 [b, h, w, 3], targets float32 [b], weights float32 [b].
    """
    augment = source.augment
    size = source.batch_size
    shapes = ((size, *source.shape), (size,), (size,), (size, WIDTH if augment else 0))

    def gather(k: tf.Tensor) -> tuple[tf.Tensor, ...]:
        types = [tf.uint8, tf.float32, tf.float32, tf.float32]
        found = tf.numpy_function(lambda k: source.gather(int(k)), [k], types)
        return tuple(tf.ensure_shape(tensor, shape) for tensor, shape in zip(found, shapes, strict=True))

    def change(pictures: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor, draws: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return tf.cast(augment(pictures, draws), tf.uint8) if augment else pictures, targets, weights

    gathered = tf.data.Dataset.range(first, 2**62).map(gather)
    return _prefetched(gathered.map(change, num_parallel_calls=threads if augment else None))


def streamed_batches(stream: Callable[[], Iterator[Any]], source: BatchSource) -> tf.data.Dataset:
    """Batches in the form of `training_batches`, from an iterator that makes them elsewhere."""
    pictures = tf.TensorSpec((source.batch_size, *source.shape), tf.uint8)
    numbers = tf.TensorSpec((source.batch_size,), tf.float32)
    return _prefetched(tf.data.Dataset.from_generator(stream, output_signature=(pictures, numbers, numbers)))


def _prefetched(batches: tf.data.Dataset) -> tf.data.Dataset:
    options = tf.data.Options()
    options.autotune.enabled = False  # its thread takes seconds to end, and the next candidate would wait for it
    return batches.prefetch(4).with_options(options)
