"""Versions of what pyramid runs on, read without importing it, and what the extras would bring."""

import sys
from importlib import metadata
from typing import Any

from pyramid import __version__
from pyramid.engine.doctor.facts import Fact, State

_PROJECT = "bigml-pyramid"

#: What is worth a line, in this order.
_SHOWN = ("tensorflow", "tf-keras", "ray", "bigml-sensenet", "shapsplain", "numpy", "pyarrow", "opencv-python-headless")

#: Extras for people who work on pyramid itself.
_NOT_SHOWN = ("test", "benchmark")

_PYTHONS = ((3, 11), (3, 13))

_VERSIONS, _EXTRAS = "versions", "extras"


def packages() -> list[Fact]:
    """The versions, and the extras."""
    return [*_versions(), *_extras()]


def _versions() -> list[Fact]:
    wanted = _requirements()
    here = sys.version_info[:2]
    fits = _PYTHONS[0] <= here <= _PYTHONS[1]
    advice = "" if fits else "use Python 3.11, 3.12 or 3.13: TensorFlow has no other"
    python = Fact(_VERSIONS, "Python", sys.version.split()[0], State.GOOD if fits else State.WRONG, advice)
    names = [*_SHOWN, *(name for name in wanted if name not in _SHOWN)]
    facts = [_version(name, wanted.get(name)) for name in names]
    shown = [fact for fact in facts if fact.name in _SHOWN or fact.state != State.GOOD]
    return [Fact(_VERSIONS, "pyramid", __version__), python, *shown]


def _version(name: str, wanted: Any) -> Fact:
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Fact(_VERSIONS, name, "not installed", State.WRONG, "run bin/install again")
    if wanted is not None and not wanted.specifier.contains(version, prereleases=True):
        advice = f"pyramid wants {wanted.specifier}: run bin/install again"
        return Fact(_VERSIONS, name, version, State.WARNING, advice)
    return Fact(_VERSIONS, name, version)


def _requirements(extra: str = "") -> dict[str, Any]:
    """Name of a package -> what pyramid requires of it, for ``extra`` or always."""
    try:
        from packaging.requirements import Requirement

        all_of = [Requirement(line) for line in metadata.requires(_PROJECT) or []]
    except (ImportError, metadata.PackageNotFoundError):  # run from a folder that was never installed
        return {}
    if extra:
        chosen = [r for r in all_of if r.marker and "extra" in str(r.marker) and r.marker.evaluate({"extra": extra})]
    else:
        chosen = [r for r in all_of if not r.marker or r.marker.evaluate({"extra": ""})]
    return {requirement.name: requirement for requirement in chosen}


def _extras() -> list[Fact]:
    try:
        names = metadata.metadata(_PROJECT).get_all("Provides-Extra") or []
    except metadata.PackageNotFoundError:
        return []
    return [_extra(name) for name in names if name not in _NOT_SHOWN]


def _extra(name: str) -> Fact:
    missing = [package for package, wanted in _requirements(name).items() if not _has(package, wanted)]
    if not missing:
        return Fact(_EXTRAS, name, "installed")
    return Fact(_EXTRAS, name, f"not installed: pip install '{_PROJECT}[{name}]'", State.ABSENT)


def _has(package: str, wanted: Any) -> bool:
    """Whether ``package`` is there, with what its own extras bring."""
    try:
        metadata.version(package)
        requires = metadata.requires(package) or []
    except metadata.PackageNotFoundError:
        return False
    from packaging.requirements import Requirement

    for line in requires if wanted.extras else ():
        inner = Requirement(line)
        asked = any(inner.marker and inner.marker.evaluate({"extra": extra}) for extra in wanted.extras)
        if asked and "extra" in str(inner.marker) and not _has(inner.name, Requirement(inner.name)):
            return False
    return True
