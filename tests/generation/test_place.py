"""Where an object lies: its size, its place, what is cut off, and the area of the whole."""

import numpy as np
import pytest

from pyramid.data.augment.draws import WIDTH
from pyramid.generation.place import place
from tests.generation.making import RED, WHITE, box_around, drawn, kept_of, opaque, soft, thing

#: What is seen of an object has at least this alpha.
VISIBLE = 26

SHAPES = [(64, 64), (96, 48), (40, 90)]

TURNED = [
    {"rotation": 180},
    {"deform": 0.4},
    {"shear": 45, "vertical_flip": 1, "zoom": 0.5},
    {"rotation": 180, "deform": 0.3, "shear": 40, "horizontal_flip": 1, "zoom": 0.9},
]


def box_of(patch):
    """Around what is seen, on the picture."""
    x1, y1, x2, y2 = box_around(patch.rgba[..., 3] >= VISIBLE)
    return patch.x + x1, patch.y + y1, patch.x + x2, patch.y + y2


def share_of(patch, width, height):
    """The larger share of the picture, and a pixel as such a share."""
    x1, y1, x2, y2 = box_of(patch)
    return max(((x2 - x1) / width, 1 / width), ((y2 - y1) / height, 1 / height))


@pytest.mark.parametrize(("x", "y", "expected"), [(0, 0, (0, 0)), (1, 1, (52, 39)), (0.5, 1 / 3, (26, 13))])
def test_an_object_has_the_size_of_its_file_and_stays_inside(tmp_path, x, y, expected):
    kept, pixels = kept_of(tmp_path / "a.png", opaque(12, 9, RED, around=3))
    patch = place(kept, pixels, thing(x=x, y=y), {}, 64, 48)
    assert (patch.x, patch.y) == expected
    np.testing.assert_array_equal(patch.rgba, opaque(12, 9, RED))
    assert patch.area == 12 * 9


@pytest.mark.parametrize(("side", "expected"), [((64, 48), (64, 48)), ((128, 48), (64, 24)), ((100, 200), (24, 48))])
def test_a_larger_object_is_scaled_to_fit(tmp_path, side, expected):
    kept, pixels = kept_of(tmp_path / "a.png", opaque(*side, RED))
    x1, y1, x2, y2 = box_of(place(kept, pixels, thing(x=0.5, y=0.5), {}, 64, 48))
    assert (x2 - x1, y2 - y1) == expected


def test_an_object_that_was_kept_smaller_has_the_size_of_its_file(tmp_path):
    """A narrow one is shrunk by its longer side only as far as it can be needed."""
    kept, pixels = kept_of(tmp_path / "a.png", opaque(60, 20, RED), wanted=30)
    assert pixels.shape == (14, 43, 4)
    x1, y1, x2, y2 = box_of(place(kept, pixels, thing(), {}, 96, 96))
    np.testing.assert_allclose((x2 - x1, y2 - y1), (60, 20), atol=1)


def test_zoom_changes_the_size_of_the_file_but_not_the_occupancy(tmp_path):
    kept, pixels = kept_of(tmp_path / "a.png", opaque(20, 10, RED))
    half = drawn(zoom=[0.0])
    x1, _, x2, _ = box_of(place(kept, pixels, thing(draws=half), {"zoom": 0.5}, 64, 64))
    assert x2 - x1 == 10
    x1, _, x2, _ = box_of(place(kept, pixels, thing(draws=half, occupancy=0.25), {"zoom": 0.5}, 64, 64))
    assert x2 - x1 == 16


@pytest.mark.parametrize(("width", "height"), SHAPES)
@pytest.mark.parametrize("size", [(200, 80), (30, 100), (7, 7)])
@pytest.mark.parametrize("occupancy", [0.1, 0.25, 0.5, 1.0])
def test_occupancy_is_the_larger_share_of_the_picture(tmp_path, width, height, size, occupancy):
    """The edge of an enlarged object is soft, and ends up to a pixel farther out."""
    kept, pixels = kept_of(tmp_path / "a.png", opaque(*size, WHITE))
    share, pixel = share_of(
        place(kept, pixels, thing(x=0.5, y=0.5, occupancy=occupancy), {}, width, height), width, height
    )
    assert occupancy - pixel <= share <= occupancy + pixel


@pytest.mark.parametrize(("width", "height"), SHAPES)
@pytest.mark.parametrize("strengths", TURNED, ids=lambda strengths: "_".join(strengths))
def test_occupancy_is_that_of_the_turned_object(tmp_path, width, height, strengths):
    """Of an opaque one; of a soft one the outermost pixels may fade away in between others."""
    rng = np.random.default_rng(0)
    kept, pixels = kept_of(tmp_path / "a.png", opaque(200, 80, WHITE))
    for _ in range(40):
        occupancy, x, y = rng.uniform(0.2, 0.9), *rng.random(2)
        one = thing(x=x, y=y, occupancy=occupancy, draws=rng.random(WIDTH, np.float32))
        share, pixel = share_of(place(kept, pixels, one, strengths, width, height), width, height)
        assert occupancy - 1.5 * pixel <= share <= occupancy + 1.5 * pixel


