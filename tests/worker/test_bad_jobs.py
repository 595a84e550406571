"""Jobs that cannot be done: each is answered with what is wrong, leaves nothing behind, and the next one works."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.disks import small_disk
from tests.worker.job_files import CLASSES, PRICES, Bench, Job, stored_rows
from tests.worker.running import Worker, worker

ROWS = 60


@pytest.fixture(scope="module")
def running() -> Iterator[Worker]:
    with worker(timeout=200) as one:
        yield one


@pytest.fixture(scope="module")
def cached(running: Worker, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A bench with the arrays of a small table."""
    bench = Bench(running, tmp_path_factory.mktemp("cached"))
    bench.cache(CLASSES, stored_rows(CLASSES, ROWS))
    return bench


@pytest.fixture
def bench(running: Worker, tmp_path: Path) -> Bench:
    return Bench(running, tmp_path)


def first_line(error: str, *words: str) -> str:
    """The first line of an error: it is about the value and no traceback; a traceback is below it."""
    line = error.splitlines()[0]
    assert line, error
    assert not line.startswith("Traceback"), error
    assert "Traceback (most recent call last)" in error
    for word in words:
        assert word in line, f"{word!r} is not in {line!r}"
    return line


#: What is in a job file -> what its error names, and the job_id that is answered.
DOCUMENTS: dict[str, tuple[bytes, str, Any]] = {
    "empty": (b"", "not JSON", None),
    "rubbish": (b"\x00\x01\x02 rubbish", "not JSON", None),
    "half an object": (b'{"job_id": "x", "seed"', "not JSON", None),
    "not UTF-8": (b'{"job_id": "\xff\xfe"}', "UTF-8", None),
    "a list": (b"[1, 2]", "object", None),
    "a number": (b"12", "object", None),
    "null": (b"null", "object", None),
    "nested too deep": (b"[" * 100_000, "JSON", None),
    "no job_id": (b'{"job_type": "finalize_output"}', "job_id", None),
    "null as job_id": (b'{"job_id": null, "job_type": "finalize_output"}', "job_id", None),
    "a list as job_id": (b'{"job_id": [1, {"a": 2}]}', "job_id", None),
    "a deep list as job_id": (b'{"job_id": ' + b"[" * 700 + b"]" * 700 + b"}", "job_id", None),
    "a deep list beside job_id": (b'{"job_id": 7, "layers": ' + b"[" * 700 + b"]" * 700 + b"}", "layers", 7),
    "a slash in job_id": (b'{"job_id": "../../x"}', "job_id", "../../x"),
    "an empty job_id": (b'{"job_id": ""}', "job_id", ""),
    "a NUL in job_id": (b'{"job_id": "a\\u0000b"}', "job_id", "a\0b"),
    "half a surrogate pair": (b'{"job_id": "a\\ud800"}', "", "a\ud800"),
    "an unknown job_type": (b'{"job_id": 7, "job_type": "guess"}', "job_type", 7),
    "a number as job_type": (b'{"job_id": 7, "job_type": 3}', "job_type", 7),
    "an unknown key": (b'{"job_id": 7, "lerning_rate": 3}', "learning_rate", 7),
    "a key out of range": (b'{"job_id": 7, "number_of_layers": 129}', "number_of_layers", 7),
    "NaN": (b'{"job_id": 7, "learning_rate": NaN}', "learning_rate", 7),
    "an enormous number": (b'{"job_id": 7, "learning_rate": 1' + b"0" * 400 + b"}", "learning_rate", 7),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_wrong_document_is_answered(bench: Bench, name: str) -> None:
    content, word, job_id = DOCUMENTS[name]
    path = bench.folder / "wrong.json"
    path.write_bytes(content)
    bench.running.send(path)
    answer = bench.running.answers(1)[0].complete
    assert set(answer) == {"job_id", "error"}
    assert answer["job_id"] == job_id
    assert word in answer["error"].split("Traceback")[0]
    first_line(answer["error"])


def test_a_path_that_is_no_file_is_answered(bench: Bench) -> None:
    paths = [bench.folder / "missing.json", bench.folder, Path("/dev/null"), bench.folder / ("x" * 300)]
    (bench.folder / "locked").symlink_to(bench.folder / "locked")
    paths += [bench.folder / "locked", b"\xff\xfe/no", b"with \x00 inside"]  # type: ignore[list-item]
    bench.running.send(*paths)
    for answer in bench.running.answers(len(paths)):
        assert answer.complete["job_id"] is None
        first_line(answer.complete["error"])


def test_a_named_pipe_is_not_waited_for(bench: Bench) -> None:
    pipe = bench.folder / "pipe.ser"
    os.mkfifo(pipe)
    bench.running.send(pipe)
    first_line(bench.running.answers(1)[0].complete["error"], "no file")
    settings = {"job_type": "dataset_caching", "job_id": "x", "info_list": CLASSES, "cache_file": str(pipe)}
    first_line(bench.failed(**settings), "cache_file", "no file")


@pytest.mark.parametrize("output", ["file:///tmp/x", "s3://bucket/x"])
def test_a_uri_as_output_directory_is_refused(bench: Bench, output: str) -> None:
    settings = {"job_type": "finalize_output", "job_id": "x", "info_list": CLASSES, "output_directory": output}
    first_line(bench.failed(**settings), "output_directory", output)


@pytest.mark.parametrize("kind", ["image_training", "dataset_caching", "standard_training", "finalize_output"])
def test_what_a_type_of_job_needs_is_named(bench: Bench, kind: str) -> None:
    error = bench.failed(job_type=kind, job_id="x").split("Traceback")[0]
    assert "info_list: is required" in error
    assert kind == "finalize_output" or "cache_file: is required" in error
    assert not bench.output.exists()


def changed(rows: Any, row: int, column: int, value: float) -> Any:
    made = [list(one) for one in rows]
    made[row][column] = value
    return made


#: Name of a fault in the rows -> row, column, value, and what the error says.
VALUES: dict[str, tuple[int, float, str]] = {
    "NaN": (0, float("nan"), "finite"),
    "infinity": (2, float("inf"), "finite"),
    "beyond 32 bits": (0, 1e300, "finite"),
    "category out of range": (1, 3, "place of a category"),
    "half a category": (1, 0.5, "place of a category"),
    "NaN as category": (1, float("nan"), "place of a category"),
    "negative weight": (3, -1, "weight"),
    "class out of range": (4, 3, "place of a category"),
    "class NaN": (4, float("nan"), "place of a category"),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_wrong_value_is_named_with_its_row(bench: Bench, name: str) -> None:
    column, value, words = VALUES[name]
    error = caching_error(bench, changed(stored_rows(CLASSES, ROWS), 41, column, value))
    line = first_line(error, words, "row 42", f"info_list[{column}]")
    assert str(bench.folder / "rows.ser") in line


def caching_error(bench: Bench, rows: Any, break_file: Callable[[bytes], bytes] | None = None, **more: Any) -> str:
    from tests.data.tabular.making import write_ser

    path = write_ser(bench.folder / "rows.ser", [info | {"name": ""} for info in CLASSES], rows)
    if break_file:
        path.write_bytes(break_file(path.read_bytes()))
    job: Job = {"cache_file": str(path), "cache_rows": len(rows), "instance_weights": True, "is_search": True}
    error = bench.failed(job_type="dataset_caching", job_id="c", info_list=CLASSES, **(job | more))
    assert not bench.output.exists() or not list(bench.output.iterdir())
    return error


#: Name of a fault in a `.ser` file -> what it does, and what the error says.
FILES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "truncated": (lambda data: data[:-3], "inside row"),
    "a row too few": (lambda data: data[:-40], "cache_rows"),
    "a row too many": (lambda data: data + data[-40:], "cache_rows"),
    "a byte too many": (lambda data: data + b"x", "cache_rows"),
    "another byte 0": (lambda data: b"E" + data[1:], "68"),
    "no byte 0": (lambda data: data[1:], ""),
    "empty": (lambda data: b"", "empty"),
    "byte 0 alone": (lambda data: b"D", "cache_rows"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_broken_file_is_named(bench: Bench, name: str) -> None:
    break_file, words = FILES[name]
    first_line(caching_error(bench, stored_rows(CLASSES, ROWS), break_file), words, str(bench.folder / "rows.ser"))


def test_a_file_that_is_none_is_named(bench: Bench) -> None:
    for path in (bench.folder / "no.ser", bench.folder, bench.folder / "no.parquet"):
        first_line(caching_error(bench, stored_rows(CLASSES, 5), cache_file=str(path)), str(path))


def test_rows_without_an_objective_cannot_be_cached(bench: Bench) -> None:
    rows = [[*row[:4], -1.0] for row in stored_rows(CLASSES, ROWS)]
    first_line(caching_error(bench, rows), "objective")


def write_array(path: Path, made: Any) -> str:
    np.save(path, made)
    return str(path)


#: Name of a fault of an array -> what makes it in a folder from the right one; the path.
ARRAYS: dict[str, Callable[[Path, Any], str]] = {
    "missing": lambda folder, full: str(folder / "none.npy"),
    "a folder": lambda folder, full: str(folder),
    "narrower": lambda folder, full: write_array(folder / "a.npy", full[:, 1:]),
    "wider": lambda folder, full: write_array(folder / "a.npy", np.hstack([full, full])),
    "a column": lambda folder, full: write_array(folder / "a.npy", full[:, 0]),
    "of float64": lambda folder, full: write_array(folder / "a.npy", full.astype(float)),
    "of objects": lambda folder, full: write_array(folder / "a.npy", full.astype(object)),
    "without rows": lambda folder, full: write_array(folder / "a.npy", full[:0]),
    "with NaN": lambda folder, full: write_array(folder / "a.npy", np.where(full == full[3, 3], np.nan, full)),
    "rubbish": lambda folder, full: write_bytes(folder / "a.npy", b"rubbish" * 100),
    "empty": lambda folder, full: write_bytes(folder / "a.npy", b""),
    "truncated": lambda folder, full: write_bytes(folder / "a.npy", npy_bytes(folder, full)[:-10]),
    "another kind": lambda folder, full: write_bytes(folder / "a.npy", b"PK\x03\x04" + b"\0" * 50),
}


def write_bytes(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


def npy_bytes(folder: Path, full: Any) -> bytes:
    return Path(write_array(folder / "whole.npy", full)).read_bytes()


@pytest.mark.parametrize("name", ARRAYS)
def test_a_wrong_array_is_named(bench: Bench, cached: Bench, name: str) -> None:
    path = ARRAYS[name](bench.folder, np.load(cached.output / "full_dataset.npy"))
    error = bench.failed(**bench.training(CLASSES, cache_file=path, tree_inputs=3))
    line = first_line(error, "cache_file")
    assert path in line or "row 3" in line
    assert not bench.output.exists() or not list(bench.output.iterdir())


#: Name of a fault of a training job -> the settings, and what the error names.
TRAININGS: dict[str, tuple[Job, str]] = {
    "too many tree_inputs": ({"tree_inputs": 4}, "tree_inputs"),
    "too few tree_inputs": ({"tree_inputs": 0}, "tree_inputs"),
    "tree_inputs beyond the range": ({"tree_inputs": 129}, "tree_inputs"),
    "without the weight": ({"instance_weights": False, "info_list": [*CLASSES[:3], CLASSES[4]]}, "columns"),
    "another objective": ({"info_list": PRICES}, "columns"),
    "a loss of another objective": ({"loss_function": "huber"}, "loss_function"),
    "a class that is none": ({"class_weights": [["dog", 1.0]]}, "dog"),
    "all class weights 0": ({"class_weights": [["ant", 0], ["bee", 0], ["cat", 0]]}, "weight"),
    "a layer without nodes": ({"layers": [{"type": "dense", "number_of_nodes": 0}]}, "layers[0]"),
    "a layer of no type": ({"layers": [{}]}, "layers[0]"),
    "a layer of pictures": ({"layers": [{"type": "convolution_2d"}]}, "layers[0]"),
    "a layer with weights": ({"layers": [{"type": "dense", "number_of_nodes": 3, "weights": [[1.0]]}]}, "layers[0]"),
    "layers that do not fit": (
        {
            "layers": [
                {"type": "dense", "number_of_nodes": 3},
                {"type": "dense", "number_of_nodes": 4},
                {"type": "add", "inputs": [0, 1]},
            ]
        },
        "layers",
    ),
    "a layer of itself": ({"layers": [{"type": "dense", "number_of_nodes": 3, "inputs": [0]}]}, "layers[0]"),
    "a divergence": (
        {"descent_algorithm": "sgd", "learning_rate": 100, "number_of_layers": 8, "max_iterations": 300},
        "",
    ),
}


@pytest.mark.parametrize("name", TRAININGS)
def test_a_wrong_training_leaves_nothing(bench: Bench, cached: Bench, name: str) -> None:
    settings, words = TRAININGS[name]
    job = cached.training(CLASSES, tree_inputs=3, output_directory=str(bench.output))
    if name == "a divergence":
        answer = bench.run(**(job | settings)).complete
        assert "error" in answer or np.isfinite(answer["validation_metrics"]["likelihood"])
        assert {path.name for path in bench.output.iterdir()} <= {"submodel_one"}
        return
    first_line(bench.failed(**(job | settings)), words)
    assert not bench.output.exists() or not list(bench.output.iterdir())


def test_a_training_that_runs_away_is_honest(bench: Bench) -> None:
    bench.cache(PRICES, stored_rows(PRICES, ROWS), is_search=False)
    before = sorted(path.name for path in bench.output.iterdir())
    away: Job = {
        "descent_algorithm": "sgd",
        "learning_rate": 100,
        "max_iterations": 500,
        "activation_function": "linear",
    }
    answer = bench.run(**bench.training(PRICES, **away)).complete
    if "error" in answer:
        first_line(answer["error"], "diverged")
        assert sorted(path.name for path in bench.output.iterdir()) == before
    else:
        assert answer["validation_metrics"]["r_squared"] < 0


def test_a_search_without_its_evaluation_set_is_a_clear_error(bench: Bench, cached: Bench) -> None:
    path = write_array(bench.folder / "alone.npy", np.load(cached.output / "full_dataset.npy"))
    job = bench.training(CLASSES, cache_file=path, tree_inputs=3, job_type="search_submodel")
    first_line(bench.failed(**job), "evaluation_dataset.npy")
    assert bench.leftovers() == []


@pytest.mark.parametrize("kind", ["dataset_caching", "standard_training", "search_submodel", "finalize_output"])
def test_an_output_directory_that_is_none_is_named(bench: Bench, cached: Bench, kind: str) -> None:
    file = bench.folder / "file"
    file.write_text("x")
    job = cached.training(CLASSES, tree_inputs=3, job_type=kind)
    for place in (file, file / "below", Path("/proc/no"), bench.folder / ("x" * 300), Path("/sys/no")):
        first_line(bench.failed(**job, output_directory=str(place)), "output_directory")
    assert file.read_text() == "x"
    for wrong in ("", None, 3, "a\0b"):
        first_line(bench.failed(**job, output_directory=wrong), "output_directory")


#: What a search writes and finalizing reads.
DAMAGED = (
    "trees.json",
    "submodel_a/evaluations.json",
    "submodel_a/evaluation_predictions.npy",
    "submodel_a/model_weights.h5",
)


def test_nothing_to_finalize_is_a_clear_error(bench: Bench) -> None:
    job: Job = {"job_type": "finalize_output", "job_id": "f", "info_list": CLASSES, "instance_weights": True}
    first_line(bench.failed(**job), "submodel_")
    bench.output.mkdir(exist_ok=True)
    (bench.output / "submodel_x").mkdir()
    (bench.output / "submodel_x" / "model_fit_info.json").write_text("{}")
    first_line(bench.failed(**job), "submodel_")


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        *(("missing", name) for name in DAMAGED),
        *(("rubbish", name) for name in DAMAGED),
    ],
)
def test_a_damaged_result_of_a_search_is_named(bench: Bench, cached: Bench, name: str, fault: str) -> None:
    import shutil

    shutil.copytree(cached.output, bench.output)
    job = bench.training(CLASSES, tree_inputs=3, tree_embedding=True, job_type="search_submodel", job_id="a")
    bench.done(**job)
    (bench.output / name).unlink()
    if fault == "rubbish":
        (bench.output / name).write_bytes(b"rubbish" * 30)
    job = {"job_type": "finalize_output", "job_id": "f", "info_list": CLASSES, "instance_weights": True}
    answer = bench.run(**job).complete
    if "evaluation" in name:  # it can do without
        assert "error" not in answer, answer["error"]
        return
    first_line(answer["error"], Path(name).name)
    assert not list(bench.output.glob("final*"))
    assert bench.leftovers() == []


@pytest.mark.slow
def test_a_very_large_network_works_or_fails_cleanly(bench: Bench, cached: Bench) -> None:
    job = cached.training(CLASSES, tree_inputs=3, output_directory=str(bench.output))
    most: Job = {"number_of_layers": 24, "largest_layer_size": 1024, "batch_size": 8192, "max_iterations": 1}
    answer = bench.run(280, **(job | most | {"max_training_time": 1})).complete
    if "error" in answer:
        first_line(answer["error"])
        assert not list(bench.output.iterdir())


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", "256k") as place:
        yield place


@pytest.mark.parametrize(
    "kind",
    [
        "dataset_caching",
        "standard_training",
        "search_submodel",
    ],
)
def test_a_full_disk_is_a_clear_error(bench: Bench, cached: Bench, disk: Path, kind: str) -> None:
    output = disk / "out"
    if kind == "dataset_caching":
        error = caching_error(bench, stored_rows(CLASSES, 6000), output_directory=str(output))
    else:
        size: Job = {"largest_layer_size": 1024, "number_of_layers": 3}
        job = cached.training(CLASSES, tree_inputs=3, job_type=kind, output_directory=str(output))
        error = bench.failed(**(job | size))
    line = first_line(error)
    assert "No space left" in line or "Errno 28" in line, line
    assert not output.exists() or not list(output.iterdir())


def test_a_full_disk_when_finalizing_leaves_the_submodels(bench: Bench, cached: Bench, disk: Path) -> None:
    import shutil

    job = cached.training(CLASSES, tree_inputs=3, output_directory=str(disk / "out"))
    bench.done(**(job | {"number_of_layers": 1, "largest_layer_size": 8}))
    (disk / "filler").write_bytes(b"x" * (shutil.disk_usage(disk).free - 12_000))
    final: Job = {"job_type": "finalize_output", "job_id": "f", "info_list": CLASSES, "instance_weights": True}
    error = bench.failed(**final, output_directory=str(disk / "out"))
    line = first_line(error)
    assert "No space left" in line or "Errno 28" in line, line
    assert [path.name for path in (disk / "out").iterdir()] == ["submodel_one"]


def test_the_next_good_job_works(bench: Bench) -> None:
    """Last in this file: the worker has answered all of the above."""
    bench.cache(CLASSES, stored_rows(CLASSES, ROWS))
    bench.done(**bench.training(CLASSES, tree_inputs=3))
    assert json.loads((bench.output / "submodel_one" / "model_fit_info.json").read_text())
