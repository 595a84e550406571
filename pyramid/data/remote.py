"""Files behind a URI such as ``s3://bucket/folder``: on a file system of pyarrow, or of fsspec.

A file below a root is written ``<root>/./<name>``, as rsync marks what a name is relative to: the root alone is a
URI, with its options and percent signs; the name stays as it is.
"""

import io
import posixpath
import re
import urllib.parse
from functools import lru_cache
from typing import Any

#: RFC 3986, section 3.1; a single letter is a drive of Windows.
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")

#: Of RFC 3986, beside letters and digits: pyarrow refuses a URI with a space or an umlaut.
_LEGAL = "%:/?#[]@!$&'()*+,;="

_MARK = "/./"

#: Bytes that a file is read by: a picture's header is in the first.
_BUFFER = 2**16


class RemoteError(Exception):
    """A URI that leads nowhere; the message has the URI, what is wrong, and a way out."""


def is_uri(path: str | None) -> bool:
    """Whether ``path`` names its file system; a path of this machine does not."""
    return bool(path and _URI.match(path))


def localized(path: str) -> str:
    """``path``, or when it is a ``file://`` URI the path that it stands for."""
    if not path.lower().startswith("file://"):
        return path
    return filesystem(path)[1]


@lru_cache(maxsize=32)
def filesystem(uri: str) -> tuple[Any, str]:
    """The file system (`pyarrow.fs.FileSystem`) of ``uri``, and the path there.

    Raises:
        RemoteError: no such scheme, a package is missing, nobody answers, or a password is in the open.
    """
    import pyarrow.fs

    if urllib.parse.urlsplit(uri).password:
        shown = re.sub(r"//[^/@]*@", "//…@", uri)
        raise RemoteError(f"{shown} holds a secret, which results would show; give it in the environment")
    try:
        found: tuple[Any, str] = pyarrow.fs.FileSystem.from_uri(urllib.parse.quote(uri, safe=_LEGAL))
        return found
    except pyarrow.ArrowInvalid as error:
        if "Unrecognized filesystem type" not in str(error):
            raise RemoteError(f"{uri} is no URI: {_line(error)}") from error
    except (NotImplementedError, ImportError):  # this pyarrow was built without that file system
        pass
    except OSError as error:
        raise _unreachable(uri, error) from error
    return _fsspec(uri)


def _fsspec(uri: str) -> tuple[Any, str]:
    import pyarrow.fs

    scheme = uri.partition(":")[0]
    try:
        import fsspec  # type: ignore[import-untyped]

        system, path = fsspec.core.url_to_fs(uri)
    except ImportError as error:  # it names the package that is missing
        raise RemoteError(f"{uri} needs a package that is not installed: {_line(error)}") from error
    except ValueError as error:
        raise RemoteError(f"{uri}: neither pyarrow nor fsspec knows {scheme}://; use s3://, gs:// or a path") from error
    except Exception as error:  # each file system has errors of its own
        raise _unreachable(uri, error) from error
    return pyarrow.fs.PyFileSystem(pyarrow.fs.FSSpecHandler(system)), path


def below(root: str, name: str) -> str:
    """The file ``name``, relative to the URI ``root``."""
    return root.rstrip("/") + _MARK + posixpath.normpath(name)


def _place(file: str) -> tuple[Any, str]:
    root, _, name = file.partition(_MARK)
    system, path = filesystem(root)
    return system, f"{path.rstrip('/')}/{name}" if name else path


def info(file: str) -> Any:
    """pyarrow's `FileInfo` of a URI or of what `below` made: ``type`` and ``size`` in bytes.

    Raises:
        RemoteError: nobody answers, or not to us.
    """
    system, path = _place(file)
    try:
        return system.get_file_info(path)
    except Exception as error:
        raise _unreachable(file, error) from error


def opened(file: str) -> io.BufferedReader:
    """``file`` to read from, and to seek in.

    Raises:
        OSError, RemoteError: it is missing or cannot be reached.
    """
    system, path = _place(file)
    return io.BufferedReader(system.open_input_file(path), _BUFFER)


def listed(folder: str) -> list[str]:
    """The names of all files below the URI ``folder``, at any depth, relative to it, in order.

    Raises:
        RemoteError: it is no folder, or cannot be reached.
    """
    import pyarrow.fs

    system, path = filesystem(folder)
    try:
        found = system.get_file_info(pyarrow.fs.FileSelector(path, recursive=True))
    except Exception as error:
        raise _unreachable(folder, error) from error
    files = (entry.path for entry in found if entry.type == pyarrow.fs.FileType.File)
    return sorted(posixpath.relpath(file, path) for file in files)


def _unreachable(uri: str, error: Exception) -> RemoteError:
    return RemoteError(f"{uri} cannot be reached: {_line(error)}; check its name, the network and the right to read")


def _line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
