"""What a table is taken for, the numbers that follow, and what is refused."""

import datetime
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from pyramid.data.tabular.caching import cache
from pyramid.data.tabular.described import table_lines
from pyramid.data.tabular.inference import Inferred, infer
from pyramid.data.tabular.layout import Layout
from pyramid.data.tabular.scan import Column
from pyramid.data.tabular.sources import open_source
from pyramid.errors import ConfigError, DataError, ProblemsError
from pyramid.settings.columns import CategoricalColumn, NumericColumn
from tests.data.tabular.making import MIXED, table_of, write_table

ROWS = 60
NAN = float("nan")


def values(rows: int = ROWS) -> dict[str, list[Any]]:
    """A number, a category and an objective that nobody would leave out."""
    rng = np.random.default_rng(3)
    return {
        "age": rng.normal(40, 8, rows).tolist(),
        "colour": rng.choice(["red", "green", "blue"], rows).tolist(),
        "price": rng.normal(100, 20, rows).tolist(),
    }


def inferred(path: Path, more: dict[str, Any] | None = None, objective: str = "price", **asked: Any) -> Inferred:
    return infer(write_table(path, pa.table(values() | (more or {}))), objective, **asked)


def problems(path: Path, text: str | bytes, objective: str = "y", **asked: Any) -> list[str]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ProblemsError) as raised:
        infer(path, objective, **asked)
    return raised.value.problems


def types(found: Inferred) -> dict[str | None, str]:
    return {column.name: column.type for column in found.columns}


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "feather"])
def test_numbers_and_texts_are_told_apart_with_moments_and_sorted_values(tmp_path: Path, ending: str) -> None:
    found = inferred(tmp_path / f"t.{ending}")
    age, colour, price = found.columns
    made = np.array(values()["age"])
    assert isinstance(age, NumericColumn)
    assert isinstance(colour, CategoricalColumn)
    assert [age.mean, age.stdev] == pytest.approx([made.mean(), made.std()])
    assert colour.values == ["blue", "green", "red"]
    assert (price.name, price.type, found.left_out, found.rows) == ("price", "numeric", {}, ROWS)
    assert found.shown[1] == "colour: categorical, 3 categories (blue, green, red), 0 missing"


