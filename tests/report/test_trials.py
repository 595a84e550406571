"""The rows of trials on a terminal."""

import io

import pytest
from rich.console import Console

from pyramid.engine.events import Ensembled, Searching, Update
from pyramid.report.searching import SearchReport
from pyramid.report.trials import Trials
from pyramid.training.candidate import Progress, Result, Status


def word(steps: int = 10, value: float | None = 0.5, left: float = 5.0, speed: float = 100.0) -> Progress:
    return Progress(steps, 1, left, 3.0, value, speed, 1.0)


def end(name: str, value: float | None, status: Status = Status.FINISHED) -> Update:
    metrics = {} if value is None else {"accuracy": value}
    return Update(name, result=Result(name, "n", "m", status, metrics=metrics))


def drawn(trials: Trials, width: int = 80, lines: int = 10) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=50)
    console.print(trials.table(width, lines))
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]


@pytest.fixture
def many() -> Trials:
    """A hundred that have ended, the later the better; three that train and two that wait."""
    trials = Trials("accuracy")
    trials.expect([f"{i:05d}" for i in range(105)])
    for i in range(100):
        trials.hear(end(f"{i:05d}", i / 100))
    for i in range(100, 103):
        trials.hear(Update(f"{i:05d}", word()))
    return trials


def test_who_trains_comes_first_and_then_the_best_that_have_ended(many: Trials) -> None:
    names = [line.split()[0] for line in drawn(many)[1:-1]]
    assert names == ["00100", "00101", "00102", "00099", "00098", "00097", "00096", "00095"]


@pytest.mark.parametrize("lines", [2, 5, 10, 30])
def test_no_more_lines_are_drawn_than_there_are(many: Trials, lines: int) -> None:
    assert len(drawn(many, lines=lines)) <= max(3, lines)


def test_who_is_not_shown_is_counted(many: Trials) -> None:
    assert drawn(many)[-1].strip() == "… and 2 waiting, 95 finished"


@pytest.mark.parametrize("width", [40, 80, 99, 100, 160])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    trials = Trials("median_absolute_error")
    trials.expect(["mobilenetv2_" + "fine_tune" * 9])
    trials.hear(Update("mobilenetv2_" + "fine_tune" * 9, word(steps=123456, speed=12345.6)))
    lines = drawn(trials, width)
    assert len(lines) == 2
    assert max(map(len, lines)) <= width


def test_one_without_a_value_is_behind_those_with_one() -> None:
    trials = Trials("accuracy")
    trials.hear(end("broken", None, Status.FAILED))
    trials.hear(end("nan", float("nan")))
    trials.hear(end("low", 0.1))
    assert [line.split()[0] for line in drawn(trials)[1:]] == ["low", "broken", "nan"]


def test_a_search_on_a_terminal_tells_how_many_the_best_and_the_ensemble(make_console) -> None:  # type: ignore[no-untyped-def]
    console = make_console(120, terminal=True)
    with SearchReport(console) as report:
        report(Searching("accuracy", 60.0, None))
        report(Update("00000", word()))
        report(end("00000", 0.75))
        report(end("00001", 0.5))
        report(end("00002", None, Status.SKIPPED))  # it never began
        report(Ensembled("greedy", ["00000", "00001", "00000"], {"greedy": {"accuracy": 0.8}}))
    text = console.text()
    assert "2 networks ended, the best is 00000: accuracy 0.75; ensemble of 2: 0.8" in text
    assert "rows/s" in text
    assert "of 60 s" in text


def test_a_search_without_a_terminal_tells_lines_as_it_did(make_console) -> None:  # type: ignore[no-untyped-def]
    console = make_console(120)
    with SearchReport(console) as report:
        report(Searching("accuracy", 60.0, 5))
        report(end("00000", 0.75))
        report(end("00001", 0.5))
    assert console.text().splitlines()[:2] == [
        "trying 5 networks for 60 s in all …",
        "1 network ended, the best is 00000: accuracy 0.75, 60 s left",
    ]
