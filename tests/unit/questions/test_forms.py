"""Forms: several questions about one item, in sessions, files, changes of classes and learning."""

from __future__ import annotations

from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hitl_widgets as hitl
from hitl_widgets.errors import InvalidInput
from hitl_widgets.loop.suggesting import source_of_model
from hitl_widgets.questions.base import Drafted, kind_of

Q = hitl.Question
N = 40
ITEMS = pd.DataFrame(
    {
        "id": [f"r{i}" for i in range(N)],
        "text": [f"{'cheap pills' if i % 2 else 'thanks a lot'} {i}" for i in range(N)],
        "idea": [{"topic": "spam", "age": 5} if i % 2 else {"topic": "nothing"} for i in range(N)],
    }
)


def questions(**more: Any) -> dict[str, Any]:
    return {
        "topic": Q.choice(["praise", "spam", "scam"], "What is it?"),
        "tags": Q.choices(["praise", "urgent"]),
        "tone": Q.rating(5),
        "age": Q.number(0, 120, unit="years"),
        "why": Q.text("Why?", lines=True),
        **more,
    }


def form(**how: Any) -> Any:
    given = {"optional": ["age"], "when": {"why": {"topic": ["spam", "scam"]}}, "defaults": {"tone": 3}}
    return Q.form(questions(**how.pop("more", {})), "Read it.", **given | how)


SPAM = {"topic": "spam", "tags": ["urgent"], "tone": 1, "age": 33, "why": 'says "=1+1",\nЖ 😀'}
PRAISE = {"topic": "praise", "tags": [], "tone": 5}
SCAM = {"topic": "scam", "tags": ["praise", "urgent"], "tone": 1, "why": "wants money"}
VALUES = [SPAM, PRAISE, SCAM]


def session(question: Any = None, store: Any = ":memory:", **options: Any) -> hitl.Session:
    given = {"text": "text", "id": "id", "random_state": 0, "annotator": "ann"} | options
    return hitl.Session(ITEMS, question=question, store=store, **given)


