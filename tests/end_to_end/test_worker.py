"""A backend's way through the child process: from a plain table to the model that sensenet loads."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data.tabular.making import raw_rows, write_table
from tests.worker.job_files import CLASSES, INPUTS, PRICES, Bench, Job, raw_inputs, stored_rows
from tests.worker.running import Worker, worker

pytestmark = pytest.mark.slow

ROWS = 240
PARAMETERS = {
    *("activation_function", "balance_objective", "batch_size", "descent_algorithm", "dropout_rate", "loss_function"),
    *("largest_layer_size", "learn_residuals", "learning_rate", "mixup_alpha", "number_of_layers", "seed", "topology"),
    "tree_embedding",
}
TRAINING_KEYS = {
    *("validation_metrics", "evaluation_metrics", "iterations", "elapsed_time", "job_id", "configuration_parameters"),
    *("base_image_network", "image_training_type", "job_time"),
}
FINAL_PATHS = ("final_model_path", "short_model_path", "weight_path", "bundle_path", "tfjs_model_path")
SIZES = ("final_model_size", "short_model_size", "weights_size", "bundle_size")
HEADLINES = {"categorical": {"likelihood", "accuracy"}, "numeric": {"r_squared", "mean_squared_error"}}

#: What differs between the submodels of a search.
SEARCHED: list[Job] = [
    {"tree_embedding": False, "topology": "rectangle", "number_of_layers": 2, "seed": 1},
    {"tree_embedding": True, "topology": "funnel", "number_of_layers": 1, "seed": 2},
    {"tree_embedding": True, "topology": 2, "number_of_layers": 3, "learn_residuals": True, "seed": 3},
    {"tree_embedding": False, "number_of_layers": 0, "seed": 4},
]


@pytest.fixture(scope="module")
def running() -> Iterator[Worker]:
    with worker(timeout=200) as one:
        yield one


@pytest.fixture
def bench(running: Worker, tmp_path: Path) -> Bench:
    return Bench(running, tmp_path)


@pytest.fixture(scope="module", params=[CLASSES, PRICES], ids=["classes", "prices"])
def searched(running: Worker, tmp_path_factory: pytest.TempPathFactory, request: Any) -> tuple[Bench, Job]:
    """A search that is ready to be finalized, and the answers of its jobs by their ids."""
    info_list: list[Job] = request.param
    bench = Bench(running, tmp_path_factory.mktemp("search"))
    answers = {"cache0": bench.cache(info_list, stored_rows(info_list, ROWS))}
    more: Job = {"tree_inputs": answers["cache0"]["tree_inputs"], "max_iterations": 150}
    if info_list is CLASSES:
        more["class_weights"] = [["ant", 2.0], ["cat", 0.5]]
    answers["std"] = bench.done(**bench.training(info_list, job_id="std", tree_embedding=True, **more))
    for i, one in enumerate(SEARCHED):
        job = bench.training(info_list, job_type="search_submodel", job_id=f"sub{i}", **more)
        answers[f"sub{i}"] = bench.done(**(job | one))
    return bench, {"info_list": info_list, "answers": answers}


_FINALS: dict[tuple[str, str], tuple[Job, Job]] = {}


def finalize(searched: tuple[Bench, Job], **more: Any) -> tuple[Job, Job]:
    """The answer, and the final document; each is made once, in a folder of its own."""
    bench, facts = searched
    key = (str(bench.output), json.dumps(more, sort_keys=True))
    if key not in _FINALS:
        folder = bench.folder / f"final{len(_FINALS)}"
        shutil.copytree(bench.output, folder)
        job: Job = {"job_type": "finalize_output", "job_id": "final", "instance_weights": True, "model_fraction": 0.5}
        job |= {"info_list": facts["info_list"], "output_directory": str(folder)}
        answer = bench.done(**(job | more))
        _FINALS[key] = answer, json.loads(Path(answer["final_model_path"]).read_text())
    return _FINALS[key]


def test_the_arrays_have_the_columns_of_the_contract(searched: tuple[Bench, Job]) -> None:
    bench, facts = searched
    answer = facts["answers"]["cache0"]
    classes = 3 if facts["info_list"] is CLASSES else 1
    trees = min(16, max(1, min(128, INPUTS) // classes)) * classes
    assert {"datasets", "full_data_size", "full_data_shape", "row_size", "tree_inputs", "job_time"} <= set(answer)
    assert answer["tree_inputs"] == trees
    assert answer["datasets"] == [str(bench.output / "full_dataset.npy")]
    full = np.load(answer["datasets"][0])
    assert full.dtype == np.float32
    assert list(full.shape) == answer["full_data_shape"] == [ROWS, trees + INPUTS + 1 + classes]
    assert (answer["row_size"], answer["full_data_size"]) == (4 * full.shape[1], full.nbytes)
    stored: Any = np.array(stored_rows(facts["info_list"], ROWS))
    inputs = full[:, trees : trees + INPUTS]
    np.testing.assert_allclose(inputs[:, [0, 4]], stored[:, [0, 2]], rtol=1e-6)
    np.testing.assert_array_equal(inputs[:, 1:4], stored[:, 1:2] == [0, 1, 2])
    np.testing.assert_allclose(full[:, trees + INPUTS], stored[:, 3], rtol=1e-6)
    target = stored[:, 4:] == [0, 1, 2] if classes == 3 else stored[:, 4:]
    np.testing.assert_allclose(full[:, trees + INPUTS + 1 :], target, rtol=1e-6)
    evaluation, reference = (np.load(bench.output / f"{name}_dataset.npy") for name in ("evaluation", "importance"))
    assert evaluation.shape == full.shape
    np.testing.assert_array_equal(np.sort(evaluation, axis=0), np.sort(full, axis=0))
    assert reference.shape[1] in (trees + INPUTS + 1, trees + INPUTS + 2)  # the contract leaves the weight open
    assert reference.dtype == np.float32
    assert len(json.loads((bench.output / "trees.json").read_text())) * classes == trees
    assert not list(bench.output.glob("data_subset_*"))
    assert bench.leftovers() == []


def test_every_training_answers_with_the_keys_of_the_contract(searched: tuple[Bench, Job]) -> None:
    bench, facts = searched
    headline = HEADLINES[facts["info_list"][-1]["type"]]
    for name, answer in facts["answers"].items():
        if name == "cache0":
            continue
        assert set(answer) == TRAINING_KEYS, name
        assert set(answer["configuration_parameters"]) == PARAMETERS
        assert headline <= set(answer["validation_metrics"]) & set(answer["evaluation_metrics"])
        assert 0 < answer["iterations"] <= 150
        assert 0 < answer["elapsed_time"] <= answer["job_time"]
        folder = bench.output / f"submodel_{name}"
        files = {path.name for path in folder.iterdir()}
        assert {"model_fit_info.json", "model_weights.h5"} <= files
        assert ("evaluations.json" in files) == name.startswith("sub")


def test_the_answer_repeats_the_configuration_that_was_asked_for(searched: tuple[Bench, Job]) -> None:
    answers = searched[1]["answers"]
    for i, asked in enumerate(SEARCHED):
        told = answers[f"sub{i}"]["configuration_parameters"]
        wanted = asked | ({"topology": "diamond"} if asked.get("topology") == 2 else {})
        assert {key: told[key] for key in asked} == wanted


def test_every_search_evaluates_128_resamples(searched: tuple[Bench, Job]) -> None:
    bench, facts = searched
    for i in range(len(SEARCHED)):
        evaluations = json.loads((bench.output / f"submodel_sub{i}" / "evaluations.json").read_text())
        assert len(evaluations) == 128
        names = set(facts["answers"][f"sub{i}"]["evaluation_metrics"])
        assert all(set(one) == names for one in evaluations)
        assert len({json.dumps(one) for one in evaluations}) > 64, "resamples differ"


def test_an_error_is_negated(searched: tuple[Bench, Job]) -> None:
    for answer in searched[1]["answers"].values():
        for name, value in (answer.get("evaluation_metrics") or {}).items():
            if name.endswith("_error"):
                assert value < 0


def test_it_learns(searched: tuple[Bench, Job]) -> None:
    answers = searched[1]["answers"]
    name, least = ("accuracy", 0.7) if searched[1]["info_list"] is CLASSES else ("r_squared", 0.6)
    assert answers["sub0"]["evaluation_metrics"][name] > least


@pytest.mark.parametrize("method", ["rank", "greedy"])
def test_the_final_model_is_the_mean_of_its_members(searched: tuple[Bench, Job], method: str) -> None:
    bench, facts = searched
    answer, document = finalize(searched, **({} if method == "rank" else {"ensemble_method": method}))
    rows = stored_rows(facts["info_list"], 60, seed=9)
    members = answer["ensemble"]["members"]
    assert len(document["networks"]) == len(members)
    expected = np.mean([member_predictions(bench, name, rows) for name in members], axis=0)
    if facts["info_list"] is PRICES:
        expected = expected * 20 + 100
    model = loaded(document)
    np.testing.assert_allclose(model(raw_inputs(rows)), expected, atol=1e-5 * max(1, np.abs(expected).max()))
    np.testing.assert_allclose(model(raw_inputs(rows)[0]), expected[:1], atol=1e-5 * max(1, np.abs(expected).max()))


def test_a_member_says_whether_it_sees_trees(searched: tuple[Bench, Job]) -> None:
    for count, more in ((2, {}), (4, {"model_fraction": 1})):
        answer, document = finalize(searched, **more)
        members = answer["ensemble"]["members"]
        assert len(members) == count
        assert [net["trees"] for net in document["networks"]] == [
            SEARCHED[int(name.removeprefix("sub"))]["tree_embedding"] for name in members
        ]
        assert bool(document["trees"]) == any(net["trees"] for net in document["networks"])


def test_the_order_is_that_of_the_worst_resample(searched: tuple[Bench, Job]) -> None:
    bench, _ = searched
    _, document = finalize(searched)
    names = sorted(path.parent.name.removeprefix("submodel_") for path in bench.output.glob("*/evaluations.json"))
    flat = [json.loads((bench.output / f"submodel_{name}/evaluations.json").read_text()) for name in names]
    shares = []
    for metric in flat[0][0]:
        values = np.array([one[metric] for model in flat for one in model], float)
        order = [(np.sum(values < value) + (np.sum(values == value) + 1) / 2) / len(values) for value in values]
        shares.append(np.reshape(order, (len(names), 128)))
    worst = np.mean(shares, axis=0).min(axis=1)
    told = {one["job_id"]: one["relative_value"] for one in document["candidates"]}
    assert [told[name] for name in names] == pytest.approx(worst.tolist())


def test_the_answer_tells_paths_and_sizes_in_bytes(searched: tuple[Bench, Job]) -> None:
    answer, _ = finalize(searched)
    for key, size in zip(FINAL_PATHS, SIZES, strict=False):
        assert Path(answer[key]).is_absolute()
        assert Path(answer[key]).stat().st_size == answer[size] > 0
    assert Path(answer["tfjs_model_path"]).is_file()
    assert answer["tfjs_weight_paths"]
    assert all(Path(path).is_file() for path in answer["tfjs_weight_paths"])
    folder = Path(answer["final_model_path"]).parent
    names = {path.name for path in folder.iterdir()}
    assert {"final_model.json", "short_model.json", "final_model_weights.h5", "final_model_js_export"} <= names
    assert "final_model_bundle.smbundle" in names
    assert Bench(searched[0].running, folder.parent).leftovers(folder) == []


def test_the_final_document_has_what_the_contract_lists(searched: tuple[Bench, Job]) -> None:
    _, facts = searched
    _, document = finalize(searched)
    info = facts["info_list"]
    needed = {
        "networks",
        "candidates",
        "importances",
        "validation_metrics",
        "preprocess",
        "output_exposition",
        "optypes",
    }
    assert needed | {"class_index", "weight_index", "trees", "image_network"} <= set(document)
    assert document["optypes"] == [column["type"] for column in info]
    assert (document["class_index"], document["weight_index"]) == (4, 3)
    assert document["image_network"] is None
    assert len(document["preprocess"]) == len(document["importances"]) == 3
    assert [one["index"] for one in document["preprocess"]] == [0, 1, 2]
    assert sum(document["importances"]) == pytest.approx(1, abs=1e-6)
    assert min(document["importances"]) >= 0
    needed = {"relative_value", "evaluation_metrics", "iterations", "elapsed_time", "configuration_parameters"}
    assert len(document["candidates"]) == 5
    assert all(needed <= set(one) for one in document["candidates"])
    assert all(set(one["configuration_parameters"]) == PARAMETERS for one in document["candidates"])
    values = [one["relative_value"] for one in document["candidates"] if one["relative_value"] is not None]
    assert len(values) == 4
    assert all(0 < value <= 1 for value in values)


def test_metrics_and_importances_are_the_mean_of_the_members(searched: tuple[Bench, Job]) -> None:
    answer, document = finalize(searched)
    told = [searched[1]["answers"][name]["validation_metrics"] for name in answer["ensemble"]["members"]]
    for name, value in document["validation_metrics"].items():
        assert value == pytest.approx(np.mean([one[name] for one in told]))


def test_the_short_model_has_no_weights(searched: tuple[Bench, Job]) -> None:
    answer, document = finalize(searched)
    short = json.loads(Path(answer["short_model_path"]).read_text())
    assert set(short) == set(document)
    assert longest_list_of_numbers(short["networks"]) < 3
    assert longest_list_of_numbers(document["networks"]) >= 3
    assert answer["short_model_size"] < answer["final_model_size"]


def test_alpha_predicts_what_beta_does(searched: tuple[Bench, Job]) -> None:
    rows = raw_inputs(stored_rows(searched[1]["info_list"], 20, seed=5))
    beta = loaded(finalize(searched)[1])(rows)
    _, document = finalize(searched, deepnet_version="alpha")
    np.testing.assert_allclose(loaded(document)(rows), beta, rtol=1e-5, atol=1e-5)


def test_the_other_forms_predict_the_same(searched: tuple[Bench, Job]) -> None:
    rows = raw_inputs(stored_rows(searched[1]["info_list"], 20, seed=5))
    answer, document = finalize(searched)
    from pyramid.tf import tf  # noqa: F401 - chooses the legacy Keras

    from sensenet.models.wrappers import create_model  # isort: skip

    expected = loaded(document)(rows)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(create_model(answer["bundle_path"])(rows), expected, atol=1e-5 * scale)
    model = create_model(document)
    model._model.load_weights(answer["weight_path"])
    np.testing.assert_allclose(model(rows), expected, atol=1e-5 * scale)


def member_predictions(bench: Bench, name: str, rows: list[list[Any]]) -> Any:
    """What the network in a submodel's folder says of ``rows``, standardised as the trainer has them."""
    from pyramid.tf import tf
    from pyramid.training.submodel import read_submodel
    from pyramid.training.table import build_network

    from sensenet.layers.construct import tree_preprocessor  # isort: skip

    folder = bench.output / f"submodel_{name}"
    submodel = read_submodel(folder)
    assert submodel
    stored = np.array(rows)
    inputs = np.concatenate([stored[:, :1], stored[:, 1:2] == [0, 1, 2], stored[:, 2:3]], axis=1).astype(np.float32)
    if submodel.candidate.trees:
        trees = tree_preprocessor({"trees": json.loads((bench.output / "trees.json").read_text())})
        inputs = trees(tf.constant(inputs)).numpy()
    network = build_network(submodel.candidate)
    network.model.load_weights(folder / "model_weights.h5")
    return network.served(inputs).numpy()


