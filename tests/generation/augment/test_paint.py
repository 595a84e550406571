"""Blur, colours and overlays of one object with alpha; tests/contracts/test_augmentations.py compares opaque ones."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from pyramid.data.augment.draws import DRAWS, WIDTH, columns, draw
from pyramid.generation.augment.paint import paint

ALL = {
    "blur": 0.5,
    "brightness": 0.3,
    "color_invert": 1.0,
    "contrast": 0.5,
    "cutout": 0.4,
    "gaussian_noise": 0.3,
    "glare": 0.4,
    "tint": 0.4,
}
ROWS = draw(3, np.zeros(40, np.int64), np.arange(40))


def drawn(**numbers):
    """Draws of one picture: everything 0.5 but every coin, which is 0, and what is given by name."""
    row = np.full(WIDTH, 0.5, np.float32)
    for name in ("color_invert", "cutout", "gaussian_noise", "glare", "tint"):
        row[columns(name)][0] = 0
    for name, values in numbers.items():
        row[columns(name)] = values
    return row


def painted(pixels, alpha, strengths, row, seed=0):
    return paint(pixels, alpha, row, strengths, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def opaque():
    y, x = np.mgrid[0:30, 0:44]
    waves = [np.sin(x / 7) + np.cos(y / 5), np.cos(x / 9 + y / 8), np.sin((x - 2 * y) / 13) + x / 44]
    return np.stack([127 + 60 * wave for wave in waves], -1).astype(np.float32)


@pytest.fixture(scope="module")
def disc():
    """A soft-edged alpha, 1 in the middle and 0 in the corners."""
    y, x = np.mgrid[0:30, 0:44]
    return np.clip(8 - np.hypot((x - 21.5) / 1.6, y - 14.5) / 1.5, 0, 1).astype(np.float32)[..., np.newaxis]


@pytest.mark.parametrize("strengths", [*({name: n} for name, n in ALL.items()), ALL], ids=[*ALL, "all"])
def test_an_even_veil_commutes_with_every_augmentation(opaque, strengths):
    """A picture of alpha 0.4 everywhere is 0.4 times the opaque one, before and after."""
    solid = np.ones((30, 44, 1), np.float32)
    thin = np.float32(0.4)
    for row in ROWS[:10]:
        expected, _ = painted(opaque, solid, strengths, row)
        found, alpha = painted(opaque * thin, solid * thin, strengths, row)
        np.testing.assert_allclose(found, expected * thin, atol=2e-3)
        np.testing.assert_allclose(alpha, thin, atol=1e-6)


def test_pixels_stay_between_black_and_white_of_their_alpha(opaque, disc):
    for row in ROWS:
        pixels, alpha = painted(opaque * disc, disc, ALL | {"brightness": 1.0, "gaussian_noise": 1.0}, row)
        assert (pixels.dtype, pixels.shape, alpha.dtype, alpha.shape) == (
            np.float32,
            (30, 44, 3),
            np.float32,
            disc.shape,
        )
        assert pixels.min() >= 0
        assert (pixels <= 255 * alpha).all()
        assert alpha.min() >= 0
        assert alpha.max() <= 1


def test_only_blur_changes_alpha(opaque, disc):
    for row in ROWS[:5]:
        sharp = {name: n for name, n in ALL.items() if name != "blur"}
        np.testing.assert_array_equal(painted(opaque * disc, disc, sharp, row)[1], disc)
        assert (painted(opaque * disc, disc, {"blur": 0.9}, row)[1] != disc).any()


def test_the_arguments_stay_as_they_are(opaque, disc):
    pixels, alpha, rows = opaque * disc, disc.copy(), ROWS.copy()
    for row in rows[:5]:
        for strengths in ({}, {"glare": 1.0}, ALL):
            found, _ = painted(pixels, alpha, strengths, row)
            assert not np.shares_memory(found, pixels)
    np.testing.assert_array_equal(pixels, opaque * disc)
    np.testing.assert_array_equal(alpha, disc)
    np.testing.assert_array_equal(rows, ROWS)


def test_a_part_of_a_larger_array_is_painted_alike(opaque, disc):
    rgba = np.zeros((50, 60, 4), np.float32)
    rgba[5:35, 9:53] = np.concatenate([opaque * disc, disc], -1)
    part = rgba[5:35, 9:53]
    for found, expected in zip(
        painted(part[..., :3], part[..., 3:], ALL, ROWS[0]), painted(opaque * disc, disc, ALL, ROWS[0]), strict=True
    ):
        np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 1)])
def test_the_smallest_objects_can_be_painted(shape):
    for row in (drawn(blur=[0]), *ROWS[:10]):
        pixels, _ = painted(
            np.full((*shape, 3), 90, np.float32), np.ones((*shape, 1), np.float32), ALL | {"blur": 1.0}, row
        )
        assert np.isfinite(pixels).all()


def test_what_cannot_be_seen_stays_black():
    nothing = np.zeros((8, 9, 1), np.float32)
    for row in ROWS[:10]:
        pixels, alpha = painted(np.zeros((8, 9, 3), np.float32), nothing, ALL, row)
        assert not pixels.any()
        assert not alpha.any()


def test_the_rectangle_has_the_colour_of_the_visible_part_and_its_alpha():
    alpha = np.zeros((20, 20, 1), np.float32)
    alpha[:, :5], alpha[:, 5:10] = 1, 0.5
    pixels = alpha * np.array([200, 100, 40], np.float32)
    pixels[:, :5] = 80, 100, 160
    found, _ = painted(pixels, alpha, {"cutout": 0.5}, drawn(cutout=[0, 0, 0.999]))
    mean = np.array([120, 100, 120])  # of 5 columns and 5 half ones
    expected = pixels.copy()
    expected[10:, :10] = mean * alpha[10:, :10]
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_contrast_turns_about_the_colour_of_the_visible_part(disc):
    pixels = disc * np.array([200, 100, 40], np.float32)
    found, _ = painted(pixels, disc, {"contrast": 1.0}, drawn(contrast=[0.9]))
    np.testing.assert_allclose(found, pixels, atol=1e-3)


def test_the_rectangle_is_recoloured_too(disc):
    pixels = disc * np.array([200, 100, 40], np.float32)
    found, _ = painted(pixels, disc, {"cutout": 0.8, "color_invert": 1.0}, drawn())
    np.testing.assert_allclose(found, disc * np.array([55, 155, 215]), atol=1e-3)


def test_recoloured_values_are_cut_off_before_what_lies_over_them(disc):
    """Otherwise noise and glare would begin from values that no picture holds."""
    white = np.repeat(disc, 3, -1) * 255
    found, _ = painted(white * 0.8, disc, {"brightness": 0.5, "glare": 1.0}, drawn(brightness=[1]))
    np.testing.assert_allclose(found, white, atol=1e-3)


def test_blur_mixes_colours_by_alpha():
    """A red object on nothing stays red at its soft edge."""
    alpha = np.zeros((24, 24, 1), np.float32)
    alpha[6:18, 6:18] = 1
    pixels, soft = painted(alpha * np.array([250, 10, 0], np.float32), alpha, {"blur": 0.9}, drawn(blur=[0.2]))
    assert ((soft > 0.01) & (soft < 0.99)).sum() > 40
    np.testing.assert_allclose(pixels, soft * np.array([250, 10, 0]), atol=1e-3)


def test_noise_grows_with_the_value_and_is_there_in_half():
    alpha = np.full((64, 64, 1), 0.5, np.float32)
    pixels = np.broadcast_to(np.array([10, 40, 80], np.float32), (64, 64, 3))
    found, _ = painted(pixels, alpha, {"gaussian_noise": 0.1}, drawn(gaussian_noise=[0.49, 0, 0]))
    noise = (found - pixels) / pixels
    np.testing.assert_allclose(noise.std(axis=(0, 1)), 0.1, rtol=0.05)
    np.testing.assert_allclose(noise.mean(axis=(0, 1)), 0, atol=0.006)
    assert stats.kstest(noise.ravel() / 0.1, "norm").pvalue > 1e-4
    assert np.abs(np.corrcoef(noise.reshape(-1, 3).T) - np.eye(3)).max() < 0.06
    same, _ = painted(pixels, alpha, {"gaussian_noise": 0.1}, drawn(gaussian_noise=[0.5, 0, 0]))
    np.testing.assert_array_equal(same, pixels)


def test_the_same_numbers_make_the_same_picture(opaque, disc):
    first, again = (painted(opaque * disc, disc, ALL, drawn(), seed=5)[0] for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert (painted(opaque * disc, disc, ALL, drawn(), seed=6)[0] != first).any()


def test_glare_is_white_no_brighter_than_the_alpha(disc):
    found, _ = painted(np.repeat(disc, 3, -1) * 20, disc, {"glare": 1.0}, drawn(glare=[0, 0.3, 0.5, 0.7, 0.5, 1.0]))
    assert found[15, 22, 0] == pytest.approx(255, abs=5)
    assert not found[disc[..., 0] == 0].any()


def test_painting_needs_neither_tensorflow_nor_ray():
    imports = "import sys, pyramid.generation.augment.paint, pyramid.generation.augment.geometry"
    script = f"{imports}; print({{'ray', 'tensorflow'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_every_augmentation_that_leaves_things_in_place_is_tried_here():
    moving = {"rotation", "shear", "zoom", "width_shift", "height_shift", "horizontal_flip", "vertical_flip", "deform"}
    assert set(ALL) == set(DRAWS) - moving - {"mosaic", "mixup"}
