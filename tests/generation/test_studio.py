"""Pictures and their rows: which objects have a label, and which label a picture has."""

import io
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from pyramid.generation.studio import make
from tests.generation.making import (
    BLUE,
    CLASSES,
    GREEN,
    RED,
    WHITE,
    box_around,
    opaque,
    plain,
    studio_of,
    write,
    write_sources,
)


@pytest.fixture
def folder(tmp_path):
    """Opaque rectangles in the colours of their classes, on black."""
    write_sources(tmp_path)
    for path in (tmp_path / "backgrounds").iterdir():
        path.unlink()
    write(tmp_path / "backgrounds" / "0.png", plain(64, 64))
    return tmp_path


def pictures(studio, count=60):
    return [studio.picture(number) for number in range(count)]


def seen(pixels, colour):
    return (pixels == colour).all(axis=2)


def test_a_lone_object_has_the_box_of_the_pixels_that_differ_from_the_background(folder):
    for picture in pictures(studio_of(folder, input_image_shape=[64, 48, 3])):
        assert picture.pixels.shape == (48, 64, 3)
        [box] = picture.row["boxes"]
        assert tuple(box[:4]) == box_around(picture.pixels.any(axis=2))
        assert seen(picture.pixels, CLASSES[box[4]]).any()


@pytest.mark.parametrize("margin", [0, 1, 5, 100])
def test_the_margin_widens_and_is_clipped(folder, margin):
    touching = 0
    for tight, wide in zip(
        pictures(studio_of(folder), 20), pictures(studio_of(folder, bounding_box_margin=margin), 20), strict=True
    ):
        np.testing.assert_array_equal(tight.pixels, wide.pixels)
        [[x1, y1, x2, y2, label]], [box] = tight.row["boxes"], wide.row["boxes"]
        expected = [max(0, x1 - margin), max(0, y1 - margin), min(32, x2 + margin), min(32, y2 + margin)]
        assert box == [*expected, label]
        assert all(type(side) is int for side in box[:4])
        touching += expected != [x1 - margin, y1 - margin, x2 + margin, y2 + margin]
    assert touching or margin < 5


def test_one_class_for_all_boxes(folder):
    studio = studio_of(folder, constant_box_label="thing", max_foreground_images=3)
    assert {box[4] for picture in pictures(studio) for box in picture.row["boxes"]} == {"thing"}
    assert {box[4] for picture in pictures(studio_of(folder)) for box in picture.row["boxes"]} == set(CLASSES)


def test_the_constant_label_may_be_empty(folder):
    studio = studio_of(folder, constant_box_label="")
    assert {box[4] for picture in pictures(studio, 5) for box in picture.row["boxes"]} == {""}


def test_files_in_no_folder_have_the_empty_class(tmp_path):
    write(tmp_path / "foregrounds" / "a.png", opaque(9, 9, RED))
    assert {box[4] for picture in pictures(studio_of(tmp_path), 5) for box in picture.row["boxes"]} == {""}


def test_what_is_hidden_too_much_has_no_label_but_its_pixels_stay(folder):
    """Of the same pictures: a stricter limit leaves out boxes, and nothing else."""
    made = [
        pictures(studio_of(folder, max_foreground_images=12, minimum_visibility=limit)) for limit in (0, 0.25, 0.75, 1)
    ]
    counts = [sum(len(picture.row["boxes"]) for picture in one) for one in made]
    assert counts[0] > counts[1] > counts[2] > counts[3] > 0
    for strict, stricter in pairwise(made):
        for before, after in zip(strict, stricter, strict=True):
            np.testing.assert_array_equal(before.pixels, after.pixels)
            assert [box for box in before.row["boxes"] if box in after.row["boxes"]] == after.row["boxes"]


def test_an_object_of_which_exactly_the_limit_is_left_has_a_label(tmp_path):
    """A red object with a distractor over its left or right half: half of it is left, or all of it."""
    write(tmp_path / "foregrounds" / "red" / "a.png", opaque(32, 32, RED))
    write(tmp_path / "others" / "b.png", opaque(16, 32, GREEN))
    for limit, expected in ((0.5, {1}), (0.51, {0, 1})):
        keys = {"distractors_root": str(tmp_path / "others"), "max_distractors": 1, "minimum_visibility": limit}
        made = pictures(studio_of(tmp_path, **keys), 40)
        assert {len(picture.row["boxes"]) for picture in made} == expected
        for picture in made:
            left = seen(picture.pixels, RED).mean()
            assert left in (0.5, 1)
            assert len(picture.row["boxes"]) == (left >= limit)


def test_what_cannot_be_seen_at_all_has_no_label_whatever_the_limit(tmp_path):
    """A distractor that covers all of the picture lies above in half of the pictures that have one."""
    write(tmp_path / "foregrounds" / "red" / "a.png", opaque(8, 8, RED))
    write(tmp_path / "others" / "b.png", opaque(32, 32, GREEN))
    keys = {"distractors_root": str(tmp_path / "others"), "max_distractors": 1, "minimum_visibility": 0}
    made = pictures(studio_of(tmp_path, **keys), 40)
    assert [len(picture.row["boxes"]) for picture in made] == [int(seen(p.pixels, RED).any()) for p in made]
    assert {len(picture.row["boxes"]) for picture in made} == {0, 1}


