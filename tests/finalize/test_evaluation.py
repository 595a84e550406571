"""Truth and predictions in a file: what is read is what was written."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from pyramid.finalize.evaluation import Evaluation, read_evaluation, write_evaluation

NAMES = ["a/1.png", "b/ü <2>.png", "c.png"]


def kept(folder: Path, evaluation: Evaluation) -> Evaluation:
    write_evaluation(folder / "evaluation.parquet", evaluation)
    assert [path.name for path in folder.iterdir()] == ["evaluation.parquet"]
    found = read_evaluation(folder / "evaluation.parquet")
    assert found is not None
    assert (found.objective, found.classes, found.files) == (
        evaluation.objective,
        evaluation.classes,
        evaluation.files,
    )
    return found


def test_probabilities_of_classes(tmp_path: Path) -> None:
    predicted = np.array([[0.25, 0.75], [1.0, 0.0], [0.5, 0.5]], np.float32)
    given = Evaluation("categorical", ["kiwi", "äpfel"], NAMES, np.array([1, 0, 0]), predicted)
    found = kept(tmp_path, given)
    np.testing.assert_array_equal(found.truth, given.truth)
    np.testing.assert_array_equal(found.predicted, predicted)
    assert pq.read_table(tmp_path / "evaluation.parquet")["truth"].to_pylist() == ["äpfel", "kiwi", "kiwi"]


def test_values_of_a_table(tmp_path: Path) -> None:
    given = Evaluation("numeric", [], [], np.array([1.5, -2.0]), np.array([1.0, 1e300]))
    found = kept(tmp_path, given)
    np.testing.assert_array_equal(found.truth, given.truth)
    np.testing.assert_array_equal(found.predicted, given.predicted)


@pytest.mark.parametrize("empty", [False, True])
def test_boxes_of_pictures_with_and_without_objects(tmp_path: Path, empty: bool) -> None:
    truth = [np.zeros((0, 5), np.float32), np.array([[1, 2, 3, 4, 1], [0, 0, 9, 9, 0]], np.float32)]
    predicted = [np.array([[1, 2, 3, 5, 1, 0.5]], np.float32), np.zeros((0, 6), np.float32)]
    if empty:
        truth, predicted = truth[:1], predicted[1:]
    given = Evaluation("bounding_box", ["bolt", "nut"], NAMES[: len(truth)], truth, predicted)
    found = kept(tmp_path, given)
    for name in ("truth", "predicted"):
        for one, other in zip(getattr(found, name), getattr(given, name), strict=True):
            assert len(one) == len(other)
            np.testing.assert_array_equal(one.reshape(other.shape), other)


def test_a_name_that_is_no_utf_8_is_kept_as_far_as_it_goes(tmp_path: Path) -> None:
    given = Evaluation("numeric", [], ["a\udce9.png"], np.zeros(1), np.ones(1))
    write_evaluation(tmp_path / "one.parquet", given)
    found = read_evaluation(tmp_path / "one.parquet")
    assert found is not None
    assert found.files == ["a\\udce9.png"]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"{}"])
def test_a_file_that_is_none_is_read_as_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "evaluation.parquet").write_bytes(content)
    assert read_evaluation(tmp_path / "evaluation.parquet") is None
    assert read_evaluation(tmp_path / "absent.parquet") is None


def test_a_table_without_our_metadata_is_read_as_nothing(tmp_path: Path) -> None:
    write_evaluation(tmp_path / "one.parquet", Evaluation("numeric", [], [], np.zeros(2), np.zeros(2)))
    pq.write_table(pq.read_table(tmp_path / "one.parquet").replace_schema_metadata({}), tmp_path / "one.parquet")
    assert read_evaluation(tmp_path / "one.parquet") is None


@pytest.mark.parametrize("meta", ["[]", "null", '{"objective": "categorical", "classes": ["a"]}', '{"classes": []}'])
def test_metadata_that_does_not_fit_is_read_as_nothing(tmp_path: Path, meta: str) -> None:
    """Among them classes without the one that a row has."""
    given = Evaluation("categorical", ["a", "b"], [], np.array([0, 1]), np.full((2, 2), 0.5))
    write_evaluation(tmp_path / "one.parquet", given)
    changed = pq.read_table(tmp_path / "one.parquet").replace_schema_metadata({"pyramid": meta})
    pq.write_table(changed, tmp_path / "one.parquet")
    assert read_evaluation(tmp_path / "one.parquet") is None
