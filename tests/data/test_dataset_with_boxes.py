"""Examples with boxes and what became of their pictures -> what the trials learn from."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from pyramid.data.boxes import NO_AREA, OUTSIDE, REPEATED
from pyramid.data.dataset import Dataset, Summary, make_dataset
from pyramid.data.examples import Examples
from pyramid.errors import DataError
from pyramid.settings.train import TrainSettings
from tests.data.making import examples_of

Settings = Callable[..., TrainSettings]
Make = Callable[..., tuple[Dataset, Summary]]

WIDTH, HEIGHT, SIDE = 100, 50, 64

CAT, DOG, OWL = ((10 * i, 5, 10 * i + 30, 45, name) for i, name in enumerate(("cat", "dog", "owl")))

AWAY = (200, 5, 210, 45, "cat")


@pytest.fixture
def make(settings: Settings) -> Make:
    """The data set of pictures of 100 × 50 pixels and settings with the given keys."""
    rows = [{"file": "a.png", "boxes": [CAT]}]

    def made(examples: Examples, bad: dict[int, str] | None = None, **keys: Any) -> tuple[Dataset, Summary]:
        sizes = np.array([[0, 0] if i in (bad or {}) else [WIDTH, HEIGHT] for i in range(len(examples.files))])
        made_settings = settings(training_data=rows, **keys)
        return make_dataset(made_settings, examples, bad or {}, sizes.astype(np.int32), [SIDE, SIDE, 3])

    return made


def warnings(summary: Summary) -> list[str]:
    return [note for note in summary.notes if note.startswith("WARNING")]


def test_targets_are_boxes_at_the_scale_of_the_input_with_the_place_of_their_class(make: Make) -> None:
    dataset, summary = make(examples_of([[OWL, CAT], [DOG]] * 20))
    assert dataset.classes == ["cat", "dog", "owl"]
    assert dataset.targets.dtype == np.float32
    assert dataset.targets.shape == (40, 2, 5)
    scaled = [np.array(box[:4]) * SIDE / WIDTH for box in (OWL, CAT, DOG)]
    np.testing.assert_allclose(dataset.targets[0, :, :4], scaled[:2], rtol=1e-6)
    np.testing.assert_allclose(dataset.targets[1, 0, :4], scaled[2], rtol=1e-6)
    assert dataset.targets[::2, :, 4].tolist() == [[2, 0]] * 20
    assert dataset.targets[1::2, :, 4].tolist() == [[1, -1]] * 20
    assert (dataset.mean, dataset.stdev) == (0.0, 1.0)
    assert warnings(summary) == []


def test_the_longer_sides_of_the_original_pictures(settings: Settings) -> None:
    sizes = np.array([[100, 50], [30, 70], [0, 0], [60, 60]], np.int32)
    examples = examples_of([[CAT], [], [CAT], [CAT]])
    keys = {"training_data": [{"file": "a.png", "boxes": [CAT]}]}
    dataset, _ = make_dataset(settings(**keys), examples, {2: "missing"}, sizes, [64, 64, 3])
    assert dataset.sides.dtype == np.float32
    assert dataset.sides.tolist() == [100, 70, 0, 60]


def test_labels_have_no_sides_and_their_strata_are_the_targets(settings: Settings) -> None:
    examples = examples_of(["a", "b"] * 20)
    examples.objective, examples.loss = "categorical", "crossentropy"
    dataset, summary = make_dataset(settings(), examples, {}, np.full((40, 2), 9, np.int32), [64, 64, 3])
    assert dataset.sides.shape == (0,)
    assert dataset.strata.tolist() == dataset.targets.tolist() == [0, 1] * 20
    assert (summary.boxes_left_out, summary.boxes_told) == ({}, [])


# The sides


def test_the_split_keeps_the_shares_of_the_rarest_classes(make: Make) -> None:
    pictures = [[CAT, (*CAT[:3], 44, "cat")]] * 60 + [[CAT, DOG]] * 20 + [[]] * 20
    dataset, summary = make(examples_of(pictures))
    assert (len(dataset.training), len(dataset.holdout)) == (80, 20)
    assert sorted([*dataset.training, *dataset.holdout]) == list(range(100))
    assert np.bincount(dataset.strata[dataset.holdout].astype(int) + 1).tolist() == [4, 12, 4]
    assert (summary.rows, summary.training_rows, summary.holdout_rows) == (100, 80, 20)
    assert warnings(summary) == []


def test_the_only_picture_of_a_class_is_learned(make: Make) -> None:
    for seed in range(10):
        dataset, summary = make(examples_of([[CAT]] * 40 + [[CAT, OWL]]), seed=seed)
        assert 40 in dataset.training
        assert warnings(summary) == []


def test_the_seed_decides_the_split(make: Make) -> None:
    examples = examples_of([[CAT], [DOG]] * 30)
    holdouts = [make(examples, seed=seed)[0].holdout.tolist() for seed in (1, 1, 2)]
    assert holdouts[0] == holdouts[1] != holdouts[2]


def test_a_class_that_only_the_holdout_has(make: Make) -> None:
    dataset, summary = make(examples_of([[CAT], [], [CAT, OWL, DOG]], validation_rows=1))
    assert dataset.classes == ["cat", "dog", "owl"]
    assert dataset.holdout.tolist() == [2]
    assert warnings(summary) == ["WARNING: only the holdout has the classes dog, owl: they cannot be learned"]


def test_a_class_that_only_the_training_data_has_is_no_matter(make: Make) -> None:
    _, summary = make(examples_of([[CAT, DOG], [], [CAT]], validation_rows=1))
    assert warnings(summary) == []


def test_the_only_group_with_boxes_is_learned(make: Make) -> None:
    """Without a box to train on there are no anchors either; an error that says so would do as well."""
    examples = examples_of([[CAT], *([[]] * 59)], groups=[f"group {i // 2}" for i in range(60)])
    without = []
    for seed in range(40):
        with suppress(DataError):
            dataset, _ = make(examples, seed=seed)
            without += [] if len(dataset.box_sizes()) else [seed]
    assert without == []


def test_with_32_pictures_or_fewer_training_data_is_validation_data(make: Make) -> None:
    dataset, summary = make(examples_of([[CAT], []] * 16))
    assert dataset.training.tolist() == dataset.holdout.tolist() == list(range(32))
    assert "with 32 pictures or fewer (32)" in warnings(summary)[0]


# Boxes and pictures that are left out


def test_notes_and_summary_tell_what_was_left_out_and_clipped(make: Make) -> None:
    wide = (-10, 5, 60, 45, "dog")
    pictures = [[CAT, AWAY, CAT], [wide, AWAY], [(5, 5, 5, 5, "gone")], []]
    dataset, summary = make(examples_of(pictures))
    assert dataset.classes == ["cat", "dog"]
    assert summary.objective == "bounding_box"
    assert summary.classes == {"cat": 1, "dog": 1}
    assert summary.value_range == []
    assert summary.boxes_left_out == {OUTSIDE: 2, REPEATED: 1, NO_AREA: 1}
    assert [(told["file"], told["reason"]) for told in summary.boxes_told] == [
        ("0.png", OUTSIDE),
        ("0.png", REPEATED),
        ("1.png", OUTSIDE),
        ("2.png", NO_AREA),
    ]
    assert summary.notes[:2] == ["a note", "WARNING: 4 of 6 boxes were left out:"]
    assert f"  2: {OUTSIDE}" in summary.notes
    assert "1 of 6 boxes were clipped to their picture" in summary.notes
    np.testing.assert_allclose(dataset.targets[1, 0], [0, 3.2, 38.4, 28.8, 1], rtol=1e-6)
    assert json.loads(json.dumps(summary.to_dict())) == summary.to_dict()


def test_bad_pictures_are_left_out_with_their_boxes(make: Make) -> None:
    pictures = [[CAT], [DOG, AWAY], [OWL], [CAT, OWL]]
    dataset, summary = make(examples_of(pictures), bad={1: "missing"})
    assert dataset.classes == ["cat", "owl"]
    assert dataset.training.tolist() == [0, 2, 3]
    assert summary.classes == {"cat": 2, "owl": 2}
    assert summary.bad_images == [{"file": "1.png", "reason": "missing"}]
    assert summary.boxes_left_out == {}
    assert (dataset.targets[1, :, 4] == -1).all()


def test_strict_boxes(make: Make) -> None:
    examples = examples_of([[CAT, AWAY], [DOG], [AWAY]])
    with pytest.raises(DataError) as error:
        make(examples, strict_boxes=True, bad={2: "missing"})
    outside = "0.png: the centre of box [200, 5, 210, 45, 'cat'] is outside the picture (100×50)"
    assert error.value.problems == [outside, "strict_boxes is true: mend these boxes or set it to false"]
    assert make(examples)[1].boxes_left_out == {OUTSIDE: 2}


def test_bad_pictures_end_the_job_when_that_is_asked_for(make: Make) -> None:
    with pytest.raises(DataError, match=r"1\.png: missing"):
        make(examples_of([[CAT], [DOG]]), bad={1: "missing"}, on_bad_image="fail")


@pytest.mark.parametrize(
    ("pictures", "bad", "validation_rows"),
    [
        ([[AWAY], []], {}, 0),
        ([[CAT], [], [AWAY]], {0: "missing"}, 0),
        ([[AWAY], [CAT]], {}, 1),  # only the validation data has one
    ],
)
def test_without_a_box_there_is_nothing_to_learn(
    make: Make, pictures: list[Any], bad: dict[int, str], validation_rows: int
) -> None:
    with pytest.raises(DataError) as error:
        make(examples_of(pictures, validation_rows), bad=bad)
    first, *others = error.value.problems
    assert first == "training_data: no picture that can be read has a box that can be learned"
    given = sum(len(boxes) for i, boxes in enumerate(pictures) if i not in bad)
    notes = [f"WARNING: 1 of {given} boxes were left out:", "  1: its centre is outside the picture"]
    assert others == [*notes, *(f"{i}.png: {reason}" for i, reason in bad.items())]


def test_without_a_picture_there_is_nothing_to_learn(make: Make) -> None:
    with pytest.raises(DataError) as error:
        make(examples_of([[CAT]]), bad={0: "missing"})
    assert error.value.problems == ["training_data: no picture can be read:", "0.png: missing"]


# What follows from the boxes


def test_the_sizes_of_boxes_are_those_of_the_training_data_at_the_scale_of_the_input(make: Make) -> None:
    pictures = [[CAT, (0, 0, 100, 20, "dog")], [], [DOG], [(0, 0, 7, 9, "cat")]]
    dataset, _ = make(examples_of(pictures, validation_rows=1))
    sizes = dataset.box_sizes()
    assert sizes.dtype == np.float64
    np.testing.assert_allclose(sizes, np.array([[30, 40], [100, 20], [30, 40]]) * SIDE / WIDTH, rtol=1e-6)


def test_strata_are_the_rarest_classes(make: Make) -> None:
    dataset, _ = make(examples_of([[CAT, DOG], [CAT], [], [OWL, CAT, DOG]]))
    assert dataset.strata.tolist() == [1, 0, -1, 2]


def test_weights_average_1_in_training(make: Make) -> None:
    dataset, _ = make(examples_of([[CAT], [], [DOG], [CAT]], weights=[1.0, 2.0, 6.0, 5.0], validation_rows=1))
    np.testing.assert_allclose(dataset.weights, np.array([1, 2, 6, 5]) / 3)


def test_augmentations_for_boxes_need_no_warning_here(make: Make) -> None:
    _, summary = make(examples_of([[CAT], []] * 20), image_augmentations=["mosaic", "mixup", "deform"])
    [warning] = warnings(summary)
    assert "deform" in warning


def test_pictures_with_boxes_must_count(make: Make) -> None:
    with pytest.raises(DataError, match="every training picture with a box has weight 0"):
        make(examples_of([[CAT], []], weights=[0.0, 1.0]))


def test_huge_weights_average_1(make: Make) -> None:
    dataset, _ = make(examples_of([[CAT], [DOG]], weights=[3e38, 3e38]))
    np.testing.assert_allclose(dataset.weights, 1)


def test_pictures_on_both_sides_are_told(make: Make) -> None:
    examples = examples_of([[CAT], [DOG], [CAT]], validation_rows=1)
    examples.files[2] = examples.files[0]
    _, summary = make(examples)
    assert any("1 pictures are trained on and validated on" in note for note in summary.notes)
