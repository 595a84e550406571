"""Pictures made of several: mosaic and mixup, for boxes.

Mosaic is that of Bochkovskiy, Wang and Liao, "YOLOv4" (2020), section 3.3, with pictures that fill their corner;
mixup that of Zhang et al. (2018), with all boxes kept, as Zhang et al., "Bag of freebies for training object detection
neural networks" (2019), do it.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from pyramid.data.augment.boxes import LEAST_VISIBLE
from pyramid.data.augment.draws import columns
from pyramid.data.augment.geometry import sample
from pyramid.data.augment.parts import between, part
from pyramid.settings.boxes import MOST_BOXES
from pyramid.tf import tf

#: name -> how many other pictures it needs.
PARTNERS = {"mosaic": 3, "mixup": 1}

#: Between these parts of the width and the height lies the point where the four pictures of a mosaic meet.
_CENTRE = (0.35, 0.65)

#: Between these the weight of the first picture of a mixup.
_SHARE = (0.4, 0.6)

#: Pictures uint8 [b, m, h, w, 3], boxes [b, m, n, 5] and draws -> pictures uint8 [b, h, w, 3], boxes [b, k, 5].
Combine = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


def combining(strengths: dict[str, float]) -> dict[str, float]:
    """Those of ``strengths`` that need several pictures."""
    return {name: strengths[name] for name in PARTNERS if name in strengths}


def partners(
    draws: npt.NDArray[np.float32], strengths: dict[str, float], rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """For each picture the rows of those that it is combined with, drawn from ``rows``: [b, m - 1]."""
    of_all = [draws[:, columns(name)][:, -PARTNERS[name] :] for name in combining(strengths)]
    return rows[(np.concatenate(of_all, axis=1).astype(np.float64) * len(rows)).astype(np.int64)]


def combined_boxes(boxes: int, strengths: dict[str, float]) -> int:
    """How many boxes a combined picture has room for, when each of its pictures has room for ``boxes``."""
    several = 1 + sum(PARTNERS[name] for name in combining(strengths))
    return boxes if several == 1 else max(boxes, min(several * boxes, MOST_BOXES))


def make_combine(strengths: dict[str, float], width: int, height: int) -> Combine:
    """The function that makes one picture of each m; compiled by XLA at its first call."""
    return _make(tuple(combining(strengths).items()), width, height)


@lru_cache(maxsize=8)
def _make(strengths: tuple[tuple[str, float], ...], width: int, height: int) -> Combine:
    chosen = dict(strengths)

    def combine(images: tf.Tensor, boxes: tf.Tensor, draws: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        room = combined_boxes(boxes.shape[2], chosen)
        first, first_boxes, used = tf.cast(images[:, 0], tf.float32), boxes[:, 0], 1
        if "mosaic" in chosen:
            used += PARTNERS["mosaic"]
            numbers = part(draws, "mosaic")
            first, first_boxes = mosaic(images[:, :used], boxes[:, :used], numbers, chosen["mosaic"], width, height)
        if "mixup" in chosen:
            second = tf.cast(images[:, used], tf.float32)
            first, first_boxes = mixup(
                first, second, first_boxes, boxes[:, used], part(draws, "mixup"), chosen["mixup"]
            )
        return tf.cast(tf.round(first), tf.uint8), _fitted(first_boxes, room)

    return tf.function(combine, jit_compile=True)


def mosaic(
    images: tf.Tensor, boxes: tf.Tensor, draws: list[tf.Tensor], n: float, width: int, height: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Four pictures, each scaled to fill its corner and centred there; in a share ``n`` of the cases.

    In the others the corner of the first is the whole picture.

    Args:
        images: [b, 4, h, w, 3].
        boxes: float32 [b, 4, n, 5].

    Returns:
        float32 [b, h, w, 3], and boxes [b, 4 n, 5] of which those that show less than a quarter have class -1.
    """
    done = draws[0] < n
    x = tf.where(done, between(draws[1], *_CENTRE), 1.0) * width
    y = tf.where(done, between(draws[2], *_CENTRE), 1.0) * height
    zero, right, low = tf.zeros_like(x), tf.fill(tf.shape(x), float(width)), tf.fill(tf.shape(x), float(height))
    # The corners in the order of the pictures, float32 [b, 4, 2] each: where they begin and end.
    begin = tf.stack([tf.stack(p, -1) for p in ((zero, zero), (x, zero), (zero, y), (x, y))], 1)
    end = tf.stack([tf.stack(p, -1) for p in ((x, y), (right, y), (x, low), (right, low))], 1)
    size = tf.constant([width, height], tf.float32)
    scale = tf.reduce_max((end - begin) / size, -1)
    shift = (begin + end) / 2 - scale[..., tf.newaxis] * size / 2
    placed = _in_corner(boxes, begin, end, scale, shift)
    return _assemble(images, x, y, scale, shift), tf.reshape(placed, (-1, 4 * boxes.shape[2], 5))


