"""Noise, cutout and glare, each on half of the pictures."""

import numpy as np
import pytest
from scipy import stats

from pyramid.data.augment.draws import WIDTH, columns
from pyramid.data.augment.overlays import noise_table

MANY = 1000


def changed(found, picture):
    return (found != picture).any((1, 2, 3))


@pytest.mark.parametrize("name", ["gaussian_noise", "cutout", "glare"])
def test_half_of_the_pictures_change(augmented, smooth, name):
    assert 0.45 < changed(augmented(smooth, {name: 0.2}, times=MANY), smooth).mean() < 0.55


@pytest.mark.parametrize("name", ["gaussian_noise", "glare"])
def test_nothing_changes_at_strength_0(augmented, smooth, name):
    assert not changed(augmented(smooth, {name: 1e-9}, times=20), smooth).any()


# Noise


@pytest.mark.parametrize(("value", "n"), [(50, 0.2), (120, 0.1), (200, 0.05)])
def test_noise_grows_with_the_value(augmented, value, n):
    picture = np.full((24, 32, 3), value, np.uint8)
    found = augmented(picture, {"gaussian_noise": n}, times=200)
    noise = found[changed(found, picture)] - value
    assert abs(noise.mean()) < 0.02 * n * value
    assert noise.std() == pytest.approx(np.hypot(n * value, 12**-0.5), rel=0.01)  # the rounding adds its own
    assert abs(stats.skew(noise, axis=None)) < 0.03
    assert abs(stats.kurtosis(noise, axis=None)) < 0.06


def test_black_has_no_noise(augmented):
    picture = np.zeros((4, 4, 3), np.uint8)
    assert not augmented(picture, {"gaussian_noise": 1}, times=20).any()


def test_neighbouring_pixels_channels_and_pictures_have_noise_of_their_own(augmented):
    picture = np.full((24, 32, 3), 100, np.uint8)
    found = augmented(picture, {"gaussian_noise": 0.2}, times=100)
    noise = found[changed(found, picture)] - 100

    def correlation(a, b):
        return abs(np.corrcoef(a.ravel(), b.ravel())[0, 1])

    pairs = [
        (noise[:, 1:], noise[:, :-1]),
        (noise[:, :, 1:], noise[:, :, :-1]),
        (noise[..., 0], noise[..., 1]),
        (noise[1:], noise[:-1]),
    ]
    assert all(correlation(*pair) < 0.02 for pair in pairs)


@pytest.mark.parametrize("width", [1, 32, 224, 8192])
def test_the_table_is_small_and_has_a_power_of_two_of_rows(width):
    table = noise_table(width)
    assert table.dtype == np.float32
    assert table.nbytes <= 64e6
    assert np.log2(len(table)).is_integer()
    assert table.std() == pytest.approx(1, abs=0.02)


# Cutout


@pytest.mark.parametrize("n", [0.1, 0.25, 0.5, 1.0])
def test_cutout_covers_a_rectangle_with_the_mean_color(augmented, n):
    picture = np.random.default_rng(0).integers(0, 200, (40, 60, 3), np.uint8)
    picture[..., 2] += 50
    mean = np.round(picture.mean((0, 1)))
    covered = 0
    for found in augmented(picture, {"cutout": n}, times=60):
        different = (found != picture).any(-1)
        if not different.any():
            continue
        covered += 1
        ys, xs = np.nonzero(different)
        rectangle = found[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
        assert np.ptp(ys) + 1 <= round(40 * n)
        assert np.ptp(xs) + 1 <= round(60 * n)
        assert np.count_nonzero((found == mean).all(-1)) == pytest.approx(round(40 * n) * round(60 * n), abs=3)
        assert (rectangle == mean).all()
    assert covered > 15


def test_cutout_reaches_every_place(augmented):
    picture = np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8)
    found = augmented(picture, {"cutout": 0.25}, times=MANY)
    times = (found != picture).any(-1).sum(0)
    assert times.min() > 0
    assert times[5:15, 5:15].min() > 0.1 * times.max()


def test_cutout_has_the_color_that_the_picture_has_by_then(augmented):
    draws = np.full((1, WIDTH), 0.5, np.float32)
    draws[0, columns("cutout")] = [0.0, 0.5, 0.5]
    draws[0, columns("brightness")] = 0.75
    picture = np.random.default_rng(0).integers(80, 120, (8, 8, 3), np.uint8)
    found = augmented(picture, {"cutout": 0.25, "brightness": 0.2}, draws=draws)[0]
    np.testing.assert_allclose(found[4, 4], picture.mean((0, 1)) + 0.1 * 255, atol=0.51)


# Glare


def glare(augmented, picture, n, share, foci=(0.4, 0.4, 0.6, 0.55)):
    draws = np.full((1, WIDTH), 0.5, np.float32)
    draws[0, columns("glare")] = [0.0, *foci, share]
    return augmented(picture, {"glare": n}, draws=draws)[0]


@pytest.mark.parametrize(("n", "share"), [(0.2, 0.25), (0.2, 0.5), (0.1, 0.999), (0.5, 0.6)])
@pytest.mark.parametrize("foci", [(0.5, 0.5, 0.5, 0.5), (0.4, 0.4, 0.6, 0.55), (0.35, 0.5, 0.65, 0.5)])
def test_the_drawn_part_of_the_picture_is_white_by_half_or_more(augmented, n, share, foci):
    black = np.zeros((120, 160, 3), np.uint8)
    found = glare(augmented, black, n, share, foci)
    assert (found >= 127.5).mean() == pytest.approx(n * share, rel=0.03)


def test_glare_is_white_in_the_middle_and_fades_outwards(augmented):
    grey = np.full((120, 160, 3), 60, np.uint8)
    found = glare(augmented, grey, 0.3, 0.5)
    middle = found[57, 80]
    assert middle.min() >= 250
    outwards = found[57, 80:, 0]
    assert (np.diff(outwards) <= 0).all()
    assert np.abs(np.diff(outwards)).max() < 20
    assert outwards[-1] == 60


def test_glare_is_nowhere_else(augmented):
    found = augmented(np.zeros((60, 80, 3), np.uint8), {"glare": 0.1}, times=MANY)
    lit = (found >= 127.5).mean((1, 2, 3))
    assert lit.max() <= 0.1 * 1.03 + 0.003
    assert 0.03 < lit[lit > 0].mean() < 0.06
