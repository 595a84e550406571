"""How far a job is, told on the way."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from pyramid.settings.base_settings import BaseSettings
from pyramid.settings.metrics import METRICS
from pyramid.settings.objectives import BOUNDING_BOX
from pyramid.training.candidate import Progress
from pyramid.worker.protocol import progress_line

Say = Callable[[str], None]

#: The two metrics that progress tells of boxes; of any other objective they are the first two.
_OF_BOXES = ("ciou_loss", "confidence_loss")

#: `logging_level` for people.
_READABLE = 1


class Report:
    """Says progress lines; `progress` never decreases, and stays below 1 until the job is complete."""

    def __init__(self, say: Say, settings: BaseSettings):
        self._say = say
        self._settings = settings
        self._least = 0.0

    def __call__(self, progress: float, **values: Any) -> None:
        """
        Args:
            progress: the share of the job that is done.
            values: what else the line says.
        """
        self._least = max(self._least, min(progress, 0.999)) if progress == progress else self._least
        line = values | {"job_id": self._settings.job_id, "progress": self._least}
        if self._settings.logging_level == _READABLE:
            sys.stderr.write(_readable(line) + "\n")
        else:
            self._say(progress_line(line))

    def training(self, told: Progress, begin: float = 0.0, share: float | None = None) -> None:
        """
        Args:
            told: by a training.
            begin: the share of the job that was done before it.
            share: that of the training; by default all the rest.
        """
        objective = self._settings.table.objective.type
        names = _OF_BOXES if objective == BOUNDING_BOX else METRICS[objective][:2]
        limit = self._settings.max_iterations
        share = 1 - begin if share is None else share
        done = max(told.elapsed / self._settings.max_training_time, told.iterations / limit if limit else 0.0)
        self(
            begin + share * (1.0 if told.result else min(done, 1.0)),
            iterations=told.iterations,
            seconds_per_iteration=told.seconds_per_step,
            time_elapsed=told.elapsed,
            checks=told.checks,
            **{name: told.metrics.get(name) for name in names},
        )


def _readable(values: Mapping[str, Any]) -> str:
    share = f"{100 * values['progress']:.0f} %"
    rest = (f"{key} {_short(value)}" for key, value in values.items() if key not in ("job_id", "progress", "message"))
    return f"{values['job_id']}: {', '.join([*filter(None, [values.get('message')]), share, *rest])}"


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
