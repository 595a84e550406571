"""Settings -> candidates."""

import json

import numpy as np
import pytest
from PIL import Image

from pyramid.data.dataset import Dataset
from pyramid.data.examples import Examples
from pyramid.errors import ConfigError, DataError
from pyramid.networks.initial.read import InitialModel
from pyramid.search.candidates import (
    DETECTOR_WARMUP,
    candidates,
    input_shape,
    looks,
    minimum_side,
    networks,
    rescale_type,
)
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


# Initial models


def initial(path="first.json", shape=(40, 30, 3), fitted="pad", objective=CATEGORICAL, outputs=()):
    structure = {"layers": [path], "readout": [], "loading_method": "centering", "outputs": list(outputs)}
    return InitialModel(path, "mine", list(shape), fitted, objective, ["a", "b"], 0.0, 1.0, structure, [])


def examples(tmp_path=None, size=(50, 50), objective=CATEGORICAL):
    """Of one picture of this size, or of one that is missing."""
    if tmp_path:
        Image.new("RGB", size).save(tmp_path / "picture.png")
    return Examples(objective, "", [f"{tmp_path}/picture.png"], ["a"], [1.0], ["g"], 0, [])


def listed(*pairs, **keys):
    return TrainSettings(image_network_candidates=[list(pair) for pair in pairs], **keys)


SIMPLE, FIRST, SECOND = ("simple", NEW), ("initial_model", "first.json"), ("initial_model", "second.json")


def test_models_in_pairs_and_in_the_key_are_candidates_with_names_and_seeds_of_their_own():
    settings = listed(FIRST, SIMPLE, SECOND, FIRST, initial_model="third.json", seed=5)
    models = {
        "image_network_candidates[0]": initial(),
        "image_network_candidates[2]": initial("second.json"),
        "image_network_candidates[3]": initial(),
        "initial_model": initial("third.json"),
    }
    made = candidates(settings, Look(24, 16, "crop"), CATEGORICAL, "crossentropy", boxes(), models)
    assert [(c.name, c.initial_model, c.seed) for c in made] == [
        ("initial_model", "first.json", 5),
        (f"simple_{NEW}", "", 5),
        ("initial_model_2", "second.json", 6),
        ("initial_model_3", "first.json", 7),
        ("initial_model_4", "third.json", 8),
    ]
    assert len({c.folder for c in made}) == 5


def test_a_model_is_one_candidate_more_beside_the_default_ones():
    settings = TrainSettings(initial_model="first.json")
    made = candidates(settings, SQUARE, CATEGORICAL, "crossentropy", boxes(), {"initial_model": initial()})
    assert [c.network for c in made] == ["simple", "simple_residual", "mobilenetv2", "mine"]


def test_a_model_brings_its_input_and_its_structure_and_learns_as_all_others_do():
    settings = listed(SIMPLE, initial_model="first.json", learning_rate=0.25, batch_size=3)
    look, model = Look(24, 16, "crop"), initial()
    other, started = candidates(settings, look, CATEGORICAL, "hinge", boxes(), {"initial_model": model})
    assert (other.look, other.structure, other.initial_model) == (look, None, "")
    assert (started.network, started.method, started.look) == ("mine", "initial_model", Look(40, 30, "pad"))
    assert started.structure == model.structure
    same = ("learning_rate", "batch_size", "loss_function", "classes", "selection_metric", "objective")
    assert [getattr(started, key) for key in same] == [getattr(other, key) for key in same]
    assert Candidate(**json.loads(json.dumps(started.to_dict()))) == started


def test_a_detector_keeps_its_anchors_whatever_the_settings_say():
    outputs = [{"anchors": [[30.0, 20.0]]}, {"anchors": [[5.0, 6.0]]}]
    model = initial(shape=(64, 64, 3), objective=BOUNDING_BOX, outputs=outputs)
    settings = listed(("tinyyolov4", NEW), initial_model="first.json", bounding_box_anchors=[[7, 7], [9, 9]])
    other, started = candidates(settings, SQUARE, BOUNDING_BOX, "", boxes((10, 20)), {"initial_model": model})
    assert (other.anchors, started.anchors) == ([[7, 7], [9, 9]], [[5.0, 6.0], [30.0, 20.0]])


def test_with_models_alone_each_brings_its_input():
    """No picture is looked at, and what is asked for is for others."""
    models = [initial(), initial("second.json", (8, 8, 3))]
    found = [Look(model.shape[0], model.shape[1], model.rescale_type) for model in models]
    assert looks(listed(FIRST, SECOND), examples(), models) == found
    assert looks(listed(FIRST, SECOND, input_image_shape=[64, 64, 3]), examples(), models) == found


def test_the_others_take_what_is_asked_for_else_the_input_of_the_first_model():
    models = [initial(), initial("second.json", (8, 8, 3))]
    assert input_shape(listed(SIMPLE, initial_model="x", input_image_shape=[9, 8, 3]), examples(), models) == [9, 8, 3]
    assert input_shape(listed(SIMPLE, initial_model="x"), examples(), models) == [40, 30, 3]


@pytest.mark.parametrize(("shape", "found"), [((32, 40, 3), [32, 40, 3]), ((31, 40, 3), [50, 50, 3])])
def test_a_model_too_small_for_the_others_does_not_decide(tmp_path, shape, found):
    settings = listed(("mobilenetv2", NEW), initial_model="x")
    assert input_shape(settings, examples(tmp_path), [initial(shape=shape)]) == found


def test_without_a_model_the_pictures_decide(tmp_path):
    assert input_shape(listed(SIMPLE), examples(tmp_path, (30, 20))) == [30, 20, 3]
    with pytest.raises(DataError, match="no picture can be read"):
        input_shape(listed(SIMPLE), examples())


def test_pictures_are_fitted_as_asked_for_else_as_the_first_model_wants_it():
    models = [initial(fitted="warp"), initial(fitted="pad")]
    assert rescale_type(TrainSettings(), CATEGORICAL) == "crop"
    assert rescale_type(TrainSettings(), CATEGORICAL, models) == "warp"
    assert rescale_type(TrainSettings(rescale_type="crop"), CATEGORICAL, models) == "crop"
    assert rescale_type(TrainSettings(), BOUNDING_BOX, models) == "pad"


def test_pictures_are_read_once_for_all_that_see_them_alike():
    same, other = initial("second.json", (9, 8, 3), "crop"), initial("third.json")
    settings = listed(SIMPLE, input_image_shape=[9, 8, 3], rescale_type="crop", initial_model="x")
    assert looks(settings, examples(), []) == [Look(9, 8, "crop")]
    assert looks(settings, examples(), [other, same, other]) == [Look(9, 8, "crop"), Look(40, 30, "pad")]


def test_with_models_alone_each_look_is_one_of_theirs():
    models = [initial(), initial("second.json", (9, 8, 3), "crop")]
    assert looks(listed(FIRST, SECOND), examples(), models) == [Look(40, 30, "pad"), Look(9, 8, "crop")]


def test_with_models_alone_what_is_asked_for_makes_no_look_of_its_own():
    assert looks(listed(FIRST, rescale_type="crop"), examples(), [initial()]) == [Look(40, 30, "pad")]
