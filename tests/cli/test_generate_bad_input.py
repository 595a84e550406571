"""`pyramid_generate` with what is wrong: one clear message with path, rule, value and a way out; nothing is written.

Processes are for what needs one; messages alone are asked of `pyramid.api`.
"""

import os
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pyramid import api
from pyramid.errors import ConfigError, DataError, PyramidError
from pyramid.generation.output import working_in
from tests.cli.generating import run, write_config
from tests.generation.making import config_in, contents, document_of, generate, pixels_in, write, write_sources

NAN = float("nan")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_sources(tmp_path)


@pytest.fixture
def current(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same as the current folder."""
    monkeypatch.chdir(folder)
    return folder


def everything(folder: Path) -> dict[str, bytes | None]:
    """Folders, too: an empty one is something that was written."""
    return {str(path.relative_to(folder)): None for path in folder.rglob("*")} | contents(folder)


@pytest.fixture
def problems(folder: Path) -> Callable[..., list[str]]:
    """The lines of the message about a configuration with the given keys."""

    def ask(resume: bool = False, overwrite: bool = False, **keys: Any) -> list[str]:
        before = everything(folder)
        with pytest.raises(ConfigError) as caught:
            api.check_generation(document_of(folder, **keys), resume, overwrite)
        assert everything(folder) == before
        assert caught.value.exit_code == 2
        return str(caught.value).splitlines()

    return ask


OCCUPANCY = "occupancy_range: must be [least, most] with 0 <= least <= most <= 10 and most above 0, but got "
SHAPE = "input_image_shape: must be [width, height, 3] with sides of 1 to 8192 pixels, but got "


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("occupancy_range", [0.5, 0.2], OCCUPANCY + "[0.5, 0.2]"),
        ("occupancy_range", [0, 0], OCCUPANCY + "[0.0, 0.0]"),
        ("occupancy_range", [0, 1e9], OCCUPANCY + "[0.0, 1000000000.0]"),
        ("occupancy_range", [-1, 0.5], "occupancy_range[0]: must be greater than or equal to 0, but got -1"),
        ("occupancy_range", [NAN, 1], "occupancy_range[0]: must be a finite number, but got NaN"),
        ("occupancy_range", [0.1, "b"], 'occupancy_range[1]: must be a valid number, but got "b"'),
        ("occupancy_range", [True, 1], "occupancy_range[0]: must be a valid number, but got true"),
        ("occupancy_range", 0.5, "occupancy_range: must be a list, but got 0.5"),
        ("occupancy_range", [0.5], "occupancy_range[1]: is required"),
        ("occupancy_range", [1, 2, 3], "occupancy_range: must have at most 2 items, but got [1, 2, 3]"),
        ("max_foreground_images", 33, "max_foreground_images: must be less than or equal to 32, but got 33"),
        ("max_foreground_images", -1, "max_foreground_images: must be greater than or equal to 0, but got -1"),
        ("max_foreground_images", 2.0, "max_foreground_images: must be a valid integer, but got 2.0"),
        ("max_foreground_images", True, "max_foreground_images: must be a valid integer, but got true"),
        ("max_distractors", 33, "max_distractors: must be less than or equal to 32, but got 33"),
        ("generated_dataset_size", 0, "generated_dataset_size: must be greater than or equal to 1, but got 0"),
        (
            "generated_dataset_size",
            10**9,
            "generated_dataset_size: must be less than or equal to 100000000, but got 1000000000",
        ),
        ("empty_image_rate", -0.1, "empty_image_rate: must be greater than or equal to 0, but got -0.1"),
        ("empty_image_rate", NAN, "empty_image_rate: must be a finite number, but got NaN"),
        ("random_background_rate", 1.1, "random_background_rate: must be less than or equal to 1, but got 1.1"),
        ("minimum_visibility", 2, "minimum_visibility: must be less than or equal to 1, but got 2"),
        ("bounding_box_margin", 1.5, "bounding_box_margin: must be a valid integer, but got 1.5"),
        ("bounding_box_margin", -1, "bounding_box_margin: must be greater than or equal to 0, but got -1"),
        ("image_quality", 0, "image_quality: must be greater than or equal to 1, but got 0"),
        ("image_quality", 101, "image_quality: must be less than or equal to 100, but got 101"),
        ("image_format", "jpg", "image_format: must be 'png', 'jpeg' or 'webp', but got \"jpg\""),
        ("blending", [], "blending: must not be empty, but got []"),
        ("blending", "none", 'blending: must be a list, but got "none"'),
        ("blending", ["alpha"], 'blending[0]: must be one of none, gaussian, poisson, but got "alpha"'),
        ("seed", -1, "seed: must be greater than or equal to 0, but got -1"),
        ("background_label", None, "background_label: must be a valid string, but got null"),
        ("constant_box_label", 5, "constant_box_label: must be a valid string, but got 5"),
        ("objective_type", "numeric", "objective_type: must be 'categorical' or 'bounding_box', but got \"numeric\""),
        ("objective_type", None, "objective_type: is required: categorical or bounding_box"),
        ("input_image_shape", [0, 0, 3], SHAPE + "[0, 0, 3]"),
        ("input_image_shape", [96, 96, 1], SHAPE + "[96, 96, 1]"),
        ("input_image_shape", [64, 64], SHAPE + "[64, 64]"),
        (
            "input_image_shape",
            [64, 32, 3],
            "input_image_shape: boxes need a square with sides that are a multiple of 32, but got [64, 32, 3]; the"
            " nearest is [64, 64, 3]",
        ),
        ("foreground_image_rot", "x", 'foreground_image_rot: unknown key; did you mean "foreground_image_root"?'),
        ("blendings", ["none"], 'blendings: unknown key; did you mean "blending"?'),
        ("training_data", "x", "training_data: is written by pyramid_generate; leave it out"),
        ("image_root", "x", "image_root: is written by pyramid_generate; leave it out"),
    ],
)
def test_a_value_that_breaks_a_rule(problems: Callable[..., list[str]], key: str, value: object, message: str) -> None:
    assert problems(**{key: value}) == [message]


def test_a_shape_that_is_too_small_to_learn(problems: Callable[..., list[str]]) -> None:
    message = "input_image_shape: the default candidates need sides of 8 pixels or more, but got [1, 1, 3]"
    assert problems(input_image_shape=[1, 1, 3], objective_type="categorical") == [message]


RANGES = "foreground_augmentation_ranges"


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ({"zom": 1}, f'{RANGES}.zom: unknown key; did you mean "zoom"?'),
        ({"zoom": 2}, f"{RANGES}.zoom: must be at least 0 and at most 0.99, but got 2"),
        ({"zoom": NAN}, f"{RANGES}.zoom: must be a finite number, true, false or null, but got NaN"),
        ({"rotation": -3}, f"{RANGES}.rotation: must be at least 0 and at most 180, but got -3"),
        ({"deform": "x"}, f'{RANGES}.deform: must be a finite number, true, false or null, but got "x"'),
        ([], f"{RANGES}: must be an object, but got []"),
        (
            {"flip_vertical": 1, "vertical_flip": 1},
            f"{RANGES}: flip_vertical and vertical_flip are the same: use one of them, but got"
            ' {"flip_vertical": 1, "vertical_flip": 1}',
        ),
    ],
)
@pytest.mark.parametrize("whose", ["foreground", "background"])
def test_a_wrong_strength(problems: Callable[..., list[str]], whose: str, ranges: object, message: str) -> None:
    expected = message.replace("foreground", whose)
    assert problems(**{f"{whose}_augmentation_ranges": ranges}) == [expected]


@pytest.mark.parametrize("key", ["foreground_image_augmentations", "background_image_augmentations"])
def test_an_unknown_augmentation_is_told_with_the_known_ones(problems: Callable[..., list[str]], key: str) -> None:
    [line] = problems(**{key: ["zoom", "zom"]})
    assert line.startswith(f"{key}[1]: must be one of blur, brightness, ")
    assert line.endswith(', zoom, but got "zom"')


FOR_BOXES = "is for training with boxes only: it has no effect on"
FOR_FOREGROUNDS = "is for the foregrounds of generated pictures only: it has no effect on"


@pytest.mark.parametrize(
    ("keys", "warnings"),
    [
        ({"foreground_image_augmentations": ["deform", "flip_horizontal"]}, []),
        ({"foreground_augmentation_ranges": {"mosaic": 0, "deform": 0.5}}, []),
        ({"foreground_image_augmentations": ["mosaic"]}, [f"mosaic {FOR_BOXES} foregrounds"]),
        ({"background_augmentation_ranges": {"mixup": None}}, [f"mixup {FOR_BOXES} backgrounds"]),
        ({"background_image_augmentations": ["deform"]}, [f"deform {FOR_FOREGROUNDS} backgrounds"]),
        (
            {"foreground_image_augmentations": ["zoom"], "occupancy_range": [0.1, 0.2]},
            ["zoom has no effect on foregrounds: occupancy_range sets their sizes"],
        ),
        ({"image_quality": 50}, ["image_quality has no effect: png loses nothing"]),
        ({"max_distractors": 3}, ["max_distractors has no effect: there is no distractors_root"]),
        ({"random_background_rate": 1.0}, ["background_image_root has no effect: random_background_rate is 1"]),
        ({"background_label": "none"}, ["background_label has no effect: boxes are learned"]),
    ],
)
def test_what_has_no_effect_is_a_warning(folder: Path, keys: dict[str, Any], warnings: list[str]) -> None:
    assert api.check_generation(document_of(folder, **keys))[2] == [f"WARNING: {line}" for line in warnings]


def test_all_problems_come_together(problems: Callable[..., list[str]], folder: Path) -> None:
    """Of the generation, of the training that it is for, of the folders."""
    (folder / "taken").touch()
    assert problems(
        background_image_root="nowhere",
        batch_size=0,
        learning_rat=1,
        image_network_candidates=[["unknown", "use_pretrained"]],
        occupancy_range=[1, 0.5],
        output_directory=str(folder / "taken"),
    ) == [
        "batch_size: must be greater than or equal to 1, but got 0",
        "image_network_candidates[0]: unknown network; use one of simple, simple_residual, mobilenet, mobilenetv2,"
        ' resnet18, tinyyolov4, yolov4, or initial_model, but got ["unknown", "use_pretrained"]',
        'learning_rat: unknown key; did you mean "learning_rate"?',
        OCCUPANCY + "[1.0, 0.5]",
        "background_image_root: no such folder: nowhere",
        f"output_directory: {folder / 'taken'} is a file; name a folder",
    ]


def test_what_does_not_fit_the_objective_comes_together_with_the_rest(problems: Callable[..., list[str]]) -> None:
    lines = problems(image_network_candidates=[["resnet18", "use_pretrained"]], batch_size=0)
    assert "image_network_candidates[0]: resnet18 does not detect objects; use one of tinyyolov4, yolov4" in lines
    assert len(lines) == 2


ENDINGS = ".jpg, .jpeg, .png, .gif, .bmp, .tif, .tiff, .webp"


@pytest.mark.parametrize("key", ["foreground_image_root", "background_image_root", "distractors_root"])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere", "no such folder: nowhere"),
        ("a_file", "must be a folder, but a_file is a file"),
        ("empty", f"no pictures ({ENDINGS}) in empty"),
        ("only_text", f"no pictures ({ENDINGS}) in only_text"),
        ("x" * 300, "no such folder: " + "x" * 300),
        ("", 'must not be empty, but got ""'),
    ],
)
def test_a_folder_without_pictures(
    problems: Callable[..., list[str]], current: Path, key: str, name: str, message: str
) -> None:
    (current / "a_file").touch()
    (current / "empty").mkdir()
    (current / "only_text").mkdir()
    (current / "only_text" / "readme.txt").touch()
    assert problems(**{key: name}) == [f"{key}: {message}"]


def test_backgrounds_in_folders_are_not_used_and_that_is_told(
    problems: Callable[..., list[str]], current: Path
) -> None:
    shutil.copytree("backgrounds", "deep/er")
    assert problems(background_image_root="deep") == [
        f"background_image_root: no pictures ({ENDINGS}) in deep; those in folders inside it are not used"
    ]


def test_without_any_foreground_folder(problems: Callable[..., list[str]]) -> None:
    message = "foreground_image_root: is required, unless max_foreground_images is 0"
    assert problems(foreground_image_root=None) == [message]


@pytest.mark.parametrize("output", ["foregrounds", "foregrounds/new", "backgrounds", "x/../foregrounds/./green/new"])
def test_output_among_the_sources_is_refused(problems: Callable[..., list[str]], current: Path, output: str) -> None:
    root = "backgrounds" if "backgrounds" in output else "foregrounds"
    keys = {f"{root[:-1]}_image_root": root}
    assert problems(output_directory=output, **keys) == [
        f"output_directory: must not lie in {root[:-1]}_image_root ({root}), but got {output}"
    ]


def test_output_among_the_sources_is_refused_though_a_link_leads_there(
    problems: Callable[..., list[str]], current: Path
) -> None:
    (current / "link").symlink_to("foregrounds")
    [line] = problems(output_directory="link/new")
    assert line.startswith("output_directory: must not lie in foreground_image_root")


@pytest.mark.parametrize("name", ["a b", "Möwe 猫", "100%s", "[red]", "new\nline", "'\""])
def test_any_name_of_a_folder_will_do(folder: Path, name: str) -> None:
    output = folder / name
    assert generate(folder, output_directory=str(output), generated_dataset_size=2).config == str(
        output / "config.json"
    )
    api.check(config_in(output))


def test_an_output_that_is_no_folder(problems: Callable[..., list[str]], folder: Path) -> None:
    assert problems(output_directory=str(folder / "backgrounds" / "0.png" / "new"), background_image_root=None) == [
        f"output_directory: a part of {folder}/backgrounds/0.png/new is a file; name a folder"
    ]
    for odd in ("a\0b", "x" * 300):
        [line] = problems(output_directory=odd)
        assert line.startswith("output_directory: not the name of a folder: ")


Mess = Callable[[Path], object]


def of(folder: Path, how: Mess) -> Path:
    """A new output, with something in it."""
    folder.mkdir()
    how(folder)
    return folder


@pytest.mark.parametrize(
    "how",
    [
        lambda out: (out / "train").touch(),
        lambda out: (out / "train").mkdir(),
        lambda out: (out / "train").symlink_to("nowhere"),
        lambda out: (out / "train").symlink_to(out.parent / "backgrounds"),
    ],
    ids=["file", "folder", "dangling link", "link"],
)
@pytest.mark.parametrize("keys", [{}, {"resume": True}, {"overwrite": True}])
def test_a_train_that_is_not_ours_is_left_alone(
    problems: Callable[..., list[str]], folder: Path, how: Mess, keys: dict[str, bool]
) -> None:
    out = of(folder / "out", how)
    message = (
        f"output_directory: {out / 'train'} was not made by pyramid_generate; move it away, or name another folder"
    )
    assert problems(**keys) == [message]


def test_files_of_others_among_the_pictures_are_not_overwritten(
    problems: Callable[..., list[str]], folder: Path
) -> None:
    generate(folder, generated_dataset_size=2)
    (folder / "out" / "train" / "mine.png").touch()
    assert problems(overwrite=True) == [
        f"output_directory: {folder / 'out' / 'train'} holds 'mine.png', which pyramid_generate has not made; move it"
        " away"
    ]
    assert generate(folder, resume=True, generated_dataset_size=3).made == 1


@pytest.mark.parametrize("name", ["config.json", "train.jsonl", "generation.json"])
def test_a_file_that_is_not_ours_is_left_alone(problems: Callable[..., list[str]], folder: Path, name: str) -> None:
    """Such as the configuration itself, with the output_directory "."."""
    out = of(folder / "out", lambda out: (out / name).write_text('{"mine": 1}'))
    [line] = problems()
    assert line.startswith(f"output_directory: {out / name}")


def test_resume_with_other_settings_tells_what_is_other(folder: Path) -> None:
    generate(folder, generated_dataset_size=2)
    before = everything(folder)
    with pytest.raises(ConfigError) as caught:
        generate(folder, resume=True, seed=3, bounding_box_margin=2)
    assert sorted(str(caught.value).splitlines()) == [
        "--resume makes the missing pictures of the same kind; use --overwrite for others",
        "bounding_box_margin: was 0, is 2",
        "seed: was 0, is 3",
    ]
    assert everything(folder) == before


def test_resume_with_other_foregrounds_is_refused(folder: Path) -> None:
    generate(folder, generated_dataset_size=2)
    shutil.copy(folder / "foregrounds" / "red" / "0.png", folder / "foregrounds" / "red" / "2.png")
    with pytest.raises(ConfigError, match=r"foreground_image_root: was \"4 files, .*\", is \"5 files, "):
        generate(folder, resume=True)


@pytest.mark.parametrize("content", ["", "{", "[]", "\udcff"])
def test_resume_with_a_spoilt_record_is_one_message(folder: Path, content: str) -> None:
    generate(folder, generated_dataset_size=2)
    (folder / "out" / "generation.json").write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(PyramidError, match=r"generation.json"):
        generate(folder, resume=True)


@pytest.mark.parametrize("content", ["[]\n5\n{}\nx", '{"file": "../../config.json"}\n', '{"file": "x.png"}\n', "\0"])
def test_resume_with_spoilt_rows_makes_those_pictures_again(folder: Path, content: str) -> None:
    generate(folder)
    before = contents(folder / "out" / "train")
    (folder / "out" / "train.jsonl").write_text(content)
    assert generate(folder, resume=True).made == 10
    assert contents(folder / "out" / "train") == before


def test_resume_makes_an_empty_picture_again(folder: Path) -> None:
    generate(folder)
    (folder / "out" / "train" / "000003.png").write_bytes(b"")
    assert generate(folder, resume=True).made == 1


def test_a_disk_that_takes_nothing_from_the_beginning_is_one_message(folder: Path) -> None:
    (folder / "out" / "generation.json.part").mkdir(parents=True)
    with pytest.raises(PyramidError, match="cannot write"):
        generate(folder)


def test_two_runs_in_one_folder(folder: Path) -> None:
    with working_in(folder / "out"), pytest.raises(ConfigError) as caught:
        generate(folder)
    assert str(caught.value) == f"output_directory: another pyramid_generate is at work in {folder / 'out'}"
    assert everything(folder / "out") == {}
    assert generate(folder).made == 10


def bomb(path: Path) -> None:
    """A PNG that says that it has 60,000 x 60,000 pixels with alpha, which would be 14 gigabytes."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 6, 0, 0, 0)), (b"IDAT", b""), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    with path.open("ab") as file:
        for kind, data in parts:
            file.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)))


