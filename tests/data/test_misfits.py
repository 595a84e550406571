"""Settings that contradict what the rows turn out to be."""

from collections.abc import Callable
from typing import Any

import pytest

from pyramid.data.examples import read_examples
from pyramid.settings.networks import NETWORKS
from pyramid.settings.train import TrainSettings

Problems = Callable[..., list[str]]

BOXES = [{"file": "a.png", "boxes": [[1, 2, 30, 40, "cat"]]}, {"file": "b.png", "boxes": []}]
NUMBERS = [{"file": "a.png", "label": 1}, {"file": "b.png", "label": 2.5}]
CLASSES = [{"file": "a.png", "label": "cat"}, {"file": "b.png", "label": "dog"}]

METHOD = "randomly_initialize"


@pytest.fixture
def problems(settings: Callable[..., TrainSettings]) -> Problems:
    """The problems of rows with settings of the given keys, which alone have none."""
    return lambda rows, **keys: read_examples(settings(training_data=rows, **keys))[1]


# Boxes


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (
            {"loss_function": "crossentropy"},
            "loss_function: is not for boxes, which have a loss of their own; leave it out",
        ),
        (
            {"class_weights": [["cat", 2]]},
            "class_weights: is not for boxes, which have a loss of their own; leave it out",
        ),
        (
            {"label_smoothing_factor": 0.1},
            "label_smoothing_factor: is not for boxes, which have a loss of their own; leave it out",
        ),
        ({"rescale_type": "crop"}, "rescale_type: boxes need pad, but got crop; leave it out"),
        ({"rescale_type": "warp"}, "rescale_type: boxes need pad, but got warp; leave it out"),
        (
            {"image_network_candidates": [["tinyyolov4", METHOD], ["simple", METHOD]]},
            "image_network_candidates[1]: simple does not detect objects; use one of tinyyolov4, yolov4",
        ),
        (
            {"input_image_shape": [64, 96, 3]},
            "input_image_shape: boxes need a square with sides that are a multiple of 32, but got [64, 96, 3];"
            " the nearest is [96, 96, 3]",
        ),
        (
            {"input_image_shape": [400, 400, 3]},
            "input_image_shape: boxes need a square with sides that are a multiple of 32, but got [400, 400, 3];"
            " the nearest is [416, 416, 3]",
        ),
        (
            {"bounding_box_anchors": [[9, 8], [7, 6], [9.0, 8.0]]},
            "bounding_box_anchors: no two may be the same, but got [[9.0, 8.0], [7.0, 6.0], [9.0, 8.0]]",
        ),
        (
            {"bounding_box_anchors": [[9, 8], [7, 64.5], [64, 64]], "input_image_shape": [64, 64, 3]},
            "bounding_box_anchors[1]: is larger than input_image_shape (64 pixels): [7.0, 64.5]",
        ),
        (
            {
                "bounding_box_anchors": [[9, 8], [7, 6]],
                "image_network_candidates": [["tinyyolov4", METHOD], ["yolov4", METHOD]],
            },
            "bounding_box_anchors: yolov4 (image_network_candidates[1]) needs 3 or more, but got 2",
        ),
    ],
)
@pytest.mark.parametrize("told", [{}, {"objective_type": "bounding_box"}], ids=["rows", "objective_type"])
def test_what_does_not_fit_boxes(problems: Problems, keys: dict[str, Any], problem: str, told: dict[str, str]) -> None:
    assert problems(BOXES, **keys, **told) == [problem]


def test_a_metric_that_is_not_for_boxes(problems: Problems) -> None:
    names = "map_50, map, ciou_loss, probability_loss, confidence_loss"
    assert problems(BOXES, selection_metric="auc") == [f"selection_metric: auc does not fit boxes; use one of {names}"]


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"objective_type": "bounding_box"},
        {"rescale_type": "pad"},
        {"input_image_shape": [32, 32, 3]},
        {"input_image_shape": [416, 416, 3], "bounding_box_anchors": [[416, 416], [1.5, 1]]},
        {"bounding_box_anchors": [[8000, 8000], [10, 10]]},  # the shape follows from the pictures
        {"bounding_box_anchors": [[10, 10], [10, 11], [11, 10]], "image_network_candidates": [["yolov4", METHOD]]},
        {"bounding_box_anchors": [[10, 10], [10, 11]], "image_network_candidates": [["tinyyolov4", METHOD]]},
        {"strict_boxes": True},
        {"balance_objective": True},
        {"class_weights": []},
        {"label_smoothing_factor": 0.0},
        {"selection_metric": "map"},
        {"selection_metric": "map_50", "objective_type": "bounding_box"},
        {"selection_metric": "ciou_loss"},
        {"image_augmentations": ["mosaic", "mixup", "rotation"]},
        {"holdout_rate": 0.5, "max_total_time": 5.0, "learning_rate_warmup_iterations": 0},
    ],
)
def test_what_fits_boxes(problems: Problems, keys: dict[str, Any]) -> None:
    assert problems(BOXES, **keys) == []


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize(("rows", "detects"), [(BOXES, True), (CLASSES, False), (NUMBERS, False)])
def test_every_network_fits_boxes_or_labels(problems: Problems, rows: Any, detects: bool, network: str) -> None:
    found = problems(rows, image_network_candidates=[[network, METHOD]])
    assert (found == []) == ((NETWORKS[network].objective == "bounding_box") == detects)


