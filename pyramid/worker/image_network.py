"""The image network of a job."""

from pathlib import Path

from pyramid.errors import ConfigError
from pyramid.prediction.image_network import Featuriser, ImageNetwork, published, trained
from pyramid.settings.base_settings import BaseSettings
from pyramid.settings.networks import PRETRAINED_METHODS
from pyramid.worker.parameters import image_root
from pyramid.worker.pictures import image_folder, network_and_method


def image_network(settings: BaseSettings) -> ImageNetwork | None:
    """That of an earlier job, or a published one; None when no column has pictures.

    Raises:
        ConfigError: there is neither.
    """
    if not settings.table.images:
        return None
    network, method = network_and_method(settings)
    folder = image_folder(settings)
    made = trained(folder)
    if made:
        return made
    if method in PRETRAINED_METHODS:
        return published(settings, network)
    raise ConfigError([f"output_directory: has no {folder.name}: an image_training job must come first"])


def featuriser(network: ImageNetwork, settings: BaseSettings, folder: Path) -> Featuriser:
    """``folder`` is for temporary files."""
    strict = settings.on_bad_image == "fail"
    return Featuriser(network, image_root(settings), settings.allow_absolute_paths, strict, folder)
