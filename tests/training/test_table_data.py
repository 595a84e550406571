"""A cached array becomes what a network on rows is trained with."""

import numpy as np
import pytest

from pyramid.data.split import TINY
from pyramid.data.tabular.compared import Compared, unlearned
from pyramid.data.tabular.layout import Layout
from pyramid.errors import DataError
from pyramid.settings.check_job import check_job
from pyramid.training.table_data import class_or_value, make_table_data, read_array, targets_of

CLASSES = ["ant", "bee"]


def settings(categorical=True, weighted=False, **changes):
    """Of a table with two numbers and a category of three values, and an objective."""
    numbers = [{"index": i, "type": "numeric", "mean": 0.0, "stdev": 1.0} for i in range(4)]
    objective = {"index": 4, "type": "categorical", "values": CLASSES} if categorical else numbers[3]
    category = {"index": 2, "type": "categorical", "values": ["x", "y", "z"]}
    columns = [numbers[0], numbers[1], category, *([numbers[3]] if weighted else []), objective]
    plain = {"job_id": 1, "output_directory": "out", "cache_file": "full.npy", "info_list": columns}
    return check_job(plain | {"instance_weights": weighted} | changes)


def array(rows=100, trees=0, weights=None, categorical=True, share=0.5):
    """Trees, if any, are 100 and more; inputs are below 10; classes take turns."""
    rng = np.random.default_rng(2)
    category = np.eye(3)[np.arange(rows) % 3]
    classes = (np.arange(rows) < share * rows).astype(int)
    objective = np.eye(2)[classes] if categorical else rng.normal(size=(rows, 1))
    parts = [rng.uniform(100, 101, (rows, trees)), rng.normal(size=(rows, 2)), category]
    parts += [] if weights is None else [np.asarray(weights, float)[:, np.newaxis]]
    return np.concatenate([*parts, objective], axis=1).astype(np.float32)


def data(rows, trees=0, categorical=True, weighted=False, compared=None, **changes):
    job = settings(categorical, weighted, tree_inputs=trees, **changes)
    return make_table_data(job, rows, Layout.of(job.table, trees, 0), compared)


def test_the_columns_are_inputs_and_objective():
    rows = array()
    made = data(rows)
    np.testing.assert_array_equal(made.inputs, rows[:, :5])
    np.testing.assert_array_equal(made.targets, rows[:, 5:])
    np.testing.assert_array_equal(made.classes, rows[:, 6])
    assert made.inputs.dtype == made.targets.dtype == made.weights.dtype == np.float32


def test_a_numeric_objective_is_one_column():
    rows = array(categorical=False)
    made = data(rows, categorical=False)
    assert made.targets.shape == (100,)
    np.testing.assert_array_equal(made.classes, rows[:, 5])


def test_every_row_is_on_one_side():
    made = data(array(), holdout_rate=0.3)
    assert len(made.holdout) == 30
    np.testing.assert_array_equal(np.sort(np.concatenate([made.training, made.holdout])), np.arange(100))


def test_the_classes_keep_their_shares_on_both_sides():
    made = data(array(share=0.1), holdout_rate=0.2)
    assert made.classes[made.holdout].sum() == 2
    assert made.classes[made.training].sum() == 8


def test_the_holdout_is_not_larger_than_holdout_set_size():
    assert len(data(array(), holdout_set_size=7).holdout) == 7


