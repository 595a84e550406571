"""The input shape that follows from the pictures."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from pyramid.data.shape import shape_from_sizes

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
