"""Curves keep their shape when most of their points go."""

import numpy as np
import pytest

from pyramid.report.page.plots import LINES, thinned
from pyramid.report.page.statistics import tradeoff


def rare(rows: int, of_class: int, seed: int = 0):
    """A good classifier's curves of a class with few rows."""
    rng = np.random.default_rng(seed)
    truth = np.arange(rows) < of_class
    return tradeoff(truth, rng.normal(size=rows) + 3 * truth)


@pytest.mark.parametrize("of_class", [3, 20, 2000])
def test_a_curve_of_few_points_lies_where_the_whole_one_does(of_class: int) -> None:
    found = rare(10_000, of_class)
    for x, y in ((found.found, found.precision), (found.false, found.found)):
        some_x, some_y = thinned(x, y)
        assert len(some_x) <= 200
        assert (some_x[0], some_y[0], some_x[-1], some_y[-1]) == (x[0], y[0], x[-1], y[-1])
        assert farthest(np.stack([x, y], 1), np.stack([some_x, some_y], 1)) < 0.02


def farthest(points: np.ndarray, line: np.ndarray) -> float:
    """The largest distance from one of ``points`` to the ``line``."""
    start, along = line[:-1], np.diff(line, axis=0)
    across = points[:, np.newaxis] - start
    share = np.clip((across * along).sum(-1) / np.maximum((along**2).sum(-1), 1e-30), 0, 1)
    return float(np.linalg.norm(across - share[..., np.newaxis] * along, axis=-1).min(axis=1).max())


def test_short_curves_and_those_that_stand_still_stay() -> None:
    assert thinned([1, 2, 3], [3, 3, 3])[0].tolist() == [1, 2, 3]
    x, y = thinned(np.zeros(500), np.zeros(500))
    assert len(x) == len(y) <= 200


def test_series_differ_by_their_dashes_too() -> None:
    assert len({str(line["linestyle"]) for line in LINES}) == len(LINES) == 8
