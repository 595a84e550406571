"""What `pyramid_generate` is compared with: a plain loop over Pillow that makes the same scenes.

`pillow_loop` opens its files as it needs them; `pillow_loop_decoded` opens every file once, before the loop.
"""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image, ImageEnhance, ImageOps

#: x1, y1, x2, y2 in pixels, the last two exclusive, and the name of the folder of the foreground.
Box = tuple[int, int, int, int, str]

Foreground = tuple[Image.Image, str]

FLIPPED = 0.5
FOREGROUND_DEGREES, BACKGROUND_DEGREES = 15.0, 10.0

#: The longer side of a foreground, in sides of the picture.
SMALLEST, LARGEST = 0.15, 0.4

#: Brightness and contrast are multiplied by 1 - this to 1 + this.
STRENGTH = 0.2


def pillow_loop(
    foregrounds: list[Path], backgrounds: list[Path], output: Path, count: int, size: int, objects: int, seed: int
) -> list[list[Box]]:
    """Write ``count`` pictures of ``size`` × ``size`` pixels with ``objects`` foregrounds each, as output/NUMBER.png.

    Args:
        foregrounds: files with alpha, whose folder is the label.
        output: an existing folder.

    Returns:
        The boxes of each picture, in the order of pasting: tight around the alpha of the whole object.
    """
    rng = random.Random(seed)

    def choose() -> tuple[Image.Image, list[Foreground]]:
        background = _open_background(rng.choice(backgrounds), size)
        return background, [_open_foreground(rng.choice(foregrounds)) for _ in range(objects)]

    return _loop(choose, output, count, size, rng)


def pillow_loop_decoded(
    foregrounds: list[Path], backgrounds: list[Path], output: Path, count: int, size: int, objects: int, seed: int
) -> list[list[Box]]:
    """Like `pillow_loop`, with all files decoded, and the backgrounds scaled, once before the loop."""
    rng = random.Random(seed)
    decoded = [_open_foreground(path) for path in foregrounds]
    scaled = [_open_background(path, size) for path in backgrounds]

    def choose() -> tuple[Image.Image, list[Foreground]]:
        return rng.choice(scaled), [rng.choice(decoded) for _ in range(objects)]

    return _loop(choose, output, count, size, rng)


def _loop(
    choose: Callable[[], tuple[Image.Image, Sequence[Foreground]]],
    output: Path,
    count: int,
    size: int,
    rng: random.Random,
) -> list[list[Box]]:
    boxes = []
    for number in range(count):
        background, foregrounds = choose()
        picture = _augment_background(_crop(background, size, rng), rng)
        boxes.append([_paste(picture, foreground, rng) for foreground in foregrounds])
        picture.save(output / f"{number:08d}.png")
    return boxes


def _open_background(path: Path, size: int) -> Image.Image:
    """RGB, with a shorter side of ``size``."""
    with Image.open(path) as file:
        return ImageOps.cover(file.convert("RGB"), (size, size))


def _open_foreground(path: Path) -> Foreground:
    with Image.open(path) as file:
        return file.convert("RGBA"), path.parent.name


def _crop(picture: Image.Image, size: int, rng: random.Random) -> Image.Image:
    x, y = rng.randint(0, picture.width - size), rng.randint(0, picture.height - size)
    return picture.crop((x, y, x + size, y + size))


def _augment_background(picture: Image.Image, rng: random.Random) -> Image.Image:
    if rng.random() < FLIPPED:
        picture = ImageOps.mirror(picture)
    picture = picture.rotate(_turn(BACKGROUND_DEGREES, rng), Image.Resampling.BILINEAR)
    picture = ImageEnhance.Brightness(picture).enhance(_factor(rng))
    return ImageEnhance.Contrast(picture).enhance(_factor(rng))


def _augment_foreground(picture: Image.Image, size: int, rng: random.Random) -> Image.Image:
    if rng.random() < FLIPPED:
        picture = ImageOps.mirror(picture)
    picture = picture.rotate(_turn(FOREGROUND_DEGREES, rng), Image.Resampling.BILINEAR, expand=True)
    side = round(rng.uniform(SMALLEST, LARGEST) * size)
    picture = ImageOps.contain(picture, (side, side), Image.Resampling.BILINEAR)
    return ImageEnhance.Brightness(picture).enhance(_factor(rng))


def _paste(picture: Image.Image, foreground: Foreground, rng: random.Random) -> Box:
    image, label = foreground
    image = _augment_foreground(image, picture.width, rng)
    image = image.crop(image.getbbox())
    x, y = rng.randint(0, picture.width - image.width), rng.randint(0, picture.height - image.height)
    picture.paste(image, (x, y), image)
    return x, y, x + image.width, y + image.height, label


def _turn(most: float, rng: random.Random) -> float:
    return rng.uniform(-most, most)


def _factor(rng: random.Random) -> float:
    return rng.uniform(1 - STRENGTH, 1 + STRENGTH)
