"""The trials of a job as runs of MLflow, below a run for the job: told by a thread that nobody waits for long."""

import contextlib
import json
import math
import os
import queue
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyramid.engine.tracking.interface import Parameter
from pyramid.finalize.workspace import MLFLOW_FILE
from pyramid.settings.tracking import is_folder
from pyramid.training.candidate import Result, Status
from pyramid.training.storage import write_json

#: Of all jobs; MLflow's own variable names another one.
EXPERIMENT = "pyramid"

#: Seconds in which a server must have taken what is left at the end of a job, and of one that leaves no model.
PATIENCE, LITTLE_PATIENCE = 15.0, 3.0

#: Words that may wait for a slow server.
_MOST_WAITING = 100_000

#: Read by MLflow; what the user has set stays. It would ask for minutes, and tell its makers who uses it.
_ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "GIT_PYTHON_REFRESH": "quiet",
}

#: MLflow's word for how a run ended.
_ENDS = {Status.FINISHED: "FINISHED", Status.FAILED: "FAILED", Status.SKIPPED: "KILLED"}

_PARENT = "mlflow.parentRunId"

#: The most parameters that are told at once.
_AT_ONCE = 100


class Mlflow:
    """A `Tracker`."""

    def __init__(self, uri: str, output: Path, work: Path, parameters: dict[str, Parameter]):
        """
        Args:
            output: the folder for the results; the job's run has its name.
            work: has a file with the runs, so that a job that goes on has the same.
            parameters: of the job.
        """
        self.problem = ""
        self._uri, self._shown = uri, re.sub(r"//[^/@]*@", "//", uri)  # a password is nobody's business
        self._runs = _Runs(uri, output, work, parameters)
        self._queue: queue.Queue[Callable[[], None] | None] = queue.Queue(_MOST_WAITING)
        self._put(self._runs.open)
        self._thread = threading.Thread(target=self._work, name="mlflow", daemon=True)
        try:
            _import(uri)
            self._thread.start()
        except Exception as error:  # a broken installation
            self.problem = self._gone(f"{type(error).__name__}: {error}")

    def begin(self, name: str, parameters: dict[str, Parameter], metric: str) -> None:
        self._put(lambda: self._runs.begin(name, parameters))

    def point(self, name: str, step: int, values: dict[str, float]) -> None:
        at = int(time.time() * 1000)
        self._put(lambda: self._runs.point(name, step, at, values))

    def end(self, name: str, result: Result) -> None:
        self._put(lambda: self._runs.end(name, result))

    def close(self, report: dict[str, Any] | None) -> None:
        self._put(lambda: self._runs.close(report))
        self._put(None)
        patience = PATIENCE if report is not None else LITTLE_PATIENCE
        self._thread.join(patience)
        if self._thread.is_alive():
            self.problem = self._gone(f"it has not taken all within {patience:g} s of the end")

    def _put(self, word: Callable[[], None] | None) -> None:
        try:
            self._queue.put_nowait(word)
        except queue.Full:
            self.problem = self._gone(f"it is more than {_MOST_WAITING:,} words behind")

    def _work(self) -> None:
        try:
            while (word := self._queue.get()) is not None:
                word()
        except Exception as error:  # whatever it is, the training is worth more
            lines = str(error).splitlines() or [""]
            self.problem = self._gone(f"{type(error).__name__}: {lines[0][:300].replace(self._uri, self._shown)}")

    def _gone(self, why: str) -> str:
        return f"tracking_uri: {self._shown} follows no longer, the training goes on: {why}"


def _import(uri: str) -> None:
    """Import what the thread needs: two threads that import at once can meet modules that are half there."""
    os.environ.update({name: value for name, value in _ENVIRONMENT.items() if name not in os.environ})
    import mlflow.tracking

    if is_folder(uri):
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")  # a person has asked for it
        import mlflow.store.tracking.file_store
    elif not uri.startswith(("http", "databricks")):
        import mlflow.store.tracking.sqlalchemy_store  # noqa: F401


class _Runs:
    """What the thread does: the run of the job, and those of its trials."""

    def __init__(self, uri: str, output: Path, work: Path, parameters: dict[str, Parameter]):
        self._uri, self._output, self._parameters = uri, output, parameters
        self._file = work / MLFLOW_FILE
        self._client: Any = None
        self._experiment = self._parent = ""
        self._ids: dict[str, str] = {}

    def open(self) -> None:
        """Find the run of the job, or make it."""
        from mlflow.tracking import MlflowClient

        self._client = MlflowClient(self._uri)
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)
        found = self._client.get_experiment_by_name(name)
        self._experiment = found.experiment_id if found else self._client.create_experiment(name)
        known = self._known()
        self._parent, self._ids = known.get("parent", ""), known.get("runs", {})
        if self._parent:
            self._client.set_terminated(self._parent, "RUNNING")
        else:
            tags = {"pyramid.output_directory": str(self._output)}
            self._parent = self._create(self._output.name or "pyramid", tags, self._parameters)
        self._keep()

    def _known(self) -> dict[str, Any]:
        try:
            known: dict[str, Any] = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known if known.get("uri") == self._uri else {}

    def _keep(self) -> None:
        with contextlib.suppress(OSError):  # a slow server may be told of a job that is delivered already
            write_json(self._file, {"uri": self._uri, "parent": self._parent, "runs": self._ids})

    def _create(self, name: str, tags: dict[str, str], parameters: dict[str, Parameter]) -> str:
        from mlflow.entities import Param

        run = str(self._client.create_run(self._experiment, tags=tags, run_name=name).info.run_id)
        told = [Param(key, str(value)) for key, value in parameters.items()]
        for start in range(0, len(told), _AT_ONCE):
            self._client.log_batch(run, params=told[start : start + _AT_ONCE])
        return run

    def begin(self, name: str, parameters: dict[str, Parameter]) -> None:
        if name not in self._ids:
            self._ids[name] = self._create(name, {_PARENT: self._parent}, parameters)
            self._keep()

    def point(self, name: str, step: int, at: int, values: dict[str, float]) -> None:
        from mlflow.entities import Metric

        told = [Metric(key, value, at, step) for key, value in values.items() if math.isfinite(value)]
        self._client.log_batch(self._ids[name], metrics=told)

    def end(self, name: str, result: Result) -> None:
        from mlflow.entities import RunTag

        tags = [RunTag("pyramid.status", str(result.status)), RunTag("pyramid.reason", result.reason[:5000] or "none")]
        self._client.log_batch(self._ids[name], tags=tags)
        self._client.set_terminated(self._ids[name], _ENDS[result.status])

    def close(self, report: dict[str, Any] | None) -> None:
        if report is not None:
            self._client.set_tag(self._parent, "pyramid.model", report["final_model"])
            self._client.set_tag(self._parent, "pyramid.best", report["best"])
        self._client.set_terminated(self._parent, "FAILED" if report is None else "FINISHED")
