"""What a person sees while candidates train: a table of them on a terminal, plain lines elsewhere."""

import time
from typing import Any

from rich.console import Console
from rich.markup import escape

from pyramid.engine.events import Event, Note, Prepared, Reading, Stage, Update
from pyramid.report.screen import Screen
from pyramid.report.summary import data_lines
from pyramid.report.texts import metric, seconds
from pyramid.report.trials import Trials
from pyramid.training.candidate import Progress as TrialProgress
from pyramid.training.candidate import Result, Status

#: Seconds between two plain lines about one candidate.
LINE_EVERY = 10.0


class ProgressReport:
    """Takes in the engine's events; to be used as a context manager."""

    def __init__(self, console: Console):
        self._console = console
        self.screen = Screen(console)
        self._last_line: dict[str, float] = {}
        self._metric = ""
        self._prepared_with: Prepared | None = None

    def __enter__(self) -> "ProgressReport":
        self.screen.__enter__()
        return self

    def __exit__(self, *_: Any) -> None:
        self.screen.__exit__()

    def __call__(self, event: Event) -> None:
        if isinstance(event, Stage):
            self._console.print(f"{escape(event.text)} …")
        elif isinstance(event, Note):
            self._console.print(escape(event.text), soft_wrap=True)
        elif isinstance(event, Reading):
            self._reading(event)
        elif isinstance(event, Prepared):
            self._prepared(event)
        elif isinstance(event, Update):
            self._update(event)

    def _update(self, event: Update) -> None:
        if self._prepared_with is not None and event.progress is not None:  # the budget runs from the first step
            self.screen.budget("training", self._prepared_with.spent, self._prepared_with.total_time)
            self._prepared_with = None
        if self.screen.trials is not None:
            self.screen.trials.hear(event)
        if event.result is not None:
            self._ended(event, event.result)
        elif event.progress is not None:
            self._training(event, event.progress)

    def _reading(self, event: Reading) -> None:
        if event.done == 0:
            self._console.print(f"reading {event.total:,} pictures …")
        self.screen.bar("reading pictures", event.done, event.total, f"{event.done:,} of {event.total:,}")

    def _prepared(self, event: Prepared) -> None:
        self._console.print(data_lines(event.summary.to_dict(), event.shape)[0], soft_wrap=True)
        if event.summary.bad_images:
            self._console.print(f"{len(event.summary.bad_images):,} files were left out; the report tells why")
        count = len(event.candidates)
        plural = "candidate" if count == 1 else "candidates"
        self._console.print(f"training {count} {plural} for {seconds(event.total_time)} in all …")
        self._metric = event.candidates[0].selection_metric
        self._prepared_with = event
        self.screen.trials = Trials(self._metric)
        self.screen.trials.expect(candidate.name for candidate in event.candidates)

    def _training(self, update: Update, progress: TrialProgress) -> None:
        if not progress.images_per_second:  # the network is traced, training has not begun
            return
        value = "not known yet" if progress.value is None else metric(self._metric, progress.value)
        state = (
            f"{self._metric} {value}, {progress.images_per_second:,.0f} images/s, {seconds(progress.seconds_left)} left"
        )
        self._tell(update.name, state)

    def _ended(self, update: Update, result: Result) -> None:
        value = result.metrics.get(self._metric)
        state = (
            f"{result.status}: {self._metric} {metric(self._metric, value)}"
            if value is not None
            else str(result.status)
        )
        self._last_line.pop(update.name, None)
        reason = f" ({result.reason.splitlines()[0]})" if result.reason else ""
        if self.screen.on and result.status == Status.FAILED:
            self._console.print(f"{update.name}: {state}{reason}", soft_wrap=True, markup=False)
        self._tell(update.name, state + reason)

    def _tell(self, name: str, state: str) -> None:
        """A line now and then, where there is no terminal."""
        if not self.screen.on and time.monotonic() - self._last_line.get(name, float("-inf")) >= LINE_EVERY:
            self._last_line[name] = time.monotonic()
            self._console.print(f"{name}: {state}", soft_wrap=True, markup=False)
