"""What a detector's descent minimises."""

from typing import NamedTuple

from pyramid.networks.yolo import Branch, decode
from pyramid.tf import tf
from pyramid.training.detection.overlap import centred, ciou, iou
from pyramid.training.detection.targets import assign

#: A prediction that overlaps an object by this IoU or more is nearly right, and not taught to be background.
IGNORE = 0.3

#: The power of the focal loss: predictions of objects and background that are already good count little (Lin et al.,
#: "Focal Loss for Dense Object Detection" (2017), where 2 worked best).
FOCUS = 2.0

#: Share of a class's probability that is spread over all.
SMOOTHING = 0.01

#: Weights of the three parts.
WEIGHTS = {"ciou_loss": 2.0, "confidence_loss": 4.0, "probability_loss": 1.0}


class Parts(NamedTuple):
    """Sums over all predictions of each picture, [b] each.

    Attributes:
        ciou_loss: (1 - CIoU)(2 - area of the box / area of the picture) where there is an object.
        confidence_loss: focal cross entropy of there being an object, everywhere.
        probability_loss: cross entropy of the classes, where there is an object.
        objects: how many predictions should have found one.
    """

    ciou_loss: tf.Tensor
    confidence_loss: tf.Tensor
    probability_loss: tf.Tensor
    objects: tf.Tensor


def parts(targets: tf.Tensor, outputs: list[tf.Tensor], branches: list[Branch]) -> Parts:
    """The parts of the loss of each picture.

    Args:
        targets: float32 [b, n, 5]: x1, y1, x2, y2 in pixels of the input and the class, -1 for none.
        outputs: of each branch, float32 [b, cells, cells, anchors, 5 + classes].
    """
    boxes, names = centred(targets[..., :4]), targets[..., 4]
    of_branches = [_parts(boxes, names, raw, branch, branches) for raw, branch in zip(outputs, branches, strict=True)]
    return Parts(*(tf.add_n(same) for same in zip(*of_branches, strict=True)))


def total(parts: Parts) -> tf.Tensor:
    """The loss of each picture, [b], so that the mean is the loss for each object of the batch."""
    weighted = tf.add_n([weight * getattr(parts, name) for name, weight in WEIGHTS.items()])
    pictures = tf.cast(tf.shape(weighted)[0], tf.float32)
    return weighted * pictures / tf.maximum(tf.reduce_sum(parts.objects), 1.0)


def _parts(boxes: tf.Tensor, names: tf.Tensor, raw: tf.Tensor, branch: Branch, branches: list[Branch]) -> Parts:
    cells = raw.shape[1]
    side = float(cells * branch.stride)
    wanted = assign(boxes, names, branch, branches, cells)
    predicted = decode(raw, branch)
    # Where there is no object any box will do: what matters is that no gradient comes from a division by zero.
    true = tf.where(wanted.there[..., tf.newaxis], wanted.boxes, tf.ones_like(wanted.boxes))
    scale = 2 - true[..., 2] * true[..., 3] / side**2
    away = tf.where(wanted.there, (1 - ciou(predicted, true)) * scale, 0.0)
    truth = tf.cast(wanted.there, tf.float32)
    focal = _focal(truth, raw[..., 4])
    counts = wanted.there | ~_near_object(predicted, boxes, names)
    classes = raw.shape[-1] - 5
    smooth = tf.one_hot(wanted.names, classes) * (1 - SMOOTHING) + SMOOTHING / classes
    wrong = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(smooth, raw[..., 5:]), -1)
    sums = (away, tf.where(counts, focal, 0.0), wrong * truth, truth)
    return Parts(*(tf.reduce_sum(values, [1, 2, 3]) for values in sums))


def _focal(truth: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(truth, logits)
    return tf.abs(truth - tf.sigmoid(logits)) ** FOCUS * entropy


def _near_object(predicted: tf.Tensor, boxes: tf.Tensor, names: tf.Tensor) -> tf.Tensor:
    """Which of the predictions [b, cells, cells, anchors, 4] overlap one of ``boxes`` [b, n, 4] by IGNORE or more."""
    shape = tf.shape(predicted)[:-1]
    flat = tf.reshape(predicted, (shape[0], -1, 1, 4))
    overlap = tf.where((names >= 0)[:, tf.newaxis], iou(flat, boxes[:, tf.newaxis]), 0.0)
    return tf.reshape(tf.reduce_max(overlap, -1) >= IGNORE, shape)
