"""Seconds and size of the report of 10,000 held-out pictures.

~/.virtualenvs/pyramid/bin/python tests/benchmarks/report.py                     # of a small network
~/.virtualenvs/pyramid/bin/python tests/benchmarks/report.py --network mobilenetv2 --side 224
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from pyramid.finalize.evaluation import EVALUATION_FILE, Evaluation, write_evaluation

PICTURES, CLASSES, CANDIDATES = 10_000, 10, 20


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--network", default="simple")
    parser.add_argument("--side", type=int, default=32, help="pixels of the network's input")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _make(folder)
        print("| made | seconds | size |\n| --- | --- | --- |")
        _measure(folder, "without the model, in a new process")
        began = time.perf_counter()
        import pyramid.tf  # noqa: F401

        print(f"| TensorFlow's import | {time.perf_counter() - began:.1f} | |")
        _write_model(folder, arguments.network, arguments.side)
        _measure(folder, f"with attributions of {arguments.network} at {arguments.side}, TensorFlow imported")


def _measure(folder: Path, what: str) -> None:
    began = time.perf_counter()
    from pyramid import api

    page = api.report(folder)
    taken = time.perf_counter() - began
    maps = page.read_text(encoding="utf-8").count("What the model looked at")
    print(f"| {what} ({maps} maps) | {taken:.1f} | {page.stat().st_size / 1e6:.2f} MB |", flush=True)


def _make(folder: Path) -> None:
    """An output directory whose classifier is right in nine of ten cases; its files are there."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, CLASSES, PICTURES)
    logits = rng.normal(size=(PICTURES, CLASSES))
    logits[np.arange(PICTURES), truth] += 3
    odds = np.exp(2 * logits)
    (folder / "pictures").mkdir()
    shown = [Image.fromarray(rng.integers(0, 256, (300, 400, 3), np.uint8)).resize((400, 300)) for _ in range(4)]
    files = [str(folder / "pictures" / f"{i}.jpg") for i in range(PICTURES)]
    for i, file in enumerate(files):
        if i < len(shown):
            shown[i].save(file)
        else:
            Path(file).hardlink_to(files[i % len(shown)])
    names = [f"class {k}" for k in range(CLASSES)]
    write_evaluation(
        folder / EVALUATION_FILE, Evaluation("categorical", names, files, truth, odds / odds.sum(1, keepdims=True))
    )
    (folder / "results.json").write_text(json.dumps(_results(names)))
    (folder / "journal.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in _entries()))


def _results(names: list[str]) -> dict[str, object]:
    metrics = {"likelihood": 0.8, "accuracy": 0.9, "auc": 0.99, "ndcg": 0.95, "max_phi": 0.9}
    candidates = [
        {"name": f"c{i}", "status": "finished", "reason": "its time was up", "traceback": "", "metrics": metrics}
        | {"iterations": 1000, "images_per_second": 500.0, "seconds": {"elapsed": 60.0}, "at_start": {}}
        for i in range(CANDIDATES)
    ]
    data = {"objective": "categorical", "rows": 5 * PICTURES, "training_rows": 4 * PICTURES, "holdout_rows": PICTURES}
    data |= {"classes": dict.fromkeys(names, 5000), "notes": [], "bad_images": []}
    known = {
        "best": "c0",
        "selection_metric": "likelihood",
        "data": data,
        "candidates": candidates,
        "augmentations": {},
    }
    return known | {"input_image_shape": [32, 32, 3], "seconds": {"training": 1200.0}}


def _entries() -> list[list[object]]:
    """A word of each of the candidates every second of their minute."""
    return [
        ["progress", {"name": f"c{i}", "at": 60.0 * i + k, "elapsed": k, "left": 60 - k, "value": 1 - 1 / (1 + k)}]
        for i in range(CANDIDATES)
        for k in range(60)
    ]


def _write_model(folder: Path, network: str, side: int) -> None:
    from pyramid.finalize.document import image_network_document
    from pyramid.networks.build import build
    from pyramid.training.candidate import Look
    from pyramid.training.storage import write_document

    made = build(network, side, side, CLASSES, True, 0)
    document = {
        "preprocess": [{"type": "image", "index": 0}],
        "image_network": image_network_document(made, network, "randomly_initialize", Look(side, side, "crop")),
        "layers": made.readout_layers(),
        "output_exposition": {"type": "categorical", "values": [f"class {k}" for k in range(CLASSES)]},
        "trees": None,
        "optypes": ["image", "categorical"],
        "class_index": 1,
    }
    write_document(folder / "final_model.json", document)


if __name__ == "__main__":
    main()