def loaded(document: Job) -> Any:
    """The model that users call."""
    from pyramid.tf import tf  # noqa: F401 - chooses the legacy Keras

    from sensenet.models.wrappers import create_model  # isort: skip

    return create_model(document)


def longest_list_of_numbers(value: Any) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return 0
    numbers = len(value) if value and all(isinstance(one, float) for one in value) else 0
    return max([numbers, *(longest_list_of_numbers(one) for one in value)])


#: Settings of a short training of classes; each must work.
OPTIONS: list[Job] = [
    *({"descent_algorithm": name} for name in ("adadelta", "adagrad", "adam", "adamax", "ftrl")),
    *({"descent_algorithm": name} for name in ("momentum", "nadam", "rms_prop", "sgd")),
    *({"loss_function": name} for name in ("crossentropy", "hinge", "kl_divergence", "cosine")),
    {"mixup_alpha": 0.4, "label_smoothing_factor": 0.1},
    {"l1_regularization": 0.01, "l2_regularization": 0.01},
    {"balance_objective": True, "class_weights": [["ant", 3.5]]},
    {"dropout_rate": 0.75, "number_of_layers": 4, "learn_residuals": True},
    {"batch_size": 8192},
    {"batch_size": 1},
    {"holdout_rate": 0},
    {"holdout_rate": 1},
    {"holdout_set_size": 1},
    {"label_smoothing_factor": 0.5, "learning_rate_warmup_iterations": 10, "patience": 1},
    {"max_seconds_per_update": 0.001},
    {"layers": []},
    {
        "layers": [
            {"type": "dense", "number_of_nodes": 7, "activation_function": "mish"},
            {"type": "batch_normalization"},
        ]
    },
    {"layers": [{"type": "dense", "number_of_nodes": 3, "activation_function": "softmax"}]},
    {"job_type": None},
]


