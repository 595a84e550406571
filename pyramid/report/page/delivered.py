"""The page of a job that has ended: written by its command, or again from its output directory."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyramid.data.remote import is_uri
from pyramid.errors import ConfigError
from pyramid.finalize.mirror import inside
from pyramid.finalize.outputs import Output
from pyramid.finalize.workspace import REPORT_FILE


def write_page(folder: str | Path) -> Path:
    """Write the page of the job with the output directory ``folder``; returns its path.

    Raises:
        ConfigError: it is none, or a URI, or nothing can be written there.
    """
    if is_uri(str(folder)):
        raise ConfigError([f"{folder}: is a URI; its job has left {REPORT_FILE} there, or name a copy on this machine"])
    from pyramid.report.page.page import write_report  # matplotlib: nobody waits for it before a training
    from pyramid.report.page.reading import contents_of

    contents, path = contents_of(Path(folder)), Path(folder) / REPORT_FILE
    try:
        write_report(contents, path)
    except OSError as error:
        raise ConfigError([f"{path}: cannot be written: {error.strerror}"]) from error
    return path


def add_page(output: Output, told: dict[str, Any], note: Callable[[str], None] = lambda text: None) -> dict[str, str]:
    """Write the page of a job that has just ended; returns its place as `page`. A failure must not cost the model.

    Args:
        told: what `results.json` holds.
        note: called with the reason when there is no page.
    """
    try:
        write_page(output.folder)
    except Exception as error:
        note(f"{REPORT_FILE} could not be written: {(str(error).splitlines() or [type(error).__name__])[0]}")
        return {}
    beside = str(Path(told["final_model"]).with_name(REPORT_FILE))
    return {"page": inside(output.uri, REPORT_FILE) if output.uri else beside}
