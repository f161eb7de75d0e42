"""YOLO: a folder with ``data.yaml`` and a text file for each image, for boxes and polygons."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hitl_widgets.errors import InvalidInput, choices
from hitl_widgets.formats.base import Export, Left, NotTaken, Row, Said, Wanted, one_each, told
from hitl_widgets.formats.images import size_for, sizes_in
from hitl_widgets.formats.stems import Stems

__all__ = ["FORMATS", "WRITERS", "Yolo"]

NAME = "YOLO"
YAML = ("data.yaml", "dataset.yaml", "data.yml")
NAMES = re.compile(r"^names:(.*?)(?=^(?!- |#)\S|\Z)", re.MULTILINE | re.DOTALL)
ENTRY = re.compile(r"^\s*(?:(\d+)\s*:|-)\s+(.+?)\s*$")
VALUE = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^,]+)""")
MOST = 100_000


class Yolo:
    """Lines of a class number and a place, relative to the size of the image."""

    name = NAME
    order = 6

    def opens(self, path: Path) -> bool:
        """Return whether it is a folder with data.yaml, or that file."""
        return _yaml(path) is not None

    def rows(self, path: Path) -> list[Row]:
        """Return a row for each text file, in any folder called labels."""
        yaml = _yaml(path)
        if yaml is None:
            raise InvalidInput(f"{path} is not a folder with {choices(YAML)}, which lists the classes.")
        try:
            text = yaml.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise InvalidInput(f"{yaml} is not UTF-8 ({error.reason}): save it as UTF-8.") from error
        names, find = _names(text, yaml), sizes_in(yaml.parent)
        files = sorted(f for f in yaml.parent.rglob("*.txt") if "labels" in f.relative_to(yaml.parent).parts)
        if not files:
            raise InvalidInput(f"{yaml.parent} has no folder 'labels' with a text file for each image.")
        return [
            (k, {"yolo": file.stem, "file": file.relative_to(yaml.parent).as_posix(), "lines": _lines(file),
                 "names": names, "size": find([file.stem]), "posed": "kpt_shape" in text})
            for k, file in enumerate(files)
        ]  # fmt: skip

    def claims(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether these are the rows of such a folder."""
        return all(row.keys() >= {"yolo", "posed"} for row in rows)

    def where(self, row: Mapping[str, Any]) -> str:
        """Return the text file."""
        return str(row["file"])

    def classes(self, rows: Sequence[Row]) -> list[str]:
        """Return the classes of data.yaml."""
        return list(rows[0][1]["names"]) if rows else []

    def read(self, rows: Sequence[Row], wanted: Wanted) -> Iterable[Said | Left]:
        """Yield the marks of each image."""
        kind = wanted.kind or _kind(rows)

        def answers(number: int, row: Mapping[str, Any]) -> Iterator[Said]:
            stem = row["yolo"]
            size = row["size"] or wanted.size_of((stem,))
            if row["posed"] or kind not in {"boxes", "polygons"}:
                what = "poses (kpt_shape)" if row["posed"] else "boxes or polygons"
                raise NotTaken(f"The labels are {what}, not answers of kind {kind!r}.")
            if row["lines"] is None:
                raise NotTaken(f"{row['file']} is not UTF-8: save it as UTF-8.")
            if size is None:
                raise NotTaken(
                    f"The size of the image {stem!r} is not known, and places are relative to it: put the "
                    "images beside the labels, in a folder 'images'."
                )
            marks = [_mark(line, row["names"], kind, size) for line in row["lines"] if line.strip()]
            yield Said(number, marks, stem, (stem,), sure=False, kind=kind, item={"image": stem}, size=size)

        return told(rows, answers, NAME)


def _yaml(path: Path) -> Path | None:
    if path.is_file():
        return path if path.suffix.lower() in {".yaml", ".yml"} else None
    return next((path / name for name in YAML if (path / name).is_file()), None)


def _names(text: str, path: Path) -> list[str]:
    """Return the names of the classes: a list or a dict in lines, or a list in brackets."""
    found = NAMES.search(text)
    block = "" if found is None else found[1].split("\n", 1)
    inline = block[0].split(" #")[0].strip() if block else ""
    refused = InvalidInput(f"{path} does not list the classes: expected names: followed by them.")
    if inline.startswith("["):
        whole = (found[1] if found else "").strip()[1:].rpartition("]")[0]
        return [_unquoted(name) for name in VALUE.findall(whole) if name.strip()]
    if inline or len(block) < 2:
        raise refused
    names: dict[int, str] = {}
    for line in block[1].splitlines():
        if not line.strip() or line.strip().startswith("#"):
            continue
        if (entry := ENTRY.match(line)) is None:
            raise refused
        names[len(names) if entry[1] is None else int(entry[1])] = _unquoted(entry[2])
    if not names or max(names) > MOST:
        raise refused
    return [names.get(k, str(k)) for k in range(max(names) + 1)]


def _unquoted(text: str) -> str:
    text = text.strip()
    if text[:1] == text[-1:] == '"':
        try:
            return str(json.loads(text))
        except ValueError:
            return text[1:-1]
    return text[1:-1].replace("''", "'") if text[:1] == text[-1:] == "'" else text.split(" #")[0].strip()


def _lines(path: Path) -> list[str] | None:
    """Return the lines of a file; None if it is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return None


def _kind(rows: Sequence[Row]) -> str:
    sizes = {len(line.split()) for _, row in rows for line in row["lines"] or () if line.strip()}
    return "polygons" if sizes and min(sizes) >= 7 else "boxes"


def _mark(line: str, names: Sequence[str], kind: str, size: Any) -> dict[str, Any]:
    code, *places = line.split()
    if not code.isdecimal() or int(code) >= len(names):
        raise NotTaken(f"The class {code!r} is not in data.yaml, which has {len(names)}.")
    width, height = size
    values = list(map(float, places))
    if kind == "boxes":
        if len(values) != 4:
            what = "a prediction with its confidence" if len(values) == 5 else "not a box"
            raise NotTaken(f"The line {line[:60]!r} is {what}: expected a class, x, y, width and height.")
        x, y, w, h = values
        left, top = (x - w / 2) * width, (y - h / 2) * height
        place = {"x": left, "y": top, "width": w * width, "height": h * height}
        return {name: round(value, 2) for name, value in place.items()} | {"label": names[int(code)]}
    if len(values) < 6 or len(values) % 2:
        raise NotTaken(
            f"The line {line[:60]!r} is not a polygon: expected a class and at least three corners."
        )
    pairs = zip(values[::2], values[1::2], strict=True)
    points = [[round(x * width, 2), round(y * height, 2)] for x, y in pairs]
    return {"points": points, "label": names[int(code)]}


class YoloWriter:
    """A folder with data.yaml and labels/train/."""

    name = "yolo"
    ending = ""
    tabular, folder, items = False, True, True
    kinds = ("boxes", "polygons")

    def notes(self, export: Export) -> Sequence[str]:  # noqa: ARG002
        """Return where the images have to be."""
        images = "Put the images into images/train/, under the names of the text files."
        return [f"{images} An empty text file is an image without objects."]

    def columns(self, export: Export) -> Sequence[str]:  # noqa: ARG002
        """Return the values of a line."""
        return ["class", "places relative to the size of the image"]

    def write(self, export: Export, path: Path) -> Sequence[Left]:
        """Write the folder."""
        left: list[Left] = []
        codes = {name: k for k, name in enumerate(export.classes)}
        labels = path / "labels" / "train"
        labels.mkdir(parents=True)
        (path / "images" / "train").mkdir(parents=True)
        lines = [f"  {k}: {json.dumps(name, ensure_ascii=False)}" for name, k in codes.items()]
        told = ["path: .", "train: images/train", "val: images/train", "names:", *lines]
        (path / "data.yaml").write_text("\n".join(told) + "\n", encoding="utf-8")
        said = one_each(export.said, left, NAME)
        stems = Stems(said)
        for one in said:
            try:
                size, stem = size_for(one), stems.of(one)
            except NotTaken as why:
                left.append(Left(one.number, str(why)))
                continue
            made = [f"{codes[str(mark['label'])]} {_places(mark, size)}\n" for mark in one.label]
            (labels / f"{stem}.txt").write_text("".join(made), encoding="utf-8")
        return left


def _places(mark: Mapping[str, Any], size: tuple[int, int]) -> str:
    width, height = size
    if "points" in mark:
        values = [v for x, y in mark["points"] for v in (x / width, y / height)]
    else:
        x, y, w, h = (mark[name] for name in ("x", "y", "width", "height"))
        values = [(x + w / 2) / width, (y + h / 2) / height, w / width, h / height]
    return " ".join(f"{value:.10g}" for value in values)


FORMATS = (Yolo(),)
WRITERS = (YoloWriter(),)
