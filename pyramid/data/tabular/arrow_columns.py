"""The columns of pyarrow as numbers, places of categories and names of pictures."""

from typing import Any

import numpy as np
import numpy.typing as npt

from pyramid.settings.columns import CategoricalColumn, Column, ImageColumn

Floats = npt.NDArray[np.float64]

#: Texts in a column of numbers that say that there is none.
MISSING_NUMBERS = ("", "NA", "N/A", "NaN", "nan", "null", "None")


class UnfitError(ValueError):
    """A value is not what its column needs.

    Attributes:
        row: its place in the array.
        value: what it is.
    """

    def __init__(self, row: int, value: Any):
        super().__init__(row, value)
        self.row = row
        self.value = value


def needed(column: Column, kind: Any) -> str:
    """What type a column must have, when pyarrow's type ``kind`` cannot be right; else ""."""
    from pyarrow import types

    kind = kind.value_type if types.is_dictionary(kind) else kind
    if is_text(kind) or types.is_null(kind):
        return ""
    if isinstance(column, ImageColumn):
        return "names of files, as text"
    number = types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind) or types.is_decimal(kind)
    if isinstance(column, CategoricalColumn):
        return "" if number or types.is_temporal(kind) else "categories: text, numbers, booleans or dates"
    return "" if number else "numbers"


def numbers(array: Any) -> Floats:
    """Numbers as they are, NaN where there is none.

    Raises:
        UnfitError: a text is no number.
    """
    import pyarrow as pa
    from pyarrow import compute

    array = _decoded(array)
    if is_text(array.type):
        array = _parsed(array)
    return np.asarray(compute.cast(array, pa.float64(), safe=False).to_numpy(zero_copy_only=False))


def places(array: Any, values: list[str]) -> Floats:
    """The place of each value's ``str()`` in ``values``, as sensenet matches it; -1 for a missing or unknown one."""
    import pyarrow as pa
    from pyarrow import compute

    if is_text(array.type):
        return _index(array, values)
    if pa.types.is_null(array.type):
        return np.full(len(array), -1.0)
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    texts = [None if value is None else str(value) for value in encoded.dictionary.to_pylist()]
    found = np.append(_index(pa.array(texts, pa.string()), values), -1.0)
    return found[compute.fill_null(encoded.indices.cast(pa.int64()), len(texts)).to_numpy()]


def names(array: Any) -> list[str]:
    """Texts; "" for a missing one."""
    import pyarrow as pa

    texts = _decoded(array).to_pylist()
    return [""] * len(array) if pa.types.is_null(array.type) else [text or "" for text in texts]


def _index(texts: Any, values: list[str]) -> Floats:
    import pyarrow as pa
    from pyarrow import compute

    found = compute.index_in(texts.cast(pa.string()), value_set=pa.array(values, pa.string()))
    return compute.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.float64)


def _decoded(array: Any) -> Any:
    from pyarrow import types

    return array.dictionary_decode() if types.is_dictionary(array.type) else array


def _parsed(texts: Any) -> Any:
    import pyarrow as pa
    from pyarrow import compute

    texts = compute.utf8_trim_whitespace(texts.cast(pa.string()))
    missing = compute.is_in(texts, value_set=pa.array(MISSING_NUMBERS))
    texts = compute.if_else(missing, pa.scalar(None, pa.string()), texts)
    try:
        return texts.cast(pa.float64())
    except pa.ArrowInvalid:
        raise _first_unfit(texts) from None


def _first_unfit(texts: Any) -> UnfitError:
    import pyarrow as pa

    for row, text in enumerate(texts):
        try:
            text.cast(pa.float64())
        except pa.ArrowInvalid:
            return UnfitError(row, text.as_py())
    raise AssertionError("every text is a number")


def is_text(kind: Any) -> bool:
    """Whether pyarrow's type ``kind`` is one of text."""
    from pyarrow import types

    return types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
