"""What cannot be exported, and that nothing half written stays."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from pyramid import api
from pyramid.errors import ConfigError, PyramidError
from pyramid.finalize.evaluation import Evaluation, write_evaluation
from pyramid.finalize.exports.exporting import export_all
from pyramid.finalize.exports.formats import FORMATS
from pyramid.finalize.exports.model_file import read_model
from pyramid.finalize.journal import JOB, Journal
from tests.finalize.exports.documents import write_classifier, write_pictures, write_table
from tests.finalize.test_exports import detector


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model and pictures."""
    folder = tmp_path_factory.mktemp("made")
    write_classifier(folder / "final_model.json", "crop")
    write_pictures(folder / "pictures")
    return folder


@pytest.fixture
def output(made: Path, tmp_path: Path) -> Path:
    """An output directory of its own."""
    return Path(shutil.copytree(made, tmp_path / "output"))


def refused(model: Path, *formats: str, output: str | None = None, pictures: tuple[str, ...] = ()) -> str:
    """The one problem."""
    before = sorted(model.parent.rglob("*"))
    with pytest.raises(ConfigError) as caught:
        api.export(str(model), list(formats), output, pictures)
    (problem,) = caught.value.problems
    assert sorted(model.parent.rglob("*")) == before
    return problem


def test_an_unknown_format_is_told_with_the_known_ones(output: Path) -> None:
    expected = "format: must be one of savedmodel, smbundle, tflite, onnx, tfjs, h5, but got 'torch'"
    assert refused(output, "onnx,torch") == expected
    assert refused(output, ",").startswith("format: is missing; give one or several of")


def test_a_missing_package_is_told_with_its_extra(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tf2onnx", None)  # so Python finds none
    expected = "format: onnx needs tf2onnx, which is not installed: pip install 'bigml-pyramid[onnx]'"
    assert refused(output, "onnx") == expected


def test_a_model_that_is_none_is_told(tmp_path: Path) -> None:
    assert "is not there; give a final_model.json" in refused(tmp_path / "none.json", "h5")
    assert "is a folder without a final_model.json" in refused(tmp_path, "h5")
    for text, reason in [("{", "is not JSON"), ("[1]", "is JSON, but not the document of a model")]:
        (tmp_path / "x.json").write_text(text)
        assert reason in refused(tmp_path / "x.json", "h5")


def test_a_document_that_sensenet_cannot_load_is_told(tmp_path: Path) -> None:
    document = json.loads(write_table(tmp_path / "x.json").read_text())
    (tmp_path / "x.json").write_text(json.dumps(document | {"layers": [{"type": "strange"}]}))
    assert "sensenet cannot load" in refused(tmp_path / "x.json", "h5")


def test_a_network_without_weights_is_told(tmp_path: Path) -> None:
    document = json.loads(write_table(tmp_path / "x.json").read_text())
    document["layers"][0]["weights"] = "glorot_uniform"
    (tmp_path / "x.json").write_text(json.dumps(document))
    assert "has no weights" in refused(tmp_path / "x.json", "h5")


def test_nothing_else_is_replaced(output: Path) -> None:
    picture = str(output / "pictures" / "0.png")
    assert "is a file, but savedmodel is a folder" in refused(output, "savedmodel", output=picture)
    assert "is the model itself" in refused(output, "savedmodel", output=str(output / "final_model.json"))
    assert "is there and no export of tfjs" in refused(output, "tfjs", output=str(output / "pictures"))
    assert "must end in .onnx" in refused(output, "onnx", output=str(output / "a.bin"))
    assert "a part of" in refused(output, "onnx", output=str(output / "final_model.json" / "a.onnx"))
    assert "is a file, but 2 formats need a folder" in refused(
        output, "onnx", "h5", output=str(output / "final_model.json")
    )


def test_pictures_that_cannot_be_read_are_told(output: Path) -> None:
    (output / "pictures" / "0.png").write_bytes(b"no picture")
    assert "0.png: not a picture that can be read" in refused(output, "h5", pictures=(str(output / "pictures"),))
    assert "missing" in refused(output, "h5", pictures=(str(output / "gone.png"),))
    (output / "empty").mkdir()
    assert "is a folder without pictures" in refused(output, "h5", pictures=(str(output / "empty"),))


def test_without_pictures_and_without_a_holdout_the_way_out_is_told(output: Path) -> None:
    assert "name files or folders of pictures with --pictures" in refused(output, "h5")


def test_the_holdout_is_compared_by_default(output: Path) -> None:
    files = [str(path) for path in sorted((output / "pictures").iterdir())]
    probabilities = np.full((len(files), 3), 1 / 3)
    known = Evaluation("categorical", ["ant", "bee", "cat"], files, np.zeros(len(files), int), probabilities)
    write_evaluation(output / "evaluation.parquet", known)
    assert pq.read_table(output / "evaluation.parquet").num_rows == 4
    (output / "pictures" / "1.jpg").unlink()  # what is gone is left out
    (told,) = api.export(str(output), ["h5"], str(output / "weights.h5"))
    assert told.samples == 3
    assert (output / "weights_short.json").is_file()


def test_the_holdout_is_found_from_the_folder_of_the_training(output: Path) -> None:
    """The pictures' paths are relative, and this process is elsewhere."""
    files = [f"pictures/{path.name}" for path in sorted((output / "pictures").iterdir())]
    probabilities = np.full((len(files), 3), 1 / 3)
    known = Evaluation("categorical", ["ant", "bee", "cat"], files, np.zeros(len(files), int), probabilities)
    write_evaluation(output / "evaluation.parquet", known)
    with pytest.raises(ConfigError, match="none of the 4 of the holdout can be read"):
        api.export(str(output), ["h5"])
    Journal(output).write(JOB, {"command": "pyramid_train", "document": {}, "folder": str(output)})
    (told,) = api.export(str(output), ["h5"], str(output / "weights.h5"))
    assert told.samples == 4


def test_an_export_is_replaced_by_a_new_one(output: Path) -> None:
    earlier = output / "final_model_savedmodel"
    earlier.mkdir()
    for name in ("pyramid.json", "old.pb"):
        (earlier / name).write_text("{}")
    api.export(str(output), ["savedmodel"], pictures=[str(output / "pictures")])
    assert (earlier / "saved_model.pb").is_file()
    assert not (earlier / "old.pb").exists()
    assert {path.name for path in output.iterdir()} == {"final_model.json", "pictures", "final_model_savedmodel"}


def test_an_export_that_predicts_something_else_is_not_kept(tmp_path: Path) -> None:
    """The TFLite interpreter computes a convolution with strides larger than its kernel otherwise than TensorFlow."""
    document = detector()
    write_pictures(tmp_path / "pictures")
    (tmp_path / "out").mkdir()
    (tmp_path / "model.json").write_text("{}")
    places = {FORMATS[name]: tmp_path / "out" / f"model.{name}" for name in ("tflite", "h5")}
    with pytest.raises(PyramidError, match=r"^tflite: model\.tflite predicts something else .* it is not kept$"):
        export_all(document, tmp_path / "model.json", places, [str(tmp_path / "pictures")])
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"model.h5", "model_short.json"}


def test_a_model_of_a_table_takes_no_pictures(output: Path) -> None:
    write_table(output / "final_model.json")
    assert read_model(output / "final_model.json")["trees"]
    assert "takes columns of a table" in refused(output, "h5", pictures=(str(output / "pictures"),))
