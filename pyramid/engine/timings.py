"""Seconds that each part of a job took."""

import time


class Timings:
    """
    Attributes:
        seconds: part -> how many.
    """

    def __init__(self) -> None:
        self._last = time.monotonic()
        self.seconds: dict[str, float] = {}

    def lap(self, part: str) -> None:
        """The time since the last lap belongs to ``part``."""
        now = time.monotonic()
        self.seconds[part] = now - self._last
        self._last = now
