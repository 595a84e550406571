"""Files of every known kind, brought into the folder that sensenet's own models load from."""

import os
from functools import cache

import numpy as np
import pytest

from pyramid.errors import ConfigError
from pyramid.networks.weights import darknet, files, h5
from pyramid.networks.weights.importing import import_weights
from pyramid.networks.weights.published import published_layers
from pyramid.networks.weights.torch_file import read_state
from pyramid.networks.weights.torchvision import convert
from tests.networks.weights import darknet_files, h5_files, pth
from tests.networks.weights.h5_files import NETWORK, OTHER, random_weights
from tests.networks.weights.torch_networks import Network, mobilenet

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.models.image import pretrained_image_model  # isort: skip

PAGE = b"<!DOCTYPE html>\n<title>Log in</title>"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("BIGML_SENSENET_CACHE_PATH", str(tmp_path / "weights"))
    return tmp_path / "weights"


@pytest.fixture
def h5_file(tmp_path):
    return h5_files.save(tmp_path / "some.h5", random_weights())


@pytest.fixture(scope="module")
def pth_file(tmp_path_factory):
    maker = Network(seed=3)
    mobilenet(maker, np.zeros((1, 33, 33, 3), np.float32))
    return pth.write_new(tmp_path_factory.mktemp("torch") / "some.pth", maker.state)


@pytest.fixture
def weights_file(tmp_path):
    path = tmp_path / "some.weights"
    darknet_files.write(path, darknet_files.weights("tinyyolov4", np.random.default_rng(1)))
    return path


@cache
def model(network):
    return pretrained_image_model(network, None)


def taken(network):
    """The weights that sensenet's own model has after it has loaded the file in place."""
    model(network).load_weights(files.path(network))
    return model(network).get_weights()


def flat(weights):
    return [array for layer in weights for array in layer]


def assert_same(found, expected):
    assert len(found) == len(expected)
    assert all(np.array_equal(*pair) for pair in zip(found, expected, strict=True))


def accept(part, head):
    pass


def refuse(part, head):
    raise ConfigError(["it sees nothing"])


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def problem(network, source, check=accept):
    with pytest.raises(ConfigError) as caught:
        import_weights(network, source, check)
    (text,) = caught.value.problems
    return text


@pytest.mark.parametrize("network", [NETWORK, OTHER])
def test_an_h5_file_is_taken_by_sensenet_and_recorded(tmp_path, folder, network):
    source = h5_files.save(tmp_path / "some.h5", random_weights(network))
    before = source.read_bytes()
    path = import_weights(network, source, accept)
    assert path == files.path(network)
    assert files.problems(network) == []
    assert (folder / f"{path.name}.sha256").read_text() == f"{files.sha256(path)}  {path.name}\n"
    assert sorted(contents(folder)) == [path.name, f"{path.name}.lock", f"{path.name}.sha256"]
    assert source.read_bytes() == before
    assert_same(taken(network), flat(random_weights(network)))


def test_a_pth_file_is_taken_by_sensenet(pth_file):
    import_weights(NETWORK, pth_file, accept)
    assert files.problems(NETWORK) == []
    assert_same(taken(NETWORK), flat(convert(NETWORK, read_state(pth_file))))


def test_a_file_of_darknet_is_taken_by_sensenet(weights_file):
    import_weights("tinyyolov4", weights_file, accept)
    assert files.problems("tinyyolov4") == []
    found, expected = taken("tinyyolov4"), flat(darknet.read("tinyyolov4", weights_file))
    assert_same(found, expected)


def test_weights_without_the_published_head_get_one_of_zeros(tmp_path):
    body = [layer for layer in published_layers(NETWORK) if layer.place is not None]
    told = []
    source = h5_files.save(tmp_path / "body.h5", random_weights()[: len(body)])
    import_weights(NETWORK, source, lambda part, head: told.append(head))
    assert told == [False]
    found, head = taken(NETWORK), flat(random_weights()[len(body) :])
    assert_same(found, flat(random_weights()[: len(body)]) + [np.zeros_like(array) for array in head])


def test_the_check_sees_the_new_file_before_it_is_in_place(h5_file, folder):
    told = []

    def check(part, head):
        assert part.parent == folder
        assert not files.path(NETWORK).exists()
        told.append((len(h5.read(NETWORK, part)), head))

    import_weights(NETWORK, h5_file, check)
    assert told == [(len(random_weights()), True)]


@pytest.mark.parametrize("reason", [ConfigError(["it sees nothing"]), KeyboardInterrupt()])
def test_when_the_check_fails_all_is_as_it_was(h5_file, folder, tmp_path, reason):
    import_weights(NETWORK, h5_file, accept)
    before = contents(folder)
    other = h5_files.save(tmp_path / "other.h5", [[array * 2 for array in layer] for layer in random_weights()])

    def fail(part, head):
        raise reason

    with pytest.raises(type(reason)):
        import_weights(NETWORK, other, fail)
    assert contents(folder) == before
    assert files.problems(NETWORK) == []


