"""A detector learns on generated pictures to find emoji that none of them shows."""

import json
from pathlib import Path

import pytest

from pyramid import api
from tests.emoji import Offline, backgrounds, foregrounds

SIDE, STEPS = 96, 200


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """foregrounds/ and backgrounds/, and those that are held out in held_out/."""
    try:
        foregrounds(tmp_path / "foregrounds", tmp_path / "held_out" / "foregrounds")
        backgrounds(tmp_path / "backgrounds", tmp_path / "held_out" / "backgrounds")
    except Offline as error:
        pytest.skip(str(error))
    return tmp_path


def document(folder: Path, count: int) -> dict[str, object]:
    return {
        "foreground_image_root": str(folder / "foregrounds"),
        "background_image_root": str(folder / "backgrounds"),
        "objective_type": "bounding_box",
        "constant_box_label": "emoji",
        "max_foreground_images": 2,
        "occupancy_range": [0.3, 0.6],
        "foreground_image_augmentations": ["horizontal_flip"],
        "input_image_shape": [SIDE, SIDE, 3],
        "generated_dataset_size": count,
        "output_directory": str(folder / "generated"),
    }


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_detector_finds_emoji_that_were_held_out(folder: Path) -> None:
    held_out = api.generate(document(folder / "held_out", 60))
    assert held_out.shown["emoji"] >= 60
    rows = str(folder / "held_out" / "generated" / "train.jsonl")
    training = {"validation_data": rows, "batch_size": 16, "max_iterations": STEPS, "max_total_time": 900}
    made = api.generate(document(folder, 400) | training)
    results = api.train(json.loads(Path(made.config).read_text()))
    assert results["data"]["holdout_rows"] == 60
    assert results["candidates"][0]["metrics"]["map_50"] > 0.3  # 0.49 after 150 steps
    assert (folder / "generated" / "final_model.json").is_file()
