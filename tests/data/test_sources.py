"""Rows from a list, a folder of class folders, or a table; data sets with boxes are in formats/."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from pyramid.data.formats.tables import LOADERS
from pyramid.data.sources import Source, read_source
from pyramid.settings.train import Row

CAT = {"file": "a.png", "label": "cat"}
DOG = {"file": "b.png", "label": "dog"}

Read = Callable[..., Source]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write a table of the given name and content, and read it."""

    def write_and_read(name: str, content: str | bytes, image_root: str | None = None) -> Source:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_source("training_data", str(path), image_root)

    return write_and_read


def given(source: Source) -> list[dict[str, Any]]:
    """The rows without the cells that are empty."""
    return [{key: value for key, value in row.items() if value is not None} for row in source.rows]


# A list


def test_a_list_of_rows() -> None:
    rows = [Row(file="a.png", label="cat"), Row(file="b.png", label=2, weight=0.5, group="g")]
    source = read_source("training_data", rows, None)
    assert source.problems == []
    assert not source.text
    assert given(source) == [
        {"file": "a.png", "label": "cat", "weight": 1.0},
        {"file": "b.png", "label": 2, "weight": 0.5, "group": "g"},
    ]
    assert source.root == Path(".")
    assert read_source("training_data", rows, "pictures").root == Path("pictures")


def test_a_list_of_rows_with_boxes() -> None:
    rows = [Row(file="a.png", boxes=[(1, 2, 3, 4, "cat")]), Row(file="b.png", boxes=[])]
    assert given(read_source("training_data", rows, None)) == [
        {"file": "a.png", "boxes": [(1, 2, 3, 4, "cat")], "weight": 1.0},
        {"file": "b.png", "boxes": [], "weight": 1.0},
    ]


# Tables


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", "file,label\na.png,cat\nb.png,dog\n"),
        ("t.csv", "label,file\ncat,a.png\ndog,b.png"),  # another order, no line end at the end
        ("t.csv", "file,label\r\na.png,cat\r\n\r\nb.png,dog\r\n"),  # from Windows, with an empty line
        ("t.csv", '"file","label"\n"a.png","cat"\n"b.png","dog"\n'),
        ("T.CSV", "\ufefffile,label\na.png,cat\nb.png,dog\n"),  # a byte order mark, as Excel writes it
        ("t.tsv", "file\tlabel\na.png\tcat\nb.png\tdog\n"),
        ("t.tsv", "\ufefffile\tlabel\na.png\tcat\nb.png\tdog\n"),
        ("t.csv", "file,label,weight,group\na.png,cat,,\nb.png,dog,,\n"),
        ("t.json", json.dumps([CAT, DOG])),
        ("t.json", json.dumps([CAT, DOG], indent=4)),
        ("t.json", json.dumps({"training_data": [CAT, DOG], "output_directory": "x"})),
        ("t.json", "\ufeff" + json.dumps([CAT, DOG])),
        ("t.json", f"{json.dumps(CAT)}\n{json.dumps(DOG)}\n"),
        ("t.jsonl", f"{json.dumps(CAT)}\n{json.dumps(DOG)}\n"),
        ("t.jsonl", f"{json.dumps(CAT)}\r\n\r\n{json.dumps(DOG)}"),
    ],
)
def test_a_table(read: Read, tmp_path: Path, name: str, content: str) -> None:
    source = read(name, content)
    assert source.problems == []
    assert given(source) == [CAT, DOG]
    assert source.text == name.lower().endswith((".csv", ".tsv"))
    assert source.root == tmp_path


BOXED = [{"file": "a.png", "boxes": [[1, 2, 3, 4, "cat"]]}, {"file": "b.png", "boxes": []}]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.json", json.dumps(BOXED)),
        ("t.json", json.dumps({"training_data": BOXED})),
        ("t.json", json.dumps({"training_data": BOXED}, indent=0)),  # lines that begin with a brace, in one document
        ("t.jsonl", "\n".join(map(json.dumps, BOXED))),
    ],
)
def test_a_table_with_boxes(read: Read, name: str, content: str) -> None:
    source = read(name, content)
    assert source.problems == []
    assert source.rows == BOXED


def test_boxes_do_not_fit_into_a_column_of_one_type(read: Read) -> None:
    [problem] = read("t.csv", "file,label,boxes\na.png,cat,1\n").problems
    assert problem.endswith(
        "has unknown columns boxes; the columns are file, label, weight, group; boxes need a JSON file"
    )


def test_one_line_of_json_is_one_row(read: Read) -> None:
    source = read("t.jsonl", json.dumps(CAT) + "\n")
    assert source.problems == []
    assert given(source) == [CAT]


@pytest.mark.parametrize("kind", [pyarrow.string(), pyarrow.dictionary(pyarrow.int8(), pyarrow.string())])
def test_parquet(tmp_path: Path, kind: pyarrow.DataType) -> None:
    labels = pyarrow.array(["cat", "dog"], pyarrow.string()).cast(kind)
    table = pyarrow.table({"file": ["a.png", "b.png"], "label": labels, "weight": [1.5, None], "group": [7, 8]})
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    source = read_source("training_data", str(tmp_path / "t.parquet"), None)
    assert source.problems == []
    assert not source.text
    assert given(source) == [CAT | {"weight": 1.5, "group": 7}, DOG | {"group": 8}]


