"""A candidate's network and what learns it: descent on all of its layers, or on its readout alone."""

import time
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.data.pipeline import training_batches
from pyramid.networks.build import Network
from pyramid.networks.frozen import extractor, head, set_frozen
from pyramid.networks.yolo import Detector
from pyramid.training.batches import Batches
from pyramid.training.candidate import Candidate, Placement
from pyramid.training.devices import Devices
from pyramid.training.features import Features, feature_bytes
from pyramid.training.feeds import Stream
from pyramid.training.loop import TrainingLoop
from pyramid.training.optimizers import SteppedRate, make_optimizer
from pyramid.training.precision import FULL, compute_type
from pyramid.training.schedule import Phase
from pyramid.training.tasks import Task

#: Steps that tell how long one takes.
_TIMED = 5

Rows = npt.NDArray[np.int64]


class PictureLearner:
    """Descends in one phase after the other; frozen and free phases have an optimizer each.

    The steps of both are compiled before the first one is taken: in the middle of a training nobody could tell
    whether there is the time for it.

    Attributes:
        model: the Keras model of the whole network.
        loop: what takes the steps of this phase.
        iterations: steps taken.
        own_iterations: those with the optimizer of this phase.
        frozen: whether the readout alone is learned in this phase.
    """

    def __init__(
        self,
        candidate: Candidate,
        network: Network | Detector,
        task: Task,
        pictures: npt.NDArray[np.uint8],
        batches: Batches,
        phases: tuple[Phase, ...],
        devices: Devices | None = None,
    ):
        """``devices``: in whose scope the ``network`` was built."""
        self._devices = devices or Devices()
        self._candidate = candidate
        self._network = network
        self._task = task
        self._pictures = pictures
        self._batches = batches
        with self._devices.scope():
            self._rate = SteppedRate(candidate.learning_rate, candidate.learning_rate_warmup_iterations)
        self._features: Features | None = None
        self._loops = {frozen: self._traced(frozen) for frozen in dict.fromkeys(phase.frozen for phase in phases)}
        self.model = network.model
        self.iterations = 0
        self.frozen: bool | None = None
        self.enter(phases[0])

    def _traced(self, frozen: bool) -> TrainingLoop:
        """The loop of all phases that are ``frozen``, or not."""
        set_frozen(self._network, frozen)
        if frozen and not self._batches.source.augments:
            self._features = self._affordable_features()
        candidate, model, source = self._candidate, self._network.model, self._batches.source
        computed = compute_type(candidate.mixed_precision)
        if frozen and self._features is not None:  # what is left to compute is too little to gain by 16 bits
            model, source, computed = head(self._network), source.of(self._features), FULL
        with self._devices.scope():
            optimizer = make_optimizer(candidate.descent_algorithm, self._rate, candidate.hyperparameters)
        feed = Stream(training_batches(source, ahead=0))
        loop = TrainingLoop(model, optimizer, self._task, feed, self._devices, computed)
        loop.trace()
        return loop

    def _affordable_features(self) -> Features | None:
        """None when they would take too much memory: then they are computed again for every batch."""
        made = extractor(self._network)
        if feature_bytes(made, len(self._pictures)) > self._candidate.max_data_size:
            return None
        return Features(made, self._pictures, self._candidate.batch_size)

    def enter(self, phase: Phase) -> None:
        """Go on with the learning rate of ``phase``, and with what is free in it."""
        self._rate.rate.assign(self._candidate.learning_rate * phase.factor)
        if phase.frozen is self.frozen:
            return
        if self.frozen:  # its features take memory, and no phase is frozen after a free one
            self._features = None
            del self._loops[True]
        set_frozen(self._network, phase.frozen)
        self.frozen = phase.frozen
        self.own_iterations = 0
        self.loop = self._loops[phase.frozen]
        self._inputs: Any = self._features if phase.frozen and self._features is not None else self._pictures
        self._feed()

    def _feed(self) -> None:
        if isinstance(self._inputs, Features):
            source = self._batches.source.of(self._inputs)
            self.loop.feed(Stream(training_batches(source, self.iterations, ahead=0)))
        else:
            self.loop.feed(Stream(self._batches.dataset(self.iterations)))

    def run(self, steps: int) -> float:
        """Take ``steps`` steps; returns their mean loss, regularisation included: NaN or infinite when it diverged."""
        if isinstance(self._inputs, Features):
            numbers = range(self.iterations, self.iterations + steps)
            self._inputs.fill(self._batches.source.rows(k) for k in numbers)
        loss = self.loop.run(steps)
        self.iterations += steps
        self.own_iterations += steps
        return loss

    @property
    def placement(self) -> Placement | None:
        """Where pictures are augmented; None when nothing is."""
        return self._batches.placement

    @property
    def remembered(self) -> list[Any]:
        """The variables of the optimizer of this phase."""
        return self.loop.remembered

    def resume(self, iterations: int, own_iterations: int) -> None:
        """In the phase that it is in, go on with the batch of number ``iterations``."""
        self.iterations, self.own_iterations = iterations, own_iterations
        self._feed()

    def settle(self, spent: float = 0.0) -> None:
        """Find the faster place for making batches; takes some steps where that is open."""
        most = self._candidate.max_iterations
        if most is not None and most - self.iterations < _TIMED:
            return
        if self._batches.choose(self.iterations, self._seconds_per_step):
            self._feed()

    def _seconds_per_step(self, steps: int = _TIMED) -> float:
        """Take ``steps`` steps; returns the seconds of one."""
        began = time.perf_counter()
        self.run(steps)
        return (time.perf_counter() - began) / steps

    def trace_prediction(self, rows: Rows, batch_size: int) -> None:
        """Compile the predictions of all phases, on ``rows``, for which no features are kept after that."""
        for loop in self._loops.values():
            inputs = self._inputs if loop is self.loop else self._pictures
            loop.predict(inputs, rows, batch_size)
        if self._features is not None:
            self._features.forget(rows)

    def predict(self, rows: Rows, batch_size: int) -> Any:
        """What the task predicts for the pictures of ``rows``, in arrays [rows, …]."""
        return self.loop.predict(self._inputs, rows, batch_size)
