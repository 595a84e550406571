"""YOLO's data.yaml, or a folder with a list of classes -> rows with boxes."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from pyramid.data.sources import Source, read_source

Write = Callable[..., Path]

WHOLE = "0 0.5 0.5 1 1\n"
YAML = "train: images/train\nval: images/val\nnames: [cat, dog]\n"


@pytest.fixture
def data_set(write: Write, tmp_path: Path) -> Path:
    """A data set as Ultralytics lays it out: a.png and c.png to train on, b.png to validate on."""
    write("data.yaml", YAML)
    write("images/train/a.png", (100, 50))
    write("images/train/deep/c.png", (100, 50))
    write("images/val/b.png", (10, 10))
    write("labels/train/a.txt", "1 0.5 0.5 0.5 0.2\r\n\r\n0 0.1 0.1 0.2 0.2")
    write("labels/val/b.txt", WHOLE)
    return tmp_path


def read(path: Path, name: str = "training_data", image_root: str | None = None) -> Source:
    return read_source(name, str(path), image_root)


def files(source: Source | None) -> list[str]:
    return [row["file"] for row in source.rows] if source else []


@pytest.mark.parametrize("given", [".", "data.yaml"])
def test_a_description(data_set: Path, given: str) -> None:
    source = read(data_set / given)
    note = "1 of 2 pictures have no label file: they count as without objects"
    assert (source.problems, source.notes, source.root) == ([], [note], data_set)
    assert files(source) == ["images/train/a.png", "images/train/deep/c.png"]
    boxes = source.rows[0]["boxes"]
    assert [pytest.approx(box[:4]) for box in boxes] == [[25, 20, 75, 30], [0, 0, 20, 10]]
    assert [box[4] for box in boxes] == ["dog", "cat"]
    assert source.rows[1]["boxes"] == []  # without a label file


def test_val_is_to_validate_on(data_set: Path) -> None:
    validation = read(data_set).validation
    assert validation == Source(
        "validation_data", data_set, [{"file": "images/val/b.png", "boxes": [[0, 0, 10, 10, "cat"]]}]
    )


def test_validation_data_takes_val(data_set: Path) -> None:
    source = read(data_set, "validation_data")
    assert (source.name, files(source), source.validation) == ("validation_data", ["images/val/b.png"], None)


@pytest.mark.parametrize("val", ["", "val:\n"])
def test_validation_data_takes_train_when_there_is_no_val(data_set: Path, write: Write, val: str) -> None:
    write("data.yaml", f"train: images/train\n{val}names: [cat, dog]\n")
    assert files(read(data_set, "validation_data")) == ["images/train/a.png", "images/train/deep/c.png"]
    assert read(data_set).validation is None


@pytest.mark.parametrize(
    "names", ["[cat, dog]", "{0: cat, 1: dog}", "{'1': dog, '0': cat}", "\n- cat\n- dog", "{0: cat, 1: dog, 9: x}"]
)
def test_forms_of_the_names(data_set: Path, write: Write, names: str) -> None:
    write("data.yaml", f"train: images/train\nnames: {names}\nnc: 2\n")
    source = read(data_set)
    assert source.problems == []
    assert [box[4] for box in source.rows[0]["boxes"]] == ["dog", "cat"]


@pytest.mark.parametrize("name", ["data.yaml", "data.yml", "dataset.yaml", "DATA.YAML", "other.yaml"])
def test_any_name_of_the_description(data_set: Path, write: Write, name: str) -> None:
    (data_set / "data.yaml").unlink()
    path = write(name, "\ufeff" + YAML)
    assert len(files(read(path))) == 2
    if name != "other.yaml" and name != "DATA.YAML":
        assert len(files(read(data_set))) == 2


@pytest.mark.parametrize("path", ["set", "./set/", "../{parent}/set", "{folder}/set"])
def test_path_is_the_root(write: Write, tmp_path: Path, path: str) -> None:
    given = path.format(parent=tmp_path.name, folder=tmp_path)
    write("data.yaml", f"path: {given}\ntrain: images\nnames: [cat]\n")
    write("set/images/a.png", (4, 2))
    write("set/labels/a.txt", WHOLE)
    source = read(tmp_path)
    assert source.problems == []
    assert source.root.resolve() == tmp_path / "set"
    assert source.rows == [{"file": "images/a.png", "boxes": [[0, 0, 4, 2, "cat"]]}]


@pytest.mark.parametrize(
    ("train", "expected"),
    [
        ("[images/train, images/val]", ["images/train/a.png", "images/train/deep/c.png", "images/val/b.png"]),
        ("[images/train, images]", ["images/train/a.png", "images/train/deep/c.png", "images/val/b.png"]),
        ("./images/val/", ["images/val/b.png"]),
        ("../images/val", ["images/val/b.png"]),
        ("list.txt", ["images/val/b.png", "images/train/a.png"]),
        ("[lists/list.txt, images/val]", ["images/train/a.png", "images/val/b.png"]),
    ],
)
def test_forms_of_train(data_set: Path, write: Write, train: str, expected: list[str]) -> None:
    """The list in the folder `lists` has paths relative to itself and to the root."""
    write("list.txt", f"./images/val/b.png\r\n\n{data_set}/images/train/a.png \n")
    write("lists/list.txt", "../images/train/a.png\nimages/val/b.png\n")
    write("data.yaml", f"train: {train}\nnames: [cat, dog]\n")
    source = read(data_set)
    assert (source.problems, source.root) == ([], data_set)
    assert sorted(files(source)) == sorted(expected)
    assert source.rows[-1]["boxes"]


def test_pictures_beside_the_folder_of_the_description(data_set: Path, write: Write) -> None:
    path = write("configuration/data.yaml", YAML.replace(" images/", " ../images/"))
    source = read(path)
    assert source.problems == []
    assert source.root == data_set
    assert files(source) == ["images/train/a.png", "images/train/deep/c.png"]
    assert source.validation
    assert source.validation.root == data_set


def test_a_place_above_goes_before_one_of_the_same_name_inside(data_set: Path, write: Write) -> None:
    write("set/images/val/other.png", (4, 4))
    source = read(write("set/data.yaml", "train: ../images/val\nnames: [cat, dog]\n"))
    assert (source.root, files(source)) == (data_set, ["images/val/b.png"])


def test_a_list_is_relative_to_itself_first(data_set: Path, write: Write) -> None:
    write("lists/images/val/b.png", (4, 4))
    write("lists/labels/val/b.txt", WHOLE)
    write("lists/list.txt", "images/val/b.png\n")
    write("data.yaml", "train: lists/list.txt\nnames: [cat, dog]\n")
    assert read(data_set).rows == [{"file": "lists/images/val/b.png", "boxes": [[0, 0, 4, 4, "cat"]]}]


def test_a_list_that_leads_out_of_the_data_set_is_not_followed_silently(data_set: Path, write: Write) -> None:
    """A check of the rows tells of files above the root."""
    write("set/list.txt", "../images/train/a.png\n")
    source = read(write("set/data.yaml", "train: list.txt\nnames: [cat, dog]\n"))
    assert (source.root, files(source)) == (data_set / "set", ["../images/train/a.png"])


# Folders with a list of classes


@pytest.mark.parametrize("classes", ["classes.txt", "obj.names"])
@pytest.mark.parametrize(
    ("picture", "label"),
    [
        ("a.png", "a.txt"),
        ("obj_train_data/a.png", "obj_train_data/a.txt"),
        ("images/a.png", "labels/a.txt"),
        ("images/a.png", "images/a.txt"),
        ("images/x/images/a.png", "images/x/labels/a.txt"),
    ],
)
def test_a_folder_with_a_list_of_classes(write: Write, tmp_path: Path, classes: str, picture: str, label: str) -> None:
    write(classes, "\ufeffcat\r\na dog \n\n")
    write(picture, (4, 2))
    write(label, "1 0.5 0.5 1 1")
    source = read(tmp_path)
    assert (source.problems, source.root, source.validation) == ([], tmp_path, None)
    assert source.rows == [{"file": picture, "boxes": [[0, 0, 4, 2, "a dog"]]}]


def test_labels_are_preferred_to_a_text_beside_the_picture(write: Write, tmp_path: Path) -> None:
    write("classes.txt", "cat")
    write("images/a.png", (4, 2))
    write("images/a.txt", "a caption")
    write("labels/a.txt", WHOLE)
    assert read(tmp_path).rows == [{"file": "images/a.png", "boxes": [[0, 0, 4, 2, "cat"]]}]


def test_only_the_folder_images_has_pictures(write: Write, tmp_path: Path) -> None:
    write("classes.txt", "cat")
    write("images/a.png", (4, 2))
    write("images/a.txt", "")
    write("example.png", (4, 2))
    assert files(read(tmp_path)) == ["images/a.png"]


@pytest.mark.parametrize("content", [b"", b"no picture"])
def test_a_picture_that_cannot_be_read_has_no_boxes(write: Write, tmp_path: Path, content: bytes) -> None:
    write("classes.txt", "cat")
    write("a.png", content)
    write("a.txt", WHOLE)
    source = read(tmp_path)
    assert (source.problems, source.rows) == ([], [{"file": "a.png", "boxes": []}])


def test_boxes_out_of_the_picture_are_passed_on(write: Write, tmp_path: Path) -> None:
    write("classes.txt", "cat")
    write("a.png", (10, 10))
    write("a.txt", "0.0 1 1 0.4 -1\n")
    assert read(tmp_path).rows == [{"file": "a.png", "boxes": [[8, 15, 12, 5, "cat"]]}]


# What is wrong


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("0 0.5 0.5 1", "must be 5 numbers `class cx cy w h`, but got '0 0.5 0.5 1'"),
        ("cat 0.5 0.5 1 1", "must be 5 numbers `class cx cy w h`, but got 'cat 0.5 0.5 1 1'"),
        ("0 0,5 0,5 1 1", "must be 5 numbers"),
        (b"\xff\xfe\x00", "must be 5 numbers"),
        (
            "0 0.1 0.1 0.2 0.1 0.2 0.2",
            "must be 5 values `class cx cy w h` (polygons, the labels of segmentation, are not supported), but got",
        ),
        ("2 0.5 0.5 1 1", "must begin with the index of one of the 2 classes, but got '2 0.5 0.5 1 1'"),
        ("-1 0.5 0.5 1 1", "must begin with the index of one of the 2 classes"),
        ("0.5 0.5 0.5 1 1", "must begin with the index of one of the 2 classes"),
        ("nan 0.5 0.5 1 1", "must begin with the index of one of the 2 classes"),
    ],
)
def test_a_wrong_line(data_set: Path, write: Write, line: str | bytes, problem: str) -> None:
    content = line if isinstance(line, bytes) else line.encode()
    path = write("labels/train/a.txt", WHOLE.encode() + content)
    [told] = read(data_set).problems
    assert told.startswith(f"training_data: {path}:2: {problem}")
    assert "\n" not in told


def test_all_wrong_lines_are_told(data_set: Path, write: Write) -> None:
    write("labels/train/a.txt", f"x\n{WHOLE}9 1 1 1 1\n")
    write("labels/train/deep/c.txt", "x\n")
    write("labels/val/b.txt", "x\n")
    source = read(data_set)
    places = [problem.split(": ")[1].rpartition("/")[2] for problem in source.problems]
    assert places == ["a.txt:1", "a.txt:3", "c.txt:1"]
    assert source.validation
    assert len(source.validation.problems) == 1
    assert source.validation.problems[0].startswith("validation_data: ")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("train: images/train\n", ": names no classes; list them, in a .yaml file as `names: [cat, dog]`"),
        ("train: images/train\nnames: []\n", ": names no classes"),
        ("train: images/train\nnames: cat\n", ": names no classes"),
        ("train: images/train\nnames: [a, no]\n", ": class 1: must be a name, but got False; write a text, in quotes"),
        ("train: images/train\nnames: [a, ' ']\n", ": class 1: must be a name, but got ' '"),
        ("train: images/train\nnames: {a: b}\n", ": class 'a': must have an index"),
        ("train: images/train\nnames: [a, b, a]\n", ": two classes are named 'a'; give them different names"),
        ("names: [cat, dog]\n", ": train: must be a folder of pictures, a .txt file that lists them, or a list"),
        ("train: 5\nnames: [cat, dog]\n", ": train: must be a folder of pictures"),
        ("train: []\nnames: [cat, dog]\n", ": train: must be a folder of pictures"),
        ("train: [[images]]\nnames: [cat, dog]\n", ": train: must be a folder of pictures"),
        ("train: [images, gone]\nnames: [cat, dog]\n", ": train: no such folder or .txt file: {folder}/gone"),
        ("train: images/train/a.png\nnames: [cat, dog]\n", ": train: no such folder or .txt file: {folder}/images/tr"),
        ("train: labels\nnames: [cat, dog]\n", ": train: no pictures"),
        ("path: gone\ntrain: images/train\nnames: [cat, dog]\n", ": path: must be a folder, but got 'gone'; leave it"),
        ("path: 5\ntrain: ../images/train\nnames: [cat, dog]\n", ": path: must be a folder, but got 5"),
        ("path: [a]\ntrain: images/train\nnames: [cat, dog]\n", ": path: must be a folder, but got ['a']"),
        ("train: images/val2\nnames: [cat]\n", ": train: none of the 1 pictures has a label file; for images/x.jpg"),
    ],
)
def test_a_wrong_description(data_set: Path, write: Write, content: str, problem: str) -> None:
    write("images/val2/d.png", (4, 4))
    (data_set / "5").mkdir()
    path = write("data.yaml", content)
    [told] = read(data_set).problems
    assert told.startswith(f"training_data: {path}{problem.format(folder=data_set)}")
    assert "\n" not in told


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("train: [a\nnames: b: c\n", "data.yaml is not YAML: "),
        (b"names: [\xff]", "data.yaml is not YAML: "),
        ("train: !!python/object/apply:os.system ['touch hacked']\n", "data.yaml is not YAML: could not determine a"),
        ("[" * 10_000, ""),
        ("names: 2024-99-99\n", ""),
    ],
)
def test_what_is_not_yaml(data_set: Path, write: Write, content: str | bytes, problem: str) -> None:
    path = write("data.yaml", content)
    for given in (path, data_set):
        [told] = read(given).problems
        assert told.startswith(f"training_data: cannot read {given}: {problem}")
        assert "\n" not in told


@pytest.mark.parametrize("content", ["", "5", "[a]"])
def test_a_yaml_file_without_keys(write: Write, content: str) -> None:
    [problem] = read(write("x.yaml", content)).problems
    assert "x.yaml must have the keys train and names, but got " in problem


def test_an_error_in_yaml_is_told_with_its_line(data_set: Path, write: Write) -> None:
    write("data.yaml", "names: [cat]\ntrain: a: b\n")
    assert "in line 2" in read(data_set).problems[0]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "{path}: class 0: must be a name, but got ''"),
        ("cat\n\ndog\n", "{path}: class 1: must be a name, but got ''"),
        ("cat\ncat\n", "{path}: two classes are named 'cat'"),
        (b"\xff", "cannot read {path.parent}: classes.txt is not UTF-8 text: "),
    ],
)
def test_a_wrong_list_of_classes(write: Write, content: str | bytes, problem: str) -> None:
    path = write("classes.txt", content)
    write("a.png", (4, 4))
    [told] = read(path.parent).problems
    assert told.startswith("training_data: " + problem.format(path=path))


def test_image_root_must_be_left_out(data_set: Path) -> None:
    assert read(data_set, image_root=str(data_set / "images" / "..")).problems == []
    for path in (data_set, data_set / "data.yaml"):
        [problem] = read(path, image_root=str(data_set / "images")).problems
        assert problem.startswith(f"image_root: leave it out, training_data ({data_set}) ")


@pytest.mark.parametrize("content", ["stages: [a]\n", "[names]\n", ""])
def test_another_data_yaml_is_passed_over(write: Write, tmp_path: Path, content: str) -> None:
    write("data.yaml", content)
    write("cat/a.png", (4, 4))
    source = read(tmp_path)
    assert source.problems == []
    assert source.rows == [{"file": "cat/a.png", "label": "cat"}]


def test_aliases_within_aliases_are_not_written_out(tmp_path: Path) -> None:
    """As text the last one would be some gigabytes."""
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{one}: &{one} [{', '.join([f'*{before}'] * 9)}]" for before, one in pairwise("abcdefghi")]
    (tmp_path / "data.yaml").write_text("\n".join([*lines, "path: *i", "train: images", "names: [cat]"]))
    [problem, *_] = read_source("training_data", str(tmp_path / "data.yaml"), None).problems
    assert "path: must be a folder" in problem
    assert len(problem) < 1000
