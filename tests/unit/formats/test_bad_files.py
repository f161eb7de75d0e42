"""Files that are of another format, empty, cut, not UTF-8 or odd: each is read, or refused in words."""

# ruff: noqa: E501 - files as the tools write them

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.formats import Left, Said, Wanted, formats, unfolded, write, writer_of
from hitl_widgets.formats.base import Export
from hitl_widgets.transfer.converting import convert, opened, sources

TEXT = "Ada met Bo in Rome."
SPANS = [{"start": 0, "end": 3, "label": "who"}, {"start": 14, "end": 18, "label": "where"}]
BOX = [{"x": 1, "y": 2, "width": 3, "height": 4, "label": "car"}]
PAIR = {"items": ["one", "two"], "prompt": "?"}


def said(kind: str, label: Any, **item: Any) -> Said:
    size = (40.0, 30.0) if "image" in item else None
    return Said(
        0, label, "i1", tuple(v for v in item.values() if isinstance(v, str)), kind=kind, item=item, size=size
    )


def task(value: Any, type_: str) -> dict[str, Any]:
    part = {"id": "a", "from_name": "q", "to_name": "text", "type": type_, "value": value}
    return {
        "id": 3,
        "data": {"text": TEXT},
        "annotations": [{"id": 1, "completed_by": 2, "lead_time": 1.5, "result": [part]}],
    }


