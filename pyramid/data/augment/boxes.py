"""Boxes go the way of their picture."""

from pyramid.data.augment.geometry import GEOMETRIC, maps
from pyramid.tf import tf

#: A box of which less than this share stays inside the picture is dropped.
LEAST_VISIBLE = 0.25


def move_targets(
    targets: tf.Tensor, draws: tf.Tensor, strengths: dict[str, float], width: int, height: int
) -> tf.Tensor:
    """Boxes with their class, float32 [b, n, 5], where ``strengths`` move their pictures; lost ones have class -1."""
    if not any(name in strengths for name in GEOMETRIC):
        return targets
    boxes, shown = move_boxes(targets[..., :4], maps(draws, strengths, width, height), width, height)
    return tf.concat([boxes, tf.where(shown, targets[..., 4], -1.0)[..., tf.newaxis]], -1)


def move_boxes(boxes: tf.Tensor, maps: tf.Tensor, width: int, height: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Where the objects in ``boxes`` are in the warped pictures.

    A rotated or sheared box is no box any more. The tight box around its four corners would grow with every degree
    though the object does not: objects seldom reach into the corners. So the ellipse that the box encloses is moved,
    and the tight box around it taken: exact for round objects, and for all when nothing is rotated or sheared.

    Args:
        boxes: float32 [b, n, 4]: x1, y1, x2, y2 in pixels.
        maps: of ``geometry.maps``, from the warped pictures back to the original ones.

    Returns:
        The boxes clipped to the picture, float32 [b, n, 4]; and which of them still show a quarter of their area,
        bool [b, n]: an empty box, as those that fill up a batch, never does.
    """
    back = tf.linalg.inv(maps)
    centre = tf.constant([width / 2, height / 2])
    middle = (boxes[..., :2] + boxes[..., 2:]) / 2 - centre
    half = (boxes[..., 2:] - boxes[..., :2]) / 2
    linear = back[:, tf.newaxis, :2, :2]
    moved = tf.linalg.matvec(linear, middle) + back[:, tf.newaxis, :2, 2] + centre
    reach = tf.sqrt(tf.linalg.matvec(linear**2, half**2))
    low, high = moved - reach, moved + reach
    size = tf.cast([width, height], tf.float32)
    clipped = tf.concat([tf.clip_by_value(low, 0.0, size), tf.clip_by_value(high, 0.0, size)], -1)
    visible = tf.reduce_prod(clipped[..., 2:] - clipped[..., :2], -1)
    there = tf.reduce_all(half > 0, -1) & (visible > 0)
    return clipped, there & (visible >= LEAST_VISIBLE * tf.reduce_prod(high - low, -1))
