"""The configuration of a search: what is enough, every problem with its path and value, and what the settings leave."""

import json

import pytest

from pyramid.report.keys import search
from pyramid.settings.base_settings import BaseSettings
from pyramid.settings.check_search import check_search, space_problems
from pyramid.settings.deepnets import CONFIGURATION_PARAMETERS
from pyramid.settings.search import SearchSettings
from pyramid.settings.search_space import Choice, Range

SEARCH = {"training_data": "prices.csv", "objective": "price", "output_directory": "out"}
NUMBER = {"index": 0, "type": "numeric", "mean": 1.0, "stdev": 2.0, "name": "size"}
CLASSES = {"index": 1, "type": "categorical", "values": ["a", "b"], "name": "kind"}
BOXES = {"index": 1, "type": "bounding_box", "values": ["a"]}
SER = {"training_data": "rows.ser", "objective": None, "info_list": [NUMBER, CLASSES]}

#: A value of each parameter.
VALUES = {
    "activation_function": "mish",
    "balance_objective": True,
    "batch_size": 64,
    "descent_algorithm": "nadam",
    "dropout_rate": 0.25,
    "loss_function": "hinge",
    "largest_layer_size": 96,
    "learn_residuals": True,
    "learning_rate": 0.01,
    "mixup_alpha": 0.1,
    "number_of_layers": 3,
    "seed": 7,
    "topology": "diamond",
    "tree_embedding": True,
}
NUMBERS = [name for name, value in VALUES.items() if isinstance(value, int | float) and not isinstance(value, bool)]
NAMES = [name for name in VALUES if name not in NUMBERS]


def problems(**changes):
    return check_search(SEARCH | changes)[1]


def valid(**changes):
    settings, found = check_search(SEARCH | changes)
    assert found == []
    return settings


def in_space(**parameters):
    return problems(search_space=parameters)


def test_a_search_needs_no_more_than_this():
    settings = valid()
    assert settings.max_total_time == 600
    assert settings.ensemble_method == "greedy"
    assert settings.search_algorithm == "tpe"
    assert settings.narrowed == {}
    assert settings.said_objective is None
    assert settings.table is None


def test_a_fraction_of_the_networks_is_taken_by_rank():
    assert valid().chosen_by == "greedy"
    assert valid(ensemble_size=5).chosen_by == "greedy"
    assert valid(model_fraction=0.5).chosen_by == valid(model_fraction=0.5, ensemble_method="rank").chosen_by == "rank"


def test_what_is_missing_is_said():
    assert check_search({})[1] == [
        "training_data: is required",
        "output_directory: is required",
        "objective: is required: the name of the column to predict",
    ]


@pytest.mark.parametrize(
    ("changes", "start"),
    [
        ({"training_data": [{"file": "a.png"}]}, "training_data: must be a valid string"),
        ({"objective_type": "bounding_box"}, "objective_type: must be 'categorical' or 'numeric'"),
        ({"objectve": "x"}, 'objectve: unknown key; did you mean "objective"?'),
        ({"number_of_candidates": 0}, "number_of_candidates: must be greater than or equal to 1"),
        ({"number_of_candidates": 100_001}, "number_of_candidates: must be less than or equal to 100000"),
        ({"max_total_time": 0}, "max_total_time: must be greater than 0"),
        ({"search_algorithm": "grid"}, "search_algorithm: must be one of tpe, random, but got"),
        ({"ensemble_size": 101}, "ensemble_size: must be less than or equal to 100"),
        ({"ensemble_size": 3, "model_fraction": 0.1}, "ensemble_size: is 3, but model_fraction, 0.1, says"),
        ({"ensemble_method": "greedy", "model_fraction": 0.5}, "model_fraction: is 0.5, but ensemble_method greedy"),
        ({"inputs": []}, "inputs: must not be empty"),
        ({"inputs": ["a", "b", "a"]}, "inputs[2]: 'a' is there twice"),
        ({"inputs": ["a", "price"]}, "inputs[1]: must not be the objective, but is 'price'"),
        ({"inputs": ["a", "w"], "weight": "w"}, "inputs[1]: must not be the weight, but is 'w'"),
        ({"weight": "price"}, "weight: must not be the objective"),
        ({"instance_weights": True}, "instance_weights: needs info_list"),
        ({"training_data": "rows.SER"}, "info_list: is required for a .ser file"),
        ({"objective": None}, "objective: is required"),
        ({"momentum": 0.9, "descent_algorithm": "adam"}, "momentum: no optimizer of the search takes it (adam)"),
        ({"rho": 0.9, "search_space": {"descent_algorithm": ["adam", "sgd"]}}, "rho: no optimizer of the search"),
        ({"init_accumulator": 0.1}, "init_accumulator: no optimizer of the search takes it (adam, nadam"),
        ({"image_network_candidates": [["yolov4", "fine_tune"]]}, "image_network_candidates[0]: yolov4 detects"),
        ({"input_image_shape": [8, 8]}, "input_image_shape: must be [width, height, 3]"),
        ({"topology": "cube"}, "topology: must be one of rectangle, funnel, diamond"),
        ({"dropout_rate": 0.8}, "dropout_rate: must be less than or equal to 0.75"),
        ({"objective_type": "numeric", "loss_function": "hinge"}, "loss_function: hinge does not fit a numeric"),
        ({"objective_type": "numeric", "balance_objective": True}, "balance_objective: needs classes"),
        ({"objective_type": "numeric", "class_weights": [["a", 1]]}, "class_weights: needs classes"),
        ({"objective_type": "numeric", "selection_metric": "auc"}, "selection_metric: auc does not fit a numeric"),
        ({"loss_function": "huber", "selection_metric": "auc"}, "selection_metric: auc does not fit a numeric"),
        (SER | {"objective": "size"}, "objective: must be the last column of info_list, 'kind', but is 'size'"),
        (SER | {"inputs": ["size"]}, "inputs: info_list says the inputs"),
        (SER | {"info_list": [NUMBER, NUMBER, CLASSES], "weight": "w"}, "weight: must be the last but one column"),
        (SER | {"info_list": [NUMBER]}, "info_list: must have an input, and the objective"),
        (SER | {"info_list": [NUMBER, CLASSES], "weight": "size"}, "info_list: must have an input, the weight"),
        (SER | {"info_list": [NUMBER, BOXES]}, "info_list[1]: a search has no objective of boxes"),
        (SER | {"objective_type": "numeric"}, "objective_type: is numeric, but the last column"),
        (SER | {"loss_function": "huber"}, "loss_function: huber does not fit a categorical objective"),
    ],
)
def test_a_problem_is_told_once_with_its_path(changes, start):
    (problem,) = problems(**changes)
    assert problem.startswith(start)


