"""The sensenet document of a detector: what sensenet finds is what pyramid finds."""

from dataclasses import replace

import numpy as np
import orjson
import pytest
from PIL import Image

from pyramid.data.image import read_image
from pyramid.finalize.document import model_document
from pyramid.networks.yolo import build_detector
from pyramid.settings.boxes import SERVED_OBJECTS, SERVED_SCORE
from pyramid.tf import tf
from pyramid.training.candidate import WEIGHTS_FILE, Result, Status
from pyramid.training.detection.detect import detect
from pyramid.training.storage import write_document
from tests.candidates import CANDIDATE as PLAIN

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.models.image import image_model  # isort: skip
from sensenet.models.wrappers import create_model  # isort: skip

SIDE = 96
CANDIDATE = replace(
    PLAIN,
    network="tinyyolov4",
    width=SIDE,
    height=SIDE,
    rescale_type="pad",
    objective="bounding_box",
    classes=["cat", "dog", "owl"],
    anchors=[[8.0, 10.0], [16.0, 14.5], [22.0, 30.0], [40.0, 38.0], [50.0, 70.0], [90.0, 80.0]],
    selection_metric="map_50",
)
RESULT = Result(CANDIDATE.name, "tinyyolov4", CANDIDATE.method, Status.FINISHED, metrics={"map_50": 0.5})


@pytest.fixture(scope="module")
def detector():
    """A detector that sees objects everywhere, sure ones and unsure ones."""
    detector = build_detector("tinyyolov4", SIDE, 3, CANDIDATE.anchors, seed=1)
    pictures = np.random.default_rng(0).integers(0, 256, (8, SIDE, SIDE, 3)).astype(np.float32)
    detector.model(pictures, training=True)  # so that the moving averages are not those of no picture at all
    ends = [layer for layer in detector.model.layers if len(layer.get_weights()) == 2 and layer.filters == 3 * 8]
    for layer in ends:
        kernel, bias = (weights.reshape(*weights.shape[:-1], 3, 8) for weights in layer.get_weights())
        bias[:, 4] = 0
        kernel[..., 4:] *= 40
        layer.set_weights([kernel.reshape(*kernel.shape[:-2], -1), bias.ravel()])
    return detector


@pytest.fixture(scope="module")
def document(detector, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / WEIGHTS_FILE
    detector.model.save_weights(path)
    return model_document(CANDIDATE, RESULT, path)


@pytest.fixture(scope="module")
def served(document):
    """What users call."""
    return create_model(document)


@pytest.fixture(scope="module")
def served_widely(document):
    return create_model(document, {"bounding_box_threshold": 0.05, "max_objects": 100})


@pytest.fixture(scope="module")
def bare(document):
    return image_model(document, None)


@pytest.fixture(scope="module", params=[(61, 37, "png"), (300, 200, "jpg"), (96, 96, "png"), (40, 130, "bmp")])
def picture(request, tmp_path_factory):
    """The path of a picture, and its longer side."""
    width, height, ending = request.param
    path = tmp_path_factory.mktemp("pictures") / f"picture.{ending}"
    coarse = np.random.default_rng(width).integers(0, 256, (9, 7, 3)).astype(np.uint8)
    Image.fromarray(coarse).resize((width, height), Image.Resampling.NEAREST).save(path)
    return str(path), max(width, height)


def ours(detector, picture, **limits):
    path, side = picture
    pixels = read_image(path, SIDE, SIDE, "pad")[np.newaxis].astype(np.float32)
    outputs = detector.model(pixels, training=False)
    objects = detect(outputs, detector.branches, tf.constant([float(side)]), **limits)
    there = objects.scores[0].numpy() > 0
    return objects.boxes[0].numpy()[there], objects.scores[0].numpy()[there], objects.names[0].numpy()[there]


def same_pixels(ours, theirs):
    """The same whole pixels, but for those that lie halfway between two."""
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1)
    assert np.mean(np.array(ours) == theirs) > 0.95


def same_scores(ours, theirs):
    """The mean that fills a border is a whole grey level where pyramid reads it; this network multiplies that."""
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-3)


def test_what_is_served_by_default(detector, served, picture):
    boxes, scores, names = ours(detector, picture, least_score=SERVED_SCORE, most=SERVED_OBJECTS)
    assert len(boxes) > 2
    found = served(picture[0])
    same_pixels([one["box"] for one in found], boxes)
    assert [one["label"] for one in found] == [CANDIDATE.classes[name] for name in names]
    same_scores([one["score"] for one in found], scores)


def test_what_is_served_with_other_limits(detector, served, served_widely, picture):
    """mAP is measured with these."""
    boxes, _, names = ours(detector, picture)
    found = served_widely(picture[0])
    assert len(found) > len(served(picture[0]))
    same_pixels([one["box"] for one in found], boxes)
    assert [one["label"] for one in found] == [CANDIDATE.classes[name] for name in names]


def test_the_bare_keras_model_gives_boxes_scores_and_classes(detector, bare, picture):
    boxes, scores, names = ours(detector, picture, least_score=SERVED_SCORE, most=SERVED_OBJECTS)
    pixels = np.array(Image.open(picture[0]).convert("RGB"))[np.newaxis]
    found = bare.predict(pixels, verbose=0)
    if not picture[0].endswith("jpg"):  # Pillow decodes those otherwise
        same_pixels(found[0][0], boxes)
        same_scores(found[1][0], scores)
        np.testing.assert_array_equal(found[2][0], names)


def test_a_batch_finds_what_single_pictures_do(detector, tmp_path):
    pictures = np.random.default_rng(3).integers(0, 256, (3, SIDE, SIDE, 3)).astype(np.float32)
    sides = tf.constant([96.0, 200.0, 1000.0])
    together = detect(detector.model(pictures), detector.branches, sides)
    for i in range(3):
        alone = detect(detector.model(pictures[i : i + 1]), detector.branches, sides[i : i + 1])
        np.testing.assert_array_equal(together.boxes[i], alone.boxes[0])
        np.testing.assert_allclose(together.scores[i], alone.scores[0], rtol=1e-4)


def test_the_file_means_what_the_document_does(document, served, tmp_path):
    write_document(tmp_path / "model.json", document)
    picture = np.random.default_rng(5).integers(0, 256, (50, 70, 3)).astype(np.uint8)
    assert create_model(str(tmp_path / "model.json"))(picture) == served(picture) != []


def test_the_document_says_what_sensenet_wants_to_know(document):
    metadata = document["image_network"]["metadata"]
    assert metadata["base_image_network"] == "tinyyolov4"
    assert metadata["rescale_type"] == "pad"
    assert [branch["anchors"] for branch in metadata["outputs"]] == [CANDIDATE.anchors[:3], CANDIDATE.anchors[3:]]
    assert document["output_exposition"] == {"type": "bounding_box", "values": ["cat", "dog", "owl"]}
    assert (document["layers"], document["optypes"]) == ([], ["image", "bounding_box"])
    assert orjson.loads(orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY))["iterations"] == 0
