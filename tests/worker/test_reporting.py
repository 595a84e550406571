"""How far a job is."""

import json

import pytest

from pyramid.settings.check_job import check_job
from pyramid.training.candidate import Progress
from pyramid.worker.protocol import PROGRESS
from pyramid.worker.reporting import Report

NUMBER = {"index": 0, "type": "numeric", "mean": 0.0, "stdev": 1.0}
CLASSES = {"index": 1, "type": "categorical", "values": ["a", "b"]}
IMAGE = {"index": 0, "type": "image"}
BOXES = {"index": 1, "type": "bounding_box", "values": ["cat"]}


class Said(list):
    """The objects of the progress lines that were said."""

    def say(self, line):
        assert line.startswith(PROGRESS)
        self.append(json.loads(line.removeprefix(PROGRESS)))


@pytest.fixture
def said():
    return Said()


@pytest.fixture
def report(said):
    def make(**changes):
        plain = {"job_id": "sub0", "output_directory": "o", "cache_file": "f", "info_list": [NUMBER, CLASSES]}
        return Report(said.say, check_job(plain | changes))

    return make


def progress(iterations=10, elapsed=1.0, **more):
    plain = {"checks": 2, "seconds_left": 9.0, "value": 0.5, "images_per_second": 1.0, "tracing_seconds": 0.5}
    return Progress(**plain | {"iterations": iterations, "elapsed": elapsed, "seconds_per_step": 0.1} | more)


def test_a_line_has_what_is_told_the_job_and_the_progress(report, said):
    report()(0.25, message="pyramid job beginning", rows=3)
    assert said == [{"message": "pyramid job beginning", "rows": 3, "job_id": "sub0", "progress": 0.25}]
    assert list(said[0])[-2:] == ["job_id", "progress"]


def test_progress_never_decreases(report, said):
    tell = report()
    for value in (0.0, 0.5, 0.2, 0.5, -3.0, 0.6, float("nan"), float("-inf"), 0.61):
        tell(value)
    assert [one["progress"] for one in said] == [0.0, 0.5, 0.5, 0.5, 0.5, 0.6, 0.6, 0.6, 0.61]


@pytest.mark.parametrize("value", [1.0, 1, 2.5, float("inf")])
def test_progress_is_below_1_until_the_job_is_complete(report, said, value):
    report()(value)
    assert 0.99 < said[0]["progress"] < 1


def test_a_first_progress_that_is_no_number_is_0(report, said):
    report()(float("nan"))
    assert said[0]["progress"] == 0


def test_a_value_that_json_has_no_word_for_is_null(report, said):
    report()(0.5, likelihood=float("nan"), accuracy=None)
    assert (said[0]["likelihood"], said[0]["accuracy"]) == (None, None)


def test_two_jobs_count_for_themselves(report, said):
    report()(0.9)
    report(job_id=4)(0.1)
    assert [(one["job_id"], one["progress"]) for one in said] == [("sub0", 0.9), (4, 0.1)]


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        ([NUMBER, CLASSES], ("likelihood", "accuracy")),
        ([NUMBER, NUMBER], ("r_squared", "mean_squared_error")),
        ([IMAGE, BOXES], ("ciou_loss", "confidence_loss")),
    ],
    ids=["classes", "value", "boxes"],
)
def test_a_training_tells_the_two_headline_metrics(report, said, columns, names):
    metrics = dict.fromkeys(names, 0.25) | {"auc": 0.5, "map_50": 0.1}
    report(info_list=columns).training(progress(metrics=metrics))
    keys = {"iterations", "seconds_per_iteration", "time_elapsed", "checks", "job_id", "progress", *names}
    assert set(said[0]) == keys
    assert [said[0][name] for name in names] == [0.25, 0.25]
    assert (said[0]["iterations"], said[0]["checks"]) == (10, 2)
    assert (said[0]["seconds_per_iteration"], said[0]["time_elapsed"]) == (0.1, 1.0)


def test_before_the_first_check_the_metrics_are_null(report, said):
    report().training(progress(metrics={}))
    assert (said[0]["likelihood"], said[0]["accuracy"]) == (None, None)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"max_training_time": 4.0}, 0.25),
        ({"max_training_time": 100.0, "max_iterations": 20}, 0.5),
        ({"max_training_time": 4.0, "max_iterations": 1000}, 0.25),
        ({"max_training_time": 0.5}, 0.999),
    ],
)
def test_the_progress_of_a_training_is_that_of_the_limit_that_comes_first(report, said, limits, expected):
    report(**limits).training(progress())
    assert said[0]["progress"] == pytest.approx(expected)


def test_a_training_that_is_a_part_of_a_job_has_the_rest_of_the_progress(report, said):
    report(max_training_time=4.0).training(progress(), begin=0.6)
    assert said[0]["progress"] == pytest.approx(0.7)


def test_level_1_tells_people_on_standard_error(report, said, capsys):
    tell = report(logging_level=1)
    tell(0.0, message="reading")
    tell.training(progress(elapsed=60.0, metrics={"likelihood": 0.123456, "accuracy": None}))
    out, err = capsys.readouterr()
    assert (said, out) == ([], "")
    first, second = err.splitlines()
    assert first == "sub0: reading, 0 %"
    assert second.startswith("sub0: 10 %, iterations 10, ")
    assert "likelihood 0.1235" in second
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(first)


@pytest.mark.parametrize("level", [2, 3])
def test_levels_2_and_3_tell_a_backend(report, said, capsys, level):
    report(logging_level=level)(0.5)
    assert len(said) == 1
    assert capsys.readouterr() == ("", "")
