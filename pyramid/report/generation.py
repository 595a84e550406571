"""What a person sees of a generation: its progress, and what was made."""

import shlex
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from pyramid.generation.job import Summary
from pyramid.generation.studio import Picture
from pyramid.report.progress import LINE_EVERY
from pyramid.report.sheets import Box, Drawing, draw_pictures
from pyramid.report.texts import name, seconds

_MOST_CLASSES = 20

#: The class without a name.
_EMPTY = "''"


class GenerationProgress:
    """Takes in how far a generation is; to be used as a context manager. Bars on a terminal, plain lines elsewhere."""

    def __init__(self, console: Console):
        self._console = console
        columns = (TextColumn("{task.description}"), BarColumn(None), TextColumn("{task.fields[state]}"))
        self._bars = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task: TaskID | None = None
        self._what = ""
        self._begun, self._first, self._last_line = 0.0, 0, 0.0

    def __enter__(self) -> "GenerationProgress":
        self._bars.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._bars.stop()

    def __call__(self, what: str, done: int, total: int) -> None:
        """``what`` is being done with pictures; so many are ``done``."""
        now = time.monotonic()
        if what != self._what:
            self._what, self._begun, self._first, self._last_line = what, now, done, now
            self._console.print(f"{what} {total:,} pictures …")
            self._task = self._bars.add_task(f"{what} pictures", total=total, state="")
        state = f"{done:,} of {total:,}" + self._pace(done, total, now)
        if self._task is not None:
            self._bars.update(self._task, completed=done, total=total, state=state)
        if not self._console.is_terminal and now - self._last_line >= LINE_EVERY:
            self._last_line = now
            self._console.print(f"{what} pictures: {state}")

    def _pace(self, done: int, total: int, now: float) -> str:
        if done <= self._first or now <= self._begun:
            return ""
        pace = (done - self._first) / (now - self._begun)
        left = f", {seconds((total - done) / pace)} left" if done < total else ""
        return f", {_pace(pace)}{left}"


def print_generated(console: Console, summary: Summary) -> None:
    """What was made, and how to train on it."""
    for line in _lines(summary):
        console.print(line, soft_wrap=True, markup=False)


def sheets_of(pictures: list[Picture], of_sheet: int) -> list[Drawing]:
    """Drawings of ``of_sheet`` pictures each, with their classes and boxes."""
    starts = range(0, len(pictures), of_sheet)
    return [_sheet(k + 1, pictures[start : start + of_sheet]) for k, start in enumerate(starts)]


def _sheet(number: int, pictures: list[Picture]) -> Drawing:
    boxes = [[Box(*box) for box in picture.row.get("boxes", [])] for picture in pictures]
    labels = [_label(picture) for picture in pictures]
    pixels = np.stack([picture.pixels for picture in pictures])
    title = f"Generated pictures, sheet {number}"
    draw = partial(draw_pictures, pictures=pixels, labels=labels, boxes=boxes, title=title)
    return Drawing(f"batch-{number}", draw, ", ".join(labels))


def _label(picture: Picture) -> str:
    classes = [box[4] for box in picture.row.get("boxes", [])]
    return str(picture.row.get("label", ", ".join(classes) or "no object"))


def _pace(pace: float) -> str:
    return f"{pace:,.0f} images/s" if pace >= 10 else f"{pace:.1f} images/s"


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _lines(summary: Summary) -> list[str]:
    pace = f" ({_pace(summary.made / summary.seconds)})" if summary.made and summary.seconds else ""
    there = "" if summary.made == summary.pictures else f"; {summary.pictures - summary.made:,} were there"
    classes = [
        f"{name(label) or _EMPTY} ({count:,})" for label, count in summary.shown.most_common() if label is not None
    ]
    cut = classes[:_MOST_CLASSES] + (["…"] if len(classes) > _MOST_CLASSES else [])
    empty = summary.shown[None]
    told = [f"{_counted(len(classes), 'class', 'classes')}: {', '.join(cut)}."] if classes else []
    told += [f"{_counted(empty, 'picture has', 'pictures have')} no box."] if empty else []
    return [
        f"{_counted(summary.made, 'picture', 'pictures')} made in {seconds(summary.seconds)}{pace}{there}.",
        " ".join(told),
        f"Train on them: {Path(sys.executable).parent / 'pyramid_train'} {shlex.quote(summary.config)}",
    ]
