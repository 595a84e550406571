"""All augmentations, alone and together."""

import numpy as np
import pytest

from pyramid.data.augment.draws import WIDTH, draw
from pyramid.settings.augmentations import AUGMENTATIONS

STRONGEST = {name: float(facts.most) for name, facts in AUGMENTATIONS.items() if facts.training}
DEFAULT = {name: float(facts.default) for name, facts in AUGMENTATIONS.items() if facts.training}
ALONE = [{name: n} for name, n in DEFAULT.items()]


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(0).integers(0, 256, (5, 20, 30, 3), np.uint8)


@pytest.mark.parametrize("strengths", [*ALONE, DEFAULT, STRONGEST], ids=lambda s: "-".join(s) if len(s) == 1 else None)
def test_pictures_keep_their_shape_and_have_whole_values(augmented, pictures, strengths):
    found = augmented(pictures, strengths)
    assert (found.shape, found.dtype) == (pictures.shape, np.float32)
    assert np.isfinite(found).all()
    assert (found == np.round(found)).all()
    assert found.min() >= 0
    assert found.max() <= 255


@pytest.mark.parametrize("strengths", ALONE, ids=lambda s: next(iter(s)))
def test_every_augmentation_changes_pictures(augmented, pictures, strengths):
    many = np.repeat(pictures, 10, 0)
    assert (augmented(many, strengths) != many).any((1, 2, 3)).mean() > 0.3


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (7, 3)])
@pytest.mark.parametrize("number", [0.0, float(np.nextafter(np.float32(1), np.float32(0)))])
def test_the_strongest_on_small_pictures_with_the_last_numbers(augmented, size, number):
    picture = np.random.default_rng(0).integers(0, 256, (2, *size, 3), np.uint8)
    found = augmented(picture, STRONGEST, draws=np.full((2, WIDTH), number, np.float32))
    assert np.isfinite(found).all()
    assert found.min() >= 0
    assert found.max() <= 255


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_a_picture_is_augmented_in_the_same_way_in_any_company(augmented, pictures, size):
    rows = np.arange(5)
    draws = draw(3, 0 * rows, rows)
    together = augmented(pictures, DEFAULT, draws=draws)
    for start in range(0, 5 - size + 1):
        some = augmented(pictures[start : start + size], DEFAULT, draws=draws[start : start + size])
        np.testing.assert_array_equal(some, together[start : start + size])
