"""`pyramid_train` as a person runs it, on files, to a model that sensenet serves."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

from pyramid import api
from pyramid.engine.events import Event, Note
from pyramid.engine.scheduler import LATE
from pyramid.finalize.evaluation import EVALUATION_FILE, read_evaluation
from pyramid.finalize.journal import JOURNAL_FILE
from pyramid.finalize.workspace import CONFIG_FILE, FINAL_MODEL_FILE, REPORT_FILE, RESULTS_FILE
from pyramid.settings.load import check
from pyramid.training.checkpoint import CHECKPOINT_FILE
from pyramid.training.predicted import PREDICTED_FILE


def start(document: dict[str, Any], folder: Path) -> subprocess.Popen[str]:
    """Run the command in ``folder`` on ``document``, in a session of its own."""
    config = folder / "config file.json"
    config.write_text(json.dumps(document), encoding="utf-8")
    command = [sys.executable, "-m", "pyramid.cli.train", str(config)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, stdout=pipe, stderr=pipe, text=True, start_new_session=True)


def start_long(pictures: Path, folder: Path) -> subprocess.Popen[str]:
    """A training of ten minutes, to be ended."""
    document = {
        "training_data": str(pictures),
        "output_directory": "results",
        "image_network_candidates": [["simple", "randomly_initialize"]],
        "max_total_time": 600,
    }
    return start(document, folder)


def left_behind(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Processes of the session that ``process`` has led."""
    return [p for p in psutil.process_iter() if _session(p) == process.pid and p.status() != psutil.STATUS_ZOMBIE]


def _session(process: psutil.Process) -> int:
    try:
        return os.getsid(process.pid)
    except ProcessLookupError:
        return -1


