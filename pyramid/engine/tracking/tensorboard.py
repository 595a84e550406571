"""The curves of all trials as files for TensorBoard, without TensorFlow: ``tensorboard --logdir DIR``."""

from pathlib import Path
from typing import Any

from tensorboardX.summary import hparams

from pyramid.engine.tracking.event_file import EventFile
from pyramid.engine.tracking.interface import Parameter
from pyramid.training.candidate import Result


class TensorBoard:
    """A `Tracker`: a folder for each trial below ``folder``, with its curves and hyperparameters."""

    def __init__(self, folder: Path):
        self.problem = ""
        self._folder = folder
        self._files: dict[str, EventFile] = {}
        self._ends: dict[str, Any] = {}

    def begin(self, name: str, parameters: dict[str, Parameter], metric: str) -> None:
        self._files[name] = EventFile(self._folder / name)
        experiment, start, self._ends[name] = hparams(parameters, {f"holdout/{metric}": 0.0})
        self._files[name].summaries(experiment, start)

    def point(self, name: str, step: int, values: dict[str, float]) -> None:
        self._files[name].scalars(step, values)

    def end(self, name: str, result: Result) -> None:
        self._files.pop(name).summaries(self._ends.pop(name))

    def close(self, report: dict[str, Any] | None) -> None:
        """Every file is closed already."""
