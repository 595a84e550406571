"""How a command shows a job: for a person, or for a program (--json-progress)."""

import argparse
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from pyramid.cli.process import Stop, console, private_stdout

if TYPE_CHECKING:
    from rich.console import Console

    from pyramid.engine.events import Event, Tell
    from pyramid.report.lines import JsonLines

#: Runs a job: tell, stopped -> what `results.json` holds.
Job = Callable[["Tell", Stop], dict[str, Any]]


def add_json_progress(parser: argparse.ArgumentParser) -> None:
    """The option, which `Shown` obeys."""
    parser.add_argument(
        "--json-progress",
        action="store_true",
        help="tell what happens for programs: a JSON object on each line of standard output, nothing else",
    )


def check_json_progress(parser: argparse.ArgumentParser, arguments: argparse.Namespace, *others: str) -> None:
    """End the process with a message when nothing is trained by one of the ``others``, which were given too."""
    for name in others:
        if arguments.json_progress and getattr(arguments, name):
            parser.error(f"--json-progress: nothing is trained by --{name.replace('_', '-')}; leave one of them out")


class Shown:
    """Where a command's words go: to a person's console, or to a program, line by line.

    Attributes:
        out: the console of a person; None for a program.
    """

    def __init__(self, json: bool):
        stream = private_stdout()
        self.out: Console | None = None
        self._lines: JsonLines | None = None
        if json:
            from pyramid.report import lines

            self._lines = lines.JsonLines(stream)
        else:
            self.out = console(stream)

    def say(self, text: str) -> None:
        """What a person should know."""
        if self._lines is not None:
            self._lines.note(text)
        elif self.out is not None:
            self.out.print(text, soft_wrap=True, markup=False)

    def job(
        self,
        job: Job,
        message: str,
        report: "Callable[[Console], AbstractContextManager[Callable[[Event], None]]]",
        print_all: "Callable[[Console, Mapping[str, Any]], None] | Callable[[Console, dict[str, Any]], None]",
    ) -> None:
        """Run ``job`` with progress and report.

        Args:
            message: said when the user wants an end.
            report: makes what shows the progress on a console.
            print_all: prints what `results.json` holds.
        """
        stop = Stop(self.say, message)
        if self._lines is not None:
            self._lines.ended(job(self._lines, stop))
        elif self.out is not None:
            with report(self.out) as tell:
                results = job(tell, stop)
            print_all(self.out, results)

    def result(
        self,
        report: dict[str, Any],
        print_all: "Callable[[Console, Mapping[str, Any]], None] | Callable[[Console, dict[str, Any]], None]",
    ) -> None:
        """Of a job that is over."""
        if self._lines is not None:
            self._lines.ended(report)
        elif self.out is not None:
            print_all(self.out, report)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """What a program reads when the job ends without a model; standard error and the exit code stay."""
        try:
            yield
        except BaseException as error:
            if self._lines is not None and not isinstance(error, SystemExit):
                self._lines.failed(error)
            raise
