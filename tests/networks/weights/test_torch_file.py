"""PyTorch's files."""

import gzip
import io
import subprocess
import sys
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

from pyramid.errors import ConfigError
from pyramid.networks.weights.torch_file import read_state
from tests.networks.weights.pth import (
    Call,
    Changed,
    Global,
    archive,
    dump,
    pack,
    sequence,
    storage,
    tensor,
    write_new,
    write_old,
)

BOTH = pytest.mark.parametrize("write", [write_new, write_old])
BOTH_FORMATS = pytest.mark.parametrize("form", [archive, sequence])

STATE = {
    "first.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "first.num_batches_tracked": np.array(7),
    "second.bias": np.array([0.5, -1.5]),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "resnet.pth"


def floats(*values):
    return np.array(values, "<f4").tobytes()


def refusal(path, content):
    """What is said of a file with ``content``, without its name."""
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_state(path)
    (problem,) = caught.value.problems
    assert problem.startswith(f"{path}: is no PyTorch file that can be read: ")
    return problem.partition("read: ")[2]


@BOTH
def test_names_values_and_types_come_back(write, path):
    state = read_state(write(path, STATE))
    assert list(state) == list(STATE)
    for name, array in STATE.items():
        assert state[name].dtype == array.dtype
        np.testing.assert_array_equal(state[name], array)


@BOTH
@pytest.mark.parametrize("kind", ["float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"])
def test_every_type_of_elements_is_read(write, path, kind):
    array = np.array([0, 1, 1, 0, 1]).astype(kind) * np.ones(5, kind)
    np.testing.assert_array_equal(read_state(write(path, {"a": array}))["a"], array, strict=True)


def test_bfloat16_becomes_float32(path):
    upper = (np.array([1.0, -2.5, 3.140625], "<f4").view("<u4") >> 16).astype("<u2")
    path.write_bytes(archive({"a": tensor(storage("0", "BFloat16Storage", 3), (3,))}, {"0": upper.tobytes()}))
    state = read_state(path)
    assert (state["a"].dtype, state["a"].tolist()) == (np.float32, [1.0, -2.5, 3.140625])


def test_a_big_endian_archive_is_read(path):
    content = archive(
        pack(STATE)[0], {str(i): a.byteswap().tobytes() for i, a in enumerate(STATE.values())}, "m", "big"
    )
    path.write_bytes(content)
    np.testing.assert_array_equal(read_state(path)["first.weight"], STATE["first.weight"], strict=True)


@BOTH_FORMATS
def test_offsets_and_strides_are_followed(form, path):
    whole = storage("0", "FloatStorage", 7)
    path.write_bytes(form({"turned": tensor(whole, (3, 2), 1, (1, 3))}, {"0": floats(9, 1, 2, 3, 4, 5, 6)}))
    assert read_state(path)["turned"].tolist() == [[1, 4], [2, 5], [3, 6]]


@BOTH_FORMATS
def test_tensors_may_share_a_storage(form, path):
    whole = storage("0", "FloatStorage", 3)
    path.write_bytes(form({"a": tensor(whole, (3,)), "b": tensor(whole, (2,), 1)}, {"0": floats(1, 2, 3)}))
    state = read_state(path)
    assert (state["a"].tolist(), state["b"].tolist()) == ([1, 2, 3], [2, 3])


def test_a_part_of_a_storage_is_one_in_old_files(path):
    part = storage("0", "FloatStorage", 5, ("0", 2, 3))
    path.write_bytes(sequence({"a": tensor(part, (2,), 1)}, {"0": floats(1, 2, 3, 4, 5)}))
    assert read_state(path)["a"].tolist() == [4, 5]


def test_a_tensor_must_stay_within_its_part(path):
    part = storage("0", "FloatStorage", 5, ("0", 2, 2))
    assert "reaches outside" in refusal(path, sequence({"a": tensor(part, (3,))}, {"0": floats(1, 2, 3, 4, 5)}))


def test_parameters_of_the_first_versions_are_tensors(path):
    first = Call(Global("torch._utils", "_rebuild_tensor"), (storage("0", "FloatStorage", 2), 0, (2,), (1,)))
    parameter = Changed(Call(Global("torch.nn.parameter", "Parameter"), (first,)), (True, False, OrderedDict()))
    later = Call(Global("torch._utils", "_rebuild_parameter"), (first, True, OrderedDict()))
    path.write_bytes(sequence(OrderedDict(a=parameter, b=later), {"0": floats(1, 2)}))
    assert [array.tolist() for array in read_state(path).values()] == [[1, 2], [1, 2]]


@pytest.mark.parametrize("key", ["state_dict", "model", "model_state_dict"])
def test_the_state_inside_a_checkpoint_is_found_and_its_wrapping_taken_off(key, path):
    tensors, raw = pack({f"module.{name}": array for name, array in STATE.items()})
    path.write_bytes(archive({"epoch": 3, "best": 0.25, key: tensors}, raw))
    assert list(read_state(path)) == list(STATE)


def test_a_module_among_others_keeps_its_name(path):
    assert list(read_state(write_new(path, {"module.a": np.ones(1), "b": np.ones(1)}))) == ["module.a", "b"]


@BOTH_FORMATS
def test_nothing_from_a_file_is_run(form, path, tmp_path):
    victim = tmp_path / "victim"
    evil = form({"a": Call(Global("posix", "system"), (f"touch {victim}",))}, {})
    assert refusal(path, evil).startswith("it asks for posix.system, which no state dict needs, and is refused")
    assert not victim.exists()


@pytest.mark.parametrize(
    "name", ["builtins.eval", "torch._utils.__builtins__", "torch.hub.load", "collections.Counter"]
)
def test_only_what_a_state_dict_needs_is_known(name, path):
    module, _, name = name.rpartition(".")
    assert f"asks for {module}.{name}" in refusal(path, archive({"a": Call(Global(module, name), ())}, {}))


@pytest.mark.parametrize("module", ["torchvision.models.resnet", "torch.nn.modules.container"])
def test_of_a_whole_model_the_way_out_is_its_state(module, path):
    problem = refusal(path, sequence(Changed(Call(Global(module, "Model"), ()), {"training": False}), {}))
    assert f"whole model, with {module}.Model" in problem
    assert "torch.save(model.state_dict(), path)" in problem


@BOTH
def test_a_file_that_is_cut_off_anywhere_is_told(write, path):
    content = write(path, STATE).read_bytes()
    for length in range(0, len(content) - 1, 7):
        refusal(path, content[:length])


def test_of_a_file_cut_off_its_length_is_told(path):
    content = write_old(path, STATE).read_bytes()
    assert refusal(path, content[:-3]) == f"it ends after {len(content) - 3:,} bytes, within the storage '2'"
    content = write_new(path, STATE).read_bytes()
    assert f"cut off after {len(content) // 2:,} bytes" in refusal(path, content[: len(content) // 2])


def test_a_damaged_archive_is_told(path):
    content = bytearray(archive(*pack({"a": np.full(4, 1.25)})))
    place = content.index(np.float64(1.25).tobytes())
    content[place] ^= 1
    assert "damaged" in refusal(path, bytes(content))


def test_random_damage_is_an_error_or_harmless(path):
    content = write_old(path, STATE).read_bytes()
    told = 0
    for seed in range(300):
        generator = np.random.default_rng(seed)
        damaged = bytearray(content)
        damaged[generator.integers(len(damaged))] = generator.integers(256)
        path.write_bytes(damaged)
        try:
            read_state(path)
        except ConfigError:
            told += 1
    assert 100 < told < 300


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "it is empty"),
        (b"<!DOCTYPE html><html>Not found</html>", "download it again"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "download it again"),
        (b"\x89HDF\r\n\x1a\n" + bytes(99), "neither of PyTorch's formats"),
        (gzip.compress(b"weights"), "neither of PyTorch's formats"),
        (dump({"a": 1}), "neither of PyTorch's formats"),
    ],
)
def test_other_files_are_told_from_pytorchs(content, told, path):
    assert told in refusal(path, content)


