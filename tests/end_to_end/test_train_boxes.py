"""A detector from a COCO file, augmented by workers, to a model that sensenet serves."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pyramid import api
from pyramid.errors import DataError
from pyramid.finalize.workspace import CONFIG_FILE, FINAL_MODEL_FILE, RESULTS_FILE
from pyramid.report.summary import print_summary
from pyramid.settings.load import check
from tests.shapes import NAMES, write_pictures

pytestmark = pytest.mark.slow

PICTURES = 60


@pytest.fixture(scope="module")
def coco(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of shapes and a COCO file; one picture is broken, one box outside, one has no area."""
    folder = tmp_path_factory.mktemp("coco")
    rows = write_pictures(folder / "images", PICTURES, seed=1, side=64)
    annotations = [
        {"image_id": i, "category_id": NAMES.index(name), "bbox": [x1, y1, x2 - x1, y2 - y1]}
        for i, row in enumerate(rows)
        for x1, y1, x2, y2, name in row["boxes"]
    ]
    annotations += [
        {"image_id": 0, "category_id": 0, "bbox": [100, 100, 10, 10]},
        {"image_id": 0, "category_id": 0, "bbox": [1, 1, 0, 10]},
    ]
    (folder / "images" / rows[5]["file"]).write_bytes(b"no picture")
    document = {
        "images": [{"id": i, "file_name": row["file"]} for i, row in enumerate(rows)],
        "categories": [{"id": k, "name": name} for k, name in enumerate(NAMES)],
        "annotations": [{"id": number} | annotation for number, annotation in enumerate(annotations)],
    }
    (folder / "shapes.json").write_text(json.dumps(document))
    return folder / "shapes.json"


def keys(coco: Path, output: Path) -> dict[str, Any]:
    return {
        "training_data": str(coco),
        "output_directory": str(output),
        "batch_size": 8,
        "augmentation_ranges": {"rotation": 10, "horizontal_flip": True, "mosaic": 0.5},
        "augmentation_placement": "workers",
        "max_iterations": 40,
        "max_total_time": 240,
    }


@pytest.fixture(scope="module")
def trained(coco: Path, ray_session: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("results")
    api.train(keys(coco, output))
    return output


def test_results_tell_of_boxes(trained: Path) -> None:
    results = json.loads((trained / RESULTS_FILE).read_text())
    assert results["input_image_shape"] == [64, 64, 3]
    assert results["best"] == "tinyyolov4_randomly_initialize"
    assert results["selection_metric"] == "map_50"
    data = results["data"]
    assert [data["rows"], data["training_rows"] + data["holdout_rows"]] == [PICTURES, PICTURES - 1]
    assert sum(data["boxes_left_out"].values()) == len(data["boxes_told"]) == 2
    [candidate] = results["candidates"]
    assert set(candidate["metrics"]) == {"map_50", "map", "ciou_loss", "probability_loss", "confidence_loss"}
    assert set(candidate["per_class"]) == set(data["classes"]) == set(NAMES)
    assert candidate["placement"]["where"] == "workers"
    assert len(results["anchors"]["tinyyolov4_randomly_initialize"]["anchors"]) == 6
    assert 0.5 < results["anchors"]["tinyyolov4_randomly_initialize"]["mean_best_iou"] <= 1


def test_the_report_tells_them_too(trained: Path) -> None:
    console = Console(width=120, record=True, file=io.StringIO())
    print_summary(console, json.loads((trained / RESULTS_FILE).read_text()))
    text = console.export_text()
    assert " boxes were left out" in text
    assert "its centre is outside the picture" in text
    assert "boxes of 2 classes: " in text
    for heading in ("objects", "found", "missed", "false"):
        assert heading in text
    assert "Anchors of tinyyolov4_randomly_initialize: " in text


def test_the_model_detects(trained: Path, coco: Path) -> None:
    from pyramid.tf import tf  # noqa: F401 - chooses the legacy Keras

    from sensenet.models.wrappers import create_model  # isort: skip

    model = create_model(str(trained / FINAL_MODEL_FILE), {"bounding_box_threshold": 1e-6})
    found = model(str(coco.parent / "images" / "00000.png"))
    assert found
    assert {one["label"] for one in found} <= set(NAMES)


def test_what_was_understood_is_a_configuration(trained: Path) -> None:
    understood = json.loads((trained / CONFIG_FILE).read_text())
    assert (understood["objective_type"], understood["rescale_type"]) == ("bounding_box", "pad")
    assert understood["learning_rate_warmup_iterations"] == 100
    assert check(understood)[1] == []
    settings, examples, _ = api.check(understood)
    assert (examples.objective, settings.selection_metric) == ("bounding_box", "map_50")


@pytest.mark.usefixtures("ray_session")
def test_strict_boxes_name_file_and_box_and_leave_nothing(coco: Path, tmp_path: Path) -> None:
    document = keys(coco, tmp_path / "new" / "results") | {"strict_boxes": True}
    with pytest.raises(DataError, match=r"00000.png: the centre of box .*100.* is outside the picture \(64×64\)"):
        api.train(document)
    assert not (tmp_path / "new").exists()
