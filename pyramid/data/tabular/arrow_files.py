"""Parquet, Feather, Arrow and CSV files: their columns, and batch after batch of some of them in constant memory."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pyramid.errors import DataError

#: Bytes of text that a CSV file is read in: a row must not be longer.
_BLOCK = 8 * 2**20


class ArrowFile:
    """A file that is open, and can be read many times.

    Attributes:
        names: of its columns; of a CSV or TSV file, the cells of the first line.
        types: pyarrow's type of each column; of a text file all are strings.
        typed: whether the file has types; in a text file a number is text like any other.
    """

    def __init__(self, path: str):
        """
        Raises:
            DataError: the file is not there, or not what its ending says.
        """
        self.path = path
        self._kind = KINDS[Path(path).suffix.lower()]
        self.typed = self._kind is not _Csv
        with _Unreadable(path):
            schema = self._kind.schema(path)
        self.names: list[str] = schema.names
        self.types: list[Any] = [_usual(kind) for kind in schema.types]

    def batches(self, places: Sequence[int], most: int) -> Iterator[list[Any]]:
        """The columns at ``places`` as pyarrow arrays, for a batch of about ``most`` rows at a time."""
        with _Unreadable(self.path):
            for arrays in self._kind.batches(self.path, self.names, places, most):
                yield [_as_usual(array) for array in arrays]


def _usual(kind: Any) -> Any:
    """A type that pyarrow computes with, in place of a view of text, which Polars writes."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return pa.dictionary(kind.index_type, _usual(kind.value_type), kind.ordered)
    return pa.large_string() if pa.types.is_string_view(kind) else kind


def _as_usual(array: Any) -> Any:
    import pyarrow as pa

    if pa.types.is_dictionary(array.type) and pa.types.is_string_view(array.type.value_type):
        return pa.DictionaryArray.from_arrays(array.indices, _as_usual(array.dictionary))
    return array.cast(pa.large_string()) if pa.types.is_string_view(array.type) else array


class _Unreadable:
    """Turns what pyarrow says of a broken file into a DataError."""

    def __init__(self, path: str):
        self._path = path

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        import pyarrow

        if isinstance(error, OSError | pyarrow.ArrowException | UnicodeDecodeError | csv.Error):
            ending = Path(self._path).suffix
            said = _text_fault(self._path) or str(error)
            raise DataError([f"{self._path}: cannot be read as a {ending} file: {said}"]) from error


def _text_fault(path: str) -> str:
    if KINDS[Path(path).suffix.lower()] is not _Csv:
        return ""
    from pyramid.data.tabular.text_faults import find_fault

    return find_fault(path, _delimiter(path))


class _Parquet:
    @staticmethod
    def schema(path: str) -> Any:
        import pyarrow.parquet

        return pyarrow.parquet.read_schema(path)

    @staticmethod
    def batches(path: str, names: list[str], places: Sequence[int], most: int) -> Iterator[list[Any]]:
        import pyarrow.parquet

        unique = len(set(names)) == len(names)
        wanted = [names[place] for place in places] if unique else None
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(most, columns=wanted):
                yield [batch.column(names[place] if unique else place) for place in places]


class _Ipc:
    """Arrow's own format (Feather is the same): a file with a footer, or a stream."""

    @staticmethod
    def schema(path: str) -> Any:
        import pyarrow

        with pyarrow.memory_map(path) as file:
            return _open_ipc(file, None).schema

    @staticmethod
    def batches(path: str, names: list[str], places: Sequence[int], most: int) -> Iterator[list[Any]]:
        import pyarrow

        fields = sorted(set(places))
        with pyarrow.memory_map(path) as file:
            reader = _open_ipc(file, fields)
            count = getattr(reader, "num_record_batches", None)
            for batch in reader if count is None else map(reader.get_batch, range(count)):
                yield [batch.column(fields.index(place)) for place in places]


def _open_ipc(file: Any, fields: list[int] | None) -> Any:
    import pyarrow

    options = pyarrow.ipc.IpcReadOptions(included_fields=fields)
    if file.read(6) == b"ARROW1":
        return pyarrow.ipc.open_file(file, options=options)
    file.seek(0)
    return pyarrow.ipc.open_stream(file, options=options)


class _Csv:
    """A cell stays the text that it is, so that no type is guessed from the first rows; an empty one is missing."""

    @staticmethod
    def schema(path: str) -> Any:
        import pyarrow

        with open(path, newline="", encoding="utf-8-sig") as file:
            header = next(csv.reader(file, delimiter=_delimiter(path)), [])
        return pyarrow.schema([(name, pyarrow.string()) for name in header])

    @staticmethod
    def batches(path: str, names: list[str], places: Sequence[int], most: int) -> Iterator[list[Any]]:
        import pyarrow.csv as arrow_csv

        numbered = [str(place) for place in range(len(names))]  # two columns may have the same name
        convert = arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(numbered, "string"),
            include_columns=[str(place) for place in places],
            strings_can_be_null=True,
            null_values=[""],
        )
        parse = arrow_csv.ParseOptions(delimiter=_delimiter(path), newlines_in_values=True)
        if _ends_with_header(path):
            return  # without a line end pyarrow does not know it for a row
        # Other than skip_rows it knows that a cell of the header may have several lines.
        read = arrow_csv.ReadOptions(block_size=_BLOCK, column_names=numbered, skip_rows_after_names=1)
        with arrow_csv.open_csv(path, read_options=read, parse_options=parse, convert_options=convert) as reader:
            for batch in reader:
                yield batch.columns


def _ends_with_header(path: str) -> bool:
    with open(path, newline="", encoding="utf-8-sig") as file:
        next(csv.reader(file, delimiter=_delimiter(path)), None)
        return not file.read(1)


def _delimiter(path: str) -> str:
    return "\t" if path.lower().endswith(".tsv") else ","


#: Ending -> how a file of this kind is read.
KINDS: dict[str, Any] = {".parquet": _Parquet, ".arrow": _Ipc, ".feather": _Ipc, ".csv": _Csv, ".tsv": _Csv}
