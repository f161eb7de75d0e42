"""Names of files about items: a file for each image or recording."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath, PureWindowsPath

from hitl_widgets.formats.base import NotTaken, Said

__all__ = ["Stems", "stem_of_id"]

MAX_NAME = 200  # bytes; with a suffix, a file name has 255 at most
# Characters that names of files cannot contain on every system.
ODD = set('/\\:*?"<>|') | {chr(k) for k in range(32)}
SUFFIX = re.compile(r"\.[A-Za-z]\w{1,4}$")  # not the end of "photo.1"
MEDIA = ("image", "audio", "video")


def stem_of_id(key: str) -> str:
    """Return an id; if it is the name of a file, without its folder and suffix."""
    return _stem(key) if SUFFIX.search(key) else key


def _stem(path: str) -> str:
    return SUFFIX.sub("", (PureWindowsPath if "\\" in path else PurePosixPath)(path).name)


class Stems:
    """A name for the file about each item: that of its own file, or its id if others have the same name."""

    def __init__(self, said: Sequence[Said]) -> None:
        self._n = Counter(_stem(path) for one in said if (path := _path(one)))
        self._taken: set[str] = set()

    def of(self, one: Said) -> str:
        """Return the name, which is then taken.

        Raises
        ------
        NotTaken
            If there is none, or another item has it.
        """
        path, named = _path(one), one.id is not None and one.sure
        stem = _stem(path)
        if named and (not path or self._n[stem] > 1):
            stem = stem_of_id(str(one.id))
        if not stem:
            raise NotTaken(
                "The item has no file name. Pass paths as items, or id= with the names of the files."
            )
        if not stem.strip(". ") or ODD & set(stem) or len(stem.encode("utf-8", "replace")) > MAX_NAME:
            raise NotTaken(f"{stem[:60]!r} cannot be the name of a file: pass other ids, or export a table.")
        if stem in self._taken:
            raise NotTaken(
                f"Two items are called {stem!r}, and a folder can have only one of them: pass id= with "
                "different names."
            )
        self._taken.add(stem)
        return stem


def _path(one: Said) -> str:
    return next((path for name in MEDIA if isinstance(path := one.item.get(name), str) and path), "")
