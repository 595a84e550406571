"""What pyramid predicts in batches is what sensenet predicts file by file."""

from pathlib import Path

import numpy as np
import pytest

from pyramid.prediction.model import load_model
from pyramid.prediction.predictions import Limits, records
from tests.prediction.making import write_classifier

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.models.wrappers import create_model  # isort: skip

TOLERANCE = 1e-5


def predicted(path, files, batch_size, limits=Limits()):  # noqa: B008 - it cannot be changed
    model = load_model(path, limits)
    return [record for made in model.pictures(files, batch_size) for record in records(model.described, made)]


@pytest.mark.parametrize("rescale_type", ["crop", "pad"])
def test_a_classifier_tells_what_sensenet_tells(rescale_type, pictures, tmp_path):
    path = write_classifier(tmp_path, rescale_type)
    served = create_model(str(path))
    expected = [served(file)[0] for file in pictures]
    assert np.ptp(expected, axis=0).max() > 0.01
    found = predicted(path, pictures, 4)
    assert [record["file"] for record in found] == pictures
    values = [list(record["probabilities"].values()) for record in found]
    assert np.abs(np.array(values) - expected).max() < TOLERANCE
    assert [record["prediction"] for record in found] == [["ant", "bee", "cat"][i] for i in np.argmax(values, 1)]


def test_a_regressor_tells_what_sensenet_tells(regressor, pictures):
    served = create_model(str(regressor))
    expected = [float(served(file)[0, 0]) for file in pictures]
    found = [record["value"] for record in predicted(regressor, pictures, 3)]
    assert found == pytest.approx(expected, rel=TOLERANCE)
    assert np.ptp(expected) > 0.01


@pytest.mark.parametrize("limits", [Limits(), Limits(0.05, 0.3, 500)])
def test_a_detector_finds_what_sensenet_finds(limits, detector, pictures):
    settings = {"bounding_box_threshold": limits.score, "iou_threshold": limits.iou, "max_objects": limits.most}
    served = create_model(str(detector), settings)
    found = predicted(detector, pictures, 3, limits)
    assert sum(len(record["objects"]) for record in found) > len(pictures)
    for file, record in zip(pictures, found, strict=True):
        expected = served(file)
        assert [(one["box"], one["label"]) for one in record["objects"]] == [(e["box"], e["label"]) for e in expected]
        scores = [one["score"] for one in record["objects"]]
        assert scores == pytest.approx([one["score"] for one in expected], abs=TOLERANCE)


def test_a_bundle_tells_what_its_document_tells(classifier, pictures, tmp_path):
    bundle = tmp_path / "model.smbundle"
    create_model(str(classifier)).save_bundle(str(bundle))
    for one, other in zip(predicted(bundle, pictures, 3), predicted(classifier, pictures, 3), strict=True):
        assert one["probabilities"] == pytest.approx(other["probabilities"], abs=TOLERANCE)


def test_files_that_cannot_be_read_are_told_and_the_others_predicted(classifier, pictures, tmp_path):
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "cut.jpg").write_bytes(Path(pictures[0]).read_bytes()[:600])
    names = ["missing.jpg", "empty.jpg", "text.png", "cut.jpg"]
    files = [pictures[0], *(str(tmp_path / name) for name in names), pictures[1]]
    found = predicted(classifier, files, 4)
    assert [record["file"] for record in found] == files
    reasons = [record.get("error") for record in found]
    assert reasons[:4] == [None, "missing", "empty (0 bytes)", "not a picture that can be read"]
    assert reasons[4].startswith(("cannot be decoded: ", "cannot be opened: "))
    alone = predicted(classifier, [pictures[0], pictures[1]], 1)
    for one, other in zip([found[0], found[-1]], alone, strict=True):
        assert one["probabilities"] == pytest.approx(other["probabilities"], abs=TOLERANCE)
