"""Places: against a slow reference, and the distribution of each parameter."""

import numpy as np
import pytest
from scipy import ndimage, stats

from pyramid.data.augment.augment import make_augment
from pyramid.data.augment.draws import WIDTH, columns, draw
from pyramid.data.augment.geometry import GEOMETRIC, maps

HEIGHT, WIDE = 40, 56


def draws_of(**numbers):
    """The first draw of each augmentation, 0.5 for the others."""
    draws = np.full((1, WIDTH), 0.5, np.float32)
    for name, number in numbers.items():
        draws[0, columns(name).start] = number
    return draws


def forward(name, value):
    """The textbook matrix: from the place of a pixel to its place afterwards, x and y from the centre."""
    angle = np.radians(value)
    return {
        "horizontal_flip": np.diag([-1.0 if value else 1.0, 1, 1]),
        "vertical_flip": np.diag([1, -1.0 if value else 1.0, 1]),
        "zoom": np.diag([value, value, 1]),
        "shear": np.array([[1, np.tan(angle), 0], [0, 1, 0], [0, 0, 1]]),
        "rotation": np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]),
        "width_shift": np.array([[1, 0, value], [0, 1, 0], [0, 0, 1]]),
        "height_shift": np.array([[1, 0, 0], [0, 1, value], [0, 0, 1]]),
    }[name]


def reference(picture, steps):
    """Each step (name, value) in turn as one matrix, and one interpolation by scipy, channel by channel."""
    height, width, _ = picture.shape
    whole = np.eye(3)
    for name, value in steps:
        whole = forward(name, value) @ whole
    to_centre = np.array([[1, 0, 0.5 - width / 2], [0, 1, 0.5 - height / 2], [0, 0, 1]])
    back = np.linalg.inv(to_centre) @ np.linalg.inv(whole) @ to_centre
    swapped = back[[1, 0, 2]][:, [1, 0, 2]]  # scipy counts rows first
    channels = [
        ndimage.affine_transform(
            picture[..., c].astype(float), swapped[:2, :2], swapped[:2, 2], order=1, mode="nearest"
        )
        for c in range(3)
    ]
    return np.stack(channels, -1)


ONE_BY_ONE = [
    ({"zoom": 0.3}, {"zoom": 0.0}, [("zoom", 0.7)]),
    ({"zoom": 0.3}, {"zoom": 0.75}, [("zoom", 1.15)]),
    ({"rotation": 20}, {"rotation": 0.0}, [("rotation", -20)]),
    ({"rotation": 180}, {"rotation": 0.75}, [("rotation", 90)]),
    ({"shear": 30}, {"shear": 0.25}, [("shear", -15)]),
    ({"width_shift": 0.5}, {"width_shift": 0.9}, [("width_shift", 0.4 * WIDE)]),
    ({"height_shift": 0.5}, {"height_shift": 0.2}, [("height_shift", -0.3 * HEIGHT)]),
    ({"vertical_flip": 1, "zoom": 0.2}, {"vertical_flip": 0.1, "zoom": 1.0}, [("vertical_flip", 1), ("zoom", 1.2)]),
]

ALL = (
    {"horizontal_flip": 1, "vertical_flip": 1, "zoom": 0.2, "shear": 20, "rotation": 30, "width_shift": 0.2}
    | {"height_shift": 0.2},
    {"horizontal_flip": 0.2, "vertical_flip": 0.7, "zoom": 0.3, "shear": 0.1, "rotation": 0.8, "width_shift": 0.9}
    | {"height_shift": 0.4},
    [
        ("horizontal_flip", 1),
        ("vertical_flip", 0),
        ("zoom", 0.92),
        ("shear", -16),
        ("rotation", 18),
        ("width_shift", 0.16 * WIDE),
        ("height_shift", -0.04 * HEIGHT),
    ],
)


@pytest.mark.parametrize(("strengths", "numbers", "steps"), [*ONE_BY_ONE, ALL])
def test_the_picture_is_that_of_a_slow_reference(augmented, smooth, strengths, numbers, steps):
    found = augmented(smooth, strengths, draws=draws_of(**numbers))[0]
    assert np.abs(found - reference(smooth, steps)).max() <= 2
    assert np.abs(found - smooth).max() > 10


PARAMETERS = {
    "zoom": (0.3, lambda m: 1 / m[:, 0, 0], 0.7, 1.3),
    "rotation": (25, lambda m: np.degrees(np.arctan2(m[:, 0, 1], m[:, 0, 0])), -25, 25),
    "shear": (25, lambda m: np.degrees(np.arctan(-m[:, 0, 1])), -25, 25),
    "width_shift": (0.2, lambda m: -m[:, 0, 2], -0.2 * WIDE, 0.2 * WIDE),
    "height_shift": (0.2, lambda m: -m[:, 1, 2], -0.2 * HEIGHT, 0.2 * HEIGHT),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_parameter_is_uniform_in_its_range(name):
    n, parameter, low, high = PARAMETERS[name]
    rows = np.arange(3000)
    values = parameter(maps(draw(0, 0 * rows, rows), {name: n}, WIDE, HEIGHT).numpy())
    assert stats.kstest(values, stats.uniform(low, high - low).cdf).pvalue > 1e-3


@pytest.mark.parametrize(("name", "axis"), [("horizontal_flip", 1), ("vertical_flip", 0)])
def test_a_flip_is_exact_and_falls_on_half_of_the_pictures(augmented, name, axis):
    picture = np.random.default_rng(0).integers(0, 256, (6, 9, 3), np.uint8)
    found = augmented(picture, {name: 1}, times=2000)
    flipped = (found == np.flip(picture, axis)).all((1, 2, 3))
    assert ((found == picture).all((1, 2, 3)) ^ flipped).all()
    assert 0.46 < flipped.mean() < 0.54


@pytest.mark.parametrize("name", [name for name in GEOMETRIC if "flip" not in name])
def test_nothing_moves_at_strength_0(augmented, name):
    picture = np.random.default_rng(0).integers(0, 256, (8, 11, 3), np.uint8)
    np.testing.assert_array_equal(augmented(picture, {name: 1e-9}, times=5), np.repeat(picture[np.newaxis], 5, 0))


def test_what_comes_in_is_the_nearest_of_the_border(augmented):
    picture = np.random.default_rng(0).integers(0, 256, (8, 10, 3), np.uint8)
    found = augmented(picture, {"width_shift": 0.4}, draws=draws_of(width_shift=0.999999))[0]
    np.testing.assert_array_equal(found[:, :4], np.repeat(picture[:, :1], 4, 1))
    np.testing.assert_array_equal(found[:, 4:], picture[:, :6])


def test_flips_alone_are_not_interpolated():
    """The graph of flips and colour has no gather, which is what interpolation costs."""

    def operations(strengths):
        graph = make_augment(strengths, 8, 8).get_concrete_function().graph
        return {op.type for f in graph._functions.values() for op in f.graph.get_operations()}

    assert "GatherV2" not in operations({"horizontal_flip": 1, "vertical_flip": 1, "contrast": 0.2, "tint": 0.1})
    assert "GatherV2" in operations({"horizontal_flip": 1, "zoom": 0.1})
