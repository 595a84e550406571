"""A trained model in the formats that a person asks for, each loaded again in its own runtime and compared."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyramid.data.scratch import scratch
from pyramid.errors import ConfigError, PyramidError
from pyramid.finalize.exports.comparing import Difference, Reference, merged
from pyramid.finalize.exports.formats import TOLERANCE, Format
from pyramid.finalize.exports.places import put_in_place
from pyramid.finalize.exports.samples import samples_of
from pyramid.finalize.exports.served import Served
from pyramid.finalize.exports.writers import WRITERS, Job


@dataclass(frozen=True)
class Exported:
    """One export that is in place.

    Attributes:
        path: of the file or folder.
        size: bytes.
        reader: what it was loaded with.
        samples: how many pictures or rows were compared.
        pictures: they are pictures.
        unit: of the difference of outputs: "" or " of a standard deviation".
        difference: the largest ones.
        takes, gives: name -> description.
        notes: what a person should know.
    """

    format: str
    path: Path
    size: int
    reader: str
    samples: int
    pictures: bool
    unit: str
    difference: Difference
    takes: dict[str, str] = field(default_factory=dict)
    gives: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def export_all(
    document: dict[str, Any],
    model: Path,
    places: dict[Format, Path],
    pictures: list[str],
    tell: Callable[[Exported], None] = lambda exported: None,
) -> list[Exported]:
    """Write the model of ``document`` to all ``places``.

    Args:
        model: the file of the document, beside which the holdout is known.
        pictures: files and folders to compare on; without any the holdout.
        tell: called with every export that is in place.

    Raises:
        ConfigError: the model cannot be loaded, or there is nothing to compare on.
        PyramidError: some exports predict something else, or cannot be made; they are not there, all others are.
    """
    try:
        reference, served = Reference(document), Served(document)
    except Exception as error:  # whatever sensenet makes of a broken document
        raise ConfigError([f"model: sensenet cannot load {model}: {_first_line(error)}"]) from error
    samples = samples_of(document, model, pictures)
    job = Job(document, served, reference, samples)
    made, problems = [], []
    for form, place in places.items():
        try:
            made.append(_export(job, form, place))
            tell(made[-1])
        except ConfigError:
            raise
        except PyramidError as error:
            problems.append(str(error))
    if problems:
        raise PyramidError("\n".join(problems))
    return made


def _export(job: Job, form: Format, place: Path) -> Exported:
    with scratch(place.parent) as work:
        (work / "made").mkdir()
        target = work / "made" / place.name
        try:
            written = WRITERS[form.name](job, target, work)
            difference = merged(written.differences)
        except PyramidError as error:
            raise PyramidError(f"{form.name}: {error}") from error
        except Exception as error:  # each converter has errors of its own, and other formats go on
            raise PyramidError(f"{form.name}: cannot be made of this model: {_first_line(error)}") from error
        _check(form, place, difference)
        size = _size(target)
        put_in_place(form, target, place)
    told = written.description
    count, pictures = sum(len(next(iter(one.inputs.values()))) for one in written.samples), bool(job.samples[0].path)
    return Exported(
        form.name, place, size, written.reader or form.reader, count, pictures,
        " of a standard deviation" if job.served.numeric else "", difference,
        told.get("takes", {}), told.get("gives", {}), [*told.get("notes", []), *written.notes],
    )  # fmt: skip


def _check(form: Format, place: Path, difference: Difference) -> None:
    if not difference.largest <= TOLERANCE:
        found = f"{difference.largest:.3g}, and at most {TOLERANCE:g} is allowed"
        raise PyramidError(
            f"{form.name}: {place.name} predicts something else than the model (by {found}); it is not kept"
        )


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _first_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return lines[0].strip()[:300]
