"""Small functions that write HTML; text is escaped unless it is `Html` already."""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pyramid.report.texts import plain

#: The user and the password of a URI; both end at the last @ before the path (RFC 3986, section 3.2.1).
_USER = re.compile(r"(\b[A-Za-z][A-Za-z0-9+.-]{0,30}://)[^\s/?#\"'<>]*@")

_VOID = ("br", "img", "link", "meta")


class Html(str):
    """Markup, which is not escaped again."""

    __slots__ = ()


@dataclass
class Section:
    """A part of the page under a heading of its own.

    Attributes:
        key: unique in the page: the target of its link, and the beginning of its plots' ids.
        title: plain text.
    """

    key: str
    title: str
    parts: list[Html]


def text(value: object) -> Html:
    """``value`` escaped; control characters and halves of letters, which no page may hold, as Python writes them.

    Who asks and with which password is left out of URIs: pages are sent to others.
    """
    if isinstance(value, Html):
        return value
    return Html(html.escape("\n".join(plain(_USER.sub(r"\1…@", line)) for line in str(value).split("\n"))))


def tag(name: str, /, *children: object, **attributes: object) -> Html:
    """An element. ``class_`` is the attribute class, ``aria_label`` is aria-label; None and False are left out."""
    given = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items())
    told = "".join(f' {key}="{text(value)}"' for key, value in given if value is not None and value is not False)
    if name in _VOID:
        return Html(f"<{name}{told}>")
    return Html(f"<{name}{told}>{''.join(map(text, children))}</{name}>")


def joined(parts: Iterable[object], between: str = "") -> Html:
    """All ``parts`` in one."""
    return Html(text(between).join(map(text, parts)))


def paragraph(*words: object) -> Html:
    return tag("p", *words)


def listed(items: Iterable[object]) -> Html:
    return tag("ul", *(tag("li", item) for item in items))


def table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[object]], words: Sequence[int] = (0,)) -> Html:
    """A table whose first column names the row.

    Args:
        words: the columns that hold words; the others hold numbers, and stand at the right.
    """
    kinds = [None if i in words else "n" for i in range(len(headings))]
    head = tag("tr", *(tag("th", h, scope="col", class_=kind) for h, kind in zip(headings, kinds, strict=True)))
    body = (
        tag("tr", *(_cell(i, value, kind) for i, (value, kind) in enumerate(zip(row, kinds, strict=True))))
        for row in rows
    )
    inner = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", *body))
    return scrolling(caption, inner)


def _cell(column: int, value: object, kind: str | None) -> Html:
    return tag("td", value, class_=kind) if column else tag("th", value, scope="row", class_=kind)


def scrolling(name: str, inner: Html) -> Html:
    """What may be wider than a phone, in a box of its own that the keyboard scrolls too."""
    return tag("div", inner, class_="scroll", tabindex=0, role="region", aria_label=name)


def details(summary: str, *children: object, open_: bool = False) -> Html:
    """Folded away until somebody asks for it; print shows it."""
    return tag("details", tag("summary", summary), *children, open="" if open_ else None)


def facts(pairs: Iterable[tuple[str, object]]) -> Html:
    """Names with their values, side by side."""
    items = (tag("div", tag("dt", name), tag("dd", value)) for name, value in pairs)
    return tag("dl", *items, class_="facts")