def test_columns_may_be_given_and_a_weight_be_named_among_them():
    settings = valid(**SER | {"info_list": [NUMBER, NUMBER | {"name": "w"}, CLASSES], "weight": "w"})
    assert settings.weighted
    assert len(settings.table.inputs) == 1
    assert settings.said_objective == "categorical"
    assert not valid(**SER).weighted


def test_a_hyperparameter_that_one_optimizer_of_the_space_takes_is_kept():
    assert valid(momentum=0.9).momentum == 0.9
    assert valid(rho=0.9, search_space={"descent_algorithm": ["adam", "adadelta"]}).rho == 0.9


@pytest.mark.parametrize("name", CONFIGURATION_PARAMETERS)
def test_a_parameter_may_be_a_value_or_a_list(name):
    value = VALUES[name]
    assert valid(search_space={name: value}).narrowed == {name: Choice((value,))}
    assert valid(search_space={name: [value]}).narrowed == {name: Choice((value,))}


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_may_be_a_range(name):
    whole = isinstance(VALUES[name], int)
    low, high = (1, VALUES[name] + 1) if whole else (VALUES[name] / 2, VALUES[name] * 2)
    if whole and name == "largest_layer_size":
        low = 2
    for log in (False, True):
        given = {"min": low, "max": high, "log": log}
        assert valid(search_space={name: given}).narrowed == {name: Range(low, high, log, whole)}


@pytest.mark.parametrize("name", NAMES)
def test_what_has_no_order_has_no_range(name):
    (problem,) = in_space(**{name: {"min": 0, "max": 1}})
    assert problem.startswith(f"search_space.{name}: has no order, so no range: must be a value or a list of values")


