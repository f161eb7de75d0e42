"""Questions whose answers are more than classes, in sessions: the log, tables, files and learning."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hitl_widgets as hitl
from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.questions.text import distance

N = 20
ITEMS = pd.DataFrame(
    {
        "id": [f"r{i}" for i in range(N)],
        "text": [f"Ada met Bo {i} times in Rome 😀, said Ж." for i in range(N)],
        "draft": [f"  draft {i} " if i % 3 else None for i in range(N)],
    }
)


def session(question: Any, store: Any = ":memory:", **options: Any) -> hitl.Session:
    given = {"text": "text", "id": "id", "random_state": 0, "annotator": "ann"} | options
    return hitl.Session(ITEMS, question=question, store=store, **given)


def span(start: int, end: int, label: str) -> dict[str, Any]:
    return {"start": start, "end": end, "label": label}


def related(spans: list[Any], *relations: tuple[int, int, str]) -> dict[str, Any]:
    told = [dict(zip(("from", "to", "label"), one, strict=True)) for one in relations]
    return {"spans": spans, "relations": told}


QUESTIONS: dict[str, tuple[Any, list[Any]]] = {
    "number": (hitl.Question.number(0, 10, "How many?", step=0.5), [0, 3.5, 10]),
    "open number": (hitl.Question.number(), [-7, 0, 123456]),
    "text": (hitl.Question.text("What is it?", lines=True), ["=1+1", "one, two", 'a "quoted"\nline']),
    "spans": (
        hitl.Question.spans(["person", "place"], "Who and where?", overlap=True),
        [[], [span(0, 3, "person")], [span(0, 3, "person"), span(0, 10, "place"), span(29, 30, "place")]],
    ),
    "relations": (
        hitl.Question.spans(["person", "place"], relations=["met", "lives in"]),
        [
            related([]),
            related([span(0, 3, "person"), span(8, 10, "person")], (0, 1, "met"), (1, 0, "met")),
            related([span(0, 3, "person"), span(22, 26, "place")], (0, 1, "lives in")),
        ],
    ),
}
every = pytest.mark.parametrize("name", QUESTIONS)


@every
def test_answers_survive_a_restart_undo_and_a_relabel(name: str, tmp_path: Path) -> None:
    question, values = QUESTIONS[name]
    with session(question, tmp_path / "labels.sqlite") as made:
        for i, value in enumerate(values):
            made.label(f"r{i}", value)
        made.label("r0", values[-1])
        made.undo()
        assert made.labels()["label"].tolist() == values
        past = made.history()
        assert past.loc[past["kind"] == "label", "value"].tolist() == [*values, values[-1]]
    with session(None, tmp_path / "labels.sqlite") as again:
        assert again.schema == question
        assert again.labels()["label"].tolist() == values
        frame = again.to_frame().set_index("id")["label"]
        assert frame.loc[["r0", "r1", "r2"]].tolist() == values
        assert frame.loc["r3"] is None or pd.isna(frame.loc["r3"])
        again.label("r0", None)
        assert again.n_labels == len(values) - 1
        again.redo()
        again.wait()


@every
def test_answers_of_two_people_are_exported_and_come_back(name: str, tmp_path: Path) -> None:
    question, values = QUESTIONS[name]
    with session(question, tmp_path / "labels.sqlite") as ann:
        for i in range(12):
            ann.label(f"r{i}", values[i % 3])
        with session(question, tmp_path / "labels.sqlite", annotator="bob") as bob:
            for i in range(6):
                bob.label(f"r{i}", values[(i // 2) % 3])
        path = ann.export(tmp_path / "out.csv", names=True)
        before = ann.labels().sort_values(["id", "annotator"])["label"].tolist()
        card = Path(f"{path}.card.md").read_text(encoding="utf-8")
    assert "Agreement" in card
    if name == "relations":
        assert "| met | 12 |" in card
        assert "| lives in | 6 |" in card
    with session(question, ":memory:") as other:
        found = other.import_labels(path, annotator="annotator")
        assert not len(found.refused), found.refused["why"].tolist()
        assert other.labels().sort_values(["id", "annotator"])["label"].tolist() == before


WRONG: dict[str, list[Any]] = {
    "number": [
        11,
        -1,
        0.3,
        "ten",
        True,
        None.__class__,
        [],
        {},
        float("nan"),
        "",
        {"number": "x"},
        {"number": 1, "unit": "m"},
    ],
    "open number": [0.5, 1e13, "1e400", 10**400, -(10**400), object()],
    "text": [5, "", "  \n ", "half \ud83d", ["a"], {"text": 3}, {"text": "a", "lang": "en"}, "x" * 1_000_001],
    "spans": [
        "person",
        [span(3, 3, "person")],
        [span(-1, 3, "person")],
        [span(0, 1000, "person")],
        [span(0, 3, "animal")],
        [span(0, 3.5, "person")],  # type: ignore[arg-type]
        [{"start": 0, "label": "person"}],
        [None],
        {"spans": [[0, 3]]},
        {"spans": [[0, 3, "person"]], "relation": []},
        {"spans": [[0, 3, "nobody"]]},
        related([span(0, 3, "person"), span(4, 7, "person")], (0, 1, "met")),
        5,
    ],
    "relations": [
        {},
        {"relations": []},
        related([], (0, 1, "met")),
        related([span(0, 3, "person"), span(8, 10, "person")], (0, 2, "met")),
        related([span(0, 3, "person"), span(8, 10, "person")], (-1, 0, "met")),
        related([span(0, 3, "person"), span(8, 10, "person")], (0, True, "met")),
        related([span(0, 3, "person"), span(8, 10, "person")], (0, 1, "knows")),
        related([span(0, 3, "person"), span(8, 10, "person")], (1, 1, "met")),
        related([span(0, 3, "person"), span(0, 3, "person")], (0, 1, "met")),
        related([span(0, 3, "person"), span(8, 10, "person")], (0, 1, "met"), (0, 1, "met")),
        {"spans": [span(0, 3, "person")], "relations": "met"},
        {"spans": [span(0, 3, "person")], "relations": [{"from": 0}]},
        {"spans": [[0, 3, "person"], [8, 10, "person"]], "relations": [[0, 1, "knows"]]},
    ],
}


@every
def test_what_is_no_answer_is_refused_in_words_and_nothing_is_written(name: str) -> None:
    with session(QUESTIONS[name][0]) as made:
        for wrong in WRONG[name]:
            with pytest.raises(InvalidInput, match=r"\w{3}"):
                made.label("r0", wrong)
        assert made.n_labels == 0
        assert not len(made.labels())


def test_numbers_are_learned_with_their_uncertainty_and_measured() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4)).astype(np.float32)
    y = np.exp(X[:, 0]).round(3)
    items = [f"item {i}" for i in range(300)]
    with hitl.Session(
        items, X=X, question=hitl.Question.number(step=0), store=":memory:", random_state=0, audit=0.3
    ) as made:
        for _ in range(60):
            [id_] = made.query()
            made.label(id_, float(y[made.pool.index([id_])[0]]))
        made.wait()
        found = made.predictions()
        assert {"label", "confidence", "uncertainty", "sd"} <= set(found)
        assert np.corrcoef(found["label"].astype(float), y)[0, 1] > 0.6
        error = np.abs(found["label"].astype(float).to_numpy() - y).mean()
        estimate = made.accuracy()
        assert estimate.low <= estimate.value <= estimate.high
        assert 0.2 * error < estimate.value < 5 * error


def test_texts_teach_nothing_and_are_asked_to_cover_the_map() -> None:
    X = np.repeat(np.eye(4, dtype=np.float32) * 10, 25, axis=0)
    X += np.random.default_rng(0).normal(size=X.shape).astype(np.float32) * 0.1
    items = [f"item {i}" for i in range(100)]
    with hitl.Session(
        items, X=X, question=hitl.Question.text(), store=":memory:", random_state=0, audit=0
    ) as made:
        asked = []
        for _ in range(12):
            [id_] = made.query()
            asked.append(int(made.pool.index([id_])[0]) // 25)
            made.label(id_, "something")
        assert set(asked[:8]) == {0, 1, 2, 3}
        made.wait()
        assert made.predictions()["label"].isna().all()
        assert made.accuracy().value is None
        with pytest.raises(HitlError, match="nothing is learned"):
            made.model()
    with pytest.raises(InvalidInput, match="nothing is learned from answers"):
        session(hitl.Question.text(), strategy="entropy")


def test_spans_teach_which_classes_occur() -> None:
    texts = [f"{'Ada went home' if i % 2 else 'It rains again'} {i}" for i in range(200)]
    question = hitl.Question.spans(["person"])
    with hitl.Session(texts, question=question, store=":memory:", random_state=0) as made:
        for i in range(0, 60, 2):
            made.label(made.pool.ids[i], [])
            made.label(made.pool.ids[i + 1], [span(0, 3, "person")])
        made.wait()
        guesses = made.predictions()["label"].tolist()
    assert sum(guess == (["person"] if i % 2 else []) for i, guess in enumerate(guesses)) > 190


def test_offsets_are_code_points() -> None:
    with hitl.Session(["😀😀 Ada"], question=hitl.Question.spans(["person"]), store=":memory:") as made:
        made.label(made.pool.ids[0], [span(3, 6, "person")])
        [[found]] = made.labels()["label"]
        assert "😀😀 Ada"[found["start"] : found["end"]] == "Ada"
        with pytest.raises(InvalidInput, match="beyond the text, which has 6"):
            made.label(made.pool.ids[0], [span(3, 7, "person")])


def test_overlaps_are_refused_where_the_question_does_not_allow_them() -> None:
    with session(hitl.Question.spans(["person", "place"])) as made:
        with pytest.raises(InvalidInput, match=r"0-3 and 2-5 overlap.*overlap=True"):
            made.label("r0", [span(0, 3, "person"), span(2, 5, "place")])
        made.label("r0", [span(0, 3, "person"), span(3, 5, "place")])


def test_a_question_about_other_items_is_refused(tmp_path: Path) -> None:
    images = [np.full((8, 8), i, np.uint8) for i in range(5)]
    with pytest.raises(InvalidInput, match=r"spans of a text.*kind 'image'"):
        hitl.Session(images, question=hitl.Question.spans(["a"]), store=tmp_path / "labels.sqlite")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: hitl.Question.number(5, 5), "not below"),
        (lambda: hitl.Question.number(0, 1, step=2), "step"),
        (lambda: hitl.Question.number("a"), "low="),
        (lambda: hitl.Question.number(0, 1, unit=3), "unit="),
        (lambda: hitl.Question.spans([]), "at least one class"),
    ],
)
def test_impossible_questions_are_said(make: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        make()


def test_a_renamed_and_a_merged_class_are_followed_in_spans() -> None:
    with session(hitl.Question.spans(["person", "place", "thing"])) as made:
        made.label("r0", [span(0, 3, "person"), span(4, 6, "thing")])
        made.classes.rename("person", "human")
        made.classes.merge(["thing"], into="place")
        assert made.labels()["label"].tolist() == [[span(0, 3, "human"), span(4, 6, "place")]]
        made.classes.split("place", into=["city", "country"])
        assert not len(made.labels())  # asked again
        made.undo()
        assert made.n_labels == 1


@pytest.mark.parametrize(
    ("spans", "relation", "words"),
    [
        (2, (0, 2, "met"), "from 0 to 1"),
        (0, (0, 1, "met"), "the answer has none"),
        (2, (0, 1, "mets"), "Did you mean 'met'"),
        (2, (1, 1, "met"), "to itself"),
    ],
)
def test_what_is_wrong_with_a_relation_is_said(spans: int, relation: Any, words: str) -> None:
    given = [span(0, 3, "person"), span(8, 10, "person")][:spans]
    with session(QUESTIONS["relations"][0]) as made, pytest.raises(InvalidInput, match=words):
        made.label("r0", related(given, relation))


@pytest.mark.parametrize(
    ("relations", "words"),
    [
        ("met", "list of types"),
        ([""], "list of types"),
        ([3], "list of types"),
        ([], "0 types"),
        (["a", "a"], "more than once"),
        (["x" * 61], "61 characters"),
        ([str(i) for i in range(35)], "35 types"),
    ],
)
def test_impossible_types_of_relations_are_said(relations: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        hitl.Question.spans(["a"], relations=relations)


def test_relations_follow_their_spans_when_classes_change() -> None:
    question = hitl.Question.spans(["person", "human", "place"], overlap=True, relations=["met", "in"])
    with session(question) as made:
        given = [span(0, 3, "human"), span(0, 3, "person"), span(8, 10, "place")]
        made.label("r0", related(given, (0, 1, "met"), (0, 2, "in"), (1, 2, "in")))
        made.classes.merge(["human"], into="person")  # two spans are one now
        now = related([span(0, 3, "person"), span(8, 10, "place")], (0, 1, "in"))
        assert made.labels()["label"].tolist() == [now]
        made.classes.rename("place", "town")
        assert [one["label"] for one in made.labels()["label"][0]["spans"]] == ["person", "town"]
        made.classes.split("town", into=["city", "village"])
        assert not len(made.labels())


def test_relations_can_be_asked_for_later_and_a_list_means_none(tmp_path: Path) -> None:
    before = hitl.Question.spans(["person", "place"])
    with session(before, tmp_path / "labels.sqlite") as made:
        made.label("r0", [span(0, 3, "person")])
    with session(QUESTIONS["relations"][0], tmp_path / "labels.sqlite") as made:
        made.label("r1", [span(8, 10, "person")])
        assert made.labels()["label"].tolist() == [
            related([span(0, 3, "person")]),
            related([span(8, 10, "person")]),
        ]


def test_agreement_is_that_of_spans_and_of_relations() -> None:
    question = QUESTIONS["relations"][0]
    spans = [span(0, 3, "person"), span(8, 10, "person")]
    with session(question) as made:
        kind, fold = made._loop.log.ledger.fold.kind, made._loop.log.ledger.fold

        def agree(a: Any, b: Any) -> float:
            parsed = [kind.parse(one, fold.vocabulary) for one in (a, b)]
            return kind.agree(*parsed, made.schema)

        met = related(spans, (0, 1, "met"))
        assert agree(met, related(spans[::-1], (1, 0, "met"))) == 1
        assert agree(met, related(spans, (1, 0, "met"))) == 0.5  # the spans, but not the relation
        assert agree(met, related(spans)) == 0.5
        assert agree(related(spans), related(spans[:1])) == pytest.approx(2 / 3)


def suggestions(made: hitl.Session, rows: list[int]) -> dict[int, tuple[Any, str]]:
    assert made._loop.suggesting is not None
    return made._loop.suggesting.of(rows)


def test_the_distance_of_texts_is_that_of_levenshtein() -> None:
    def slow(a: list[str], b: list[str]) -> int:
        if not a or not b:
            return len(a) + len(b)
        return min(slow(a[1:], b) + 1, slow(a, b[1:]) + 1, slow(a[1:], b[1:]) + (a[0] != b[0]))

    rng = np.random.default_rng(0)
    for _ in range(60):
        a, b = (list(rng.choice(list("xyz"), rng.integers(0, 6))) for _ in range(2))
        assert distance(a, b) == slow(a, b)
    assert distance(["x"] * 5000, ["y"] * 4000) == 5000  # takes no minute


def test_suggestions_are_kept_within_bounds() -> None:
    with session(hitl.Question.text(), suggest="draft") as made:
        made._loop.suggesting._raw = dict.fromkeys((5, *range(100, 20000)), ("draft", ""))
        assert suggestions(made, [0, 5, 1])[5] == ({"text": "draft"}, "")
        assert len(made._loop.suggesting._raw) == 3


def test_suggestions_come_from_a_column_or_a_function_and_are_checked() -> None:
    with session(hitl.Question.text(), suggest="draft") as made:
        assert suggestions(made, [0, 1]) == {0: (None, ""), 1: ({"text": "draft 1"}, "")}
        assert made.n_labels == 0
    calls = []

    def find(texts: list[str]) -> list[Any]:
        calls.append(len(texts))
        return [[span(0, 3, "person")], [span(0, 999, "person")], None, "?"][: len(texts)]

    with session(hitl.Question.spans(["person"]), suggest=find) as made:
        found = suggestions(made, [0, 1, 2, 3])
        assert found[0] == ({"spans": [[0, 3, "person"]]}, "")
        assert found[1][0] is None
        assert "beyond the text" in found[1][1]
        assert found[2] == (None, "")
        assert "not a list" in found[3][1]
        suggestions(made, [0, 1])
        assert calls == [4], "what is known is not asked again"
    some = related([span(8, 10, "person"), span(0, 3, "person")], (0, 1, "met"))
    with session(QUESTIONS["relations"][0], suggest=lambda texts: [some] * len(texts)) as made:
        told = {"spans": [[0, 3, "person"], [8, 10, "person"]], "relations": [[1, 0, "met"]]}
        assert suggestions(made, [0])[0] == (told, "")
    with session(hitl.Question.spans(["person"]), suggest=lambda texts: 1 / 0) as made:
        assert "ZeroDivisionError" in suggestions(made, [0])[0][1]
    with session(hitl.Question.spans(["person"]), suggest=lambda texts: []) as made:
        assert "a list of 0: expected a list with one answer for each" in suggestions(made, [0])[0][1]
    with pytest.raises(InvalidInput, match=r"suggest='drafts'.*draft"):
        session(hitl.Question.text(), suggest="drafts")


@every
def test_simulations_race_on_them(name: str) -> None:
    question, values = QUESTIONS[name]
    X = np.repeat(np.eye(3, dtype=np.float32) * 4, 20, axis=0)
    X += np.random.default_rng(0).normal(size=X.shape).astype(np.float32)
    y = [values[i // 20] for i in range(60)]
    if name == "text":
        with pytest.raises(InvalidInput, match="nothing is learned"):
            hitl.simulate(X, y, question=question, budget=20)
        return
    found = hitl.simulate(X, y, question=question, budget=20, repeats=1)
    assert len(found.to_frame()) if hasattr(found, "to_frame") else found


def test_the_log_has_ids_and_nothing_else(tmp_path: Path) -> None:
    with session(QUESTIONS["spans"][0], tmp_path / "labels.sqlite") as made:
        made.classes.rename("person", "human")
        made.label("r0", [span(0, 3, "human")])
        [event] = [e for e in made._loop.log.ledger.events if e.kind == "label"]
        assert json.loads(json.dumps(event.value)) == {"spans": [[0, 3, "person"]]}


def test_guessed_numbers_are_within_the_range_and_the_steps() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3)).astype(np.float32)
    y = np.where(rng.random(200) < 0.5, 0, 110)
    items = [f"item {i}" for i in range(200)]
    with hitl.Session(
        items, X=X, question=hitl.Question.number(0, 115, step=10), store=":memory:", random_state=0, audit=0
    ) as made:
        for i in range(60):
            made.label(made.pool.ids[i], int(y[i]))
        made.wait()
        kind, belief = made._loop.labels.kind, made.round.belief
        words = [kind.guess_words(belief, i) for i in range(60, 200)]
        assert any(one.endswith("likely 0 to 110") for one in words), words[:3]
        assert not any("±" in one or "." in one or "-" in one for one in words)
        assert all(value % 10 == 0 and 0 <= value <= 110 for value in made.predictions()["label"])


@pytest.mark.parametrize(
    ("low", "high", "step", "given", "stored"),
    [
        (0, 1, 0.1, 0.1 + 0.2, 0.3),
        (0, 0.3, 0.1, 0.1 + 0.2, 0.3),
        (0.05, 1, 0.1, 0.05 + 0.1 + 0.2, 0.35),
        (None, None, 0.1, -(0.1 + 0.2), -0.3),
        (0, 1, 0.01, "0.29000000000000004", 0.29),
        (0, 5, 1, 2.0000000001, 2),
        (0, 1, 0, 0.1 + 0.2, 0.1 + 0.2),
    ],
)
def test_a_number_is_stored_as_its_step(low: Any, high: Any, step: float, given: Any, stored: float) -> None:
    with session(hitl.Question.number(low, high, step=step)) as made:
        made.label("r0", given)
        assert made.labels()["label"].tolist() == [stored]
