"""What is shown while candidates train."""

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from pyramid.data.dataset import Dataset, Summary
from pyramid.engine.events import Prepared, Reading, Stage, Update
from pyramid.report import progress as progress_module
from pyramid.report.progress import ProgressReport
from pyramid.search.candidates import candidates
from pyramid.settings.train import TrainSettings
from pyramid.training.candidate import Look, Progress, Result, Status

NAME = "simple_randomly_initialize"

SUMMARY = Summary(
    objective="categorical",
    rows=120,
    training_rows=80,
    holdout_rows=20,
    classes={"cat": 50, "dog": 50},
    value_range=[],
    bad_images=[{"file": "a.png", "reason": "is empty"}] * 20,
    notes=[],
)

WORD = Progress(
    iterations=100, checks=3, seconds_left=42.0, elapsed=18.0, value=0.75, images_per_second=1234.5, tracing_seconds=2.0
)


@pytest.fixture
def prepared():
    pair = ["simple", "randomly_initialize"]
    settings = TrainSettings(image_network_candidates=[pair, ["simple_residual", "randomly_initialize"]])
    rows, ones = np.arange(100), np.ones(100, np.float32)
    dataset = Dataset(np.float32(rows % 2), ones, rows[:80], rows[80:], ["cat", "dog"], 0.0, 1.0)
    tried = candidates(settings, Look(32, 24, "crop"), "categorical", "crossentropy", dataset, {})
    return Prepared(SUMMARY, [32, 24, 3], tried, 600.0)


@pytest.fixture(autouse=True)
def time(monkeypatch):
    """The clock that plain lines go by."""

    class Time:
        now = 100.0

        def monotonic(self):
            return self.now

    made_up = Time()
    monkeypatch.setattr(progress_module, "time", made_up)
    return made_up


def result(**changes):
    values = {
        "status": Status.FINISHED,
        "reason": "its time was up",
        "metrics": {"likelihood": 0.87654, "accuracy": 1.0},
    }
    return Result(NAME, "simple", "randomly_initialize", **{**values, **changes})


def told(console, *events):
    with ProgressReport(console) as report:
        for event in events:
            report(event)
    return console.text()


def test_a_stage_is_a_line(make_console):
    assert told(make_console(), Stage("starting Ray")) == "starting Ray …\n"


def test_reading_is_told_once_where_there_is_no_terminal(make_console):
    text = told(make_console(), *(Reading(done, 1234) for done in (0, 400, 800, 1234)))
    assert text == "reading 1,234 pictures …\n"


def test_the_data_are_told_before_training_begins(make_console, prepared):
    text = told(make_console(), prepared)
    assert "100 pictures of 32×24 pixels: 80 to train on, 20 held out." in text
    assert "20 files were left out; the report tells why" in text
    assert "training 2 candidates for 10:00 min in all …" in text


def test_one_candidate_is_not_called_candidates(make_console, prepared):
    one = replace(prepared, candidates=prepared.candidates[:1], summary=replace(SUMMARY, bad_images=[]))
    text = told(make_console(), one)
    assert "training 1 candidate for" in text
    assert "left out" not in text


def test_a_word_of_a_trial_is_a_line_with_metric_speed_and_time(make_console, prepared):
    text = told(make_console(), prepared, Update(NAME, WORD))
    assert text.endswith(f"{NAME}: likelihood 0.75, 1,234 images/s, 42 s left\n")


def test_before_its_first_check_a_trial_has_no_metric(make_console, prepared):
    assert "likelihood not known yet," in told(make_console(), prepared, Update(NAME, replace(WORD, value=None)))


def test_plain_lines_are_rare(make_console, prepared, time):
    console = make_console()
    with ProgressReport(console) as report:
        report(prepared)
        for _ in range(60):
            report(Update(NAME, WORD))
            time.now += 0.5
    lines = [line for line in console.text().splitlines() if line.startswith(NAME)]
    assert len(lines) == 3  # at once, after 10 and after 20 of 30 seconds


def test_each_candidate_has_lines_of_its_own(make_console, prepared):
    text = told(make_console(), prepared, Update(NAME, WORD), Update("simple_residual_randomly_initialize", WORD))
    assert f"\n{NAME}: " in text
    assert "\nsimple_residual_randomly_initialize: " in text


def test_an_end_is_told_at_once(make_console, prepared):
    text = told(make_console(), prepared, Update(NAME, WORD), Update(NAME, result=result()))
    assert text.endswith(f"{NAME}: finished: likelihood 0.8765 (its time was up)\n")


def test_a_failure_is_told_with_the_first_line_of_its_reason(make_console, prepared):
    failed = result(status=Status.FAILED, metrics={}, reason="ValueError: [red] x[0]\nmore", traceback="Traceback …")
    text = told(make_console(), prepared, Update(NAME, result=failed))
    assert text.endswith(f"{NAME}: failed (ValueError: [red] x[0])\n")


def test_a_result_without_a_reason_is_told_too(make_console, prepared):
    """Nothing that a result may hold may break the search that tells it."""
    assert "finished" in told(make_console(), prepared, Update(NAME, result=result(reason="")))


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("text", ["[red]x[/red]", "[/]", "a:on:b"])
def test_what_others_wrote_is_told_as_it_is(make_console, prepared, terminal, text):
    console = make_console(200, terminal)
    failed = result(status=Status.FAILED, metrics={}, reason=f"OSError: {text}")
    shown = told(console, Stage(f"reading {text}"), prepared, Update(NAME, result=failed))
    assert f"reading {text} …" in shown
    assert f"(OSError: {text})" in shown


def test_an_error_is_told_as_it_is_though_it_is_kept_negated(make_console, prepared):
    """As the table at the end tells it."""
    tried = [replace(candidate, selection_metric="mean_squared_error") for candidate in prepared.candidates]
    text = told(make_console(), replace(prepared, candidates=tried), Update(NAME, replace(WORD, value=-16.5)))
    assert "mean_squared_error 16.5," in text


def test_a_terminal_has_a_row_for_each_candidate_and_a_bar_for_the_budget(make_console, prepared):
    text = told(make_console(200, terminal=True), Reading(0, 3), Reading(3, 3), prepared, Update(NAME, WORD))
    last = text[text.rindex("training 2 candidates") :]
    row = next(line for line in last.splitlines() if NAME in line and "0.75" in line)
    assert "training" in row
    assert "1,234" in row
    assert "42 s" in row
    assert "simple_residual_randomly_initialize" in last
    assert "waiting" in last
    assert "━" in last
    assert "of 10:00 min" in last


def test_time_that_an_earlier_run_has_spent_is_gone_from_the_budget(make_console, prepared):
    text = told(make_console(200, terminal=True), replace(prepared, spent=300.0), Update(NAME, WORD))
    assert "5:00 min left" in text


def test_a_failure_stays_on_a_terminal(make_console, prepared):
    failed = result(status=Status.FAILED, metrics={}, reason="OSError: full")
    text = told(make_console(200, terminal=True), prepared, Update(NAME, result=failed))
    assert f"{NAME}: failed (OSError: full)" in text


def test_the_bar_of_the_reading_is_gone_when_it_is_done(make_console):
    with ProgressReport(make_console(200, terminal=True)) as report:
        report(Reading(1, 3))
        assert "1 of 3" in shown(report)
        report(Reading(3, 3))
        assert "of 3" not in shown(report)


def shown(report):
    """What the part of the terminal shows that is drawn anew."""
    console = Console(file=io.StringIO(), width=100, height=20)
    console.print(report.screen.render())
    return console.file.getvalue()
