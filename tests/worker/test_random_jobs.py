"""Random jobs, one process for all of them: each one is answered once, at its end, whatever it says."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pyramid.settings.base_settings import JOB_TYPES, BaseSettings
from tests.data.tabular.making import write_ser
from tests.worker.job_files import CLASSES, INPUTS, PRICES, Job, stored_rows
from tests.worker.running import Worker, worker

ROWS = 50
TREES = {"classes": 3, "prices": INPUTS}

_numbers = st.one_of(
    st.sampled_from([0, 1, -1, 2, 0.5, 1.5, 128, 129, 1e-9, 1e300, 2**31, 10**400, True, float("nan"), float("inf")]),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.floats(0, 1),
    st.integers(-3, 9000),
)
_texts = st.one_of(st.sampled_from(["", "a", "ant", "\ud800", "a\0b", "é", "../x", "x" * 300]), st.text(max_size=5))
_junk = st.recursive(
    st.one_of(st.none(), st.booleans(), _numbers, _texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_texts, inner, max_size=3)),
    max_leaves=5,
)

_kinds = st.sampled_from(
    ["dense", "dropout", "activation", "batch_normalization", "add", "concatenate", "dense_residual_block"]
)
_layer = st.fixed_dictionaries(
    {"type": st.one_of(_kinds, _texts)},
    optional={
        "number_of_nodes": st.one_of(st.integers(1, 9), _numbers),
        "rate": _numbers,
        "activation_function": st.sampled_from(["relu", "softmax", "mish", "none"]),
        "inputs": st.lists(st.integers(-1, 3), max_size=3),
        "dense_path": st.lists(st.just({"type": "dense", "number_of_nodes": 3}), max_size=2),
    },
)

#: Values that are right more often than not: what is wrong in one key must not hide all that is behind it.
_LIKELY: dict[str, st.SearchStrategy[Any]] = {
    "activation_function": st.sampled_from(["relu", "mish", "selu", "softsign", "gelu"]),
    "balance_objective": st.booleans(),
    "batch_size": st.sampled_from([1, 3, 32, 8192]),
    "class_weights": st.lists(st.tuples(st.sampled_from(["ant", "bee", "cat"]), st.floats(0, 5)).map(list), max_size=3),
    "deepnet_version": st.sampled_from([None, "alpha", "beta"]),
    "descent_algorithm": st.sampled_from(["adam", "sgd", "ftrl", "adadelta", "rms_prop", "nadam", "momentum"]),
    "dropout_rate": st.floats(0, 0.75),
    "ensemble_method": st.sampled_from(["rank", "greedy"]),
    "holdout_rate": st.sampled_from([0, 0.001, 0.2, 0.99, 1]),
    "holdout_set_size": st.sampled_from([1, 2, 8192]),
    "image_training_type": st.sampled_from(["randomly_initialize", "fine_tune"]),
    "l1_regularization": st.sampled_from([0, 0.1, 1e30]),
    "l2_regularization": st.sampled_from([0, 0.1, 1e30]),
    "label_smoothing_factor": st.floats(0, 0.5),
    "largest_layer_size": st.integers(2, 40),
    "layers": st.lists(_layer, max_size=4),
    "learn_residuals": st.booleans(),
    "learning_rate": st.sampled_from([1e-30, 1e-3, 1, 100]),
    "learning_rate_warmup_iterations": st.sampled_from([0, 1, 1000]),
    "logging_level": st.sampled_from([2, 3]),
    "loss_function": st.sampled_from(
        ["crossentropy", "hinge", "kl_divergence", "cosine", "huber", "mean_percentage_error"]
    ),
    "max_data_size": st.sampled_from([1, 40, 1000, 2**30]),
    "max_seconds_per_update": st.sampled_from([1e-9, 0.1, 16]),
    "mixup_alpha": st.sampled_from([0, 1e-9, 0.3, 1]),
    "model_fraction": st.sampled_from([0, 0.1, 1]),
    "number_of_layers": st.integers(0, 6),
    "parallelism": st.sampled_from([1, 3, 4096]),
    "patience": st.sampled_from([1, 8192]),
    "seed": st.sampled_from([0, 1, 2**31 - 1]),
    "selection_metric": st.sampled_from(["likelihood", "auc", "r_squared", "spearman", "max_phi"]),
    "topology": st.sampled_from(["rectangle", "funnel", "diamond", 0, 1, 2]),
    "tree_inputs": st.sampled_from([0, 3, 5]),
    "cheat_on_validation": st.booleans(),
}
#: Those that go furthest come more often.
_TYPES = [*JOB_TYPES, *["standard_training", "search_submodel"] * 4, *["dataset_caching"] * 2]
_FIXED = {"max_iterations", "max_training_time", "output_directory", "cache_file", "info_list", "job_type", "job_id"}
_KEYS = sorted(set(BaseSettings.model_fields) - _FIXED)


@st.composite
def _jobs(draw: st.DrawFn) -> Job:
    """A job, with three marks for what is only known when it runs: the objective, the array, the output directory."""
    objective = draw(st.sampled_from(sorted(TREES)))
    job: Job = {
        "job_id": draw(st.sampled_from(["a", 3, "b"])),
        "job_type": draw(st.sampled_from(_TYPES)),
        "instance_weights": True,
        "tree_inputs": TREES[objective],
        "tree_embedding": draw(st.booleans()),
        "max_iterations": draw(st.integers(1, 3)),
        "max_training_time": 1,
        "_objective": objective,
        "_file": draw(
            st.sampled_from(["full_dataset.npy"] * 6 + ["evaluation_dataset.npy", "rows.ser", "trees.json", ""])
        ),
    }
    for key in draw(st.lists(st.sampled_from(sorted(_LIKELY)), max_size=8, unique=True)):
        job[key] = draw(_LIKELY[key])
    if draw(st.integers(0, 3)) == 0:
        for key in draw(
            st.lists(st.sampled_from([*_KEYS, *_FIXED - {"max_iterations", "max_training_time"}]), max_size=2)
        ):
            job[key] = draw(st.one_of(_numbers, _texts, _junk))
    return job


@pytest.fixture(scope="module")
def running() -> Iterator[Worker]:
    """A worker whose job process is the same one in the end."""
    with worker(timeout=300) as one:
        one.send("/dev/null")
        one.answers(1)  # the job process is warm
        before = _job_process(one)
        yield one
        assert _job_process(one) == before


def _job_process(running: Worker) -> int:
    [child] = psutil.Process(running.process.pid).children()
    return child.pid


@pytest.fixture(scope="module")
def tables(running: Worker, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two cached tables, with their rows beside the arrays."""
    folders = {}
    for name, info_list in (("classes", CLASSES), ("prices", PRICES)):
        folder = folders[name] = tmp_path_factory.mktemp(name)
        rows = stored_rows(info_list, ROWS)
        path = write_ser(folder / "rows.ser", [info | {"name": ""} for info in info_list], rows)
        job: Job = {"job_type": "dataset_caching", "job_id": "c", "info_list": info_list, "instance_weights": True}
        job |= {"cache_file": str(path), "is_search": True, "output_directory": str(folder)}
        assert "error" not in answered(running, folder, json.dumps(job).encode())
    return folders


