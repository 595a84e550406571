"""Which columns of a table are inputs, of which type each is, and its moments or categories."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyramid.data.tabular import judging
from pyramid.data.tabular.arrow_files import ArrowFile
from pyramid.data.tabular.asked import Asked
from pyramid.data.tabular.described import input_notes, objective_notes, scanned_line
from pyramid.data.tabular.objective import objective_column, objective_problems
from pyramid.data.tabular.scan import Column, Plan, scan
from pyramid.errors import ConfigError, DataError, ProblemsError
from pyramid.settings.columns import IMAGE, AnyColumn, CategoricalColumn, ImageColumn, NumericColumn, Table
from pyramid.settings.objectives import CATEGORICAL, NUMERIC


@dataclass(frozen=True)
class Inferred:
    """What a table holds.

    Attributes:
        columns: as `info_list` has them: the inputs in the file's order, the weight if there is one, the objective.
            ``index`` is the place of the column in the file without the objective, that of the weight too; the
            objective has the last place.
        weighted: whether there is a weight.
        rows: of the file.
        image_root: what names of pictures are relative to; None when no input is one.
        left_out: name of a column that is no input -> why.
        shown: all that in lines for a person.
    """

    columns: list[AnyColumn]
    weighted: bool
    rows: int
    image_root: str | None
    left_out: dict[str, str]
    shown: list[str]

    @property
    def table(self) -> Table:
        return Table(self.columns, self.weighted)


def infer(
    path: str | Path,
    objective: str,
    *,
    inputs: Sequence[str] | None = None,
    weight: str | None = None,
    objective_type: str | None = None,
    image_root: str | None = None,
) -> Inferred:
    """Look at every value of the table at ``path``, a file that `ArrowFile` reads, in one pass and constant memory.

    Moments are those of the finite values of all rows, without weights, stdev that of the population. The values of
    a categorical column are the sorted different ``str()`` of its values: in a CSV file the text.

    Args:
        objective: the name of the column that is predicted.
        inputs: names of columns, which are taken whatever they look like; None takes all that promise something.
        weight: the name of the column with the weights of the rows.
        objective_type: "categorical" or "numeric"; None takes numbers as numeric and all else as categorical.
        image_root: a folder or a URI; None looks for pictures in the folder of the table.

    Raises:
        ConfigError: a name is not in the table, or is there for two purposes; with all that is wrong.
        DataError: the table cannot be read or learned from.
    """
    file = ArrowFile(str(path))
    asked = Asked(objective, None if inputs is None else tuple(inputs), weight)
    problems = list(asked.problems(file.names, file.path))
    kind: type[ProblemsError] = ConfigError if problems else DataError
    places = asked.places(file.names)
    try:
        scanned = scan(file, [_plan(file, place, asked, objective_type) for place in places]) if places else []
    except DataError as error:
        raise kind([*problems, *error.problems]) from error
    if scanned and not scanned[0].rows:
        raise kind([*problems, f"{file.path}: has no rows" + (" below its header" if not file.typed else "")])
    made = _Inference(file, asked, scanned, objective_type, image_root)
    problems += made.problems()
    if problems:
        raise kind(problems)
    return made.result()


def _plan(file: ArrowFile, place: int, asked: Asked, objective_type: str | None) -> Plan:
    name = file.names[place]
    wanted = asked.inputs is not None and name in asked.inputs
    if name == asked.objective:
        numbers = objective_type == NUMERIC or (not file.typed and objective_type is None)
        return Plan(place, judging.MOST_CATEGORIES, numbers=numbers, categories=True)
    most = judging.MOST_WHEN_ASKED if wanted else judging.MOST_CATEGORIES
    numbers = not file.typed or name == asked.weight
    return Plan(
        place, most, numbers=numbers, categories=wanted and _is_time(file, place), keep=judging.is_named_id(name)
    )


def _is_time(file: ArrowFile, place: int) -> bool:
    from pyarrow import types

    return bool(types.is_temporal(file.types[place]))


class _Inference:
    """The columns of a file, judged."""

    def __init__(
        self, file: ArrowFile, asked: Asked, scanned: list[Column], objective_type: str | None, image_root: str | None
    ):
        self._file, self._asked, self._type = file, asked, objective_type
        self._folder = os.path.dirname(file.path) or "."
        self._root = image_root
        self._columns = {column.name: column for column in scanned}
        self._inputs = [column for column in scanned if column.name not in (asked.objective, asked.weight)]
        self._roots = {
            column.name: judging.picture_root(column, image_root, self._folder)
            for column in self._inputs
            if judging.are_pictures(column)
        }
        self._reasons = {column.name: reason for column in self._inputs if (reason := self._reason(column))}

    def problems(self) -> Iterator[str]:
        path, objective = self._file.path, self._columns.get(self._asked.objective)
        if objective:
            yield from objective_problems(objective, self._type, path)
        if self._asked.weight in self._columns:
            yield from _weight_problems(self._columns[self._asked.weight], path)
        if self._asked.inputs is not None:
            yield from (f"inputs: {path}: the column {name!r} {why}" for name, why in self._reasons.items())
        elif objective and len(self._reasons) == len(self._inputs):
            yield f"{path}: no column is left as an input" + _listed(self._reasons)

    def result(self) -> Inferred:
        used = [column for column in self._inputs if column.name not in self._reasons]
        weights = [self._columns[self._asked.weight]] if self._asked.weight else []
        objective = self._columns[self._asked.objective]
        inputs = [self._made(column, judging.type_of(column, column.name in self._roots)) for column in used]
        made = [*inputs, *(self._made(column, NUMERIC) for column in weights)]
        target = objective_column(objective, self._type, len(self._file.names) - 1)
        lines = [scanned_line(*pair, "") for pair in zip(inputs, used, strict=True)]
        lines += [scanned_line(*pair, "the weight, ") for pair in zip(made[len(inputs) :], weights, strict=True)]
        lines.append(scanned_line(target, objective, "the objective, "))
        lines += [f"{name}: left out: it {reason}" for name, reason in self._reasons.items()]
        lines += [note for pair in zip(inputs, used, strict=True) for note in input_notes(*pair)]
        lines += objective_notes(target, objective)
        roots = [self._roots[column.name] for column in used if column.name in self._roots]
        root = next(iter(roots), None)
        return Inferred([*made, target], bool(weights), objective.rows, root, self._reasons, lines)

    def _reason(self, column: Column) -> str:
        """Why the column is no input."""
        pictures = self._roots.get(column.name) is not None
        if self._asked.inputs is not None:
            return judging.why_useless(column) or judging.why_refused(column, pictures)
        return judging.why_useless(column) or judging.why_doubtful(column, pictures)

    def _made(self, column: Column, kind: str) -> Any:
        names = [name for name in self._file.names if name != self._asked.objective]
        common: dict[str, Any] = {"index": names.index(column.name), "name": column.name}
        if kind == IMAGE:
            return ImageColumn(type="image", **common)
        if kind == CATEGORICAL:
            assert column.categories is not None
            return CategoricalColumn(type="categorical", values=sorted(column.categories.counts), **common)
        assert column.numbers is not None
        return NumericColumn(type="numeric", mean=column.numbers.mean, stdev=column.numbers.stdev, **common)


def _weight_problems(column: Column, path: str) -> Iterator[str]:
    rule = f"weight: {path}: the column {column.name!r} must have a finite number that is not negative in every row"
    if column.numbers is None:
        row, value = column.unfit or (0, f"of the type {column.kind}")
        yield f"{rule}, but " + (f"row {row + 1:,} is {value!r}" if column.unfit else f"is {value}")
        return
    for what, row in sorted(column.numbers.first.items(), key=lambda item: item[1])[:1]:
        yield f"{rule}, but row {row + 1:,} is {'infinite' if what == 'huge' else what}"
    if not column.numbers.first and column.numbers.high == 0:
        yield f"{rule}, and one above 0 at least, but all are 0"


def _listed(reasons: dict[str, str]) -> str:
    if not reasons:
        return "; it has none but the objective and the weight"
    shown = "; ".join(f"{name!r} {reason}" for name, reason in list(reasons.items())[:20])
    more = f"; and {len(reasons) - 20:,} more" if len(reasons) > 20 else ""
    return f": {shown}{more}; add columns, or name some in inputs that are not constant and have values"
