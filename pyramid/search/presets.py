"""Networks on rows that do well on many tables: what a search tries first."""

from typing import Any

from pyramid.settings.objectives import CATEGORICAL, LOSSES, NUMERIC

#: Rows from which the presets take larger batches, and the sizes on both sides of each.
_BATCHES = ((2_000, 32), (20_000, 64), (200_000, 128))
_LARGEST_BATCH = 256

_PLAIN: dict[str, Any] = {
    "activation_function": "relu",
    "balance_objective": False,
    "descent_algorithm": "adam",
    "dropout_rate": 0.0,
    "largest_layer_size": 128,
    "learn_residuals": False,
    "learning_rate": 0.002,
    "mixup_alpha": 0.0,
    "number_of_layers": 2,
    "topology": "rectangle",
    "tree_embedding": False,
}

#: What each differs in from `_PLAIN`. Trees carry what steps and thresholds there are; selu keeps deep plain networks
#: normalised (Klambauer et al., 2017); residual blocks make depth trainable (He et al., 2015); mixup and dropout help
#: where rows are few (Zhang et al., 2018; Srivastava et al., 2014); a small network is quick and hard to overfit.
_DIFFERENCES: tuple[dict[str, Any], ...] = (
    {"tree_embedding": True},
    {},
    {"activation_function": "swish", "number_of_layers": 3, "largest_layer_size": 256, "topology": "funnel"},
    {"number_of_layers": 5, "learn_residuals": True, "activation_function": "mish", "learning_rate": 0.001},
    {"tree_embedding": True, "largest_layer_size": 256, "dropout_rate": 0.2, "descent_algorithm": "nadam"},
    {"number_of_layers": 1, "largest_layer_size": 32, "learning_rate": 0.005, "activation_function": "tanh"},
    {"number_of_layers": 2, "largest_layer_size": 512, "dropout_rate": 0.35, "learning_rate": 0.001},
    {"number_of_layers": 4, "activation_function": "selu", "learning_rate": 0.0005, "topology": "diamond"},
    {"mixup_alpha": 0.2, "number_of_layers": 3, "activation_function": "leaky_relu", "tree_embedding": True},
)


def presets(categorical: bool, rows: int, trees: bool) -> list[dict[str, Any]]:
    """All parameters but the seed, the best guess first.

    Args:
        rows: to learn from; more of them allow larger batches.
        trees: without tree columns no network has any; those that are alike then are left out.
    """
    batch_size = next((size for most, size in _BATCHES if rows < most), _LARGEST_BATCH)
    plain = _PLAIN | {"batch_size": batch_size, "loss_function": LOSSES[CATEGORICAL if categorical else NUMERIC][0]}
    made: list[dict[str, Any]] = []
    for difference in _DIFFERENCES:
        preset = plain | difference | ({} if trees else {"tree_embedding": False})
        if preset not in made:
            made.append(preset)
    return made
