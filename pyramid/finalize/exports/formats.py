"""The formats that a model can be exported to: names and facts. No TensorFlow."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from pyramid.errors import ConfigError

#: The largest difference from sensenet's predictions that an export may have: of probabilities and scores, of values
#: in standard deviations, of boxes' corners in parts of the picture's longer side.
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Format:
    """What is written.

    Attributes:
        name: as it is asked for.
        ending: of the file's or the folder's name, behind that of the model.
        folder: it is a folder.
        beside: endings of further files, in place of ``ending``.
        packages: that it needs, as they are imported.
        extra: of pyramid, which brings these packages.
        reader: what loads it, for a person.
    """

    name: str
    ending: str
    reader: str
    folder: bool = False
    beside: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    extra: str = ""


FORMATS = {
    form.name: form
    for form in (
        Format("savedmodel", "_savedmodel", "tf.saved_model.load", folder=True),
        Format("smbundle", ".smbundle", "sensenet"),
        Format("tflite", ".tflite", "the TFLite interpreter", beside=(".tflite.json",)),
        Format("onnx", ".onnx", "onnxruntime", packages=("tf2onnx", "onnx", "onnxruntime"), extra="onnx"),
        Format("tfjs", "_tfjs", "TensorFlow.js", folder=True),
        Format("h5", ".h5", "sensenet", beside=("_short.json",)),
    )
}


def chosen(names: list[str]) -> list[Format]:
    """The formats with these ``names``, each of which may hold several with commas between them.

    Raises:
        ConfigError: a name is unknown, there is none, or a format's packages are not installed.
    """
    wanted = list(dict.fromkeys(part.strip() for name in names for part in name.split(",") if part.strip()))
    problems = [
        f"format: must be one of {', '.join(FORMATS)}, but got {name!r}" for name in wanted if name not in FORMATS
    ]
    if not wanted:
        problems.append(f"format: is missing; give one or several of {', '.join(FORMATS)}")
    problems += [problem for name in wanted if name in FORMATS for problem in _missing(FORMATS[name])]
    if problems:
        raise ConfigError(problems)
    return [FORMATS[name] for name in wanted]


def _missing(form: Format) -> list[str]:
    missing = [package for package in form.packages if importlib.util.find_spec(package) is None]
    if not missing:
        return []
    way_out = f"pip install 'bigml-pyramid[{form.extra}]'"
    return [f"format: {form.name} needs {', '.join(missing)}, which is not installed: {way_out}"]


def looks_like(form: Format, path: Path) -> bool:
    """Whether what is at ``path`` may be an earlier export, which a new one replaces."""
    if form.folder:
        return path.is_dir() and (not any(path.iterdir()) or (path / DESCRIPTION_FILE).is_file())
    return path.is_file()


#: In a folder: what the export takes and gives.
DESCRIPTION_FILE = "pyramid.json"
