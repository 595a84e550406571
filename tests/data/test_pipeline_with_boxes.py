"""Batches of pictures with boxes, which stay on their objects."""

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pyramid.data.dataset import Dataset
from pyramid.data.pipeline import BatchSource, training_batches

SIDE, ROWS = 64, 12

#: A rectangle of this many pixels is in picture i, as bright as `brightness` says, and its class is i.
RECTANGLES = [[10 + 2 * i, 30 - i, 30 + 2 * i, 50 - 2 * i] for i in range(ROWS)]

ALL = {"mosaic": 0.5, "mixup": 0.5, "zoom": 0.2, "rotation": 10.0, "horizontal_flip": 1.0}


def brightness(name: Any) -> Any:
    return 100 + 12 * name


@pytest.fixture(scope="module")
def pictures() -> npt.NDArray[np.uint8]:
    """uint8 [12, 64, 64, 3]: black, but for a rectangle."""
    made = np.zeros((ROWS, SIDE, SIDE, 3), np.uint8)
    for i, (x1, y1, x2, y2) in enumerate(RECTANGLES):
        made[i, y1:y2, x1:x2] = brightness(i)
    return made


def dataset_of(training: list[int], names: list[int] | None = None) -> Dataset:
    """Row i has the box of its rectangle and room for another; its class is i when no ``names`` are given."""
    targets = np.zeros((ROWS, 2, 5), np.float32)
    targets[:, 0, :4] = RECTANGLES
    targets[..., 4] = -1
    targets[:, 0, 4] = np.arange(ROWS) if names is None else names
    return Dataset(
        targets=targets,
        weights=(np.arange(ROWS) + 0.5).astype(np.float32),
        training=np.array(training, np.int64),
        holdout=np.array([0], np.int64),
        classes=[f"{i}" for i in range(ROWS)],
        mean=0.0,
        stdev=1.0,
        sides=np.full(ROWS, SIDE, np.float32),
    )


def source_of(pictures: npt.NDArray[np.uint8], strengths: dict[str, float], size: int = 8, **keys: Any) -> BatchSource:
    """Batches of the rows 2 to 11."""
    dataset = keys.get("dataset") or dataset_of(list(range(2, ROWS)))
    return BatchSource(pictures, dataset, size, keys.get("balance", False), keys.get("seed", 0), strengths)


