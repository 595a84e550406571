"""The page of a model that was measured on other data."""

from pathlib import Path

from pyramid.prediction.evaluate import Evaluated
from pyramid.report.page.contents import Contents
from pyramid.report.page.page import write_report


def write_evaluation_page(evaluated: Evaluated, data: str, path: Path) -> None:
    """Write it to ``path``; ``data`` is the path of the data."""
    model = evaluated.model.path
    title = f"{model.parent.name or model.name} on {Path(data).name}"
    contents = Contents(title, evaluated.evaluation, model, intervals=evaluated.measured.metrics, notes=evaluated.notes)
    contents.comparison = evaluated.comparison
    write_report(contents, path)
