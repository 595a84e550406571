"""The folder of generated pictures: whole files only, and a row for each, so that a job can go on where it ended.

``train/`` has the pictures, ``train.jsonl`` their rows in the order in which they were made, ``generation.json`` what
they were made of. A picture is there when its file and its row are.
"""

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, Any

from pyramid.data.whole import PART, write_whole
from pyramid.errors import ConfigError
from pyramid.finalize.workspace import CONFIG_FILE
from pyramid.generation.studio import Made, Row
from pyramid.settings.generate import TRAIN

ROWS_FILE, MADE_OF_FILE = "train.jsonl", "generation.json"


_NOT_OURS = "was not made by pyramid_generate; move it away, or name another folder"

_OURS = re.compile(r"\d{6,}\.(png|jpg|webp)(\.part)?")


def check_train(output: str, resume: bool, overwrite: bool) -> list[str]:
    """Why no pictures can be made in the folder ``output``: others are there, or something else is."""
    root, train = Path(output), Path(output) / TRAIN
    if not (root / MADE_OF_FILE).is_file():
        there = [root / name for name in (TRAIN, CONFIG_FILE, ROWS_FILE) if os.path.lexists(root / name)]
        return [f"output_directory: {path} {_NOT_OURS}" for path in there[:1]]
    if os.path.lexists(train) and not train.is_dir():
        return [f"output_directory: {train} {_NOT_OURS}"]
    description = _read_description(root)
    if description and "input_image_shape" not in description:
        return [f"output_directory: {root / MADE_OF_FILE} {_NOT_OURS}"]
    if not overwrite and not description:
        return [_spoilt(root)]
    if train.is_dir() and not resume and not overwrite:
        return [
            f"output_directory: {train} holds pictures already; make the missing ones with --resume, replace all with"
            " --overwrite, or name another folder"
        ]
    names = os.listdir(train) if overwrite and train.is_dir() else []
    foreign = sorted(name for name in names if not _OURS.fullmatch(name))
    if foreign:
        return [f"output_directory: {train} holds {foreign[0]!r}, which pyramid_generate has not made; move it away"]
    return []


class Output:
    """The folder ``root`` while this process works in it."""

    def __init__(self, root: Path):
        self.root = root
        self._train = root / TRAIN
        self._rows = root / ROWS_FILE
        self._places: dict[int, int] = {}

    def count(self, wanted: int) -> int:
        """How many of the pictures below ``wanted`` are there."""
        return sum(number < wanted for number in self._places)

    def missing(self, wanted: int) -> Iterator[int]:
        """The numbers below ``wanted`` of pictures that have to be made."""
        return (number for number in range(wanted) if number not in self._places)

    def add(self, made: list[Made]) -> None:
        """Write pictures and then their rows.

        Raises:
            OSError: the disk is full, or does not take them; what was there before stays whole.
        """
        for one in made:
            write_whole(self.root / one.row["file"], partial(_put, one.content))
        places = {}
        with self._rows.open("ab") as file:
            for one in made:
                places[one.number] = file.tell()
                file.write(json.dumps(one.row, ensure_ascii=False).encode() + b"\n")
        self._places |= places  # not before the disk has taken all of them

    def read_rows(self, wanted: int) -> Iterator[Row]:
        """The rows of the pictures below ``wanted``, in their order."""
        with self._rows.open("rb") as file:
            for number in sorted(number for number in self._places if number < wanted):
                file.seek(self._places[number])
                yield json.loads(file.readline())

    def write_config(self, keys: dict[str, Any], wanted: int) -> None:
        """Write `config.json`: ``keys``, and the rows as `training_data`, none of which is kept in memory."""

        def write(file: IO[bytes]) -> None:
            for i, (key, value) in enumerate(keys.items()):
                file.write(f"{',' if i else '{'}\n {_json(key)}: {_json(value)}".encode())
            file.write(b',\n "training_data": [')
            for i, row in enumerate(self.read_rows(wanted)):
                file.write(f"{',' if i else ''}\n  {_json(row)}".encode())
            file.write(b"\n ]\n}\n")

        write_whole(self.root / CONFIG_FILE, write)

    def begin(self, made_of: dict[str, Any], keep: bool) -> None:
        """Make the folders, and remove what is there unless it is to be kept.

        Args:
            made_of: all that the pictures depend on.

        Raises:
            ConfigError: other pictures would be made than those that are kept.
        """
        if keep and self._train.is_dir():
            check_kept(self.root, made_of)
            self._read()
        else:
            self._remove()
        for part in self._train.glob(f"*{PART}"):
            part.unlink()
        write_whole(self.root / MADE_OF_FILE, partial(_put, json.dumps(made_of, indent=1).encode()))
        self._train.mkdir(exist_ok=True)

    def _remove(self) -> None:
        for old in (self.root / CONFIG_FILE, self._rows, *(self._train.glob("*"))):
            old.unlink(missing_ok=True)

    def _read(self) -> None:
        """Find the rows that are whole and have a picture; an unfinished line is cut off."""
        self._rows.touch()
        with self._rows.open("r+b") as file:
            place = 0
            for line in file:
                if not line.endswith(b"\n"):
                    file.truncate(place)
                    break
                with suppress(ValueError, KeyError, TypeError, OSError):  # lost or spoilt: it is made again
                    name = json.loads(line)["file"]
                    if os.path.getsize(self.root / name):
                        self._places[int(Path(name).stem)] = place
                place += len(line)


def _read_description(root: Path) -> dict[str, Any]:
    """What the pictures in ``root`` were made of; empty when the file does not tell."""
    try:
        return dict(json.loads((root / MADE_OF_FILE).read_bytes()))
    except (OSError, ValueError, TypeError):
        return {}


def _spoilt(root: Path) -> str:
    return f"output_directory: {root / MADE_OF_FILE} is spoilt: what the pictures were made of is lost; use --overwrite"


def check_kept(root: Path, now: dict[str, Any]) -> None:
    """Compare what is to be made ``now`` with what was made in ``root``.

    Raises:
        ConfigError: they are of two kinds, or nobody knows.
    """
    if not (root / TRAIN).is_dir():
        return
    before = _read_description(root)
    if not before:
        raise ConfigError([_spoilt(root)])
    other = [f"{key}: was {_json(before.get(key))}, is {_json(now[key])}" for key in now if before.get(key) != now[key]]
    if other:
        raise ConfigError([*other, "--resume makes the missing pictures of the same kind; use --overwrite for others"])


@contextmanager
def working_in(root: Path) -> Iterator[Output]:
    """The folder ``root``, which is made, for this process alone.

    Raises:
        ConfigError: another one is at work there, or it cannot be made.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = os.open(root, os.O_RDONLY)
    except OSError as error:
        raise ConfigError([f"output_directory: cannot make {root}: {error.strerror}"]) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield Output(root)
    except BlockingIOError as error:
        raise ConfigError([f"output_directory: another pyramid_generate is at work in {root}"]) from error
    finally:
        os.close(lock)


def _put(content: bytes, file: IO[bytes]) -> None:
    file.write(content)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
