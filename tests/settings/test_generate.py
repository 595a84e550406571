"""The settings of `pyramid_generate`, and what they say of the training that they are for."""

import pytest

from pyramid.errors import ConfigError
from pyramid.settings import load
from pyramid.settings.check_generate import GENERATION_ONLY, check_generate, training_document, training_keys
from pyramid.settings.generate import GenerateSettings
from pyramid.settings.train import TrainSettings

DOCUMENT = {"foreground_image_root": "objects", "objective_type": "bounding_box", "output_directory": "out"}

#: The keys that the original documentation names, beside those of a training.
DOCUMENTED = (
    "background_image_augmentations",
    "background_augmentation_ranges",
    "background_image_root",
    "background_label",
    "bounding_box_margin",
    "constant_box_label",
    "empty_image_rate",
    "foreground_image_augmentations",
    "foreground_augmentation_ranges",
    "foreground_image_root",
    "generated_dataset_size",
    "occupancy_range",
    "max_foreground_images",
    "random_background_rate",
)


def problems(**changes):
    return check_generate(DOCUMENT | changes)[1]


def valid(**changes):
    settings, found = check_generate(DOCUMENT | changes)
    assert found == []
    return settings


def without(*keys):
    return {key: value for key, value in DOCUMENT.items() if key not in keys}


def test_three_keys_are_enough():
    settings = valid()
    assert settings.shape == [224, 224, 3]
    assert (settings.max_foreground_images, settings.empty_image_rate, settings.random_background_rate) == (1, 0, 0)
    assert (settings.minimum_visibility, settings.bounding_box_margin, settings.occupancy_range) == (0.25, 0, None)
    assert (settings.blending, settings.image_format) == (["none", "gaussian"], "png")
    assert settings.notes == []


def test_every_documented_key_is_known():
    assert set(DOCUMENTED) <= GENERATION_ONLY
    assert not GENERATION_ONLY & set(TrainSettings.model_fields)


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("foreground_image_root", "foreground_image_root: is required, unless max_foreground_images is 0"),
        ("objective_type", "objective_type: is required: categorical or bounding_box"),
        ("output_directory", "output_directory: is required"),
    ],
)
def test_what_is_required(key, problem):
    assert check_generate(without(key))[1] == [problem]


@pytest.mark.parametrize("changes", [{"max_foreground_images": 0}, {"empty_image_rate": 1}])
def test_without_objects_no_foregrounds_are_required(changes):
    assert check_generate(without("foreground_image_root") | changes)[1] == []


def test_numbers_cannot_be_generated():
    assert problems(objective_type="numeric") == [
        "objective_type: must be 'categorical' or 'bounding_box', but got \"numeric\""
    ]


@pytest.mark.parametrize("key", ["training_data", "image_root"])
def test_what_is_written_cannot_be_given(key):
    assert problems(**{key: "somewhere"}) == [f"{key}: is written by pyramid_generate; leave it out"]


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("max_foreground_images", [0, 1, 32], [-1, 33, 1.5, "3", True, None]),
        ("max_distractors", [0, 32], [-1, 33]),
        ("generated_dataset_size", [1, 10**8], [0, -5, 10**8 + 1, 10.5]),
        ("empty_image_rate", [0, 0.5, 1], [-0.1, 1.1, "half", float("nan")]),
        ("random_background_rate", [0, 1], [-0.1, 1.1]),
        ("minimum_visibility", [0, 1], [-0.1, 1.1]),
        ("bounding_box_margin", [0, 8192], [-1, 8193, 0.5]),
        ("occupancy_range", [[0, 10], [0.5, 0.5], [0.2, 1.5]], [[0.5], [0.1, 0.2, 0.3], 0.5, [-0.1, 1], ["a", 1]]),
        ("occupancy_range", [None], [[0.5, 0.2], [0, 0], [1, 10.1], [float("nan"), 1], [0, float("inf")]]),
        ("blending", [["none"], ["poisson", "gaussian"]], [[], ["glue"], "none", [1]]),
        ("image_format", ["png", "jpeg", "webp"], ["gif", "PNG", None]),
        ("image_quality", [1, 100], [0, 101]),
        ("constant_box_label", ["thing", "", None], [5]),
        ("background_label", ["", "nothing"], [None, 1]),
        ("foreground_image_augmentations", [["deform", "rotation"], ["flip_horizontal"]], [["spin"], "blur", [3]]),
        ("background_augmentation_ranges", [{"zoom": 0.5, "blur": None}, {}], [{"zoom": 1}, {"spin": 1}, []]),
        ("foreground_augmentation_ranges", [{"rotation": 180}, {"deform": True}], [{"rotation": 181}, {"blur": -1}]),
        ("seed", [0, 2**31 - 1], [-1, "a"]),
    ],
)
def test_the_range_of_each_key(key, good, bad):
    for value in good:
        assert problems(**{key: value}) == [], value
    for value in bad:
        [problem] = problems(**{key: value})
        assert problem.startswith((f"{key}:", f"{key}[", f"{key}.")), value


