"""The augmentations that settings may name, with their strengths, and what each does to a picture."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pyramid.settings.objectives import BOUNDING_BOX

TRAINING = "training"
GENERATED = "the foregrounds of generated pictures"
DETECTION = "training with boxes"

#: What else than a training may be augmented.
FOREGROUNDS = "foregrounds"
BACKGROUNDS = "backgrounds"


@dataclass(frozen=True)
class Augmentation:
    """What must be known of an augmentation before anything heavy is imported.

    Attributes:
        default: the strength n that null stands for.
        most: the largest n.
        meaning: for the README.
        switch: it is on or off, and n is 1.
        for_what: whose pictures may be changed in this way.
    """

    default: float
    most: float
    meaning: str
    switch: bool = False
    for_what: str = TRAINING

    @property
    def training(self) -> bool:
        """Whether it changes the pictures of every training."""
        return self.for_what == TRAINING


AUGMENTATIONS: dict[str, Augmentation] = {
    "blur": Augmentation(
        0.5, 1, "Shrinks to x times the size, x between 1 - n and 1, and enlarges again, both bilinear. Always."
    ),
    "brightness": Augmentation(0.1, 1, "Adds between -255 n and 255 n to every pixel. Always."),
    "color_invert": Augmentation(1, 1, "v becomes 255 - v in half of the pictures.", switch=True),
    "contrast": Augmentation(
        0.25, 1, "v becomes m + (v - m)(1 + c), c between -n and n, m the mean of the channel. Always."
    ),
    "cutout": Augmentation(
        0.25, 1, "A rectangle of n times the width and the height, inside the picture and of its mean colour; in half."
    ),
    "deform": Augmentation(
        0.25,
        1,
        "Moves one corner, in or out, by n times the width and the height at most, and the rest in perspective; in"
        " half. For the foregrounds of generated pictures only.",
        for_what=GENERATED,
    ),
    "gaussian_noise": Augmentation(0.1, 1, "Normal noise with a standard deviation of n v on a value v; in half."),
    "glare": Augmentation(
        0.1,
        1,
        "A white ellipse with random foci that fades outwards; the part that is white by half or more is"
        " between 0 and n of the picture; in half.",
    ),
    "height_shift": Augmentation(0.1, 1, "Moves up or down by n times the height at most. Always."),
    "horizontal_flip": Augmentation(1, 1, "Left becomes right in half of the pictures.", switch=True),
    "mixup": Augmentation(
        0.1,
        1,
        "With probability n mixes a picture with another, half and half or nearly so, and keeps the boxes of both. For"
        " boxes only.",
        for_what=DETECTION,
    ),
    "mosaic": Augmentation(
        0.5,
        1,
        "With probability n puts a picture together with three others, each in a corner, about a random centre. For"
        " boxes only.",
        for_what=DETECTION,
    ),
    "rotation": Augmentation(10, 180, "Turns about the centre by -n to n degrees. Always."),
    "shear": Augmentation(10, 89, "Slants sideways about the centre by -n to n degrees. Always."),
    "tint": Augmentation(
        0.1, 1, "Multiplies each channel of a random subset by a factor of its own between 1 - n and 1 + n; in half."
    ),
    "vertical_flip": Augmentation(1, 1, "Top becomes bottom in half of the pictures.", switch=True),
    "width_shift": Augmentation(0.1, 1, "Moves left or right by n times the width at most. Always."),
    "zoom": Augmentation(0.1, 0.99, "Scales about the centre by 1 - n to 1 + n. Always."),
}

#: Names that mean others.
ALIASES = {"flip_horizontal": "horizontal_flip", "flip_vertical": "vertical_flip"}


def strengths(names: Iterable[str], ranges: Mapping[str, float] | None, use: str) -> dict[str, float]:
    """Every augmentation that is applied, with its n; ``ranges`` replaces ``names``.

    Args:
        use: the objective of the training, or FOREGROUNDS or BACKGROUNDS.
    """
    chosen = _chosen(names, ranges)
    return {name: chosen[name] for name in AUGMENTATIONS if _has_effect(name, use) and chosen.get(name)}


def warnings(names: Iterable[str], ranges: Mapping[str, float] | None, use: str) -> list[str]:
    """What a person should know of the augmentations that were named."""
    idle = [name for name, n in _chosen(names, ranges).items() if n and not _has_effect(name, use)]
    what = use if use in (FOREGROUNDS, BACKGROUNDS) else "this training"
    return [f"WARNING: {name} is for {AUGMENTATIONS[name].for_what} only: it has no effect on {what}" for name in idle]


def _has_effect(name: str, use: str) -> bool:
    facts = AUGMENTATIONS[name]
    where = {DETECTION: BOUNDING_BOX, GENERATED: FOREGROUNDS}
    return facts.training or use == where[facts.for_what]


def _chosen(names: Iterable[str], ranges: Mapping[str, float] | None) -> dict[str, float]:
    return {name: float(AUGMENTATIONS[name].default) for name in names} if ranges is None else dict(ranges)
