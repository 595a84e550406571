"""`search_space`: which values of each configuration parameter a search may try.

The range of a parameter is that of the same key of a job (`DeepnetSettings`), from where it is taken.
"""

from dataclasses import dataclass
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, get_args

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, ValidationInfo, create_model
from pydantic import field_validator as validates

from pyramid.settings.common import Document
from pyramid.settings.deepnet_settings import DeepnetSettings
from pyramid.settings.deepnets import CONFIGURATION_PARAMETERS

#: The optimizers that a search tries when it may choose: those with a rate per weight, and plain momentum. The others
#: want learning rates of another order (adadelta, sgd) or are for sparse inputs (adagrad, ftrl).
ALGORITHMS_TRIED = ("adam", "nadam", "adamax", "rms_prop", "momentum")


@dataclass(frozen=True)
class Choice:
    """One of some values; of a single one there is nothing to choose."""

    values: tuple[Any, ...]

    def holds(self, value: Any) -> bool:
        """True is no 1 here."""
        return any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in self.values)


@dataclass(frozen=True)
class Range:
    """Any number from ``least`` to ``most``, both included; with ``log`` equal ratios are equally likely.

    Attributes:
        whole: only integers.
    """

    least: float
    most: float
    log: bool = False
    whole: bool = False

    def holds(self, value: Any) -> bool:
        number = isinstance(value, int if self.whole else int | float) and not isinstance(value, bool)
        return number and self.least <= value <= self.most


Distribution = Choice | Range


class Bounds(Document):
    """A range as a document gives it. ``log`` comes first, so that the rules of the others know it."""

    log: bool = Field(False, description="Equal ratios are equally likely; else equal differences.")
    min: Any = Field(description="The least value.")
    max: Any = Field(description="The largest value.")

    @validates("min")
    @classmethod
    def _has_logarithm(cls, value: Any, info: ValidationInfo) -> Any:
        if info.data.get("log") and value <= 0:
            raise ValueError("must be above 0 in a range with log")
        return value

    @validates("max")
    @classmethod
    def _leaves_room(cls, value: Any, info: ValidationInfo) -> Any:
        least = info.data.get("min")
        if least is not None and not value > least:
            raise ValueError(f"must be above min, which is {least}")
        return value


def _no_range(value: Any) -> Any:
    if isinstance(value, dict):
        raise ValueError("has no order, so no range: must be a value or a list of values")
    return value


def _different(values: list[Any]) -> list[Any]:
    if any(value in values[:i] for i, value in enumerate(values)):
        raise ValueError("must have different values")
    return values


def _form(value: Any) -> str:
    return "<range>" if isinstance(value, dict | Bounds) else "<list>" if isinstance(value, list) else "<value>"


def _type_of(name: str) -> tuple[Any, bool]:
    """The type of one value of a parameter, with its range; and whether it is a number."""
    field = DeepnetSettings.model_fields[name]
    kinds = [kind for kind in get_args(field.annotation) if kind is not NoneType] or [field.annotation]
    return Annotated[kinds[0], *(field.metadata or [None])], field.annotation in (int, float)


def _field(name: str) -> Any:
    one, number = _type_of(name)
    several: Any = Annotated[list[one], Field(min_length=1), AfterValidator(_different)]  # type: ignore[valid-type]
    forms: Any = Annotated[one, Tag("<value>")] | Annotated[several, Tag("<list>")]
    if number:
        bounds: Any = create_model(f"Range of {name}", __base__=Bounds, min=(one, ...), max=(one, ...))
        forms = forms | Annotated[bounds, Tag("<range>")]
    kind: Any = Annotated[forms, Discriminator(_form)]
    return kind if number else Annotated[kind, BeforeValidator(_no_range)], Field(
        None, description=DeepnetSettings.model_fields[name].description
    )


class _Space(Document):
    """A value, a list of values or a range for each parameter that is narrowed; the others are as by default."""

    def narrowed(self) -> dict[str, Distribution]:
        """The parameters that the document names."""
        given = {name: getattr(self, name) for name in CONFIGURATION_PARAMETERS if name in self.model_fields_set}
        return {name: _distribution(name, value) for name, value in given.items()}


def _distribution(name: str, given: Any) -> Distribution:
    if isinstance(given, Bounds):
        return Range(given.min, given.max, given.log, DeepnetSettings.model_fields[name].annotation is int)
    return Choice(tuple(given) if isinstance(given, list) else (given,))


if TYPE_CHECKING:
    SearchSpace = _Space
else:
    SearchSpace = create_model(
        "SearchSpace",
        __base__=_Space,
        __doc__=_Space.__doc__,
        **{name: _field(name) for name in CONFIGURATION_PARAMETERS},
    )
