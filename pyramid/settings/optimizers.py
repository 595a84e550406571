"""The gradient descent algorithms that `descent_algorithm` may name, and the hyperparameters each takes.

The function behind a name is in ``pyramid.training.optimizers``.
"""

OPTIMIZERS: dict[str, tuple[str, ...]] = {
    "adadelta": ("rho", "epsilon"),
    "adagrad": ("init_accumulator", "epsilon"),
    "adam": ("beta1", "beta2", "epsilon"),
    "adamax": ("beta1", "beta2", "epsilon"),
    "ftrl": ("learning_rate_power", "init_accumulator"),
    "momentum": ("momentum",),
    "nadam": ("beta1", "beta2", "epsilon"),
    "rms_prop": ("rho", "momentum", "epsilon"),
    "sgd": (),
}
