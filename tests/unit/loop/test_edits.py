"""Counterfactuals and edited items."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier

import hitl_widgets as hitl
from hitl_widgets.errors import HitlError, InvalidInput

MAIL = [
    f"{word} {rest} number {i}" for i in range(20) for word, rest in [("free", "money"), ("lunch", "today")]
]


@pytest.fixture
def spam(make_session: Any) -> Any:
    def make(**options: Any) -> Any:
        session = make_session(MAIL, classes=["spam", "ham"], **({"audit": 0} | options))
        for text in MAIL[:12]:
            session.label([session.pool.ids[MAIL.index(text)]], "spam" if "free" in text else "ham")
        session.wait()
        return session

    return make


@pytest.fixture
def people(make_session: Any) -> Any:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "age": rng.integers(18, 80, 80),
            "height": rng.normal(170, 10, 80),
            "town": np.where(np.arange(80) % 3, "Bern", "Basel"),
            "member": np.arange(80) % 2 == 0,
            "since": [date(2020, 1, 1 + i % 28) for i in range(80)],
        }
    )
    session = make_session(table, classes=["old", "young"], audit=0)
    for i in range(40):
        session.label([session.pool.ids[i]], "old" if table["age"][i] > 50 else "young")
    session.wait()
    return session


@pytest.mark.parametrize(
    "learner", ["auto", "linear", "graph", RandomForestClassifier(20, random_state=0)], ids=str
)
def test_the_smallest_change_of_a_text_flips_the_guess(spam: Any, learner: Any) -> None:
    session = spam(learner=learner)
    for text in MAIL[30:34]:
        id_ = session.pool.ids[MAIL.index(text)]
        found = session.teach.counterfactual(id_)
        told = found.attrs
        assert {told["guess"], told["to"]} == {"spam", "ham"}
        assert told["guess"] == ("spam" if "free" in text else "ham")
        [P] = session._loop.editing.told([told["item"]])
        assert ["spam", "ham"][int(P.argmax())] == told["to"]
        assert told["after"][told["to"]] == pytest.approx(P.max(), abs=1e-5)
        assert told["before"][told["guess"]] > 0.5
        assert 1 <= len(found) <= 2
        # The changes, made by hand, give the changed text.
        for one in found.itertuples():
            assert text[one.start : one.end] == one.before
        assert not (set(found["before"]) - {""}).intersection({"number"})


def test_a_change_toward_a_class_gives_that_class(make_session: Any) -> None:
    texts = [f"{word} {word}s {i}" for i in range(15) for word in ("apple", "pear", "plum")]
    session = make_session(texts, classes=["apple", "pear", "plum"], audit=0, learner="linear")
    for i, id_ in enumerate(session.pool.ids[:30]):
        session.label([id_], ["apple", "pear", "plum"][i % 3])
    id_ = session.pool.ids[30]
    for to in ("pear", "plum"):
        found = session.teach.counterfactual(id_, to)
        assert (found.attrs["guess"], found.attrs["to"]) == ("apple", to)
    with pytest.raises(InvalidInput, match="guesses this class already"):
        session.teach.counterfactual(id_, "apple")
    with pytest.raises(InvalidInput, match="is not a class"):
        session.teach.counterfactual(id_, "peer")


def test_the_smallest_change_of_a_row_changes_few_columns(people: Any) -> None:
    for id_ in people.pool.ids[50:56]:
        found = people.teach.counterfactual(id_)
        item = people.pool.items[people.pool.index([id_])[0]]
        [P] = people._loop.editing.told([found.attrs["item"]])
        assert ["old", "young"][int(P.argmax())] == found.attrs["to"] != found.attrs["guess"]
        changed = {name for name in item if item[name] != found.attrs["item"][name]}
        assert changed == set(found["column"])
        assert "age" in changed
        # Nothing can be left out.
        for name in changed if len(changed) > 1 else ():
            [P] = people._loop.editing.told([{**found.attrs["item"], name: item[name]}])
            assert ["old", "young"][int(P.argmax())] == found.attrs["guess"]


def test_what_cannot_be_explained_so_is_said(make_session: Any, spam: Any) -> None:
    session = make_session(MAIL, classes=["spam", "ham"], audit=0)
    with pytest.raises(HitlError, match="label some items first"):
        session.teach.counterfactual(session.pool.ids[0])
    session.label(session.pool.ids[0], "spam")
    with pytest.raises(HitlError, match="same class for all other items: label some of another class"):
        session.teach.counterfactual(session.pool.ids[0])
    several = make_session(MAIL, classes=None, question=hitl.Question.choices(["a", "b"]), task="several")
    with pytest.raises(HitlError, match="asks for one class"):
        several.teach.counterfactual(several.pool.ids[0])
    numbers = make_session(MAIL, X=np.eye(len(MAIL), dtype=np.float32), classes=["a", "b"], task="numbers")
    numbers.label(numbers.pool.ids[0], "a")
    numbers.label(numbers.pool.ids[1], "b")
    for refused in (numbers.teach.counterfactual, lambda id_: numbers.teach.edit(id_, "free", "a")):
        with pytest.raises(HitlError, match=r"passed as X=.* Pass the items without X="):
            refused(numbers.pool.ids[0])


def test_an_edit_is_kept_listed_and_undone(spam: Any) -> None:
    session = spam()
    id_ = session.pool.ids[30]
    before = session.labels()
    session.teach.edit(id_, "lunch today number 15", "ham")
    table = session.teach.edits.to_frame()
    assert table[["id", "item", "label"]].values.tolist() == [[id_, "lunch today number 15", "ham"]]
    # It is no label and no item.
    pd.testing.assert_frame_equal(session.labels(), before)
    assert len(session.to_frame()) == len(MAIL)
    assert session._loop.log.counts[0] == len(before)
    session.undo()
    assert len(session.teach.edits) == 0
    session.redo()
    assert len(session.teach.edits) == 1
    session.teach.edits.drop(table["name"][0])
    assert len(session.teach.edits) == 0
    session.undo()
    assert len(session.teach.edits) == 1
    with pytest.raises(InvalidInput, match="no edit 'x', and no edit of an item with this id"):
        session.teach.edits.drop("x")


def test_an_edit_is_named_by_itself_or_by_its_item(spam: Any) -> None:
    session = spam()
    one, two = session.pool.ids[30:32]
    for _ in range(2):
        session.teach.edit(one, "lunch money", "ham")
    session.teach.edit(one, "lunch money", "spam")
    assert session.teach.edits.to_frame()[["id", "label"]].values.tolist() == [[one, "spam"]]
    session.undo()
    assert session.teach.edits.to_frame()["label"].tolist() == ["ham"]
    session.undo()
    assert len(session.teach.edits) == 0, "the same edit is one act"
    session.redo()
    [name] = session.teach.edits.to_frame()["name"]
    session.teach.edit(name, "lunch money today", "ham")
    assert session.teach.edits.to_frame()["item"].tolist() == ["lunch money today"]
    session.teach.edits.drop(one)
    assert len(session.teach.edits) == 0
    session.teach.edit(two, "free lunch", "spam")
    session.teach.edit(two, "free tea", "spam")
    with pytest.raises(
        InvalidInput, match=r"has 2 edits: pass the name of one: '\w+' \('free lunch'\), '\w+'"
    ):
        session.teach.edits.drop(two)
    for wrong in (["x"], None, {}):
        with pytest.raises(InvalidInput, match="There is no edit"):
            session.teach.edits.drop(wrong)


def counts(texts: list[str]) -> Any:
    return np.array([[text.count("free"), text.count("lunch"), len(text)] for text in texts], np.float64)


def ranks(texts: list[str]) -> Any:
    return np.argsort(np.argsort([len(text) for text in texts]))[:, None] + np.zeros((1, 2))


def test_edits_teach_where_a_function_reads_each_item_by_itself(spam: Any) -> None:
    session = spam(embed=counts)
    id_ = session.pool.ids[0]
    session.teach.edit(id_, "lunch lunch free", "ham")
    session.wait()
    assert session.teach.edits.to_frame()["teaches"].tolist() == [True]
    background = session._loop.background
    known = [
        one
        for experts in background.trainer.experts
        for one in experts(session._loop.labels, background.ground.X)
    ]
    assert [type(one).__name__ for one in known] == ["EditedRows"]
    assert "lunch" in session.teach.counterfactual(id_).attrs["item"]


def test_edits_that_cannot_teach_are_refused(spam: Any, tmp_path: Any) -> None:
    store = tmp_path / "labels.sqlite"
    with spam(store=store) as first:
        first.teach.edit(first.pool.ids[0], "free lunch today", "ham")
    with hitl.Session(MAIL, store=store, embed=ranks) as session:
        with pytest.raises(HitlError, match=r"all items together.* Pass a function that embeds each item by"):
            session.teach.edit(session.pool.ids[1], "free lunch", "ham")
        assert session.teach.edits.to_frame()["teaches"].tolist() == [False]


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        (
            "html",
            (
                "<!-- free --><p class='free' title=\"free > lunch\">{} <a href='http://free.com/lunch'>"
                "&amp; <b>see</b></a> <script>free()</script></p>"
            ),
        ),
        (
            "markdown",
            '# Re: free\n\n1. {} **now** [read](http://free.com/lunch "free")\n\n```free\nlunch\n```\n',
        ),
    ],
)
def test_markup_stays_as_it_is(make_session: Any, kind: str, made: str) -> None:
    sources = [made.format(text) for text in MAIL]
    session = make_session(
        pd.DataFrame({"page": sources}), **{kind: "page"}, classes=["spam", "ham"], audit=0
    )
    for i in range(12):
        session.label([session.pool.ids[i]], "spam" if "free" in MAIL[i] else "ham")
    session.wait()
    of, before = session.pool.item_kind, made.split("{}")
    for i in range(30, 34):
        found = session.teach.counterfactual(session.pool.ids[i])
        item = found.attrs["item"]
        assert item.startswith(before[0])
        assert of.tags(item) == of.tags(sources[i])
        assert item.strip().endswith(before[1].strip()) or kind == "markdown"
        assert "http://free.com/lunch" in item
        for one in found.itertuples():
            assert sources[i][one.start : one.end] == one.before


def test_an_edit_follows_its_class_and_is_there_for_others(spam: Any, tmp_path: Any) -> None:
    session = spam(store=tmp_path / "labels.sqlite")
    session.teach.edit(session.pool.ids[30], "free lunch", "ham")
    session.classes.rename("ham", "good")
    assert session.teach.edits.to_frame()["label"].tolist() == ["good"]
    with hitl.Session(MAIL, store=tmp_path / "labels.sqlite", annotator="ben") as other:
        table = other.teach.edits.to_frame()
        assert table[["item", "label", "annotator"]].values.tolist() == [
            ["free lunch", "good", session.annotator]
        ]
    session.classes.add("other")
    session.classes.retire("good")
    assert session.teach.edits.to_frame()["teaches"].tolist() == [False]


def test_cells_have_the_type_of_their_column(people: Any) -> None:
    id_ = people.pool.ids[0]
    new = {"age": "33", "height": "180.5", "town": "Chur", "member": "no", "since": "2021-05-06"}
    people.teach.edit(id_, new, "young")
    people.teach.edit(id_, {"age": None, "town": ""}, "young")
    first, second = people.teach.edits.to_frame()["item"]
    assert first == {"age": 33, "height": 180.5, "town": "Chur", "member": False, "since": date(2021, 5, 6)}
    assert (second["age"], second["town"]) == (None, "")
    assert people._loop.editing.told([first, second]).shape == (2, 2)


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ({"age": "old"}, "'age' contains numbers, such as .*: 'old' is not one"),
        ({"since": "yesterday"}, "'since' contains dates or times"),
        ({"member": "perhaps"}, "'member' contains True and False"),
        ({"aeg": 3}, "'aeg' is not a column of the item. Did you mean 'age'"),
        ("text", "a dict of its changed columns, not a str"),
        ({}, "Nothing is changed yet"),
    ],
)
def test_edits_that_do_not_fit_are_refused(people: Any, new: Any, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        people.teach.edit(people.pool.ids[0], new, "young")
    assert len(people.teach.edits) == 0


@pytest.mark.parametrize(
    ("new", "why"),
    [
        (MAIL[0], "Nothing is changed yet"),
        (f"{MAIL[0]}\x00", "Nothing is changed yet"),
        ("  ", "is empty"),
        ("\ud800", "lone surrogate"),
        ("x" * 20_001, "20,001 characters, and the limit is 20,000"),
        (3, "a string, not an int"),
    ],
)
def test_texts_that_do_not_fit_are_refused(spam: Any, new: Any, why: str) -> None:
    session = spam()
    with pytest.raises(InvalidInput, match=why):
        session.teach.edit(session.pool.ids[0], new, "ham")


def test_edits_teach_the_model_once_their_item_is_labelled(make_session: Any) -> None:
    """In the labels, a tag follows the class; in the other items it does not."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 120)
    tag = np.where(np.arange(120) < 40, truth, rng.integers(0, 2, 120))
    words = [["refund", "invoice", "payment"], ["login", "password", "account"]]
    texts = [
        f"{['north', 'south'][t]} {' '.join(rng.choice(words[k], 2))} case {i}"
        for i, (k, t) in enumerate(zip(truth, tag, strict=True))
    ]
    session = make_session(texts, classes=["billing", "access"], audit=0)
    ids, names = session.pool.ids, ["billing", "access"]
    for i in range(40):
        session.label([ids[i]], names[truth[i]])
    before = session.wait().belief.confidence.copy()
    swapped = [text.replace("north", "\0").replace("south", "north").replace("\0", "south") for text in texts]
    session.teach.edit(ids[50], swapped[50], names[truth[50]])
    session.wait()
    assert session.teach.edits.to_frame()["teaches"].tolist() == [False]
    for i in range(20):
        session.teach.edit(ids[i], swapped[i], names[truth[i]])
    found = session.wait()
    assert session.teach.edits.to_frame()["teaches"].tolist() == [False] + [True] * 20
    assert not np.allclose(found.belief.confidence, before)
    assert "edited items" in found.explanation or "neighbours" in found.explanation
    for _ in range(21):
        session.undo()
    again = session.wait()
    np.testing.assert_allclose(again.belief.confidence, before, atol=1e-6)


