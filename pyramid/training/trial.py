"""The training of one candidate on pictures."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from pyramid.data.dataset import Dataset
from pyramid.networks.build import Network
from pyramid.networks.weights.published import Weights
from pyramid.networks.yolo import Detector
from pyramid.training.batches import Batches, Workers, batch_source
from pyramid.training.candidate import Candidate, Result
from pyramid.training.checkpoint import load_checkpoint
from pyramid.training.clock import Stopwatch
from pyramid.training.descent import Descent
from pyramid.training.detection.boxes import Boxes
from pyramid.training.devices import Devices, available
from pyramid.training.holdout import Holdout
from pyramid.training.learners.pictures import PictureLearner
from pyramid.training.network import build_network, set_weights
from pyramid.training.predicted import in_own_unit, write_predicted
from pyramid.training.schedule import PHASES
from pyramid.training.tasks import Task
from pyramid.training.values import Values

#: Pixels of a batch of predictions, at least one batch of training: 64 pictures of 224×224.
_PIXELS = 64 * 224 * 224


class CandidateTraining(Descent):
    """Call `advance` until its progress has a result."""

    def __init__(
        self,
        candidate: Candidate,
        pictures: npt.NDArray[np.uint8],
        dataset: Dataset,
        folder: Path,
        workers: Workers | None = None,
        threads: int = 1,
        start: Weights | None = None,
        resume: bool = False,
        devices: Devices | None = None,
    ):
        """Build and trace the network.

        Args:
            start: weights to begin with: of an initial model all, of a pretrained network those up to the features.
            folder: receives the best weights so far and checkpoints, and is made then.
            workers: make augmented batches on cores beside those of the trial, if there are any.
            threads: cores of the trial.
            resume: go on from the checkpoint in ``folder``, if there is one of this candidate.
            devices: to train on; by default as many GPUs as the candidate may have.
        """
        self._candidate = candidate
        watch = Stopwatch()
        checkpoint = load_checkpoint(folder, candidate) if resume else None
        if checkpoint:
            watch.resume(checkpoint.position.spent, checkpoint.position.elapsed)
        phases = PHASES[candidate.method]
        with watch.on("tracing"):
            devices = devices or available(candidate.gpus, candidate.batch_size)
            with devices.scope():
                network = _started(candidate, start)
            task = _task(candidate, network, dataset)
            batches = Batches(candidate, batch_source(candidate, pictures, dataset), workers, threads)
            ahead = phases[checkpoint.position.place :] if checkpoint else phases
            learner = PictureLearner(candidate, network, task, pictures, batches, ahead, devices)
            at_once = max(candidate.batch_size, min(64, _PIXELS // (candidate.width * candidate.height)))
            holdout = Holdout(candidate, task, dataset.holdout, at_once)
        started = candidate.structure is not None
        rows = len(dataset.training)
        super().__init__(candidate, folder, learner, holdout, task, phases, watch, rows, started, checkpoint)

    def _ending(self) -> Result:
        result = super()._ending()
        if self._best is not None:
            write_predicted(self._folder, self._holdout.rows, in_own_unit(self._candidate, self._best.predicted))
        return result


def _started(candidate: Candidate, start: Weights | None) -> Network | Detector:
    """The network with what it starts from."""
    network = build_network(candidate)
    if start is not None:
        set_weights(network.body if candidate.structure is None else network.layers, start)
    return network


def _task(candidate: Candidate, network: Network | Detector, dataset: Dataset) -> Task:
    """What the outputs of ``network`` mean."""
    if isinstance(network, Detector):
        return Boxes(candidate, network.branches, dataset.targets, dataset.sides)
    return Values(candidate, dataset.targets)
