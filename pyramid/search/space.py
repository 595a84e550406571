"""The networks that a search on a table chooses from. No Ray, no TensorFlow."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pyramid.search.presets import presets
from pyramid.settings.deepnets import CONFIGURATION_PARAMETERS, TOPOLOGIES
from pyramid.settings.objectives import CATEGORICAL, LOSSES
from pyramid.settings.search import SearchSettings
from pyramid.settings.search_space import ALGORITHMS_TRIED, Choice, Distribution, Range

SEED = "seed"

#: The largest seed of a job, `CommonSettings.seed`.
MOST_SEED = 2**31 - 1

#: Functions of hidden layers that are worth a trial on standardised numbers; the others are kin of these, or saturate.
ACTIVATIONS_TRIED = ("relu", "leaky_relu", "selu", "gelu", "swish", "mish", "tanh")

#: Batches an epoch should have at least, so that the noise of the descent and its number of steps suffice.
LEAST_BATCHES = 8
BATCH_SIZES = (32, 64, 128, 256, 512, 1024)

#: Rows from which batches of 32 would spend more time between the steps than in them.
MANY_ROWS = 20_000

#: Metrics for which rare classes count as much as common ones; for the others equal shares of classes only distort the
#: probabilities.
BALANCED_METRICS = ("auc", "max_phi")


@dataclass(frozen=True)
class Facts:
    """What the data say of the networks.

    Attributes:
        objective: categorical or numeric.
        rows: to learn from.
        trees: whether there are tree columns.
        metric: `selection_metric`, or the default of the objective.
    """

    objective: str
    rows: int
    trees: bool
    metric: str = ""


class Space:
    """What each of the fourteen configuration parameters may be.

    Args:
        narrowed: what the user says of some parameters, `SearchSettings.narrowed`; `space_problems` has none.
        seed: of the search, from which those of the networks are drawn.
    """

    def __init__(self, narrowed: Mapping[str, Distribution], seed: int, facts: Facts):
        by_default = _defaults(facts)
        self._distributions = {name: narrowed.get(name, by_default[name]) for name in CONFIGURATION_PARAMETERS}
        self._facts = facts
        self._seed = seed

    def distributions(self) -> dict[str, Distribution]:
        """All parameters, in the order of `CONFIGURATION_PARAMETERS`."""
        return dict(self._distributions)

    def open(self) -> dict[str, Distribution]:
        """The parameters of which there is something to choose; never the seed, from which nothing can be learned."""
        return {
            name: distribution
            for name, distribution in self._distributions.items()
            if name != SEED and not (isinstance(distribution, Choice) and len(distribution.values) == 1)
        }

    def first_candidates(self) -> list[dict[str, Any]]:
        """Good networks to begin with, the best guess first, each with all parameters; at least one, none twice.

        A parameter that the user narrowed takes the nearest value that is allowed.
        """
        made: list[dict[str, Any]] = []
        for preset in presets(self._facts.objective == CATEGORICAL, self._facts.rows, self._facts.trees):
            chosen = {name: nearest(self._distributions[name], value) for name, value in preset.items()}
            if chosen not in made:
                made.append(chosen)
        return [self.complete(chosen, number) for number, chosen in enumerate(made)]

    def complete(self, parameters: Mapping[str, Any], number: int) -> dict[str, Any]:
        """All fourteen parameters of the candidate ``number``: those given, those that are fixed, and its seed.

        Args:
            parameters: all that are `open`, at least.
        """
        fixed = {name: d.values[0] for name, d in self._distributions.items() if isinstance(d, Choice)}
        made = {**fixed, SEED: self._draw_seed(number), **parameters}
        return {name: made[name] for name in CONFIGURATION_PARAMETERS}

    def contains(self, parameters: Mapping[str, Any]) -> bool:
        """Whether these are all parameters, each with a value that it may have."""
        complete = parameters.keys() == self._distributions.keys()
        return complete and all(self._distributions[name].holds(value) for name, value in parameters.items())

    def _draw_seed(self, number: int) -> int:
        """By (seed of the search, number), whatever else was drawn before."""
        distribution, generator = self._distributions[SEED], np.random.default_rng([self._seed, number])
        if isinstance(distribution, Choice):
            return int(distribution.values[generator.integers(len(distribution.values))])
        return int(generator.integers(int(distribution.least), int(distribution.most) + 1))


def space_of(settings: SearchSettings, facts: Facts) -> Space:
    """The space that ``settings`` leave."""
    return Space(settings.narrowed, settings.seed, facts)


def nearest(distribution: Distribution, value: Any) -> Any:
    """``value``, or what is nearest to it of what is allowed; of names the first."""
    if distribution.holds(value):
        return value
    if isinstance(distribution, Range):
        bounded = min(max(value, distribution.least), distribution.most)
        return round(bounded) if distribution.whole else float(bounded)
    numbers = not isinstance(value, bool | str)
    return min(distribution.values, key=lambda one: abs(one - value)) if numbers else distribution.values[0]


def _defaults(facts: Facts) -> dict[str, Distribution]:
    """Sensible values for tables on a few cores."""
    balanced = facts.objective == CATEGORICAL and facts.metric in BALANCED_METRICS
    return {
        "activation_function": Choice(ACTIVATIONS_TRIED),
        "balance_objective": Choice((False, True) if balanced else (False,)),
        "batch_size": Choice(_batch_sizes(facts.rows)),
        "descent_algorithm": Choice(ALGORITHMS_TRIED),
        "dropout_rate": Choice((0.0, 0.05, 0.1, 0.2, 0.35, 0.5)),
        "loss_function": Choice(LOSSES[facts.objective][: 1 if facts.objective == CATEGORICAL else 2]),
        "largest_layer_size": Range(16, 512, log=True, whole=True),
        "learn_residuals": Choice((False, True)),
        "learning_rate": Range(1e-4, 3e-2, log=True),
        "mixup_alpha": Choice((0.0, 0.1, 0.2, 0.4)),
        "number_of_layers": Range(1, 6, whole=True),
        SEED: Range(0, MOST_SEED, whole=True),
        "topology": Choice(TOPOLOGIES),
        "tree_embedding": Choice((False, True) if facts.trees else (False,)),
    }


def _batch_sizes(rows: int) -> tuple[int, ...]:
    least = BATCH_SIZES[0] if rows < MANY_ROWS else BATCH_SIZES[1]
    most = max(least, rows // LEAST_BATCHES)
    return tuple(size for size in BATCH_SIZES if least <= size <= most)
