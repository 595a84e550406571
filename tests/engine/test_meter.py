"""How much of a search's time is spent is written down from its beginning."""

import threading
import time
from pathlib import Path

import pytest

from pyramid.engine.meter import Meter
from pyramid.finalize.journal import CANDIDATE, SPENT, Journal, entries
from tests.engine.searches import wait_until


def spent(folder: Path) -> list[float]:
    return [value for kind, value in entries(folder) if kind == SPENT]


def test_the_time_is_written_while_it_goes_and_at_the_end(tmp_path: Path) -> None:
    with Meter(tmp_path, time.monotonic() - 5, before=100, every=0.01) as meter:
        wait_until(lambda: len(spent(tmp_path)) > 3, 20)
        meter.stop()
        found = spent(tmp_path)
        assert found == sorted(found)
        assert 105 <= found[0] <= found[-1] <= meter.spent
        time.sleep(0.05)
    assert spent(tmp_path) == found, "nothing is written after the end"


def test_there_are_entries_at_the_beginning_and_after_an_error(tmp_path: Path) -> None:
    def fail() -> None:
        with Meter(tmp_path, time.monotonic(), before=7):
            assert len(spent(tmp_path)) == 1
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    first, last = spent(tmp_path)
    assert 7 <= first <= last


def test_entries_of_several_threads_do_not_mix(tmp_path: Path) -> None:
    """Also when one is long, and somebody else begins to write."""
    long = {"name": "x" * 300_000}

    def write() -> None:
        for _ in range(20):
            Journal(tmp_path).write(CANDIDATE, long)

    with Meter(tmp_path, time.monotonic(), before=0, every=0.0001):
        writers = [threading.Thread(target=write) for _ in range(2)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
    found = list(entries(tmp_path))
    lines = (tmp_path / "journal.jsonl").read_bytes().splitlines()
    assert len(found) == len(lines)
    assert sum(value == long for kind, value in found if kind == CANDIDATE) == 40
