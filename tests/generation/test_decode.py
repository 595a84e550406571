"""A file -> pixels: every kind of file, cut to what is seen, and as large as it is wanted."""

import numpy as np
import pytest
from PIL import Image

from pyramid.generation.decode import BadSourceError, read_background, read_cutout
from tests.generation.making import BLUE, GREEN, RED, WHITE, opaque, plain, soft, write

WANTED = 1000

#: EXIF's tag of the orientation; 6 is "turn a quarter to the right to see it upright".
ORIENTATION = 0x0112


def cutout(path, side=WANTED):
    return read_cutout(str(path), side, side)


def rgb(pixels):
    """The colours of the corners, as ints: upper left and lower right."""
    return pixels[0, 0, :3].tolist(), pixels[-1, -1, :3].tolist()


def test_a_cutout_is_cut_to_the_pixels_that_are_not_transparent(tmp_path):
    found = cutout(write(tmp_path / "a.png", opaque(7, 5, RED, around=4)))
    np.testing.assert_array_equal(found.pixels, opaque(7, 5, RED))
    assert found.transparent
    assert found.scale == 1
    assert {tuple(corner) for corner in found.hull.tolist()} == {(0, 0), (7, 0), (0, 5), (7, 5)}


def test_the_hull_is_around_an_alpha_of_a_tenth_or_more(tmp_path):
    pixels = opaque(10, 10, RED)
    pixels[:2, :, 3], pixels[-3:, :, 3], pixels[:, :1, 3] = 25, 26, 0
    found = cutout(write(tmp_path / "a.png", pixels))
    assert found.pixels.shape == (10, 9, 4)
    np.testing.assert_array_equal(found.hull.min(axis=0), (0, 2))
    np.testing.assert_array_equal(found.hull.max(axis=0), (9, 10))


def test_colours_are_multiplied_by_alpha(tmp_path):
    pixels = soft(9, 9)
    pixels[..., :3] = 200, 100, 50
    found = cutout(write(tmp_path / "a.png", pixels)).pixels.astype(int)
    np.testing.assert_allclose(found[..., :3], found[..., 3:] / 255 * [200, 100, 50], atol=0.51)


def test_what_lies_under_full_transparency_is_not_seen(tmp_path):
    """Shrinking would otherwise mix the hidden colour into the edges."""
    pixels = opaque(40, 40, RED, around=10)
    pixels[::2, :, :3], pixels[::2, :, 3] = GREEN, 0
    found = cutout(write(tmp_path / "a.png", pixels), side=8)
    assert found.pixels[..., 1].max() == 0
    assert found.pixels[..., 0].max() > 100


def palette(path):
    """A PNG with a palette, of which the second colour is transparent."""
    image = Image.fromarray(np.repeat([[1], [0]], 4, axis=1).astype(np.uint8)).convert("P")
    image.putpalette([*RED, *GREEN, *BLUE])
    image.save(path, transparency=1)


def palette_of_alphas(path):
    """A PNG with an alpha for each colour of its palette."""
    image = Image.fromarray(np.repeat([[1], [0]], 4, axis=1).astype(np.uint8)).convert("P")
    image.putpalette([*RED, *GREEN])
    image.save(path, transparency=bytes([255, 0]))


def grey_and_alpha(path):
    pixels = np.full((2, 4, 2), 90, np.uint8)
    pixels[..., 1] = [[0], [255]]
    Image.fromarray(pixels, "LA").save(path)


def grey_with_transparent_value(path):
    Image.fromarray(np.repeat([[7], [90]], 4, axis=1).astype(np.uint8)).save(path, transparency=7)


@pytest.mark.parametrize(
    ("write_it", "colour"),
    [(palette, RED), (palette_of_alphas, RED), (grey_and_alpha, (90,) * 3), (grey_with_transparent_value, (90,) * 3)],
)
def test_every_kind_of_transparency_counts(tmp_path, write_it, colour):
    write_it(tmp_path / "a.png")
    found = cutout(tmp_path / "a.png")
    assert found.transparent
    np.testing.assert_array_equal(found.pixels, opaque(4, 1, colour))


def test_the_transparent_value_of_16_bits_counts(tmp_path):
    values = np.repeat([[7], [40000]], 4, axis=1).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png", transparency=7)
    assert cutout(tmp_path / "a.png").pixels.shape == (1, 4, 4)


def grey_16(path):
    Image.fromarray(np.full((3, 4), 40000, np.uint16)).save(path)


def one_bit(path):
    Image.fromarray(np.full((3, 4), 255, np.uint8)).convert("1").save(path)


def grey(path):
    Image.fromarray(np.full((3, 4), 90, np.uint8)).save(path)


