"""What an export predicts beside what sensenet does for the same inputs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.finalize.exports.formats import TOLERANCE
from pyramid.finalize.exports.predictions import raw
from pyramid.finalize.exports.runtimes import Arrays
from pyramid.finalize.exports.samples import Sample
from pyramid.tf import tf

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.constants import PIXEL_INPUTS, SCORE_THRESHOLD  # isort: skip
from sensenet.models.wrappers import create_model  # isort: skip

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """The largest ones.

    Attributes:
        outputs: of probabilities, values (in standard deviations) or scores.
        corners: of boxes, in parts of the longer side of the picture or of a box that is larger; None without boxes.
        objects: that were compared; None without boxes.
        raw: boxes that were compared before the best of them are chosen, as far as the format gives them.
    """

    outputs: float
    corners: float | None = None
    objects: int | None = None
    raw: int = 0

    @property
    def largest(self) -> float:
        return max(self.outputs, self.corners or 0.0)


def merged(differences: list[Difference]) -> Difference:
    """The largest of all."""
    if differences[0].corners is None:
        return Difference(max(one.outputs for one in differences))
    corners = max(one.corners or 0.0 for one in differences)
    objects, boxes = sum(one.objects or 0 for one in differences), sum(one.raw for one in differences)
    return Difference(max(one.outputs for one in differences), corners, objects, boxes)


class Reference:
    """sensenet's own predictions of a document."""

    def __init__(self, document: dict[str, Any]):
        exposition = document["output_exposition"]
        self._model = create_model(document)
        self.detector = exposition["type"] == "bounding_box"
        self.parameters = int(self._model._model.count_params())
        self._classes = exposition.get("values", [])
        self._scale = float(exposition.get("stdev") or 1.0)
        self._known: dict[Sample, Any] = {}
        self._raw = raw(self._model._model, True) if self.detector else None

    def difference(self, sample: Sample, found: Arrays) -> Difference:
        """How far ``found`` is from what sensenet predicts for ``sample``."""
        if self.detector:
            return self._of_boxes(sample, objects_of(found))
        expected = self._expected(sample)
        output = next(iter(found.values()))
        if output.shape != expected.shape or not np.isfinite([output, expected]).all():
            return Difference(float("inf"))
        return Difference(float(np.abs(output.astype(np.float64) - expected).max(initial=0.0)) / self._scale)

    def _expected(self, sample: Sample) -> Any:
        """The outputs [rows, outputs] or the objects, computed once for all formats."""
        if sample not in self._known:
            found = self.found(self._model, sample)
            self._known[sample] = self._exactly(sample, objects_of(found)) if self.detector else found["outputs"]
        return self._known[sample]

    def outputs(self, model: Any, sample: Sample) -> Any:
        """What sensenet's ``model`` says, as float32 [rows, outputs]."""
        if sample.path:
            with _quiet():
                return model(sample.path)
        inputs = sample.inputs
        return model._model.predict(inputs if len(inputs) > 1 else next(iter(inputs.values())), verbose=0)

    def found(self, model: Any, sample: Sample) -> Arrays:
        """`outputs`, or the objects, of sensenet's ``model`` as a runtime gives them."""
        if not self.detector:
            return {"outputs": self.outputs(model, sample)}
        with _quiet():
            objects = model(sample.path or sample.inputs[PIXEL_INPUTS][0])
        return {
            "boxes": np.array([one["box"] for one in objects], np.float32).reshape(1, -1, 4),
            "scores": np.array([[one["score"] for one in objects]], np.float32),
            "classes": np.array([[self._classes.index(one["label"]) for one in objects]], np.int32),
        }

    def of_sensenet(self, sample: Sample, model: Any) -> Difference:
        """How far sensenet's ``model`` is from the document's, for a detector also before boxes are chosen."""
        chosen = self.difference(sample, self.found(model, sample))
        return merged([chosen, self._of_raw(sample, raw(model._model, True))]) if self.detector else chosen

    def _of_raw(self, sample: Sample, predict: Any) -> Difference:
        """The same where nothing is found: of all boxes and scores."""
        expected, found = self._all_of(sample, self._raw), self._all_of(sample, predict)
        if any(one.shape != other.shape for one, other in zip(expected, found, strict=True)):
            return Difference(float("inf"), float("inf"), 0)
        if not all(np.isfinite(values).all() for values in (*expected, *found)):
            return Difference(float("inf"), float("inf"), 0)
        side = max(sample.inputs[PIXEL_INPUTS].shape[1:3])
        scale = np.maximum(side, (expected[0][:, 2:] - expected[0][:, :2]).max(axis=1))
        corners = float((np.abs(found[0] - expected[0]).max(axis=1) / scale).max(initial=0.0))
        return Difference(float(np.abs(found[1] - expected[1]).max(initial=0.0)), corners, 0, len(expected[0]))

    def _all_of(self, sample: Sample, predict: Any) -> tuple[Floats, Floats]:
        """Every box [n, 4] and its scores [n, classes]."""
        pixels = sample.inputs[PIXEL_INPUTS].astype(np.float32)
        boxes, scores = (np.asarray(values, np.float64) for values in predict(**{PIXEL_INPUTS: pixels}))
        return boxes, scores

    def _of_boxes(self, sample: Sample, found: Floats) -> Difference:
        side = max(sample.inputs[PIXEL_INPUTS].shape[1:3])
        expected = self._expected(sample)
        if not np.isfinite(found).all():
            return Difference(float("inf"), float("inf"), len(expected))
        corners, scores = 0.0, 0.0
        left = list(found)
        for one in expected:
            near = [_apart(other, one) if other[5] == one[5] else np.inf for other in left]
            best = int(np.argmin(near)) if near else -1
            scale = max(side, *(one[2:4] - one[:2]))
            if best < 0 or near[best] > scale / 2:
                scores = max(scores, _unmatched(one))
                continue
            other = left.pop(best)
            corners = max(corners, near[best] / scale)
            scores = max(scores, abs(other[4] - one[4]))
        scores = max([scores, *map(_unmatched, left)])
        return Difference(float(scores), float(corners), len(expected))

    def _exactly(self, sample: Sample, objects: Floats) -> Floats:
        """``objects`` with corners before they are rounded to whole pixels."""
        boxes, scores = self._all_of(sample, self._raw)
        boxes, best = boxes[:, [1, 0, 3, 2]], scores.max(axis=1)
        exact = objects.copy()
        for one in exact:
            fits = np.abs(np.rint(boxes) - one[:4]).max(axis=1) + np.abs(best - one[4])
            one[:4] = boxes[int(np.argmin(fits))]
        return exact


