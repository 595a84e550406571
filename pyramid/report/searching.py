"""What a person sees while a search tries networks: how many there were, the best so far, and the time that is left."""

import time
from typing import Any

from rich.console import Console
from rich.markup import escape

from pyramid.engine.events import Ensembled, Event, Searching, Update
from pyramid.report.progress import ProgressReport
from pyramid.report.texts import metric, seconds
from pyramid.report.trials import Trials
from pyramid.training.candidate import Result, Status

#: Seconds between two lines.
_LINE_EVERY = 10.0


class SearchReport:
    """Takes in the engine's events; to be used as a context manager."""

    def __init__(self, console: Console):
        self._console = console
        self._images = ProgressReport(console)
        self._search: Searching | None = None
        self._began = self._last_line = 0.0
        self._count = self._failed = 0
        self._best: Result | None = None
        self._ensemble: Ensembled | None = None

    def __enter__(self) -> "SearchReport":
        self._images.__enter__()
        return self

    def __exit__(self, *_: Any) -> None:
        self._images.__exit__()

    def __call__(self, event: Event) -> None:
        if isinstance(event, Searching):
            self._begin(event)
        elif isinstance(event, Ensembled):
            self._ensemble = event
        elif self._search is None or not isinstance(event, Update):
            self._images(event)
        else:
            self._hear(self._search, event)

    def _begin(self, event: Searching) -> None:
        self._search, self._began = event, time.monotonic()
        many = "as many networks as the time allows" if event.number is None else _networks(event.number)
        self._console.print(f"trying {many} for {seconds(max(0.0, event.seconds))} in all …")
        screen = self._images.screen
        screen.trials, screen.words = Trials(event.metric, "rows/s"), lambda: self._words(event.metric)
        screen.budget("searching", 0.0, max(0.0, event.seconds))

    def _hear(self, search: Searching, update: Update) -> None:
        result = update.result
        if self._images.screen.trials is not None:
            self._images.screen.trials.hear(update)
        if result is not None:
            self._count_in(search.metric, result)
            if result.status == Status.FAILED:
                self._console.print(f"[red]{result.name} failed[/red]: {escape(result.reason)}", soft_wrap=True)
        now = time.monotonic()
        if now - self._last_line > _LINE_EVERY and not self._images.screen.on:
            self._last_line = now
            left = seconds(max(0.0, self._began + search.seconds - now))
            self._console.print(f"{self._told(search.metric)}, {left} left", soft_wrap=True)

    def _count_in(self, name: str, result: Result) -> None:
        self._count += result.status != Status.SKIPPED
        self._failed += result.status == Status.FAILED
        value, best = result.metrics.get(name), self._best.metrics[name] if self._best else None
        if value is not None and (best is None or value > best):
            self._best = result

    def _told(self, name: str) -> str:
        done = f"{_networks(self._count)} ended"
        if self._best is None:
            return done
        return f"{done}, the best is {self._best.name}: {name} {metric(name, self._best.metrics[name])}"

    def _words(self, name: str) -> str:
        """The line of a terminal."""
        ensemble = self._ensemble
        failed = f"; {self._failed:,} failed" if self._failed else ""
        if ensemble is None or not ensemble.members:
            return self._told(name) + failed
        score = (ensemble.scores.get(ensemble.method) or {}).get(name)
        told = f" {metric(name, score)}" if score is not None else ""
        return f"{self._told(name)}{failed}; ensemble of {len(set(ensemble.members)):,}:{told or ' not scored yet'}"


def _networks(count: int) -> str:
    return "1 network" if count == 1 else f"{count:,} networks"
