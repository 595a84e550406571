"""Objects are blended inside of their alpha, and nothing else changes."""

import subprocess
import sys

import cv2
import numpy as np
import pytest

from pyramid.generation.blend import BLENDINGS

EVERY = pytest.mark.parametrize("name", BLENDINGS)


class Most:
    """A generator that draws the largest number."""

    def uniform(self, least, most):
        return most


def rng(seed=0):
    return np.random.default_rng(seed)


def blended(name, canvas, pixels, alpha, x=0, y=0, draws=None):
    found = canvas.copy()
    BLENDINGS[name](found, pixels, alpha, x, y, draws or rng())
    return found


def photograph(height, width, seed=0):
    """Smooth, without extremes."""
    coarse = rng(seed).uniform(60, 200, (4, 5, 3)).astype(np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)


def ring(side, colour=(40, 90, 230)):
    """A ring with an edge of one pixel and a hole."""
    y, x = np.mgrid[:side, :side].astype(np.float32) - (side - 1) / 2
    radius = np.hypot(x, y)
    alpha = np.clip(0.45 * side - radius, 0, 1) * np.clip(radius - 0.2 * side, 0, 1)
    alpha = alpha[..., np.newaxis].astype(np.float32)
    return np.float32(colour) * alpha, alpha


def rectangle(height, width, opacity=1.0, colour=(40, 90, 230)):
    alpha = np.full((height, width, 1), opacity, np.float32)
    return np.float32(colour) * alpha, alpha


def test_the_names_are_in_order():
    assert list(BLENDINGS) == ["none", "gaussian", "poisson"]


def test_it_starts_without_tensorflow_and_ray():
    imports = "import sys, pyramid.generation.blend, pyramid.generation.backdrop"
    code = imports + "; print({'ray', 'tensorflow'} & {*sys.modules})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


# Every blending


@EVERY
@pytest.mark.parametrize(("x", "y"), [(20, 15), (0, 0), (60, 40), (60, 0)])
def test_nothing_changes_where_alpha_is_0(name, x, y):
    canvas = photograph(80, 100)
    pixels, alpha = ring(40)
    found = blended(name, canvas, pixels, alpha, x, y)
    touched = np.zeros(canvas.shape[:2], bool)
    touched[y : y + 40, x : x + 40] = alpha[..., 0] > 0
    assert (abs(found - canvas).max(axis=2)[~touched] < 0.5).all()
    assert abs(found - canvas)[touched].mean() > 20