def test_answers_survive_a_restart_undo_and_a_relabel(tmp_path: Path) -> None:
    with session(form(), tmp_path / "labels.sqlite") as made:
        for i, value in enumerate(VALUES):
            made.label(f"r{i}", value)
        made.label("r0", PRAISE)
        made.undo()
        assert made.labels()["label"].tolist() == VALUES
    with session(None, tmp_path / "labels.sqlite") as again:
        assert again.schema == form()
        assert again.labels()["label"].tolist() == VALUES
        assert again.to_frame().set_index("id")["label"].loc["r2"] == SCAM
        assert list(again.find('class:"topic: spam"')) == ["r0"]
        assert list(again.find('class:"tags: praise"')) == ["r2"]
    with session(form(), tmp_path / "labels.sqlite") as same:
        assert same.history()["kind"].tolist().count("schema") == 1, "the same form is not asked again"


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx", "jsonl"])
def test_what_is_exported_comes_back(ending: str, tmp_path: Path) -> None:
    with session(form(), tmp_path / "labels.sqlite") as ann:
        for i in range(12):
            ann.label(f"r{i}", VALUES[i % 3])
        with session(form(), tmp_path / "labels.sqlite", annotator="bob") as bob:
            for i in range(6):
                bob.label(f"r{i}", VALUES[(i // 2) % 3])
        path = ann.export(tmp_path / f"out.{ending}", names=True)
        before = ann.labels().sort_values(["id", "annotator"])["label"].tolist()
        card = Path(f"{path}.card.md").read_text(encoding="utf-8")
    assert "mean over the questions" in card
    assert r"| topic\: spam |  | 6 |" in card
    assert "why" not in card.split("## Labels")[0], "a text is not a class"
    with session(form()) as other:
        how = {} if ending == "jsonl" else {"annotator": "annotator"}
        found = other.import_labels(path, **how)
        assert not len(found.refused), found.refused["why"].tolist()
        assert other.labels().sort_values(["id", "annotator"])["label"].tolist() == before


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({**PRAISE, "tpic": 1}, r"'tpic' is not a question of this form.*'topic'"),
        ({"topic": "praise", "tags": []}, r"answer to 'tone' is missing: expected a rating"),
        ({**PRAISE, "topic": None}, r"answer to 'topic' is missing"),
        ({**SPAM, "why": None}, r"answer to 'why' is missing"),
        ({**PRAISE, "why": "x"}, r"'why' is only asked if 'topic' is 'spam' or 'scam': leave it out"),
        ({**PRAISE, "topic": "prase"}, r"'topic': 'prase' is not an answer.*mean 'praise'"),
        ({**PRAISE, "tone": 6}, r"'tone': 6 is not an answer.* 1, 2, 3, 4, 5"),
        ({**PRAISE, "tone": True}, r"'tone': True is not a level"),
        ({**PRAISE, "age": 200}, r"'age': 200 is not a valid answer: expected at most 120"),
        ({**PRAISE, "tags": "spam"}, r"'tags': 'spam' is not an answer"),
        (["praise"], "expected a dict from the names of questions"),
        ("praise", "expected a dict, or JSON"),
        (5, "expected a dict"),
        ({}, "missing"),
        ({"form": {"topic": {"class": "gone"}}}, "no longer exists"),
    ],
)
def test_what_is_no_answer_is_refused_in_words_and_nothing_is_written(wrong: Any, words: str) -> None:
    with session(form()) as made:
        with pytest.raises(InvalidInput, match=words):
            made.label("r0", wrong)
        assert not len(made.labels())


class Colour(Enum):
    RED = 1


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Q.form({}), "no questions.*expected a dict"),
        (lambda: Q.form([Q.text()]), "expected a dict from names"),  # type: ignore[arg-type]
        (lambda: Q.form({3: Q.text()}), "name 3 of a question: expected a text"),  # type: ignore[dict-item]
        (lambda: Q.form({" ": Q.text()}), "expected a text"),
        (lambda: Q.form({"a: b": Q.text()}), "without colons"),
        (lambda: Q.form({"a\nb": Q.text()}), "one line"),
        (lambda: Q.form({"why": Q.text(), "wh\u0443": Q.text()}), "look the same: rename one of them"),
        (lambda: Q.form({"why": ["a", "b"]}), "expected a question, as in"),  # type: ignore[dict-item]
        (lambda: Q.form({"inner": form()}), "'inner' is a form: put its questions into this form"),
        (lambda: Q.form({"best": Q.pair()}), "which of two is better.*task of its own.*task='best'"),
        (lambda: Q.form({"names": Q.spans(["a"])}), "spans of a text, which needs the whole card"),
        (lambda: Q.form({"cars": Q.boxes(["a"])}), "cannot be a part of a form"),
        (lambda: Q.form({"c": Q.choice([Colour.RED, "b"])}), "type 'Colour', which a form cannot store"),
        (lambda: form(optional=["agee"]), "optional= contains 'agee'.*mean 'age'"),
        (lambda: form(defaults={"ton": 1}), "defaults= contains 'ton'.*mean 'tone'"),
        (lambda: form(defaults=["tone"]), "defaults=.*expected a dict"),
        (lambda: form(defaults={"tone": 9}), "defaults= gives 'tone' the answer 9. 9 is not a level"),
        (lambda: form(when={"wy": {"topic": "spam"}}), "when= contains 'wy'"),
        (lambda: form(when={"why": {"tpic": "spam"}}), "'why' depend on 'tpic', which is not a question"),
        (lambda: form(when={"topic": {"tags": "urgent"}}), "depend on 'tags', which is asked later"),
        (lambda: form(when={"topic": {"topic": "spam"}}), "depend on itself"),
        (lambda: form(when={"why": {"age": [3]}}), "'age', which asks for a number: only classes"),
        (lambda: form(when={"why": {"topic": ["ham"]}}), "the answer 'ham' to 'topic'.*Expected one of"),
        (lambda: form(when={"why": {"topic": []}}), "it would never be asked"),
        (lambda: form(when={"why": "spam"}), "expected a dict, such as"),
    ],
)
def test_impossible_forms_are_said(make: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        make()


def test_classes_keep_their_values_and_keys_within_their_question() -> None:
    made = Q.form(
        {
            "ok": Q.choice([True, False]),
            "day": Q.choice([date(2020, 1, 1), date(2020, 1, 2)]),
            "level": Q.rating([0, 0.5, 1]),
        }
    )
    assert [c.key for c in made.classes] == ["1", "2", "1", "2", "0", "2", "1"]
    value = {"ok": False, "day": date(2020, 1, 2), "level": 0.5}
    with session(made, keys={"ok: True": "j"}) as s:
        s.label("r0", value)
        s.label("r1", {"ok": "True", "day": "2020-01-01", "level": "1"})
        assert s.labels()["label"].tolist()[0] == value
        assert s.labels()["label"].tolist()[1] == {"ok": True, "day": date(2020, 1, 1), "level": 1}
        s.classes.edit("day: 2020-01-01", key="j")
        with pytest.raises(InvalidInput, match="used by"):
            s.classes.edit("day: 2020-01-02", key="j")
        assert s._loop.log.keys[:3] == ("j", "2", "j")


def labels_of(made: hitl.Session) -> dict[str, Any]:
    return dict(made.labels()[["id", "label"]].itertuples(index=False))


def test_answers_follow_their_classes() -> None:
    with session(form()) as made:
        for i, value in enumerate(VALUES):
            made.label(f"r{i}", value)
        made.classes.rename("topic: spam", "junk")
        assert labels_of(made)["r0"] == {**SPAM, "topic": "junk"}
        made.label("r0", {**SPAM, "topic": "spam"})  # by its former name
        made.classes.merge(["topic: scam", "topic: junk"], into="bad")
        assert {i: label["topic"] for i, label in labels_of(made).items()} == {
            "r0": "bad",
            "r1": "praise",
            "r2": "bad",
        }
        with pytest.raises(InvalidInput, match="only asked if 'topic' is 'bad'"):
            made.label("r1", {**PRAISE, "why": "x"})
        made.undo()
        made.classes.rename("tone: 1", "awful")
        assert [labels_of(made)[f"r{i}"]["tone"] for i in range(3)] == ["awful", 5, "awful"]
        made.classes.add("topic: other")
        made.classes.merge(["topic: praise", "topic: junk"], into="topic: junk")
        # A merge brought the condition about, and the reason is missing: it is asked again.
        assert set(labels_of(made)) == {"r0", "r2"}
        made.undo()
        made.classes.split("tags: urgent", into=["now", "today"])
        assert made.labels()["id"].tolist() == ["r1"]
        made.label("r0", {**SPAM, "topic": "junk", "tags": ["today"], "tone": "awful"})
        made.classes.retire("tags: today")
        with pytest.raises(InvalidInput, match=r"retired.*classes.restore\('tags: today'\)"):
            made.label("r1", {**PRAISE, "tags": ["today"]})
        assert labels_of(made)["r0"]["tags"] == ["today"]


def test_a_condition_on_a_class_that_was_renamed_or_added_holds_in_a_new_cell(tmp_path: Path) -> None:
    def asked(*topics: str, by: list[str]) -> Any:
        return Q.form({"topic": Q.choice(topics), "why": Q.text()}, when={"why": {"topic": by}})

    store = tmp_path / "labels.sqlite"
    with session(asked("praise", "spam", by=["spam"]), store) as made:
        made.label("r0", {"topic": "spam", "why": "x"})
        made.classes.rename("topic: spam", "junk")
        made.classes.add("topic: spam")
    with session(asked("praise", "junk", "spam", by=["junk"]), store) as made:
        assert made.labels()["label"].tolist() == [{"topic": "junk", "why": "x"}]
        made.label("r1", {"topic": "spam"})
        with pytest.raises(InvalidInput, match="answer to 'why' is missing"):
            made.label("r2", {"topic": "junk"})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.add("x"), "which question it belongs to.*'topic: x'"),
        (lambda c: c.add("tone: 6"), "'tone' are a scale, which 'add' would change"),
        (lambda c: c.add("why: x"), "'why' has no classes"),
        (lambda c: c.merge(["tone: 1", "tone: 2"], "tone: 1"), "scale"),
        (lambda c: c.reorder(["tone: 2", "tone: 1"]), "their order is fixed"),
        (lambda c: c.merge(["topic: spam", "tags: urgent"], "topic: spam"), "different questions"),
        (lambda c: c.rename("topic: praise", "tags: x"), "another question than 'topic: praise'"),
        (lambda c: c.retire("tags: urgent"), "less than two classes"),
        (lambda c: c.retire("topic: spam"), "'why' is asked because of 'topic: spam'"),
        (lambda c: c.split("topic: spam", ["a", "b"]), "'why' is asked because of 'topic: spam'"),
        (lambda c: c.rename("topic: nothing", "x"), "not a class that can be chosen"),
    ],
)
def test_impossible_changes_of_classes_are_said(change: Any, words: str) -> None:
    with session(form()) as made:
        before = made.classes.names
        with pytest.raises(InvalidInput, match=words):
            change(made.classes)
        assert made.classes.names == before


