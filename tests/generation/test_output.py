"""The folder of pictures: what is there, what is missing, and what may be kept or replaced."""

import json

import pytest

from pyramid.errors import ConfigError
from pyramid.generation.output import Output, check_train, working_in
from pyramid.generation.studio import Made
from tests.generation.making import config_in, contents

MADE_OF = {"seed": 0, "blending": ["none"], "input_image_shape": [1, 1, 3]}


def made(*numbers):
    return [Made(i, b"picture %d" % i, {"file": f"train/{i:06d}.png", "label": f"ü{i}"}) for i in numbers]


def begun(root, made_of=MADE_OF, keep=True):
    root.mkdir(exist_ok=True)
    output = Output(root)
    output.begin(made_of, keep)
    return output


@pytest.fixture
def root(tmp_path):
    """A folder with the pictures 0 to 4."""
    begun(tmp_path / "out").add(made(*range(5)))
    return tmp_path / "out"


def missing(output, wanted=5):
    return list(output.missing(wanted))


def test_a_picture_is_a_file_and_a_row(root):
    there = contents(root)
    assert set(there) == {"generation.json", "train.jsonl", *(f"train/00000{i}.png" for i in range(5))}
    assert there["train/000003.png"] == b"picture 3"
    assert [json.loads(line) for line in there["train.jsonl"].splitlines()] == [one.row for one in made(*range(5))]
    assert json.loads(there["generation.json"]) == MADE_OF


def test_pictures_that_are_there_are_not_missing(root):
    output = begun(root)
    assert output.count(10**9) == 5
    assert missing(output) == []
    assert missing(output, 8) == [5, 6, 7]


def test_a_deleted_picture_is_missing_and_can_be_made_again(root):
    (root / "train" / "000002.png").unlink()
    output = begun(root)
    assert missing(output) == [2]
    output.add(made(2))
    assert [row["label"] for row in output.read_rows(5)] == [f"ü{i}" for i in range(5)]
    again = begun(root)
    assert (again.count(10**9), missing(again)) == (5, [])
    assert [row["label"] for row in again.read_rows(5)] == [f"ü{i}" for i in range(5)]


@pytest.mark.parametrize("cut", [1, 2, 10, 40])
def test_a_truncated_last_line_is_cut_off(root, cut):
    rows = root / "train.jsonl"
    rows.write_bytes(rows.read_bytes()[:-cut])
    output = begun(root)
    assert missing(output) == [4]
    output.add(made(4))
    assert [json.loads(line)["label"] for line in rows.read_bytes().splitlines()] == [f"ü{i}" for i in range(5)]


@pytest.mark.parametrize(
    "line", [b"", b"\0\0\0", b'{"file": ', b"[]", b"null", b"{}", b'{"file": 3}', b'{"file": "a.png"}', b"\xff\xfe"]
)
def test_a_spoilt_line_is_a_missing_picture(root, line):
    rows = root / "train.jsonl"
    lines = rows.read_bytes().splitlines()
    lines[1] = line
    rows.write_bytes(b"\n".join(lines) + b"\n")
    (root / "a.png").touch()
    output = begun(root)
    assert missing(output) == [1]
    output.add(made(1))
    assert [row["label"] for row in output.read_rows(5)] == [f"ü{i}" for i in range(5)]


def test_a_picture_without_a_row_is_missing(root):
    (root / "train" / "000005.png").write_bytes(b"half")
    output = begun(root)
    assert missing(output, 6) == [5]
    output.add(made(5))
    assert (root / "train" / "000005.png").read_bytes() == b"picture 5"


def test_without_the_file_of_rows_all_are_missing(root):
    (root / "train.jsonl").unlink()
    assert missing(begun(root)) == [0, 1, 2, 3, 4]


def test_half_written_files_are_removed(root):
    for name in ("000001.png.part", "000009.png.part"):
        (root / "train" / name).write_bytes(b"half")
    output = begun(root)
    assert missing(output) == []
    assert not list(root.rglob("*.part"))


def test_other_settings_are_refused_with_both_values(root):
    before = contents(root)
    with pytest.raises(ConfigError) as error:
        begun(root, {"seed": 1, "blending": ["none"], "new": None, "other": [1]})
    assert error.value.problems[:2] == ["seed: was 0, is 1", "other: was null, is [1]"]
    assert contents(root) == before


