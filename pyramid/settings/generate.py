"""GenerateSettings: what `pyramid_generate` reads."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from pyramid.settings.augmentations import BACKGROUNDS, FOREGROUNDS, strengths, warnings
from pyramid.settings.common import NotNegative, OneOf, Path, Unit
from pyramid.settings.objectives import BOUNDING_BOX
from pyramid.settings.pictures import AugmentationName
from pyramid.settings.ranges import Ranges, values
from pyramid.settings.train import TrainSettings

#: How an object may be laid over its background.
BLENDINGS = ("none", "gaussian", "poisson")

#: The folder of generated files, in `output_directory`, and their endings.
TRAIN = "train"
ENDINGS = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}

#: [width, height, 3] of the pictures when the settings say nothing.
DEFAULT_SHAPE = [224, 224, 3]

#: The most objects of one kind that are pasted onto a picture.
MOST_OBJECTS = 32

#: Objects may be larger than the picture, and are cut off then; but not without end.
MOST_OCCUPANCY = 10


class GenerateSettings(TrainSettings):
    """The keys of `pyramid_generate`; those of a training are copied for it."""

    model_config = ConfigDict(
        json_schema_extra={"required": ["foreground_image_root", "objective_type", "output_directory"]}
    )

    objective_type: Literal["categorical", "bounding_box"] | None = Field(
        None, description="Whether the pictures have a class each, or boxes."
    )
    foreground_image_root: Path | None = Field(
        None,
        description="Folder with a folder of pictures for each class, at any depth; pictures that lie in it directly"
        " have the empty class.",
    )
    background_image_root: Path | None = Field(
        None,
        description="Folder of backgrounds; those in folders inside it are not used. Without it all backgrounds are"
        " synthetic.",
    )
    distractors_root: Path | None = Field(
        None, description="Folder of objects, at any depth, that are pasted as well but have no label."
    )
    generated_dataset_size: int = Field(1000, ge=1, le=10**8, description="How many pictures are made.")
    max_foreground_images: int = Field(
        1, ge=0, le=MOST_OBJECTS, description="The most objects in a picture; each number from 1 on is as likely."
    )
    max_distractors: int = Field(
        2,
        ge=0,
        le=MOST_OBJECTS,
        description="The most objects from `distractors_root`; each number from 0 on is as likely.",
    )
    empty_image_rate: Unit = Field(0.0, description="Share of pictures without a labelled object.")
    background_label: str = Field("background", description="The class of a picture without objects (`categorical`).")
    constant_box_label: str | None = Field(
        None, description="One class for all boxes, instead of their folders' names."
    )
    bounding_box_margin: int = Field(0, ge=0, le=8192, description="Pixels that a box is widened by on each side.")
    minimum_visibility: Unit = Field(
        0.25,
        description="An object of which less than this share is left, in the picture and not covered, has no label.",
    )
    occupancy_range: Annotated[
        tuple[NotNegative, NotNegative] | None,
        Field(
            strict=False,
            description="[least, most] of the larger of width and height of an object, as shares of the picture's;"
            f" up to {MOST_OCCUPANCY}, and cut off above 1. By default objects have the size of their files.",
        ),
    ] = None
    foreground_image_augmentations: list[AugmentationName] = Field(
        default=[], description="Augmentations of the objects, at their default strengths."
    )
    foreground_augmentation_ranges: Ranges | None = Field(
        None, description="The same with their strengths; replaces `foreground_image_augmentations`."
    )
    background_image_augmentations: list[AugmentationName] = Field(
        default=[], description="Augmentations of the backgrounds, at their default strengths."
    )
    background_augmentation_ranges: Ranges | None = Field(
        None, description="The same with their strengths; replaces `background_image_augmentations`."
    )
    random_background_rate: Unit = Field(
        0.0, description="Share of pictures with a synthetic background: a colour, with or without simple shapes."
    )
    blending: list[Annotated[str, OneOf(BLENDINGS)]] = Field(
        default=["none", "gaussian"],
        min_length=1,
        description="How objects are laid over the background, one of these at random for each picture: as they are,"
        " with softened edges, or in the background's light (slow).",
    )
    image_format: Literal["png", "jpeg", "webp"] = Field("png", description="The files; `png` loses nothing.")
    image_quality: int = Field(90, ge=1, le=100, description="Of `jpeg` and `webp`: higher is better and larger.")

    @property
    def shape(self) -> list[int]:
        """[width, height, 3] of the pictures."""
        return self.input_image_shape or DEFAULT_SHAPE

    @property
    def has_objects(self) -> bool:
        """Whether any picture may have a labelled object."""
        return self.max_foreground_images > 0 and self.empty_image_rate < 1

    @property
    def has_backgrounds(self) -> bool:
        """Whether any picture may have a background from a file."""
        return self.background_image_root is not None and self.random_background_rate < 1

    @property
    def has_distractors(self) -> bool:
        """Whether any picture may have an object without a label."""
        return self.distractors_root is not None and self.max_distractors > 0

    @property
    def foreground_augmentations(self) -> dict[str, float]:
        """Every augmentation of the objects, with its strength."""
        return strengths(*self._foregrounds)

    @property
    def background_augmentations(self) -> dict[str, float]:
        """Every augmentation of the backgrounds, with its strength."""
        return strengths(*self._backgrounds)

    @property
    def _foregrounds(self) -> tuple[list[str], dict[str, float] | None, str]:
        return self.foreground_image_augmentations, values(self.foreground_augmentation_ranges), FOREGROUNDS

    @property
    def _backgrounds(self) -> tuple[list[str], dict[str, float] | None, str]:
        return self.background_image_augmentations, values(self.background_augmentation_ranges), BACKGROUNDS

    @property
    def notes(self) -> list[str]:
        """What is allowed, but hardly meant."""
        boxes = self.objective_type == BOUNDING_BOX
        idle = {
            "background_label": boxes and "boxes are learned",
            "constant_box_label": not boxes and "classes are learned",
            "bounding_box_margin": not boxes and "classes are learned",
            "distractors_root": self.max_distractors == 0 and "max_distractors is 0",
            "max_distractors": self.distractors_root is None and "there is no distractors_root",
            "background_image_root": self.random_background_rate == 1 and "random_background_rate is 1",
            "random_background_rate": self.background_image_root is None and "there is no background_image_root",
            "foreground_image_root": not self.has_objects and "no picture has an object",
            "image_quality": self.image_format == "png" and "png loses nothing",
        }
        told = [
            f"WARNING: {key} has no effect: {why}" for key, why in idle.items() if why and key in self.model_fields_set
        ]
        if self.occupancy_range and "zoom" in self.foreground_augmentations:
            told.append("WARNING: zoom has no effect on foregrounds: occupancy_range sets their sizes")
        return [*warnings(*self._foregrounds), *warnings(*self._backgrounds), *told]
