"""The sources in a library: what is left out and told, and what is kept in which order."""

import numpy as np
import pytest

from pyramid.engine.spread.cores import cores
from pyramid.errors import DataError
from pyramid.generation.collect import collect
from pyramid.generation.sources import find_sources
from tests.generation.making import GREEN, RED, contents, library_of, opaque, plain, settings_of, write, write_sources


@pytest.fixture
def said():
    return []


def collected(folder, said, **keys):
    return library_of(settings_of(folder, **keys), folder / "library", said.append)


def colours(library):
    return [tuple(library.pixels(kept.place)[0, 0, :3].tolist()) for kept in library.foregrounds]


def test_labels_stay_with_their_pictures_when_others_are_left_out(tmp_path, said):
    write_sources(tmp_path, per_class=3)
    bad = [tmp_path / "foregrounds" / "green" / "0.png", tmp_path / "foregrounds" / "red" / "1.png"]
    bad[0].write_text("a text")
    bad[1].write_bytes(b"")
    library = collected(tmp_path, said)
    assert library.labels == ["green", "green", "red", "red"]
    assert colours(library) == [GREEN, GREEN, RED, RED]
    assert said == [f"left out: {path}: not a picture that can be read" for path in bad]


def test_a_bad_picture_ends_the_job_if_that_is_wanted(tmp_path, said):
    write_sources(tmp_path)
    bad = tmp_path / "backgrounds" / "1.png"
    bad.write_text("a text")
    with pytest.raises(DataError) as error:
        collected(tmp_path, said, on_bad_image="fail")
    assert error.value.problems[0] == f"{bad}: not a picture that can be read"
    assert said == []


@pytest.mark.parametrize(
    ("key", "folder"), [("foreground_image_root", "foregrounds"), ("background_image_root", "backgrounds")]
)
def test_a_folder_of_which_nothing_can_be_used_ends_the_job(tmp_path, said, key, folder):
    write_sources(tmp_path)
    for path in (tmp_path / folder).rglob("*.png"):
        path.write_text("a text")
    with pytest.raises(DataError) as error:
        collected(tmp_path, said)
    assert error.value.problems[0] == f"{key}: no picture in {tmp_path / folder} can be used:"


def test_distractors_that_cannot_be_used_end_the_job_although_there_are_foregrounds(tmp_path, said):
    write_sources(tmp_path)
    write(tmp_path / "others" / "a.png", np.zeros((4, 4, 4), np.uint8))
    with pytest.raises(DataError, match="distractors_root: no picture"):
        collected(tmp_path, said, distractors_root=str(tmp_path / "others"))


def test_a_class_of_which_nothing_can_be_used_is_told(tmp_path, said):
    write_sources(tmp_path, per_class=1)
    (tmp_path / "foregrounds" / "red" / "0.png").write_text("a text")
    assert collected(tmp_path, said).labels == ["green"]
    assert said[1] == "WARNING: no picture of the class 'red' can be used: there is no such class"


def test_a_long_list_is_cut(tmp_path, said):
    write_sources(tmp_path)
    for i in range(25):
        (tmp_path / "foregrounds" / "red" / f"bad_{i:02d}.png").write_text("a text")
    collected(tmp_path, said)
    assert len(said) == 21
    assert said[-1] == "left out: 5 more"


@pytest.mark.parametrize("count", [1, 2, 5])
def test_foregrounds_without_alpha_have_one_warning(tmp_path, said, count):
    write_sources(tmp_path)
    paths = [write(tmp_path / "foregrounds" / "red" / f"x{i}.jpg", plain(8, 8, RED)) for i in range(count)]
    library = collected(tmp_path, said)
    assert len(library.foregrounds) == 4 + count
    [warning] = said
    what = "1 foreground has" if count == 1 else f"{count} foregrounds have"
    assert warning.startswith(f"WARNING: {what} no alpha channel and will be pasted as rectangles: {paths[0]}")
    assert warning.count(".jpg") == min(3, count)
    assert warning.endswith("…") == (count > 3)


def test_backgrounds_without_alpha_have_no_warning(tmp_path, said):
    collected(write_sources(tmp_path), said)
    assert said == []


def test_as_many_backgrounds_are_used_as_there_is_room_for(tmp_path, said):
    write_sources(tmp_path)
    for i in range(10):
        write(tmp_path / "backgrounds" / f"x{i}.png", plain(8, 8, (i, i, i)))
    room = int(4.5 * 3 * 32 * 32 * 1.5)  # four and a half
    libraries = [collected(tmp_path, said, max_data_size=room, seed=seed) for seed in (1, 1, 2)]
    assert [len(library.backgrounds) for library in libraries] == [4, 4, 4]
    pixels = []
    for seed in (1, 1, 2):
        library = collected(tmp_path, said, max_data_size=room, seed=seed)
        pixels.append([library.pixels(place)[0, 0].tolist() for place in library.backgrounds])
    assert pixels[0] == pixels[1] != pixels[2]
    assert said[0] == "4 of 12 backgrounds are used, drawn by seed: more need a larger max_data_size"
    assert len(collected(tmp_path, said, max_data_size=1).backgrounds) == 1


@pytest.mark.parametrize(("occupancy", "side"), [(None, 32 * 1.42), ([0.1, 0.5], 16 * 1.42), ([0, 3], 96 * 1.42)])
def test_foregrounds_are_kept_as_large_as_they_can_be_pasted(tmp_path, said, occupancy, side):
    write(tmp_path / "foregrounds" / "a.png", opaque(300, 300, RED))
    [kept] = collected(tmp_path, said, occupancy_range=occupancy).foregrounds
    assert kept.place.shape == (round(side), round(side), 4)


def test_every_number_of_workers_makes_the_same_library(tmp_path):
    """More batches than one, and one with a bad file."""
    write_sources(tmp_path, per_class=3)
    for i in range(20):
        write(tmp_path / "foregrounds" / "red" / f"x{i}.png", opaque(3 + i, 5, (i, 0, 0)))
    (tmp_path / "foregrounds" / "red" / "x5.png").write_text("a text")
    settings = settings_of(tmp_path)
    made, told = [], []
    for workers in (1, 2):
        folder = tmp_path / str(workers)
        folder.mkdir()
        with cores(workers, on_ray=False) as used:
            library = collect(
                settings,
                find_sources(settings)[0],
                used,
                folder / "library",
                lambda done, total: told.append((done, total)),
                lambda line: None,
            )
        made.append(
            (contents(folder), library.labels, library.backgrounds, [kept.place for kept in library.foregrounds])
        )
    assert made[0] == made[1]
    expected = [(0, 28), (8, 28), (16, 28), (24, 28), (28, 28)]
    assert told == 2 * expected
