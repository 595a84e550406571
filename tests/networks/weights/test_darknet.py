"""Darknet's weights files, read into sensenet's networks."""

import copy

import numpy as np
import pytest

from pyramid.errors import ConfigError
from pyramid.networks.weights.darknet import convolutions, read
from pyramid.networks.weights.published import description, published_layers
from pyramid.tf import tf
from tests.networks.weights.darknet_files import CFGS, forward, sections, weights, write

from sensenet.constants import LEAKY_RELU_ALPHA  # isort: skip
from sensenet.layers.construct import LAYER_FUNCTIONS  # isort: skip
from sensenet.layers.utils import build_graph  # isort: skip

#: Bytes of the files that darknet's authors published.
PUBLISHED_BYTES = {"yolov4": 257_717_640, "tinyyolov4": 24_251_276}


@pytest.fixture(scope="module")
def tiny():
    """Weights of the small network, in the order of its cfg file."""
    return list(weights("tinyyolov4", np.random.default_rng(1)))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "some.weights"


def message(network, path):
    with pytest.raises(ConfigError) as error:
        read(network, path)
    assert error.value.problems[0].startswith(f"{path}: ")
    return str(error.value)


def served(network, arrays, pixels):
    """What sensenet's network with these weights gives for the pixels, by stride."""
    described = copy.deepcopy(description(network)["image_network"])
    for layer in described["layers"]:
        if layer["type"] == "upsampling_2d":
            layer["method"] = "nearest"  # as darknet does; sensenet's own "bilinear" is no matter of weights
    given = tf.keras.Input(pixels.shape[1:])
    layers = build_graph(described["layers"], LAYER_FUNCTIONS, given)
    for published, values in zip(published_layers(network), arrays, strict=True):
        layers[published.place].set_weights(values)
    branches = described["metadata"]["outputs"]
    model = tf.keras.Model(given, [layers[branch["input"]].output for branch in branches])
    # Called, not predicted: TensorFlow 2.21 has no kernel for the mish that it fuses in a graph.
    return {branch["strides"]: y.numpy() for branch, y in zip(branches, model(pixels), strict=True)}


