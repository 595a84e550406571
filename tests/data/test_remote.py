"""Pictures and tables behind a URI. fsspec's memory:// is a real file system of its own, within this process."""

import functools
import http.server
import io
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from pyramid.data.examples import read_examples
from pyramid.data.files import Header, read_header
from pyramid.data.image import BadImageError, read_image
from pyramid.data.pictures import decode_here, read_pictures
from pyramid.data.remote import RemoteError, below, filesystem, is_uri, listed, localized
from pyramid.data.shape import shape_from_sizes
from pyramid.settings.train import TrainSettings

Settings = Callable[..., TrainSettings]
#: Names that a URI would read otherwise.
NAMES = ["cat/a b%20#1?.png", "cat/ünï.jpg", "dog/x.PNG", "dog/deep/y.png"]


@pytest.fixture
def bucket(colours: npt.NDArray[np.uint8]) -> Iterator[str]:
    """Pictures of 40 × 30 pixels in class folders, and files that are none."""
    store = fsspec.filesystem("memory")
    for name in NAMES:
        content = io.BytesIO()
        Image.fromarray(colours).save(content, "JPEG" if name.endswith("jpg") else "PNG")
        store.pipe(f"/bucket/pictures/{name}", content.getvalue())
    store.pipe("/bucket/pictures/cat/empty.png", b"")
    store.pipe("/bucket/notes.txt", b"no picture")
    yield "memory://bucket/pictures"
    store.rm("/bucket", recursive=True)


def rows(*names: str) -> list[dict[str, str]]:
    return [{"file": name, "label": name.partition("/")[0]} for name in names]


@pytest.mark.parametrize("path", ["s3://b/c", "memory://x", "FILE:///a"])
def test_a_uri_names_its_file_system(path: str) -> None:
    assert is_uri(path)


@pytest.mark.parametrize("path", ["", None, "a/b", "/a//b", "C://x", "://x", "a b://c"])
def test_a_path_is_no_uri(path: str | None) -> None:
    assert not is_uri(path)


def test_a_file_uri_is_a_path_of_this_machine() -> None:
    assert localized("file:///a%20b/c") == "/a b/c"
    assert localized("/a%20b") == "/a%20b"


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("nope://x/y", "neither pyarrow nor fsspec knows nope://"),
        ("s3://b/c?region=x&nonsense=1", "is no URI"),
        ("ftp://me:secret@host/x", "holds a secret"),
        ("github://o:r@main/x", "holds a secret"),
    ],
)
def test_a_uri_that_leads_nowhere_is_one_problem_with_a_way_out(uri: str, words: str) -> None:
    with pytest.raises(RemoteError, match=words) as raised:
        filesystem(uri)
    assert "secret@" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_package_is_named() -> None:
    """Of fsspec's file systems, most want a package of their own."""
    with pytest.raises(RemoteError, match=r"sftp://.* needs a package that is not installed: .*paramiko"):
        filesystem("sftp://host/x")


def test_a_remote_header_is_that_of_the_file(bucket: str) -> None:
    for name in NAMES:
        assert read_header(below(bucket, name)) == Header(40, 30)
    assert read_header(below(bucket, "cat/empty.png")).reason == "empty (0 bytes)"
    assert read_header(below(bucket, "absent.png")).reason == "missing"
    assert read_header(below("memory://bucket", "notes.txt")).reason == "not a picture that can be read"


def test_remote_pixels_are_those_of_the_same_local_file(bucket: str, tmp_path: Path) -> None:
    store = fsspec.filesystem("memory")
    files = [below(bucket, name) for name in NAMES]
    pixels, sizes, reasons = read_pictures([*files, below(bucket, "no.png")], [12, 8, 3], "pad")
    assert reasons == ["", "", "", "", "missing"]
    assert sizes.tolist() == [[40, 30]] * 4 + [[0, 0]]
    for i, name in enumerate(NAMES):
        local = tmp_path / f"{i}{Path(name).suffix}"
        local.write_bytes(store.cat(f"/bucket/pictures/{name}"))
        np.testing.assert_array_equal(pixels[i], read_image(str(local), 12, 8, "pad"))
        np.testing.assert_array_equal(pixels[i], read_image(files[i], 12, 8, "pad"))
    with pytest.raises(BadImageError, match="missing"):
        read_image(below(bucket, "no.png"), 12, 8, "pad")


def test_the_shape_follows_from_remote_pictures_without_a_word_to_others(bucket: str) -> None:
    with warnings.catch_warnings():
        before = list(warnings.filters)
        assert shape_from_sizes([below(bucket, name) for name in NAMES], 8, 0) == [40, 30, 3]
        assert warnings.filters == before


def test_rows_below_a_uri(bucket: str, settings: Settings) -> None:
    examples, problems = read_examples(settings(training_data=rows(*NAMES), image_root=bucket))
    assert problems == []
    assert [read_header(file).reason for file in examples.files] == [None] * 4