def test_all_is_told_at_once(problems: Problems) -> None:
    keys = {"loss_function": "huber", "rescale_type": "crop", "input_image_shape": [50, 50, 3], "class_weights": []}
    keys |= {"bounding_box_anchors": [[60, 60]] * 2, "image_network_candidates": [["yolov4", METHOD]]}
    places = [problem.split(":")[0] for problem in problems(BOXES, **keys)]
    anchors = ["bounding_box_anchors", "bounding_box_anchors[0]", "bounding_box_anchors[1]", "bounding_box_anchors"]
    assert places == ["loss_function", "rescale_type", "input_image_shape", *anchors]


# Labels

METRICS = {
    "categorical": "likelihood, accuracy, auc, ndcg, max_phi",
    "numeric": "r_squared, mean_squared_error, mean_absolute_error, median_absolute_error, spearman",
}


@pytest.mark.parametrize(
    ("rows", "metric", "objective"),
    [
        (CLASSES, "map_50", "categorical"),
        (CLASSES, "r_squared", "categorical"),
        (NUMBERS, "map", "numeric"),
        (NUMBERS, "accuracy", "numeric"),
    ],
)
def test_a_metric_that_is_not_for_the_labels(problems: Problems, rows: Any, metric: str, objective: str) -> None:
    assert problems(rows, selection_metric=metric) == [
        f"selection_metric: {metric} does not fit labels that are {objective}; use one of {METRICS[objective]}"
    ]


@pytest.mark.parametrize(
    ("rows", "keys", "problem"),
    [
        *(
            (rows, {key: value}, f"{key}: needs boxes, but the rows have labels; leave it out")
            for rows in (CLASSES, NUMBERS)
            for key, value in (("bounding_box_anchors", [[1, 2], [3, 4]]), ("strict_boxes", True))
        ),
        (
            NUMBERS,
            {"image_network_candidates": [["simple", METHOD], ["yolov4", METHOD]]},
            "image_network_candidates[1]: yolov4 needs boxes, but the rows have labels; use one of simple,"
            " simple_residual, mobilenet, mobilenetv2, resnet18",
        ),
        (
            CLASSES,
            {"loss_function": "huber"},
            "loss_function: huber does not fit labels that are categorical; use one of crossentropy, hinge,"
            " kl_divergence, cosine, or set objective_type",
        ),
        (
            NUMBERS,
            {"loss_function": "hinge"},
            "loss_function: hinge does not fit labels that are numeric; use one of mean_squared_error, huber,"
            " mean_percentage_error, or set objective_type",
        ),
        *(
            (NUMBERS, {key: value}, f"{key}: needs classes, but the labels are numbers; leave it out")
            for key, value in (
                ("balance_objective", True),
                ("class_weights", [["1", 2]]),
                ("label_smoothing_factor", 0.1),
            )
        ),
    ],
)
def test_what_does_not_fit_labels(problems: Problems, rows: Any, keys: dict[str, Any], problem: str) -> None:
    assert problems(rows, **keys) == [problem]


def test_a_metric_that_fits_the_wrong_loss_is_not_told_too(problems: Problems) -> None:
    for rows in (NUMBERS, BOXES):
        [problem] = problems(rows, loss_function="hinge", selection_metric="accuracy")
        assert problem.startswith("loss_function: ")


@pytest.mark.parametrize(
    "keys",
    [
        {"balance_objective": True, "label_smoothing_factor": 0.1, "class_weights": [["cat", 2]]},
        {"strict_boxes": False, "rescale_type": "warp", "input_image_shape": [50, 70, 3]},
        {"selection_metric": "accuracy", "loss_function": "hinge"},
        {"image_augmentations": ["mosaic"]},  # a warning alone
    ],
)
def test_what_fits_classes(problems: Problems, keys: dict[str, Any]) -> None:
    assert problems(CLASSES, **keys) == []
