"""Known objects at known places: what the picture shows, which boxes are around them, and how much is left."""

import numpy as np
import pytest

from pyramid.data.augment.draws import WIDTH
from pyramid.generation.render import Renderer
from pyramid.generation.scene import Scene
from tests.generation.making import (
    BLUE,
    GREEN,
    GREY,
    RED,
    WHITE,
    box_around,
    drawn,
    library_of,
    opaque,
    plain,
    settings_of,
    soft,
    thing,
    write,
)

SIDE = 64

#: Every augmentation that moves pixels.
GEOMETRIC = {
    "deform": 0.4,
    "horizontal_flip": 1,
    "vertical_flip": 1,
    "zoom": 0.5,
    "shear": 40,
    "rotation": 180,
    "width_shift": 0.5,
    "height_shift": 0.5,
}


def renderer(folder, *foregrounds, background=GREY, distractors=(), **keys):
    """Of foregrounds of 64×64 on one colour, in the order in which they are given."""
    for i, pixels in enumerate(foregrounds):
        write(folder / "foregrounds" / f"{i:02d}.png", pixels)
    for i, pixels in enumerate(distractors):
        write(folder / "others" / f"{i:02d}.png", pixels)
        keys["distractors_root"] = str(folder / "others")
    write(folder / "backgrounds" / "0.png", plain(SIDE, SIDE, background))
    settings = settings_of(folder, **({"input_image_shape": [SIDE, SIDE, 3]} | keys))
    return Renderer(settings, library_of(settings, folder / "library"))


def scene(*objects, blending="none", background=0, draws=None):
    return Scene(0, 0, background, 0.0, 0.0, drawn() if draws is None else draws, objects, blending)


def at(x, y, width, height, which=0, **keys):
    """An object of a file of ``width`` x ``height`` with its upper left corner at ``x``, ``y``."""
    return thing(which, x / (SIDE - width), y / (SIDE - height), **keys)


def test_an_opaque_object_changes_its_box_and_nothing_else(tmp_path):
    pixels, [seen] = renderer(tmp_path, opaque(12, 9, RED, around=3)).render(scene(at(20, 30, 12, 9)))
    expected = plain(SIDE, SIDE, GREY)
    expected[30:39, 20:32] = RED
    np.testing.assert_array_equal(pixels, expected)
    assert (seen.which, seen.box, seen.visible) == (0, (20, 30, 32, 39), 1.0)


def test_alpha_lets_the_background_through(tmp_path):
    half = opaque(10, 10, RED)
    half[..., 3] = 128
    pixels, _ = renderer(tmp_path, half, background=BLUE).render(scene(at(0, 0, 10, 10)))
    np.testing.assert_allclose(pixels[:10, :10], np.broadcast_to((128, 0, 127), (10, 10, 3)), atol=1)


def test_a_box_is_around_an_alpha_of_a_tenth_or_more(tmp_path):
    pixels = opaque(20, 20, WHITE)
    pixels[..., 3] = 25
    pixels[3:17, 5:15, 3] = 26
    pixels[8:12, 8:12, 3] = 255
    _, [seen] = renderer(tmp_path, pixels).render(scene(thing()))
    assert (seen.box, seen.visible) == ((0, 0, 10, 14), 1)  # the faint rim lies outside of the picture


@pytest.mark.parametrize("shape", [[64, 64, 3], [96, 40, 3]])
@pytest.mark.parametrize("occupancy", [None, 0.4, 1.5])
def test_boxes_are_tight_after_all_transformations(tmp_path, shape, occupancy):
    """White on black: the value of a pixel is its alpha."""
    made = renderer(
        tmp_path,
        soft(40, 24),
        opaque(30, 15, WHITE),
        background=(0, 0, 0),
        input_image_shape=shape,
        foreground_augmentation_ranges=GEOMETRIC,
    )
    rng = np.random.default_rng(0)
    found = 0
    for i in range(80):
        one = thing(i % 2, rng.random(), rng.random(), occupancy, draws=rng.random(WIDTH, np.float32))
        pixels, seen = made.render(scene(one))
        if seen:
            assert seen[0].box == box_around(pixels[..., 0] >= 26)
            found += 1
        else:
            assert (pixels < 26).all()
    assert found > 70


