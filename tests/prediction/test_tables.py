"""Rows of a table: predictions are sensenet's, columns are found by name or by place, bad rows are told."""

import io
import json

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pyramid.data.image import decode
from pyramid.errors import ConfigError
from pyramid.finalize.workspace import CONFIG_FILE, FINAL_MODEL_FILE
from pyramid.prediction.document import Described
from pyramid.prediction.evaluate import evaluate
from pyramid.prediction.labelled import Asked
from pyramid.prediction.model import load_model
from pyramid.prediction.predictions import records
from pyramid.prediction.tables import TableRows

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.models.wrappers import create_model  # isort: skip

NAMES = ["age", "colour"]
ROWS = [[31.5, "red"], [12.0, "blue"], [None, "red"], [40.0, "unknown"], [7.0, None]]


@pytest.fixture(scope="module")
def document():
    random = np.random.default_rng(1)
    weights, offset = random.normal(0, 1, (3, 2)).tolist(), [0.1, -0.2]
    layer = {"type": "dense", "weights": weights, "offset": offset, "activation_function": "softmax"}
    return {
        "preprocess": [
            {"type": "numeric", "index": 0, "mean": 20.0, "stdev": 9.0},
            {"type": "categorical", "index": 1, "values": ["blue", "red"]},
        ],
        "networks": [{"layers": [layer], "trees": False}],
        "trees": None,
        "output_exposition": {"type": "categorical", "values": ["no", "yes"]},
    }


@pytest.fixture
def model(document, tmp_path):
    """With the job's configuration beside it, which has the names."""
    (tmp_path / FINAL_MODEL_FILE).write_text(json.dumps(document))
    columns = [{"type": kind, "name": name} for kind, name in zip(("numeric", "categorical"), NAMES, strict=True)]
    config = {"info_list": [*columns, {"type": "categorical", "name": "bought"}]}
    (tmp_path / CONFIG_FILE).write_text(json.dumps(config))
    return load_model(tmp_path)


def expected(document):
    served = create_model(document)
    return [served([row])[0].tolist() for row in ROWS]


def found(model, path, batch_size=None):
    made = model.table(str(path), batch_size)
    return [record for predictions in made for record in records(model.described, predictions)]


def write(path, names=NAMES):
    columns = {names[0]: [row[0] for row in ROWS], "noise": range(len(ROWS)), names[1]: [row[1] for row in ROWS]}
    if path.suffix == ".parquet":
        pq.write_table(pa.table(dict(reversed(columns.items()))), path)
    elif path.suffix == ".csv":
        cells = [["" if value is None else str(value) for value in row] for row in zip(*columns.values(), strict=True)]
        path.write_text("\n".join(",".join(row) for row in [list(columns), *cells]) + "\n")
    else:
        lines = [json.dumps({"age": age, "colour": colour}) for age, colour in ROWS]
        path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet", "rows.jsonl"])
def test_rows_are_predicted_as_sensenet_predicts_them_whatever_the_order_of_columns(name, model, document, tmp_path):
    told = found(model, write(tmp_path / name), batch_size=2)
    assert [record["row"] for record in told] == [1, 2, 3, 4, 5]
    values = [list(record["probabilities"].values()) for record in told]
    assert np.abs(np.array(values) - expected(document)).max() < 1e-5


def test_without_names_columns_are_taken_by_their_places(model, document, tmp_path):
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / FINAL_MODEL_FILE).write_text(json.dumps(document))
    table = tmp_path / "rows.csv"
    table.write_text("a,b\n31.5,red\n12,blue\n")
    told = found(load_model(tmp_path / "alone"), table)
    values = [list(record["probabilities"].values()) for record in told]
    assert np.abs(np.array(values) - expected(document)[:2]).max() < 1e-5


