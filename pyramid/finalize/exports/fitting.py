"""Pictures of any size -> the network's size, in operations that every runtime has and computes alike.

The same pixels as `sensenet.preprocess.image.rescale` takes: the nearest ones, whose places are computed here, since
runtimes round differently in their own resizing. `pad` fills with the mean of each picture.
"""

from typing import Any

from pyramid.tf import tf

from sensenet.constants import CROP, PAD  # isort: skip


def fit(pictures: Any, width: int, height: int, rescale_type: str) -> Any:
    """float32 [n, any, any, 3] -> float32 [n, height, width, 3]."""
    there = tf.cast(tf.shape(pictures)[1:3], tf.float32)
    rows, row_filled = _places(there, 0, width, height, rescale_type)
    columns, column_filled = _places(there, 1, width, height, rescale_type)
    fitted = tf.gather(tf.gather(pictures, rows, axis=1), columns, axis=2)
    if rescale_type == PAD:
        fitted = _padded(fitted, row_filled[:, tf.newaxis] * column_filled[tf.newaxis, :])
    fitted.set_shape([pictures.shape[0], height, width, 3])
    return fitted


def _places(there: Any, axis: int, width: int, height: int, rescale_type: str) -> tuple[Any, Any]:
    """Where in the picture each row (axis 0) or column (1) comes from, int32, and 1.0 where it is no border, else 0.0.

    Args:
        there: the picture's height and width.
    """
    side = (height, width)[axis]
    i = tf.range(side, dtype=tf.float32)
    scaled = exact = tf.constant(float(side))
    if rescale_type in (PAD, CROP):
        scales = tf.constant([float(height), float(width)]) / there
        scale = tf.minimum(scales[0], scales[1]) if rescale_type == PAD else tf.maximum(scales[0], scales[1])
        exact = there[axis] * scale
        scaled = tf.round(exact)
    first = tf.round((exact - float(side)) / 2.0) if rescale_type == CROP else tf.constant(0.0)
    places = tf.floor((i + first + 0.5) * (there[axis] / scaled))
    return tf.cast(tf.minimum(places, there[axis] - 1.0), tf.int32), tf.cast(i < scaled, tf.float32)


def _padded(fitted: Any, filled: Any) -> Any:
    """``fitted`` [n, height, width, 3] where ``filled`` [height, width] is 1, elsewhere the mean of that part."""
    filled = filled[tf.newaxis, :, :, tf.newaxis]
    mean = tf.reduce_sum(fitted * filled, axis=[1, 2, 3], keepdims=True) / (tf.reduce_sum(filled) * 3.0)
    return fitted * filled + mean * (1.0 - filled)