def test_edits_teach_after_a_restart(make_session: Any, tmp_path: Any) -> None:
    store = tmp_path / "labels.sqlite"
    with make_session(MAIL, classes=["spam", "ham"], audit=0, store=store) as session:
        for text in MAIL[:12]:
            session.label([session.pool.ids[MAIL.index(text)]], "spam" if "free" in text else "ham")
        session.teach.edit(session.pool.ids[0], "free lunch today", "ham")
        before = session.wait().belief.confidence.copy()
    with hitl.Session(MAIL, store=store) as again:
        after = again.wait().belief.confidence
        assert again.teach.edits.to_frame()["item"].tolist() == ["free lunch today"]
        np.testing.assert_allclose(after, before, atol=1e-4)


def test_exports_and_cards_do_not_contain_edits(spam: Any, tmp_path: Any) -> None:
    session = spam()
    plain = session.export(tmp_path / "plain.csv").read_text()
    session.teach.edit(session.pool.ids[0], "secret words that nobody said", "ham")
    assert session.export(tmp_path / "edited.csv").read_text() == plain
    assert "secret words" not in session.export(tmp_path / "items.csv", items=True).read_text()
    assert len(session.predictions()) == len(MAIL)
    # The history is the log: it has the act, and gives it back.
    history = session.export(tmp_path / "history.jsonl")
    assert "secret words" in history.read_text()


