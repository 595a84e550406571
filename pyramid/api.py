"""pyramid for people who write Python."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyramid.errors import ConfigError

if TYPE_CHECKING:
    from pyramid.data.examples import Examples
    from pyramid.engine.events import Event
    from pyramid.settings.train import TrainSettings


def check(document: dict[str, Any]) -> "tuple[TrainSettings, Examples]":
    """Validate a training configuration without touching a picture; takes well under two seconds.

    Args:
        document: the keys of a configuration file.

    Raises:
        ConfigError: with every problem of the document and of its rows, each with its path and value.
    """
    from pyramid.data.examples import read_examples
    from pyramid.finalize.workspace import check_output
    from pyramid.settings import load

    settings, problems = load.check(document)
    examples, more = read_examples(settings)
    problems += more
    if settings.output_directory:
        problems += check_output(settings.output_directory)
    if problems:
        raise ConfigError(problems)
    return settings, examples


def train(
    document: dict[str, Any],
    tell: "Callable[[Event], None] | None" = None,
    stopped: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """Train the candidates of a configuration and write the best model to its `output_directory`.

    Args:
        document: the keys of a configuration file; `training_data` and `output_directory` are enough.
        tell: called with every event of ``pyramid.engine.events``.
        stopped: when it turns true, training ends with the best model so far.

    Returns:
        What `results.json` holds: the best candidate, all results, the data's summary, the seconds of each part.

    Raises:
        ConfigError, DataError, NoModelError, Interrupted: see ``pyramid.errors``.
    """
    settings, examples = check(document)
    from pyramid.engine.events import nobody
    from pyramid.engine.job import run

    return run(settings, examples, tell or nobody, stopped or (lambda: False))
