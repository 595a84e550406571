"""Models, names and places that are wrong cost a row or one clear message, and nothing that was there."""

import errno
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pyramid import api
from pyramid.errors import ConfigError
from pyramid.prediction.job import Prediction
from pyramid.prediction.predictions import Predictions, records
from pyramid.report.predictions import fault_lines
from tests.disks import small_disk
from tests.prediction.making import write_classifier


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_classifier(tmp_path_factory.mktemp("model"))


def picture(path: Path | str, seed: int = 0) -> str:
    pixels = np.random.default_rng(seed).integers(0, 256, (20, 30, 3), np.uint8)
    Image.fromarray(pixels).save(path, "PNG" if os.fspath(path).endswith("png") else "JPEG")
    return os.fspath(path)


def changed(model: Path, folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    document = json.loads(model.read_text())
    change(document["output_exposition"])
    (folder / "changed.json").write_text(json.dumps(document))
    return folder / "changed.json"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "has no classes"),
        (["ant", "ant", "bee"], "has two classes of the same name"),
        (["ant", "bee"], "its network has 3 outputs for 2 classes"),
    ],
)
def test_a_model_whose_classes_do_not_fit_is_refused(model: Path, tmp_path: Path, names: list[str], said: str) -> None:
    broken = changed(model, tmp_path, lambda exposition: exposition.update(values=names))
    with pytest.raises(ConfigError, match=said):
        api.predict(broken, [picture(tmp_path / "a.jpg")])


def test_a_model_that_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(ConfigError, match="is no regular file"):
        api.predict(tmp_path / "pipe.json", [picture(tmp_path / "a.jpg")])


def test_what_is_no_finite_number_is_no_prediction(tmp_path: Path) -> None:
    huge = write_classifier(tmp_path, scale=1e38)
    [row] = api.predict(huge, [picture(tmp_path / "a.jpg")])
    assert row == {"file": str(tmp_path / "a.jpg"), "error": "the model predicts no finite number for it"}


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_a_name_that_is_no_utf_8_costs_no_other_row(model: Path, tmp_path: Path, ending: str) -> None:
    (tmp_path / "in").mkdir()
    picture(tmp_path / "in" / "a.jpg")
    picture(os.fsdecode(os.fsencode(tmp_path / "in") + b"/caf\xe9.jpg"))
    api.predict(model, [str(tmp_path / "in")], output=str(tmp_path / f"out{ending}"))
    assert b"caf\\udce9.jpg" in (tmp_path / f"out{ending}").read_bytes().replace(b"\\\\", b"\\")


def test_pictures_whose_drawings_would_have_one_name_are_both_drawn(model: Path, tmp_path: Path) -> None:
    files = [picture(tmp_path / "a.png"), picture(tmp_path / "a.png.jpg", 1)]
    api.predict(model, files, draw=str(tmp_path / "drawn"))
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == ["a.png.jpg", "a.png_2.jpg"]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", "8k") as place:
        yield place


def test_a_full_disk_is_a_clear_error_and_leaves_nothing(model: Path, tmp_path: Path, disk: Path) -> None:
    files = [picture(tmp_path / f"{i}.jpg", i) for i in range(150)]
    with pytest.raises(ConfigError, match=r"output: .* cannot be written"):
        api.predict(model, files, output=str(disk / "out.csv"))
    with pytest.raises(ConfigError, match=r"draw: .* cannot be written"):
        api.predict(model, files, draw=str(disk / "drawn"))
    assert not [path for path in disk.rglob("*") if path.is_file() and "part" in path.name]


def test_a_file_that_is_complete_only_at_its_end_is_a_clear_error_too(model: Path, tmp_path: Path) -> None:
    """Parquet is written last: here to a device that is always full."""
    output = tmp_path / "out.parquet"
    (tmp_path / f".out.parquet.{os.getpid()}.part").symlink_to("/dev/full")
    with pytest.raises(ConfigError, match=r"output: .* cannot be written"):
        api.predict(model, [picture(tmp_path / "a.jpg")], output=str(output))
    assert not output.exists()


def test_what_cannot_be_read_is_not_told_as_what_cannot_be_written(model: Path, tmp_path: Path) -> None:
    def lost() -> Iterator[Predictions]:
        raise OSError(errno.EIO, "Input/output error", "/share/a.jpg")
        yield

    job = Prediction(model, [picture(tmp_path / "a.jpg")])
    with pytest.raises(ConfigError, match=r"^/share/a.jpg: Input/output error; predicting ended there$"):
        job.run(lost, str(tmp_path / "out.csv"), None, None, lambda done, total: None)


def test_a_picture_of_16_bits_is_drawn_as_the_model_sees_it(model: Path, tmp_path: Path) -> None:
    Image.fromarray(np.full((400, 600), 100 * 256, np.uint16)).save(tmp_path / "a.png")
    api.predict(model, [str(tmp_path / "a.png")], draw=str(tmp_path / "drawn"))
    with Image.open(tmp_path / "drawn" / "a.png.jpg") as drawn:
        assert drawn.getpixel((500, 300)) == pytest.approx((100, 100, 100), abs=2)


def test_a_picture_that_cannot_be_drawn_is_told_and_predicted(model: Path, tmp_path: Path) -> None:
    files = [picture(tmp_path / "a.jpg"), str(tmp_path / "wide.png")]
    Image.new("L", (66_000, 2)).save(files[1])
    told: list[dict[str, Any]] = []
    job = Prediction(model, files)
    take = lambda made: told.extend(records(job.model, made))  # noqa: E731
    done = job.run(job.here, None, str(tmp_path / "drawn"), take, lambda done, total: None)
    assert (done.rows, done.unreadable) == (2, 0)
    assert done.undrawn == {files[1]: "is larger than the 65,500 pixels a side of a JPEG"}
    assert next(iter(fault_lines(done))) == "1 of 2 could not be drawn:"
    assert all("prediction" in one for one in told)
    assert [path.name for path in (tmp_path / "drawn").iterdir()] == ["a.jpg"]
