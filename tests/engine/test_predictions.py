"""Predictions made by Ray are those of one process, in the order of the files."""

import numpy as np
import pytest

from pyramid.engine.predictions import on_cluster
from pyramid.prediction.document import describe
from pyramid.prediction.model import load_model
from pyramid.prediction.predictions import Limits
from tests.prediction.making import write_classifier, write_pictures


@pytest.mark.usefixtures("ray_session")
def test_a_cluster_predicts_what_one_process_predicts(tmp_path):
    path = write_classifier(tmp_path / "model")
    files = [*write_pictures(tmp_path / "pictures"), str(tmp_path / "missing.png")] * 10  # over one batch of Ray Data
    (alone,) = load_model(path).pictures(files, len(files))
    parts = list(on_cluster(describe(path), files, Limits(), batch_size=3))
    assert [key for part in parts for key in part.keys] == files
    assert [reason for part in parts for reason in part.reasons] == [*[""] * 6, "missing"] * 10
    good = np.array([not reason for reason in alone.reasons])
    assert np.abs(np.concatenate([part.outputs for part in parts]) - alone.outputs)[good].max() < 1e-5
    assert np.concatenate([part.sizes for part in parts]).tolist() == alone.sizes.tolist()
