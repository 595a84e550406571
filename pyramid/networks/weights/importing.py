"""A file of weights in any of the known formats -> the h5 file that sensenet and pyramid read."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import h5py

from pyramid.errors import ConfigError
from pyramid.networks.weights import darknet, files, h5
from pyramid.networks.weights.published import Weights, published_layers
from pyramid.networks.weights.torch_file import read_state
from pyramid.networks.weights.torchvision import convert


def _torchvision(network: str, path: Path) -> Weights:
    state = read_state(path)
    try:
        return convert(network, state)
    except ConfigError as error:
        raise ConfigError([f"{path}: {problem}" for problem in error.problems]) from None


#: network -> reader of the kind of file, besides h5, in which somebody publishes its weights
READERS: dict[str, Callable[[str, Path], Weights]] = {
    "mobilenetv2": _torchvision,
    "resnet18": _torchvision,
    "tinyyolov4": darknet.read,
    "yolov4": darknet.read,
}


def import_weights(network: str, source: Path, check: Callable[[Path, bool], None]) -> Path:
    """Convert ``source`` to the file of ``network`` in the folder of weights, which is replaced; returns its path.

    Args:
        check: called with the new file before it is put in place, and with whether it has the published head.

    Raises:
        ConfigError: the file is missing, of no format that is known for ``network``, or does not fit it; or what
            ``check`` raises. What was in place is as it was then.
    """
    target = files.path(network)
    weights = _read(network, source)
    part = target.with_name("part_" + target.name)  # Keras chooses the format by the ending
    with files.locked(target):
        try:
            h5.write(network, weights, part)
            check(part, len(weights) == len(published_layers(network)))
            files.put(part, target)
        except ConfigError as error:
            raise ConfigError([f"{source}: {problem}" for problem in error.problems]) from error
        except OSError as error:
            raise ConfigError([f"{target}: cannot be written: {error.strerror}"]) from error
        finally:
            with suppress(OSError):
                part.unlink()
    return target


def _read(network: str, source: Path) -> Weights:
    try:
        with open(source, "rb"):
            is_h5 = h5py.is_hdf5(source)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError([f"{source}: cannot be read: {reason}"]) from error
    if not is_h5 and network not in READERS:
        raise ConfigError([f"{source}: {h5.fault(network, source)}; for {network} nothing else can be imported"])
    return h5.read(network, source) if is_h5 else READERS[network](network, source)