@pytest.fixture(scope="module")
def trained(class_folders: Callable[[int], Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A finished run with two keys and a time; what it printed, and where its results are."""
    folder = tmp_path_factory.mktemp("a run")
    pictures = class_folders(60)
    shutil.move(pictures / "disc", pictures / "runde Fläche")
    (pictures / "square" / "broken one.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    shutil.copytree(pictures, folder / "my pictures")
    document = {
        "training_data": "my pictures",
        "output_directory": "the results",
        "image_network_candidates": [["simple", "randomly_initialize"]],
        "max_iterations": 300,
        "max_total_time": 120,
    }
    process = start(document, folder)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    return {"out": out, "err": err, "process": process, "folder": folder, "output": folder / "the results"}


def test_report_tells_data_candidates_and_the_models_path(trained: dict[str, Any]) -> None:
    assert "120 pictures of 24×24 pixels: 96 to train on, 24 held out." in trained["out"]
    assert "runde Fläche (60), square (60)" in trained["out"]
    assert "1 of 121 files were left out" in trained["out"]
    assert "broken one.png" in trained["out"]
    assert f"Model: {Path('the results') / FINAL_MODEL_FILE}" in trained["out"]
    assert trained["err"] == ""


def test_results_are_complete_and_nothing_else_is_there(trained: dict[str, Any]) -> None:
    output = trained["output"]
    written = {CONFIG_FILE, EVALUATION_FILE, FINAL_MODEL_FILE, JOURNAL_FILE, RESULTS_FILE, REPORT_FILE, "tensorboard"}
    names = written | {"submodel_simple_randomly_initialize"}
    assert {path.name for path in output.iterdir()} == names
    submodel = {path.name for path in (output / "submodel_simple_randomly_initialize").iterdir()}
    # It has a checkpoint when it learned until its time was up, and could go on.
    assert submodel - {CHECKPOINT_FILE} == {"model_weights.h5", "model_fit_info.json", PREDICTED_FILE}
    results = json.loads((output / RESULTS_FILE).read_text())
    assert results["best"] == "simple_randomly_initialize"
    assert results["candidates"][0]["metrics"]["accuracy"] >= 0.9
    understood = json.loads((output / CONFIG_FILE).read_text())
    assert understood["input_image_shape"] == [24, 24, 3]
    assert check(understood)[1] == []


def test_the_evaluation_holds_what_the_model_predicts_for_the_holdout(trained: dict[str, Any]) -> None:
    evaluation = read_evaluation(trained["output"] / EVALUATION_FILE)
    assert evaluation is not None
    results = json.loads((trained["output"] / RESULTS_FILE).read_text())
    assert len(evaluation) == results["data"]["holdout_rows"] == 24
    assert {Path(file).parent.name for file in evaluation.files} == set(evaluation.classes)
    assert [evaluation.classes[k] for k in evaluation.truth] == [Path(file).parent.name for file in evaluation.files]
    accuracy = np.mean(np.argmax(evaluation.predicted, axis=1) == evaluation.truth)
    assert accuracy == pytest.approx(results["candidates"][0]["metrics"]["accuracy"])
    from pyramid.tf import tf  # noqa: F401 - chooses the legacy Keras

    from sensenet.models.wrappers import create_model  # isort: skip

    model = create_model(str(trained["output"] / FINAL_MODEL_FILE))
    served = [model(str(trained["folder"] / file))[0] for file in evaluation.files[:3]]
    np.testing.assert_allclose(served, evaluation.predicted[:3], atol=1e-5)


def test_no_process_is_left(trained: dict[str, Any]) -> None:
    assert left_behind(trained["process"]) == []


def test_model_predicts_through_sensenet_what_was_measured(trained: dict[str, Any]) -> None:
    from pyramid.tf import tf  # noqa: F401 - chooses the legacy Keras

    from sensenet.models.image import image_model  # isort: skip
    from sensenet.models.wrappers import create_model  # isort: skip

    path = trained["output"] / FINAL_MODEL_FILE
    model = create_model(str(path))
    bare = image_model(json.loads(path.read_text()), None)
    classes = json.loads(path.read_text())["output_exposition"]["values"]
    assert classes == ["runde Fläche", "square"]
    right = 0
    files = sorted((trained["folder"] / "my pictures").glob("*/0*.png"))
    for file in files:
        served = model(str(file))[0]
        pixels = np.asarray(Image.open(file), np.float32)[np.newaxis]
        np.testing.assert_allclose(bare.predict(pixels, verbose=0)[0], served, atol=1e-5)
        right += classes[int(np.argmax(served))] == file.parent.name
    assert right / len(files) >= 0.9


def test_terminated_once_it_writes_the_best_so_far(class_folders: Callable[[int], Path], tmp_path: Path) -> None:
    process = start_long(class_folders(40), tmp_path)
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "images/s" in line and "–" not in line:
            process.terminate()
            break
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "stopping" in out
    assert "Training was stopped" in out
    assert (tmp_path / "results" / FINAL_MODEL_FILE).exists()
    assert left_behind(process) == []


@pytest.mark.slow
@pytest.mark.parametrize("end", ["interrupted twice", "killed"])
def test_no_process_is_left_whatever_the_end(class_folders: Callable[[int], Path], tmp_path: Path, end: str) -> None:
    process = start_long(class_folders(40), tmp_path)
    assert process.stdout is not None
    next(line for line in process.stdout if "images/s" in line)
    if end == "killed":
        process.kill()
    else:
        for _ in range(2):
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.3)
    process.communicate(timeout=60)
    assert process.returncode == (-signal.SIGKILL if end == "killed" else 130)
    for _ in range(40):
        if not left_behind(process):
            break
        time.sleep(0.5)
    assert left_behind(process) == []


@pytest.mark.usefixtures("ray_session")
def test_regression_from_python_on_pictures_in_a_mapped_file(tmp_path: Path) -> None:
    """The label is the brightness of the picture, in a unit of its own."""
    rng = np.random.default_rng(0)
    rows = []
    for i in range(150):
        level = int(rng.integers(20, 230))
        pixels = np.clip(rng.normal(level, 12, (16, 16, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
        rows.append({"file": f"{i}.png", "label": 5000.0 + 10 * level})
    document = {
        "training_data": rows,
        "image_root": str(tmp_path),
        "output_directory": str(tmp_path / "results"),
        "image_network_candidates": [["simple", "randomly_initialize"]],
        "max_iterations": 400,
        "max_total_time": 120,
        "max_data_size": 1000,
    }
    results = api.train(document)
    assert results["data"]["objective"] == "numeric"
    assert results["candidates"][0]["metrics"]["r_squared"] > 0.9
    assert not list(tmp_path.glob("results/**/*.uint8"))

    from sensenet.models.wrappers import create_model

    model = create_model(str(tmp_path / "results" / FINAL_MODEL_FILE))
    predicted = [float(model(str(tmp_path / row["file"]))[0][0]) for row in rows[:30]]
    true = [row["label"] for row in rows[:30]]
    assert np.corrcoef(predicted, true)[0, 1] > 0.9
    assert min(predicted) > 5000
    assert max(predicted) < 8000


@pytest.mark.usefixtures("ray_session")
def test_too_little_time_for_one_step_brings_a_network_all_the_same(
    class_folders: Callable[[int], Path], tmp_path: Path
) -> None:
    document = {
        "training_data": str(class_folders(20)),
        "output_directory": str(tmp_path / "new" / "results"),
        "image_network_candidates": [["mobilenetv2", "randomly_initialize"], ["simple", "randomly_initialize"]],
        "max_total_time": 0.01,
    }
    told: list[Event] = []
    first, second = api.train(document, told.append)["candidates"]
    assert (first["status"], first["iterations"] >= 1) == ("finished", True)
    assert second["status"] == "skipped"
    assert Note(LATE) in told
    assert (tmp_path / "new" / "results" / FINAL_MODEL_FILE).is_file()
