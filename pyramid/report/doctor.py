"""What a doctor's visit found, for a terminal."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pyramid.engine.doctor.facts import Fact, State

_MARKS = {
    State.GOOD: ("✓", "green"),
    State.ABSENT: ("–", "dim"),
    State.WARNING: ("!", "yellow"),
    State.WRONG: ("✗", "red"),
}


def print_facts(console: Console, facts: Sequence[Fact]) -> None:
    """Groups of lines; below each that is not well, what to do about it."""
    for part in dict.fromkeys(fact.part for fact in facts):
        console.print(Text(part.capitalize() if part[0].islower() else part, style="bold"))
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for fact in (fact for fact in facts if fact.part == part):
            mark, style = _MARKS[fact.state]
            table.add_row(Text(f"  {mark}", style=style), Text(fact.name), Text(fact.value))
            if fact.advice:
                table.add_row("", "", Text(f"→ {fact.advice}", style=style))
        console.print(table)
    console.print()
    console.print(Text(verdict(facts)))


def verdict(facts: Sequence[Fact]) -> str:
    """The last line."""
    wrong, warned = (sum(fact.state == state for fact in facts) for state in (State.WRONG, State.WARNING))
    things = "1 thing" if warned == 1 else f"{warned} things"
    if wrong:
        stops = "1 thing stops" if wrong == 1 else f"{wrong} things stop"
        return f"{stops} training; see the advice beside each ✗."
    return f"Training will work; {things} could be better." if warned else "All is well."


def to_json(facts: Sequence[Fact]) -> dict[str, Any]:
    """The same for a program."""
    return {"ok": not any(fact.state == State.WRONG for fact in facts), "facts": [fact.to_dict() for fact in facts]}
