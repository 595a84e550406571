"""What several runs from Python share."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def ray_session() -> Iterator[None]:
    """One session for the runs of a module."""
    from pyramid.engine.session import session

    with session():
        yield
