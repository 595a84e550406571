"""The trials of a job, as rows that fit a terminal: who trains first, then the best that have ended."""

import bisect
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pyramid.engine.events import Update
from pyramid.report.texts import metric, seconds
from pyramid.training.candidate import Progress, Result, Status

WAITING, STARTING, TRAINING = "waiting", "starting", "training"

#: The most ended trials that are kept for showing; no terminal has more lines.
_KEPT = 200

#: Columns of a terminal below which a trial has its metric alone, and from which on it has a bar.
_NARROW, _WIDE = 70, 100

_BAR = 16

#: Letters of a heading.
_LONGEST = 12


@dataclass
class Trial:
    """What a row tells.

    Attributes:
        elapsed, left: seconds of its share.
        value: the best of the selection metric so far.
    """

    name: str
    state: str = WAITING
    value: float | None = None
    steps: int = 0
    per_second: float = 0.0
    elapsed: float = 0.0
    left: float | None = None


class Trials:
    """Takes in words about trials; another thread may ask for the table meanwhile."""

    def __init__(self, metric_name: str, per_second: str = "images/s"):
        """
        Args:
            per_second: the heading of the speed.
        """
        self._metric, self._per_second = metric_name, per_second
        self._open: dict[str, Trial] = {}
        self._ended: list[Trial] = []  # the best first
        self._counts: Counter[str] = Counter()
        self._lock = threading.RLock()

    def expect(self, names: Iterable[str]) -> None:
        """Trials of these names will come."""
        with self._lock:
            self._open |= {name: Trial(name) for name in names}

    def hear(self, update: Update) -> None:
        with self._lock:
            if update.progress is not None:
                self._progress(update.name, update.progress)
            if update.result is not None:
                self._end(update.result)

    def _progress(self, name: str, progress: Progress) -> None:
        trial = self._open.setdefault(name, Trial(name))
        trial.state = TRAINING if progress.images_per_second else STARTING
        trial.value, trial.steps = progress.value, progress.iterations
        trial.per_second, trial.elapsed, trial.left = (
            progress.images_per_second,
            progress.elapsed,
            progress.seconds_left,
        )

    def _end(self, result: Result) -> None:
        self._open.pop(result.name, None)
        self._counts[result.status] += 1
        value = result.metrics.get(self._metric)
        elapsed = result.seconds.get("elapsed", 0.0)
        row = Trial(result.name, str(result.status), value, result.iterations, result.images_per_second, elapsed)
        bisect.insort(self._ended, row, key=_rank)
        del self._ended[_KEPT:]

    def table(self, width: int, lines: int) -> Table:
        """The trials in at most ``lines`` lines, of a terminal with ``width`` columns."""
        with self._lock:
            running = [trial for trial in self._open.values() if trial.state != WAITING]
            waiting = [trial for trial in self._open.values() if trial.state == WAITING]
            rows = [*running, *self._ended, *waiting]
            room = max(1, lines - 1)  # one is the heading
            shown = rows if len(rows) <= room else rows[: max(1, room - 1)]
            hidden = Counter(t.state for t in self._open.values()) + self._counts - Counter(t.state for t in shown)
            return self._draw(shown, hidden, width)

    def _draw(self, shown: list[Trial], hidden: "Counter[str]", width: int) -> Table:
        rows = [self._cells(trial, width) for trial in shown]
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
        headings = ["state", self._metric.replace("_", " ")[:_LONGEST], "steps", self._per_second, "left", "time"]
        headings = headings[: len(rows[0]) - 1] if rows else headings
        taken = sum(1 + max(len(h), *(len(row[i]) for row in rows)) for i, h in enumerate(headings, 1)) if rows else 0
        bar = _BAR if width >= _WIDE else 0
        table.add_column("network", no_wrap=True, overflow="ellipsis", max_width=max(8, width - taken - bar - 2))
        for heading in headings:
            table.add_column(heading, justify="left" if heading == "state" else "right", no_wrap=True)
        if bar:
            table.add_column("", width=bar)
        for trial, row in zip(shown, rows, strict=True):
            table.add_row(*row, *([_bar(trial)] if bar else []))
        told = ", ".join(f"{count:,} {state}" for state, count in hidden.items())
        if told:
            table.add_row(Text(f"… and {told}", style="dim"))
        return table

    def _cells(self, trial: Trial, width: int) -> list[Text]:
        """As many as a terminal of ``width`` columns has room for, the most wanted first."""
        known = trial.state != WAITING and (trial.steps or trial.left is not None)
        cells = [
            Text(trial.name),
            Text(trial.state, style=_STYLES.get(trial.state, "")),
            Text(metric(self._metric, trial.value)),
            Text(f"{trial.steps:,}" if known else ""),
            Text(f"{trial.per_second:,.0f}" if trial.per_second else ""),
            Text(seconds(max(0.0, trial.left)) if trial.state == TRAINING and trial.left is not None else ""),
            Text(seconds(trial.elapsed) if trial.elapsed else ""),
        ]
        return cells[: 3 if width < _NARROW else 6 if width < _WIDE else 7]


def _bar(trial: Trial) -> ProgressBar | str:
    """The part of its share that is gone."""
    if trial.state != TRAINING or trial.left is None:
        return ""
    return ProgressBar(trial.elapsed + max(0.0, trial.left) or 1.0, trial.elapsed, width=_BAR)


_STYLES = {TRAINING: "green", WAITING: "dim", "failed": "red", "skipped": "yellow"}


def _rank(trial: Trial) -> tuple[bool, float]:
    """The best first; without a value, or with none that is a number, last, and who never began behind them."""
    unknown = trial.value is None or trial.value != trial.value
    return trial.state == Status.SKIPPED, float("inf") if unknown or trial.value is None else -trial.value
