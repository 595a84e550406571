"""Small evaluations and results for pages, and a page as its elements."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pyramid.finalize.evaluation import Evaluation
from pyramid.report.page.contents import Contents

#: What a page must not take for its own markup.
AWKWARD = "<b>&\"'</script>$x$"


def categorical(rows: int = 60, classes: int = 3, files: list[str] | None = None, seed: int = 0) -> Evaluation:
    """A classifier that is right more often than not."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, rows)
    logits = rng.normal(size=(rows, classes))
    logits[np.arange(rows), truth] += 1.5
    odds = np.exp(logits)
    names = [f"class {k}" for k in range(classes)]
    return Evaluation("categorical", names, files or [], truth, odds / odds.sum(1, keepdims=True))


def numeric(rows: int = 60, files: list[str] | None = None) -> Evaluation:
    rng = np.random.default_rng(1)
    truth = rng.normal(size=rows)
    return Evaluation("numeric", [], files or [], truth, truth + rng.normal(size=rows) / 5)


def boxes(pictures: int = 6, files: list[str] | None = None) -> Evaluation:
    """A detector that finds some objects, misses some, and sees some that are not there; in pictures of 60×40."""
    rng = np.random.default_rng(2)
    truth, predicted = [], []
    for _ in range(pictures):
        corners = rng.uniform(0, 20, (3, 2))
        true = np.concatenate([corners, corners + rng.uniform(8, 18, (3, 2)), rng.integers(0, 2, (3, 1))], 1)
        found = np.concatenate([true[:2], rng.uniform(0.6, 1, (2, 1))], 1)
        false = np.array([[40.0, 25.0, 55.0, 38.0, 1.0, 0.7], [1.0, 1.0, 3.0, 3.0, 0.0, 0.2]])
        truth.append(true.astype(np.float32))
        predicted.append(np.concatenate([found, false]).astype(np.float32))
    return Evaluation("bounding_box", ["cat", "dog"], files or [], truth, predicted)


def pictures(folder: Path, count: int, size: tuple[int, int] = (60, 40)) -> list[str]:
    """Write so many; returns their names in ``folder``."""
    rng = np.random.default_rng(3)
    names = [f"{i}.png" for i in range(count)]
    for name in names:
        Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), np.uint8)).save(folder / name)
    return names


def candidate(name: str, value: float | None, status: str = "finished", **others: Any) -> dict[str, Any]:
    known = {
        "name": name,
        "network": "simple",
        "method": "randomly_initialize",
        "status": status,
        "reason": "its time was up",
        "traceback": "",
        "metrics": {} if value is None else {"likelihood": value, "accuracy": value, "auc": None},
        "iterations": 1200,
        "images_per_second": 850.0,
        "seconds": {"elapsed": 12.0},
        "at_start": {},
    }
    return known | others


def results(objective: str = "categorical", **data: Any) -> dict[str, Any]:
    """What results.json holds, as far as the page looks at it."""
    return {
        "best": "good",
        "selection_metric": "likelihood",
        "final_model": "/results/final_model.json",
        "stopped_by_user": False,
        "input_image_shape": [64, 48, 3],
        "augmentations": {},
        "data": {"objective": objective, "rows": 300, "training_rows": 240, "holdout_rows": 60, "notes": []} | data,
        "candidates": [
            candidate("bad", 0.25),
            candidate("good", 0.75),
            candidate("broken", None, "failed", reason="out of memory <here>", traceback="Traceback\n  <oops>"),
            candidate("late", None, "skipped", reason="there was no time left to start it"),
        ],
        "seconds": {"ray": 2.0, "training": 30.0},
    }


def progress(name: str, begin: float, shares: list[float], step: float = 4.0) -> list[tuple[str, Any]]:
    """Entries of a journal: a candidate that tells every ``step`` seconds how much of its share is left."""
    return [
        (
            "progress",
            {
                "name": name,
                "at": begin + i * step,
                "elapsed": i * step,
                "left": share - i * step,
                "value": None if i == 0 else 0.5 + 0.1 * i,
                "ended": i == len(shares) - 1,
            },
        )
        for i, share in enumerate(shares)
    ]


class Parsed(HTMLParser):
    """A page: its elements, with attributes, and its text.

    Attributes:
        open: elements that were begun and not ended: none, in a page that is well formed.
    """

    VOID = ("br", "img", "link", "meta")

    def __init__(self, page: str):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.faults: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.text += data

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag == name]

    @property
    def sections(self) -> list[str | None]:
        return [section["id"] for section in self.all("section")]


def parsed(contents: Contents) -> Parsed:
    """The page of ``contents``, every part of which could be made."""
    from pyramid.report.page.page import page

    written = page(contents)
    assert "could not be made" not in written
    found = Parsed(written)
    assert (found.open, found.faults) == ([], [])
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    return found
