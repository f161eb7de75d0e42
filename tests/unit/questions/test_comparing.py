"""Lists, comparisons and rankings in sessions: items, answers, files, learning and the record of sides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hitl_widgets as hitl
from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.items.base import Size
from hitl_widgets.items.base import kind_of as item_kind
from hitl_widgets.items.features.lists import join
from hitl_widgets.learn.problems.comparison import Comparison
from hitl_widgets.maps.preparation import encode
from hitl_widgets.questions.base import kind_of

N = 12
ITEMS = pd.DataFrame(
    {
        "id": [f"r{i}" for i in range(N)],
        "prompt": [f"What is {i}?" for i in range(N)],
        "a": [f"an apple {i}" for i in range(N)],
        "b": [f"a banana {i}" for i in range(N)],
        "c": [f"a cherry {i}" for i in range(N)],
    }
)
PLAIN = hitl.Question.pair("Which is better?", both_bad=True)
REASONS = hitl.Question.pair("Which is better?", reason=True)
REVISIONS = hitl.Question.pair(both_bad=True, revisions=True)
CRITERIA = hitl.Question.pair(criteria=["helpful", "honest"], reasons=["long", "rude"])
RANKING = hitl.Question.ranking("Which order?")
BEST = hitl.Question.ranking("Which is best?", top=1)
PAIR: Any = kind_of("pair")
RANKS: Any = kind_of("ranking")


def session(question: Any, columns: Any = ("a", "b"), **options: Any) -> hitl.Session:
    given = {"store": ":memory:", "random_state": 0, "annotator": "ann", "id": "id"} | options
    return hitl.Session(ITEMS, text=list(columns), question=question, **given)


# -- items


@pytest.mark.parametrize(
    ("how", "option", "shown"),
    [
        ({"text": ["a", "b"]}, "text", "text"),
        ({"item": ["a", "b"]}, "text", "text"),
        ({"item": ("a", "b"), "kind": "list"}, "text", "text"),
        ({"item": ["a", "b"], "kind": "code:python"}, "code:python", "code"),
        ({"item": ["a", "b"], "kind": "list:markdown"}, "markdown", "markup"),
    ],
)
def test_several_columns_make_a_list_of_the_kind(how: Any, option: str, shown: str) -> None:
    pool = hitl.Pool.from_data(ITEMS, **how)
    assert (pool.kind, pool.option, pool.columns) == ("list", option, ("a", "b"))
    assert pool.items[3] == ("an apple 3", "a banana 3")
    content = pool.payload(3).content
    assert [one["kind"] for one in content["items"]] == [shown, shown]
    assert pool.item_kind.words(pool.items[3]) == "an apple 3\na banana 3"


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"text": ["a"]}, "at least two"),
        ({"text": ["a", "d"]}, "no such column"),
        ({"item": ["a", "b"], "kind": "list:list"}, "cannot be lists"),
        ({"item": ["a", "b"], "kind": "list:txt"}, "not a kind of item"),
        ({"text": ["a", "b"], "X": np.zeros((N, 4))}, r"shape \(12, 4\): expected .* \(12, 2, d\)"),
    ],
)
def test_what_is_no_list_is_said(how: Any, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        hitl.Pool.from_data(ITEMS, **how)


def test_a_column_of_lists_names_the_row_that_is_none() -> None:
    assert hitl.Pool.from_data([["a", "b"], ["c", "d"]]).kind == "list"
    for wrong in ("ab", ["a"], None, ["a"] * 31):
        with pytest.raises(InvalidInput, match=r"row 1 .*2 to 30"):
            hitl.Pool.from_data(pd.DataFrame({"x": [["a", "b"], wrong]}), item="x", kind="list:text")
    with pytest.raises(InvalidInput, match=r"row 1 of the lists.*UTF-8"):
        hitl.Pool.from_data([["a", "b"], ["a", b"\xff"]], kind="list:text")


def test_the_order_is_part_of_an_item_and_images_keep_their_media() -> None:
    rng = np.random.default_rng(0)
    images = list(rng.integers(0, 255, (4, 6, 7, 3), np.uint8))
    table = pd.DataFrame({"x": images[:2], "y": images[2:]})
    pool = hitl.Pool.from_data(table, image=["x", "y"])
    turned = hitl.Pool.from_data(table, image=["y", "x"])
    assert set(pool.ids).isdisjoint(turned.ids)
    made = pool.payload(0, Size(most=4_000))
    assert made.content["media"] == [1, 1]
    assert len(made.media) == 2
    assert made.media[0] == turned.payload(0, Size(most=4_000)).media[1]


def test_recordings_in_a_list_are_sent_in_parts() -> None:
    sounds = [(np.full(8_000, i, np.int16), 8_000) for i in range(4)]
    table = pd.DataFrame({"x": sounds[:2], "y": sounds[2:]})
    pool = hitl.Pool.from_data(table, item=["x", "y"], kind="audio")
    versions = [one["version"] for one in pool.payload(0).content["items"]]
    for member in (0, 1):
        ask = {"what": "sound", "clip": 0, "version": versions[member], "member": member}
        [(mime, data)] = pool.part(0, ask, 100_000).media
        assert mime == "audio/wav"
        assert data[50] == (0, 2)[member]
    for odd in (2, -1, "x", 0.5):
        with pytest.raises(ValueError, match="no member"):
            pool.part(0, {"what": "sound", "member": odd}, 100)


def test_the_features_of_a_pair_are_antisymmetric_and_new_pairs_get_the_same() -> None:
    pool = hitl.Pool.from_data(ITEMS, text=["a", "b"])
    X, encoder = encode(pool)
    np.testing.assert_allclose(encoder.transform(pool.items), X, atol=1e-6)
    np.testing.assert_allclose(encoder.transform([item[::-1] for item in pool.items]), -X, atol=1e-6)
    Z = np.random.default_rng(0).normal(size=(N, 2, 3)).astype(np.float32)
    given = hitl.Pool.from_data(ITEMS, text=["a", "b"], X=Z)
    np.testing.assert_allclose(given.X, Z[:, 0] - Z[:, 1])
    lengths = encode(pool, lambda texts: np.array([[len(text)] for text in texts], np.float32))[0]
    assert lengths.tolist() == [[len(a) - len(b)] for a, b in pool.items]
    several = hitl.Pool.from_data(ITEMS, text=["a", "b", "c"], X=np.repeat(Z, 2, axis=1)[:, :3])
    np.testing.assert_allclose(several.X, np.repeat(Z, 2, axis=1)[:, :3].reshape(N, 9), atol=1e-6)
    unequal = join(np.arange(10.0).reshape(5, 2), [3, 2])
    assert unequal.tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 0, 0]]


# -- answers


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ("first", "first"),
        (1, "first"),
        ("2", "second"),
        (np.int64(2), "second"),
        (2.0, "second"),
        ("tie", "tie"),
        ({"label": 2}, "second"),
        ('{"label": "both bad"}', "both bad"),
    ],
)
def test_a_preference_in_any_spelling(given: Any, label: str) -> None:
    with session(PLAIN) as made:
        made.label("r0", given)
        assert made.labels()["label"].tolist() == [label]


def test_a_reason_is_kept_where_it_is_asked_for() -> None:
    with session(REASONS) as made:
        made.label("r0", {"label": "first", "reason": " shorter\r\n"})
        made.label("r1", 2)
        assert made.labels()["label"].tolist() == [
            {"label": "first", "reason": "shorter"},
            {"label": "second", "reason": ""},
        ]
    with session(PLAIN) as made, pytest.raises(InvalidInput, match="reason=True"):
        made.label("r0", {"label": "first", "reason": "shorter"})


def test_criteria_and_reasons_are_kept_with_the_answer(tmp_path: Path) -> None:
    store = tmp_path / "labels.sqlite"
    whole = {"label": "first", "reasons": ["rude", "long"], "criteria": {"honest": 2, "helpful": "tie"}}
    with session(CRITERIA, store=store) as made:
        made.label("r0", whole)
        made.label("r1", 2)
        # As a page answers.
        said = {"pair": "tie", "left": "second", "reasons": ["rude"], "criteria": {"honest": "first"}}
        made._loop.acts.label([2], said, selection="suggested")
        made.label("r3", {"label": "first", "reasons": [], "criteria": {"honest": None}})
    with session(CRITERIA, store=store) as again:
        found = again.labels().set_index("id")["label"]
        # In the order of the question.
        assert found["r0"] == {
            "label": "first",
            "reasons": ["long", "rude"],
            "criteria": {"helpful": "tie", "honest": "second"},
        }
        assert found["r1"] == {"label": "second", "reasons": [], "criteria": {}}
        assert found["r2"] == {"label": "tie", "reasons": ["rude"], "criteria": {"honest": "first"}}
        assert found["r3"] == {"label": "first", "reasons": [], "criteria": {}}
        assert PAIR.text(found["r0"]) == "first: helpful tie, honest second, long, rude"
        again.classes.rename("first", "A")
        assert again.labels().set_index("id")["label"]["r0"]["criteria"]["honest"] == "second"
    # A question that no longer asks for them leaves them in the log.
    with session(PLAIN, store=store) as plain:
        assert plain.labels()["label"].tolist()[1] == "second"
    with session(CRITERIA, store=store) as back:
        assert back.labels().set_index("id")["label"]["r0"]["reasons"] == ["long", "rude"]
    with session(CRITERIA) as made, pytest.raises(InvalidInput, match="sent out cannot ask for criteria"):
        made.export_tasks(tmp_path / "out")


def test_corrected_texts_are_kept_with_the_answer(tmp_path: Path) -> None:
    store = tmp_path / "labels.sqlite"
    with session(REVISIONS, store=store) as made:
        made.label("r0", {"label": 1, "revisions": {2: " better\r\n", "first": "  "}})
        said = {"pair": "tie", "left": "second", "revisions": {"second": "a", "first": "b"}}
        made._loop.acts.label([1], said, selection="suggested")
        made.label("r2", "first")
    with session(REVISIONS, store=store) as again:
        found = again.labels().set_index("id")["label"]
        assert found["r0"] == {"label": "first", "revisions": {"second": " better\r\n"}}  # as it was typed
        assert list(found["r1"]["revisions"].items()) == [("first", "b"), ("second", "a")]
        assert found["r2"] == {"label": "first", "revisions": {}}
        assert PAIR.text(found["r1"]) == "tie: first corrected, second corrected"
        with pytest.raises(InvalidInput, match="sent out cannot ask for revisions"):
            again.export_tasks(tmp_path / "out")
    with session(PLAIN, store=store) as plain:
        assert plain.labels()["label"].tolist() == ["first", "tie", "first"]
    with session(REVISIONS, store=store) as back:
        assert back.labels()["label"][0]["revisions"] == {"second": " better\r\n"}


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"criteria": ["a"] * 2}, "occurs twice"),
        ({"criteria": ["a", ""]}, "criteria= contains ''"),
        ({"reasons": [f"{k}" for k in range(13)]}, "reasons= has 13 names: the limit is 12"),
        ({"criteria": [f"{k}" for k in range(7)]}, "the limit is 6"),
        ({"reasons": [5]}, "contains 5"),
        ({"revisions": ["first"]}, r"revisions=\['first'\]: expected True or False"),
        ({"reason": "why"}, "reason='why': expected True or False"),
    ],
)
def test_criteria_and_reasons_that_cannot_be_asked(how: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        hitl.Question.pair(**how)


def test_the_best_are_ranked_and_the_others_are_below(tmp_path: Path) -> None:
    store = tmp_path / "labels.sqlite"
    with session(BEST, ("a", "b", "c"), store=store) as made:
        made.label("r0", [3])
        made._loop.acts.label([1], {"ranking": [2], "shown": [3, 2, 1], "top": True}, selection="suggested")
        assert made.labels()["label"].tolist() == [[3], [2]]
        assert made.history().iloc[-1]["shown"] == "3, 2, 1"
        made.wait()
        guesses = made.predictions()["label"].tolist()
        assert all(len(one) == 1 for one in guesses)
        path = made.export(tmp_path / "best.csv")
    # A question that asks for all still knows that the others were below.
    with session(RANKING, ("a", "b", "c"), store=store) as again:
        again.label("r2", [1, 2, 3])
        y = again._loop.labels
        ranks = y.target.values[y.y[:3]][:, :3]
        assert ranks.tolist() == [[1, 1, 0], [1, 0, 1], [0, 1, 2]]
    with session(BEST, ("a", "b", "c")) as other:
        assert not len(other.import_labels(path, annotator="annotator").refused)
        assert other.labels().sort_values("id")["label"].tolist() == [[3], [2]]
        vocabulary = other._loop.log.ledger.fold.vocabulary
        a, b, c = (RANKS.parse(one, vocabulary) for one in ([2, 1], [1, 2], [2, 3]))
        assert RANKS.agree(a, a, other.schema) == 1
        assert RANKS.agree(a, b, other.schema) == 0
        assert RANKS.agree(a, c, other.schema) == pytest.approx((1 + 1 + 0) / 3)
    with pytest.raises(InvalidInput, match="top=0"):
        hitl.Question.ranking(top=0)


def test_a_ranking_of_the_best_is_learned_from_what_it_orders() -> None:
    rng = np.random.default_rng(0)
    n, weights = 80, np.array([2.0, -1.0, 0.0])
    Z = rng.normal(size=(n, 5, 3)).astype(np.float32)
    truth = (np.argsort(-(Z @ weights), axis=1) + 1).tolist()
    names = [[f"{i} {j}" for j in range(5)] for i in range(n)]
    question = hitl.Question.ranking(top=2)
    how = {"kind": "list:text", "X": Z, "question": question, "store": ":memory:", "random_state": 0}
    with hitl.Session(names, audit=0.3, **how) as made:
        for _ in range(40):
            [one] = made.query(1)
            made.label(one, truth[made.pool.index([one])[0]][:2])
        made.wait()
        assert not made.round.error
        found = made.predictions()["label"].tolist()
        assert np.mean([a[0] == b[0] for a, b in zip(found, truth, strict=True)]) > 0.85
        assert made.accuracy().low > 0.6


WRONG: list[tuple[Any, Any, str]] = [
    (BEST, [1, 2], "2 places, but the item has 3 members, of which the best 1 are asked for"),
    (BEST, [4], "the place 4, but the item has 3"),
    (BEST, [], "expected the places of the best 1"),
    (BEST, [0], "not a ranking"),
    (CRITERIA, {"label": 1, "reasons": ["unkind"]}, "not a reason"),
    (CRITERIA, {"label": 1, "reasons": ["rud"]}, "Did you mean 'rude'"),
    (CRITERIA, {"label": 1, "criteria": {"honst": 1}}, "Did you mean 'honest'"),
    (CRITERIA, {"label": 1, "criteria": {"honest": "both bad"}}, "expected 'first', 'second', 'tie'"),
    (CRITERIA, {"label": 1, "criteria": ["honest"]}, "expected a dict"),
    (CRITERIA, {"label": 1, "reasons": 5}, "expected"),
    (CRITERIA, {"label": 1, "criterias": {"honest": 1}}, "unknown 'criterias'. Did you mean 'criteria'"),
    (REASONS, {"label": 1, "reason ": "x"}, "unknown 'reason '. Did you mean 'reason'"),
    (RANKING, {"ranking": [1, 2, 3], "show": [1, 2, 3]}, "members may be 'ranking', 'shown', 'top'"),
    (PLAIN, {"label": 1, "reasons": ["rude"]}, "offers no reasons"),
    (PLAIN, {"label": 1, "criteria": {"honest": 1}}, "Pass criteria="),
    (PLAIN, {"label": 1, "revisions": {"first": "x"}}, "pass revisions=True"),
    (REVISIONS, {"revisions": {"first": "x"}}, "expected a dict with 'label'"),
    (REVISIONS, {"label": 1, "revisions": ["x"]}, "expected a dict from 'first', 'second' to texts"),
    (REVISIONS, {"label": 1, "revisions": {"tie": "x"}}, "corrects 'tie': expected 'first', 'second'"),
    (
        REVISIONS,
        {"label": 1, "revisions": {"first": 5}},
        "corrected text of 'first' is an int: expected Unicode text",
    ),
    (REVISIONS, {"label": 1, "revisions": {"first": "\ud800"}}, "half a character"),
    (
        REVISIONS,
        {"label": 1, "revisions": {"first": "x" * 100_001}},
        "has 100,001 characters: expected at most 100,000",
    ),
    (REVISIONS, {"label": 1, "revision": {"first": "x"}}, "Did you mean 'revisions'"),
    (PLAIN, 3, "3"),
    (PLAIN, True, "True"),
    (PLAIN, {"pair": "third"}, "third"),
    (PLAIN, {}, "expected"),
    (PLAIN, "{", "JSON"),
    (hitl.Question.pair(tie=False), "tie", "tie"),
    (REASONS, {"label": 1, "reason": 5}, "not a text"),
    (REASONS, {"label": 1, "reason": "x" * 10_001}, "limit"),
    (RANKING, [1, 2], "2 places, but the item has 3"),
    (RANKING, [1, 1, 2], "not a ranking"),
    (RANKING, [0, 1, 2], "not a ranking"),
    (RANKING, [1, 2, 2.5], "not a ranking"),
    (RANKING, "best", "JSON"),
    (RANKING, None.__class__, "not a ranking"),
]


@pytest.mark.parametrize(("question", "wrong", "why"), WRONG)
def test_what_is_no_answer_is_refused_in_words(question: Any, wrong: Any, why: str) -> None:
    columns = ("a", "b", "c") if question in (RANKING, BEST) else ("a", "b")
    with session(question, columns) as made:
        with pytest.raises(InvalidInput, match=why):
            made.label("r0", wrong)
        assert made.n_labels == 0


def test_they_are_about_lists_and_a_comparison_is_about_two() -> None:
    with pytest.raises(InvalidInput, match=r"which of two.*'text'.*'list'.*text=\['answer_a', 'answer_b'\]"):
        hitl.Session(ITEMS, text="a", question=PLAIN, store=":memory:")
    with session(PLAIN, ("a", "b", "c")) as made, pytest.raises(InvalidInput, match=r"3 members.*compares 2"):
        made.label("r0", 1)
    with pytest.raises(InvalidInput, match="'graph' cannot compare"):
        session(PLAIN, learner="graph")


def test_agreement() -> None:
    with session(REASONS) as made:
        vocabulary = made._loop.log.ledger.fold.vocabulary
        a, b = (PAIR.parse({"label": 1, "reason": why}, vocabulary) for why in ("x", "y"))
        assert a != b
        assert PAIR.agree(a, b, made.schema) == 1
        assert PAIR.agree(a, PAIR.parse("tie", vocabulary), made.schema) == 0
        best, worst, near = (
            RANKS.parse(order, vocabulary) for order in ([1, 2, 3, 4], [4, 3, 2, 1], [2, 1, 3, 4])
        )
        assert RANKS.agree(best, worst, made.schema) == 0
        assert RANKS.agree(best, near, made.schema) == pytest.approx(5 / 6)  # tau 2/3
        assert RANKS.agree(best, RANKS.parse([1, 2, 3], vocabulary), made.schema) == 0


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8).map(str.strip)
PLAINS = st.sampled_from(["first", "second", "tie", "both bad"])
REASONED = st.builds(
    lambda label, reason: {"label": label, "reason": reason}, st.sampled_from(["first", "tie"]), TEXTS
)
JUDGED = st.fixed_dictionaries(
    {
        "label": st.sampled_from(["first", "tie"]),
        "reasons": st.sampled_from([[], ["long"], ["long", "rude"]]),
        "criteria": st.dictionaries(st.just("honest"), st.sampled_from(["first", "second", "tie"])),
    }
)
REVISED = st.fixed_dictionaries(
    {
        "label": st.sampled_from(["second", "both bad"]),
        "revisions": st.dictionaries(
            st.sampled_from(["first", "second"]), TEXTS.filter(lambda text: text.strip())
        ),
    }
)
ORDERS = st.permutations([1, 2, 3])


@settings(max_examples=20, deadline=None)
@given(
    data=st.data(),
    kind=st.sampled_from(["plain", "reasons", "criteria", "revisions", "ranking"]),
    ending=st.sampled_from(["csv", "jsonl", "parquet"]),
)
def test_answers_go_through_log_export_and_import_unchanged(
    tmp_path_factory: pytest.TempPathFactory, data: Any, kind: str, ending: str
) -> None:
    question, values = {
        "plain": (PLAIN, PLAINS),
        "reasons": (REASONS, REASONED),
        "criteria": (CRITERIA, JUDGED),
        "revisions": (REVISIONS, REVISED),
        "ranking": (RANKING, ORDERS),
    }[kind]
    columns = ("a", "b", "c") if kind == "ranking" else ("a", "b")
    answers = data.draw(st.lists(values, min_size=1, max_size=5))
    folder = tmp_path_factory.mktemp("compare")
    with session(question, columns, store=folder / "labels.sqlite") as made:
        for i, answer in enumerate(answers):
            made.label(f"r{i}", answer)
        before = made.labels()["label"].tolist()
        path = made.export(folder / f"out.{ending}", names=True)
    with session(question, columns, store=folder / "labels.sqlite") as again:
        assert again.labels()["label"].tolist() == before
    with session(question, columns) as other:
        found = other.import_labels(path, **({} if ending == "jsonl" else {"annotator": "annotator"}))
        assert not len(found.refused), found.refused["why"].tolist()
        assert other.labels().sort_values("id")["label"].tolist() == before


def test_the_side_is_recorded_and_survives_a_restart_and_an_undo(tmp_path: Path) -> None:
    """As a page answers; the same answer on the other side is the same answer."""
    store = tmp_path / "labels.sqlite"
    with session(PLAIN, store=store) as made:
        for i, left in enumerate(["first", "second"]):
            said = {"pair": "first", "left": left}
            made._loop.acts.label([i], said, selection="suggested", elapsed_ms=1000)
        made.label("r2", "first")
        made.undo()
        made.redo()
    with session(PLAIN, store=store) as again:
        past = again.history()
        past = past[(past["kind"] == "label") & past["holds"]]
        assert past["shown"].fillna("").tolist() == ["first, second", "second, first", ""]
        assert past["value"].tolist() == ["first"] * 3
        past = past[past["shown"].notna()]
        assert (past["shown"].str.split(", ").str[0] == past["value"]).mean() == 0.5
    with session(RANKING, ("a", "b", "c")) as made:
        made._loop.acts.label([0], {"ranking": [2, 1, 3], "shown": [3, 1, 2]}, selection="suggested")
        assert made.history().iloc[-1]["shown"] == "3, 1, 2"
        assert made.labels()["label"].tolist() == [[2, 1, 3]]


def test_a_tie_can_be_allowed_later_and_names_can_be_changed(tmp_path: Path) -> None:
    store = tmp_path / "labels.sqlite"
    with session(hitl.Question.pair("Which is better?", tie=False), store=store) as made:
        made.label("r0", 2)
        made.classes.rename("first", "a")
        with pytest.raises(InvalidInput, match="fixed"):
            made.classes.add("neither")
    with session(hitl.Question.pair("Which is better?"), store=store) as made:
        made.label("r1", "tie")
        made.label("r2", 1)
        assert made.labels()["label"].tolist()[:2] == ["second", "tie"]
        assert made.labels()["label"].tolist()[2] in {"first", "a"}


@pytest.mark.parametrize("to", ["label-studio", "argilla"])
def test_files_for_other_tools_have_the_fixed_names_of_renamed_answers(to: Any, tmp_path: Path) -> None:
    with session(CRITERIA) as made:
        made.label("r0", {"label": 1, "criteria": {"honest": 2}})
        made.label("r1", 2)
        made.label("r2", "tie")
        before = made.labels().set_index("id")["label"].to_dict()
        for name, new in (("first", "A"), ("second", "B"), ("tie", "equal")):
            made.classes.rename(name, new)
        path = made.export(tmp_path / "x.json", format=to)
        made.undo()  # the rename of "tie"
        made.import_labels(path, annotator="bob")  # by former names, too
        assert {len(set(map(str, one["label"]))) for _, one in made.labels().groupby("id")} == {1}
    assert not {'"A"', '"B"', '"equal"'} & set(path.read_text().replace(",", " ").split())
    with session(CRITERIA) as other:
        refused = other.import_labels(path, annotator="bob").refused
        assert not len(refused), refused["why"].tolist()
        assert other.labels().set_index("id")["label"].to_dict() == before


# -- learning


def test_preferences_are_learned_antisymmetrically_and_measured() -> None:
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(400, 2, 6)).astype(np.float32)
    better = Z[:, 0] @ np.arange(6) - Z[:, 1] @ np.arange(6)
    truth = np.where(better > 0, "first", "second")
    items = [[f"a {i}", f"b {i}"] for i in range(400)]
    with hitl.Session(items, X=Z, question=PLAIN, store=":memory:", random_state=1, audit=0.3) as made:
        for _ in range(60):
            [id_] = made.query()
            made.label(id_, truth[made.pool.index([id_])[0]])
        made.wait()
        found = made.predictions()["label"].to_numpy()
        right = (found == truth).mean()
        assert right > 0.9
        estimate = made.accuracy()
        assert estimate.low <= right <= estimate.high
        model = made.model()
        D = Z[:, 0] - Z[:, 1]
        assert (model.predict(D) != model.predict(-D)).mean() > 0.98


def test_every_pair_also_teaches_its_mirror() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(50, 3)).astype(np.float32)
    both = np.concatenate([X, -X])
    y = rng.integers(0, 3, 50).astype(np.int64)
    for name in ("auto", "linear"):
        learner = Comparison(3).learner(name).start(both, 3)
        learner.update(np.arange(30), y[:30])
        P = learner.proba()
        np.testing.assert_allclose(P[:50, 0], P[50:, 1], atol=1e-6)
        np.testing.assert_allclose(P[:50, 2], P[50:, 2], atol=1e-6)
        np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-5)
    # The answers "first" alone are enough.
    learner = Comparison(2).learner("auto").start(X, 2)
    assert Comparison(2).lacks(np.zeros(0, np.int64)) != "" == Comparison(2).lacks(np.zeros(5, np.int64))
    ahead = X[:, 0] > 0
    learner.update(np.flatnonzero(ahead), np.zeros(ahead.sum(), np.int64))
    assert (learner.proba()[:, 0] > 0.5)[ahead].mean() > 0.9
    assert (learner.proba()[:, 0] < 0.5)[~ahead].mean() > 0.7
    assert Comparison(3).prior(np.array([0, 0, 0, 2]))[0] == Comparison(3).prior(np.array([0, 0, 0, 2]))[1]


def test_the_model_of_a_comparison_is_saved_and_loaded(tmp_path: Path) -> None:
    with session(PLAIN) as made:
        made.label([f"r{i}" for i in range(6)], "first")
        made.label([f"r{i}" for i in range(6, 8)], "tie")
        made.wait()
        pairs = [("an apple 3", "a banana 9"), ("a banana 3", "an apple 9")]
        model, path = made.model(), made.save_model(tmp_path / "model.npz")
        expected = model.predict_proba(pairs)
    np.testing.assert_allclose(hitl.load_model(path).predict_proba(pairs), expected, atol=1e-6)
    assert model.predict(pairs).tolist() == ["first", "second"]


def test_lists_lie_in_files_by_member(tmp_path: Path) -> None:
    with session(PLAIN, id=None) as made:
        made.label(made.pool.ids[0], "first")
        path = made.export(tmp_path / "labels.csv")
    found = pd.read_csv(path)
    assert found.loc[0, ["a", "b"]].tolist() == ["an apple 0", "a banana 0"]
    with session(RANKING, ("a", "b", "c"), context="prompt") as made:
        made.label("r0", [3, 1, 2])
        made.wait()
        assert made.find("cherry")
        assert json.loads(json.dumps(made.to_frame()["label"][0])) == [3, 1, 2]
    assert item_kind("list:image").in_files


def test_rankings_are_learned_predicted_measured_and_exported() -> None:
    rng = np.random.default_rng(0)
    n, weights = 80, np.array([2.0, -1.0, 0.0])
    Z = rng.normal(size=(n, 4, 3)).astype(np.float32)
    truth = (np.argsort(-(Z @ weights), axis=1) + 1).tolist()
    names = [[f"{i} {j}" for j in range(4)] for i in range(n)]
    with hitl.Session(
        names, kind="list:text", X=Z, question=RANKING, store=":memory:", random_state=0, audit=0.3
    ) as made:
        for _ in range(40):
            [one] = made.query(1)
            made.label(one, truth[made.pool.index([one])[0]])
        made.wait()
        asked = made.round.suggestions
        assert any("would teach the model most" in one.reason for one in asked)
        left = made._loop.labels.y < 0
        found = made.predictions()
        told = found["label"].tolist()
        agree = [
            RANKS.agree(RANKS.parse(a, None), RANKS.parse(b, None), None)
            for a, b in zip(told, truth, strict=True)
        ]
        assert np.mean(np.array(agree)[left]) > 0.9
        assert found["p_best_1"].between(0, 1).all()
        assert (found[[f"p_best_{k}" for k in (1, 2, 3, 4)]].sum(axis=1) - 1).abs().max() < 1e-5
        measured = made.accuracy()
        assert measured.n > 5
        assert measured.low < np.mean(np.array(agree)[left]) <= measured.high + 0.05
        assert made._loop.labels.target.problem.measure == "Kendall agreement"
        assert made.model().predict(made.features) == told
        with pytest.raises(HitlError, match="cannot be saved"):
            made.save_model("model.npz")
    with pytest.raises(InvalidInput, match=r"learner='graph' cannot learn rankings"):
        hitl.Session(names, kind="list:text", X=Z, question=RANKING, store=":memory:", learner="graph")
    with pytest.raises(InvalidInput, match=r"strategy='entropy' requires"):
        hitl.Session(names, kind="list:text", X=Z, question=RANKING, store=":memory:", strategy="entropy")
