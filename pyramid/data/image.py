"""A picture file -> the uint8 pixels that sensenet would see in it when serving."""

import numpy as np
import numpy.typing as npt

from pyramid.data.copies import local_copies
from pyramid.data.files import read_header
from pyramid.tf import tf

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.constants import PAD  # isort: skip
from sensenet.load import to_image_pixels  # isort: skip
from sensenet.models.settings import Settings  # isort: skip
from sensenet.preprocess.image import rescale  # isort: skip

#: Augmentations that cannot run inside the TensorFlow graph: none.
GENERATOR_ONLY: tuple[str, ...] = ()

Pixels = npt.NDArray[np.uint8]


class BadImageError(Exception):
    """The file cannot be learned from; the message is the reason."""


def read_image(path: str, width: int, height: int, rescale_type: str) -> Pixels:
    """Decode and rescale the picture ``path``, a remote one too, as sensenet does at prediction time.

    Returns:
        uint8 [height, width, 3]. `pad` fills with the picture's mean, rounded to a whole grey level.

    Raises:
        BadImageError: the file is missing, broken, or would be decoded otherwise when it is served.
    """
    pixels = decode(path)
    try:
        return fit(pixels, width, height, rescale_type)
    except Exception as error:  # whatever it is, it must not end the job
        raise BadImageError(f"cannot be decoded: {_first_line(error)}") from error


def decode(path: str) -> npt.NDArray[np.uint8]:
    """The picture ``path``, a remote one too, as sensenet decodes it: uint8 [height, width, 3].

    Raises:
        BadImageError: the file is missing, broken, or would be decoded otherwise when it is served.
    """
    with local_copies([path]) as [copy]:
        reason = copy.reason or read_header(copy.path).reason
        if reason is not None:
            raise BadImageError(reason)
        try:
            return to_image_pixels(copy.path, None)
        except Exception as error:  # each decoder has errors of its own, and none may end the job
            raise BadImageError(f"cannot be decoded: {_first_line(error)}") from error


def fit(pixels: npt.NDArray[np.uint8], width: int, height: int, rescale_type: str) -> Pixels:
    """Rescale one picture, uint8 [any, any, 3], to uint8 [height, width, 3]."""
    # Serving rescales floats: the mean that fills a padded border must not be taken in 8 bits.
    image = tf.constant(pixels, tf.float32 if rescale_type == PAD else tf.uint8)
    fitted = rescale(Settings({"rescale_type": rescale_type}), [None, height, width, 3], image)
    return np.asarray(np.rint(fitted.numpy()), np.uint8)


def _first_line(error: Exception) -> str:
    """The message without the names of TensorFlow's operation: "{{function_node …}} message [Op:Name]"."""
    lines = str(error).splitlines() or [type(error).__name__]
    return lines[0].split("}}")[-1].split(" [Op:")[0].strip()
