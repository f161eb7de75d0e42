"""Tasks for other people, and their answers."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions.question import Question
from hitl_widgets.questions.schema import LabelClass
from hitl_widgets.session import Session

Make = Callable[..., Session]
HOSTILE = '</script><img src=x onerror="alert(1)"> ${item} {{work}} &lt; 😀'
TEXTS = [HOSTILE, "two\nlines", "three", "four", "five"]
TABLE = pd.DataFrame({"k": [f"k{i}" for i in range(5)], "t": TEXTS, "from": list("vwxyz")})


@pytest.fixture
def session(make_session: Make) -> Session:
    classes = [LabelClass("good", guidance="Well said."), LabelClass('b"<ad>', example="Boo.")]
    question = Question.choice(classes, "How is it? </title>")
    return make_session(
        TABLE, text="t", id="k", context="from", classes=None, question=question, annotator="mia"
    )


def work_of(page: Path) -> Any:
    """The data of a page, as the browser finds it."""
    text = page.read_text(encoding="utf-8")
    [found] = re.findall(r'<script type="application/json" id="work">(.*?)</script>', text, re.DOTALL)
    return json.loads(found)


def answers(page: Path, person: str, values: dict[str, Any], folder: Path, **more: Any) -> Path:
    """A file that the page saves."""
    work = work_of(page)
    told = [
        {
            "item": one["item"],
            "value": values[one["item"]],
            "time": "2026-01-02T03:04:05.678Z",
            "elapsed_ms": 1234,
        }
        | more
        for one in work["tasks"]
        if one["item"] in values
    ]
    found = {
        "hitl_answers": 1,
        "batch": work["batch"],
        "task": work["task"],
        "person": person,
        "answers": told,
    }
    folder.mkdir(exist_ok=True)
    path = folder / f"answers-{page.stem}-{person}.json"
    path.write_text(json.dumps(found), encoding="utf-8")
    return path


def test_a_page_goes_out_and_its_answers_come_back(session: Session, tmp_path: Path) -> None:
    session.label("k0", "good")
    sent = session.export_tasks(
        tmp_path / "out", gold=["k0"], examples="k0", instructions="Be <kind>.", overlap=2
    )
    assert repr(sent).startswith("5 tasks, 1 of them with known answers, in ")
    assert [one.name for one in sent.files] == ["tasks-1.html", "tasks-2.html"]
    page = sent.files[0].read_text(encoding="utf-8")
    work = work_of(sent.files[0])
    assert {one["item"]: one["blocks"][0]["text"] for one in work["tasks"]} == dict(
        zip(TABLE["k"], TEXTS, strict=True)
    )
    assert work["tasks"][0]["context"][0][0] == "from"
    assert work["examples"] == [{"blocks": [{"kind": "text", "text": HOSTILE}], "answer": "good"}]
    assert [one["guidance"] for one in work["classes"]] == ["Well said.", ""]
    assert "<img src=x" not in page
    # Nothing is loaded, and only our own script runs.
    assert not re.search(r"https?://|\bfetch\(|XMLHttpRequest|WebSocket|innerHTML", page)
    policy = re.search(r'content="(default-src[^"]*)"', page)
    assert policy
    for tag in ("script", "style"):
        [body] = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert f"'sha256-{base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()}'" in policy[1]
    assert "default-src 'none'" in policy[1]

    inbox = tmp_path / "in"
    answers(sent.files[0], "ann", {"k0": "good", "k1": "good", "k2": None, "k3": 'b"<ad>'}, inbox)
    answers(sent.files[1], "ben", {"k0": 'b"<ad>', "k1": 'b"<ad>'}, inbox)
    found = session.import_answers(inbox, gold=["k0"])
    assert (found.n, found.n_same) == (5, 0)
    assert found.refused["why"].tolist() == ["answers-tasks-1-ann.json: The person could not say."]
    people = found.people.set_index("person")
    assert people.loc["ann"].tolist() == [3, 1.234, 1, 1.0]
    assert people.loc["ben"].tolist() == [2, 1.234, 1, 0.0]
    labels = session.labels().set_index(["annotator", "id"])
    assert labels.loc[("ann", "k3"), "label"] == 'b"<ad>'
    assert labels.loc[("ann", "k3"), "elapsed_ms"] == 1234
    assert labels.loc[("ann", "k3"), "time"].isoformat() == "2026-01-02T03:04:05.678000+00:00"
    n = len(session.history())
    again = session.import_answers(inbox)
    assert (again.n, again.n_same, len(session.history())) == (0, 5, n)
    # A correction replaces the answer, and the older file changes nothing afterwards.
    newer = answers(sent.files[0], "ann", {"k1": 'b"<ad>'}, tmp_path / "new", time="2026-01-03T00:00:00Z")
    assert session.import_answers([newer]).n == 1
    assert session.import_answers(inbox).n == 0
    labels = session.labels().set_index(["annotator", "id"])
    assert labels.loc[("ann", "k1"), "label"] == 'b"<ad>'


def test_what_does_not_fit_is_told_for_each_row(session: Session, tmp_path: Path) -> None:
    sent = session.export_tasks(tmp_path / "out")
    path = answers(sent.files[0], "ann", {"k0": "ugly", "k1": "good"}, tmp_path / "in")
    told = json.loads(path.read_text())
    told["answers"] += [{"item": "k9", "value": "good"}, {"value": "good"}, 17]
    path.write_text(json.dumps(told))
    found = session.import_answers(path)
    assert found.n == 1
    whys = " ".join(found.refused["why"])
    assert "'ugly' is not a class" in whys
    assert "No item has the id 'k9'" in whys
    assert whys.count("not in the format of a page of tasks") == 2
    told["hitl_answers"] = 2
    path.write_text(json.dumps(told))
    assert "newer version" in session.import_answers(path).refused["why"][0]
    (tmp_path / "other.json").write_text('[{"id": "k1", "label": "good"}]')
    with pytest.raises(InvalidInput, match=r"has no answers to tasks.*session.import_labels"):
        session.import_answers(tmp_path / "other.json")


def test_mechanical_turk(session: Session, tmp_path: Path) -> None:
    sent = session.export_tasks(tmp_path / "out", "mturk", instructions="Costs ${item}.", overlap=3)
    template = (sent.folder / "template.html").read_text(encoding="utf-8")
    assert template.count("${") == 1  # the item; nothing else is replaced
    assert "How is it? &lt;/title&gt;" in template
    assert 'value="b&quot;&lt;ad&gt;"' in template
    assert "per task to 3" in (sent.folder / "README.txt").read_text()
    with (sent.folder / "tasks.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    shown = {row["item"]: row["shown"] for row in rows}
    assert shown["k1"] == "<pre>two<br>lines</pre>"
    assert "<img" not in shown["k0"]
    assert "&#128512;" in shown["k0"]
    given = [
        {"HITId": "h", "AssignmentId": f"a{k}", "WorkerId": "W1", "AssignmentStatus": "Submitted",
         "WorkTimeInSeconds": 9, "SubmitTime": "Mon Nov 30 08:15:00 PST 2020", "Input.item": row["item"],
         "Answer.answer": json.dumps("good")}
        for k, row in enumerate(rows)
    ]  # fmt: skip
    given[0]["AssignmentStatus"] = "Rejected"
    pd.DataFrame(given).to_csv(tmp_path / "batch.csv", index=False)
    found = session.import_answers(tmp_path / "batch.csv")
    assert (found.n, found.refused["why"].tolist()) == (4, ["batch.csv: The assignment was rejected."])
    labels = session.labels()
    assert set(labels["annotator"]) == {"W1"}
    assert set(labels["elapsed_ms"]) == {9000}
    assert labels["time"][0].isoformat() == "2020-11-30T16:15:00+00:00"
    assert session.import_answers(tmp_path / "batch.csv").n == 0


def test_label_studio(session: Session, tmp_path: Path) -> None:
    sent = session.export_tasks(tmp_path / "out", "label-studio", ids=["k1", "k2"], overlap=2)
    config = (sent.folder / "config.xml").read_text()
    assert '<Choices name="answer" toName="item" choice="single">' in config
    assert '<Text name="field_from" value="$from"/>' in config
    tasks = json.loads((sent.folder / "tasks.json").read_text())
    assert sorted(one["data"]["id"] for one in tasks) == ["k1", "k2"]
    assert "annotations of each task to 2" in (sent.folder / "README.txt").read_text()
    part = {"from_name": "answer", "to_name": "item", "type": "choices", "value": {"choices": ["good"]}}
    for one in tasks:
        one["annotations"] = [
            {"result": [part], "completed_by": 3, "lead_time": 2.5, "created_at": "2026-01-02T03:04:05Z"}
        ]
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    found = session.import_answers(tmp_path / "export.json")
    assert (found.n, found.people["person"].tolist()) == (2, ["Label Studio user 3"])
    assert set(session.labels()["elapsed_ms"]) == {2500}
    assert session.import_answers(tmp_path / "export.json").n == 0


KINDS: list[tuple[Any, Any, Any]] = [
    (Question.choices(["a", "b"]), ["a", "b"], ["a", "b"]),
    (Question.rating(5), "4", 4),
    (Question.number(0, 10, unit="cm"), 7, 7),
    (Question.text(), "so", "so"),
]


@pytest.mark.parametrize(("question", "value", "said"), KINDS, ids=lambda one: getattr(one, "kind", ""))
@pytest.mark.parametrize("to", ["page", "mturk"])
def test_kinds(make_session: Make, tmp_path: Path, question: Any, value: Any, said: Any, to: str) -> None:
    session = make_session(TABLE, text="t", id="k", classes=None, question=question)
    sent = session.export_tasks(tmp_path / "out", to, ids="k2")
    if to == "page":
        path = answers(sent.files[0], "ann", {"k2": value}, tmp_path / "in")
    else:
        row = {"AssignmentId": "a", "WorkerId": "ann", "Input.item": "k2", "Answer.answer": json.dumps(value)}
        pd.DataFrame([row]).to_csv(path := tmp_path / "b.csv", index=False)
    found = session.import_answers(path)
    assert len(found.refused) == 0, found.refused["why"].tolist()
    assert session.labels()["label"].tolist() == [said]


def test_comparisons_record_the_sides(make_session: Make, tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"k": range(20), "a": [f"a{i}" for i in range(20)], "b": [f"b{i}" for i in range(20)]}
    )
    session = make_session(table, text=["a", "b"], id="k", classes=None, question=Question.pair())
    sent = session.export_tasks(tmp_path / "out", "mturk")
    with (sent.folder / "tasks.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["left"] for row in rows} == {"first", "second"}
    for row in rows:  # A is what is shown first
        assert (
            row["shown"].index(f"b{row['item']}") < row["shown"].index(f"a{row['item']}")
            or row["left"] == "first"
        )
    given = [
        {"AssignmentId": row["item"], "WorkerId": "ann", "Input.item": row["item"], "Input.left": row["left"],
         "Answer.answer": '"side A"'}
        for row in rows
    ]  # fmt: skip
    pd.DataFrame(given).to_csv(tmp_path / "b.csv", index=False)
    assert session.import_answers(tmp_path / "b.csv").n == 20
    labels = session.labels().set_index("id")["label"]
    assert {str(k): label for k, label in labels.items()} == {row["item"]: row["left"] for row in rows}
    page = session.export_tasks(tmp_path / "page", ids=list(range(20)))
    assert {one["swap"] for one in work_of(page.files[0])["tasks"]} == {True, False}


def test_what_cannot_be_sent(make_session: Make, session: Session, tmp_path: Path) -> None:
    spans = make_session(TABLE, text="t", id="k", classes=None, question=Question.spans(["a"]))
    with pytest.raises(InvalidInput, match=r"Tasks of kind 'spans' cannot be sent out, only 'choice', "):
        spans.export_tasks(tmp_path / "a")
    with pytest.raises(InvalidInput, match=r"to='paeg'.*Did you mean 'page'"):
        session.export_tasks(tmp_path / "a", "paeg")
    with pytest.raises(InvalidInput, match=r"The item 'k1' has no label"):
        session.export_tasks(tmp_path / "a", examples=["k1"])
    with pytest.raises(InvalidInput, match=r"overlap=0"):
        session.export_tasks(tmp_path / "a", overlap=0)
    images = make_session([np.zeros((8, 8), np.uint8), np.ones((9, 9), np.uint8)])
    with pytest.raises(InvalidInput, match=r"nothing to send. The first one: The image is not an address"):
        images.export_tasks(tmp_path / "a", "mturk")
    sent = images.export_tasks(tmp_path / "a")
    assert work_of(sent.files[0])["tasks"][0]["blocks"][0]["src"].startswith("data:image/png;base64,")
    with pytest.raises(InvalidInput, match=r"already exists"):
        images.export_tasks(tmp_path / "a")


def test_advice_that_works(make_session: Make, session: Session, tmp_path: Path) -> None:
    form = Question.form({"a": Question.choice(["x", "y"]), "b": Question.text()})
    asked = make_session(TABLE, text="t", id="k", classes=None, question=form)
    with pytest.raises(InvalidInput, match=r'session\.export\(path, "label-studio"\)'):
        asked.export_tasks(tmp_path / "a")
    with pytest.raises(InvalidInput, match=r"nothing to send\. ids= is empty\."):
        session.export_tasks(tmp_path / "a", ids=[])
    (tmp_path / "a.csv").write_text("x,y\n1,2\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"'Label Studio', 'Mechanical Turk', 'a page of tasks'\."):
        session.import_answers(tmp_path / "a.csv")


@pytest.mark.parametrize("to", ["page", "mturk", "label-studio"])
def test_answers_to_other_tasks_are_refused(make_session: Make, tmp_path: Path, to: str) -> None:
    """Two projects whose ids are the same numbers, and a file in which somebody changed an id."""

    def asked(texts: list[str], **more: Any) -> Session:
        table = pd.DataFrame({"k": [f"k{i}" for i in range(5)], "t": texts})
        return make_session(table, text="t", id="k", classes=["good", "bad"], store=":memory:", **more)

    mine, other = asked(TEXTS), asked(["another", *TEXTS[1:]])
    sent = mine.export_tasks(tmp_path / "out", to)
    if to == "page":
        path = answers(sent.files[0], "ann", dict.fromkeys(TABLE["k"], "good"), tmp_path / "in")
        file = json.loads(path.read_text())
        kept = {one["item"]: one["digest"] for one in work_of(sent.files[0])["tasks"]}
        for one in file["answers"]:
            one["digest"] = kept[one["item"]]
        told = file["answers"]
    elif to == "mturk":
        rows = pd.read_csv(sent.folder / "tasks.csv", dtype=str).add_prefix("Input.").to_dict("records")
        told = [{**row, "AssignmentId": "a", "WorkerId": "ann", "Answer.answer": '"good"'} for row in rows]
        path = tmp_path / "batch.csv"
    else:
        told = json.loads((sent.folder / "tasks.json").read_text())
        part = {"from_name": "answer", "to_name": "item", "type": "choices", "value": {"choices": ["good"]}}
        for one in told:
            one["annotations"] = [{"result": [part], "completed_by": 3}]
        path = tmp_path / "export.json"

    def write() -> Path:
        if to == "mturk":
            pd.DataFrame(told).to_csv(path, index=False)
        else:
            path.write_text(json.dumps(file | {"answers": told} if to == "page" else told))
        return path

    assert mine.import_answers(write()).n == 5
    found = other.import_answers(path)
    assert found.n == 4
    assert found.refused["why"].str.contains("What was shown as the item 'k0' is not this item").all()
    # An id that was changed by hand.
    name = {"page": "item", "mturk": "Input.item"}.get(to)
    at = told[0] if name else told[0]["data"]
    name = name or "id"
    at[name] = "k1" if at[name] != "k1" else "k2"
    again = asked(TEXTS, task="again").import_answers(write())
    if to == "page":  # its files name the task
        assert (again.n, len(again.refused)) == (0, 5)
        assert "belongs to the task 'labels', and this is 'again'" in again.refused["why"][0]
        again = asked(TEXTS).import_answers(path)
    assert (again.n, len(again.refused)) == (4, 1)
