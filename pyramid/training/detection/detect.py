"""A detector's outputs -> objects, for a whole batch: what sensenet finds, which takes one picture at a time."""

from typing import NamedTuple

from pyramid.networks.yolo import Branch, decode
from pyramid.settings.boxes import LEAST_SCORE, MOST_OBJECTS, SERVED_IOU
from pyramid.tf import tf
from pyramid.training.detection.overlap import cornered

#: Of a picture's thousands of predictions the best so many are looked at.
_MOST_PREDICTIONS = 512


class Objects(NamedTuple):
    """Objects of each picture, the best score first; what fills a row up has score 0.

    Attributes:
        boxes: float32 [b, most, 4]: x1, y1, x2, y2 in whole pixels of the original picture.
        scores: float32 [b, most]: probability of an object times that of its class.
        names: int32 [b, most]: the class.
    """

    boxes: tf.Tensor
    scores: tf.Tensor
    names: tf.Tensor


def detect(
    outputs: list[tf.Tensor],
    branches: list[Branch],
    sides: tf.Tensor,
    least_score: float = LEAST_SCORE,
    most: int = MOST_OBJECTS,
) -> Objects:
    """The objects in each picture.

    Whichever of two boxes that overlap has the lower score goes, of whatever class it is.

    Args:
        outputs: of each branch, float32 [b, cells, cells, anchors, 5 + classes].
        sides: float32 [b]: the longer side of each original picture in pixels.
    """
    boxes, scores = _predictions(outputs, branches)
    side = outputs[0].shape[1] * branches[0].stride
    boxes = tf.round(boxes / side * sides[:, tf.newaxis, tf.newaxis])
    best = tf.reduce_max(scores, -1)
    best, order = tf.math.top_k(best, min(_MOST_PREDICTIONS, best.shape[1]))
    boxes = tf.gather(boxes, order, batch_dims=1)
    names = tf.gather(tf.argmax(scores, -1, tf.int32), order, batch_dims=1)
    kept, count = tf.image.non_max_suppression_padded(
        boxes, best, most, iou_threshold=SERVED_IOU, score_threshold=least_score, pad_to_max_output_size=True
    )
    there = tf.range(most) < count[:, tf.newaxis]
    boxes, best, names = (tf.gather(values, kept, batch_dims=1) for values in (boxes, best, names))
    return Objects(boxes, tf.where(there, best, 0.0), names)


def _predictions(outputs: list[tf.Tensor], branches: list[Branch]) -> tuple[tf.Tensor, tf.Tensor]:
    """All boxes, corners in pixels of the input [b, n, 4], and their scores for each class [b, n, classes]."""
    boxes, scores = [], []
    for raw, branch in zip(outputs, branches, strict=True):
        classes = raw.shape[-1] - 5
        count = raw.shape[1] * raw.shape[2] * raw.shape[3]
        boxes.append(tf.reshape(cornered(decode(raw, branch)), (-1, count, 4)))
        scores.append(tf.reshape(tf.sigmoid(raw[..., 4:5]) * tf.sigmoid(raw[..., 5:]), (-1, count, classes)))
    return tf.concat(boxes, 1), tf.concat(scores, 1)
