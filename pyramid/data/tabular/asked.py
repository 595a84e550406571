"""The columns of a table that a search names, and whether the table has them."""

import difflib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Asked:
    """Names of columns; ``inputs`` None stands for all others."""

    objective: str
    inputs: tuple[str, ...] | None
    weight: str | None

    def problems(self, names: Sequence[str], path: str) -> Iterator[str]:
        """What is wrong with them in the table ``path``, whose columns are called ``names``."""
        if not names:
            yield f"{path}: has no columns"
            return
        for name, count in Counter(names).items():
            if count > 1:
                yield f"{path}: {count} columns are called {name!r}; names must be different"
        for key, name in self._keys():
            if name not in names:
                yield f"{key}: {path} has no column {name!r}{_nearest(name, names)}"
        if self.weight == self.objective:
            yield f"weight: must be another column than the objective, but both are {self.weight!r}"
        if self.inputs is not None:
            yield from self._wrong_inputs(self.inputs)

    def places(self, names: Sequence[str]) -> list[int]:
        """Where the columns are that must be looked at."""
        known = [i for i, name in enumerate(names) if names.index(name) == i]
        if self.inputs is None:
            return known
        return [i for i in known if names[i] in (self.objective, self.weight, *self.inputs)]

    def _keys(self) -> Iterator[tuple[str, str]]:
        yield "objective", self.objective
        if self.weight is not None:
            yield "weight", self.weight
        yield from ((f"inputs[{i}]", name) for i, name in enumerate(self.inputs or ()))

    def _wrong_inputs(self, inputs: Sequence[str]) -> Iterator[str]:
        if not inputs:
            yield "inputs: must name a column, but is empty; leave it out to use all that promise something"
        for i, name in enumerate(inputs):
            if name == self.objective:
                yield f"inputs[{i}]: must not be the objective, {name!r}, which a model is not given; take it out"
            elif name == self.weight:
                yield f"inputs[{i}]: must not be the weight, {name!r}; take it out"
            if name in inputs[:i]:
                yield f"inputs[{i}]: {name!r} is there twice"


def _nearest(name: str, names: Sequence[str]) -> str:
    mark = next((mark for mark in ";\t|," if len(names) == 1 and name in map(str.strip, names[0].split(mark))), None)
    if mark:
        way_out = "separate the columns by commas (.csv) or tabs (.tsv)"
        return f"; its only one is {names[0][:60]!r}: {way_out}, not by {mark!r}"
    lower = {known.lower(): known for known in names}
    close = difflib.get_close_matches(name.lower().strip(), lower, n=1)
    if close:
        return f"; did you mean {lower[close[0]]!r}?"
    return "; it has " + ", ".join(map(repr, names[:20])) + (", …" if len(names) > 20 else "")