def _assemble(images: tf.Tensor, x: tf.Tensor, y: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
    height, width = images.shape[2:4]
    across = tf.range(width, dtype=tf.float32)[tf.newaxis, tf.newaxis, :] + 0.5
    down = tf.range(height, dtype=tf.float32)[tf.newaxis, :, tf.newaxis] + 0.5
    in_right = tf.cast(across >= x[:, tf.newaxis, tf.newaxis], tf.int32)
    in_low = tf.cast(down >= y[:, tf.newaxis, tf.newaxis], tf.int32)
    corner = in_right + 2 * in_low  # [b, h, w]
    scale, shift = tf.gather(scale, corner, batch_dims=1), tf.gather(shift, corner, batch_dims=1)
    several = tf.reshape(images, (-1, height, width, 3))
    which = corner + 4 * tf.range(tf.shape(images)[0])[:, tf.newaxis, tf.newaxis]
    return sample(several, (across - shift[..., 0]) / scale, (down - shift[..., 1]) / scale, which)


def _in_corner(boxes: tf.Tensor, begin: tf.Tensor, end: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
    """Boxes [b, 4, n, 5] where their corners have them."""
    scale, shift = scale[:, :, tf.newaxis, tf.newaxis], shift[:, :, tf.newaxis]
    low, high = boxes[..., :2] * scale + shift, boxes[..., 2:4] * scale + shift
    begin, end = begin[:, :, tf.newaxis], end[:, :, tf.newaxis]
    seen_low, seen_high = tf.clip_by_value(low, begin, end), tf.clip_by_value(high, begin, end)
    visible = tf.reduce_prod(seen_high - seen_low, -1)
    shown = (visible > 0) & (visible >= LEAST_VISIBLE * tf.reduce_prod(high - low, -1))
    names = tf.where(shown, boxes[..., 4], -1.0)
    return tf.concat([seen_low, seen_high, names[..., tf.newaxis]], -1)


def mixup(
    first: tf.Tensor, second: tf.Tensor, boxes: tf.Tensor, second_boxes: tf.Tensor, draws: list[tf.Tensor], n: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Two pictures [b, h, w, 3] laid over each other with the boxes of both; in a share ``n`` of the cases."""
    done = draws[0] < n
    share = tf.where(done, between(draws[1], *_SHARE), 1.0)[:, tf.newaxis, tf.newaxis, tf.newaxis]
    names = tf.where(done[:, tf.newaxis], second_boxes[..., 4], -1.0)
    added = tf.concat([second_boxes[..., :4], names[..., tf.newaxis]], -1)
    return share * first + (1 - share) * second, tf.concat([boxes, added], 1)


def _fitted(boxes: tf.Tensor, room: int) -> tf.Tensor:
    """Of boxes [b, k, 5] the first ``room`` that are there, then those that are not."""
    order = tf.argsort(tf.cast(boxes[..., 4] < 0, tf.int32), stable=True)
    return tf.gather(boxes, order[:, :room], batch_dims=1)