def test_the_seed_decides_the_split():
    one, same, other = (data(array(), seed=seed).holdout for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert set(one) != set(other)


@pytest.mark.parametrize("changes", [{"cheat_on_validation": True}, {"holdout_rate": 0}], ids=["cheat", "no rate"])
def test_rows_are_validated_on_that_are_trained_on_where_that_is_asked_for(changes):
    made = data(array(), holdout_set_size=30, **changes)
    np.testing.assert_array_equal(made.training, np.arange(100))
    assert len(set(made.holdout)) == 30


@pytest.mark.parametrize(("rows", "both"), [(1, True), (2, True), (TINY, True), (TINY + 1, False)])
def test_of_a_tiny_table_all_rows_are_on_both_sides(rows, both):
    made = data(array(rows))
    assert (list(made.training) == list(made.holdout) == list(range(rows))) == both
    assert len(made.training)
    assert len(made.holdout)


def test_where_every_row_has_a_class_of_its_own_all_are_on_both_sides():
    names = [str(i) for i in range(40)]
    rows = np.concatenate([np.zeros((40, 1)), np.eye(40)], axis=1).astype(np.float32)
    columns = [{"index": 0, "type": "numeric", "mean": 0.0, "stdev": 1.0}]
    columns += [{"index": 1, "type": "categorical", "values": names}]
    job = check_job({"job_id": 1, "output_directory": "o", "cache_file": "f", "info_list": columns})
    made = make_table_data(job, rows, Layout.of(job.table, 0, 0))
    assert list(made.training) == list(made.holdout) == list(range(40))


def test_a_holdout_rate_of_1_leaves_something_to_learn_from():
    made = data(array(), holdout_rate=1)
    assert 1 <= len(made.training) < 10
    assert len(made.training) + len(made.holdout) == 100


def test_weights_of_training_rows_average_1():
    weights = np.arange(100) % 7
    made = data(array(weights=weights), weighted=True)
    assert made.weights[made.training].mean() == pytest.approx(1, rel=1e-5)
    np.testing.assert_allclose(made.weights * weights[5], weights * made.weights[5], rtol=1e-5)
    assert made.inputs.shape == (100, 5)


def test_without_weights_every_row_counts_1():
    assert set(data(array()).weights) == {1.0}


def test_class_weights_multiply_those_of_the_rows():
    rows = array(weights=np.where(np.arange(100) % 2, 1.0, 2.0))
    made = data(rows, weighted=True, class_weights=[["bee", 3]])
    expected = np.where(np.arange(100) % 2, 1.0, 2.0) * np.where(made.classes == 1, 3.0, 1.0)
    np.testing.assert_allclose(made.weights / made.weights[0], expected / expected[0], rtol=1e-5)


def test_a_class_may_count_nothing():
    made = data(array(), class_weights=[["bee", 0]])
    assert set(made.weights[made.classes == 1]) == {0.0}
    assert (made.weights[made.classes == 0] > 1).all()


@pytest.mark.parametrize(
    "weights", [np.zeros(100), np.where(np.arange(100) == 40, -1.0, 1.0)], ids=["zeros", "negative"]
)
def test_weights_that_say_nothing_are_refused(weights):
    with pytest.raises(DataError, match="weights of the training rows must be 0 or more"):
        data(array(weights=weights), weighted=True)


def test_classes_that_all_count_nothing_are_refused():
    with pytest.raises(DataError, match="one of them above 0"):
        data(array(), class_weights=[["ant", 0], ["bee", 0]])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("column", [0, 4, 5])
def test_a_number_that_is_not_finite_is_refused_with_its_place(bad, column):
    rows = array()
    rows[17, column] = bad
    with pytest.raises(DataError, match=f"row 17, column {column}: must be finite, but is {bad}"):
        data(rows)


def test_tree_columns_are_kept_where_they_are_asked_for():
    rows = array(trees=2)
    with_trees, without = data(rows, 2, tree_embedding=True), data(rows, 2, tree_embedding=False)
    np.testing.assert_array_equal(with_trees.inputs, rows[:, :7])
    np.testing.assert_array_equal(without.inputs, rows[:, 2:7])
    np.testing.assert_array_equal(with_trees.targets, without.targets)
    np.testing.assert_array_equal(with_trees.holdout, without.holdout)


def test_the_array_itself_is_not_changed():
    rows = array(weights=np.full(100, 3.0))
    before = rows.copy()
    data(rows, weighted=True, class_weights=[["bee", 3]])
    np.testing.assert_array_equal(rows, before)


def test_targets_of_importance_rows_are_the_class_itself():
    """There the objective is one column."""
    rows = np.array([[1.0, 2.0, 1.0], [3.0, 4.0, 0.0]], np.float32)
    np.testing.assert_array_equal(targets_of(rows, Layout(0, (1, 1), False, 1), False), [1, 0])
    np.testing.assert_array_equal(class_or_value(np.eye(2, dtype=np.float32)), [0, 1])


LAYOUT = Layout(0, (1, 1, 3), False, 2)


@pytest.fixture
def written(tmp_path):
    def write(array):
        np.save(tmp_path / "full.npy", array)
        return tmp_path / "full.npy"

    return write


def test_an_array_is_read(written):
    np.testing.assert_array_equal(read_array(written(array()), LAYOUT), array())


@pytest.mark.parametrize(
    "rows",
    [
        np.zeros((5, 6), np.float32),
        np.zeros((5, 8), np.float32),
        np.zeros((5, 7)),
        np.zeros((5, 7), np.int64),
        np.zeros(7, np.float32),
        np.zeros((5, 7, 1), np.float32),
        np.float32(3),
    ],
    ids=["narrow", "wide", "double", "whole", "flat", "deep", "one number"],
)
def test_an_array_of_another_form_is_refused(written, rows):
    with pytest.raises(DataError, match=r"must hold float32 rows of 7 columns, as tree_inputs .* but holds"):
        read_array(written(rows), LAYOUT)


def test_an_array_without_rows_is_refused(written):
    with pytest.raises(DataError, match="has no rows"):
        read_array(written(np.zeros((0, 7), np.float32)), LAYOUT)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"cannot read .*none.npy: No such file"):
        read_array(tmp_path / "none.npy", LAYOUT)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot read"):
        read_array(tmp_path, LAYOUT)


