"""Where a trial's time goes."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stopwatch:
    """Adds up seconds by what they were spent on.

    Attributes:
        spent: seconds of each kind of work.
        resumed_at: seconds that were over before the start.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._began = clock()
        self.resumed_at = 0.0
        self.spent: dict[str, float] = {}

    @property
    def elapsed(self) -> float:
        """Seconds since the start, and those of the watches before."""
        return self._clock() - self._began

    def resume(self, spent: dict[str, float], elapsed: float) -> None:
        """Go on from what an earlier watch has counted."""
        self._began -= elapsed
        self.resumed_at += elapsed
        for what, seconds in spent.items():
            self.spent[what] = self.spent.get(what, 0.0) + seconds

    @contextmanager
    def on(self, what: str) -> Iterator[None]:
        """Count the time of the block as spent on ``what``."""
        before = self._clock()
        try:
            yield
        finally:
            self.spent[what] = self.spent.get(what, 0.0) + self._clock() - before
