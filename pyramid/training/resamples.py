"""How far the metrics of a network hang on which rows it is evaluated on."""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from pyramid.errors import DataError
from pyramid.settings.metrics import METRICS
from pyramid.settings.objectives import CATEGORICAL
from pyramid.training.resampled_metrics import RESAMPLED

#: How many resamples the evaluations of a submodel have: `evaluations.json` of the child-process contract.
RESAMPLES = 128

#: Any number, but always the same: submodels are compared on the same resamples.
_SEED = 20_240_229

#: Counts of rows in resamples that are in memory at once; a metric takes some ten times their 16 MB.
_CELLS = 2_000_000


def draw(rows: int, resamples: int = RESAMPLES) -> npt.NDArray[np.int64]:
    """The rows of each bootstrap resample (Efron 1979), ``rows`` of them with replacement: [resamples, rows].

    The same for the same number of rows; fewer resamples are the first ones of more.
    """
    return _generator(rows).integers(rows, size=(resamples, rows))


def _generator(rows: int) -> np.random.Generator:
    return np.random.default_rng([_SEED, rows])


def resampled(
    names: Iterable[str], truth: npt.ArrayLike, predicted: npt.ArrayLike, resamples: int = RESAMPLES
) -> list[dict[str, float | None]]:
    """The metrics ``names`` of each resample of the rows, None for one that is not defined there.

    Each is what `pyramid.training.metrics.measure` gives for the rows that were drawn. Of a network that predicted
    NaN or infinity for any row every metric is None, as in a check of the holdout.

    Args:
        names: keys of `RESAMPLED`, all of the same objective.
        truth: class indices or values, [n].
        predicted: probabilities [n, classes], or values [n] in the unit of ``truth``.

    Raises:
        DataError: there are no rows, not as many predictions as rows, or the truth cannot be compared with them.
    """
    names, true, guess = list(names), np.asarray(truth, np.float64), np.asarray(predicted, np.float64)
    _check(true, guess, 2 if set(names) & set(METRICS[CATEGORICAL]) else 1)
    if not np.isfinite(guess).all():
        return [dict.fromkeys(names) for _ in range(resamples)]
    return [one for counts in counted(len(true), resamples) for one in _measured(names, true, guess, counts)]


def _measured(
    names: list[str],
    truth: npt.NDArray[np.float64],
    predicted: npt.NDArray[np.float64],
    counts: npt.NDArray[np.float64],
) -> list[dict[str, float | None]]:
    """The metrics of each resample of ``counts``."""
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is not defined
        columns = [RESAMPLED[name](truth, predicted, counts).tolist() for name in names]
    return [
        {name: value if np.isfinite(value) else None for name, value in zip(names, values, strict=True)}
        for values in zip(*columns, strict=True)
    ]


def counted(rows: int, resamples: int) -> Iterator[npt.NDArray[np.float64]]:
    """How often each row is in each resample of `draw`, in blocks that bound memory: [rows, some resamples] each."""
    generator = _generator(rows)
    block = max(1, _CELLS // max(1, rows))
    for first in range(0, resamples, block):
        yield _counts(generator.integers(rows, size=(min(block, resamples - first), rows)))


def _counts(drawn: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """How often each row is in each resample: [resamples, n] -> [n, resamples]."""
    resamples, n = drawn.shape
    cells = drawn * resamples + np.arange(resamples)[:, np.newaxis]
    return np.bincount(cells.ravel(), minlength=n * resamples).reshape(n, resamples).astype(np.float64)


def _check(truth: npt.NDArray[np.float64], predicted: npt.NDArray[np.float64], dimensions: int) -> None:
    if truth.ndim != 1 or len(truth) == 0:
        raise DataError([f"evaluation data: expected the truth of one or more rows, got the shape {truth.shape}"])
    if predicted.ndim != dimensions or len(predicted) != len(truth):
        expected = f"[{len(truth)}]" if dimensions == 1 else f"[{len(truth)}, classes]"
        raise DataError([f"evaluation data: expected predictions of the shape {expected}, got {predicted.shape}"])
    unusable, rule = ~np.isfinite(truth), "a finite number"
    if dimensions == 2:
        classes = predicted.shape[1]
        unusable, rule = ~np.isin(truth, np.arange(classes)), f"a class index below {classes}"
    if unusable.any():
        row = int(np.argmax(unusable))
        raise DataError([f"evaluation data: the objective of row {row} must be {rule}, got {truth[row]:g}"])