#: Spoils a foreground; what is told.
BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda path: path.write_bytes(b""), "not a picture that can be read"),
    "text": (lambda path: path.write_text("hello"), "not a picture that can be read"),
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:-30]), "cannot be decoded: "),
    "clear": (lambda path: Image.new("RGBA", (9, 9)).save(path), "nothing to see: every pixel is transparent"),
    "bomb": (bomb, "cannot be decoded: Image size "),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_picture_that_cannot_be_used_is_left_out_and_told(folder: Path, kind: str) -> None:
    spoil, why = BAD[kind]
    bad, said = folder / "foregrounds" / "red" / "0.png", list[str]()
    spoil(bad)
    api.generate(document_of(folder, constant_box_label="x"), workers=1, say=said.append)
    [told] = said
    assert told.startswith(f"left out: {bad}: {why}")
    with pytest.raises(DataError) as caught:
        generate(folder, overwrite=True, on_bad_image="fail")
    first, last = str(caught.value).splitlines()
    assert first.startswith(f"{bad}: {why}")
    assert last == "on_bad_image is fail: mend these files or set it to skip"


def test_a_folder_of_nothing_but_bad_pictures_is_an_error(folder: Path) -> None:
    for path in (folder / "backgrounds").iterdir():
        path.write_bytes(b"")
    with pytest.raises(DataError) as caught:
        generate(folder)
    assert str(caught.value).splitlines()[0] == (
        f"background_image_root: no picture in {folder / 'backgrounds'} can be used:"
    )
    assert not (folder / "out").exists()


