"""Whether imported weights do what they should, in sensenet's own model."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from pyramid.errors import ConfigError
from pyramid.networks.weights.published import classes
from pyramid.settings.networks import NETWORKS
from pyramid.settings.objectives import BOUNDING_BOX
from pyramid.tf import tf

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.models.image import pretrained_image_model  # isort: skip


class Seen(NamedTuple):
    """What a classifier makes of a photograph: the most probable classes and their probabilities."""

    photograph: str
    classes: list[str]
    probabilities: list[float]


def check_weights(network: str, path: Path, head: bool) -> list[Seen]:
    """Load the h5 file ``path`` as sensenet does and, when it has the ``head`` of a classifier, show it photographs.

    Returns:
        What it sees in scikit-learn's two photographs; [] without a head.

    Raises:
        ConfigError: sensenet cannot load it, or its outputs are no probabilities.
    """
    model = pretrained_image_model(network, None)
    try:
        model.load_weights(path)
    except ValueError as error:
        raise ConfigError([f"{path}: sensenet's {network} does not take these weights: {error}"]) from error
    try:
        if not head or NETWORKS[network].objective == BOUNDING_BOX:
            return []
        return [_seen(network, model, name, pixels) for name, pixels in _photographs()]
    finally:
        tf.keras.backend.clear_session()


def _photographs() -> list[tuple[str, np.ndarray]]:
    from sklearn.datasets import load_sample_images

    bunch = load_sample_images()
    return [(Path(name).name, pixels) for name, pixels in zip(bunch.filenames, bunch.images, strict=True)]


def _seen(network: str, model: object, name: str, pixels: np.ndarray) -> Seen:
    probabilities = np.asarray(model(pixels[np.newaxis].astype(np.float32)))[0]  # type: ignore[operator]
    if not np.isfinite(probabilities).all() or abs(probabilities.sum() - 1) > 1e-3:
        raise ConfigError([f"{network}: with these weights the outputs for {name} are no probabilities"])
    best = np.argsort(-probabilities)[:3]
    return Seen(name, [classes(network)[i] for i in best], [float(probabilities[i]) for i in best])
