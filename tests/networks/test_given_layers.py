"""`layers` of a job: what they leave out is added, and every problem is told with its path."""

import pytest

from pyramid.errors import ConfigError
from pyramid.networks.given_layers import complete_layers, output_layers
from pyramid.networks.readout import dense
from pyramid.networks.topologies import activation, normalization

SOFTMAX = activation("softmax")


def nodes(number, **more):
    return {"type": "dense", "number_of_nodes": number, **more}


def problems(*layers, outputs=3, categorical=True):
    with pytest.raises(ConfigError) as error:
        complete_layers(list(layers), outputs, categorical)
    return error.value.problems


def test_what_layers_leave_out_is_added():
    given = [nodes(5), {"type": "batch_normalization"}, {"type": "dropout", "rate": 0.5}, activation("relu")]
    made = complete_layers(given, 3, True)
    dropout = {"type": "dropout", "rate": 0.5, "dropout_type": "zero"}
    assert made == [dense(5, "linear"), normalization(), dropout, activation("relu"), dense(3, "linear"), SOFTMAX]


def test_null_is_as_good_as_nothing():
    given = [nodes(5, activation_function=None, inputs=None, offset=None)]
    assert complete_layers(given, 1, False)[0] == dense(5, "linear")


def test_what_was_given_is_not_changed():
    given = [nodes(5), {"type": "dense_residual_block", "dense_path": [nodes(5)]}]
    complete_layers(given, 1, False)
    assert given == [nodes(5), {"type": "dense_residual_block", "dense_path": [nodes(5)]}]


def test_no_layers_give_the_output_alone():
    assert complete_layers([], 3, True) == output_layers(3, True) == [dense(3, "linear"), SOFTMAX]
    assert complete_layers([], 1, False) == [dense(1, "linear")]


HIDDEN = nodes(7, activation_function="relu")


@pytest.mark.parametrize(
    "end",
    [
        [],
        [nodes(3, activation_function="softmax")],
        [nodes(3), SOFTMAX],
        [nodes(3, activation_function="identity"), SOFTMAX],
    ],
)
def test_the_output_of_classes_is_there_once_whether_it_was_given_or_not(end):
    assert complete_layers([HIDDEN, *end], 3, True) == [dense(7, "relu"), *output_layers(3, True)]


@pytest.mark.parametrize("end", [[], [nodes(1)], [nodes(1, activation_function="identity")]])
def test_the_output_of_a_value_is_there_once_whether_it_was_given_or_not(end):
    assert complete_layers([HIDDEN, *end], 1, False) == [dense(7, "relu"), *output_layers(1, False)]


@pytest.mark.parametrize("end", [[nodes(3, activation_function="relu")], [nodes(4), SOFTMAX], [activation("relu")]])
def test_another_end_is_kept_before_the_output(end):
    made = complete_layers([HIDDEN, *end], 3, True)
    assert [layer["type"] for layer in made[1:-2]] == [layer["type"] for layer in end]
    assert made[-2:] == output_layers(3, True)


def test_the_output_of_a_saved_network_is_found():
    """sensenet's extractor writes `inputs` for every layer but the first."""
    given = [nodes(7), nodes(3, inputs=[0]), SOFTMAX | {"inputs": [1]}]
    made = complete_layers(given, 3, True)
    assert [layer["type"] for layer in made] == ["dense", "dense", "activation"]


def test_the_output_takes_what_it_was_given():
    made = complete_layers([nodes(7), nodes(5), nodes(1, inputs=[0])], 1, False)
    assert made[-1]["inputs"] == [0]


@pytest.mark.parametrize("path", ["dense_path", "identity_path"])
def test_layers_within_a_block_are_completed(path):
    block = {"type": "dense_residual_block", "dense_path": [], path: [nodes(4), {"type": "batch_normalization"}]}
    made = complete_layers([block], 1, False)[0]
    assert made[path] == [dense(4, "linear"), normalization()]
    assert made["activation_function"] == "linear"


