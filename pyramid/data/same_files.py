"""Files of the same bytes: one on each side of the split would make the metrics too good."""

import os
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pyramid.data.copies import AT_ONCE
from pyramid.data.remote import is_uri

#: Bytes in the middle of a file by which those of one size are told apart, before they are read as a whole.
_SAMPLE = 4096

#: Files that a thread takes at once.
_CHUNK = 64


def joined(files: Sequence[str], groups: Sequence[str]) -> Sequence[str]:
    """``groups``, one for each row, with those of rows whose files are the same, or have the same bytes, made one.

    Files elsewhere, which would have to be fetched, and those that cannot be read keep the group that they have.
    """
    copies = same_files(list(dict.fromkeys(files)))
    if not copies and len(set(files)) == len(files):
        return groups
    first = {file: alike[0] for alike in copies for file in alike}
    _, by_group = np.unique(np.asarray(groups), return_inverse=True)
    _, by_file = np.unique(np.asarray([first.get(file, file) for file in files]), return_inverse=True)
    groups_there = int(by_group.max()) + 1
    nodes = groups_there + int(by_file.max()) + 1
    links = coo_array((np.ones(len(files)), (by_group, groups_there + by_file)), shape=(nodes, nodes))
    _, part = connected_components(links, directed=False)
    return [f"part {k}" for k in part[by_group]]


def same_files(files: Iterable[str]) -> list[list[str]]:
    """Those of ``files`` that have the same bytes as others, together."""
    alike = [[file for file in files if not is_uri(file)]]
    with ThreadPoolExecutor(AT_ONCE) as threads:  # a shared file system answers after milliseconds
        for key in (_size, _sample, _whole):
            alike = _divided(alike, key, threads)
    return alike


def _divided(alike: list[list[str]], key: Callable[[str], Hashable], threads: ThreadPoolExecutor) -> list[list[str]]:
    """Each list of ``alike`` in parts of one ``key``, of more than one file; None is a key that no other file has."""
    parts: dict[Hashable, list[str]] = defaultdict(list)
    listed = [(i, file) for i, some in enumerate(alike) for file in some]
    chunks = [listed[first : first + _CHUNK] for first in range(0, len(listed), _CHUNK)]
    keys = threads.map(lambda chunk: [key(file) for _, file in chunk], chunks)
    for (i, file), found in zip(listed, (one for some in keys for one in some), strict=True):
        if found is not None:
            parts[i, found].append(file)
    return [part for part in parts.values() if len(part) > 1]


def _size(file: str) -> int | None:
    try:
        return os.stat(file).st_size
    except OSError:
        return None


def _sample(file: str) -> bytes | None:
    try:
        with open(file, "rb", buffering=0) as opened:
            opened.seek(max(0, os.fstat(opened.fileno()).st_size // 2 - _SAMPLE // 2))
            return opened.read(_SAMPLE)
    except OSError:
        return None


def _whole(file: str) -> bytes | None:
    digest = blake2b(digest_size=16)
    try:
        with open(file, "rb", buffering=0) as opened:
            while part := opened.read(2**20):
                digest.update(part)
    except OSError:
        return None
    return digest.digest()
