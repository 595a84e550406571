"""The model that a person names: a document, or the output directory that holds one."""

from pathlib import Path
from typing import Any

import orjson

from pyramid.errors import ConfigError
from pyramid.finalize.workspace import FINAL_MODEL_FILE

_WAY_OUT = f"give a {FINAL_MODEL_FILE}, or the output directory that holds one"


def find_model(model: str) -> Path:
    """The path of the document that ``model`` stands for.

    Raises:
        ConfigError: there is none.
    """
    path = Path(model).expanduser()
    if path.is_dir():
        path = path / FINAL_MODEL_FILE
        if not path.is_file():
            raise ConfigError([f"model: {model} is a folder without a {FINAL_MODEL_FILE}; {_WAY_OUT}"])
    if not path.is_file():
        raise ConfigError([f"model: {model} is not there; {_WAY_OUT}"])
    return path


def read_model(path: Path) -> dict[str, Any]:
    """The document in the file ``path``.

    Raises:
        ConfigError: it is not the document of a whole model.
    """
    try:
        document = orjson.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError([f"model: {path} cannot be read: {error.strerror}"]) from error
    except ValueError as error:
        raise ConfigError([f"model: {path} is not JSON ({error}); {_WAY_OUT}"]) from None
    reason = _reason(document)
    if reason:
        raise ConfigError([f"model: {path} {reason}; {_WAY_OUT}"])
    return dict(document)


def _reason(document: Any) -> str:
    """Why ``document`` is no model that predicts; "" when it is one."""
    if not isinstance(document, dict) or not isinstance(document.get("output_exposition"), dict):
        return "is JSON, but not the document of a model"
    if not isinstance(document.get("preprocess"), list) or not ("layers" in document or "networks" in document):
        return "is not the document of a whole model"
    if any(isinstance(weights, str) for weights in _weights(document)):
        return "has no weights: it describes a network only"
    return ""


def _weights(value: Any) -> list[Any]:
    """What stands for the weights of all layers in ``value``."""
    if isinstance(value, list):
        return [found for one in value if isinstance(one, dict | list) for found in _weights(one)]
    here = [value[key] for key in ("kernel", "weights", "gamma") if key in value and "type" in value]
    inner = [one for key, one in value.items() if key in _HOLDERS and isinstance(one, dict | list)]
    return here + [found for one in inner for found in _weights(one)]


#: What layers lie in.
_HOLDERS = ("image_network", "layers", "networks", "identity_path", "dense_path", "convolution_path")
