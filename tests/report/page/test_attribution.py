"""Integrated gradients of real networks: what the pixels add sums up to what the model says."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from pyramid.finalize.document import model_document
from pyramid.report.page.attribution import Explainer, lit
from pyramid.report.page.contents import Contents
from pyramid.tf import tf
from pyramid.training.candidate import WEIGHTS_FILE, Result, Status
from pyramid.training.network import build_network
from pyramid.training.storage import write_document
from tests.candidates import CANDIDATE
from tests.conftest import draw
from tests.report.page.pages import categorical, parsed

SIDE = 24

sparse = tf.keras.losses.sparse_categorical_crossentropy


def explainer_of(folder, **changes):
    """Of a network that tells discs from squares, or how bright a picture is."""
    candidate = replace(CANDIDATE, width=SIDE, height=SIDE, **changes)
    network = build_network(candidate)
    pictures = np.stack([np.asarray(draw(("disc", "square")[i % 2], i)) for i in range(32)]).astype(np.float32)
    targets = np.arange(32) % 2 if candidate.categorical else pictures.mean((1, 2, 3)) / 20 - 2
    optimizer = tf.keras.optimizers.Adam(0.003)
    for _ in range(40):
        with tf.GradientTape() as tape:
            raw, _ = network.model(pictures, training=True)
            losses = sparse(targets, raw, from_logits=True) if candidate.categorical else (raw[:, 0] - targets) ** 2
        weights = network.model.trainable_weights
        optimizer.apply_gradients(zip(tape.gradient(losses, weights), weights, strict=True))
    network.model.save_weights(folder / WEIGHTS_FILE)
    result = Result(candidate.name, candidate.network, candidate.method, Status.FINISHED)
    write_document(folder / "final_model.json", model_document(candidate, result, folder / WEIGHTS_FILE))
    return Explainer(folder / "final_model.json")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("classifier")


@pytest.fixture(scope="module")
def classifier(folder):
    return explainer_of(folder, classes=["disc", "square", "neither"])


@pytest.fixture(scope="module")
def regressor(tmp_path_factory):
    changes = {"objective": "numeric", "classes": [], "mean": 5.0, "stdev": 2.0, "loss_function": "mean_squared_error"}
    return explainer_of(tmp_path_factory.mktemp("regressor"), **changes)


def difference(explainer, pixels, classes):
    both = np.stack([pixels, np.zeros_like(pixels)]).astype(np.float32)
    told = explainer.output(both, classes).numpy()
    return told[0] - told[1]


def errors(explainer, classes, steps):
    """Of four pictures, how far the sum of the attributions is from the difference, and the difference."""
    pictures = [np.asarray(draw("square", seed)) for seed in range(4)]
    expected = np.array([difference(explainer, pixels, classes) for pixels in pictures])
    found = np.array([explainer.attributions(pixels, classes, steps).sum() for pixels in pictures])
    return np.abs(found - expected).mean(), np.abs(expected).mean()


def test_attributions_of_classes_sum_up_to_the_difference_of_the_outputs(classifier) -> None:
    for classes in ((0, 1), (2, 0)):
        error, expected = errors(classifier, classes, 32)
        assert error < 0.05 * expected
        assert errors(classifier, classes, 96)[0] < 0.02 * expected


def test_attributions_of_values_sum_up_to_the_difference_of_the_outputs(regressor) -> None:
    error, expected = errors(regressor, None, 32)
    assert error < 0.05 * expected
    assert errors(regressor, None, 96)[0] < 0.02 * expected


def test_a_picture_is_bright_where_something_speaks_for_the_output() -> None:
    pixels, attributions = np.full((40, 40, 3), 200, np.uint8), np.zeros((40, 40, 3))
    attributions[10:15, 20:30] = 1.0
    attributions[30:, :10] = -5.0
    shown = lit(pixels, attributions)
    assert shown[12, 25].min() > 180
    assert shown[35, 5].max() == 30
    assert lit(pixels, np.zeros((40, 40, 3))).max() == 30


def test_the_worst_mistakes_have_a_map_beside_them(classifier, folder, tmp_path) -> None:
    files = []
    for i in range(60):
        files.append(f"{i}.png")
        draw("disc", i).resize((200, 100)).save(tmp_path / files[-1])
    found = parsed(Contents("a", categorical(files=files), model=folder / "final_model.json", root=tmp_path))
    words = [image["alt"] or "" for image in found.all("img")]
    assert sum(text.startswith("What the model looked at") for text in words) == 8
    assert "Integrated gradients" in found.text


def test_a_model_that_cannot_be_explained_costs_only_the_maps(tmp_path) -> None:
    (tmp_path / "final_model.json").write_text('{"preprocess": [{"type": "numeric", "index": 0}]}')
    Image.new("RGB", (30, 30)).save(tmp_path / "a.png")
    contents = Contents("a", categorical(files=["a.png"] * 60), model=tmp_path / "final_model.json", root=tmp_path)
    found = parsed(contents)
    assert "There is no map of attributions: ValueError" in found.text
    assert len(found.all("img")) > 1
