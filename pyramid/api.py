"""pyramid for people who write Python."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyramid.errors import ConfigError

if TYPE_CHECKING:
    from pyramid.data.examples import Examples
    from pyramid.engine.events import Event
    from pyramid.search.starts import Starts
    from pyramid.settings.train import TrainSettings


#: The most batches that can be shown at once.
MOST_BATCHES = 20


def check(document: dict[str, Any]) -> "tuple[TrainSettings, Examples, Starts]":
    """Validate a training configuration without touching a picture; takes well under two seconds.

    Where it names pretrained weights, files of some hundred megabytes may have to be read, or a server be asked
    whether it has them.

    Args:
        document: the keys of a configuration file.

    Returns:
        The settings, the rows that they name, and what the candidates start from.

    Raises:
        ConfigError: with every problem of the document and of its rows, each with its path and value.
    """
    from pyramid.data.examples import read_examples
    from pyramid.finalize.workspace import check_output
    from pyramid.search.starts import find_starts
    from pyramid.settings import load

    settings, problems = load.check(document)
    examples, more = read_examples(settings)
    problems += more
    starts, more = find_starts(settings, examples)
    problems += more
    if settings.output_directory:
        problems += check_output(settings.output_directory)
    if problems:
        raise ConfigError(problems)
    return settings, examples, starts


def visualize(
    document: dict[str, Any], batches: int = 1, each: bool = False, say: Callable[[str], None] = lambda text: None
) -> "Path | None":
    """Show the first batches of a training as they are augmented, in windows or, without a display, in files.

    Args:
        batches: how many, up to 20.
        each: also show each augmentation at its lowest, middle and highest strength.
        say: called with what a person should know of the pictures.

    Returns:
        The page with the pictures, in `output_directory`/visualize; None when they were shown in windows.

    Raises:
        ConfigError, DataError: see ``pyramid.errors``.
    """
    if not isinstance(batches, int) or not (0 if each else 1) <= batches <= MOST_BATCHES:
        raise ConfigError([f"batches: must be a whole number from 1 to {MOST_BATCHES}, but got {batches!r}"])
    settings, examples, starts = check(document)
    augmentations, warnings = settings.augmentations(examples.objective), settings.warnings(examples.objective)
    if each and not augmentations:
        raise ConfigError(["image_augmentations: no augmentation is on, so there is none to show", *warnings])
    from pyramid.report.drawings import drawings
    from pyramid.report.preview import preview
    from pyramid.report.visualize import can_show, check_folder, show, write

    windows = can_show()
    output = Path(str(settings.output_directory))
    if not windows:
        check_folder(output)

    previews, bad = preview(settings, examples, list(starts.models.values()), max(1, batches))
    for line in (*warnings, *(f"{file}: left out: {reason}" for file, reason in bad.items())):
        say(line)
    drawn = drawings(previews[:batches], previews[0], augmentations if each else {})
    if windows:
        show(drawn)
        return None
    return write(drawn, output)


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
    settings, examples, starts = check(document)
    from pyramid.engine.events import nobody
    from pyramid.engine.job import run

    return run(settings, examples, starts, tell or nobody, stopped or (lambda: False))
