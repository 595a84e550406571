"""Settings -> candidates."""

import json

import numpy as np
import pytest

from pyramid.data.dataset import Dataset
from pyramid.errors import ConfigError
from pyramid.search.candidates import DETECTOR_WARMUP, candidates, minimum_side, networks
from pyramid.settings.networks import DEFAULT_CANDIDATES
from pyramid.settings.objectives import BOUNDING_BOX, CATEGORICAL, NUMERIC
from pyramid.settings.train import TrainSettings
from pyramid.training.candidate import Candidate, Look

NEW = "randomly_initialize"
SQUARE = Look(64, 64, "pad")


def made(
    shape=(24, 16, 3), objective="categorical", loss="crossentropy", classes=("a", "b"), moments=(0.0, 1.0), **keys
):
    settings = TrainSettings.model_validate(keys)
    none, ones = np.empty(0, np.int64), np.ones(2, np.float32)
    dataset = Dataset(np.arange(2, dtype=np.float32), ones, none, none, list(classes), *moments)
    look = Look(shape[0], shape[1], settings.rescale_type)
    return candidates(settings, look, objective, loss, dataset, {})


@pytest.mark.parametrize("objective", [CATEGORICAL, NUMERIC])
def test_without_a_shape_all_default_networks_are_tried(objective):
    assert networks(TrainSettings(), objective) == list(DEFAULT_CANDIDATES[objective])
    assert [network for network, _ in DEFAULT_CANDIDATES[objective]] == ["simple", "simple_residual", "mobilenetv2"]


@pytest.mark.parametrize(
    ("shape", "fitting"),
    [
        ([8, 8, 3], ["simple"]),
        ([200, 15, 3], ["simple"]),
        ([16, 40, 3], ["simple", "simple_residual"]),
        ([40, 31, 3], ["simple", "simple_residual"]),
        ([32, 32, 3], ["simple", "simple_residual", "mobilenetv2"]),
    ],
)
def test_default_networks_that_cannot_take_the_shape_are_left_out(shape, fitting):
    for objective in (CATEGORICAL, NUMERIC):
        pairs = networks(TrainSettings(input_image_shape=shape), objective)
        assert [network for network, _ in pairs] == fitting


def test_networks_that_were_asked_for_stay_whatever_the_shape():
    """The settings' own check refuses those that cannot take it."""
    settings = TrainSettings(input_image_shape=[8, 8, 3], image_network_candidates=[["resnet18", NEW]])
    assert networks(settings, CATEGORICAL) == [("resnet18", NEW)]


def test_the_minimum_side_is_that_of_the_most_demanding_network():
    def side(**keys):
        return minimum_side(TrainSettings(**keys), CATEGORICAL)

    assert side(image_network_candidates=[["simple", NEW]]) == 8
    assert side(image_network_candidates=[["simple", NEW], ["simple_residual", NEW]]) == 16
    assert side() == 32


def test_one_candidate_for_each_pair_in_order():
    pairs = [["simple_residual", NEW], ["simple", NEW]]
    assert [(c.network, c.method) for c in made(image_network_candidates=pairs)] == [tuple(pair) for pair in pairs]


def test_a_repeated_pair_gets_another_name_and_another_seed():
    pairs = [["simple", NEW], ["simple_residual", NEW], ["simple", NEW], ["simple", NEW]]
    result = made(image_network_candidates=pairs, seed=40)
    assert [c.name for c in result] == [
        f"simple_{NEW}",
        f"simple_residual_{NEW}",
        f"simple_{NEW}_2",
        f"simple_{NEW}_3",
    ]
    assert [c.seed for c in result] == [40, 40, 41, 42]
    assert len({c.folder for c in result}) == 4


