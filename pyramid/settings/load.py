"""A JSON document -> settings, or every problem that it has, each with its path and value."""

import difflib
import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pyramid.errors import ConfigError
from pyramid.settings.relations import relations
from pyramid.settings.train import TrainSettings


def read_document(path: str | Path) -> dict[str, Any]:
    """The JSON object in the file ``path``.

    Raises:
        ConfigError: the file is missing, unreadable, not JSON, or not an object.
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError([f"{path}: cannot read the configuration: {reason}"]) from error
    except json.JSONDecodeError as error:
        raise ConfigError([f"{path}: not JSON: {error.msg} at line {error.lineno}, column {error.colno}"]) from error
    if not isinstance(document, dict):
        raise ConfigError([f"{path}: must hold one JSON object, but holds {_shown(document)}"])
    return document


def check(document: dict[str, Any]) -> tuple[TrainSettings, list[str]]:
    """Validate ``document``.

    Returns:
        The settings, in which a key with a problem has its default, and all problems.
    """
    problems, broken = [], set()
    try:
        settings = TrainSettings.model_validate(document)
    except ValidationError as error:
        problems = _problems(error)
        broken = {str(detail["loc"][0]) for detail in error.errors(include_url=False)}
        settings = TrainSettings.model_validate({k: v for k, v in document.items() if k not in broken})
    return settings, problems + relations(settings, broken)


def _problems(error: ValidationError) -> list[str]:
    """One line per place; a value that fits no member of a union has several details there."""
    by_place: dict[str, list[Any]] = {}
    for detail in error.errors(include_url=False):
        by_place.setdefault(_path(detail), []).append(detail)
    return [_line(place, details) for place, details in by_place.items()]


def _line(place: str, details: list[Any]) -> str:
    first = details[0]
    if first["type"] == "extra_forbidden":
        return f"{place}: unknown key{_nearest(first['loc'])}"
    if first["type"] == "missing":
        return f"{place}: is required"
    rules = dict.fromkeys(_rule(detail) for detail in details)
    return f"{place}: {' or '.join(rules)}, but got {_shown(first['input'])}"


def _rule(detail: Any) -> str:
    message: str = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return message.replace("should be", "must be").replace("should have", "must have")


#: What pydantic adds to a location to tell which member of a union was tried; it is no part of the path.
_UNION_MEMBERS = ("list[", "constrained-", "function-", "bool", "int", "float", "str", "tuple[", "dict[", "<")


def _path(detail: Any) -> str:
    path = ""
    for part in detail["loc"]:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not path:
            path = part
        elif part != "[key]" and not part.startswith(_UNION_MEMBERS):
            path += f".{part}"
    return path


def _nearest(place: tuple[int | str, ...]) -> str:
    from pyramid.settings.train import Row

    known = TrainSettings.model_fields if len(place) == 1 else Row.model_fields
    close = difflib.get_close_matches(str(place[-1]), known, n=1)
    return f'; did you mean "{close[0]}"?' if close else ""


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:77] + "…"
