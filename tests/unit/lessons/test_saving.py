"""A saved lesson: one page with everything that the kernel would answer."""

from __future__ import annotations

import base64
import json
import os
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hitl_widgets import datasets
from hitl_widgets.errors import InvalidInput
from hitl_widgets.paths import new_folder
from hitl_widgets.widgets.lesson import Lesson, saving
from hitl_widgets.widgets.lesson.telling import committee, moment


def lesson(n: int = 60, **options: Any) -> Lesson:
    points = datasets.toy("blobs", n=n)
    return Lesson(points[["x1", "x2"]], points["label"], **({"budget": 6} | options))


def recording(path: Path) -> tuple[dict[str, Any], bytes]:
    found = re.search(r'id="recording">(.*?)</script>', path.read_text())
    assert found is not None
    raw = zlib.decompress(base64.b64decode(found[1]))
    [size] = struct.unpack("<I", raw[:4])
    return json.loads(raw[4 : 4 + size]), raw[4 + size :]


def test_a_saved_lesson_holds_what_the_kernel_would_answer(bundles: None, tmp_path: Path) -> None:
    live = lesson()
    names = ["random", "query_by_committee"]
    live.save(tmp_path / "lesson.html", names)
    head, rest = recording(tmp_path / "lesson.html")
    messages = head["messages"]
    assert set(messages) == {
        "hello",
        *(f"step/{name}/{i}" for name in names for i in range(4)),
        *(f"committee/query_by_committee/{i}" for i in range(4)),
    }
    welcome = messages["hello"]["content"]
    assert welcome["recorded"]
    assert (len(welcome["starts"]), welcome["exercises"]) == (1, [])
    assert (welcome["strategies"], welcome["strategy"]) == (names, "random")
    at = sum(messages["hello"]["sizes"])
    for name, told in list(messages.items())[1:]:
        kind, strategy, i = name.split("/")
        made: Any = moment if kind == "step" else committee
        expected, buffers = made(live._course, "", strategy, "kmeans", 0, int(i))
        assert told["content"]["index"] == expected.index
        if kind == "step":
            assert told["content"]["labelled"] == expected.labelled
            assert told["content"]["curve"]["measures"] == expected.curve.measures
        for size, buffer in zip(told["sizes"], buffers, strict=True):
            part = np.frombuffer(rest[at : at + size], np.uint8)
            at += size
            side = next((side for side in head["sides"] if size % side**2 == 0), None)
            if side:
                part = part.reshape(-1, side, side).cumsum(1, np.uint8).cumsum(2, np.uint8).ravel()
            assert part.tobytes() == buffer
    assert at == len(rest)


def test_the_page_asks_nothing_of_the_network_and_names_cannot_break_out(
    bundles: None, tmp_path: Path
) -> None:
    points = datasets.toy("line", n=40)
    named = points["label"].replace({"circle": "</script><script>alert(1)</script>"})

    def evil(proba: Any, context: Any) -> Any:
        return proba[:, 0]

    evil.__name__ = "</title><b>"
    made = Lesson(points[["x1", "x2"]], named, strategy=evil, budget=4)
    made.save(tmp_path / "lesson.html", [evil.__name__])
    page = (tmp_path / "lesson.html").read_text()
    assert page.count("<script") == page.count("</script>") == 5
    assert "<b>" not in page
    assert not re.search(r'(src|href)="http', page)


def test_every_strategy_is_saved_in_less_than_3_mb(bundles: None, tmp_path: Path) -> None:
    made = lesson()
    made.save(tmp_path / "lesson.html")
    head, _ = recording(tmp_path / "lesson.html")
    assert head["messages"]["hello"]["content"]["strategies"] == list(made._course.strategies)
    assert (tmp_path / "lesson.html").stat().st_size < 3_000_000


def test_what_does_not_fit_or_fails_is_named(
    bundles: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lesson.html"
    monkeypatch.setattr(saving, "MOST", 110_000)
    with pytest.warns(UserWarning, match=r"badge.* \(the page would be larger"):
        lesson().save(path)
    assert path.stat().st_size < 110_000
    with pytest.raises(InvalidInput, match="Save fewer strategies"):
        lesson().save(path, ["margin", "entropy", "core_set", "badge", "doubt"])

    def tires(proba: Any, context: Any) -> Any:
        return proba[:, 0] if (context.y >= 0).sum() < 5 else 1 / 0

    monkeypatch.setattr(saving, "MOST", 3_000_000)
    with pytest.raises(InvalidInput, match="'tires' failed on 5 labels"):
        lesson(strategy=tires).save(path, ["tires"])
    with pytest.warns(UserWarning, match="'tires' failed on 5 labels"):
        lesson(strategy=tires).save(path)


@pytest.mark.parametrize(
    ("name", "strategies", "words"),
    [
        ("lesson.pdf", None, "ends with '.html'"),
        ("lesson.html", "margin", "expected a list of names"),
        ("lesson.html", [], "expected a list of names"),
        ("lesson.html", 3, "expected a list of names"),
        ("lesson.html", [["margin"]], r"contains \['margin'\]"),
        ("lesson.html", ["margn"], "Did you mean 'margin'"),
        ("nowhere/lesson.html", ["random"], "does not exist"),
        (f"{'long' * 80}.html", ["random"], "cannot be written: File name too long"),
    ],
)
def test_what_cannot_be_saved_is_told(
    name: str, strategies: Any, words: str, bundles: None, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match=words):
        lesson().save(tmp_path / name, strategies)


@pytest.mark.parametrize("name", ["lesson.html", "step.svg"])
def test_a_saved_lesson_may_be_read_by_students_as_far_as_the_umask_allows(
    name: str, bundles: None, tmp_path: Path
) -> None:
    before = os.umask(0o027)
    try:
        lesson().save(tmp_path / name, ["random"])
    finally:
        os.umask(before)
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o640


def test_arguments_of_another_type_are_told(bundles: None) -> None:
    with pytest.raises(InvalidInput, match="compare=3: expected a list of names"):
        lesson(compare=3)
    with pytest.raises(InvalidInput, match="strategies=3: expected a list of names"):
        lesson().curves(3)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="path=3: expected the name of a file"):
        lesson().save(3)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="path=None: expected the name of a file"):
        Lesson.load(None)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="got an int: expected a session"):
        Lesson.of(3)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match=r"buget= is not an option of a Lesson\. Did you mean 'budget'"):
        Lesson.load("lesson.html", buget=9)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    long = "a" * 252  # with the ending of the temporary folder it is longer than names may be
    with (
        pytest.raises(InvalidInput, match="cannot be written: File name too long"),
        new_folder(tmp_path / long),
    ):
        pass
