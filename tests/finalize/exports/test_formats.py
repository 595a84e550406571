"""Exports as people use them: loaded with nothing but their own runtime, and given what a user has."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyramid import api
from pyramid.finalize.exports import node, tfjs
from pyramid.finalize.exports.exporting import Exported
from pyramid.tf import tf
from tests.finalize.exports.documents import (
    HEIGHT,
    WIDTH,
    write_classifier,
    write_detector,
    write_pictures,
    write_regressor,
    write_table,
)

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.load import to_image_pixels  # isort: skip
from sensenet.models.wrappers import create_model  # isort: skip

Made = dict[str, Exported]
ROWS = [[4.0, "b", 7.0], [7.5, "unknown", 2.0], [5.0, "c", -1.0]]
#: The same as the network takes them: a category is its place.
NUMBERS = np.array([[4.0, 1.0, 7.0], [7.5, -1.0, 2.0], [5.0, 2.0, -1.0]], np.float32)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_pictures(tmp_path_factory.mktemp("pictures") / "some")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, pictures: list[Path]) -> Callable[..., tuple[Path, Made]]:
    """Write a model and its exports; returns its path, and format -> what was told."""

    def make(write: Callable[..., Path], formats: str, *arguments: str) -> tuple[Path, Made]:
        model = write(tmp_path_factory.mktemp("model") / "final_model.json", *arguments)
        shown = [] if write is write_table else [str(pictures[0].parent)]
        return model, {one.format: one for one in api.export(str(model), [formats], pictures=shown)}

    return make


@pytest.fixture(scope="module")
def padded(exported: Callable[..., tuple[Path, Made]]) -> tuple[Path, Made]:
    return exported(write_classifier, "savedmodel,smbundle,tflite,onnx,tfjs,h5", "pad")


@pytest.fixture(scope="module")
def detector(exported: Callable[..., tuple[Path, Made]]) -> tuple[Path, Made]:
    return exported(write_detector, "savedmodel,tflite,onnx,tfjs")


def pixels(path: Path) -> Any:
    """uint8 [1, h, w, 3], as sensenet reads it."""
    return to_image_pixels(str(path), None)[np.newaxis]


def by_onnx(path: Path, **inputs: Any) -> dict[str, Any]:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return dict(zip([one.name for one in session.get_outputs()], session.run(None, inputs), strict=True))


def by_tflite(path: Path, **inputs: Any) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dict(tf.lite.Interpreter(str(path)).get_signature_runner("serving_default")(**inputs))


def same(found: Any, expected: Any, tolerance: float = 1e-5) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


def test_exports_lie_beside_the_model_and_nothing_else_does(padded: tuple[Path, Made]) -> None:
    model, made = padded
    names = {"final_model.smbundle", "final_model.tflite", "final_model.onnx", "final_model.h5"}
    names |= {"final_model_savedmodel", "final_model_tfjs", "final_model.tflite.json", "final_model_short.json"}
    assert {path.name for path in model.parent.iterdir()} == names | {"final_model.json"}
    assert all(one.path.exists() and one.size > 0 for one in made.values())


def test_each_was_compared_on_all_pictures(padded: tuple[Path, Made]) -> None:
    assert {one.samples for one in padded[1].values()} == {4}
    assert all(one.difference.largest < 1e-5 for one in padded[1].values())


def test_a_saved_model_takes_pixels_of_both_types_and_any_size(padded: tuple[Path, Made], pictures: list[Path]) -> None:
    model, made = padded
    signatures = tf.saved_model.load(str(made["savedmodel"].path)).signatures
    served = create_model(str(model))
    for path in pictures:
        expected = served(str(path))
        whole = signatures["serving_default"](image_pixel_inputs=tf.constant(pixels(path)))
        same(whole["probabilities"], expected)
        floats = signatures["float32"](image_pixel_inputs=tf.constant(pixels(path), tf.float32))
        same(floats["probabilities"], expected)


@pytest.mark.parametrize("format_name", ["smbundle", "h5"])
def test_sensenet_loads_its_own_formats(padded: tuple[Path, Made], pictures: list[Path], format_name: str) -> None:
    model, made = padded
    path = made[format_name].path
    if format_name == "h5":
        loaded = create_model(str(path.with_name("final_model_short.json")))
        loaded._model.load_weights(str(path))
    else:
        loaded = create_model(str(path))
    same(loaded(str(pictures[0])), create_model(str(model))(str(pictures[0])))


def test_tflite_takes_pictures_of_the_networks_size_where_it_would_have_to_pad(
    padded: tuple[Path, Made], pictures: list[Path]
) -> None:
    model, made = padded
    whole = next(path for path in pictures if pixels(path).shape[1:3] == (HEIGHT, WIDTH))
    found = by_tflite(made["tflite"].path, image_pixel_inputs=pixels(whole).astype(np.float32))
    same(found["probabilities"], create_model(str(model))(str(whole)))
    assert made["tflite"].notes == ["takes pictures of 32×24 pixels: rescale them before (pad, nearest neighbour)"]
    told = json.loads(made["tflite"].path.with_name("final_model.tflite.json").read_text(encoding="utf-8"))
    assert (told["classes"], told["notes"]) == (["ant", "bee", "cat"], made["tflite"].notes)


def test_the_classes_are_in_the_files(padded: tuple[Path, Made]) -> None:
    import onnx

    _, made = padded
    inside = {entry.key: entry.value for entry in onnx.load(str(made["onnx"].path)).metadata_props}
    described = [json.loads((made[name].path / "pyramid.json").read_text()) for name in ("savedmodel", "tfjs")]
    assert {tuple(one["classes"]) for one in [json.loads(inside["pyramid"]), *described]} == {("ant", "bee", "cat")}


@pytest.mark.parametrize("rescale_type", ["warp", "crop"])
def test_pictures_of_any_size_are_rescaled_inside(
    exported: Callable[..., tuple[Path, Made]], pictures: list[Path], rescale_type: str
) -> None:
    model, made = exported(write_classifier, "onnx,tflite" if rescale_type == "warp" else "onnx", rescale_type)
    served = create_model(str(model))
    for path in pictures:
        expected = served(str(path))
        same(by_onnx(made["onnx"].path, image_pixel_inputs=pixels(path))["probabilities"], expected)
        if rescale_type == "warp":
            found = by_tflite(made["tflite"].path, image_pixel_inputs=pixels(path).astype(np.float32))
            same(found["probabilities"], expected)


def test_several_pictures_at_once_are_each_as_alone(padded: tuple[Path, Made], pictures: list[Path]) -> None:
    """The border of each has its own mean."""
    _, made = padded
    both = np.concatenate([pixels(pictures[0]), 255 - pixels(pictures[0])])
    together = by_onnx(made["onnx"].path, image_pixel_inputs=both)["probabilities"]
    alone = [by_onnx(made["onnx"].path, image_pixel_inputs=both[i : i + 1])["probabilities"] for i in (0, 1)]
    same(together, np.concatenate(alone))
    assert np.abs(together[0] - together[1]).max() > 1e-4


def test_values_are_in_their_own_unit(exported: Callable[..., tuple[Path, Made]], pictures: list[Path]) -> None:
    model, made = exported(write_regressor, "onnx")
    expected = create_model(str(model))(str(pictures[0]))
    same(by_onnx(made["onnx"].path, image_pixel_inputs=pixels(pictures[0]))["values"], expected, 1e-3)
    assert expected[0, 0] > 90
    assert made["onnx"].unit == " of a standard deviation"


@pytest.mark.parametrize("format_name", ["savedmodel", "onnx"])
def test_a_detector_finds_what_sensenet_finds(
    detector: tuple[Path, Made], pictures: list[Path], format_name: str
) -> None:
    model, made = detector
    served = create_model(str(model))
    path = made[format_name].path
    for picture in pictures:
        if format_name == "onnx":
            found = by_onnx(path, image_pixel_inputs=pixels(picture))
        else:
            found = tf.saved_model.load(str(path)).signatures["serving_default"](tf.constant(pixels(picture)))
        expected = served(str(picture))
        assert len(expected) > 1
        same(found["boxes"][0], [one["box"] for one in expected], 1)
        same(found["scores"][0], [one["score"] for one in expected])
        assert [["cat", "dog"][k] for k in np.array(found["classes"])[0]] == [one["label"] for one in expected]


def test_a_detector_in_tflite_gives_32_rows_and_how_many_are_objects(
    detector: tuple[Path, Made], pictures: list[Path]
) -> None:
    model, made = detector
    picture = np.ascontiguousarray(np.resize(pixels(pictures[3]), (1, 64, 64, 3)))
    found = by_tflite(made["tflite"].path, image_pixel_inputs=picture.astype(np.float32))
    expected = create_model(str(model))(picture[0])
    count = int(found["count"][0])
    assert (count, found["boxes"].shape) == (len(expected), (1, 32, 4))
    same(found["boxes"][0, :count], [one["box"] for one in expected], 0.51)
    assert not found["scores"][0, count:].any()
    assert made["tflite"].notes[-1] == "boxes are in pixels of the 64×64 picture"


def test_boxes_were_compared(detector: tuple[Path, Made]) -> None:
    for one in detector[1].values():
        assert one.difference.objects is not None
        assert one.difference.objects > 4
        assert one.difference.largest < 1e-4


def test_a_table_is_exported_with_its_trees(exported: Callable[..., tuple[Path, Made]]) -> None:
    """They need an operation of sensenet's elsewhere; here no runtime knows sensenet."""
    model, made = exported(write_table, "savedmodel,onnx,tflite,h5")
    expected = create_model(str(model))(ROWS)
    same(by_onnx(made["onnx"].path, numeric_inputs=NUMBERS)["probabilities"], expected)
    found = by_tflite(made["tflite"].path, numeric_inputs=NUMBERS[1:2])["probabilities"]
    same(found, expected[1:2])
    loaded = tf.saved_model.load(str(made["savedmodel"].path))
    graph = loaded.signatures["serving_default"].graph
    assert not [op for op in graph.get_operations() if "BigML" in op.type]
    assert (made["onnx"].samples, made["onnx"].pictures) == (32, False)


def test_node_runs_the_graph_model(padded: tuple[Path, Made], detector: tuple[Path, Made]) -> None:
    """Without TensorFlow.js there, TensorFlow has run it, and the command says how to get it."""
    readers = {made["tfjs"].reader for _, made in (padded, detector)}
    if node.library() is None:
        assert readers == {"TensorFlow"}
        assert "npm install" in padded[1]["tfjs"].notes[-1]
        pytest.skip("no @tensorflow/tfjs for Node")
    assert readers == {"TensorFlow.js in Node"}


def test_without_node_tensorflow_runs_the_graph_model(
    padded: tuple[Path, Made], detector: tuple[Path, Made], pictures: list[Path]
) -> None:
    inputs = {"image_pixel_inputs": pixels(pictures[0])}
    model, made = padded
    (found,) = tfjs.run(made["tfjs"].path, None, [inputs])
    same(found["probabilities"], create_model(str(model))(str(pictures[0])))
    model, made = detector
    (found,) = tfjs.run(made["tfjs"].path, None, [inputs])
    same(found["scores"][0], [one["score"] for one in create_model(str(model))(str(pictures[0]))])
