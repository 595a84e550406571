"""The image network that turns the pictures of a table into features."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sensenet.pretrained import get_pretrained_network

from pyramid.data.examples import WAY_OUT
from pyramid.data.pictures import decode_here
from pyramid.data.remote import RemoteError, below, is_uri, localized
from pyramid.errors import ConfigError, DataError
from pyramid.finalize.document import image_network_document
from pyramid.networks.build import Network, build
from pyramid.networks.frozen import extractor
from pyramid.networks.weights import files, h5
from pyramid.networks.weights.published import up_to_features
from pyramid.prediction.batches import pictures_at_once
from pyramid.settings.train import TrainSettings
from pyramid.tf import tf
from pyramid.training.candidate import WEIGHTS_FILE, Look
from pyramid.training.network import build_network, set_weights
from pyramid.training.storage import load_fit_info


class ImageNetwork:
    """A network up to its features.

    Attributes:
        width: how many features a picture has.
    """

    def __init__(self, network: Network, name: str, method: str, look: Look):
        self._network = network
        self._named = (name, method, look)
        self._look = look
        self.width = network.outputs
        made = extractor(network)
        shape = (None, look.height, look.width, 3)
        self._compute = tf.function(
            lambda pixels: made(tf.cast(pixels, tf.float32), training=False),
            input_signature=[tf.TensorSpec(shape, tf.uint8)],
        )

    def document(self) -> dict[str, Any]:
        """sensenet's `image_network`, with its weights."""
        return image_network_document(self._network, *self._named)

    def features(self, paths: Sequence[str], folder: Path) -> tuple[npt.NDArray[np.float32], dict[int, str]]:
        """Features float32 [paths, width], and why a picture could not be read, by its place; it has those of black."""
        look = self._look
        pictures = decode_here(paths, [look.width, look.height, 3], look.rescale_type, 2**62, folder)
        step = pictures_at_once(look.width, look.height)
        parts = [self._compute(pictures.pixels[i : i + step]).numpy() for i in range(0, len(paths), step)]
        return np.concatenate(parts), pictures.bad


class Featuriser:
    """The features of pictures by their names in a table, each picture decoded once.

    Attributes:
        bad: path -> why it could not be read.
    """

    def __init__(self, network: ImageNetwork, root: str, anywhere: bool, strict: bool, folder: Path):
        """
        Args:
            root: the folder that names are relative to, or its URI.
            anywhere: names may be absolute, or lead out of it.
            strict: a picture that cannot be read is an error.
            folder: for temporary files.

        Raises:
            DataError: nothing can be at ``root``.
        """
        self._network = network
        try:
            self._root = localized(root)
        except RemoteError as error:
            raise DataError([f"image_root: {error}"]) from error
        self._anywhere = anywhere
        self._strict = strict
        self._folder = folder
        self._known: dict[str, npt.NDArray[np.float32]] = {}  # no more than the array that they are written to
        self.bad: dict[str, str] = {}

    def __call__(self, names: list[str]) -> npt.NDArray[np.float32]:
        """Float32 [names, width]; a missing name or picture has the features of a black one, as when it is served."""
        unknown = [name for name in dict.fromkeys(names) if name not in self._known]
        if unknown:
            paths = [self._path(name) if name else "" for name in unknown]
            found, bad = self._network.features(paths, self._folder)
            told = {paths[i]: reason for i, reason in bad.items() if paths[i]}
            if not self._known and len(told) == len(list(filter(None, paths))):
                self._refuse(told, f"image_root: none of the first {len(told)} pictures in {self._root} can be read")
            self._note(told)
            self._known |= zip(unknown, found, strict=True)
        return np.stack([self._known[name] for name in names])

    def _path(self, name: str) -> str:
        remote = is_uri(self._root)
        path = os.path.normpath(name) if remote else os.path.relpath(os.path.join(self._root, name), self._root)
        if (os.path.isabs(name) or path.split(os.sep)[0] == "..") and (remote or not self._anywhere):
            way = "name a URI above it" if remote else WAY_OUT
            raise DataError([f"cache_file: {name} is not below image_root ({self._root}); {way}"])
        return below(self._root, name) if remote else os.path.normpath(os.path.join(self._root, name))

    def _note(self, bad: dict[str, str]) -> None:
        if self._strict:
            self._refuse(bad, "on_bad_image is fail: mend these files or set it to skip")
        self.bad |= bad

    def _refuse(self, bad: dict[str, str], why: str) -> None:
        if bad:
            raise DataError([*(f"{path}: {reason}" for path, reason in bad.items()), why])


def trained(folder: Path) -> ImageNetwork | None:
    """The network that a training on pictures has left in ``folder``; None when there is none.

    Raises:
        ConfigError: it is a detector.
    """
    known = load_fit_info(folder)
    if known is None:
        return None
    candidate = known[0]
    made = build_network(candidate)
    if not isinstance(made, Network):
        name = candidate.network
        raise ConfigError([f"base_image_network: {name} is a detector, and has no features of whole pictures"])
    made.model.load_weights(folder / WEIGHTS_FILE)
    return ImageNetwork(made, candidate.network, candidate.method, candidate.look)


def published(settings: TrainSettings, network: str) -> ImageNetwork:
    """``network`` with its published weights.

    Raises:
        ConfigError: they are not there.
    """
    metadata = get_pretrained_network(network)["image_network"]["metadata"]
    width, height, _ = settings.input_image_shape or metadata["input_image_shape"]
    rescale = settings.rescale_type if "rescale_type" in settings.model_fields_set else metadata["rescale_type"]
    path = files.path(network)
    if not path.exists():
        raise ConfigError([f"base_image_network: {path}: is missing; {h5.way_out(network)}"])
    built = build(network, width, height, 1, False, settings.seed)
    set_weights(built.body, up_to_features(network, h5.read(network, path)))
    return ImageNetwork(built, network, "use_pretrained", Look(width, height, rescale))
