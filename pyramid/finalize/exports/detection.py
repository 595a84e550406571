"""What a detector's network predicts -> objects, in operations that every runtime has."""

from typing import Any

import numpy as np

from pyramid.tf import tf

from sensenet.constants import IOU_THRESHOLD, MAX_OBJECTS, SCORE_THRESHOLD  # isort: skip

#: TensorFlow's own operation lets a box stay that overlaps by just the threshold; what sensenet calls lets it go.
_IOU = float(np.nextafter(np.float32(IOU_THRESHOLD), np.float32(0)))


def objects(decoded: list[Any], network: float, side: Any, fixed: bool) -> dict[str, Any]:
    """The objects of one picture, the best score first, by the defaults that sensenet serves.

    Args:
        decoded: of each branch [1, cells, cells, anchors, 5 + classes]: centre and size in pixels of the network's
            input, and probabilities.
        network: the side of that input.
        side: the longer side of the picture; boxes are in its pixels.
        fixed: always 32 rows, and boxes that are not rounded.

    Returns:
        boxes float32 [1, k, 4] (x1, y1, x2, y2), scores float32 [1, k], classes int32 [1, k]; with ``fixed`` also
        count int32 [1]: rows behind it hold zeros.
    """
    flat = tf.concat([tf.reshape(one, (-1, one.shape[-1])) for one in decoded], 0)
    centre, half = flat[:, 0:2] / network, flat[:, 2:4] / (2.0 * network)
    boxes = tf.concat([centre - half, centre + half], 1) * side
    scores = flat[:, 4:5] * flat[:, 5:]
    best, classes = tf.reduce_max(scores, 1), tf.argmax(scores, 1, tf.int32)
    whole = tf.round(boxes)
    kept, count = tf.raw_ops.NonMaxSuppressionV4(
        boxes=tf.gather(whole, [1, 0, 3, 2], axis=1),
        scores=best,
        max_output_size=MAX_OBJECTS,
        iou_threshold=_IOU,
        score_threshold=SCORE_THRESHOLD,
        pad_to_max_output_size=fixed,
    )
    found = {"boxes": boxes if fixed else whole, "scores": best, "classes": classes}
    found = {name: tf.gather(values, kept) for name, values in found.items()}
    if fixed:
        there = tf.range(MAX_OBJECTS) < count
        mask = tf.cast(there, tf.float32)
        found["boxes"] *= mask[:, tf.newaxis]
        found["scores"] *= mask
        found["classes"] *= tf.cast(there, tf.int32)
        found["count"] = count
    return {name: values[tf.newaxis] for name, values in found.items()}
