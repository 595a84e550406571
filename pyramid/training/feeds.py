"""Where the training loop takes its batches from."""

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from pyramid.data.pipeline import Sampler
from pyramid.tf import tf

#: Row numbers of so many batches, at most, go to the device in one array; and of so few that the rows themselves take
#: no more bytes than these.
CHUNK, CHUNK_BYTES = 1024, 64 << 20


class Feed(Protocol):
    """Batches (inputs [b, …], targets [b, …], weights [b]) without end.

    Attributes:
        inputs: what they are like, for any number of rows.
    """

    @property
    def inputs(self) -> tf.TensorSpec: ...

    def take(self, steps: int) -> Iterator[tuple[Any, int]]:
        """What the next ``steps`` batches are made from, in arguments of a graph, with how many each is for.

        For 0 steps one argument, of which nothing is taken.
        """

    def ahead(self, source: Any, steps: tf.Tensor) -> Any:
        """One argument with what is better done for its ``steps`` batches together. Called in a graph before `batch`.

        It has a size that only the running graph knows, so that XLA must do without it.
        """

    def batch(self, source: Any, i: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Batch ``i`` of one argument. Called in a graph, each i after the one before."""


class Stream:
    """The batches of a tf.data pipeline."""

    def __init__(self, batches: tf.data.Dataset):
        """``batches``: (inputs, targets, weights), without end."""
        spec = batches.element_spec[0]
        self.inputs = tf.TensorSpec((None, *spec.shape[1:]), spec.dtype)
        self._batches = iter(batches)

    def take(self, steps: int) -> Iterator[tuple[Any, int]]:
        yield self._batches, steps

    def ahead(self, source: Any, steps: tf.Tensor) -> Any:
        return source

    def batch(self, source: Any, i: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        made: tuple[tf.Tensor, tf.Tensor, tf.Tensor] = next(source)
        return made


class Rows:
    """Batches of a table that lies on the device: only the numbers of their rows go there.

    With ``mixup`` each row is blended with the one before it in its batch, its target and its weight too (Zhang et
    al., "mixup: Beyond empirical risk minimization", 2018): its share is drawn from Beta(mixup, mixup), for each batch.
    """

    def __init__(
        self,
        inputs: npt.NDArray[np.float32],
        targets: npt.NDArray[np.float32],
        weights: npt.NDArray[np.float32],
        sampler: Sampler,
        mixup: float,
        seed: int,
    ):
        """
        Args:
            inputs: [rows, columns].
            targets: [rows, outputs] or [rows].
            weights: [rows].
            sampler: says which rows make up a batch.
        """
        self.inputs = tf.TensorSpec((None, inputs.shape[1]), tf.float32)
        self._table = [tf.constant(array) for array in (inputs, targets, weights)]
        self._sampler = sampler
        self._mixup = mixup
        self._seed = seed
        batch_bytes = sampler.batch_size * sum(array[0].nbytes for array in (inputs, targets, weights))
        self._chunk = max(1, min(CHUNK, CHUNK * 1024 // sampler.batch_size, CHUNK_BYTES // batch_bytes))
        self._taken = 0

    def go_to(self, number: int) -> None:
        """Take the batch of that number next."""
        self._taken = number

    def take(self, steps: int) -> Iterator[tuple[Any, int]]:
        for start in range(0, max(1, steps), self._chunk):
            some = min(self._chunk, steps - start)
            yield self._numbers(some), some
            self._taken += some

    def _numbers(self, steps: int) -> Any:
        """Rows int32 [chunk, b] and shares float32 [chunk], always of one shape: another would be compiled again."""
        rows = np.zeros((self._chunk, self._sampler.batch_size), np.int32)
        rows[:steps] = self._sampler.batches(self._taken, steps)
        shares = np.ones(self._chunk, np.float32)
        if self._mixup:
            shares[:steps] = self._shares(self._taken, steps)
        return tf.constant(rows), tf.constant(shares)

    def _shares(self, first: int, count: int) -> npt.NDArray[np.float64]:
        """Of ``count`` batches from number ``first`` on, whatever was asked for before."""
        blocks = range(first // CHUNK, (first + count) // CHUNK + 1)
        drawn = [np.random.default_rng([self._seed, 2, k]).beta(self._mixup, self._mixup, CHUNK) for k in blocks]
        return np.concatenate(drawn)[first % CHUNK :][:count]

    def ahead(self, source: Any, steps: tf.Tensor) -> Any:
        """Gather the rows of all batches at once: for a small network that takes as long as for one of them."""
        rows, shares = source
        return rows, shares, *(tf.gather(column, rows[:steps]) for column in self._table)

    def batch(self, source: Any, i: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        rows, shares, *gathered = source
        columns = [column[i] for column in gathered] or [tf.gather(column, rows[i]) for column in self._table]
        if self._mixup:
            share = shares[i]
            columns = [share * column + (1 - share) * tf.roll(column, 1, axis=0) for column in columns]
        inputs, targets, weights = columns
        return inputs, targets, weights
