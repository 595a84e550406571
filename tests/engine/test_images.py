"""Ray Data reads pictures in parallel, each into its own row, and says why it could not read one."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pyramid.data.image import read_image
from pyramid.data.remote import below
from pyramid.engine.images import decode
from pyramid.errors import Interrupted

SHAPE = [12, 8, 3]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """150 readable pictures, with a missing, an empty and a text file among them."""
    folder = tmp_path_factory.mktemp("blanks and ünïcode")
    rng = np.random.default_rng(0)
    names = []
    for i in range(150):
        path = folder / f"picture {i}.{'png' if i % 2 else 'jpg'}"
        Image.fromarray(rng.integers(0, 255, (16, 24, 3), np.uint8)).save(path)
        names.append(str(path))
    (folder / "empty.png").touch()
    (folder / "text.jpg").write_text("no picture")
    return [*names[:70], str(folder / "missing.png"), str(folder / "empty.png"), *names[70:], str(folder / "text.jpg")]


@pytest.mark.usefixtures("ray_session")
def test_every_picture_is_in_its_row_and_bad_ones_have_a_reason(files: list[str], tmp_path: Path) -> None:
    told: list[int] = []
    pictures = decode(files, SHAPE, "crop", 10**9, tmp_path, told.append)
    assert pictures.path is None
    assert pictures.pixels.shape == (153, 8, 12, 3)
    assert set(pictures.bad) == {70, 71, 152}
    assert pictures.bad[70] == "missing"
    assert "empty" in pictures.bad[71]
    assert not pictures.pixels[70].any()
    for row in (0, 1, 69, 72, 100, 151):
        np.testing.assert_array_equal(pictures.pixels[row], read_image(files[row], 12, 8, "crop"))
    assert told == sorted(told)
    assert told[-1] == len(files)


@pytest.mark.usefixtures("ray_session")
def test_pictures_above_max_data_size_lie_in_a_file_with_the_same_pixels(files: list[str], tmp_path: Path) -> None:
    in_memory = decode(files, SHAPE, "pad", 153 * 8 * 12 * 3, tmp_path)
    mapped = decode(files, SHAPE, "pad", 153 * 8 * 12 * 3 - 1, tmp_path)
    assert in_memory.path is None
    assert mapped.path is not None
    assert mapped.path.stat().st_size == 153 * 8 * 12 * 3
    assert mapped.bad == in_memory.bad
    np.testing.assert_array_equal(mapped.pixels, in_memory.pixels)


@pytest.mark.usefixtures("ray_session")
def test_reading_can_be_stopped(files: list[str], tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        decode(files, SHAPE, "crop", 10**9, tmp_path, stopped=lambda: True)


@pytest.mark.usefixtures("ray_session")
def test_pictures_behind_a_uri_are_fetched_where_they_are_decoded(files: list[str], tmp_path: Path) -> None:
    """fsspec's local:// is a file system like any other, which all processes have in common."""
    root = f"local://{Path(files[0]).parent}"
    remote = decode([below(root, Path(file).name) for file in files], SHAPE, "crop", 10**9, tmp_path)
    local = decode(files, SHAPE, "crop", 10**9, tmp_path)
    assert remote.bad == local.bad
    np.testing.assert_array_equal(remote.pixels, local.pixels)
    np.testing.assert_array_equal(remote.sizes, local.sizes)
