"""The report at the end."""

import pytest

from pyramid.report.summary import data_lines, print_summary

AWKWARD_NAMES = [
    "plain.png",
    "with [brackets].png",
    "[red]not red[/red].png",
    "[/].png",
    "[bold",
    "on [link=http://example.com]a link.png",
    "back\\slash.png",
    "smile :smile: 12:on:30.png",
    "blanks and ünïcödé 日本.png",
]


def printed(make_console, report, width=120):
    console = make_console(width)
    print_summary(console, report)
    return console.text()


def row_of(text, network):
    [row] = [line for line in text.splitlines() if line.split()[:1] == [network]]
    return row.split()


def test_a_classification_is_told_with_its_data_candidates_and_model(make_console, report):
    text = printed(make_console, report)
    assert "1,231 pictures of 64×48 pixels: 1,000 to train on, 231 held out." in text
    assert "2 classes: dog (1,031), cat (200)." in text
    assert "Best: simple_randomly_initialize, likelihood 0.8765." in text
    assert "Model: /results/final_model.json" in text
    assert "stopped" not in text
    assert "left out" not in text


def test_a_candidate_has_its_metrics_steps_speed_and_time(make_console, report):
    text = printed(make_console, report)
    expected = "simple randomly_initialize 0.8765 0.9876 0.9 0.8 0.7 12,345 6,789 3:05 min"
    assert row_of(text, "simple") == expected.split()


def test_the_best_candidate_comes_first(make_console, report):
    text = printed(make_console, report)
    assert text.index("simple ") < text.index("simple_residual ")
    report["candidates"][0]["metrics"]["likelihood"] = 0.9
    report["best"] = "simple_residual_randomly_initialize"
    text = printed(make_console, report)
    assert text.index("simple_residual ") < text.index("simple ")


def test_a_metric_that_is_not_defined_is_a_dash(make_console, report):
    assert "–" in row_of(printed(make_console, report), "simple_residual")


def test_a_narrow_console_shows_the_headline_metrics_alone(make_console, report):
    wide, narrow = printed(make_console, report, 120), printed(make_console, report, 90)
    assert "max phi" in wide
    assert "max phi" not in narrow
    assert row_of(narrow, "simple")[2:4] == ["0.8765", "0.9876"]
    assert max(len(line) for line in narrow.splitlines()) <= 90


def test_a_regression_is_told_with_its_range(make_console, numeric_report):
    text = printed(make_console, numeric_report)
    assert "Values from -2 to 1000, 31.25 on average." in text
    assert "Best: simple_randomly_initialize, r_squared 0.5." in text
    assert "classes" not in text


def test_errors_are_told_as_they_are_though_they_are_kept_negated(make_console, numeric_report):
    row = row_of(printed(make_console, numeric_report), "simple")
    assert row[2:7] == ["0.5", "16.5", "3.25", "2.75", "0.625"]


def test_the_best_error_is_told_as_the_table_tells_it(make_console, numeric_report):
    numeric_report["selection_metric"] = "mean_squared_error"
    text = printed(make_console, numeric_report)
    assert "mean_squared_error 16.5" in text
    assert "-16.5" not in text


FAILED = {
    "name": "mobilenetv2_randomly_initialize",
    "network": "mobilenetv2",
    "method": "randomly_initialize",
    "status": "failed",
    "reason": "ResourceExhaustedError: out of memory with shape[32,96,112,112]",
    "traceback": 'Traceback (most recent call last):\n  File "a.py", line 1, in [b]\nValueError: [/red] x[0]\n',
    "metrics": {},
    "iterations": 0,
    "checks": 0,
    "checked_rows": 0,
    "images_per_second": 0.0,
    "seconds": {},
    "placement": None,
    "at_start": {},
    "per_class": {},
}


def test_a_failed_candidate_is_told_with_its_reason_and_traceback(make_console, report):
    report["candidates"].append(FAILED)
    text = printed(make_console, report)
    assert row_of(text, "mobilenetv2")[1:4] == ["randomly_initialize", "–", "–"]
    assert "mobilenetv2_randomly_initialize failed: " + FAILED["reason"] in text
    for line in FAILED["traceback"].splitlines():
        assert line in text
    assert text.count("Traceback") == 1


def test_a_failed_candidate_comes_last(make_console, report):
    report["candidates"].insert(0, FAILED)
    lines = printed(make_console, report).splitlines()
    table = [line.split()[0] for line in lines if " randomly_initialize " in line]
    assert table == ["simple", "simple_residual", "mobilenetv2"]


def test_a_skipped_candidate_is_told_without_a_traceback(make_console, report):
    reason = "too little time was left to start it"
    report["candidates"].append(FAILED | {"status": "skipped", "reason": reason, "traceback": ""})
    text = printed(make_console, report)
    assert f"mobilenetv2_randomly_initialize skipped: {reason}" in text
    assert "Traceback" not in text


def test_a_finished_candidate_is_not_among_the_failures(make_console, report):
    assert "its time was up" not in printed(make_console, report)


def test_a_stop_by_the_user_is_told(make_console, report):
    report["stopped_by_user"] = True
    assert "stopped before its time was up" in printed(make_console, report)


