"""Decoded pictures -> batches: the one entry point for training."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.data.augment.augment import make_augment
from pyramid.data.augment.boxes import move_targets
from pyramid.data.augment.combine import combined_boxes, combining, make_combine, partners
from pyramid.data.augment.draws import draw
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
        return self._at(np.arange(k * self.batch_size, (k + 1) * self.batch_size))

    def batches(self, first: int, count: int) -> Indices:
        """The rows of ``count`` batches from number ``first`` on, int64 [count, batch_size]."""
        places = np.arange(first * self.batch_size, (first + count) * self.batch_size)
        return self._at(places)[0].reshape(count, self.batch_size)

    def _at(self, places: Indices) -> tuple[Indices, Indices]:
        """The rows, and the epoch of each, at ``places`` of all batches laid end to end."""
        chosen, epochs = np.empty(len(places), np.int64), np.empty(len(places), np.int64)
        pool_of_place = places % len(self._pools)
        for pool in np.unique(pool_of_place):
            mine = pool_of_place == pool
            chosen[mine], epochs[mine] = self._draw(int(pool), places[mine] // len(self._pools))
        return chosen, epochs

    def _draw(self, pool: int, turns: Indices) -> tuple[Indices, Indices]:
        rows = self._pools[pool]
        epochs, within = np.divmod(turns, len(rows))
        chosen = np.empty(len(turns), np.int64)
        starts = np.flatnonzero(np.diff(epochs, prepend=-1))  # turns grow, so an epoch's are together
        for start, end in zip(starts, [*starts[1:], len(turns)], strict=True):
            chosen[start:end] = rows[self._order(pool, int(epochs[start]))[within[start:end]]]
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
            pictures: uint8 [rows, h, w, 3]; may be shared memory or a memory-mapped file. Without augmentations,
                anything that has a shape and rows.
            balance: draw all classes equally often.
            augmentations: name -> strength.
        """
        training = dataset.training
        self._drawable = training[dataset.weights[training] > 0]
        self.batch_size = batch_size
        self.shape = pictures.shape[1:]
        self._pictures = pictures
        self._dataset = dataset
        self._seed = seed
        self._strengths = augmentations
        self._sampler = Sampler(self._drawable, batch_size, seed, dataset.strata[self._drawable] if balance else None)
        height, width = self.shape[:2] if augmentations else (0, 0)
        combines = combining(augmentations)
        alone = {name: n for name, n in augmentations.items() if name not in combines}
        self._combine = make_combine(combines, width, height) if combines else None
        self._augment = make_augment(alone, width, height) if alone else None
        of_picture = dataset.targets.shape[1:]
        # Compiled, because a graph may be optimised so that its sums round otherwise, and each place has another graph.
        self._move = tf.function(
            lambda targets, draws: move_targets(targets, draws, alone, width, height), jit_compile=True
        )
        self.target_shape = (combined_boxes(of_picture[0], combines), 5) if of_picture else ()

    @property
    def augments(self) -> bool:
        """Whether `change` does anything."""
        return bool(self._strengths)

    @property
    def combines(self) -> bool:
        """Whether a picture comes with others that it is combined with."""
        return self._combine is not None

    def of(self, inputs: Any) -> "BatchSource":
        """The same batches, of what ``inputs`` has in the place of the pictures."""
        made = copy.copy(self)
        made._pictures, made.shape = inputs, inputs.shape[1:]
        return made

    def rows(self, k: int) -> Indices:
        """The rows of batch ``k``, int64 [b]."""
        return self._sampler.batch(k)[0]

    def gather(self, k: int, most: int | None = None) -> tuple[Pixels, Floats, Floats, Floats]:
        """Batch ``k`` as it was read: pictures, targets, weights [b], and random numbers for `change`.

        Where pictures are combined, each comes with those that it is combined with: pictures [b, m, h, w, 3] and boxes
        [b, m, n, 5], its own first.

        Args:
            most: of its pictures, the first so many.
        """
        rows, epochs = (column[:most] for column in self._sampler.batch(k))
        draws = draw(self._seed, epochs, rows) if self.augments else np.zeros((len(rows), 0), np.float32)
        taken = rows
        if self._combine:
            taken = np.concatenate([rows[:, np.newaxis], partners(draws, self._strengths, self._drawable)], axis=1)
        pictures = self._pictures[taken.ravel()].reshape(*taken.shape, *self.shape)
        return pictures, self._dataset.targets[taken], self._dataset.weights[rows], draws

    def change(self, pictures: tf.Tensor, targets: tf.Tensor, draws: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Pictures uint8 [b, h, w, 3] and targets as the network learns them, from what `gather` gave."""
        if self._combine:
            pictures, targets = self._combine(pictures, targets, draws)
        if self._augment:
            pictures = tf.cast(self._augment(pictures, draws), tf.uint8)
            if self.target_shape:
                targets = self._move(targets, draws)
        return pictures, targets

    def batch(self, k: int) -> tuple[Pixels, Floats, Floats]:
        """Batch ``k`` as the network learns it: pictures uint8 [b, h, w, 3], targets, weights [b]."""
        pictures, targets, weights, draws = self.gather(k)
        changed = self.change(tf.constant(pictures), tf.constant(targets), tf.constant(draws))
        return changed[0].numpy(), changed[1].numpy(), weights


def training_batches(source: BatchSource, first: int = 0, threads: int = 1, ahead: int = 4) -> tf.data.Dataset:
    """The batches of ``source`` from number ``first`` on, without end, made while others are learned.

    Args:
        ahead: how many are made before they are asked for.

    Returns:
        pictures uint8 [b, h, w, 3], targets float32 [b] or [b, boxes, 5], weights float32 [b].
    """
    example = source.gather(0, 1)
    types = [array.dtype for array in example]

    def gather(k: tf.Tensor) -> tuple[tf.Tensor, ...]:
        found = tf.numpy_function(lambda k: source.gather(int(k)), [k], types)
        shapes = [(source.batch_size, *array.shape[1:]) for array in example]
        return tuple(tf.ensure_shape(tensor, shape) for tensor, shape in zip(found, shapes, strict=True))

    def change(pictures: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor, draws: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return *source.change(pictures, targets, draws), weights

    gathered = tf.data.Dataset.range(first, 2**62).map(gather)
    return _prefetched(gathered.map(change, num_parallel_calls=threads if source.augments else None), ahead)


def streamed_batches(stream: Callable[[], Iterator[Any]], source: BatchSource) -> tf.data.Dataset:
    """Batches in the form of `training_batches`, from an iterator that makes them elsewhere."""
    size = source.batch_size
    pictures = tf.TensorSpec((size, *source.shape), tf.uint8)
    targets = tf.TensorSpec((size, *source.target_shape), tf.float32)
    weights = tf.TensorSpec((size,), tf.float32)
    return _prefetched(tf.data.Dataset.from_generator(stream, output_signature=(pictures, targets, weights)), 4)


def _prefetched(batches: tf.data.Dataset, ahead: int) -> tf.data.Dataset:
    options = tf.data.Options()
    options.autotune.enabled = False  # its thread takes seconds to end, and the next candidate would wait for it
    options.experimental_optimization.inject_prefetch = False  # ``ahead`` says it all
    return (batches.prefetch(ahead) if ahead else batches).with_options(options)
