"""The part of a terminal that is drawn anew several times a second, below the lines that stay."""

import time
from collections.abc import Callable
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pyramid.report.texts import seconds
from pyramid.report.trials import Trials

#: Lines of a terminal that are not for trials: the budget, what is told of all, and one to breathe.
_OTHER_LINES = 4

_PER_SECOND = 4


class Screen:
    """Bars and trials on a terminal, nothing elsewhere; to be used as a context manager.

    Attributes:
        trials: shown when there are any.
        words: gives a line about all trials.
    """

    def __init__(self, console: Console):
        self._console = console
        self.on = console.is_terminal
        self.trials: Trials | None = None
        self.words: Callable[[], str] = lambda: ""
        self._bar: tuple[str, float, float, str] | None = None
        self._budget: tuple[str, float, float] | None = None
        self._live = Live(
            console=console,
            get_renderable=self.render,
            refresh_per_second=_PER_SECOND,
            transient=True,
            auto_refresh=True,
        )

    def __enter__(self) -> "Screen":
        if self.on:
            self._live.start()
        return self

    def __exit__(self, *_: Any) -> None:
        if self.on:
            self._live.stop()

    def bar(self, what: str, done: float, total: float, state: str) -> None:
        """A bar beside what is going on; it is gone when all is ``done``."""
        self._bar = None if done >= total else (what, done, total, state)

    def budget(self, what: str, spent: float, total: float) -> None:
        """The seconds of all: ``spent`` of ``total`` have gone now."""
        self._budget = what, time.monotonic() - spent, total

    def render(self) -> RenderableType:
        """What the terminal shows now."""
        parts: list[RenderableType] = []
        if self._bar is not None:
            parts.append(_line(*self._bar))
        if self._budget is not None:
            parts.append(self._budget_line(*self._budget))
        if words := self.words():
            parts.append(Text(words, no_wrap=True, overflow="ellipsis"))
        if self.trials is not None:
            size = self._console.size
            parts.append(self.trials.table(size.width, size.height - _OTHER_LINES))
        return Group(*parts)

    @staticmethod
    def _budget_line(what: str, began: float, total: float) -> RenderableType:
        spent = min(total, time.monotonic() - began)
        return _line(what, spent, total, f"{seconds(spent)} of {seconds(total)}, {seconds(total - spent)} left")


def _line(what: str, done: float, total: float, state: str) -> Table:
    line = Table.grid(padding=(0, 1), expand=True)
    line.add_column(no_wrap=True)
    line.add_column(ratio=1)
    line.add_column(no_wrap=True, justify="right")
    line.add_row(Text(what), ProgressBar(total or 1.0, done), Text(state))
    return line
