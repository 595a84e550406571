"""A model's document -> a candidate to train on from."""

import copy
import json
from dataclasses import replace

import numpy as np
import pytest
from sensenet.pretrained import get_pretrained_network

from pyramid.errors import ConfigError
from pyramid.networks.initial.read import read_initial
from pyramid.networks.topologies import activation, convolution, normalization
from pyramid.training.network import build_network, set_weights
from tests.candidates import CANDIDATE
from tests.networks.initial.models import BOXES, CLASSES, LAYERS, VALUES, trained, write_model

ABSENT = object()
MODELS = {candidate.objective: candidate for candidate in (CLASSES, VALUES, BOXES)}
OBJECTIVES = list(MODELS)


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    """Of each objective the document of a model, to be copied and changed."""
    path = tmp_path_factory.mktemp("models") / "model.json"
    return {name: json.loads(write_model(path, candidate).read_bytes()) for name, candidate in MODELS.items()}


@pytest.fixture
def changed(documents, tmp_path):
    """Write the document of a model with another value in a place; returns its path."""

    def write(objective, place, value):
        document = copy.deepcopy(documents[objective])
        *outer, last = place
        inner = document
        for key in outer:
            inner = inner[key]
        if value is ABSENT:
            del inner[last]
        else:
            inner[last] = value
        path = tmp_path / "changed.json"
        path.write_text(json.dumps(document))
        return path

    return write


def read(path):
    return read_initial("initial_model", str(path))


def problem(path):
    """What is wrong with the document, without its place and path."""
    with pytest.raises(ConfigError) as caught:
        read_initial("image_network_candidates[2]", str(path))
    [line] = caught.value.problems
    shown = str(path) if str(path).isprintable() else ascii(str(path))
    start = f"image_network_candidates[2]: {shown}: "
    assert line.startswith(start)
    assert "\n" not in line
    return line.removeprefix(start)


def rebuilt(candidate, model):
    """The network of a candidate that starts from ``model``."""
    network = build_network(replace(candidate, seed=77, structure=model.structure))
    set_weights(network.layers, model.weights)
    return network