@pytest.mark.parametrize("strength", [{"blur": 1}, {"blur": 0.5, "rotation": 90}])
def test_boxes_are_around_what_is_left_of_a_blurred_object(tmp_path, strength):
    keys = {"foreground_augmentation_ranges": strength}
    made = renderer(tmp_path, opaque(30, 2, WHITE), soft(30, 30), background=(0, 0, 0), **keys)
    rng = np.random.default_rng(0)
    for i in range(40):
        pixels, seen = made.render(scene(thing(i % 2, 0.5, 0.5, draws=rng.random(WIDTH, np.float32))))
        bright = pixels[..., 0] >= 26
        if seen:
            np.testing.assert_allclose(seen[0].box, box_around(bright), atol=1)  # its alpha is not rounded
        else:
            assert not bright.any()


def test_colours_do_not_change_boxes(tmp_path):
    colours = dict.fromkeys(("brightness", "contrast", "tint", "color_invert", "gaussian_noise", "cutout", "glare"))
    violet = soft(40, 24)
    violet[..., :3] = 120, 80, 160
    plain_, colourful = (renderer(tmp_path, violet, foreground_augmentation_ranges=ranges) for ranges in ({}, colours))
    rng = np.random.default_rng(0)
    changed = 0
    for _ in range(20):
        one = thing(0, rng.random(), rng.random(), draws=rng.random(WIDTH, np.float32))
        (before, seen), (after, also_seen) = plain_.render(scene(one)), colourful.render(scene(one))
        assert seen == also_seen
        x1, y1, x2, y2 = seen[0].box
        outside = np.ones((SIDE, SIDE), bool)
        outside[max(0, y2 - 24) : y1 + 24, max(0, x2 - 40) : x1 + 40] = False  # the faint rim changes, too
        np.testing.assert_array_equal(before[outside], after[outside])
        changed += (before != after).any()
    assert changed == 20


@pytest.mark.parametrize(("left", "visible"), [(10, 0.0), (20, 0.5), (25, 0.75), (30, 1.0)])
def test_what_is_pasted_later_hides(tmp_path, left, visible):
    """The box is around all of the object in the picture, covered or not."""
    made = renderer(tmp_path, opaque(20, 20, RED), opaque(20, 20, GREEN))
    pixels, seen = made.render(scene(at(10, 10, 20, 20), at(left, 10, 20, 20, which=1)))
    assert seen[-1] == (1, (left, 10, left + 20, 30), 1.0)
    assert [one for one in seen if one.which == 0] == ([(0, (10, 10, 30, 30), visible)] if visible else [])
    assert (pixels == RED).all(axis=2).sum() == 400 * visible


def test_several_later_objects_hide_together(tmp_path):
    """What two of them cover counts once."""
    made = renderer(tmp_path, opaque(20, 20, RED), opaque(10, 20, GREEN))
    right, middle = at(10, 0, 10, 20, which=1), at(5, 0, 10, 20, which=1)
    _, seen = made.render(scene(at(0, 0, 20, 20), right, middle))
    assert [one.visible for one in seen] == [0.25, 0.5, 1.0]


def test_what_is_more_than_half_transparent_does_not_hide(tmp_path):
    faint, strong = opaque(20, 20, GREEN), opaque(20, 20, GREEN)
    faint[..., 3], strong[..., 3] = 120, 130
    made = renderer(tmp_path, opaque(20, 20, RED), faint, strong)
    for which, expected in ((1, 1.0), (2, 0.0)):
        _, seen = made.render(scene(thing(0), thing(which)))
        assert [one.visible for one in seen if one.which == 0] == ([expected] if expected else [])


def test_distractors_hide_and_are_hidden_but_never_seen(tmp_path):
    made = renderer(tmp_path, opaque(20, 20, RED), distractors=[opaque(10, 20, BLUE)])
    other = at(0, 0, 10, 20, labelled=False)
    pixels, seen = made.render(scene(thing(), other))
    assert seen == [(0, (0, 0, 20, 20), 0.5)]
    assert (pixels[:20, :10] == BLUE).all()
    pixels, seen = made.render(scene(other, thing()))
    assert seen == [(0, (0, 0, 20, 20), 1.0)]
    assert not (pixels == BLUE).all(axis=2).any()