def test_a_class_of_nothing_but_bad_pictures_is_told(folder: Path) -> None:
    said = list[str]()
    for path in (folder / "foregrounds" / "red").iterdir():
        path.write_bytes(b"")
    api.generate(document_of(folder), workers=1, say=said.append)
    assert said[-1] == "WARNING: no picture of the class 'red' can be used: there is no such class"


def test_a_foreground_without_alpha_is_a_rectangle_with_one_warning(folder: Path) -> None:
    for i in range(2):
        write(folder / "foregrounds" / "red" / f"{i}.png", np.full((9, 9, 3), 200, np.uint8))
    said = list[str]()
    api.generate(document_of(folder), workers=1, say=said.append)
    [told] = said
    red = folder / "foregrounds" / "red"
    assert told == (
        "WARNING: 2 foregrounds have no alpha channel and will be pasted as rectangles:"
        f" {red / '0.png'}, {red / '1.png'}"
    )


def test_a_link_that_leads_nowhere_is_left_out(folder: Path) -> None:
    (folder / "foregrounds" / "red" / "2.png").symlink_to("nowhere.png")
    assert generate(folder).made == 10


def test_a_file_with_a_strange_name_is_told_on_one_line(folder: Path) -> None:
    (folder / "foregrounds" / "red" / "a\nb\x1b[2J.png").touch()
    done = run(folder, "--workers=1", str(write_config(folder)))
    assert [line.count("left out") for line in done.stdout.splitlines()[:3]] == [0, 1, 0]
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("name", ["猫", "'\"", "$a$", "a b", "new\nline", "x" * 200, "[red]", "background"])
def test_any_name_of_a_class_will_do(folder: Path, name: str) -> None:
    (folder / "foregrounds" / "red").rename(folder / "foregrounds" / name)
    assert generate(folder, objective_type="categorical").shown[name] > 0


