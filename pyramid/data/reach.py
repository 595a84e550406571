"""Whether remote pictures can be reached: one look, before anything is read."""

from collections.abc import Sequence

from pyramid.data.formats.source import Source
from pyramid.data.remote import RemoteError, info, is_uri


def unreachable(sources: Sequence[Source], files: Sequence[str]) -> list[str]:
    """Why nothing can be read below the URIs of ``sources``: a problem for each of them that leads nowhere.

    The first file that a URI is to hold is looked for, and when that is missing the folder: an object store may know
    no folders, and one missing picture is no reason to end.

    Args:
        files: of all rows, those of the first source first.
    """
    problems: dict[str, str] = {}
    first = 0
    for source in sources:
        if is_uri(source.remote) and source.rows and source.remote not in problems:
            problems[source.remote] = _why(source.remote, files[first])
        first += len(source.rows)
    return [problem for problem in problems.values() if problem]


def _why(root: str, file: str) -> str:
    from pyarrow.fs import FileType

    try:
        if info(file).type == FileType.File or info(root).type != FileType.NotFound:
            return ""
    except RemoteError as error:
        return f"image_root: {error}"
    return f"image_root: nothing is there: {root}; name the folder that holds {file.partition('/./')[2]}"
