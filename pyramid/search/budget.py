"""Who may train for how long. Pure: no Ray, no threads; the clock is an argument."""

import time
from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass

#: Seconds more that candidates may be late when the user has stopped them: no time is over then.
PATIENCE = 15.0


@dataclass
class _Entry:
    """A candidate: waiting while ``began`` is None."""

    began: float | None = None
    tracing_seconds: float | None = None
    spent: float = 0.0  # before it lost its process
    curtailed: float | None = None  # when it was told to end


class Budget:
    """Divides a total time among candidates that run on a number of slots.

    The time runs from the first `begin`. Every candidate has the same share S: the largest for which each that
    is unfinished could still have S in all before the end, one after the other on the slots. What one leaves
    over raises S for all others, those that run included.
    """

    def __init__(
        self,
        total: float,
        names: Iterable[str],
        slots: int,
        clock: Callable[[], float] = time.monotonic,
        from_now: bool = False,
    ):
        """
        Args:
            total: seconds from the first `begin` to the end of the last candidate.
            names: the candidates, in the order in which they start.
            slots: how many can run at once.
            clock: seconds of any monotonic clock.
            from_now: the time runs from here, and six seconds after it are in reserve.
        """
        self._total = total
        self._waiting = {name: _Entry() for name in names}
        self._running: dict[str, _Entry] = {}
        self._slots = slots
        self._clock = clock
        self._first_begin: float | None = clock() if from_now else None
        self._reserve = 6.0 if from_now else 2.0
        self._stopped_at: float | None = None
        self._shortest_tracing: float | None = None

    @property
    def slots(self) -> int:
        """How many can run at once."""
        return self._slots

    @property
    def allowance(self) -> float:
        """Seconds that a candidate may be overdue before it counts as hung.

        Three quarters of the overshoot that is allowed in all, max(2 s, 2 %): the rest is for ending it. Where the time
        runs from the start, some is in reserve after it, and a busy machine may make a candidate late by more.
        """
        return 0.75 * max(self._reserve, 0.02 * self._total)

    def begin(self, name: str) -> None:
        """The candidate takes its first step."""
        now = self._clock()
        entry = self._waiting.pop(name, None) or self._running.get(name) or _Entry()
        entry.began = now
        self._running[name] = entry
        if self._first_begin is None:
            self._first_begin = now

    def lose(self, name: str) -> None:
        """The candidate has lost its process and waits for another; what it has used stays used."""
        entry = self._running.pop(name, None)
        if entry is not None:
            entry.spent, entry.began = self._used(entry), None
            self._waiting[name] = entry

    def curtail(self, name: str) -> None:
        """The candidate is to end now; what it had left is the others'."""
        if name in self._running and self._running[name].curtailed is None:
            self._running[name].curtailed = self._clock()

    def traced(self, name: str, seconds: float) -> None:
        """The candidate needed this long until its first batch was through."""
        if name in self._running:
            self._running[name].tracing_seconds = seconds
        known = self._shortest_tracing
        self._shortest_tracing = seconds if known is None else min(known, seconds)

    def end(self, name: str) -> None:
        """The candidate ended, in whatever way; what it did not use is the others'."""
        self._running.pop(name, None)
        self._waiting.pop(name, None)

    def waits(self, name: str) -> bool:
        """Whether the candidate may still begin."""
        return name in self._waiting

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
        return self._share(len(self._waiting))

    def seconds_left(self) -> dict[str, float]:
        """For each running candidate the seconds that it has left; negative when it is overdue.

        It has its share, or when nobody waits for its slot, all that is left.
        """
        left = self.total_left()
        share = self.share() if self._waiting and left > 0 else float("inf")
        return {name: min(share - self._used(e), left, self._allowed(e)) for name, e in self._running.items()}

    def _allowed(self, entry: _Entry) -> float:
        return float("inf") if entry.curtailed is None else entry.curtailed - self._clock()

    def overdue(self) -> list[str]:
        """Running candidates that should have ended and have not, by more than the allowance.

        Nobody can know how long tracing takes: one that has not finished it may use half of the total time.
        """
        allowed = self.allowance + (0.0 if self._stopped_at is None else PATIENCE)
        return [name for name, left in self.seconds_left().items() if self._extended(name, left) < -allowed]

    def _extended(self, name: str, left: float) -> float:
        entry = self._running[name]
        if entry.tracing_seconds is not None:
            return left
        return min(max(left, self._total / 2 - self._used(entry)), self.total_left())

    def hopeless(self) -> list[str]:
        """Waiting candidates, the last first, to give up so that the share of the others is worth a start.

        A share is worth it when it is longer than the shortest tracing that this search has seen.
        """
        waiting = list(self._waiting)
        if self._first_begin is None and self._stopped_at is None:
            return []
        if self.total_left() <= 0:
            return waiting[::-1]
        least = self._shortest_tracing
        if least is None:
            return []
        # The more wait, the smaller the share: the first count of them for which it is too small.
        kept = bisect_left(range(1, len(waiting) + 1), True, key=lambda count: self._share(count) <= least)
        return waiting[kept:][::-1]

    def _share(self, waiting: int) -> float:
        """The largest S, by bisection, for which ``waiting`` further candidates and the running ones end in time."""
        used = [self._used(entry) for entry in self._running.values() if entry.curtailed is None]
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
        return entry.spent + (0.0 if entry.began is None else self._clock() - entry.began)


class OpenBudget(Budget):
    """For candidates that are thought of one after the other, as long as there is time.

    Each may have ``most`` seconds: what one leaves over is for those that come after it.
    """

    def __init__(self, total: float, most: float, slots: int, clock: Callable[[], float] = time.monotonic):
        """The time runs from here; see `Budget`."""
        super().__init__(total, (), slots, clock, from_now=True)
        self._most = most

    def add(self, name: str) -> None:
        """One more candidate waits."""
        self._waiting[name] = _Entry()

    def worth_another(self) -> bool:
        """Whether one that is thought of now could still learn something."""
        return self.total_left() > 2 * (self._shortest_tracing or 0.0)

    def share(self) -> float:
        return self._most

    def seconds_left(self) -> dict[str, float]:
        left = self.total_left()
        return {name: min(self._most - self._used(e), left, self._allowed(e)) for name, e in self._running.items()}

    def hopeless(self) -> list[str]:
        return [] if self.worth_another() else list(self._waiting)[::-1]
