"""Hangs the trackers of a job between the engine and whoever listens to it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyramid.engine.events import Ensembled, Event, Note, Prepared, Searching, Tell, Update
from pyramid.engine.tracking.interface import Tracker, of_metrics, of_parameters, of_progress
from pyramid.finalize.searching import STATUS_FILE
from pyramid.finalize.workspace import TENSORBOARD
from pyramid.settings.pictures import PictureSettings
from pyramid.training.candidate import Progress, Result, Status


class Tracking:
    """Passes every event on, and tells the trackers what concerns them; one that breaks costs a note."""

    def __init__(self, tell: Tell, work: Path, trackers: list[Tracker]):
        self._tell, self._trackers = tell, trackers
        self._status = work / STATUS_FILE
        self._status_of = 0
        self._ensemble: Ensembled | None = None
        self._metric = ""
        self._parameters: dict[str, dict[str, Any]] = {}
        self._last: dict[str, Progress] = {}  # of the trials that are running, the last word that was a point

    def __call__(self, event: Event) -> None:
        self._tell(event)
        if isinstance(event, Prepared):
            self._metric = event.candidates[0].selection_metric
            self._parameters = {candidate.name: candidate.to_dict() for candidate in event.candidates}
        elif isinstance(event, Searching):
            self._metric = event.metric
        elif isinstance(event, Update):
            if event.progress is not None:
                self._progress(event, event.progress)
            if event.result is not None:
                self._end(event.result)

    def _begin(self, name: str, parameters: dict[str, Any] | None = None) -> None:
        known = parameters or self._parameters.pop(name, {})
        self._all("begin", name, of_parameters(known), self._metric)

    def _progress(self, event: Update, progress: Progress) -> None:
        last = self._last.get(event.name)
        if last is None:
            self._begin(event.name, event.parameters)
        if last is None or last.checks != progress.checks:
            self._last[event.name] = progress
            self._all("point", event.name, progress.iterations, of_progress(progress))

    def _end(self, result: Result) -> None:
        last = self._last.pop(result.name, None)
        broke_early = last is None and result.status == Status.FAILED
        if broke_early:
            self._begin(result.name)
        if last is not None and last.iterations != result.iterations and result.metrics:
            self._all("point", result.name, result.iterations, of_metrics(result.metrics))
        if last is not None or broke_early:
            self._all("end", result.name, result)
        self._look_at_the_ensemble()

    def _look_at_the_ensemble(self) -> None:
        """Another process writes down which networks a search would choose now."""
        try:
            changed = self._status.stat().st_mtime_ns
            if changed == self._status_of:
                return
            self._status_of = changed
            told = json.loads(self._status.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # no network has ended yet
            return
        ensemble = Ensembled(told["method"], told["members"], told["scores"])
        if ensemble != self._ensemble:
            self._ensemble = ensemble
            self._tell(ensemble)

    def close(self, report: dict[str, Any] | None) -> None:
        """The job has ended."""
        self._all("close", report)

    def _all(self, what: str, *arguments: Any) -> None:
        for tracker in list(self._trackers):
            if not tracker.problem:
                try:
                    getattr(tracker, what)(*arguments)
                except Exception as error:  # whatever it is, the training is worth more
                    tracker.problem = f"{type(tracker).__name__} follows no longer: {type(error).__name__}: {error}"
            if tracker.problem:
                self._trackers.remove(tracker)
                self._tell(Note(tracker.problem))


@contextmanager
def tracking(settings: PictureSettings, output: Path, work: Path, tell: Tell) -> Iterator[Tracking]:
    """A `Tell` that passes all on to ``tell``, and to the trackers that ``settings`` ask for.

    Args:
        output: the folder for the results, by whose name a server knows the job.
        work: the one for what is not finished.
    """
    from pyramid.engine.tracking.tensorboard import TensorBoard

    trackers: list[Tracker] = [TensorBoard(work / TENSORBOARD)]
    if settings.tracking_uri:
        from pyramid.engine.tracking.mlflow import Mlflow

        told = settings.model_fields_set - {"tracking_uri"}  # there may be a password in it
        given = settings.model_dump(include=told, mode="json")
        trackers.append(Mlflow(settings.tracking_uri, output, work, of_parameters(given)))
    tracked = Tracking(tell, work, trackers)
    try:
        yield tracked
    except BaseException:
        tracked.close(None)
        raise
