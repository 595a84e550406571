"""Words for numbers."""

import pytest

from pyramid.report.texts import metric, name, seconds


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
