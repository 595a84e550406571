"""Where exports are written, and that nothing else is replaced by them."""

import os
import shutil
from pathlib import Path

from pyramid.errors import ConfigError
from pyramid.finalize.exports.formats import Format, looks_like


def targets(model: Path, formats: list[Format], output: str | None) -> dict[str, Path]:
    """Format name -> the file or folder that is written: beside ``model``, or where ``output`` says.

    ``output`` is the file or folder itself for one format, or a folder for files and for several formats.

    Raises:
        ConfigError: something is there that is no export, or that no export can be made in.
    """
    places = _places(model, formats, output)
    problems = [problem for form in formats for problem in _problems(form, places[form.name], model)]
    if problems:
        raise ConfigError(problems)
    return places


def _places(model: Path, formats: list[Format], output: str | None) -> dict[str, Path]:
    if output is None:
        return {form.name: model.with_name(model.stem + form.ending) for form in formats}
    place = Path(output).expanduser()
    if len(formats) == 1 and (formats[0].folder or not (place.is_dir() or output.endswith(("/", os.sep)))):
        return {formats[0].name: place}
    if place.exists() and not place.is_dir():
        raise ConfigError([f"output: {output} is a file, but {len(formats)} formats need a folder; name one"])
    return {form.name: place / (model.stem + form.ending) for form in formats}


def files_of(form: Format, place: Path) -> list[Path]:
    """What is written at ``place``: itself, and the files beside it."""
    start = place.name.removesuffix(form.ending) if place.name.endswith(form.ending) else place.stem
    return [place, *(place.with_name(start + ending) for ending in form.beside)]


def _problems(form: Format, place: Path, model: Path) -> list[str]:
    parent = next(folder for folder in place.absolute().parents if folder.exists())
    if not parent.is_dir():
        return [f"output: a part of {place} is a file; name another place"]
    if not os.access(parent, os.W_OK):
        return [f"output: cannot write to {parent}; name another place with --output"]
    if any(os.path.realpath(path) == os.path.realpath(model) for path in files_of(form, place)):
        return [f"output: {place} is the model itself; name another place"]
    if not form.folder and place.suffix != Path(f"x{form.ending}").suffix:
        return [f"output: must end in {form.ending}, or be a folder that is there, but got {place}"]
    if form.folder and place.exists() and not place.is_dir():
        return [f"output: {place} is a file, but {form.name} is a folder; name a folder"]
    for path in files_of(form, place):
        if path.exists() and not looks_like(form, path):
            return [f"output: {path} is there and no export of {form.name}; remove it or name another place"]
    return []


def put_in_place(form: Format, made: Path, place: Path) -> None:
    """Move what was made at ``made``, in a scratch folder on the same disk, to ``place``."""
    place.parent.mkdir(parents=True, exist_ok=True)
    pairs = list(zip(files_of(form, made), files_of(form, place), strict=True))
    if form.folder and place.exists():  # a folder that is not empty cannot be replaced
        os.replace(place, made.with_name("earlier"))
    for new, path in pairs[::-1]:
        os.replace(new, path)
    shutil.rmtree(made.with_name("earlier"), ignore_errors=True)
