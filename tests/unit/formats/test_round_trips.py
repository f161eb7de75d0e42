"""What a format can say comes back as it was; what it cannot say is counted."""

# ruff: noqa: E501

from __future__ import annotations

import json
import string
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hitl_widgets.errors import InvalidInput
from hitl_widgets.formats import Left, Said, Wanted, write, writer_of
from hitl_widgets.formats.base import IMAGES, Export
from hitl_widgets.formats.brush import decode, encode
from hitl_widgets.questions import rle
from hitl_widgets.questions.base import kind_of
from hitl_widgets.transfer.converting import convert, opened

SIZE = (40.0, 25.0)
CLASSES = ["car", "Mensch", "x_1", "a/b"]
SEVERAL = ["car", "ein Mensch", '<x> & "y"', "ü#;,"]
ENDS = {"yolo": "", "voc": "", "spacy": ".spacy", "conll": ".conll", "label-studio": ".json", "coco": ".json"}
ENDS |= {"csv": ".csv", "parquet": ".parquet", "xlsx": ".xlsx"}
quick = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))

texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("ab \n"), min_size=1, max_size=30
)
across = st.integers(0, 3900).map(lambda n: n / 100)
down = st.integers(0, 2400).map(lambda n: n / 100)


def named(place: st.SearchStrategy[dict[str, Any]], classes: list[str]) -> st.SearchStrategy[list[Any]]:
    marks = st.builds(lambda p, label: {**p, "label": label}, place, st.sampled_from(classes))
    return st.lists(marks, max_size=4)


def usual(kind: str, marks: list[Any]) -> list[Any]:
    """Marks in the form and order of an answer, each once."""
    of: Any = kind_of(kind)
    found = {(of.place([mark[name] for name in of.fields]), str(mark["label"])) for mark in marks}
    return sorted(found)


boxes = st.builds(
    lambda x, y, w, h: {"x": x, "y": y, "width": round(min(w, 40 - x), 2), "height": round(min(h, 25 - y), 2)},
    across, down, st.integers(1, 4000).map(lambda n: n / 100), st.integers(1, 2500).map(lambda n: n / 100),
)  # fmt: skip
corners = st.lists(st.tuples(across, down).map(list), min_size=3, max_size=6, unique_by=tuple)
polygons = st.builds(lambda points: {"points": points}, corners)
points = st.builds(lambda x, y: {"x": x, "y": y}, across, down)
bits = st.lists(st.booleans(), min_size=1000, max_size=1000).filter(any)


@st.composite
def masks(draw: Any) -> dict[str, Any]:
    a, b = sorted(draw(st.tuples(st.integers(0, 999), st.integers(0, 999))))
    flat = np.zeros(1000, np.bool_)
    flat[a : b + 1] = True
    flat[:: draw(st.integers(3, 50))] = True
    (h, w), counts = rle.from_mask(flat.reshape(25, 40))
    return {"size": [h, w], "counts": counts}


@st.composite
def spanned(draw: Any, classes: list[str]) -> tuple[str, list[Any]]:
    text = draw(texts)
    place = st.tuples(st.integers(0, len(text)), st.integers(0, len(text))).filter(lambda p: p[0] < p[1])
    found = draw(named(place.map(lambda p: {"start": p[0], "end": p[1]}), classes))
    return text, found


seconds = st.integers(0, 10_000).map(lambda n: n / 1000)
ranges = st.builds(
    lambda a, n: {"start": a, "end": round(a + n, 3)}, seconds, st.sampled_from([0.001, 1.5, 3.0])
)
MARKS: dict[str, Any] = {
    "boxes": boxes,
    "polygons": polygons,
    "points": points,
    "masks": masks(),
    "ranges": ranges,
}


