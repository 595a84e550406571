"""Whether a column is any use as an input, and of which type it is then."""

import os
import re

from pyramid.data.formats.source import numbers as numbers_of
from pyramid.data.tabular.arrow_columns import MISSING_NUMBERS
from pyramid.data.tabular.moments import LARGEST, ROUNDING
from pyramid.data.tabular.scan import Categories, Column
from pyramid.settings.columns import IMAGE
from pyramid.settings.objectives import CATEGORICAL, NUMERIC

#: Each category takes a column of the array: a column with more is left out, and refused when it was asked for.
MOST_CATEGORIES, MOST_WHEN_ASKED = 1000, 10_000

#: Texts are nearly all different when there are more than this many, and more than this share of the rows.
NEARLY_DIFFERENT, NEARLY_SHARE = 50, 0.5

#: A column of texts was meant to be one of numbers when there are more than this many, in this share of the rows.
MIXED_DIFFERENT, MIXED_SHARE = 20, 0.9

#: Rows from which whole numbers that increase are no chance: ten numbers do so once in 10! ≈ 3.6 million orders.
INCREASING_ROWS = 10

#: The share of names of pictures from which a column is one of pictures.
PICTURE_SHARE = 0.9

_ID = re.compile(r"(?:^|[^a-zA-Z])(?:id|uuid|guid)$|^index$|^__index_level_\d+__$", re.IGNORECASE)
_CAMEL_ID = re.compile(r"[a-z](?:Id|ID)$")
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([T ].*)?|\d{1,4}([./])\d{1,2}\2\d{1,4}( .*)?")

_DATES = (
    "holds dates, of which a network learns nothing as they are; add columns of numbers, such as the month or an age"
)


def is_named_id(name: str) -> bool:
    """Whether the name of a column says that it numbers the rows: id, user_id, userId, index, pandas's own…"""
    return bool(_ID.search(name) or _CAMEL_ID.search(name))


def are_pictures(column: Column) -> bool:
    """Whether its texts are names of picture files."""
    return column.texts > 0 and column.pictures >= PICTURE_SHARE * column.texts


def picture_root(column: Column, image_root: str | None, folder: str) -> str | None:
    """What the names of pictures are relative to: ``image_root``, or the table's folder if one of them is there."""
    if image_root:
        return image_root
    found = (os.path.isfile(os.path.join(folder, name)) for name in column.samples if "\0" not in name)
    return folder if any(found) else None


def too_large(row: int) -> str:
    """What is wrong with a column whose number in ``row``, from 0, is infinite or above ``LARGEST``."""
    return f"is infinite, or beyond the ±{LARGEST:.2g} of 32 bits, in row {row + 1:,}; correct that number, or empty it"


def type_of(column: Column, pictures: bool) -> str:
    """The type as an input; ``pictures``: names of pictures lead to files."""
    if column.numbers is not None:
        return NUMERIC
    return IMAGE if pictures and are_pictures(column) else CATEGORICAL


def why_useless(column: Column) -> str:
    """Why nothing can be learned from the column, even if it was asked for; else ""."""
    if not (column.numbers or column.categories or column.is_time) and column.missing < column.rows:
        return f"is of the type {column.kind}, but must be of numbers, text or booleans; split it into such columns"
    if column.missing == column.rows:
        return f"has no values: all {column.rows:,} are missing"
    return _useless_numbers(column) if column.numbers else _useless_categories(column)


def why_doubtful(column: Column, pictures: bool) -> str:
    """Why the column is left out unless it was asked for; else ""."""
    if column.numbers is not None:
        return _doubtful_numbers(column)
    if are_pictures(column):
        return "" if pictures else _NO_PICTURES
    if column.is_time or _are_dates(column):
        return _DATES
    return _doubtful_categories(column)


_NO_PICTURES = "has names of pictures, but they are not in the table's folder; set image_root"


def why_refused(column: Column, pictures: bool) -> str:
    """Why the column is no use although it was asked for and something can be learned from it; else ""."""
    if column.numbers is not None or column.categories is None:
        return ""
    if column.is_text and are_pictures(column):
        return "" if pictures else _NO_PICTURES
    if not column.categories.all_counted:
        return f"has more than {MOST_WHEN_ASKED:,} categories, each of which takes a column; group them"
    return ""


def _useless_numbers(column: Column) -> str:
    numbers = column.numbers
    assert numbers is not None
    if "huge" in numbers.first:
        return too_large(numbers.first["huge"])
    if numbers.low == numbers.high:
        return f"is constant: every value is {numbers.low:,.10g}"
    if numbers.stdev <= ROUNDING * max(abs(numbers.low), abs(numbers.high)):
        return "is constant when a model is asked, with numbers of 32 bits; subtract what all values have in common"
    return ""


def _useless_categories(column: Column) -> str:
    categories = column.categories
    if categories is None:
        return ""
    if len(categories.counts) == 1 and not column.missing:
        return f"is constant: every value is {next(iter(categories.counts))!r}"
    return ""


def _doubtful_numbers(column: Column) -> str:
    numbers = column.numbers
    assert numbers is not None
    if not numbers.whole:
        return ""
    if numbers.increasing and column.rows >= INCREASING_ROWS:
        return "numbers the rows: whole numbers that increase from row to row"
    if is_named_id(column.name) and numbers.all_different():
        return "is an id: whole numbers that are all different"
    return ""


def _doubtful_categories(column: Column) -> str:
    categories = column.categories
    if categories is None:
        return ""
    different, seen = len(categories.counts), categories.seen
    if column.unfit and _nearly_numbers(categories):
        row, value = column.unfit
        missing = ", ".join(MISSING_NUMBERS[1:])
        return f"has numbers, but row {row + 1:,} is {value!r}; correct it, or write {missing} or nothing for none"
    if is_named_id(column.name) and different == seen:
        return "is an id: the values are all different"
    if different > NEARLY_DIFFERENT and different > NEARLY_SHARE * seen:
        return f"has nearly as many values as rows: {different:,} different ones among the first {seen:,}"
    if not categories.all_counted:
        return f"has more than {MOST_CATEGORIES:,} categories, each of which takes a column; group them"
    return ""


def _nearly_numbers(categories: Categories) -> bool:
    numbers = [text for text in categories.counts if numbers_of([text]) is not None]
    count = sum(categories.counts[text] for text in numbers)
    return len(numbers) > MIXED_DIFFERENT and count >= MIXED_SHARE * categories.seen


def _are_dates(column: Column) -> bool:
    texts = column.categories.counts if column.is_text and column.categories else {}
    return bool(texts) and all(_DATE.fullmatch(text.strip()) for text in texts)
