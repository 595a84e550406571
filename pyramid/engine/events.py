"""What the engine tells while it works, for whoever shows it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pyramid.data.dataset import Summary
from pyramid.training.candidate import Candidate, Progress, Result


@dataclass(frozen=True)
class Stage:
    """The job goes on to something else."""

    text: str


@dataclass(frozen=True)
class Note:
    """Something that a person should know."""

    text: str


@dataclass(frozen=True)
class Reading:
    """So many pictures have been decoded."""

    done: int
    total: int


@dataclass(frozen=True)
class Prepared:
    """The data are there; training begins.

    Attributes:
        total_time: seconds in all, of which an earlier run has ``spent`` some.
    """

    summary: Summary
    shape: list[int]
    candidates: list[Candidate]
    total_time: float
    spent: float = 0.0


@dataclass(frozen=True)
class Searching:
    """The table is cached; networks are tried.

    Attributes:
        metric: that chooses among them.
        seconds: that are left for them.
        number: how many there will be; None for as many as the time allows.
    """

    metric: str
    seconds: float
    number: int | None


@dataclass(frozen=True)
class Update:
    """A word about one candidate: its progress, or how it ended.

    Attributes:
        parameters: of a network that a search has thought of, with its progress.
    """

    name: str
    progress: Progress | None = None
    result: Result | None = None
    parameters: dict[str, Any] | None = None


@dataclass(frozen=True)
class Ensembled:
    """The ensemble of a search as it is now.

    Attributes:
        method: by which it was chosen.
        members: names of networks; one may be there several times.
        scores: method -> metric -> value, on rows that no network learned from.
    """

    method: str
    members: list[str]
    scores: dict[str, dict[str, float] | None]


Event = Stage | Note | Reading | Prepared | Searching | Update | Ensembled
Tell = Callable[[Event], None]


def nobody(event: Event) -> None:
    """A `Tell` for when nobody listens."""
