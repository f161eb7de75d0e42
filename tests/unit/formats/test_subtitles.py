"""Subtitles: both ways, and what other files make of transcripts and of boxes with texts."""

from __future__ import annotations

import json
import warnings
import wave
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

import hitl_widgets as hitl
from everykind import SECONDS, transcripts, written
from hitl_widgets.errors import InvalidInput
from hitl_widgets.formats import Said, write, writer_of
from hitl_widgets.formats.base import Export
from hitl_widgets.formats.subtitles import Subtitles
from hitl_widgets.questions.cues import read_cues, write_srt, write_vtt
from hitl_widgets.transfer.converting import convert

RATE = 1_000
NAMES = ["Ann", "Bob B.", "Dr: X", "<v> & y"]
QUICK = {"max_examples": 60, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


def session(ids: list[str], **options: Any) -> hitl.Session:
    sounds = [(np.full(round(RATE * SECONDS), i, np.int16), RATE) for i, _ in enumerate(ids)]
    given_ = {"store": ":memory:", "question": hitl.Question.transcript(NAMES)} | options
    return hitl.Session(
        pd.DataFrame({"id": ids, "s": sounds}), item="s", kind="audio", id="id", audit=0, **given_
    )


def said(start: float, end: float, text: str, *speaker: str) -> dict[str, Any]:
    return {"start": start, "end": end, "text": text} | ({"speaker": speaker[0]} if speaker else {})


def back(text: str) -> list[dict[str, Any]]:
    return [{**one, "text": one["text"].strip()} for one in read_cues(text, NAMES.__contains__)]


@pytest.mark.parametrize("name", ["srt", "vtt"])
@settings(**QUICK)
@given(segments=transcripts(NAMES))
def test_what_subtitles_can_say_comes_back(name: str, segments: Any, tmp_path: Path) -> None:
    """Also that the rest is refused, with a reason."""
    ordered = sorted(segments, key=lambda one: (one["start"], one["end"], one["text"]))
    export = Export(
        pd.DataFrame(), kind="transcript", classes=NAMES, said=[Said(0, ordered, "a", kind="transcript")]
    )
    path = tmp_path / f"a.{name}"
    path.unlink(missing_ok=True)
    if name == "srt" and back(write_srt(ordered)) != ordered:
        assert any(":" in one["text"] or one.get("speaker") == "Dr: X" for one in segments)
        with pytest.raises(InvalidInput, match="Subtitles cannot contain"):
            write(writer_of(path), export, path)
        return
    write(writer_of(path), export, path)
    assert back(path.read_bytes().decode()) == ordered


def test_a_text_that_looks_like_a_speaker_is_refused_in_srt_only() -> None:
    one = [said(0, 1, "Ann: no", "Bob B."), said(1, 2, "Bob B.: yes")]
    assert read_cues(write_vtt(one), NAMES.__contains__) == one
    assert read_cues(write_srt(one), NAMES.__contains__) != one


READ = """WEBVTT - made by hand
Kind: captions

NOTE a comment
that has two lines

STYLE
::cue { color: red }

intro
00:01.000 --> 00:02.500 align:start position:10%
<v.loud Ann>Good <i>day</i> &amp; <00:01.500>more</v>

01:00:00.000 --> 01:00:01.000
before <v Bob B.>one
<v Ann>two &lt;b&gt;
"""


def test_what_other_programs_write_is_read() -> None:
    assert read_cues(READ, lambda _: False) == [
        said(1, 2.5, "Good day & more", "Ann"),
        said(3600, 3601, "before "),
        said(3600, 3601, "one\n", "Bob B."),
        said(3600, 3601, "two <b>", "Ann"),
    ]
    windows = (
        "\ufeff1\n0:00:01,5 --> 0:00:02,25  X1:1\nAnn:  hi\n\nmore\n\n\n00:00:03.000 --> 00:00:04.000\nx"
    )
    windows = windows.replace("\n", "\r\n")
    assert read_cues(windows, NAMES.__contains__) == [
        said(1.5, 2.25, "  hi\nmore", "Ann"),
        said(3, 4, "x"),
    ]


@pytest.fixture
def made() -> Any:
    with session(["a", "b", "c 1"]) as one:
        one.label("a", [said(0, 1, "Hi", "Ann"), said(1, 2.125, "So:\nyes")])
        one.label("b", [said(0.5, 1, "No <b>", "<v> & y")])
        one.label("c 1", [])
        yield one


def told(one: Any) -> dict[str, Any]:
    return dict(zip(one.labels()["id"], one.labels()["label"], strict=True))


@pytest.mark.parametrize("name", ["srt", "vtt"])
@pytest.mark.parametrize("place", ["folder", "all.zip"])
def test_a_folder_or_a_zip_file_has_a_file_for_each_recording(
    made: Any, name: str, place: str, tmp_path: Path
) -> None:
    path = made.export(tmp_path / place, name)
    if place == "all.zip":
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    else:
        names = sorted(file.name for file in path.iterdir())
    assert names == [f"{one}.{name}" for one in ("a", "b", "c 1")]
    with session(["a", "b", "c 1"]) as other:
        found = other.import_labels(path)
        assert found.refused["why"].tolist() == []
        assert told(other) == told(made)
        assert other.import_labels(path).n == 0
    with session(["a", "b"], question=hitl.Question.ranges(["Ann", "Bob"])) as other:
        assert "Subtitles are transcripts" in other.import_labels(path).refused["why"].iloc[0]
    with session(["x", "b"]) as other:
        found = other.import_labels(path)
        assert found.n == 1
        assert "has the name 'a'" in found.refused["why"].iloc[0]


def test_one_file_is_about_one_recording(made: Any, tmp_path: Path) -> None:
    with pytest.raises(
        InvalidInput, match=r"3 items, and a file of srt is about one: .*session.export\('folder', 'srt'\)"
    ):
        made.export(tmp_path / "x.srt")
    with session(["a"]) as one:
        with pytest.raises(InvalidInput, match="nothing is labelled yet"):
            one.export(tmp_path / "x.srt")
        one.label("a", [said(0, 1, "Hi", "Ann")])
        assert one.export(tmp_path / "x.srt").read_text() == "1\n00:00:00,000 --> 00:00:01,000\nAnn: Hi\n"
        assert one.export(tmp_path / "x.txt").read_text() == "Ann: Hi\n"
    assert not list(tmp_path.glob(".*.part"))


def test_what_cannot_be_written_or_read_is_counted(tmp_path: Path) -> None:
    with session(["a/b", "c", "d"]) as one:
        one.label("a/b", [said(0, 1, "Hi")])
        one.label("c", [said(0, 1, "Ann: Hi")])
        one.label("d", [said(0, 1, "Hi")])
        with pytest.warns(
            RuntimeWarning, match=r"'a/b' cannot be the name of a file.*would be read as something"
        ):
            path = one.export(tmp_path / "out", "srt")
        assert [file.name for file in path.iterdir()] == ["d.srt"]
    (path / "bad.srt").write_bytes(b"1\n00:00:00,000 --> 00:00:01,000\nM\xfcll\n")
    (path / "odd.vtt").write_text(
        "WEBVTT\n\n00:00.000 --> 00:01.000\n<v Ann> </v>\n\n00:02.000 --> 00:03.000\nx"
    )
    with session(["d", "bad", "odd"]) as other:
        found = other.import_labels(path)
        assert set(told(other)) == {"d", "odd"}
        assert found.refused["why"].tolist() == [
            "Subtitles: The file is not in UTF-8: convert it first.",
            "Subtitles: A segment without a text.",
        ]


def test_a_zip_file_is_opened_once_for_all_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for k in range(30):
            archive.writestr(f"in/{k:02}.srt", write_srt([said(0, 1, f"This is {k}")]))
    opened: list[Path] = []

    class Counted(zipfile.ZipFile):
        def __init__(self, file: Any) -> None:
            opened.append(file)
            super().__init__(file)

    monkeypatch.setattr(zipfile, "ZipFile", Counted)
    rows = Subtitles().rows(tmp_path / "all.zip")
    assert [(row["subtitles"], row["why"]) for _, row in rows] == [(f"{k:02}.srt", "") for k in range(30)]
    assert len(opened) == 1


def test_damaged_zip_files_are_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in "ab":
            archive.writestr(f"{name}.srt", write_srt([said(0, 1, f"This is {name}")]))
    whole = path.read_bytes()
    directory = whole.index(b"PK\x01\x02")
    with session(["a", "b"]) as one:
        for data in (
            whole[:directory] + b"XX" + whole[directory + 2 :],  # the directory
            whole[: directory + 20],  # the end
        ):
            path.write_bytes(data)
            with pytest.raises(InvalidInput, match=r"all\.zip cannot be read as a zip file: .*Unpack it"):
                one.import_labels(path)
        path.write_bytes(whole[:35] + b"\xff" * 20 + whole[55:])  # the first file
        found = one.import_labels(path)
        assert [row["label"][0]["text"] for _, row in one.labels().iterrows()] == ["This is b"]
        assert "The file cannot be read: " in found.refused["why"].iloc[0]


def test_other_formats_say_transcripts_or_that_they_cannot(made: Any, tmp_path: Path) -> None:
    tasks = made.export(tmp_path / "tasks.json", "label-studio")
    parts = json.loads(tasks.read_text())[0]["annotations"][0]["result"]
    assert [(p["id"], p["type"]) for p in parts] == [
        ("r1", "labels"),
        ("r1", "textarea"),
        ("r2", "labels"),
        ("r2", "textarea"),
    ]
    for path in (tasks, made.export(tmp_path / "rows.jsonl", "hf")):
        with session(["a", "b", "c 1"]) as other:
            assert not len(other.import_labels(path).refused)
            assert told(other) == told(made)
    made_ = convert(tasks, tmp_path / "again", write_as="vtt")
    assert (made_.kind, made_.lines) == ("transcript", [])
    assert convert(tmp_path / "again", tmp_path / "x.csv").n == 3
    with pytest.raises(InvalidInput, match=r"no answers of kind 'transcript'.*srt"):
        made.export(tmp_path / "x", "coco")


@settings(**QUICK)
@given(boxes=written(["x", "y"]))
def test_texts_of_boxes_go_through_label_studio(boxes: Any, tmp_path: Path) -> None:
    export = Export(
        pd.DataFrame(), kind="boxes", classes=["x", "y"],
        said=[Said(0, boxes, "a", kind="boxes", item={"image": "a.png"}, size=(60.0, 40.0))],
    )  # fmt: skip
    path = tmp_path / "tasks.json"
    write(writer_of(path, "label-studio"), export, path)
    convert(path, tmp_path / "rows.jsonl", write_as="hf", kind="boxes")
    with (tmp_path / "rows.jsonl").open(encoding="utf-8") as file:
        found = json.loads(file.readline())["label"]
    blank = [{name: v for name, v in one.items() if v or name != "text"} for one in boxes]
    key = lambda one: json.dumps(one, sort_keys=True)  # noqa: E731
    assert sorted(found, key=key) == sorted(blank, key=key)


def test_formats_without_texts_say_so(tmp_path: Path) -> None:
    items = pd.DataFrame({"id": ["a.png", "b.png"], "image": [np.zeros((20, 20, 3), np.uint8)] * 2})
    box = {"x": 0, "y": 0, "width": 5, "height": 5, "label": "x"}
    question = hitl.Question.boxes(["x"], transcribe=True)
    with hitl.Session(items, image="image", id="id", question=question, store=":memory:") as one:
        one.label("a.png", [{**box, "text": "Total"}])
        one.wait()
        for name in ("coco", "yolo", "voc", "prodigy"):
            with pytest.warns(RuntimeWarning, match=r"The texts of boxes\."):
                one.export(tmp_path / name, name)
        one.label("a.png", [box])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            one.export(tmp_path / "without", "coco")


def test_subtitles_are_suggested_for_recordings_of_the_same_name(tmp_path: Path) -> None:
    for name in ("a", "b"):
        with wave.open(str(tmp_path / f"{name}.wav"), "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            file.writeframes(np.full(4 * RATE, ord(name), np.int16).tobytes())
    (tmp_path / "subs").mkdir()
    (tmp_path / "subs" / "b.srt").write_text(write_srt([said(0, 1, "Hi", "Ann"), said(1, 2, "Al: yes")]))
    how: dict[str, Any] = {"question": hitl.Question.transcript(NAMES), "store": ":memory:"}
    suggest = hitl.suggest.file(tmp_path / "subs")
    with hitl.Session(sorted(tmp_path.glob("*.wav")), suggest=suggest, **how) as one:
        found = one._loop.suggesting.of([0, 1])  # type: ignore[union-attr]
        assert found[0] == (None, "")
        assert found[1][0] == {"transcript": [[0.0, 1.0, "Hi", "Ann"], [1.0, 2.0, "Al: yes", ""]]}


@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_recordings_of_one_name_are_told_apart_by_their_ids(name: str, tmp_path: Path) -> None:
    paths = [tmp_path / folder / "c.wav" for folder in "ab"]
    for k, path in enumerate(paths):
        path.parent.mkdir()
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(np.full(round(RATE * SECONDS), k, np.int16).tobytes())
    options = {
        "item": "p",
        "kind": "audio",
        "id": "id",
        "audit": 0,
        "question": hitl.Question.transcript(NAMES),
    }
    table = pd.DataFrame({"id": ["x", "y.wav"], "p": paths})
    with hitl.Session(table, store=":memory:", **options) as one:
        for key in ("x", "y.wav"):
            one.label(key, [said(0, 1, f"This is {key}", "Ann")])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            path = one.export(tmp_path / "out", name)
        assert sorted(file.name for file in path.iterdir()) == [f"x.{name}", f"y.{name}"]
        with hitl.Session(table, store=":memory:", **options) as two:
            assert two.import_labels(path).refused["why"].tolist() == []
            assert two.labels()["label"].tolist() == one.labels()["label"].tolist()
