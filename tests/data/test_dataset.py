"""Examples and what became of their pictures -> what the trials learn from."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyramid.data.dataset import Dataset, Summary, make_dataset
from pyramid.data.examples import Examples
from pyramid.data.split import TINY
from pyramid.errors import DataError
from pyramid.settings.train import TrainSettings
from tests.data.making import examples_of

Settings = Callable[..., TrainSettings]
Make = Callable[..., tuple[Dataset, Summary]]


@pytest.fixture
def make(settings: Settings) -> Make:
    """The data set of settings with the given keys."""

    def make_it(examples: Examples, bad: dict[int, str] | None = None, **keys: Any) -> tuple[Dataset, Summary]:
        sizes = np.zeros((len(examples.files), 2), np.int32)  # labels do not need them
        return make_dataset(settings(**keys), examples, bad or {}, sizes, [32, 32, 3])

    return make_it


def warnings(summary: Summary) -> list[str]:
    return [note for note in summary.notes if note.startswith("WARNING")]


def counts(dataset: Dataset, rows: np.ndarray) -> dict[str, int]:
    """How many of ``rows`` each class has."""
    return {name: int((dataset.targets[rows] == i).sum()) for i, name in enumerate(dataset.classes)}


# Categories and numbers


def test_classes_are_sorted_and_targets_are_their_places(make: Make) -> None:
    labels = ["dog", "cat", "Zebra", "äffchen"] * 10
    dataset, summary = make(examples_of(labels))
    assert dataset.classes == ["Zebra", "cat", "dog", "äffchen"]
    assert dataset.targets.dtype == np.float32
    assert [dataset.classes[int(target)] for target in dataset.targets] == labels
    assert (dataset.mean, dataset.stdev) == (0.0, 1.0)
    assert (summary.objective, summary.value_range) == ("categorical", [])
    assert summary.classes == {"Zebra": 10, "cat": 10, "dog": 10, "äffchen": 10}
    assert warnings(summary) == []


def test_numbers_keep_their_unit_and_the_moments_are_those_of_the_training_data(make: Make) -> None:
    labels = [float(1000 + i) for i in range(100)]
    dataset, summary = make(examples_of(labels))
    assert dataset.classes == []
    assert dataset.targets.tolist() == labels
    training = np.array(labels)[dataset.training]
    assert dataset.mean == pytest.approx(training.mean())
    assert dataset.stdev == pytest.approx(training.std())
    assert dataset.mean != pytest.approx(np.mean(labels), abs=1e-6)
    assert (summary.objective, summary.classes) == ("numeric", {})
    assert summary.value_range == [1000.0, 1049.5, 1099.0]


def test_training_values_that_are_all_the_same_have_a_deviation_of_1(make: Make) -> None:
    """Only the holdout differs: nothing may be divided by 0."""
    dataset, _ = make(examples_of([5.0] * 50 + [6.0] * 2 + [7.0], validation_rows=1), bad={50: "x"})
    assert dataset.stdev > 0
    dataset, _ = make(examples_of([5.0] * 40 + [6.0], groups=["a"] * 40 + ["b"]), holdout_rate=0.01)
    assert dataset.stdev > 0


# The sides


def test_a_fifth_is_held_out(make: Make) -> None:
    dataset, summary = make(examples_of(["a", "b"] * 100))
    assert (len(dataset.training), len(dataset.holdout)) == (160, 40)
    assert sorted([*dataset.training, *dataset.holdout]) == list(range(200))
    assert counts(dataset, dataset.holdout) == {"a": 20, "b": 20}
    assert (summary.rows, summary.training_rows, summary.holdout_rows) == (200, 160, 40)


@pytest.mark.parametrize(
    ("keys", "held"),
    [({"holdout_set_size": 10}, 10), ({"holdout_rate": 0.5}, 100), ({"holdout_rate": 0.5, "holdout_set_size": 70}, 70)],
)
def test_the_size_of_the_holdout(make: Make, keys: dict[str, Any], held: int) -> None:
    assert len(make(examples_of(["a", "b"] * 100), **keys)[0].holdout) == held


def test_the_seed_decides_the_split(make: Make) -> None:
    examples = examples_of(["a", "b"] * 50)
    holdouts = [make(examples, seed=seed)[0].holdout.tolist() for seed in (1, 1, 2)]
    assert holdouts[0] == holdouts[1]
    assert holdouts[0] != holdouts[2]


@pytest.mark.parametrize("rows", [2, TINY - 1, TINY])
def test_with_32_pictures_or_fewer_training_data_is_validation_data(make: Make, rows: int) -> None:
    dataset, summary = make(examples_of([f"{i % 2}" for i in range(rows)]))
    assert dataset.training.tolist() == dataset.holdout.tolist() == list(range(rows))
    [warning] = warnings(summary)
    assert f"with 32 pictures or fewer ({rows}) training data is validation data" in warning


def test_with_33_pictures_there_is_a_holdout(make: Make) -> None:
    dataset, summary = make(examples_of([f"{i % 2}" for i in range(TINY + 1)]))
    assert set(dataset.training).isdisjoint(dataset.holdout)
    assert warnings(summary) == []


def test_what_counts_are_the_pictures_that_can_be_read(make: Make) -> None:
    dataset, summary = make(examples_of(["a", "b"] * 17), bad={0: "x", 1: "x"})
    assert dataset.training.tolist() == dataset.holdout.tolist() == list(range(2, 34))
    assert "(32)" in warnings(summary)[0]


@pytest.mark.parametrize("keys", [{"cheat_on_validation": True}, {"holdout_rate": 0}])
def test_validation_on_training_data_comes_with_a_warning(make: Make, keys: dict[str, Any]) -> None:
    dataset, summary = make(examples_of(["a", "b"] * 50), **keys)
    assert dataset.training.tolist() == dataset.holdout.tolist() == list(range(100))
    [warning] = warnings(summary)
    assert next(iter(keys)) in warning


@pytest.mark.parametrize("keys", [{"cheat_on_validation": True}, {"holdout_rate": 0}])
def test_validation_on_training_data_has_all_classes(make: Make, keys: dict[str, Any]) -> None:
    """Class folders give the rows sorted by class: the first ones would be of one class."""
    dataset, _ = make(examples_of(["a"] * 50 + ["b"] * 50), holdout_set_size=20, **keys)
    assert len(dataset.training) == 100
    assert counts(dataset, dataset.holdout) == {"a": 10, "b": 10}


def test_validation_data_is_the_holdout(make: Make) -> None:
    dataset, summary = make(examples_of(["a", "b", "a", "b", "a"], validation_rows=2))
    assert dataset.training.tolist() == [0, 1, 2]
    assert dataset.holdout.tolist() == [3, 4]
    assert warnings(summary) == []


def test_bad_validation_data_is_left_out(make: Make) -> None:
    dataset, _ = make(examples_of(["a", "b", "a", "b", "a"], validation_rows=2), bad={2: "x", 3: "x"})
    assert dataset.holdout.tolist() == [4]


def test_validation_data_of_which_nothing_can_be_read(make: Make) -> None:
    with pytest.raises(DataError, match="validation_data: no picture can be read"):
        make(examples_of(["a", "b", "a", "b"], validation_rows=2), bad={2: "x", 3: "x"})


def test_a_class_that_only_the_validation_data_has(make: Make) -> None:
    dataset, summary = make(examples_of(["a", "b", "a", "c"], validation_rows=1))
    assert dataset.classes == ["a", "b", "c"]
    [warning] = warnings(summary)
    assert "only the holdout has the classes c" in warning


def test_a_group_stays_on_one_side(make: Make) -> None:
    groups = [f"group {i // 3}" for i in range(120)]
    dataset, _ = make(examples_of(["a", "b"] * 60, groups=groups))
    held = {groups[i] for i in dataset.holdout}
    assert held
    assert held.isdisjoint(groups[i] for i in dataset.training)


def test_a_file_that_is_named_twice_stays_on_one_side(make: Make) -> None:
    groups = [f"file {i // 2}.png" for i in range(100)]
    dataset, _ = make(examples_of(["a", "b"] * 50, groups=groups))
    assert {i // 2 for i in dataset.training}.isdisjoint({i // 2 for i in dataset.holdout})


def test_copies_under_other_names_stay_on_one_side_whatever_their_labels(make: Make, tmp_path: Path) -> None:
    examples = examples_of(["a", "b"] * 60)
    examples.files = [str(tmp_path / name) for name in examples.files]
    for i, file in enumerate(examples.files):
        Path(file).write_bytes(b"picture %03d" % min(i // 2, 50))  # 50 pairs, and 20 of the same
    dataset, _ = make(examples)
    assert len(dataset.holdout) == 24
    pictures = [{Path(examples.files[i]).read_bytes() for i in rows} for rows in (dataset.training, dataset.holdout)]
    assert pictures[0].isdisjoint(pictures[1])


def test_rows_of_one_group_are_validated_on_themselves_with_a_warning(make: Make) -> None:
    dataset, summary = make(examples_of(["a", "b"] * 50, groups=["group g"] * 100))
    assert dataset.training.tolist() == dataset.holdout.tolist()
    [warning] = warnings(summary)
    assert "every row is of one group" in warning


def test_classes_of_one_picture_each_are_no_group(make: Make) -> None:
    """Each stays in the training data, so there is no holdout; the warning must not speak of groups."""
    dataset, summary = make(examples_of([f"{i:02d}" for i in range(40)]))
    assert len(dataset.training) == 40
    assert len(dataset.holdout) > 0
    [warning] = warnings(summary)
    assert "group" not in warning


# Bad pictures


def test_bad_pictures_are_listed_and_left_out(make: Make) -> None:
    bad = {7: "missing", 3: "empty (0 bytes)"}
    dataset, summary = make(examples_of(["a", "b"] * 50), bad=bad)
    used = [*dataset.training, *dataset.holdout]
    assert sorted(used) == [i for i in range(100) if i not in bad]
    assert summary.bad_images == [
        {"file": "3.png", "reason": "empty (0 bytes)"},
        {"file": "7.png", "reason": "missing"},
    ]
    assert summary.classes == {"a": 50, "b": 48}
    assert summary.rows == 100


def test_a_class_without_a_good_picture_is_no_class(make: Make) -> None:
    labels = ["a", "b"] * 20 + ["c"]
    dataset, summary = make(examples_of(labels), bad={40: "missing"})
    assert dataset.classes == ["a", "b"]
    assert "c" not in summary.classes


def test_the_values_of_bad_pictures_do_not_count(make: Make) -> None:
    dataset, summary = make(examples_of([1.0, 2.0, 3.0, 1e6]), bad={3: "missing"})
    assert dataset.mean == pytest.approx(2.0)
    assert summary.value_range == [1.0, 2.0, 3.0]


def test_bad_pictures_end_the_job_when_that_is_asked_for(make: Make) -> None:
    with pytest.raises(DataError) as error:
        make(examples_of(["a", "b"] * 50), bad={7: "missing", 3: "empty"}, on_bad_image="fail")
    assert error.value.problems[:2] == ["3.png: empty", "7.png: missing"]
    assert "on_bad_image is fail" in error.value.problems[2]
    assert error.value.exit_code == 2
    make(examples_of(["a", "b"] * 50), on_bad_image="fail")


@pytest.mark.parametrize(
    ("labels", "bad", "words"),
    [
        (["a", "b"], {0: "missing", 1: "empty"}, "no picture can be read"),
        (["a", "b", "a"], {1: "missing"}, "every picture that can be read has the label 'a'"),
        ([1.0, 2.0], {0: "missing"}, "every picture that can be read has the label 2.0"),
    ],
)
def test_nothing_to_learn_is_left(make: Make, labels: list[Any], bad: dict[int, str], words: str) -> None:
    with pytest.raises(DataError) as error:
        make(examples_of(labels), bad=bad)
    first, *listed = error.value.problems
    assert words in first
    assert listed == [f"{i}.png: {reason}" for i, reason in bad.items()]


def test_the_classes_of_the_validation_data_are_not_enough(make: Make) -> None:
    with pytest.raises(DataError, match="has the label 'a'"):
        make(examples_of(["a", "b", "a", "b"], validation_rows=2), bad={1: "missing"})


# Weights


def test_the_weights_of_the_training_data_average_1(make: Make) -> None:
    given = [float(1 + i % 7) for i in range(100)]
    dataset, _ = make(examples_of(["a", "b"] * 50, weights=given))
    assert dataset.weights.dtype == np.float32
    assert dataset.weights[dataset.training].mean() == pytest.approx(1)
    ratio = dataset.weights / np.array(given)
    assert ratio == pytest.approx(ratio[0])


def test_rows_of_weight_0_keep_it(make: Make) -> None:
    dataset, _ = make(examples_of(["a", "b"] * 50, weights=[0.0, 1.0] * 50))
    assert set(dataset.weights[::2]) == {0.0}


def test_training_rows_need_a_weight(make: Make) -> None:
    """The rows with a weight are all in the validation data."""
    with pytest.raises(DataError, match="every training row that can be read has weight 0"):
        make(examples_of(["a", "b", "a", "b"], validation_rows=2, weights=[0.0, 0.0, 1.0, 1.0]))


# The summary


@pytest.mark.parametrize("labels", [["a", "b"] * 20, [1.0, 2.0] * 20])
def test_the_summary_is_plain_data(make: Make, labels: list[Any]) -> None:
    _, summary = make(examples_of(labels), bad={0: "missing"})
    assert json.loads(json.dumps(summary.to_dict())) == summary.to_dict()
    assert summary.notes == ["a note"]


def test_the_sizes_of_the_pictures_are_told(settings: Settings) -> None:
    sizes = np.array([[0, 0], *([10 + i, 50] for i in range(99))], np.int32)
    _, summary = make_dataset(settings(), examples_of(["a", "b"] * 50), {0: "missing"}, sizes, [32, 32, 3])
    assert summary.sizes == {"width": [10, 59, 108], "height": [50, 50, 50]}
