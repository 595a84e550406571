"""The configuration that is written for training: the trainer takes it from any folder."""

import json
import os

import pytest

from pyramid import api
from pyramid.errors import ConfigError
from pyramid.generation.check import check
from pyramid.generation.output import Output
from pyramid.settings.check_generate import GENERATION_ONLY
from tests.generation.making import RED, config_in, contents, document_of, generate, plain, write, write_sources


@pytest.fixture
def folder(tmp_path):
    return write_sources(tmp_path)


def problems_of(folder, resume=False, overwrite=False, **keys):
    with pytest.raises(ConfigError) as error:
        check(document_of(folder, **keys), resume, overwrite)
    return error.value.problems


def notes_of(folder, **keys):
    return check(document_of(folder, **keys))[2]


def trained_files(folder, elsewhere, monkeypatch):
    """The pictures that training on the written configuration uses, from the folder ``elsewhere``."""
    monkeypatch.chdir(elsewhere)
    _, examples, _ = api.check(config_in(folder / "out"))
    assert all(os.path.isfile(file) for file in examples.files)
    return examples


@pytest.mark.parametrize("objective", ["bounding_box", "categorical"])
def test_the_trainer_takes_it_from_any_folder(folder, tmp_path_factory, monkeypatch, objective):
    monkeypatch.chdir(folder)
    keys = {"output_directory": "out", "foreground_image_root": "foregrounds", "background_image_root": "backgrounds"}
    generate(folder, objective_type=objective, max_foreground_images=2, **keys)
    examples = trained_files(folder, tmp_path_factory.mktemp("elsewhere"), monkeypatch)
    assert examples.objective == objective
    assert len(examples.files) == 10
    config = config_in(folder / "out")
    assert os.path.isabs(config["image_root"])
    assert not any(os.path.isabs(row["file"]) for row in config["training_data"])
    assert config["output_directory"] == str(folder / "out")


def test_training_keys_are_copied_and_the_others_left_out(folder):
    training = {"seed": 7, "learning_rate": 0.01, "image_augmentations": ["blur"], "balance_objective": True}
    generation = {
        "max_foreground_images": 2,
        "occupancy_range": [0.2, 0.4],
        "foreground_augmentation_ranges": {"rotation": 5},
        "image_format": "jpeg",
        "minimum_visibility": 0.5,
    }
    generate(folder, objective_type="categorical", **training, **generation)
    config = config_in(folder / "out")
    assert not set(config) & GENERATION_ONLY
    assert {key: config[key] for key in training} == training
    assert config["objective_type"] == "categorical"
    assert config["input_image_shape"] == [32, 32, 3]


def test_the_default_shape_is_written(folder):
    document = document_of(folder, generated_dataset_size=4)
    del document["input_image_shape"]
    api.generate(document, workers=1)
    assert config_in(folder / "out")["input_image_shape"] == [224, 224, 3]


def class_folders(folder):
    for label in ("green", "red"):
        write(folder / "held_out" / label / "v.png", plain(8, 8, RED))
    return str(folder / "held_out"), ["green", "red"]


def rows(folder):
    write(folder / "v.png", plain(8, 8, RED))
    return [{"file": "v.png", "label": "red", "weight": 2, "group": "g"}], ["red"]


def json_table(folder):
    write(folder / "held_out" / "deep" / "v.png", plain(8, 8, RED))
    table = folder / "held_out" / "table.json"
    table.write_text(json.dumps([{"file": "deep/v.png", "label": "red", "weight": 0.5}]))
    return str(table), ["red"]


def csv_table(folder):
    write(folder / "held_out" / "v.png", plain(8, 8, RED))
    (folder / "held_out" / "table.csv").write_text("file,label\nv.png,red\n")
    return str(folder / "held_out" / "table.csv"), ["red"]


@pytest.mark.parametrize("make", [class_folders, rows, json_table, csv_table])
@pytest.mark.parametrize("relative", [False, True])
def test_validation_data_is_still_found(folder, tmp_path_factory, monkeypatch, make, relative):
    monkeypatch.chdir(folder)
    data, labels = make(folder)
    if relative and isinstance(data, str):
        data = os.path.relpath(data)
    generate(folder, objective_type="categorical", validation_data=data)
    examples = trained_files(folder, tmp_path_factory.mktemp("elsewhere"), monkeypatch)
    assert examples.validation_rows == len(labels)
    assert examples.labels[-len(labels) :] == labels
    assert all(file.startswith(str(folder)) for file in examples.files)