def test_what_is_cut_off_is_not_visible(tmp_path):
    made = renderer(tmp_path, opaque(20, 20, RED), foreground_augmentation_ranges={"width_shift": 1})
    for draw, width in ((0.25, 10), (0.375, 15), (0.125, 5)):
        pixels, [seen] = made.render(scene(thing(draws=drawn(width_shift=[draw]))))
        assert seen.box == (0, 0, width, 20)
        assert seen.visible == pytest.approx(width / 20, abs=0.02)
        assert (pixels[:20, :width] == RED).all()


def test_an_object_that_is_larger_than_the_picture_is_visible_as_far_as_it_is_inside(tmp_path):
    _, [seen] = renderer(tmp_path, opaque(20, 20, RED)).render(scene(thing(x=0.5, y=0.5, occupancy=2)))
    assert seen.box == (0, 0, SIDE, SIDE)
    assert seen.visible == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("blending", ["gaussian", "poisson"])
def test_another_blending_gives_the_same_boxes(tmp_path, blending):
    keys = {"foreground_augmentation_ranges": GEOMETRIC | {"blur": 0.5}}
    made = renderer(tmp_path, soft(30, 20), opaque(25, 25, RED), background=BLUE, **keys)
    rng = np.random.default_rng(0)
    for _ in range(10):
        things = [thing(i % 2, *rng.random(2), draws=rng.random(WIDTH, np.float32)) for i in range(4)]
        (plain_, seen), (blended, also_seen) = (made.render(scene(*things, blending=b)) for b in ("none", blending))
        assert seen == also_seen
        assert (plain_ != blended).any()


def test_the_part_of_a_large_background_is_drawn(tmp_path):
    made = renderer(tmp_path, opaque(4, 4, RED))
    wide = plain(4 * SIDE, SIDE)
    wide[..., 0] = np.arange(4 * SIDE)
    write(tmp_path / "backgrounds" / "0.png", wide)
    made = renderer_of(tmp_path)
    for x, left in ((0, 0), (0.5, 96), (0.9999, 192)):
        pixels, _ = made.render(Scene(0, 0, 0, x, 0.0, drawn(), (), "none"))
        assert (pixels[0, 0, 0], pixels[0, -1, 0]) == (left, left + SIDE - 1)


def renderer_of(folder, **keys):
    settings = settings_of(folder, **({"input_image_shape": [SIDE, SIDE, 3]} | keys))
    return Renderer(settings, library_of(settings, folder / "library"))


def test_a_moved_background_goes_on_at_its_borders(tmp_path):
    """No black corners."""
    ranges = {"rotation": 180, "width_shift": 1, "shear": 40, "zoom": 0.9}
    made = renderer(tmp_path, opaque(4, 4, RED), background=WHITE, background_augmentation_ranges=ranges)
    rng = np.random.default_rng(0)
    for _ in range(20):
        pixels, _ = made.render(scene(draws=rng.random(WIDTH, np.float32)))
        assert pixels.min() == 255


def test_augmentations_of_the_background_leave_the_objects_alone(tmp_path):
    ranges = {"brightness": 1, "horizontal_flip": 1, "gaussian_noise": 1}
    made = renderer(tmp_path, opaque(10, 10, RED), background_augmentation_ranges=ranges)
    numbers = drawn(brightness=[0.9], horizontal_flip=[0], gaussian_noise=[0, 0, 0])
    pixels, [seen] = made.render(scene(at(0, 0, 10, 10), draws=numbers))
    assert seen.box == (0, 0, 10, 10)
    assert (pixels[:10, :10] == RED).all()
    assert len(np.unique(pixels[10:])) > 10


def test_a_synthetic_background_does_not_depend_on_the_files(tmp_path):
    one = renderer(tmp_path / "one", opaque(4, 4, RED)).render(scene(background=None))[0]
    two = renderer(tmp_path / "two", opaque(9, 9, RED), background=WHITE).render(scene(background=None))[0]
    np.testing.assert_array_equal(one, two)


def test_a_picture_of_one_pixel(tmp_path):
    made = renderer(tmp_path, opaque(9, 9, RED), input_image_shape=[1, 1, 3])
    pixels, seen = made.render(scene(thing()))
    assert (pixels.tolist(), seen) == ([[list(RED)]], [(0, (0, 0, 1, 1), 1.0)])
