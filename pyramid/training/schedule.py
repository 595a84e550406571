"""When the learning rate steps down, and when a candidate has learned what it can."""

from enum import Enum
from typing import NamedTuple

#: The learning rate of each phase, as a share of the given one.
PHASES = (1.0, 1 / 4, 1 / 16)


class Verdict(Enum):
    """What follows from a check of the holdout."""

    CONTINUE = "continue"
    STEP_DOWN = "step down"
    FINISHED = "finished"


class Check(NamedTuple):
    improved: bool
    verdict: Verdict


class Schedule:
    """Goes through the phases: a phase ends when ``patience`` checks in a row bring nothing, or with its time.

    A phase's time is a share of what the candidate has in all: a short budget would otherwise end at the
    full learning rate, before any gain of the lower ones.
    """

    def __init__(self, patience: int, warmup_iterations: int, phase_ends: tuple[float, ...] = (0.6, 0.85)):
        """``phase_ends``: shares of the candidate's time after which the first and second phase end at the latest."""
        self._patience = patience
        self._warmup = warmup_iterations
        self._phase_ends = phase_ends
        self._failures = 0
        self.best: float | None = None
        self.phase = 0

    @property
    def factor(self) -> float:
        """The learning rate of the phase, as a share of the given one."""
        return PHASES[self.phase]

    def check(self, value: float, iteration: int, time_used: float) -> Check:
        """Take in a check.

        Args:
            value: the metric of the holdout; higher is better.
            iteration: steps of descent so far; before the end of the warm-up no failure counts.
            time_used: the share of the candidate's time that has gone, in [0, 1].
        """
        improved = self.best is None or value > self.best
        if improved:
            self.best = value
            self._failures = 0
        if iteration < self._warmup:
            return Check(improved, Verdict.CONTINUE)
        self._failures += not improved
        if self._failures < self._patience and not self.out_of_time(iteration, time_used):
            return Check(improved, Verdict.CONTINUE)
        return Check(improved, self._next_phase())

    def out_of_time(self, iteration: int, time_used: float) -> bool:
        """Whether the phase must end with the next check, however well it goes."""
        return (
            iteration >= self._warmup
            and self.phase < len(self._phase_ends)
            and time_used >= self._phase_ends[self.phase]
        )

    def _next_phase(self) -> Verdict:
        if self.phase == len(PHASES) - 1:
            return Verdict.FINISHED
        self.phase += 1
        self._failures = 0
        return Verdict.STEP_DOWN
