"""What every network keeps, at the smallest pictures that it takes."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from pyramid.finalize.document import model_document
from pyramid.networks.build import build
from pyramid.networks.topologies import TOPOLOGIES
from pyramid.prediction.folding import folded_document
from pyramid.settings.networks import NETWORKS
from pyramid.tf import tf
from pyramid.training.candidate import WEIGHTS_FILE, Result, Status
from pyramid.training.feeds import Stream
from pyramid.training.loop import TrainingLoop
from pyramid.training.optimizers import SteppedRate, make_optimizer
from pyramid.training.values import Values
from tests.candidates import CANDIDATE

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.models.image import image_model  # isort: skip
from sensenet.models.wrappers import create_model  # isort: skip

PICTURES = 6
CLOSE = 1e-5
CLASSES = ["ant", "bee", "cat"]
MEAN, STDEV = 1000.0, 50.0


@pytest.fixture(scope="module", params=TOPOLOGIES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def side(name):
    return NETWORKS[name].minimum_side


@pytest.fixture(scope="module")
def network(name, side):
    return build(name, side, side, 3, categorical=True, seed=1)


def kernels(network):
    return [weights for weights in network.model.get_weights() if weights.ndim > 1]


def test_it_answers_with_probabilities_for_its_smallest_picture(network, side):
    pixels = np.random.default_rng(0).integers(0, 256, (2, side, side, 3)).astype(np.float32)
    raw, served = network.model(pixels, training=False)
    assert raw.shape == served.shape == (2, 3)
    np.testing.assert_allclose(tf.nn.softmax(raw).numpy(), served.numpy(), atol=1e-6)
    assert np.isfinite(raw.numpy()).all()


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(network, name, side):
    again = build(name, side, side, 3, categorical=True, seed=1)
    other = build(name, side, side, 3, categorical=True, seed=2)
    for mine, same in zip(network.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, same)
    for mine, different in zip(kernels(network), kernels(other), strict=True):
        assert not np.allclose(mine, different)


def test_no_two_layers_of_one_shape_start_as_twins(network):
    by_shape = defaultdict(list)
    for kernel in kernels(network):
        by_shape[kernel.shape].append(kernel.ravel())
    for alike in by_shape.values():
        assert len({kernel.tobytes() for kernel in alike}) == len(alike)


class Trained:
    """A network after a few steps of descent, the document that is made of it, and pictures to compare them on."""

    def __init__(self, name, width, height, categorical, folder):
        rng = np.random.default_rng(3)
        self.pictures = rng.integers(0, 256, (PICTURES, height, width, 3)).astype(np.uint8)
        self.stdev = 1.0 if categorical else STDEV
        objective = {} if categorical else {"objective": "numeric", "mean": MEAN, "stdev": STDEV}
        losses = {} if categorical else {"loss_function": "mean_squared_error", "selection_metric": "r_squared"}
        classes = CLASSES if categorical else []
        size = {"width": width, "height": height, "batch_size": PICTURES}
        candidate = replace(CANDIDATE, name=name, network=name, seed=5, classes=classes, **size, **objective, **losses)
        outputs = len(CLASSES) if categorical else 1
        network = build(name, width, height, outputs, categorical, candidate.seed)
        targets = np.arange(PICTURES) % 3 if categorical else MEAN + STDEV * np.linspace(-1.5, 1.5, PICTURES)
        targets = targets.astype(np.float32)
        self._descend(network, Values(candidate, targets), targets)
        served = self.loop.predict(self.pictures, np.arange(PICTURES), 4)
        self.expected = served if categorical else served * STDEV + MEAN
        network.model.save_weights(folder / WEIGHTS_FILE)
        result = Result(name, name, "randomly_initialize", Status.FINISHED)
        self.document = model_document(candidate, result, folder / WEIGHTS_FILE)

    def _descend(self, network, task, targets):
        batch = (self.pictures, targets, np.ones(PICTURES, np.float32))
        batches = tf.data.Dataset.from_tensors(batch)  # it says what batches are like, and is not drawn
        self.loop = TrainingLoop(
            network.model, make_optimizer("adam", SteppedRate(0.001, 0), {}), task, Stream(batches)
        )
        for layer in network.model.layers:
            if isinstance(layer, tf.keras.layers.BatchNormalization):
                layer.momentum = 0.1  # three steps are enough then for moments that let a signal through
        before = [variable.numpy() for variable in network.model.non_trainable_variables]
        for _ in range(3):  # not in a graph, which takes longer to trace than this
            self.loop.step(tf.constant(self.pictures), tf.constant(targets), tf.ones(PICTURES))
        moments = network.model.non_trainable_variables
        assert all(not np.allclose(old, new) for old, new in zip(before, moments, strict=True))


CATEGORICAL = [(name, "categorical") for name in TOPOLOGIES]
#: A value has another output layer, behind whatever network: one of sensenet's stands for all of them.
NUMERIC = [(name, "numeric") for name in ("simple", "simple_residual", "mobilenet")]


@pytest.fixture(scope="module", params=CATEGORICAL + NUMERIC, ids="-".join)
def trained(request, tmp_path_factory):
    """Classes on pictures that are wider than high, values on square ones."""
    name, objective = request.param
    categorical, side = objective == "categorical", NETWORKS[name].minimum_side
    width = side + 8 if categorical else side
    yield Trained(name, width, side, categorical, tmp_path_factory.mktemp(name))
    tf.keras.backend.clear_session()  # else Keras keeps every network


def test_the_document_gives_the_predictions_of_the_trained_network(trained, tmp_path):
    model = create_model(trained.document)
    paths = [str(tmp_path / f"{i}.png") for i in range(PICTURES)]
    for path, pixels in zip(paths, trained.pictures, strict=True):
        Image.fromarray(pixels).save(path)
    together = model([[path] for path in paths])
    assert np.ptp(trained.expected[:, 0]) > 100 * CLOSE * trained.stdev  # the pictures do make a difference
    np.testing.assert_allclose(together, trained.expected, rtol=0, atol=CLOSE * trained.stdev)
    np.testing.assert_allclose(model(paths[1])[0], trained.expected[1], rtol=0, atol=CLOSE * trained.stdev)


@pytest.mark.parametrize("trained", CATEGORICAL, ids="-".join, indirect=True)
def test_the_bare_keras_model_gives_the_predictions_of_the_trained_network(trained):
    model = image_model(trained.document, None)
    predicted = model(trained.pictures.astype(np.float32), training=False).numpy()
    np.testing.assert_allclose(predicted, trained.expected, rtol=0, atol=CLOSE * trained.stdev)


@pytest.mark.parametrize("trained", CATEGORICAL, ids="-".join, indirect=True)
def test_the_network_that_predicts_gives_the_predictions_of_the_trained_network(trained):
    document = folded_document(trained.document)
    assert "batch_normalization" in str(trained.document)
    assert "batch_normalization" not in str(document)
    model = image_model(document, None)
    predicted = model(trained.pictures.astype(np.float32), training=False).numpy()
    np.testing.assert_allclose(predicted, trained.expected, rtol=0, atol=CLOSE * trained.stdev)