@pytest.mark.parametrize(("write_it", "value"), [(grey_16, 40000 / 65535 * 255), (one_bit, 255), (grey, 90)])
def test_grey_of_every_depth_keeps_its_brightness(tmp_path, write_it, value):
    write_it(tmp_path / "a.png")
    found = cutout(tmp_path / "a.png")
    assert not found.transparent
    assert found.pixels.shape == (3, 4, 4)
    np.testing.assert_allclose(found.pixels[..., :3], value, atol=1)
    np.testing.assert_allclose(read_background(str(tmp_path / "a.png"), 4, 3), value, atol=1)


def test_a_cmyk_jpeg_has_its_colours(tmp_path):
    Image.new("RGB", (16, 16), (200, 40, 90)).convert("CMYK").save(tmp_path / "a.jpg", quality=95)
    np.testing.assert_allclose(cutout(tmp_path / "a.jpg").pixels[8, 8], (200, 40, 90, 255), atol=8)
    np.testing.assert_allclose(read_background(str(tmp_path / "a.jpg"), 16, 16)[8, 8], (200, 40, 90), atol=8)


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_exif_tells_which_side_is_up(tmp_path, name):
    """A red left half comes to the top."""
    pixels = plain(64, 32, BLUE)
    pixels[:, :32] = RED
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    path = write(tmp_path / name, pixels, exif=exif)
    found = cutout(path).pixels
    assert found.shape == (64, 32, 4)
    np.testing.assert_allclose(rgb(found), (RED, BLUE), atol=8)
    background = read_background(str(path), 32, 64)
    assert background.shape == (64, 32, 3)
    np.testing.assert_allclose(rgb(background), (RED, BLUE), atol=8)


def truncated(path):
    whole = write(path, np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


@pytest.mark.parametrize(
    ("name", "spoil", "reason"),
    [
        ("a.png", truncated, "cannot be decoded: "),
        ("a.jpg", truncated, "cannot be decoded: "),
        ("a.png", lambda path: path.write_bytes(b""), "not a picture that can be read"),
        ("a.png", lambda path: path.write_text("a text"), "not a picture that can be read"),
        ("a.png", lambda path: None, "missing"),
        ("a.png", lambda path: path.mkdir(), "not a file"),
    ],
)
def test_a_bad_file_has_a_reason(tmp_path, name, spoil, reason):
    spoil(tmp_path / name)
    with pytest.raises(BadSourceError, match=reason):
        cutout(tmp_path / name)
    with pytest.raises(BadSourceError, match=reason):
        read_background(str(tmp_path / name), 8, 8)


@pytest.mark.parametrize("alpha", [0, 25])
def test_a_picture_of_which_nothing_is_seen_is_bad(tmp_path, alpha):
    pixels = opaque(8, 8, RED)
    pixels[..., 3] = alpha
    with pytest.raises(BadSourceError, match="nothing to see"):
        cutout(write(tmp_path / "a.png", pixels))


def test_a_hair_that_vanishes_when_it_is_shrunk_is_bad(tmp_path):
    pixels = opaque(600, 600, RED)
    pixels[..., 3] = 0
    np.fill_diagonal(pixels[..., 3], 60)
    with pytest.raises(BadSourceError, match="at the size of the pictures"):
        cutout(write(tmp_path / "a.png", pixels), side=8)


def test_no_more_is_kept_than_can_be_used(tmp_path):
    """As large as it is wanted, and √2 times as large for one that is turned."""
    path = write(tmp_path / "a.png", opaque(400, 100, RED))
    found = read_cutout(str(path), 50, 50)
    assert found.scale == pytest.approx(1.42 * 50 / 400)
    assert found.pixels.shape == (18, 71, 4)
    np.testing.assert_array_equal(found.hull.max(axis=0), (71, 18))
    assert read_cutout(str(path), 50, 5).pixels.shape == (7, 28, 4)
    assert cutout(path).scale == 1


@pytest.mark.parametrize(
    ("size", "expected"),
    [((50, 20), (32, 80)), ((20, 50), (80, 32)), ((32, 32), (32, 32)), ((5, 5), (32, 32)), ((300, 301), (32, 32))],
)
def test_a_background_covers_the_picture_in_its_own_proportions(tmp_path, size, expected):
    found = read_background(str(write(tmp_path / "a.png", plain(*size, GREEN))), 32, 32)
    assert found.shape == (*expected, 3)
    assert (found == GREEN).all()


def test_a_large_jpeg_as_background_is_the_whole_picture(tmp_path):
    """It is decoded smaller; the corners are still those of the file."""
    pixels = plain(640, 640, WHITE)
    pixels[:320, :320], pixels[320:, 320:] = RED, BLUE
    found = read_background(str(write(tmp_path / "a.jpg", pixels, quality=95)), 32, 32)
    assert found.shape == (32, 32, 3)
    np.testing.assert_allclose(rgb(found), (RED, BLUE), atol=12)


def test_a_background_is_opaque(tmp_path):
    pixels = opaque(8, 8, RED)
    pixels[..., 3] = 0
    assert (read_background(str(write(tmp_path / "a.png", pixels)), 8, 8) == RED).all()
