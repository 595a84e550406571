"""What is read of an output directory."""

import json
from pathlib import Path

import pytest

from pyramid.errors import ConfigError
from pyramid.finalize.evaluation import write_evaluation
from pyramid.report.page.reading import contents_of
from tests.report.page.pages import categorical, parsed, progress, results


def test_a_whole_directory_is_read(tmp_path) -> None:
    (tmp_path / "results.json").write_text(json.dumps(results()))
    (tmp_path / "config.json").write_text('{"seed": 3}')
    job = ["job", {"command": "pyramid_train", "document": {}, "folder": "/somewhere"}]
    lines = [job, *progress("good", 0, [20, 20])]
    (tmp_path / "journal.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    write_evaluation(tmp_path / "evaluation.parquet", categorical())
    found = contents_of(tmp_path)
    assert found.title == f"pyramid: {tmp_path.name}"
    assert found.evaluation is not None
    assert len(found.evaluation) == 60
    assert (found.config, str(found.root), found.model, found.notes) == ({"seed": 3}, "/somewhere", None, [])
    assert {"time", "confusion"} <= set(parsed(found).sections)


def test_results_alone_are_enough_and_what_is_missing_is_told(tmp_path) -> None:
    """As an earlier version has left them."""
    (tmp_path / "results.json").write_text(json.dumps(results()))
    (tmp_path / "evaluation.parquet").write_bytes(b"no table")
    (tmp_path / "config.json").write_text("[")
    found = parsed(contents_of(tmp_path))
    assert "evaluation.parquet is not there or cannot be read" in found.text
    assert "leaderboard" in found.sections


def test_a_folder_without_results_is_refused(tmp_path) -> None:
    with pytest.raises(ConfigError, match=r"holds no results\.json; name the output_directory"):
        contents_of(tmp_path)
    with pytest.raises(ConfigError, match=r"gone: holds no results\.json"):
        contents_of(tmp_path / "gone")


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"data": 1}', "\x00"])
def test_results_of_something_else_are_refused(content: str, tmp_path) -> None:
    (tmp_path / "results.json").write_text(content)
    with pytest.raises(ConfigError, match="is not what pyramid_train or pyramid_search writes"):
        contents_of(tmp_path)


def test_a_journal_whose_job_is_something_else_costs_nothing_else(tmp_path) -> None:
    (tmp_path / "results.json").write_text(json.dumps(results()))
    (tmp_path / "journal.jsonl").write_text('["job", "pyramid_train"]\n["job", null]\n')
    found = contents_of(tmp_path)
    assert found.root == Path()
    assert "leaderboard" in parsed(found).sections
