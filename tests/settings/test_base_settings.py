"""A job's document: every key's range, what each type of job needs, and every problem with its path and value."""

import json
import math

import pytest

from pyramid.errors import ConfigError
from pyramid.settings.base_settings import JOB_TYPES
from pyramid.settings.check_job import check_job
from pyramid.settings.columns import NumericColumn, Table
from pyramid.settings.deepnets import ACTIVATIONS, CONFIGURATION_PARAMETERS, TOPOLOGIES

NUMBER = {"index": 0, "type": "numeric", "mean": 1.0, "stdev": 2.0}
CLASSES = {"index": 1, "type": "categorical", "values": ["a", "b"]}
IMAGE = {"index": 2, "type": "image"}
BOXES = {"index": 3, "type": "bounding_box", "values": ["cat", "dog"]}

JOB = {"job_id": "sub0", "output_directory": "out", "cache_file": "full.npy", "info_list": [NUMBER, CLASSES]}


def problems(without=(), **changes):
    with pytest.raises(ConfigError) as error:
        check_job({key: value for key, value in (JOB | changes).items() if key not in without})
    return error.value.problems


def test_a_job_needs_no_more_than_this():
    settings = check_job(JOB)
    assert settings.job_type == "standard_training"
    assert settings.logging_level == 2
    assert settings.model_fraction == 0.1


#: Each number of a job: its range, both ends of which belong to it, and what an optimizer is needed for it.
RANGES = {
    "batch_size": (1, None),
    "holdout_rate": (0, 1),
    "holdout_set_size": (1, 8192),
    "label_smoothing_factor": (0, 0.5),
    "l1_regularization": (0, None),
    "l2_regularization": (0, None),
    "learning_rate_warmup_iterations": (0, None),
    "mixup_alpha": (0, 1),
    "model_fraction": (0, 1),
    "patience": (1, 8192),
    "tree_inputs": (0, 128),
    "dropout_rate": (0, 0.75),
    "largest_layer_size": (2, 1024),
    "number_of_layers": (0, 128),
    "seed": (0, 2**31 - 1),
    "augmentation_seed": (0, 2**31 - 1),
    "max_iterations": (1, None),
    "max_data_size": (1, None),
    "parallelism": (1, None),
    "cache_rows": (1, None),
    "logging_level": (1, 3),
    "beta1": (0, 1),
    "beta2": (0, 1),
    "epsilon": (0, 1),
    "rho": (0, 1),
    "momentum": (0, 1),
    "init_accumulator": (0, None),
    "learning_rate_power": (-1, 0),
}
OPTIMIZER = {"rho": "rms_prop", "momentum": "momentum", "init_accumulator": "ftrl", "learning_rate_power": "ftrl"}
WHOLE = {
    *("batch_size", "holdout_set_size", "learning_rate_warmup_iterations", "patience", "tree_inputs", "seed"),
    *("largest_layer_size", "number_of_layers", "augmentation_seed", "max_iterations", "max_data_size", "cache_rows"),
    *("parallelism", "logging_level"),
}
ENDS = [(key, end) for key, ends in RANGES.items() for end in ends if end is not None]


def optimizer(key):
    return {"descent_algorithm": OPTIMIZER[key]} if key in OPTIMIZER else {}


@pytest.mark.parametrize(("key", "value"), ENDS)
def test_a_number_at_an_end_of_its_range_is_taken(key, value):
    assert getattr(check_job(JOB | optimizer(key) | {key: value}), key) == value


OUTSIDE = [
    (key, bad)
    for key, (least, most) in RANGES.items()
    for bad in (
        least - (1 if key in WHOLE else 1e-9),
        None if most is None else most + (1 if key in WHOLE else 1e-9),
        math.nan,
        math.inf,
        str(least),
        True,
    )
    if bad is not None and (key, bad) != ("logging_level", True)
]


@pytest.mark.parametrize(("key", "bad"), OUTSIDE)
def test_a_number_outside_its_range_is_refused_with_its_value(key, bad):
    (problem,) = problems(**optimizer(key), **{key: bad})
    assert problem.startswith(f"{key}: must ")
    assert problem.endswith(f"but got {json.dumps(bad)}")


