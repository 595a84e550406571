"""Pictures fitted without TensorFlow are those that sensenet fits."""

import numpy as np
import pytest

from pyramid.prediction.fitting import fitted
from pyramid.tf import tf
from pyramid.training.candidate import Look

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.models.settings import Settings  # isort: skip
from sensenet.preprocess.image import rescale  # isort: skip

SIZES = [(1, 1), (375, 500), (500, 375), (224, 224), (223, 225), (97, 31), (640, 427), (33, 32)]


@pytest.mark.parametrize("rescale_type", ["warp", "crop", "pad"])
def test_every_picture_is_fitted_as_sensenet_fits_it(rescale_type):
    random = np.random.default_rng(0)
    sizes = SIZES + [tuple(int(side) for side in random.integers(12, 300, 2)) for _ in range(60)]
    for size in sizes:
        pixels = random.integers(0, 256, (*size, 3)).astype(np.uint8)
        for width, height in ((224, 224), (32, 48), (31, 17)):
            settings = Settings({"rescale_type": rescale_type})
            expected = rescale(settings, [None, height, width, 3], tf.constant(pixels, tf.float32)).numpy()
            found = fitted(pixels, Look(width, height, rescale_type))
            assert found.shape == expected.shape
            assert np.allclose(found, expected, rtol=0, atol=1e-3 if rescale_type == "pad" else 0), (size, width)


def test_what_sensenet_cannot_pad_is_told():
    with pytest.raises(ValueError, match="nothing of it is left in 31×17 pixels"):
        fitted(np.zeros((7, 1000, 3), np.uint8), Look(31, 17, "pad"))