# For each tool the rows of a file, as it writes them.
ROWS: dict[str, Any] = {
    "label-studio": [task({"choices": ["good"]}, "choices")],
    "label-studio-spans": [task({"start": 0, "end": 3, "labels": ["who"]}, "labels")],
    "label-studio-flat": [{"annotation_id": 1, "annotator": 2, "lead_time": 3, "id": 4, "text": TEXT, "tone": {"choices": ["good", "odd"]}}],
    "coco": {
        "images": [{"id": 1, "width": 40, "height": 30, "file_name": "a.jpg"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4], "iscrowd": 0, "segmentation": [[1, 1, 3, 1, 2, 3]]}],
        "categories": [{"id": 2, "name": "car", "supercategory": ""}],
    },
    "coco-results": [{"image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4], "score": 0.5}],
    "prodigy": [{"text": TEXT, "spans": SPANS, "answer": "accept", "_timestamp": 1700000000, "relations": [{"head_span": SPANS[0], "child_span": SPANS[1], "label": "in"}]}],
    "doccano": [{"id": 1, "text": TEXT, "entities": [{"id": 5, "start_offset": 0, "end_offset": 3, "label": "who"}], "relations": [], "Comments": []}],
    "argilla": [{"id": "x", "fields": {"text": TEXT}, "responses": {"tone": [{"value": "good", "user_id": "u", "status": "submitted"}]}, "suggestions": {}}],
    "argilla-0": [{"text": TEXT, "annotation": "good", "annotation_agent": "ann", "status": "Validated", "id": "x"}],
    "trl": [{"prompt": "?", "chosen": "one", "rejected": "two"}],
    "rows": [{"id": "i1", "text": TEXT, "label": "good", "hitl_kind": "choice", "elapsed_ms": 5}],
    "page": {"hitl_answers": 1, "batch": "b", "task": "labels", "kind": "choice", "person": "ann", "answers": [{"item": "i1", "value": "good", "elapsed_ms": 7}]},
    "turk": [{"WorkerId": "W", "AssignmentId": "A", "Input.item": "i1", "Answer.answer": '"good"', "WorkTimeInSeconds": 9}],
    "act": [{"hitl_act": "label", "key": "i1", "value": "good", "pool": "x"}],
}  # fmt: skip


def made(folder: Path) -> dict[str, Path]:
    """A file of every format."""
    found = {}
    for name, rows in ROWS.items():
        found[name] = folder / f"{name}.json"
        found[name].write_text(json.dumps(rows), encoding="utf-8")
    written = {
        "yolo": said("boxes", BOX, image="a.jpg"), "voc": said("boxes", BOX, image="a.jpg"),
        "conll": said("spans", SPANS, text=TEXT), "hf": said("pair", "first", **PAIR), "csv": said("choice", "good", text=TEXT),
        "parquet": said("choice", "good", text=TEXT), "xlsx": said("choice", "good", text=TEXT),
    }  # fmt: skip
    for name, one in written.items():
        writer = writer_of("", name)
        path = folder / f"of-{name}{writer.ending or ('' if writer.folder else '.jsonl')}"
        table = pd.DataFrame([{"id": one.id, "text": TEXT, "label": one.label}])
        found[name], _ = write(
            writer, Export(table, kind=one.kind, classes=["car", "who", "where"], said=[one]), path
        )
    found["srt"] = folder / "a.srt"
    found["srt"].write_text("1\n00:00:00,500 --> 00:00:02,250\nGood morning.\n", encoding="utf-8")
    for image in (folder / "a.jpg", found["yolo"] / "images" / "train" / "a.jpg"):
        Image.new("RGB", (40, 30)).save(image)
    return found


@pytest.mark.parametrize("read_as", [None, *sources()])
def test_every_format_and_the_files_of_all_others(read_as: str | None, tmp_path: Path) -> None:
    if read_as == "spacy":
        pytest.importorskip("spacy")
    n = 0
    for name, path in made(tmp_path).items():
        told = ""
        try:
            found = convert(path, tmp_path / f"out-{name}.jsonl", read_as=read_as)
            n += 1
            assert found.n > 0
        except InvalidInput as error:
            told = str(error)
        assert not told or told.startswith(str(path)), (name, told)
    assert n > 0 or read_as in {"spacy", "mechanical-turk"}, "its own file"  # these need an extra, and --kind


ENDINGS = [".json", ".jsonl", ".csv", ".parquet", ".xlsx", ".conll", ".xml", ".yaml", ".spacy", ".txt"]
WHOLE = json.dumps(ROWS["label-studio"], indent=1).encode()
BAD: dict[str, bytes] = {
    "empty": b"", "blank": b" \n\n", "BOM": b"\xef\xbb\xbf", "cut": WHOLE[:200], "cut-object": json.dumps(ROWS["coco"]).encode()[:90],
    "utf-16": WHOLE.decode().encode("utf-16"), "latin-1": 'id,label\n1,"M\xe4rz"\n'.encode("latin-1"), "binary": bytes(range(256)) * 20,
    "zip": b"PK\x03\x04" + bytes(100), "parquet": b"PAR1" + bytes(50) + b"PAR1", "number": b"17", "null": b"null", "text": b'"a"', "deep": b"[" * 5000,
    "html": b"<html><body>Sign in</body></html>", "no rows": b"[]", "header": b"id,text,label\n",
}  # fmt: skip


@pytest.mark.parametrize("ending", ENDINGS)
def test_files_that_hold_nothing_to_read(ending: str, tmp_path: Path) -> None:
    if ending == ".spacy":
        pytest.importorskip("spacy")
    for name, content in BAD.items():
        if (name, ending) == ("utf-16", ".json"):
            continue  # JSON may be UTF-16
        path = tmp_path / f"{name.replace(' ', '-')}{ending}"
        path.write_bytes(content)
        with pytest.raises(HitlError) as raised:
            convert(path, tmp_path / "out.csv")
        assert path.name in str(raised.value), name
        assert not (tmp_path / "out.csv").exists()


def test_what_the_message_says(tmp_path: Path) -> None:
    def why(name: str, content: str | bytes, **how: Any) -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(InvalidInput) as raised:
            convert(path, tmp_path / "out.csv", **how)
        return str(raised.value)

    rows = json.dumps(ROWS["prodigy"])
    assert "is not a file of COCO. It seems to be one of Prodigy." in why("a.json", rows, read_as="coco")
    assert why("b.json", "").endswith("b.json is empty. Nothing was read.")
    assert "not JSON (Unterminated string" in why("c.json", rows[:50])
    assert "Line 1 is not JSON" in why("d.jsonl", rows[:50])
    assert "only the numbers of images and categories" in why("e.json", json.dumps(ROWS["coco-results"]))
    history = {"format": 9, "event_id": "x", "kind": "label", "item_ids": ["a"]}
    assert "history of a session" in why("f.jsonl", json.dumps(history))
    assert "newer version" in why("g.json", json.dumps({**ROWS["page"], "hitl_answers": 2}))
    assert "Line 2 is not UTF-8" in why("h.conll", b"Ada B-who\nM\xe4rz O\n")


def test_texts_that_are_not_utf_8_are_refused_and_the_others_read(tmp_path: Path) -> None:
    (tmp_path / "a.conll").write_bytes(b"\xef\xbb\xbfAda B-who\n\nM\xe4rz B-when\n\nBo B-who\n")
    found = convert(tmp_path / "a.conll", tmp_path / "out.jsonl")
    assert (found.n, list(found.lines)) == (2, ["Line 3 is not UTF-8: save the file as UTF-8. (line 3)"])
    folder = made(tmp_path)["yolo"]
    (folder / "labels" / "train" / "b.txt").write_bytes(b"0 .5 .5 .1 .1 \xff\n")
    found = convert(folder, tmp_path / "out2.jsonl")
    assert (found.n, list(found.lines)) == (
        1,
        ["labels/train/b.txt is not UTF-8: save it as UTF-8. (labels/train/b.txt)"],
    )


@pytest.mark.parametrize("name", ["coco", "conll", "spacy", "subtitles", "voc", "yolo"])
def test_a_table_with_a_column_of_this_name_is_a_plain_table(name: str, tmp_path: Path) -> None:
    rows = [{"id": f"k{n}", name: "yes", "label": "good", "text": "x"} for n in range(2)]
    pd.DataFrame(rows).to_csv(tmp_path / "a.csv", index=False)
    assert convert(tmp_path / "a.csv", tmp_path / "out.jsonl").source == "rows"


def test_coco_with_numbers_that_occur_twice(tmp_path: Path) -> None:
    value = copy.deepcopy(ROWS["coco"])
    value["images"] += [
        {**value["images"][0], "file_name": "b.jpg"},
        {"id": 2, "width": 9, "height": 9, "file_name": "c.jpg"},
    ]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(value))
    found = convert(path, tmp_path / "out.jsonl", kind="boxes")
    assert found.n == 1
    assert list(found.lines) == [
        "Several images have the id 1, so its annotations are of any. (2x, first: image 'a.jpg')"
    ]
    value["images"], named = value["images"][:1], value["categories"]
    for more in (["bus"], ["bus", "bus"], ["car", "bus"]):
        value["categories"] = [*named, *({"id": 2, "name": name} for name in more)]
        path.write_text(json.dumps(value))
        with pytest.raises(InvalidInput, match="Several categories have the id 2"):
            convert(path, tmp_path / "out.jsonl", kind="boxes")


