"""The figures of training, printed as rows of a table.

Run it alone on a quiet machine, after bin/test has installed everything (8 minutes):

    ~/.virtualenvs/pyramid/bin/python tests/benchmarks/training.py
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measuring import RANDOM, compare

from pyramid.cli.quickstart import write_digits
from pyramid.finalize.workspace import RESULTS_FILE


def main() -> None:
    print("| figure | wanted | measured |\n| --- | --- | --- |")
    for figure, wanted, measured in chain(loop_ratios(), digits(), overshoots()):
        print(f"| {figure} | {wanted} | {measured} |", flush=True)


def loop_ratios() -> Iterator[tuple[str, str, str]]:
    """Images/s of the training loop, divided by those of its compiled step on a batch that is there already."""
    for network, side in (("simple", 32), ("mobilenetv2", 96)):
        loop, resident = _loop(network, side)
        ratio, rate = compare(loop, resident)
        name = f"images/s of the loop against the bare step, `{network}` {side}×{side}, batch {len(resident[0])}"
        yield name, "≥ 0.90", f"{ratio:.2f} ({rate:,.0f} images/s)"


def _loop(network: str, side: int, batch: int = 32) -> tuple[Any, list[Any]]:
    """A loop, and a batch of its own kind."""
    from pyramid.data.dataset import Dataset
    from pyramid.data.pipeline import BatchSource, training_batches
    from pyramid.networks.build import build
    from pyramid.search.candidates import candidates
    from pyramid.settings.objectives import CATEGORICAL
    from pyramid.settings.train import TrainSettings
    from pyramid.tf import tf
    from pyramid.training.candidate import Look
    from pyramid.training.feeds import Stream
    from pyramid.training.loop import TrainingLoop
    from pyramid.training.optimizers import SteppedRate, make_optimizer
    from pyramid.training.values import Values

    rows = 2000
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 255, (rows, side, side, 3), np.uint8)
    targets = rng.integers(0, 10, rows).astype(np.float32)
    names = [str(i) for i in range(10)]
    dataset = Dataset(targets, np.ones(rows, np.float32), np.arange(rows), np.arange(0), names, 0.0, 1.0)
    model = build(network, side, side, 10, True, 0).model
    optimizer = make_optimizer("adam", SteppedRate(0.001, 0), {})
    batches = training_batches(BatchSource(pictures, dataset, batch, False, 0, {}))
    settings = TrainSettings(image_network_candidates=[[network, RANDOM]])
    [candidate] = candidates(settings, Look(side, side, "crop"), CATEGORICAL, "crossentropy", dataset, {})
    loop = TrainingLoop(model, optimizer, Values(candidate, targets), Stream(batches))
    return loop, [tf.constant(array[:batch]) for array in (pictures, targets, dataset.weights)]


def digits() -> Iterator[tuple[str, str, str]]:
    """The quickstart's pictures and candidates, a minute in all."""
    run = _run([["simple", RANDOM], ["simple_residual", RANDOM]], 60)
    results = run["results"]
    best = next(c for c in results["candidates"] if c["name"] == results["best"])
    yield "digits 32×32, 60 s in all: holdout accuracy", "≥ 0.98", f"{best['metrics']['accuracy']:.4f}"
    for candidate in results["candidates"]:
        share = candidate["seconds"]["training"] / candidate["seconds"]["elapsed"]
        yield f"share of `{candidate['network']}`'s time in training steps", "≥ 0.85", f"{share:.2f}"
    spent = results["seconds"] | {"tracing": results["candidates"][0]["seconds"]["tracing"], "import": run["import"]}
    parts = {name: spent[name] for name in ("import", "ray", "reading", "start", "tracing")}
    shown = ", ".join(f"{name} {value:.1f}" for name, value in parts.items())
    yield "from the command to the first training step", "≤ 30 s", f"{sum(parts.values()):.1f} s ({shown})"
    yield "peak memory of the driver, of a trial", "–", f"{run['driver']:.0f} MB, {run['trial']:.0f} MB"


def overshoots() -> Iterator[tuple[str, str, str]]:
    for count in (1, 3, 5):
        run = _run([["simple", RANDOM]] * count, 20)
        over = run["results"]["seconds"]["training"] - 20
        yield f"overshoot of 20 s with {count} candidates", "≤ 2 s", f"{over:+.2f} s"


def _run(candidates: list[list[str]], total_time: int) -> dict[str, Any]:
    """Run pyramid_train on the digits, and watch its memory."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        document = {
            "training_data": write_digits(folder / "digits"),
            "image_root": str(folder / "digits"),
            "output_directory": str(folder / "model"),
            "input_image_shape": [32, 32, 3],
            "image_network_candidates": candidates,
            "max_total_time": total_time,
        }
        (folder / "config.json").write_text(json.dumps(document))
        command = [sys.executable, "-m", "pyramid.cli.train", str(folder / "config.json")]
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        peaks = {"driver": 0.0, "trial": 0.0}
        threading.Thread(target=_watch, args=(process.pid, peaks), daemon=True).start()
        assert process.stdout is not None
        process.stdout.readline()
        importing = time.perf_counter() - began
        process.stdout.read()
        if process.wait() != 0:
            raise SystemExit(f"pyramid_train failed with exit code {process.returncode}")
        results = json.loads((folder / "model" / RESULTS_FILE).read_text())
    return {"results": results, "import": importing, **peaks}


def _watch(pid: int, peaks: dict[str, float]) -> None:
    """Keep the largest resident memory, in megabytes, of the driver and of a trial."""
    try:
        driver = psutil.Process(pid)
        while True:
            peaks["driver"] = max(peaks["driver"], driver.memory_info().rss / 1e6)
            for child in driver.children(recursive=True):
                if " ".join(child.cmdline()).startswith(("ray::PictureTrial", "ray::ResourceTrainable")):
                    peaks["trial"] = max(peaks["trial"], child.memory_info().rss / 1e6)
            time.sleep(0.2)
    except psutil.NoSuchProcess:
        if psutil.pid_exists(pid):
            _watch(pid, peaks)


if __name__ == "__main__":
    main()
