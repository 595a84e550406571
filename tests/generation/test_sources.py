"""Which files are sources, and of which class; none is opened."""

import os

import pytest

from pyramid.generation.sources import find_sources
from tests.generation.making import settings_of


def touch(folder, *names):
    """Files without a content: none of them is opened."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def labelled(folder, sources):
    root = folder / "foregrounds"
    pairs = zip(sources.foregrounds, sources.labels, strict=True)
    return [(os.path.relpath(path, root), label) for path, label in pairs]


def found(folder, **keys):
    sources, problems = find_sources(settings_of(folder, **keys))
    assert problems == []
    return sources


def problems_of(folder, **keys):
    return find_sources(settings_of(folder, **keys))[1]


def test_the_class_is_the_folder_whatever_the_depth(tmp_path):
    touch(tmp_path / "foregrounds", "cat/a.png", "cat/young/grey/b.jpg", "dog/cat/c.webp")
    expected = [("cat/a.png", "cat"), ("cat/young/grey/b.jpg", "cat"), ("dog/cat/c.webp", "dog")]
    assert labelled(tmp_path, found(tmp_path)) == expected


def test_files_in_no_folder_have_the_empty_class(tmp_path):
    touch(tmp_path / "foregrounds", "a.png", "cat/b.png")
    assert labelled(tmp_path, found(tmp_path)) == [("a.png", ""), ("cat/b.png", "cat")]


def test_the_order_is_that_of_the_names(tmp_path):
    names = ["b/2.png", "b/10.png", "a/z.png", "a/c/y.png", "B/x.png"]
    touch(tmp_path / "foregrounds", *names)
    assert [name for name, _ in labelled(tmp_path, found(tmp_path))] == [
        "B/x.png",
        "a/z.png",
        "a/c/y.png",
        "b/10.png",
        "b/2.png",
    ]


def test_other_files_and_hidden_folders_are_left_alone(tmp_path):
    touch(tmp_path / "foregrounds", "cat/a.PNG", "cat/notes.txt", "README.md", ".git/b.png", "cat/emoji.json")
    (tmp_path / "foregrounds" / "folder.png").mkdir()
    sources = found(tmp_path)
    assert labelled(tmp_path, sources) == [("cat/a.PNG", "cat")]
    assert sources.notes == [
        f"WARNING: {tmp_path / 'foregrounds' / 'folder.png'} holds no pictures: there is no such class"
    ]


def test_backgrounds_in_folders_are_not_used(tmp_path):
    touch(tmp_path / "foregrounds", "cat/a.png")
    touch(tmp_path / "backgrounds", "b.jpg", "a.png", "inner/c.png")
    assert [os.path.basename(path) for path in found(tmp_path).backgrounds] == ["a.png", "b.jpg"]


def test_backgrounds_in_folders_alone_are_a_problem_that_tells_of_them(tmp_path):
    touch(tmp_path / "foregrounds", "cat/a.png")
    touch(tmp_path / "backgrounds", "inner/c.png")
    [problem] = problems_of(tmp_path)
    assert problem.startswith("background_image_root: no pictures (")
    assert problem.endswith("those in folders inside it are not used")


def test_distractors_are_found_at_any_depth(tmp_path):
    touch(tmp_path / "foregrounds", "cat/a.png")
    touch(tmp_path / "others", "b.jpg", "inner/c.png")
    sources = found(tmp_path, distractors_root=str(tmp_path / "others"))
    assert [os.path.relpath(path, tmp_path / "others") for path in sources.distractors] == ["b.jpg", "inner/c.png"]


def test_all_folders_with_a_problem_are_told_together(tmp_path):
    (tmp_path / "empty").mkdir()
    touch(tmp_path, "file.png")
    roots = {
        "foreground_image_root": str(tmp_path / "missing"),
        "background_image_root": str(tmp_path / "file.png"),
        "distractors_root": str(tmp_path / "empty"),
    }
    assert problems_of(tmp_path, **roots) == [
        f"foreground_image_root: no such folder: {tmp_path / 'missing'}",
        f"background_image_root: must be a folder, but {tmp_path / 'file.png'} is a file",
        "distractors_root: no pictures (.jpg, .jpeg, .png, .gif, .bmp, .tif, .tiff, .webp) in "
        + str(tmp_path / "empty"),
    ]


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000])
def test_a_name_that_no_folder_can_have_is_a_problem(tmp_path, name):
    [problem] = problems_of(tmp_path, foreground_image_root=name)
    assert problem.startswith("foreground_image_root: ")


@pytest.mark.parametrize(
    ("key", "keys"),
    [
        ("foreground_image_root", {"max_foreground_images": 0}),
        ("foreground_image_root", {"empty_image_rate": 1}),
        ("background_image_root", {"random_background_rate": 1}),
        ("distractors_root", {"max_distractors": 0}),
    ],
)
def test_a_folder_that_nothing_comes_from_is_not_looked_into(tmp_path, key, keys):
    touch(tmp_path / "foregrounds", "cat/a.png")
    there = problems_of(tmp_path, **{key: str(tmp_path / "missing")})
    assert there == [f"{key}: no such folder: {tmp_path / 'missing'}"]
    assert problems_of(tmp_path, **{key: str(tmp_path / "missing")}, **keys) == []


@pytest.mark.parametrize("inside", ["", "out", "cat/out"])
def test_generated_pictures_may_not_become_sources(tmp_path, inside):
    touch(tmp_path / "foregrounds", "cat/a.png")
    output = str(tmp_path / "foregrounds" / inside)
    [problem] = problems_of(tmp_path, output_directory=output)
    assert problem.startswith("output_directory: must not lie in foreground_image_root (")
    assert problem.endswith(output)


def test_a_folder_beside_with_a_name_that_begins_alike_is_no_part_of_it(tmp_path):
    touch(tmp_path / "foregrounds", "cat/a.png")
    assert problems_of(tmp_path, output_directory=str(tmp_path / "foregrounds_out")) == []
