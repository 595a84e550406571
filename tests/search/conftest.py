"""A clock that tests move by hand."""

import pytest


class FakeClock:
    """Seconds that pass only when a test says so."""

    def __init__(self, now: float = 0.0):
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock():
    """A clock whose zero is not the start of the search."""
    return FakeClock(1_000.0)