def test_a_change_that_the_model_does_not_read_is_refused(spam: Any, people: Any) -> None:
    session = spam()
    id_, text = session.pool.ids[0], MAIL[0]
    session.teach.strike("money")
    session.wait()
    for new in (text.replace("money", "").replace("  ", " "), text.replace("money", "Money money")):
        with pytest.raises(InvalidInput, match=r"'money' is struck out.*bring_back\('money'\)"):
            session.teach.edit(id_, new, "ham")
    for new in (f"  {text}", text.replace(" ", "\n")):
        with pytest.raises(InvalidInput, match="does not read what you changed: spaces, punctuation"):
            session.teach.edit(id_, new, "ham")
    assert not len(session.teach.edits)
    session.teach.edit(id_, text.replace("money", "lunch"), "ham")
    people.teach.strike(column="town")
    row = people.pool.ids[0]
    with pytest.raises(InvalidInput, match=r"'town' is struck out.*bring_back\(column='town'\)"):
        people.teach.edit(row, {"town": "Genf"}, "old")
    people.teach.edit(row, {"town": "Genf", "age": 19}, "young")
    assert people.teach.edits.to_frame()["teaches"].tolist() == [True]


def test_an_edit_teaches_nothing_once_its_words_are_struck_out(spam: Any) -> None:
    session = spam()
    session.teach.edit(session.pool.ids[0], MAIL[0].replace("money", ""), "ham")
    session.wait()
    assert session.teach.edits.to_frame()["why"].tolist() == [""]
    session.teach.strike("money")
    session.wait()
    [one] = session.teach.edits.to_frame().itertuples()
    assert not one.teaches
    assert "'money' is struck out" in one.why
    assert session._loop.editing.experts(session._loop.labels, session._loop.background.ground.X) == ()
    session.undo()
    session.wait()
    assert session.teach.edits.to_frame()["teaches"].tolist() == [True]


