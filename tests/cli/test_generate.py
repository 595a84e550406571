"""`pyramid_generate` as a person meets it: what it prints, what it writes, and how it ends."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from jsonschema import Draft202012Validator
from PIL import Image

from pyramid import __version__, api
from pyramid.settings.generate import GenerateSettings
from tests.cli.generating import Done, run, start, write_config
from tests.generation.making import config_in, contents, generate, write_sources

#: A run that nobody waits for.
ENDLESS = 10**6


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Sources, and an empty folder for temporary files."""
    (tmp_path / "tmp").mkdir()
    return write_sources(tmp_path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    """A run of ten pictures."""
    folder = write_sources(tmp_path_factory.mktemp("finished"))
    (folder / "tmp").mkdir()
    write_config(folder)
    return folder, run(folder, "config.json", TMPDIR=str(folder / "tmp"))


def test_a_run_tells_what_it_does_what_it_made_and_what_is_next(finished: tuple[Path, Done]) -> None:
    folder, done = finished
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:2] == ["reading 6 pictures …", "making 10 pictures …"]
    assert re.fullmatch(r"10 pictures made in \d+\.\d s \([\d,]+ images/s\)\.", lines[2])
    assert re.fullmatch(r"2 classes: (green|red) \(\d+\), (green|red) \(\d+\)\.", lines[3])
    assert lines[4:] == [
        f"Train on them: {Path(sys.executable).parent / 'pyramid_train'} {folder / 'out' / 'config.json'}"
    ]


def test_a_run_leaves_pictures_and_a_configuration_that_training_takes(finished: tuple[Path, Done]) -> None:
    folder, _ = finished
    names = {f"train/{i:06d}.png" for i in range(10)}
    assert set(contents(folder / "out")) == names | {"config.json", "generation.json", "train.jsonl"}
    assert os.listdir(folder / "tmp") == []
    _, examples, _ = api.check(config_in(folder / "out"))
    assert (examples.objective, examples.files) == (
        "bounding_box",
        [str(folder / "out" / name) for name in sorted(names)],
    )


def rows_of(folder: Path) -> list[str]:
    """The names of the files in the configuration that was written."""
    return [Path(row["file"]).name for row in config_in(folder / "out")["training_data"]]


def test_one_process_makes_the_same_files_as_several(finished: tuple[Path, Done], folder: Path) -> None:
    generate(folder, workers=1)
    ours, theirs = (
        {name: content for name, content in contents(place / "out").items() if name != "config.json"}
        for place in (folder, finished[0])
    )
    assert ours == theirs


def test_pictures_that_are_there_are_not_replaced_unasked(finished: tuple[Path, Done]) -> None:
    folder, _ = finished
    before = contents(folder)
    done = run(folder, "config.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"pyramid_generate: output_directory: {folder / 'out' / 'train'} holds pictures already; make the missing ones"
        " with --resume, replace all with --overwrite, or name another folder\n"
    )
    assert contents(folder) == before


def test_resume_makes_what_is_missing_and_leaves_the_others_alone(folder: Path) -> None:
    generate(folder)
    before = contents(folder / "out" / "train")
    for number in (3, 7):
        (folder / "out" / "train" / f"{number:06d}.png").unlink()
    times = {path.name: path.stat().st_mtime_ns for path in (folder / "out" / "train").iterdir()}
    write_config(folder)
    done = run(folder, "config.json", "--resume", "--workers=1")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^2 pictures made in .*; 8 were there\.$", done.stdout, re.MULTILINE)
    assert contents(folder / "out" / "train") == before
    assert all((folder / "out" / "train" / name).stat().st_mtime_ns == then for name, then in times.items())


def test_overwrite_replaces_all(folder: Path) -> None:
    generate(folder, seed=1)
    write_config(folder, image_format="webp", generated_dataset_size=4)
    done = run(folder, "config.json", "--overwrite", "--workers=1")
    assert (done.returncode, done.stderr) == (0, "")
    assert set(contents(folder / "out" / "train")) == {f"{i:06d}.webp" for i in range(4)}
    assert rows_of(folder) == [f"{i:06d}.webp" for i in range(4)]


