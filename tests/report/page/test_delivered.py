"""The page at the end of a job: it never costs the model."""

import json
from pathlib import Path

import pytest

from pyramid import api
from pyramid.errors import ConfigError
from pyramid.finalize.mirror import belongs, is_whole
from pyramid.finalize.outputs import Output
from pyramid.finalize.workspace import REPORT_FILE
from pyramid.report.page.delivered import add_page
from pyramid.report.summary import print_summary
from tests.report.page.pages import results


def test_a_page_is_written_and_its_place_told(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(json.dumps(results()))
    notes: list[str] = []
    assert add_page(Output(str(tmp_path)), {"final_model": str(tmp_path / "final_model.json")}, notes.append) == {
        "page": str(tmp_path / "report.html")
    }
    assert (tmp_path / "report.html").is_file()
    assert add_page(
        Output(str(tmp_path), "s3://a/b?c=d"), {"final_model": str(tmp_path / "final_model.json")}, notes.append
    ) == {"page": "s3://a/b/report.html?c=d"}
    assert notes == []


def test_a_page_that_cannot_be_written_is_a_note(tmp_path: Path) -> None:
    notes: list[str] = []
    assert add_page(Output(str(tmp_path)), {"final_model": str(tmp_path / "final_model.json")}, notes.append) == {}
    assert len(notes) == 1
    assert notes[0].startswith(f"report.html could not be written: {tmp_path}: holds no results.json")


def test_a_folder_that_takes_no_page_is_refused(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(json.dumps(results()))
    (tmp_path / "report.html").mkdir()
    with pytest.raises(ConfigError, match=r"report\.html: cannot be written: Is a directory"):
        api.report(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "results.json"]


def test_a_uri_is_refused_and_its_page_goes_there_with_the_rest() -> None:
    with pytest.raises(ConfigError, match=r"s3://a/b: is a URI; its job has left report\.html there"):
        api.report("s3://a/b")
    assert belongs(REPORT_FILE)
    assert is_whole(REPORT_FILE)


def test_the_console_tells_where_the_page_is(make_console, report) -> None:
    console = make_console(120)
    print_summary(console, report | {"page": "/results/[b]report.html"})
    assert console.text().endswith("Model: /results/final_model.json\nReport: /results/[b]report.html\n")
