"""pyramid for people who write Python."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyramid.errors import ConfigError

if TYPE_CHECKING:
    from pyramid.data.examples import Examples
    from pyramid.engine.events import Event
    from pyramid.generation.job import Summary, Tell
    from pyramid.generation.sources import Sources
    from pyramid.search.starts import Starts
    from pyramid.settings.generate import GenerateSettings
    from pyramid.settings.train import TrainSettings


#: The most batches that can be shown at once.
MOST_BATCHES = 20

#: Generated pictures that are shown together.
PICTURES_OF_SHEET = 16


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
    _check_batches(batches, 0 if each else 1)
    settings, examples, starts = check(document)
    augmentations, warnings = settings.augmentations(examples.objective), settings.warnings(examples.objective)
    if each and not augmentations:
        raise ConfigError(["image_augmentations: no augmentation is on, so there is none to show", *warnings])
    from pyramid.report.drawings import drawings
    from pyramid.report.preview import preview
    from pyramid.report.visualize import check_unless_shown, show_or_write

    output = Path(str(settings.output_directory))
    check_unless_shown(output)
    previews, bad = preview(settings, examples, list(starts.models.values()), max(1, batches))
    for line in (*warnings, *(f"{file}: left out: {reason}" for file, reason in bad.items())):
        say(line)
    drawn = drawings(previews[:batches], previews[0], augmentations if each else {})
    return show_or_write(drawn, output, "Pictures as training sees them")


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


def check_generation(
    document: dict[str, Any], resume: bool = False, overwrite: bool = False
) -> "tuple[GenerateSettings, Sources, list[str]]":
    """Validate a configuration of `pyramid_generate` without opening a picture.

    Args:
        document: the keys of a configuration file.
        resume: pictures that are there already are to be kept.
        overwrite: they are to be replaced. With neither they are a problem.

    Returns:
        The settings, the files that they name, and what a person should know.

    Raises:
        ConfigError: with every problem of the document, its folders and the training that it is for.
    """
    from pyramid.generation.check import check as check_settings
    from pyramid.generation.description import describe
    from pyramid.generation.output import check_kept

    settings, sources, notes = check_settings(document, resume, overwrite)
    if resume:
        check_kept(Path(str(settings.output_directory)), describe(settings, sources))
    return settings, sources, notes


def generate(
    document: dict[str, Any],
    resume: bool = False,
    overwrite: bool = False,
    workers: int | None = None,
    tell: "Tell" = lambda what, done, total: None,
    say: Callable[[str], None] = lambda line: None,
    stopped: Callable[[], bool] = lambda: False,
) -> "Summary":
    """Make the pictures of a configuration of `pyramid_generate`, and the configuration to train on them.

    Args:
        document, resume, overwrite: see `check_generation`.
        workers: processes on this machine; by default one for each core, or the Ray cluster that is there.
        tell: called with what is done ("reading" or "making"), with how many of how many pictures.
        say: called with what a person should know.
        stopped: when it turns true, the pictures that are in work are finished, and `Interrupted` is raised.

    Raises:
        ConfigError, DataError, Interrupted: see ``pyramid.errors``.
        PyramidError: a picture cannot be written, or a process was lost; the pictures that are there are whole.
    """
    settings, sources, notes = check_generation(document, resume, overwrite)
    from pyramid.generation.job import Listener
    from pyramid.generation.job import generate as run

    for note in notes:
        say(note)
    return run(document, settings, sources, resume, workers, Listener(tell, say, stopped))


def visualize_generation(
    document: dict[str, Any],
    sheets: int = 1,
    workers: int | None = None,
    tell: "Tell" = lambda what, done, total: None,
    say: Callable[[str], None] = lambda line: None,
) -> "Path | None":
    """Show the first pictures that `generate` would make, in windows or, without a display, in files.

    Args:
        sheets: how many, up to 20, of 16 pictures each.
        workers, tell, say: see `generate`.

    Returns:
        The page with the pictures, in `output_directory`/visualize; None when they were shown in windows.

    Raises:
        ConfigError, DataError: see ``pyramid.errors``.
    """
    _check_batches(sheets, 1)
    from pyramid.generation.check import check as check_settings
    from pyramid.generation.job import Listener, preview
    from pyramid.report.generation import sheets_of
    from pyramid.report.visualize import check_unless_shown, show_or_write

    settings, sources, notes = check_settings(document, resume=True)
    output = Path(str(settings.output_directory))
    check_unless_shown(output)
    for note in notes:
        say(note)
    pictures = preview(settings, sources, sheets * PICTURES_OF_SHEET, workers, Listener(tell, say))
    return show_or_write(sheets_of(pictures, PICTURES_OF_SHEET), output, "Generated pictures")


def _check_batches(batches: int, least: int) -> None:
    if not isinstance(batches, int) or not least <= batches <= MOST_BATCHES:
        raise ConfigError([f"batches: must be a whole number from 1 to {MOST_BATCHES}, but got {batches!r}"])