def test_true_is_no_logging_level():
    assert problems(logging_level=True)[0].startswith("logging_level: must be ")


@pytest.mark.parametrize("key", sorted(WHOLE))
def test_a_whole_number_is_whole(key):
    assert problems(**{key: 2.5})[0].startswith(f"{key}: ")


@pytest.mark.parametrize("key", ["max_training_time", "max_seconds_per_update", "learning_rate"])
def test_what_must_be_above_0_may_be_small_but_not_0(key):
    assert getattr(check_job(JOB | {key: 1e-3}), key) == 1e-3
    assert getattr(check_job(JOB | {key: 5}), key) == 5
    for bad in (0, -1):
        assert problems(**{key: bad})[0].startswith(f"{key}: must be greater than 0")


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("job_type", JOB_TYPES),
        ("activation_function", ACTIVATIONS),
        ("topology", TOPOLOGIES),
        ("deepnet_version", ("alpha", "beta")),
        ("ensemble_method", ("rank", "greedy")),
        ("image_training_type", ("randomly_initialize", "fine_tune", "use_pretrained")),
        ("base_image_network", ("simple", "mobilenetv2", "resnet18")),
    ],
)
def test_names_are_taken_and_an_unknown_one_is_told_which_there_are(key, values):
    columns = [IMAGE, CLASSES]
    for value in values:
        assert getattr(check_job(JOB | {"info_list": columns, key: value}), key) == value
    (problem,) = problems(info_list=columns, **{key: "nonsense"})
    assert problem.startswith(f"{key}: must be one of {', '.join(values[:1])}")
    assert problem.endswith('but got "nonsense"')


@pytest.mark.parametrize(
    "key", ["instance_weights", "return_holdout_images", "tree_embedding", "is_search", "learn_residuals"]
)
def test_switches_are_true_or_false(key):
    assert getattr(check_job(JOB | {"info_list": [NUMBER, NUMBER, CLASSES], key: True}), key) is True
    assert problems(**{key: 1})[0].startswith(f"{key}: must be a valid boolean")


@pytest.mark.parametrize(
    "key", ["deepnet_version", "max_iterations", "cache_rows", "layers", "class_weights", "loss_function"]
)
def test_null_is_as_good_as_nothing(key):
    assert getattr(check_job(JOB | {key: None}), key) is None


def test_a_topology_may_be_given_by_its_number():
    for number, name in enumerate(TOPOLOGIES):
        assert check_job(JOB | {"topology": number}).topology == name


@pytest.mark.parametrize("bad", [-1, len(TOPOLOGIES), 0.0, True, False, None, "0"])
def test_another_number_is_no_topology(bad):
    assert problems(topology=bad)[0].startswith("topology: must be ")


@pytest.mark.parametrize("job_type", JOB_TYPES)
def test_what_a_type_of_job_cannot_do_without_is_said(job_type):
    needed = {"job_id", "output_directory", "info_list"} | ({"cache_file"} if job_type != "finalize_output" else set())
    found = problems(without=JOB, job_type=job_type)
    assert sorted(found) == [f"{key}: is required for a job of the type {job_type}" for key in sorted(needed)]


@pytest.mark.parametrize("key", ["job_id", "output_directory", "cache_file", "info_list"])
def test_null_in_a_key_that_is_needed_is_as_bad_as_nothing(key):
    assert problems(**{key: None}) == [f"{key}: is required for a job of the type standard_training"]


def test_an_unknown_type_of_job_asks_for_nothing_more():
    found = problems(without=["cache_file"], job_type="finalise_output")
    assert [problem.split(":")[0] for problem in found] == ["job_type"]


@pytest.mark.parametrize("job_id", ["a", "x" * 200, "ä" * 100, 0, -7, 10**50, "..", " "])
def test_a_job_id_that_can_name_a_folder_is_taken(job_id):
    assert check_job(JOB | {"job_id": job_id}).job_id == job_id


@pytest.mark.parametrize("job_id", ["", "a/b", "/", "x" * 201, "ä" * 101, "a\0b", "\ud800" * 70])
def test_a_job_id_that_cannot_name_a_folder_is_refused(job_id):
    (problem,) = problems(job_id=job_id)
    assert problem.startswith("job_id: ")


