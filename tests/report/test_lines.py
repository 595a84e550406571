"""What programs read of a job."""

import io
import json
from typing import Any

import pytest

from pyramid.engine.events import Ensembled, Event, Note, Reading, Searching, Stage, Update
from pyramid.errors import ConfigError, NoModelError
from pyramid.report.lines import JsonLines
from pyramid.training.candidate import Progress, Result, Status

RESULT = Result("a", "simple", "randomly_initialize", Status.FINISHED, "enough", metrics={"auc": float("nan")})


def told(*events: Event) -> list[dict[str, Any]]:
    out = io.StringIO()
    lines = JsonLines(out)
    for event in events:
        lines(event)
    return [json.loads(line, parse_constant=pytest.fail) for line in out.getvalue().splitlines()]


def test_every_event_is_an_object_on_a_line_with_its_name_and_the_time() -> None:
    progress = Progress(100, 3, 42.0, 18.0, 0.75, 1234.5, 2.0, metrics={"auc": 0.75})
    events = [
        Stage("starting Ray"),
        Note("a\nb"),
        Reading(1, 2),
        Searching("auc", 60.0, None),
        Update("a", progress),
        Update("a", result=RESULT),
        Ensembled("greedy", ["a"], {"greedy": None}),
    ]
    lines = told(*events)
    names = ["stage", "note", "reading", "searching", "progress", "result", "ensemble"]
    assert [line["event"] for line in lines] == names
    assert all(line["at"] >= 0 for line in lines)
    assert lines[4] | {"at": 0} == {
        "event": "progress",
        "at": 0,
        "name": "a",
        "iterations": 100,
        "checks": 3,
        "elapsed": 18.0,
        "seconds_left": 42.0,
        "value": 0.75,
        "images_per_second": 1234.5,
        "metrics": {"auc": 0.75},
    }


def test_what_json_has_no_words_for_is_null() -> None:
    assert told(Update("a", result=RESULT))[0]["metrics"] == {"auc": None}


@pytest.mark.parametrize(
    ("model", "results"),
    [
        ("s3://bucket/out/final_model.json", "s3://bucket/out/results.json"),
        ("s3://bucket/final_model.json?region=a/b", "s3://bucket/results.json?region=a/b"),
        ("a folder/what?/final_model.json", "a folder/what?/results.json"),
    ],
)
def test_the_last_line_names_the_model_also_at_a_uri(model: str, results: str) -> None:
    out = io.StringIO()
    report = {
        "best": "a",
        "selection_metric": "auc",
        "final_model": model,
        "stopped_by_user": False,
        "candidates": [{"name": "a", "metrics": {"auc": 0.9}}],
    }
    JsonLines(out).ended(report)
    line = json.loads(out.getvalue())
    assert (line["model"], line["results"]) == (model, results)
    assert (line["event"], line["best"], line["value"]) == ("ended", "a", 0.9)


@pytest.mark.parametrize(
    ("error", "problems", "code"),
    [
        (ConfigError(["a: b", "c: d"]), ["a: b", "c: d"], 2),
        (NoModelError("every candidate broke"), ["every candidate broke"], 1),
        (KeyboardInterrupt(), ["interrupted"], 130),
        (ZeroDivisionError(), ["ZeroDivisionError"], 1),
    ],
)
def test_an_error_has_its_problems_and_the_exit_code(error: BaseException, problems: list[str], code: int) -> None:
    out = io.StringIO()
    JsonLines(out).failed(error)
    line = json.loads(out.getvalue())
    assert (line["event"], line["problems"], line["exit_code"]) == ("error", problems, code)


def test_a_reader_that_has_gone_costs_no_training() -> None:
    out = io.StringIO()
    lines = JsonLines(out)
    out.close()
    lines(Stage("starting Ray"))
