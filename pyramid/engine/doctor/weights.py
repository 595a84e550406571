"""Which pretrained weights are on this machine. No TensorFlow."""

from pyramid.engine.doctor.facts import Fact, State, size
from pyramid.networks.weights import files
from pyramid.settings.networks import PUBLISHED

_WEIGHTS = "pretrained weights"


def weights() -> list[Fact]:
    """A fact for each network that has published weights; all of each file is read."""
    return [_network(name) for name in PUBLISHED]


def _network(name: str) -> Fact:
    path = files.path(name)
    try:
        there = size(path.stat().st_size)
    except OSError:
        return Fact(_WEIGHTS, name, f"not here: pyramid_weights fetch {name}, or import {name} FILE", State.ABSENT)
    try:
        problems = files.problems(name)
    except OSError as error:
        problems = [str(error)]
    if problems:
        return Fact(_WEIGHTS, name, f"{there}, damaged: {path}", State.WARNING, problems[0])
    return Fact(_WEIGHTS, name, f"{there} at {path}")
