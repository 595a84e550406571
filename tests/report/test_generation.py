"""What is shown of a generation: its progress, its summary, and the sheets of --visualize."""

import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure

from pyramid.generation.job import Summary
from pyramid.generation.studio import Picture
from pyramid.report import generation
from pyramid.report.generation import GenerationProgress, print_generated, sheets_of
from pyramid.report.visualize import write

COMMAND = Path(sys.executable).parent / "pyramid_train"


@pytest.fixture(autouse=True)
def time(monkeypatch):
    """The clock that the pace and plain lines go by."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(generation, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def test_each_part_of_the_work_begins_with_a_line(make_console):
    console = make_console()
    with GenerationProgress(console) as report:
        for what, total in (("reading", 6), ("making", 12345)):
            for done in (0, 1, total):
                report(what, done, total)
    assert console.text() == "reading 6 pictures …\nmaking 12,345 pictures …\n"


def test_plain_lines_are_rare_and_tell_pace_and_time_left(make_console, time):
    console = make_console()
    with GenerationProgress(console) as report:
        for done in range(0, 3000, 100):
            report("making", done, 60_000)
            time.now += 1.0
    assert console.text().splitlines() == [
        "making 60,000 pictures …",
        "making pictures: 1,000 of 60,000, 100 images/s, 9:50 min left",
        "making pictures: 2,000 of 60,000, 100 images/s, 9:40 min left",
    ]


def test_pictures_that_were_there_before_are_no_pace(make_console, time):
    console = make_console()
    with GenerationProgress(console) as report:
        report("making", 900, 1000)
        time.now += 10
        report("making", 900, 1000)
        time.now += 10
        report("making", 940, 1000)
    assert console.text().splitlines()[1:] == [
        "making pictures: 900 of 1,000",
        "making pictures: 940 of 1,000, 2.0 images/s, 30 s left",
    ]


def test_a_slow_pace_is_not_nought(make_console, time):
    console = make_console()
    with GenerationProgress(console) as report:
        report("making", 0, 100)
        time.now += 10
        report("making", 3, 100)
    assert "3 of 100, 0.3 images/s" in console.text()


@pytest.mark.parametrize("width", [1, 8, 20, 40, 200])
def test_a_terminal_has_a_bar_for_each_part_whatever_its_width(make_console, time, width):
    console = make_console(width, terminal=True)
    with GenerationProgress(console) as report:
        for what in ("reading", "making"):
            for done in (0, 10, 20):
                report(what, done, 20)
                time.now += 1.0
    if width == 200:
        last = console.text()[console.text().rindex("making pictures ") :]
        assert "━" in last
        assert "20 of 20, 10 images/s" in last


def test_a_terminal_that_is_left_by_an_error_has_its_cursor_again(make_console):
    console = make_console(terminal=True)
    with suppress(KeyboardInterrupt), GenerationProgress(console) as report:
        report("making", 0, 20)
        raise KeyboardInterrupt
    assert console.text().count("\x1b[?25l") == console.text().count("\x1b[?25h") == 1


def printed(console, shown, pictures=1000, made=1000, seconds=2.0, config="/out/config.json"):
    print_generated(console, Summary(pictures, made, seconds, config, Counter(shown)))
    return console.text().splitlines()


def test_the_summary_tells_what_was_made_and_what_is_next(make_console):
    assert printed(make_console(), {"cat": 1200, "dog": 30, None: 70}) == [
        "1,000 pictures made in 2.0 s (500 images/s).",
        "2 classes: cat (1,200), dog (30). 70 pictures have no box.",
        f"Train on them: {COMMAND} /out/config.json",
    ]


def test_the_summary_tells_what_was_there_before(make_console):
    assert printed(make_console(), {"cat": 9}, made=400)[0] == (
        "400 pictures made in 2.0 s (200 images/s); 600 were there."
    )
    assert printed(make_console(), {"cat": 9}, made=0, seconds=0.0)[0] == "0 pictures made in 0.0 s; 1,000 were there."


def test_of_many_classes_the_most_frequent_are_named(make_console):
    line = printed(make_console(), {f"class {i}": 1000 - i for i in range(100)})[1]
    assert line.startswith("100 classes: class 0 (1,000), class 1 (999), ")
    assert line.endswith("class 19 (981), ….")
    assert "class 20" not in line


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("[red]x[/]", "[red]x[/]"),
        (":cat:", ":cat:"),
        ("a\nb\x1b[2J", r"a\nb\x1b[2J"),
        ("x" * 300, "x" * 99 + "…"),
        ("猫", "猫"),
    ],
)
def test_names_of_classes_are_shown_as_they_are_on_one_line(make_console, label, shown):
    assert printed(make_console(20), {label: 3, "dog": 2})[1] == f"2 classes: {shown} (3), dog (2)."


@pytest.mark.parametrize(
    ("shown", "lines"),
    [
        ({"cat": 1}, ["1 picture made in 2.0 s", "1 class: cat (1)."]),
        ({None: 1}, ["1 picture made in 2.0 s", "1 picture has no box."]),
    ],
)
def test_one_is_singular_and_none_is_not_counted(make_console, shown, lines):
    told = printed(make_console(), shown, pictures=1, made=1)
    assert told[0].startswith(lines[0])
    assert told[1] == lines[1]


def test_the_next_command_can_be_pasted(make_console):
    assert printed(make_console(), {"cat": 1}, config="/my data/config.json")[-1] == (
        f"Train on them: {COMMAND} '/my data/config.json'"
    )


def pictures(rows, height=20, width=30):
    rng = np.random.default_rng(0)
    return [Picture(rng.integers(0, 256, (height, width, 3), np.uint8), row) for row in rows]


def drawn(drawing):
    figure = Figure()
    drawing.draw(figure)
    return figure


def test_a_sheet_shows_pictures_under_the_classes_of_their_boxes():
    rows = [{"boxes": [[3, 4, 10, 12, "cat"], [0, 0, 30, 20, "dog"]]}, {"boxes": []}]
    made = pictures(rows)
    [drawing] = sheets_of(made, 16)
    figure = drawn(drawing)
    first, second = figure.axes[:2]
    np.testing.assert_array_equal(first.images[0].get_array(), made[0].pixels)
    assert [ax.get_title() for ax in (first, second)] == ["cat, dog", "no object"]
    assert [text.get_text() for text in first.texts] == ["cat", "dog"]
    assert [patch.get_bbox().extents.tolist() for patch in first.patches] == [
        [2.5, 3.5, 9.5, 11.5],
        [-0.5, -0.5, 29.5, 19.5],
    ]
    assert len({patch.get_edgecolor() for patch in first.patches}) == 2
    assert not second.patches
    assert figure.get_suptitle() == "Generated pictures, sheet 1"
    assert drawing.words == "cat, dog, no object"


def test_a_sheet_of_a_classification_shows_labels_alone():
    [drawing] = sheets_of(pictures([{"label": "cat"}, {"label": ""}, {"label": "$x_1$"}]), 16)
    figure = drawn(drawing)
    assert [ax.get_title() for ax in figure.axes[:3]] == ["cat", "", "$x_1$"]
    assert not any(ax.patches for ax in figure.axes)


def test_pictures_are_spread_over_sheets_in_order():
    made = pictures([{"label": str(i)} for i in range(20)])
    sheets = sheets_of(made, 16)
    assert [sheet.name for sheet in sheets] == ["batch-1", "batch-2"]
    titles = [[ax.get_title() for ax in drawn(sheet).axes if ax.images] for sheet in sheets]
    assert titles == [[str(i) for i in range(16)], [str(i) for i in range(16, 20)]]


@pytest.mark.parametrize(("height", "width"), [(8, 2000), (2000, 8), (8, 8)])
def test_sheets_of_strange_pictures_stay_of_a_size_that_can_be_shown(height, width):
    figure = drawn(sheets_of(pictures([{"label": "a"}] * 16, height, width), 16)[0])
    assert 1 < figure.get_size_inches().min() <= figure.get_size_inches().max() < 80


def test_the_page_has_the_words_for_those_who_do_not_see_the_pictures(tmp_path):
    odd = 'a"><script>'
    page = write(sheets_of(pictures([{"boxes": [[1, 1, 5, 5, odd]]}]), 16), tmp_path, "Generated pictures")
    text = page.read_text()
    assert "<title>Generated pictures</title>" in text
    assert 'src="batch-1.png" alt="a&quot;&gt;&lt;script&gt;"' in text
    assert {path.name for path in page.parent.iterdir()} == {"index.html", "batch-1.png"}
