"""The kinds of objective, and the losses that `loss_function` may name for each.

The function behind a loss's name is in ``pyramid.training.losses``.
"""

CATEGORICAL = "categorical"
NUMERIC = "numeric"
BOUNDING_BOX = "bounding_box"

#: The first loss of each objective is its default.
LOSSES: dict[str, tuple[str, ...]] = {
    CATEGORICAL: ("crossentropy", "hinge", "kl_divergence", "cosine"),
    NUMERIC: ("mean_squared_error", "huber", "mean_percentage_error"),
}


def objective_of_loss(loss: str) -> str:
    """The objective that ``loss`` is for; KeyError for an unknown loss."""
    for objective, losses in LOSSES.items():
        if loss in losses:
            return objective
    raise KeyError(loss)
