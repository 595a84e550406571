"""Fills the library: every source is decoded, in parallel, and what cannot be used is listed."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pyramid.engine.spread.interface import Cores
from pyramid.errors import DataError
from pyramid.generation.decode import BadSourceError, Cutout, Pixels, read_background, read_cutout
from pyramid.generation.library import Library
from pyramid.generation.sources import Sources
from pyramid.settings.generate import GenerateSettings

#: Files that a process decodes before it answers.
_BATCH = 8

#: Bytes of a background that covers the picture, in bytes of the picture: those of a wide photograph.
_COVERING = 1.5

#: The most names in a line, and lines about files.
_NAMED, _LISTED = 3, 20


@dataclass(frozen=True)
class _File:
    """A source that is to be decoded.

    Attributes:
        key: of the settings, that names its folder.
    """

    key: str
    path: str
    label: str = ""


def collect(
    settings: GenerateSettings,
    sources: Sources,
    cores: Cores,
    path: Path,
    tell: Callable[[int, int], None],
    say: Callable[[str], None],
) -> Library:
    """Decode all ``sources`` into a library in the file ``path``.

    Args:
        tell: called with how many of how many are done.
        say: called with what a person should know: what is left out and why, and what cannot be as it should.

    Raises:
        DataError: nothing in one of the folders can be used; or any file cannot, with `on_bad_image: fail`.
    """
    files = _files(settings, sources, say)
    batches = [files[start : start + _BATCH] for start in range(0, len(files), _BATCH)]
    library, bad, opaque, done = Library(path), dict[_File, str](), list[str](), 0
    tell(done, len(files))
    for batch, decoded in zip(batches, cores.map(_decode, cores.put(settings), batches), strict=True):
        for file, result in zip(batch, decoded, strict=True):
            if isinstance(result, str):
                bad[file] = result
                continue
            _keep(library, file, result)
            if isinstance(result, Cutout) and not result.transparent:
                opaque.append(file.path)
        done += len(batch)
        tell(done, len(files))
    _tell_of_bad(settings, files, bad, say)
    if opaque:
        say(_opaque(opaque))
    return library


def _files(settings: GenerateSettings, sources: Sources, say: Callable[[str], None]) -> list[_File]:
    pairs = zip(sources.foregrounds, sources.labels, strict=True)
    files = [_File("foreground_image_root", file, label) for file, label in pairs]
    files += (_File("distractors_root", file) for file in sources.distractors)
    return files + [_File("background_image_root", file) for file in _backgrounds(settings, sources.backgrounds, say)]


def _backgrounds(settings: GenerateSettings, found: list[str], say: Callable[[str], None]) -> list[str]:
    """Those of ``found`` that `max_data_size` has room for, the same ones every time."""
    width, height, _ = settings.shape
    room = max(1, int(settings.max_data_size / (_COVERING * 3 * width * height)))
    if room >= len(found):
        return found
    say(f"{room:,} of {len(found):,} backgrounds are used, drawn by seed: more need a larger max_data_size")
    return sorted(random.Random(settings.seed).sample(found, room))


def _decode(settings: GenerateSettings, files: list[_File]) -> list[Cutout | Pixels | str]:
    """Runs on a worker: pixels, or the reason why there are none."""
    return [_decoded(settings, file) for file in files]


def _decoded(settings: GenerateSettings, file: _File) -> Cutout | Pixels | str:
    width, height, _ = settings.shape
    most = settings.occupancy_range[1] if settings.occupancy_range else 1.0
    try:
        if file.key == "background_image_root":
            return read_background(file.path, width, height)
        return read_cutout(file.path, most * width, most * height)
    except BadSourceError as error:
        return str(error)


def _keep(library: Library, file: _File, result: Cutout | Pixels) -> None:
    if not isinstance(result, Cutout):
        library.backgrounds.append(library.keep(result))
    elif file.key == "distractors_root":
        library.distractors.append(library.keep_cutout(result))
    else:
        library.foregrounds.append(library.keep_cutout(result))
        library.labels.append(file.label)


def _opaque(files: list[str]) -> str:
    named = ", ".join(files[:_NAMED]) + (", …" if len(files) > _NAMED else "")
    what = "foreground has" if len(files) == 1 else "foregrounds have"
    return f"WARNING: {len(files):,} {what} no alpha channel and will be pasted as rectangles: {named}"


def _tell_of_bad(
    settings: GenerateSettings, files: list[_File], bad: dict[_File, str], say: Callable[[str], None]
) -> None:
    """Say what is left out; what cannot be done without is an error."""
    listed = [f"{file.path}: {why}" for file, why in bad.items()]
    if listed and settings.on_bad_image == "fail":
        raise DataError([*listed, "on_bad_image is fail: mend these files or set it to skip"])
    for key in dict.fromkeys(file.key for file in files):
        if all(file in bad for file in files if file.key == key):
            raise DataError([f"{key}: no picture in {getattr(settings, key)} can be used:", *listed])
    for line in listed[:_LISTED]:
        say(f"left out: {line}")
    if len(listed) > _LISTED:
        say(f"left out: {len(listed) - _LISTED:,} more")
    labels = {file.label for file in files if file.label}
    for label in sorted(labels - {file.label for file in files if file not in bad}):
        say(f"WARNING: no picture of the class {label!r} can be used: there is no such class")
