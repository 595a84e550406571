"""What differs between learning classes or values and learning boxes."""

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from pyramid.tf import tf


class Measured(NamedTuple):
    """What a check of the holdout found.

    Attributes:
        metrics: name -> value, None where it is not defined.
        per_class: of boxes, for each class what `training.detection.score.Scores` has.
    """

    metrics: dict[str, float | None]
    per_class: dict[str, dict[str, float | int | None]] = {}  # noqa: RUF012 - it is never changed


class Task(Protocol):
    """What the outputs of a network mean.

    Attributes:
        columns: arrays with an entry for each row of the data, which `predict` needs beside the picture.
    """

    @property
    def columns(self) -> tuple[npt.NDArray[Any], ...]: ...

    def loss(self, targets: tf.Tensor, outputs: Any) -> tf.Tensor:
        """What descent minimises, for each picture of a batch: [b]. Called in a graph."""

    def predict(self, outputs: Any, *columns: tf.Tensor) -> Any:
        """What a check of the holdout wants to know, in tensors [b, …]. Called in a graph."""

    def finite(self, predicted: Any) -> bool:
        """Whether ``predicted``, arrays of what `predict` returns, is free of NaN and infinity."""

    def measure(self, names: Iterable[str], rows: npt.NDArray[np.int64], predicted: Any) -> Measured:
        """How good it is what was predicted for ``rows``: the metrics ``names``, or more."""

    def worth(self, metric: str, metrics: dict[str, float | None]) -> float:
        """How good a check was: the larger the better. -inf where that is not defined."""
