"""A plain candidate; tests change what matters to them."""

from pyramid.training.candidate import Candidate

CANDIDATE = Candidate(
    name="simple_randomly_initialize",
    network="simple",
    method="randomly_initialize",
    seed=3,
    width=8,
    height=8,
    rescale_type="crop",
    objective="categorical",
    classes=["dark", "light"],
    mean=0.0,
    stdev=1.0,
    anchors=[],
    loss_function="crossentropy",
    label_smoothing_factor=0.0,
    balance_objective=False,
    augmentations={},
    augmentation_placement="auto",
    batch_size=8,
    descent_algorithm="adam",
    learning_rate=0.001,
    learning_rate_warmup_iterations=0,
    hyperparameters={},
    patience=10_000,
    max_seconds_per_update=16.0,
    max_iterations=None,
    selection_metric="likelihood",
)
