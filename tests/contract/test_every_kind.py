"""What holds for the answers of every kind of question in a session: the log, files, names and bad input."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import hitl_widgets.questions
from everykind import ABC, ITEMS, KINDS, N, Q, answers, asking, mask_of, same, told
from hitl_widgets.discovery import kinds_in
from hitl_widgets.errors import InvalidInput
from hitl_widgets.evidence import Evidence
from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.labels.store import LabelStore
from hitl_widgets.questions.schema import Schema
from videos import video

every = pytest.mark.parametrize("name", KINDS)
FILES = ("csv", "xlsx", "parquet", "jsonl")


def test_every_kind_is_here() -> None:
    assert {kind.name for kind in kinds_in(hitl_widgets.questions)} == set(KINDS) - {
        "relations",
        "texts",
        "video boxes",
    }


def imported(other: Any, path: Path) -> Any:
    return other.import_labels(path, **({} if path.suffix == ".jsonl" else {"annotator": "annotator"}))


@every
@settings(
    max_examples=2,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # an example has many answers, so it cannot shrink
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_answers_go_through_the_log_and_every_file_unchanged(
    name: str, data: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp(name)
    given_ = data.draw(st.lists(KINDS[name].answers(ABC), min_size=N, max_size=N))
    with asking(name, folder / "labels.sqlite") as made:
        for id_, value in zip(ITEMS["id"], given_, strict=True):
            made.label(id_, value)
        assert all(same(told(made)[id_], value) for id_, value in zip(ITEMS["id"], given_, strict=True))
        before = told(made)
    with asking(name, folder / "labels.sqlite") as again:
        assert told(again) == before
        for ending in FILES:
            path = again.export(folder / f"out.{ending}", names=True)
            with asking(name) as other:
                found = imported(other, path)
                assert not len(found.refused), (ending, found.refused["why"].tolist())
                assert told(other) == before, ending


# -- hostile words

RUN = "window.__pwned=1"
NAMES = (
    f'<img src=x onerror="{RUN}">',
    f"</script><script>{RUN}</script>",
    "=1+1",
    "'@x",
    "-2, +3; a|b",
    'say "yes"\nor no',
    "safe \u202e gnihton \u2066 turned \u2069 round",
    "a\u2028b\ufeffd\u200be",
    "\u05e9\u05dc\u05d5\u05dd [1] {}",
    "long" * 40,
)
TYPED = [*NAMES[:3], "before\0after", "=cmd|' /C calc'!A0", "<b>" * 9_000, '"a", b', "[0]"]


@every
def test_hostile_names_and_answers_are_kept_as_they_were_typed(name: str, tmp_path: Path) -> None:
    """In classes, ids, the annotator and the task, and in the answers that are typed."""
    ids = [f"{word[:60]} {i}" for i, word in enumerate((NAMES * 2)[:N])]
    items = {**ITEMS, "id": ids}
    given_ = TYPED[:N] if name == "text" else answers(name, NAMES)
    options: dict[str, Any] = {"items": items, "annotator": NAMES[0], "task": NAMES[6]}
    with asking(name, tmp_path / "labels.sqlite", NAMES, **options) as made:
        for id_, value in zip(ids, given_, strict=True):
            made.label(id_, value)
        before = told(made)
        assert all(same(before[id_], value) for id_, value in zip(ids, given_, strict=True))
        for ending in FILES:
            path = made.export(tmp_path / f"out.{ending}", names=True)
            with asking(name, names=NAMES, **options) as other:
                found = imported(other, path)
                assert not len(found.refused), (ending, found.refused["why"].tolist())
                assert told(other) == before, ending
                assert set(other.history()["annotator"]) == {NAMES[0]}
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert cells
    assert not [cell for cell in cells if re.match("[=+@\t\r\0]|-[^0-9]", cell)]
    card = (tmp_path / "out.csv.card.md").read_text("utf-8")
    assert "<img" not in card
    assert "<script" not in card


# -- bad input


JUNK: list[Any] = [{"later": 1}, [[]], object(), float("nan"), -1e300, "half \ud83d", [None], b"\xff"]


@every
def test_what_is_no_answer_is_refused_and_the_rest_goes_on(name: str) -> None:
    with asking(name) as made:
        for value in JUNK:
            with pytest.raises(InvalidInput, match=r"\w{3}"):
                made.label("r0", value)
        assert made.history()["kind"].tolist() == ["schema"]
        made.label("r1", answers(name)[1])
        assert list(told(made)) == ["r1"]


@every
def test_a_suggestion_that_is_no_answer_is_said_and_the_others_are_shown(name: str) -> None:
    good = answers(name)[1]
    with asking(name, suggest=lambda items: [JUNK[0], good, *JUNK[1:4], good][: len(items)]) as made:
        assert made._loop.suggesting is not None
        found = made._loop.suggesting.of(range(6))
        written = made._loop.log.as_answer(good)
        for row, (value, why) in found.items():
            if row in (1, 5):
                assert (value, why) == (written, "")
            else:
                assert value is None
                assert why == "" if row == 4 else why.startswith("The suggestion is not an answer: ")  # NaN
        assert made.n_labels == 0


@every
def test_answers_that_this_version_cannot_read_are_said_and_the_others_stay(
    name: str, tmp_path: Path
) -> None:
    path, good = tmp_path / "labels.sqlite", answers(name)[1]
    with asking(name, path) as made:
        made.label("r1", good)
    store = LabelStore(path)
    for id_, value in (("r0", {"later": [1]}), ("r2", 5.5)):
        store.append(LabelEvent("label", name, "ann", (id_,), value))
    store.close()
    with pytest.warns(RuntimeWarning, match=r"labels of 2 items .* cannot read, such as that of 'r0'"):
        again = asking(name, path)
    with again:
        assert list(told(again)) == ["r1"]
        with asking(name) as other:
            found = other.import_labels(again.export(tmp_path / "out.jsonl"))
            assert "r0" in found.refused["id"].tolist()
            assert same(told(other).get("r1"), told(again)["r1"])
        again.label(["r0", "r2"] if name not in BEYOND else "r0", good)
        if name in BEYOND:
            again.label("r2", good)
        assert again._loop.log.ledger.fold.unread == []


# For each kind whose answers are places in an item: what changed, an answer beyond it, and what is said.
SMALL: dict[str, Any] = {
    "text": "Ada",
    "image": np.zeros((10, 10, 3), np.uint8),
    "sound": (np.zeros(500, np.int16), 1_000),
    "video": video(2, size=(20, 10)),
}
BEYOND: dict[str, tuple[list[Any], str]] = {
    "spans": ([{"start": 11, "end": 15, "label": "a"}], "beyond the text, which has 3 characters"),
    "boxes": (
        [{"x": 30, "y": 20, "width": 5, "height": 5, "label": "a"}],
        "beyond the image.*10 x 10 pixels",
    ),
    "texts": (
        [{"x": 30, "y": 20, "width": 5, "height": 5, "text": "q", "label": "a"}],
        "beyond the image.*10 x 10 pixels",
    ),
    "video boxes": (
        [{"x": 2, "y": 2, "width": 5, "height": 5, "frame": 3, "label": "a"}],
        "on frame 3, but the video has 2, from 0 to 1",
    ),
    "polygons": ([{"points": [[1, 1], [40, 2], [9, 9]], "label": "a"}], "beyond the image.*10 x 10 pixels"),
    "points": ([{"x": 30, "y": 5, "label": "a"}], "beyond the image, which has 10 x 10 pixels"),
    "masks": ([mask_of(1, "a")], "for an image of 60 x 40 pixels, and this image has 10 x 10"),
    "ranges": ([{"start": 2.0, "end": 3.0, "label": "a"}], r"beyond the recording, which has 0\.500 seconds"),
    "transcript": (
        [{"start": 2.0, "end": 3.0, "text": "yes"}],
        r"beyond the recording, which has 0\.500 sec",
    ),
}


@pytest.mark.parametrize("name", BEYOND)
def test_marks_beyond_an_item_that_changed_are_kept_and_refused_anew(name: str, tmp_path: Path) -> None:
    value, why = BEYOND[name]
    path = tmp_path / "labels.sqlite"
    with asking(name, path) as made:
        made.label("r0", value)
        made.label("r1", value)
        before = told(made)
    small = {column: [SMALL.get(column, values[0]), *values[1:]] for column, values in ITEMS.items()}
    with pytest.warns(RuntimeWarning, match="1 of 2 labelled items have changed since they were labelled"):
        again = asking(name, path, items=small)
    with again:
        assert told(again) == before
        with pytest.raises(InvalidInput, match=why):
            again.label("r0", value)
        again.label("r2", value)
        assert len(told(again)) == 3
        with asking(name, items=small) as other:
            found = imported(other, again.export(tmp_path / "out.csv"))
            assert found.refused["id"].tolist() == ["r0"]
            assert re.search(why, found.refused["why"].iloc[0])
            assert set(told(other)) == {"r1", "r2"}
        assert again.keep() == 1
        assert told(again)["r0"] == before["r0"]
    with asking(name, path, items=small) as later:
        assert told(later)["r0"] == before["r0"]


@pytest.mark.parametrize(
    ("first", "second", "value", "why"),
    [
        (Q.number(0, 10), Q.number(0, 5), 8, "expected at most 5"),
        (Q.text(lines=True), Q.text(), "a\nb", "expected one"),
        (Q.spans(ABC, overlap=True), Q.spans(ABC), [(0, 3, "a"), (1, 4, "b")], "overlap"),
        (Q.ranges(ABC, overlap=True), Q.ranges(ABC), [(0, 3, "a"), (1, 4, "b")], "overlap"),
    ],
    ids=lambda value: value.kind if isinstance(value, Schema) else "",
)
def test_answers_to_an_earlier_version_of_the_question_stay_and_new_ones_follow_it(
    first: Any, second: Any, value: Any, why: str, tmp_path: Path
) -> None:
    name, path = first.kind, tmp_path / "labels.sqlite"
    with asking(name, path, question=first) as made:
        made.label("r0", value)
        before = told(made)
    with asking(name, path, question=second) as again:
        assert told(again) == before
        with pytest.raises(InvalidInput, match=why):
            again.label("r1", value)
        with asking(name, question=second) as other:
            found = imported(other, again.export(tmp_path / "out.csv"))
            assert found.n == 0
            assert why in found.refused["why"].iloc[0]


@pytest.mark.parametrize("name", sorted({*KINDS} - {"number"}))
def test_answers_of_another_kind_of_question_are_refused_as_a_whole(name: str, tmp_path: Path) -> None:
    path = tmp_path / "labels.sqlite"
    with asking(name, path, task="t") as made:
        made.label("r0", answers(name)[1])
        history = made.export(tmp_path / "out.jsonl")
    with pytest.raises(InvalidInput, match=r"asks for .*, but this session asks for a number"):
        asking("number", path, task="t")
    with (
        asking("number", task="t") as other,
        pytest.raises(InvalidInput, match="but task 't' asks for a number"),
    ):
        other.import_labels(history)


@pytest.mark.parametrize("ending", FILES)
def test_long_answers_come_back_or_are_refused_where_a_cell_is_too_small(ending: str, tmp_path: Path) -> None:
    polygons = [
        {"points": [[x % 60, y % 40], [60, 1.5], [1.25, 40]], "label": "a"}
        for x in range(60)
        for y in range(20)
    ]
    with asking("polygons") as made:
        made.label("r0", polygons)
        made.label("r1", polygons[:1])
        path = tmp_path / f"out.{ending}"
        if ending == "xlsx":
            with pytest.raises(
                InvalidInput, match=r"1 of 2 labels do not fit into an Excel cell.*'r0'.*\.csv"
            ):
                made.export(path)
            assert list(tmp_path.iterdir()) == []
            made.label("r0", None)
        made.export(path, names=True)
        with asking("polygons") as other:
            assert not len(imported(other, path).refused)
            assert told(other) == told(made)


@every
def test_a_reviewer_decides_between_two_people_and_every_file_keeps_that(name: str, tmp_path: Path) -> None:
    first, other = answers(name)[:2]
    with (
        asking(name, tmp_path / "l.sqlite") as ann,
        asking(name, tmp_path / "l.sqlite", annotator="bob") as bob,
    ):
        ann.label("r0", first)
        bob.label("r0", other)
        [case] = Evidence(ann._loop).cases(model=False).open or [None]
        if case is not None:  # those that agree to .9 are no dispute
            assert {one.people for one in case.answers} == {("ann",), ("bob",)}
    with asking(name, tmp_path / "l.sqlite", annotator="rev") as rev:
        rev.decide("r0", first, "So the guide says.")
        rows = rev.labels()
        assert sorted(rows["annotator"]) == ["ann", "bob", "rev"], "the answers stay"
        assert same(rev.decisions()["label"][0], first)
        assert same(rev.to_frame()["label"][0], first)
        assert not Evidence(rev._loop).cases(model=False).open
        rev.export(tmp_path / "all.jsonl", names=True)
    with asking(name, annotator="eve") as eve:
        assert eve.import_labels(tmp_path / "all.jsonl").refused.empty
        assert same(eve.decisions()["label"][0], first)
        assert eve.decisions()["because"].tolist() == ["So the guide says."]
        assert same(eve.to_frame()["label"][0], first)
