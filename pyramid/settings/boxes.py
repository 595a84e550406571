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
