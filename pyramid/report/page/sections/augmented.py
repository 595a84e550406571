"""Pictures as training saw them."""

import contextlib
import os
from typing import Any

from pyramid.errors import PyramidError
from pyramid.finalize.journal import job_of
from pyramid.report.page.contents import Contents
from pyramid.report.page.html import Html, Section, paragraph, tag
from pyramid.report.page.pictures import shown
from pyramid.report.texts import name
from pyramid.settings.augmentations import AUGMENTATIONS

PICTURES = 12


def augmented(contents: Contents) -> Section | None:
    """A dozen pictures beside their augmented selves; None where nothing was augmented."""
    strengths = (contents.results or {}).get("augmentations")
    job = job_of(contents.entries)
    if not strengths or job.get("command") != "pyramid_train":
        return None
    names = (key if AUGMENTATIONS[key].switch else f"{key} {n:g}" for key, n in strengths.items())
    told = paragraph(f"Each picture as it is, and as it was changed for training: {', '.join(names)}.")
    try:
        with contextlib.chdir(contents.root if os.path.isdir(contents.root) else "."):
            items = _items(job["document"])
    except (PyramidError, OSError) as error:
        items, told = [], paragraph(f"Its pictures cannot be shown any more: {str(error).splitlines()[0]}")
    return Section("augmented", "Samples as augmented", [told, tag("ul", *items, class_="pictures pairs")])


def _items(document: dict[str, Any]) -> list[Html]:
    from pyramid.data.examples import read_examples
    from pyramid.errors import ConfigError
    from pyramid.report.preview import preview  # TensorFlow
    from pyramid.search.starts import find_starts
    from pyramid.settings import load

    settings, problems = load.check(document)
    examples, more = read_examples(settings)
    if problems + more:
        raise ConfigError(problems + more)
    starts, more = find_starts(settings, examples) if settings.initial_model else (None, [])
    if more:
        raise ConfigError(more)
    shown_batches, _ = preview(settings, examples, list(starts.models.values()) if starts else [], 1)
    batch = shown_batches[0]
    return [_item(*row) for row in zip(batch.originals, batch.augmented, batch.labels, strict=True)][:PICTURES]


def _item(original: Any, changed: Any, label: str) -> Html:
    label = name(label)
    return tag("li", shown(original, f"{label}, as it is"), shown(changed, f"{label}, augmented"), tag("br"), label)
