"""From a configuration to a folder of pictures that `pyramid_train` takes."""

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from pyramid.engine.spread.cores import cores
from pyramid.engine.spread.interface import Cores
from pyramid.errors import Interrupted, PyramidError
from pyramid.finalize.workspace import CONFIG_FILE
from pyramid.generation.collect import collect
from pyramid.generation.description import describe
from pyramid.generation.library import Library
from pyramid.generation.output import Output, working_in
from pyramid.generation.sources import Sources
from pyramid.generation.studio import Picture, Studio, make
from pyramid.generation.training import configuration
from pyramid.settings.generate import GenerateSettings

#: Pictures, and their pixels, that a process makes before it answers: what is on its way takes little memory.
_BATCH, _BATCH_PIXELS = 16, 2**21

#: Called with what is done ("reading" or "making"), how many pictures of it are done, and of how many.
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Listener:
    """Who hears of a generation.

    Attributes:
        say: called with a line that a person should read.
        stopped: when it turns true, what is in work is finished, and no more is begun.
    """

    tell: Tell = lambda what, done, total: None
    say: Callable[[str], None] = lambda line: None
    stopped: Callable[[], bool] = lambda: False


@dataclass
class Summary:
    """What was made.

    Attributes:
        pictures: that are there.
        made: of them in this run, in so many ``seconds``.
        config: the path of the configuration for `pyramid_train`.
        shown: class -> of how many boxes, or pictures, it is; None for pictures without a box.
    """

    pictures: int
    made: int
    seconds: float
    config: str
    shown: Counter[str | None]


def generate(
    document: dict[str, Any],
    settings: GenerateSettings,
    sources: Sources,
    keep: bool,
    workers: int | None,
    listener: Listener,
) -> Summary:
    """Make the pictures that ``settings`` ask for, and `config.json` when all are there.

    Args:
        document: that ``settings`` were made of.
        keep: what is there, and make the missing ones; else all are replaced.
        workers: processes on this machine; by default its cores, or those of the Ray cluster that is there.

    Raises:
        ConfigError, DataError, Interrupted: see ``pyramid.errors``.
        PyramidError: a picture cannot be written, or a process was lost; those that are there stay.
    """
    root = Path(str(settings.output_directory)).absolute()
    wanted = settings.generated_dataset_size
    with (
        _collected(settings, sources, workers, listener) as library,
        cores(workers, folder=library.path.parent) as used,
        working_in(root) as output,
    ):
        with _writing(output, wanted):
            output.begin(describe(settings, sources), keep)
            begun, there = time.monotonic(), output.count(wanted)
            _make_all(Studio(settings, library), used, output, listener)
            seconds = time.monotonic() - begun
            output.write_config(configuration(document, settings, root), wanted)
        return Summary(wanted, output.count(wanted) - there, seconds, str(root / CONFIG_FILE), _shown(output, wanted))


def preview(
    settings: GenerateSettings, sources: Sources, count: int, workers: int | None, listener: Listener
) -> list[Picture]:
    """The first ``count`` pictures that `generate` would make, or all of them; nothing is written."""
    with _collected(settings, sources, workers, listener) as library:
        studio = Studio(settings, library)
        return [studio.picture(number) for number in range(min(count, settings.generated_dataset_size))]


@contextmanager
def _collected(
    settings: GenerateSettings, sources: Sources, workers: int | None, listener: Listener
) -> Iterator[Library]:
    """The decoded ``sources``, for as long as the block lasts; by this machine alone, which has the files."""

    def tell(done: int, total: int) -> None:
        listener.tell("reading", done, total)
        if listener.stopped():
            raise Interrupted("stopped while reading the sources: nothing was written")

    with tempfile.TemporaryDirectory(prefix="pyramid_") as folder:
        with cores(workers, on_ray=False, folder=Path(folder)) as here, _keeping(folder):
            library = collect(settings, sources, here, Path(folder) / "sources", tell, listener.say)
        yield library


@contextmanager
def _keeping(folder: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PyramidError(
            f"cannot keep the decoded sources in {folder}: {error.strerror}; make room, or set TMPDIR to another folder"
        ) from error


def _make_all(studio: Studio, used: Cores, output: Output, listener: Listener) -> None:
    wanted = studio.settings.generated_dataset_size
    done = output.count(wanted)
    listener.tell("making", done, wanted)
    shared = used.put(Studio(studio.settings, studio.library.portable()) if used.remote else studio)
    for made in used.map(make, shared, _batches(studio.settings, output.missing(wanted))):
        output.add(made)
        done += len(made)
        listener.tell("making", done, wanted)
        if listener.stopped() and done < wanted:
            raise Interrupted(f"stopped: {_state(output, wanted)}; --resume makes the others")


def _batches(settings: GenerateSettings, numbers: Iterator[int]) -> Iterator[list[int]]:
    width, height, _ = settings.shape
    size = min(_BATCH, max(1, _BATCH_PIXELS // (width * height)))
    return iter(lambda: list(islice(numbers, size)), [])


@contextmanager
def _writing(output: Output, wanted: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = error.filename or output.root
        raise PyramidError(
            f"cannot write {where}: {error.strerror}; {_state(output, wanted)} and whole: make room, and run it again"
            " with --resume"
        ) from error


def _state(output: Output, wanted: int) -> str:
    return f"{output.count(wanted):,} of {wanted:,} pictures are written"


def _shown(output: Output, wanted: int) -> Counter[str | None]:
    shown: Counter[str | None] = Counter()
    for row in output.read_rows(wanted):
        boxes = row.get("boxes")
        shown.update([row["label"]] if boxes is None else [box[4] for box in boxes] or [None])
    return shown
