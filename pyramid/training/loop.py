"""The training loop: many steps of gradient descent in one call of a compiled graph."""

import time
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.tf import tf
from pyramid.training.devices import Devices
from pyramid.training.feeds import Feed
from pyramid.training.optimizers import create_state, descend, descend_together
from pyramid.training.precision import FULL, LossScale, lowered
from pyramid.training.tasks import Task

#: A batch's gradient longer than this is scaled down to it: one odd batch must not undo the rest.
GRADIENT_NORM = 10.0


class TrainingLoop:
    """Runs a model over endless batches, and over held out rows.

    Attributes:
        taken: steps so far.
    """

    def __init__(
        self,
        model: Any,
        optimizer: Any,
        task: Task,
        feed: Feed,
        devices: Devices | None = None,
        compute_type: str = FULL,
    ):
        """
        Args:
            model: inputs [b, …], pixels or features -> outputs that ``task`` understands. Its layers that are not
                trainable stay as they are.
            optimizer: a Keras optimizer.
            feed: batches (inputs [b, …], targets [b, …], weights [b]), without end.
            devices: in whose scope ``model`` and ``optimizer`` were made; each takes its part of every batch.
            compute_type: of the steps, see `precision.compute_type`. Predictions are float32.
        """
        self.model = model
        self._devices = devices or Devices()
        with self._devices.scope():
            self._learning = model if compute_type == FULL else lowered(model, compute_type)
            self._scale = LossScale() if compute_type == "float16" else None
        self._optimizer = optimizer
        self._task = task
        self._feed = feed
        self.taken = 0
        self._steps = tf.function(self._steps_in_graph, reduce_retracing=True)
        columns = [tf.TensorSpec((None, *column.shape[1:]), column.dtype) for column in task.columns]
        self._predict = tf.function(self._predict_in_graph, input_signature=[feed.inputs, *columns])

    def feed(self, feed: Feed) -> None:
        """Learn from ``feed``, of the same kind as before, from now on."""
        self._feed = feed

    @property
    def remembered(self) -> list[Any]:
        """The variables of what takes the steps; those of an optimizer are there when the step is compiled."""
        return [*self._optimizer.variables(), *(vars(self._scale).values() if self._scale else [])]

    def trace(self) -> None:
        """Compile the step without taking one."""
        with self._devices.scope():
            create_state(self._optimizer, self.model.trainable_variables)
        for source, _ in self._feed.take(0):
            self._steps(source, tf.constant(0))

    def run(self, steps: int) -> float:
        """Take ``steps`` steps; returns their mean loss, regularisation included: NaN or infinite when it diverged."""
        losses = [self._steps(source, tf.constant(some)) for source, some in self._feed.take(steps)]
        self.taken += steps
        return float(tf.add_n(losses)) / steps

    def seconds_per_step(self, steps: int) -> float:
        """Take ``steps`` steps; returns the seconds of one."""
        began = time.perf_counter()
        self.run(steps)
        return (time.perf_counter() - began) / steps

    def fuse(self, steps: int, seconds: float) -> None:
        """Let XLA compile the step, and keep that if ``steps`` steps show it to be faster than ``seconds`` for one.

        A small network spends most of its time between its operations, which XLA makes one of: with two layers of 64
        nodes it takes more than twice as many steps in a second. Large ones gain nothing, and it takes some seconds.
        XLA does not compile for several devices.
        """
        if self._devices.count > 1:
            return
        plain = self._steps
        self._steps = tf.function(self._taken_in_graph, jit_compile=True)
        try:
            self.trace()
            if self.seconds_per_step(steps) < seconds:
                return
        except tf.errors.OpError:  # XLA has no code for an operation of the network
            pass
        self._steps = plain

    def predict(self, inputs: Any, rows: npt.NDArray[np.int64], batch_size: int) -> Any:
        """What the task predicts for ``inputs[rows]``, in arrays [rows, …]."""
        parts = [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
        predicted = [self._predict(inputs[part], *(column[part] for column in self._task.columns)) for part in parts]
        return tf.nest.map_structure(lambda *same: np.concatenate([part.numpy() for part in same]), *predicted)

    def _steps_in_graph(self, source: Any, steps: tf.Tensor) -> tf.Tensor:
        return self._taken_in_graph(self._feed.ahead(source, steps), steps)

    def _taken_in_graph(self, source: Any, steps: tf.Tensor) -> tf.Tensor:
        """The sum of the losses."""
        total = tf.constant(0.0)
        for i in tf.range(steps):
            total += self.step(*self._feed.batch(source, i))
        return total

    def step(self, images: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """One step of descent on one batch, for use inside a graph; returns the loss."""
        devices = self._devices
        losses, norms, gradients = devices.run(self._gradients, *devices.split((images, targets, weights)))
        if self._scale is None:
            devices.run(self._descend, gradients)
        else:
            finite = tf.math.is_finite(devices.first(norms))
            self._scale.guard(finite, lambda: devices.run(self._descend, gradients))
        return devices.total(losses)

    def _gradients(self, images: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor, share: Any) -> Any:
        """What one device adds to the loss, and the gradients of the whole batch, with their length before it was cut.

        Args:
            share: of the batch, that this device has.
        """
        with tf.GradientTape() as tape:
            outputs = self._learning(tf.cast(images, tf.float32), training=True)
            loss = tf.reduce_mean(self._task.loss(targets, outputs) * weights) * share
            loss += self._penalty() / self._devices.count
            scaled = loss if self._scale is None else loss * self._scale.value
        gradients = self._devices.sum(tape.gradient(scaled, self.model.trainable_variables))
        if self._scale is not None:
            gradients = [None if gradient is None else gradient / self._scale.value for gradient in gradients]
        gradients, norm = tf.clip_by_global_norm(gradients, GRADIENT_NORM)
        return loss, norm, gradients

    def _descend(self, gradients: list[Any]) -> None:
        change = descend if self._devices.count == 1 else descend_together
        change(self._optimizer, gradients, self.model.trainable_variables)

    def _penalty(self) -> tf.Tensor:
        """The regularisation of what is learned."""
        return tf.add_n([loss for layer in self.model.layers if layer.trainable for loss in layer.losses] or [0.0])

    def _predict_in_graph(self, images: tf.Tensor, *columns: tf.Tensor) -> Any:
        return self._task.predict(self.model(tf.cast(images, tf.float32), training=False), *columns)