def test_a_form_may_grow_but_loses_no_question(tmp_path: Path) -> None:
    store = tmp_path / "labels.sqlite"
    with session(form(), store) as made:
        made.label("r0", PRAISE)
    with session(form(more={"more": Q.text()}, optional=["age", "more"]), store) as made:
        assert made.labels()["label"].tolist() == [PRAISE]
    with pytest.warns(RuntimeWarning, match="The answers to 1 item, such as 'r0', lack a question"):
        made = session(form(more={"more": Q.text()}), store)
    with made:
        assert not len(made.labels()), "the answer to a new question is missing: it is asked again"
    with session(form(more={"more": Q.text()}, optional=["more", "age"]), store) as made:
        assert made.labels()["label"].tolist() == [PRAISE]
        n = len(made.history())
    with pytest.raises(InvalidInput, match="asks 'more', which is missing here"):
        session(form(), store)
    more = {"more": Q.text(), "tone": Q.number(0, 5)}
    with pytest.raises(InvalidInput, match="'tone' of this task is of kind 'rating'"):
        session(form(more=more), store)
    with pytest.raises(InvalidInput, match="levels of 'tone' are '1', '2', '3', '4', '5'"):
        session(form(more={"more": Q.text(), "tone": Q.rating(3)}), store)
    with pytest.raises(InvalidInput, match="a form of several questions"):
        session(Q.choice(["a", "b"]), store)
    with session(None, store) as made:
        assert len(made.history()) == n