def test_every_value_arrives():
    [candidate] = made(
        shape=(24, 16, 3),
        classes=("cat", "dog"),
        moments=(3.0, 4.0),
        image_network_candidates=[["simple", NEW]],
        seed=7,
        rescale_type="pad",
        label_smoothing_factor=0.25,
        balance_objective=True,
        augmentation_ranges={"zoom": None, "blur": 0.25, "tint": 0, "deform": None},
        augmentation_placement="trial",
        batch_size=5,
        descent_algorithm="rms_prop",
        learning_rate=0.125,
        learning_rate_warmup_iterations=11,
        rho=0.5,
        momentum=0.25,
        epsilon=0.0,
        patience=9,
        max_seconds_per_update=2.5,
        max_iterations=99,
        selection_metric="auc",
    )
    assert candidate == Candidate(
        name=f"simple_{NEW}",
        network="simple",
        method=NEW,
        seed=7,
        width=24,
        height=16,
        rescale_type="pad",
        objective="categorical",
        classes=["cat", "dog"],
        mean=3.0,
        stdev=4.0,
        anchors=[],
        initial_model="",
        structure=None,
        loss_function="crossentropy",
        label_smoothing_factor=0.25,
        balance_objective=True,
        augmentations={"blur": 0.25, "zoom": 0.1},
        augmentation_placement="trial",
        batch_size=5,
        descent_algorithm="rms_prop",
        learning_rate=0.125,
        learning_rate_warmup_iterations=11,
        hyperparameters={"rho": 0.5, "momentum": 0.25, "epsilon": 0.0},
        patience=9,
        max_seconds_per_update=2.5,
        max_iterations=99,
        max_data_size=2**30,
        selection_metric="auc",
    )


@pytest.mark.parametrize(
    ("objective", "loss", "metric"),
    [("categorical", "hinge", "likelihood"), ("numeric", "huber", "r_squared")],
)
def test_the_objective_chooses_the_selection_metric(objective, loss, metric):
    for candidate in made(objective=objective, loss=loss):
        assert (candidate.objective, candidate.loss_function, candidate.selection_metric) == (objective, loss, metric)


def test_a_candidate_survives_json():
    for candidate in made(beta1=0.5):
        assert Candidate(**json.loads(json.dumps(candidate.to_dict()))) == candidate


def boxes(*sizes):
    """A dataset of one picture with boxes of these sizes."""
    targets = np.array([[[0, 0, width, height, 0] for width, height in sizes]], np.float32)
    row = np.zeros(1, np.int64)
    return Dataset(targets, np.ones(1, np.float32), row, row, ["a"], 0.0, 1.0, np.ones(1, np.float32))


def test_a_detector_pads_warms_up_and_starts_from_anchors_of_the_data():
    [candidate] = candidates(TrainSettings(), SQUARE, BOUNDING_BOX, "", boxes((10, 20), (30, 30)), {})
    assert (candidate.network, candidate.rescale_type, candidate.selection_metric) == ("tinyyolov4", "pad", "map_50")
    assert candidate.learning_rate_warmup_iterations == DETECTOR_WARMUP
    assert len(candidate.anchors) == 6
    assert {(10, 20), (30, 30)} <= set(map(tuple, candidate.anchors))


def test_what_is_asked_for_wins():
    settings = TrainSettings(learning_rate_warmup_iterations=0, bounding_box_anchors=[[40, 10], [5, 5]])
    [candidate] = candidates(settings, SQUARE, BOUNDING_BOX, "", boxes((10, 20)), {})
    assert candidate.learning_rate_warmup_iterations == 0
    assert candidate.anchors == [[5, 5], [40, 10]]


def test_an_anchor_larger_than_the_input_that_the_data_decides_is_an_error():
    settings = TrainSettings(bounding_box_anchors=[[10, 10], [65, 10]])
    with pytest.raises(ConfigError, match=r"bounding_box_anchors\[1\]: is larger than the input \(64 pixels\)"):
        candidates(settings, SQUARE, BOUNDING_BOX, "", boxes((10, 20)), {})
