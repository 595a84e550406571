"""One job: a file in, lines out."""

import contextlib
import gc
import time
import traceback
from pathlib import Path
from typing import Any

from pyramid.data.scratch import sweep
from pyramid.errors import PyramidError
from pyramid.settings.base_settings import BaseSettings
from pyramid.settings.check_job import check_job
from pyramid.settings.load import read_document
from pyramid.worker.folders import check_file, check_folder
from pyramid.worker.protocol import complete_lines, failed_lines
from pyramid.worker.reporting import Report, Say

#: Said in the first progress line of every job.
BEGINNING = "pyramid job beginning"

#: `logging_level` with which TensorFlow logs too.
_TENSORFLOW = 3


def warm_up() -> None:
    """Import what jobs need, TensorFlow too, before there is one."""
    import pyramid.worker.kinds  # noqa: F401
    from pyramid.tf import share_gpus

    share_gpus()  # several workers may run on one machine
    gc.collect()
    gc.freeze()  # what is there now stays, and looking through it would take 0.2 s after every job


def run_job(path: str, say: Say) -> None:
    """Do the job that the file ``path`` describes, and say its progress and its answer, whatever happens."""
    began = time.monotonic()
    job_id: Any = None
    settings: BaseSettings | None = None
    try:
        check_file("the job", path)
        document = read_document(path)
        job_id = document.get("job_id")
        settings = check_job(document)
        answer = _done(settings, say)
        lines = complete_lines({"job_id": job_id} | answer | {"job_time": time.monotonic() - began})
    except BaseException as error:  # it costs this job alone, whatever it is
        lines = failed_lines(job_id, _told(error))
    if settings:
        _forget()  # before the answer, after which the front looks at how much memory is in use
    for line in lines:
        say(line)


def _done(settings: BaseSettings, say: Say) -> dict[str, Any]:
    """The answer to a job."""
    report = Report(say, settings)
    report(0.0, message=BEGINNING)
    if settings.cache_file is not None:
        check_file("cache_file", settings.cache_file)
    problems = check_folder(str(settings.output_directory))
    if problems:
        raise PyramidError("\n".join(problems))
    sweep(Path(str(settings.output_directory)))
    from pyramid.tf import tf
    from pyramid.worker.kinds import KINDS

    tf.get_logger().setLevel("INFO" if settings.logging_level == _TENSORFLOW else "ERROR")
    return KINDS[settings.job_type](settings, report)


def _told(error: BaseException) -> str:
    """What happened, in short and then in full."""
    short = str(error) if isinstance(error, PyramidError) else f"{type(error).__name__}: {error}"
    with contextlib.suppress(Exception):  # a message that breaks must not hide that there was one
        return f"{short}\n\n{''.join(traceback.format_exception(error))}"
    return short


def _forget() -> None:
    """Keras keeps every network that was ever built, until it is told not to."""
    from pyramid.tf import tf

    tf.keras.backend.clear_session()
    gc.collect()
