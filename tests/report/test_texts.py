"""Words for numbers."""

import pytest

from pyramid.report.texts import hardly_begun, metric, name, seconds


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0 s"),
        (0.44, "0.4 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "60 s"),
        (99.4, "99 s"),
        (99.6, "1:40 min"),
        (185, "3:05 min"),
        (3599.4, "59:59 min"),
        (3599.6, "1:00 h"),
        (3725, "1:02 h"),
        (36_000, "10:00 h"),
    ],
)
def test_seconds(value, text):
    assert seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (1.0, "1"), (0.98765, "0.9877"), (-0.5, "-0.5"), (123456.0, "1.235e+05"), (0.00001, "1e-05")],
)
def test_metric(value, text):
    assert metric("likelihood", value) == text


def test_names_are_of_one_line_and_not_too_long():
    assert name("runde Fläche 日本") == "runde Fläche 日本"
    assert name("a\nb\x1b[31m") == "a\\nb\\x1b[31m"
    assert name("x" * 3000) == "x" * 99 + "…"


def test_who_has_not_seen_all_rows_once_is_told():
    best = {"name": "a", "iterations": 2, "epochs": 0.5}
    told = "a had time for 2 steps, and has seen 50% of the rows that it learns from: give it more (max_total_time)."
    assert hardly_begun({"best": "a", "candidates": [{"name": "b", "epochs": 0.1}, best]}) == told
    for epochs in (1.0, 30.0, None):
        assert hardly_begun({"best": "a", "candidates": [best | {"epochs": epochs}]}) == ""
    assert hardly_begun({"best": "b", "candidates": [best]}) == ""