@contextmanager
def _quiet() -> Iterator[None]:
    """sensenet lets Keras draw a progress bar for every picture."""
    interactive = tf.keras.utils.is_interactive_logging_enabled()
    tf.keras.utils.disable_interactive_logging()
    try:
        yield
    finally:
        if interactive:
            tf.keras.utils.enable_interactive_logging()


def objects_of(found: Arrays) -> Floats:
    """[objects, 6]: corners, score, class."""
    count = int(found["count"].ravel()[0]) if "count" in found else found["scores"].shape[1]
    parts = found["boxes"][0, :count], found["scores"][0, :count, np.newaxis], found["classes"][0, :count, np.newaxis]
    return np.concatenate(parts, axis=1).astype(np.float64)


def _apart(found: Floats, exact: Floats) -> float:
    """Pixels between corners; those of a found box may have been rounded to whole ones."""
    whole = bool((found[:4] == np.rint(found[:4])).all())
    return float(max(0.0, np.abs(found[:4] - exact[:4]).max() - (0.5 if whole else 0.0)))


def _unmatched(one: Floats) -> float:
    """What an object counts that only one of the two has: its score, unless it is as good as at the threshold."""
    return float(one[4]) if one[4] > SCORE_THRESHOLD + TOLERANCE else 0.0
