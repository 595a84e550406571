"""Who may train for how long, where nobody knows how many will come. Pure, as `budget` is."""

import time
from collections.abc import Callable

from pyramid.search.budget import Budget, Entry

#: What a network may have at least, of the time that tracing it takes.
WORTH_OF_TRACING = 4.0


class OpenBudget(Budget):
    """For candidates that are thought of one after the other, as long as there is time.

    Each may have ``most`` seconds: what one leaves over is for those that come after it.
    """

    def __init__(self, total: float, most: float, slots: int, clock: Callable[[], float] = time.monotonic):
        """The time runs from here; see `Budget`."""
        super().__init__(total, (), slots, clock, from_now=True)
        self._most = most
        self._added = 0

    def add(self, name: str) -> None:
        """One more candidate waits."""
        self._waiting[name] = Entry()
        self._added += 1

    @property
    def worth_another(self) -> bool:
        return self.total_left() > self._least or (self.needs_one and not self._added)

    def share(self) -> float:
        return self._most_of(Entry(tracing_seconds=self._shortest_tracing))

    def seconds_left(self) -> dict[str, float]:
        left = self.total_left()
        return {
            name: min(self._most_of(e) - self._used(e), self._left_for(name, left), self._allowed(e))
            for name, e in self._running.items()
        }

    def _most_of(self, entry: Entry) -> float:
        return max(self._most, WORTH_OF_TRACING * (entry.tracing_seconds or 0.0))

    def _hopeless(self) -> list[str]:
        return [] if self.total_left() > self._least else list(self._waiting)[::-1]
