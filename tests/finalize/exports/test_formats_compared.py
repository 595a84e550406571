"""What counts as a difference between a detector's export and the model."""

from pathlib import Path

import numpy as np
import orjson
import pytest

from pyramid.finalize.exports.comparing import Reference
from pyramid.finalize.exports.formats import TOLERANCE
from pyramid.finalize.exports.runtimes import Arrays
from pyramid.finalize.exports.samples import Sample, samples_of
from tests.finalize.exports.documents import write_detector, write_pictures


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
