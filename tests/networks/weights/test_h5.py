import h5py
import numpy as np
import pytest

from pyramid.errors import ConfigError
from pyramid.networks.weights import h5
from pyramid.networks.weights.published import published_layers
from tests.networks.weights.h5_files import NETWORK, OTHER, random_weights, save


@pytest.fixture(scope="session")
def good(tmp_path_factory):
    return save(tmp_path_factory.mktemp("h5") / "good.h5", random_weights())


@pytest.fixture
def copy(good, tmp_path):
    """A file that a test may spoil."""
    (tmp_path / "weights.h5").write_bytes(good.read_bytes())
    return tmp_path / "weights.h5"


def same(weights, others):
    assert [len(layer) for layer in weights] == [len(layer) for layer in others]
    pairs = [pair for arrays in zip(weights, others, strict=True) for pair in zip(*arrays, strict=True)]
    return all(a.dtype == np.float32 and np.array_equal(a, b) for a, b in pairs)


def problem(path, network=NETWORK):
    with pytest.raises(ConfigError) as caught:
        h5.read(network, path)
    (text,) = caught.value.problems
    assert text.startswith(f"{path}: ")
    assert f"`pyramid_weights fetch {network}`" in text
    assert f"`pyramid_weights import {network} FILE`" in text
    return text.removeprefix(f"{path}: ")


def test_weights_are_read_in_their_order_and_layers_without_any_are_passed_over(good):
    assert same(h5.read(NETWORK, good), random_weights())
    assert h5.fault(NETWORK, good) is None


def test_layers_count_by_the_list_and_not_by_the_alphabet(good):
    with h5py.File(good) as file:
        assert list(file) != [name.decode() for name in file.attrs["layer_names"]]


def test_a_whole_saved_model_and_a_list_of_names_in_parts_are_read(tmp_path):
    path = save(tmp_path / "model.h5", random_weights(), group="model_weights", parts=3)
    assert same(h5.read(NETWORK, path), random_weights())


def test_doubles_become_floats(tmp_path):
    path = save(tmp_path / "double.h5", random_weights()[:-1], dtype=">f8")
    assert same(h5.read(NETWORK, path), random_weights()[:-1])


@pytest.mark.parametrize("head", [[], [[np.ones((1280, 3)), np.ones(3)]], [[np.ones((1280, 1000))]]])
def test_without_the_published_head_the_image_layers_are_read(tmp_path, head):
    path = save(tmp_path / "body.h5", random_weights()[:-1] + head)
    assert same(h5.read(NETWORK, path), random_weights()[:-1])


def test_values_of_another_head_are_not_looked_at(tmp_path):
    path = save(tmp_path / "body.h5", [*random_weights()[:-1], [np.full((1280, 3), np.nan)]])
    assert h5.fault(NETWORK, path) is None


def test_a_detector_has_no_head(tmp_path):
    weights = [[np.zeros(s, np.float16) for s in layer.shapes] for layer in published_layers("tinyyolov4")]
    path = save(tmp_path / "more.h5", [*weights, [np.zeros(5)]])
    assert "has 40 layers with weights, but here are 41, the last is layer 41 of 41 (layer_40)" in problem(
        path, "tinyyolov4"
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04 and more", "is no HDF5 file; "),
        (b"\n <!DOCTYPE HTML><p>Log in", "is no HDF5 file, it looks like an HTML page"),
        (b"<?xml version='1.0'?><Error>", "is no HDF5 file, it looks like an XML page"),
    ],
)
def test_what_is_no_hdf5_is_told(tmp_path, content, words):
    (tmp_path / "x.h5").write_bytes(content)
    assert words in problem(tmp_path / "x.h5")


def test_a_file_that_is_missing_or_a_folder_is_told(tmp_path):
    assert "cannot be read: No such file" in problem(tmp_path / "x.h5")
    assert "cannot be read: Is a directory" in problem(tmp_path)


def test_a_file_that_is_cut_short_is_told_with_its_size(copy, good):
    whole = good.stat().st_size
    copy.write_bytes(copy.read_bytes()[:5_000_000])
    assert f"is cut short: it ends after 5,000,000 of {whole:,} bytes" in problem(copy)
    copy.write_bytes(copy.read_bytes()[:30])
    assert "is damaged, or cut short after 30 bytes" in problem(copy)


def test_a_file_with_a_hole_of_other_bytes_is_told(copy):
    content = copy.read_bytes()
    for place in range(0, len(content), 64 * 1024):
        copy.write_bytes(content[:place] + b"\xee" * 65536 + content[place + 65536 :])
        found = h5.fault(NETWORK, copy)
        if found and "is damaged" in found:
            return
    pytest.fail("no damage was found")


