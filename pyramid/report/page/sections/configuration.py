"""What was asked for, and what made the page."""

import importlib.metadata
import json
import platform
from typing import Any

from pyramid import __version__
from pyramid.report.page.contents import Contents
from pyramid.report.page.html import Section, details, table
from pyramid.report.texts import seconds

_PACKAGES = {"tensorflow": "TensorFlow", "ray": "Ray", "bigml-sensenet": "sensenet", "numpy": "numpy"}

#: Letters of a value.
_LONGEST = 300


def configuration(contents: Contents) -> Section:
    """Every key with its value, the seconds of each part of the job, and versions."""
    parts = []
    if contents.config:
        rows = [(key, _value(value)) for key, value in contents.config.items()]
        shown = table("Every key, with what was decided where nothing was given", ["key", "value"], rows, (0, 1))
        parts.append(details("config.json", shown))
    spent = (contents.results or {}).get("seconds") or {}
    if spent:
        rows = [(key.replace("_", " "), seconds(value)) for key, value in spent.items()]
        parts.append(details("Where the time went", table("Time of each part", ["part", "time"], rows)))
    parts.append(table("Versions with which this page was made", ["package", "version"], versions().items(), (0, 1)))
    return Section("configuration", "Configuration and versions", parts)


def _value(value: Any) -> str:
    written = json.dumps(value, ensure_ascii=False)
    if len(written) <= _LONGEST:
        return written
    of = f" ({len(value):,} items)" if isinstance(value, list | dict) else ""
    return f"{written[:_LONGEST]}…{of}"


def versions() -> dict[str, str]:
    """Of pyramid, Python and the packages that decide what a model is."""
    found = {"pyramid": __version__, "Python": platform.python_version()}
    for package, shown in _PACKAGES.items():
        try:
            found[shown] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[shown] = "not installed"
    return found
