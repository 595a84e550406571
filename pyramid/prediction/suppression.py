"""Of boxes that overlap the surest, as sensenet's operation (`tf.image.non_max_suppression_padded`) chooses them."""

import numpy as np
import numpy.typing as npt

from pyramid.prediction.predictions import Limits

#: What TensorFlow adds to a union.
_EPSILON = np.float32(1e-8)

Floats = npt.NDArray[np.float32]


def surest(boxes: Floats, scores: Floats, limits: Limits) -> npt.NDArray[np.intp]:
    """The places of the boxes that are told of, the surest first.

    Args:
        boxes: [n, 4]: x1, y1, x2, y2.
        scores: [n].
    """
    sure = np.flatnonzero(scores > np.float32(limits.score))
    left = sure[np.argsort(-scores[sure], kind="stable")]
    kept: list[int] = []
    while len(left) and len(kept) < limits.most:
        kept.append(int(left[0]))
        left = left[1:][_iou(boxes[left[0]], boxes[left[1:]]) < np.float32(limits.iou)]
    return np.array(kept, np.intp)


def _iou(box: Floats, others: Floats) -> Floats:
    """Of ``box`` [4] with each of ``others`` [n, 4]: [n]."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = np.maximum(high - low, 0).prod(axis=1)
    areas = (others[:, 2:] - others[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod()
    return np.asarray(shared / (areas - shared + _EPSILON), np.float32)