@pytest.mark.parametrize("name", AWKWARD_NAMES)
def test_a_bad_file_is_told_by_its_name_as_it_is(make_console, report, name):
    reason = f"cannot be decoded: {name}"
    report["data"]["bad_images"] = [{"file": name, "reason": reason}]
    text = printed(make_console, report)
    assert "1 of 1,234 files were left out:" in text
    assert f"\n  {name}: {reason}\n" in text


@pytest.mark.parametrize("name", AWKWARD_NAMES)
def test_notes_classes_reasons_and_the_path_are_told_as_they_are(make_console, report, name):
    report["data"]["notes"] = [f"WARNING: {name}"]
    report["data"]["classes"] = {name: 7, "other": 5}
    report["candidates"].append(FAILED | {"reason": name, "traceback": name})
    report["final_model"] = f"/results/{name}"
    text = printed(make_console, report, 300)
    assert f"WARNING: {name}\n" in text
    assert f"2 classes: {name} (7), other (5)." in text
    assert f"failed: {name}\n{name}\n" in text
    assert f"Model: /results/{name}\n" in text


def test_long_lines_are_not_broken(make_console, report):
    """A path that is copied from the report must be whole."""
    report["final_model"] = "/" + "long/" * 60 + "final_model.json"
    report["data"]["bad_images"] = [{"file": "f" * 300, "reason": "is empty"}]
    text = printed(make_console, report, 80)
    assert report["final_model"] in text
    assert "f" * 300 + ": is empty" in text


def test_of_many_classes_the_most_frequent_are_told(report):
    report["data"]["classes"] = {f"class {i}": i for i in range(1, 26)}
    [line] = [line for line in data_lines(report["data"], [8, 8, 3]) if "classes" in line]
    assert line.startswith("25 classes: class 25 (25), class 24 (24)")
    assert line.endswith("class 16 (16) and 15 more.")


def test_of_many_bad_files_the_first_are_told(make_console, report):
    report["data"]["bad_images"] = [{"file": f"{i}.png", "reason": "is empty"} for i in range(25)]
    text = printed(make_console, report)
    assert "25 of 1,234 files were left out:" in text
    assert text.count("is empty") == 10
    assert "… and 15 more, in results.json" in text


def test_nothing_is_told_of_augmentation_when_there_was_none(make_console, report):
    assert "ugment" not in printed(make_console, report)


@pytest.fixture
def augmented(report):
    """Both candidates were augmented in the trial, for the same reason."""
    report["augmentations"] = {"horizontal_flip": 1.0, "zoom": 0.25}
    for candidate in report["candidates"]:
        candidate["placement"] = {"where": "trial", "why": "no core is free"}
    return report


def test_augmentation_is_told_with_its_place(make_console, augmented):
    text = printed(make_console, augmented)
    assert "Augmented: horizontal_flip, zoom 0.25." in text
    assert text.count("Augmentation ran") == 1
    assert "Augmentation ran in the trial (no core is free)." in text


def test_candidates_with_other_places_are_named(make_console, augmented):
    augmented["candidates"][0]["placement"] = {"where": "workers", "why": "2 ms"}
    text = printed(make_console, augmented)
    assert "Augmentation ran on workers (2 ms): simple_residual_randomly_initialize." in text
    assert "Augmentation ran in the trial (no core is free): simple_randomly_initialize." in text


def test_a_candidate_that_never_began_has_no_place(make_console, augmented):
    augmented["candidates"][0]["placement"] = None
    assert "Augmentation ran in the trial (no core is free)." in printed(make_console, augmented)


@pytest.fixture
def trained_on(report):
    """The report of an initial model that takes larger pictures, beside another of the same network."""
    models = [report["candidates"][1] | {"method": "initial_model", "network": "mobilenetv2"} for _ in range(2)]
    models[0] |= {"name": "initial_model", "at_start": {"likelihood": 0.8125}}
    models[1] |= {"name": "initial_model_2"}
    report |= {"candidates": models, "best": "initial_model", "other_inputs": {"initial_model": [128, 96, "crop"]}}
    return report


def test_an_initial_model_is_told_with_its_start_and_its_input(make_console, trained_on):
    lines = printed(make_console, trained_on).splitlines()
    assert "initial_model takes pictures of 128×96 (crop)." in lines
    told = next(line for line in lines if " at its start " in line)
    assert told.startswith("initial_model had likelihood 0.8125 at its start (too good, if it has learned pictures")


def test_two_initial_models_of_one_network_can_be_told_apart(make_console, trained_on):
    rows = [line.split()[:2] for line in printed(make_console, trained_on).splitlines() if "mobilenetv2" in line]
    assert rows == [["mobilenetv2", "initial_model"], ["mobilenetv2", "initial_model_2"]]


@pytest.mark.parametrize(("r_squared", "told"), [(-0.5, True), (0.1, False)])
def test_a_model_worse_than_the_mean_is_warned_of(make_console, numeric_report, r_squared, told):
    best = next(c for c in numeric_report["candidates"] if c["name"] == numeric_report["best"])
    best["metrics"]["r_squared"] = r_squared
    assert ("farther from the values than their mean" in printed(make_console, numeric_report)) is told
