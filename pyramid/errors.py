"""What can go wrong, and what is done about it.

    PyramidError             one clear message, never a traceback
    ├── ConfigError          the settings are wrong: the job ends before any picture is read   exit code 2
    ├── DataError            the data cannot be learned from: the job ends                     exit code 2
    ├── NoModelError         no candidate left a usable model: the job ends, reasons are kept  exit code 1
    └── Interrupted          stopped by the user before there was a model                      exit code 130

A candidate's own failure is not in this tree: the trial turns it into a result with its traceback
(``pyramid.engine.trial``), the others go on, and its time is shared out.
"""

from collections.abc import Sequence


class PyramidError(Exception):
    """The root: ``str(error)`` is what a person reads."""

    exit_code = 1

    def add(self, line: str) -> None:
        """Say one line more."""
        self.args = (f"{self}\n{line}",)

    def replace(self, old: str, new: str) -> None:
        """Say ``new`` for ``old``."""
        self.args = (str(self).replace(old, new),)


class ProblemsError(PyramidError):
    """An error that reports every problem found, not only the first.

    Each problem is one line: the path of the value, the rule, the value, and a way out.
    """

    exit_code = 2
    shown = 20

    def __init__(self, problems: Sequence[str]):
        self.problems = list(problems)
        lines = self.problems[: self.shown]
        if len(self.problems) > self.shown:
            lines.append(f"… and {len(self.problems) - self.shown:,} more")
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple[type["ProblemsError"], tuple[list[str]]]:
        """Another process makes it of the problems, not of their text."""
        return type(self), (self.problems,)

    def add(self, line: str) -> None:
        super().add(line)
        self.problems.append(line)

    def replace(self, old: str, new: str) -> None:
        super().replace(old, new)
        self.problems = [problem.replace(old, new) for problem in self.problems]


class ConfigError(ProblemsError):
    """The settings, or the rows that they name, break a rule."""


class DataError(ProblemsError):
    """The pictures that can be read do not make a learnable data set."""


class NoModelError(PyramidError):
    """Every candidate failed, and none had a model before."""


class Interrupted(PyramidError):  # noqa: N818 - like KeyboardInterrupt, it is nobody's error
    """The user stopped the job before there was a model."""

    exit_code = 130
