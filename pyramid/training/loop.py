"""The training loop: many steps of gradient descent in one call of a compiled graph."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.tf import tf

#: A batch's gradient longer than this is scaled down to it: one odd batch must not undo the rest.
GRADIENT_NORM = 10.0


class TrainingLoop:
    """Runs a model over an endless stream of batches, and over held out pictures."""

    def __init__(
        self,
        model: Any,
        optimizer: Any,
        loss: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
        batches: tf.data.Dataset,
    ):
        """
        Args:
            model: pixels [b, h, w, 3] -> (raw outputs [b, k], served outputs [b, k]).
            optimizer: a Keras optimizer.
            loss: (targets [b], raw outputs [b, k]) -> [b].
            batches: (uint8 [b, h, w, 3], targets [b], weights [b]), without end.
        """
        self.model = model
        self.iterations = 0
        self._optimizer = optimizer
        self._loss = loss
        self.feed(batches)
        _, height, width, channels = model.input_shape
        pixels = tf.TensorSpec((None, height, width, channels), tf.uint8)
        self._steps = tf.function(self._steps_in_graph, reduce_retracing=True)
        self._predict = tf.function(self._predict_in_graph, input_signature=[pixels])

    def feed(self, batches: tf.data.Dataset) -> None:
        """Learn from ``batches`` from now on."""
        self._batches = iter(batches)

    def run(self, steps: int) -> float:
        """Take ``steps`` steps; returns their mean loss, regularisation included: NaN or infinite when it diverged."""
        loss = float(self._steps(self._batches, tf.constant(steps)))
        self.iterations += steps
        return loss

    def seconds_per_step(self, steps: int = 5) -> float:
        """Take ``steps`` steps; returns the seconds of one."""
        began = time.perf_counter()
        self.run(steps)
        return (time.perf_counter() - began) / steps

    def predict(self, pictures: npt.NDArray[np.uint8], rows: npt.NDArray[np.int64], batch_size: int) -> Any:
        """The served outputs for ``pictures[rows]``, float32 [rows, k]."""
        parts = [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
        return np.concatenate([self._predict(pictures[part]).numpy() for part in parts])

    def _steps_in_graph(self, batches: Any, steps: tf.Tensor) -> tf.Tensor:
        total = tf.constant(0.0)
        for _ in tf.range(steps):
            total += self.step(*next(batches))
        return total / tf.cast(steps, tf.float32)

    def step(self, images: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """One step of descent on one batch, for use inside a graph; returns the loss."""
        with tf.GradientTape() as tape:
            raw, _ = self.model(tf.cast(images, tf.float32), training=True)
            loss = tf.reduce_mean(self._loss(targets, raw) * weights) + tf.add_n(self.model.losses or [0.0])
        variables = self.model.trainable_variables
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, variables), GRADIENT_NORM)
        self._optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return loss

    def _predict_in_graph(self, images: tf.Tensor) -> tf.Tensor:
        return self.model(tf.cast(images, tf.float32), training=False)[1]
