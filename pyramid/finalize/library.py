"""The networks of a search so far, and the ensemble that they form: kept up to date, so that the end takes seconds."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.data.tabular.compared import read as read_compared
from pyramid.data.tabular.names import TREES
from pyramid.finalize.compared import evaluation_truth
from pyramid.finalize.ensemble import Attempt, Choice, choose, ensemble_document
from pyramid.finalize.evaluation import Evaluation
from pyramid.search.ensembles import SCORES
from pyramid.settings.columns import Table
from pyramid.settings.objectives import CATEGORICAL, NUMERIC
from pyramid.training.cached import read_json
from pyramid.training.candidate import FIT_INFO_FILE, SUBMODEL
from pyramid.training.submodel import Submodel, read_evaluations, read_predictions, read_submodel

#: Networks that may become members: the best by themselves. A library is pruned so before its ensemble is selected
#: (Caruana, Munson and Niculescu-Mizil, "Getting the most out of ensemble selection", 2006).
POOL = 256


@dataclass(frozen=True)
class Wish:
    """How the ensemble is chosen.

    Attributes:
        method: rank or greedy.
        fraction: share of all networks that rank takes; None where ``size`` says it.
        size: the most members.
    """

    method: str
    fraction: float | None
    size: int | None


@dataclass
class _Entry:
    name: str
    folder: Path
    submodel: Submodel
    predicted: npt.NDArray[np.floating]  # of the compared rows, [rows, outputs]
    score: float


class Library:
    """Submodels that lie in a folder.

    Attributes:
        names: of all submodels that were added, and which state of its folder that was.
    """

    def __init__(self, folder: Path, arrays: Path, table: Table, wish: Wish):
        """
        Args:
            folder: has the folders of the submodels.
            arrays: has what the caching wrote.
        """
        truth, compared = evaluation_truth(table, arrays), read_compared(arrays)
        self._rows = None if compared is None else compared.evaluation
        self._truth = self._cut(np.zeros(0) if truth is None else truth)
        self._score = SCORES[table.objective.type](self._truth)
        self._folder, self._arrays, self._table, self._wish = folder, arrays, table, wish
        self._pool: list[_Entry] = []
        self._choice: Choice | None = None
        self.names: dict[str, int] = {}

    def _cut(self, values: Any) -> Any:
        return values if self._rows is None else values[self._rows]

    def add_all(self) -> None:
        """Add what lies in the folder and is not known yet."""
        for path in sorted(self._folder.glob(f"{SUBMODEL}*")):
            self.add(path.name.removeprefix(SUBMODEL))

    def add(self, name: str) -> bool:
        """Add the submodel ``name``, or replace what it was; False when its folder is as it was, or not whole."""
        folder = self._folder / f"{SUBMODEL}{name}"
        state = _state(folder)
        if state is None or state == self.names.get(name):
            return False
        self._drop(name)  # it was given more time
        predicted = read_predictions(folder)
        submodel = read_submodel(folder) if predicted is not None else None
        if predicted is None or submodel is None:
            return False
        self.names[name] = state
        rows = self._cut(predicted.reshape(len(predicted), -1))
        score = self._score(rows) if np.isfinite(rows).all() else None
        self._pool.append(_Entry(name, folder, submodel, rows, -np.inf if score is None else score))
        if len(self._pool) > POOL:
            self._pool.remove(min(self._pool, key=lambda entry: entry.score))
        self._choice = None
        return True

    def _drop(self, name: str) -> None:
        if self.names.pop(name, None) is not None:
            self._pool = [entry for entry in self._pool if entry.name != name]
            self._choice = None

    @property
    def choice(self) -> Choice | None:
        """The ensemble of now, whose members are places in `pool`; None when there is no submodel."""
        if self._choice is None and self._pool:
            # A network that predicts infinity for some row would make that the ensemble's prediction.
            self._pool = [entry for entry in self._pool if entry.score > -np.inf] or self._pool
            self._pool.sort(key=lambda entry: entry.name)
            self._choice = choose(self._attempts(), self._wish.method, self._fraction, self._truth, self._rounds)
        return self._choice

    @property
    def _fraction(self) -> float:
        count = len(self.names) * (self._wish.fraction or 0.0) if self._wish.size is None else self._wish.size
        return min(1.0, count / len(self._pool))

    @property
    def _rounds(self) -> int:
        return 25 if self._wish.size is None else self._wish.size

    def _attempts(self) -> list[Attempt]:
        return [Attempt(e.folder, e.submodel, read_evaluations(e.folder), e.predicted) for e in self._pool]

    def evaluation(self) -> Evaluation | None:
        """What the ensemble of now predicts for the compared rows; None when there is no submodel."""
        choice, objective = self.choice, self._table.objective
        if choice is None:
            return None
        predicted = np.mean([self._pool[i].predicted for i in choice.members], axis=0)
        if objective.type == CATEGORICAL:
            return Evaluation(CATEGORICAL, self._table.classes, [], self._truth.astype(int), predicted)
        mean = self._table.moments[0]
        return Evaluation(NUMERIC, [], [], self._truth + mean, predicted[:, 0] + mean)

    def told(self) -> dict[str, Any]:
        """What a person wants to know of the ensemble of now."""
        choice = self.choice
        if choice is None:
            return {"method": self._wish.method, "members": [], "scores": {}, "notes": []}
        members = [self._pool[i].name for i in choice.members]
        return {"method": choice.method, "members": members, "scores": choice.scores, "notes": choice.notes}

    def document(self, image_network: dict[str, Any] | None) -> dict[str, Any]:
        """The sensenet document of the ensemble of now.

        Args:
            image_network: sensenet's, when there are columns of images.
        """
        choice, attempts = self.choice, self._attempts()
        if choice is None:
            raise ValueError("an ensemble needs a submodel")
        with_trees = any(attempts[i].submodel.candidate.trees for i in choice.members)
        trees = read_json(self._arrays / TREES) if with_trees else None
        return ensemble_document(attempts, choice, self._table, trees, image_network, None)


def _state(folder: Path) -> int | None:
    """Differs whenever the submodel in ``folder`` was written anew; None when it never was."""
    try:
        return (folder / FIT_INFO_FILE).stat().st_mtime_ns
    except OSError:
        return None
