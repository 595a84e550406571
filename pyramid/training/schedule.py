"""When the learning rate steps down, and when a candidate has learned what it can."""

from enum import Enum
from typing import NamedTuple


class Phase(NamedTuple):
    """A part of a training.

    Attributes:
        factor: its learning rate, as a share of the given one.
        end: the share of the candidate's time after which it ends at the latest.
        frozen: whether the readout alone is learned.
    """

    factor: float
    end: float
    frozen: bool = False


_RANDOM = (Phase(1.0, 0.6), Phase(1 / 4, 0.85), Phase(1 / 16, 1.0))
_FINE_TUNE = (Phase(1.0, 0.3, frozen=True), Phase(1 / 8, 0.8), Phase(1 / 64, 1.0))

#: Training method -> its phases.
PHASES: dict[str, tuple[Phase, ...]] = {
    "randomly_initialize": _RANDOM,
    "use_pretrained": tuple(phase._replace(frozen=True) for phase in _RANDOM),
    "fine_tune": _FINE_TUNE,
    "initial_model": _FINE_TUNE,
}


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

    def __init__(self, patience: int, warmup_iterations: int, phases: tuple[Phase, ...]):
        self._patience = patience
        self._warmup = warmup_iterations
        self._phases = phases
        self._place = 0
        self._failures = 0
        self.best: float | None = None

    @property
    def phase(self) -> Phase:
        """The one that it is in."""
        return self._phases[self._place]

    @property
    def position(self) -> tuple[int, int, float | None]:
        """The place of the phase, its checks in a row that brought nothing, and the best value: for `resume`."""
        return self._place, self._failures, self.best

    def resume(self, place: int, failures: int, best: float | None) -> None:
        """Go on from the `position` of an earlier schedule."""
        self._place, self._failures, self.best = place, failures, best

    def check(self, value: float, iteration: int, time_used: float) -> Check:
        """Take in a check.

        Args:
            value: the metric of the holdout; higher is better.
            iteration: steps of descent with this optimizer; before the end of the warm-up no failure counts.
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
        return iteration >= self._warmup and self._place < len(self._phases) - 1 and time_used >= self.phase.end

    def _next_phase(self) -> Verdict:
        if self._place == len(self._phases) - 1:
            return Verdict.FINISHED
        self._place += 1
        self._failures = 0
        return Verdict.STEP_DOWN
