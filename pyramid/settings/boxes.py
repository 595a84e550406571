"""A box around an object, as documents give it: [x1, y1, x2, y2, class] in pixels of the original picture."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field


def _class(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


#: NaN and infinity are let through: such boxes are counted and left out later, as other useless ones.
_Coordinate = Annotated[float, Field(strict=True, allow_inf_nan=True)]

_Class = Annotated[str, BeforeValidator(_class)]

Box = Annotated[
    tuple[_Coordinate, _Coordinate, _Coordinate, _Coordinate, _Class],
    Field(strict=False),
]

#: The most boxes of one picture that are learned.
MOST_BOXES = 128

#: What sensenet serves by default: scores above this, boxes that overlap less than that, so many objects of a picture.
SERVED_SCORE, SERVED_IOU, SERVED_OBJECTS = 0.5, 0.5, 32

#: What mAP is measured on, as in COCO: it asks for the weak ones, too.
LEAST_SCORE, MOST_OBJECTS = 0.05, 100

#: Intersection over union from which a predicted box is taken for an object.
FOUND_IOU = 0.5
