"""TrainSettings: what `pyramid_train` reads."""

import math
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, PrivateAttr, Tag, model_validator

from pyramid.settings.augmentations import ALIASES, AUGMENTATIONS, strengths, warnings
from pyramid.settings.base_settings import BaseSettings, Document, OneOf, Path
from pyramid.settings.boxes import Box
from pyramid.settings.metrics import METRICS
from pyramid.settings.networks import (
    DEFAULT_CANDIDATES,
    INITIAL_MODEL,
    NETWORKS,
    PRETRAINED_METHODS,
    PUBLISHED,
    TRAINING_METHODS,
)
from pyramid.settings.objectives import CATEGORICAL
from pyramid.settings.ranges import Ranges, values


def _label(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("must be a string or a number")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must be a finite number")
    return value


def _candidate(pair: Any) -> Any:
    if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(name, str) for name in pair):
        raise ValueError("must be a pair [network, training method] or [initial_model, path]")
    network, method = pair
    if network == INITIAL_MODEL:
        if not method:
            raise ValueError("must name the final_model.json to start from")
        return pair
    if network not in NETWORKS:
        raise ValueError(f"unknown network; use one of {', '.join(NETWORKS)}, or initial_model")
    if method not in TRAINING_METHODS:
        raise ValueError(f"unknown training method; use one of {', '.join(TRAINING_METHODS)}")
    if method in PRETRAINED_METHODS and network not in PUBLISHED:
        others = ", ".join(PUBLISHED)
        raise ValueError(f"{network} has no pretrained weights; use randomly_initialize, or one of {others}")
    return pair


def _augmentation(name: Any) -> Any:
    return ALIASES.get(name, name) if isinstance(name, str) else name


AugmentationName = Annotated[str, BeforeValidator(_augmentation), OneOf(AUGMENTATIONS)]
Side = Annotated[float, Field(strict=True, ge=1, le=8192)]
Label = Annotated[int | float | str, BeforeValidator(_label)]
Candidate = Annotated[list[str], BeforeValidator(_candidate), Field(min_length=2, max_length=2)]


class Row(Document):
    """One picture and what is known about it.

    ``place`` is its index in the list that it comes from, when rows before it were taken out.
    """

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["label"]}, {"required": ["boxes"]}]})

    _place: int | None = PrivateAttr(None)

    file: str = Field(min_length=1, description="Path of the picture, below `image_root`.")
    label: Label | None = Field(None, description="The class (a string) or the value (a number).")
    boxes: list[Box] | None = Field(
        None,
        description="Instead of `label`, the objects: x1, y1, x2, y2 in pixels of the original picture, (0, 0) at the"
        " top left, and the class.",
    )
    weight: float = Field(1.0, ge=0, allow_inf_nan=False, description="How much the row counts in training.")
    group: str | int | None = Field(
        None, description="Rows of one group stay on one side of the split into training data and holdout."
    )

    @model_validator(mode="after")
    def _says_one_thing(self) -> "Row":
        if (self.label is None) == (self.boxes is None):
            raise ValueError("must have either label or boxes")
        return self

    @property
    def place(self) -> int | None:
        return self._place

    def at(self, place: int) -> "Row":
        """The same row, with its place."""
        self._place = place
        return self


def _kind_of_rows(value: Any) -> str:
    return "<path>" if isinstance(value, str) else "<rows>"


#: Told apart by type, so that an error speaks of what was given alone.
Rows = Annotated[Annotated[list[Row], Tag("<rows>")] | Annotated[Path, Tag("<path>")], Discriminator(_kind_of_rows)]


#: The keys that hold rows.
ROW_KEYS = ("training_data", "validation_data")