def test_suggestions_may_be_partial_and_are_compared_as_far_as_they_go() -> None:
    with session(form(), suggest="idea", mode="verify") as made:
        suggesting = made._loop.suggesting
        assert suggesting is not None
        idea, why = suggesting.of([1])[1]
        assert (idea, why) == ({"form": {"topic": {"class": "spam"}, "age": {"number": 5.0}}}, "")
        assert "'nothing' is not an answer" in suggesting.of([0])[0][1]
        kind = kind_of("form")
        assert isinstance(kind, Drafted)
        assert kind.keeps(idea, {"form": {**idea["form"], "why": {"text": "x"}}})
        assert not kind.keeps(idea, {"form": {**idea["form"], "age": {"number": 6.0}}})
        # A part whose condition is not in the suggestion is kept, one that contradicts it is not.
        fold = made._loop.log.ledger.fold
        assert kind.dump(kind.draft({"why": "x"}, fold.vocabulary)) == {"form": {"why": {"text": "x"}}}
        assert kind.draft({"topic": "praise", "why": "x"}, fold.vocabulary) == (
            ("topic", "choice", "praise"),
        )


def test_agreement_is_the_mean_over_the_questions_that_either_answers() -> None:
    with session(form()) as made:
        fold = made._loop.log.ledger.fold
        schema, kind = made.schema, kind_of("form")
        a, b, c = (kind.parse(value, fold.vocabulary) for value in VALUES)
        assert kind.agree(a, a, schema) == 1
        # topic 0, tags 0, tone 0, age and why in one only
        assert kind.agree(a, b, schema) == 0
        # topic 0, tags 1/2, tone 1, age 0, why 0
        assert kind.agree(a, c, schema) == pytest.approx(1.5 / 5)


