"""The same boxes, written in every format, read back alike."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pyramid.data.sources import Source, read_source

CLASSES = ["cat", "a dog", "Möwe"]


@st.composite
def pictures(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Sizes of pictures, each with boxes of whole pixels."""
    made = []
    for i in range(draw(st.integers(1, 3))):
        width, height = draw(st.integers(1, 3000)), draw(st.integers(1, 3000))
        xs, ys = (st.lists(st.integers(0, n), min_size=2, max_size=2, unique=True) for n in (width, height))
        corners = draw(st.lists(st.tuples(xs, ys, st.sampled_from(CLASSES)), max_size=5))
        boxes = [[min(x), min(y), max(x), max(y), name] for x, y, name in corners]
        made.append({"file": f"{i}.png", "size": (width, height), "boxes": boxes})
    return made


def coco(folder: Path, rows: list[dict[str, Any]]) -> Path:
    images = [{"id": 100 - i, "file_name": row["file"]} for i, row in enumerate(rows)]
    categories = [{"id": 10 * i, "name": name} for i, name in enumerate(CLASSES)]
    annotations = [
        {"image_id": 100 - i, "category_id": 10 * CLASSES.index(name), "bbox": [x1, y1, x2 - x1, y2 - y1]}
        for i, row in enumerate(rows)
        for x1, y1, x2, y2, name in row["boxes"]
    ]
    path = folder / "coco.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return path


def voc(folder: Path, rows: list[dict[str, Any]]) -> Path:
    for row in rows:
        objects = "".join(
            f"<object><name>{name}</name><bndbox><xmin>{x1 + 1}</xmin><ymin>{y1 + 1}</ymin><xmax>{x2}</xmax>"
            f"<ymax>{y2}</ymax></bndbox></object>"
            for x1, y1, x2, y2, name in row["boxes"]
        )
        text = f"<annotation><filename>{row['file']}</filename>{objects}</annotation>"
        (folder / row["file"]).with_suffix(".xml").write_text(text, encoding="utf-8")
    return folder


def yolo(folder: Path, rows: list[dict[str, Any]]) -> Path:
    (folder / "classes.txt").write_text("\n".join(CLASSES), encoding="utf-8")
    for row in rows:
        width, height = row["size"]
        lines = [
            f"{CLASSES.index(name)} {(x1 + x2) / 2 / width:.8f} {(y1 + y2) / 2 / height:.8f}"
            f" {(x2 - x1) / width:.8f} {(y2 - y1) / height:.8f}\n"
            for x1, y1, x2, y2, name in row["boxes"]
        ]
        (folder / row["file"]).with_suffix(".txt").write_text("".join(lines))
    return folder


def assert_alike(source: Source, rows: list[dict[str, Any]]) -> None:
    assert source.problems == []
    assert [row["file"] for row in source.rows] == [row["file"] for row in rows]
    for read, written in zip(source.rows, rows, strict=True):
        assert [box[4] for box in read["boxes"]] == [box[4] for box in written["boxes"]]
        for box, expected in zip(read["boxes"], written["boxes"], strict=True):
            assert box[:4] == pytest.approx(expected[:4], abs=0.0005, rel=0)


@settings(max_examples=30, deadline=None)
@given(rows=pictures())
def test_the_same_boxes_in_every_format(rows: list[dict[str, Any]]) -> None:
    for write in (coco, voc, yolo):
        with tempfile.TemporaryDirectory() as name:
            for row in rows:
                Image.new("1", row["size"]).save(Path(name) / row["file"])
            assert_alike(read_source("training_data", str(write(Path(name), rows)), None), rows)
