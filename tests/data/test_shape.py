"""The input shape that follows from the pictures."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from pyramid.data.shape import nearest_side, shape_from_sizes, square_from_sizes

Sized = Callable[..., list[str]]


@pytest.fixture
def sized(tmp_path: Path) -> Sized:
    """Pictures of the given (width, height)."""

    def make(*sizes: tuple[int, int]) -> list[str]:
        paths = [str(tmp_path / f"{i}.png") for i in range(len(sizes))]
        for path, size in zip(paths, sizes, strict=True):
            Image.new("1", size).save(path)
        return paths

    return make


@pytest.mark.parametrize(
    ("sizes", "minimum", "shape"),
    [
        ([(40, 30)], 8, [40, 30, 3]),
        ([(40, 30), (50, 20), (90, 10)], 8, [50, 20, 3]),  # the median of each side
        ([(40, 30), (60, 50)], 8, [40, 30, 3]),
        ([(8, 8)], 32, [32, 32, 3]),  # enlarged
        ([(8, 16)], 32, [32, 64, 3]),  # in proportion
        ([(448, 336)], 32, [224, 168, 3]),  # 224 on the longer side
        ([(336, 448)], 32, [168, 224, 3]),
        ([(4000, 3000)], 32, [224, 168, 3]),
        ([(224, 224)], 32, [224, 224, 3]),
        ([(1000, 10)], 32, [224, 32, 3]),  # both limits hold, the proportion cannot
        ([(10, 1000)], 32, [32, 224, 3]),
        ([(1, 1)], 8, [8, 8, 3]),
    ],
)
def test_the_shape_is_the_median_size(
    sized: Sized, sizes: list[tuple[int, int]], minimum: int, shape: list[int]
) -> None:
    assert shape_from_sizes(sized(*sizes), minimum, seed=0) == shape


def test_files_that_cannot_be_read_do_not_count(sized: Sized, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture")
    bad = [str(tmp_path / "bad.png"), str(tmp_path / "absent.png"), str(tmp_path)]
    assert shape_from_sizes([*bad, *sized((40, 30))], 8, seed=0) == [40, 30, 3]
    assert shape_from_sizes(bad, 8, seed=0) is None
    assert shape_from_sizes([], 8, seed=0) is None


def test_a_sample_of_many_files_is_drawn_by_the_seed(sized: Sized) -> None:
    """One file of ten thousand names is there: nearly no sample of 500 finds it."""
    files = [*sized((40, 30)), *(f"absent{i}.png" for i in range(10_000))]
    found = [shape_from_sizes(files, 8, seed) for seed in range(20)]
    assert found.count(None) > 10
    assert found == [shape_from_sizes(files, 8, seed) for seed in range(20)]


# Detectors


@pytest.mark.parametrize(
    ("pixels", "side"),
    [(1, 32), (32, 32), (47.9, 32), (48, 64), (64, 64), (79, 64), (80, 96), (400, 416), (415, 416), (8192, 8192)],
)
def test_the_nearest_side_is_a_multiple_of_32(pixels: float, side: int) -> None:
    assert nearest_side(pixels) == side


@pytest.mark.parametrize(
    ("sizes", "side"),
    [
        ([(64, 64)], 64),
        ([(70, 20)], 64),
        ([(20, 90)], 96),
        ([(40, 100), (300, 20), (20, 130)], 128),  # the median of the longer sides
        ([(64, 64), (128, 128)], 64),
        ([(5, 7)], 32),
        ([(500, 375)], 416),  # at most
        ([(430, 10)], 416),
        ([(4000, 3000)], 416),
    ],
)
def test_the_input_of_a_detector_is_a_square_for_the_median_longer_side(
    sized: Sized, sizes: list[tuple[int, int]], side: int
) -> None:
    assert square_from_sizes(sized(*sizes), seed=0) == [side, side, 3]


def test_files_that_cannot_be_read_do_not_count_for_a_square(sized: Sized, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture")
    bad = [str(tmp_path / "bad.png"), str(tmp_path / "absent.png")]
    assert square_from_sizes([*bad, *sized((100, 40))], seed=0) == [96, 96, 3]
    assert square_from_sizes(bad, seed=0) is None
    assert square_from_sizes([], seed=0) is None
