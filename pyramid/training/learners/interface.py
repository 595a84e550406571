"""What a training asks of a network and of what takes its steps."""

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from pyramid.training.candidate import Placement
from pyramid.training.schedule import Phase


class Learner(Protocol):
    """A network and what takes its steps.

    Attributes:
        model: the Keras model of the whole network.
        iterations: steps taken.
        own_iterations: those with the optimizer of this phase.
        frozen: whether the readout alone is learned in this phase.
        placement: where inputs are augmented, if they are.
    """

    model: Any
    frozen: bool | None

    @property
    def iterations(self) -> int: ...

    @property
    def own_iterations(self) -> int: ...

    @property
    def placement(self) -> Placement | None: ...

    def enter(self, phase: Phase) -> None:
        """Go on with the learning rate of ``phase``, and with what is free in it."""

    def run(self, steps: int) -> float:
        """Take ``steps`` steps; returns their mean loss, regularisation included: NaN or infinite when it diverged."""

    @property
    def remembered(self) -> list[Any]:
        """The variables of what takes the steps of this phase, such as an optimizer's; weights are not among them."""

    def resume(self, iterations: int, own_iterations: int) -> None:
        """In the phase that it is in, go on with the batch of number ``iterations``: so many steps were taken."""

    def settle(self, spent: float = 0.0) -> None:
        """After the first step: find the faster way to go on; takes some steps where that is open.

        Args:
            spent: seconds of the training that were over before this process.
        """

    def trace_prediction(self, rows: npt.NDArray[np.int64], batch_size: int) -> None:
        """Compile the predictions of all phases, on ``rows``."""

    def predict(self, rows: npt.NDArray[np.int64], batch_size: int) -> Any:
        """What the task predicts for ``rows``, in arrays [rows, …]."""
