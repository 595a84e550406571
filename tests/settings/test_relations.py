"""The rules between settings, and between a setting and a fact."""

from collections.abc import Callable

import pytest

from pyramid.settings.networks import NETWORKS
from pyramid.settings.objectives import LOSSES
from pyramid.settings.optimizers import OPTIMIZERS
from pyramid.settings.train import TrainSettings

Problems = Callable[..., list[str]]
Valid = Callable[..., TrainSettings]


@pytest.mark.parametrize("key", ["training_data", "validation_data"])
def test_a_list_of_rows_needs_one(problems: Problems, key: str) -> None:
    assert problems(**{key: []}) == [f"{key}: must have at least one row, but is empty"]


# The input shape


@pytest.mark.parametrize(
    "shape",
    [[], [32], [32, 32], [32, 32, 1], [32, 32, 4], [3, 32, 32], [32, 32, 3, 1], [0, 32, 3], [-5, 32, 3], [32, 9000, 3]],
)
def test_a_shape_is_width_height_3(problems: Problems, shape: list[int]) -> None:
    [problem] = problems(input_image_shape=shape)
    assert problem.startswith("input_image_shape: must be [width, height, 3]")
    assert problem.endswith(f"but got {shape}")


TRAINABLE = [name for name, facts in NETWORKS.items() if facts.objective == "categorical"]


@pytest.mark.parametrize("network", TRAINABLE)
@pytest.mark.parametrize("narrow", [0, 1])
def test_a_shape_that_is_too_small_for_a_network(problems: Problems, valid: Valid, network: str, narrow: int) -> None:
    side = NETWORKS[network].minimum_side
    candidates = [["simple", "randomly_initialize"], [network, "randomly_initialize"]]
    valid(image_network_candidates=candidates, input_image_shape=[side, side, 3])
    shape = [64, 64, 3]
    shape[narrow] = side - 1
    found = problems(image_network_candidates=candidates, input_image_shape=shape)
    assert (
        f"image_network_candidates[1]: {network} needs sides of {side} pixels or more, but input_image_shape is {shape}"
        in found
    )


def test_a_shape_that_some_default_candidates_cannot_take_is_no_problem(valid: Valid) -> None:
    """Those candidates are left out."""
    valid(input_image_shape=[16, 16, 3])


def test_a_shape_that_no_default_candidate_can_take_is_a_problem(problems: Problems) -> None:
    [problem] = problems(input_image_shape=[4, 4, 3])
    assert "[4, 4, 3]" in problem
    assert "8 pixels" in problem


# Hyperparameters

PAIRS = [(optimizer, key) for optimizer in OPTIMIZERS for key in {k for keys in OPTIMIZERS.values() for k in keys}]


@pytest.mark.parametrize(("optimizer", "key"), sorted(PAIRS))
def test_a_hyperparameter_must_be_one_of_the_optimizer(problems: Problems, optimizer: str, key: str) -> None:
    found = problems(descent_algorithm=optimizer, **{key: -0.5 if key == "learning_rate_power" else 0.5})
    if key in OPTIMIZERS[optimizer]:
        assert found == []
    else:
        takes = ", ".join(OPTIMIZERS[optimizer]) or "none"
        assert found == [f"{key}: {optimizer} does not take it (it takes {takes})"]


def test_the_hyperparameters_of_an_unknown_optimizer_are_not_judged_by_another(problems: Problems) -> None:
    """Who writes "rmsprop" and its rho has made one mistake."""
    [problem] = problems(descent_algorithm="rmsprop", rho=0.9)
    assert problem.startswith("descent_algorithm: must be one of ")


# Objective, loss and metric


@pytest.mark.parametrize(
    ("objective", "loss"), [(objective, loss) for objective in LOSSES for losses in LOSSES.values() for loss in losses]
)
def test_a_loss_must_fit_the_objective(problems: Problems, objective: str, loss: str) -> None:
    found = problems(objective_type=objective, loss_function=loss)
    if loss in LOSSES[objective]:
        assert found == []
    else:
        [problem] = found
        assert problem.startswith(f"loss_function: {loss} does not fit a {objective} objective; use one of ")
        assert problem.endswith(", ".join(LOSSES[objective]))


@pytest.mark.parametrize(
    ("keys", "objective"),
    [
        ({"objective_type": "categorical", "selection_metric": "r_squared"}, "categorical"),
        ({"objective_type": "numeric", "selection_metric": "accuracy"}, "numeric"),
        ({"loss_function": "huber", "selection_metric": "likelihood"}, "numeric"),
        ({"loss_function": "hinge", "selection_metric": "spearman"}, "categorical"),
    ],
)
def test_a_metric_must_fit_the_objective(problems: Problems, keys: dict[str, str], objective: str) -> None:
    [problem] = problems(**keys)
    assert problem.startswith(f"selection_metric: {keys['selection_metric']} does not fit a {objective} objective")


def test_a_metric_that_fits(valid: Valid) -> None:
    valid(objective_type="categorical", selection_metric="auc")
    valid(loss_function="huber", selection_metric="spearman")
    valid(selection_metric="r_squared")  # whether it fits the labels is not known before they are read
