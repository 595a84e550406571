"""Which network is tried next: the fixed good ones first, then what a sampler of optuna says. No Ray."""

import json
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import optuna
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from pyramid.search.coding import Coding
from pyramid.search.space import Space
from pyramid.settings.search import RANDOM

#: Networks by chance, the fixed ones counted among them, before the estimators are asked: their ten by default would
#: be all fixed ones.
STARTUP = 20

#: So many of the best and of the latest networks are kept when there are twice as many: the estimators' cost grows
#: with what they are given, and what they take for good are 25 at most, whatever it is.
BEST = 75
LATEST = 75

ENDED = (TrialState.COMPLETE, TrialState.PRUNED)

optuna.logging.set_verbosity(optuna.logging.ERROR)


class Suggestions(Protocol):
    """Asked and told in any order, with any number of networks in training."""

    def ask(self, number: int) -> dict[str, Any]:
        """All fourteen parameters of the candidate ``number``, which counts from 0."""

    def tell(self, parameters: Mapping[str, Any], value: float | None) -> None:
        """What became of a network: higher is better, None is as bad as can be. A resumed search tells what is known,
        though it was not asked for."""


def suggestions(algorithm: str, space: Space, seed: int, known: int = 0) -> Suggestions:
    """Those of the name `search_algorithm`.

    Args:
        known: networks that an earlier run has thought of: a sampler that begins anew is not to draw the same.
    """
    return Random(space, seed) if algorithm == RANDOM else Tpe(space, seed, known)


class Random:
    """The fixed candidates, then draws, each of which depends on (seed, number) alone."""

    def __init__(self, space: Space, seed: int):
        self._space, self._seed = space, seed
        self._first = space.first_candidates()
        self._coding = Coding(space.open())

    def ask(self, number: int) -> dict[str, Any]:
        if number < len(self._first):
            return dict(self._first[number])
        trial = _study(RandomSampler(_mixed(self._seed, number))).ask(self._coding.distributions)
        return self._space.complete(self._coding.decode(trial.params), number)

    def tell(self, parameters: Mapping[str, Any], value: float | None) -> None:
        """Nothing is learned."""


class Tpe:
    """The fixed candidates, then tree-structured Parzen estimators over all parameters together.

    Networks in training count as bad ones, so that those asked for at the same time differ. The same questions and
    answers in the same order give the same networks.
    """

    def __init__(self, space: Space, seed: int, known: int = 0):
        self._space, self._seed = space, seed
        self._first = space.first_candidates()
        self._coding = Coding(space.open())
        self._running: dict[str, int] = {}  # parameters as text -> number in the study
        self._study = _study(_estimators(seed, known))
        self._ended = 0

    def ask(self, number: int) -> dict[str, Any]:
        if number < len(self._first):
            made = dict(self._first[number])
            self._run(made)
            return made
        trial = self._study.ask(self._coding.distributions)
        made = self._space.complete(self._coding.decode(trial.params), number)
        self._running[_text(made)] = trial.number
        return made

    def tell(self, parameters: Mapping[str, Any], value: float | None) -> None:
        if not self._space.contains(parameters):
            return  # of another space: it may have been told with other data, and teaches nothing here
        good = value if value is not None and math.isfinite(value) else None
        state = TrialState.PRUNED if good is None else TrialState.COMPLETE  # pruned ones rank behind all others
        number = self._running.pop(_text(parameters), None)
        if number is None:
            drawn, of = self._coding.encode(parameters), self._coding.distributions
            self._study.add_trial(create_trial(state=state, value=good, params=drawn, distributions=of))
        else:
            self._study.tell(number, good, state)
        self._ended += 1
        if self._ended >= 2 * (BEST + LATEST):
            self._forget()

    def _run(self, parameters: Mapping[str, Any]) -> None:
        """Make known that a network with ``parameters`` is in training."""
        self._study.enqueue_trial(self._coding.encode(parameters))
        self._running[_text(parameters)] = self._study.ask(self._coding.distributions).number

    def _forget(self) -> None:
        """Begin a study with those alone that are worth keeping."""
        ended = self._study.get_trials(deepcopy=False, states=ENDED)
        self._study = _study(_estimators(self._seed, ended[-1].number + len(self._running)))
        kept = worth_keeping(ended)
        self._study.add_trials(kept)
        self._ended = len(kept)
        for text in list(self._running):
            self._run(json.loads(text))


def worth_keeping(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """The best and the latest, in their order; a pruned one is worse than any other."""
    by_value = sorted(trials, key=lambda trial: -math.inf if trial.value is None else trial.value)
    numbers = {trial.number for trial in [*by_value[-BEST:], *trials[-LATEST:]]}
    return [trial for trial in trials if trial.number in numbers]


def _estimators(seed: int, number: int) -> BaseSampler:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # optuna 4 says it of two arguments
        return TPESampler(n_startup_trials=STARTUP, multivariate=True, constant_liar=True, seed=_mixed(seed, number))


def _study(sampler: BaseSampler) -> optuna.Study:
    return optuna.create_study(direction="maximize", sampler=sampler)


def _mixed(seed: int, number: int) -> int:
    return int(np.random.default_rng([seed, number]).integers(2**31))


def _text(parameters: Mapping[str, Any]) -> str:
    return json.dumps(parameters, sort_keys=True)
