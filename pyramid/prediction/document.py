"""Which file a model is in, and what it says of itself. No TensorFlow: what is no model is refused at once."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from pyramid.errors import ConfigError
from pyramid.finalize.workspace import CONFIG_FILE, FINAL_MODEL_FILE
from pyramid.settings.columns import IMAGE
from pyramid.settings.objectives import BOUNDING_BOX, CATEGORICAL, NUMERIC
from pyramid.training.candidate import Look

BUNDLE = ".smbundle"

#: How sensenet's bundles begin, the files in them, and the one that says what the model is.
_GUARD = b"bigml_tensorflow_saved_model_bundle"
_BLOCK = 1024
_SETTINGS = "settings.json"

_WAY_OUT = f"give the path of a {FINAL_MODEL_FILE}, of the folder that holds one, or of an {BUNDLE}"


@dataclass(frozen=True)
class Described:
    """What a file says of the model in it.

    Attributes:
        path: of the file.
        objective: CATEGORICAL, NUMERIC or BOUNDING_BOX.
        classes: their names, in the order of the probabilities; empty for a numeric objective.
        columns: sensenet's `preprocess`: what a row that is given to the model must have.
        names: of these columns in a table, where the job's configuration beside the model says them; else empty.
        target: the name of the objective's column, from the same place, or "".
        look: how pictures are fitted; None without pictures, and for a bundle, which keeps that to itself.
        document: sensenet's; None for a bundle.
    """

    path: Path
    objective: str
    classes: list[str]
    columns: list[dict[str, Any]]
    names: list[str]
    target: str
    look: Look | None
    document: dict[str, Any] | None

    @property
    def pictures(self) -> bool:
        """Whether the model takes a picture, and not a row of a table."""
        return [column["type"] for column in self.columns] == [IMAGE]


class _NoModelError(Exception):
    """Why a file is no model."""


def describe(path: str | Path) -> Described:
    """What the model in ``path`` is: a file, or a folder with a `final_model.json`.

    Raises:
        ConfigError: there is none.
    """
    file = _find(Path(path))
    try:
        return _bundled(file) if file.name.endswith(BUNDLE) else _documented(file)
    except _NoModelError as error:
        raise ConfigError([f"model: {file} {error}; {_WAY_OUT}"]) from None
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):  # something else, or another version's
        raise ConfigError([f"model: {file} is JSON, but not the document of a model; {_WAY_OUT}"]) from None


def _find(path: Path) -> Path:
    try:
        if path.is_dir():
            path = path / FINAL_MODEL_FILE
            if not path.is_file():
                raise ConfigError([f"model: the folder {path.parent} holds no {FINAL_MODEL_FILE}; {_WAY_OUT}"])
        if not path.exists():
            raise ConfigError([f"model: no such file: {path}; {_WAY_OUT}"])
        if not path.is_file():
            raise ConfigError([f"model: {path} is no regular file; {_WAY_OUT}"])
    except (OSError, ValueError) as error:  # too long, or with a zero byte
        raise ConfigError([f"model: not the name of a file: {str(path)!r} ({error})"]) from error
    return path


def _bytes(file: Path) -> bytes:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise _NoModelError(f"cannot be read: {error.strerror or error}") from None
    if not content:
        raise _NoModelError("is empty (0 bytes)")
    return content


def _documented(file: Path) -> Described:
    try:
        document = orjson.loads(_bytes(file))
    except orjson.JSONDecodeError as error:
        raise _NoModelError(f"is not JSON, or not all of it ({error})") from None
    document = _unwrapped(document)
    exposition = document.get("output_exposition") or document["networks"][0]["output_exposition"]
    if not ("layers" in document or "networks" in document):
        raise ValueError("no network")
    objective, columns = exposition["type"], [dict(column) for column in document["preprocess"]]
    classes = [] if objective == NUMERIC else [str(value) for value in exposition["values"]]
    if objective not in (CATEGORICAL, NUMERIC, BOUNDING_BOX) or not columns:
        raise ValueError("unknown objective")
    if objective != NUMERIC and (not classes or len(set(classes)) < len(classes)):
        raise _NoModelError("has no classes" if not classes else "has two classes of the same name")
    names, target = _named(file.parent, columns)
    return Described(file, objective, classes, columns, names, target, _look(document, objective), document)


def _unwrapped(document: Any) -> dict[str, Any]:
    """The model itself, where a resource of BigML's interface is around it."""
    for key in ("object", "deepnet", "model", "network"):
        inner = document.get(key)
        document = inner if isinstance(inner, dict) and "output_exposition" not in document else document
    return dict(document)


def _look(document: dict[str, Any], objective: str) -> Look | None:
    if not document.get("image_network"):
        return None
    metadata = document["image_network"]["metadata"]
    width, height, _ = metadata["input_image_shape"]
    return Look(width, height, "pad" if objective == BOUNDING_BOX else metadata.get("rescale_type") or "warp")


def _bundled(file: Path) -> Described:
    settings = _settings_of(_bytes(file))
    classes = [str(value) for value in settings.get("_classes") or []]
    detects = settings["deepnet_type"] == "ObjectDetector"
    objective = BOUNDING_BOX if detects else CATEGORICAL if classes else NUMERIC
    columns = [dict(column) for column in settings["_preprocessors"]]
    names, target = _named(file.parent, columns)
    return Described(file, objective, classes, columns, names, target, None, None)


def _settings_of(content: bytes) -> dict[str, Any]:
    """What sensenet has written of its model into a bundle."""
    if not content.startswith(_GUARD):
        raise _NoModelError("is no bundle")
    start = len(_GUARD) + 1
    place = start + content[start - 1] * _BLOCK
    try:
        for _, _, files in json.loads(content[start:place]):
            for name, size in files:
                if name == _SETTINGS:
                    return dict(json.loads(content[place : place + size]))
                place += size
    except ValueError:
        pass
    raise _NoModelError("is a bundle that is not whole")


def _named(folder: Path, columns: list[dict[str, Any]]) -> tuple[list[str], str]:
    """The names of ``columns`` and of the objective, as the configuration in ``folder`` has them."""
    if [column["type"] for column in columns] == [IMAGE] or not os.path.isfile(folder / CONFIG_FILE):
        return [], ""
    try:
        config = orjson.loads((folder / CONFIG_FILE).read_bytes())
        listed = config["info_list"]
        weighted = bool(config.get("weight") or config.get("instance_weights"))
        inputs = listed[: -2 if weighted else -1]
        if [column["type"] for column in inputs] != [column["type"] for column in columns]:
            return [], ""
        names = [column.get("name") for column in inputs]
        return (names if all(names) else []), listed[-1].get("name") or ""
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return [], ""
