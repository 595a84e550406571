"""What a person sees while candidates train: bars on a terminal, plain lines elsewhere."""

import time
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from pyramid.engine.events import Event, Prepared, Reading, Stage, Update
from pyramid.report.summary import data_lines
from pyramid.report.texts import metric, seconds
from pyramid.training.candidate import Progress as TrialProgress
from pyramid.training.candidate import Result

#: Seconds between two plain lines about one candidate.
LINE_EVERY = 10.0


class ProgressReport:
    """Takes in the engine's events; to be used as a context manager."""

    def __init__(self, console: Console):
        self._console = console
        self._live = console.is_terminal
        words = (TextColumn("{task.description}", markup=False), TextColumn("{task.fields[state]}", markup=False))
        self._bars = Progress(words[0], BarColumn(None), words[1], console=console, disable=not self._live)
        self._tasks: dict[str, TaskID] = {}
        self._last_line: dict[str, float] = {}
        self._metric = ""

    def __enter__(self) -> "ProgressReport":
        self._bars.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._bars.stop()

    def __call__(self, event: Event) -> None:
        if isinstance(event, Stage):
            self._console.print(f"{escape(event.text)} …")
        elif isinstance(event, Reading):
            self._reading(event)
        elif isinstance(event, Prepared):
            self._prepared(event)
        elif event.result is not None:
            self._ended(event, event.result)
        elif event.progress is not None:
            self._training(event, event.progress)

    def _reading(self, event: Reading) -> None:
        if event.done == 0:
            self._console.print(f"reading {event.total:,} pictures …")
        state = f"{event.done:,} of {event.total:,}"
        self._show("reading pictures", event.done, event.total, state, line=False)
        if event.done >= event.total and "reading pictures" in self._tasks:
            self._bars.remove_task(self._tasks.pop("reading pictures"))

    def _prepared(self, event: Prepared) -> None:
        self._console.print(data_lines(event.summary.to_dict(), event.shape)[0], soft_wrap=True)
        if event.summary.bad_images:
            self._console.print(f"{len(event.summary.bad_images):,} files were left out; the report tells why")
        count = len(event.candidates)
        plural = "candidate" if count == 1 else "candidates"
        self._console.print(f"training {count} {plural} for {seconds(event.total_time)} in all …")
        self._metric = event.candidates[0].selection_metric
        for candidate in event.candidates:
            self._show(candidate.name, 0, 1, "waiting", line=False)

    def _training(self, update: Update, progress: TrialProgress) -> None:
        if not progress.images_per_second:  # the network is traced, training has not begun
            return
        value = "not known yet" if progress.value is None else metric(self._metric, progress.value)
        state = (
            f"{self._metric} {value}, {progress.images_per_second:,.0f} images/s, {seconds(progress.seconds_left)} left"
        )
        total = progress.elapsed + progress.seconds_left
        self._show(update.name, progress.elapsed, total, state, line=True)

    def _ended(self, update: Update, result: Result) -> None:
        value = result.metrics.get(self._metric)
        state = (
            f"{result.status}: {self._metric} {metric(self._metric, value)}"
            if value is not None
            else str(result.status)
        )
        self._last_line.pop(update.name, None)
        reason = f" ({result.reason.splitlines()[0]})" if result.reason else ""
        self._show(update.name, 1, 1, state + reason, line=True)

    def _show(self, name: str, done: float, total: float, state: str, line: bool) -> None:
        if self._live:
            if name not in self._tasks:
                self._tasks[name] = self._bars.add_task(name, total=total, state=state)
            self._bars.update(self._tasks[name], completed=done, total=total, state=state)
        elif line and time.monotonic() - self._last_line.get(name, float("-inf")) >= LINE_EVERY:
            self._last_line[name] = time.monotonic()
            self._console.print(f"{name}: {state}", soft_wrap=True, markup=False)
