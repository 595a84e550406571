"""A JSON document -> settings, or every problem that it has, each with its path and value."""

import difflib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from pyramid.errors import ConfigError
from pyramid.settings.boxes import Box
from pyramid.settings.common import Document
from pyramid.settings.generate import GenerateSettings
from pyramid.settings.pictures import PictureSettings
from pyramid.settings.ranges import Ranges
from pyramid.settings.relations import relations
from pyramid.settings.search_space import Bounds, SearchSpace
from pyramid.settings.train import ROW_KEYS, Row, TrainSettings

Settings = TypeVar("Settings", bound=PictureSettings)


def read_document(path: str | Path) -> dict[str, Any]:
    """The JSON object in the file ``path``.

    Raises:
        ConfigError: the file is missing, unreadable, not JSON, or not an object.
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8-sig"), object_pairs_hook=unique_keys)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError([f"{path}: cannot read the configuration: {reason}"]) from error
    except json.JSONDecodeError as error:
        raise ConfigError([f"{path}: not JSON: {error.msg} at line {error.lineno}, column {error.colno}"]) from error
    except (RecursionError, ValueError) as error:  # nested too deep, or a number of thousands of digits
        raise ConfigError([f"{path}: not JSON that can be read: {error}"]) from error
    if not isinstance(document, dict):
        raise ConfigError([f"{path}: must hold one JSON object, but holds {_shown(document)}"])
    return document


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which no key is there twice: the first would be lost without a word."""
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {_shown(twice)} is there twice in one object")
    return made


def check(document: dict[str, Any]) -> tuple[TrainSettings, list[str]]:
    """Validate the configuration of a training; see `check_as`."""
    return check_as(TrainSettings, document, relations)


def check_as(
    kind: type[Settings], document: dict[str, Any], rules: Callable[[Settings, set[str]], list[str]]
) -> tuple[Settings, list[str]]:
    """Validate ``document``.

    Args:
        rules: (settings, keys with a problem) -> the problems between keys.

    Returns:
        The settings, in which a key with a problem has its default and rows with a problem are left out, and all
        problems.
    """
    if not isinstance(document, dict) or not all(isinstance(key, str) for key in document):
        raise ConfigError([f"must be an object with keys that are strings, but got {_shown(document)}"])
    try:
        settings = kind.model_validate(document)
        return settings, rules(settings, set())
    except ValidationError as error:
        details = error.errors(include_url=False)
    settings, broken = _without_broken(kind, document, details)
    return settings, problems_of(details, kind) + rules(settings, broken)


_BOXES = TypeAdapter(list[Box])


def read_boxes(place: str, boxes: Any) -> tuple[list[Box], list[str]]:
    """The boxes that were found at ``place``, and every problem of them."""
    try:
        return _BOXES.validate_python(boxes), []
    except ValidationError as error:
        return [], [place + problem for problem in problems_of(error.errors(include_url=False))]


def _without_broken(kind: type[Settings], document: dict[str, Any], details: list[Any]) -> tuple[Settings, set[str]]:
    """The settings of what is right, and the keys that were left out. Rows keep the place that they had."""
    places = [detail["loc"] for detail in details]
    rows = {key: {place[2] for place in places if place[0] == key and len(place) > 2} for key in ROW_KEYS}
    broken = {str(place[0]) for place in places if place[0] not in ROW_KEYS or len(place) <= 2}
    kept = {
        key: [i for i in range(len(document[key])) if i not in bad]
        for key, bad in rows.items()
        if bad and key not in broken
    }
    broken |= {key for key, indices in kept.items() if not indices}
    good = {key: value for key, value in document.items() if key not in broken}
    good |= {key: [document[key][i] for i in indices] for key, indices in kept.items() if indices}
    settings = kind.model_validate(good)
    for key, indices in kept.items():
        for row, place in zip(getattr(settings, key) or [], indices, strict=False):
            row.at(place)
    return settings, broken


def problems_of(details: list[Any], kind: type[Document] = TrainSettings) -> list[str]:
    """One line per place; a value that fits no member of a union has several details there.

    Args:
        kind: of the document, whose keys are known.
    """
    by_place: dict[str, list[Any]] = {}
    for detail in details:
        by_place.setdefault(_path(detail), []).append(detail)
    return [_line(place, of_place, kind) for place, of_place in by_place.items()]


def _line(place: str, details: list[Any], kind: type[Document]) -> str:
    first = details[0]
    if first["type"] == "extra_forbidden":
        return f"{place}: unknown key{_nearest(first['loc'], kind)}"
    if first["type"] == "missing":
        return f"{place}: is required"
    if first["type"] == "model_type" and not place.startswith(tuple(f"{key}[" for key in ROW_KEYS)):
        return f"{place}: must be an object, but got {_shown(first['input'])}"
    if first["type"] == "list_type" and place in ROW_KEYS:
        return f"{place}: must be a list of rows or a path, but got {_shown(first['input'])}"
    rules = dict.fromkeys(_RULES.get(detail["type"]) or _rule(detail) for detail in details)
    return f"{place}: {' or '.join(rules)}, but got {_shown(first['input'])}"


#: Rules that pydantic words for people who know Python.
_RULES = {
    "model_type": "must be an object {file, label} or {file, boxes}",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "string_too_short": "must not be empty",
}


def _rule(detail: Any) -> str:
    if detail["type"] in ("too_short", "too_long"):
        return _number_of_items(**detail["ctx"])
    message: str = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return message.replace("should be", "must be").replace("should have", "must have")


#: What pydantic adds to a location to tell which member of a union was tried; it is no part of the path.
_UNION_MEMBERS = ("list[", "constrained-", "function-", "bool", "int", "float", "str", "tuple[", "dict[", "<")


def _number_of_items(
    actual_length: int | None, min_length: int | None = None, max_length: int | None = None, **_: Any
) -> str:
    bound = f"{min_length} or more" if min_length is not None else f"at most {max_length}"
    return "must not be empty" if min_length == 1 else f"must have {bound} items"


def _path(detail: Any) -> str:
    path = ""
    unknown_key = len(detail["loc"]) - 1 if detail["type"] == "extra_forbidden" else None
    for i, part in enumerate(detail["loc"]):
        if isinstance(part, int):
            path += f"[{part}]"
        elif not path:
            path = _name(part)
        elif i == unknown_key or not (part == "[key]" or part.startswith(_UNION_MEMBERS)):
            path += f".{_name(part)}"
    return path


def _name(key: str) -> str:
    """A key that may be anything, in one short line."""
    return key if key.isidentifier() and len(key) <= 80 else _shown(key)


def _nearest(place: tuple[int | str, ...], kind: type[Document]) -> str:
    if len(place) == 1 and place[0] in GenerateSettings.model_fields:
        return "; it belongs to pyramid_generate"
    known = (kind if len(place) == 1 else _inner(place)).model_fields
    close = difflib.get_close_matches(str(place[-1]), known, n=1)
    return f'; did you mean "{close[0]}"?' if close else ""


def _inner(place: tuple[int | str, ...]) -> type[Document]:
    """What the unknown key at ``place``, inside a key, should have been a key of."""
    if place[0] == "search_space":
        return SearchSpace if len(place) == 2 else Bounds
    return Ranges if str(place[0]).endswith("augmentation_ranges") else Row


def _shown(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):  # from Python anything may come
        return f"what JSON has no words for ({type(value).__name__})"
    return text if len(text) <= 80 else text[:77] + "…"
