"""The tables of keys and augmentations in the README, made from the settings: ``python -m pyramid.report.keys``."""

import json
from collections.abc import Collection
from typing import Any

from pyramid.settings.augmentations import AUGMENTATIONS
from pyramid.settings.base_settings import BaseSettings
from pyramid.settings.check_generate import GENERATION_ONLY
from pyramid.settings.columns import KINDS
from pyramid.settings.deepnet_settings import DeepnetSettings
from pyramid.settings.generate import GenerateSettings
from pyramid.settings.pictures import PictureSettings
from pyramid.settings.search import SearchSettings
from pyramid.settings.search_space import SearchSpace
from pyramid.settings.train import Row, TrainSettings


def markdown() -> str:
    """All keys of a training configuration, then those of a row, each with type, default and meaning."""
    return "\n".join([*_table(TrainSettings), "", "A row of `training_data` has the keys", "", *_table(Row)])


def generation() -> str:
    """The keys of a generation that no training has."""
    return "\n".join(_table(GenerateSettings, GENERATION_ONLY))


def jobs() -> str:
    """The keys of a job that no training by `pyramid_train` has."""
    return "\n".join(_table(BaseSettings, BaseSettings.model_fields.keys() - TrainSettings.model_fields.keys()))


def search() -> str:
    """The keys of a search that no training by `pyramid_train` has, or that mean something else there."""
    of_networks = DeepnetSettings.model_fields.keys() - TrainSettings.model_fields.keys()
    return "\n".join(_table(SearchSettings, SearchSettings.__annotations__.keys() | of_networks))


def augmentations() -> str:
    """All augmentations with the range of their strength n, its default and what it does."""
    lines = ["| augmentation | n | default | what it does |", "| --- | --- | --- | --- |"]
    for name, facts in AUGMENTATIONS.items():
        bounds = "on or off" if facts.switch else f"0 to {facts.most:g}"
        lines.append(f"| `{name}` | {bounds} | {'on' if facts.switch else f'{facts.default:g}'} | {facts.meaning} |")
    return "\n".join(lines)


def _table(model: type[PictureSettings] | type[Row], keys: Collection[str] | None = None) -> list[str]:
    schema = model.model_json_schema()
    lines = ["| key | type and range | default | meaning |", "| --- | --- | --- | --- |"]
    for name, key in schema["properties"].items():
        if keys is not None and name not in keys:
            continue
        default = "**required**" if name in schema.get("required", []) else _default(key.get("default"))
        lines.append(f"| `{name}` | {_type(key)} | {default} | {key.get('description', '')} |")
    return lines


def _default(value: Any) -> str:
    return "–" if value is None else f"`{json.dumps(value)}`"


def _type(key: dict[str, Any]) -> str:
    if "enum" in key:
        return ", ".join(f"`{value}`" for value in key["enum"])
    if "const" in key:
        return f"`{key['const']}`"
    if "$ref" in key:
        name = key["$ref"].rsplit("/", 1)[-1]
        named = {"Row": "row"} | {kind.__name__: "column" for kind in KINDS.values()}
        named[SearchSpace.__name__] = "object of values, lists and ranges"
        return named.get(name, "object of strengths")
    members = key.get("anyOf") or key.get("oneOf")
    if members:
        return " or ".join(dict.fromkeys(_type(member) for member in members if member.get("type") != "null"))
    if key.get("type") == "array":
        items = key.get("prefixItems")
        inner = ", ".join(map(_type, items)) if items else _type(key.get("items", {}))
        return f"list of {inner}" if not items else f"[{inner}]"
    if key.get("type") == "object":
        values = key.get("additionalProperties", {})
        return f"object of {_type(values)}" if isinstance(values, dict) else "object"
    return f"{key.get('type', 'any')}{_range(key)}"


def _range(key: dict[str, Any]) -> str:
    signs = (("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"), ("exclusiveMaximum", "<"))
    bounds = [f"{sign} {key[name]}" for name, sign in signs if name in key]
    return f" {', '.join(bounds)}" if bounds else ""


if __name__ == "__main__":
    print(augmentations(), markdown(), jobs(), generation(), search(), sep="\n\n")
