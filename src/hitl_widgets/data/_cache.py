"""Arrays cached on disk, named after the rows they were computed from."""

from __future__ import annotations

import os
import tempfile
import warnings
from hashlib import blake2b
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

__all__ = ["Arrays", "Cache", "Keys", "fingerprint", "row_keys"]

Arrays = dict[str, npt.NDArray[Any]]
Keys = npt.NDArray[np.uint64]

_FORMAT = 2
_READ = 65_536
_HASHED = 1_024  # rows that fit into the CPU cache
_HALF = np.uint64(32)
_warned: set[Path] = set()


def row_keys(X: Any) -> Keys:
    """Return a 64-bit hash of each row; two different rows collide with probability 2^-64.

    The hash consists of the upper halves of two multilinear hashes modulo 2^64 (Lemire and Kaser, 2014).
    It is computed at about 2 GB/s, without holding the GIL.

    Parameters
    ----------
    X
        float32 (n, d), or an object whose slices are such blocks; read 65,536 rows at a time.

    Returns
    -------
    uint64 (n,).
    """
    n, d = X.shape
    bits = np.random.PCG64(0)  # its stream is stable across versions; ids in stores depend on it
    factors, start = bits.random_raw(2 * d).reshape(2, d), bits.random_raw(2)
    keys = np.empty(n, np.uint64)
    for low in range(0, n, _READ):
        block = np.ascontiguousarray(X[low : low + _READ], np.float32).view(np.uint32)
        for at in range(0, len(block), _HASHED):
            words = block[at : at + _HASHED].astype(np.uint64)
            a, b = (np.einsum("ij,j->i", words, f) + s for f, s in zip(factors, start, strict=True))
            keys[low + at : low + at + len(words)] = (a >> _HALF << _HALF) | (b >> _HALF)
    return keys


def fingerprint(keys: Keys, *settings: object) -> str:
    """Return a name for rows, their order and the settings used; the same in every run."""
    digest = blake2b(f"{_FORMAT} {settings}".encode(), digest_size=16)
    digest.update(np.ascontiguousarray(keys).data)
    return digest.hexdigest()


class Cache:
    """Cache files of one kind in a folder; failures never raise errors.

    Parameters
    ----------
    folder
        The folder, created when needed.
    kind
        The first part of the file names.
    keep
        The number of files to keep, the most recently used ones.
    """

    def __init__(self, folder: Path, kind: str, *, keep: int = 8) -> None:
        self._folder, self._kind, self._keep = Path(folder), kind, keep

    def read(self, name: str) -> Arrays | None:
        """Return the arrays with this name; None if there is no file or it is damaged."""
        path = self._path(name)
        try:
            with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                arrays = {array: file[array] for array in file.files}
            os.utime(path)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None
        return arrays

    def write(self, name: str, **arrays: npt.NDArray[Any]) -> None:
        """Write a file atomically, readable by the owner only; warn once on failure."""
        folder = self._folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._replace(self._path(name), arrays)
            for old in self._files()[self._keep :]:
                old.unlink(missing_ok=True)
        except OSError as error:
            if folder not in _warned:
                _warned.add(folder)
                warnings.warn(
                    f"Graphs and maps could not be cached in {str(folder)!r} ({error.strerror or error}), "
                    "so they are computed again each time. Free disk space, or make the folder writable.",
                    stacklevel=3,
                )

    def names(self) -> list[str]:
        """Return the cached names, most recently used first."""
        try:
            files = self._files()
        except OSError:
            return []
        return [file.stem.removeprefix(f"{self._kind}-") for file in files if file.suffix == ".npz"]

    def _path(self, name: str) -> Path:
        return self._folder / f"{self._kind}-{name}.npz"

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob(f"{self._kind}-*"), key=lambda p: p.stat().st_mtime, reverse=True)

    def _replace(self, path: Path, arrays: Arrays) -> None:
        handle, name = tempfile.mkstemp(prefix=f"{self._kind}-", suffix=".tmp", dir=self._folder)  # mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, **arrays)  # type: ignore[arg-type]  # the stubs mistake names for allow_pickle
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
