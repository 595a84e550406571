"""How much boxes overlap. A box is (centre x, centre y, width, height), in the last dimension of a float32 tensor."""

import math

from pyramid.tf import tf

_EPSILON = 1e-7


def centred(corners: tf.Tensor) -> tf.Tensor:
    """(x, y, width, height) of (x1, y1, x2, y2)."""
    low, high = corners[..., :2], corners[..., 2:4]
    return tf.concat([(low + high) / 2, high - low], -1)


def cornered(boxes: tf.Tensor) -> tf.Tensor:
    """(x1, y1, x2, y2) of (x, y, width, height)."""
    middle, half = boxes[..., :2], boxes[..., 2:4] / 2
    return tf.concat([middle - half, middle + half], -1)


def iou(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Intersection over union, in [0, 1]: [...] for boxes [..., 4] that broadcast."""
    p, q = cornered(a), cornered(b)
    sides = tf.maximum(tf.minimum(p[..., 2:], q[..., 2:]) - tf.maximum(p[..., :2], q[..., :2]), 0.0)
    shared = sides[..., 0] * sides[..., 1]
    return shared / (_area(a) + _area(b) - shared + _EPSILON)


def size_iou(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """IoU of sizes [..., 2] as if the boxes had a corner in common."""
    shared = tf.minimum(a[..., 0], b[..., 0]) * tf.minimum(a[..., 1], b[..., 1])
    return shared / (a[..., 0] * a[..., 1] + b[..., 0] * b[..., 1] - shared + _EPSILON)


def ciou(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Complete IoU, in (-1.5, 1]: IoU - distance of the centres - difference of the aspect ratios.

    Zheng et al., "Distance-IoU Loss: Faster and Better Learning for Bounding Box Regression" (2020), equations 10-12.
    """
    overlap = iou(a, b)
    p, q = cornered(a), cornered(b)
    enclosing = tf.maximum(p[..., 2:], q[..., 2:]) - tf.minimum(p[..., :2], q[..., :2])
    diagonal = tf.reduce_sum(enclosing**2, -1) + _EPSILON
    distance = tf.reduce_sum((a[..., :2] - b[..., :2]) ** 2, -1) / diagonal
    turn = tf.atan2(a[..., 2], a[..., 3]) - tf.atan2(b[..., 2], b[..., 3])
    aspect = 4 / math.pi**2 * turn**2
    weight = tf.stop_gradient(aspect / (1 - overlap + aspect + _EPSILON))
    return overlap - distance - weight * aspect


def _area(boxes: tf.Tensor) -> tf.Tensor:
    return boxes[..., 2] * boxes[..., 3]