def test_a_name_that_is_no_text_is_refused(problems: Callable[..., list[str]], folder: Path) -> None:
    odd = os.fsencode(folder / "foregrounds") + b"/\xff\xfe"
    os.rename(folder / "foregrounds" / "red", odd)
    assert problems()[0].encode("utf-8", "backslashreplace") == (
        rb"training_data: the class '\udcff\udcfe' is no text that can be written; rename it"
    )


REFUSED = "WARNING: pyramid_train will refuse these pictures: training_data: nothing to learn, "


def test_one_class_alone_is_a_warning(folder: Path) -> None:
    shutil.rmtree(folder / "foregrounds" / "red")
    document = document_of(folder, objective_type="categorical")
    assert api.check_generation(document)[2] == [f"{REFUSED}every label is the same class: 'green'"]
    assert api.check_generation(document | {"empty_image_rate": 0.5})[2] == []


def test_no_object_in_any_picture_is_a_warning_for_boxes(folder: Path) -> None:
    document = document_of(folder, max_foreground_images=0)
    assert any(note.startswith(REFUSED) for note in api.check_generation(document)[2])


def test_who_stops_amid_the_reading_does_not_wait_for_its_end(folder: Path) -> None:
    """Ctrl-C while 100,000 foregrounds are read would be heard after minutes."""
    for i in range(100):
        shutil.copy(folder / "foregrounds" / "red" / "0.png", folder / "foregrounds" / "red" / f"{i + 2}.png")
    read = list[int]()
    with pytest.raises(PyramidError):
        api.generate(
            document_of(folder),
            workers=1,
            tell=lambda what, done, total: read.append(done) if what == "reading" else None,
            stopped=lambda: bool(read) and read[-1] > 0,
        )
    assert read[-1] < 100


