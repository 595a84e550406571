"""The figures of `pyramid_generate`, printed as rows of a table. Run them alone on a quiet machine.

    ~/.virtualenvs/pyramid/bin/python tests/benchmarks/generation.py speed  # beside a loop with Pillow: 3 minutes
    ~/.virtualenvs/pyramid/bin/python tests/benchmarks/generation.py proof FOLDER  # what is learned: 25 minutes
    ~/.virtualenvs/pyramid/bin/python tests/benchmarks/generation.py draw FOLDER FILE

The pictures come from tests/emoji.py. ``proof`` generates pictures in FOLDER, trains on them, and looks for emoji that
were held out, on photographs that were held out; ``draw`` makes a picture of what the detector finds there.
"""

import argparse
import io
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measuring import RANDOM, alone
from benchmarks.pillow_loop import pillow_loop, pillow_loop_decoded
from emoji import PHOTOGRAPHS, backgrounds, foregrounds

Rows = Iterator[tuple[str, str, str]]

#: Of the pictures that are made for speed; the loop has as many objects as pyramid on average.
SIZE, OBJECTS, LOOPED, MADE = 256, 3, 300, 5000

#: Pictures whose memory is compared.
FEW, MANY = 1000, 50_000

#: Of those that are learned.
SIDE, LEARNED, HELD_OUT, SECONDS = 128, 2000, 400, 600

AUGMENTED = {
    "occupancy_range": [0.15, 0.4],
    "foreground_augmentation_ranges": {"horizontal_flip": True, "rotation": 15, "brightness": 0.2, "contrast": 0.2},
    "background_augmentation_ranges": {"horizontal_flip": True, "rotation": 10, "brightness": 0.2, "contrast": 0.2},
}


