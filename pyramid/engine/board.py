"""A notice board between the driver and the trials: an actor that answers in 2 ms."""

import time
from typing import Any

from pyramid.engine.session import ray


class _Board:
    """Keeps how many seconds each trial has left, and which process each trial is.

    Clocks of two machines do not compare, so the driver posts seconds, and the board counts them down.
    """

    def __init__(self) -> None:
        self._posted: dict[str, float] = {}
        self._at = time.monotonic()
        self._processes: dict[str, tuple[Any, str, int]] = {}

    def post(self, seconds_left: dict[str, float]) -> None:
        """What each running trial has left now."""
        self._posted = seconds_left
        self._at = time.monotonic()

    def seconds_left(self, name: str) -> float | None:
        """What the trial has left now; None when the driver has not seen its first step yet."""
        posted = self._posted.get(name)
        return None if posted is None else posted - (time.monotonic() - self._at)

    def enter(self, name: str, actor: Any, node: str, pid: int) -> None:
        """The trial ``name`` runs in this actor, on this node, as this process."""
        self._processes[name] = (actor, node, pid)

    def process(self, name: str) -> tuple[Any, str, int] | None:
        return self._processes.get(name)


Board: Any = ray.remote(num_cpus=0)(_Board)