@pytest.mark.parametrize("network", CFGS)
def test_sensenet_computes_with_the_weights_what_darknet_computes(network, path):
    rng = np.random.default_rng(2)
    drawn = list(weights(network, rng))
    write(path, drawn)
    pixels = rng.uniform(0, 1, (1, 64, 64, 3)).astype(np.float32)

    size, arrays = path.stat().st_size, read(network, path)
    path.unlink()  # a quarter of a gigabyte, which pytest would keep

    found = served(network, arrays, pixels)

    expected = {64 // output.shape[1]: output for output in forward(network, drawn, pixels)}
    assert size == PUBLISHED_BYTES[network]
    assert found.keys() == expected.keys()
    for stride, output in expected.items():
        assert np.abs(found[stride] - output).max() < 1e-4 * np.abs(output).max()


@pytest.mark.parametrize("network", CFGS)
def test_the_convolutions_come_in_the_order_of_the_cfg_file(network):
    layers = description(network)["image_network"]["layers"]
    found = [layers[convolution.layer.place] for convolution in convolutions(network)]

    expected = [numbers or [255, 1, 1] for name, numbers in sections(network) if name in ("mish", "leaky", "out")]
    assert len(expected) == {"yolov4": 110, "tinyyolov4": 21}[network]
    assert [[x["number_of_filters"], x["kernel_dimensions"][0], x["strides"][0]] for x in found] == expected


def test_the_arrays_are_float32_of_the_published_shapes(tiny, path):
    write(path, tiny)

    found = read("tinyyolov4", path)

    shapes = [layer.shapes for layer in published_layers("tinyyolov4")]
    assert [tuple(array.shape for array in arrays) for arrays in found] == shapes
    assert {array.dtype for arrays in found for array in arrays} == {np.dtype(np.float32)}


def test_leaky_relus_have_the_same_slope():
    assert LEAKY_RELU_ALPHA == 0.1


def test_a_variance_of_zero_is_made_up_for_by_gamma(tiny, path):
    changed = {**tiny[0], "variance": np.zeros(32)}
    write(path, [changed, *tiny[1:]])

    gamma, _, _, variance = read("tinyyolov4", path)[1]

    assert not variance.any()
    np.testing.assert_allclose(gamma, 10 * changed["gamma"], rtol=1e-6)


def test_the_header_of_version_0_1_is_shorter(tiny, path):
    write(path, tiny)
    expected = read("tinyyolov4", path)
    write(path, tiny, version=(0, 1, 0))

    found = read("tinyyolov4", path)

    assert path.stat().st_size == PUBLISHED_BYTES["tinyyolov4"] - 4
    np.testing.assert_array_equal(found[0][0], expected[0][0])
    np.testing.assert_array_equal(found[-1][1], expected[-1][1])


@pytest.mark.parametrize(
    ("number", "name", "value", "problem"),
    [
        (3, "variance", -0.1, "1 of its 64 variances are negative"),
        (17, "kernel", np.nan, "1 of its 1,181,696 numbers are NaN or infinite"),
        (21, "bias", np.inf, "1 of its 65,535 numbers are NaN or infinite"),
    ],
)
def test_impossible_numbers_are_refused_with_the_number_of_the_convolution(tiny, path, number, name, value, problem):
    changed = copy.deepcopy(tiny)
    changed[number - 1][name].flat[5] = value
    write(path, changed)

    assert f"convolution {number} of 21, counted in the order of the cfg file: {problem}" in message("tinyyolov4", path)


def test_every_damaged_convolution_is_named(tiny, path):
    changed = copy.deepcopy(tiny)
    changed[0]["beta"][:] = np.nan
    changed[1]["variance"][:2] = -1
    write(path, changed)

    with pytest.raises(ConfigError) as error:
        read("tinyyolov4", path)

    assert len(error.value.problems) == 2


def test_the_other_network_is_told(tiny, path):
    write(path, tiny)

    assert message("yolov4", path) == (
        f"{path}: does not hold the weights of yolov4: 24,251,276 bytes where 257,717,640 are expected; "
        "these are the weights of tinyyolov4; take yolov4.weights"
    )


@pytest.mark.parametrize("network", CFGS)
@pytest.mark.parametrize("classes", [1, 6, 1000])
def test_another_number_of_classes_is_told(network, classes, path):
    write(path, weights("tinyyolov4", np.random.default_rng(3), classes))

    assert f"they fit tinyyolov4 for {classes} classes, but only that for 80 can be read" in message(network, path)


@pytest.mark.parametrize("classes", [0, 1001])
def test_a_number_of_classes_that_nobody_has_is_not_told(classes, path):
    write(path, weights("tinyyolov4", np.random.default_rng(3), classes))

    assert " classes" not in message("tinyyolov4", path)


def test_a_backbone_alone_is_told(tiny, path):
    write(path, tiny[:17])

    assert path.stat().st_size == 19_789_716  # of the published yolov4-tiny.conv.29
    assert "these are the first 17 of the 21 convolutions of tinyyolov4 alone" in message("tinyyolov4", path)


@pytest.mark.parametrize(("change", "hint"), [(-4, "it is cut off"), (-1, "it is cut off"), (4, "it is too long")])
def test_too_few_and_too_many_bytes_are_refused(tiny, path, change, hint):
    write(path, tiny)
    content = path.read_bytes()
    path.write_bytes((content + bytes(4))[: len(content) + change])

    found = message("tinyyolov4", path)

    assert f"{24_251_276 + change:,} bytes where 24,251,276 are expected; {hint}; take yolov4-tiny.weights" in found


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "it is empty"),
        (b"\0\0\0\0\2\0\0\0", "it ends after 8 bytes"),
        (b"\n<!DOCTYPE html><html></html>", "it is a page of HTML"),
        (b"[net]\nbatch=64\nwidth=416\n", "it is text, such as a cfg file"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "it is an h5 file"),
        (b"PK\x03\x04" + bytes(100), "it is a zip archive"),
        (np.array([1, 70_000, 2, 0, 0, 0], "<i4").tobytes(), "it claims version 1.70000.2"),
    ],
)
def test_other_files_are_refused(path, content, problem):
    path.write_bytes(content)

    assert f"is no weights file of darknet: {problem}" in message("yolov4", path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    assert "No such file" in message("yolov4", tmp_path / "none.weights")
    assert "Is a directory" in message("yolov4", tmp_path)


def test_other_networks_have_no_weights_of_darknet(tiny, path):
    write(path, tiny)

    assert "are read for yolov4 and tinyyolov4, not for resnet18" in message("resnet18", path)
