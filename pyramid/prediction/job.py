"""One call of `predict`: what is predicted, checked before TensorFlow is imported, and where predictions go."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from pyramid.errors import ConfigError
from pyramid.prediction.document import Described, describe
from pyramid.prediction.drawing import Drawer
from pyramid.prediction.inputs import Inputs, find_inputs
from pyramid.prediction.output import Writer, check_output_file, output_file
from pyramid.prediction.predictions import Limits, Predictions
from pyramid.settings.objectives import BOUNDING_BOX

#: Called with the number of pictures or rows done, and of all: 0 when that is not known.
Tell = Callable[[int, int], None]

#: Takes predictions, batch after batch.
Sink = Callable[[Predictions], None]


@dataclass(frozen=True)
class Done:
    """What was predicted.

    Attributes:
        rows: pictures, or rows of the table.
        unreadable: of these, and their reasons in ``reasons`` (the first hundred, by file or row).
        undrawn: pictures with a prediction that could not be drawn, and why.
    """

    rows: int
    unreadable: int
    reasons: dict[str, str]
    undrawn: dict[str, str] = field(default_factory=dict)


_MOST_REASONS = 100


class Prediction:
    """What is to be predicted, and all that can be checked of it.

    Attributes:
        model: what its file says.
        inputs: pictures, or a table.
        batch_size: pictures or rows of a batch; None lets the model choose.
    """

    def __init__(
        self,
        model: str | Path,
        paths: Sequence[str],
        batch_size: int | None = None,
        limits: Limits = Limits(),  # noqa: B008 - it cannot be changed
        image_root: str | None = None,
    ):
        """
        Raises:
            ConfigError: with what is wrong.
        """
        self.model = describe(model)
        self.inputs: Inputs = find_inputs(self.model, paths)
        self.batch_size, self.limits, self.image_root = batch_size, limits, image_root
        problems = list(_problems(self.model, batch_size, limits))
        if problems:
            raise ConfigError(problems)

    def here(self) -> Iterator[Predictions]:
        """Predictions made by this process."""
        from pyramid.prediction.model import Model  # TensorFlow

        made = Model(self.model, self.limits)
        if self.inputs.table:
            return made.table(self.inputs.table, self.batch_size, self.image_root)
        return made.pictures(self.inputs.files, self.batch_size)

    def run(
        self,
        made: Callable[[], Iterator[Predictions]],
        output: str | None,
        draw: str | None,
        take: Callable[[Predictions], None] | None,
        tell: Tell,
    ) -> Done:
        """Write the predictions that ``made`` gives to ``output`` and ``draw``, and hand them to ``take``."""
        with ExitStack() as stack:
            sinks: list[Sink] = [_writing("the predictions", take)] if take else []
            if output:
                check_output_file(self.model, output)
            drawer = self._drawer(draw) if draw else None
            if drawer:
                sinks.append(_writing(f"draw: {draw}", drawer.draw))
            if output:
                stack.enter_context(_no_os_error(f"output: {output}"))  # also of the file's end
                writer: Writer = stack.enter_context(output_file(self.model, output))
                sinks.append(writer.write)
            done = self._hand_on(self._read(made), sinks, tell)
        return replace(done, undrawn=drawer.undrawn) if drawer else done

    def _read(self, made: Callable[[], Iterator[Predictions]]) -> Iterator[Predictions]:
        try:
            yield from made()
        except OSError as error:
            where = error.filename or self.inputs.table or self.model.path
            raise ConfigError([f"{where}: {error.strerror or error}; predicting ended there"]) from error

    def _drawer(self, draw: str) -> Drawer:
        if not self.model.pictures:
            raise ConfigError([f"draw: {self.model.path} takes rows of a table, of which there is nothing to draw"])
        return Drawer(self.model, draw, self.inputs.files)

    def _hand_on(self, made: Iterator[Predictions], sinks: list[Sink], tell: Tell) -> Done:
        rows, bad, reasons = 0, 0, dict[str, str]()
        tell(0, len(self.inputs.files))
        for predictions in made:
            for sink in sinks:
                sink(predictions)
            told = {key: why for key, why in zip(predictions.keys, predictions.reasons, strict=True) if why}
            rows, bad = rows + len(predictions), bad + len(told)
            reasons |= dict(list(told.items())[: max(0, _MOST_REASONS - len(reasons))])
            tell(rows, len(self.inputs.files))
        return Done(rows, bad, reasons)


@contextmanager
def _no_os_error(what: str) -> Iterator[None]:
    """Say that ``what`` cannot be written."""
    try:
        yield
    except BrokenPipeError:  # somebody has read enough of standard output
        raise
    except OSError as error:
        rule = f"cannot be written ({error.strerror or error}); what was there stays"
        raise ConfigError([f"{what} {rule}"]) from error


def _writing(what: str, sink: Sink) -> Sink:
    """``sink``, which says that ``what`` cannot be written when it cannot."""

    def guarded(predictions: Predictions) -> None:
        with _no_os_error(what):
            sink(predictions)

    return guarded


def batch_size_problems(batch_size: int | None) -> Iterator[str]:
    """What is wrong with the number of pictures or rows of a batch; None lets the model choose."""
    if batch_size is not None and not 1 <= batch_size <= 2**20:
        yield f"batch_size: must be from 1 to {2**20:,}, but got {batch_size}"


def _problems(model: Described, batch_size: int | None, limits: Limits) -> Iterator[str]:
    yield from batch_size_problems(batch_size)
    if not 0 < limits.score <= 1:
        yield f"score: must be above 0 and at most 1, but got {limits.score:g}"
    if not 0 < limits.iou <= 1:
        yield f"iou: must be above 0 and at most 1, but got {limits.iou:g}"
    if not 1 <= limits.most <= 10_000:
        yield f"max_objects: must be from 1 to 10,000, but got {limits.most}"
    if limits != Limits() and model.objective != BOUNDING_BOX:
        yield f"score, iou, max_objects: {model.path} finds no boxes; leave them out"
