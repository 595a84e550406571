"""A file that several processes want: one writes it, the others wait, and what nobody holds is removed."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pyramid.engine import once

#: Wants the file "key" in a folder, writes its process id into it slowly, tells what it found, and waits for a line.
WANTS = """
import os, sys, time
from pathlib import Path
from pyramid.engine import once

def write(file):
    print("writing", flush=True)
    file.write(str(os.getpid()).encode())
    file.flush()
    time.sleep(float(sys.argv[2]))

print(once.written_once(Path(sys.argv[1]), "key", write).read_text(), flush=True)
sys.stdin.readline()
"""


def wanting(place: Path, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WANTS, str(place), str(seconds)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_one_writes_and_the_others_wait_for_it(tmp_path: Path) -> None:
    processes = [wanting(tmp_path, 0.5) for _ in range(3)]
    outputs = [process.communicate("\n")[0].split() for process in processes]
    assert sum("writing" in output for output in outputs) == 1
    [writer] = {output[-1] for output in outputs}
    assert int(writer) in {process.pid for process in processes}


def test_when_the_writer_is_killed_another_writes(tmp_path: Path) -> None:
    killed = wanting(tmp_path, 60)
    assert line(killed) == "writing"
    other = wanting(tmp_path, 0)
    time.sleep(0.3)
    killed.kill()
    killed.wait()
    assert other.communicate("\n")[0].split() == ["writing", str(other.pid)]


def test_what_a_living_process_holds_is_not_swept_and_the_rest_is(tmp_path: Path) -> None:
    reader = wanting(tmp_path, 0)
    assert [line(reader), line(reader)] == ["writing", str(reader.pid)]
    once.sweep(tmp_path)
    assert (tmp_path / "key").exists()
    reader.kill()
    reader.wait()
    (tmp_path / "other.lock").touch()
    (tmp_path / "other.part").touch()
    once.sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_gone_is_written_again(tmp_path: Path) -> None:
    for text in (b"first", b"second"):
        path = once.written_once(tmp_path, "again", lambda file, text=text: file.write(text))  # type: ignore[misc]
        assert path.read_bytes() == text
        once.remove(tmp_path, "again")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left"), open("/dev/full", "wb", buffering=0) as full:
        once.written_once(tmp_path, "big", lambda _: full.write(b"pixels"))
    assert [path.name for path in tmp_path.iterdir()] == ["big.lock"]


def test_the_folder_is_the_user_s_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once.tempfile, "tempdir", str(tmp_path))
    assert once.folder().stat().st_mode & 0o777 == 0o700
    once.folder().rmdir()
    os.symlink(tmp_path, tmp_path / f"pyramid-pictures-{os.getuid()}")
    with pytest.raises(PermissionError):
        once.folder()