def test_a_file_uri_is_a_folder(settings: Settings, tmp_path: Path) -> None:
    examples, problems = read_examples(settings(training_data=rows("a/x.png", "b/x.png"), image_root=tmp_path.as_uri()))
    assert problems == []
    assert examples.files == [str(tmp_path / "a/x.png"), str(tmp_path / "b/x.png")]


@pytest.mark.parametrize("name", ["../x.png", "/etc/x.png", "a/../../x.png"])
@pytest.mark.parametrize("allowed", [False, True])
def test_no_name_leads_out_of_a_uri(bucket: str, settings: Settings, name: str, allowed: bool) -> None:
    data = [{"file": "cat/x.png", "label": "cat"}, {"file": name, "label": "dog"}]
    _, problems = read_examples(settings(training_data=data, image_root=bucket, allow_absolute_paths=allowed))
    assert problems == [
        f"training_data[1].file: must lie below image_root ({bucket}), but got {name}; name a URI above it"
    ]


def test_one_missing_picture_is_no_reason_to_end_but_a_missing_folder_is(bucket: str, settings: Settings) -> None:
    data = rows("cat/absent.png", "dog/x.PNG")
    assert read_examples(settings(training_data=data, image_root=bucket))[1] == []
    [problem] = read_examples(settings(training_data=data, image_root="memory://elsewhere"))[1]
    assert problem.startswith("image_root: nothing is there: memory://elsewhere; name the folder that holds cat/absent")
    [problem] = read_examples(settings(training_data=data, image_root="nope://elsewhere"))[1]
    assert problem.startswith("image_root: nope://elsewhere: neither")


def test_a_store_that_nobody_answers_for_is_one_problem(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b", "MAX_ATTEMPTS": "1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    uri = "s3://bucket/my pictures?region=here&scheme=http&endpoint_override=127.0.0.1:1"
    [problem] = read_examples(settings(image_root=uri))[1]
    assert problem.startswith(f"image_root: {uri}/./a.png cannot be reached: ")


def test_class_folders_behind_a_uri(bucket: str, settings: Settings) -> None:
    examples, problems = read_examples(settings(training_data=bucket))
    assert problems == []
    assert examples.labels == ["cat", "cat", "cat", "dog", "dog"]
    assert {read_header(file).reason for file in examples.files} == {None, "empty (0 bytes)"}
    [problem] = read_examples(settings(training_data="memory://elsewhere"))[1]
    assert problem.startswith("training_data: memory://elsewhere")


def test_a_table_behind_a_uri_lies_beside_its_pictures(bucket: str, settings: Settings) -> None:
    store = fsspec.filesystem("memory")
    lines = ["file,label", *(f'"{name}",{i % 2}' for i, name in enumerate(NAMES))]
    store.pipe("/bucket/pictures/table.csv", "\n".join(lines).encode())
    examples, problems = read_examples(settings(training_data=f"{bucket}/table.csv", objective_type="categorical"))
    assert problems == []
    assert [read_header(file).reason for file in examples.files] == [None] * 4
    store.pipe("/bucket/pictures/wrong.csv", b"file,lable\na,b")
    [problem] = read_examples(settings(training_data=f"{bucket}/wrong.csv"))[1]
    assert problem.startswith(f"training_data: {bucket}/wrong.csv lacks label")
    [problem] = read_examples(settings(training_data=f"{bucket}/absent.csv"))[1]
    assert problem == f"training_data: no such file: {bucket}/absent.csv"


def test_a_local_table_of_remote_pictures(bucket: str, settings: Settings, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("file,label\ncat/ünï.jpg,cat\ndog/x.PNG,dog\n", encoding="utf-8")
    examples, problems = read_examples(settings(training_data=str(table), image_root=bucket))
    assert problems == []
    assert [read_header(file).reason for file in examples.files] == [None, None]


def test_what_is_told_can_end_a_reading(bucket: str, tmp_path: Path) -> None:
    def tell(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        decode_here([below(bucket, NAMES[0])] * 200, [8, 8, 3], "crop", 10**9, tmp_path, tell)


def test_a_listing_is_in_order_and_relative(bucket: str) -> None:
    assert listed(bucket) == sorted([*NAMES, "cat/empty.png"])


def test_pictures_of_a_web_server_which_knows_no_folders(
    settings: Settings, tmp_path: Path, colours: npt.NDArray[np.uint8]
) -> None:
    pytest.importorskip("aiohttp")  # of fsspec's http://
    (tmp_path / "ü b").mkdir()
    Image.fromarray(colours).save(tmp_path / "ü b" / "1%20.png")
    quiet = functools.partial(_Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        root = f"http://127.0.0.1:{server.server_port}"
        data = [{"file": "ü b/1%20.png", "label": "a"}, {"file": "absent.png", "label": "b"}]
        examples, problems = read_examples(settings(training_data=data, image_root=root))
        assert problems == []
        assert read_header(examples.files[1]).reason == "missing"
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""
