"""The training loop: many steps of gradient descent in one call of a compiled graph."""

import time
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.tf import tf
from pyramid.training.tasks import Task

#: A batch's gradient longer than this is scaled down to it: one odd batch must not undo the rest.
GRADIENT_NORM = 10.0


class TrainingLoop:
    """Runs a model over an endless stream of batches, and over held out pictures."""

    def __init__(
        self,
        model: Any,
        optimizer: Any,
        task: Task,
        batches: tf.data.Dataset,
    ):
        """
        Args:
            model: pixels [b, h, w, 3] -> outputs that ``task`` understands.
            optimizer: a Keras optimizer.
            batches: (uint8 [b, h, w, 3], targets [b, …], weights [b]), without end.
        """
        self.model = model
        self.iterations = 0
        self._optimizer = optimizer
        self._task = task
        self.feed(batches)
        _, height, width, channels = model.input_shape
        pixels = tf.TensorSpec((None, height, width, channels), tf.uint8)
        self._steps = tf.function(self._steps_in_graph, reduce_retracing=True)
        columns = [tf.TensorSpec((None, *column.shape[1:]), column.dtype) for column in task.columns]
        self._predict = tf.function(self._predict_in_graph, input_signature=[pixels, *columns])

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
        """What the task predicts for ``pictures[rows]``, in arrays [rows, …]."""
        parts = [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
        predicted = [self._predict(pictures[part], *(column[part] for column in self._task.columns)) for part in parts]
        return tf.nest.map_structure(lambda *same: np.concatenate([part.numpy() for part in same]), *predicted)

    def _steps_in_graph(self, batches: Any, steps: tf.Tensor) -> tf.Tensor:
        total = tf.constant(0.0)
        for _ in tf.range(steps):
            total += self.step(*next(batches))
        return total / tf.cast(steps, tf.float32)

    def step(self, images: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """One step of descent on one batch, for use inside a graph; returns the loss."""
        with tf.GradientTape() as tape:
            outputs = self.model(tf.cast(images, tf.float32), training=True)
            loss = tf.reduce_mean(self._task.loss(targets, outputs) * weights) + tf.add_n(self.model.losses or [0.0])
        variables = self.model.trainable_variables
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, variables), GRADIENT_NORM)
        self._optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return loss

    def _predict_in_graph(self, images: tf.Tensor, *columns: tf.Tensor) -> Any:
        return self._task.predict(self.model(tf.cast(images, tf.float32), training=False), *columns)
