"""Names of `loss_function` -> losses of a batch, one value per example."""

from collections.abc import Callable
from typing import Any

from pyramid.tf import tf

Tensor = Any  # tf.Tensor: TensorFlow has no types

#: Where the true value is nearer to 0 than this many standard deviations, a percentage is taken of that instead.
PERCENTAGE_FLOOR = 0.01


def crossentropy(truth: Tensor, raw: Tensor) -> Tensor:
    return tf.nn.softmax_cross_entropy_with_logits(truth, raw)


def hinge(truth: Tensor, raw: Tensor) -> Tensor:
    """Categorical hinge of the probabilities: max(0, 1 + the best wrong class - the true class)."""
    return tf.keras.losses.categorical_hinge(truth, tf.nn.softmax(raw))


def kl_divergence(truth: Tensor, raw: Tensor) -> Tensor:
    """Differs from crossentropy by the truth's own entropy, which is above zero with smoothed labels."""
    return crossentropy(truth, raw) + tf.reduce_sum(tf.math.xlogy(truth, truth), axis=-1)


def cosine(truth: Tensor, raw: Tensor) -> Tensor:
    """1 - the cosine of the angle between the truth and the probabilities."""
    return 1.0 + tf.keras.losses.cosine_similarity(truth, tf.nn.softmax(raw))


def mean_squared_error(truth: Tensor, raw: Tensor, mean: float, stdev: float) -> Tensor:
    return tf.square(truth - raw)


def huber(truth: Tensor, raw: Tensor, mean: float, stdev: float) -> Tensor:
    """Quadratic up to one standard deviation of the targets, linear beyond."""
    return tf.keras.losses.huber(truth[:, tf.newaxis], raw[:, tf.newaxis])


def mean_percentage_error(truth: Tensor, raw: Tensor, mean: float, stdev: float) -> Tensor:
    """|true - predicted| / |true| in the targets' own unit, as a fraction."""
    true = truth * stdev + mean
    return tf.abs(truth - raw) * stdev / tf.maximum(tf.abs(true), PERCENTAGE_FLOOR * stdev)


#: name -> (one-hot truth [b, k], logits [b, k]) -> [b]
CATEGORICAL_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "crossentropy": crossentropy,
    "hinge": hinge,
    "kl_divergence": kl_divergence,
    "cosine": cosine,
}

#: name -> (standardised truth [b], standardised prediction [b], mean, stdev) -> [b]
NUMERIC_LOSSES: dict[str, Callable[[Tensor, Tensor, float, float], Tensor]] = {
    "mean_squared_error": mean_squared_error,
    "huber": huber,
    "mean_percentage_error": mean_percentage_error,
}


def categorical_loss(name: str, classes: int, smoothing: float) -> Callable[[Tensor, Tensor], Tensor]:
    """A function (class indices float32 [b] or shares of the classes [b, classes], logits [b, classes]) -> losses [b].

    ``smoothing`` is spread uniformly over all classes: with 0.3 and three classes the truth is 0.8, 0.1, 0.1.
    """
    loss = CATEGORICAL_LOSSES[name]

    def of_batch(targets: Tensor, raw: Tensor) -> Tensor:
        truth = targets if targets.shape.rank == 2 else tf.one_hot(tf.cast(targets, tf.int32), classes)
        return loss(truth * (1 - smoothing) + smoothing / classes, raw)

    return of_batch


def numeric_loss(
    name: str, mean: float, stdev: float, standardised: bool = False
) -> Callable[[Tensor, Tensor], Tensor]:
    """A function (values [b], standardised predictions [b, 1]) -> losses [b].

    ``standardised``: the values are so too; else they are in their own unit.
    """
    loss = NUMERIC_LOSSES[name]

    def of_batch(targets: Tensor, raw: Tensor) -> Tensor:
        truth = targets if standardised else (targets - mean) / stdev
        return loss(truth, raw[:, 0], mean, stdev)

    return of_batch
