"""What `image_augmentations` and `augmentation_ranges` mean."""

import pytest

from pyramid.errors import ConfigError
from pyramid.settings.augmentations import ALIASES, AUGMENTATIONS, strengths
from pyramid.settings.load import check
from pyramid.settings.objectives import BOUNDING_BOX, CATEGORICAL, NUMERIC

DEFAULTS = {
    "contrast": 0.25,
    "cutout": 0.25,
    "gaussian_noise": 0.1,
    "glare": 0.1,
    "height_shift": 0.1,
    "rotation": 10,
    "shear": 10,
    "width_shift": 0.1,
    "zoom": 0.1,
}


def meant(**keys):
    settings, problems = check({"training_data": "x", "output_directory": "y", **keys})
    assert problems == []
    return settings.augmentations(CATEGORICAL)


def test_nothing_is_augmented_unless_asked_for():
    assert meant() == {}


def test_the_documented_defaults():
    assert {name: strengths([name], None, CATEGORICAL)[name] for name in DEFAULTS} == DEFAULTS


def test_a_list_means_the_defaults():
    assert meant(image_augmentations=["zoom", "cutout", "zoom"]) == {"cutout": 0.25, "zoom": 0.1}


@pytest.mark.parametrize("ranges", [{"zoom": 0.3}, {}])
def test_ranges_replace_the_list(ranges):
    assert meant(image_augmentations=["cutout"], augmentation_ranges=ranges) == ranges


@pytest.mark.parametrize(
    ("value", "strength"), [(None, 10), (True, 10), (180, 180), (3, 3), (0.5, 0.5), (False, 0), (0, 0)]
)
def test_the_values_of_a_strength(value, strength):
    assert meant(augmentation_ranges={"rotation": value}).get("rotation", 0) == strength


@pytest.mark.parametrize("name", ["horizontal_flip", "vertical_flip", "color_invert"])
@pytest.mark.parametrize(("value", "on"), [(None, 1), (True, 1), (0.3, 1), (7, 1), (-1, 1), (False, 0), (0, 0)])
def test_a_switch_is_on_for_whatever_is_true(name, value, on):
    assert meant(augmentation_ranges={name: value}).get(name, 0) == on


@pytest.mark.parametrize(("alias", "name"), ALIASES.items())
def test_the_other_names_of_the_flips(alias, name):
    assert meant(image_augmentations=[alias]) == meant(augmentation_ranges={alias: True}) == {name: 1}


@pytest.mark.parametrize("objective", [CATEGORICAL, NUMERIC, BOUNDING_BOX])
def test_deform_is_for_generation_and_warns(objective):
    settings, problems = check({"training_data": "x", "output_directory": "y", "image_augmentations": ["deform"]})
    assert problems == []
    assert settings.augmentations(objective) == {}
    assert settings.warnings(objective) == [
        "WARNING: deform is for the foregrounds of generated pictures only: it has no effect on this training"
    ]


def test_deform_that_is_off_does_not_warn():
    keys = {"training_data": "x", "output_directory": "y", "augmentation_ranges": {"deform": 0, "zoom": None}}
    assert check(keys)[0].warnings(CATEGORICAL) == []


@pytest.mark.parametrize("ranges", [{}, {"zoom": None, "tint": 0, "flip_vertical": 3, "blur": True}])
def test_what_was_understood_means_the_same(ranges):
    keys = {"training_data": "x", "output_directory": "y", "augmentation_ranges": ranges}
    understood = check(keys)[0].model_dump(exclude_none=True)
    assert check(understood)[0].augmentations(CATEGORICAL) == meant(augmentation_ranges=ranges)


def test_every_problem_of_a_dictionary_is_told():
    ranges = {"zoom": 2, "nope": 1, "blur": "x", "glare": 0.1}
    _, problems = check({"training_data": "x", "output_directory": "y", "augmentation_ranges": ranges})
    assert [problem.split(":")[0] for problem in problems] == [
        "augmentation_ranges.blur",
        "augmentation_ranges.zoom",
        "augmentation_ranges.nope",
    ]


@pytest.mark.parametrize("document", [None, [], 5, "x", {1: 2}])
def test_a_document_that_is_no_json_object(document):
    with pytest.raises(ConfigError, match="must be an object with keys that are strings, but got"):
        check(document)


def test_every_default_is_within_its_bounds():
    assert all(0 < facts.default <= facts.most for facts in AUGMENTATIONS.values())
