"""Models on data whose labels are known."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from pyramid import api
from pyramid.errors import ConfigError
from pyramid.finalize.evaluation import read_evaluation
from pyramid.prediction.evaluate import evaluate
from pyramid.prediction.evaluated_folder import folder_for
from pyramid.prediction.labelled import Asked
from tests.prediction.making import write_classifier

LABELS = ["ant", "bee", "cat", "ant", "bee", "dog"]


@pytest.fixture(scope="module")
def labelled(pictures: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of the pictures, one of which has a class that the model does not know, and a file that is none."""
    path = tmp_path_factory.mktemp("labelled") / "rows.csv"
    (path.parent / "broken.jpg").write_bytes(b"")
    with path.open("w") as file:
        rows = [*zip(pictures, LABELS, strict=True), (str(path.parent / "broken.jpg"), "ant")]
        csv.writer(file).writerows([("file", "label"), *rows])
    return path


def test_pictures_with_unknown_classes_and_bad_files_are_told_and_left_out(classifier, labelled, tmp_path):
    told, folder = api.evaluate(Asked(str(classifier), str(labelled)), str(tmp_path / "out"))
    assert folder == tmp_path / "out"
    assert sorted(path.name for path in folder.iterdir()) == ["evaluation.parquet", "metrics.json", "report.html"]
    assert json.loads((folder / "metrics.json").read_text()) == json.loads(json.dumps(told))
    assert (told["rows"], told["unknown_classes"]) == (5, {"dog": 1})
    assert list(told["unreadable"].values()) == ["empty (0 bytes)"]
    assert len(told["notes"]) == 2
    kept = read_evaluation(folder / "evaluation.parquet")
    assert kept is not None
    assert [kept.classes[i] for i in kept.truth] == LABELS[:5]
    right = np.array(kept.classes)[np.argmax(kept.predicted, axis=1)] == np.array(LABELS[:5])
    assert told["metrics"]["accuracy"]["value"] == pytest.approx(np.mean(right))
    again, _ = api.evaluate(Asked(str(classifier), str(labelled)), str(tmp_path / "out"))  # replaces its own
    assert again == told


def test_a_folder_of_somebody_else_is_not_written_to(classifier, labelled, tmp_path):
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(ConfigError, match=r"holds other files \(letters.txt\)"):
        api.evaluate(Asked(str(classifier), str(labelled)), str(tmp_path))


def test_the_evaluations_of_other_data_have_other_folders(classifier):
    given = ("a/d.v1.csv", "d.v2.csv")
    names = [folder_for(classifier, data, held, None).name for data in given for held in (False, True)]
    expected = ("d.v1.csv", "d.v1.csv_holdout", "d.v2.csv", "d.v2.csv_holdout")
    assert names == [f"evaluation_of_{name}" for name in expected]


def test_what_another_evaluation_has_written_is_not_overwritten(classifier, labelled, tmp_path, monkeypatch):
    shutil.copy(classifier, tmp_path / "final_model.json")
    shutil.copy(classifier, tmp_path / "other.json")
    other = tmp_path / "elsewhere" / labelled.name
    other.parent.mkdir()
    shutil.copy(labelled, other)
    _, folder = api.evaluate(Asked(str(tmp_path), str(labelled), resamples=2))
    for model, data, named in ((tmp_path, other, labelled), (tmp_path / "other.json", labelled, "final_model.json")):
        with pytest.raises(ConfigError, match=rf"holds the evaluation of .*{Path(named).name}; name another folder"):
            api.evaluate(Asked(str(model), str(data), resamples=2))
    monkeypatch.chdir(labelled.parent)  # the same data by a relative path
    assert api.evaluate(Asked(str(tmp_path), labelled.name, resamples=2))[1] == folder
    monkeypatch.chdir(tmp_path)
    assert api.evaluate(Asked(str(tmp_path), str(labelled), resamples=2))[1] == folder
    api.evaluate(Asked(str(tmp_path), str(other), resamples=2), str(folder))


def test_a_batch_of_no_picture_is_refused(classifier, labelled):
    with pytest.raises(ConfigError, match="batch_size: must be from 1 to 1,048,576, but got -5"):
        evaluate(Asked(str(classifier), str(labelled), batch_size=-5))