def test_distractors_are_pasted_but_never_labelled(folder):
    write(folder / "others" / "deep" / "a.png", opaque(6, 6, BLUE))
    keys = {"distractors_root": str(folder / "others"), "max_distractors": 3}
    made = pictures(studio_of(folder, **keys))
    assert {len(picture.row["boxes"]) for picture in made} <= {0, 1}
    assert {box[4] for picture in made for box in picture.row["boxes"]} == set(CLASSES)
    assert sum(seen(picture.pixels, BLUE).any() for picture in made) > 30


def test_empty_pictures_have_an_empty_list_of_boxes(folder):
    for keys in ({"max_foreground_images": 0}, {"empty_image_rate": 1}):
        for picture in pictures(studio_of(folder, **keys), 5):
            assert picture.row["boxes"] == []
            assert not picture.pixels.any()


def test_32_objects_have_up_to_32_boxes(folder):
    """One pixel each: they hardly ever cover each other."""
    keys = {"max_foreground_images": 32, "occupancy_range": [0, 0], "input_image_shape": [96, 96, 3]}
    counts = [len(picture.row["boxes"]) for picture in pictures(studio_of(folder, **keys), 100)]
    assert (min(counts), max(counts)) == (1, 32)


def test_the_label_is_that_of_the_last_object_that_can_be_seen(folder):
    """The boxes of the same pictures are in the order in which the objects were drawn."""
    keys = {"max_foreground_images": 4, "empty_image_rate": 0.2}
    boxes, labels = (
        pictures(studio_of(folder, objective_type=objective, **keys)) for objective in ("bounding_box", "categorical")
    )
    for with_boxes, with_label in zip(boxes, labels, strict=True):
        np.testing.assert_array_equal(with_boxes.pixels, with_label.pixels)
        drawn = [box[4] for box in with_boxes.row["boxes"]]
        assert with_label.row["label"] == (drawn[-1] if drawn else "background")
        assert "boxes" not in with_label.row


def test_the_label_of_empty_pictures_can_be_chosen(folder):
    studio = studio_of(folder, objective_type="categorical", empty_image_rate=1, background_label="nothing")
    assert {picture.row["label"] for picture in pictures(studio, 5)} == {"nothing"}


def test_a_picture_whose_only_object_is_hidden_counts_as_background(tmp_path):
    write(tmp_path / "foregrounds" / "red" / "a.png", opaque(8, 8, RED))
    write(tmp_path / "others" / "b.png", opaque(32, 32, GREEN))
    keys = {"distractors_root": str(tmp_path / "others"), "max_distractors": 1, "objective_type": "categorical"}
    for picture in pictures(studio_of(tmp_path, **keys), 20):
        assert picture.row["label"] == ("red" if seen(picture.pixels, RED).any() else "background")


def test_occupancy_above_1_fills_the_picture(tmp_path):
    write(tmp_path / "foregrounds" / "red" / "a.png", opaque(50, 50, RED))
    for picture in pictures(studio_of(tmp_path, occupancy_range=[1.2, 1.8]), 10):
        assert picture.row["boxes"] == [[0, 0, 32, 32, "red"]]
        assert seen(picture.pixels, RED)[1:-1, 1:-1].all()


def test_a_foreground_without_alpha_is_a_rectangle(tmp_path):
    write(tmp_path / "foregrounds" / "white" / "a.jpg", plain(10, 6, WHITE))
    write(tmp_path / "backgrounds" / "0.png", plain(32, 32))
    for picture in pictures(studio_of(tmp_path), 5):
        [[x1, y1, x2, y2, _]] = picture.row["boxes"]
        assert (x2 - x1, y2 - y1) == (10, 6)
        assert picture.pixels[y1:y2, x1:x2].min() > 250
        assert (picture.pixels > 0).any(axis=2).sum() == 60


def test_png_and_lossless_rows_hold_what_is_shown(folder):
    studio = studio_of(folder)
    for made in make(studio, [0, 5, 3]):
        picture = studio.picture(made.number)
        assert made.row == picture.row
        assert made.row["file"] == f"train/00000{made.number}.png"
        with Image.open(io.BytesIO(made.content)) as image:
            assert (image.format, image.mode) == ("PNG", "RGB")
            np.testing.assert_array_equal(np.asarray(image), picture.pixels)


@pytest.mark.parametrize(("image_format", "name", "ending"), [("jpeg", "JPEG", ".jpg"), ("webp", "WEBP", ".webp")])
def test_other_formats_are_as_good_as_is_asked(folder, image_format, name, ending):
    sizes, errors = [], []
    for quality in (10, 95):
        studio = studio_of(folder, image_format=image_format, image_quality=quality, input_image_shape=[64, 64, 3])
        [made] = make(studio, [2])
        with Image.open(io.BytesIO(made.content)) as image:
            assert image.format == name
            difference = np.asarray(image.convert("RGB"), float) - studio.picture(2).pixels
        assert made.row["file"] == f"train/000002{ending}"
        sizes.append(len(made.content))
        errors.append(np.abs(difference).mean())
    assert sizes[0] < sizes[1]
    assert errors[1] < errors[0]
    assert errors[1] < 12


def test_names_sort_as_numbers_do(folder):
    studio = studio_of(folder)
    names = [studio.picture(number).row["file"] for number in (0, 9, 10, 999_999)]
    assert names == sorted(names) == [f"train/{name}.png" for name in ("000000", "000009", "000010", "999999")]
    assert studio.picture(10**8 - 1).row["file"] == "train/99999999.png"
