"""The files that a finished model is delivered as."""

import contextlib
import io
import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from pyramid.errors import PyramidError
from pyramid.finalize.exports import export as exporting
from pyramid.finalize.exports.export import export
from pyramid.finalize.exports.inputs import example_inputs
from pyramid.finalize.exports.javascript import converter, load_graph_model
from pyramid.finalize.exports.predictions import check_same
from pyramid.finalize.exports.structure import without_weights
from pyramid.tf import tf  # noqa: F401

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.layers.legacy import legacy_convert  # isort: skip
from sensenet.models.wrappers import create_model  # isort: skip

RANDOM = np.random.default_rng(7)
FILES = {
    "final_model.json",
    "short_model.json",
    "final_model_weights.h5",
    "final_model_bundle.smbundle",
    "final_model_js_export",
}
COLUMNS = [
    {"type": "numeric", "index": 0, "mean": 5.0, "stdev": 2.0},
    {"type": "categorical", "index": 1, "values": ["a", "b", "c"]},
    {"type": "numeric", "index": 2, "mean": -1.0, "stdev": 0.0},
]
CLASSES = {"type": "categorical", "values": ["yes", "no"]}
SPLIT = [1, 0.5, [[0.3, 0.7], None], [[0.6, 0.4], None]]
TREES = [[[0, 5], [[0, 0.1, [[0.2, 0.8], None], SPLIT], SPLIT]], [[1, 4], [SPLIT]]]


def drawn(*shape, least=-1.0):
    return RANDOM.uniform(least, 1.0, shape).astype(np.float32)


def dense(inputs, outputs, activation="linear"):
    weights = {"weights": drawn(inputs, outputs), "offset": drawn(outputs)}
    return {"type": "dense", "activation_function": activation} | weights


def normalization(width):
    moments = {"mean": drawn(width), "variance": drawn(width, least=0.5)}
    return {"type": "batch_normalization", "gamma": drawn(width, least=0.5), "beta": drawn(width)} | moments


def activation(name):
    return {"type": "activation", "activation_function": name}


def residual_block(width):
    path = [dense(width, width), normalization(width), activation("relu"), dense(width, width), normalization(width)]
    return {"type": "dense_residual_block", "activation_function": "relu", "identity_path": [], "dense_path": path}


def network(inputs, trees=False):
    start = [dense(inputs, 6), normalization(6), activation("relu")]
    return {"trees": trees, "layers": [*start, residual_block(6), dense(6, 2, "softmax")]}


def convolution(kind, shape, **more):
    fixed = {"bias": drawn(shape[3] * shape[2] if kind.startswith("depth") else shape[3]), "strides": [1, 1]}
    return {"type": kind, "kernel": drawn(*shape), "padding": "same", "activation_function": None} | fixed | more


def table(trees=None):
    """A document of two networks; the first sees the trees."""
    networks = [network(9 if trees else 5, trees is not None), network(5)]
    return {"preprocess": COLUMNS, "image_network": None, "output_exposition": CLASSES, "trees": trees} | {
        "networks": networks
    }


def pictures_and_table():
    """Two pictures and two columns of a table -> a number."""
    layers = [
        convolution("convolution_2d", (3, 3, 3, 4)),
        activation("leaky_relu"),
        convolution("depthwise_convolution_2d", (3, 3, 4, 1), depth_multiplier=1),
        activation("relu6"),
        {"type": "global_average_pool_2d"},
    ]
    metadata = {"base_image_network": "simple", "input_image_shape": [12, 8, 3], "loading_method": "centering"}
    return {
        "preprocess": [{"type": "image", "index": 0}, COLUMNS[1], {"type": "image", "index": 2}, COLUMNS[0]],
        "image_network": {"layers": layers, "metadata": metadata | {"rescale_type": "warp", "outputs": 4}},
        "output_exposition": {"type": "numeric", "mean": 10.0, "stdev": 3.0},
        "trees": None,
        "layers": [dense(12, 1)],
    }