def test_another_model_is_compared_on_the_same_rows_whatever_the_order_of_its_classes(classifier, labelled, tmp_path):
    other = write_classifier(tmp_path, classes=["cat", "ant", "bee"], seed=4)
    made = evaluate(Asked(str(classifier), str(labelled), compare=str(other), resamples=50))
    alone = evaluate(Asked(str(other), str(labelled), resamples=50))
    assert made.comparison is not None
    assert made.comparison["rows"] == 5
    for name, values in made.comparison["metrics"].items():
        assert values["second"] == pytest.approx(alone.measured.metrics[name]["value"]), name


def test_values_of_a_regressor_are_measured(regressor, pictures, tmp_path):
    rows = [{"file": file, "label": 8.0 + i} for i, file in enumerate(pictures)]
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    made = evaluate(Asked(str(regressor), str(tmp_path / "rows.json"), resamples=50))
    assert made.evaluation.truth.tolist() == [8.0 + i for i in range(len(pictures))]
    error = made.measured.metrics["mean_absolute_error"]["value"]
    assert error == pytest.approx(-np.abs(made.evaluation.predicted - made.evaluation.truth).mean())


def test_a_detector_that_is_asked_for_what_it_finds_itself_is_right(detector, pictures, tmp_path):
    found = api.predict(detector, pictures)
    rows = []
    for record in found:
        boxes = [[*map(float, one["box"]), one["label"]] for one in record["objects"]]
        rows.append({"file": record["file"], "boxes": [*boxes, [0.0, 0.0, 20.0, 12.0, "unicorn"]]})
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    made = evaluate(Asked(str(detector), str(tmp_path / "rows.json"), resamples=20))
    assert made.unknown == {"unicorn": len(pictures)}
    assert all(values["low"] <= values["value"] <= values["high"] for values in made.measured.metrics.values())
    told = made.measured.per_class
    assert sum(one["found"] for one in told.values()) > 0.5 * sum(one["objects"] for one in told.values()) > 0


def test_a_configuration_is_evaluated_on_what_its_training_holds_out(classifier, class_folders, tmp_path):
    folder = class_folders(20)
    (folder / "disc").rename(folder / "ant")
    (folder / "square").rename(folder / "bee")
    document = {"training_data": str(folder), "output_directory": str(tmp_path / "out"), "seed": 3}
    (tmp_path / "config.json").write_text(json.dumps(document))
    everything = evaluate(Asked(str(classifier), str(tmp_path / "config.json"), resamples=10))
    held_out = evaluate(Asked(str(classifier), str(tmp_path / "config.json"), holdout=True, resamples=10))
    assert (len(everything.evaluation), len(held_out.evaluation)) == (40, 8)
    assert set(held_out.evaluation.files) < set(everything.evaluation.files)


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        ([{"label": "owl"}, {"label": "elk"}], r"none of the classes in .* they are owl, elk; it knows ant, bee, cat"),
        ([{"boxes": [[1.0, 1.0, 9.0, 9.0, "ant"]]}], r"has boxes, but .* predicts classes"),
        ([], "has no rows|no rows"),
    ],
)
def test_data_of_another_kind_are_refused(rows, rule, classifier, pictures, tmp_path):
    named = [{"file": file} | row for file, row in zip(pictures, rows, strict=False)]
    (tmp_path / "rows.json").write_text(json.dumps(named))
    with pytest.raises(ConfigError, match=rule):
        evaluate(Asked(str(classifier), str(tmp_path / "rows.json")))


def test_what_does_not_go_together_is_refused(classifier, regressor, detector, labelled):
    for model, compare, rule in (
        (classifier, regressor, r"is for pictures \(numeric\), but .* for pictures \(categorical\)"),
        (regressor, "", r"has classes, but .* predicts values"),
        (detector, "", r"has labels, but .* predicts boxes"),
    ):
        with pytest.raises(ConfigError, match=rule):
            evaluate(Asked(str(model), str(labelled), compare=str(compare)))
    with pytest.raises(ConfigError, match="holdout: is for a training's configuration"):
        evaluate(Asked(str(classifier), str(labelled), holdout=True))
