"""Picture files from their headers: their size, or why they are bad. No TensorFlow."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from pyramid.data.files import Header, read_header

Save = Callable[..., str]
Pixels = npt.NDArray[np.uint8]

GOOD = [
    ("a.jpg", "RGB", {}),
    ("a.JPG", "RGB", {}),
    ("a.jpeg", "L", {}),
    ("a.jpg", "CMYK", {}),
    ("a.png", "RGB", {}),
    ("a.png", "L", {}),
    ("a.png", "1", {}),
    ("a.png", "P", {}),
    ("a.png", "RGBA", {}),
    ("a.png", "LA", {}),
    ("a.gif", "P", {}),
    ("a.bmp", "RGB", {}),
    ("a.tif", "RGB", {}),
    ("a.tiff", "L", {"compression": "tiff_lzw"}),
    ("a.webp", "RGB", {}),
    ("a.webp", "RGBA", {"lossless": True}),
    ("Möwe mit 猫 .png", "RGB", {}),
]


@pytest.mark.parametrize(("name", "mode", "options"), GOOD)
def test_a_good_file_has_its_size(save: Save, colours: Pixels, name: str, mode: str, options: dict[str, Any]) -> None:
    path = save(name, Image.fromarray(colours).convert(mode), **options)
    assert read_header(path) == Header(width=40, height=30)


def test_16_bits_are_good_in_png_only(save: Save, colours: Pixels) -> None:
    """TensorFlow scales the 16 bits of PNG; Pillow, which serves TIFF, would clip them to white."""
    deep = colours[..., 0].astype(np.uint16) * 256
    assert read_header(save("deep.png", deep)) == Header(width=40, height=30)
    for name, pixels in (("deep.tif", deep), ("float.tiff", deep.astype(np.float32))):
        reason = read_header(save(name, pixels)).reason
        assert reason is not None
        assert "more than 8 bits" in reason
        assert "convert it to 8 bits" in reason


def test_the_size_is_that_of_the_pixels_whatever_exif_says(save: Save, colours: Pixels) -> None:
    """Serving ignores the orientation, too."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    assert read_header(save("turned.jpg", colours, exif=exif)) == Header(width=40, height=30)


def test_a_file_that_is_missing_empty_or_a_folder(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "folder.png").mkdir()
    assert read_header(str(tmp_path / "absent.png")).reason == "missing"
    assert read_header(str(tmp_path / "folder.png")).reason == "is a folder"
    assert read_header(str(tmp_path / "empty.png")).reason == "empty (0 bytes)"


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.gif", "a.tif", "a.webp", "a.bmp", "a"])
@pytest.mark.parametrize("content", [b"this is text", b"\0" * 1000, b"GIF8", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"])
def test_a_file_that_is_no_picture(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert read_header(str(path)).reason


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *[
            ("PNG", "a.jpg"),
            ("PNG", "a.JPEG"),
            ("JPEG", "a.png"),
            ("GIF", "a.png"),
            ("WEBP", "a.jpg"),
            ("BMP", "a.png"),
        ],
        *[("JPEG", "a.gif"), ("PNG", "a.tif"), ("TIFF", "a.bmp"), ("PNG", "a.webp")],
    ],
)
def test_an_ending_that_contradicts_the_content(save: Save, colours: Pixels, kind: str, name: str) -> None:
    reason = read_header(save(name, colours, format=kind)).reason
    assert reason is not None
    assert Path(name).suffix.lower() in reason
    assert kind in reason
    assert "rename" in reason


def test_a_photograph_with_further_pictures_behind_it_is_a_jpeg(save: Save, colours: Pixels) -> None:
    """Some cameras write MPO: a JPEG with a second one attached."""
    second = Image.fromarray(255 - colours)
    path = save("a.jpg", colours, format="MPO", save_all=True, append_images=[second])
    with Image.open(path) as image:
        assert image.format == "MPO"
    assert read_header(path) == Header(width=40, height=30)


@pytest.mark.parametrize("kind", ["jpg", "png", "gif", "bmp", "tif", "webp"])
def test_a_header_that_is_cut_or_garbled_is_read_or_has_a_reason(
    save: Save, tmp_path: Path, colours: Pixels, kind: str
) -> None:
    """Whatever the bytes are, nothing is raised."""
    content = Path(save(f"whole.{kind}", colours)).read_bytes()
    broken = tmp_path / f"broken.{kind}"
    rng = np.random.default_rng(0)
    for length in range(1, 200, 5):
        garbled = bytearray(content)
        for place in rng.integers(4, 200, 4):
            garbled[place] = rng.integers(256)
        for candidate in (content[:length], bytes(garbled)):
            broken.write_bytes(candidate)
            header = read_header(str(broken))
            assert header.reason or header.width > 0