def test_every_problem_is_told_with_its_path():
    block = {
        "type": "dense_residual_block",
        "dense_path": [nodes(0), {"type": "dropout", "rate": 1}],
        "identity_path": 7,
    }
    inner = {"type": "dense_residual_block", "dense_path": [], "identity_path": [nodes(4), "x"]}
    found = problems({"type": "conv"}, nodes(-3), block, inner, nodes(2, activation_function="cube"))
    assert [problem.split(":")[0] for problem in found] == [
        "layers[0]",
        "layers[1]",
        "layers[2]",
        "layers[2].dense_path[0]",
        "layers[2].dense_path[1]",
        "layers[3].identity_path[1]",
        "layers[4]",
    ]
    assert "-3" in found[1]
    assert "identity_path must be a list" in found[2]
    assert "'cube'" in found[-1]


@pytest.mark.parametrize("layer", [None, 3, "dense", [], {}, {"type": None}, {"type": ["dense"]}, {"type": "flatten"}])
def test_what_is_no_layer_of_a_network_on_rows_is_refused(layer):
    (problem,) = problems(layer)
    assert problem.startswith("layers[0]: must have a type that is one of activation, add")


@pytest.mark.parametrize(("key", "bad"), [("number_of_nodes", value) for value in (0, 8193, -1, 2.0, True, "4", [4])])
def test_nodes_are_from_1_to_8192(key, bad):
    assert "from 1 to 8192" in problems({"type": "dense", key: bad})[0]


@pytest.mark.parametrize("right", [1, 8192])
def test_nodes_at_the_ends_of_their_range_are_taken(right):
    assert complete_layers([nodes(right), nodes(3)], 9, False)[0]["number_of_nodes"] == right


@pytest.mark.parametrize("bad", [-0.1, 1, 1.0, True, "0.5", float("nan"), float("inf")])
def test_a_rate_is_from_0_to_below_1(bad):
    assert "from 0 to below 1" in problems({"type": "dropout", "rate": bad})[0]


@pytest.mark.parametrize("right", [0, 0.0, 0.999])
def test_a_rate_within_its_range_is_taken(right):
    assert complete_layers([{"type": "dropout", "rate": right}], 1, False)[0]["rate"] == right


@pytest.mark.parametrize(
    ("kind", "key"), [("dense", "number_of_nodes"), ("dropout", "rate"), ("dense_residual_block", "dense_path")]
)
def test_what_a_layer_cannot_do_without_is_said(kind, key):
    assert problems({"type": kind}) == [f"layers[0]: a layer of the type {kind} must have {key}"]


@pytest.mark.parametrize("bad", [[1], [2], [-1], [0.0], ["0"], [True], 0, {"0": 0}])
def test_inputs_are_places_before_the_layer(bad):
    (problem,) = problems(nodes(3), nodes(3, inputs=bad))
    assert problem.startswith("layers[1]: inputs must be places of layers before it")
    assert repr(bad) in problem


@pytest.mark.parametrize("kind", ["add", "concatenate"])
@pytest.mark.parametrize("inputs", [None, [], [0], 3])
def test_what_joins_layers_has_two_or_more(kind, inputs):
    told = problems(nodes(3), {"type": kind, "inputs": inputs})
    assert any("must have two or more inputs" in problem for problem in told)


@pytest.mark.parametrize("key", ["weights", "offset"])
def test_weights_of_a_dense_layer_are_refused(key):
    assert "without weights" in problems(nodes(2, **{key: [[1.0, 2.0]]}))[0]


@pytest.mark.parametrize("key", ["gamma", "beta", "mean", "variance"])
def test_weights_of_a_normalization_are_refused(key):
    problems(nodes(2), {"type": "batch_normalization", key: [1.0, 1.0]})


@pytest.mark.parametrize("bad", ["he_normal", 5, {"a": 1}])
def test_an_initializer_that_sensenet_does_not_know_is_refused(bad):
    problems(nodes(2, weights=bad))


def test_an_unknown_key_is_refused():
    problems(nodes(2, activation="relu"))


@pytest.mark.parametrize("kind", ["block", "gauss"])
def test_a_kind_of_dropout_that_rows_cannot_have_is_refused(kind):
    problems({"type": "dropout", "rate": 0.5, "dropout_type": kind})


def test_a_layer_with_no_inputs_is_refused():
    problems(nodes(2), nodes(2, inputs=[]))


def test_a_block_in_a_block_is_refused():
    inner = {"type": "dense_residual_block", "dense_path": [nodes(4)]}
    problems(nodes(4), {"type": "dense_residual_block", "dense_path": [inner]})