@EVERY
def test_every_size_of_patch_and_canvas_works(name):
    for height in (1, 2, 3, 4, 5, 8, 13):
        for width in (1, 2, 3, 4, 7, 10):
            for beyond in (0, 1, 6):
                canvas = photograph(height + beyond, width + beyond)
                pixels, alpha = rectangle(height, width)
                found = blended(name, canvas, pixels, alpha, beyond // 2, beyond)
                assert found.shape == canvas.shape
                assert found.dtype == np.float32
                assert np.isfinite(found).all()
                assert found.min() >= 0
                assert found.max() <= 255


@EVERY
def test_any_alpha_works(name):
    canvas = photograph(30, 30)
    for seed in range(30):
        alpha = rng(seed).random((20, 25, 1), np.float32)
        alpha[alpha < seed / 30] = 0
        pixels = rng(seed).uniform(0, 255, (20, 25, 3)).astype(np.float32) * alpha
        found = blended(name, canvas, pixels, alpha, 3, 4)
        assert found.min() >= -0.01
        assert found.max() <= 255.01


@EVERY
def test_what_is_invisible_changes_nothing(name):
    canvas = photograph(30, 30)
    pixels, alpha = rectangle(20, 20, opacity=0)
    np.testing.assert_array_equal(blended(name, canvas, pixels, alpha, 5, 5), canvas)


@EVERY
def test_the_object_itself_is_left_as_it_is(name):
    pixels, alpha = ring(30)
    before = pixels.copy(), alpha.copy()
    blended(name, photograph(40, 40), pixels, alpha, 4, 5)
    np.testing.assert_array_equal(pixels, before[0])
    np.testing.assert_array_equal(alpha, before[1])


@EVERY
def test_the_same_generator_gives_the_same_picture(name):
    canvas, (pixels, alpha) = photograph(60, 60), ring(50)
    again = [blended(name, canvas, pixels, alpha, 5, 5, rng(3)) for _ in range(2)]
    np.testing.assert_array_equal(*again)


@EVERY
def test_as_many_numbers_are_drawn_for_any_object(name):
    states = []
    for side in (1, 2, 40):
        draws = rng()
        blended(name, photograph(60, 60), *ring(side), 5, 5, draws)
        states.append(draws.bit_generator.state["state"]["state"])
    assert len({*states}) == 1


@EVERY
@pytest.mark.parametrize(("height", "width"), [(20, 20), (21, 20), (20, 21), (21, 21)])
@pytest.mark.parametrize(("x", "y"), [(7, 9), (0, 0), (29, 29)])
def test_the_object_is_where_it_should_be(name, height, width, x, y):
    pixels, alpha = rectangle(height, width, colour=(100, 100, 100))
    pixels[8, 11] = 200
    found = blended(name, np.full((50, 50, 3), 100, np.float32), pixels, alpha, x, y)
    assert np.unravel_index(found[..., 0].argmax(), (50, 50)) == (y + 8, x + 11)


# Plain


def test_a_plain_paste_follows_the_formula():
    canvas, (pixels, alpha) = photograph(60, 70), ring(40)
    expected = canvas.copy()
    expected[10:50, 20:60] = expected[10:50, 20:60] * (1 - alpha) + pixels
    np.testing.assert_allclose(blended("none", canvas, pixels, alpha, 20, 10), expected, rtol=1e-5)


# Feathered


def visible(pixels, alpha, x=20, y=20, size=100, draws=None):
    """How much of the object shows, [size, size]: white on black."""
    white = np.float32(255) * alpha.repeat(3, axis=2)
    return blended("gaussian", np.zeros((size, size, 3), np.float32), white, alpha, x, y, draws or Most())[..., 0] / 255


def test_the_edge_fades_and_the_inside_stays():
    row = visible(*rectangle(60, 60))[50]
    assert 0.05 < row[20] < 0.5
    assert (np.diff(row[20:50]) >= 0).all()
    assert row[28:72] == pytest.approx(1, abs=1e-3)
    assert row[19] == 0


def test_the_edge_takes_colours_between_the_object_and_the_canvas():
    canvas = np.full((100, 100, 3), (200, 180, 160), np.float32)
    found = blended("gaussian", canvas, *rectangle(60, 60), 20, 20, Most())
    assert (found >= np.float32([40, 90, 160]) - 0.01).all()
    assert (found <= np.float32([200, 180, 230]) + 0.01).all()
    share = (200 - found[..., 0]) / 160
    np.testing.assert_allclose((180 - found[..., 1]) / 90, share, atol=1e-5)  # all channels the same


def test_the_blur_differs_from_draw_to_draw():
    edges = [visible(*rectangle(60, 60), draws=rng(seed))[50, 20] for seed in range(20)]
    assert max(edges) - min(edges) > 0.1


def test_small_objects_fade_less():
    edges = [visible(*rectangle(side, side))[20 + side // 2, 20] for side in (3, 8, 15, 40)]
    assert edges == sorted(edges, reverse=True)
    assert edges[0] > 0.9


def test_thin_parts_stay():
    pixels, alpha = rectangle(41, 41)
    alpha[:20] = alpha[21:] = 0
    assert visible(pixels, alpha)[40, 30:50] == pytest.approx(1, abs=0.01)


def test_nothing_that_is_visible_vanishes():
    _, alpha = ring(60)
    shown = visible(None, alpha)[20:80, 20:80]
    assert (shown[alpha[..., 0] > 0.1] > 0.01).all()


def test_what_is_translucent_inside_stays():
    _, alpha = rectangle(60, 60)
    alpha[20:40, 20:40] = 0.4
    shown = visible(None, alpha)[20:80, 20:80]
    assert shown[12:48, 12:48] == pytest.approx(alpha[12:48, 12:48, 0], abs=1e-3)


def test_a_side_at_the_border_of_the_picture_does_not_fade():
    shown = visible(*rectangle(60, 60), x=0, y=40)
    assert shown[70:, :40] == pytest.approx(1, abs=1e-3)
    assert shown[40, 30] < 0.5


# Poisson


def test_a_textured_object_keeps_its_contrast_and_comes_nearer_to_the_canvas():
    canvas = np.full((80, 80, 3), 60, np.float32)
    texture = 170 + 40 * np.sign(np.sin(np.arange(50) / 2))[:, np.newaxis, np.newaxis]
    alpha = np.ones((50, 50, 1), np.float32)
    pixels = np.broadcast_to(texture, (50, 50, 3)).astype(np.float32)
    inside = blended("poisson", canvas, pixels, alpha, 15, 15)[20:60, 20:60, 0]
    assert inside.std() == pytest.approx(40, rel=0.2)
    assert inside.mean() < 140


@pytest.mark.parametrize("side", [7, 50])
def test_the_texture_reaches_the_edge_of_an_object(side):
    canvas = np.full((80, 80, 3), 60, np.float32)
    stripes = np.where(np.arange(side) // 2 % 2, 210, 130)[:, np.newaxis, np.newaxis]
    pixels = np.broadcast_to(stripes, (side, side, 3)).astype(np.float32)
    found = blended("poisson", canvas, pixels, np.ones((side, side, 1), np.float32), 15, 15)
    contrast = found[17 : 13 + side, 15 : 15 + side, 0].std(axis=0)
    assert contrast.min() > 30  # of 40; cv2 alone would leave 15


def test_an_object_of_one_colour_can_still_be_seen():
    found = blended("poisson", photograph(100, 100), *ring(60), 20, 20)
    plain = blended("none", photograph(100, 100), *ring(60), 20, 20)
    under = photograph(100, 100)
    seen = ring(60)[1][..., 0] == 1
    step, full = (abs(p - under)[20:80, 20:80][seen].mean() for p in (found, plain))
    assert 0.3 * full < step < 0.8 * full


def test_a_soft_edge_is_not_darkened_by_its_premultiplied_zero():
    canvas = np.full((90, 90, 3), 150, np.float32)
    y, x = np.mgrid[:60, :60].astype(np.float32) - 29.5
    alpha = np.clip((30 - np.hypot(x, y)) / 15, 0, 1)[..., np.newaxis].astype(np.float32)
    found = blended("poisson", canvas, 150 * alpha.repeat(3, axis=2), alpha, 15, 15)
    assert abs(found - 150).max() < 2


def test_specks_are_pasted_plainly():
    canvas, (pixels, alpha) = photograph(30, 30), rectangle(20, 20)
    alpha[2:] = pixels[2:] = 0
    plain = blended("none", canvas, pixels, alpha, 5, 5)
    np.testing.assert_array_equal(blended("poisson", canvas, pixels, alpha, 5, 5), plain)


def test_the_threads_of_opencv_change_nothing():
    canvas, (pixels, alpha) = photograph(200, 200), ring(180)
    found, threads = [], cv2.getNumThreads()
    for number in (1, 2):
        cv2.setNumThreads(number)
        found.append(blended("poisson", canvas, pixels, alpha, 10, 10))
    cv2.setNumThreads(threads)
    np.testing.assert_array_equal(*found)
