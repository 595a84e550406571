"""Names of `descent_algorithm` -> Keras optimizers."""

from collections.abc import Callable
from typing import Any

from pyramid.tf import tf

# The legacy classes update a variable with one fused kernel, the newer ones with some twenty operations: for
# mobilenetv2 at 96×96 the graph is traced and optimised in 4.8 s instead of 8.4 s.
_keras = tf.keras.optimizers.legacy

#: name -> maker; each takes the learning rate and the hyperparameters that settings/optimizers.py lists for it.
OPTIMIZERS: dict[str, Callable[..., Any]] = {
    "adadelta": _keras.Adadelta,
    "adagrad": _keras.Adagrad,
    "adam": _keras.Adam,
    "adamax": _keras.Adamax,
    "ftrl": _keras.Ftrl,
    "momentum": lambda learning_rate, momentum=0.9: _keras.SGD(learning_rate, momentum=momentum, nesterov=True),
    "nadam": _keras.Nadam,
    "rms_prop": _keras.RMSprop,
    "sgd": _keras.SGD,
}

#: pyramid's name of a hyperparameter -> Keras's, where they differ.
_KERAS_NAMES = {"beta1": "beta_1", "beta2": "beta_2", "init_accumulator": "initial_accumulator_value"}


def make_optimizer(name: str, rate: Callable[[tf.Tensor], tf.Tensor], hyperparameters: dict[str, float]) -> Any:
    """The optimizer ``name``.

    Args:
        name: a key of OPTIMIZERS.
        rate: (iteration, from 1) -> learning rate.
        hyperparameters: pyramid's names -> values; those that are absent have Keras's defaults.
    """
    named = {_KERAS_NAMES.get(key, key): value for key, value in hyperparameters.items()}
    optimizer: Any = OPTIMIZERS[name](learning_rate=lambda: rate(optimizer.iterations + 1), **named)
    return optimizer


def create_state(optimizer: Any, variables: list[Any]) -> None:
    """Make what ``optimizer`` keeps of ``variables``: a graph that makes it itself is traced twice by TensorFlow."""
    optimizer._create_all_weights(variables)


def descend(optimizer: Any, gradients: list[Any], variables: list[Any]) -> None:
    """Change ``variables`` by their ``gradients``, in a graph or out of one.

    ``apply_gradients`` does the same by way of a distribution strategy, and something of TensorFlow's keeps every graph
    in which that was called: a process would grow by 4 MB with every training.
    """
    learned = [(g, variable) for g, variable in zip(gradients, variables, strict=True) if g is not None]
    changed = [variable for _, variable in learned]
    with tf.init_scope():
        optimizer._create_all_weights(changed)
    state = optimizer._prepare(changed)
    for gradient, variable in learned:
        optimizer._resource_apply_dense(gradient, variable, apply_state=state)
    optimizer.iterations.assign_add(1)


def descend_together(optimizer: Any, gradients: list[Any], variables: list[Any]) -> None:
    """`descend` on one of several devices, all of which have the same ``gradients``."""
    optimizer.apply_gradients(zip(gradients, variables, strict=True), experimental_aggregate_gradients=False)


class SteppedRate:
    """rate · min(1, i/x)² at iteration i with x iterations of warm-up; ``rate`` is a variable that steps down."""

    def __init__(self, rate: float, warmup_iterations: int):
        self.rate = tf.Variable(rate, trainable=False, dtype=tf.float32)
        self._warmup = warmup_iterations

    def __call__(self, iteration: tf.Tensor) -> tf.Tensor:
        if not self._warmup:
            return tf.identity(self.rate)
        return self.rate * tf.minimum(1.0, tf.cast(iteration, tf.float32) / self._warmup) ** 2