@pytest.mark.parametrize(
    "content", [b"", b"D" + bytes(99), b"\x93NUMPY\x01\x00", b"\x93NUMPY\x01\x00v\x00{'descr'", b"\x80\x04K\x01."]
)
def test_a_file_that_is_no_array_is_refused(tmp_path, content):
    (tmp_path / "full.npy").write_bytes(content)
    with pytest.raises(DataError, match="cache_file"):
        read_array(tmp_path / "full.npy", LAYOUT)


def test_an_array_that_was_cut_off_is_refused(written):
    path = written(array())
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(DataError, match="cache_file"):
        read_array(path, LAYOUT)


def test_an_array_of_python_objects_is_refused(written):
    with pytest.raises(DataError, match="cache_file"):
        read_array(written(np.array([[None] * 7])), LAYOUT)


def test_an_archive_of_arrays_is_refused(tmp_path):
    np.savez(tmp_path / "full.npz", array())
    with pytest.raises(DataError, match="cache_file"):
        read_array(tmp_path / "full.npz", LAYOUT)


def test_a_damaged_archive_is_refused(tmp_path):
    (tmp_path / "full.npy").write_bytes(b"PK\x03\x04" + bytes(50))
    with pytest.raises(DataError, match="cache_file"):
        read_array(tmp_path / "full.npy", LAYOUT)


COMPARED = np.arange(0, 100, 5)  # 20 rows of 100


@pytest.mark.parametrize(
    "changes",
    [{}, {"holdout_rate": 0}, {"holdout_rate": 0.05}, {"cheat_on_validation": True}, {"holdout_set_size": 7}],
    ids=str,
)
def test_a_network_of_a_search_learns_from_no_row_that_it_is_compared_on(changes):
    made = data(array(), compared=COMPARED, job_type="search_submodel", **changes)
    assert list(made.training) == sorted(set(range(100)) - set(COMPARED))
    on_training_rows = "cheat_on_validation" in changes or changes.get("holdout_rate") == 0
    assert set(made.holdout) <= set(made.training if on_training_rows else COMPARED)


def test_a_small_holdout_of_a_search_has_both_classes_though_the_rows_are_sorted_by_them():
    made = data(array(), compared=COMPARED, job_type="search_submodel", holdout_set_size=6)
    assert sorted(made.classes[made.holdout]) == [0, 0, 0, 1, 1, 1]


def test_a_network_alone_learns_from_what_its_holdout_leaves_of_the_compared_rows():
    made = data(array(), compared=COMPARED, holdout_rate=0.1)
    assert len(made.holdout) == 10
    assert set(made.holdout) < set(COMPARED)
    assert list(made.training) == sorted(set(range(100)) - set(made.holdout))
    compared = Compared(COMPARED, np.arange(20))
    left = unlearned(compared, made.training)
    np.testing.assert_array_equal(left.full, made.holdout)
    np.testing.assert_array_equal(compared.full[left.evaluation], left.full)
    assert unlearned(compared, np.arange(100)) is None