def test_an_archive_of_something_else_is_told_by_what_it_holds(path):
    file = io.BytesIO()
    np.savez(file, weights=np.ones(3))
    assert "something else, with 'weights.npy' and no 'data.pkl'" in refusal(path, file.getvalue())


def test_a_program_of_torchscript_is_refused(path):
    path.write_bytes(archive(*pack(STATE)))
    with zipfile.ZipFile(path, "a") as archived:
        archived.writestr("weights/constants.pkl", dump(()))
    assert "TorchScript" in refusal(path, path.read_bytes())


@pytest.mark.parametrize(
    ("pickled", "told"),
    [
        ({}, "an empty dict"),
        (OrderedDict(), "an empty dict"),
        ({"net": {"a": 1}}, "'net' is a dict"),
        ([1, 2], "of the type list"),
        ({"epoch": 3}, "'epoch' is of the type int"),
        ({"model": {"a": "text"}}, "'a' is of the type str"),
        ({3: tensor(storage("0", "FloatStorage", 1), (1,))}, "3 is of the type Tensor"),
    ],
)
@BOTH_FORMATS
def test_what_is_no_dict_of_tensors_is_told(form, pickled, told, path):
    raw = {"0": floats(1)} if "Tensor" in told else {}
    assert told in refusal(path, form(pickled, raw))


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (tensor(storage("0", "FloatStorage", 4), (5,)), "'a' reaches outside its storage of 4 elements"),
        (tensor(storage("0", "FloatStorage", 4), (2,), 3), "reaches outside"),
        (tensor(storage("0", "FloatStorage", 4), (2, 2), 0, (3, 1)), "reaches outside"),
        (tensor(storage("0", "FloatStorage", 4), (10**9,), 0, (0,)), "reaches outside"),
        (tensor(storage("0", "FloatStorage", 4), (2**40, 2**40)), "reaches outside"),
        (tensor(storage("0", "FloatStorage", 4), (1,) * 200), "a shape that no array can have"),
        (tensor(storage("0", "FloatStorage", 4), (2,), 1, (-1,)), "no counts"),
        (tensor(storage("0", "FloatStorage", 4), (-2,)), "no counts"),
        (tensor(storage("0", "FloatStorage", 4), (2,), 0, (1, 1)), "no storage"),
        (tensor("0", (2,)), "no storage"),
        (tensor(storage("0", "FloatStorage", -1), (1,)), "no storage"),
        (tensor(storage("0", "FloatStorage", 10**12), (10**12,)), "has 16 bytes, not 4,000,000,000,000"),
        (tensor(storage("0", "DoubleStorage", 4), (4,)), "has 16 bytes, not 32"),
        (tensor(storage("1", "FloatStorage", 4), (4,)), "'1' is not in the file"),
    ],
)
def test_tensors_that_make_no_sense_are_told(made, told, path):
    assert told in refusal(path, archive({"a": made}, {"0": floats(1, 2, 3, 4)}))


