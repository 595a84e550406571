"""One pass over the columns of a file, in constant memory: what each of them holds."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pyramid.data.formats.source import PICTURE_ENDINGS
from pyramid.data.tabular import arrow_columns
from pyramid.data.tabular.arrow_files import ArrowFile
from pyramid.data.tabular.moments import Numbers
from pyramid.errors import DataError

#: Rows that are looked at at a time.
_CHUNK = 65_536

_PICTURE = rf"\.({'|'.join(ending[1:] for ending in PICTURE_ENDINGS)})$"


@dataclass(frozen=True)
class Plan:
    """What is looked at in a column.

    Attributes:
        place: of the column in the file.
        most: categories after which they are not counted further.
        numbers: whether its texts or booleans may be numbers.
        categories: whether its numbers or dates may be categories.
        keep: see `Numbers`.
    """

    place: int
    most: int
    numbers: bool = False
    categories: bool = False
    keep: bool = False


class Categories:
    """The ``str()`` of the values, counted.

    Attributes:
        counts: of each.
        seen: values that were counted.
        all_counted: whether there was an end to them; they are not counted any further otherwise.
    """

    def __init__(self, most: int):
        self._most = most
        self.counts: Counter[str] = Counter()
        self.seen = 0
        self.all_counted = True

    def add(self, array: Any) -> None:
        if not self.all_counted:
            return
        pairs = array.value_counts()
        for value, count in zip(pairs.field("values").to_pylist(), pairs.field("counts").to_pylist(), strict=True):
            if value is not None and value == value:  # NaN is missing too
                self.counts[str(value)] += count
                self.seen += count
        self.all_counted = len(self.counts) <= self._most


class Column:
    """What a column holds.

    Attributes:
        name, kind: of the column; ``kind`` is pyarrow's type, that of the values of a dictionary.
        encoded: whether it is a dictionary, as the categories of pandas are.
        rows: of the file.
        nulls: cells without a value.
        numbers: None when it has, or may have, none.
        categories: None when it has, or may have, none.
        unfit: the row, from 0, and the value of the first text that is no number, where numbers were looked for.
        pictures: values that are names of picture files; ``texts`` counts all that are not empty.
        samples: some of these texts.
    """

    def __init__(self, name: str, kind: Any, plan: Plan):
        from pyarrow import types

        self.name, self.encoded = name, types.is_dictionary(kind)
        self.kind = kind.value_type if self.encoded else kind
        self.is_text = arrow_columns.is_text(self.kind)
        self.is_number = types.is_integer(self.kind) or types.is_floating(self.kind) or types.is_decimal(self.kind)
        self.is_bool, self.is_time = types.is_boolean(self.kind), types.is_temporal(self.kind)
        self.rows = self.nulls = self.pictures = self.texts = 0
        self.unfit: tuple[int, str] | None = None
        self.samples: list[str] = []
        may_count = (
            self.is_text or self.is_bool or self.encoded or ((self.is_number or self.is_time) and plan.categories)
        )
        may_add = (self.is_number and not self.encoded) or (
            (self.is_text or self.is_bool or self.encoded) and plan.numbers
        )
        self.categories = Categories(plan.most) if may_count else None
        self.numbers = Numbers(plan.keep) if may_add else None

    @property
    def missing(self) -> int:
        """Values that are, for what the column is."""
        return self.numbers.missing if self.numbers else self.nulls

    def add(self, array: Any, row: int) -> None:
        """The next values; ``row`` is the number of the first one."""
        self.rows += len(array)
        self.nulls += array.null_count
        if self.numbers is not None:
            self._add_numbers(array, row)
        if self.categories is not None:
            self.categories.add(array)
        if self.is_text:
            self._add_pictures(array)

    def _add_numbers(self, array: Any, row: int) -> None:
        assert self.numbers is not None
        try:
            self.numbers.add(_numbers(array), row)
        except arrow_columns.UnfitError as error:
            self.unfit, self.numbers = (row + error.row, error.value), None

    def _add_pictures(self, array: Any) -> None:
        from pyarrow import compute

        if self.texts and not self.pictures:
            return
        texts = array.dictionary_decode() if self.encoded else array
        texts = texts.filter(compute.not_equal(texts, ""))
        self.texts += len(texts)
        self.pictures += compute.match_substring_regex(texts, _PICTURE, ignore_case=True).true_count
        self.samples = self.samples or texts.slice(0, 20).to_pylist()


def scan(file: ArrowFile, plans: Sequence[Plan]) -> list[Column]:
    """The columns of ``plans``.

    Raises:
        DataError: the file is broken, or has a column of a type that pyarrow does not compute with.
    """
    columns = [Column(file.names[plan.place], file.types[plan.place], plan) for plan in plans]
    row = 0
    for arrays in file.batches([plan.place for plan in plans], _CHUNK):
        for array, column in zip(arrays, columns, strict=True):
            _add(file, column, array, row)
        row += len(arrays[0])
    return columns


def _add(file: ArrowFile, column: Column, array: Any, row: int) -> None:
    import pyarrow as pa

    try:
        column.add(array, row)
    except pa.ArrowException as error:
        what = f"the column {column.name!r} (of the type {array.type}) cannot be looked through"
        raise DataError([f"{file.path}: {what}: {error}; leave it out, or write it as text or numbers"]) from error


def _numbers(array: Any) -> arrow_columns.Floats:
    """`arrow_columns.numbers`, but much faster for clean texts."""
    import pyarrow as pa

    if arrow_columns.is_text(array.type):
        with suppress(pa.ArrowInvalid):  # blanks, "NA", or no number
            array = array.cast(pa.float64())
    return arrow_columns.numbers(array)
