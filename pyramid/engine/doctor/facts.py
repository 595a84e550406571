"""What a doctor's visit finds: facts, each with its state and, where something is wrong, a line of advice."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """How a fact bears on training."""

    GOOD = "good"
    ABSENT = "absent"  # not there, and not needed
    WARNING = "warning"  # it goes on, but slower, or not with everything
    WRONG = "wrong"  # it stops training


@dataclass(frozen=True)
class Fact:
    """One line of the visit.

    Attributes:
        part: what it is about, the heading of a group.
        advice: what to do about it; "" when nothing is to be done.
    """

    part: str
    name: str
    value: str
    state: State = State.GOOD
    advice: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def size(count: float) -> str:
    """ "640 MB", "12.3 GB"."""
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"