def test_what_is_made_cannot_be_changed_afterwards(path):
    """An unpickler sets attributes, also those of frozen objects, past their checks."""
    whole = storage("0", "FloatStorage", 4)
    built = Changed(whole, {"count": 10**6})
    changed = Changed(tensor(built, (4,)), {"shape": (10**6,)})
    state = Changed(OrderedDict(a=changed), {"items": 3, "keys": 3})
    path.write_bytes(archive(state, {"0": floats(1, 2, 3, 4)}))
    assert read_state(path)["a"].tolist() == [1, 2, 3, 4]


def test_one_storage_cannot_be_two(path):
    two = {kind: tensor(storage("0", kind, 2), (2,)) for kind in ("FloatStorage", "IntStorage")}
    assert "contradict" in refusal(path, archive(two, {"0": floats(1, 2)}))


def test_old_files_must_have_as_many_elements_as_they_announce(path):
    content = sequence({"a": tensor(storage("0", "FloatStorage", 2), (2,))}, {"0": floats(1, 2, 3)})
    assert refusal(path, content) == "its storage '0' has 3 elements, not 2"


def test_compressed_archives_are_refused_before_they_grow(path):
    bomb = archive({"a": 1}, {"0": bytes(10**7)}, compression=zipfile.ZIP_DEFLATED)
    assert "compressed" in refusal(path, bomb)


#: For each of these a plain unpickler takes gigabytes, or ends the process.
BOMBS = {
    "memory": b"\x80\x02Nr\xff\xff\xff\x1f.",
    "stack": b"\x80\x02}(N" + b"\x85" * 500_000 + b"Nu.",
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_pickle_that_would_end_the_process_is_refused(bomb, path):
    content = sequence({}, {}).replace(dump({}), bomb)
    path.write_bytes(content)
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from pyramid.errors import ConfigError\n"
        "from pyramid.networks.weights.torch_file import read_state\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: read_state(Path(sys.argv[1]))\n"
        "except ConfigError: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert int(ended.stdout) < 100_000  # kilobytes


def test_a_missing_file_and_a_folder_are_told(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_state(tmp_path / "missing.pth")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_state(tmp_path)
