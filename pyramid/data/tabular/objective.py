"""The column that is predicted: numbers or classes."""

from collections.abc import Iterator

from pyramid.data.tabular.judging import MOST_CATEGORIES, too_large
from pyramid.data.tabular.scan import Column
from pyramid.settings.columns import CategoricalColumn, NumericColumn
from pyramid.settings.objectives import CATEGORICAL, NUMERIC


def objective_type_of(column: Column, wanted: str | None) -> str:
    """``wanted``, or numeric for numbers and categorical for all else."""
    return wanted or (CATEGORICAL if column.numbers is None else NUMERIC)


def objective_column(column: Column, wanted: str | None, index: int) -> CategoricalColumn | NumericColumn:
    """The column as `info_list` has it; see `objective_problems` first."""
    if objective_type_of(column, wanted) == NUMERIC:
        assert column.numbers is not None
        mean, stdev = column.numbers.mean, column.numbers.stdev
        return NumericColumn(type="numeric", index=index, name=column.name, mean=mean, stdev=stdev)
    assert column.categories is not None
    values = sorted(column.categories.counts)
    return CategoricalColumn(type="categorical", index=index, name=column.name, values=values)


def objective_problems(column: Column, wanted: str | None, path: str) -> Iterator[str]:
    """Why it cannot be learned.

    Args:
        wanted: the `objective_type` of the configuration.
    """
    place = f"objective: {path}: the column {column.name!r}"
    if column.missing == column.rows:
        yield f"{place} has no values: all {column.rows:,} are missing"
    elif column.numbers is None and column.categories is None:
        yield f"{place} is of the type {column.kind}, but must be of numbers, text or booleans"
    elif objective_type_of(column, wanted) == NUMERIC:
        yield from (f"{place} {rule}" for rule in _wrong_numbers(column))
    elif wanted not in (None, CATEGORICAL):
        yield f'objective_type: must be "{CATEGORICAL}" or "{NUMERIC}" for a table, but is "{wanted}"'
    elif column.is_time and wanted is None:
        yield f'{place} is of dates; write them as numbers, or set objective_type to "{CATEGORICAL}" for classes'
    else:
        yield from (f"{place} {rule}" for rule in _wrong_classes(column))


def _wrong_numbers(column: Column) -> Iterator[str]:
    numbers = column.numbers
    if numbers is None:
        found = f"row {column.unfit[0] + 1:,} is {column.unfit[1]!r}" if column.unfit else f"is of type {column.kind}"
        rule = f'must hold numbers, for objective_type is "{NUMERIC}"'
        yield f'{rule}, but {found}; set it to "{CATEGORICAL}" for classes'
    elif "huge" in numbers.first:
        yield too_large(numbers.first["huge"])
    elif numbers.stdev == 0:
        yield f"is constant: every value is {numbers.low:,.10g}, so that nothing can be learned"


def _wrong_classes(column: Column) -> Iterator[str]:
    categories = column.categories
    assert categories is not None
    if not categories.all_counted:
        number = f', or set objective_type to "{NUMERIC}"' if column.numbers else ""
        yield f"has more than {MOST_CATEGORIES:,} classes; group them{number}"
    elif len(categories.counts) == 1:
        yield f"is constant: every value is {next(iter(categories.counts))!r}, so that nothing can be learned"