def test_weights_of_a_text_table_are_still_taken(folder, tmp_path_factory, monkeypatch):
    write(folder / "held_out" / "v.png", plain(8, 8, RED))
    (folder / "held_out" / "table.csv").write_text("file,label,weight\nv.png,red,2\n")
    generate(folder, objective_type="categorical", validation_data=str(folder / "held_out" / "table.csv"))
    assert trained_files(folder, tmp_path_factory.mktemp("elsewhere"), monkeypatch).weights[-1] == 2


def test_boxes_to_validate_on_are_still_found(folder, tmp_path_factory, monkeypatch):
    write(folder / "held_out" / "v.png", plain(8, 8, RED))
    table = folder / "held_out" / "table.json"
    table.write_text(json.dumps([{"file": "v.png", "boxes": [[0, 0, 4, 4, "red"]]}, {"file": "v.png", "boxes": []}]))
    generate(folder, validation_data=str(table))
    examples = trained_files(folder, tmp_path_factory.mktemp("elsewhere"), monkeypatch)
    assert [len(boxes) for boxes in examples.labels[-2:]] == [1, 0]


def test_a_model_to_start_from_has_an_absolute_path(folder, monkeypatch):
    monkeypatch.chdir(folder)
    candidates = [["simple", "randomly_initialize"], ["initial_model", "models/final_model.json"]]
    keys = {"initial_model": "a.json", "image_network_candidates": candidates, "objective_type": "categorical"}
    generate(folder, **keys)
    config = config_in(folder / "out")
    assert config["initial_model"] == str(folder / "a.json")
    assert config["image_network_candidates"] == [candidates[0], ["initial_model", str(folder / candidates[1][1])]]


def test_problems_of_settings_and_folders_are_told_together(folder):
    keys = {"max_foreground_images": 33, "seeed": 1, "learning_rate": -1, "background_image_root": "nowhere"}
    found = problems_of(folder, **keys)
    assert sorted(problem.split(":")[0] for problem in found) == [
        "background_image_root",
        "learning_rate",
        "max_foreground_images",
        "seeed",
    ]


def test_nothing_is_opened_or_written(folder):
    for path in folder.rglob("*.png"):
        path.write_text("no picture")
    before = contents(folder)
    settings, sources, notes = check(document_of(folder))
    assert (settings.shape, len(sources.foregrounds), notes) == ([32, 32, 3], 4, [])
    assert contents(folder) == before
    assert not (folder / "out").exists()


def test_validation_data_that_cannot_be_found_is_told_before(folder):
    [problem] = problems_of(folder, objective_type="categorical", validation_data=str(folder / "missing"))
    assert problem.startswith("validation_data: no such file or folder")


def test_one_class_alone_is_only_a_warning(folder):
    """It can be generated, but not learned."""
    for path in (folder / "foregrounds" / "red").iterdir():
        path.unlink()
    (folder / "foregrounds" / "red").rmdir()
    [note] = notes_of(folder, objective_type="categorical")
    assert note.startswith("WARNING: pyramid_train will refuse these pictures: training_data: nothing to learn")
    assert notes_of(folder) == []
    assert notes_of(folder, objective_type="categorical", empty_image_rate=0.5) == []


def test_the_notes_of_settings_and_folders_are_there(folder):
    (folder / "foregrounds" / "blue").mkdir()
    notes = notes_of(folder, image_quality=50)
    assert [note.split(" ")[1] for note in notes] == ["image_quality", str(folder / "foregrounds" / "blue")]


def test_an_output_that_cannot_be_used_is_told(folder):
    (folder / "file").touch()
    [problem] = problems_of(folder, output_directory=str(folder / "file"))
    assert problem.endswith("is a file; name a folder")
    Output(folder).begin({"input_image_shape": [1, 1, 3]}, keep=False)
    [problem] = problems_of(folder, output_directory=str(folder))
    assert "holds pictures already" in problem
    assert check(document_of(folder, output_directory=str(folder)), resume=True)
    assert check(document_of(folder, output_directory=str(folder)), overwrite=True)
