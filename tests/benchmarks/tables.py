"""The figures of deep networks on tables, printed as rows of tables. Run them alone on a quiet machine, after

bin/install test benchmark

~/.virtualenvs/pyramid/bin/python tests/benchmarks/tables.py steps     # the loop beside its bare step: 1 minute
~/.virtualenvs/pyramid/bin/python tests/benchmarks/tables.py jobs      # jobs of a warm worker: 1 minute
~/.virtualenvs/pyramid/bin/python tests/benchmarks/tables.py diamonds  # 8 submodels beside scikit-learn: 12 minutes
"""

import argparse
import importlib.util
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measuring import seconds

Rows = Iterator[tuple[str, str, str]]

#: Of the table whose steps are counted.
ROWS, COLUMNS, BATCH, NODES = 10_000, 30, 128, 64
STEPS, ROUNDS = 5000, 7

#: Seconds of the search on diamonds, and how many networks it trains.
SEARCH, SUBMODELS = 300.0, 8

#: What the eight networks differ in.
_CANDIDATES: list[dict[str, Any]] = [
    {"number_of_layers": 2, "largest_layer_size": 64, "batch_size": 256, "learning_rate": 0.003},
    {"number_of_layers": 3, "largest_layer_size": 128, "batch_size": 256, "learning_rate": 0.002},
    {"number_of_layers": 3, "largest_layer_size": 128, "batch_size": 128, "activation_function": "swish"},
    {"number_of_layers": 3, "largest_layer_size": 128, "batch_size": 256, "tree_embedding": True},
    {"number_of_layers": 5, "largest_layer_size": 64, "batch_size": 256, "learn_residuals": True},
    {"number_of_layers": 4, "largest_layer_size": 128, "batch_size": 512, "activation_function": "mish"},
    {"number_of_layers": 2, "largest_layer_size": 256, "batch_size": 256, "activation_function": "selu"},
    {"number_of_layers": 3, "largest_layer_size": 256, "batch_size": 256, "topology": "funnel"},
]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["steps", "jobs", "diamonds"])
    command = parser.parse_args().command
    rows = {"steps": steps, "jobs": jobs, "diamonds": diamonds}[command]()
    print("| figure | wanted | measured |\n| --- | --- | --- |")
    for figure, wanted, measured in rows:
        print(f"| {figure} | {wanted} | {measured} |", flush=True)


def steps() -> Rows:
    """The training's loop against the same compiled step on one resident batch."""
    from pyramid.tf import limit_devices, tf

    limit_devices(2)
    learner, batch = _learner()
    step = learner.step

    def bare_steps(count: tf.Tensor) -> tf.Tensor:
        total = tf.constant(0.0)
        for _ in tf.range(count):
            total += step(*batch)
        return total

    for name, compiled in (("TensorFlow's graph", False), ("XLA", True)):
        bare = tf.function(bare_steps, jit_compile=compiled)
        bare(tf.constant(1))
        if compiled:
            learner.fuse(100, np.inf)
        learner.run(STEPS)
        ours = partial(learner.run, STEPS)
        pairs = [(seconds(ours), seconds(lambda f=bare: float(f(tf.constant(STEPS))))) for _ in range(ROUNDS)]
        rate = statistics.median(STEPS / mine for mine, _ in pairs)
        share = statistics.median(bare / mine for mine, bare in pairs)
        yield f"steps/s by {name}, of the bare step", "≥ 5,000 or ≥ 0.85", f"{rate:,.0f}, {share:.2f}"


def _learner() -> tuple[Any, list[Any]]:
    from pyramid.data.pipeline import Sampler
    from pyramid.networks.deepnets import build_deepnet
    from pyramid.networks.readout import dense
    from pyramid.search.table_candidates import table_candidate
    from pyramid.settings.check_job import check_job
    from pyramid.tf import tf
    from pyramid.training.feeds import Rows as RowFeed
    from pyramid.training.loop import TrainingLoop
    from pyramid.training.optimizers import SteppedRate, make_optimizer
    from pyramid.training.values import Values

    info = [{"index": i, "type": "numeric", "mean": 0.0, "stdev": 1.0} for i in range(COLUMNS + 1)]
    document = {"job_id": "a", "output_directory": "a", "cache_file": "a", "info_list": info}
    candidate = table_candidate(check_job(document), COLUMNS)
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(ROWS, COLUMNS)).astype(np.float32)
    targets = inputs[:, 0].copy()
    weights = np.ones(ROWS, np.float32)
    layers = [dense(NODES, "relu"), dense(NODES, "relu"), dense(1, "linear")]
    model = build_deepnet(layers, COLUMNS, False, 0).model
    feed = RowFeed(inputs, targets, weights, Sampler(np.arange(ROWS), BATCH, 0), 0.0, 0)
    optimizer = make_optimizer("adam", SteppedRate(0.001, 0), {})
    loop = TrainingLoop(model, optimizer, Values(candidate, targets, standardised=True), feed)
    loop.run(10)
    return loop, [tf.constant(column[:BATCH]) for column in (inputs, targets, weights)]


