"""Who may train for how long. Pure: no Ray, no threads; the clock is an argument."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass
class _Entry:
    began: float | None = None
    ended: bool = False
    tracing_seconds: float | None = None


class Budget:
    """Divides a total time among candidates that run on a number of slots.

    The time runs from the first `begin`. Every candidate has the same share S: the largest for which each that
    is unfinished could still have S in all before the end, one after the other on the slots. What one leaves
    over raises S for all others, those that run included.
    """

    def __init__(self, total: float, names: Iterable[str], slots: int, clock: Callable[[], float] = time.monotonic):
        """
        Args:
            total: seconds from the first `begin` to the end of the last candidate.
            names: the candidates, in the order in which they start.
            slots: how many can run at once.
            clock: seconds of any monotonic clock.
        """
        self._total = total
        self._entries = {name: _Entry() for name in names}
        self._slots = slots
        self._clock = clock
        self._first_begin: float | None = None
        self._stopped_at: float | None = None

    @property
    def allowance(self) -> float:
        """Seconds that a candidate may be overdue before it counts as hung.

        Three quarters of the overshoot that is allowed in all, max(2 s, 2 %): the rest is for ending it.
        """
        return 0.75 * max(2.0, 0.02 * self._total)

    def begin(self, name: str) -> None:
        """The candidate takes its first step."""
        now = self._clock()
        self._entries[name].began = now
        if self._first_begin is None:
            self._first_begin = now

    def traced(self, name: str, seconds: float) -> None:
        """The candidate needed this long until its first batch was through."""
        self._entries[name].tracing_seconds = seconds

    def end(self, name: str) -> None:
        """The candidate ended, in whatever way; what it did not use is the others'."""
        self._entries[name].ended = True

    def stop(self) -> None:
        """No time is left for anybody from now on."""
        if self._stopped_at is None:
            self._stopped_at = self._clock()

    def total_left(self) -> float:
        """Seconds until the end of all; negative when it has passed."""
        if self._stopped_at is not None:
            return self._stopped_at - self._clock()
        if self._first_begin is None:
            return self._total
        return self._total - (self._clock() - self._first_begin)

    def share(self) -> float:
        """Seconds that every unfinished candidate may have in all, what it has used included."""
        return self._share(len(self._waiting()))

    def seconds_left(self) -> dict[str, float]:
        """For each running candidate the seconds that it has left; negative when it is overdue.

        It has its share, or when nobody waits for its slot, all that is left.
        """
        left = self.total_left()
        share = self.share() if self._waiting() and left > 0 else float("inf")
        return {
            name: min(share - self._used(entry), left)
            for name, entry in self._entries.items()
            if entry.began is not None and not entry.ended
        }

    def overdue(self) -> list[str]:
        """Running candidates that should have ended and have not, by more than the allowance.

        Nobody can know how long tracing takes: one that has not finished it may use half of the total time.
        """
        return [name for name, left in self.seconds_left().items() if self._extended(name, left) < -self.allowance]

    def _extended(self, name: str, left: float) -> float:
        entry = self._entries[name]
        if entry.tracing_seconds is not None:
            return left
        return min(max(left, self._total / 2 - self._used(entry)), self.total_left())

    def hopeless(self) -> list[str]:
        """Waiting candidates, the last first, to give up so that the share of the others is worth a start.

        A share is worth it when it is longer than the shortest tracing that this search has seen.
        """
        waiting = self._waiting()
        if self._first_begin is None and self._stopped_at is None:
            return []
        if self.total_left() <= 0:
            return waiting[::-1]
        known = [entry.tracing_seconds for entry in self._entries.values() if entry.tracing_seconds is not None]
        kept = len(waiting)
        while known and kept and self._share(kept) <= min(known):
            kept -= 1
        return waiting[kept:][::-1]

    def _share(self, waiting: int) -> float:
        """The largest S, by bisection, for which ``waiting`` further candidates and the running ones end in time."""
        used = [self._used(entry) for entry in self._running()]
        left = max(0.0, self.total_left())
        low, high = 0.0, left + max(used, default=0.0)
        for _ in range(50):
            middle = (low + high) / 2
            if self._is_feasible(middle, used, waiting, left):
                low = middle
            else:
                high = middle
        return high

    def _is_feasible(self, share: float, used: list[float], waiting: int, left: float) -> bool:
        """Whether all end within ``left`` seconds: a slot that is free after f seconds has room for ⌊(left - f)/S⌋.

        A candidate that is late counts as if it had ended in time (f is negative): its lateness must not make
        the share smaller, or it would be the later for it.
        """
        free = [share - spent for spent in used]
        if max(free, default=0.0) > left:
            return False
        free += [0.0] * max(0, self._slots - len(used))
        return share == 0 or sum(int((left - f) / share) for f in free) >= waiting

    def _used(self, entry: _Entry) -> float:
        return 0.0 if entry.began is None else self._clock() - entry.began

    def _running(self) -> list[_Entry]:
        return [entry for entry in self._entries.values() if entry.began is not None and not entry.ended]

    def _waiting(self) -> list[str]:
        return [name for name, entry in self._entries.items() if entry.began is None and not entry.ended]