def test_when_the_check_fails_at_first_nothing_is_there(h5_file, folder):
    assert problem(NETWORK, h5_file, refuse) == f"{h5_file}: it sees nothing"
    assert list(contents(folder)) == [f"{files.path(NETWORK).name}.lock"]


def test_an_import_replaces_an_older_one_and_its_record(pth_file, h5_file, folder):
    old = import_weights(NETWORK, pth_file, accept).read_bytes()
    record = (folder / f"{files.path(NETWORK).name}.sha256").read_bytes()
    new = import_weights(NETWORK, h5_file, accept)
    assert new.read_bytes() != old
    assert (folder / f"{new.name}.sha256").read_bytes() != record
    assert files.problems(NETWORK) == []
    assert_same(flat(h5.read(NETWORK, new)), flat(random_weights()))


def test_a_damaged_file_in_place_and_its_record_are_replaced(h5_file, folder):
    folder.mkdir()
    files.path(NETWORK).write_bytes(b"cut")
    files.ensure_same(files.path(NETWORK))
    (folder / f"part_{files.path(NETWORK).name}").write_bytes(b"left by a process that was killed")
    import_weights(NETWORK, h5_file, accept)
    assert files.problems(NETWORK) == []
    assert f"part_{files.path(NETWORK).name}" not in contents(folder)


def test_the_file_in_place_can_itself_be_imported(h5_file):
    first = import_weights(NETWORK, h5_file, accept)
    assert import_weights(NETWORK, first, accept) == first
    assert files.problems(NETWORK) == []
    assert_same(flat(h5.read(NETWORK, first)), flat(random_weights()))


@pytest.mark.parametrize(
    ("network", "kind", "words"),
    [
        (OTHER, "h5", f"holds weights of {NETWORK}, not of {OTHER}"),
        ("resnet18", "pth", f"look like those of {NETWORK}"),
        (OTHER, "pth", "is no HDF5 file"),
        ("yolov4", "weights", "these are the weights of tinyyolov4"),
        (NETWORK, "weights", "is no PyTorch file that can be read"),
        ("tinyyolov4", "pth", "it is a zip archive"),
    ],
)
def test_a_file_of_another_network_or_kind_is_told(request, folder, network, kind, words):
    source = request.getfixturevalue(f"{kind}_file")
    text = problem(network, source)
    assert text.startswith(f"{source}: ")
    assert words in text
    assert not folder.exists()


@pytest.mark.parametrize("network", [OTHER, NETWORK, "tinyyolov4"])  # each has another reader
@pytest.mark.parametrize("content", [b"", PAGE, b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"])
def test_what_holds_no_weights_is_told_with_its_name(tmp_path, folder, network, content):
    source = tmp_path / "a [red] file.h5"
    source.write_bytes(content)
    text = problem(network, source)
    assert text.startswith(f"{source}: ")
    assert "\n" not in text
    assert not folder.exists()


def test_a_cut_file_is_told(h5_file, pth_file, weights_file, tmp_path, folder):
    for network, source in ((NETWORK, h5_file), (NETWORK, pth_file), ("tinyyolov4", weights_file)):
        cut = tmp_path / f"cut{source.suffix}"
        cut.write_bytes(source.read_bytes()[:1_000_000])
        assert problem(network, cut).startswith(f"{cut}: ")
    assert not folder.exists()


def test_a_missing_file_and_a_folder_are_told(tmp_path, folder):
    for source, why in ((tmp_path / "missing.h5", "No such file or directory"), (tmp_path, "Is a directory")):
        assert problem(NETWORK, source) == f"{source}: cannot be read: {why}"
    assert not folder.exists()


def test_a_network_without_published_weights_is_told(h5_file):
    assert problem("simple", h5_file).startswith("simple: no weights of it are published; choose one of mobilenet,")


def test_a_folder_of_weights_that_cannot_be_made_is_told(h5_file, folder):
    folder.write_bytes(b"a file")
    assert problem(NETWORK, h5_file).startswith(f"{folder}: cannot be written to: ")


def test_a_folder_in_place_of_the_file_is_told(h5_file):
    os.makedirs(files.path(NETWORK))
    assert str(files.path(NETWORK)) in problem(NETWORK, h5_file)


def test_a_source_that_cannot_be_looked_at_is_told(tmp_path):
    # The tests may run as root, who may look at everything; nobody can look at a name of more than 255 bytes.
    assert "cannot be read: File name too long" in problem(NETWORK, tmp_path / ("x" * 256))


def test_negative_variances_in_an_h5_file_are_told(tmp_path):
    # Where there is no head no photograph is shown, and the outputs would be NaN.
    body = [layer for layer in published_layers(NETWORK) if layer.place is not None]
    weights = [list(layer) for layer in random_weights()[: len(body)]]
    assert body[1].type == "batch_normalization"
    weights[1][3] = np.full_like(weights[1][3], -1)
    assert "varianc" in problem(NETWORK, h5_files.save(tmp_path / "negative.h5", weights))
