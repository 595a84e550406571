"""Files of the same bytes are found, and join the groups of their rows."""

from pathlib import Path

from pyramid.data.same_files import joined, same_files


def written(folder: Path, contents: dict[str, bytes]) -> list[str]:
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [str(folder / name) for name in contents]


def test_files_of_the_same_bytes_are_found_wherever_others_differ(tmp_path: Path) -> None:
    large = bytes(100_000)
    others = [large[:place] + b"!" + large[place + 1 :] for place in (0, 50_000, 99_999)]
    names = {"a": large, "b": others[0], "c": others[1], "d": others[2], "e": large, "f": b"", "g": b"", "h": b"short"}
    files = written(tmp_path, names)
    assert same_files(files) == [[files[0], files[4]], [files[5], files[6]]]


def test_missing_and_remote_files_are_alone(tmp_path: Path) -> None:
    [file] = written(tmp_path, {"a": b"a"})
    assert same_files([file, str(tmp_path / "missing"), str(tmp_path), "s3://bucket/a", "s3://bucket/b"]) == []


def test_without_copies_the_groups_are_the_same_ones(tmp_path: Path) -> None:
    groups = ["x", "y", "x"]
    assert joined(written(tmp_path, {"a": b"1", "b": b"2", "c": b"3"}), groups) is groups


def test_copies_join_the_groups_that_they_are_in(tmp_path: Path) -> None:
    files = written(tmp_path, {"a": b"1", "b": b"1", "c": b"2", "d": b"3", "e": b"2", "f": b"4"})
    found = joined(files, ["one", "two", "two", "three", "four", "five"])  # one - two by 1, two - four by 2
    assert found[0] == found[1] == found[2] == found[4]
    assert len(set(found)) == 3