def jobs() -> Rows:
    """Seconds that a warm worker says for small jobs on scikit-learn's wine."""
    from worker.running import worker

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        given = _wine(folder)
        with worker(timeout=600) as process:
            process.send(_job(folder, given, job_type="dataset_caching", job_id="cache"))
            process.answers(1)
            for kind, wanted in (("standard_training", "2.0"), ("search_submodel", "3.0")):
                paths = [_training(folder, given, job_type=kind, job_id=f"{kind}{i}") for i in range(8)]
                process.send(*paths)
                times = [answer.complete["job_time"] for answer in process.answers(len(paths))]
                told = f"{statistics.median(times):.2f} (first {times[0]:.2f}, slowest {max(times):.2f})"
                yield f"job_time of a 200-step {kind}, 178 rows, median of 8, s", f"≤ {wanted}", told
        yield "round trip of an empty job through front and job process, ms", "–", f"{_round_trip(folder):.2f}"


def _round_trip(folder: Path) -> float:
    """Milliseconds, by a job process without TensorFlow."""
    from worker.running import worker

    toy = [sys.executable, str(Path(__file__).parents[1] / "worker" / "toy_child.py")]
    empty = _job(folder, {}, job_id="empty", do=[])

    def one() -> None:
        process.send(empty)
        process.answers(1)

    with worker(timeout=60, command=toy) as process:
        one()
        return 1000 * statistics.median(seconds(one) for _ in range(300))


def _training(folder: Path, given: dict[str, Any], **keys: Any) -> str:
    array = str(folder / "out" / "full_dataset.npy")
    return _job(folder, given, cache_file=array, max_iterations=200, **keys)


def _job(folder: Path, given: dict[str, Any], **keys: Any) -> str:
    path = folder / f"{keys['job_id']}.json"
    path.write_text(json.dumps(given | keys), encoding="utf-8")
    return str(path)


def _wine(folder: Path) -> dict[str, Any]:
    from sklearn.datasets import load_wine

    inputs, classes = load_wine(return_X_y=True)
    names = [f"c{i}" for i in range(inputs.shape[1])]
    return _written(folder, [inputs[:, i] for i in range(len(names))], names, classes.astype(str).tolist(), "class")


def _written(folder: Path, inputs: list[Any], names: list[str], objective: Any, name: str) -> dict[str, Any]:
    """Write a table as Parquet; returns what all jobs on it say."""
    import pyarrow as pa
    import pyarrow.parquet

    columns = dict(zip(names, inputs, strict=True)) | {name: objective}
    pyarrow.parquet.write_table(pa.table(columns), folder / "table.parquet")
    info = [_column(i, key, values) for i, (key, values) in enumerate(columns.items())]
    return {"output_directory": str(folder / "out"), "cache_file": str(folder / "table.parquet"), "info_list": info}


def _column(index: int, name: str, values: Any) -> dict[str, Any]:
    if isinstance(values[0], str):
        return {"index": index, "name": name, "type": "categorical", "values": sorted(set(values))}
    moments = {"mean": float(np.mean(values)), "stdev": float(np.std(values))}
    return {"index": index, "name": name, "type": "numeric", **moments}