def test_its_classes_are_learned_guessed_and_measured() -> None:
    X = np.repeat(np.eye(2, dtype=np.float32) * 5, 100, axis=0)
    X += np.random.default_rng(0).normal(size=X.shape).astype(np.float32)
    items = [f"item {i}" for i in range(200)]
    truth = [PRAISE if i < 100 else SCAM for i in range(200)]
    with hitl.Session(items, X=X, question=form(), store=":memory:", random_state=0, audit=0.3) as made:
        for _ in range(40):
            [id_] = made.query()
            made.label(id_, truth[made.pool.index([id_])[0]])
        made.wait()
        found = made.predictions()
        asked = [{name: one for name, one in value.items() if name != "why"} for value in truth]
        assert sum(map(dict.__eq__, found["label"], asked)) > 180, "texts and numbers are not guessed"
        assert {"p_topic: spam", "p_tone: 5"} <= set(found)
        assert made.accuracy().value > 0.9
        assert len(made.model().predict(X[:3])) == 3
        guesses = source_of_model(lambda: made._loop.round)([0, 199])
        told = [made._loop.log.as_answer(guess)["form"] for guess in guesses]
        assert [guess["topic"] for guess in told] == [{"class": "praise"}, {"class": "scam"}], "in part"
        kind, schema = kind_of("form"), made.schema
        ways = dict(kind.ways_to_colour(schema))
        assert ways[""] == "topic"
        assert {"tags", "tone", "age", "topic: spam"} <= set(ways)
        belief = made._loop.round.belief
        shading = kind.shading(made._loop.labels.answers, schema, "tone")
        assert [name for name, _ in shading.legend] == ["1", "2", "3", "4", "5", "no answer"]
        shades = shading.guesses(belief)
        assert (shades[:100] == 4).mean() > 0.9
        assert (shades[100:] == 0).mean() > 0.9
    result = hitl.simulate(X, truth, question=form(), budget=20, repeats=1)
    assert result is not None


def test_a_form_without_classes_teaches_nothing_and_says_so() -> None:
    question = Q.form({"en": Q.text("In English?"), "age": Q.number(0, 9)})
    with session(question) as made:
        for i in range(12):
            made.label(f"r{i}", {"en": f"text {i}", "age": i % 10})
        made.wait()
        assert made.predictions()["label"].isna().all()
        assert made.accuracy().value is None
        kind = kind_of("form")
        assert dict(kind.ways_to_colour(made.schema)) == {"": "age"}
    with session(Q.form({"en": Q.text()})) as made:
        assert dict(kind.ways_to_colour(made.schema)) == {"": "answer"}
    with pytest.raises(InvalidInput, match="nothing is learned"):
        session(question, strategy="entropy")
    with pytest.raises(InvalidInput, match="no model predicts a form"):
        session(question, mode="verify")