def test_the_smallest_pictures_and_the_largest_objects(folder: Path) -> None:
    """What is allowed works."""
    generate(
        folder,
        objective_type="categorical",
        input_image_shape=[8, 9, 3],
        occupancy_range=[10, 10],
        max_foreground_images=32,
        generated_dataset_size=1,
    )
    assert pixels_in(folder / "out" / "train" / "000000.png").shape == (9, 8, 3)


def test_a_ray_address_that_is_none_is_one_message(folder: Path) -> None:
    write_config(folder)
    done = run(folder, "config.json", RAY_ADDRESS="nonsense")
    assert done.returncode == 2
    assert done.stderr.startswith("pyramid_generate: RAY_ADDRESS: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"seed": 1,\n', "config.json: not JSON: "),
        ("[]", "config.json: must hold one JSON object, but holds []\n"),
        (
            '{"seed": 1, "seed": 2}',
            'config.json: not JSON that can be read: the key "seed" is there twice in one object\n',
        ),
        (None, "config.json: cannot read the configuration: No such file or directory\n"),
        ('{"occupancy_range": [NaN, 1]}', "\n  occupancy_range[0]: must be a finite number, but got NaN\n"),
    ],
)
def test_a_configuration_that_cannot_be(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "config.json").write_text(text)
    before = everything(tmp_path)
    done = run(tmp_path, "config.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("pyramid_generate:")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert everything(tmp_path) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: config"),
        (["config.json", "--resume", "--overwrite"], "argument --overwrite: not allowed with argument --resume"),
        (["config.json", "--visualize=0"], "argument --visualize: must be a whole number from 1 to 20, but got '0'"),
        (["config.json", "--workers=0"], "workers: must be at least 1, but got 0"),
    ],
)
def test_arguments_that_cannot_be(folder: Path, arguments: list[str], message: str) -> None:
    write_config(folder)
    before = everything(folder)
    done = run(folder, *arguments)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith(message)
    assert "Traceback" not in done.stderr
    assert everything(folder) == before
