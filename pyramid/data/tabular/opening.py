"""The table of a search: where it is on this machine, and what its columns are."""

import os
from dataclasses import dataclass
from pathlib import Path

from pyramid.data.remote import is_uri
from pyramid.data.tabular.described import table_lines
from pyramid.data.tabular.fetch import fetch
from pyramid.data.tabular.inference import infer
from pyramid.errors import ConfigError
from pyramid.settings.check_search import space_problems
from pyramid.settings.columns import Table
from pyramid.settings.search import SearchSettings


@dataclass(frozen=True)
class TableFile:
    """A table that is there.

    Attributes:
        path: on this machine.
        image_root: what names of pictures are relative to; "" when no input is one.
        left_out: name of a column that is no input -> why.
        shown: all that in lines for a person.
    """

    path: str
    table: Table
    image_root: str
    left_out: dict[str, str]
    shown: list[str]


def open_table(settings: SearchSettings, folder: Path) -> TableFile:
    """Find the table that ``settings`` name, and look at it, unless they say what its columns are.

    Args:
        folder: receives a copy of what is not a file of this machine.

    Raises:
        ConfigError, DataError: with all that is wrong.
    """
    path = os.path.abspath(fetch(str(settings.training_data), folder))
    given = str(settings.training_data)
    root = settings.image_root or ("" if is_uri(given) else os.path.dirname(os.path.abspath(given)))
    if settings.table is not None:
        return TableFile(path, settings.table, root if settings.table.images else "", {}, table_lines(settings.table))
    found = infer(
        path,
        str(settings.objective),
        inputs=settings.inputs,
        weight=settings.weight,
        objective_type=settings.said_objective,
        image_root=settings.image_root or (None if path == os.path.abspath(given) else root or None),
    )
    problems = space_problems(settings, found.table.objective.type)
    if problems:
        raise ConfigError(problems)
    return TableFile(path, found.table, found.image_root or "", found.left_out, found.shown)
