"""Copies are found whatever their compression and size, and pictures that only resemble each other are not."""

import io

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from skimage import data
from sklearn.datasets import load_sample_image

from pyramid.data.duplicates import NEAR, find_duplicates, thumbnail

SIDE = 96


def photographs() -> list[Image.Image]:
    arrays = [load_sample_image("china.jpg"), load_sample_image("flower.jpg"), data.astronaut(), data.coffee()]
    arrays += [data.chelsea(), data.rocket()]
    return [Image.fromarray(array) for array in arrays]


def pixels_of(image: Image.Image) -> npt.NDArray[np.uint8]:
    return np.asarray(image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR), np.uint8)


def saved_anew(image: Image.Image, quality: int, share: float) -> Image.Image:
    file = io.BytesIO()
    size = tuple(int(side * share) for side in image.size)
    image.resize(size, Image.Resampling.LANCZOS).save(file, "JPEG", quality=quality)
    return Image.open(file)


def moved(image: Image.Image) -> Image.Image:
    """By a twentieth of its width."""
    return image.crop((image.width // 20, 0, image.width, image.height))


def difference(one: Image.Image, other: Image.Image) -> float:
    a, b = (thumbnail(pixels_of(image)).astype(float) for image in (one, other))
    return float(np.sqrt(np.mean(np.square(a - b))))


@pytest.mark.parametrize(("quality", "share"), [(50, 1.0), (90, 0.5), (60, 0.4)])
def test_a_photograph_that_was_saved_anew_is_near(quality: int, share: float) -> None:
    assert max(difference(image, saved_anew(image, quality, share)) for image in photographs()) < NEAR


def test_a_photograph_that_was_moved_is_not() -> None:
    assert min(difference(image, moved(image)) for image in photographs()) > NEAR


def test_copies_are_told_with_their_files_and_labels() -> None:
    images = photographs()
    first, second = images[0], images[1]
    listed = [*images, first, saved_anew(second, 70, 0.6), moved(images[2])]
    pixels = np.stack([pixels_of(image) for image in listed])
    files = [f"{i}.png" for i in range(len(listed))]
    labels = ["a", "b", "a", "b", "a", "b", "b", "b", "a"]
    training, holdout = np.arange(6), np.array([6, 7, 8])
    found = find_duplicates(pixels, files, labels, training, holdout)
    assert found.counts == {"exact": 2, "conflicting": 1, "across": 2, "compared": 3}
    assert found.exact == [["0.png", "6.png"]]
    assert found.conflicting == [[["0.png", "a"], ["6.png", "b"]]]
    assert [pair[:2] for pair in found.across] == [["0.png", "6.png"], ["1.png", "7.png"]]
    assert found.across[0][2] == 0
    assert len(found.notes()) == 2


def test_of_copies_with_different_boxes_the_classes_are_told() -> None:
    pixels = np.stack([pixels_of(photographs()[0])] * 3)
    labels: list[list[tuple[float, float, float, float, str]]] = [[(0, 0, 9, 9, "cat")] * 2, [(0, 0, 9, 9, "dog")], []]
    found = find_duplicates(pixels, list("abc"), labels, np.array([0, 1, 2]), np.array([], np.int64))
    assert found.conflicting == [[["a", "2 cat"], ["b", "1 dog"], ["c", "no object"]]]


def test_rows_that_are_left_out_and_files_that_are_listed_twice_are_no_copies() -> None:
    pixels = np.stack([pixels_of(image) for image in (*photographs()[:3], photographs()[0], photographs()[2])])
    files = ["a", "b", "c", "bad", "c"]
    found = find_duplicates(pixels, files, list("xxxxx"), np.array([0, 1, 2, 4]), np.array([], np.int64))
    assert found.counts == {"exact": 0, "conflicting": 0, "across": 0, "compared": 0}
    assert found.notes() == []


def test_training_pictures_as_holdout_are_not_told_one_by_one() -> None:
    pixels = np.stack([pixels_of(image) for image in photographs()])
    rows = np.arange(len(pixels))
    assert find_duplicates(pixels, list("abcdef"), list("xyxyxy"), rows, rows).counts["across"] == 0


def test_of_a_large_holdout_a_part_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyramid.data.duplicates.MOST_PAIRS", 4)
    pixels = np.stack([pixels_of(image) for image in [*photographs()[:2], *photographs()[:4]]])
    found = find_duplicates(pixels, list("abcdef"), list("xyxyxy"), np.array([0, 1]), np.array([2, 3, 4, 5]))
    assert found.counts["compared"] == 2
    assert [pair[:2] for pair in found.across] == [["a", "c"]]
