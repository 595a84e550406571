"""Pictures made of several, and where their boxes are then."""

from functools import cache

import numpy as np
import numpy.typing as npt
import pytest

from pyramid.data.augment.combine import PARTNERS, Combine, combined_boxes, combining, make_combine, partners
from pyramid.data.augment.draws import WIDTH as NUMBERS
from pyramid.data.augment.draws import columns, draw

WIDTH, HEIGHT = 80, 64

N = 0.5

MOSAIC, MIXUP, BOTH = {"mosaic": N}, {"mixup": N}, {"mosaic": N, "mixup": N}

NONE = [0.0, 0.0, 0.0, 0.0, -1.0]

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]


def draws_of(pictures: int = 1, **numbers: list[float]) -> Floats:
    """Draws of which the first ``numbers`` of an augmentation are given."""
    draws = np.full((pictures, NUMBERS), 0.5, np.float32)
    for name, values in numbers.items():
        first = columns(name).start
        draws[:, first : first + len(values)] = values
    return draws


@cache
def combine_by(*names: str) -> Combine:
    """The function for pictures of 80 × 64 pixels, which takes a second to be compiled."""
    return make_combine(dict.fromkeys(names, N), WIDTH, HEIGHT)


def combined(pictures: Pixels, boxes: list, strengths: dict[str, float], draws: Floats) -> tuple[Pixels, Floats]:
    """The one picture of [m, h, w, 3] with boxes [m, n, 5], and its boxes that are shown."""
    made, placed = combine_by(*strengths)(pictures[np.newaxis], np.array([boxes], np.float32), draws)
    assert made.dtype == np.uint8
    found = placed.numpy()[0]
    return made.numpy()[0], found[found[:, 4] >= 0]


def noise(count: int) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (count, HEIGHT, WIDTH, 3), np.uint8)


def lit(box: list[float], which: int, count: int) -> Pixels:
    """Black pictures, of which ``which`` has a white rectangle in ``box``."""
    pictures = np.zeros((count, HEIGHT, WIDTH, 3), np.uint8)
    x1, y1, x2, y2 = box
    pictures[which, y1:y2, x1:x2] = 255
    return pictures


def extent(picture: Pixels) -> list[int]:
    """x1, y1, x2, y2 of what is lit."""
    ys, xs = np.nonzero(picture[..., 0] > 127)
    return [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]


def numbered(count: int, box: tuple[float, ...] = (20, 16, 60, 48)) -> list:
    """The same box in every picture, with the picture's number as its class, and one that is none."""
    return [[[*box, i], NONE] for i in range(count)]


# Which

ALL = [MOSAIC, MIXUP, BOTH]


def test_what_needs_several_pictures() -> None:
    assert combining({"zoom": 0.1, "mixup": 0.2, "mosaic": 0.3}) == {"mosaic": 0.3, "mixup": 0.2}
    assert combining({"zoom": 0.1}) == {}


@pytest.mark.parametrize("strengths", ALL)
def test_partners_follow_from_the_draws_of_the_picture_alone(strengths: dict[str, float]) -> None:
    rows = np.array([3, 5, 8, 13, 21, 34])
    draws = draw(0, np.zeros(500, np.int64), np.arange(500))
    found = partners(draws, strengths, rows)
    assert found.shape == (500, sum(PARTNERS[name] for name in strengths))
    for column in found.T:
        assert set(column.tolist()) == set(rows.tolist())
        assert np.bincount(column)[rows].min() > 50  # of 83 on average
    np.testing.assert_array_equal(partners(draws[70:75], strengths, rows), found[70:75])


def test_the_partners_of_a_picture_are_drawn_apart_from_each_other_and_from_all_else() -> None:
    draws = draw(0, np.zeros(300, np.int64), np.arange(300))
    found = partners(draws, BOTH, np.arange(1000))
    numbers = np.concatenate([found, draws[:, columns("mosaic")][:, :3], draws[:, columns("mixup")][:, :2]], 1)
    correlations = np.corrcoef(numbers.T) - np.eye(9)
    assert np.abs(correlations).max() < 0.25


def test_the_largest_draw_has_a_partner_too() -> None:
    draws = np.full((1, NUMBERS), np.nextafter(np.float32(1), np.float32(0)), np.float32)
    assert partners(draws, BOTH, np.arange(100_000)).tolist() == [[99_999] * 4]


