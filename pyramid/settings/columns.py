"""`info_list`: what each column of a table is."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from pyramid.settings.common import Document, NotNegative
from pyramid.settings.objectives import BOUNDING_BOX, CATEGORICAL, NUMERIC

IMAGE = "image"


class Column(Document):
    """What all columns say.

    ``name`` is that of the column in a table with names; without it the columns are taken in order.
    """

    type: str
    index: int = Field(ge=0, description="The column's place in a row that is given to the finished model.")
    name: str | None = Field(None, description="The column's name in a table that has names.")


class NumericColumn(Column):
    """A column of numbers, with its moments or the two values that become 0 and 1."""

    type: Literal["numeric"]
    mean: float | None = None
    stdev: NotNegative | None = None
    zero_value: float | None = None
    one_value: float | None = None

    @property
    def moments(self) -> tuple[float, float]:
        """What is subtracted from a value, and what it is divided by then: 1 for a constant column."""
        if self.mean is not None and self.stdev is not None:
            return self.mean, self.stdev or 1.0
        zero, one = self.zero_value or 0.0, 1.0 if self.one_value is None else self.one_value
        return zero, (one - zero) or 1.0


class CategoricalColumn(Column):
    """A column of categories; a row has the place of its category in ``values``, negative when it is missing."""

    type: Literal["categorical"]
    values: list[str] = Field(min_length=1)


class ImageColumn(Column):
    """A column of file names, relative to `image_root`."""

    type: Literal["image"]


class BoxColumn(Column):
    """An objective of boxes, with the names of their classes."""

    type: Literal["bounding_box"]
    values: list[str] = Field(min_length=1)


#: The value of `type` -> what such a column says.
KINDS: dict[str, type[Column]] = {
    NUMERIC: NumericColumn,
    CATEGORICAL: CategoricalColumn,
    IMAGE: ImageColumn,
    BOUNDING_BOX: BoxColumn,
}


def _known(value: Any) -> Any:
    if isinstance(value, dict) and value.get("type") not in list(KINDS):  # it may be anything, a list too
        raise ValueError(f"must have a type that is one of {', '.join(KINDS)}")
    return value


def _kind(value: Any) -> str:
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return f"<{kind}>" if isinstance(kind, str) and kind in KINDS else "<numeric>"


#: Told apart by `type`, so that an error speaks of that kind alone.
AnyColumn = Annotated[
    Annotated[NumericColumn, Tag("<numeric>")]
    | Annotated[CategoricalColumn, Tag("<categorical>")]
    | Annotated[ImageColumn, Tag("<image>")]
    | Annotated[BoxColumn, Tag("<bounding_box>")],
    Discriminator(_kind),
    BeforeValidator(_known),
]


class Table:
    """The columns of a table by what they are for: the inputs first, then the weight if there is one, the objective.

    Attributes:
        columns: all of them, in order.
    """

    def __init__(self, columns: Sequence[Column], weighted: bool):
        """``weighted``: the column before the last one is the weight of the row."""
        self.columns = list(columns)
        self.weighted = weighted

    @property
    def inputs(self) -> list[Column]:
        return self.columns[: -2 if self.weighted else -1]

    @property
    def images(self) -> int:
        """How many of the inputs are pictures."""
        return sum(isinstance(column, ImageColumn) for column in self.inputs)

    @property
    def objective(self) -> Column:
        return self.columns[-1]

    @property
    def outputs(self) -> int:
        """Columns that the objective takes in an array: one for each class, or one."""
        return len(self.objective.values) if isinstance(self.objective, CategoricalColumn) else 1

    @property
    def classes(self) -> list[str]:
        """The classes of the objective; empty for numbers."""
        values = getattr(self.objective, "values", [])
        return list(values)

    @property
    def moments(self) -> tuple[float, float]:
        """Mean and standard deviation of the objective; 0 and 1 for classes."""
        return self.objective.moments if isinstance(self.objective, NumericColumn) else (0.0, 1.0)

    def widths(self, features: int = 0) -> list[int]:
        """How many columns of an array each input takes.

        Args:
            features: of an image.
        """
        return [_width(column, features) for column in self.inputs]

    def problems(self) -> Iterator[str]:
        """Every rule that the columns break between themselves."""
        if len(self.columns) < (3 if self.weighted else 2):
            yield (
                "info_list: must have an input,"
                + (" the weight" if self.weighted else "")
                + f" and the objective, but has {len(self.columns)} columns"
            )
            return
        for i, column in enumerate(self.columns):
            yield from _own_problems(f"info_list[{i}]", column)
        yield from _upside_down(f"info_list[{len(self.columns) - 1}]", self.objective)
        if isinstance(self.objective, ImageColumn):
            yield f"info_list[{len(self.columns) - 1}]: the objective, which is last, must not be an image"
        if self.weighted and not isinstance(self.columns[-2], NumericColumn):
            yield f"info_list[{len(self.columns) - 2}]: the weight, which comes before the objective, must be numeric"
        for i, column in enumerate(self.inputs):
            if isinstance(column, BoxColumn):
                yield f"info_list[{i}]: boxes must be the objective, which is last"


def _width(column: Column, features: int) -> int:
    if isinstance(column, CategoricalColumn):
        return len(column.values)
    return features if isinstance(column, ImageColumn) else 1


_MOMENTS = ["mean", "stdev"]
_VALUES = ["zero_value", "one_value"]


def _upside_down(place: str, objective: Column) -> Iterator[str]:
    """An input may be turned upside down, but the objective's unit is that of errors, which are not negative."""
    if not isinstance(objective, NumericColumn) or None in (objective.zero_value, objective.one_value):
        return
    if objective.moments[1] < 0:
        values = f"zero_value, {objective.zero_value:g}, must be below one_value, {objective.one_value:g}"
        yield f"{place}: {values}, in the objective; exchange them"


def _own_problems(place: str, column: Column) -> Iterator[str]:
    if isinstance(column, NumericColumn):
        given = [key for key in (*_MOMENTS, *_VALUES) if getattr(column, key) is not None]
        if given not in (_MOMENTS, _VALUES, _MOMENTS + _VALUES):
            told = ", ".join(given) or "none of them"
            yield f"{place}: must have mean and stdev, or zero_value and one_value, but has {told}"
    elif isinstance(column, CategoricalColumn | BoxColumn) and len(set(column.values)) < len(column.values):
        twice = next(value for value in column.values if column.values.count(value) > 1)
        yield f"{place}.values: must be different, but {twice!r} is there twice"
