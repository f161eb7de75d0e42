"""Files and sizes of images, for formats whose files name them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from hitl_widgets.formats.base import NotTaken, Said, Size
from hitl_widgets.items.pictures import image_size

__all__ = ["SUFFIXES", "file_name", "names_of", "refuse_frames", "size_for", "sizes_in"]

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")


def names_of(path: str) -> tuple[str, ...]:
    """Return what may identify an image: its path, its name, and its name without suffix."""
    name = (PureWindowsPath if "\\" in path else PurePosixPath)(path).name
    return tuple(dict.fromkeys((path, name)))


def file_name(one: Said) -> str:
    """Return the file name of an image; its id if it is not a file.

    Raises
    ------
    NotTaken
        If there is neither.
    """
    path = one.item.get("image")
    if isinstance(path, str) and path:
        return path
    if one.id is None or not one.sure:
        raise NotTaken(
            "The image has no file name. Pass paths as images, or id= with the names of the files."
        )
    return str(one.id)


def size_for(one: Said) -> tuple[int, int]:
    """Return width and height of an image.

    Raises
    ------
    NotTaken
        If they are unknown.
    """
    refuse_frames(one.label)
    if one.size is None:
        raise NotTaken("The size of the image is not known: pass the folder of the images.")
    return int(one.size[0]), int(one.size[1])


def refuse_frames(label: Any) -> None:
    """Raise NotTaken for boxes on frames of a video."""
    if isinstance(label, list) and any(isinstance(mark, Mapping) and "frame" in mark for mark in label):
        raise NotTaken(
            "The boxes are on frames of a video, which this format cannot contain: export JSONL, CSV or "
            "Parquet."
        )


def sizes_in(folder: Path) -> Callable[[Sequence[str]], Size | None]:
    """Return a function that finds the size of an image in a folder, or below it, by its path or name."""
    known: dict[str, Path] = {}
    for path in _images(folder):
        known.setdefault(path.name, path)
        known.setdefault(path.stem, path)
        known[path.relative_to(folder).as_posix()] = path

    def find(names: Sequence[str]) -> Size | None:
        path = next((known[name] for name in names if name in known), None)
        try:
            return None if path is None else image_size(path)
        except ValueError:
            return None

    return find


def _images(folder: Path) -> Iterable[Any]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