def main() -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("speed")
    commands.add_parser("proof").add_argument("folder", type=Path)
    drawn = commands.add_parser("draw")
    drawn.add_argument("folder", type=Path)
    drawn.add_argument("file", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "draw":
        draw(arguments.folder, arguments.file)
        return
    print("| figure | wanted | measured |\n| --- | --- | --- |")
    for figure, wanted, measured in speed() if arguments.command == "speed" else proof(arguments.folder):
        print(f"| {figure} | {wanted} | {measured} |", flush=True)


def speed() -> Rows:
    """Pictures of the same kind, by pyramid and by a loop with Pillow."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _fetch(folder)
        pasted, behind = sorted(folder.glob("foregrounds/*/*")), sorted(folder.glob("backgrounds/*"))
        loops = {loop.__name__: _looped(loop, pasted, behind, folder) for loop in (pillow_loop, pillow_loop_decoded)}
        pairs = [(_generated(folder, 1), _generated(folder, 2)) for _ in range(3)]
        few, many = (alone(partial(_small, folder, count))[1] for count in (FEW, MANY))
    one, two = (statistics.median(rates) for rates in zip(*pairs, strict=True))
    ratio = statistics.median(second / first for first, second in pairs)
    plain, decoded = loops["pillow_loop"], loops["pillow_loop_decoded"]
    what = f"images/s, {SIZE}×{SIZE}, {OBJECTS} objects, 4 augmentations"
    yield f"{what}: loop with Pillow", "–", f"{plain:.0f}"
    yield "the same, with all files decoded before", "–", f"{decoded:.0f}"
    yield "`pyramid_generate` on one core", "≥ 2 × the loop", f"{one:.0f}: {one / plain:.1f} × ({one / decoded:.1f} ×)"
    yield "on two cores", "≥ 1.8 × one", f"{two:.0f}: {ratio:.2f} ×"
    what = f"peak memory of {MANY:,} pictures 32×32 in one process, against {FEW:,}"
    yield what, "constant", f"{many - few:+.3f} GB of {few:.2f} GB"


def _looped(loop: Any, pasted: list[Path], behind: list[Path], folder: Path) -> float:
    output = folder / loop.__name__
    output.mkdir()
    began = time.perf_counter()
    loop(pasted, behind, output, LOOPED, SIZE, OBJECTS, 0)
    return LOOPED / (time.perf_counter() - began)


def _generated(folder: Path, workers: int) -> float:
    """Images/s of a whole job: reading the sources and starting processes are parts of it."""
    from pyramid import api

    # From one object to 5, each number as likely: 3 on average.
    document = _document(folder, f"made_{workers}", "bounding_box", SIZE, MADE, 2 * OBJECTS - 1)
    began = time.perf_counter()
    api.generate(document, overwrite=True, workers=workers)
    return MADE / (time.perf_counter() - began)


def _small(folder: Path, count: int) -> float:
    from pyramid import api

    return api.generate(_document(folder, f"small_{count}", "bounding_box", 32, count, 2), workers=1).seconds


def proof(folder: Path) -> Rows:
    """What is learned of generated pictures, of emoji and photographs that none of them shows."""
    folder.mkdir(parents=True)
    _fetch(folder)
    for objective, most in (("bounding_box", 3), ("categorical", 1)):
        _learn(folder, objective, most)
    found = _found(folder)
    objects, hits, false = (
        sum(counts[key] for counts in found.per_class.values()) for key in ("objects", "found", "false")
    )
    what = f"{LEARNED:,} pictures {SIDE}×{SIDE} generated, `tinyyolov4`, {SECONDS // 60} minutes"
    yield f"{what}: of {objects} objects of held-out emoji, found", "–", f"{hits} ({hits / objects:.0%}), {false} false"
    yield "mAP@0.5 (mAP@[.5:.95]) of held-out emoji", "–", f"{found.map_50:.2f} ({found.map:.2f})"
    classes = {name: f"{counts['found']} of {counts['objects']}" for name, counts in found.per_class.items()}
    yield "found of each class", "–", ", ".join(f"{name} {value}" for name, value in classes.items())
    yield (
        "the same with classes, `simple`: accuracy of held-out emoji",
        "–",
        f"{_accuracy(folder):.2f}",
    )


def _fetch(folder: Path) -> None:
    foregrounds(folder / "foregrounds", folder / "held_out" / "foregrounds")
    backgrounds(folder / "backgrounds", folder / "held_out" / "backgrounds")


def _document(folder: Path, output: str, objective: str, side: int, count: int, most: int) -> dict[str, Any]:
    return AUGMENTED | {
        "foreground_image_root": str(folder / "foregrounds"),
        "background_image_root": str(folder / "backgrounds"),
        "objective_type": objective,
        "input_image_shape": [side, side, 3],
        "max_foreground_images": most,
        "generated_dataset_size": count,
        "balance_objective": True,
        "output_directory": str(folder / output),
    }


def _learn(folder: Path, objective: str, most: int) -> None:
    """Generate, train with the command, and generate the pictures to test on."""
    from pyramid import api

    api.generate(_document(folder / "held_out", objective, objective, SIDE, HELD_OUT, most) | {"seed": 1})
    document = _document(folder, objective, objective, SIDE, LEARNED, most) | {"max_total_time": SECONDS}
    if objective == "categorical":
        document["image_network_candidates"] = [["simple", RANDOM]]
    else:
        document["batch_size"] = 16
    path = api.generate(document).config
    subprocess.run([sys.executable, "-m", "pyramid.cli.train", path], check=True, stdout=sys.stderr)


def _tested(folder: Path, objective: str, pictures: str = "") -> tuple[Any, list[str], list[dict[str, Any]]]:
    """What the model, as it is served, says of a file; its classes; and the rows to test on, with whole paths."""
    import pyramid.tf  # noqa: F401 - sensenet imports TensorFlow, so it comes after

    from sensenet.models.wrappers import create_model  # isort: skip

    path = folder / objective / "final_model.json"
    config = json.loads((folder / "held_out" / (pictures or objective) / "config.json").read_text())
    rows = [row | {"file": str(Path(config["image_root"]) / row["file"])} for row in config["training_data"]]
    model = create_model(str(path))

    def predict(file: str) -> Any:
        with redirect_stdout(io.StringIO()):  # Keras shows a bar for each picture
            return model(file)

    return predict, json.loads(path.read_text())["output_exposition"]["values"], rows


def _accuracy(folder: Path) -> float:
    model, classes, rows = _tested(folder, "categorical")
    return float(np.mean([classes[int(np.argmax(model(row["file"])))] == row["label"] for row in rows]))


def _found(folder: Path) -> Any:
    """What the detector finds, judged by COCO's evaluation."""
    from pyramid.training.detection.score import Found, score

    model, classes, rows = _tested(folder, "bounding_box")
    predicted = [model(row["file"]) for row in rows]
    truth = np.full((len(rows), 32, 5), -1.0, np.float32)
    for boxes, row in zip(truth, rows, strict=True):
        for box, (*corners, name) in zip(boxes, row["boxes"], strict=False):
            box[:] = *corners, classes.index(name)
    found = Found(
        np.zeros((len(rows), 32, 4), np.float32),
        np.zeros((len(rows), 32), np.float32),
        np.zeros((len(rows), 32), np.int32),
    )
    for i, objects in enumerate(predicted):
        for j, one in enumerate(objects):
            found.boxes[i, j], found.scores[i, j], found.names[i, j] = (
                one["box"],
                one["score"],
                classes.index(one["label"]),
            )
    return score(truth, found, classes)


def draw(folder: Path, file: Path) -> None:
    """What the detector finds of held-out emoji on a dozen new pictures, as it is served.

    Their backgrounds are scikit-image's and synthetic: the licence of the others does not let them be shown anywhere.
    """
    from matplotlib.figure import Figure
    from PIL import Image

    from pyramid import api
    from pyramid.report.sheets import Box, draw_pictures

    with tempfile.TemporaryDirectory() as free:
        for name in PHOTOGRAPHS:
            path = folder / "held_out" / "backgrounds" / name
            if path.exists():
                shutil.copy(path, free)
        document = _document(folder / "held_out", "drawn", "bounding_box", SIDE, 12, 3)
        document |= {"background_image_root": free, "random_background_rate": 0.4, "seed": 2}
        api.generate(document, overwrite=True)
    model, _, rows = _tested(folder, "bounding_box", "drawn")
    pictures = np.stack([np.asarray(Image.open(row["file"])) for row in rows])
    found = [[Box(*one["box"], one["label"]) for one in model(row["file"])] for row in rows]
    labels = [", ".join(box[4] for box in row["boxes"]) for row in rows]
    figure = Figure(dpi=80)
    draw_pictures(figure, pictures, labels, found, "Above: what there is. Boxes: what was found.")
    figure.savefig(file, pil_kwargs={"quality": 85})


if __name__ == "__main__":
    main()
