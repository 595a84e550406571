"""Small sources, and what is made of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from pyramid import api
from pyramid.data.augment.draws import WIDTH, columns
from pyramid.engine.spread.cores import cores
from pyramid.generation.collect import collect
from pyramid.generation.decode import read_cutout
from pyramid.generation.job import Summary
from pyramid.generation.library import Kept, Library
from pyramid.generation.scene import Object
from pyramid.generation.sources import find_sources
from pyramid.generation.studio import Studio
from pyramid.settings.generate import GenerateSettings

Pixels = npt.NDArray[np.uint8]

RED, GREEN, BLUE, WHITE, GREY = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (128, 128, 128)

#: Labels of the two classes of `write_sources`, and their colours.
CLASSES = {"green": GREEN, "red": RED}


def opaque(width: int, height: int, colour: tuple[int, int, int], around: int = 0) -> Pixels:
    """A full rectangle of ``width`` x ``height`` with so many transparent pixels ``around``: uint8 [h, w, 4]."""
    pixels = np.zeros((height + 2 * around, width + 2 * around, 4), np.uint8)
    pixels[around : around + height, around : around + width] = (*colour, 255)
    return pixels


def soft(width: int, height: int, seed: int = 0) -> Pixels:
    """White, with any alpha, and fewer opaque pixels towards the border: uint8 [height, width, 4]."""
    rng = np.random.default_rng(seed)
    x, y = (np.linspace(-1, 1, side) for side in (width, height))
    fading = np.clip(1.2 - np.hypot(x, y[:, np.newaxis]), 0, 1)
    pixels = np.full((height, width, 4), 255, np.uint8)
    pixels[..., 3] = 255 * np.clip(2 * fading * rng.random((height, width)), 0, 1)
    return pixels


def write(path: Path, pixels: npt.NDArray[Any], **options: Any) -> Path:
    """Save ``pixels`` in the new file ``path``, and make its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def plain(width: int, height: int, colour: tuple[int, int, int] = (0, 0, 0)) -> Pixels:
    """One colour, uint8 [height, width, 3]."""
    return np.full((height, width, 3), colour, np.uint8)


def write_sources(folder: Path, per_class: int = 2, side: int = 16) -> Path:
    """Write foregrounds/green and foregrounds/red, each full rectangles of its colour, and two blue backgrounds."""
    for label, colour in CLASSES.items():
        for i in range(per_class):
            write(folder / "foregrounds" / label / f"{i}.png", opaque(side, side - 4 * i, colour, around=2))
    for i in range(2):
        write(folder / "backgrounds" / f"{i}.png", plain(96, 64, (0, 0, 60 + 60 * i)))
    return folder


def document_of(folder: Path, **keys: Any) -> dict[str, Any]:
    """A configuration on the sources in ``folder``, which writes to its ``out``; with ``keys`` in it."""
    document: dict[str, Any] = {
        "foreground_image_root": str(folder / "foregrounds"),
        "objective_type": "bounding_box",
        "output_directory": str(folder / "out"),
        "generated_dataset_size": 10,
        "input_image_shape": [32, 32, 3],
        "blending": ["none"],
    }
    if (folder / "backgrounds").is_dir():
        document["background_image_root"] = str(folder / "backgrounds")
    return document | keys


def settings_of(folder: Path, **keys: Any) -> GenerateSettings:
    """Settings of `document_of`, on any shape of pictures."""
    return GenerateSettings.model_validate(document_of(folder, **keys))


def library_of(settings: GenerateSettings, path: Path, say: Callable[[str], None] = lambda line: None) -> Library:
    """All sources of ``settings``, decoded in this process into the file ``path``."""
    path.unlink(missing_ok=True)
    sources, problems = find_sources(settings)
    assert problems == []
    with cores(1, on_ray=False) as here:
        return collect(settings, sources, here, path, lambda done, total: None, say)


def studio_of(folder: Path, **keys: Any) -> Studio:
    """Makes the pictures of `document_of`."""
    settings = settings_of(folder, **keys)
    return Studio(settings, library_of(settings, folder / "library"))


def generate(folder: Path, /, resume: bool = False, overwrite: bool = False, workers: int = 1, **keys: Any) -> Summary:
    """Run the job of `document_of`."""
    return api.generate(document_of(folder, **keys), resume=resume, overwrite=overwrite, workers=workers)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file in ``folder``, at any depth: path -> content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def config_in(output: Path) -> dict[str, Any]:
    """The configuration that was written for training."""
    document: dict[str, Any] = json.loads((output / "config.json").read_text(encoding="utf-8"))
    return document


def pixels_in(path: Path) -> Pixels:
    """What is in the file, uint8 [height, width, 3]."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def box_around(seen: npt.NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """x1, y1, x2, y2 of the true pixels of ``seen`` [height, width]."""
    rows, across = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    return int(across[0]), int(rows[0]), int(across[-1]) + 1, int(rows[-1]) + 1


def drawn(**numbers: Any) -> npt.NDArray[np.float32]:
    """Draws of one picture: everything 0.5 but what is given by the name of its augmentation."""
    row = np.full(WIDTH, 0.5, np.float32)
    for name, values in numbers.items():
        row[columns(name)] = values
    return row


def thing(
    which: int = 0,
    x: float = 0.0,
    y: float = 0.0,
    occupancy: float | None = None,
    labelled: bool = True,
    draws: npt.NDArray[np.float32] | None = None,
) -> Object:
    """An object that is not augmented, or by ``draws``."""
    return Object(which, labelled, occupancy, x, y, drawn() if draws is None else draws)


def kept_of(path: Path, pixels: Pixels, wanted: float = 1e6) -> tuple[Kept, Pixels]:
    """What a library knows of ``pixels``, and has of them, after they were saved in ``path``.

    Args:
        wanted: the longest side that is wanted of it, in pixels.
    """
    cutout = read_cutout(str(write(path, pixels)), wanted, wanted)
    library = Library(path.with_suffix(".library"))
    library.path.unlink(missing_ok=True)
    kept = library.keep_cutout(cutout)
    return kept, library.pixels(kept.place)
