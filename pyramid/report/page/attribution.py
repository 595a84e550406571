"""What a model looks at in a picture: integrated gradients.

Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks", ICML 2017 (https://arxiv.org/abs/1703.01365).
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.data.image import read_image
from pyramid.tf import tf

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.models.wrappers import create_model  # isort: skip

Floats = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint8]

#: Pictures between the black one and the one that is explained: where there are many pixels, fewer.
STEPS, STEPS_OF_LARGE, LARGE = 32, 16, 128**2

#: The largest share of pixels that is taken for the brightest, so that one of them does not outshine the rest.
_BRIGHTEST = 0.01


class Explainer:
    """Explains what a delivered model of pictures makes of one.

    Attributes:
        width, height: of the network's input.
    """

    def __init__(self, path: Path):
        """
        Args:
            path: of its document.

        Raises:
            ValueError: it takes more than one picture.
        """
        import orjson

        document = orjson.loads(path.read_bytes())
        if [step["type"] for step in document["preprocess"]] != ["image"]:
            raise ValueError("it takes more than one picture")
        meta = document["image_network"]["metadata"]
        self.width, self.height, _ = meta["input_image_shape"]
        self._rescale_type = meta.get("rescale_type") or "warp"
        self._model: Any = create_model(document)._model

    def read(self, place: str) -> Pixels:
        """The picture at the path or URI ``place`` as the network sees it, uint8 [height, width, 3].

        Raises:
            BadImageError: it cannot be read.
        """
        return read_image(place, self.width, self.height, self._rescale_type)

    def output(self, pixels: Any, classes: tuple[int, int] | None) -> Any:
        """What is explained, float32 [b].

        Args:
            pixels: float32 [b, height, width, 3].
            classes: two of them: then it is how far the logit of the first is above the second's; None: the value.
        """
        predicted = self._model(pixels, training=False)
        if classes is None:
            return predicted[:, 0]
        logs = tf.math.log(tf.maximum(predicted, 1e-30))
        return logs[:, classes[0]] - logs[:, classes[1]]

    def attributions(self, pixels: Pixels, classes: tuple[int, int] | None, steps: int = 0) -> Floats:
        """What each colour of each pixel adds to `output`, float64 [height, width, 3].

        Their sum is the output for ``pixels`` less the one for a black picture, up to the error of a Gauss-Legendre
        quadrature with ``steps`` nodes; by default 32, or 16 of a picture with more than 128×128 pixels.
        """
        steps = steps or (STEPS_OF_LARGE if self.width * self.height > LARGE else STEPS)
        nodes, weights = np.polynomial.legendre.leggauss(steps)
        path = tf.constant(((nodes + 1) / 2)[:, np.newaxis, np.newaxis, np.newaxis] * pixels, tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(path)
            told = self.output(path, classes)
        gradients = tape.gradient(told, path).numpy()
        return np.asarray(pixels * np.tensordot(weights / 2, gradients, 1))

    def lit(self, place: str, classes: tuple[int, int] | None) -> Pixels:
        """The picture, bright where something speaks for the output, uint8 [height, width, 3]."""
        pixels = self.read(place)
        return lit(pixels, self.attributions(pixels, classes))


def lit(pixels: Pixels, attributions: Floats) -> Pixels:
    """``pixels`` [h, w, 3], dimmed where ``attributions`` [h, w, 3] do not speak for the output."""
    share = np.maximum(attributions.sum(-1), 0)
    # Gradients of single pixels are noisy: each takes its neighbours in.
    share = _blurred(share, max(1, round(max(share.shape) / 40)))
    top = np.quantile(share, 1 - _BRIGHTEST)
    shown = np.clip(share / top, 0, 1) if top > 0 else share
    return np.asarray(np.rint(pixels * (0.15 + 0.85 * np.sqrt(shown))[..., np.newaxis]), np.uint8)


def _blurred(values: Floats, radius: int) -> Floats:
    """The mean of a square, twice: nearly a Gaussian."""
    kernel = np.ones(2 * radius + 1) / (2 * radius + 1)
    for axis in (0, 1, 0, 1):
        values = np.apply_along_axis(np.convolve, axis, values, kernel, mode="same")
    return values