@pytest.mark.parametrize("given", [[0.5, 0.2], [0, 0], [1, 10.5]])
def test_an_impossible_occupancy_is_told_with_the_rule_and_the_value(given):
    [problem] = problems(occupancy_range=given)
    assert problem.startswith("occupancy_range: must be [least, most] with 0 <= least <= most <= 10 and most above 0")
    assert problem.endswith(f"but got {[float(value) for value in given]}")


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("max_foreground_imagess", "max_foreground_images"),
        ("ocupancy_range", "occupancy_range"),
        ("learning_rates", "learning_rate"),
    ],
)
def test_an_unknown_key_has_the_nearest_one(key, nearest):
    assert problems(**{key: 3}) == [f'{key}: unknown key; did you mean "{nearest}"?']


def test_an_unknown_augmentation_has_the_nearest_one():
    [problem] = problems(foreground_augmentation_ranges={"rotaton": 5})
    assert problem == 'foreground_augmentation_ranges.rotaton: unknown key; did you mean "rotation"?'


def test_all_problems_are_told_together_and_once():
    found = problems(occupancy_range=[0.5, 0.2], max_foreground_images=99, what=1, seed="a", learning_rate=0)
    assert sorted(problem.split(":")[0] for problem in found) == [
        "learning_rate",
        "max_foreground_images",
        "occupancy_range",
        "seed",
        "what",
    ]


@pytest.mark.parametrize(
    ("changes", "beginning"),
    [
        ({"learning_rate": -1}, "learning_rate: must be greater than 0"),
        ({"descent_algorithm": "newton"}, "descent_algorithm: must be one of"),
        ({"descent_algorithm": "adam", "rho": 0.5}, "rho: adam does not take it"),
        ({"input_image_shape": [0, 32, 3]}, "input_image_shape: must be [width, height, 3]"),
        ({"input_image_shape": [32, 32, 1]}, "input_image_shape: must be [width, height, 3]"),
        ({"objective_type": "categorical", "input_image_shape": [4, 4, 3]}, "input_image_shape: the default candidat"),
        ({"objective_type": "categorical", "loss_function": "huber"}, "loss_function: huber does not fit"),
        ({"objective_type": "categorical", "selection_metric": "r_squared"}, "selection_metric: r_squared does not"),
    ],
)
def test_what_the_training_would_refuse_is_refused(changes, beginning):
    [problem] = problems(**changes)
    assert problem.startswith(beginning)


@pytest.mark.parametrize("document", [[], "a", None, {1: 2}])
def test_what_is_no_object_is_a_clear_error(document):
    with pytest.raises(ConfigError, match="must be an object"):
        check_generate(document)


# The training


def test_the_keys_of_the_training_are_kept_and_the_others_left_out():
    document = DOCUMENT | {"seed": 3, "learning_rate": 0.5, "occupancy_range": [0.1, 0.2], "max_distractors": 1}
    settings, _ = check_generate(document)
    kept = {"objective_type": "bounding_box", "output_directory": "out", "seed": 3, "learning_rate": 0.5}
    assert training_keys(document, settings) == kept | {"input_image_shape": [224, 224, 3]}


