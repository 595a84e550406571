"""The sensenet document of a trained candidate."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from pyramid.data.image import read_image
from pyramid.finalize.document import model_document
from pyramid.networks.build import build
from pyramid.training.candidate import WEIGHTS_FILE, Result, Status
from pyramid.training.storage import write_document
from tests.candidates import CANDIDATE as PLAIN

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.models.wrappers import create_model  # isort: skip

CANDIDATE = replace(
    PLAIN, width=24, height=16, classes=["ant", "bee", "cat"], hyperparameters={"beta1": 0.5}, patience=12
)
NUMERIC = replace(CANDIDATE, objective="numeric", classes=[], mean=10.0, stdev=4.0, loss_function="huber")

RESULT = Result(
    CANDIDATE.name,
    CANDIDATE.network,
    CANDIDATE.method,
    Status.FINISHED,
    metrics={"likelihood": 0.5, "auc": None},
    iterations=77,
    seconds={"tracing": 1.0, "elapsed": 12.5},
)


@pytest.fixture
def network():
    """A network whose weights are not those that the candidate's seed would give."""
    return build("simple", 24, 16, 3, categorical=True, seed=99)


@pytest.fixture
def weights(network, tmp_path):
    network.model.save_weights(tmp_path / WEIGHTS_FILE)
    return tmp_path / WEIGHTS_FILE


@pytest.fixture
def numeric_weights(tmp_path):
    path = tmp_path / WEIGHTS_FILE
    build("simple", 24, 16, 1, categorical=False, seed=99).model.save_weights(path)
    return path


def test_the_document_has_every_key_of_a_complete_model(weights):
    document = model_document(CANDIDATE, RESULT, weights)
    assert set(document) == {
        "preprocess",
        "image_network",
        "layers",
        "output_exposition",
        "trees",
        "optypes",
        "class_index",
        "weight_index",
        "importances",
        "validation_metrics",
        "training_options",
        "iterations",
        "elapsed_time",
    }
    assert document["preprocess"] == [{"type": "image", "index": 0}]
    assert document["validation_metrics"] == {"likelihood": 0.5, "auc": None}
    assert (document["iterations"], document["elapsed_time"]) == (77, 12.5)


def test_the_document_is_json(weights, tmp_path):
    """Its weights are numbers there, from which float32 gives back what the arrays hold."""
    document = model_document(CANDIDATE, RESULT, weights)
    write_document(tmp_path / "model.json", document)
    written = json.loads((tmp_path / "model.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert written["layers"]
    assert_same(written, document)


def assert_same(written, document):
    """``written``, plain JSON, says what ``document`` does, whose arrays may be anywhere."""
    if isinstance(document, dict):
        assert list(written) == list(document)
        for key, value in document.items():
            assert_same(written[key], value)
    elif isinstance(document, list | tuple):
        for one, other in zip(written, document, strict=True):
            assert_same(one, other)
    elif isinstance(document, np.ndarray):
        assert document.dtype == np.float32
        assert np.isfinite(document).all()
        assert isinstance(written, list)
        np.testing.assert_array_equal(np.float32(written), document)
    else:
        assert (written, type(written)) == (document, type(document))


def test_the_image_network_says_how_a_picture_reaches_it(weights):
    metadata = model_document(CANDIDATE, RESULT, weights)["image_network"]["metadata"]
    assert metadata["input_image_shape"] == [24, 16, 3]
    assert metadata["rescale_type"] == "crop"
    assert metadata["loading_method"] == "centering"
    assert metadata["base_image_network"] == "simple"
    assert metadata["image_training_type"] == "randomly_initialize"
    assert metadata["outputs"] == 128


def test_classes_keep_their_order(weights):
    document = model_document(CANDIDATE, RESULT, weights)
    assert document["output_exposition"] == {"type": "categorical", "values": ["ant", "bee", "cat"]}
    assert document["optypes"] == ["image", "categorical"]


def test_values_carry_their_moments(numeric_weights):
    document = model_document(NUMERIC, RESULT, numeric_weights)
    assert document["output_exposition"] == {"type": "numeric", "mean": 10.0, "stdev": 4.0}
    assert document["optypes"] == ["image", "numeric"]


def test_training_options_tell_how_it_was_trained(weights):
    options = model_document(CANDIDATE, RESULT, weights)["training_options"]
    assert options["descent_algorithm"] == "adam"
    assert options["hyperparameters"] == {"beta1": 0.5}
    assert options["network"] == "simple"
    assert options["seed"] == 3
    assert "classes" not in options


def test_the_weights_are_those_of_the_file(network, weights):
    layers = model_document(CANDIDATE, RESULT, weights)["image_network"]["layers"]
    np.testing.assert_array_equal(layers[0]["kernel"], network.model.get_weights()[0])


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(OSError, match="absent"):
        model_document(CANDIDATE, RESULT, tmp_path / "absent.h5")


@pytest.mark.parametrize("rescale_type", ["warp", "crop"])
@pytest.mark.parametrize("ending", ["png", "jpg", "bmp"])
def test_a_file_of_another_size_is_served_with_the_pixels_that_training_saw(
    network, weights, tmp_path, rescale_type, ending
):
    """From the file on: decoded, rescaled and predicted by sensenet, or read and predicted by pyramid."""
    path = str(tmp_path / f"picture.{ending}")
    noise = np.random.default_rng(1).integers(0, 256, (61, 37, 3)).astype(np.uint8)
    Image.fromarray(noise).resize((90, 61), Image.Resampling.BILINEAR).save(path)
    seen = read_image(path, 24, 16, rescale_type)[np.newaxis].astype(np.float32)
    expected = network.model(seen, training=False)[1].numpy()
    model = create_model(model_document(replace(CANDIDATE, rescale_type=rescale_type), RESULT, weights))
    np.testing.assert_allclose(model(path), expected, rtol=0, atol=1e-5)


def test_a_value_is_served_in_its_own_unit(numeric_weights):
    picture = np.random.default_rng(1).integers(0, 256, (16, 24, 3)).astype(np.uint8)
    raw = (
        build("simple", 24, 16, 1, categorical=False, seed=99).model(picture[np.newaxis].astype(np.float32))[1].numpy()
    )
    model = create_model(model_document(NUMERIC, RESULT, numeric_weights))
    np.testing.assert_allclose(model(picture), raw * 4.0 + 10.0, rtol=0, atol=4e-5)
