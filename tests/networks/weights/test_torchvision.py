"""torchvision's weights in sensenet's networks."""

import copy

import numpy as np
import pytest

from pyramid.errors import ConfigError
from pyramid.networks.weights.published import description, published_layers
from pyramid.networks.weights.torch_file import read_state
from pyramid.networks.weights.torchvision import convert
from pyramid.tf import tf
from tests.networks.weights.pth import write_new
from tests.networks.weights.torch_networks import Network, mobilenet, resnet

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.models.image import image_model  # isort: skip

FORWARD = {"mobilenetv2": mobilenet, "resnet18": resnet}
NETWORKS = pytest.mark.parametrize("network", FORWARD)

#: Each half of it is odd, and so is each half of that: both kinds of padding at stride 2 are then the same.
ODD = 65

#: What sensenet pads a picture with, grey, by torchvision's scale.
GREY = (128 / 255 - np.float32([0.485, 0.456, 0.406])) / np.float32([0.229, 0.224, 0.225])


@pytest.fixture(scope="module")
def states():
    """For each network, weights made up."""
    made = {}
    for network, forward in FORWARD.items():
        maker = Network(seed=3)
        forward(maker, pictures(33))
        made[network] = maker.state
    return made


def pictures(side, seed=0):
    """Two pictures, with a gradient under the noise."""
    generator = np.random.default_rng(seed)
    ramp = np.linspace(0, 120, side)[:, np.newaxis, np.newaxis]
    return (ramp + generator.uniform(0, 135, (2, side, side, 3))).astype(np.float32)


def probabilities(network, side, weights, given):
    """What sensenet's own model makes of pictures."""
    document = copy.deepcopy(description(network))
    document["image_network"]["metadata"]["input_image_shape"] = [side, side, 3]
    model = image_model(document, None)
    model.set_weights([array for layer in weights for array in layer])
    return model(given, training=False).numpy()


def error(found, logits):
    """The largest difference of the logarithms of probabilities from what they should be, by their spread."""
    expected = tf.nn.log_softmax(logits).numpy()
    return np.max(np.abs(np.log(found) - expected)) / np.std(expected)


def problems(network, state):
    with pytest.raises(ConfigError) as caught:
        convert(network, state)
    return caught.value.problems


def test_resnet18_does_the_same_in_sensenet(states):
    state, given = states["resnet18"], pictures(64)
    found = probabilities("resnet18", 64, convert("resnet18", state), given)
    assert error(found, resnet(Network(state), given)) < 1e-4


def test_mobilenetv2_does_the_same_in_sensenet_where_both_pad_alike(states):
    state, given = states["mobilenetv2"], pictures(ODD)
    found = probabilities("mobilenetv2", ODD, convert("mobilenetv2", state), given)
    assert error(found, mobilenet(Network(state), given, border=GREY)) < 1e-4
    assert error(found, mobilenet(Network(state), given)) > 1e-4  # torchvision's border has the mean colour


def test_at_even_sides_mobilenetv2_pads_elsewhere_and_only_that_differs(states):
    state, given = states["mobilenetv2"], pictures(64)
    found = probabilities("mobilenetv2", 64, convert("mobilenetv2", state), given)
    assert 0.01 < error(found, mobilenet(Network(state), given)) < 1


@NETWORKS
def test_shapes_are_those_of_the_published_layers(network, states):
    weights = convert(network, states[network])
    assert [tuple(array.shape for array in layer) for layer in weights] == [x.shapes for x in published_layers(network)]
    assert {array.dtype for layer in weights for array in layer} == {np.dtype(np.float32)}


@NETWORKS
def test_weights_come_through_a_file_unchanged(network, states, tmp_path):
    direct = convert(network, states[network])
    through = convert(network, read_state(write_new(tmp_path / "weights.pth", states[network])))
    for layer, same in zip(direct, through, strict=True):
        for array, other in zip(layer, same, strict=True):
            np.testing.assert_array_equal(array, other)


def test_of_resnet18_the_numbers_stay_what_they_are(states):
    state = states["resnet18"]
    before = {name: array.copy() for name, array in state.items()}
    weights = convert("resnet18", state)
    np.testing.assert_array_equal(weights[0][0], np.moveaxis(state["conv1.weight"], (0, 1), (3, 2)))
    np.testing.assert_array_equal(
        weights[1], [state[f"bn1.{x}"] for x in ("weight", "bias", "running_mean", "running_var")]
    )
    assert all(np.array_equal(before[name], array) for name, array in state.items())


