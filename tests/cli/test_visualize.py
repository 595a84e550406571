"""`pyramid_train --visualize` in a process of its own."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pyramid import api
from pyramid.data.pipeline import BatchSource
from pyramid.errors import ConfigError, DataError
from pyramid.report import preview as previews
from tests.cli.conftest import Run


@pytest.fixture
def config(class_folders: Callable[[int], Path], tmp_path: Path) -> dict[str, object]:
    """Pictures of two classes, one of which cannot be read."""
    folder = class_folders(5)
    (folder / "disc" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    return {
        "training_data": str(folder),
        "output_directory": str(tmp_path / "new" / "results"),
        "augmentation_ranges": {"rotation": 30, "color_invert": True, "deform": None},
        "batch_size": 11,
        "input_image_shape": [24, 24, 3],
    }


@pytest.fixture
def written(config: dict[str, object], tmp_path: Path) -> str:
    (tmp_path / "config.json").write_text(json.dumps(config))
    return "config.json"


def test_files_are_written_where_there_is_no_display(
    pyramid_train: Run, written: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(variable, raising=False)
    done = pyramid_train(written, "--visualize-each", "--visualize", "2")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    page = tmp_path / "new" / "results" / "visualize" / "index.html"
    assert lines[-1] == f"Open {page}"
    assert (
        "WARNING: deform is for the foregrounds of generated pictures only: it has no effect on this training" in lines
    )
    assert any("broken.png: left out: " in line for line in lines)
    names = {"index.html", "batch-1.png", "batch-2.png", "each-augmentation.png"}
    assert {path.name for path in page.parent.iterdir()} == names
    assert {path.name for path in page.parents[1].iterdir()} == {"visualize"}


@pytest.mark.parametrize("number", ["0", "-1", "many", "1.5", "21", "", "٣"])
def test_a_wrong_number_of_batches(pyramid_train: Run, number: str) -> None:
    done = pyramid_train(f"--visualize={number}", "config.json")
    assert done.returncode == 2
    assert f"must be a whole number from 1 to 20, but got {number!r}" in done.stderr


def test_a_wrong_configuration_is_refused_as_in_training(pyramid_train: Run, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"image_augmentations": ["zom"]}')
    done = pyramid_train("--visualize", "config.json")
    assert done.returncode == 2
    assert "image_augmentations[0]: must be one of blur, " in done.stderr
    assert "training_data: is required" in done.stderr
    assert list(tmp_path.iterdir()) == [tmp_path / "config.json"]


def test_a_preview_is_what_a_trial_learns(config: dict[str, object]) -> None:
    """The preview reads eleven files when the batch needs them; a trial has all pictures."""
    (Path(str(config["training_data"])) / "disc" / "broken.png").unlink()
    settings, examples, _ = api.check(config)
    [found], bad = previews.preview(settings, examples, [], 1)
    assert bad == {}
    sizes = np.zeros((len(examples.files), 2), np.int32)
    dataset, _ = previews.make_dataset(settings, examples, {}, sizes, [24, 24, 3])
    pictures = np.stack([np.asarray(Image.open(file)) for file in examples.files])
    source = BatchSource(pictures, dataset, 11, False, settings.seed, settings.augmentations(examples.objective))
    expected, targets, _ = source.batch(0)
    np.testing.assert_array_equal(found.augmented, expected)
    np.testing.assert_array_equal(found.originals, pictures[source.rows(0)])
    assert found.labels == [dataset.classes[int(target)] for target in targets]


def test_each_needs_an_augmentation(config: dict[str, object]) -> None:
    config["augmentation_ranges"] = {}
    with pytest.raises(ConfigError, match="image_augmentations: no augmentation is on"):
        api.visualize(config, each=True)


def test_a_batch_of_bad_pictures_alone_is_left_out(config: dict[str, object]) -> None:
    for file in Path(str(config["training_data"])).glob("disc/*"):
        file.write_bytes(b"nothing")
    settings, examples, _ = api.check(config | {"batch_size": 1})
    found, bad = previews.preview(settings, examples, [], 6)
    assert 0 < len(found) < 6
    assert all(preview.labels == ["square"] for preview in found)
    assert len(bad) == 6 - len(found)


def test_bad_pictures_are_refused_when_they_would_be_in_training(config: dict[str, object]) -> None:
    with pytest.raises(DataError, match=r"broken.png: .*\n.*on_bad_image is fail"):
        api.visualize(config | {"on_bad_image": "fail"})
    assert not Path(str(config["output_directory"])).exists()


@pytest.mark.parametrize("batches", [0, -1, 21, 1.5, "x", None])
def test_a_wrong_number_of_batches_in_python(config: dict[str, object], batches: object) -> None:
    with pytest.raises(ConfigError, match="batches: must be a whole number from 1 to 20, but got"):
        api.visualize(config, batches)  # type: ignore[arg-type]


def test_pictures_that_cannot_be_read(config: dict[str, object]) -> None:
    for file in Path(str(config["training_data"])).glob("*/*"):
        file.write_bytes(b"nothing")
    with pytest.raises(DataError, match="no picture of the first batch can be read"):
        api.visualize(config)
    assert not Path(str(config["output_directory"])).exists()