def shown(targets: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
    """For each picture its boxes that are there."""
    return [boxes[boxes[:, 4] >= 0] for boxes in targets]


def inside(picture: npt.NDArray[np.uint8], box: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """The pixels of a channel that lie in ``box``, but for one or two at its border."""
    x1, y1 = np.ceil(box[:2] + 1).astype(int)
    x2, y2 = np.floor(box[2:4] - 1).astype(int)
    return picture[y1:y2, x1:x2, 0]


# As they are


def test_a_batch_has_the_boxes_of_its_rows(pictures: npt.NDArray[np.uint8]) -> None:
    source = source_of(pictures, {})
    assert source.target_shape == (2, 5)
    assert not source.augments
    assert not source.combines
    dataset = dataset_of([])
    for k, (images, targets, weights) in enumerate(training_batches(source).take(4).as_numpy_iterator()):
        rows = source.rows(k)
        assert (targets.shape, targets.dtype) == ((8, 2, 5), np.float32)
        np.testing.assert_array_equal(images, pictures[rows])
        np.testing.assert_array_equal(targets, dataset.targets[rows])
        np.testing.assert_array_equal(weights, rows + np.float32(0.5))


@pytest.mark.parametrize(("strengths", "room"), [({}, 2), ({"mosaic": 0.1}, 8), ({"mixup": 0.1}, 4), (ALL, 10)])
def test_the_room_for_boxes_is_known_before_the_first_batch(
    pictures: npt.NDArray[np.uint8], strengths: dict[str, float], room: int
) -> None:
    """The training step is traced once for all batches."""
    source = source_of(pictures, strengths)
    images, targets, weights = training_batches(source).element_spec
    assert images.shape.as_list()[1:] == [SIDE, SIDE, 3]
    assert targets.shape.as_list() == [8, room, 5] == [8, *source.target_shape]
    assert weights.shape.as_list() == [8]


def test_a_batch_is_balanced_by_the_rarest_classes(pictures: npt.NDArray[np.uint8]) -> None:
    """Row 4 alone has class 1; the rows 5 and 6 have no box, which is a class of its own."""
    names = [0, 0, 0, 0, 1, -1, -1, 0, 0, 0, 0, 0]
    dataset = dataset_of([1, 3, 4, 5, 6, 7, 8], names)
    dataset.targets[4, 1] = [1, 2, 3, 4, 0]
    source = source_of(pictures, {}, 9, dataset=dataset, balance=True)
    for k in range(4):
        rows = Counter(source.rows(k).tolist())
        assert rows[4] == 3
        assert rows[5] + rows[6] == 3
        assert sum(rows[row] for row in (1, 3, 7, 8)) == 3


# Augmented


@pytest.mark.parametrize(
    "strengths",
    [
        {"vertical_flip": 1.0, "horizontal_flip": 1.0},
        {"width_shift": 0.4, "height_shift": 0.3},
        {"zoom": 0.3, "width_shift": 0.2, "horizontal_flip": 1.0},
    ],
    ids=lambda strengths: "+".join(strengths),
)
def test_a_box_moves_with_its_rectangle(pictures: npt.NDArray[np.uint8], strengths: dict[str, float]) -> None:
    source = source_of(pictures, strengths, 40)
    images, targets, _ = source.batch(0)
    boxes = shown(targets)
    assert sum(map(len, boxes)) > 35
    moved = 0
    for picture, row, found in zip(images, source.rows(0), boxes, strict=True):
        ys, xs = np.nonzero(picture[..., 0] > brightness(row) / 2)
        for box in found:
            assert box[4] == row
            np.testing.assert_allclose(box[:4], [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1], atol=1)
            moved += np.abs(box[:4] - RECTANGLES[row]).max() > 1
    assert moved > 15


def test_a_rectangle_that_is_moved_out_has_no_box(pictures: npt.NDArray[np.uint8]) -> None:
    images, targets, _ = source_of(pictures, {"width_shift": 1.0}, 40).batch(0)
    lit = (images[..., 0] > 40).sum(axis=(1, 2))
    assert (lit == 0).sum() > 3
    assert all(len(boxes) == 0 for boxes, pixels in zip(shown(targets), lit, strict=True) if pixels == 0)


def test_colours_move_no_box(pictures: npt.NDArray[np.uint8]) -> None:
    source = source_of(pictures, {"brightness": 0.5})
    images, targets, _ = source.batch(0)
    assert (images != pictures[source.rows(0)]).any()
    np.testing.assert_array_equal(targets, dataset_of([]).targets[source.rows(0)])


@pytest.mark.parametrize(
    "strengths", [{"mosaic": 1.0}, {"mosaic": 1.0, "horizontal_flip": 1.0, "zoom": 0.1}], ids=["alone", "and moved"]
)
def test_the_boxes_of_a_mosaic_lie_on_their_rectangles(
    pictures: npt.NDArray[np.uint8], strengths: dict[str, float]
) -> None:
    """Each is as bright as its class says; so it is the box of this rectangle and of no other."""
    images, targets, _ = source_of(pictures, strengths, 24).batch(0)
    boxes = shown(targets)
    assert sum(map(len, boxes)) > 2 * 24
    for picture, found in zip(images, boxes, strict=True):
        for box in found:
            assert set(inside(picture, box).ravel().tolist()) <= {brightness(box[4])}
    assert (
        sum(inside(picture, box).size > 0 for picture, found in zip(images, boxes, strict=True) for box in found) > 48
    )


def test_both_rectangles_of_a_mixup_have_their_box(pictures: npt.NDArray[np.uint8]) -> None:
    source = source_of(pictures, {"mixup": 1.0}, 24)
    images, targets, _ = source.batch(0)
    for picture, row, boxes in zip(images, source.rows(0), shown(targets), strict=True):
        assert boxes[0, 4] == row
        assert len(boxes) == 2
        covered = np.zeros((SIDE, SIDE), bool)
        for x1, y1, x2, y2, _ in boxes.astype(int):
            covered[y1:y2, x1:x2] = True
        np.testing.assert_array_equal(picture[..., 0] > 0, covered)


def test_partners_are_training_pictures_with_a_weight(pictures: npt.NDArray[np.uint8]) -> None:
    dataset = dataset_of([2, 3, 5, 7, 11])
    dataset.weights[[3, 7]] = 0
    source = source_of(pictures, {"mosaic": 1.0, "mixup": 1.0}, 40, dataset=dataset)
    gathered, targets, weights, draws = source.gather(0)
    assert source.combines
    assert gathered.shape == (40, 5, SIDE, SIDE, 3)
    assert targets.shape == (40, 5, 2, 5)
    assert (len(weights), len(draws)) == (40, 40)
    np.testing.assert_array_equal(targets[:, 0, 0, 4], source.rows(0))
    assert set(targets[..., 0, 4].ravel().tolist()) == {2, 5, 11}
    np.testing.assert_array_equal(gathered.max(axis=(2, 3, 4)), brightness(targets[..., 0, 4]))
    for part, whole in zip(source.gather(0, 3), source.gather(0), strict=True):
        np.testing.assert_array_equal(part, whole[:3])


# The same everywhere


Batch = list[npt.NDArray[Any]]


@pytest.fixture(scope="module")
def reference(pictures: npt.NDArray[np.uint8]) -> Batch:
    """The pictures, boxes and weights of 24 draws under all kinds of augmentation."""
    source = source_of(pictures, ALL)
    return [np.concatenate(column) for column in zip(*(source.batch(k) for k in range(3)), strict=True)]


@pytest.fixture(scope="module")
def trained(pictures: npt.NDArray[np.uint8]) -> Batch:
    """The same, by way of tf.data, from the second batch on."""
    batches = training_batches(source_of(pictures, ALL), first=1, threads=2).take(2)
    return [np.concatenate(column) for column in zip(*batches.as_numpy_iterator(), strict=True)]


def test_training_batches_are_those_of_the_source(reference: Batch, trained: Batch) -> None:
    np.testing.assert_array_equal(trained[0], reference[0][8:])
    np.testing.assert_allclose(trained[1], reference[1][8:], atol=1e-4)
    np.testing.assert_array_equal(trained[2], reference[2][8:])


def test_boxes_are_the_same_bit_by_bit_wherever_they_are_moved(reference: Batch, trained: Batch) -> None:
    """As pictures are: a worker beside a trial makes its batches with `batch`."""
    np.testing.assert_array_equal(trained[1], reference[1][8:])


def test_each_epoch_and_each_seed_combines_others(pictures: npt.NDArray[np.uint8]) -> None:
    def by_row(k: int, seed: int) -> dict[int, bytes]:
        source = source_of(pictures, {"mosaic": 1.0}, 10, seed=seed)
        targets = source.gather(k)[1]
        return {int(row): boxes.tobytes() for row, boxes in zip(source.rows(k), targets, strict=True)}

    first, second, other = by_row(0, 0), by_row(1, 0), by_row(0, 1)
    assert first == by_row(0, 0)
    assert first.keys() == second.keys() == other.keys()
    assert first != second
    assert first != other
