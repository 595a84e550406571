"""Learning the rows of a table, all of which lie on the device."""

import time
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.data.pipeline import Sampler
from pyramid.networks.deepnets import Deepnet
from pyramid.tf import tf
from pyramid.training.candidate import Placement, TableCandidate
from pyramid.training.devices import Devices
from pyramid.training.feeds import Rows
from pyramid.training.loop import TrainingLoop
from pyramid.training.optimizers import SteppedRate, make_optimizer
from pyramid.training.precision import FULL, compute_type
from pyramid.training.schedule import Phase
from pyramid.training.table_data import TableData
from pyramid.training.tasks import Task

#: Seconds of training that a compilation by XLA is worth; and, since it takes some three times as long as TensorFlow's
#: own, how many of the latter.
WORTH_FUSING, TRACINGS = 20.0, 30.0

#: Seconds of a step that is large enough to gain nothing by it.
LARGE_STEP = 0.002

#: Steps that tell how long one takes.
_TIMED = 50

#: The share of the time that they may take.
_TIMING_SHARE = 0.02


class TableLearner:
    """See `learners.interface.Learner`; no layer is frozen."""

    def __init__(
        self,
        candidate: TableCandidate,
        network: Deepnet,
        task: Task,
        data: TableData,
        devices: Devices | None = None,
    ):
        """``devices``: in whose scope the ``network`` was built."""
        devices = devices or Devices()
        self._candidate = candidate
        self._inputs = data.inputs
        with devices.scope():
            self._rate = SteppedRate(candidate.learning_rate, candidate.learning_rate_warmup_iterations)
            optimizer = make_optimizer(candidate.descent_algorithm, self._rate, candidate.hyperparameters)
        _regularise(network, candidate.l1_regularization, candidate.l2_regularization)
        rows = data.training[data.weights[data.training] > 0]
        classes = data.classes[rows] if candidate.balance_objective and candidate.categorical else None
        sampler = Sampler(rows, candidate.batch_size, candidate.seed, classes)
        self._feed = Rows(data.inputs, data.targets, data.weights, sampler, candidate.mixup_alpha, candidate.seed)
        # Unless asked for: small layers gain nothing by 16 bits, and a column's outlier may be too large for them.
        computed = compute_type("on") if candidate.mixed_precision == "on" else FULL
        self._loop = TrainingLoop(network.model, optimizer, task, self._feed, devices, computed)
        self.model = network.model
        self.frozen: bool | None = False
        began = time.perf_counter()
        self._loop.trace()
        self._tracing = time.perf_counter() - began

    @property
    def iterations(self) -> int:
        return self._loop.taken

    @property
    def own_iterations(self) -> int:
        return self.iterations

    @property
    def placement(self) -> Placement | None:
        return None

    def enter(self, phase: Phase) -> None:
        self._rate.rate.assign(self._candidate.learning_rate * phase.factor)

    def run(self, steps: int) -> float:
        return self._loop.run(steps)

    @property
    def remembered(self) -> list[Any]:
        return self._loop.remembered

    def resume(self, iterations: int, own_iterations: int) -> None:
        self._loop.taken = iterations
        self._feed.go_to(iterations)

    def settle(self, spent: float = 0.0) -> None:
        """Let XLA compile the step, where the training is long enough to gain by that."""
        most = self._candidate.max_iterations
        left = None if most is None else most - self.iterations
        if left is not None and left < 10 * _TIMED:
            return
        limit = self._candidate.max_training_time - spent
        if self._loop.seconds_per_step(1) * _TIMED > _TIMING_SHARE * limit:
            return
        seconds = self._loop.seconds_per_step(_TIMED)
        remaining = min(limit, np.inf if left is None else left * seconds)
        if seconds < LARGE_STEP and remaining > max(WORTH_FUSING, TRACINGS * self._tracing):
            self._loop.fuse(_TIMED, seconds)

    def trace_prediction(self, rows: npt.NDArray[np.int64], batch_size: int) -> None:
        self._loop.predict(self._inputs, rows[:1], batch_size)

    def predict(self, rows: npt.NDArray[np.int64], batch_size: int) -> Any:
        return self._loop.predict(self._inputs, rows, batch_size)


def _regularise(network: Deepnet, l1: float, l2: float) -> None:
    """Add what large weights cost to the losses of the dense layers."""
    if not l1 and not l2:
        return
    for layer, kernel in network.kernels:
        layer.add_loss(lambda k=kernel: l1 * tf.reduce_sum(tf.abs(k)) + l2 * tf.reduce_sum(tf.square(k)))
