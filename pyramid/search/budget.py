"""Who may train for how long. Pure: no Ray, no threads; the clock is an argument."""

import time
from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass

#: Seconds more that candidates may be late when the user has stopped them: no time is over then.
PATIENCE = 15.0

#: Seconds for which a first network is waited for, after the end or after its own begin: as many as the total, within
#: these bounds. On a machine with ten times too much to do, TensorFlow's import takes a minute.
LATENESS = (120.0, 600.0)

#: Of the time that tracing takes: with less nothing is learned, for a network on a table needs as long again for what
#: is to be done after its last step.
LEAST_OF_TRACING = 2.5

#: With fewer seconds left no second process is started beside the one that is to bring the first network.
SHORT = 20.0


@dataclass
class Entry:
    """A candidate: waiting while ``began`` is None."""

    began: float | None = None
    heard: float | None = None
    tracing_seconds: float | None = None
    traced: float | None = None
    checked: bool = False
    spent: float = 0.0  # before it lost its process
    curtailed: float | None = None  # when it was told to end


class Budget:
    """Divides a total time among candidates that run on a number of slots.

    The time runs from the first `begin`. Every candidate has the same share S: the largest for which each that
    is unfinished could still have S in all before the end, one after the other on the slots. What one leaves
    over raises S for all others, those that run included.

    On a busy machine the start alone can take longer than the total. A late network is better than none: until one
    has finished, the first that runs and the first that waits are not given up, for `LATENESS`.
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
            from_now: the time runs from here, and six seconds after it are in reserve; nothing is left of a candidate
                that has not finished.
        """
        self._total = total
        self._waiting = {name: Entry() for name in names}
        self._running: dict[str, Entry] = {}
        self._slots = slots
        self._clock = clock
        self._first_begin: float | None = clock() if from_now else None
        self._from_now = from_now
        self._reserve = 6.0 if from_now else 2.0
        self._stopped_at: float | None = None
        self._shortest_tracing: float | None = None
        self._has_finished = False

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
        entry = self._waiting.pop(name, None) or self._running.get(name) or Entry()
        entry.began = entry.heard = now
        self._running[name] = entry
        if self._first_begin is None:
            self._first_begin = now

    def hear(self, name: str, checked: bool = False) -> None:
        """The candidate has given a word; ``checked``: its best weights so far are worth something."""
        if name in self._running:
            self._running[name].heard = self._clock()
            self._running[name].checked |= checked

    def lose(self, name: str) -> None:
        """The candidate has lost its process and waits for another.

        What it has used stays used; how long nobody saw that it was lost does not count.
        """
        entry = self._running.pop(name, None)
        if entry is not None:
            if entry.began is not None and entry.heard is not None:
                entry.spent += entry.heard - entry.began
            entry.began = entry.tracing_seconds = None
            self._waiting[name] = entry

    def curtail(self, name: str) -> None:
        """The candidate is to end now; what it had left is the others'."""
        if name in self._running and self._running[name].curtailed is None:
            self._running[name].curtailed = self._clock()

    def traced(self, name: str, seconds: float) -> None:
        """The candidate needed this long until its first batch was through."""
        if name in self._running:
            self._running[name].tracing_seconds = seconds
            self._running[name].traced = self._clock()
        known = self._shortest_tracing
        self._shortest_tracing = seconds if known is None else min(known, seconds)

    def end(self, name: str, finished: bool = False) -> None:
        """The candidate ended, in whatever way; what it did not use is the others'.

        Args:
            finished: it has left a whole network.
        """
        entry = self._running.pop(name, None) or self._waiting.pop(name, None)
        self._has_finished |= finished or bool(entry and self._has_left_one(entry))

    def _has_left_one(self, entry: Entry) -> bool:
        """Whether its best weights so far are a network: of a table, one that has not finished is none."""
        return entry.checked and not self._from_now

    def waits(self, name: str) -> bool:
        """Whether the candidate may still begin."""
        return name in self._waiting

    def have_one(self) -> None:
        """A network is there from an earlier run: nobody is waited for."""
        self._has_finished = True

    def knows(self, name: str) -> bool:
        """Whether the candidate waits or runs."""
        return name in self._waiting or name in self._running

    @property
    def needs_one(self) -> bool:
        """Whether no network has finished, and one that comes after the end is waited for."""
        running = [self._clock() - entry.began for entry in self._running.values() if entry.began is not None]
        late = min([-self.total_left(), *running[:1]])
        patience = min(max(self._total, LATENESS[0]), LATENESS[1])
        return not self._has_finished and self._stopped_at is None and late < patience

    @property
    def late(self) -> bool:
        """Whether the time is over, by more than the allowance, and goes on for the sake of a first network."""
        waits = self._spared() is not None or not self._running
        return waits and self.needs_one and self.total_left() < -self.allowance

    @property
    def worth_another(self) -> bool:
        """Whether one that begins now could still learn something, or is needed all the same."""
        return self.total_left() > 0 or (self.needs_one and not self._running)

    @property
    def short(self) -> bool:
        """Whether a second process that starts now would take the time from the first network."""
        return self.needs_one and self.total_left() < SHORT

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
        return {
            name: min(share - self._used(e), self._left_for(name, left), self._allowed(e))
            for name, e in self._running.items()
        }

    def _left_for(self, name: str, left: float) -> float:
        """``left``; for a first network of a table, which is waited for, at least as long as it was traced.

        It would be no better than none if it ended with its first step.
        """
        entry = self._running[name]
        if not self._from_now or entry.traced is None or name != next(iter(self._running)) or not self.needs_one:
            return left
        return max(left, entry.traced + (entry.tracing_seconds or 0.0) - self._clock())

    def _allowed(self, entry: Entry) -> float:
        return float("inf") if entry.curtailed is None else entry.curtailed - self._clock()

    def overdue(self) -> list[str]:
        """Running candidates that should have ended and have not, by more than the allowance.

        Nobody can know how long tracing takes: one that has not finished it may use half of the total time, and of a
        short one more before there is a network. One that has just finished it has yet to hear that it is late.
        """
        allowed = self.allowance + (0.0 if self._stopped_at is None else PATIENCE)
        late = [name for name, left in self.seconds_left().items() if self._extended(name, left) < -allowed]
        return [name for name in late if name != self._spared()]

    def _extended(self, name: str, left: float) -> float:
        entry = self._running[name]
        if entry.tracing_seconds is None:
            patience = max(self._total / 2, LATENESS[0] if self.needs_one else 0.0)
            return min(max(left, patience - self._used(entry)), self.total_left())
        return max(left, (entry.traced or 0.0) - self._clock())

    def _spared(self) -> str | None:
        """Who may be late for the sake of a first network: the one that began first."""
        if self.total_left() > 0 or not self.needs_one:
            return None
        if any(map(self._has_left_one, self._running.values())):
            return None
        return next(iter(self._running), None)

    def hopeless(self) -> list[str]:
        """Waiting candidates, the last first, to give up so that the share of the others is worth a start."""
        given_up = self._hopeless()
        return given_up[:-1] if len(given_up) == len(self._waiting) and self.needs_one else given_up

    def _hopeless(self) -> list[str]:
        """A share is worth it when it is longer than `_least`."""
        waiting = list(self._waiting)
        if self._first_begin is None and self._stopped_at is None:
            return []
        if self.total_left() <= 0:
            return waiting[::-1]
        least = self._least
        if not least:
            return []
        # The more wait, the smaller the share: the first count of them for which it is too small.
        kept = bisect_left(range(1, len(waiting) + 1), True, key=lambda count: self._share(count) <= least)
        return waiting[kept:][::-1]

    @property
    def _least(self) -> float:
        """Seconds in which something can be learned, by the shortest tracing that was seen; 0 before the first."""
        return (LEAST_OF_TRACING if self._from_now else 1.0) * (self._shortest_tracing or 0.0)

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

    def _used(self, entry: Entry) -> float:
        return entry.spent + (0.0 if entry.began is None else self._clock() - entry.began)
