"""What training sees is what serving will: sensenet's own reader is the judge."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from pyramid.data.image import BadImageError, fit, read_image
from pyramid.tf import tf

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.load import to_image_pixels  # isort: skip
from sensenet.models.settings import Settings  # isort: skip
from sensenet.preprocess.image import ImageReader  # isort: skip

Save = Callable[..., str]
Pixels = npt.NDArray[np.uint8]

RESCALE_TYPES = ("warp", "pad", "crop")


def rescaled_by_sensenet(pixels: Pixels, width: int, height: int, rescale_type: str) -> npt.NDArray[np.float32]:
    """What a network gets at prediction time for a decoded picture: the reader runs on a float32 batch."""
    network = {"metadata": {"input_image_shape": [width, height, 3]}}
    reader = ImageReader(network, Settings({"rescale_type": rescale_type}))
    return reader(tf.constant(pixels[np.newaxis], tf.float32)).numpy()[0]


def assert_served_alike(seen: Pixels, served: npt.NDArray[np.float32], rescale_type: str) -> None:
    """`pad` fills with the mean of the picture, which training keeps as a whole grey level."""
    assert seen.dtype == np.uint8
    assert seen.shape == served.shape
    difference = np.abs(seen.astype(np.float64) - served).max()
    assert difference <= (0.5 if rescale_type == "pad" else 0)


#: name -> (colours, uint8 [30, 40, 3]) -> what to save, and how
KINDS: dict[str, Callable[[Pixels], tuple[Any, dict[str, Any]]]] = {
    "rgb.jpg": lambda a: (a, {}),
    "fine.jpeg": lambda a: (a, {"quality": 98, "subsampling": 0}),
    "progressive.jpg": lambda a: (a, {"progressive": True}),
    "grey.jpg": lambda a: (Image.fromarray(a).convert("L"), {}),
    "cmyk.jpg": lambda a: (Image.fromarray(a).convert("CMYK"), {}),
    "rgb.png": lambda a: (a, {}),
    "CAPITALS.PNG": lambda a: (a, {}),
    "grey.png": lambda a: (a[..., 0], {}),
    "palette.png": lambda a: (Image.fromarray(a).quantize(64), {}),
    "palette_with_alpha.png": lambda a: (Image.fromarray(a).quantize(64), {"transparency": 3}),
    "alpha.png": lambda a: (np.dstack([a, a[..., 0]]), {}),
    "grey_with_alpha.png": lambda a: (Image.fromarray(a).convert("LA"), {}),
    "black_and_white.png": lambda a: (Image.fromarray(a).convert("1"), {}),
    "16_bits.png": lambda a: (a[..., 0].astype(np.uint16) * 256 + a[..., 1], {}),
    "animated.gif": lambda a: (a, {"save_all": True, "append_images": [Image.fromarray(255 - a)]}),
    "rgb.bmp": lambda a: (a, {}),
    "palette.bmp": lambda a: (Image.fromarray(a).quantize(64), {}),
    "plain.tif": lambda a: (a, {}),
    "packed.tiff": lambda a: (a, {"compression": "tiff_lzw"}),
    "alpha.tif": lambda a: (np.dstack([a, a[..., 0]]), {}),
    "lossy.webp": lambda a: (a, {}),
    "alpha.webp": lambda a: (np.dstack([a, a[..., 0]]), {"lossless": True}),
    "Möwe 猫 .png": lambda a: (a, {}),
}


@pytest.fixture(params=KINDS)
def picture(request: pytest.FixtureRequest, save: Save, colours: Pixels) -> str:
    """The path of a picture of each kind."""
    what, options = KINDS[request.param](colours)
    return save(request.param, what, **options)


@pytest.mark.parametrize("rescale_type", RESCALE_TYPES)
def test_training_sees_what_serving_will(picture: str, rescale_type: str) -> None:
    served = rescaled_by_sensenet(to_image_pixels(picture, None), 17, 22, rescale_type)
    assert_served_alike(read_image(picture, 17, 22, rescale_type), served, rescale_type)


SIZES = [(1, 1), (1, 9), (9, 1), (8, 8), (31, 33), (64, 48), (200, 201), (100, 30)]


@pytest.mark.parametrize("rescale_type", RESCALE_TYPES)
@pytest.mark.parametrize(("width", "height"), [(8, 8), (32, 32), (33, 20), (20, 33)])
def test_every_size_is_rescaled_as_serving_does(width: int, height: int, rescale_type: str) -> None:
    rng = np.random.default_rng(1)
    for tall, wide in SIZES:
        pixels = rng.integers(0, 256, (tall, wide, 3), np.uint8)
        served = rescaled_by_sensenet(pixels, width, height, rescale_type)
        assert_served_alike(fit(pixels, width, height, rescale_type), served, rescale_type)


# Decoding


@pytest.mark.parametrize("name", ["rgb.png", "rgb.bmp", "plain.tif", "packed.tiff", "CAPITALS.PNG", "Möwe 猫 .png"])
@pytest.mark.parametrize("rescale_type", RESCALE_TYPES)
def test_a_picture_of_the_right_size_keeps_its_pixels(
    save: Save, colours: Pixels, name: str, rescale_type: str
) -> None:
    what, options = KINDS[name](colours)
    assert np.array_equal(read_image(save(name, what, **options), 40, 30, rescale_type), colours)


@pytest.mark.parametrize("name", ["alpha.png", "alpha.tif", "alpha.webp"])
def test_alpha_is_dropped(save: Save, colours: Pixels, name: str) -> None:
    opaque = np.maximum(colours[..., :1], 1)  # WebP keeps no colour where nothing is seen
    what = np.dstack([colours, opaque])
    options = {"lossless": True, "exact": True} if name.endswith(".webp") else {}
    assert np.array_equal(read_image(save(name, what, **options), 40, 30, "warp"), colours)


@pytest.mark.parametrize("name", ["grey.png", "palette.png", "black_and_white.png", "palette.bmp"])
def test_other_colours_become_rgb(save: Save, colours: Pixels, name: str) -> None:
    path = save(name, KINDS[name](colours)[0])
    with Image.open(path) as image:
        expected = np.array(image.convert("RGB"))
    assert np.array_equal(read_image(path, 40, 30, "warp"), expected)


def test_16_bits_are_scaled_to_8(save: Save, colours: Pixels) -> None:
    deep = colours[..., 0].astype(np.uint16) * 256 + colours[..., 1]
    seen = read_image(save("16_bits.png", deep), 40, 30, "warp")
    assert np.array_equal(seen, np.repeat((deep >> 8).astype(np.uint8)[..., np.newaxis], 3, axis=2))


@pytest.mark.parametrize("name", ["a.gif", "a.webp"])
def test_an_animation_is_its_first_picture(save: Save, name: str) -> None:
    red, blue = (Image.new("RGB", (12, 8), colour) for colour in ("red", "blue"))
    options = {"lossless": True} if name == "a.webp" else {}
    path = save(name, red, save_all=True, append_images=[blue], **options)
    assert (read_image(path, 12, 8, "crop") == (255, 0, 0)).all()


def test_cmyk_is_converted(save: Save) -> None:
    """A cyan print: no red, much green and blue."""
    seen = read_image(save("cyan.jpg", Image.new("CMYK", (12, 8), (255, 0, 0, 0))), 12, 8, "crop")
    red, green, blue = seen.reshape(-1, 3).mean(axis=0)
    assert red < 64
    assert min(green, blue) > 150


def test_the_orientation_in_exif_is_ignored_as_serving_does(save: Save, colours: Pixels) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    turned, plain = save("turned.jpg", colours, exif=exif), save("plain.jpg", colours)
    assert np.array_equal(read_image(turned, 40, 30, "crop"), read_image(plain, 40, 30, "crop"))


# Fitting


def test_how_a_wide_picture_is_fitted() -> None:
    """Left black, middle grey, right white; 60 × 20 pixels to 20 × 20."""
    wide = np.repeat(np.repeat(np.array([[0, 100, 255]], np.uint8), 20, axis=0), 20, axis=1)
    wide = np.repeat(wide[..., np.newaxis], 3, axis=2)
    cropped, warped, padded = (fit(wide, 20, 20, how) for how in ("crop", "warp", "pad"))
    assert (cropped == 100).all()
    assert set(np.unique(warped)) == {0, 100, 255}
    assert (warped[0] == warped[-1]).all()
    assert set(np.unique(padded[:6])) == {0, 100, 255}
    assert len(np.unique(padded[8:])) == 1  # below it one level, near the mean
    assert abs(int(padded[-1, -1, 0]) - 118) < 10


# Bad files


def cut(path: str, share: float) -> None:
    content = Path(path).read_bytes()
    Path(path).write_bytes(content[: int(len(content) * share)])


@pytest.fixture
def bad_files(save: Save, tmp_path: Path, colours: Pixels) -> dict[str, str]:
    """What is bad about a file -> its path."""
    paths = {
        "empty": str(tmp_path / "empty.png"),
        "missing": str(tmp_path / "missing.jpg"),
        "folder": str(tmp_path / "folder.png"),
        "text": str(tmp_path / "text.png"),
        "cut jpg": save("cut.jpg", colours),
        "cut png": save("cut.png", colours),
        "cut gif": save("cut.gif", colours),
        "cut bmp": save("cut.bmp", colours),
        "cut tif": save("cut.tif", colours),
        "cut webp": save("cut.webp", colours),
        "png as jpg": save("really_png.jpg", colours, format="PNG"),
        "16 bits in tiff": save("deep.tif", colours[..., 0].astype(np.uint16) * 256),
    }
    Path(paths["empty"]).touch()
    Path(paths["folder"]).mkdir()
    Path(paths["text"]).write_text("this is text", encoding="utf-8")
    for what, path in paths.items():
        if what.startswith("cut "):
            cut(path, 0.5)
    return paths


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("empty", "0 bytes"),
        ("missing", "missing"),
        ("folder", "folder"),
        ("text", "not a picture"),
        ("cut jpg", "cannot be decoded"),
        ("cut png", "cannot be decoded"),
        ("cut gif", "cannot be decoded"),
        ("cut bmp", "cannot be decoded"),
        ("cut tif", "cannot be decoded"),
        ("cut webp", "cannot be"),
        ("png as jpg", "rename it"),
        ("16 bits in tiff", "convert it to 8 bits"),
    ],
)
def test_a_bad_file_has_a_reason_on_one_line(bad_files: dict[str, str], what: str, words: str) -> None:
    with pytest.raises(BadImageError) as error:
        read_image(bad_files[what], 16, 16, "crop")
    reason = str(error.value)
    assert words in reason
    assert "\n" not in reason
    assert not reason.rstrip().endswith(":"), "the reason itself is missing"


def garbled(content: bytes) -> Iterator[bytes]:
    """The same bytes cut short at many places, and with some of them changed."""
    rng = np.random.default_rng(0)
    yield from (content[: len(content) * i // 12] for i in range(1, 12))
    for _ in range(12):
        changed = bytearray(content)
        for place in rng.integers(0, len(content), 5):
            changed[place] = rng.integers(256)
        yield bytes(changed)


def shape_or_reason(path: str, rescale_type: str) -> tuple[int, ...] | str:
    """The shape that the picture ``path`` has for a network of 16 × 12, or why it is bad; no other error."""
    try:
        return read_image(path, 16, 12, rescale_type).shape
    except BadImageError as error:
        return str(error)


def test_a_garbled_file_is_read_or_has_a_reason(picture: str) -> None:
    """One bad file in millions must not end the job."""
    seen = []
    for content in garbled(Path(picture).read_bytes()):
        Path(picture).write_bytes(content)
        seen.append(shape_or_reason(picture, "crop"))
    assert all(what == (12, 16, 3) or (isinstance(what, str) and what) for what in seen)
    assert any(isinstance(what, str) for what in seen), "nothing was broken"


@pytest.mark.parametrize("rescale_type", RESCALE_TYPES)
@pytest.mark.parametrize("shape", [(1, 300, 3), (300, 1, 3), (2, 500, 3)])
def test_a_very_long_picture_is_read_or_has_a_reason(
    save: Save, shape: tuple[int, int, int], rescale_type: str
) -> None:
    """`pad` would shrink its shorter side to nothing, which sensenet cannot serve either."""
    path = save("long.png", np.zeros(shape, np.uint8))
    seen = shape_or_reason(path, rescale_type)
    assert seen == (12, 16, 3) or (rescale_type == "pad" and isinstance(seen, str) and seen)
