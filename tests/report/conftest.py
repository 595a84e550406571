"""Consoles that write into a string, and results to report."""

import io
from copy import deepcopy

import pytest

from pyramid.cli.process import console

REPORT = {
    "best": "simple_randomly_initialize",
    "selection_metric": "likelihood",
    "final_model": "/results/final_model.json",
    "stopped_by_user": False,
    "data": {
        "objective": "categorical",
        "rows": 1234,
        "training_rows": 1000,
        "holdout_rows": 231,
        "classes": {"cat": 200, "dog": 1031},
        "value_range": [],
        "bad_images": [],
        "notes": [],
        "boxes_left_out": {},
        "boxes_told": [],
    },
    "input_image_shape": [64, 48, 3],
    "augmentations": {},
    "anchors": {},
    "other_inputs": {},
    "candidates": [
        {
            "name": "simple_residual_randomly_initialize",
            "network": "simple_residual",
            "method": "randomly_initialize",
            "status": "finished",
            "reason": "its time was up",
            "traceback": "",
            "metrics": {"likelihood": 0.5, "accuracy": 0.75, "auc": None, "ndcg": 0.6, "max_phi": 0.4},
            "iterations": 300,
            "checks": 4,
            "checked_rows": 231,
            "images_per_second": 850.4,
            "seconds": {"tracing": 3.0, "elapsed": 59.6},
            "placement": None,
            "at_start": {},
            "per_class": {},
        },
        {
            "name": "simple_randomly_initialize",
            "network": "simple",
            "method": "randomly_initialize",
            "status": "finished",
            "reason": "its time was up",
            "traceback": "",
            "metrics": {"likelihood": 0.87654, "accuracy": 0.9876, "auc": 0.9, "ndcg": 0.8, "max_phi": 0.7},
            "iterations": 12345,
            "checks": 20,
            "checked_rows": 231,
            "images_per_second": 6789.1,
            "seconds": {"tracing": 1.0, "elapsed": 185.2},
            "placement": None,
            "at_start": {},
            "per_class": {},
        },
    ],
    "seconds": {"ray": 5.0},
}


@pytest.fixture
def report():
    """What results.json holds after the training of a classifier; a copy to change."""
    return deepcopy(REPORT)


@pytest.fixture
def numeric_report(report):
    """The same of values from -2 to 1,000."""
    report["data"] |= {"objective": "numeric", "classes": {}, "value_range": [-2.0, 31.25, 1000.0]}
    report["selection_metric"] = "r_squared"
    for candidate, r_squared in zip(report["candidates"], (0.25, 0.5), strict=True):
        candidate["metrics"] = {
            "r_squared": r_squared,
            "mean_squared_error": -16.5,
            "mean_absolute_error": -3.25,
            "median_absolute_error": -2.75,
            "spearman": 0.625,
        }
    return report


class Screen(io.StringIO):
    """Takes what is printed, as a terminal would."""

    def isatty(self):
        return True


@pytest.fixture
def make_console(monkeypatch):
    """Make the console of the command; ``text`` tells what it printed."""
    monkeypatch.setenv("TERM", "xterm")

    def make(width=120, terminal=False):
        out = Screen() if terminal else io.StringIO()
        made = console(out)
        made.width = width
        made.text = out.getvalue
        return made

    return make
