"""The lines that a backend reads."""

import json
import math

import numpy as np
import pytest

from pyramid import __version__
from pyramid.worker.protocol import (
    COMPLETE,
    PROGRESS,
    TERMINATE,
    complete_lines,
    failed_lines,
    progress_line,
    ready_line,
    version_line,
)


def test_the_words_are_those_of_the_contract():
    assert (PROGRESS, COMPLETE, TERMINATE) == ("pyramid progress - ", "pyramid job complete - ", "terminate")
    assert version_line() == f"Pyramid {__version__}"
    assert ready_line() == f"pyramid process ready - version {__version__}"


def test_a_progress_line_is_a_prefix_and_an_object():
    values = {"total_rows_to_cache": 178, "row_number": 101, "job_id": "cache0", "progress": 0.5056179775280899}
    line = progress_line(values)
    assert line == (
        'pyramid progress - {"total_rows_to_cache": 178, "row_number": 101, "job_id": "cache0",'
        ' "progress": 0.5056179775280899}'
    )


def test_a_job_ends_with_a_pair_of_lines():
    assert complete_lines({"job_id": "sub0", "job_time": 12.86}) == [
        'pyramid progress - {"progress": 1.0}',
        'pyramid job complete - {"job_id": "sub0", "job_time": 12.86}',
    ]


@pytest.mark.parametrize("job_id", ["sub0", 7, None])
def test_a_job_that_failed_ends_with_its_error(job_id):
    closing, complete = failed_lines(job_id, 'Traceback:\n  File "a"\r\nValueError: ä\u2028\x00\ud800')
    assert closing == 'pyramid progress - {"progress": 1.0}'
    answer = json.loads(complete.removeprefix("pyramid job complete - "))
    assert answer == {"job_id": job_id, "error": 'Traceback:\n  File "a"\r\nValueError: ä\u2028\x00\ud800'}


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a\u2028b\u2029c\x85d\x0be", "\ud800", "ä€😀"])
def test_a_text_of_any_kind_stays_one_line_that_every_encoding_can_write(text):
    line = progress_line({"message": text, text: 1})
    assert len(line.splitlines()) == 1
    line.encode("ascii")
    assert json.loads(line.removeprefix(PROGRESS)) == {"message": text, text: 1}


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, np.float64("nan")])
def test_what_json_has_no_word_for_is_null_at_any_depth(bad):
    _, line = complete_lines({"a": bad, "b": [bad, {"c": (bad, 1.5)}]})
    assert line == 'pyramid job complete - {"a": null, "b": [null, {"c": [null, 1.5]}]}'


def test_what_was_given_is_not_changed():
    values = {"metrics": {"auc": math.nan}}
    progress_line(values)
    assert math.isnan(values["metrics"]["auc"])


def test_keys_are_strings():
    assert progress_line({1: {2.5: True}}) == 'pyramid progress - {"1": {"2.5": true}}'