class TrainSettings(BaseSettings):
    """The keys of a training configuration. `training_data` and `output_directory` are enough."""

    model_config = ConfigDict(json_schema_extra={"required": ["training_data", "output_directory"]})

    training_data: Rows | None = Field(
        None,
        description="A list of rows {file, label, weight, group} or {file, boxes, weight, group}; or the path of a"
        " folder of class folders, of a CSV, JSON or Parquet file with the columns file, label and, if wanted, weight"
        " and group, or of a COCO, Pascal VOC or YOLO data set.",
    )
    validation_data: Rows | None = Field(
        None, description="Rows to validate on, in the form of `training_data`; replaces the split."
    )
    input_image_shape: list[int] | None = Field(
        None,
        description="[width, height, 3] in pixels; by default from the sizes of the pictures, 224 at most. For boxes a"
        " square with sides that are a multiple of 32, by default 416 at most.",
    )
    rescale_type: Literal["warp", "pad", "crop"] = Field(
        "crop",
        description="How a picture of another aspect ratio is fitted: stretched, padded, or its centre cut out. For"
        " boxes always `pad`.",
    )
    image_network_candidates: list[Candidate] = Field(
        default=[list(pair) for pair in DEFAULT_CANDIDATES[CATEGORICAL]],
        min_length=1,
        description="Pairs [network, training method], each trained in turn. Networks: `simple`, `simple_residual`,"
        " `mobilenet`, `mobilenetv2`, `resnet18`, and for boxes `tinyyolov4` (the default there), `yolov4`; methods:"
        " `randomly_initialize`, and, but for `simple` and `simple_residual`, `fine_tune` and `use_pretrained`. Or a"
        " pair [`initial_model`, path of a `final_model.json`].",
    )
    initial_model: Path | None = Field(
        None, description="A `final_model.json` to start one more candidate from, beside `image_network_candidates`."
    )
    image_augmentations: list[AugmentationName] = Field(
        default=[], description="Augmentations of the training pictures, at their default strengths."
    )
    augmentation_ranges: Ranges | None = Field(
        None,
        description="Augmentations with their strengths n (null or true: the default; false or 0: off); replaces"
        " `image_augmentations`.",
    )
    augmentation_placement: Literal["auto", "trial", "workers"] = Field(
        "auto",
        description="Where pictures are augmented: in the trial that learns from them, by Ray Data on cores beside it,"
        " or where it is found to be faster.",
    )

    bounding_box_anchors: list[Annotated[tuple[Side, Side], Field(strict=False)]] | None = Field(
        None,
        min_length=2,
        max_length=64,
        description="Common sizes of boxes, [width, height] in pixels at the scale of `input_image_shape`; by default"
        " found by clustering, 6 for `tinyyolov4` and 9 for `yolov4`, which need 2 and 3 at least.",
    )
    strict_boxes: bool = Field(
        False, description="A box whose centre is outside its picture ends the job; else it is left out and counted."
    )

    max_total_time: float = Field(
        600.0, gt=0, description="Seconds from the first training step to the end of the last candidate."
    )
    selection_metric: Annotated[str, OneOf(m for ms in METRICS.values() for m in ms)] | None = Field(
        None,
        description="Metric of the holdout that chooses the best candidate; default `likelihood`, `r_squared` or, for"
        " boxes, `map_50`.",
    )
    cpus_per_trial: int | None = Field(
        None, ge=1, description="Cores of one candidate; by default all of the machine, or an equal part for each GPU."
    )
    gpus_per_trial: int | None = Field(
        None, ge=0, description="GPUs of one candidate; by default 1 where there are any."
    )
    on_bad_image: Literal["skip", "fail"] = Field(
        "skip", description="Leave out pictures that cannot be read (they are listed), or end the job."
    )
    allow_absolute_paths: bool = Field(False, description="Let `file` be absolute or lead out of `image_root`.")

    @property
    def networks(self) -> dict[int, tuple[str, str]]:
        """The pairs (network, training method) of `image_network_candidates`, by their place in it."""
        pairs = {i: (pair[0], pair[1]) for i, pair in enumerate(self.image_network_candidates)}
        return {i: pair for i, pair in pairs.items() if pair[0] != INITIAL_MODEL}

    @property
    def initial_models(self) -> dict[str, str]:
        """The models to start from: where they are named -> path."""
        pairs = enumerate(self.image_network_candidates)
        listed = {f"image_network_candidates[{i}]": pair[1] for i, pair in pairs if pair[0] == INITIAL_MODEL}
        return listed | ({"initial_model": self.initial_model} if self.initial_model else {})

    def augmentations(self, objective: str) -> dict[str, float]:
        """Every augmentation that training for ``objective`` applies, with its strength."""
        return strengths(self.image_augmentations, values(self.augmentation_ranges), objective)

    def warnings(self, objective: str) -> list[str]:
        """What is allowed, but hardly meant, in a training for ``objective``."""
        return warnings(self.image_augmentations, values(self.augmentation_ranges), objective)
