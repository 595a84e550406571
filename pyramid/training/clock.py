"""Where a trial's time goes."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stopwatch:
    """Adds up seconds by what they were spent on."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._began = clock()
        self.spent: dict[str, float] = {}

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._began

    @contextmanager
    def on(self, what: str) -> Iterator[None]:
        """Count the time of the block as spent on ``what``."""
        before = self._clock()
        try:
            yield
        finally:
            self.spent[what] = self.spent.get(what, 0.0) + self._clock() - before
