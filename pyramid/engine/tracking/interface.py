"""What follows a job's trials beside the person who waits for it: files for TensorBoard, a server of MLflow."""

from typing import Any, Protocol

from pyramid.settings.metrics import is_negated
from pyramid.training.candidate import Progress, Result

#: What a trial has as a parameter of its own.
Parameter = str | int | float | bool

#: What says nothing of a candidate: its name is that of its run.
_LEFT_OUT = ("name", "max_data_size")

#: The longest text that is a parameter.
_LONGEST = 250


class Tracker(Protocol):
    """Follows trials. Called in the driver's loop, so nothing of it may wait.

    Attributes:
        problem: why nothing is followed any more, for a person; "" as long as all is well.
    """

    problem: str

    def begin(self, name: str, parameters: dict[str, Parameter], metric: str) -> None:
        """The trial ``name`` begins; ``metric`` chooses among all."""

    def point(self, name: str, step: int, values: dict[str, float]) -> None:
        """What was measured after ``step`` steps."""

    def end(self, name: str, result: Result) -> None:
        """The trial ended so."""

    def close(self, report: dict[str, Any] | None) -> None:
        """The job has ended; ``report`` is what `results.json` holds, None without a model."""


def of_metrics(metrics: dict[str, float | None]) -> dict[str, float]:
    """Those that are known, as people read them: errors and losses, which are kept negated, are not."""
    known = {name: value for name, value in metrics.items() if value is not None}
    return {f"holdout/{name}": -v if is_negated(name) else v for name, v in known.items()}


def of_progress(progress: Progress) -> dict[str, float]:
    """The best metrics of the holdout so far, the speed, and the time."""
    speed = {"images_per_second": progress.images_per_second} if progress.images_per_second else {}
    return of_metrics(progress.metrics) | speed | {"elapsed": progress.elapsed, "share_left": progress.seconds_left}


def of_parameters(values: dict[str, Any]) -> dict[str, Parameter]:
    """Those that are numbers, switches or short words."""
    kept = {name: v for name, v in values.items() if isinstance(v, str | int | float) and name not in _LEFT_OUT}
    return {name: value for name, value in kept.items() if not isinstance(value, str) or 0 < len(value) <= _LONGEST}
