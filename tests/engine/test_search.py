"""Whole searches on small tables from Python: processes are killed in the middle, and the model is what it says."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyramid import api
from pyramid.engine.arrays import make_arrays
from pyramid.engine.events import Event, Update, nobody
from pyramid.engine.search import read_table
from pyramid.engine.session import ray
from pyramid.errors import DataError, ProblemsError, PyramidError
from pyramid.finalize.journal import JOB, JOURNAL_FILE, PLAN, SPENT, Journal, entries, job_entry
from pyramid.finalize.workspace import FINAL_MODEL_FILE, RESULTS_FILE
from pyramid.settings.check_search import check_search
from tests.engine.searches import SMALL, document, is_training, kill, names_of, processes, read, trial_processes
from tests.finalize.shelf import register, shelf_uri

#: A network that learns for longer than three seconds writes checkpoints.
LONG: dict[str, Any] = {"search_space": SMALL | {"patience": 8192}, "max_iterations": 12_000}


def outputs(model: dict[str, Any], folder: Path, rows: list[list[Any]]) -> np.ndarray:
    """What sensenet predicts with the document ``model``."""
    import pyramid.tf  # noqa: F401 - sensenet imports TensorFlow, so it comes after

    from sensenet.models.wrappers import create_model  # isort: skip

    path = folder / "one.json"
    path.write_text(json.dumps(model), encoding="utf-8")
    return np.asarray(create_model(str(path))(rows))


def is_mean_of_its_networks(folder: Path) -> bool:
    """Whether the delivered model predicts what its members do on average, for rows with missing cells too."""
    model = read(folder / "out" / FINAL_MODEL_FILE)
    rows = [[0.5, 0.1, "x"], [None, -1.0, "z"], [0.9, None, "y"], [0.2, 2.0, None]]
    if model["weight_index"] is not None:
        rows = [[*row, None] for row in rows]
    different = {json.dumps(network): network for network in model["networks"]}
    each = {text: outputs(model | {"networks": [network]}, folder, rows) for text, network in different.items()}
    mean = np.mean([each[json.dumps(network)] for network in model["networks"]], axis=0)
    return bool(np.allclose(outputs(model, folder, rows), mean, rtol=1e-5, atol=1e-5))


class Kills:
    """Kills the process of one trial, and the finalizer when two networks are in."""

    def __init__(self) -> None:
        self.trials = self.finalizers = 0
        self._ended = 0

    def __call__(self, event: Event) -> None:
        if not isinstance(event, Update):
            return
        self._ended += event.result is not None
        if not self.trials and is_training(event, checks=1):
            self.trials = kill(trial_processes()[:1])
        if not self.finalizers and self._ended == 2:
            self.finalizers = kill(processes("_Finalizer"))


@pytest.mark.usefixtures("ray_session")
def test_a_search_loses_nothing_when_a_trial_and_the_finalizer_are_killed(tmp_path: Path) -> None:
    kills = Kills()
    given = document(tmp_path, weight="w", ensemble_size=4, max_total_time=300, number_of_candidates=5)
    report = api.search(given, tell=kills)
    assert kills.trials == 1
    assert kills.finalizers >= 1
    assert names_of(report) == [f"{i:05d}" for i in range(5)]
    assert {result["status"] for result in report["candidates"]} == {"finished"}
    assert report["best"] in names_of(report)
    assert set(report["ensemble"]["members"]) <= set(names_of(report))
    assert read(tmp_path / "out" / RESULTS_FILE) | {"page": report["page"]} == json.loads(json.dumps(report))
    assert sorted(path.name for path in (tmp_path / "out").glob("submodel_*")) == [
        f"submodel_{name}" for name in names_of(report)
    ]
    assert not (tmp_path / "out" / "unfinished").exists()
    kinds = [kind for kind, _ in entries(tmp_path / "out")]
    assert kinds.index(JOB) < kinds.index(SPENT) < kinds.index(PLAN), "reading and caching are of its time"
    assert is_mean_of_its_networks(tmp_path)


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_a_finalizer_that_ray_restarts_counts_networks_from_before(tmp_path: Path) -> None:
    """`ray.kill` before the last network ends: the new actor reads the others from the disk."""
    ended: list[str] = []

    def tell(event: Event) -> None:
        if isinstance(event, Update) and event.result:
            ended.append(event.name)
            if len(ended) == 3:
                [name] = [one["name"] for one in ray.util.list_named_actors(all_namespaces=True)]  # no earlier ones
                ray.kill(ray.get_actor(name, namespace="pyramid"), no_restart=False)

    given = document(tmp_path, objective="kind", max_total_time=300, number_of_candidates=4, ensemble_method="rank")
    report = api.search(given | {"model_fraction": 1.0}, tell=tell)
    assert sorted(report["ensemble"]["members"]) == names_of(report) == [f"{i:05d}" for i in range(4)]
    assert report["data"]["objective"] == "categorical"
    assert is_mean_of_its_networks(tmp_path)


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "an objective that is not there": ({"objective": "price"}, "price"),
    "a constant objective": ({"objective": "same"}, "same"),
    "no usable input": ({"inputs": ["same"]}, "same"),
    "an unknown key": ({"objektive": "y"}, "objektive"),
    "an unknown parameter of the space": ({"search_space": {"layers": 3}}, "layers"),
    "a space without networks": ({"search_space": {"number_of_layers": []}}, "number_of_layers"),
    "another objective's loss": ({"search_space": {"loss_function": "cross_entropy"}}, "loss_function"),
}

TABLES: dict[str, tuple[bytes, str]] = {
    "not UTF-8": ("a,y\n1,café\n".encode("latin-1") * 40, "UTF-8"),
    "ragged rows": (b"a,b,y\n1,2,3\n4,5\n" + b"1,2,3\n" * 40, "row"),
    "no rows": (b"a,b,y\n", "row"),
    "nothing": (b"", "t.csv"),
}


@pytest.fixture
def refused(tmp_path: Path) -> Callable[[dict[str, Any]], str]:
    """Search with something wrong; returns the message. Nothing is left."""

    def run(given: dict[str, Any]) -> str:
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(ProblemsError) as error:
            api.search(given)
        assert error.value.exit_code == 2
        assert sorted(tmp_path.rglob("*")) == before
        return str(error.value)

    return run


@pytest.mark.parametrize("what", BAD)
def test_a_bad_configuration_is_refused_and_leaves_nothing(
    what: str, tmp_path: Path, refused: Callable[[dict[str, Any]], str]
) -> None:
    changes, word = BAD[what]
    given = document(tmp_path)
    lines = (tmp_path / "table.csv").read_text().splitlines()
    same = ["same", *["1"] * (len(lines) - 1)]
    (tmp_path / "table.csv").write_text("\n".join(map(",".join, zip(lines, same, strict=True))))
    assert word in refused(given | changes)


@pytest.mark.usefixtures("ray_session")
@pytest.mark.parametrize("key", ["cpus_per_trial", "gpus_per_trial"])
def test_trials_that_fit_no_machine_are_refused_before_the_table_is_cached(
    key: str, tmp_path: Path, refused: Callable[[dict[str, Any]], str]
) -> None:
    assert f"{key}: no machine has 64" in refused(document(tmp_path, **{key: 64}))


@pytest.mark.parametrize("what", TABLES)
def test_a_bad_table_is_refused_and_leaves_nothing(
    what: str, tmp_path: Path, refused: Callable[[dict[str, Any]], str]
) -> None:
    content, word = TABLES[what]
    (tmp_path / "t.csv").write_bytes(content)
    given = {"training_data": str(tmp_path / "t.csv"), "objective": "y", "output_directory": str(tmp_path / "out")}
    assert word in refused(given)


def test_a_column_of_lists_cannot_be_an_input(tmp_path: Path, refused: Callable[[dict[str, Any]], str]) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    table = pa.table({"a": [[1, 2], [3]] * 50, "b": list(range(100)), "y": [float(i % 7) for i in range(100)]})
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    given = {"training_data": str(tmp_path / "t.parquet"), "objective": "y", "output_directory": str(tmp_path / "out")}
    assert "a" in refused(given | {"inputs": ["a", "b"]})


def test_a_far_table_that_is_called_as_the_journal_does_not_replace_it(tmp_path: Path) -> None:
    register()
    (tmp_path / "far").mkdir()
    rows = [{"a": i % 7, "b": i * i % 11, "y": float(i % 5)} for i in range(60)]
    (tmp_path / "far" / JOURNAL_FILE).write_text("".join(json.dumps(row) + "\n" for row in rows))
    given = {"training_data": shelf_uri(tmp_path / "far" / JOURNAL_FILE), "objective": "y", "output_directory": "out"}
    settings, problems = check_search(given)
    assert not problems
    work = tmp_path / "work"
    work.mkdir()
    Journal(work).write(SPENT, 3.0)
    assert Path(read_table(settings, work, nobody).path).is_file()
    assert list(entries(work)) == [(SPENT, 3.0)]


def test_an_output_directory_with_another_search_is_refused(
    tmp_path: Path, refused: Callable[[dict[str, Any]], str]
) -> None:
    given = document(tmp_path)
    unfinished = tmp_path / "out" / "unfinished"
    unfinished.mkdir(parents=True)
    Journal(unfinished).write(JOB, job_entry("pyramid_search", given))
    message = refused(given)
    assert "--resume" in message
    assert "--overwrite" in message
    os.replace(unfinished / "journal.jsonl", tmp_path / "out" / "journal.jsonl")
    message = refused(given)
    assert "--resume" in message
    assert "--max-total-time" in message
    assert "--overwrite" in message


class Bad:
    """Of a job that is to be cached: all that the other process wants of it is an error."""

    @property
    def folder(self) -> Path:
        raise DataError([f"row {i}: a cell" for i in range(64)])


class Deadly:
    """Ends the process that receives it."""

    def __reduce__(self) -> tuple[Callable[[int], Any], tuple[int]]:
        return os._exit, (1,)


@pytest.mark.usefixtures("ray_session")
def test_errors_of_the_caching_come_whole_and_a_process_that_dies_is_told_in_a_line() -> None:
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # a worker cannot import the tests
    job: Any = Bad()
    with pytest.raises(DataError) as caught:
        make_arrays(job)
    assert len(caught.value.problems) == 64
    assert str(caught.value).startswith("row 0: a cell\nrow 1: a cell\n")
    job = Deadly()
    with pytest.raises(PyramidError, match=r"caching the table: its process died, .*; use a machine with more") as died:
        make_arrays(job)
    assert len(str(died.value).splitlines()) == 1
