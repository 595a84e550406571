"""A notice board between the driver and the trials: an actor that answers in 2 ms."""

import time
from typing import Any

from pyramid.engine.nodes import here
from pyramid.engine.session import ray

#: Name of a trial -> how often it has lost its process, and whether one was short of memory.
Losses = dict[str, tuple[int, bool]]


class _Board:
    """Keeps how many seconds each trial has left, and what it has lost.

    Clocks of two machines do not compare, so the driver posts seconds, and the board counts them down.
    """

    def __init__(self) -> None:
        self._posted: dict[str, float] = {}
        self._at = time.monotonic()
        self._losses: Losses = {}

    @ray.method(max_task_retries=0)  # type: ignore[untyped-decorator] # the next one is on its way
    def post(self, seconds_left: dict[str, float], losses: Losses) -> None:
        """What each running trial has left now, and what all have lost."""
        self._posted, self._losses = seconds_left, losses
        self._at = time.monotonic()

    def seconds_left(self, name: str) -> float | None:
        """What the trial has left now; None when the driver has not seen its first step yet."""
        posted = self._posted.get(name)
        return None if posted is None else posted - (time.monotonic() - self._at)

    def lose(self, losses: Losses) -> None:
        """What all trials have lost, of which one is new."""
        self._losses = losses

    def losses(self, name: str) -> tuple[int, bool]:
        """How often the trial has lost its process, and whether one was short of memory."""
        return self._losses.get(name, (0, False))


Board: Any = ray.remote(num_cpus=0)(_Board)


def start_board() -> Any:
    """A board on this node, where no other node's loss takes it along; killed, it comes back empty."""
    return Board.options(max_restarts=-1, max_task_retries=-1, **here()).remote()
