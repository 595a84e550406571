"""What follows the trials of a job: files that TensorBoard reads, and runs of MLflow in a real store."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pyramid.engine.events import Ensembled, Event, Note, Searching, Update
from pyramid.engine.tracking.interface import Tracker
from pyramid.engine.tracking.mlflow import Mlflow
from pyramid.engine.tracking.tensorboard import TensorBoard
from pyramid.engine.tracking.tracking import Tracking
from pyramid.finalize.searching import STATUS_FILE
from pyramid.training.candidate import Progress, Result, Status
from tests.engine.light import METRIC, count

REPORT = {"final_model": "/out/final_model.json", "best": "a"}


def word(checks: int, **metrics: float | None) -> Progress:
    return Progress(10 * checks, checks, 20.0, 2.0 * checks, 0.5, 100.0, 0.5, metrics=dict(metrics))


def result(name: str, status: Status = Status.FINISHED, iterations: int = 30, **metrics: float | None) -> Result:
    return Result(name, "deepnet", "none", status, "enough", metrics=dict(metrics), iterations=iterations)


def job(name: str = "a") -> list[Event]:
    """A search in which one network is checked three times; a word without a new check comes between."""
    parameters = {"learning_rate": 0.01, "activation_function": "tanh", "learn_residuals": True, "layers": [1]}
    words = [word(checks, r_squared=checks / 4, mean_squared_error=-9.0 / checks) for checks in (1, 1, 2)]
    return [
        Searching("r_squared", 60.0, None),
        Update(name, word(0)),
        *(Update(name, progress, parameters=parameters) for progress in words),
        Update(name, result=result(name, r_squared=0.75, mean_squared_error=-3.0)),
    ]


class Heard:
    """Keeps what is passed on."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    @property
    def notes(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Note)]


def follow(work: Path, events: list[Event], *trackers: Tracker) -> Heard:
    """What is heard of ``events``, each of which the ``trackers`` follow."""
    heard = Heard()
    tracking = Tracking(heard, work, list(trackers))
    for event in events:
        tracking(event)
    tracking.close(REPORT)
    return heard