def back(
    name: str, said: list[Said], kind: str, classes: list[str]
) -> tuple[dict[int, Any], list[Left], list[Any]]:
    """Write and read: the labels by item, what was not written, and all that was read."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"out{ENDS.get(name, '.jsonl')}"
        export = Export(pd.DataFrame(), kind=kind, classes=classes, said=said)
        _, left = write(writer_of(path, name), export, path)
        tool, rows, broken = opened(path)
        assert not broken
        texts = {"".join(str(one.item.get("text")).split()): one.item.get("text") for one in said}
        wanted = Wanted(
            kind=kind, whole=True, size_of=lambda _: SIZE, text_of=lambda words: texts.get("".join(words))
        )
        read = list(tool.read(rows, wanted))
    answers = [one for one in read if isinstance(one, Said)]
    return (
        dict(enumerate(one.label for one in answers)),
        list(left),
        [one for one in read if isinstance(one, Left)],
    )


def image(k: int, label: Any, kind: str) -> Said:
    return Said(k, label, kind=kind, item={"image": f"img/{k}.jpg"}, content=(f"img/{k}.jpg",), size=SIZE)


def text(k: int, words: str, label: Any, kind: str, **more: Any) -> Said:
    return Said(k, label, kind=kind, item={"text": words}, id=f"i{k}", content=(words,), **more)


PLACES = [
    *(("label-studio", kind) for kind in (*IMAGES, "ranges")),
    *(("coco", kind) for kind in IMAGES),
    *(("hf", kind) for kind in MARKS),
    ("yolo", "boxes"), ("yolo", "polygons"), ("voc", "boxes"),
    ("prodigy", "boxes"), ("prodigy", "polygons"), ("prodigy", "ranges"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kind"), PLACES)
@quick
@given(data=st.data())
def test_places(name: str, kind: str, data: Any) -> None:
    given_ = data.draw(st.lists(named(MARKS[kind], SEVERAL), min_size=1, max_size=3))
    said = [image(k, marks, kind) for k, marks in enumerate(given_)]
    found, left, unread = back(name, said, kind, SEVERAL)
    assert not left
    assert not unread
    assert {k: usual(kind, marks) for k, marks in found.items()} == {
        k: usual(kind, marks) for k, marks in enumerate(given_)
    }


@pytest.mark.parametrize("name", ["label-studio", "prodigy", "doccano", "hf"])
@quick
@given(spanned(SEVERAL))
def test_spans(name: str, drawn: tuple[str, list[Any]]) -> None:
    words, marks = drawn
    found, left, unread = back(name, [text(0, words, marks, "spans")], "spans", SEVERAL)
    assert (left, unread) == ([], [])
    assert usual("spans", found[0]) == usual("spans", marks)


@st.composite
def linked(draw: Any) -> tuple[str, Any]:
    """A text, and spans with relations between them."""
    words, marks = draw(spanned(SEVERAL))
    marks = [{"start": a, "end": b, "label": label} for (a, b), label in usual("spans", marks)]
    place = st.integers(0, max(len(marks) - 1, 0))
    pairs = st.tuples(place, place, st.sampled_from(["owns", "ist <Teil> von"])).filter(
        lambda p: p[0] != p[1]
    )
    found = draw(st.lists(pairs, max_size=3, unique=True)) if len(marks) > 1 else []
    return words, {"spans": marks, "relations": [{"from": a, "to": b, "label": c} for a, b, c in found]}


@pytest.mark.parametrize("name", ["label-studio", "prodigy", "doccano", "hf", "conll"])
@quick
@given(linked())
def test_relations(name: str, drawn: tuple[str, Any]) -> None:
    words, label = drawn
    found, left, unread = back(name, [text(0, words, label, "spans")], "spans", [*SEVERAL])
    assert unread == []
    if name == "conll":  # there are no relations
        told = sum(one.why == "Relations between spans." for one in left)
        assert told == bool(label["relations"])
        return
    assert left == []
    came = (
        found[0] if label["relations"] or name in {"hf", "doccano"} else {"spans": found[0], "relations": []}
    )
    came = came if isinstance(came, dict) else {"spans": came, "relations": []}
    assert came == label


@pytest.mark.parametrize("name", ["conll", "spacy"])
@quick
@given(spanned(CLASSES))
def test_spans_of_tokens(name: str, drawn: tuple[str, list[Any]]) -> None:
    if name == "spacy":
        pytest.importorskip("spacy")
    words, marks = drawn
    marks = [{"start": a, "end": b, "label": label} for (a, b), label in usual("spans", marks)]
    found, left, unread = back(name, [text(0, words, marks, "spans")], "spans", CLASSES)
    assert unread == []
    if not found:  # no token at all
        assert [one.why for one in left] == ["The item has no text."]
        return
    trimmed = set()
    for mark in marks:
        quoted = words[mark["start"] : mark["end"]]
        start = mark["start"] + len(quoted) - len(quoted.lstrip())
        trimmed.add(((start, start + len(quoted.strip())), mark["label"]))
    came = set(usual("spans", found[0]))
    assert came <= trimmed  # nothing was made up
    assert len(marks) - len(left) <= len(trimmed)
    assert len(came) >= len(trimmed) - len(left)  # and everything else was counted


CHOSEN: dict[str, Any] = {
    "choice": st.sampled_from(SEVERAL),
    "choices": st.lists(st.sampled_from(SEVERAL), unique=True),
    "rating": st.sampled_from(["1", "2", "3"]),
    "number": st.integers(-(10**6), 10**6) | st.sampled_from([0.5, -2.25]),
    "text": st.text(string.printable, min_size=1).map(str.strip).filter(bool),
}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("label-studio", kind) for kind in CHOSEN),
        *(("hf", kind) for kind in CHOSEN),
        *(("prodigy", kind) for kind in ("choice", "choices", "rating", "text")),
        *(("doccano", kind) for kind in ("choice", "choices", "rating", "text")),
        *(("spacy", kind) for kind in ("choice", "choices", "rating")),
    ],
)  # fmt: skip
@quick
@given(data=st.data())
def test_answers_about_texts(name: str, kind: str, data: Any) -> None:
    if name == "spacy":
        pytest.importorskip("spacy")
    classes = ["1", "2", "3"] if kind == "rating" else SEVERAL
    given_ = data.draw(st.lists(CHOSEN[kind], min_size=1, max_size=3))
    said = [text(k, f"text {k}", label, kind) for k, label in enumerate(given_)]
    found, left, unread = back(name, said, kind, classes)
    assert (left, unread) == ([], [])
    order = sorted if kind == "choices" else str if kind == "rating" else lambda answer: answer
    assert [order(one) for one in found.values()] == [order(one) for one in given_]


@pytest.mark.parametrize("name", ["argilla", "label-studio", "trl", "hf"])
@quick
@given(st.lists(st.sampled_from(["first", "second", "tie"]), min_size=1, max_size=4))
def test_comparisons(name: str, labels: list[str]) -> None:
    said = [
        Said(k, label, f"i{k}", kind="pair", item={"items": [f"a{k}", f"b{k}"], "prompt": "?"})
        for k, label in enumerate(labels)
    ]
    found, left, unread = back(name, said, "pair", ["first", "second", "tie"])
    ties = [] if name != "trl" else [k for k, label in enumerate(labels) if label == "tie"]
    assert [one.number for one in left] == ties
    expected = [label for k, label in enumerate(labels) if k not in ties]
    if name == "trl":  # the chosen one is the first
        expected = ["first"] * len(expected)
    assert list(found.values()) == expected
    assert unread == []


BESIDE = st.fixed_dictionaries(
    {"label": st.sampled_from(["first", "second", "tie", "both bad"])},
    optional={
        "reason": st.sampled_from(["Because.", "zwei\nZeilen: ja"]),
        "reasons": st.lists(st.sampled_from(["too long", "rude: yes"]), min_size=1, max_size=2, unique=True),
        "criteria": st.dictionaries(
            st.sampled_from(["helpful", "is: kind"]), st.sampled_from(["first", "second", "tie"]), min_size=1
        ),
        "revisions": st.dictionaries(
            st.sampled_from(["first", "second"]), st.sampled_from(["Besser.", "two\nlines: <b>"]), min_size=1
        ),
    },
)


@pytest.mark.parametrize("name", ["argilla", "label-studio", "hf"])
@quick
@given(st.lists(BESIDE, min_size=1, max_size=4))
def test_what_is_asked_beside_comparisons(name: str, labels: list[dict[str, Any]]) -> None:
    said = [
        Said(k, label, f"i{k}", kind="pair", annotator="a", item={"items": [f"a{k}", f"b{k}"], "prompt": "?"})
        for k, label in enumerate(labels)
    ]
    found, left, unread = back(name, said, "pair", ["first", "second", "tie", "both bad"])
    assert (left, unread) == ([], [])
    whole = [one if isinstance(one, dict) else {"label": one} for one in found.values()]
    assert whole == labels


@pytest.mark.parametrize("name", ["label-studio", "hf"])
@quick
@given(st.permutations([1, 2, 3]))
def test_rankings(name: str, order: list[int]) -> None:
    said = [Said(0, order, "i", kind="ranking", item={"items": ["a", "b", "c"]})]
    assert back(name, said, "ranking", []) == ({0: order}, [], [])


@quick
@given(st.integers(1, 30), st.integers(1, 30), st.data())
def test_brush(width: int, height: int, data: Any) -> None:
    flat = data.draw(st.lists(st.booleans(), min_size=width * height, max_size=width * height))
    mask = np.array(flat, np.bool_).reshape(height, width)
    assert (decode(encode(mask), width, height) == mask).all()


def test_brush_with_words_written_out() -> None:
    """A block of words, as Label Studio writes where neighbours differ."""
    words = [0, 0, 0, 255, 0, 0, 0, 0]  # two pixels
    bits = f"{8:032b}{7:05b}{2:04b}{3:04b}{7:04b}{15:04b}" + "0" + "00" + f"{7:03b}"
    bits += "".join(f"{word:08b}" for word in words)
    rle_ = [int(bits[k : k + 8].ljust(8, "0"), 2) for k in range(0, len(bits), 8)]
    assert decode(rle_, 2, 1).tolist() == [[True, False]]


# -- converting


def test_from_tool_to_tool_and_back(tmp_path: Path) -> None:
    said = [
        image(k, [{"x": 1.5, "y": 2, "width": 3, "height": 4.25, "label": SEVERAL[k % 4]}], "boxes")
        for k in range(5)
    ]
    export = Export(pd.DataFrame(), kind="boxes", classes=SEVERAL, said=said)
    write(writer_of("a", "coco"), export, tmp_path / "a.json")
    chain = [("b.json", "label-studio"), ("c.jsonl", "prodigy"), ("d", "voc"), ("e.csv", None), ("f.parquet", None),
             ("g.jsonl", None), ("h", "yolo")]  # fmt: skip
    last = tmp_path / "a.json"
    for name, form in chain:
        found = convert(last, tmp_path / name, write_as=form)
        assert (found.n, found.kind, list(found.left)) == (5, "boxes", []), name
        last = tmp_path / name
    lines = (last / "labels" / "train" / "3.txt").read_text().split()
    assert [float(one) for one in lines[1:]] == pytest.approx([3 / 40, 4.125 / 25, 3 / 40, 4.25 / 25])
    assert '"<x> & \\"y\\""' in (last / "data.yaml").read_text()


def test_sizes_of_images_are_read_from_the_folder(tmp_path: Path) -> None:
    from PIL import Image

    (tmp_path / "labels").mkdir()
    (tmp_path / "images").mkdir()
    (tmp_path / "data.yaml").write_text("train: x\nnames: [cat, 'the dog']  # two\nnc: 2\n")
    (tmp_path / "labels" / "one.txt").write_text("1 0.5 0.5 0.2 0.4\n")
    (tmp_path / "labels" / "two.txt").write_text("0 0.5 0.5 1 1\n")
    Image.new("RGB", (50, 20)).save(tmp_path / "images" / "one.png")
    found = convert(tmp_path, tmp_path / "out.jsonl")
    assert (found.n, found.kind, found.target) == (1, "boxes", "hf")
    row = json.loads((tmp_path / "out.jsonl").read_text())
    assert row["label"] == [{"x": 20, "y": 6, "width": 10, "height": 8, "label": "the dog"}]
    [line] = found.lines
    assert line.startswith("The size of the image 'two' is not known")


@pytest.mark.parametrize("kind", ["number", "rating", "text", "choice"])
@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
def test_a_converted_table_is_converted_again(tmp_path: Path, kind: str, ending: str) -> None:
    labels = {"text": ["one", "two"], "choice": ["1", "2"]}.get(kind, [1, 2])
    rows = [{"id": f"k{n}", "t": "x", "label": label, "hitl_kind": kind} for n, label in enumerate(labels)]
    (tmp_path / "a.json").write_text(json.dumps(rows))
    convert(tmp_path / "a.json", tmp_path / f"b.{ending}")
    found = convert(tmp_path / f"b.{ending}", tmp_path / "c.jsonl")
    assert (found.kind, found.n, list(found.left)) == (kind, 2, [])
    assert "2 answers" in (tmp_path / f"b.{ending}.card.md").read_text()


def test_the_kind_on_the_card_is_that_of_the_labels_only(tmp_path: Path) -> None:
    rows = [{"id": f"k{n}", "label": n, "tone": "good", "hitl_kind": "number"} for n in range(2)]
    (tmp_path / "a.json").write_text(json.dumps(rows))
    convert(tmp_path / "a.json", tmp_path / "b.csv")
    assert convert(tmp_path / "b.csv", tmp_path / "c.jsonl").kind == "number"
    for name in ("a.json", "b.csv"):
        found = convert(tmp_path / name, tmp_path / "c.jsonl", question="tone")
        assert (found.kind, found.n, list(found.left)) == ("choice", 2, [])


def test_boxes_on_frames_stay_there_or_are_refused(tmp_path: Path) -> None:
    box = {"x": 1, "y": 2, "width": 3, "height": 4, "label": "car"}
    labels = [
        [{**box, "frame": 7}],
        [{**box, "frame": 2.0}],
        [{**box, "frame": None}],
        [{**box, "frame": -1}],
    ]
    rows = [
        {"id": f"{n}", "image": f"{n}.mp4", "width": 40, "height": 30, "label": label, "hitl_kind": "boxes"}
        for n, label in enumerate(labels)
    ]
    source = tmp_path / "a.json"
    source.write_text(json.dumps(rows))
    found = convert(source, tmp_path / "b.jsonl")
    written = [json.loads(line)["label"] for line in (tmp_path / "b.jsonl").read_text().splitlines()]
    assert written == [[{**box, "frame": 7}], [{**box, "frame": 2}], [box]]
    assert [(one.number, "frame" in one.why) for one in found.left] == [(3, True)]
    source.write_text(json.dumps(rows[:1]))
    for name in ("coco", "yolo", "voc", "prodigy"):
        with pytest.raises(InvalidInput, match="on frames of a video, which this format cannot contain"):
            convert(source, tmp_path / "out", write_as=name)
    convert(source, tmp_path / "tasks.json", write_as="label-studio")
    [task] = json.loads((tmp_path / "tasks.json").read_text())
    [region] = task["annotations"][0]["result"]
    assert [key["frame"] for key in region["value"]["sequence"]] == [8]


def test_what_cannot_be_written_is_not_counted(tmp_path: Path) -> None:
    box = [{"x": 1, "y": 2, "width": 3, "height": 4, "label": "car"}]
    rows = [{"id": f"{k}", "image": f"{k}.png", "label": box, "hitl_kind": "boxes"} for k in range(3)]
    source, target = tmp_path / "boxes.json", tmp_path / "out"
    source.write_text(json.dumps(rows))
    for name in ("coco", "yolo", "voc", "label-studio"):
        with pytest.raises(InvalidInput, match=f"None of the answers can be written as '{name}'. The size"):
            convert(source, target, write_as=name)
        assert not target.exists()
    target.write_text("before")
    with pytest.raises(InvalidInput, match="None of the answers"):
        convert(source, target, write_as="coco")
    assert target.read_text() == "before"
    source.write_text(json.dumps([{**rows[0], "width": 9, "height": 9}, *rows[1:]]))
    found = convert(source, target, write_as="coco")
    assert (found.n, found.n_items, len(found.left)) == (1, 1, 2)


def test_of_comparisons_ties_are_not_counted_and_reasons_are_reported(tmp_path: Path) -> None:
    labels = ["tie", {"label": "first", "reason": "shorter"}, {"label": "second", "reason": ""}]
    rows = [{"items": ["a", f"b{k}"], "label": one, "hitl_kind": "pair"} for k, one in enumerate(labels)]
    (tmp_path / "a.json").write_text(json.dumps(rows))
    found = convert(tmp_path / "a.json", tmp_path / "b.jsonl", write_as="trl")
    assert (found.n, found.n_items) == (2, 2)
    assert list(found.lines) == [
        "The answer is 'tie', which is not a preference. (row 0)",
        "The reason of a comparison. (row 1)",
    ]
    assert len((tmp_path / "b.jsonl").read_text().splitlines()) == 2


def test_spans_that_do_not_fit_are_parts_of_an_answer(tmp_path: Path) -> None:
    spans = [{"start": 0, "end": 2, "label": "x"}, {"start": 3, "end": 5, "label": "x"}]
    rows = [{"id": "k", "text": "Ada met", "label": spans, "hitl_kind": "spans"}]
    (tmp_path / "a.json").write_text(json.dumps(rows))
    found = convert(tmp_path / "a.json", tmp_path / "b.conll")
    assert (found.n, len(found.left)) == (1, 2)


def test_the_column_of_ids_must_be_there(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_text("id,key,t,label\n7,k1,one,a\n8,k2,one,a\n")
    with pytest.raises(InvalidInput, match=r"There is no column 'kez'. Did you mean 'key'.*columns are 'id'"):
        convert(source, tmp_path / "b.csv", id="kez")
    convert(source, tmp_path / "b.csv", id="key")
    convert(source, tmp_path / "b.jsonl", id="key")
    convert(source, tmp_path / "b.json", id="key", write_as="label-studio")
    table = pd.read_csv(tmp_path / "b.csv")
    assert table["id"].tolist() == ["k1", "k2"]
    assert table["item_id"].tolist() == [7, 8]
    row = json.loads((tmp_path / "b.jsonl").read_text().splitlines()[0])
    assert (row["id"], row["item_id"]) == ("k1", "7")
    with pytest.raises(InvalidInput, match="no item has the field 'nope'"):
        convert(tmp_path / "b.json", tmp_path / "c.csv", id="nope")
    assert convert(tmp_path / "b.json", tmp_path / "c.csv").n == 2


def test_the_speaker_of_a_segment_may_be_called_label(tmp_path: Path) -> None:
    segments = [
        {"start": 0.0, "end": 1.0, "text": "Yes.", "label": "Ann"},
        {"start": 1, "end": 2, "text": "No."},
    ]
    rows = [{"id": "k", "audio": "a.wav", "label": segments, "hitl_kind": "transcript"}]
    (tmp_path / "a.json").write_text(json.dumps(rows))
    convert(tmp_path / "a.json", tmp_path / "b.jsonl")
    row = json.loads((tmp_path / "b.jsonl").read_text())
    assert [one.get("speaker") for one in row["label"]] == ["Ann", None]
    kind = kind_of("transcript")
    assert kind.listed(segments) == kind.listed(row["label"]) == ["Ann"]
