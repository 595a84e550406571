"""The tables of keys and augmentations in the README, made from the settings: ``python -m pyramid.report.keys``."""

import json
from collections.abc import Collection
from typing import Any

from pyramid.settings.augmentations import AUGMENTATIONS
from pyramid.settings.check_generate import GENERATION_ONLY
from pyramid.settings.generate import GenerateSettings
from pyramid.settings.train import Row, TrainSettings


def markdown() -> str:
    """All keys of a training configuration, then those of a row, each with type, default and meaning."""
    return "\n".join([*_table(TrainSettings), "", "A row of `training_data` has the keys", "", *_table(Row)])


def generation() -> str:
    """The keys of a generation that no training has."""
    return "\n".join(_table(GenerateSettings, GENERATION_ONLY))


def augmentations() -> str:
    """All augmentations with the range of their strength n, its default and what it does."""
    lines = ["| augmentation | n | default | what it does |", "| --- | --- | --- | --- |"]
    for name, facts in AUGMENTATIONS.items():
        bounds = "on or off" if facts.switch else f"0 to {facts.most:g}"
        lines.append(f"| `{name}` | {bounds} | {'on' if facts.switch else f'{facts.default:g}'} | {facts.meaning} |")
    return "\n".join(lines)


def _table(model: type[TrainSettings] | type[Row], keys: Collection[str] | None = None) -> list[str]:
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
        return "row" if key["$ref"].endswith("Row") else "object of strengths"
    members = key.get("anyOf") or key.get("oneOf")
    if members:
        return " or ".join(dict.fromkeys(_type(member) for member in members if member.get("type") != "null"))
    if key.get("type") == "array":
        items = key.get("prefixItems")
        inner = ", ".join(map(_type, items)) if items else _type(key.get("items", {}))
        return f"list of {inner}" if not items else f"[{inner}]"
    if key.get("type") == "object":
        return f"object of {_type(key.get('additionalProperties', {}))}"
    return f"{key.get('type', 'any')}{_range(key)}"


def _range(key: dict[str, Any]) -> str:
    signs = (("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"), ("exclusiveMaximum", "<"))
    bounds = [f"{sign} {key[name]}" for name, sign in signs if name in key]
    return f" {', '.join(bounds)}" if bounds else ""


if __name__ == "__main__":
    print(augmentations(), markdown(), generation(), sep="\n\n")