def test_what_is_struck_out_is_never_suggested(spam: Any, people: Any) -> None:
    session = spam()
    session.teach.strike("free")
    session.teach.strike("lunch")
    session.wait()
    for text in MAIL[30:34]:
        found = session.teach.counterfactual(session.pool.ids[MAIL.index(text)])
        assert not {"free", "lunch"} & {*found["before"], *found["after"]}
    people.teach.strike(column="height")
    people.teach.strike("Bern", column="town")
    people.wait()
    for id_ in people.pool.ids[50:54]:
        assert "height" not in set(people.teach.counterfactual(id_)["column"])


def test_an_edit_that_another_one_is_already_is_refused(spam: Any) -> None:
    session = spam()
    one = session.pool.ids[0]
    session.teach.edit(one, "free lunch", "ham")
    session.teach.edit(one, "lunch money", "spam")
    first, second = session.teach.edits.to_frame()["name"]
    with pytest.raises(InvalidInput, match=rf"'{first}' of the same item .*drop\('{second}'\)"):
        session.teach.edit(second, "free lunch", "spam")
    assert session.teach.edits.to_frame()["label"].tolist() == ["ham", "spam"]
    session.teach.edit(second, "lunch money", "ham")
    assert session.teach.edits.to_frame()["label"].tolist() == ["ham", "ham"]


