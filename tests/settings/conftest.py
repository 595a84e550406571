"""A configuration without problems, to change in one place."""

from collections.abc import Callable
from typing import Any

import pytest

from pyramid.settings import load
from pyramid.settings.train import TrainSettings

Document = dict[str, Any]


@pytest.fixture
def document() -> Document:
    """Two rows of two classes, without problems; `output_directory` is given but never looked at."""
    rows = [{"file": "a.png", "label": "cat"}, {"file": "b.png", "label": "dog"}]
    return {"training_data": rows, "output_directory": "results"}


@pytest.fixture
def problems(document: Document) -> Callable[..., list[str]]:
    """The problems of the configuration without problems after the given keys were changed."""
    return lambda **changes: load.check(document | changes)[1]


@pytest.fixture
def valid(document: Document) -> Callable[..., TrainSettings]:
    """The settings of the configuration without problems after the given keys were changed; still no problems."""

    def settings(**changes: Any) -> TrainSettings:
        made, found = load.check(document | changes)
        assert found == []
        return made

    return settings
