"""Where Ray Tune has the networks of a search from."""

from collections import deque
from typing import Any

from ray.tune.search import Searcher

from pyramid.finalize.earlier import Known
from pyramid.finalize.journal import CANDIDATE, Journal
from pyramid.search.budget import Budget
from pyramid.search.open_budget import OpenBudget
from pyramid.search.suggestions import Suggestions


class Suggest(Searcher):
    """One network after the other, until there are enough or the time is over: first those that were begun earlier."""

    def __init__(
        self, suggestions: Suggestions, budget: Budget, journal: Journal, known: Known, most: int | None, metric: str
    ):
        """
        Args:
            known: of an earlier run.
            most: how many networks there may be in all.
            metric: that tells how good a network is.

        Attributes:
            parameters: of all networks, by name.
        """
        super().__init__()
        self._suggestions = suggestions
        self._budget = budget
        self._journal = journal
        self._begun = deque(known.begun)
        self._most = most
        self._selection = metric
        self._asked: dict[str, str] = {}
        self.parameters = dict(known.parameters)

    def suggest(self, trial_id: str) -> Any:
        if not self._budget.worth_another:
            return Searcher.FINISHED
        if self._asked and self._budget.short:
            return None  # Tune asks again
        if self._begun:
            name = self._begun.popleft()
        elif self._most is not None and not self._budget.waits(name_of(len(self.parameters))):
            return Searcher.FINISHED
        else:
            name = self._think()
        if isinstance(self._budget, OpenBudget):
            self._budget.add(name)
        self._asked[trial_id] = name
        return {"name": name, "parameters": self.parameters[name]}

    def _think(self) -> str:
        """One more network."""
        number = len(self.parameters)
        name, parameters = name_of(number), self._suggestions.ask(number)
        self._journal.write(CANDIDATE, {"name": name, "parameters": parameters})
        self.parameters[name] = parameters
        return name

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        name = self._asked.pop(trial_id, None)
        if name is not None:
            value = (result or {}).get(f"result/metrics/{self._selection}")  # Tune joins the keys of all levels
            self._suggestions.tell(self.parameters[name], None if error else value)

    def save(self, checkpoint_path: str) -> None:
        """The journal is what a killed job goes on from."""

    def restore(self, checkpoint_path: str) -> None:
        """See ``save``."""


def name_of(number: int) -> str:
    """The name of a network of a search: their order is that of their numbers."""
    return f"{number:05d}"
