"""Parameters of a network -> what a sampler of optuna draws, and back."""

from collections.abc import Mapping
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from pyramid.settings.search_space import Choice, Distribution


class Coding:
    """Of the parameters among which there is something to choose.

    A choice among numbers is drawn as a place in their order, so that what is learned of one says something of its
    neighbours.

    Attributes:
        distributions: name -> what is drawn.
    """

    def __init__(self, distributions: Mapping[str, Distribution]):
        choices = {name: d.values for name, d in distributions.items() if isinstance(d, Choice)}
        self._ordered = {name: sorted(values) for name, values in choices.items() if not _has_names(values)}
        self.distributions = {name: self._drawn(name, d) for name, d in distributions.items()}

    def encode(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """What had to be drawn for ``parameters``, in which all parameters of the coding are."""
        given = {name: parameters[name] for name in self.distributions}
        return given | {name: values.index(given[name]) for name, values in self._ordered.items()}

    def decode(self, drawn: Mapping[str, Any]) -> dict[str, Any]:
        return {**drawn, **{name: values[drawn[name]] for name, values in self._ordered.items()}}

    def _drawn(self, name: str, distribution: Distribution) -> BaseDistribution:
        if name in self._ordered:
            return IntDistribution(0, len(self._ordered[name]) - 1)
        if isinstance(distribution, Choice):
            return CategoricalDistribution(distribution.values)
        if distribution.whole:
            return IntDistribution(int(distribution.least), int(distribution.most), log=distribution.log)
        return FloatDistribution(distribution.least, distribution.most, log=distribution.log)


def _has_names(values: tuple[Any, ...]) -> bool:
    """Names, and true and false, have no order."""
    return any(isinstance(value, bool | str) for value in values)