@pytest.mark.parametrize(
    ("boxes", "strengths", "room"),
    [
        (3, {}, 3),
        (3, {"zoom": 0.1}, 3),
        (3, MOSAIC, 12),
        (3, MIXUP, 6),
        (3, BOTH, 15),
        (32, MOSAIC, 128),
        (33, MOSAIC, 128),
        (100, MIXUP, 128),
        (128, BOTH, 128),
    ],
)
def test_the_room_for_boxes(boxes: int, strengths: dict[str, float], room: int) -> None:
    assert combined_boxes(boxes, strengths) == room


# Neither


@pytest.mark.parametrize("strengths", ALL)
@pytest.mark.parametrize("number", [N, 0.99])
def test_a_picture_that_is_not_combined_stays_what_it_is(strengths: dict[str, float], number: float) -> None:
    count = 1 + sum(PARTNERS[name] for name in strengths)
    pictures = noise(count)
    made, boxes = combined(pictures, numbered(count), strengths, draws_of(mosaic=[number], mixup=[number]))
    np.testing.assert_array_equal(made, pictures[0])
    assert boxes.tolist() == [[20, 16, 60, 48, 0]]


@pytest.fixture(scope="module")
def batch() -> tuple[Pixels, Floats, Floats]:
    """128 times the same five pictures with drawn numbers: pictures, boxes and draws."""
    draws = draw(0, np.zeros(128, np.int64), np.arange(128))
    return np.repeat(noise(5)[np.newaxis], 128, 0), np.array([numbered(5)] * 128, np.float32), draws


def test_so_many_pictures_are_combined_as_the_strength_says(batch: tuple[Pixels, Floats, Floats]) -> None:
    pictures, _, draws = batch
    made, placed = (tensor.numpy() for tensor in combine_by(*BOTH)(*batch))
    done = {name: draws[:, columns(name).start] < N for name in BOTH}
    changed = (made != pictures[:, 0]).any(axis=(1, 2, 3))
    np.testing.assert_array_equal(changed, done["mosaic"] | done["mixup"])
    assert 50 < done["mosaic"].sum() < 78
    np.testing.assert_array_equal((placed[..., 4] >= 0).sum(1), 1 + 3 * done["mosaic"] + done["mixup"])


def test_a_picture_is_combined_in_the_same_way_in_a_batch_of_any_size(batch: tuple[Pixels, Floats, Floats]) -> None:
    whole = combine_by(*BOTH)(*batch)
    for i in range(24):
        alone = combine_by(*BOTH)(*(array[i : i + 1] for array in batch))
        for ours, all_of_it in zip(alone, whole, strict=True):
            np.testing.assert_array_equal(ours.numpy()[0], all_of_it.numpy()[i])


# Mosaic

CENTRES = [(0.0, 0.0), (0.5, 0.5), (0.999, 0.2), (0.3, 0.999)]


def meeting_point(across: float, down: float) -> tuple[float, float]:
    return (0.35 + 0.3 * across) * WIDTH, (0.35 + 0.3 * down) * HEIGHT


@pytest.mark.parametrize("centre", CENTRES)
def test_each_corner_of_a_mosaic_shows_its_picture(centre: tuple[float, float]) -> None:
    values = [10, 80, 150, 220]
    pictures = np.stack([np.full((HEIGHT, WIDTH, 3), value, np.uint8) for value in values])
    made, _ = combined(pictures, numbered(4), MOSAIC, draws_of(mosaic=[0, *centre]))
    x, y = meeting_point(*centre)
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    np.testing.assert_array_equal(made[..., 1], np.array(values)[(across >= x) + 2 * (down >= y)])


@pytest.mark.parametrize("centre", CENTRES)
@pytest.mark.parametrize("which", range(4))
def test_boxes_lie_where_the_pixels_of_a_mosaic_are(which: int, centre: tuple[float, float]) -> None:
    box = [28, 22, 60, 40]
    boxes = [[[*box, 7], NONE] if i == which else [NONE, NONE] for i in range(4)]
    made, placed = combined(lit(box, which, 4), boxes, MOSAIC, draws_of(mosaic=[0, *centre]))
    [found] = placed
    assert found[4] == 7
    np.testing.assert_allclose(found[:4], extent(made), atol=1)