def test_edits_of_what_is_gone_stay_in_the_table(make_session: Any, tmp_path: Any) -> None:
    store = tmp_path / "labels.sqlite"
    session = make_session(MAIL, classes=["spam", "ham", "odd"], audit=0, store=store)
    for i in range(4):
        session.label(session.pool.ids[i], ["spam", "ham"][i % 2])
    session.teach.edit(session.pool.ids[0], "free lunch", "odd")
    session.teach.edit(session.pool.ids[1], "money today", "ham")
    assert repr(session.teach.edits) == "<2 edited items of task 'labels'>"
    session.classes.retire("odd")
    table = session.teach.edits.to_frame()
    assert table["label"].tolist() == ["odd", "ham"]
    assert table["teaches"].tolist() == [False, True]
    assert "retired: bring it back with session.classes.restore('odd')" in table["why"][0]
    session.close()
    again = make_session(MAIL[:1] + MAIL[2:], classes=None, audit=0, store=store)
    table = again.teach.edits.to_frame()
    assert table["teaches"].tolist() == [False, False]
    assert "not in the table" in table["why"][1]
    again.teach.edits.drop(table["name"][1])
    assert repr(again.teach.edits) == "<1 edited item of task 'labels'>"


def test_tags_that_the_model_does_not_read_are_no_edit(make_session: Any) -> None:
    pages = [f"<p>{'free' if i % 2 else 'lunch'} <b>mail</b> {i}</p>" for i in range(20)]
    session = make_session(pages, kind="html", classes=["spam", "ham"], audit=0)
    for i in range(6):
        session.label(session.pool.ids[i], ["ham", "spam"][i % 2])
    session.wait()
    with pytest.raises(InvalidInput, match="does not read what you changed: tags"):
        session.teach.edit(session.pool.ids[0], "<p>lunch <i>mail</i> 0</p>", "spam")
    session.teach.edit(session.pool.ids[0], "<p>free <b>mail</b> 0</p>", "spam")
    assert session.teach.edits.to_frame()["teaches"].tolist() == [True]