@NETWORKS
def test_a_head_for_other_classes_is_left_out(network, states):
    head = next(name for name in states[network] if name.endswith(".weight") and name.startswith(("fc", "classifier")))
    head = head.removesuffix(".weight")
    whole = convert(network, states[network])
    features = states[network][f"{head}.weight"].shape[1]
    body = {name: array for name, array in states[network].items() if not name.startswith(f"{head}.")}
    other = {f"{head}.weight": np.full((7, features), np.nan, np.float32), f"{head}.bias": np.zeros(7, np.float32)}
    deeper = {f"{head.partition('.')[0]}.9.weight": np.zeros((7, features), np.float32)}
    for state in (body, body | other, body | deeper):
        found = convert(network, state)
        assert len(found) == len(whole) - 1
        assert all(
            np.array_equal(*pair) for layers in zip(found, whole, strict=False) for pair in zip(*layers, strict=True)
        )


@NETWORKS
def test_every_tensor_of_the_image_layers_is_needed(network, states):
    ignored = ("fc.", "classifier.")
    for name in states[network]:
        if name.endswith("num_batches_tracked") or name.startswith(ignored):
            continue
        state = {other: array for other, array in states[network].items() if other != name}
        shape = "×".join(map(str, states[network][name].shape))
        (problem,) = problems(network, state)
        assert problem == f"{network}: the weights lack the tensor {name!r}, of the shape {shape}"


def test_a_misshapen_tensor_is_told_with_both_shapes(states):
    state = states["resnet18"] | {"layer2.0.downsample.0.weight": np.zeros((128, 64, 3, 3), np.float32)}
    (problem,) = problems("resnet18", state)
    assert "'layer2.0.downsample.0.weight' has the shape 128×64×3×3; expected 128×64×1×1" in problem


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (np.float32([np.nan] + 31 * [1]), "has 1 of 32 values that are no finite numbers"),
        (np.float32(2 * [np.inf] + 30 * [1]), "has 2 of 32 values that are no finite numbers"),
        (np.full(32, 1e300), "has 32 of 32 values that are no finite numbers"),
        (np.float32([-0.5] + 31 * [1]), "has a negative variance, -0.5"),
        (np.ones(32, np.int8), "has values of the type int8"),
    ],
)
def test_values_that_no_network_has_are_told(values, told, states):
    name = "features.0.1.running_var"
    (problem,) = problems("mobilenetv2", states["mobilenetv2"] | {name: values})
    assert problem.startswith(f"mobilenetv2: the tensor {name!r} {told}")


def test_values_of_a_head_that_is_used_are_checked_too(states):
    state = states["resnet18"] | {"fc.bias": np.full(1000, np.nan, np.float32)}
    assert "'fc.bias' has 1,000 of 1,000 values" in problems("resnet18", state)[0]


def test_weights_of_the_other_network_are_told(states):
    assert problems("resnet18", states["mobilenetv2"]) == [
        "resnet18: the weights look like those of mobilenetv2; take torchvision's for resnet18"
    ]
    assert "look like those of resnet18" in problems("mobilenetv2", states["resnet18"])[0]


@pytest.mark.parametrize(
    ("name", "looks"),
    [("layer1.2.conv1.weight", "resnet34"), ("layer1.0.conv3.weight", "a ResNet of 50 layers or more")],
)
def test_a_deeper_network_with_the_same_tensors_is_told(name, looks, states):
    state = states["resnet18"] | {name: np.zeros((64, 64, 3, 3), np.float32)}
    assert f"look like those of {looks};" in problems("resnet18", state)[0]


def test_a_tensor_that_has_no_place_is_told(states):
    (problem,) = problems("resnet18", states["resnet18"] | {"conv1.bias": np.zeros(64, np.float32)})
    assert "have a tensor 'conv1.bias', of the shape 64, that this network does not have" in problem


@pytest.mark.parametrize("state", [{}, {"blocks.0.weight": np.ones(3)}])
def test_weights_of_an_unknown_network_are_told_once(state):
    (problem,) = problems("mobilenetv2", state)
    assert "no tensor of torchvision's mobilenetv2" in problem


def test_only_some_networks_can_be_converted():
    assert problems("xception", {}) == [
        "xception: only weights of mobilenetv2 and resnet18 can be converted from torchvision's"
    ]