def diamonds() -> Rows:
    """The best of 8 submodels, and their ensembles, beside scikit-learn's gradient boosting, on a fifth of the rows."""
    table = _diamonds()
    order = np.random.default_rng(0).permutation(len(table["price"]))
    test, training = np.split(order, [len(order) // 5])
    for objective in ("price", "cut"):
        yield from _searched(table, objective, training, test)


def _diamonds() -> dict[str, Any]:
    import pyarrow.csv

    folder = importlib.util.find_spec("plotnine").submodule_search_locations[0]  # type: ignore[union-attr,index]
    read = pyarrow.csv.read_csv(Path(folder) / "data" / "diamonds.csv")
    columns = {name: read[name].to_pylist() for name in read.column_names}
    return {
        name: np.array(values, float) if not isinstance(values[0], str) else values for name, values in columns.items()
    }


def _searched(table: dict[str, Any], objective: str, training: Any, test: Any) -> Rows:
    from worker.running import worker

    names = [name for name in table if name != objective]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        given = _written(
            folder, [_rows(table[key], training) for key in names], names, _rows(table[objective], training), objective
        )
        with worker(timeout=600) as process:
            began = time.monotonic()
            process.send(_job(folder, given, job_type="dataset_caching", job_id="cache", is_search=True))
            cached = process.answers(1, timeout=600)[0].complete
            each = (SEARCH - (time.monotonic() - began) - 15) / SUBMODELS - 1.5
            for i, changes in enumerate(_CANDIDATES):
                keys = {"cache_file": cached["datasets"][0], "tree_inputs": cached["tree_inputs"], "seed": i}
                process.send(
                    _job(
                        folder,
                        given,
                        job_type="search_submodel",
                        job_id=f"sub{i}",
                        **keys,
                        **changes,
                        max_training_time=each,
                    )
                )
            process.answers(SUBMODELS, timeout=900)
            process.send(_job(folder, given, job_type="finalize_output", job_id="final", model_fraction=1 / SUBMODELS))
            process.answers(1, timeout=600)
            taken = time.monotonic() - began
            best = _score(folder / "out" / "final_model.json", table, names, objective, test)
            process.send(_job(folder, given, job_type="finalize_output", job_id="greedy", ensemble_method="greedy"))
            process.answers(1, timeout=600)
            ensemble = _score(folder / "out" / "final_model.json", table, names, objective, test)
    boosted, boosting = _boosted(table, names, objective, training, test)
    what = "R², mean absolute error" if objective == "price" else "accuracy, log loss"
    yield f"{objective}: best of {SUBMODELS} submodels after {taken:.0f} s: {what}", "–", best
    yield f"{objective}: the greedy ensemble of them", "–", ensemble
    yield f"{objective}: HistGradientBoosting with its defaults, after {boosting:.0f} s", "–", boosted


def _rows(values: Any, rows: Any) -> Any:
    return [values[i] for i in rows] if isinstance(values, list) else values[rows]


def _score(model: Path, table: dict[str, Any], names: list[str], objective: str, test: Any) -> str:
    """What the finished model predicts for raw rows, through sensenet."""
    import pyramid.tf  # noqa: F401 - sensenet imports TensorFlow, so it comes after

    from sensenet.models.wrappers import create_model  # isort: skip

    points = [list(row) for row in zip(*(_rows(table[key], test) for key in names), strict=True)]
    with redirect_stdout(sys.stderr):  # Keras draws a bar
        predicted = create_model(str(model))(points)
    truth = _rows(table[objective], test)
    if objective == "price":
        return _of_values(truth, predicted[:, 0])
    return _of_classes(truth, predicted, sorted(set(table[objective])))


def _of_values(truth: Any, predicted: Any) -> str:
    from sklearn.metrics import mean_absolute_error, r2_score

    return f"{r2_score(truth, predicted):.4f}, {mean_absolute_error(truth, predicted):.0f}"


def _of_classes(truth: Any, predicted: Any, classes: list[str]) -> str:
    from sklearn.metrics import log_loss

    right = np.mean(np.array(classes)[predicted.argmax(axis=1)] == np.array(truth))
    return f"{right:.4f}, {log_loss(truth, predicted.astype(float), labels=classes):.4f}"


def _boosted(table: dict[str, Any], names: list[str], objective: str, training: Any, test: Any) -> tuple[str, float]:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    columns = []
    for name in names:
        values = table[name]
        columns.append(np.unique(values, return_inverse=True)[1] if isinstance(values, list) else values)
    inputs = np.stack(columns, axis=1)
    categorical = [isinstance(table[name], list) for name in names]
    kind = HistGradientBoostingRegressor if objective == "price" else HistGradientBoostingClassifier
    model = kind(categorical_features=categorical, random_state=0)
    taken = seconds(lambda: model.fit(inputs[training], _rows(table[objective], training)))
    truth = _rows(table[objective], test)
    if objective == "price":
        return _of_values(truth, model.predict(inputs[test])), taken
    return _of_classes(truth, model.predict_proba(inputs[test]), list(model.classes_)), taken


if __name__ == "__main__":
    main()
