"""Whole jobs: the same files whatever the workers, going on after any end, and nothing half written."""

import gc
import json
import os
import re
import resource
import shutil
import subprocess
import tempfile
import tracemalloc
from contextlib import contextmanager

import numpy as np
import pytest

from pyramid import api
from pyramid.engine.session import session
from pyramid.errors import ConfigError, DataError, Interrupted, PyramidError
from pyramid.generation.job import Listener, preview
from pyramid.generation.sources import find_sources
from tests.disks import small_disk
from tests.generation.making import (
    config_in,
    contents,
    document_of,
    generate,
    opaque,
    pixels_in,
    settings_of,
    soft,
    write,
    write_sources,
)

#: All that draws random numbers, and more than two batches.
EVERYTHING = {
    "generated_dataset_size": 40,
    "max_foreground_images": 3,
    "empty_image_rate": 0.2,
    "random_background_rate": 0.5,
    "blending": ["none", "gaussian", "poisson"],
    "occupancy_range": [0.2, 1.5],
    "foreground_image_augmentations": ["rotation", "deform", "blur", "gaussian_noise", "glare", "width_shift"],
    "background_image_augmentations": ["zoom", "tint", "gaussian_noise", "cutout"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Sources of two classes, and distractors."""
    folder = write_sources(tmp_path_factory.mktemp("sources"))
    write(folder / "foregrounds" / "red" / "soft.png", soft(40, 24))
    write(folder / "others" / "soft.png", soft(24, 24, seed=1))
    return folder


@pytest.fixture(scope="module")
def whole(folder):
    """What an undisturbed run on one core writes: path -> content."""
    return made(folder, folder / "whole")


@pytest.fixture
def output(tmp_path):
    return tmp_path / "out"


def keys_of(folder, output):
    return EVERYTHING | {"distractors_root": str(folder / "others"), "output_directory": str(output)}


def made(folder, output, **keys):
    """Make EVERYTHING in the folder ``output``; what is written there, but for its own path."""
    generate(folder, **(keys_of(folder, output) | keys))
    return written(output)


def written(output):
    """The configuration names its folder, and rows may have been written in another order."""
    there = contents(output)
    there["config.json"] = there["config.json"].replace(str(output).encode(), b"ROOT")
    there["train.jsonl"] = b"\n".join(sorted(set(there["train.jsonl"].splitlines())))
    return there


def stop_after(folder, output, pictures, **keys):
    """A run that ends as soon as so many pictures are there."""
    count = [0]

    def tell(what, done, total):
        count[0] = done if what == "making" else 0

    with pytest.raises(Interrupted) as error:
        api.generate(
            document_of(folder, **(keys_of(folder, output) | keys)),
            workers=1,
            tell=tell,
            stopped=lambda: count[0] >= pictures,
        )
    return error.value


# The same files


@pytest.mark.parametrize("workers", [2, 3])
def test_any_number_of_workers_makes_the_same_files(folder, whole, output, workers):
    assert made(folder, output, workers=workers) == whole
    assert len(whole) == EVERYTHING["generated_dataset_size"] + 3


def test_ray_makes_the_same_files(folder, whole, output):
    with session():
        assert made(folder, output, workers=None) == whole


def test_a_picture_is_the_same_whatever_the_size_of_the_data_set(folder, whole, output):
    fewer = made(folder, output, generated_dataset_size=7)
    assert fewer["train/000006.png"] == whole["train/000006.png"]
    rows = config_in(output)["training_data"]
    assert rows == config_in(folder / "whole")["training_data"][:7]


def test_rows_and_files_are_those_that_are_shown_before(folder, whole):
    settings = settings_of(folder, **keys_of(folder, folder / "never"))
    shown = preview(settings, find_sources(settings)[0], 5, 1, Listener())
    rows = config_in(folder / "whole")["training_data"]
    assert [picture.row for picture in shown] == rows[:5]
    for picture in shown:
        np.testing.assert_array_equal(pixels_in(folder / "whole" / picture.row["file"]), picture.pixels)
    assert not (folder / "never").exists()


def test_no_more_pictures_are_shown_than_would_be_made(folder):
    settings = settings_of(folder, generated_dataset_size=3)
    assert len(preview(settings, find_sources(settings)[0], 16, 1, Listener())) == 3


def test_another_seed_makes_other_pictures(folder, whole, output):
    other = made(folder, output, seed=1)
    assert not any(other[name] == content for name, content in whole.items() if name.startswith("train/"))


def test_the_summary_counts_what_was_made_and_what_it_shows(folder, output):
    keys = {"max_foreground_images": 2, "empty_image_rate": 0.3, "output_directory": str(output)}
    summary = generate(folder, **keys)
    rows = config_in(output)["training_data"]
    boxes = [box[4] for row in rows for box in row["boxes"]]
    assert (summary.pictures, summary.made) == (10, 10)
    assert summary.config == str(output / "config.json")
    assert summary.shown["red"] == boxes.count("red") > 0
    assert summary.shown[None] == sum(not row["boxes"] for row in rows) > 0


def test_the_listener_hears_how_far_it_is(folder, output):
    told = []
    document = document_of(folder, **keys_of(folder, output))
    api.generate(document, workers=1, tell=lambda *event: told.append(event))
    assert [event for event in told if event[0] == "reading"] == [("reading", 0, 8), ("reading", 8, 8)]
    assert [event for event in told if event[0] == "making"] == [("making", i, 40) for i in (0, 16, 32, 40)]


# Going on


def test_a_stopped_run_can_be_resumed(folder, whole, output):
    error = stop_after(folder, output, 16)
    assert str(error) == "stopped: 16 of 40 pictures are written; --resume makes the others"
    assert not (output / "config.json").exists()
    summary = generate(folder, resume=True, **keys_of(folder, output))
    assert (summary.pictures, summary.made) == (40, 24)
    assert written(output) == whole


def test_a_stop_when_all_is_done_is_none(folder, output):
    document = document_of(folder, **keys_of(folder, output))
    document["generated_dataset_size"] = 4
    told = []
    api.generate(document, workers=1, tell=lambda *done: told.append(done), stopped=lambda: ("making", 4, 4) in told)
    assert len(config_in(output)["training_data"]) == 4


def test_resuming_makes_what_is_missing_and_nothing_else(folder, whole, output):
    made(folder, output)
    train = output / "train"
    for name in ("000000.png", "000017.png", "000039.png"):
        (train / name).unlink()
    (train / "000005.png.part").write_bytes(b"half")
    rows = train.parent / "train.jsonl"
    rows.write_bytes(rows.read_bytes()[:-5])  # the row of 39
    untouched = (train / "000001.png").stat().st_mtime_ns
    assert generate(folder, resume=True, **keys_of(folder, output)).made == 3
    assert written(output) == whole
    assert (train / "000001.png").stat().st_mtime_ns == untouched
    assert generate(folder, resume=True, **keys_of(folder, output)).made == 0
    assert written(output) == whole


def test_a_data_set_can_grow_and_be_used_in_part(folder, whole, output):
    made(folder, output, generated_dataset_size=6)
    keys = keys_of(folder, output)
    assert generate(folder, resume=True, **keys).made == 34
    assert written(output) == whole
    summary = generate(folder, resume=True, **(keys | {"generated_dataset_size": 6}))
    assert (summary.pictures, summary.made) == (6, 0)
    assert len(config_in(output)["training_data"]) == 6


def test_resuming_where_nothing_is_begins(folder, whole, output):
    generate(folder, resume=True, **keys_of(folder, output))
    assert written(output) == whole


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("seed", 1),
        ("max_foreground_images", 2),
        ("input_image_shape", [64, 64, 3]),
        ("image_format", "jpeg"),
        ("objective_type", "categorical"),
        ("foreground_image_augmentations", ["rotation"]),
        ("bounding_box_margin", 1),
        ("balance_objective", True),
    ],
)
def test_other_settings_cannot_go_on(folder, output, key, value):
    stop_after(folder, output, 16)
    before = contents(output)
    with pytest.raises(ConfigError) as error:
        generate(folder, resume=True, **(keys_of(folder, output) | {key: value}))
    assert error.value.problems[0].startswith(f"{key}: was ")
    assert contents(output) == before


def test_settings_of_the_training_may_change(folder, output):
    made(folder, output)
    assert generate(folder, resume=True, **keys_of(folder, output), learning_rate=0.5).made == 0
    assert config_in(output)["learning_rate"] == 0.5


@pytest.mark.parametrize("change", ["added", "removed", "renamed", "moved to another class", "replaced"])
def test_other_sources_cannot_go_on(tmp_path, change):
    write_sources(tmp_path)
    generate(tmp_path)
    (tmp_path / "out" / "train" / "000003.png").unlink()
    file = tmp_path / "foregrounds" / "red" / "0.png"
    if change == "added":
        shutil.copyfile(file, file.with_name("x.png"))
    elif change == "removed":
        file.unlink()
    elif change == "renamed":
        file.rename(file.with_name("x.png"))
    elif change == "moved to another class":
        file.rename(tmp_path / "foregrounds" / "green" / "x.png")
    else:
        write(file, opaque(5, 5, (1, 2, 3)))
    with pytest.raises(ConfigError, match=r"foreground_image_root: was .* files, "):
        generate(tmp_path, resume=True)


def test_sources_may_lie_elsewhere(tmp_path):
    write_sources(tmp_path / "before")
    output = {"output_directory": str(tmp_path / "out")}
    generate(tmp_path / "before", **output)
    expected = contents(tmp_path / "out")
    (tmp_path / "before").rename(tmp_path / "after")
    (tmp_path / "out" / "train" / "000003.png").unlink()
    assert generate(tmp_path / "after", resume=True, **output).made == 1
    assert contents(tmp_path / "out")["train/000003.png"] == expected["train/000003.png"]


def test_overwriting_replaces_all(folder, whole, output):
    made(folder, output, seed=5, generated_dataset_size=50, image_format="jpeg")
    with pytest.raises(ConfigError, match="holds pictures already"):
        made(folder, output)
    assert made(folder, output, overwrite=True) == whole


def test_foreign_files_are_not_overwritten(folder, output):
    before = made(folder, output)
    (output / "train" / "holiday.png").touch()
    with pytest.raises(ConfigError, match=r"holiday\.png"):
        made(folder, output, overwrite=True)
    (output / "train" / "holiday.png").unlink()
    assert written(output) == before


# Bad sources


def test_nothing_is_written_and_nothing_replaced_when_sources_are_bad(tmp_path):
    write_sources(tmp_path)
    generate(tmp_path)
    before = contents(tmp_path / "out")
    for path in (tmp_path / "foregrounds").rglob("*.png"):
        path.write_text("a text")
    for output in ("new", "out"):
        with pytest.raises(DataError, match="foreground_image_root: no picture"):
            generate(tmp_path, overwrite=True, output_directory=str(tmp_path / output))
    assert contents(tmp_path / "out") == before
    assert not (tmp_path / "new").exists()


def test_a_dangling_link_among_the_foregrounds_is_left_out(tmp_path):
    write_sources(tmp_path)
    (tmp_path / "foregrounds" / "red" / "x.png").symlink_to(tmp_path / "missing.png")
    assert generate(tmp_path).pictures == 10


@pytest.mark.parametrize("workers", [0, -1])
def test_no_worker_is_a_clear_error(tmp_path, workers):
    write_sources(tmp_path)
    with pytest.raises(ConfigError, match="workers: must be at least 1"):
        generate(tmp_path, workers=workers)
    assert not (tmp_path / "out").exists()


# A full disk


@contextmanager
def files_of_at_most(size):
    """Writing beyond ``size`` bytes of a file is an error of the operating system, in this process."""
    soft_limit, hard_limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard_limit))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft_limit, hard_limit))


@pytest.fixture
def small_sources(tmp_path):
    """A library of two kilobytes."""
    write(tmp_path / "foregrounds" / "red" / "0.png", opaque(12, 12, (255, 0, 0)))
    return tmp_path


#: Each picture takes less than all rows together, and those less than the configuration.
SMALL = {"generated_dataset_size": 60, "max_foreground_images": 2}


def whole_pictures(output):
    """The numbers of pictures that are there, all of which are whole."""
    assert not list(output.rglob("*.part"))
    files = sorted((output / "train").iterdir())
    assert all(pixels_in(file).any() for file in files)
    return [int(file.stem) for file in files]


@pytest.mark.parametrize("culprit", ["a picture", "train.jsonl", "config.json"])
def test_what_is_there_when_the_disk_is_full_is_whole_and_can_be_gone_on_with(small_sources, culprit):
    noise = {"background_augmentation_ranges": {"gaussian_noise": 1}, "input_image_shape": [64, 64, 3]}
    keys = SMALL | (noise if culprit == "a picture" else {})  # much larger than all rows
    output = small_sources / "out"
    generate(small_sources, **keys)
    whole = contents(output)
    sizes = [len(content) for name, content in sorted(whole.items()) if name.startswith("train/")]
    limit = sorted(sizes)[-3] if culprit == "a picture" else len(whole[culprit]) - 100
    shutil.rmtree(output)
    with files_of_at_most(limit), pytest.raises(PyramidError) as error:
        generate(small_sources, **keys)
    assert str(error.value).startswith(f"cannot write {output}")
    assert "File too large" in str(error.value)
    assert "--resume" in str(error.value)
    too_large = [number for number, size in enumerate(sizes) if size > limit]
    assert whole_pictures(output) == list(range(min([*too_large, 60])))
    assert bool(too_large) == (culprit == "a picture")
    assert not (output / "config.json").exists()
    generate(small_sources, resume=True, **keys)
    assert contents(output) == whole


def test_the_error_tells_no_more_pictures_than_have_not_to_be_made_again(small_sources):
    generate(small_sources, **SMALL)
    limit = (small_sources / "out" / "train.jsonl").stat().st_size - 100
    shutil.rmtree(small_sources / "out")
    with files_of_at_most(limit), pytest.raises(PyramidError) as error:
        generate(small_sources, **SMALL)
    left = generate(small_sources, resume=True, **SMALL).made
    told = re.search(r"; (\d+) of 60 pictures are written", str(error.value))
    assert told
    assert 0 < int(told[1]) <= 60 - left


def test_a_full_disk_is_told_and_can_be_gone_on_with(small_sources):
    """A real one, of 64 kB; mounting it takes rights that not everybody has."""
    generate(small_sources, **SMALL)
    whole = contents(small_sources / "out")
    with small_disk(small_sources / "disk", "64k") as disk:
        keys = SMALL | {"output_directory": str(disk / "out")}
        with pytest.raises(PyramidError, match=r"No space left on device.* and whole: make room, .* --resume"):
            generate(small_sources, **keys)
        there = whole_pictures(disk / "out")
        assert 5 < len(there) < 60
        subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)
        assert generate(small_sources, resume=True, **keys).pictures == 60
        for name, content in whole.items():
            if name != "config.json":
                assert (disk / "out" / name).read_bytes() == content


@pytest.mark.parametrize("limit", [200, 600])
def test_a_full_disk_for_the_library_or_the_description_is_a_clear_error(small_sources, limit):
    """The library has 576 bytes, the description more than 600."""
    with files_of_at_most(limit), pytest.raises(PyramidError):
        generate(small_sources, **SMALL)
    assert generate(small_sources, resume=True, **SMALL).pictures == 60


# Memory and time


def test_memory_does_not_grow_with_the_number_of_pictures(tmp_path):
    """300 pictures of 27 kB pass; a hundred of them would be seen."""
    write(tmp_path / "foregrounds" / "red" / "0.png", opaque(12, 12, (255, 0, 0)))
    write(tmp_path / "backgrounds" / "0.png", np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8))
    keys = {"input_image_shape": [96, 96, 3]}
    generate(tmp_path, **keys)  # what is loaded once
    gc.collect()
    tracemalloc.start()
    try:
        generate(tmp_path, overwrite=True, generated_dataset_size=300, **keys)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    total = sum(file.stat().st_size for file in (tmp_path / "out" / "train").iterdir())
    assert total > 8e6
    assert peak < 2.7e6


def test_nothing_is_left_in_the_temporary_folder(folder, output, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    made(folder, output, workers=2)
    stop_after(folder, tmp_path / "stopped", 16)
    assert sorted(os.listdir(tmp_path)) == ["out", "stopped"]


def test_rows_are_json_of_one_line_each(folder, whole):
    lines = (folder / "whole" / "train.jsonl").read_bytes().splitlines()
    rows = [json.loads(line) for line in lines]
    assert rows == config_in(folder / "whole")["training_data"]