@pytest.fixture(scope="module")
def small(running: Worker, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A bench with the arrays of a small table."""
    bench = Bench(running, tmp_path_factory.mktemp("small"))
    bench.cache(CLASSES, stored_rows(CLASSES, 60))
    return bench


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(f"{k}={v}"[:30] for k, v in options.items()))
def test_every_option_trains(small: Bench, options: Job) -> None:
    job = small.training(CLASSES, tree_inputs=3, number_of_layers=1) | options
    if job["job_type"] is None:
        del job["job_type"]
    answer = small.done(**job)
    assert 0 < answer["iterations"] <= 30
    assert np.isfinite(answer["validation_metrics"]["likelihood"])
    assert np.isfinite(answer["evaluation_metrics"]["accuracy"])


def test_the_layers_of_a_job_are_those_of_the_model(small: Bench, tmp_path: Path) -> None:
    layers = [{"type": "dense", "number_of_nodes": 7, "activation_function": "mish"}, {"type": "batch_normalization"}]
    output = str(tmp_path / "out")
    job: Job = {"layers": layers, "tree_inputs": 3, "output_directory": output}
    small.done(**(small.training(CLASSES) | job))
    final: Job = {"job_type": "finalize_output", "job_id": "f", "info_list": CLASSES, "instance_weights": True}
    answer = small.done(**final, output_directory=output)
    [network] = json.loads(Path(answer["final_model_path"]).read_text())["networks"]
    assert [layer["type"] for layer in network["layers"][:2]] == ["dense", "batch_normalization"]
    assert np.shape(network["layers"][0]["weights"]) in ((7, INPUTS), (INPUTS, 7))
    assert network["layers"][0]["activation_function"] == "mish"


def test_layers_that_alpha_does_not_know_are_a_clear_error(small: Bench, tmp_path: Path) -> None:
    dense: Job = {"type": "dense", "number_of_nodes": 4, "activation_function": "relu"}
    job: Job = {"layers": [dense, {"type": "activation", "activation_function": "tanh"}], "tree_inputs": 3}
    small.done(**(small.training(CLASSES) | job), output_directory=str(tmp_path))
    final: Job = {"job_type": "finalize_output", "job_id": "f", "info_list": CLASSES, "instance_weights": True}
    error = small.failed(**final, deepnet_version="alpha", output_directory=str(tmp_path))
    assert error.startswith("deepnet_version: alpha")
    assert [path.name for path in tmp_path.iterdir()] == ["submodel_one"] or not list(tmp_path.glob("final*"))


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_a_table_of_another_kind_gives_the_same_array(small: Bench, tmp_path: Path, ending: str) -> None:
    names = ["age", "colour", "share", "weight", "species"]
    info_list = [info | {"name": name} for info, name in zip(CLASSES, names, strict=True)]
    columns = raw_rows(info_list, stored_rows(CLASSES, 60), weighted=True)
    path = write_table(tmp_path / f"table.{ending}", columns)
    job: Job = {"job_type": "dataset_caching", "job_id": "c", "info_list": info_list, "instance_weights": True}
    answer = small.done(**job, cache_file=str(path), is_search=True, output_directory=str(tmp_path / "out"))
    np.testing.assert_allclose(
        np.load(answer["datasets"][0]), np.load(small.output / "full_dataset.npy"), rtol=1e-4, atol=1e-5
    )


def test_eight_subsets_are_made_and_learned_from(bench: Bench) -> None:
    rows = 400
    answer = bench.cache(CLASSES, stored_rows(CLASSES, rows), max_data_size=20_000, parallelism=4)
    names = ["full_dataset.npy", *(f"data_subset_{i}.npy" for i in range(8))]
    assert answer["datasets"] == [str(bench.output / name) for name in names]
    share = 20_000 // 4
    subsets = [np.load(path) for path in answer["datasets"][1:]]
    assert all(0.8 * share < subset.nbytes <= share for subset in subsets)
    assert len({subset.tobytes() for subset in subsets}) == 8
    full = {row.tobytes() for row in np.load(answer["datasets"][0])}
    assert all(row.tobytes() in full for subset in subsets for row in subset)
    job = bench.training(CLASSES, cache_file=answer["datasets"][3], tree_inputs=answer["tree_inputs"])
    assert bench.done(**job)["evaluation_metrics"]
    bench.cache(CLASSES, stored_rows(CLASSES, rows))
    assert not list(bench.output.glob("data_subset_*")), "those of an earlier caching are gone"


@pytest.mark.parametrize("parallelism", [1, 4])
def test_the_share_of_memory_makes_subsets_and_takes_no_row_of_the_full_array(bench: Bench, parallelism: int) -> None:
    answer = bench.cache(CLASSES, stored_rows(CLASSES, 400), max_data_size=6000, parallelism=parallelism)
    assert answer["full_data_shape"][0] == 400
    assert len(np.load(bench.output / "evaluation_dataset.npy")) == 400
    assert len(answer["datasets"]) == 9


@pytest.mark.parametrize(
    "trees", [{"is_search": False}, {"is_search": False, "tree_embedding": True}, {"is_search": True}]
)
def test_trees_are_made_for_a_search_or_an_embedding(bench: Bench, trees: Job) -> None:
    answer = bench.cache(CLASSES, stored_rows(CLASSES, 60), **trees)
    wanted = any(trees.values())
    assert (answer["tree_inputs"] > 0) == (bench.output / "trees.json").exists() == wanted
    assert (bench.output / "tree_importances.json").exists() == wanted


def test_above_4096_rows_the_evaluation_set_is_a_stratified_sample(bench: Bench) -> None:
    rows = stored_rows(CLASSES, 5000)
    bench.cache(CLASSES, rows, is_search=False)
    evaluation = np.load(bench.output / "evaluation_dataset.npy")
    assert len(evaluation) == 4096
    shares = np.bincount(np.array(rows)[:, 4].astype(int)) / 5000
    np.testing.assert_allclose(evaluation[:, -3:].mean(axis=0), shares, atol=1e-3)


def test_all_hyperparameters_may_come_together(small: Bench) -> None:
    every: Job = {"beta1": 0.9, "beta2": 0.99, "epsilon": 1e-7, "rho": 0.9, "momentum": 0.5, "init_accumulator": 0.1}
    small.done(**small.training(CLASSES, tree_inputs=3, learning_rate_power=-0.5, **every))


def test_the_same_seed_gives_the_same_network(small: Bench) -> None:
    """One step: when the holdout is checked later, and so which weights are kept, depends on the clock."""
    one, two, other = (
        small.done(**small.training(CLASSES, tree_inputs=3, seed=seed, tree_embedding=True, max_iterations=1))
        for seed in (5, 5, 6)
    )
    assert one["evaluation_metrics"] == two["evaluation_metrics"] != other["evaluation_metrics"]


def test_progress_tells_what_the_contract_lists(small: Bench) -> None:
    job = small.training(CLASSES, tree_inputs=3, max_iterations=20_000, max_training_time=4, batch_size=8)
    answer = small.run(**job)
    assert answer.progress[0] == {"message": "pyramid job beginning", "job_id": "one", "progress": 0.0}
    told = [line for line in answer.progress if "iterations" in line]
    keys = {
        "iterations",
        "seconds_per_iteration",
        "time_elapsed",
        "checks",
        "likelihood",
        "accuracy",
        "job_id",
        "progress",
    }
    assert len(told) >= 2
    assert all(keys <= set(line) for line in told)
    assert told[-1]["likelihood"] is not None
    assert answer.complete["job_time"] < 12


def test_an_objective_of_one_class_is_learned_or_clearly_refused(bench: Bench) -> None:
    info_list = [*CLASSES[:4], CLASSES[4] | {"values": ["ant"]}]
    rows = [[*row[:4], 0.0] for row in stored_rows(CLASSES, 40)]
    answer = bench.cache(info_list, rows)
    error = bench.run(**bench.training(info_list, tree_inputs=answer["tree_inputs"])).complete.get("error", "")
    assert not error.startswith("ValueError")


def test_two_workers_do_not_disturb_each_other(running: Worker, small: Bench, tmp_path: Path) -> None:
    with worker(timeout=60) as second:
        benches = [Bench(running, tmp_path / "one"), Bench(second, tmp_path / "two")]
        for bench in benches:
            bench.folder.mkdir()
            bench.output.mkdir()
            for i in range(3):
                job = small.training(CLASSES, tree_inputs=3, job_id=f"j{i}", output_directory=str(bench.output))
                job["max_iterations"] = 1
                (bench.folder / f"{i}.json").write_text(json.dumps(job))
            bench.running.send(*(bench.folder / f"{i}.json" for i in range(3)))
        answers = [bench.running.answers(3, 120) for bench in benches]
    for ours, theirs in zip(*answers, strict=True):
        assert "error" not in ours.complete
        assert ours.complete["evaluation_metrics"] == theirs.complete["evaluation_metrics"]


def test_a_hundred_jobs_take_no_more_memory_than_forty(tmp_path: Path) -> None:
    with worker(timeout=60) as running:
        bench = Bench(running, tmp_path)
        bench.cache(CLASSES, stored_rows(CLASSES, 60))
        resident = []
        for i in range(100):
            kind = ("standard_training", "search_submodel", "nonsense")[i % 3]
            job = bench.training(CLASSES, tree_inputs=3, job_id=i % 4, max_iterations=10, number_of_layers=i % 4)
            assert ("error" in bench.run(**job | {"job_type": kind}).complete) == (kind == "nonsense")
            resident.append(running.job_process().memory_info().rss / 2**20)
        assert resident[99] - resident[39] < 50, [round(resident[i]) for i in (0, 19, 39, 59, 79, 99)]


def test_networks_that_were_trained_before_the_table_was_cached_anew_are_refused(
    running: Worker, tmp_path: Path
) -> None:
    bench = Bench(running, tmp_path)
    bench.cache(PRICES, stored_rows(PRICES, 60))
    bench.done(**bench.training(PRICES, tree_inputs=5, job_type="search_submodel", max_iterations=2))
    bench.cache(PRICES, stored_rows(PRICES, 60, seed=1))
    final: Job = {"job_type": "finalize_output", "job_id": "f", "instance_weights": True}
    assert "written anew" in bench.failed(**final, info_list=PRICES).splitlines()[0]
    others = [PRICES[2], PRICES[1], PRICES[0], *PRICES[3:]]
    assert "info_list" in bench.failed(**final, info_list=others).splitlines()[0]


def test_the_last_line_of_a_training_has_its_metrics(running: Worker, tmp_path: Path) -> None:
    bench = Bench(running, tmp_path)
    bench.cache(CLASSES, stored_rows(CLASSES, 60))
    answer = bench.run(**bench.training(CLASSES, tree_inputs=3, max_iterations=7))
    last = [line for line in answer.progress if "iterations" in line][-1]
    assert (last["iterations"], last["checks"] > 0) == (7, True)
    assert last["likelihood"] == answer.complete["validation_metrics"]["likelihood"]


def test_a_search_is_compared_on_rows_that_no_network_has_learned(running: Worker, tmp_path: Path) -> None:
    """A target of pure noise: what was learned by heart is worth nothing on other rows."""
    bench = Bench(running, tmp_path)
    rng = np.random.default_rng(7)
    rows = [[*row[:4], float(rng.normal())] for row in stored_rows(PRICES, 200)]
    bench.cache(PRICES, rows)
    large: Job = {"largest_layer_size": 256, "max_iterations": 1500, "batch_size": 32, "patience": 8000}
    answer = bench.done(**(bench.training(PRICES, tree_inputs=5, job_type="search_submodel") | large | {"seed": 5}))
    assert answer["evaluation_metrics"]["r_squared"] < 0.2