def test_a_picture_keeps_its_proportions_and_its_middle_in_its_corner() -> None:
    """The upper left corner is 0.35 × 0.65 of the picture: it shows the whole height and the middle of the width."""
    made, [found] = combined(
        lit([36, 28, 44, 36], 0, 4),
        [[[36, 28, 44, 36, 1], NONE], *([[NONE, NONE]] * 3)],
        MOSAIC,
        draws_of(mosaic=[0, 0, 1]),
    )
    x, y = 0.35 * WIDTH / 2, 0.65 * HEIGHT / 2
    np.testing.assert_allclose(found[:4], [x - 4 * 0.65, y - 4 * 0.65, x + 4 * 0.65, y + 4 * 0.65], atol=1e-4)
    np.testing.assert_allclose(found[:4], extent(made), atol=1)


@pytest.mark.parametrize(
    ("right", "share"), [(20, 0.08), (24, 0.231), (24.5, 0.246), (24.8, 0.256), (26, 0.29), (80, 0.538)]
)
def test_a_box_of_which_less_than_a_quarter_is_shown_goes(right: float, share: float) -> None:
    """Of the first picture the columns from 0.231 to 0.769 of the width are shown."""
    boxes = [[[0, 20, right, 40, 1], NONE], *([[NONE, NONE]] * 3)]
    _, placed = combined(noise(4), boxes, MOSAIC, draws_of(mosaic=[0, 0, 1]))
    assert len(placed) == (share >= 0.25)
    for found in placed:
        assert (found[2] - found[0]) / 0.65 / right == pytest.approx(share, abs=0.005)
        assert found[0] == 0


def test_a_box_is_cut_at_the_border_of_its_corner() -> None:
    whole = (0, 0, WIDTH, HEIGHT)
    _, placed = combined(noise(4), numbered(4, whole), MOSAIC, draws_of(mosaic=[0, 0.2, 0.8]))
    x, y = meeting_point(0.2, 0.8)
    corners = [[0, 0, x, y, 0], [x, 0, WIDTH, y, 1], [0, y, x, HEIGHT, 2], [x, y, WIDTH, HEIGHT, 3]]
    np.testing.assert_allclose(placed, corners, atol=1e-4)


# Mixup


@pytest.mark.parametrize(("number", "share"), [(0.0, 0.4), (0.5, 0.5), (0.75, 0.55)])
def test_mixup_lays_a_picture_over_another_and_keeps_the_boxes_of_both(number: float, share: float) -> None:
    pictures = noise(2)
    boxes = [[[1, 2, 30, 40, 3], NONE], [[5, 6, 70, 60, 2], [1, 2, 30, 40, 3]]]
    made, placed = combined(pictures, boxes, MIXUP, draws_of(mixup=[0, number]))
    first, second = pictures.astype(np.float64)
    np.testing.assert_allclose(made, share * first + (1 - share) * second, atol=0.51)
    assert placed.tolist() == [boxes[0][0], *boxes[1]]


def test_a_mosaic_is_mixed_with_the_last_picture() -> None:
    pictures = noise(5)
    mosaic, _ = combined(pictures[:4], numbered(4), MOSAIC, draws_of(mosaic=[0, 0.3, 0.6]))
    made, placed = combined(pictures, numbered(5), BOTH, draws_of(mosaic=[0, 0.3, 0.6], mixup=[0, 0.5]))
    np.testing.assert_allclose(made, mosaic / 2 + pictures[4] / 2, atol=1.01)
    assert placed[:, 4].tolist() == [0, 1, 2, 3, 4]
    assert placed[4].tolist() == [20, 16, 60, 48, 4]


# Room


@pytest.mark.parametrize(("strengths", "count"), [(MOSAIC, 4), (MIXUP, 2), (BOTH, 5)])
def test_boxes_that_are_there_come_first(strengths: dict[str, float], count: int) -> None:
    boxes = np.array([[[NONE, [20, 16, 60, 48, i]] for i in range(count)]], np.float32)
    found = combine_by(*strengths)(noise(count)[np.newaxis], boxes, draws_of(mosaic=[0], mixup=[0]))[1].numpy()
    assert found.shape == (1, 2 * count, 5)
    assert found[0, :, 4].tolist() == [*range(count)] + [-1] * count


def test_of_more_boxes_than_there_is_room_for_the_first_are_kept() -> None:
    boxes = np.zeros((1, 2, 100, 5), np.float32)
    boxes[..., 2:4] = 9
    boxes[0, 1, :, 4] = 1
    boxes[0, 0, 50:, 4] = -1
    found = combine_by(*MIXUP)(noise(2)[np.newaxis], boxes, draws_of(mixup=[0]))[1].numpy()
    assert found.shape == (1, 128, 5)
    assert found[0, :, 4].tolist() == [0] * 50 + [1] * 78
