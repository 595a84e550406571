"""Which of the results is the best."""

from collections.abc import Iterable

from pyramid.training.candidate import Result


def rank(results: Iterable[Result], metric: str) -> list[Result]:
    """The results that have a value of ``metric``, the best first; of equals the one that was listed first."""
    usable = [result for result in results if result.metrics.get(metric) is not None]
    return sorted(usable, key=lambda result: -float(result.metrics[metric] or 0.0))