def test_names_of_pictures_are_relative_to_the_table_wherever_it_is(tmp_path):
    described = Described(tmp_path, "numeric", [], [{"type": "image", "index": 0}], [], "", None, {})
    picture = io.BytesIO()
    Image.new("RGB", (4, 3), "red").save(picture, "png")
    store, local = fsspec.filesystem("memory"), fsspec.filesystem("file")
    for system, folder in ((store, "/t/data"), (local, str(tmp_path / "data"))):
        system.makedirs(f"{folder}/some", exist_ok=True)
        system.pipe(f"{folder}/rows.csv", b"picture,x\nsome/a.png,1\n,2\n")
        system.pipe(f"{folder}/some/a.png", picture.getvalue())
    here = tmp_path / "data"
    for table in ("memory://t/data/rows.csv", here.as_uri() + "/rows.csv", str(here / "rows.csv")):
        (chunk,) = TableRows(described, table, tmp_path).chunks(10)
        (pictures,) = chunk.pictures
        assert decode(pictures[0]).shape == (3, 4, 3)
        assert pictures[1] == ""


def test_a_row_with_a_text_for_a_number_is_told_and_the_others_predicted(model, tmp_path):
    table = tmp_path / "rows.csv"
    table.write_text("age,colour\n1,red\nold,red\n3,blue\n")
    told = found(model, table)
    assert [record.get("error") for record in told] == [None, "age: must be a number, but is 'old'", None]


def test_a_table_without_a_column_of_the_model_is_refused(model, tmp_path):
    table = tmp_path / "rows.csv"
    table.write_text("age,hue\n1,red\n")
    with pytest.raises(ConfigError, match=r"must have each column .* not so 'colour'; it has 'age', 'hue'"):
        found(model, table)


def test_a_table_is_evaluated_on_the_column_that_the_configuration_names(model, tmp_path):
    table = tmp_path / "bought.csv"
    table.write_text("bought,age,colour\nyes,31.5,red\nno,12,blue\n,4,red\nmaybe,40,red\nyes,old,red\n")
    made = evaluate(Asked(str(tmp_path), str(table), resamples=10))
    assert (made.evaluation.truth.tolist(), made.unknown) == ([1, 0], {"maybe": 1})
    assert made.unreadable == {"row 5": "age: must be a number, but is 'old'"}
    assert made.notes[0] == "1 rows have no bought and were left out"
    right = np.argmax(made.evaluation.predicted, axis=1) == made.evaluation.truth
    assert made.measured.metrics["accuracy"]["value"] == np.mean(right)
    with pytest.raises(ConfigError, match=r"none of the classes in .* they are red, blue; it knows no, yes"):
        evaluate(Asked(str(tmp_path), str(table), objective="colour"))
    with pytest.raises(ConfigError, match="has no column 'sold'"):
        evaluate(Asked(str(tmp_path), str(table), objective="sold"))


def test_what_the_other_model_alone_cannot_predict_is_told(model, document, tmp_path):
    by_colour = document["preprocess"][1] | {"index": 0}
    layer = document["networks"][0]["layers"][0]
    layer = layer | {"weights": layer["weights"][1:]}
    other = document | {"preprocess": [by_colour], "networks": [{"layers": [layer], "trees": False}]}
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / FINAL_MODEL_FILE).write_text(json.dumps(other))
    columns = [{"type": "categorical", "name": name} for name in ("colour", "bought")]
    (tmp_path / "first" / CONFIG_FILE).write_text(json.dumps({"info_list": columns}))
    table = tmp_path / "bought.csv"
    table.write_text("bought,age,colour\nyes,31.5,red\nno,12,blue\nyes,old,red\n")
    made = evaluate(Asked(str(tmp_path / "first"), str(table), compare=str(tmp_path), resamples=2))
    path = tmp_path / FINAL_MODEL_FILE
    assert len(made.evaluation) == 2
    assert made.unreadable == {"row 3": f"{path}: age: must be a number, but is 'old'"}
    assert made.notes == [f"{path}: WARNING: left out, for they could not be predicted: 1 rows"]