def curves(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Tag -> (step, value), as TensorFlow reads the files in ``folder``, the oldest first."""
    from pyramid.tf import tf

    found: dict[str, list[tuple[int, float]]] = {}
    for file in sorted(folder.iterdir()):
        for event in tf.compat.v1.train.summary_iterator(str(file)):
            for value in event.summary.value:
                if value.WhichOneof("value") == "simple_value":
                    found.setdefault(value.tag, []).append((event.step, value.simple_value))
    return found


def test_tensorflow_reads_a_point_for_each_check_and_one_for_the_end(tmp_path: Path) -> None:
    follow(tmp_path, job(), TensorBoard(tmp_path))
    found = curves(tmp_path / "a")
    assert found["holdout/r_squared"] == [(10, 0.25), (20, 0.5), (30, 0.75)]
    assert found["holdout/mean_squared_error"] == [(10, 9.0), (20, 4.5), (30, 3.0)]  # as people read errors
    assert found["images_per_second"] == [(0, 100.0), (10, 100.0), (20, 100.0)]
    assert found["share_left"][0] == (0, 20.0)


def test_a_run_that_goes_on_continues_the_curves(tmp_path: Path) -> None:
    follow(tmp_path, job(), TensorBoard(tmp_path))
    again = [*job()[:1], Update("a", word(5, r_squared=0.9))]
    follow(tmp_path, again, TensorBoard(tmp_path))
    assert curves(tmp_path / "a")["holdout/r_squared"][-2:] == [(30, 0.75), (50, pytest.approx(0.9))]


def test_many_trials_hold_no_file_and_no_thread(tmp_path: Path) -> None:
    threads = threading.active_count()
    tracking = Tracking(Heard(), tmp_path, [TensorBoard(tmp_path / "curves")])
    tracking(job()[0])
    before = len(os.listdir("/proc/self/fd"))
    for i in range(300):
        tracking(Update(f"{i:05d}", word(1, r_squared=0.5)))  # all are running
    assert len(os.listdir("/proc/self/fd")) == before
    assert threading.active_count() == threads
    assert len(os.listdir(tmp_path / "curves")) == 300


def test_every_event_is_passed_on_and_the_ensemble_is_told_when_it_changes(tmp_path: Path) -> None:
    (tmp_path / STATUS_FILE).write_text('{"method": "greedy", "members": ["a"], "scores": {}}')
    events = [*job("a"), *job("b")[1:]]
    heard = follow(tmp_path, events)
    assert [event for event in heard.events if not isinstance(event, Ensembled)] == events
    assert [event for event in heard.events if isinstance(event, Ensembled)] == [Ensembled("greedy", ["a"], {})]


def test_a_tracker_that_breaks_costs_one_note(tmp_path: Path) -> None:
    (tmp_path / "curves").write_text("a file is in the way")
    heard = follow(tmp_path, [*job("a"), *job("b")], TensorBoard(tmp_path / "curves"))
    assert len(heard.notes) == 1
    assert "TensorBoard follows no longer" in heard.notes[0]
    assert sum(isinstance(event, Update) for event in heard.events) == 10


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """A client of the real store in the folder `runs`."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    pytest.importorskip("mlflow", reason="the extra mlflow is not installed")

    def client() -> Any:
        from mlflow.tracking import MlflowClient

        return MlflowClient(str(tmp_path / "runs"))

    return client


def mlflow(folder: Path, uri: str = "") -> Mlflow:
    return Mlflow(uri or str(folder / "runs"), folder / "out", folder, {"seed": 1})


def runs_of(client: Any) -> dict[str, Any]:
    experiment = client.get_experiment_by_name("pyramid")
    return {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}


def test_mlflow_has_a_run_for_the_job_and_one_for_each_candidate(tmp_path: Path, store: Callable[[], Any]) -> None:
    broken = Update("b", result=result("b", Status.FAILED, 0))
    heard = follow(tmp_path, [*job(), broken], mlflow(tmp_path))
    assert heard.notes == []
    runs = runs_of(store())
    assert set(runs) == {"out", "a", "b"}
    parent, a, b = runs["out"], runs["a"], runs["b"]
    assert parent.info.status == a.info.status == "FINISHED"
    assert b.info.status == "FAILED"
    assert parent.data.params == {"seed": "1"}
    assert parent.data.tags["pyramid.model"] == REPORT["final_model"]
    assert a.data.tags["mlflow.parentRunId"] == b.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert (a.data.tags["pyramid.status"], a.data.tags["pyramid.reason"]) == ("finished", "enough")
    history = store().get_metric_history(a.info.run_id, "holdout/r_squared")
    assert sorted((metric.step, metric.value) for metric in history) == [(10, 0.25), (20, 0.5), (30, 0.75)]


def test_a_job_that_goes_on_has_the_same_runs(tmp_path: Path, store: Callable[[], Any]) -> None:
    follow(tmp_path, job(), mlflow(tmp_path))
    follow(tmp_path, [*job(), *job("b")], mlflow(tmp_path))
    assert sorted(runs_of(store())) == ["a", "b", "out"]
    experiment = store().get_experiment_by_name("pyramid")
    assert len(store().search_runs([experiment.experiment_id])) == 3


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes calls and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://user:secret@127.0.0.1:{server.getsockname()[1]}"


def test_a_server_that_does_not_answer_costs_one_note(
    tmp_path: Path, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    heard = follow(tmp_path, job(), mlflow(tmp_path, silent))
    assert len(heard.notes) == 1
    assert heard.notes[0].startswith("tracking_uri: http://127.0.0.1:")
    assert "the training goes on" in heard.notes[0]
    assert "secret" not in heard.notes[0]


@pytest.mark.usefixtures("ray_session")
def test_real_trials_are_followed(tmp_path: Path) -> None:
    heard = Heard()
    tracking = Tracking(heard, tmp_path, [TensorBoard(tmp_path / "curves")])
    tracking(Searching(METRIC, 100.0, 3))
    results = count(tmp_path, ["00000", "00001", "00002"], tracking, steps=4)
    tracking.close(None)
    assert {found.status for found in results.values()} == {Status.FINISHED}
    assert heard.notes == []
    for name in results:
        assert [step for step, _ in curves(tmp_path / "curves" / name)["share_left"]] == [0, 1, 2, 3, 4]