def answered(running: Worker, folder: Path, content: bytes) -> Job:
    """The answer to a job file with ``content``."""
    path = folder / "job.json"
    path.write_bytes(content)
    running.send(path)
    return running.answers(1, timeout=150)[0].complete


def nan(job: Job) -> bool:
    """Whether its `job_id` is no number of JSON's, so that it is null in the answer."""
    return job["job_id"] != job["job_id"] or job["job_id"] in (float("inf"), float("-inf"))


def tried(running: Worker, tables: dict[str, Path], folder: Path, job: Job) -> None:
    """One random job on the cached table that it is for."""
    table = tables[job["_objective"]]
    given = {
        "info_list": CLASSES if job["_objective"] == "classes" else PRICES,
        "output_directory": str(folder / "out"),
    }
    name = "rows.ser" if job["job_type"] in ("dataset_caching", "image_training") else job["_file"]
    given["cache_file"] = str(table / name)
    job = given | {key: value for key, value in job.items() if not key.startswith("_")}
    if isinstance(job["output_directory"], str) and job["output_directory"] != given["output_directory"]:
        job["output_directory"] = os.path.join(folder, "other", job["output_directory"].strip("./"))
    answer = answered(running, folder, json.dumps(job).encode())
    assert answer["job_id"] == (job["job_id"] if isinstance(job["job_id"], str | int | float) else None) or nan(job)
    if "error" in answer:
        first = answer["error"].splitlines()[0]
        assert first
        assert not first.startswith(UNCLEAR), f"{job}\n{answer['error']}"
    else:
        assert answer["job_time"] >= 0
    if (folder / "out").exists():
        assert not [path for path in (folder / "out").iterdir() if path.name.startswith(("unfinished", "exports", "."))]


