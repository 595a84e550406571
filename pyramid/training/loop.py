"""The training loop: many steps of gradient descent in one call of a compiled graph."""

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
            model: inputs [b, …], pixels or features -> outputs that ``task`` understands. Its layers that are not
                trainable stay as they are.
            optimizer: a Keras optimizer.
            batches: (inputs [b, …], targets [b, …], weights [b]), without end.
        """
        self.model = model
        self._optimizer = optimizer
        self._task = task
        self.feed(batches)
        spec = batches.element_spec[0]
        pixels = tf.TensorSpec((None, *spec.shape[1:]), spec.dtype)
        self._steps = tf.function(self._steps_in_graph, reduce_retracing=True)
        columns = [tf.TensorSpec((None, *column.shape[1:]), column.dtype) for column in task.columns]
        self._predict = tf.function(self._predict_in_graph, input_signature=[pixels, *columns])

    def feed(self, batches: tf.data.Dataset) -> None:
        """Learn from ``batches`` from now on."""
        self._batches = iter(batches)

    def trace(self) -> None:
        """Compile the step without taking one."""
        self._steps(self._batches, tf.constant(0))

    def run(self, steps: int) -> float:
        """Take ``steps`` steps; returns their mean loss, regularisation included: NaN or infinite when it diverged."""
        return float(self._steps(self._batches, tf.constant(steps)))

    def predict(self, inputs: Any, rows: npt.NDArray[np.int64], batch_size: int) -> Any:
        """What the task predicts for ``inputs[rows]``, in arrays [rows, …]."""
        parts = [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
        predicted = [self._predict(inputs[part], *(column[part] for column in self._task.columns)) for part in parts]
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
            loss = tf.reduce_mean(self._task.loss(targets, outputs) * weights) + self._penalty()
        variables = self.model.trainable_variables
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, variables), GRADIENT_NORM)
        self._optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return loss

    def _penalty(self) -> tf.Tensor:
        """The regularisation of what is learned."""
        return tf.add_n([loss for layer in self.model.layers if layer.trainable for loss in layer.losses] or [0.0])

    def _predict_in_graph(self, images: tf.Tensor, *columns: tf.Tensor) -> Any:
        return self._task.predict(self.model(tf.cast(images, tf.float32), training=False), *columns)
