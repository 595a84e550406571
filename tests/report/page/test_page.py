"""The page as a file: what it shows of which model, and that it needs nothing else."""

import re

import numpy as np
import pytest

from pyramid.finalize.evaluation import Evaluation
from pyramid.report.page.contents import Contents
from pyramid.report.page.page import page, write_report
from tests.report.page.pages import AWKWARD, boxes, categorical, numeric, parsed, pictures, progress, results

LANES = [*progress("good", 0, [20, 20, 28, 28]), *progress("bad", 2, [20, 20])]


def test_a_classifier_has_its_parts_in_order() -> None:
    found = parsed(Contents("a", categorical(), results=results(), entries=LANES))
    parts = ["overview", "leaderboard", "learning", "time", "confusion", "curves", "calibration", "mistakes", "data"]
    assert found.sections == [*parts, "configuration"]


def test_values_have_their_parts() -> None:
    assert parsed(Contents("a", numeric())).sections == ["overview", "values", "mistakes", "configuration"]


def test_boxes_have_their_parts(tmp_path) -> None:
    found = parsed(Contents("a", boxes(files=pictures(tmp_path, 6)), root=tmp_path))
    assert found.sections == ["overview", "boxes", "gallery", "configuration"]


@pytest.mark.parametrize("evaluation", [None, categorical(), numeric(), boxes()], ids=["none", "c", "n", "b"])
def test_every_part_has_a_heading_and_a_link(evaluation: Evaluation | None) -> None:
    found = parsed(Contents("a", evaluation, results=results(), entries=LANES))
    assert len(found.all("h1")) == 1
    assert len(found.all("h2")) == len(found.sections)
    assert {link["href"] for link in found.all("a")} == {"#content"} | {f"#{key}" for key in found.sections}


def test_tables_have_captions_and_heads_with_a_scope_and_pictures_have_words(tmp_path) -> None:
    found = parsed(Contents("a", categorical(files=pictures(tmp_path, 60)), results=results(), root=tmp_path))
    assert len(found.all("caption")) == len(found.all("table")) > 5
    assert {head["scope"] for head in found.all("th")} == {"col", "row"}
    assert all(image["alt"] for image in found.all("img"))
    drawings = [drawing for drawing in found.all("svg") if "aria-hidden" not in drawing]
    assert all(drawing["role"] == "img" and drawing["aria-label"] for drawing in drawings)
    assert len(found.all("desc")) == len(drawings) > 3


def test_the_page_loads_nothing_and_has_no_script(tmp_path) -> None:
    written = page(Contents("a", categorical(files=pictures(tmp_path, 60)), results=results(), root=tmp_path))
    assert not re.findall(r"<script|https?://(?!www\.w3\.org/)|@import|javascript:", written)
    assert set(re.findall(r'(?:src|href)="([^"#]{1,5})', written)) == {"data:"}


AWKWARD_NAMES = [AWKWARD, "\udcff\udcfe.png", "a\x00b\x1b[31m", "日本 ünï", ""]


@pytest.mark.parametrize("name", AWKWARD_NAMES)
def test_any_name_is_shown_as_text(name: str, tmp_path) -> None:
    evaluation = categorical(files=[name] * 60)
    evaluation.classes[1] = name
    known = results(
        classes={name: 5, "other": 7},
        bad_images=[{"file": name, "reason": name}],
        notes=[name],
        duplicates={"exact": [[name, name]], "across": [[name, name, 3]], "counts": {"exact": 1}},
    )
    known["candidates"][0] |= {"name": name, "reason": name}
    entries = progress(name, 0, [20, 20, 28])
    contents = Contents(name, evaluation, results=known, config={"key": name}, entries=entries, notes=[name])
    write_report(contents, tmp_path / "report.html")
    found = parsed(contents)
    assert "script" not in [tag for tag, _ in found.elements]
    assert "b" not in [tag for tag, _ in found.elements]
    if name == AWKWARD:
        assert AWKWARD in found.text


def test_an_empty_evaluation_leaves_its_parts_out() -> None:
    nothing = Evaluation("categorical", ["a", "b"], [], np.zeros(0, int), np.zeros((0, 2)))
    assert parsed(Contents("a", nothing)).sections == ["overview", "configuration"]
    assert parsed(Contents("a", Evaluation("numeric", [], [], np.zeros(0), np.zeros(0)))).sections[1:-1] == []
    assert parsed(Contents("a", Evaluation("bounding_box", ["a"], [], [], []))).sections[1:-1] == []


def test_pictures_without_any_object_have_a_page(tmp_path) -> None:
    none = [np.zeros((0, 5), np.float32)] * 2, [np.zeros((0, 6), np.float32)] * 2
    found = parsed(Contents("a", Evaluation("bounding_box", ["a"], pictures(tmp_path, 2), *none), root=tmp_path))
    assert "0 found, 0 missed, 0 false" in found.text


def test_one_class_has_no_curves() -> None:
    one = Evaluation("categorical", ["only"], [], np.zeros(9, int), np.ones((9, 1)))
    found = parsed(Contents("a", one))
    assert found.sections == ["overview", "confusion", "calibration", "mistakes", "configuration"]
    assert "9 of 9 are right" in found.text


def test_a_thousand_classes_have_pairs_instead_of_a_matrix() -> None:
    found = parsed(Contents("a", categorical(3000, 1000)))
    assert "matrix" not in [table.get("class") for table in found.all("table")]
    assert "Confused most often" in found.text
    assert "the 100 most frequent are looked at" in found.text


def test_values_that_are_all_the_same_or_no_numbers_have_a_page() -> None:
    same = Evaluation("numeric", [], [], np.full(5, 2.0), np.full(5, 2.0))
    assert "There is none." in parsed(Contents("a", same)).text
    holes = Evaluation("numeric", [], [], np.array([1.0, 2.0, np.nan]), np.array([np.inf, 2.5, 1.0]))
    assert "2 rows whose value is no number" in parsed(Contents("a", holes)).text


def test_a_part_that_breaks_says_so_and_leaves_the_others() -> None:
    known = results()
    del known["candidates"][0]["metrics"]
    written = page(Contents("a", categorical(), results=known))
    assert "This part could not be made: KeyError" in written
    assert 'id="confusion"' in written


def test_nothing_is_left_half_written(tmp_path) -> None:
    (tmp_path / "report.html").mkdir()
    with pytest.raises(OSError, match=r"report\.html"):
        write_report(Contents("a"), tmp_path / "report.html")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_ten_thousand_rows_stay_small() -> None:
    for evaluation in (categorical(10_000, 10), numeric(10_000)):
        assert len(page(Contents("a", evaluation))) < 500_000