@pytest.mark.parametrize(("kind", "labels"), [(pyarrow.int16(), [3, 4]), (pyarrow.float32(), [0.5, 2.0])])
def test_parquet_of_numbers(tmp_path: Path, kind: pyarrow.DataType, labels: list[float]) -> None:
    table = pyarrow.table({"file": ["a.png", "b.png"], "label": pyarrow.array(labels, kind)})
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    source = read_source("training_data", str(tmp_path / "t.parquet"), None)
    assert [row["label"] for row in source.rows] == labels


def test_image_root_replaces_the_folder_of_the_table(read: Read) -> None:
    assert read("t.csv", "file,label\na.png,cat\n", image_root="pictures").root == Path("pictures")


@pytest.mark.parametrize("name", ["t.csv", "t.tsv"])
def test_cells_stay_the_text_that_they_are(read: Read, name: str) -> None:
    comma = "\t" if name == "t.tsv" else ","
    cells = ["007", "1e3", "true", "NA", "null", "2024-01-02", " x ", '"say ""hi"""', '"a\nb"', f'"a{comma}b"']
    source = read(name, "\n".join([f"file{comma}label", *(f"a.png{comma}{cell}" for cell in cells)]))
    assert [row["label"] for row in source.rows] == [
        *["007", "1e3", "true", "NA", "null", "2024-01-02", " x ", 'say "hi"', "a\nb", f"a{comma}b"]
    ]


def test_an_empty_cell_is_none(read: Read) -> None:
    source = read("t.csv", 'file,label,weight\na.png,cat,\nb.png,,2\n,"",3\n')
    assert source.rows == [
        {"file": "a.png", "label": "cat", "weight": None},
        {"file": "b.png", "label": None, "weight": "2"},
        {"file": None, "label": None, "weight": "3"},
    ]


NAMES = ["Möwe 1.png", "猫/白 猫.png", " blank.png", "a\u2028b.png", "comma, quote' .png", "é (copy).jpg"]


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.json", "t.jsonl", "t.parquet"])
def test_unicode_and_blanks_in_file_names(tmp_path: Path, name: str) -> None:
    """U+2028 ends a line for some of Python's functions, but not in JSON or CSV."""
    path = tmp_path / "Ordner mit Ümläuten" / name
    path.parent.mkdir()
    if name == "t.parquet":
        pyarrow.parquet.write_table(pyarrow.table({"file": NAMES, "label": ["x"] * len(NAMES)}), path)
    elif name.startswith("t.json"):
        rows = [json.dumps({"file": file, "label": "x"}, ensure_ascii=False) for file in NAMES]
        path.write_text("\n".join(rows) if name == "t.jsonl" else f"[{','.join(rows)}]", encoding="utf-8")
    else:
        comma = "\t" if name == "t.tsv" else ","
        lines = [f'"{file}"{comma}x' for file in NAMES]
        path.write_text("\n".join([f"file{comma}label", *lines]), encoding="utf-8")
    source = read_source("training_data", str(path), None)
    assert source.problems == []
    assert [row["file"] for row in source.rows] == NAMES


# Tables that are wrong


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.csv", "", "cannot read"),
        ("t.csv", "file,label\n", "no rows"),
        ("t.csv", "file,label\na.png,cat,3\n", "cannot read"),
        ("t.csv", b"file,label\nM\xf6we.png,cat\n", "cannot read"),
        ("t.csv", "file;label\na.png;cat\n", "lacks file, label"),
        ("t.csv", "file,lable\na.png,cat\n", "lacks label and has unknown columns lable"),
        (
            "t.csv",
            "file,label,wieght\na.png,cat,1\n",
            "has unknown columns wieght; the columns are file, label, weight",
        ),
        ("t.json", "", "no rows"),
        ("t.json", "[]", "no rows"),
        ("t.json", "5", "must hold a list of objects"),
        ("t.json", "[1, 2]", "must hold a list of objects"),
        ("t.json", '[{"file": "a.png"}]', "lacks label or boxes; the columns are file, label, boxes, weight, group"),
        ("t.json", '[{"boxes": []}]', "lacks file; "),
        ("t.json", "[" * 100_000, "cannot read"),
        ("t.jsonl", "{}\n[]\n", "line 2 must hold an object"),
        ("t.parquet", "file,label", "cannot read"),
        ("t.xlsx", "PK", "must be a folder or a file ending in .csv, .tsv, .json, .jsonl, .parquet, .yaml, .yml"),
        ("table", "file,label", "must be a folder or a file ending in .csv, .tsv, .json, .jsonl, .parquet"),
    ],
)
def test_a_table_that_is_wrong_has_one_problem_on_one_line(
    read: Read, tmp_path: Path, name: str, content: str | bytes, words: str
) -> None:
    [problem] = read(name, content).problems
    assert problem.startswith("training_data: ")
    assert words in problem
    assert str(tmp_path / name) in problem
    assert "\n" not in problem


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("t.json", '[\n{"file": "a.png", "label": "x"},\n{"file": "b.png" "label": "y"}\n]', 3),
        ("t.jsonl", '{"file": "a.png", "label": "x"}\n{"file": "b.png" "label": "y"}\n', 2),
        ("t.json", '{"file": "a.png", "label": "x"}\n{"file": "b.png" "label": "y"}\n', 2),
        ("t.json", '{"training_data": [\n{"file": "b.png" "label": "y"}]}', 2),
    ],
)
def test_broken_json_is_told_with_its_line(read: Read, name: str, content: str, line: int) -> None:
    [problem] = read(name, content).problems
    assert f"line {line}" in problem


