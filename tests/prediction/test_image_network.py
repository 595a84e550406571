"""The features of a table's pictures, which may lie behind a URI."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import numpy as np
import pytest
from PIL import Image

from pyramid.errors import DataError
from pyramid.networks.build import build
from pyramid.prediction.image_network import Featuriser, ImageNetwork
from pyramid.training.candidate import Look

#: The second has what a URI would read otherwise.
NAMES = ["red.png", "deep/a b%20#1.png"]

Make = Callable[..., Featuriser]


@pytest.fixture(scope="module")
def network() -> ImageNetwork:
    return ImageNetwork(build("simple", 16, 16, 1, False, 0), "simple", "randomly_initialize", Look(16, 16, "crop"))


@pytest.fixture
def make(network: ImageNetwork, tmp_path: Path) -> Make:
    return lambda root, anywhere=False, strict=True: Featuriser(network, root, anywhere, strict, tmp_path)


def content(shade: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (20, 20), (shade, 10, 90)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for i, name in enumerate(NAMES):
        (tmp_path / "root" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "root" / name).write_bytes(content(200 * i))
    return tmp_path / "root"


@pytest.fixture
def bucket() -> Iterator[str]:
    store = fsspec.filesystem("memory")
    for i, name in enumerate(NAMES):
        store.pipe(f"/b/root/{name}", content(200 * i))
    yield "memory://b/root"
    store.rm("/b", recursive=True)


def test_pictures_behind_a_uri_have_the_features_of_those_in_a_folder(make: Make, folder: Path, bucket: str) -> None:
    here = make(str(folder))
    expected = here(NAMES)
    assert not np.allclose(expected[0], expected[1])
    for root in (bucket, folder.as_uri()):
        found = make(root)
        np.testing.assert_allclose(found(NAMES), expected)
        assert not found.bad


def test_a_picture_that_a_uri_does_not_have_is_told_and_black(make: Make, bucket: str) -> None:
    lenient = make(bucket, strict=False)
    found = lenient([*NAMES, "absent.png", ""])
    np.testing.assert_array_equal(found[2], found[3])
    assert list(lenient.bad.values()) == ["missing"]
    with pytest.raises(DataError, match="on_bad_image is fail"):
        make(bucket)([*NAMES, "absent.png"])


@pytest.mark.parametrize("name", ["../red.png", "/b/root/red.png", "deep/../../red.png"])
def test_no_name_leads_out_of_a_uri_or_a_folder(make: Make, folder: Path, bucket: str, name: str) -> None:
    with pytest.raises(DataError, match=r"is not below image_root .*; name a URI above it"):
        make(bucket, anywhere=True)([name])
    with pytest.raises(DataError, match=r"is not below image_root .*; set image_root to a folder above it"):
        make(str(folder))([name])


def test_names_may_lead_out_of_a_folder_when_they_are_allowed_to(make: Make, folder: Path) -> None:
    at_root, deep = make(str(folder)), make(str(folder / "deep"), anywhere=True)
    np.testing.assert_array_equal(deep(["../red.png"]), at_root(["red.png"]))


def test_a_uri_that_leads_nowhere_is_told(make: Make) -> None:
    with pytest.raises(DataError, match="image_root: none of the first 2 pictures in nowhere://x can be read"):
        make("nowhere://x")(NAMES)
