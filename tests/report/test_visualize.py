"""The pictures of --visualize: what they show, and where they are written."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from pyramid.data.augment.augment import make_augment
from pyramid.errors import ConfigError
from pyramid.report.drawings import draw_batch, draw_levels, drawings
from pyramid.report.levels import levels
from pyramid.report.preview import Preview
from pyramid.report.visualize import write
from pyramid.settings.augmentations import AUGMENTATIONS

STRENGTHS = {name: float(facts.default) for name, facts in AUGMENTATIONS.items() if facts.training}


def batch_of(count, height=12, width=20, labels=None, size=None):
    originals = np.random.default_rng(0).integers(0, 256, (count, height, width, 3), np.uint8)
    labels, no_boxes = labels or [f"class {i}" for i in range(count)], [[] for _ in range(count)]
    return Preview(1, size or count, originals, 255 - originals, labels, no_boxes, no_boxes)


def test_original_and_augmented_are_side_by_side_under_their_label():
    figure = Figure()
    batch = batch_of(6)
    draw_batch(figure, batch)
    for i, ax in enumerate(figure.axes[:6]):
        shown = ax.images[0].get_array()
        np.testing.assert_array_equal(shown[:, :20], batch.originals[i])
        np.testing.assert_array_equal(shown[:, -20:], batch.augmented[i])
        assert ax.get_title() == f"class {i}"
    assert not any(ax.images for ax in figure.axes[6:])


@pytest.mark.parametrize("label", ["$a_b$", "x" * 200, "<b>", "日本", "back\\slash", "$unclosed"])
def test_labels_are_shown_as_they_are_and_cut_when_long(label, tmp_path):
    figure = Figure()
    draw_batch(figure, batch_of(1, labels=[label]))
    title = figure.axes[0].get_title()
    assert title == label or (len(title) == 32 and label.startswith(title[:-1]))
    figure.savefig(tmp_path / "x.png")


def test_of_a_large_batch_the_first_pictures_are_shown():
    figure = Figure()
    draw_batch(figure, batch_of(64, 2, 2, size=100))
    assert sum(bool(ax.images) for ax in figure.axes) == 64
    assert "64 of 100 pictures" in figure.get_suptitle()


@pytest.mark.parametrize(("height", "width"), [(20, 200), (200, 20), (8, 2000), (2000, 8), (1, 1)])
def test_pages_of_strange_pictures_stay_of_a_size_that_can_be_shown(height, width):
    batch, levels_of_one = Figure(), Figure()
    draw_batch(batch, batch_of(16, height, width))
    draw_levels(levels_of_one, batch_of(1, height, width).originals[0], {"zoom": 0.1, "tint": 0.1})
    for figure in (batch, levels_of_one):
        assert figure.get_size_inches().max() < 80
        assert figure.get_size_inches().min() > 1


def test_the_page_has_all_pictures_and_replaces_the_last_one(tmp_path):
    preview = batch_of(4)
    write(drawings([replace(preview, number=number) for number in (1, 2, 3)], preview, {}), tmp_path, "A title")
    page = write(drawings([preview], preview, {"zoom": 0.1, "horizontal_flip": 1.0}), tmp_path, "A title")
    assert page == tmp_path / "visualize" / "index.html"
    assert {path.name for path in page.parent.iterdir()} == {"index.html", "batch-1.png", "each-augmentation.png"}
    assert {path.name for path in tmp_path.iterdir()} == {"visualize"}
    for name in ("batch-1", "each-augmentation"):
        assert f'src="{name}.png"' in page.read_text()
        assert Image.open(page.parent / f"{name}.png").size[0] > 300


def test_files_of_the_user_stay(tmp_path):
    preview = batch_of(1)
    page = write(drawings([preview], preview, {}), tmp_path, "A title")
    (page.parent / "notes.txt").write_text("mine")
    write(drawings([preview], preview, {}), tmp_path, "A title")
    assert (page.parent / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("kind", ["file", "folder", "link", "page"])
def test_what_another_has_made_is_refused(tmp_path, kind):
    folder = tmp_path / "visualize"
    if kind == "file":
        folder.write_text("mine")
    elif kind == "link":
        folder.symlink_to(tmp_path / "nowhere")
    else:
        folder.mkdir()
        (folder / ("index.html" if kind == "page" else "batch-1.png")).write_text("mine")
    preview = batch_of(1)
    with pytest.raises(ConfigError, match=f"output_directory: {folder} is there, and --visualize has not made it"):
        write(drawings([preview], preview, {}), tmp_path, "A title")
    assert {path.name for path in tmp_path.iterdir()} == {"visualize"}


def test_each_augmentation_has_a_row_with_its_original_first():
    figure = Figure()
    picture = batch_of(1).originals[0]
    draw_levels(figure, picture, {"rotation": 20.0, "horizontal_flip": 1.0})
    titles = [ax.get_title() or ax.get_title(loc="left") for ax in figure.axes]
    assert titles == ["rotation, n = 20", "-20°", "0°", "+20°", "horizontal_flip", "off", "on", ""]
    for row in (0, 4):
        np.testing.assert_array_equal(figure.axes[row].images[0].get_array(), picture)
    np.testing.assert_array_equal(figure.axes[6].images[0].get_array(), picture[:, ::-1])


@pytest.fixture(scope="module")
def picture():
    return np.random.default_rng(1).integers(30, 226, (24, 32, 3), np.uint8)


@pytest.mark.parametrize("name", STRENGTHS)
def test_the_highest_strength_changes_a_picture_the_most(name, picture):
    """The lowest is the one that changes nothing, or the opposite of the highest."""
    augment = [make_augment({name: level.strength or 1e-9}, 32, 24) for level in levels(name, STRENGTHS[name])]
    changes = [
        np.abs(f(picture[np.newaxis], level.draws[np.newaxis])[0] - picture).mean()
        for f, level in zip(augment, levels(name, STRENGTHS[name]), strict=True)
    ]
    assert changes[-1] > 0.5
    assert changes[0] == 0 or (changes[1] < 0.01 and changes[0] > 0.5)
    assert len({level.caption for level in levels(name, STRENGTHS[name])}) == len(changes)