def same_outputs(candidate, network, other):
    pictures = np.random.default_rng(1).integers(0, 256, (3, candidate.height, candidate.width, 3)).astype(np.float32)
    outputs = network.model(pictures)
    assert any(np.ptp(output.numpy()) > 1e-3 for output in outputs)
    for one, same in zip(outputs, other.model(pictures), strict=True):
        np.testing.assert_allclose(same, one, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_network_from_a_document_is_the_one_that_was_saved(objective, tmp_path):
    candidate = MODELS[objective]
    network = trained(candidate)
    same_outputs(candidate, network, rebuilt(candidate, read(write_model(tmp_path / "model.json", candidate, network))))


@pytest.mark.parametrize(
    "changes",
    [
        {"network": "simple"},
        {"network": "simple_residual", "width": 16, "height": 16},
        pytest.param(
            {
                **{"network": "tinyyolov4", "width": 64, "height": 64, "objective": "bounding_box"},
                "anchors": [[4.0, 6.0], [8.0, 8.0], [12.0, 10.0], [20.0, 22.0], [30.0, 28.0], [50.0, 52.0]],
            },
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_network_of_pyramid_survives(changes, tmp_path):
    candidate = replace(CANDIDATE, **changes)
    network = build_network(candidate)
    same_outputs(candidate, network, rebuilt(candidate, read(write_model(tmp_path / "model.json", candidate, network))))


def test_it_says_what_the_model_was(tmp_path):
    path = write_model(tmp_path / "model.json", CLASSES)
    model = read(path)
    assert (model.path, model.network, model.objective) == (str(path), "simple", "categorical")
    assert (model.shape, model.rescale_type) == ([24, 16, 3], "crop")
    assert (model.classes, model.mean, model.stdev, model.anchors) == (["ant", "bee", "cat"], 0.0, 1.0, [])
    assert (model.structure["loading_method"], model.structure["outputs"]) == ("centering", [])
    json.dumps(model.structure)


def test_values_have_moments(tmp_path):
    model = read(write_model(tmp_path / "model.json", VALUES))
    assert (model.objective, model.classes, model.mean, model.stdev) == ("numeric", [], 10.0, 4.0)


def test_a_detector_has_the_anchors_of_its_branches_the_smallest_first(tmp_path):
    model = read(write_model(tmp_path / "model.json", BOXES))
    assert model.anchors == [[4.0, 6.0], [9.0, 8.0], [20.0, 18.0], [30.0, 31.0]]
    assert (model.rescale_type, model.structure["readout"], model.shape) == ("pad", [], [32, 32, 3])
    assert model.structure["outputs"] == BOXES.structure["outputs"]


@pytest.mark.parametrize("missing", [ABSENT, None])
def test_without_a_rescale_type_pictures_are_warped_as_sensenet_does(changed, missing):
    assert read(changed("categorical", ("image_network", "metadata", "rescale_type"), missing)).rescale_type == "warp"


@pytest.mark.parametrize("missing", [ABSENT, None])
def test_a_model_without_the_name_of_a_network_is_unnamed(changed, missing):
    assert read(changed("numeric", ("image_network", "metadata", "base_image_network"), missing)).network == "unnamed"


def test_classes_that_are_numbers_become_names(changed):
    assert read(changed("categorical", ("output_exposition", "values"), [1, 2, 3])).classes == ["1", "2", "3"]


def test_a_softmax_inside_the_last_dense_layer_is_taken_out(documents, changed, tmp_path):
    """Training needs what goes into it."""
    first = documents["categorical"]["layers"]
    inside = [first[0], first[1] | {"activation_function": "softmax"}]
    model = read(changed("categorical", ("layers",), inside))
    assert [layer.get("activation_function") for layer in model.structure["readout"]] == ["relu", "linear", "softmax"]
    same_outputs(CLASSES, trained(CLASSES), rebuilt(CLASSES, model))


@pytest.mark.parametrize("missing", [ABSENT, None])
def test_a_dense_layer_without_an_offset_has_zeros(changed, missing):
    model = read(changed("categorical", ("layers", 0, "offset"), missing))
    assert not model.weights[-2][1].any()
    rebuilt(CLASSES, model)


def test_a_separable_convolution_survives(tmp_path):
    separable = LAYERS[0] | {"type": "separable_convolution_2d", "depth_multiplier": 2}
    separable |= {"depth_kernel": "glorot_uniform", "point_kernel": "glorot_uniform"}
    structure = CLASSES.structure | {"layers": [separable, *CLASSES.structure["layers"][1:]]}
    candidate = replace(CLASSES, structure=structure)
    network = trained(candidate)
    same_outputs(candidate, network, rebuilt(candidate, read(write_model(tmp_path / "model.json", candidate, network))))


def test_a_mish_behind_a_convolution_without_a_bias_can_be_computed(tmp_path):
    layers = [convolution(4, 3), normalization(), activation("mish"), {"type": "global_max_pool_2d"}]
    candidate = replace(CLASSES, structure=CLASSES.structure | {"layers": layers})
    network = rebuilt(candidate, read(write_model(tmp_path / "model.json", candidate)))
    network.model.predict(np.zeros((2, 16, 24, 3), np.float32), verbose=0)


# What is no document of a model


def test_a_file_that_is_missing(tmp_path):
    told = problem(tmp_path / "absent.json")
    assert told == "cannot be read: No such file or directory; give the path of a final_model.json"


def test_a_folder(tmp_path):
    assert problem(tmp_path) == "cannot be read: Is a directory; give the path of a final_model.json"


@pytest.mark.parametrize("path", ["~/absent.json", "a\0b", "\ud800.json", "x" * 5000, " "])
def test_a_path_that_can_lead_nowhere(path):
    assert problem(path)


@pytest.mark.parametrize("content", [b"", b"layers: []", b"\x89PNG\r\n", b'{"a": "\xff"}', b"[" * 5000, b'{"a": NaN}'])
def test_a_file_that_is_not_json(tmp_path, content):
    (tmp_path / "model.json").write_bytes(content)
    told = problem(tmp_path / "model.json")
    assert told.startswith("is not JSON (")
    assert told.endswith("; give the path of a final_model.json")


def test_a_file_that_is_cut_short(tmp_path):
    path = write_model(tmp_path / "model.json", CLASSES)
    path.write_bytes(path.read_bytes()[:-100])
    assert problem(path).startswith("is not JSON (")


@pytest.mark.parametrize("content", ["[]", "[{}]", "5", "null", '"text"', '{"training_data": "x"}', "{}"])
def test_json_of_something_else(tmp_path, content):
    (tmp_path / "config.json").write_text(content)
    assert problem(tmp_path / "config.json").startswith("is JSON, but not the document of a model; give")


def test_an_ensemble(changed):
    assert problem(changed("categorical", ("networks",), [])).startswith("is an ensemble of several networks")


@pytest.mark.parametrize("parts", [[], [{"type": "numeric"}], [{"type": "image"}, {"type": "numeric"}]])
def test_a_model_of_a_table(changed, parts):
    assert problem(changed("numeric", ("preprocess",), parts)) == "is not a model of pictures alone"


@pytest.mark.parametrize("value", [None, {}])
def test_a_model_without_an_image_network(changed, value):
    assert problem(changed("categorical", ("image_network",), value)) == "is not a model of pictures alone"


@pytest.mark.parametrize("network", ["mobilenetv2", "tinyyolov4"])
def test_a_network_that_sensenet_describes_without_weights(tmp_path, network):
    (tmp_path / "model.json").write_text(json.dumps(get_pretrained_network(network)))
    assert problem(tmp_path / "model.json")


def test_it_is_told_that_the_weights_are_missing(tmp_path):
    (tmp_path / "model.json").write_text(json.dumps(get_pretrained_network("mobilenetv2")))
    assert "weights" in problem(tmp_path / "model.json")


@pytest.mark.parametrize(("objective", "shape"), [("categorical", [24, 16, 1]), ("bounding_box", [64, 32, 3])])
def test_another_form_of_pictures(changed, objective, shape):
    told = problem(changed(objective, ("image_network", "metadata", "input_image_shape"), shape))
    assert told == f"has an input of {shape}, which pyramid cannot train"


def test_a_mean_image(changed):
    told = problem(changed("categorical", ("image_network", "metadata", "mean_image"), [[[0.0]]]))
    assert told == "subtracts a mean image, which pyramid cannot"


@pytest.mark.parametrize("place", [("image_network", "layers", 1, "type"), ("layers", 0, "type")])
def test_a_layer_of_a_type_that_pyramid_does_not_know(changed, place):
    assert problem(changed("numeric", place, "lstm")) == "has a layer that pyramid cannot train: lstm"


@pytest.mark.parametrize(
    ("objective", "place"),
    [("categorical", ("layers", 1, "offset", 1)), ("bounding_box", ("image_network", "layers", 0, "bias", 0))],
)
@pytest.mark.filterwarnings("error")
def test_weights_that_are_not_finite(changed, objective, place):
    """None is what a NaN is to some who write JSON."""
    told = problem(changed(objective, place, None))
    assert told.startswith("has weights that are not finite, in a layer of type ")


@pytest.mark.parametrize("weights", [[], None, "zeros", 0.5, True, [[1.0], [2.0, 3.0]], [["a"]], {}, ABSENT])
@pytest.mark.parametrize("place", [("layers", 1, "weights"), ("image_network", "layers", 0, "kernel")])
def test_weights_that_are_none(changed, place, weights):
    assert problem(changed("categorical", place, weights))


def test_a_number_in_the_place_of_an_array(changed):
    told = problem(changed("categorical", ("image_network", "layers", 1, "gamma"), 0.5))
    assert told == "has no weights in a layer of type batch_normalization"


@pytest.mark.parametrize("function", ["sigmoid", "relu", "tanh"])
def test_values_that_do_not_come_from_a_linear_layer(changed, function):
    told = problem(changed("numeric", ("layers", 1, "activation_function"), function))
    assert told.startswith("has outputs that are not those of a linear dense layer")


@pytest.mark.parametrize("place", [1, 2])
def test_classes_that_are_not_told_by_a_softmax(changed, place):
    assert "pyramid cannot train" in problem(
        changed("categorical", ("layers", place, "activation_function"), "sigmoid")
    )


def test_classes_without_probabilities(documents, changed):
    told = problem(changed("categorical", ("layers",), documents["categorical"]["layers"][:2]))
    assert told == "tells no probabilities (its last layer is not a softmax)"


def places(document):
    """The keys on which the meaning of a document depends, each with those around it."""
    yield from ((key,) for key in document)
    for outer in (("image_network",), ("image_network", "metadata"), ("output_exposition",), ("preprocess", 0)):
        inner = document
        for key in outer:
            inner = inner[key]
        yield from ((*outer, key) for key in inner)
    yield from (("image_network", "layers", 0), ("image_network", "layers", 0, "type"))
    if document["layers"]:
        yield from (("layers", 0), ("layers", -1), ("layers", -1, "type"), ("layers", -1, "activation_function"))
    outputs = document["image_network"]["metadata"]["outputs"]
    yield from (
        ("image_network", "metadata", "outputs", 0, key) for key in (outputs[0] if isinstance(outputs, list) else ())
    )


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_nothing_but_a_config_error_comes_out_whatever_is_in_a_key(objective, documents, changed):
    values = (ABSENT, None, True, 0, -1, 2.5, 10**30, "", "x", [], [None], [[]], ["x"], [1, 2, 3], {}, {"a": 1})
    told = []
    for place in places(documents[objective]):
        for value in values:
            try:
                read(changed(objective, place, value))
            except ConfigError as error:
                told.append(error.problems)
    assert len(told) > 100
    assert all(len(problems) == 1 for problems in told)


def metadata(*place):
    return ("image_network", "metadata", *place)


SHAPE, BRANCH = metadata("input_image_shape"), metadata("outputs", 0)
LAYER = ("image_network", "layers", 0)


@pytest.mark.parametrize(
    ("objective", "place", "value"),
    [
        *(("categorical", SHAPE, [side, 16, 3]) for side in (0, -8, 24.5, "24", 10**30, True)),
        *(("categorical", metadata("rescale_type"), value) for value in ("foo", 5, ["crop"])),
        *(("categorical", metadata("loading_method"), value) for value in ("foo", 5, [])),
        *(("categorical", ("output_exposition", "values"), value) for value in (["a"] * 3, ["a", "b"], list("abcd"))),
        *(("categorical", ("layers", 1, "offset"), value) for value in ([0.1] * 2, [], [[0.1] * 3])),
        *(("categorical", (*LAYER, "bias"), value) for value in ([], [1.0], [[1.0]])),
        ("categorical", (*LAYER, "kernel"), [[[[1.0]]]]),
        *(("categorical", (*LAYER, "strides"), value) for value in (None, [0, 0], ABSENT)),
        *(("categorical", (*LAYER, "padding"), value) for value in ("foo", None, ABSENT)),
        ("categorical", (*LAYER, "activation_function"), "foo"),
        *(("categorical", ("image_network", "layers", 1, "inputs"), value) for value in ([99], [1], ["x"], [])),
        ("categorical", ("image_network", "layers"), []),
        *(("numeric", ("output_exposition", "stdev"), value) for value in (0, -1, "nan", 1e300)),
        ("numeric", ("output_exposition", "mean"), 1e300),
        ("numeric", ("layers", 1, "weights"), [[0.1] * 2] * 5),
        *(("bounding_box", SHAPE, [side, side, 3]) for side in (0, 40)),
        *(("bounding_box", metadata("outputs"), value) for value in (None, [], {}, 5, [1], [{}])),
        *(("bounding_box", (*BRANCH, "input"), value) for value in (0, 1, 99, -1, 2.0, None, ABSENT)),
        *(("bounding_box", (*BRANCH, "strides"), value) for value in (0, -16, 7, None, ABSENT)),
        *(("bounding_box", (*BRANCH, "anchors"), value) for value in ([], None, [[1]], [1, 2], [["a", 1]], ABSENT)),
        *(("bounding_box", (*BRANCH, "anchors"), [value, [1, 1]]) for value in ([1, 2, 3], [0, 0], [-1, 5])),
        *(("bounding_box", (*BRANCH, "anchors"), [[1, 2]] * count) for count in (1, 3)),
        *(("bounding_box", (*BRANCH, "xyscale"), value) for value in (0, -1, "x", None, ABSENT)),
        *(("bounding_box", ("image_network", "layers", 4, "bias"), value) for value in (None, [0.1] * 2)),
        ("bounding_box", ("image_network", "layers", 4, "activation_function"), "relu"),
    ],
)
def test_what_a_trial_would_stumble_over_is_told_before(changed, objective, place, value):
    assert problem(changed(objective, place, value))


@pytest.mark.parametrize(
    "layer",
    [
        {"type": "flatten"},
        {"type": "average_pool_2d", "pool_size": [2, 2], "strides": [2, 2], "padding": "same"},
        {"type": "upsampling_2d", "size": [2, 2]},
        {"type": "upsampling_2d", "size": [3, 3], "method": "bilinear"},
    ],
)
def test_a_layer_that_could_not_be_saved_as_it_was_is_told_before(documents, changed, layer):
    layers = documents["categorical"]["image_network"]["layers"]
    with_it = [*layers[:4], layer | {"inputs": [3]}, layers[4] | {"inputs": [4]}]
    assert problem(
        changed("categorical", ("image_network", "layers"), with_it if layer["type"] != "flatten" else with_it[:5])
    )
