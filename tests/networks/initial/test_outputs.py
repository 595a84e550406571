"""Outputs of a trained model for the classes or values of other data."""

import numpy as np
import pytest

from pyramid.networks.initial.outputs import class_difference, fitted_weights
from pyramid.networks.initial.read import read_initial
from pyramid.training.network import build_network, set_weights
from tests.networks.initial.models import BOXES, CLASSES, VALUES, trained, write_model

MODELS = {candidate.objective: candidate for candidate in (CLASSES, VALUES, BOXES)}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return {name: read(folder / f"{name}.json", candidate) for name, candidate in MODELS.items()}


def read(path, candidate):
    return read_initial("initial_model", str(write_model(path, candidate)))


def outputs(candidate, weights=None):
    """What a candidate's network tells of some pictures, with the weights of the model or with others."""
    network = trained(candidate) if weights is None else build_network(candidate)
    if weights is not None:
        set_weights(network.layers, weights)
    pictures = np.random.default_rng(2).integers(0, 256, (4, candidate.height, candidate.width, 3)).astype(np.float32)
    return [output.numpy() for output in network.model(pictures)]


@pytest.mark.parametrize("order", [["cat", "ant", "bee"], ["bee", "ant", "cat"], ["ant", "bee", "cat"]])
def test_the_probability_of_a_class_moves_with_its_name(models, order):
    places = [CLASSES.classes.index(name) for name in order]
    moved = outputs(CLASSES, fitted_weights(models["categorical"], order, 0.0, 1.0))
    for before, after in zip(outputs(CLASSES), moved, strict=True):
        assert np.ptp(before, axis=-1).min() > 1e-3
        np.testing.assert_allclose(after, before[:, places], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("order", [["cat", "ant", "bee"], ["bee", "ant", "cat"], ["ant", "bee", "cat"]])
def test_of_a_detector_only_the_classes_move_in_every_branch_and_for_each_anchor(models, order):
    places = [*range(5), *(5 + BOXES.classes.index(name) for name in order)]
    moved = outputs(BOXES, fitted_weights(models["bounding_box"], order, 0.0, 1.0))
    for before, after in zip(outputs(BOXES), moved, strict=True):
        assert before.shape[-2:] == (2, 8)
        assert np.ptp(before[..., 5:], axis=-1).min() > 1e-3
        np.testing.assert_allclose(after, before[..., places], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("mean", "stdev"), [(10.0, 4.0), (-300.0, 0.5), (10.0, 80.0), (2000.0, 100.0)])
def test_a_predicted_value_stays_the_same_in_its_own_unit(models, mean, stdev):
    [before, _], [after, _] = outputs(VALUES), outputs(VALUES, fitted_weights(models["numeric"], [], mean, stdev))
    assert np.ptp(before) > 1e-3
    np.testing.assert_allclose(after * stdev + mean, before * VALUES.stdev + VALUES.mean, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("objective", list(MODELS))
def test_the_model_keeps_its_own_weights(models, objective):
    """Several candidates may start from it."""
    model = models[objective]
    before = [[array.copy() for array in layer] for layer in model.weights]
    fitted = fitted_weights(model, model.classes[::-1], 5.0, 3.0)
    assert all(array.dtype == np.float32 for layer in fitted for array in layer)
    for layer, same in zip(model.weights, before, strict=True):
        for array, other in zip(layer, same, strict=True):
            np.testing.assert_array_equal(array, other)


@pytest.mark.parametrize("objective", ["categorical", "bounding_box"])
@pytest.mark.parametrize(
    ("classes", "difference"),
    [
        (["ant", "bee"], "only the model knows cat"),
        (["ant", "bee", "cat", "dog"], "only the data have dog"),
        (["Ant", "bee", "eel"], "only the model knows ant, cat; only the data have Ant, eel"),
        ([], "only the model knows ant, bee, cat"),
    ],
)
def test_other_classes_are_listed(models, objective, classes, difference):
    told = f"its classes are not those of the data: {difference}"
    assert class_difference(models[objective], classes) == told
    with pytest.raises(ValueError, match="its classes") as caught:
        fitted_weights(models[objective], classes, 0.0, 1.0)
    assert str(caught.value) == told


def test_of_many_other_classes_ten_are_listed_and_the_rest_is_counted(models):
    ten = [f"c{i:04d}" for i in range(10)]
    assert class_difference(models["categorical"], ["ant", "bee", "cat", *ten]).endswith(
        ": only the data have " + ", ".join(ten)
    )
    many = ["ant", "bee", "cat", *(f"c{i:04d}" for i in range(1244))]
    assert class_difference(models["categorical"], many).endswith(f"{', '.join(ten)} and 1,234 more")


def test_the_same_classes_in_another_order_are_no_difference(models):
    assert class_difference(models["categorical"], ["cat", "bee", "ant"]) == ""
