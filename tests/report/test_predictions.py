"""What is printed of evaluations."""

import io

from rich.console import Console

from pyramid.report.page.contents import Contents
from pyramid.report.predictions import print_evaluation
from tests.report.page.pages import parsed


def test_the_console_and_the_page_have_one_sign_for_differences_of_errors() -> None:
    error = {"first": -2.0, "second": -3.0, "difference": 1.0, "low": -0.25, "high": 1.5, "better": 0.75}
    comparison = {"models": ["new", "old"], "rows": 60, "resamples": 9, "metrics": {"mean_squared_error": error}}
    told = {"notes": [], "unreadable": {}, "rows": 60, "resamples": 9, "metrics": {}, "per_class": {}}
    out = io.StringIO()
    print_evaluation(Console(file=out, width=120), told | {"comparison": comparison})
    [row] = [line.split() for line in out.getvalue().splitlines() if line.strip().startswith("mean squared error")]
    assert row[3:8] == ["2", "3", "+1", "-0.25", "+1.5"]
    text = parsed(Contents("a", comparison=comparison)).text
    assert "mean squared error23+1-0.25+1.5" in text
    assert "First: new. Second: old." in text
    assert "A difference above 0: the first is better, for errors too" in text
