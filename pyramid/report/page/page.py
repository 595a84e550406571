"""One HTML file that tells all that is known of a model: it needs no other file, no server and no script."""

import datetime
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from pyramid import __version__
from pyramid.report.page.contents import Contents
from pyramid.report.page.html import Html, Section, joined, paragraph, tag
from pyramid.report.page.sections.augmented import augmented
from pyramid.report.page.sections.boxes import gallery, precision_and_recall
from pyramid.report.page.sections.comparison import comparison
from pyramid.report.page.sections.configuration import configuration
from pyramid.report.page.sections.confusion import confusion_matrix
from pyramid.report.page.sections.curves import calibration, roc_and_pr
from pyramid.report.page.sections.data import data
from pyramid.report.page.sections.leaderboard import leaderboard
from pyramid.report.page.sections.members import ensemble, importances
from pyramid.report.page.sections.mistakes import mistakes
from pyramid.report.page.sections.numeric import values
from pyramid.report.page.sections.overview import overview
from pyramid.report.page.sections.progress import learning_curves, time_line
from pyramid.report.page.style import STYLE

#: In the order of the page.
SECTIONS: tuple[Callable[[Contents], Section | None], ...] = (
    overview,
    comparison,
    leaderboard,
    ensemble,
    learning_curves,
    time_line,
    confusion_matrix,
    roc_and_pr,
    calibration,
    values,
    precision_and_recall,
    gallery,
    mistakes,
    importances,
    augmented,
    data,
    configuration,
)

#: The page may load nothing, wherever it lies; what it shows is in it.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def write_report(contents: Contents, path: Path) -> None:
    """Write the page of ``contents`` to ``path``, as a whole or not at all.

    A part that cannot be made says so in its place.

    Raises:
        OSError: it cannot be written.
    """
    written = page(contents)
    temporary = path.with_name(path.name + ".part")
    try:
        temporary.write_text(written, encoding="utf-8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def page(contents: Contents) -> str:
    """The page of ``contents``: parts of which nothing is known are left out."""
    made = [_made(make, contents) for make in SECTIONS]
    return _document(contents.title, [section for section in made if section is not None])


def _made(make: Callable[[Contents], Section | None], contents: Contents) -> Section | None:
    try:
        return make(contents)
    except Exception as error:  # files may hold anything: what one part makes of them must not cost the others
        logging.getLogger(__name__).warning("a part of the report, %s, could not be made: %r", make.__name__, error)
        title = make.__name__.replace("_", " ").capitalize()
        told = paragraph("This part could not be made: ", type(error).__name__, ": ", error)
        return Section(make.__name__.replace("_", "-"), title, [told])


def _document(title: str, sections: Sequence[Section]) -> str:
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="generator", content=f"pyramid {__version__}"),
        tag("link", rel="icon", href="data:,"),  # else browsers ask the server for one
        tag("title", title),
        tag("style", Html(STYLE)),
    )
    links = (tag("li", tag("a", section.title, href=f"#{section.key}")) for section in sections)
    now = datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
    body = tag(
        "body",
        tag("a", "Skip to the content", href="#content", class_="skip"),
        tag("header", tag("h1", title), tag("nav", tag("ul", *links), aria_label="Parts of the page")),
        tag("main", *map(_section, sections), id="content", tabindex=-1),
        tag("footer", f"Made by pyramid {__version__} on {now}."),
    )
    return joined([Html("<!doctype html>\n"), tag("html", head, body, lang="en"), "\n"])


def _section(section: Section) -> Html:
    heading = tag("h2", section.title, id=f"{section.key}-title")
    return tag("section", heading, *section.parts, id=section.key, aria_labelledby=f"{section.key}-title")
