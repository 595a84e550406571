"""pyramid for people who write Python."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyramid.errors import ConfigError

if TYPE_CHECKING:
    from pyramid.data.examples import Examples
    from pyramid.engine.events import Event
    from pyramid.finalize.exports.exporting import Exported
    from pyramid.generation.job import Summary, Tell
    from pyramid.generation.sources import Sources
    from pyramid.prediction.job import Done, Prediction
    from pyramid.prediction.labelled import Asked
    from pyramid.prediction.predictions import Limits, Predictions
    from pyramid.search.starts import Starts
    from pyramid.settings.generate import GenerateSettings
    from pyramid.settings.search import SearchSettings
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
    from pyramid.finalize.outputs import at_home
    from pyramid.finalize.workspace import check_output
    from pyramid.search.starts import find_starts
    from pyramid.settings import load

    document, more = at_home(document)
    settings, problems = load.check(document)
    problems += more
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
    checked: "tuple[TrainSettings, Examples, Starts] | None" = None,
) -> dict[str, Any]:
    """Train the candidates of a configuration and write the best model to its `output_directory`.

    Args:
        document: the keys of a configuration file; `training_data` and `output_directory` are enough.
        tell: called with every event of ``pyramid.engine.events``.
        stopped: when it turns true, training ends with the best model so far.
        checked: what `check` has made of ``document``, where that was done before.

    Returns:
        What `results.json` holds: the best candidate, all results, the data's summary, the seconds of each part; and
        as `page` the path of the HTML report, where it could be written.

    Raises:
        ConfigError, DataError, NoModelError, Interrupted: see ``pyramid.errors``.
    """
    settings, examples, starts = checked or check(document)
    from pyramid.engine.events import nobody
    from pyramid.engine.job import run
    from pyramid.finalize.outputs import mirrored
    from pyramid.report.page.delivered import add_page

    with mirrored(str(document["output_directory"]), True, _noting(tell)) as output:
        report = run(settings, examples, starts, tell or nobody, stopped or (lambda: False), document)
        page = add_page(output, report, _noting(tell))
    return output.told(report) | page


def resume_training(
    folder: str,
    max_total_time: float | None = None,
    tell: "Callable[[Event], None] | None" = None,
    stopped: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """Go on with a training whose process was killed, or whose time was too short.

    Args:
        folder: its `output_directory`, which may be a URI.
        max_total_time: seconds in all, with those that are spent; by default what it had.
        tell, stopped: see `train`.

    Returns:
        See `train`.

    Raises:
        ConfigError, DataError, NoModelError, Interrupted: see ``pyramid.errors``.
    """
    from pyramid.finalize.earlier import going_on
    from pyramid.finalize.outputs import mirrored
    from pyramid.report.page.delivered import add_page

    with (
        mirrored(folder, False, _noting(tell)) as output,
        going_on(output.folder, "pyramid_train", max_total_time) as earlier,
    ):
        settings, examples, starts = check(earlier.document)
        from pyramid.engine.events import nobody
        from pyramid.engine.job import run

        document, tell, stopped = earlier.document, tell or nobody, stopped or (lambda: False)
        report = run(settings, examples, starts, tell, stopped, document, earlier)
        page = add_page(output, report, _noting(tell))
    return output.told(report) | page


def finalize_training(folder: str) -> dict[str, Any]:
    """Write the best model of a training whose process was killed, from what it has left in ``folder``.

    Raises:
        ConfigError, NoModelError: there is none, or it is running.
    """
    from pyramid.finalize.earlier import left_behind
    from pyramid.finalize.outputs import mirrored
    from pyramid.finalize.training import finalize
    from pyramid.report.page.delivered import add_page

    with mirrored(folder, False) as output, left_behind(output.folder, "pyramid_train") as earlier:
        report = finalize(earlier)
        page = add_page(output, report)
    return output.told(report) | page


def check_search(document: dict[str, Any], earlier: bool = True) -> "SearchSettings":
    """Validate the configuration of a search; the table is not looked at.

    Args:
        earlier: results of an earlier search in its output directory are a problem.

    Raises:
        ConfigError: with every problem of the document, each with its path and value.
    """
    from pyramid.finalize.outputs import at_home, check_empty
    from pyramid.finalize.workspace import check_output
    from pyramid.settings.check_search import check_search as check_settings

    at, more = at_home(document)
    settings, problems = check_settings(at)
    problems += more
    if settings.output_directory:
        problems += check_output(settings.output_directory)
        problems += [] if problems or not earlier else check_empty(str(document["output_directory"]))
    if problems:
        raise ConfigError(problems)
    return settings


def look_at_table(document: dict[str, Any]) -> list[str]:
    """Validate a search and its table; returns what its columns are, in lines for a person.

    Raises:
        ConfigError, DataError: with every problem.
    """
    import tempfile

    from pyramid.data.tabular.opening import open_table

    settings = check_search(document, earlier=False)
    with tempfile.TemporaryDirectory() as folder:
        return open_table(settings, Path(folder)).shown


def search(
    document: dict[str, Any],
    overwrite: bool = False,
    tell: "Callable[[Event], None] | None" = None,
    stopped: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """Try networks on a table within `max_total_time`, and write the best ensemble to its `output_directory`.

    Args:
        document: the keys of a configuration; `training_data`, `objective` and `output_directory` are enough.
        overwrite: replace what an earlier search has left there.
        tell: called with every event of ``pyramid.engine.events``.
        stopped: when it turns true, the search ends with the best ensemble so far.

    Returns:
        What `results.json` holds: the ensemble, all results, the data's summary, the seconds of each part; and as
        `page` the path of the HTML report, where it could be written.

    Raises:
        ConfigError, DataError, NoModelError, Interrupted: see ``pyramid.errors``.
    """
    settings = check_search(document, earlier=not overwrite)
    from pyramid.engine.events import nobody
    from pyramid.engine.search import run
    from pyramid.finalize.outputs import mirrored
    from pyramid.report.page.delivered import add_page

    with mirrored(str(document["output_directory"]), True, _noting(tell)) as output:
        report = run(settings, document, tell or nobody, stopped or (lambda: False))
        page = add_page(output, report, _noting(tell))
    return output.told(report) | page


def resume_search(
    folder: str,
    max_total_time: float | None = None,
    tell: "Callable[[Event], None] | None" = None,
    stopped: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """Go on with a search whose process was killed, or that is to have more time; see `resume_training`."""
    from pyramid.finalize.earlier import going_on
    from pyramid.finalize.outputs import mirrored
    from pyramid.report.page.delivered import add_page

    with (
        mirrored(folder, False, _noting(tell)) as output,
        going_on(output.folder, "pyramid_search", max_total_time) as earlier,
    ):
        settings = check_search(earlier.document, earlier=False)
        from pyramid.engine.events import nobody
        from pyramid.engine.search import run

        report = run(settings, earlier.document, tell or nobody, stopped or (lambda: False), earlier)
        page = add_page(output, report, _noting(tell))
    return output.told(report) | page


def finalize_search(folder: str) -> dict[str, Any]:
    """Write the ensemble of a search whose process was killed, from what it has left in ``folder``.

    Raises:
        ConfigError, NoModelError: there is no network, or it is running.
    """
    from pyramid.finalize.earlier import left_behind
    from pyramid.finalize.outputs import mirrored
    from pyramid.finalize.searching import finalize
    from pyramid.report.page.delivered import add_page

    with mirrored(folder, False) as output, left_behind(output.folder, "pyramid_search") as earlier:
        report = finalize(earlier)
        page = add_page(output, report)
    return output.told(report) | page


def search_status(folder: str) -> dict[str, Any]:
    """How far the search with the output directory ``folder`` is: seconds, networks, ensemble.

    Raises:
        ConfigError: there is none.
    """
    from pyramid.finalize.earlier import read_earlier
    from pyramid.finalize.outputs import looked_at
    from pyramid.finalize.status import status

    with looked_at(folder) as place:
        return status(read_earlier(place, "pyramid_search"))


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


def predict(
    model: "str | Path",
    paths: "str | Sequence[str]",
    output: str | None = None,
    draw: str | None = None,
    batch_size: int | None = None,
    limits: "Limits | None" = None,
    image_root: str | None = None,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> list[dict[str, Any]]:
    """Predict for pictures, or for the rows of a table, in batches.

    Args:
        model: a `final_model.json`, the folder that holds one, or an `.smbundle`.
        paths: picture files, folders (at any depth), globs; or one table.
        output: a file to write: `.csv`, `.jsonl`, `.parquet`, or `.json` (COCO's results, of a detector).
        draw: a folder for the pictures with what is seen in them.
        batch_size: pictures or rows of a batch; by default by their size.
        limits: which objects a detector tells of; by default sensenet's.
        image_root: what names of pictures in a table are relative to; by default the table's folder.
        tell: called with the number of pictures or rows done, and of all (0 for a table).

    Returns:
        An object for each picture or row, see `pyramid.prediction.predictions.records`; with ``output`` none.

    Raises:
        ConfigError, DataError: see ``pyramid.errors``.
    """
    from pyramid.prediction.job import Prediction
    from pyramid.prediction.predictions import Limits, records

    job = Prediction(model, [paths] if isinstance(paths, str) else paths, batch_size, limits or Limits(), image_root)
    told: list[dict[str, Any]] = []
    run_prediction(job, output, draw, None if output else lambda made: told.extend(records(job.model, made)), tell)
    return told


def run_prediction(
    job: "Prediction",
    output: str | None,
    draw: str | None,
    take: "Callable[[Predictions], None] | None",
    tell: Callable[[int, int], None],
) -> "Done":
    """Predict what ``job`` says, on the cluster that RAY_ADDRESS names, or in this process.

    Args:
        output, draw, tell: see `predict`.
        take: called with every batch.
    """
    from pyramid.prediction.inputs import on_cluster as wanted

    if not job.inputs.table and wanted():
        from pyramid.engine.predictions import on_cluster

        return job.run(
            lambda: on_cluster(job.model, job.inputs.files, job.limits, job.batch_size), output, draw, take, tell
        )
    return job.run(job.here, output, draw, take, tell)


def report(folder: "str | Path") -> Path:
    """Write the HTML report of a training or search that has ended; returns its path, `folder`/report.html.

    Args:
        folder: an `output_directory` on this machine.

    Raises:
        ConfigError: it is none, or nothing can be written there.
    """
    from pyramid.report.page.delivered import write_page

    return write_page(folder)


def evaluate(
    asked: "Asked", output: str | None = None, tell: Callable[[int, int], None] = lambda done, total: None
) -> "tuple[dict[str, Any], Path]":
    """Measure a model, or two, on data whose labels are known.

    Args:
        asked: the model and the data, see `pyramid.prediction.labelled.Asked`.
        output: a folder for `evaluation.parquet`, `metrics.json` and `report.html`; by default beside the model.
        tell: called with the number of pictures or rows done, and of all (0 for a table).

    Returns:
        What `metrics.json` holds, and the folder.

    Raises:
        ConfigError, DataError: see ``pyramid.errors``.
    """
    from pyramid.prediction.document import describe
    from pyramid.prediction.evaluate import evaluate as run
    from pyramid.prediction.evaluated_folder import folder_for, write_folder
    from pyramid.report.page.evaluated import write_evaluation_page

    folder = folder_for(describe(asked.model).path, asked.data, asked.holdout, output)
    evaluated = run(asked, tell)
    write_folder(folder, evaluated, lambda path: write_evaluation_page(evaluated, asked.data, path))
    return evaluated.told(), folder


def export(
    model: str,
    formats: list[str],
    output: str | None = None,
    pictures: Sequence[str] = (),
    tell: "Callable[[Exported], None]" = lambda exported: None,
) -> "list[Exported]":
    """Write a trained model in other formats, and compare each, in its own runtime, with the model on real pictures.

    Args:
        model: the path of a final_model.json, or of the output directory that holds one.
        formats: of savedmodel, smbundle, tflite, onnx, tfjs and h5.
        output: what to write, or a folder for several formats; by default beside the model.
        pictures: files and folders to compare on; by default the holdout that the model's training has left.
        tell: called with every export that is in place.

    Raises:
        ConfigError: the model, a format, a place or a picture cannot be used, or a package is missing.
        PyramidError: an export cannot be made, or predicts something else than the model; it is not kept.
    """
    from pyramid.finalize.exports.formats import chosen
    from pyramid.finalize.exports.model_file import find_model, read_model
    from pyramid.finalize.exports.places import targets

    wanted = chosen(formats)
    path = find_model(model)
    places = targets(path, wanted, output)
    document = read_model(path)
    from pyramid.finalize.exports.exporting import export_all

    return export_all(document, path, {form: places[form.name] for form in wanted}, list(pictures), tell)


def _noting(tell: "Callable[[Event], None] | None") -> Callable[[str], None]:
    """Says to ``tell`` what a person should know."""
    from pyramid.engine.events import Note

    return lambda text: tell(Note(text)) if tell else None


def _check_batches(batches: int, least: int) -> None:
    if not isinstance(batches, int) or not least <= batches <= MOST_BATCHES:
        raise ConfigError([f"batches: must be a whole number from 1 to {MOST_BATCHES}, but got {batches!r}"])