def detector():
    """Two maps of boxes, 4 and 2 cells wide, of two anchors and two classes."""
    layers = [
        convolution("convolution_2d", (3, 3, 3, 4), strides=[8, 8]),
        activation("leaky_relu"),
        convolution("convolution_2d", (1, 1, 4, 14)),
        convolution("convolution_2d", (3, 3, 4, 14), strides=[2, 2], inputs=[1]),
    ]
    branches = [
        {"input": i, "strides": strides, "anchors": [[8.0, 9.0], [12.0, 7.0]], "xyscale": 1.05}
        for i, strides in [(2, 8), (3, 16)]
    ]
    metadata = {"base_image_network": "tinyyolov4", "input_image_shape": [32, 32, 3], "loading_method": "centering"}
    return {
        "preprocess": [{"type": "image", "index": 0}],
        "image_network": {"layers": layers, "metadata": metadata | {"outputs": branches, "rescale_type": "pad"}},
        "output_exposition": {"type": "bounding_box", "values": ["cat", "dog"]},
        "trees": None,
        "layers": [],
    }


def everything_in(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def document():
    return table(TREES)


@pytest.fixture(scope="module")
def printed():
    return io.StringIO()


@pytest.fixture(scope="module")
def delivered(document, printed, tmp_path_factory):
    """The folder and the answer."""
    folder = tmp_path_factory.mktemp("delivered") / "made"
    with contextlib.redirect_stdout(printed):
        return folder, export(document, folder)


def test_every_file_is_there_and_nothing_else(delivered):
    assert set(os.listdir(delivered[0])) == FILES


def test_the_answer_names_the_files_and_their_sizes(delivered):
    folder, answer = delivered
    for key, size in [("final_model",) * 2, ("short_model",) * 2, ("weight", "weights"), ("bundle",) * 2]:
        assert answer[f"{size}_size"] == Path(answer[f"{key}_path"]).stat().st_size > 0
    assert answer["tfjs_model_path"] == str(folder / "final_model_js_export" / "model.json")
    assert all(Path(path).name.startswith("group") for path in answer["tfjs_weight_paths"])
    assert {Path(path) for path in answer["tfjs_weight_paths"]} == set(folder.glob("*/*.bin")) != set()


def test_nothing_is_printed(delivered, printed):
    assert printed.getvalue() == ""


def test_a_row_means_the_same_to_the_document_and_to_what_users_load(document, delivered):
    folder, _ = delivered
    rows = [[4.0, "b", None], [7.5, "unknown", 2.0], [5.0, None, -1.0]]
    expected = create_model(document)(rows)
    for name in ("final_model.json", "final_model_bundle.smbundle"):
        np.testing.assert_allclose(create_model(str(folder / name))(rows), expected, rtol=0, atol=1e-5)


def test_the_graph_model_gives_the_predictions(document, delivered):
    inputs = example_inputs(document, seed=5)
    found = load_graph_model(delivered[0] / "final_model_js_export", detector=False)(**inputs)
    expected = create_model(document)._model(inputs["numeric_inputs"])
    np.testing.assert_allclose(found[0], expected, rtol=0, atol=1e-5)


def test_the_short_model_is_the_model_without_weights_and_trees(document, delivered):
    short = json.loads((delivered[0] / "short_model.json").read_text(encoding="utf-8"))
    assert short == json.loads(json.dumps(without_weights(document)))
    assert (short["trees"], short["preprocess"]) == (None, COLUMNS)
    assert [one["trees"] for one in short["networks"]] == [True, False]
    first, normalized = short["networks"][0]["layers"][:2]
    assert (first["weights"], first["number_of_nodes"], normalized["variance"]) == ("glorot_uniform", 6, "ones")


def test_alpha_gives_the_legacy_form_of_the_final_model_alone(delivered, tmp_path):
    """And what was delivered before is replaced."""
    folder = tmp_path / "again"
    shutil.copytree(delivered[0], folder)
    export(table(), folder, legacy_convert)
    final, short = (json.loads((folder / name).read_text()) for name in ("final_model.json", "short_model.json"))
    assert not any("type" in layer for one in final["networks"] for layer in one["layers"])
    assert short["networks"][0]["layers"][3]["type"] == "dense_residual_block"
    before, after = everything_in(delivered[0]), everything_in(folder)
    assert set(os.listdir(folder)) == FILES
    assert all(before[name] != after[name] for name in before)


def test_pictures_beside_columns_are_exported(tmp_path):
    """With a leaky ReLU, whose slope Keras would change, and a depthwise convolution, which TensorFlow.js fuses."""
    document = pictures_and_table()
    export(document, tmp_path)
    inputs = example_inputs(document, seed=3)
    expected = create_model(document)._model(inputs).numpy()
    loaded = create_model(str(tmp_path / "final_model_bundle.smbundle"))._model
    np.testing.assert_allclose(loaded(inputs), expected, rtol=0, atol=1e-4)
    assert np.ptp(expected) > 1
    assert "FusedDepthwiseConv2dNative" in (tmp_path / "final_model_js_export" / "model.json").read_text()


def test_a_detector_is_exported(tmp_path):
    export(detector(), tmp_path)
    picture = RANDOM.integers(0, 256, (32, 32, 3)).astype(np.uint8)
    expected = create_model(str(tmp_path / "final_model.json"))(picture)
    found = create_model(str(tmp_path / "final_model_bundle.smbundle"))(picture)
    assert [one["box"] for one in found] == [one["box"] for one in expected] != []


def test_a_file_that_predicts_something_else_is_not_delivered(delivered, tmp_path, monkeypatch):
    """The bundle, here, is that of another model."""
    folder, _ = delivered
    before = everything_in(folder)
    other = create_model(table(TREES))
    monkeypatch.setattr(exporting.wrappers.Deepnet, "save_bundle", lambda model, *paths: _save(other, *paths))
    with pytest.raises(PyramidError, match=r"^final_model_bundle\.smbundle: predictions differ .* by 0\."):
        export(table(TREES), folder)
    assert everything_in(folder) == before
    assert set(os.listdir(folder)) == FILES


def _save(model, bundle, tfjs):
    exporting.wrappers.SaveableModel.save_bundle(model, bundle, tfjs)


def test_a_number_that_is_not_finite_is_refused(tmp_path):
    document = table()
    document["networks"][0]["layers"][0]["offset"][0] = np.nan
    with pytest.raises(ValueError, match="finite"):
        export(document, tmp_path)
    assert os.listdir(tmp_path) == []


def test_the_stand_ins_do_not_stay():
    assert converter().converters.convert_tf_saved_model
    assert not {"jax", "tensorflow_decision_forests"} & set(sys.modules)


@pytest.mark.parametrize(("found", "passes"), [(1e6 + 2.0, True), (1e6 + 2.3, True), (1e6 + 3.0, False)])
def test_the_scale_of_a_number_leaves_its_mean_out(found, passes):
    """A few operations in float32 may lose 0.5 of 1e6; of a standard deviation of 3 the tolerance is 0.00003."""
    exposition = {"type": "numeric", "mean": 1e6, "stdev": 3.0}
    with contextlib.nullcontext() if passes else pytest.raises(PyramidError, match=r"file: .* by 1, with outputs"):
        check_same("file", [np.array([[found]])], [np.array([[1e6 + 2.0]])], exposition, 1e-5)


@pytest.mark.parametrize("found", [[0.5, np.nan], [np.inf, 0.5], [0.5]])
def test_predictions_that_are_no_numbers_or_too_few_are_found(found):
    with pytest.raises(PyramidError, match=r"^file: "):
        check_same("file", [np.array(found)], [np.array([0.5, 0.5])], CLASSES, 1e-5)


def test_the_inputs_hold_every_category_and_an_unknown_one(document):
    inputs = example_inputs(document, seed=1)["numeric_inputs"].numpy()
    assert set(inputs[:, 1]) == {-1.0, 0.0, 1.0, 2.0}
    assert np.ptp(inputs[:, 0]) > 0.5