def test_validate_opens_no_picture_and_writes_nothing(tmp_path: Path) -> None:
    for name in ("foregrounds/cat/a.png", "foregrounds/dog/b.png", "foregrounds/dog/c.png", "backgrounds/d.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("no picture")
    write_config(tmp_path)
    before = contents(tmp_path)
    done = run(tmp_path, "--validate", "config.json", python=("-X", "importtime"))
    assert done.returncode == 0
    assert done.stdout == "config.json is valid. foregrounds: 3, classes: 2, backgrounds: 1, pictures to make: 10\n"
    imported = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert "pydantic" in imported
    assert imported.isdisjoint({"tensorflow", "tf_keras", "ray", "matplotlib", "pyramid.tf"})
    assert contents(tmp_path) == before


def test_the_schema_is_json_schema_of_all_settings(tmp_path: Path) -> None:
    done = run(tmp_path, "--schema")
    assert (done.returncode, done.stderr) == (0, "")
    schema = json.loads(done.stdout)
    assert set(schema["properties"]) == set(GenerateSettings.model_fields)
    Draft202012Validator.check_schema(schema)
    valid = {"foreground_image_root": "a", "objective_type": "bounding_box", "output_directory": "b"}
    validator = Draft202012Validator(schema)
    assert validator.is_valid(valid)
    assert validator.is_valid(valid | {"occupancy_range": [0.1, 0.5], "blending": ["poisson"]})
    assert not validator.is_valid({})
    for key, value in (("blending", []), ("max_foreground_images", 33), ("zoom", 1)):
        assert not validator.is_valid({**valid, key: value}), key


def test_help_shows_a_configuration_that_is_enough(tmp_path: Path) -> None:
    done = run(tmp_path, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "usage: pyramid_generate" in done.stdout
    example = re.search(r"\{.*\}", done.stdout)
    assert example is not None
    write_sources(tmp_path)
    (tmp_path / "foregrounds").rename(tmp_path / json.loads(example.group())["foreground_image_root"])
    cut = {
        key: value.replace("objects", str(tmp_path / "objects")) for key, value in json.loads(example.group()).items()
    }
    api.check_generation(cut | {"output_directory": str(tmp_path / "generated")})


def test_version(tmp_path: Path) -> None:
    done = run(tmp_path, "--version")
    assert (done.returncode, done.stdout) == (0, f"pyramid_generate {__version__}\n")


def test_visualize_writes_a_page_and_no_pictures_where_there_is_no_display(folder: Path) -> None:
    """Caches of matplotlib may not be written here, either."""
    write_config(folder, generated_dataset_size=20)
    done = run(folder, "config.json", "--visualize", "--workers=1", MPLCONFIGDIR=str(folder / "tmp"))
    assert (done.returncode, done.stderr) == (0, "")
    page = folder / "out" / "visualize" / "index.html"
    assert done.stdout.splitlines() == ["reading 6 pictures …", f"Open {page}"]
    assert set(contents(folder / "out")) == {"visualize/index.html", "visualize/batch-1.png"}
    with Image.open(page.parent / "batch-1.png") as sheet:
        assert sheet.size[0] > 300


def wait_until(condition: Callable[[], object], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that run; one that has ended may still wait for somebody to read its exit code."""
    there = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE:
                there.append(process)
    return there


def pictures_of(folder: Path) -> int:
    return len(list((folder / "out" / "train").glob("*.png")))


@pytest.fixture
def running(folder: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Start a run with the given keys, and come back when it has made some pictures and has processes."""
    begun = []

    def begin(**keys: object) -> "subprocess.Popen[str]":
        write_config(folder, generated_dataset_size=ENDLESS, **keys)
        process = start(folder, "config.json", "--workers=2", TMPDIR=str(folder / "tmp"))
        begun.append(process)
        wait_until(lambda: pictures_of(folder) > 20 or process.poll() is not None)
        return process

    yield begin
    for process in begun:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_ctrl_c_ends_with_whole_pictures_and_resume_goes_on(
    running: Callable[..., "subprocess.Popen[str]"], folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    process = running()
    os.killpg(process.pid, signal.SIGINT)
    stdout, stderr = process.communicate(timeout=10)
    there = pictures_of(folder)
    assert process.returncode == 130
    assert stdout.endswith("stopping when the pictures in work are written; once more to leave at once\n")
    assert (
        stderr == f"pyramid_generate: stopped: {there:,} of 1,000,000 pictures are written; --resume makes the others\n"
    )
    assert os.listdir(folder / "tmp") == []
    assert set(contents(folder / "out")) == {f"train/{i:06d}.png" for i in range(there)} | {
        "generation.json",
        "train.jsonl",
    }
    assert generate(folder, resume=True, generated_dataset_size=there + 5).made == 5
    unbroken = write_sources(tmp_path_factory.mktemp("unbroken"))
    generate(unbroken, generated_dataset_size=there + 5)
    assert contents(folder / "out" / "train") == contents(unbroken / "out" / "train")
    assert config_in(folder / "out")["training_data"] == config_in(unbroken / "out")["training_data"]


def test_a_second_ctrl_c_ends_at_once(folder: Path) -> None:
    """Each picture takes so long that the first one would not."""
    slow = {"input_image_shape": [2048, 2048, 3], "occupancy_range": [0.3, 0.3], "blending": ["poisson"]}
    write_config(folder, **slow, max_foreground_images=32)
    process = start(folder, "config.json", "--workers=2", TMPDIR=str(folder / "tmp"))
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "")
    assert any(line.startswith("making") for line in lines)
    command = psutil.Process(process.pid)
    wait_until(lambda: len(alive(command.children(recursive=True))) >= 2)
    children = command.children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    assert any(line.startswith("stopping when the pictures in work are written") for line in lines)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=2.5) == 130
    wait_until(lambda: not alive(children), 1)
    assert contents(folder / "out" / "train") == {}
    _, stderr = process.communicate()
    assert stderr == ""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[psutil.Process]]:
    """What a run leaves that was killed amid its work: its folder, and what was its processes."""
    folder = write_sources(tmp_path_factory.mktemp("killed"))
    (folder / "tmp").mkdir()
    write_config(folder, generated_dataset_size=ENDLESS)
    with start(folder, "config.json", "--workers=2", TMPDIR=str(folder / "tmp")) as process:
        wait_until(lambda: pictures_of(folder) > 20)
        children = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait()
    with suppress(AssertionError):
        wait_until(lambda: not alive(children), 2)
    return folder, children


def test_the_processes_of_a_killed_run_end_too(killed: tuple[Path, list[psutil.Process]]) -> None:
    _, children = killed
    assert len(children) >= 2
    assert not alive(children)


def test_a_killed_run_can_be_resumed(killed: tuple[Path, list[psutil.Process]]) -> None:
    folder, _ = killed
    (folder / "out" / "train" / "000001.png.part").write_bytes(b"half a picture")
    with (folder / "out" / "train.jsonl").open("a") as file:
        file.write('{"file": "000900.png", "box')
    there = pictures_of(folder)
    assert generate(folder, resume=True, generated_dataset_size=there + 40).pictures == there + 40
    names = [f"{i:06d}.png" for i in range(there + 40)]
    assert sorted(contents(folder / "out" / "train")) == names
    assert rows_of(folder) == names
    for name in names:
        with Image.open(folder / "out" / "train" / name) as image:
            image.load()


def test_a_killed_run_leaves_no_temporary_files(killed: tuple[Path, list[psutil.Process]]) -> None:
    folder, _ = killed
    assert os.listdir(folder / "tmp") == []


#: A run in which no file may be larger than so many kilobytes: what a full disk does, without one.
LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
sys.argv = ["pyramid_generate", *sys.argv[1:]]
from pyramid.cli.generate import main
main()
"""


def run_limited(folder: Path, size: int) -> Done:
    code = LIMITED.format(size=size)
    environment = os.environ | {"RAY_ADDRESS": "", "PYTHONPATH": str(Path(api.__file__).parents[1])}
    command = [sys.executable, "-c", code, "config.json", "--workers=1", "--resume"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, int]:
    """What a disk that became full amid the rows leaves: the folder, the message, and how many rows are whole."""
    folder = write_sources(tmp_path_factory.mktemp("full"))
    shutil.rmtree(folder / "backgrounds")  # which alone would be too large
    write_config(folder, generated_dataset_size=400)
    done = run_limited(folder, 8_000)
    assert done.returncode == 1
    return folder, done.stderr, (folder / "out" / "train.jsonl").read_bytes().count(b"\n")


FULL = re.compile(
    r"pyramid_generate: cannot write (.*): File too large; (\d+) of 400 pictures are written and whole: make room, and"
    r" run it again with --resume\n"
)


def test_a_full_disk_is_told_with_the_pictures_that_are_whole(full: tuple[Path, str, int]) -> None:
    _, message, rows = full
    found = FULL.fullmatch(message)
    assert found is not None
    assert 0 < int(found[2]) <= rows


def test_after_a_full_disk_resume_goes_on(full: tuple[Path, str, int]) -> None:
    folder, message, rows = full
    found = FULL.fullmatch(message)
    assert found is not None
    assert found[1] == str(folder / "out")
    assert 10 < rows < 300
    assert not (folder / "out" / "config.json").exists()
    assert not list((folder / "out").rglob("*.part"))
    assert generate(folder, resume=True, generated_dataset_size=400).made == 400 - rows
    assert len(config_in(folder / "out")["training_data"]) == pictures_of(folder) == 400


def test_a_full_folder_for_temporary_files_is_one_message(folder: Path) -> None:
    write_config(folder)
    done = run_limited(folder, 1_000)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("pyramid_generate: ")


def test_who_reads_only_the_first_line_gets_no_traceback(folder: Path) -> None:
    write_config(folder)
    process = start(folder, "config.json", "--workers=1")
    assert process.stdout is not None
    assert process.stdout.readline() == "reading 6 pictures …\n"
    process.stdout.close()
    process.wait(timeout=10)
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    assert not list((folder / "out").rglob("*.part"))