@pytest.mark.parametrize("content", [b"", b'{"seed":', b"[]", b"\xff"])
def test_a_spoilt_description_is_a_clear_error(root, content):
    (root / "generation.json").write_bytes(content)
    with pytest.raises(ConfigError):
        begun(root)


def test_replacing_leaves_nothing_of_the_former_pictures(root):
    (root / "config.json").touch()
    (root / "train" / "000001.jpg.part").touch()
    output = begun(root, {"seed": 1}, keep=False)
    assert (output.count(10**9), missing(output, 2)) == (0, [0, 1])
    assert set(contents(root)) == {"generation.json"}
    assert json.loads((root / "generation.json").read_bytes()) == {"seed": 1}


def test_the_configuration_has_the_rows_in_the_order_of_the_pictures(tmp_path):
    output = begun(tmp_path)
    output.add(made(3, 0))
    output.add(made(2, 1, 7))
    keys = {"seed": 3, "output_directory": "/ä\n", "empty": []}
    output.write_config(keys, 4)
    expected = keys | {"training_data": [one.row for one in made(0, 1, 2, 3)]}
    assert config_in(tmp_path) == expected
    assert list(config_in(tmp_path)) == [*keys, "training_data"]


def test_a_configuration_without_pictures_is_json(tmp_path):
    output = begun(tmp_path)
    output.add([])
    output.write_config({"seed": 0}, 0)
    assert config_in(tmp_path) == {"seed": 0, "training_data": []}


def test_an_error_in_the_middle_of_a_file_leaves_the_former_one(root):
    output = begun(root)
    output.write_config({"seed": 0}, 5)
    before = contents(root)
    with pytest.raises(TypeError):
        output.write_config({"seed": 0, "bad": {1, 2}}, 5)
    assert contents(root) == before


def test_only_one_at_a_time_works_in_a_folder(tmp_path):
    with working_in(tmp_path / "deep" / "out") as output:
        assert output.root.is_dir()
        with pytest.raises(ConfigError, match="another pyramid_generate is at work"), working_in(output.root):
            pass
    with working_in(tmp_path / "deep" / "out"):
        pass


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="output_directory: cannot make"), working_in(tmp_path / "file" / "out"):
        pass


# Whether pictures may be made


@pytest.mark.parametrize(("resume", "overwrite"), [(False, False), (True, False), (False, True)])
def test_a_new_or_an_empty_folder_may_be_used(tmp_path, resume, overwrite):
    assert check_train(str(tmp_path / "new"), resume, overwrite) == []
    assert check_train(str(tmp_path), resume, overwrite) == []


def test_pictures_that_are_there_are_kept_or_replaced_on_demand_alone(root):
    [problem] = check_train(str(root), False, False)
    assert problem.startswith(f"output_directory: {root / 'train'} holds pictures already; ")
    assert "--resume" in problem
    assert "--overwrite" in problem
    assert check_train(str(root), True, False) == check_train(str(root), False, True) == []


@pytest.mark.parametrize(("resume", "overwrite"), [(False, False), (True, False), (False, True)])
@pytest.mark.parametrize("kind", ["folder", "file", "dangling"])
def test_what_something_else_has_made_is_refused(tmp_path, resume, overwrite, kind):
    train = tmp_path / "train"
    {"folder": train.mkdir, "file": train.touch, "dangling": lambda: train.symlink_to(tmp_path / "missing")}[kind]()
    [problem] = check_train(str(tmp_path), resume, overwrite)
    assert problem.startswith(f"output_directory: {train} was not made by pyramid_generate")


@pytest.mark.parametrize("name", ["holiday.png", "000001.gif", "00001.png", "notes.txt", "folder", "000001.png.bak"])
def test_foreign_files_are_not_replaced(root, name):
    path = root / "train" / name
    path.mkdir() if name == "folder" else path.touch()
    [problem] = check_train(str(root), False, True)
    assert repr(name) in problem
    assert check_train(str(root), True, False) == []


def test_half_written_files_of_our_own_are_not_foreign(root):
    for name in ("000007.png.part", "1234567.webp", "000000.jpg"):
        (root / "train" / name).touch()
    assert check_train(str(root), False, True) == []
