"""Which predictions should find which boxes: for a whole batch at once, in the graph."""

from typing import NamedTuple

from pyramid.networks.yolo import Branch
from pyramid.tf import tf
from pyramid.training.detection.overlap import size_iou

#: An anchor is to find a box when their sizes have at least this IoU; the best anchor is in any case. With the best
#: alone a box teaches one prediction of hundreds, and an anchor that fits nearly as well learns that it is wrong.
POSITIVE = 0.3


class Targets(NamedTuple):
    """What each prediction of a branch should be; the same dimensions as its output.

    Attributes:
        boxes: float32 [b, cells, cells, anchors, 4]: x, y, width, height in pixels; anything where there is no object.
        names: int32 [b, cells, cells, anchors]: the class.
        there: bool [b, cells, cells, anchors]: whether there is an object to find.
    """

    boxes: tf.Tensor
    names: tf.Tensor
    there: tf.Tensor


def assign(boxes: tf.Tensor, names: tf.Tensor, branch: Branch, branches: list[Branch], cells: int) -> Targets:
    """Give every box to the cell that its centre is in, and there to the anchors of ``branch`` that fit it.

    A place that several boxes want gets the one that fits its anchor best.

    Args:
        boxes: float32 [b, n, 4]: x, y, width, height in pixels.
        names: float32 [b, n]: the class, -1 for none.
        branches: all, for the anchor that fits best may be in another.
        cells: of the branch in each direction.
    """
    batch, most = tf.shape(boxes)[0], tf.shape(boxes)[1]
    anchors = len(branch.anchors)
    fit = size_iou(boxes[:, :, tf.newaxis, 2:], tf.constant(branch.anchors, tf.float32))  # [b, n, anchors]
    wanted = (fit >= POSITIVE) | (fit >= _best_fit(boxes, branches)[..., tf.newaxis])
    wanted &= (names >= 0)[..., tf.newaxis]
    cell = tf.clip_by_value(tf.cast(boxes[..., :2] / branch.stride, tf.int32), 0, cells - 1)
    flat = (tf.range(batch)[:, tf.newaxis] * cells + cell[..., 1]) * cells + cell[..., 0]
    place = flat[..., tf.newaxis] * anchors + tf.range(anchors)  # [b, n, anchors]
    places = batch * cells * cells * anchors

    def largest(values: tf.Tensor) -> tf.Tensor:
        return tf.math.unsorted_segment_max(tf.reshape(values, [-1]), tf.reshape(place, [-1]), places)

    fit = tf.where(wanted, fit, -1.0)
    wins = wanted & (fit >= tf.gather(largest(fit), place))
    which = largest(tf.where(wins, tf.range(most)[tf.newaxis, :, tf.newaxis], -1))
    which = tf.reshape(which, (batch, cells, cells, anchors))
    there = which >= 0
    which = tf.maximum(which, 0)
    found = tf.gather(names, which, batch_dims=1)
    return Targets(tf.gather(boxes, which, batch_dims=1), tf.cast(tf.maximum(found, 0.0), tf.int32), there)


def _best_fit(boxes: tf.Tensor, branches: list[Branch]) -> tf.Tensor:
    """IoU of each box with the anchor that fits it best, [b, n]."""
    every = tf.constant([anchor for branch in branches for anchor in branch.anchors], tf.float32)
    return tf.reduce_max(size_iou(boxes[:, :, tf.newaxis, 2:], every), -1)
