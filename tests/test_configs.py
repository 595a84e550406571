"""Every configuration that is shipped is valid beside the data that it names."""

import json
from pathlib import Path

import pytest
from PIL import Image

from pyramid import api
from pyramid.report.keys import augmentations, generation, jobs, markdown, search

ROOT = Path(__file__).parents[1]
CONFIGS = sorted((ROOT / "configs").rglob("*.json"))


def test_there_are_configurations() -> None:
    assert len(CONFIGS) >= 3


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A current folder with pictures and a table as the examples name them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYRAMID_WEIGHTS_URL", "http://127.0.0.1:9")  # no answer is as good as the server's here
    for folder in ("monday", "tuesday"):
        (tmp_path / "pictures" / folder).mkdir(parents=True)
        Image.new("RGB", (64, 64)).save(tmp_path / "pictures" / folder / "0001.jpg")
    for folder in ("objects/screw", "objects/nut", "photographs"):
        (tmp_path / folder).mkdir(parents=True)
        Image.new("RGBA", (64, 64)).save(tmp_path / folder / "0001.png")
    (tmp_path / "prices.csv").write_text("file,label\nmonday/0001.jpg,12.5\ntuesday/0001.jpg,99\n")
    (tmp_path / "diamonds.csv").write_text("carat,price\n" + "".join(f"{i % 7},{i}\n" for i in range(30)))
    coco = {
        "images": [{"id": i, "file_name": f"{folder}/0001.jpg"} for i, folder in enumerate(("monday", "tuesday"))],
        "categories": [{"id": 1, "name": "screw"}],
        "annotations": [{"id": 1, "image_id": 0, "category_id": 1, "bbox": [4, 8, 26, 32]}],
    }
    (tmp_path / "annotations").mkdir()
    for part in ("train", "val"):
        (tmp_path / "annotations" / f"instances_{part}.json").write_text(json.dumps(coco))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
@pytest.mark.usefixtures("data")
def test_configuration_is_valid(path: Path) -> None:
    document = json.loads(path.read_text())
    if "foreground_image_root" in document:
        settings, sources, _ = api.check_generation(document)
        assert len(sources.foregrounds) >= 2
        assert settings.output_directory == "generated"
    elif "objective" in document:
        assert any("the objective" in line for line in api.look_at_table(document))
    else:
        settings, examples, _ = api.check(document)
        assert len(examples.files) >= 2
        assert settings.output_directory == "results"


def test_tables_in_the_readme_are_made_from_the_settings() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert markdown() in readme
    assert augmentations() in readme
    assert generation() in readme
    assert jobs() in readme
    assert search() in readme