BAD_LINKS: dict[str, Callable[[Any], Any]] = {
    "label-studio": lambda one: [{**task({"start": 0, "end": 3, "labels": ["who"]}, "labels"), "annotations": [{"result": [
        {"id": "a", "from_name": "q", "to_name": "text", "type": "labels", "value": {"start": 0, "end": 3, "labels": ["who"]}},
        {"id": "b", "from_name": "q", "to_name": "text", "type": "labels", "value": {"start": 14, "end": 18, "labels": ["where"]}},
        {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right", "labels": ["in"]}, {"type": "relation", **one}]}]}],
    "prodigy": lambda one: [{**ROWS["prodigy"][0], "relations": [*ROWS["prodigy"][0]["relations"], one]}],
    "doccano": lambda one: [{**ROWS["doccano"][0], "entities": [*ROWS["doccano"][0]["entities"], {"id": 6, "start_offset": 14, "end_offset": 18, "label": "where"}],
        "relations": [{"from_id": 5, "to_id": 6, "type": "in"}, one]}],
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_LINKS)
@pytest.mark.parametrize(
    "one",
    [{}, {"from_id": [1], "to_id": {}}, {"from_id": "a", "to_id": "nowhere", "label": "x", "type": "x"}],
)
def test_a_bad_relation_is_told_and_its_spans_are_read(name: str, one: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(
        json.dumps(BAD_LINKS[name]({**one, "type": "relation"} if name == "label-studio" else one))
    )
    found = convert(path, tmp_path / "out.jsonl")
    assert (found.n, len(found.left)) == (1, 1)
    assert found.left[0].why.startswith("A relation ")
    row = json.loads((tmp_path / "out.jsonl").read_text())
    assert row["label"] == {"spans": SPANS, "relations": [{"from": 0, "to": 1, "label": "in"}]}


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to all parts of a value."""
    inner = (
        list(value.items())
        if isinstance(value, dict)
        else list(enumerate(value))
        if isinstance(value, list)
        else []
    )
    return [way, *(deep for key, one in inner for deep in places(one, (*way, key)))]


ODD = [None, "", " ", "x", -1, 0.5, 10**30, 10**400, float("nan"), float("inf"), True, [], {}, [[]], [1, 2, 3], [{}], {"id": 1}, "\ud800", "9" * 400, "2024-13-45"]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(ROWS)), st.data())
def test_a_row_with_an_odd_value_is_read_or_refused_in_words(name: str, data: Any) -> None:
    value = copy.deepcopy(ROWS[name])
    rows = value if isinstance(value, list) else [value]
    tool = next((one for one in formats() if one.claims(rows)), None)
    if tool is None:
        return
    rows += copy.deepcopy(rows)
    way = data.draw(st.sampled_from([way for way in places(rows[0]) if way]))
    at: Any = rows[0]
    for key in way[:-1]:
        at = at[key]
    at[way[-1]] = data.draw(st.sampled_from(ODD))
    for kind in ("", "choice", "spans", "boxes", "number"):
        wanted = Wanted(kind=kind, whole=not kind, relations=True)
        try:
            every = unfolded(tool, list(enumerate(rows)))
            read = list(tool.read(every, wanted))
        except InvalidInput:
            continue
        assert {one.number for one in read} == {number for number, _ in every}
        assert all(isinstance(one, Said) or (isinstance(one, Left) and one.why) for one in read)


@pytest.mark.filterwarnings("ignore:.*lone surrogates")
@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["coco", "label-studio-spans", "prodigy", "doccano", "trl", "rows"]), st.data())
def test_a_file_with_an_odd_value_is_converted_or_refused_in_words(
    tmp_path_factory: Any, name: str, data: Any
) -> None:
    folder = tmp_path_factory.mktemp("odd")
    value = copy.deepcopy(ROWS[name])
    way = data.draw(st.sampled_from([way for way in places(value) if way]))
    at: Any = value
    for key in way[:-1]:
        at = at[key]
    at[way[-1]] = data.draw(st.sampled_from(ODD))
    path = folder / "a.json"
    path.write_text(json.dumps(value))
    for target, form in (
        ("a.csv", None),
        ("b.json", "label-studio"),
        ("c.jsonl", "prodigy"),
        ("d", "yolo"),
        ("e.conll", None),
    ):
        with suppress(InvalidInput):
            convert(path, folder / target, write_as=form)


def test_half_a_character_is_replaced_and_told(tmp_path: Path) -> None:
    rows = [{"text": "half \ud83d", "label": "good"}, {"text": "whole", "label": "good"}]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(rows))
    found = convert(path, tmp_path / "b.jsonl")
    assert (found.n, list(found.lines)) == (
        2,
        ["Half a character (a lone surrogate), replaced by \ufffd. (row 0)"],
    )
    assert opened(tmp_path / "b.jsonl")[1][0][1]["text"] == "half \ufffd"