@pytest.mark.parametrize("objective", ["bounding_box", "categorical"])
def test_the_trainer_takes_the_document_that_it_would_get(objective):
    document = DOCUMENT | {"objective_type": objective, "blending": ["poisson"]}
    settings, _ = check_generate(document)
    training, found = load.check(training_document(document, settings, ["a", "b", ""]))
    assert found == []
    assert isinstance(training.training_data, list)
    assert len(training.training_data) == 3


def test_the_keys_of_a_generation_are_not_those_of_a_training():
    rows = [{"file": "a.png", "label": "a"}, {"file": "b.png", "label": "b"}]
    found = load.check({"training_data": rows, "output_directory": "out", "max_foreground_images": 2})[1]
    assert found == ["max_foreground_images: unknown key; it belongs to pyramid_generate"]


# What follows from the settings


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (True, False, False)),
        ({"max_foreground_images": 0}, (False, False, False)),
        ({"empty_image_rate": 1}, (False, False, False)),
        ({"background_image_root": "b"}, (True, True, False)),
        ({"background_image_root": "b", "random_background_rate": 1}, (True, False, False)),
        ({"distractors_root": "d"}, (True, False, True)),
        ({"distractors_root": "d", "max_distractors": 0}, (True, False, False)),
    ],
)
def test_which_sources_are_used(changes, expected):
    settings = valid(**changes)
    assert (settings.has_objects, settings.has_backgrounds, settings.has_distractors) == expected


def test_ranges_replace_names_and_null_is_the_default():
    settings = valid(
        foreground_image_augmentations=["blur", "flip_horizontal"],
        background_image_augmentations=["blur"],
        background_augmentation_ranges={"zoom": 0.5, "rotation": None, "tint": 0, "cutout": False},
    )
    assert settings.foreground_augmentations == {"blur": 0.5, "horizontal_flip": 1}
    assert settings.background_augmentations == {"rotation": 10, "zoom": 0.5}


def test_deform_is_for_foregrounds_and_mosaic_for_neither():
    names = ["deform", "mosaic", "mixup"]
    settings = valid(foreground_image_augmentations=names, background_image_augmentations=names)
    assert settings.foreground_augmentations == {"deform": 0.25}
    assert settings.background_augmentations == {}
    assert [(note.split()[1], note.split()[-1]) for note in settings.notes] == [
        ("mosaic", "foregrounds"),
        ("mixup", "foregrounds"),
        ("deform", "backgrounds"),
        ("mosaic", "backgrounds"),
        ("mixup", "backgrounds"),
    ]


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"background_label": "none"}, "background_label"),
        ({"objective_type": "categorical", "constant_box_label": "a"}, "constant_box_label"),
        ({"objective_type": "categorical", "bounding_box_margin": 3}, "bounding_box_margin"),
        ({"distractors_root": "d", "max_distractors": 0}, "distractors_root"),
        ({"max_distractors": 3}, "max_distractors"),
        ({"background_image_root": "b", "random_background_rate": 1}, "background_image_root"),
        ({"random_background_rate": 0.5}, "random_background_rate"),
        ({"max_foreground_images": 0}, "foreground_image_root"),
        ({"image_quality": 50}, "image_quality"),
        ({"occupancy_range": [0.1, 0.2], "foreground_image_augmentations": ["zoom"]}, "zoom"),
    ],
)
def test_what_has_no_effect_is_told(changes, key):
    [note] = valid(**changes).notes
    assert note.startswith(f"WARNING: {key} has no effect")


def test_the_schema_names_every_key_and_what_is_required():
    schema = GenerateSettings.model_json_schema()
    assert set(schema["required"]) == set(DOCUMENT)
    assert set(DOCUMENTED) <= set(schema["properties"])
    assert all(schema["properties"][key].get("description") for key in GENERATION_ONLY)
