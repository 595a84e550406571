"""A configuration -> settings, or every problem with its path, its rule and its value."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyramid.errors import ConfigError
from pyramid.settings import load
from pyramid.settings.common import CommonSettings
from pyramid.settings.train import TrainSettings

Problems = Callable[..., list[str]]
Valid = Callable[..., TrainSettings]

DEFAULTS = {
    "seed": 0,
    "objective_type": None,
    "loss_function": None,
    "label_smoothing_factor": 0.0,
    "balance_objective": False,
    "class_weights": None,
    "learning_rate_warmup_iterations": 0,
    "holdout_rate": 0.2,
    "cheat_on_validation": False,
    "max_seconds_per_update": 16.0,
    "max_iterations": None,
    "input_image_shape": None,
    "rescale_type": "crop",
    "image_augmentations": [],
    "augmentation_ranges": None,
    "augmentation_placement": "auto",
    "validation_data": None,
    "image_root": None,
    "on_bad_image": "skip",
    "allow_absolute_paths": False,
    "cpus_per_trial": None,
    "gpus_per_trial": None,
}


def test_training_data_and_output_directory_are_enough(valid: Valid) -> None:
    settings = valid()
    assert {key: getattr(settings, key) for key in DEFAULTS} == DEFAULTS
    assert settings.max_total_time > 0
    assert len(settings.image_network_candidates) >= 1
    assert settings.training_data[0].weight == 1.0
    assert settings.training_data[0].group is None


def test_train_settings_are_base_settings() -> None:
    assert issubclass(TrainSettings, CommonSettings)


def test_settings_cannot_be_changed(valid: Valid) -> None:
    with pytest.raises(ValueError, match="frozen"):
        valid().seed = 3


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("max_total_time", 60),  # a whole number where a fraction is possible
        ("learning_rate", 1),
        ("training_data", "pictures"),
        ("class_weights", [["cat", 2], ["dog", 0.5]]),
        ("input_image_shape", [32, 48, 3]),
        ("image_network_candidates", [["simple", "randomly_initialize"], ["resnet18", "randomly_initialize"]]),
        ("image_augmentations", []),
        ("seed", 2**31 - 1),
        ("output_directory", "Ergebnisse für Möwen 🐦/1"),
        ("holdout_rate", 0),
        ("holdout_rate", 1.0),
    ],
)
def test_values_that_are_right(valid: Valid, key: str, value: Any) -> None:
    valid(**{key: value})


#: (key, value, the place in the problem, words of the rule, the value as it is shown)
WRONG = [
    ("seed", -1, "seed", "greater than or equal to 0", "-1"),
    ("seed", 2**31, "seed", "less than or equal to 2147483647", "2147483648"),
    ("seed", 10**400, "seed", "less than or equal to 2147483647", "1000"),
    ("batch_size", 0, "batch_size", "greater than or equal to 1", "0"),
    ("batch_size", 1.0, "batch_size", "integer", "1.0"),
    ("batch_size", "32", "batch_size", "integer", '"32"'),
    ("batch_size", True, "batch_size", "integer", "true"),
    ("batch_size", None, "batch_size", "integer", "null"),
    ("learning_rate", 0, "learning_rate", "greater than 0", "0"),
    ("learning_rate", math.nan, "learning_rate", "finite", "NaN"),
    ("learning_rate", math.inf, "learning_rate", "finite", "Infinity"),
    ("learning_rate", "fast", "learning_rate", "number", '"fast"'),
    ("learning_rate", 10**400, "learning_rate", "number", "1000"),
    ("holdout_rate", 1.5, "holdout_rate", "less than or equal to 1", "1.5"),
    ("holdout_set_size", 0, "holdout_set_size", "greater than or equal to 1", "0"),
    ("label_smoothing_factor", 0.6, "label_smoothing_factor", "less than or equal to 0.5", "0.6"),
    ("patience", 0, "patience", "greater than or equal to 1", "0"),
    ("max_total_time", 0, "max_total_time", "greater than 0", "0"),
    ("max_total_time", -5.5, "max_total_time", "greater than 0", "-5.5"),
    ("max_seconds_per_update", 0, "max_seconds_per_update", "greater than 0", "0"),
    ("balance_objective", "yes", "balance_objective", "boolean", '"yes"'),
    ("balance_objective", 1, "balance_objective", "boolean", "1"),
    ("output_directory", "", "output_directory", "not be empty", '""'),
    ("output_directory", 5, "output_directory", "string", "5"),
    ("rescale_type", "stretch", "rescale_type", "'warp', 'pad' or 'crop'", '"stretch"'),
    ("on_bad_image", "ignore", "on_bad_image", "'skip' or 'fail'", '"ignore"'),
    ("objective_type", "class", "objective_type", "'categorical', 'numeric' or 'bounding_box'", '"class"'),
    ("loss_function", "mse", "loss_function", "one of crossentropy, ", '"mse"'),
    ("selection_metric", "f1", "selection_metric", "one of likelihood, ", '"f1"'),
    ("descent_algorithm", "adamw", "descent_algorithm", "one of adadelta, ", '"adamw"'),
    ("input_image_shape", "32x32", "input_image_shape", "list", '"32x32"'),
    ("input_image_shape", [32, 32.5, 3], "input_image_shape[1]", "integer", "32.5"),
    ("input_image_shape", [32, 32, True], "input_image_shape[2]", "integer", "true"),
    ("class_weights", {"cat": 1}, "class_weights", "list", '{"cat": 1}'),
    ("class_weights", [["cat", -1]], "class_weights[0][1]", "greater than or equal to 0", "-1"),
    ("class_weights", [["cat", 1], ["dog", math.nan]], "class_weights[1][1]", "finite", "NaN"),
    ("class_weights", [["cat", "2"]], "class_weights[0][1]", "number", '"2"'),
    ("image_augmentations", ["zoom", "zom"], "image_augmentations[1]", "one of blur, ", '"zom"'),
    ("augmentation_ranges", {"zom": 0.1}, "augmentation_ranges.zom", 'unknown key; did you mean "zoom"?', ""),
    (
        "augmentation_ranges",
        {"zoom": "big"},
        "augmentation_ranges.zoom",
        "must be a finite number, true, false or null",
        '"big"',
    ),
    ("augmentation_ranges", {"zoom": 1}, "augmentation_ranges.zoom", "must be at least 0 and at most 0.99", "1"),
    ("augmentation_ranges", {"zoom": -0.1}, "augmentation_ranges.zoom", "must be at least 0 and at most 0.99", "-0.1"),
    ("augmentation_ranges", {"blur": 1.0000001}, "augmentation_ranges.blur", "at most 1", "1.0000001"),
    ("augmentation_ranges", {"rotation": 181}, "augmentation_ranges.rotation", "at most 180", "181"),
    ("augmentation_ranges", {"shear": 90}, "augmentation_ranges.shear", "at most 89", "90"),
    ("augmentation_ranges", {"float": 1}, "augmentation_ranges.float", "unknown key", ""),
    ("augmentation_ranges", {"a\nb": 1}, 'augmentation_ranges."a\\nb"', "unknown key", ""),
    ("augmentation_ranges", [["zoom", 1]], "augmentation_ranges", "must be an object", '[["zoom", 1]]'),
    (
        "augmentation_ranges",
        {"flip_vertical": True, "vertical_flip": True},
        "augmentation_ranges",
        "flip_vertical and vertical_flip are the same: use one of them",
        '{"flip_vertical": true, "vertical_flip": true}',
    ),
    ("augmentation_placement", "gpu", "augmentation_placement", "'auto', 'trial' or 'workers'", '"gpu"'),
    ("augmentation_ranges", {"zoom": math.nan}, "augmentation_ranges.zoom", "finite", "NaN"),
    ("image_network_candidates", "simple", "image_network_candidates", "list", '"simple"'),
    ("image_network_candidates", [], "image_network_candidates", "not be empty", "[]"),
    ("image_network_candidates", ["simple"], "image_network_candidates[0]", "pair [network, ", '"simple"'),
    ("image_network_candidates", [["simple"]], "image_network_candidates[0]", "pair [network, ", '["simple"]'),
    (
        "image_network_candidates",
        [["simple", "randomly_initialize"], ["simpel", "randomly_initialize"]],
        "image_network_candidates[1]",
        "unknown network; use one of simple, simple_residual, mobilenet, mobilenetv2, resnet18",
        '"simpel"',
    ),
    (
        "image_network_candidates",
        [["simple", "from_scratch"]],
        "image_network_candidates[0]",
        "unknown training method; use one of randomly_initialize, ",
        '"from_scratch"',
    ),
    (
        "image_network_candidates",
        [["simple", "fine_tune"]],
        "image_network_candidates[0]",
        "simple has no pretrained weights; use randomly_initialize, or one of mobilenet, mobilenetv2, resnet18, ",
        "fine",
    ),
    (
        "image_network_candidates",
        [["initial_model", ""]],
        "image_network_candidates[0]",
        "must name the final_model.json to start from",
        "initial_model",
    ),
    ("training_data", 5, "training_data", "list", "5"),
    ("training_data", {"a": 1}, "training_data", "list", '{"a": 1}'),
    ("training_data", "", "training_data", "not be empty", '""'),
    ("validation_data", False, "validation_data", "list", "false"),
]


@pytest.mark.parametrize(("key", "value", "place", "rule", "shown"), WRONG)
def test_a_problem_has_its_path_its_rule_and_its_value(
    problems: Problems, key: str, value: Any, place: str, rule: str, shown: str
) -> None:
    [problem] = problems(**{key: value})
    assert problem.startswith(f"{place}: ")
    assert rule in problem
    assert shown in problem.split(rule)[1]


#: (what is wrong with the second row, the place behind `training_data[1]`, words of the rule, the value as it is shown)
WRONG_ROWS = [
    ({"label": math.nan}, ".label", "finite number", "NaN"),
    ({"label": math.inf}, ".label", "finite number", "Infinity"),
    ({"label": None}, "", "must have either label or boxes", '"label": null'),
    ({"label": True}, ".label", "a string or a number", "true"),
    ({"label": ["a"]}, ".label", "a string or a number", '["a"]'),
    ({"weight": -1}, ".weight", "greater than or equal to 0", "-1"),
    ({"weight": math.nan}, ".weight", "finite number", "NaN"),
    ({"weight": "1"}, ".weight", "number", '"1"'),
    ({"weight": True}, ".weight", "number", "true"),
    ({"file": ""}, ".file", "not be empty", '""'),
    ({"file": 3}, ".file", "string", "3"),
    ({"group": 1.5}, ".group", "integer", "1.5"),
    ({"group": ["a"]}, ".group", "string", '["a"]'),
]


@pytest.mark.parametrize(("change", "place", "rule", "shown"), WRONG_ROWS)
@pytest.mark.parametrize("key", ["training_data", "validation_data"])
def test_a_problem_of_a_row_has_its_path_its_rule_and_its_value(
    problems: Problems, key: str, change: dict[str, Any], place: str, rule: str, shown: str
) -> None:
    rows = [{"file": "a.png", "label": "cat"}, {"file": "b.png", "label": "dog"} | change]
    [problem] = problems(**{key: rows})
    assert problem.startswith(f"{key}[1]{place}: ")
    assert rule in problem
    assert shown in problem.split(rule)[1]


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("file", ".file: is required"),
        ("label", ': must have either label or boxes, but got {"file": "b.png"}'),
    ],
)
def test_a_row_needs_a_file_and_a_label(problems: Problems, key: str, problem: str) -> None:
    row = {"file": "b.png", "label": "dog"}
    del row[key]
    assert problems(training_data=[{"file": "a.png", "label": "cat"}, row]) == [f"training_data[1]{problem}"]


@pytest.mark.parametrize("key", ["training_data", "output_directory"])
def test_what_is_required(document: dict[str, Any], key: str) -> None:
    assert load.check(document | {key: None})[1] == [f"{key}: is required"]
    del document[key]
    assert load.check(document)[1] == [f"{key}: is required"]


def test_an_empty_document_lacks_what_is_required() -> None:
    assert load.check({})[1] == ["training_data: is required", "output_directory: is required"]


@pytest.mark.parametrize("value", [5, None, "a.png", ["a.png", "cat"]])
def test_a_row_that_is_no_object_is_said_in_the_words_of_json(problems: Problems, value: Any) -> None:
    [problem] = problems(training_data=[{"file": "a.png", "label": "cat"}, value])
    assert problem.startswith("training_data[1]: must be ")
    assert problem.endswith(f"but got {json.dumps(value)}")
    assert "instance of" not in problem


def test_training_data_that_is_neither_says_that_a_path_would_do(problems: Problems) -> None:
    [problem] = problems(training_data=5)
    assert "path" in problem


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("learning_rat", "learning_rate"),
        ("max_totaltime", "max_total_time"),
        ("trainingdata", "training_data"),
        ("output_dir", "output_directory"),
        ("Batch_Size", "batch_size"),
    ],
)
def test_an_unknown_key_gets_the_nearest_name(problems: Problems, key: str, nearest: str) -> None:
    assert problems(**{key: 1}) == [f'{key}: unknown key; did you mean "{nearest}"?']


@pytest.mark.parametrize(("key", "nearest"), [("lable", "label"), ("weigth", "weight"), ("files", "file")])
def test_an_unknown_key_of_a_row_gets_the_nearest_name(problems: Problems, key: str, nearest: str) -> None:
    rows = [{"file": "a.png", "label": "cat"}, {"file": "b.png", "label": "dog", key: "x"}]
    assert problems(training_data=rows) == [f'training_data[1].{key}: unknown key; did you mean "{nearest}"?']


def test_an_unknown_key_that_is_like_none_gets_no_name(problems: Problems) -> None:
    assert problems(qqqq=1) == ["qqqq: unknown key"]


@pytest.mark.parametrize("key", ["intensity", "strict_boxes", "boolean", "floating", "größe"])
def test_an_unknown_key_of_a_row_is_named_whatever_it_is(problems: Problems, key: str) -> None:
    """Some of these begin like the names of types, which are no part of a path."""
    rows = [{"file": "a.png", "label": "cat"}, {"file": "b.png", "label": "dog", key: 1}]
    [problem] = problems(training_data=rows)
    assert problem.startswith(f"training_data[1].{key}: unknown key")


def test_all_problems_are_reported_together(problems: Problems) -> None:
    rows = [
        {"file": "a.png", "label": math.nan},
        {"file": "b.png", "lable": "dog"},
        {"file": "c.png", "label": "dog", "weight": -2, "group": 0.5},
        {"file": "d.png"},
    ]
    found = problems(
        training_data=rows, batch_size=0, learning_rat=1, rescale_type="x", input_image_shape=[1, 2], rho=0.5
    )
    assert sorted(problem.split(":")[0] for problem in found) == [
        "batch_size",
        "input_image_shape",
        "learning_rat",
        "rescale_type",
        "rho",
        "training_data[0].label",
        "training_data[1].lable",
        "training_data[2].group",
        "training_data[2].weight",
        "training_data[3]",
    ]


def test_a_key_with_a_problem_has_its_default(document: dict[str, Any]) -> None:
    settings, problems = load.check(document | {"batch_size": "many", "patience": 3})
    assert len(problems) == 1
    assert settings.batch_size == TrainSettings.model_fields["batch_size"].default
    assert settings.patience == 3


def test_a_long_value_is_shortened(problems: Problems) -> None:
    [problem] = problems(rescale_type="x" * 10_000)
    assert len(problem) < 300
    assert problem.endswith("…")


# The file


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"a": 1,\n "b" 2}', "at line 2, column 6"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b'"x"', 'one JSON object, but holds "x"'),
        (b"[1, 2]", "one JSON object, but holds [1, 2]"),
        (b"null", "one JSON object, but holds null"),
        (b"[" * 100_000, "not JSON"),  # deeper than Python's stack
        (b'{"seed": ' + b"1" * 5_000 + b"}", "not JSON"),  # more digits than Python converts
    ],
)
def test_a_file_that_holds_no_object(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as error:
        load.read_document(path)
    [problem] = error.value.problems
    assert problem.startswith(f"{path}: ")
    assert words in problem


@pytest.mark.parametrize("name", ["absent.json", "folder", "x" * 300])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError, match="cannot read the configuration: "):
        load.read_document(tmp_path / name)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
def test_a_file_that_is_right(tmp_path: Path, mark: bytes) -> None:
    """Editors on Windows put a byte order mark before the text."""
    path = tmp_path / "mit Umlaut ü.json"
    path.write_bytes(mark + '{"output_directory": "Möwen"}'.encode())
    assert load.read_document(path) == {"output_directory": "Möwen"}


# The schema


def test_the_schema_lists_every_key_with_its_meaning() -> None:
    schema = TrainSettings.model_json_schema()
    assert set(schema["properties"]) == set(TrainSettings.model_fields)
    assert all(described["description"] for described in schema["properties"].values())
    assert schema["required"] == ["training_data", "output_directory"]
    assert schema["additionalProperties"] is False
    assert "adam" in schema["properties"]["descent_algorithm"]["enum"]
