"""What a program reads while a job runs: a JSON object on each line, for every event.

Every object has ``event`` and ``at``, the seconds since the command began. A value that is not known, and one that JSON
has no words for (NaN, infinity), is null. Metrics that are errors or losses are negated, as in `results.json`.
"""

import json
import math
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from pyramid.data.remote import is_uri
from pyramid.engine.events import Ensembled, Event, Note, Prepared, Reading, Searching, Stage, Update
from pyramid.errors import ProblemsError, PyramidError
from pyramid.finalize.workspace import RESULTS_FILE
from pyramid.training.candidate import Progress

#: Of a word from a trial, what is told.
_PROGRESS = ("iterations", "checks", "elapsed", "seconds_left", "value", "images_per_second", "metrics")

#: Of a result, what is long and stands in `results.json`.
_LEFT_OUT = ("per_class",)


class JsonLines:
    """Takes in the engine's events and writes them to ``out``, each line at once."""

    def __init__(self, out: TextIO):
        self._out = out
        self._began = time.monotonic()
        self._lock = threading.Lock()  # a signal's message comes from another thread

    def __call__(self, event: Event) -> None:
        match event:
            case Stage(text):
                self.write("stage", text=text)
            case Note(text):
                self.write("note", text=text)
            case Reading(done, total):
                self.write("reading", done=done, total=total)
            case Prepared():
                self._prepared(event)
            case Searching(metric, seconds, number):
                self.write("searching", metric=metric, seconds=seconds, number=number)
            case Ensembled(method, members, scores):
                self.write("ensemble", method=method, members=members, scores=scores)
            case Update():
                self._update(event)

    def _prepared(self, event: Prepared) -> None:
        summary = event.summary
        self.write(
            "prepared",
            objective=summary.objective,
            training_rows=summary.training_rows,
            holdout_rows=summary.holdout_rows,
            bad_images=len(summary.bad_images),
            shape=event.shape,
            candidates=[candidate.name for candidate in event.candidates],
            metric=event.candidates[0].selection_metric if event.candidates else None,
            seconds=event.total_time,
            spent=event.spent,
        )

    def _update(self, event: Update) -> None:
        if event.progress is not None:
            self.write("progress", name=event.name, **_told(event.progress))
        if event.result is not None:
            result = {key: value for key, value in event.result.to_dict().items() if key not in _LEFT_OUT}
            self.write("result", **result)

    def note(self, text: object) -> None:
        """What a person should know."""
        self.write("note", text=str(text))

    def ended(self, report: Mapping[str, Any]) -> None:
        """The last line of a job that left a model; ``report`` is what `results.json` holds, and `page`."""
        name, model = report["selection_metric"], report["final_model"]
        best: Mapping[str, Any] = next(
            (c for c in report["candidates"] if c["name"] == report["best"]), {"metrics": {}}
        )
        self.write(
            "ended",
            model=model,
            results=_beside(model, RESULTS_FILE),
            report=report.get("page"),
            best=report["best"],
            metric=name,
            value=best["metrics"].get(name),
            stopped=report["stopped_by_user"],
        )

    def failed(self, error: BaseException) -> None:
        """The last line of a job that left none."""
        problems = error.problems if isinstance(error, ProblemsError) else str(error).splitlines()
        code = error.exit_code if isinstance(error, PyramidError) else 1
        if isinstance(error, KeyboardInterrupt):
            problems, code = ["interrupted"], 130
        self.write("error", problems=problems or [type(error).__name__], exit_code=code)

    def write(self, event: str, **fields: Any) -> None:
        """A line, unless nobody reads any more: a job is worth more than its reader."""
        line = {"event": event, "at": round(time.monotonic() - self._began, 3)} | _finite(fields)
        with self._lock:
            try:
                self._out.write(json.dumps(line, allow_nan=False) + "\n")
                self._out.flush()
            except (OSError, ValueError):
                pass


def _beside(model: str, name: str) -> str:
    """The file ``name`` in the folder of ``model``, a path or a URI, which may have options behind a question mark."""
    if not is_uri(model):
        return str(Path(model).with_name(name))
    path, mark, options = model.partition("?")
    return f"{path.rpartition('/')[0]}/{name}{mark}{options}"


def _told(progress: Progress) -> dict[str, Any]:
    return {key: getattr(progress, key) for key in _PROGRESS}


def _finite(value: Any) -> Any:
    """``value`` with None where JSON has no words."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value
