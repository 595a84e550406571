"""A backend's way through the child process where there are pictures: in a table, and with boxes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import draw
from tests.data.tabular.making import write_ser
from tests.end_to_end.test_worker import loaded
from tests.shapes import NAMES, write_pictures
from tests.worker.job_files import Bench, Job
from tests.worker.running import Worker, worker

pytestmark = pytest.mark.slow

PICTURES = 40
SIZE: Job = {"index": 0, "name": "size", "type": "numeric", "mean": 10.0, "stdev": 4.0}
PHOTO: Job = {"index": 1, "name": "photo", "type": "image"}
SHAPE: Job = {"index": 2, "name": "shape", "type": "categorical", "values": ["disc", "square"]}
COLUMNS = [{key: value for key, value in info.items() if key != "name"} for info in (SIZE, PHOTO, SHAPE)]
NETWORK: Job = {"base_image_network": "simple", "image_training_type": "randomly_initialize"}


@pytest.fixture(scope="module")
def running() -> Iterator[Worker]:
    with worker(timeout=280) as one:
        yield one


@pytest.fixture(scope="module")
def pictured(running: Worker, tmp_path_factory: pytest.TempPathFactory) -> tuple[Bench, Job]:
    """A table with a column of pictures: all jobs of it, and their answers by their ids."""
    bench = Bench(running, tmp_path_factory.mktemp("pictured"))
    root = bench.folder / "pictures"
    root.mkdir()
    for i in range(PICTURES):
        draw(("disc", "square")[i % 2], i).save(root / f"{i}.png")
    sizes = np.random.default_rng(0).normal(size=PICTURES)
    rows = [[float(size), f"{i}.png", float(i % 2)] for i, size in enumerate(sizes)]
    table = write_ser(bench.folder / "rows.ser", [SIZE, PHOTO, SHAPE], rows)
    job: Job = {"info_list": COLUMNS, "image_root": str(root), "max_training_time": 30, "seed": 1} | NETWORK
    rows_job: Job = {"cache_file": str(table), "cache_rows": PICTURES}
    first: Job = {"job_type": "image_training", "job_id": "pic", "max_iterations": 30, "return_holdout_images": True}
    first |= {"class_weights": [["square", 2]]}
    answers = {"pic": bench.done(120, **job, **rows_job, **first, input_image_shape=[24, 24, 3])}
    answers["cache"] = bench.done(120, **job, **rows_job, job_type="dataset_caching", job_id="cache", is_search=True)
    more: Job = {"cache_file": answers["cache"]["datasets"][0], "tree_inputs": answers["cache"]["tree_inputs"]}
    for i in range(2):
        one: Job = {"job_id": f"std{i}", "max_iterations": 40, "tree_embedding": bool(i), "job_type": "search_submodel"}
        answers[f"std{i}"] = bench.done(120, **job, **more, **one)
    final: Job = {"job_type": "finalize_output", "job_id": "final", "model_fraction": 1}
    answers["final"] = bench.done(120, **job, **final)
    return bench, {"answers": answers, "rows": rows, "root": root}


def test_the_image_network_lies_in_a_folder_of_its_name(pictured: tuple[Bench, Job]) -> None:
    bench, facts = pictured
    folder = bench.output / "submodel_simple_randomly_initialize"
    assert {"model_fit_info.json", "model_weights.h5"} <= {path.name for path in folder.iterdir()}
    answer = facts["answers"]["pic"]
    assert (answer["base_image_network"], answer["image_training_type"]) == ("simple", "randomly_initialize")
    assert {"likelihood", "accuracy"} <= set(answer["validation_metrics"])
    assert 0 < answer["iterations"] <= 30


def test_the_array_holds_the_features_of_the_network(pictured: tuple[Bench, Job]) -> None:
    bench, facts = pictured
    answer = facts["answers"]["cache"]
    full = np.load(bench.output / "full_dataset.npy")
    document = json.loads((bench.output / "final_model.json").read_text())
    width = document["image_network"]["metadata"]["outputs"]
    assert full.shape == (PICTURES, answer["tree_inputs"] + 1 + width + 2)
    assert answer["tree_inputs"] == min(16, max(1, min(128, 2 + width - 1) // 2)) * 2  # f counts array columns


def test_the_final_model_predicts_from_a_row_with_a_path(pictured: tuple[Bench, Job]) -> None:
    bench, facts = pictured
    document = json.loads((bench.output / "final_model.json").read_text())
    model = loaded(document)
    trees = facts["answers"]["cache"]["tree_inputs"]
    full = np.load(bench.output / "full_dataset.npy")
    predicted = [model([size * 4 + 10, str(facts["root"] / name)])[0] for size, name, _ in facts["rows"][:12]]
    expected = np.mean([predictions(bench, f"std{i}", full[:12, trees:-2]) for i in range(2)], axis=0)
    np.testing.assert_allclose(predicted, expected, atol=1e-5)
    np.testing.assert_allclose(np.sum(predicted, axis=1), 1, atol=1e-5)


def test_the_final_document_knows_its_pictures(pictured: tuple[Bench, Job]) -> None:
    bench, _ = pictured
    document = json.loads((bench.output / "final_model.json").read_text())
    assert document["optypes"] == ["numeric", "image", "categorical"]
    assert len(document["importances"]) == 2
    assert sum(document["importances"]) == pytest.approx(1)
    metadata = document["image_network"]["metadata"]
    assert (metadata["base_image_network"], metadata["input_image_shape"]) == ("simple", [24, 24, 3])
    held = document["holdout_image_predictions"]
    assert len(held) == PICTURES // 5


def test_trees_are_not_taken_for_features_of_pictures(pictured: tuple[Bench, Job]) -> None:
    bench, facts = pictured
    job: Job = {"job_id": "wrong", "info_list": COLUMNS, "max_iterations": 1}
    job |= {"cache_file": str(bench.output / "full_dataset.npy"), "tree_inputs": 0}
    error = bench.failed(**job).splitlines()[0]
    assert error.startswith("tree_inputs: is 0")
    assert str(facts["answers"]["cache"]["tree_inputs"]) in error


def test_the_final_model_has_the_network_of_the_cached_features(pictured: tuple[Bench, Job]) -> None:
    """Whatever image network the last job names, or another training has left."""
    bench, _ = pictured
    before = json.loads((bench.output / "final_model.json").read_text())
    job: Job = {"info_list": COLUMNS, "base_image_network": "simple_residual", "model_fraction": 1}
    bench.done(120, **job, job_type="finalize_output", job_id="again")
    after = json.loads((bench.output / "final_model.json").read_text())
    assert after["image_network"] == before["image_network"]
    assert after["holdout_image_predictions"] is None


def test_a_picture_that_is_missing_is_told_and_taken_for_black(pictured: tuple[Bench, Job], tmp_path: Path) -> None:
    bench, facts = pictured
    rows = [*facts["rows"][:10], [0.0, "none.png", 1.0], [0.0, "", 0.0]]
    table = write_ser(tmp_path / "rows.ser", [SIZE, PHOTO, SHAPE], rows)
    job: Job = {"job_type": "dataset_caching", "job_id": "c", "info_list": COLUMNS, "cache_file": str(table)} | NETWORK
    before = (bench.output / "full_dataset.npy").read_bytes()
    try:
        answer = bench.done(**job, cache_rows=12, image_root=str(facts["root"]))
        full = np.load(answer["datasets"][0])
        np.testing.assert_array_equal(full[10, 1:-2], full[11, 1:-2])
        assert any("none.png" in note for note in answer["notes"])
        error = bench.failed(**job, cache_rows=12, image_root=str(facts["root"]), on_bad_image="fail")
        assert "none.png" in error.splitlines()[0]
        assert bench.leftovers() == []
    finally:
        (bench.output / "full_dataset.npy").write_bytes(before)


def test_caching_before_the_image_training_is_a_clear_error(pictured: tuple[Bench, Job], tmp_path: Path) -> None:
    bench, facts = pictured
    job: Job = {
        "job_type": "dataset_caching",
        "job_id": "c",
        "info_list": COLUMNS,
        "output_directory": str(tmp_path / "o"),
    }
    job |= {"cache_file": str(bench.folder / "rows.ser"), "image_root": str(facts["root"])} | NETWORK
    assert "image_training" in bench.failed(**job).splitlines()[0]
    assert not (tmp_path / "o").exists() or not list((tmp_path / "o").iterdir())


@pytest.mark.parametrize("name", ["../table.ser", "/etc/hostname"])
def test_a_picture_outside_image_root_is_refused(pictured: tuple[Bench, Job], tmp_path: Path, name: str) -> None:
    bench, facts = pictured
    table = write_ser(tmp_path / "rows.ser", [SIZE, PHOTO, SHAPE], [*facts["rows"][:10], [0.0, name, 1.0]])
    job: Job = {"job_type": "dataset_caching", "job_id": "c", "info_list": COLUMNS, "cache_file": str(table)} | NETWORK
    before = (bench.output / "full_dataset.npy").read_bytes()
    assert "image_root" in bench.failed(**job, image_root=str(facts["root"])).splitlines()[0]
    assert (bench.output / "full_dataset.npy").read_bytes() == before


def test_pictures_none_of_which_can_be_read_are_an_error(pictured: tuple[Bench, Job], tmp_path: Path) -> None:
    """By default they lie beside the table: here they do not."""
    bench, facts = pictured
    table = write_ser(tmp_path / "rows.ser", [SIZE, PHOTO, SHAPE], facts["rows"][:10])
    job: Job = {"job_type": "dataset_caching", "job_id": "c", "info_list": COLUMNS, "cache_file": str(table)} | NETWORK
    assert str(tmp_path) in bench.failed(**job).splitlines()[0]


def test_no_training_on_a_table_takes_the_place_of_an_image_network(pictured: tuple[Bench, Job]) -> None:
    bench, facts = pictured
    job: Job = {"job_id": "simple_randomly_initialize", "info_list": COLUMNS, "max_iterations": 1}
    job |= {"cache_file": str(bench.output / "full_dataset.npy")}
    job |= {"tree_inputs": facts["answers"]["cache"]["tree_inputs"]}
    assert "another job_id" in bench.failed(**job)


@pytest.mark.parametrize("kind", ["image_training", "standard_training"])
def test_boxes_are_learned_from_json(running: Worker, tmp_path: Path, kind: str) -> None:
    bench = Bench(running, tmp_path)
    listed = write_pictures(tmp_path / "pictures", 24, side=64)
    (tmp_path / "boxes.json").write_text(json.dumps(listed))
    columns: list[Job] = [
        {"index": 0, "type": "image"},
        {"index": 1, "type": "bounding_box", "values": [*NAMES, "never"]},
    ]
    job: Job = {"info_list": columns, "cache_file": str(tmp_path / "boxes.json"), "objective_type": "bounding_box"}
    job |= {"image_root": str(tmp_path / "pictures"), "input_image_shape": [64, 64, 3], "batch_size": 4}
    job |= {"base_image_network": "tinyyolov4", "image_training_type": "randomly_initialize"}
    job |= {"return_holdout_images": True, "label_smoothing_factor": 0.1, "balance_objective": True}
    answer = bench.run(280, **job, job_type=kind, job_id="box", max_iterations=2, max_training_time=120)
    assert "error" not in answer.complete, answer.complete["error"]
    told = [line for line in answer.progress if "iterations" in line]
    assert told
    assert all({"ciou_loss", "confidence_loss", "checks", "time_elapsed"} <= set(line) for line in told)
    assert {"ciou_loss", "confidence_loss"} <= set(answer.complete["validation_metrics"])
    folder = "submodel_tinyyolov4_randomly_initialize" if kind == "image_training" else "submodel_box"
    assert (bench.output / folder / "model_weights.h5").is_file()
    final = bench.done(280, **job, job_type="finalize_output", job_id="final")
    assert Path(final["bundle_path"]).stat().st_size == final["bundle_size"]
    document = json.loads(Path(final["final_model_path"]).read_text())
    assert document["output_exposition"] == {"type": "bounding_box", "values": [*NAMES, "never"]}
    assert isinstance(loaded(document)(str(tmp_path / "pictures" / "00000.png")), list)
    [candidate] = document["candidates"]
    assert candidate["validation_metrics"] == document["validation_metrics"]
    held = document["holdout_image_predictions"]
    assert len(held) == len(listed)  # of a tiny data set all pictures are
    assert all(set(one) == {"file", "boxes", "prediction"} and isinstance(one["prediction"], list) for one in held)
    assert bench.leftovers() == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[]", "at least one"),
        ("{}", "list"),
        ("rubbish", "JSON"),
        ('[{"file": "a.png"}]', "cache_file[0]"),
        ('[{"file": "a.png", "boxes": [[1, 2, 3]]}]', "cache_file[0].boxes"),
        ('[{"file": "a.png", "boxes": [[0, 0, 5, 5, "ellipse"]]}]', "a.png"),
        ('[{"file": "shape.png", "boxes": [[0, 0, 5, 5, "cow"]]}, {"file": "shape.png", "boxes": []}]', "cow"),
    ],
)
def test_wrong_boxes_are_named(running: Worker, tmp_path: Path, content: str, words: str) -> None:
    bench = Bench(running, tmp_path)
    (tmp_path / "boxes.json").write_text(content)
    write_pictures(tmp_path, 1, side=64)
    (tmp_path / "00000.png").rename(tmp_path / "shape.png")
    columns: list[Job] = [{"index": 0, "type": "image"}, {"index": 1, "type": "bounding_box", "values": list(NAMES)}]
    job: Job = {"info_list": columns, "cache_file": str(tmp_path / "boxes.json"), "image_root": str(tmp_path)}
    error = bench.failed(**job, job_type="image_training", job_id="box", max_iterations=1)
    assert words in error.split("Traceback")[0]
    assert not error.startswith(("Traceback", "KeyError", "TypeError"))
    assert bench.leftovers() == []


def predictions(bench: Bench, name: str, inputs: Any) -> Any:
    """What the network in a submodel's folder says of rows without trees, standardised as the trainer has them."""
    from pyramid.tf import tf
    from pyramid.training.submodel import read_submodel
    from pyramid.training.table import build_network

    from sensenet.layers.construct import tree_preprocessor  # isort: skip

    submodel = read_submodel(bench.output / f"submodel_{name}")
    assert submodel
    if submodel.candidate.trees:
        trees = tree_preprocessor({"trees": json.loads((bench.output / "trees.json").read_text())})
        inputs = trees(tf.constant(inputs)).numpy()
    network = build_network(submodel.candidate)
    network.model.load_weights(bench.output / f"submodel_{name}" / "model_weights.h5")
    return network.served(inputs).numpy()
