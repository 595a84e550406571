"""Pictures for people: Pillow's, in 8 bits a channel."""

import numpy as np
from PIL import Image


def rgb(picture: Image.Image) -> Image.Image:
    """``picture`` in RGB, as a model sees it; grey levels of 16 bits lose their low byte, as they do in TensorFlow.

    Pillow itself would turn all of these above 255 white.
    """
    if picture.mode.startswith("I"):
        levels = np.asarray(picture).astype(np.int64)
        picture = Image.fromarray(np.clip(levels >> 8, 0, 255).astype(np.uint8))
    return picture.convert("RGB")
