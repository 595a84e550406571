"""TrainSettings: what `pyramid_train` reads."""

import math
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, PrivateAttr, Tag, model_validator

from pyramid.settings.boxes import Box
from pyramid.settings.common import Document, Path
from pyramid.settings.pictures import PictureSettings


def _label(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("must be a string or a number")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must be a finite number")
    return value


Side = Annotated[float, Field(strict=True, ge=1, le=8192)]
Label = Annotated[int | float | str, BeforeValidator(_label)]


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


class TrainSettings(PictureSettings):
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