def test_a_category_with_a_comma_is_shown_as_one(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("town,price\n" + '"Nord, haut",1.5\nGare,2.5\n' * 20)
    line = infer(tmp_path / "t.csv", "price").shown[0]
    assert line == 'town: categorical, 2 categories (Gare, "Nord, haut"), 0 missing'


def test_the_index_is_the_place_in_the_table_without_the_objective(tmp_path: Path) -> None:
    columns = values()
    path = write_table(
        tmp_path / "t.csv",
        {"same": ["x"] * ROWS, "price": columns["price"], "w": [2.0] * ROWS, "age": columns["age"]},
    )
    found = infer(path, "price", weight="w")
    assert [(column.name, column.index) for column in found.columns] == [("age", 2), ("w", 1), ("price", 3)]
    assert (found.weighted, list(found.left_out)) == (True, ["same"])


def test_moments_are_those_of_all_batches_and_of_the_values_that_are_there(tmp_path: Path) -> None:
    rows = 200_000
    ages = np.random.default_rng(0).normal(1e6, 3, rows)
    ages[::7] = NAN
    path = write_table(tmp_path / "t.parquet", pa.table({"age": ages, "y": np.arange(rows) % 2}))
    age = infer(path, "y").columns[0]
    assert isinstance(age, NumericColumn)
    assert [age.mean, age.stdev] == pytest.approx([np.nanmean(ages), np.nanstd(ages)], rel=1e-9)


@pytest.mark.parametrize(
    ("name", "column", "reason"),
    [
        ("x", ["same"] * ROWS, "is constant: every value is 'same'"),
        ("x", [7] * ROWS, "is constant: every value is 7"),
        ("x", [7, None] * (ROWS // 2), "is constant: every value is 7"),
        ("x", pa.nulls(ROWS), "has no values: all 60 are missing"),
        ("x", [NAN] * ROWS, "has no values: all 60 are missing"),
        ("x", list(range(5, ROWS + 5)), "numbers the rows"),
        ("user_id", np.random.default_rng(0).permutation(ROWS).tolist(), "is an id: whole numbers"),
        ("userId", [f"u{i % 30}{'ab'[i // 30]}" for i in range(ROWS)], "is an id: the values are all different"),
        ("x", [f"name {i}" for i in range(ROWS)], "has nearly as many values as rows: 60 different"),
        ("x", [datetime.date(2020, 1, 1 + i % 28) for i in range(ROWS)], "holds dates"),
        ("x", [f"2020-01-{1 + i % 28:02}" for i in range(ROWS)], "holds dates"),
        ("x", [[1.0, 2.0]] * ROWS, "is of the type list<"),
        ("x", [1.0, float("inf")] * (ROWS // 2), "is infinite"),
        ("x", [1.6e9, 1.6e9 + 1] * (ROWS // 2), "is constant when a model is asked"),
        ("x", [f"{i % 20}.png" for i in range(ROWS)], "has names of pictures"),
    ],
)
def test_a_column_without_promise_is_left_out_with_the_reason(
    tmp_path: Path, name: str, column: Any, reason: str
) -> None:
    found = inferred(tmp_path / "t.parquet", {name: column})
    assert list(found.left_out) == [name]
    assert found.left_out[name].startswith(reason)
    assert any(line.startswith(f"{name}: left out: it {reason}") for line in found.shown)
    assert name not in types(found)


@pytest.mark.parametrize(
    ("name", "column", "kind"),
    [
        ("x", [True, False, None] * (ROWS // 3), "categorical"),
        ("x", ["yes", None] * (ROWS // 2), "categorical"),
        ("x", [0, 1] * (ROWS // 2), "numeric"),
        ("paid", np.random.default_rng(0).permutation(ROWS).tolist(), "numeric"),
        ("x", [3, 1] * (ROWS // 2), "numeric"),
        ("x", ["12", "7"] * (ROWS // 2), "categorical"),
    ],
)
def test_a_column_that_says_something_is_kept(tmp_path: Path, name: str, column: Any, kind: str) -> None:
    assert types(inferred(tmp_path / "t.parquet", {name: column}))[name] == kind


def test_a_column_that_pandas_calls_categorical_is(tmp_path: Path) -> None:
    found = inferred(tmp_path / "t.feather", {"x": pa.array([3, 1] * 30).dictionary_encode()})
    assert types(found)["x"] == "categorical"


def encoded(values: pa.Array) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array([0, 1, None] * (ROWS // 3)), values)


@pytest.mark.parametrize("ending", ["arrow", "feather"])
@pytest.mark.parametrize("are_encoded", [False, True])
def test_a_view_of_text_as_polars_writes_it_is_text(tmp_path: Path, ending: str, are_encoded: bool) -> None:
    def views(*texts: str) -> pa.Array:
        one = pa.array(texts, pa.string_view())
        return encoded(one) if are_encoded else pa.array([*texts, None] * (ROWS // 3), pa.string_view())

    path = tmp_path / f"t.{ending}"
    found = inferred(path, {"kind": views("one, or a longer one", "other"), "many": views("1.5", "2.5")})
    assert found.columns[2].values == ["one, or a longer one", "other"]  # type: ignore[attr-defined]
    assert found.columns[3].values == ["1.5", "2.5"]  # type: ignore[attr-defined]
    chunk = next(open_source(found.table, path).chunks(4, [2, 3]))
    assert [list(values) for values in chunk.columns] == [[0, 1, -1, 0]] * 2


def test_a_type_that_nothing_can_be_computed_of_is_an_error_that_names_the_column(tmp_path: Path) -> None:
    path = tmp_path / "t.arrow"
    with pytest.raises(DataError, match=r"cannot be looked through: .*; leave it out, or write it as text or") as error:
        inferred(path, {"odd": encoded(pa.array([[1], [2]]))}, "odd", objective_type="numeric")
    assert f"{path}: the column 'odd' (of the type dictionary<values=list" in str(error.value)


def test_a_header_may_have_cells_of_several_lines(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = [f'{i % 7},"x\n{i % 3}",{i % 5}' for i in range(ROWS)]
    path.write_text("\n".join(['"a\nin m","b","the ""y"" of\n\nit"', *rows]))
    found = infer(path, 'the "y" of\n\nit')
    assert types(found) == {"a\nin m": "numeric", "b": "categorical", 'the "y" of\n\nit': "numeric"}
    assert sum(len(chunk) for chunk in open_source(found.table, path).chunks(1000, [0])) == ROWS


def test_texts_of_a_csv_file_are_numbers_when_all_of_them_are(tmp_path: Path) -> None:
    more = {"a": [" 1 ", "NA", "2e3"] * 20, "b": ["1", "2", "x"] * 20, "c": [str(i) for i in range(59)] + ["?"]}
    found = inferred(tmp_path / "t.csv", more)
    assert (types(found)["a"], types(found)["b"]) == ("numeric", "categorical")
    assert "a: numeric, mean 1,000, standard deviation 999.5, 20 missing" in found.shown
    assert found.left_out["c"].startswith("has numbers, but row 60 is '?'; correct it, or write NA, ")


def test_a_column_with_too_many_categories_is_left_out_and_taken_when_it_is_asked_for(tmp_path: Path) -> None:
    rows = 6000
    columns = {"x": [f"k{i // 3}" for i in range(rows)], "age": np.arange(rows) % 7, "y": np.arange(rows) % 5}
    path = write_table(tmp_path / "t.parquet", pa.table(columns))
    assert infer(path, "y").left_out["x"].startswith("has more than 1,000 categories")
    assert len(infer(path, "y", inputs=["x"]).columns[0].values) == 2000  # type: ignore[union-attr]
    path = write_table(path, pa.table({"x": [f"k{i}" for i in range(20_000)], "y": np.arange(20_000) % 5}))
    with pytest.raises(DataError, match=r"inputs: .* 'x' has more than 10,000 categories"):
        infer(path, "y", inputs=["x"])


def test_asked_inputs_are_kept_whatever_they_look_like(tmp_path: Path) -> None:
    more = {"id": list(range(ROWS)), "day": [datetime.date(2020, 1, 1 + i % 28) for i in range(ROWS)]}
    found = inferred(tmp_path / "t.parquet", more, inputs=["id", "day", "age"])
    assert types(found) == {"age": "numeric", "id": "numeric", "day": "categorical", "price": "numeric"}
    assert found.left_out == {}


def test_asked_inputs_that_are_no_use_are_refused_together(tmp_path: Path) -> None:
    more = {"list": [[1]] * ROWS, "same": [1] * ROWS, "none": pa.nulls(ROWS)}
    with pytest.raises(DataError) as raised:
        inferred(tmp_path / "t.parquet", more, inputs=["list", "same", "none"])
    path = tmp_path / "t.parquet"
    assert [text.removeprefix(f"inputs: {path}: the column ")[:22] for text in raised.value.problems] == [
        "'list' is of the type ",
        "'same' is constant: ev",
        "'none' has no values: ",
    ]


def test_names_of_pictures_are_images_where_the_pictures_are(tmp_path: Path) -> None:
    more = {"photo": [f"pics/{i}.PNG" for i in range(ROWS - 1)] + [None]}
    assert "photo" in inferred(tmp_path / "t.csv", more).left_out
    found = inferred(tmp_path / "t.csv", more, image_root="s3://bucket")
    assert (types(found)["photo"], found.image_root) == ("image", "s3://bucket")
    (tmp_path / "pics").mkdir()
    (tmp_path / "pics" / "3.PNG").write_bytes(b"x")
    found = inferred(tmp_path / "t.csv", more)
    assert (types(found)["photo"], found.image_root) == ("image", str(tmp_path))
    assert "photo: image, 1 missing" in found.shown
    shutil.rmtree(tmp_path / "pics")
    with pytest.raises(DataError, match="set image_root"):
        inferred(tmp_path / "t.csv", more, inputs=["photo"])


@pytest.mark.parametrize(
    ("column", "wanted", "kind", "classes"),
    [
        ([3, 1, 2] * 20, None, "numeric", None),
        ([3, 1, None] * 20, "categorical", "categorical", ["1", "3"]),
        ([3.0, 1.5, NAN] * 20, "categorical", "categorical", ["1.5", "3.0"]),
        ([True, False] * 30, None, "categorical", ["False", "True"]),
        ([True, False] * 30, "numeric", "numeric", None),
        (["b", "a"] * 30, None, "categorical", ["a", "b"]),
        (["1", "2"] * 30, None, "categorical", ["1", "2"]),
        (["1", "2"] * 30, "numeric", "numeric", None),
    ],
)
def test_the_objective_is_what_its_values_say_or_what_is_wanted(
    tmp_path: Path, column: list[Any], wanted: str | None, kind: str, classes: list[str] | None
) -> None:
    found = inferred(tmp_path / "t.parquet", {"y": column}, "y", objective_type=wanted).columns[-1]
    assert (found.type, getattr(found, "values", None)) == (kind, classes)


def test_a_csv_objective_of_numbers_may_be_taken_as_classes(tmp_path: Path) -> None:
    assert types(inferred(tmp_path / "t.csv", {"y": [1, 2] * 30}, "y"))["y"] == "numeric"
    found = inferred(tmp_path / "t.csv", {"y": [1, 2] * 30}, "y", objective_type="categorical").columns[-1]
    assert isinstance(found, CategoricalColumn)
    assert found.values == ["1", "2"]


def test_what_is_odd_about_an_objective_is_told(tmp_path: Path) -> None:
    shown = inferred(tmp_path / "t.csv", {"y": ["a", "b", None] * 19 + ["c", "d", "a"]}, "y").shown
    assert "19 of 60 rows are left out: their objective is missing" in shown
    assert "y: 2 of the classes have one row each, too few to learn: c, d" in shown
    assert any("set objective_type" in line for line in inferred(tmp_path / "t.csv", {"y": [0, 1] * 30}, "y").shown)


@pytest.mark.parametrize(
    ("text", "asked", "said"),
    [
        ("a,y\n1,3\n2,3\n", {}, ["the column 'y' is constant: every value is 3"]),
        ("a,y\n1,b\n2,b\n", {}, ["the column 'y' is constant: every value is 'b'"]),
        ("a,y\n1,\n2,\n", {}, ["the column 'y' has no values: all 2 are missing"]),
        ("a,y\n1,inf\n2,1\n", {}, ["the column 'y' is infinite"]),
        ("a,y\n1,b\n2,c\n", {"objective_type": "numeric"}, ["row 1 is 'b'; set it to"]),
        ("a,y\n1,3\n1,4\n", {}, ["no column is left as an input: 'a' is constant"]),
        ("y\n1\n2\n", {}, ["no column is left as an input; it has none"]),
        ("a,a,y\n1,2,3\n4,5,6\n", {}, ["2 columns are called 'a'"]),
        ("Age,Y\n1,3\n2,4\n", {}, ["has no column 'y'; did you mean 'Y'?"]),
        (
            "a; y\n1; 3\n2; 4\n",
            {},
            ["its only one is 'a; y': separate the columns by commas (.csv) or tabs (.tsv), not by ';'"],
        ),
        ("a,y\n1,3\n2,4\n", {"inputs": ["y", "a", "a"]}, ["inputs[0]: must not be the obj", "inputs[2]: 'a' is there"]),
        ("a,y\n1,3\n2,4\n", {"inputs": ["b"], "weight": "c"}, ["weight: ", "inputs[0]: "]),
        ("a,w,y\n1,1,3\n2,-1,4\n", {"weight": "w"}, ["row 2 is negative"]),
        ("a,w,y\n1,,3\n2,1,4\n", {"weight": "w"}, ["row 1 is missing"]),
        ("a,w,y\n1,1,3\n2,q,4\n", {"weight": "w"}, ["row 2 is 'q'"]),
        ("a,w,y\n1,0,3\n2,0,4\n", {"weight": "w"}, ["but all are 0"]),
        ("", {}, ["has no columns"]),
        ("a,y\n", {}, ["has no rows below its header"]),
        ("a,y", {}, ["has no rows below its header"]),
        ('a,"y\nz"', {"objective": "y\nz"}, ["has no rows below its header"]),
        ("a,y\n1,2\n\n3\n", {}, ["line 4: has 1 cell, but the header has 2"]),
        ('a,y\n1,"x\ny"\n3,4,5\n', {}, ["line 4: has 3 cells, but the header has 2"]),
        (b"a,y\n1,2\n3,caf\xe9\n", {}, ["line 3: byte 14 (0xE9) is not UTF-8 text; save the file as UTF-8"]),
        ("a,y\n1,2\n".encode("utf-16"), {}, ["line 1: byte 1 (0xFF) is not UTF-8 text"]),
        ("a,z\n1,2\n3\n", {}, ["objective: ", "line 3: has 1 cell"]),
    ],
)
def test_a_table_that_cannot_be_learned_from_is_refused_with_all_that_is_wrong(
    tmp_path: Path, text: str | bytes, asked: dict[str, Any], said: list[str]
) -> None:
    found = problems(tmp_path / "t.csv", text, **asked)
    assert len(found) == len(said), found
    for problem, part in zip(found, said, strict=True):
        assert part in problem


def test_too_many_classes_are_refused(tmp_path: Path) -> None:
    path = write_table(tmp_path / "t.parquet", {"a": [1.0, 2.0] * 600, "y": [f"c{i}" for i in range(1200)]})
    with pytest.raises(DataError, match="has more than 1,000 classes; group them"):
        infer(path, "y")


def test_a_name_that_is_wrong_is_an_error_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'price'"):
        inferred(tmp_path / "t.parquet", objective="prices")


def test_a_note_warns_of_what_a_model_that_is_asked_will_see_otherwise(tmp_path: Path) -> None:
    more = {"time": (1.6e9 + np.random.default_rng(0).normal(0, 500, ROWS)).tolist(), "x": ["None", "a"] * 30}
    shown = inferred(tmp_path / "t.parquet", more).shown
    assert any(line.startswith("time: numbers up to 1,600,00") and "lose digits" in line for line in shown)
    assert any(line.startswith("x: a model that is asked takes a missing value for") for line in shown)


def test_lines_for_columns_that_are_given(tmp_path: Path) -> None:
    lines = table_lines(table_of(MIXED, weighted=True))
    assert lines[0] == "age: numeric, mean 40, standard deviation 8"
    assert lines[3].startswith("weight: the weight, numeric")
    assert lines[4] == "species: the objective, categorical, 2 categories (ant, bee)"


def test_memory_does_not_grow_with_the_values_of_a_column() -> None:
    from pyramid.data.tabular.scan import Plan

    column = Column("x", pa.string(), Plan(0, 1000))
    for start in range(0, 1_000_000, 50_000):
        column.add(pa.array([str(i) for i in range(start, start + 50_000)]), start)
    assert column.categories is not None
    assert len(column.categories.counts) == 50_000  # the first batch: they are not counted further
    assert column.rows == 1_000_000


def _points(path: Path, objective: str) -> list[list[Any]]:
    """The rows as a user of the model passes them: a missing cell is None."""
    if path.suffix == ".csv":
        convert = pa.csv.ConvertOptions(
            column_types=dict.fromkeys(["whole", "number", "colour", "flag", "price"], "string"),
            strings_can_be_null=True,
            null_values=[""],
        )
        table = pa.csv.read_csv(path, convert_options=convert)
    else:
        table = pa.parquet.read_table(path)
    return [list(row.values()) for row in table.drop_columns([objective]).to_pylist()]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_training_sees_the_numbers_that_sensenet_makes_of_the_same_rows(tmp_path: Path, ending: str) -> None:
    from pyramid.tf import tf  # noqa: F401 - sensenet imports it in its own way

    # isort: split
    from sensenet.load import load_points
    from sensenet.preprocess.preprocessor import Preprocessor

    rng = np.random.default_rng(1)
    columns = {
        "flag": [True, False, None] * 20,
        "price": rng.normal(100, 20, ROWS).tolist(),
        "number": [None, *rng.normal(3, 2, ROWS - 1).tolist()],
        "colour": [None, *rng.choice(["red", "1", "blue"], ROWS - 1).tolist()],
        "whole": [None, *rng.integers(0, 9, ROWS - 1).tolist()],
    }
    path = write_table(tmp_path / f"t.{ending}", columns)
    found = infer(path, "price")
    cached = cache(found.table, open_source(found.table, path), tmp_path / "out", seed=0)
    rows = np.load(cached.datasets[0])
    learned = Layout.of(found.table, 0, 0).learned(rows, with_trees=False)
    preprocess = [column.model_dump(exclude_none=True) for column in found.table.inputs]
    points = _points(path, "price")
    served = Preprocessor({"preprocess": preprocess}, None)(load_points(preprocess, points)).numpy()
    assert learned.shape == served.shape == (ROWS, 2 + 1 + 3 + 1)
    assert [column.type for column in found.table.inputs] == ["categorical", "numeric", "categorical", "numeric"]
    np.testing.assert_allclose(learned, served, atol=2e-6)
    assert np.count_nonzero(learned[0]) == 1, "only the flag of the first row is there; missing numbers are the mean"
