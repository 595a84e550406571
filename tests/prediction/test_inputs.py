"""What a person names: pictures, folders, globs, tables, and what is none of them."""

import json

import pytest

from pyramid.errors import ConfigError
from pyramid.prediction.document import Described, describe
from pyramid.prediction.inputs import find_inputs
from pyramid.prediction.job import Prediction
from pyramid.prediction.output import check_output_file
from pyramid.prediction.predictions import Limits


@pytest.fixture
def folder(tmp_path):
    for name in ("b/2.png", "a.jpg", "b/c/1.JPG", "b/notes.txt", "table.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    return tmp_path


@pytest.fixture
def of_pictures(tmp_path) -> Described:
    return Described(tmp_path / "model.json", "categorical", ["a"], [{"type": "image", "index": 0}], [], "", None, {})


@pytest.fixture
def of_rows(tmp_path) -> Described:
    return Described(tmp_path / "model.json", "numeric", [], [{"type": "numeric", "index": 0}], [], "", None, {})


def test_folders_are_searched_at_any_depth_and_each_picture_is_there_once(folder, of_pictures):
    paths = [str(folder / "a.jpg"), str(folder), str(folder / "b" / "*.png")]
    found = find_inputs(of_pictures, paths).files
    assert found == [str(folder / name) for name in ("a.jpg", "b/2.png", "b/c/1.JPG")]


def test_globs_reach_any_depth(folder, of_pictures):
    assert find_inputs(of_pictures, [f"{folder}/**/*.[jJ][pP][gG]"]).files == [f"{folder}/a.jpg", f"{folder}/b/c/1.JPG"]


def test_a_picture_that_is_missing_is_told_of_when_it_is_read(of_pictures):
    assert find_inputs(of_pictures, ["nowhere/x.png"]).files == ["nowhere/x.png"]


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("empty", "holds no picture, at any depth"),
        ("*.tiff", "matches no file"),
        ("nowhere", "no such file or folder"),
        ("table.csv", "takes pictures, but .*table.csv is a table"),
    ],
)
def test_what_leads_to_no_picture_is_refused(path, rule, folder, of_pictures):
    (folder / "empty").mkdir()
    with pytest.raises(ConfigError, match=rule):
        find_inputs(of_pictures, [str(folder / path)])


def test_a_model_of_rows_takes_one_table(folder, of_rows):
    assert find_inputs(of_rows, [str(folder / "table.csv")]).table == str(folder / "table.csv")
    for paths in ([str(folder)], [str(folder / "a.jpg")], [str(folder / "table.csv")] * 2):
        with pytest.raises(ConfigError, match=r"takes rows of a table \(a file that ends in one of "):
            find_inputs(of_rows, paths)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "is empty"),
        (b"{", "is not JSON, or not all of it"),
        (b"[1, 2]", "is JSON, but not the document of a model"),
        (b'{"a": 1}', "is JSON, but not the document of a model"),
        (b'{"output_exposition": {"type": "numeric"}, "layers": []}', "is JSON, but not the document of a model"),
        (b"\xff\x00", "is not JSON"),
    ],
)
def test_a_file_that_is_no_model_is_refused(content, rule, tmp_path):
    (tmp_path / "model.json").write_bytes(content)
    with pytest.raises(ConfigError, match=rule) as told:
        describe(tmp_path / "model.json")
    assert len(told.value.problems) == 1
    assert "final_model.json" in told.value.problems[0]


def test_a_document_that_breaks_off_and_missing_files_are_refused(classifier, tmp_path):
    (tmp_path / "final_model.json").write_bytes(classifier.read_bytes()[:-100])
    with pytest.raises(ConfigError, match="is not JSON, or not all of it"):
        describe(tmp_path)
    with pytest.raises(ConfigError, match="no such file"):
        describe(tmp_path / "nothing.json")
    (tmp_path / "sub").mkdir()
    with pytest.raises(ConfigError, match=r"holds no final_model\.json"):
        describe(tmp_path / "sub")
    (tmp_path / "broken.smbundle").write_bytes(b"bigml_tensorflow_saved_model_bundle\x01")
    with pytest.raises(ConfigError, match="is a bundle that is not whole"):
        describe(tmp_path / "broken.smbundle")


def test_a_model_is_found_in_its_folder_and_in_a_resource(classifier, tmp_path):
    here = describe(classifier.parent)
    assert (here.path, here.objective, here.classes) == (classifier, "categorical", ["ant", "bee", "cat"])
    assert here.pictures
    wrapped = {"object": {"deepnet": {"network": json.loads(classifier.read_bytes())}}}
    (tmp_path / "resource.json").write_text(json.dumps(wrapped))
    assert describe(tmp_path / "resource.json").look == here.look


def test_wrong_limits_are_all_told(classifier, pictures):
    with pytest.raises(ConfigError) as told:
        Prediction(classifier, pictures, 0, Limits(0.0, 2.0, 0))
    keys = [problem.split(":")[0] for problem in told.value.problems]
    assert keys == ["batch_size", "score", "iou", "max_objects", "score, iou, max_objects"]


@pytest.mark.parametrize(
    ("name", "rule"),
    [("x.txt", "must end in one of"), ("x.json", "COCO's results, which are boxes"), ("no/x.csv", "is not there")],
)
def test_an_output_that_cannot_be_is_refused(name, rule, of_pictures, tmp_path):
    with pytest.raises(ConfigError, match=rule):
        check_output_file(of_pictures, tmp_path / name)