@pytest.mark.parametrize("strengths", TURNED, ids=lambda strengths: "_".join(strengths))
def test_what_fits_is_not_cut_off(tmp_path, strengths):
    """Nothing of its area lies outside, however it is turned and wherever it is put."""
    rng = np.random.default_rng(1)
    kept, pixels = kept_of(tmp_path / "a.png", opaque(40, 20, WHITE))
    for _ in range(40):
        one = thing(x=rng.random(), y=rng.random(), occupancy=0.5, draws=rng.random(WIDTH, np.float32))
        patch = place(kept, pixels, one, strengths, 64, 64)
        left = np.count_nonzero(patch.rgba[..., 3] >= VISIBLE)
        assert left / patch.area > 0.93  # the area is an estimate when the transparent surroundings are cut


def test_above_1_an_object_fills_the_picture_and_is_cut_off(tmp_path):
    kept, pixels = kept_of(tmp_path / "a.png", opaque(30, 30, RED))
    for x, y in [(0, 0), (0.3, 0.8), (1, 1)]:
        patch = place(kept, pixels, thing(x=x, y=y, occupancy=2), {}, 32, 32)
        assert box_of(patch) == (0, 0, 32, 32)
        assert patch.rgba[1:-1, 1:-1, 3].min() == 255
        assert patch.area == pytest.approx(64 * 64, rel=0.05)


def test_above_1_the_place_tells_which_part_is_seen(tmp_path):
    """The left of the object at 0, its right at 1."""
    cross = opaque(40, 40, RED)
    cross[:, 20:, :3] = WHITE
    kept, pixels = kept_of(tmp_path / "a.png", cross)
    left, right = (place(kept, pixels, thing(x=x, occupancy=2), {}, 40, 40).rgba for x in (0, 1))
    assert left[20, 5:35, 1].max() == 0
    assert right[20, 5:35, 1].min() == 255


def test_above_1_a_long_object_is_cut_off_on_one_axis_alone(tmp_path):
    kept, pixels = kept_of(tmp_path / "a.png", opaque(80, 10, RED))
    x1, y1, x2, y2 = box_of(place(kept, pixels, thing(x=0.5, y=0, occupancy=2), {}, 40, 40))
    assert (x1, y1, x2, y2) == (0, 0, 40, 10)


@pytest.mark.parametrize("occupancy", [0, 1e-6, 1e-3])
def test_the_smallest_object_has_a_pixel(tmp_path, occupancy):
    kept, pixels = kept_of(tmp_path / "a.png", opaque(50, 30, RED))
    for x in (0, 0.4, 1):
        patch = place(kept, pixels, thing(x=x, y=x, occupancy=occupancy), {}, 64, 64)
        x1, y1, x2, y2 = box_of(patch)
        assert (x2 - x1, y2 - y1) == (1, 1)


def test_an_object_of_one_pixel_can_be_enlarged(tmp_path):
    kept, pixels = kept_of(tmp_path / "a.png", opaque(1, 1, RED))
    x1, y1, x2, y2 = box_of(place(kept, pixels, thing(x=1, y=1, occupancy=0.5), {}, 32, 32))
    assert (x2 - x1, y2 - y1) == (16, 16)


@pytest.mark.parametrize(
    ("name", "draw", "expected"),
    [
        ("width_shift", 0.75, (10, 0, 30, 10)),
        ("width_shift", 0.0, None),
        ("width_shift", 0.25, (0, 0, 10, 10)),
        ("height_shift", 0.25, (0, 0, 20, 5)),
    ],
)
def test_a_shift_moves_by_shares_of_the_object_and_may_cut_it_off(tmp_path, name, draw, expected):
    kept, pixels = kept_of(tmp_path / "a.png", opaque(20, 10, RED))
    patch = place(kept, pixels, thing(draws=drawn(**{name: [draw]})), {name: 1}, 64, 64)
    if expected is None:
        assert patch is None
    else:
        assert box_of(patch) == expected
        assert patch.area == pytest.approx(20 * 10, rel=0.02)


def test_a_shift_is_not_part_of_the_size(tmp_path):
    kept, pixels = kept_of(tmp_path / "a.png", opaque(20, 10, RED))
    for draw in (0.4, 0.5, 0.6):
        one = thing(x=0.5, y=0.5, occupancy=0.5, draws=drawn(width_shift=[draw], height_shift=[draw]))
        x1, _, x2, _ = box_of(place(kept, pixels, one, {"width_shift": 1, "height_shift": 1}, 64, 64))
        assert x2 - x1 == 32


@pytest.mark.parametrize(("width", "height"), [*SHAPES, (1, 1), (1, 50)])
def test_every_patch_lies_inside(tmp_path, width, height):
    rng = np.random.default_rng(2)
    strengths = {"rotation": 180, "deform": 1, "shear": 80, "zoom": 0.99, "width_shift": 1, "height_shift": 1}
    kept, pixels = kept_of(tmp_path / "a.png", soft(30, 20))
    for _ in range(100):
        one = thing(x=rng.random(), y=rng.random(), occupancy=rng.uniform(0, 10), draws=rng.random(WIDTH, np.float32))
        patch = place(kept, pixels, one, strengths, width, height)
        if patch is not None:
            high, wide = patch.rgba.shape[:2]
            assert 0 <= patch.x < patch.x + wide <= width
            assert 0 <= patch.y < patch.y + high <= height
            assert (patch.rgba[..., :3] <= patch.rgba[..., 3:]).all()
