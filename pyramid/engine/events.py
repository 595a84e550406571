"""What the engine tells while it works, for whoever shows it."""

from collections.abc import Callable
from dataclasses import dataclass

from pyramid.data.dataset import Summary
from pyramid.training.candidate import Candidate, Progress, Result


@dataclass(frozen=True)
class Stage:
    """The job goes on to something else."""

    text: str


@dataclass(frozen=True)
class Reading:
    """So many pictures have been decoded."""

    done: int
    total: int


@dataclass(frozen=True)
class Prepared:
    """The data are there; training begins."""

    summary: Summary
    shape: list[int]
    candidates: list[Candidate]
    total_time: float


@dataclass(frozen=True)
class Update:
    """A word about one candidate: its progress, or how it ended."""

    name: str
    progress: Progress | None = None
    result: Result | None = None


Event = Stage | Reading | Prepared | Update
Tell = Callable[[Event], None]


def nobody(event: Event) -> None:
    """A `Tell` for when nobody listens."""
