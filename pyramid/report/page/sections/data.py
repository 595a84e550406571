"""What was learned from, and what was left out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pyramid.finalize.journal import located
from pyramid.report.page.contents import Contents
from pyramid.report.page.html import Html, Section, details, facts, listed, paragraph, table, tag
from pyramid.report.page.pictures import shown, thumbnail
from pyramid.report.texts import name

#: Lines of a table; results.json has them all.
LISTED = 200

#: Pairs of pictures that are alike: listed, and shown.
PAIRS, SHOWN = 50, 12


def data(contents: Contents) -> Section | None:
    """Counts, classes, notes, files that were left out, and pictures that are there twice."""
    known = (contents.results or {}).get("data")
    if not known:
        return None
    parts = [facts(_facts(contents, known)), *_classes(known.get("classes") or {}), *_values(known)]
    parts += _sizes(known.get("sizes") or {})
    if known.get("notes"):
        parts += [tag("h3", "Notes"), listed(known["notes"][:LISTED])]
    parts += _bad(known.get("bad_images") or [], known["rows"])
    left_out = known.get("boxes_left_out") or known.get("left_out") or {}
    if left_out:
        rows = list(left_out.items())[:LISTED]
        parts.append(table("Left out", ["what", "why or how many"], rows, (0, 1)))
    parts += _duplicates(contents.root, known.get("duplicates"))
    return Section("data", "The data", parts)


def _facts(contents: Contents, known: dict[str, Any]) -> list[tuple[str, object]]:
    labels = {
        "rows": "rows",
        "training_rows": "to train on",
        "holdout_rows": "held out",
        "inputs": "inputs",
        "array_columns": "columns of the array",
        "tree_inputs": "columns from trees",
    }
    told: list[tuple[str, object]] = [(label, f"{known[key]:,}") for key, label in labels.items() if key in known]
    if "table" in known:
        told.append(("table", known["table"]))
    shape = (contents.results or {}).get("input_image_shape")
    return [*told, ("pictures as seen", f"{shape[0]} × {shape[1]} pixels")] if shape else told


def _classes(counts: dict[str, int]) -> list[Html]:
    if not counts:
        return []
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    total = max(1, sum(counts.values()))
    rows = [(name(label), f"{count:,}", f"{count / total:.1%}") for label, count in ordered]
    shown = table(f"{len(rows):,} classes and how many there are of each", ["class", "rows", "share"], rows[:LISTED])
    more = [paragraph(f"… and {len(rows) - LISTED:,} more, in results.json")] if len(rows) > LISTED else []
    return [details("Classes", shown, *more, open_=len(rows) <= 12)]


def _values(known: dict[str, Any]) -> list[Html]:
    if not known.get("value_range"):
        return []
    low, mean, high = known["value_range"]
    return [paragraph(f"Values from {low:.6g} to {high:.6g}, {mean:.6g} on average.")]


def _sizes(sizes: dict[str, list[float]]) -> list[Html]:
    """Of the original pictures."""
    if not sizes:
        return []
    rows = [(side, *(f"{pixels:,.6g}" for pixels in found)) for side, found in sizes.items()]
    return [table("Original sizes of the pictures in pixels", ["side", "least", "median", "most"], rows)]


def _bad(items: Sequence[dict[str, Any]], rows: int) -> list[Html]:
    if not items:
        return []
    told = [(item["file"], item["reason"]) for item in items[:LISTED]]
    shown = table("Files that were left out", ["file", "reason"], told, (0, 1))
    return [details(f"{len(items):,} of {rows:,} files left out", shown, open_=len(items) <= 12)]


#: What `data.duplicates.Duplicates.counts` says.
_COUNTED = {
    "exact": "files with the same pixels as another one",
    "conflicting": "groups of such files with different labels",
    "compared": "held out files that were compared with those to train on",
    "across": "of these, files that are, or nearly are, among those to train on",
}


def _duplicates(root: Path, known: dict[str, Any] | None) -> list[Html]:
    """Files that are the same, and pictures of the training that look like held-out ones."""
    if not known:
        return []
    exact, conflicting, across = (known.get(key) or [] for key in ("exact", "conflicting", "across"))
    parts = [tag("h3", "Duplicates")]
    counts = known.get("counts") or {}
    parts.append(listed(f"{told}: {counts[key]:,}" for key, told in _COUNTED.items() if key in counts))
    if exact:
        rows = [(group[0], ", ".join(group[1:])) for group in exact[:PAIRS]]
        parts.append(details("Copies", table("Files with the same pixels", ["file", "also as"], rows, (0, 1))))
    if conflicting:
        labelled = [(i, name(label), file) for i, group in enumerate(conflicting[:PAIRS], 1) for file, label in group]
        caption = "Files with the same pixels and different labels: which is right?"
        parts.append(details("Contradictions", table(caption, ["group", "label", "file"], labelled, (0, 1, 2))))
    if across:
        parts.append(details("Alike across the split", *_alike(root, across)))
    if not counts and not exact and not across:
        parts.append(paragraph("There are none."))
    return parts


def _alike(root: Path, across: Sequence[Sequence[Any]]) -> list[Html]:
    """The first pairs as pictures, and all of them by name."""
    items = [item for a, b, distance in across[:SHOWN] if (item := _pair(root, a, b, distance))]
    caption = "Alike across the split: the figures on the holdout may be too good"
    pairs = [(a, b, f"{float(distance):g}") for a, b, distance in across[:PAIRS]]
    headings = ["to train on", "held out", "difference (0 to 255)"]
    told = [paragraph("To train on, and beside it held out:"), tag("ul", *items, class_="pictures pairs")]
    return [*(told if items else []), table(caption, headings, pairs, (0, 1))]


def _pair(root: Path, one: str, other: str, distance: float) -> Html | None:
    """Two pictures beside each other; None when one of them is gone."""
    try:
        images = [shown(thumbnail(located(root, file))[0], file) for file in (one, other)]
    except OSError:
        return None
    return tag("li", *images, tag("br"), one, tag("br"), other, tag("br"), f"difference {float(distance):g}")
