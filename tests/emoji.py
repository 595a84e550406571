"""Real pictures for a proof of `pyramid_generate`: emoji to paste, and photographs to paste them on.

    ~/.virtualenvs/pyramid/bin/python tests/emoji.py FOLDER

makes FOLDER/foregrounds and FOLDER/backgrounds to generate from, and FOLDER/held_out/foregrounds and
FOLDER/held_out/backgrounds, which have no picture in common with the former, to test on.

Nothing of them is in this project. They are fetched once, with npm and apt-get, into the folder that the environment
variable PYRAMID_TEST_DATA names, else into ~/.cache/pyramid_tests. The emoji, of the npm package
emoji-datasource-twitter, are Twemoji graphics: copyright Twitter, Inc and other contributors, licence CC-BY 4.0. The
photographs are scikit-image's and those of the Debian package mate-backgrounds (their licences are in the packages).
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

#: Fixed, so that the same emoji are held out wherever the figures are measured.
VERSION = "16.0.0"

#: The subcategories of Unicode that make up each class.
CLASSES: dict[str, tuple[str, ...]] = {
    "animal": ("animal-mammal", "animal-bird"),
    "face": (
        *("face-affection", "face-concerned", "face-glasses", "face-hand", "face-hat", "face-negative"),
        *("face-neutral-skeptical", "face-sleepy", "face-smiling", "face-tongue", "face-unwell"),
    ),
    "food": ("food-fruit", "food-vegetable", "food-prepared", "food-sweet"),
    "vehicle": ("transport-ground", "transport-air", "transport-water"),
}

#: What those subcategories hold besides: parts of animals, skulls, vessels, and things beside a road or at sea.
LEFT_OUT = frozenset(
    (
        *("feather", "feet", "pig_nose", "wing"),
        *("face_with_symbols_on_mouth", "skull", "skull_and_crossbones"),
        *("bowl_with_spoon", "canned_food", "salt"),
        *("anchor", "busstop", "construction", "fuelpump", "manual_wheelchair", "metro", "motorized_wheelchair"),
        *("motorway", "octagonal_sign", "oil_drum", "parachute", "railway_track", "ring_buoy", "roller_skate"),
        *("rotating_light", "satellite", "seat", "skateboard", "station", "traffic_light", "vertical_traffic_light"),
        "wheel",
    )
)

#: Those in scikit-image itself, without the ones that show a face, an animal or a vehicle (they would be unlabelled).
PHOTOGRAPHS = (
    *("brick.png", "camera.png", "coffee.png", "coins.png", "grass.png", "gravel.png", "hubble_deep_field.jpg"),
    "moon.png",
)

#: The longer side of a background at most, in pixels.
LONGEST = 1024

#: Seconds that npm or apt-get may take.
PATIENCE = 180

IMAGES = "package/img/twitter/64"
NATURE = "usr/share/backgrounds/mate/nature"


class Offline(Exception):  # noqa: N818 - it says what is the matter
    """The pictures cannot be fetched; ``str(error)`` is a reason to skip a test."""


def fetch(cache: Path | None = None) -> Path:
    """The folder of the emoji and of mate-backgrounds' photographs, fetched when it is not in ``cache`` yet.

    It holds emoji.json, images/\\*.png (64×64) and nature/\\*.jpg; it is complete or it is not there.

    Raises:
        Offline: npm, apt-get or dpkg is missing, fails or takes longer than ``PATIENCE``.
    """
    cache = cache or Path(os.environ.get("PYRAMID_TEST_DATA") or Path.home() / ".cache" / "pyramid_tests")
    fetched = cache / f"emoji-{VERSION}"
    if not fetched.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".fetching-") as temporary:
            _publish(_download(Path(temporary)), fetched)
    return fetched


def foregrounds(folder: Path, held_out: Path) -> None:
    """Write folder/CLASS/NAME.png for four fifths of the emoji of each class, and held_out/CLASS/NAME.png for the rest.

    Raises:
        Offline: see `fetch`.
    """
    fetched = fetch()
    for label, emoji in _emoji(fetched).items():
        kept = _part(emoji, 5)
        for name, image in emoji.items():
            target = (held_out if name in kept else folder) / label / f"{name}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(fetched / "images" / image, target)


def backgrounds(folder: Path, held_out: Path) -> None:
    """Write three quarters of the photographs to ``folder`` and the others to ``held_out``, ``LONGEST`` at most.

    Raises:
        Offline: see `fetch`.
        FileNotFoundError: scikit-image is not installed.
    """
    sources = [*_of_scikit_image(), *sorted((fetch() / "nature").glob("*.jpg"))]
    kept = _part([source.name for source in sources], 4)
    for source in sources:
        target = (held_out if source.name in kept else folder) / source.name
        target.parent.mkdir(parents=True, exist_ok=True)
        _shrink(source, target)


def _download(folder: Path) -> Path:
    """What `fetch` describes, made inside the empty ``folder``."""
    _run(["npm", "pack", "--loglevel=error", "--fetch-retries=1", f"emoji-datasource-twitter@{VERSION}"], folder)
    _run(["apt-get", "download", "mate-backgrounds"], folder)
    for package in folder.glob("mate-backgrounds_*.deb"):
        _run(["dpkg", "-x", package.name, "."], folder)
    for archive in folder.glob("*.tgz"):
        with tarfile.open(archive) as tar:
            wanted = [member for member in tar if member.name.startswith(("package/emoji.json", f"{IMAGES}/"))]
            tar.extractall(folder, wanted, filter="data")
    whole = folder / "whole"
    whole.mkdir()
    for source, name in (("package/emoji.json", "emoji.json"), (IMAGES, "images"), (NATURE, "nature")):
        (folder / source).rename(whole / name)
    return whole


def _publish(whole: Path, fetched: Path) -> None:
    try:
        whole.rename(fetched)
    except OSError:  # another process was quicker, and has fetched the same
        if not fetched.is_dir():
            raise


def _run(command: Sequence[str], folder: Path) -> None:
    shown = " ".join(command)
    try:
        subprocess.run(
            command,
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        raise Offline(f"{command[0]} is not installed, which fetches the pictures") from None
    except subprocess.TimeoutExpired:
        raise Offline(f"`{shown}` took longer than {PATIENCE} s") from None
    except subprocess.CalledProcessError as error:
        lines = [line.strip() for line in error.stderr.splitlines() if not line.startswith("W:")]  # warnings of apt-get
        raise Offline(f"`{shown}` failed: {' '.join(lines)[:300]}") from None


def _emoji(fetched: Path) -> dict[str, dict[str, str]]:
    """Class -> name -> file; the variants of skin and gender are not among them."""
    facts = json.loads((fetched / "emoji.json").read_text(encoding="utf-8"))
    shown = [fact for fact in facts if fact["has_img_twitter"] and fact["short_name"] not in LEFT_OUT]
    return {
        label: {fact["short_name"]: fact["image"] for fact in shown if fact["subcategory"] in subcategories}
        for label, subcategories in CLASSES.items()
    }


def _of_scikit_image() -> list[Path]:
    """Found without importing it; this module is a script too, which cannot import `tests.photographs`."""
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("scikit-image is not installed; run bin/install test")
    return [Path(spec.origin).parent / "data" / name for name in PHOTOGRAPHS]


def _part(names: Iterable[str], one_in: int) -> frozenset[str]:
    """One of ``one_in`` names, which depends on the names alone and not on their order."""
    shuffled = sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())
    return frozenset(shuffled[: len(shuffled) // one_in])


def _shrink(source: Path, target: Path) -> None:
    with Image.open(source) as picture:
        if max(picture.size) <= LONGEST:
            shutil.copyfile(source, target)
        else:
            picture.thumbnail((LONGEST, LONGEST))
            picture.save(target, quality=95)


def _write(folder: Path) -> None:
    """Make everything in ``folder``, which must be new or empty, or nothing."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".emoji-") as temporary:
        whole = Path(temporary) / "whole"
        foregrounds(whole / "foregrounds", whole / "held_out" / "foregrounds")
        backgrounds(whole / "backgrounds", whole / "held_out" / "backgrounds")
        whole.rename(folder)


def main() -> int:
    parser = argparse.ArgumentParser(description="Make FOLDER with real pictures to prove `pyramid_generate` on.")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="new or empty")
    folder: Path = parser.parse_args().folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        parser.error(f"{folder} is there already; name a new or an empty folder")
    try:
        _write(folder.absolute())
    except (Offline, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 2
    for inner in sorted({path.parent for path in folder.rglob("*.*") if path.is_file()}):
        print(f"{len(list(inner.iterdir())):5,}  {inner.relative_to(folder)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
