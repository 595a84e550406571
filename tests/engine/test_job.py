"""What a job writes down."""

import json

from pyramid.engine.job import understood
from pyramid.settings.train import TrainSettings
from pyramid.training.storage import write_json
from tests.candidates import CANDIDATE


def test_boxes_that_json_has_no_words_for_are_left_out(tmp_path):
    nan, infinity = float("nan"), float("inf")
    rows = [{"file": "a.png", "boxes": [[nan, 0, 1, 1, "a"], [0, 0, 5, 5, "a"], [0, 0, infinity, 1, "a"]]}]
    settings = TrainSettings(training_data=rows, output_directory="x")
    write_json(tmp_path / "config.json", understood(settings, CANDIDATE.look, CANDIDATE))
    written = json.loads((tmp_path / "config.json").read_text())
    assert written["training_data"][0]["boxes"] == [[0, 0, 5, 5, "a"]]
