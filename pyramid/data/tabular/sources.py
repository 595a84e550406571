"""Which kind of file a table is in."""

from pathlib import Path

from pyramid.data.tabular.arrow import ArrowTable
from pyramid.data.tabular.arrow_files import KINDS
from pyramid.data.tabular.chunks import Source
from pyramid.data.tabular.ser import SerFile
from pyramid.errors import DataError
from pyramid.settings.columns import BoxColumn, Table


def open_source(table: Table, path: str | Path, rows: int | None = None) -> Source:
    """The rows in the file ``path``: by its ending a table of pyarrow's, else a `.ser` file.

    Args:
        rows: the job's `cache_rows`, which must be those of a `.ser` file.

    Raises:
        DataError: the file is not there or broken, or its columns are not those of ``table``.
    """
    if any(isinstance(column, BoxColumn) for column in table.columns):
        raise DataError([f"{path}: a table has no column for boxes; an objective of boxes needs a JSON file"])
    if Path(path).suffix.lower() in KINDS:
        return ArrowTable(table, path)
    return SerFile(table, path, rows)
