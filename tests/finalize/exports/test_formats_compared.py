"""What counts as a difference between a detector's export and the model."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from pyramid.finalize.evaluation import Evaluation, write_evaluation
from pyramid.finalize.exports.comparing import Reference
from pyramid.finalize.exports.formats import TOLERANCE
from pyramid.finalize.exports.runtimes import Arrays
from pyramid.finalize.exports.samples import Sample, samples_of
from tests.finalize.exports.documents import write_detector, write_pictures

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.models.wrappers import create_model  # isort: skip


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[Reference, Sample, Arrays]:
    """With a picture, and what sensenet finds in it."""
    folder: Path = tmp_path_factory.mktemp("compared")
    document = orjson.loads(write_detector(folder / "model.json").read_bytes())
    picture = write_pictures(folder / "pictures")[0]
    made = Reference(document)
    (sample,) = samples_of(document, folder / "model.json", [str(picture)])
    return made, sample, made.found(made._model, sample)


def difference(reference: tuple[Reference, Sample, Arrays], **changes: Arrays) -> float:
    made, sample, found = reference
    return made.difference(sample, found | changes).largest


def test_whole_pixels_are_no_difference(reference: tuple[Reference, Sample, Arrays]) -> None:
    assert reference[2]["boxes"].shape[1] > 2
    assert difference(reference) < 1e-6


@pytest.mark.parametrize("shift", [2.0, -2.0, 1000.0, np.nan])
def test_a_box_that_has_moved_is_one(reference: tuple[Reference, Sample, Arrays], shift: float) -> None:
    boxes = reference[2]["boxes"].copy()
    boxes[0, 0, 2] += shift
    assert difference(reference, boxes=boxes) > TOLERANCE


def test_another_score_or_class_is_one(reference: tuple[Reference, Sample, Arrays]) -> None:
    assert difference(reference, scores=reference[2]["scores"] - 0.002) == pytest.approx(0.002, rel=1e-3)
    assert difference(reference, classes=1 - reference[2]["classes"]) > 0.5


def test_an_object_more_or_less_is_one(reference: tuple[Reference, Sample, Arrays]) -> None:
    made, sample, found = reference
    less = {name: values[:, 1:] for name, values in found.items()}
    more = {name: np.concatenate([values, values[:, :1]], 1) for name, values in found.items()}
    assert made.difference(sample, less).largest > 0.5
    assert made.difference(sample, more).largest > 0.5


def test_an_object_just_at_the_threshold_may_be_missing(reference: tuple[Reference, Sample, Arrays]) -> None:
    made, sample, found = reference
    unsure = found["scores"][:, :1] * 0 + 0.5004
    more = {name: np.concatenate([values, values[:, :1]], 1) for name, values in found.items()}
    more["scores"] = np.concatenate([found["scores"], unsure], 1)
    assert made.difference(sample, more).largest < 1e-6


def faint(document: dict[str, Any], objectness: float) -> dict[str, Any]:
    """The detector of ``document``, with so little of it that it finds nothing anywhere."""
    made = copy.deepcopy(document)
    for layer in made["image_network"]["layers"][3:5]:
        kernel, bias = (np.array(layer[name]) for name in ("kernel", "bias"))
        kernel[..., [4, 11]], bias[[4, 11]] = 0, objectness
        layer["kernel"], layer["bias"] = kernel.tolist(), bias.tolist()
    return made


def test_where_nothing_is_found_the_formats_of_sensenet_are_compared_before_the_choice(tmp_path: Path) -> None:
    document = orjson.loads(write_detector(tmp_path / "model.json").read_bytes())
    unsure = faint(document, -3)
    (picture,) = samples_of(unsure, tmp_path, [str(write_pictures(tmp_path / "pictures")[0])])
    made = Reference(unsure)
    same = made.of_sensenet(picture, made._model)
    assert (same.largest, same.objects, same.raw > 10) == (0, 0, True)
    other = made.of_sensenet(picture, create_model(faint(document, -1.5)))
    assert other.objects == 0
    assert other.largest > TOLERANCE


def test_pictures_of_the_holdout_in_which_something_was_found_come_first(tmp_path: Path) -> None:
    files = [str(path) for path in write_pictures(tmp_path / "pictures")]
    write_detector(tmp_path / "model.json")
    object_of = [np.array([[1, 1, 9, 9, 0, score]], np.float32) for score in (0.3, 0.2, 0.4, 0.9)]
    truth = [np.zeros((0, 5), np.float32)] * 4
    known = Evaluation("bounding_box", ["cat", "dog"], files, truth, object_of)
    write_evaluation(tmp_path / "evaluation.parquet", known)
    document = orjson.loads((tmp_path / "model.json").read_bytes())
    found = samples_of(document, tmp_path / "model.json", [])
    assert [sample.path for sample in found] == [files[3], *files[:3]]
