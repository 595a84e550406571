"""Pascal VOC's XML -> rows with boxes."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from pyramid.data.sources import read_source

Write = Callable[..., Path]


def element(name: str = "<name>cat</name>", box: tuple[object, ...] | None = (1, 2, 30, 40), more: str = "") -> str:
    edges = zip(("xmin", "ymin", "xmax", "ymax"), box or (), strict=False)
    bounds = "".join(f"<{edge}> {value} </{edge}>" for edge, value in edges)
    return f"<object>{name}{more}{'' if box is None else f'<bndbox>{bounds}</bndbox>'}</object>"


def xml(*objects: str, filename: str = "<filename>a.png</filename>") -> str:
    return f"<annotation>{filename}<folder>x</folder>{''.join(objects)}</annotation>"


def test_edges_are_counted_from_0_and_exclusive(write: Write, tmp_path: Path) -> None:
    write("a.png", (30, 40))
    hard = element("<name> a dog </name>", (1.5, 1, 2.25, 1), "<difficult>1</difficult>")
    write("a.xml", xml(element(), hard))
    write("b.xml", xml(filename="<filename>b.png</filename>"))
    source = read_source("training_data", str(tmp_path), None)
    assert (source.problems, source.notes, source.validation) == ([], [], None)
    assert source.root == tmp_path
    assert source.rows == [
        {"file": "a.png", "boxes": [[0, 1, 30, 40, "cat"], [0.5, 0, 2.25, 1, "a dog"]]},
        {"file": "b.png", "boxes": []},
    ]


@pytest.mark.parametrize(
    ("annotation", "picture", "given", "file"),
    [
        ("a.xml", "a.png", ".", "a.png"),
        ("Annotations/a.xml", "JPEGImages/a.png", ".", "JPEGImages/a.png"),
        ("Annotations/a.xml", "JPEGImages/a.png", "Annotations", "JPEGImages/a.png"),
        ("Annotations/a.XML", "Annotations/a.png", ".", "a.png"),
        ("data/a.xml", "JPEGImages/a.png", "data", "JPEGImages/a.png"),
        ("Annotations/a.xml", "elsewhere/a.png", ".", "a.png"),
    ],
)
def test_where_the_pictures_are(
    write: Write, tmp_path: Path, annotation: str, picture: str, given: str, file: str
) -> None:
    write(annotation, xml(element()))
    path = write(picture, (30, 40))
    source = read_source("training_data", str(tmp_path / given), None)
    assert source.problems == []
    assert [row["file"] for row in source.rows] == [file]
    assert (source.root / file == path) == (not picture.startswith("elsewhere"))


def test_a_picture_beside_its_annotation_goes_before_jpegimages(write: Write, tmp_path: Path) -> None:
    write("Annotations/a.xml", xml())
    write("Annotations/b.xml", xml(filename="<filename>b.png</filename>"))
    write("JPEGImages/b.png", (2, 2))
    for folder in ("Annotations", "JPEGImages"):
        write(f"{folder}/a.png", (2, 2))
    source = read_source("training_data", str(tmp_path), None)
    assert source.root == tmp_path
    assert [row["file"] for row in source.rows] == ["Annotations/a.png", "JPEGImages/b.png"]


def test_image_root_wins(write: Write, tmp_path: Path) -> None:
    write("Annotations/a.xml", xml())
    for folder in ("JPEGImages", "mine/sub"):
        write(f"{folder}/a.png", (2, 2))
    source = read_source("training_data", str(tmp_path), str(tmp_path / "mine"))
    assert source.root == tmp_path / "mine"
    assert [row["file"] for row in source.rows] == ["a.png"]


@pytest.mark.parametrize("filename", ["", "<filename/>", "<filename> </filename>", "<filename>gone.png</filename>"])
@pytest.mark.parametrize("picture", ["x.jpg", "x.JPG", "x.webp"])
def test_without_the_picture_that_is_named_one_with_the_name_of_the_xml_is_taken(
    write: Write, tmp_path: Path, filename: str, picture: str
) -> None:
    write("Annotations/x.xml", xml(filename=filename))
    write(f"JPEGImages/{picture}", (2, 2))
    source = read_source("training_data", str(tmp_path), None)
    assert source.problems == []
    assert [row["file"] for row in source.rows] == [f"JPEGImages/{picture}"]


def test_the_name_in_the_annotation_goes_before_the_name_of_the_xml(write: Write, tmp_path: Path) -> None:
    write("x.xml", xml())
    for name in ("x.jpg", "a.png"):
        write(name, (2, 2))
    assert [row["file"] for row in read_source("training_data", str(tmp_path), None).rows] == ["a.png"]


def test_annotations_in_the_folder_itself_go_before_its_subfolder(write: Write, tmp_path: Path) -> None:
    write("Annotations/b.xml", xml(filename=""))
    write("a.xml", xml(filename=""))
    assert [row["file"] for row in read_source("training_data", str(tmp_path), None).rows] == ["a.jpg"]


@pytest.mark.parametrize(("filename", "file"), [("<filename>gone.png</filename>", "gone.png"), ("", "x.jpg")])
def test_a_missing_picture_is_a_row_that_is_told_later(write: Write, tmp_path: Path, filename: str, file: str) -> None:
    write("x.xml", xml(filename=filename))
    source = read_source("training_data", str(tmp_path), None)
    assert source.problems == []
    assert [row["file"] for row in source.rows] == [file]


def test_other_encodings_and_nan(write: Write, tmp_path: Path) -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?>' + xml(element("<name>Möwe</name>", ("nan", 1, 2, 2)))
    write("a.xml", text.encode("latin-1"))
    [[x1, *rest]] = read_source("training_data", str(tmp_path), None).rows[0]["boxes"]
    assert math.isnan(x1)
    assert rest == [0, 2, 2, "Möwe"]


# What is wrong


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "is not XML that can be read: no element found: line 1"),
        ("<annotation>\n<object>\n</annotation>", "is not XML that can be read: mismatched tag: line 3"),
        ('<?xml version="1.0" encoding="nonsense"?><annotation/>', "is not XML that can be read: "),
        ("<data/>", "must hold <annotation>, but got <data>; take it out of the folder"),
        (xml(element(), element(name="")), "object 2 lacks a <name>"),
        (xml(element(name="<name> </name>")), "object 1 lacks a <name>"),
        (xml(element(box=None)), "object 1 lacks a <bndbox>"),
        (xml(element(box=(1, 2, 3))), "object 1 must have 4 numbers xmin, ymin, xmax, ymax in <bndbox>, but got ['1',"),
        (xml(element(box=(1, 2, 3, "x"))), "object 1 must have 4 numbers"),
        (xml(element(box=(1, 2, 3, "1_0"))), "object 1 must have 4 numbers"),
    ],
)
def test_a_problem_names_the_file(write: Write, tmp_path: Path, content: str, problem: str) -> None:
    path = write("a.xml", content)
    [told] = read_source("training_data", str(tmp_path), None).problems
    assert told.startswith(f"training_data: {path}: {problem}")
    assert "\n" not in told


def test_all_problems_are_told(write: Write, tmp_path: Path) -> None:
    write("a.xml", xml(element(name="", box=None), element(box=())))
    write("b.xml", "<")
    problems = read_source("training_data", str(tmp_path), None).problems
    assert [problem.split(": ")[1].rpartition("/")[2] for problem in problems] == ["a.xml"] * 3 + ["b.xml"]


def test_entities_are_not_followed(write: Write, tmp_path: Path) -> None:
    """A file elsewhere must not get into the data, nor a small file grow without end."""
    secret = write("secret.txt", "secret")
    outside = f'<!DOCTYPE a [<!ENTITY s SYSTEM "file://{secret}">]>' + xml(element("<name>&s;</name>"))
    write("outside.xml", outside)
    bomb = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 10))
    write("bomb.xml", f'<!DOCTYPE a [<!ENTITY e0 "lol">{bomb}]>' + xml(element("<name>&e9;</name>")))
    source = read_source("training_data", str(tmp_path), None)
    assert len(source.problems) == 2
    assert "secret" not in str(source.rows)
