"""Arrays on disk, named by the rows they were computed from, so that a second run finds them."""

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
_HASHED = 1_024  # rows that stay in the processor's cache
_HALF = np.uint64(32)
_warned: set[Path] = set()


def row_keys(X: Any) -> Keys:
    """A 64-bit hash of each row; other rows share it with a chance of 2^-64.

    The upper halves of two multilinear hashes modulo 2^64 (Lemire and Kaser, 2014), at some 2 GB/s
    and without holding the GIL.

    Parameters
    ----------
    X
        float32 (n, d), or what gives such blocks when sliced; read 65,536 rows at a time.

    Returns
    -------
    uint64 (n,).
    """
    n, d = X.shape
    bits = np.random.PCG64(0)  # its stream is promised to stay: ids in people's stores depend on it
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
    """A name for rows in their order and for how they were used; the same in every run."""
    digest = blake2b(f"{_FORMAT} {settings}".encode(), digest_size=16)
    digest.update(np.ascontiguousarray(keys).data)
    return digest.hexdigest()


class Cache:
    """Files of one kind in a folder; nothing that goes wrong with them is an error.

    Parameters
    ----------
    folder
        Made when needed.
    kind
        The first word of the files' names.
    keep
        Only so many files are kept, those used last.
    """

    def __init__(self, folder: Path, kind: str, *, keep: int = 8) -> None:
        self._folder, self._kind, self._keep = Path(folder), kind, keep

    def read(self, name: str) -> Arrays | None:
        """The arrays kept under a name; None where there is no file or it is damaged."""
        path = self._path(name)
        try:
            with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                arrays = {array: file[array] for array in file.files}
            os.utime(path)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None
        return arrays

    def write(self, name: str, **arrays: npt.NDArray[Any]) -> None:
        """Write a file whole or not at all, for the owner's eyes only; warn once where that fails."""
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
                    f"Graphs and maps could not be kept in {str(folder)!r} ({error.strerror or error}), "
                    "so they are built again each time. Make room there, or make the folder writable.",
                    stacklevel=3,
                )

    def names(self) -> list[str]:
        """What is kept, the file used last first."""
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
                np.savez(file, **arrays)  # type: ignore[arg-type]  # the stubs take names for allow_pickle
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
