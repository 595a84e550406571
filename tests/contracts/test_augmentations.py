"""Generated pictures are augmented by NumPy and OpenCV, training pictures in the TensorFlow graph: alike."""

import cv2
import numpy as np
import pytest

from pyramid.data.augment import color, geometry
from pyramid.data.augment.augment import OTHERS, make_augment
from pyramid.data.augment.draws import columns, draw
from pyramid.generation.augment.color import COLOR
from pyramid.generation.augment.geometry import GEOMETRIC, forward_map
from pyramid.generation.augment.paint import paint
from pyramid.generation.augment.warp import warp
from pyramid.settings.augmentations import AUGMENTATIONS

WIDE, HIGH = 56, 40

#: Strong enough that a factor, a sign or an axis that differs is seen.
STRENGTHS = {
    "blur": 0.9,
    "brightness": 0.5,
    "color_invert": 1.0,
    "contrast": 0.9,
    "cutout": 0.4,
    "gaussian_noise": 0.1,
    "glare": 0.4,
    "height_shift": 0.3,
    "horizontal_flip": 1.0,
    "rotation": 90.0,
    "shear": 40.0,
    "tint": 0.6,
    "vertical_flip": 1.0,
    "width_shift": 0.3,
    "zoom": 0.5,
}
#: Every coin falls on either side five times at least.
DRAWS = draw(154, np.zeros(12, np.int64), np.arange(12))

#: Levels of 255. Training rounds, by up to half a level; the rest is for float32 (0.504 was the most that was seen).
ROUNDED = 0.6

OPAQUE = np.ones((HIGH, WIDE, 1), np.float32)


def smooth_picture():
    """No edges, other in each channel, no symmetry: uint8 [HIGH, WIDE, 3]."""
    y, x = np.mgrid[0:HIGH, 0:WIDE]
    waves = [np.sin(x / 9) + np.cos(y / 7), np.cos(x / 11 + y / 13), np.sin((x - 2 * y) / 17) + x / 56 - 0.5]
    return np.rint(np.stack([127 + 60 * wave for wave in waves], -1)).astype(np.uint8)


def steady_picture():
    """The mean colour does not depend on where it is moved: about the centre dark is light, and there is a border.

    Training takes the mean of the original picture, generation that of what is seen after the move.
    """
    y, x = np.mgrid[0:HIGH, 0:WIDE] - np.array([HIGH - 1, WIDE - 1]).reshape(2, 1, 1) / 2
    window = np.maximum(1 - (x**2 + y**2) / 13**2, 0) ** 2
    waves = [np.sin(x / 4), np.sin(x / 5 + y / 4), np.sin((x - 2 * y) / 7)]
    return np.rint(np.stack([128 + 120 * window * wave for wave in waves], -1)).astype(np.uint8)


def trained(picture, strengths):
    pictures = np.repeat(picture[np.newaxis], len(DRAWS), 0)
    return make_augment(strengths, WIDE, HIGH)(pictures, DRAWS).numpy()


def generated(picture, strengths):
    return np.array([_generated(picture.astype(np.float32), strengths, row) for row in DRAWS])


def _generated(pixels, strengths, row):
    if any(name in GEOMETRIC for name in strengths):
        forward = forward_map(row, strengths, WIDE, HIGH)
        pixels = warp(pixels, forward, (0, 0, WIDE, HIGH), cv2.BORDER_REPLICATE)
    return paint(pixels, OPAQUE, row, strengths, np.random.default_rng(0))[0]


def changed(pictures, original):
    return (np.rint(pictures) != original).any(axis=(1, 2, 3))


def test_the_registries_have_the_same_names_in_the_same_order():
    assert list(GEOMETRIC) == ["deform", *geometry.GEOMETRIC]
    assert list(COLOR) == list(color.COLOR)


def test_every_augmentation_of_training_is_compared():
    assert set(STRENGTHS) == {name for name, facts in AUGMENTATIONS.items() if facts.training}
    for name in ("color_invert", "cutout", "gaussian_noise", "glare", "tint", "horizontal_flip", "vertical_flip"):
        assert 5 <= (DRAWS[:, columns(name).start] < 0.5).sum() <= 7


@pytest.mark.parametrize("name", sorted({*STRENGTHS} - {"gaussian_noise"}))
def test_one_augmentation_makes_the_same_picture(name):
    picture = smooth_picture()
    expected = trained(picture, {name: STRENGTHS[name]})
    assert changed(expected, picture).sum() >= 5
    np.testing.assert_allclose(generated(picture, {name: STRENGTHS[name]}), expected, atol=ROUNDED)


def test_all_maps_together_make_the_same_picture():
    together = {name: STRENGTHS[name] for name in geometry.GEOMETRIC}
    np.testing.assert_allclose(generated(smooth_picture(), together), trained(smooth_picture(), together), atol=ROUNDED)


def test_all_that_stays_in_place_makes_the_same_picture_together():
    together = {name: STRENGTHS[name] for name in (*COLOR, *OTHERS) if name != "gaussian_noise"}
    np.testing.assert_allclose(generated(smooth_picture(), together), trained(smooth_picture(), together), atol=ROUNDED)


def test_all_augmentations_together_make_the_same_picture():
    """With the default strengths, which leave what the steady picture shows inside."""
    gentle = {name: AUGMENTATIONS[name].default for name in STRENGTHS if name != "gaussian_noise"}
    np.testing.assert_allclose(generated(steady_picture(), gentle), trained(steady_picture(), gentle), atol=ROUNDED)


def test_noise_has_the_same_distribution_on_the_same_pictures():
    picture = np.broadcast_to(np.array([40, 100, 150], np.uint8), (HIGH, WIDE, 3))
    made = [make(picture, {"gaussian_noise": 0.1}) for make in (trained, generated)]
    noisy = [changed(pictures, picture) for pictures in made]
    np.testing.assert_array_equal(*noisy)
    noise = [np.rint(pictures[which]) - picture for pictures, which in zip(made, noisy, strict=True)]
    np.testing.assert_allclose(*(each.std(axis=(0, 1, 2)) for each in noise), rtol=0.03)
    np.testing.assert_allclose(*(each.mean(axis=(0, 1, 2)) for each in noise), atol=0.4)
