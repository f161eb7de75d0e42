"""Pascal VOC: an XML file for each image, for boxes.

Corners are in pixels from 0, as LabelImg, CVAT and Label Studio write them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from hitl_widgets.formats.base import Export, Left, NotTaken, Row, Said, Wanted, one_each, size_in, told
from hitl_widgets.formats.images import file_name, names_of, size_for
from hitl_widgets.formats.stems import Stems

__all__ = ["FORMATS", "WRITERS", "Voc"]

NAME = "Pascal VOC"
MAX_BYTES = 2**24
FLAGS = ("difficult", "truncated", "occluded")


class Voc:
    """Objects with a bounding box."""

    name = NAME
    order = 7

    def opens(self, path: Path) -> bool:
        """Return whether it is an XML file, or a folder that contains any."""
        return (
            path.suffix.lower() == ".xml" if path.is_file() else next(path.rglob("*.xml"), None) is not None
        )

    def rows(self, path: Path) -> list[Row]:
        """Return a row for each file."""
        files = [path] if path.is_file() else sorted(path.rglob("*.xml"))
        return [(k, {"voc": file.name, **_parsed(file)}) for k, file in enumerate(files)]

    def where(self, row: Mapping[str, Any]) -> str:
        """Return the name of the file."""
        return str(row["voc"])

    def claims(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether these are the rows of such files."""
        return all(row.keys() >= {"voc", "why"} for row in rows)

    def read(self, rows: Sequence[Row], wanted: Wanted) -> Iterable[Said | Left]:
        """Yield the boxes of each image."""
        kind = wanted.kind or "boxes"

        def answers(number: int, row: Mapping[str, Any]) -> Iterator[Said | Left]:
            if row["why"]:
                raise NotTaken(row["why"])
            if kind != "boxes":
                raise NotTaken(f"The objects are boxes, not answers of kind {kind!r}.")
            name = row["filename"] or PurePosixPath(row["voc"]).stem
            content = (*names_of(name), PurePosixPath(row["voc"]).stem)
            size = row["size"] or wanted.size_of(content)
            item = {"image": name}
            yield Said(number, row["boxes"], None, content, kind="boxes", item=item, size=size)
            if wanted.whole:
                for flag in row["flags"]:
                    yield Left(number, f"Objects marked as {flag}: the mark is not kept.")

        return told(rows, answers, NAME)


def _parsed(path: Path) -> dict[str, Any]:
    """Return the objects of a file, or in ``why`` the reason why it cannot be read."""
    nothing: dict[str, Any] = {"filename": "", "size": None, "boxes": [], "flags": [], "why": ""}
    data = path.read_bytes() if path.stat().st_size <= MAX_BYTES else b""
    if not data:
        return nothing | {"why": f"The file is empty or larger than {MAX_BYTES >> 20} MB."}
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:  # entities can expand without limit
        return nothing | {"why": "The file declares a document type, which is not read."}
    try:
        root = ET.fromstring(data)  # noqa: S314 - without entities
        if root.tag != "annotation":
            return nothing | {"why": "The file is not an annotation of Pascal VOC."}
        size = root.find("size")
        whole = None if size is None else size_in(size.findtext("width"), size.findtext("height"))
        boxes = [_box(one) for one in root.iter("object")]
    except (ET.ParseError, ValueError, AttributeError) as error:
        return nothing | {"why": f"The file cannot be read: {error}."}
    flags = [flag for flag in FLAGS if any(one.findtext(flag) == "1" for one in root.iter("object"))]
    name = root.findtext("filename") or ""
    return nothing | {"filename": name, "size": whole, "boxes": boxes, "flags": flags}


def _box(one: ET.Element) -> dict[str, Any]:
    place = one.find("bndbox")
    if place is None:
        raise ValueError("an object has no bndbox")
    left, top, right, bottom = (float(place.findtext(n) or "") for n in ("xmin", "ymin", "xmax", "ymax"))
    box = {"x": left, "y": top, "width": right - left, "height": bottom - top}
    return {name: round(value, 2) for name, value in box.items()} | {"label": one.findtext("name") or ""}


class VocWriter:
    """A folder with a file for each image."""

    name = "voc"
    ending = ""
    tabular, folder, items = False, True, True
    kinds = ("boxes",)

    def notes(self, export: Export) -> Sequence[str]:  # noqa: ARG002
        """Return what the coordinates are."""
        return ["Corners are in pixels from 0. A file without objects is an image without objects."]

    def columns(self, export: Export) -> Sequence[str]:  # noqa: ARG002
        """Return the elements of a file."""
        return ["filename", "size", "object"]

    def write(self, export: Export, path: Path) -> Sequence[Left]:
        """Write the folder."""
        left: list[Left] = []
        said = one_each(export.said, left, NAME)
        stems = Stems(said)
        for one in said:
            try:
                text = _written(file_name(one), size_for(one), one.label)
                stem = stems.of(one)
            except NotTaken as why:
                left.append(Left(one.number, str(why)))
                continue
            (path / f"{stem}.xml").write_text(text, encoding="utf-8")
        return left


def _written(name: str, size: tuple[int, int], marks: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        "<annotation>",
        f"  <filename>{_plain(name)}</filename>",
        f"  <size><width>{size[0]}</width><height>{size[1]}</height><depth>3</depth></size>",
        "  <segmented>0</segmented>",
    ]
    for mark in marks:
        x, y, w, h = (mark[n] for n in ("x", "y", "width", "height"))
        ends = {"xmin": x, "ymin": y, "xmax": round(x + w, 2), "ymax": round(y + h, 2)}
        box = "".join(f"<{n}>{value:.10g}</{n}>" for n, value in ends.items())
        lines += [
            "  <object>",
            f"    <name>{_plain(str(mark['label']))}</name>",
            "    <pose>Unspecified</pose><truncated>0</truncated><difficult>0</difficult>",
            f"    <bndbox>{box}</bndbox>",
            "  </object>",
        ]
    return "\n".join([*lines, "</annotation>", ""])


def _plain(text: str) -> str:
    """Return a text for XML, which has no other control characters than tabs and line ends."""
    if any(ord(c) < 32 and c not in "\t\n\r" for c in text) or "\ufffe" in text or "\uffff" in text:
        raise NotTaken(f"{text!r} contains a character that XML cannot contain.")
    return escape(text, {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;"})


FORMATS = (Voc(),)
WRITERS = (VocWriter(),)
