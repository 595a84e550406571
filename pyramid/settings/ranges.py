"""`augmentation_ranges`: a key for each augmentation."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, PlainValidator, WithJsonSchema, create_model, model_validator

from pyramid.settings.augmentations import ALIASES, AUGMENTATIONS, Augmentation
from pyramid.settings.common import Document


class _Aliased(Document):
    """Takes the other names of augmentations, too."""

    @model_validator(mode="before")
    @classmethod
    def _rename(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        for alias, name in ALIASES.items():
            if alias in given and name in given:
                raise ValueError(f"{alias} and {name} are the same: use one of them")
        return {ALIASES.get(name, name): value for name, value in given.items()}


def _strength(facts: Augmentation) -> Callable[[Any], float]:
    """What a value stands for: null and true for the default, false for 0; of a switch any number is on or off."""

    def check(value: Any) -> float:
        if value is None or value is True:
            return float(facts.default)
        if not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
            raise ValueError("must be a finite number, true, false or null")
        if facts.switch:
            return float(bool(value))
        if not 0 <= value <= facts.most:
            raise ValueError(f"must be at least 0 and at most {facts.most:g}")
        return float(value)

    return check


def _field(facts: Augmentation) -> Any:
    number = {"type": "number"} if facts.switch else {"type": "number", "minimum": 0, "maximum": facts.most}
    schema = {"anyOf": [number, {"type": "boolean"}, {"type": "null"}], "default": None}
    kind = Annotated[float | None, PlainValidator(_strength(facts)), WithJsonSchema(schema)]
    return kind, Field(None, description=facts.meaning)


def values(ranges: "Ranges | None") -> dict[str, float] | None:
    """The strengths that ``ranges`` names; None when there are none."""
    return None if ranges is None else ranges.model_dump(exclude_none=True)


if TYPE_CHECKING:
    Ranges = _Aliased
else:  # strengths n, 0 for off; None where a document has no such key
    Ranges = create_model("Ranges", __base__=_Aliased, **{name: _field(facts) for name, facts in AUGMENTATIONS.items()})
