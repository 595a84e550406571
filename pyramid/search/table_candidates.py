"""The settings of a job -> the network that it trains on the rows of a table. No TensorFlow."""

from typing import Any

from pyramid.networks.given_layers import complete_layers, output_layers
from pyramid.networks.hidden_layers import TOPOLOGIES, hidden_layers
from pyramid.networks.topologies import Layer
from pyramid.search.descent_keys import of_descent
from pyramid.settings.base_settings import BaseSettings
from pyramid.settings.deepnets import CONFIGURATION_PARAMETERS
from pyramid.settings.objectives import CATEGORICAL, LOSSES
from pyramid.training.candidate import TableCandidate

#: What stands for the name of a network on rows, and for the way in which it is learned.
DEEPNET = "deepnet"
METHOD = "randomly_initialize"


def configuration_parameters(settings: BaseSettings) -> dict[str, Any]:
    """The network's configuration, with the loss that is meant."""
    made = {key: getattr(settings, key) for key in CONFIGURATION_PARAMETERS}
    losses = LOSSES.get(settings.table.objective.type, (None,))
    return made | {"loss_function": settings.loss_function or losses[0]}


def table_candidate(settings: BaseSettings, inputs: int) -> TableCandidate:
    """The network of a job.

    Args:
        inputs: columns that enter it, trees included where it has them.

    Raises:
        ConfigError: `layers` has problems.
    """
    table = settings.table
    objective = table.objective.type
    mean, stdev = table.moments
    return TableCandidate(
        name=str(settings.job_id),
        network=DEEPNET,
        method=METHOD,
        seed=settings.seed,
        objective=objective,
        classes=table.classes,
        mean=mean,
        stdev=stdev,
        **of_descent(settings, objective, settings.loss_function or LOSSES[objective][0]),
        inputs=inputs,
        trees=settings.tree_embedding and settings.tree_inputs > 0,
        layers=_layers(settings, table.outputs, objective == CATEGORICAL),
        mixup_alpha=settings.mixup_alpha,
        l1_regularization=settings.l1_regularization,
        l2_regularization=settings.l2_regularization,
        max_training_time=settings.max_training_time,
    )


def _layers(settings: BaseSettings, outputs: int, categorical: bool) -> list[Layer]:
    if settings.layers is not None:
        return complete_layers(settings.layers, outputs, categorical)
    sizes = TOPOLOGIES[settings.topology](settings.number_of_layers, settings.largest_layer_size)
    hidden = hidden_layers(sizes, settings.activation_function, settings.dropout_rate, settings.learn_residuals)
    return [*hidden, *output_layers(outputs, categorical)]