def test_an_unknown_key_in_any_row_of_json_is_a_problem(read: Read) -> None:
    """A misspelt weight must not be passed over because the first row has none."""
    [problem] = read("t.json", json.dumps([CAT, DOG | {"weigth": 3}])).problems
    assert "weigth" in problem


@pytest.mark.parametrize("name", ["absent", "absent.csv", "absent/pictures"])
def test_what_is_missing(tmp_path: Path, name: str) -> None:
    path = str(tmp_path / name)
    assert read_source("validation_data", path, None).problems == [f"validation_data: no such file or folder: {path}"]


# Folders


@pytest.fixture
def class_folders(tmp_path: Path) -> Path:
    """Empty files stand for pictures: they are listed here, not read."""
    names = [
        *["cat/1.png", "cat/2.JPG", "cat/kittens/3.jpeg", "cat/notes.txt", "dog/1.webp", "dog/2.gif", "dog/3.bmp"],
        *["große Möwe/1.tif", "große Möwe/2 .tiff", ".hidden/1.png", "loose.png", "empty/readme.md"],
    ]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_class_folders(class_folders: Path) -> None:
    source = read_source("training_data", str(class_folders), None)
    assert source.problems == []
    assert not source.text
    assert source.root == class_folders
    assert [(row["label"], row["file"]) for row in source.rows] == [
        ("cat", "cat/1.png"),
        ("cat", "cat/2.JPG"),
        ("cat", "cat/kittens/3.jpeg"),
        ("dog", "dog/1.webp"),
        ("dog", "dog/2.gif"),
        ("dog", "dog/3.bmp"),
        ("große Möwe", "große Möwe/1.tif"),
        ("große Möwe", "große Möwe/2 .tiff"),
    ]


def test_class_folders_with_the_same_image_root(class_folders: Path) -> None:
    source = read_source("training_data", str(class_folders), str(class_folders / "cat" / ".."))
    assert source.problems == []


def test_class_folders_with_another_image_root(class_folders: Path) -> None:
    [problem] = read_source("training_data", str(class_folders), str(class_folders / "cat")).problems
    assert problem.startswith("image_root: leave it out")


@pytest.mark.parametrize("folder", ["empty", "cat"])
def test_a_folder_without_class_folders_of_pictures(class_folders: Path, folder: str) -> None:
    path = class_folders / folder
    (path / "kittens" / "3.jpeg").unlink(missing_ok=True)
    [problem] = read_source("training_data", str(path), None).problems
    assert problem.startswith(f"training_data: no class folder with pictures in {path}; expected ")
    assert "Pascal VOC's .xml files" in problem
    assert "YOLO's data.yaml or classes.txt" in problem


@pytest.mark.parametrize("data", ["a\0b", "x" * 5000])
def test_what_no_file_can_be_called(data: str) -> None:
    [problem] = read_source("training_data", data, None).problems
    assert problem.startswith("training_data: ")


def test_an_error_without_a_text_is_a_problem_too(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path) -> None:
        raise MemoryError

    monkeypatch.setitem(LOADERS, ".csv", fail)
    [problem] = read("t.csv", "file,label").problems
    assert problem.endswith("t.csv: MemoryError")


@pytest.mark.parametrize(
    ("file", "content", "boxes"),
    [
        ("a.xml", "<annotation><filename>cat/1.png</filename></annotation>", True),
        ("Annotations/a.xml", "<annotation/>", True),
        ("classes.txt", "cat", True),
        ("obj.names", "cat", True),
        ("data.yaml", "names: [cat]\ntrain: cat\n", True),
        ("a.json", "{}", False),
        ("labels.txt", "cat", False),
        ("dog/a.xml", "<annotation/>", False),
        ("dog/classes.txt", "cat", False),
    ],
)
def test_what_is_told_from_class_folders(class_folders: Path, file: str, content: str, boxes: bool) -> None:
    path = class_folders / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(content, encoding="utf-8")
    (class_folders / "cat" / "1.txt").touch()
    source = read_source("training_data", str(class_folders), None)
    assert source.problems == []
    assert {"boxes" in row for row in source.rows} == {boxes}
