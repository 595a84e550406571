"""The training of one network on the rows of a table."""

from pathlib import Path

from pyramid.errors import ConfigError
from pyramid.networks.deepnets import Deepnet, build_deepnet
from pyramid.training.candidate import TableCandidate
from pyramid.training.checkpoint import load_checkpoint
from pyramid.training.clock import Stopwatch
from pyramid.training.descent import Descent
from pyramid.training.devices import Devices, available
from pyramid.training.holdout import Holdout
from pyramid.training.learners.table import TableLearner
from pyramid.training.schedule import PHASES
from pyramid.training.table_data import TableData
from pyramid.training.values import Values

#: Rows that are predicted at once.
AT_ONCE = 4096


def build_network(candidate: TableCandidate) -> Deepnet:
    """Build it with new weights, drawn from the candidate's seed.

    Raises:
        ConfigError: its layers do not fit together.
    """
    try:
        return build_deepnet(candidate.layers, candidate.inputs, candidate.categorical, candidate.seed)
    except ValueError as error:
        raise ConfigError([f"layers: do not fit together: {error}"]) from error


class TableTraining(Descent):
    """Call `advance` until its progress has a result.

    Attributes:
        network: what is learned.
    """

    def __init__(
        self,
        candidate: TableCandidate,
        data: TableData,
        folder: Path,
        resume: bool = False,
        devices: Devices | None = None,
    ):
        """Build and trace the network.

        Args:
            folder: receives the best weights so far and checkpoints, and is made then.
            resume: go on from the checkpoint in ``folder``, if there is one of this candidate.
            devices: to train on; by default as many GPUs as the candidate may have.
        """
        watch = Stopwatch()
        checkpoint = load_checkpoint(folder, candidate) if resume else None
        if checkpoint:
            watch.resume(checkpoint.position.spent, checkpoint.position.elapsed)
        with watch.on("tracing"):
            devices = devices or available(candidate.gpus, candidate.batch_size)
            with devices.scope():
                self.network = build_network(candidate)
            task = Values(candidate, data.classes, standardised=True)
            learner = TableLearner(candidate, self.network, task, data, devices)
            holdout = Holdout(candidate, task, data.holdout, AT_ONCE)
        phases, rows = PHASES[candidate.method], len(data.training)
        super().__init__(candidate, folder, learner, holdout, task, phases, watch, rows, checkpoint=checkpoint)
