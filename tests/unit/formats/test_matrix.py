"""The table in docs/formats.md: each format writes and reads an answer of a kind, or refuses it."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

from hitl_widgets.errors import InvalidInput
from hitl_widgets.formats import Said, Wanted, _writers, recognised, write, writer_of
from hitl_widgets.formats.base import IMAGES, Export
from hitl_widgets.questions import rle
from hitl_widgets.questions.base import kind_of
from hitl_widgets.transfer.converting import _table, opened

DOCS = Path(__file__).parents[3] / "docs" / "formats.md"
TEXT = "Ada met Bo in Rome."
SIZE = (4.0, 3.0)
MASK = rle.from_mask([[True, False, False, True], [False] * 4, [True] * 4])
PARTS = {"topic": "choice", "tags": "choices", "stars": "rating", "n": "number", "why": "text"}
ANSWERS: dict[str, Any] = {
    "choice": "b",
    "choices": ["a", "b"],
    "rating": 2,
    "number": 0.5,
    "text": "An answer in more than three words.",
    "spans": [{"start": 0, "end": 3, "label": "a"}, {"start": 14, "end": 18, "label": "b"}],
    "ranges": [{"start": 0.5, "end": 2.25, "label": "a"}],
    "boxes": [{"x": 1, "y": 0.5, "width": 2, "height": 1.5, "label": "b"}],
    "polygons": [{"points": [[0, 0], [3, 0.5], [1, 2]], "label": "a"}],
    "points": [{"x": 1.5, "y": 2, "label": "b"}],
    "masks": [{"size": list(MASK[0]), "counts": MASK[1], "label": "a"}],
    "pair": "first",
    "ranking": [2, 3, 1],
    "transcript": [{"start": 0.5, "end": 2.25, "text": "Good morning.", "speaker": "a"}],
    "form": {"topic": "b", "tags": ["a"], "stars": 2, "n": 3, "why": "So."},
}
ITEMS: dict[str, dict[str, Any]] = {
    **{kind: {"image": "a.jpg"} for kind in IMAGES},
    "ranges": {"audio": "a.wav"},
    "transcript": {"audio": "a.wav"},
    "pair": {"items": ["one", "two"], "prompt": "?"},
    "ranking": {"items": ["one", "two", "three"]},
}
CLASSES = {"rating": ["1", "2", "3"], "pair": ["first", "second"], "number": [], "text": [], "ranking": []}


def usual(kind: str, label: Any) -> Any:
    of: Any = kind_of(kind)
    if hasattr(of, "place"):
        known = [(of.place([mark[name] for name in of.fields]), mark) for mark in label]
        return sorted(
            (place, mark.get("text", "").strip(), str(mark.get(of.called))) for place, mark in known
        )
    return str(label) if kind == "rating" else label


def found(name: str, kind: str, folder: Path) -> str:
    """Whether this answer is written and read again: "both", "written" or "" if it is refused."""
    size = SIZE if kind in IMAGES else None
    item = ITEMS.get(kind, {"text": TEXT})
    one = Said(0, ANSWERS[kind], "i1", kind=kind, item=item, size=size, parts=PARTS)
    writer = writer_of("", name)
    path = folder / f"{name}-{kind}{writer.ending or ('' if writer.folder else '.jsonl')}"
    export = Export(_table([one]), kind=kind, classes=CLASSES.get(kind, ["a", "b"]), said=[one])
    try:
        _, left = write(writer, export, path)
    except InvalidInput:
        return ""
    assert left == []
    try:
        tool, rows, _ = opened(path)
    except InvalidInput:
        return "written"
    known = {"size_of": lambda _: SIZE, "text_of": lambda _: TEXT, "is_class": {"a", "b"}.__contains__}
    wanted = Wanted(kind=kind, whole=True, parts=PARTS, **known)
    [back] = tool.read(rows, wanted)
    if not isinstance(back, Said):
        return "written"
    label = json.loads(back.label) if kind == "form" and isinstance(back.label, str) else back.label
    return "both" if usual(kind, label) == usual(kind, one.label) else "written"


def read_from_argilla(kind: str) -> str:
    """Whether a response of this kind is read."""
    response = {"value": ANSWERS[kind], "user_id": "u", "status": "submitted"}
    row = {"fields": {"text": TEXT}, "responses": {"q": [response]}}
    tool = recognised([row], Wanted())
    assert tool is not None
    [back] = tool.read([(0, row)], Wanted(kind=kind, whole=True))
    return "read" if isinstance(back, Said) and back.label == ANSWERS[kind] else ""


def table() -> tuple[list[str], dict[str, dict[str, str]]]:
    """The columns of the table in the docs, and its cells by format and kind."""
    part = DOCS.read_text(encoding="utf-8").split("## What each format can contain")[1]
    lines = part.split("\n\n")[1].splitlines()
    cells = [[cell.strip() for cell in line.removeprefix("|").split("|")[:-1]] for line in lines]
    head = cells[0][3:]
    told = {}
    for row in cells[2:]:
        held = zip(head, row[3:], strict=True)
        known = {kind: cell for column, cell in held for kind in column.split(", ")}
        told |= dict.fromkeys(re.findall(r"`([\w-]+)`", row[1]) or [row[0]], known)
    return [kind for column in head for kind in column.split(", ")], told


def test_the_table_of_the_docs(tmp_path: Path) -> None:
    kinds, told = table()
    assert sorted(kinds) == sorted(ANSWERS)
    for name, cells in told.items():
        if name == "spacy" and importlib.util.find_spec("spacy") is None:
            continue
        true = {kind: found(name, kind, tmp_path) for kind in kinds}
        if name == "argilla":  # the other kinds are only read
            assert cells == {kind: true[kind] or read_from_argilla(kind) for kind in kinds}
            continue
        assert cells == true, name
        able = set(writer_of("", name).kinds) or set(kinds)
        assert {kind for kind, cell in true.items() if cell} == able, name


def test_every_format_has_a_row() -> None:
    assert set(table()[1]) == set(_writers()) - {"jsonl"}  # which is the history
