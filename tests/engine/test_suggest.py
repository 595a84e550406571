"""Where Tune has the networks of a search from, when there is little time."""

from pathlib import Path

from ray.tune.search import Searcher

from pyramid.engine.suggest import Suggest
from pyramid.finalize.earlier import Known
from pyramid.finalize.journal import Journal
from pyramid.search.budget import SHORT, Budget
from pyramid.search.open_budget import OpenBudget
from pyramid.search.space import Facts, Space
from pyramid.search.suggestions import suggestions


def suggest(budget: Budget, folder: Path, most: int | None = None) -> Suggest:
    space = Space({}, 0, Facts("numeric", 100, False, "r_squared"))
    return Suggest(suggestions("random", space, 0), budget, Journal(folder), Known(None, {}), most, "r_squared")


def test_with_plenty_of_time_there_are_as_many_as_are_asked_for(tmp_path: Path) -> None:
    made = suggest(OpenBudget(10 * SHORT, 5.0, 2), tmp_path)
    assert [made.suggest(name)["name"] for name in "ab"] == ["00000", "00001"]


def test_with_little_time_the_second_waits_for_the_first_network(tmp_path: Path) -> None:
    budget = OpenBudget(SHORT / 2, 5.0, 2)
    made = suggest(budget, tmp_path)
    assert made.suggest("a")["name"] == "00000"
    assert made.suggest("b") is None
    budget.end("00000", finished=True)
    made.on_trial_complete("a", {"result/metrics/r_squared": 0.5})
    assert made.suggest("b")["name"] == "00001"


def test_when_the_first_one_fails_another_is_tried(tmp_path: Path) -> None:
    budget = OpenBudget(SHORT / 2, 5.0, 2)
    made = suggest(budget, tmp_path)
    made.suggest("a")
    budget.end("00000")
    made.on_trial_complete("a", error=True)
    assert made.suggest("b")["name"] == "00001"


def test_without_any_time_there_is_one_network_all_the_same(tmp_path: Path) -> None:
    for budget, most in ((OpenBudget(0.0, 5.0, 2), None), (Budget(0.0, ["00000", "00001"], 2, from_now=True), 2)):
        made = suggest(budget, tmp_path, most)
        for name in budget.hopeless():
            budget.end(name)
        assert made.suggest("a")["name"] == "00000"
        budget.begin("00000")
        assert made.suggest("b") in (None, Searcher.FINISHED)
        budget.end("00000", finished=True)
        made.on_trial_complete("a", {"result/metrics/r_squared": 0.5})
        assert made.suggest("b") == Searcher.FINISHED