#: How the messages of errors begin that nobody foresaw.
UNCLEAR = (
    "TypeError",
    "KeyError",
    "IndexError",
    "AttributeError",
    "AssertionError",
    "UnboundLocalError",
    "Unicode",
    "ZeroDivisionError",
    "RecursionError",
    "ValueError",
    "InvalidArgumentError",
    "tensorflow",
    "OverflowError",
)

_SETTINGS = settings(
    deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)


@pytest.mark.parametrize(
    ("objective", "metric"), [("classes", "spearman"), ("prices", "auc"), ("prices", "likelihood")]
)
def test_a_metric_of_another_objective_is_refused(
    running: Worker, tables: dict[str, Path], tmp_path: Path, objective: str, metric: str
) -> None:
    job: Job = {"job_id": "a", "job_type": "standard_training", "instance_weights": True, "max_iterations": 1}
    job |= {"cache_file": str(tables[objective] / "full_dataset.npy"), "output_directory": str(tmp_path / "out")}
    job |= {"info_list": CLASSES if objective == "classes" else PRICES, "tree_inputs": TREES[objective]}
    answer = answered(running, tmp_path, json.dumps(job | {"selection_metric": metric}).encode())
    assert answer["error"].startswith("selection_metric")


def test_some_random_jobs_are_answered(running: Worker, tables: dict[str, Path], tmp_path: Path) -> None:
    _try(40, running, tables, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_many_random_jobs_are_answered(running: Worker, tables: dict[str, Path], tmp_path: Path) -> None:
    _try(100, running, tables, tmp_path)


def _try(count: int, running: Worker, tables: dict[str, Path], folder: Path) -> None:
    @settings(_SETTINGS, max_examples=count)
    @given(_jobs())
    def check(job: Job) -> None:
        tried(running, tables, folder, job)

    check()


#: Any keys of a job with any values, so that most are wrong.
_documents = st.dictionaries(st.sampled_from(sorted(BaseSettings.model_fields)), _junk, max_size=8)


@settings(_SETTINGS, max_examples=300)
@given(document=_documents)
def test_random_documents_are_answered(
    running: Worker, tmp_path_factory: pytest.TempPathFactory, document: Job
) -> None:
    answer = answered(running, tmp_path_factory.getbasetemp(), json.dumps(document).encode())
    assert not answer["error"].startswith(UNCLEAR), f"{document}\n{answer['error']}"


@settings(_SETTINGS, max_examples=60)
@given(content=st.one_of(st.binary(max_size=60), _junk.map(lambda value: json.dumps(value).encode())))
def test_random_bytes_are_answered(running: Worker, tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    assert "error" in answered(running, tmp_path_factory.getbasetemp(), content)