@pytest.mark.parametrize("name", [name for name in NUMBERS if name != "batch_size"])
def test_the_bounds_of_a_parameter_are_those_of_a_job(name):
    bounds = BaseSettings.model_json_schema()["properties"][name]
    bad = bounds.get("maximum", 100) + 1
    for place, given in (("", bad), ("[1]", [VALUES[name], bad]), (".max", {"min": VALUES[name], "max": bad})):
        (problem,) = in_space(**{name: given})
        assert problem == f"search_space.{name}{place}: must be less than or equal to {bad - 1}, but got {bad}"


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"learning_rat": 1}, 'search_space.learning_rat: unknown key; did you mean "learning_rate"?'),
        ({"dropout": 0.1}, 'search_space.dropout: unknown key; did you mean "dropout_rate"?'),
        ({"learning_rate": "0.1"}, 'search_space.learning_rate: must be a valid number, but got "0.1"'),
        ({"learning_rate": None}, "search_space.learning_rate: must be a valid number, but got null"),
        ({"learn_residuals": [False, 1]}, "search_space.learn_residuals[1]: must be a valid boolean, but got 1"),
        ({"batch_size": []}, "search_space.batch_size: must not be empty, but got []"),
        ({"batch_size": [32, 64, 32]}, "search_space.batch_size: must have different values, but got [32, 64, 32]"),
        ({"learning_rate": {"max": 0.1}}, "search_space.learning_rate.min: is required"),
        (
            {"learning_rate": {"min": 0.1, "max": 0.1}},
            "search_space.learning_rate.max: must be above min, which is 0.1, but got 0.1",
        ),
        (
            {"learning_rate": {"min": 0.2, "max": 0.1}},
            "search_space.learning_rate.max: must be above min, which is 0.2, but got 0.1",
        ),
        (
            {"learning_rate": {"min": -0.2, "max": 0.1}},
            "search_space.learning_rate.min: must be greater than 0, but got -0.2",
        ),
        (
            {"dropout_rate": {"min": 0, "max": 0.1, "log": True}},
            "search_space.dropout_rate.min: must be above 0 in a range with log, but got 0",
        ),
        (
            {"dropout_rate": {"min": 0.1, "max": 0.2, "log": 1}},
            "search_space.dropout_rate.log: must be a valid boolean, but got 1",
        ),
        (
            {"number_of_layers": {"min": 1, "max": 2.5}},
            "search_space.number_of_layers.max: must be a valid integer, but got 2.5",
        ),
        (
            {"number_of_layers": {"min": 1, "mx": 2, "max": 3}},
            'search_space.number_of_layers.mx: unknown key; did you mean "max"?',
        ),
        (
            {"learn_residuals": True, "number_of_layers": [1, 2]},
            "search_space.learn_residuals: is always true, but needs 3 layers, and number_of_layers is at most 2; no"
            " network is left",
        ),
        (
            {"loss_function": ["crossentropy", "huber"]},
            "search_space.loss_function[1]: huber does not fit a categorical objective; use one of crossentropy, hinge,"
            " kl_divergence, cosine",
        ),
    ],
)
def test_a_problem_of_the_space_has_path_and_value(parameters, problem):
    assert in_space(**parameters) == [problem]


@pytest.mark.parametrize("bad", [[], 3, "learning_rate"])
def test_a_space_is_an_object(bad):
    assert problems(search_space=bad) == [f"search_space: must be an object, but got {json.dumps(bad)}"]


def test_all_problems_of_a_space_are_told_together():
    found = in_space(topology=[], learning_rate={"min": 2, "max": 1}, dropout_rate=[0.1, 0.9], sed=1)
    assert [problem.split(":")[0] for problem in found] == [
        *("search_space.dropout_rate[1]", "search_space.learning_rate.max", "search_space.topology"),
        "search_space.sed",
    ]


@pytest.mark.parametrize("name", [name for name in CONFIGURATION_PARAMETERS if name != "seed"])
def test_a_key_of_its_own_fixes_a_parameter_and_must_not_be_in_the_space_too(name):
    assert valid(**{name: VALUES[name]}).narrowed == {name: Choice((VALUES[name],))}
    (problem,) = problems(**{name: VALUES[name], "search_space": {name: [VALUES[name]]}})
    assert problem.startswith(f"search_space.{name}: is given twice: {name} is {VALUES[name]!r} beside search_space")


def test_the_seed_of_the_search_is_not_that_of_its_networks():
    assert valid(seed=5).narrowed == {}
    assert valid(seed=5, search_space={"seed": [1, 2]}).narrowed == {"seed": Choice((1, 2))}


def test_what_depends_on_the_objective_is_checked_when_it_is_known():
    settings = valid(search_space={"balance_objective": [False, True]}, selection_metric="max_phi")
    assert space_problems(settings, "categorical") == []
    assert [problem.split(":")[0] for problem in space_problems(settings, "numeric")] == [
        *("selection_metric", "search_space.balance_objective[1]"),
    ]
    assert space_problems(valid(), "numeric") == []


def test_trees_are_wanted_unless_no_network_may_have_them():
    assert valid().wants_trees
    assert valid(search_space={"tree_embedding": [False, True]}).wants_trees
    assert not valid(tree_embedding=False).wants_trees


def test_the_schema_and_the_table_of_keys_name_all_that_a_search_has():
    schema = json.loads(json.dumps(SearchSettings.model_json_schema()))
    assert schema["required"] == ["training_data", "output_directory"]
    assert set(schema["$defs"]["SearchSpace"]["properties"]) == set(CONFIGURATION_PARAMETERS)
    assert {"training_data", "image_root", "patience", "gpus_per_trial", "topology"} <= schema["properties"].keys()
    assert "strict_boxes" not in schema["properties"]
    assert all(f"| `{key}` |" in search() for key in ("objective", "search_space", "ensemble_size", "topology"))
