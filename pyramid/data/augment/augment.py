"""The augmentations of training pictures: batched, in the TensorFlow graph, the same wherever they run."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from pyramid.data.augment.blur import enlarge, shrink
from pyramid.data.augment.color import COLOR, mean_color, recolor
from pyramid.data.augment.draws import WIDTH
from pyramid.data.augment.geometry import FLIPS, GEOMETRIC, flip, maps, warp
from pyramid.data.augment.overlays import add_glare, add_noise, cut_out, noise_table
from pyramid.tf import tf

#: Augmentations that are neither a map of places nor one of colours.
OTHERS = ("blur", "gaussian_noise", "cutout", "glare")

#: Pictures uint8 [b, h, w, 3] and their draws float32 [b, WIDTH] -> whole numbers in [0, 255], float32 [b, h, w, 3].
Augment = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def make_augment(strengths: dict[str, float], width: int, height: int) -> Augment:
    """The function that applies ``strengths`` (name -> n) to pictures of this size; compiled at its first call.

    The values are rounded, as uint8 would hold them: a picture that was augmented on another machine and sent in bytes
    is the same.
    """
    return _make(tuple((name, float(n)) for name, n in sorted(strengths.items())), width, height)


@lru_cache(maxsize=8)
def _make(strengths: tuple[tuple[str, float], ...], width: int, height: int) -> Augment:
    n = dict(strengths)
    table = tf.constant(noise_table(width)) if "gaussian_noise" in n else None

    def place(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        if any(name in n for name in GEOMETRIC if name not in FLIPS):
            return warp(images, maps(draws, n, width, height))
        return tf.cast(flip(images, draws, n), tf.float32)

    def paint(images: tf.Tensor, mean: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        images, mean = recolor(images, mean, draws, n) if any(name in n for name in COLOR) else (images, mean)
        if table is not None:
            images = add_noise(images, table, draws, n["gaussian_noise"])
        if "cutout" in n:
            images = cut_out(images, mean, draws, n["cutout"])
        if "glare" in n:
            images = add_glare(images, draws, n["glare"])
        return tf.round(tf.clip_by_value(images, 0.0, 255.0))

    @_compiled
    def whole(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        return paint(place(images, draws), mean_color(images), draws)

    # Compiled as one, every pixel of the blur would compute those anew that it is made of.
    @_compiled
    def small(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        return shrink(images, draws, n["blur"])

    @_compiled
    def rest(images: tf.Tensor, blurred: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        return paint(enlarge(blurred, draws, n["blur"]), mean_color(images), draws)

    placed = _compiled(place)

    def several(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        if "blur" not in n:
            return whole(images, draws)
        moved = placed(images, draws) if any(name in n for name in GEOMETRIC) else images
        return rest(images, small(moved, draws), draws)

    def augment(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        if tf.shape(images)[0] == 1:  # for which XLA makes other code, with other roundings
            return several(tf.repeat(images, 2, 0), tf.repeat(draws, 2, 0))[:1]
        return several(images, draws)

    pictures = tf.TensorSpec((None, height, width, 3), tf.uint8)
    return tf.function(augment, input_signature=[pictures, tf.TensorSpec((None, WIDTH), tf.float32)])


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """XLA makes one pass over the memory of a dozen operations: about five times as fast."""
    return tf.function(function, jit_compile=True)