@pytest.mark.parametrize("bad", [True, 1.5, [], {}])
def test_a_job_id_is_a_string_or_a_whole_number(bad):
    found = problems(job_id=bad)
    assert len(found) == 1
    assert found[0].startswith("job_id: ")


@pytest.mark.parametrize(
    ("columns", "place"),
    [
        ([], "info_list: must have an input"),
        ([NUMBER], "info_list: must have an input"),
        ([NUMBER, IMAGE], "info_list[1]: the objective, which is last, must not be an image"),
        ([BOXES, NUMBER], "info_list[0]: boxes must be the objective"),
        ([NUMBER, {"index": 1, "type": "text"}], "info_list[1]: must have a type that is one of numeric, categorical"),
        ([NUMBER, {"index": 1}], "info_list[1]: must have a type that is one of"),
        pytest.param(
            [NUMBER, {"index": 1, "type": ["numeric"]}],
            "info_list[1]: must have a type that is one of",
        ),
        ([NUMBER, 5], "info_list[1]: must be an object"),
        ([NUMBER, {"type": "numeric", "mean": 0, "stdev": 1}], "info_list[1].index: is required"),
        ([NUMBER | {"index": -1}, CLASSES], "info_list[0].index: must be greater than or equal to 0"),
        ([NUMBER | {"stdev": -1}, CLASSES], "info_list[0].stdev: must be greater than or equal to 0"),
        ([NUMBER | {"mean": math.nan}, CLASSES], "info_list[0].mean: must be a finite number"),
        ([NUMBER | {"median": 3}, CLASSES], "info_list[0].median: unknown key"),
        ([{"index": 0, "type": "numeric"}, CLASSES], "info_list[0]: must have mean and stdev, or zero_value"),
        ([{"index": 0, "type": "numeric", "mean": 3}, CLASSES], "info_list[0]: must have mean and stdev"),
        ([NUMBER | {"one_value": 3}, CLASSES], "info_list[0]: must have mean and stdev"),
        (
            [NUMBER, {"index": 1, "type": "numeric", "zero_value": 14, "one_value": 10}],
            "info_list[1]: zero_value, 14, must be below one_value, 10, in the objective; exchange them",
        ),
        ([NUMBER, {"index": 1, "type": "numeric", "zero_value": 14}], "info_list[1]: must have mean and stdev"),
        ([NUMBER, CLASSES | {"values": []}], "info_list[1].values: must not be empty"),
        ([NUMBER, {"index": 1, "type": "categorical"}], "info_list[1].values: is required"),
        ([NUMBER, CLASSES | {"values": ["a", "b", "a"]}], "info_list[1].values: must be different, but 'a' is there"),
        ([NUMBER, CLASSES | {"values": ["a", 3]}], "info_list[1].values[1]: must be a valid string"),
        ([NUMBER, CLASSES | {"mean": 3}], "info_list[1].mean: unknown key"),
    ],
)
def test_a_problem_of_info_list_is_told_with_its_path(columns, place):
    (problem,) = problems(info_list=columns)
    assert problem.startswith(place)


def test_all_columns_with_problems_are_told():
    found = problems(info_list=[{"index": 0, "type": "numeric"}, CLASSES | {"values": ["x", "x"]}, IMAGE])
    assert [problem.split(":")[0] for problem in found] == ["info_list[0]", "info_list[1].values", "info_list[2]"]


@pytest.mark.parametrize(
    ("columns", "place"),
    [
        ([NUMBER, CLASSES], "info_list: must have an input, the weight"),
        ([NUMBER, CLASSES, CLASSES], "info_list[1]: the weight"),
    ],
)
def test_a_weight_is_a_numeric_column_before_the_objective(columns, place):
    (problem,) = problems(info_list=columns, instance_weights=True)
    assert problem.startswith(place)


def table(*columns, weighted=False):
    return check_job(JOB | {"info_list": list(columns), "instance_weights": weighted}).table


def test_columns_are_told_apart_by_their_place():
    weighted = table(NUMBER, CLASSES, IMAGE, NUMBER, CLASSES, weighted=True)
    assert [column.type for column in weighted.inputs] == ["numeric", "categorical", "image"]
    assert weighted.widths(features=128) == [1, 2, 128]
    assert (weighted.outputs, weighted.classes, weighted.moments) == (2, ["a", "b"], (0.0, 1.0))
    plain = table(NUMBER, NUMBER)
    assert (len(plain.inputs), plain.outputs, plain.classes, plain.moments) == (1, 1, [], (1.0, 2.0))