def test_another_file_of_hdf5_is_told(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["layers/dense/vars/0"] = np.ones(3)
    assert "has no `layer_names`" in problem(tmp_path / "x.h5")


def test_the_network_that_a_file_is_of_is_named(good):
    assert f"holds weights of {NETWORK}, not of {OTHER}" in problem(good, OTHER)


def test_the_first_layer_with_other_shapes_is_named(tmp_path):
    weights = [*random_weights()[:2], [np.ones((3, 3, 32, 2))], *random_weights()[3:]]
    found = problem(save(tmp_path / "x.h5", weights))
    assert "layer 3 of 105 (layer_2): must be a depthwise_convolution_2d with an array 3×3×32×1 to be of" in found
    assert "but has an array 3×3×32×2" in found


def test_a_file_with_too_few_layers_is_told(tmp_path):
    found = problem(save(tmp_path / "x.h5", random_weights()[:7]))
    assert "mobilenetv2 has 104 layers with weights, but here are 7, the last is layer 7 of 7 (layer_6)" in found
    assert "but here are 0;" in problem(save(tmp_path / "y.h5", []))


def test_an_array_of_whole_numbers_is_told(tmp_path):
    found = problem(save(tmp_path / "x.h5", random_weights(), dtype="i4"))
    assert "layer 1 of 105 (layer_0): layer_0/array_0:0 must hold floats, but is of type int32" in found


@pytest.mark.parametrize(("value", "dtype"), [(np.nan, "f4"), (-np.inf, "f4"), (1e300, "f8")])
def test_values_that_are_not_finite_are_told(tmp_path, value, dtype):
    weights = [[array.astype(dtype) for array in layer] for layer in random_weights()[:-1]]
    weights[3][1][:3] = value
    path = save(tmp_path / "x.h5", weights)
    words = "layer 4 of 104 (layer_3): layer_3/array_1:0: 3 of 32 values are NaN or infinite"
    assert words in problem(path)
    assert h5.fault(NETWORK, path) == words


@pytest.mark.parametrize("network", ["mobilenetv2", "resnet18", "tinyyolov4"])
def test_what_sensenets_own_model_saved_is_read_and_what_is_written_it_loads(tmp_path, network):
    from pyramid.tf import tf  # noqa: I001 - Keras 2 must be chosen first
    from sensenet.models.image import pretrained_image_model

    tf.keras.backend.clear_session()
    model = pretrained_image_model(network, None)
    rng = np.random.default_rng(0)
    model.set_weights([rng.random(array.shape, np.float32) for array in model.get_weights()])
    model.save_weights(tmp_path / "saved.h5")
    expected, weights = model.get_weights(), h5.read(network, tmp_path / "saved.h5")
    assert [array.tobytes() for layer in weights for array in layer] == [array.tobytes() for array in expected]

    h5.write(network, weights, tmp_path / "new" / "written.h5")
    model.set_weights([np.zeros_like(array) for array in expected])
    model.load_weights(tmp_path / "new" / "written.h5")
    assert [array.tobytes() for array in model.get_weights()] == [array.tobytes() for array in expected]
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["written.h5"]


def test_a_head_that_is_missing_is_written_as_zeros(tmp_path):
    h5.write(NETWORK, random_weights()[:-1], tmp_path / "x.h5")
    weights = h5.read(NETWORK, tmp_path / "x.h5")
    assert same(weights[:-1], random_weights()[:-1])
    assert [(array.shape, array.any()) for array in weights[-1]] == [((1280, 1000), False), ((1000,), False)]


def test_the_attributes_are_those_of_keras_2(tmp_path):
    h5.write(NETWORK, random_weights(), tmp_path / "x.h5")
    with h5py.File(tmp_path / "x.h5") as file:
        assert file.attrs["backend"] == "tensorflow"
        assert file.attrs["keras_version"].startswith("2.")
        assert len(file.attrs["layer_names"]) == 105
        name = file.attrs["layer_names"][1].decode()
        keys = [key.decode().rpartition("/")[2] for key in file[name].attrs["weight_names"]]
        assert keys == ["gamma:0", "beta:0", "mean:0", "variance:0"]


def bad_weights(kind):
    weights = [list(layer) for layer in random_weights()]
    if kind == "NaN":
        weights[3][0] = np.full_like(weights[3][0], np.nan)
    elif kind == "head":
        weights[-1] = [np.ones((1280, 3)), np.ones(3)]
    elif kind == "shape":
        weights[3] = weights[3][:1]
    return weights[:9] if kind == "few" else weights


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("NaN", "layer 4 of 105: 1: "),
        ("head", "the head must have arrays 1280×1000, 1000"),
        ("shape", "layer 4 of 105: must be a batch_normalization with arrays 32, 32, 32, 32"),
        ("few", "mobilenetv2 has 104 layers with weights, but here are 9"),
    ],
)
def test_bad_weights_are_not_written_and_the_old_file_stays(tmp_path, kind, words):
    (tmp_path / "x.h5").write_bytes(b"old")
    with pytest.raises(ConfigError, match=r"x\.h5: is not written: ") as caught:
        h5.write(NETWORK, bad_weights(kind), tmp_path / "x.h5")
    assert words in str(caught.value)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("x.h5", b"old")]


def test_a_place_that_cannot_be_written_to_is_told(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"file/x\.h5: cannot be written: "):
        h5.write(NETWORK, random_weights(), tmp_path / "file" / "x.h5")
    (tmp_path / "folder.h5").mkdir()
    with pytest.raises(ConfigError, match=r"folder\.h5: cannot be written: Is a directory"):
        h5.write(NETWORK, random_weights(), tmp_path / "folder.h5")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "folder.h5"]
