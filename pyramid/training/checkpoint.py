"""Where a training is, in one file: what a trial whose process was killed goes on from."""

import json
import os
import zipfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from pyramid.training.candidate import FIT_INFO_FILE, Fit

CHECKPOINT_FILE = "checkpoint.npz"

#: To be raised when what lies in the file changes: an older one is not understood any more.
_FORMAT = 1

#: What of a candidate says only how long it is trained: with more time it goes on from where it was.
_DURATIONS = ("max_iterations", "max_training_time")

Arrays = list[npt.NDArray[Any]]

F = TypeVar("F", bound=Fit)


@dataclass
class Position:
    """Where a training is, its arrays aside: plain data.

    The best weights so far are not part of it: they are those in the file beside it (`storage.save`), and a training
    that goes on measures them again. So nothing is lost where a process is killed between the writing of the two.

    Attributes:
        iterations, own_iterations: of the learner; the next batch has the number ``iterations``.
        place, failures, best: of the schedule.
        spent, elapsed: of the watch, in seconds.
        checks: of the holdout.
        checked_rows: rows that each of them looked at.
        last_check: the watch's seconds and the iterations at the last one.
        at_start: of an initial model, its metrics before the first step.
        seconds_per_step: 0 before the first one.
        saving_seconds: for the best weights, and for a checkpoint.
    """

    iterations: int
    own_iterations: int
    place: int
    failures: int
    best: float | None
    spent: dict[str, float]
    elapsed: float
    checks: int
    checked_rows: int
    last_check: tuple[float, int]
    at_start: dict[str, float | None]
    seconds_per_step: float
    saving_seconds: tuple[float, float]


@dataclass
class Checkpoint:
    """A position with its arrays.

    Attributes:
        weights: of the model.
        optimizer: of what the optimizer of this phase remembers, its iterations included.
    """

    position: Position
    weights: Arrays
    optimizer: Arrays


def save_checkpoint(folder: Path, fit: Fit, checkpoint: Checkpoint) -> None:
    """Write it into ``folder``, which is made when it is absent; the one before stays until it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = {"format": _FORMAT, "candidate": fit.to_dict(), "position": asdict(checkpoint.position)}
    arrays: dict[str, Any] = {f"weights_{i}": array for i, array in enumerate(checkpoint.weights)}
    arrays |= {f"optimizer_{i}": array for i, array in enumerate(checkpoint.optimizer)}
    text = np.frombuffer(json.dumps(plain).encode(), np.uint8)
    with _part(folder).open("wb") as file:
        np.savez(file, plain=text, **arrays)
    os.replace(_part(folder), folder / CHECKPOINT_FILE)


def load_checkpoint(folder: Path, fit: Fit) -> Checkpoint | None:
    """The checkpoint in ``folder``; None when there is none, when it cannot be read, or is another candidate's."""
    try:
        with np.load(folder / CHECKPOINT_FILE, allow_pickle=False) as file:
            plain = json.loads(bytes(file["plain"]))
            if plain["format"] != _FORMAT or _identity(plain["candidate"]) != _identity(fit.to_dict()):
                return None
            weights, optimizer = (_arrays(file, kind) for kind in ("weights", "optimizer"))
            return Checkpoint(Position(**plain["position"]), weights, optimizer)
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile):
        return None


def halved_before(folder: Path, fit: F) -> F:
    """``fit`` with the smaller batch of its own checkpoint in ``folder``, if it has one: it was out of memory then."""
    try:
        with np.load(folder / CHECKPOINT_FILE, allow_pickle=False) as file:
            kept = json.loads(bytes(file["plain"]))["candidate"]
            same = _identity(kept | {"batch_size": fit.batch_size}) == _identity(fit.to_dict())
            return replace(fit, batch_size=min(fit.batch_size, kept["batch_size"])) if same else fit
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile):
        return fit


def _arrays(file: Any, kind: str) -> Arrays:
    return [file[f"{kind}_{i}"] for i in range(sum(name.startswith(kind) for name in file.files))]


def remove_checkpoint(folder: Path) -> None:
    """Remove it, and what of another was written before a kill."""
    for path in (folder / CHECKPOINT_FILE, _part(folder)):
        path.unlink(missing_ok=True)


def has_weights_of(folder: Path, fit: Fit) -> bool:
    """Whether the best weights in ``folder`` are those of this candidate."""
    try:
        info = json.loads((folder / FIT_INFO_FILE).read_text(encoding="utf-8"))
        return bool(_identity(info["candidate"]) == _identity(fit.to_dict()))
    except (OSError, KeyError, TypeError, ValueError):
        return False


def _part(folder: Path) -> Path:
    return folder / (CHECKPOINT_FILE + ".part")


def _identity(candidate: dict[str, Any]) -> str:
    """What must be the same for a training to go on."""
    kept = {key: value for key, value in candidate.items() if key not in _DURATIONS}
    return json.dumps(kept, sort_keys=True)
