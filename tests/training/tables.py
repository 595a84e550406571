"""Small tables, and candidates that learn them in a moment."""

from dataclasses import replace

import numpy as np

from pyramid.networks.given_layers import output_layers
from pyramid.networks.hidden_layers import hidden_layers
from pyramid.training.candidate import TableCandidate
from pyramid.training.table_data import TableData

CANDIDATE = TableCandidate(
    name="one",
    network="deepnet",
    method="randomly_initialize",
    seed=3,
    objective="categorical",
    classes=["ant", "bee", "cat"],
    mean=0.0,
    stdev=1.0,
    loss_function="crossentropy",
    label_smoothing_factor=0.0,
    balance_objective=False,
    batch_size=16,
    descent_algorithm="adam",
    learning_rate=0.01,
    learning_rate_warmup_iterations=0,
    hyperparameters={},
    patience=10_000,
    max_seconds_per_update=16.0,
    max_iterations=60,
    selection_metric="likelihood",
    inputs=4,
    trees=False,
    layers=[*hidden_layers([8], "relu", 0.0, False), *output_layers(3, True)],
    mixup_alpha=0.0,
    l1_regularization=0.0,
    l2_regularization=0.0,
    max_training_time=1000.0,
)

NUMERIC = replace(
    CANDIDATE,
    objective="numeric",
    classes=[],
    mean=1000.0,
    stdev=50.0,
    loss_function="mean_squared_error",
    selection_metric="r_squared",
    layers=[*hidden_layers([8], "relu", 0.0, False), *output_layers(1, False)],
)


def table(categorical=True, rows=90, seed=1):
    """Rows of four columns: the largest of three is the class, or two make the value. Every third is held out."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(rows, 4)).astype(np.float32)
    if categorical:
        targets = np.eye(3, dtype=np.float32)[inputs[:, :3].argmax(axis=1)]
    else:
        targets = (0.8 * inputs[:, 0] - 0.6 * inputs[:, 1]).astype(np.float32)
    places = np.arange(rows)
    return TableData(inputs, targets, np.ones(rows, np.float32), places[places % 3 > 0], places[places % 3 == 0])