@pytest.mark.parametrize(
    ("given", "moments"),
    [
        ({"mean": 3.0, "stdev": 2.0}, (3.0, 2.0)),
        ({"mean": 3.0, "stdev": 0.0}, (3.0, 1.0)),
        ({"zero_value": 10.0, "one_value": 14.0}, (10.0, 4.0)),
        ({"zero_value": 14.0, "one_value": 10.0}, (14.0, -4.0)),
        ({"zero_value": 5.0, "one_value": 5.0}, (5.0, 1.0)),
        ({"mean": 3.0, "stdev": 2.0, "zero_value": 0.0, "one_value": 1.0}, (3.0, 2.0)),
    ],
)
def test_the_moments_of_a_number(given, moments):
    column = NumericColumn(type="numeric", index=0, **given)
    assert column.moments == moments
    usual = NumericColumn(type="numeric", index=1, mean=0.0, stdev=1.0)
    assert not list(Table([column, usual], False).problems())


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"objective_type": "numeric"}, "objective_type: is numeric, but the last column of info_list is categorical"),
        (
            {"loss_function": "huber"},
            "loss_function: huber does not fit a categorical objective; use one of crossentropy",
        ),
        ({"class_weights": [["a", 1], ["c", 2]]}, "class_weights[1]: no class of the objective is called 'c'"),
        ({"class_weights": [["a", -1]]}, "class_weights[0][1]: must be greater than or equal to 0"),
        ({"info_list": [NUMBER, NUMBER], "class_weights": [["a", 1]]}, "class_weights[0]: no class"),
        ({"base_image_network": "yolov4"}, "base_image_network: yolov4 does not fit a categorical objective"),
        ({"info_list": [IMAGE, BOXES], "base_image_network": "simple"}, "base_image_network: simple does not fit"),
        ({"info_list": [IMAGE, BOXES], "loss_function": "huber"}, "loss_function: huber does not fit a bounding_box"),
        ({"job_type": "image_training"}, "info_list: an image_training job needs a column of images"),
        ({"base_image_network": "simple", "image_training_type": "fine_tune"}, "image_training_type: simple has no"),
        ({"topologie": 1}, 'topologie: unknown key; did you mean "topology"?'),
        ({"layers": {}}, "layers: must be a list"),
        ({"layers": [3]}, "layers[0]: must be a valid dictionary"),
    ],
)
def test_what_does_not_fit_together_is_told_once(changes, place):
    (problem,) = problems(**changes)
    assert problem.startswith(place)


def test_a_loss_that_does_not_fit_is_told_once_where_the_objective_is_said_twice():
    assert len(problems(objective_type="categorical", loss_function="huber")) == 1


def test_a_metric_that_does_not_fit_the_objective_is_refused():
    assert problems(selection_metric="r_squared")[0].startswith("selection_metric: r_squared does not fit")


def test_a_class_with_two_weights_is_refused():
    assert problems(class_weights=[["a", 1], ["a", 2]])[0].startswith("class_weights[1]")


def test_all_problems_are_told_together():
    found = problems(seed=-1, dropout_rate=0.8, topology="cube", class_weights=[["c", 1]], colour=3)
    paths = [problem.split(":")[0] for problem in found]
    assert sorted(paths) == ["class_weights[0]", "colour", "dropout_rate", "seed", "topology"]


def test_a_problem_of_one_key_hides_none_of_another():
    found = problems(job_id="a/b", class_weights=[["c", 1]], loss_function="huber")
    assert sorted(problem.split(":")[0] for problem in found) == ["class_weights[0]", "job_id", "loss_function"]


def test_configuration_parameters_are_those_of_the_contract():
    assert set(CONFIGURATION_PARAMETERS) == {
        *("activation_function", "balance_objective", "batch_size", "descent_algorithm", "dropout_rate"),
        *("loss_function", "largest_layer_size", "learn_residuals", "learning_rate", "mixup_alpha"),
        *("number_of_layers", "seed", "topology", "tree_embedding"),
    }
