"""Batches: which rows, in which order, with which pixels."""

from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyramid.data.dataset import Dataset
from pyramid.data.pipeline import BatchSource, Sampler, training_batches

ROWS = st.lists(st.integers(0, 10_000), min_size=1, max_size=40, unique=True).map(lambda rows: np.array(rows, np.int64))
SIZES = st.integers(1, 70)
SEEDS = st.integers(0, 2**31 - 1)


def drawn(sampler: Sampler, batches: int) -> npt.NDArray[np.int64]:
    """All rows of the first ``batches`` batches."""
    return np.concatenate([sampler.batch(k)[0] for k in range(batches)])


@given(ROWS, SIZES, SEEDS)
@settings(deadline=None)
def test_every_row_is_drawn_once_an_epoch(rows: npt.NDArray[np.int64], size: int, seed: int) -> None:
    """Epochs follow each other without a gap, also in the middle of a batch."""
    epochs = 3
    sampler = Sampler(rows, size, seed)
    order = drawn(sampler, -(-epochs * len(rows) // size))
    for epoch in range(epochs):
        assert sorted(order[epoch * len(rows) : (epoch + 1) * len(rows)]) == sorted(rows)


@given(ROWS, SIZES, SEEDS, st.lists(st.integers(0, 2**40), min_size=1, max_size=8), st.booleans())
@settings(deadline=None)
def test_a_batch_follows_from_its_number_alone(
    rows: npt.NDArray[np.int64], size: int, seed: int, numbers: list[int], balanced: bool
) -> None:
    """A resumed run continues as the unbroken one would, whatever was asked for before."""
    classes = (rows % 3).astype(np.float32) if balanced else None
    used = Sampler(rows, size, seed, classes)
    in_any_order = {k: used.batch(k)[0] for k in [*numbers, *sorted(numbers)]}
    for k in numbers:
        fresh = Sampler(rows, size, seed, classes).batch(k)[0]
        assert fresh.shape == (size,)
        assert fresh.dtype == np.int64
        assert np.array_equal(fresh, in_any_order[k])


def test_every_epoch_has_another_order_and_so_has_every_seed() -> None:
    rows = np.arange(50)
    orders = {tuple(Sampler(rows, 50, seed).batch(epoch)[0]) for seed in range(3) for epoch in range(10)}
    assert len(orders) == 30
    assert tuple(rows) not in orders


@given(ROWS, st.integers(1, 5), SIZES, SEEDS)
@settings(deadline=None)
def test_balanced_draws_are_equal_for_each_class(rows: npt.NDArray[np.int64], kinds: int, size: int, seed: int) -> None:
    """At any point no class is more than one draw ahead, and each goes through its own rows."""
    classes = (rows % kinds).astype(np.float32)
    present = len(set(classes))
    order = drawn(Sampler(rows, size, seed, classes), 6)
    for end in range(1, len(order) + 1, 7):
        seen = Counter(order[:end] % kinds)
        assert max(seen.values()) - (min(seen.values()) if len(seen) == present else 0) <= 1
    for kind in set(classes):
        mine = order[order % kinds == kind]
        own = sorted(rows[classes == kind])
        for epoch in range(len(mine) // len(own)):
            assert sorted(mine[epoch * len(own) : (epoch + 1) * len(own)]) == own


def test_a_balanced_batch_has_as_many_of_a_rare_class() -> None:
    rows = np.arange(101)
    classes = (rows == 100).astype(np.float32)
    batch = Sampler(rows, 32, 0, classes).batch(5)[0]
    assert (batch == 100).sum() == 16


# Batches

WIDTH, HEIGHT = 5, 4


def pictures_of(rows: int) -> npt.NDArray[np.uint8]:
    """uint8 [rows, 4, 5, 3]: every pixel of picture i is i."""
    return np.broadcast_to(np.arange(rows, dtype=np.uint8)[:, None, None, None], (rows, HEIGHT, WIDTH, 3)).copy()


def dataset_of(training: list[int], weights: npt.NDArray[np.float32] | None = None, rows: int = 40) -> Dataset:
    """Row i has the target i % 4 and, without ``weights``, the weight i + 0.5."""
    return Dataset(
        targets=(np.arange(rows) % 4).astype(np.float32),
        weights=(np.arange(rows) + 0.5).astype(np.float32) if weights is None else weights,
        training=np.array(training, np.int64),
        holdout=np.array([i for i in range(rows) if i not in training], np.int64),
        classes=["a", "b", "c", "d"],
        mean=0.0,
        stdev=1.0,
    )


@pytest.mark.parametrize("mapped", [False, True], ids=["memory", "file"])
@pytest.mark.parametrize("balance", [False, True])
def test_a_batch_has_the_pixels_targets_and_weights_of_its_rows(tmp_path: Path, mapped: bool, balance: bool) -> None:
    pictures = pictures_of(40)
    if mapped:
        pictures.tofile(tmp_path / "pictures")
        pictures = np.memmap(tmp_path / "pictures", np.uint8, "r", shape=pictures.shape)
    training = [1, 2, 3, 5, 8, 13, 21, 34, 36]
    batches = list(
        training_batches(BatchSource(pictures, dataset_of(training), 6, balance, 3, {})).take(12).as_numpy_iterator()
    )
    assert len(batches) == 12
    for images, targets, weights in batches:
        assert (images.shape, images.dtype) == ((6, HEIGHT, WIDTH, 3), np.uint8)
        assert (targets.shape, targets.dtype) == ((6,), np.float32)
        assert (weights.shape, weights.dtype) == ((6,), np.float32)
        rows = images[:, 0, 0, 0]
        assert (images == rows[:, None, None, None]).all()
        assert np.array_equal(targets, rows % 4)
        assert np.array_equal(weights, rows + 0.5)
    assert {int(row) for images, _, _ in batches for row in images[:, 0, 0, 0]} == set(training)


def test_the_shapes_are_known_before_the_first_batch() -> None:
    """The training step is traced once for all batches."""
    images, targets, weights = training_batches(
        BatchSource(pictures_of(40), dataset_of([1, 2]), 6, False, 0, {})
    ).element_spec
    assert images.shape.as_list() == [6, HEIGHT, WIDTH, 3]
    assert targets.shape.as_list() == weights.shape.as_list() == [6]


@pytest.mark.parametrize("balance", [False, True])
def test_rows_of_weight_0_are_never_drawn(balance: bool) -> None:
    weights = np.ones(40, np.float32)
    weights[[0, 4, 8, 7]] = 0
    dataset = dataset_of(list(range(12)), weights)
    batches = training_batches(BatchSource(pictures_of(40), dataset, 8, balance, 0, {})).take(9).as_numpy_iterator()
    rows = Counter(int(row) for images, _, _ in batches for row in images[:, 0, 0, 0])
    assert set(rows) == {1, 2, 3, 5, 6, 9, 10, 11}
    if not balance:
        assert set(rows.values()) == {9}


def test_a_balanced_batch_has_equally_many_of_each_class() -> None:
    rare = [0, 1, 5, 9, 13, 17, 21, 2, 6, 10, 3]  # of the classes 0, 1, 2 and 3: one, six, three and one
    batches = training_batches(BatchSource(pictures_of(40), dataset_of(rare), 8, True, 0, {}))
    for _, targets, _ in batches.take(5).as_numpy_iterator():
        assert np.bincount(targets.astype(int)).tolist() == [2, 2, 2, 2]


def test_batches_may_be_larger_than_the_data() -> None:
    batches = training_batches(BatchSource(pictures_of(40), dataset_of([4, 9]), 32, False, 0, {}))
    [(images, _, _)] = batches.take(1).as_numpy_iterator()
    assert Counter(images[:, 0, 0, 0].tolist()) == {4: 16, 9: 16}


def test_the_same_seed_gives_the_same_batches() -> None:
    def rows(seed: int) -> list[int]:
        batches = training_batches(BatchSource(pictures_of(40), dataset_of(list(range(40))), 16, False, seed, {})).take(
            4
        )
        return [row for images, _, _ in batches.as_numpy_iterator() for row in images[:, 0, 0, 0].tolist()]

    assert rows(1) == rows(1)
    assert rows(1) != rows(2)


@pytest.mark.parametrize("balance", [False, True])
def test_a_row_has_its_epoch_with_it(balance: bool) -> None:
    """How often it was drawn before: so each epoch shows it under other augmentations."""
    rows = np.array([3, 5, 7, 9, 11, 13])
    sampler = Sampler(rows, 4, 1, np.array([0, 0, 0, 0, 1, 1], np.float32) if balance else None)
    before: Counter[int] = Counter()
    for k in range(20):
        for row, epoch in zip(*sampler.batch(k), strict=True):
            assert epoch == before[row]
            before[row] += 1


AUGMENTED = {"rotation": 20.0, "gaussian_noise": 0.2, "blur": 0.5, "horizontal_flip": 1.0}


def augmented_batches(pictures: npt.NDArray[np.uint8], size: int, seed: int = 0) -> BatchSource:
    return BatchSource(pictures, dataset_of(list(range(40))), size, False, seed, AUGMENTED)


@pytest.fixture(scope="module")
def noise() -> npt.NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (40, HEIGHT, WIDTH, 3), np.uint8)


@pytest.mark.parametrize("size", [1, 3, 7, 32, 40])
def test_a_picture_is_augmented_in_the_same_way_in_a_batch_of_any_size(noise: npt.NDArray[np.uint8], size: int) -> None:
    reference = np.concatenate([augmented_batches(noise, 8).batch(k)[0] for k in range(15)])
    batches = training_batches(augmented_batches(noise, size)).take(-(-120 // size)).as_numpy_iterator()
    found = np.concatenate([images for images, _, _ in batches])
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found[:120], reference)


def test_augmentation_starts_at_any_batch_and_runs_on_any_number_of_threads(noise: npt.NDArray[np.uint8]) -> None:
    source = augmented_batches(noise, 8)
    for k, batch in enumerate(training_batches(source, first=7, threads=3).take(6).as_numpy_iterator(), 7):
        for ours, theirs in zip(source.batch(k), batch, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_each_epoch_and_each_seed_augments_otherwise(noise: npt.NDArray[np.uint8]) -> None:
    def by_row(k: int, seed: int) -> dict[int, bytes]:
        source = augmented_batches(noise, 40, seed)
        return {int(row): image.tobytes() for row, image in zip(source.rows(k), source.batch(k)[0], strict=True)}

    first, second, other = by_row(0, 0), by_row(1, 0), by_row(0, 1)
    assert first == by_row(0, 0)
    assert all(first[row] != second[row] and first[row] != other[row] for row in range(40))
