"""Rules: kept as definitions, measured on the labels, and experts of the model; never labels."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import hitl_widgets as hitl
from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.models.files import save_model
from hitl_widgets.session import Session, loop_of
from hitl_widgets.widgets.monitor.rules import rules_of

Make = Callable[..., Session]
N = 120
RNG = np.random.default_rng(0)
# Features say nothing; the words and the columns do.
X = RNG.normal(size=(N, 4)).astype(np.float32)
ADS = np.arange(N) % 3 == 0
TABLE = pd.DataFrame(
    {
        "text": [
            f"mail {i} please {'unsubscribe here' if ad else 'see the minutes'}" for i, ad in enumerate(ADS)
        ],
        "n": range(N),
        "gpt": ["junk" if ad else "letter" if i % 2 else None for i, ad in enumerate(ADS)],
        "key": [f"k{i}" for i in range(N)],
    }
)
HOW: dict[str, Any] = {"text": "text", "id": "key", "X": X, "classes": ["ad", "mail"], "annotator": "Ann"}


@pytest.fixture
def session(make_session: Make) -> Session:
    return make_session(TABLE, **HOW)


def label(session: Session, n: int, *, wrong: bool = False) -> None:
    for i in range(n):
        session.label(f"k{i}", "ad" if ADS[i] != wrong else "mail")


def is_ad(item: str) -> str | None:
    return "ad" if "unsubscribe" in item else None


def test_a_rule_is_an_act_that_undo_reverts(session: Session) -> None:
    rules = session.teach.rules
    rules["ads"] = hitl.Rule("unsubscribe", label="ad")
    assert {name: rule.source for name, rule in rules.items()} == {"ads": "unsubscribe"}
    rules["ads"] = hitl.Rule("/unsub\\w+/", label="ad")
    rules.retire("ads")
    assert rules.to_frame().retired.tolist() == [True]
    session.undo()
    assert rules.to_frame().retired.tolist() == [False]
    session.undo()
    assert rules["ads"].source == "unsubscribe"
    session.undo()
    assert len(rules) == 0
    session.redo()
    assert list(rules) == ["ads"]
    del rules["ads"]
    assert "ads" not in rules
    session.undo()
    rules.retire("ads")
    rules.bring_back("ads")
    assert not rules.to_frame().retired.any()


@pytest.mark.parametrize(
    ("rule", "n", "classes"),
    [
        (hitl.Rule("unsubscribe", label="ad"), 40, {"ad"}),
        (hitl.Rule("/un(sub)?scribe/ n<60", label="ad"), 20, {"ad"}),
        (hitl.Rule("n>=60", label="mail"), 60, {"mail"}),
        (hitl.Rule('slice:"late"', label="mail"), 20, {"mail"}),
        (hitl.Rule(items=["k0", "k3", "k0"], label="ad"), 2, {"ad"}),
        (hitl.Rule(column="gpt", classes={"junk": "ad", "letter": "mail"}), 80, {"ad", "mail"}),
        (hitl.Rule(column="gpt", classes={"junk": "ad"}), 40, {"ad"}),
        (hitl.Rule(labels={"k0": "ad", "k1": "mail", "k2": None, "gone": "ad"}), 2, {"ad", "mail"}),
        (hitl.Rule(labels=pd.Series(["ad", "other"], index=["k0", "k1"])), 1, {"ad"}),
        (hitl.Rule(labels=pd.DataFrame({"id": ["k4"], "label": ["x"]}), classes={"x": "ad"}), 1, {"ad"}),
        (hitl.Rule(is_ad), 40, {"ad"}),
        (hitl.Rule(lambda item: "minutes" in item, "mail"), 80, {"mail"}),
        (hitl.Rule(lambda item: np.nan if "see" in item else 1.0, classes={1.0: "ad"}), 40, {"ad"}),
    ],
    ids=[
        "words",
        "pattern",
        "comparison",
        "slice",
        "items",
        "column-2",
        "column-1",
        "labels of a dict",
        "labels of a series",
        "labels of a table",
        "function",
        "lambda",
        "missing",
    ],
)
def test_every_kind_of_rule_votes(session: Session, rule: Any, n: int, classes: set[str]) -> None:
    session.slices["late"] = "n>=100"
    told = session.teach.rules.preview(rule)
    assert (len(told), set(told.label)) == (n, classes)
    assert len(session.teach.rules) == 0, "a preview keeps nothing"
    session.teach.rules["one"] = rule
    kept = session.teach.rules.preview("one")
    pd.testing.assert_frame_equal(kept, told)
    frame = session.teach.rules.to_frame()
    assert frame.n_items.tolist() == [n]
    assert frame.coverage.tolist() == [n / N]
    assert not frame.error.any()
    assert session.teach.rules.votes()["one"].notna().sum() == n


def test_a_model_votes_from_memory_and_from_a_file(session: Session, tmp_path: Path) -> None:
    texts = TABLE.text.tolist()
    pipe = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, np.where(ADS, "spam", "mail"))
    session.teach.rules["pipe"] = hitl.Rule(model=pipe, classes={"spam": "ad"})
    plain = LogisticRegression().fit(X, ADS)
    session.wait()
    session.teach.rules["plain"] = hitl.Rule(model=plain, classes={True: "ad", False: "mail"})
    label(session, 12)
    session.wait()
    path = save_model(LogisticRegression().fit(X, np.where(ADS, "ad", "mail")), tmp_path / "m.npz")
    session.teach.rules["file"] = hitl.Rule(model=path)
    frame = session.teach.rules.to_frame()
    assert frame.n_items.tolist() == [N, N, N]
    assert frame.accuracy["pipe"] == 1
    with pytest.raises(
        InvalidInput, match="was fitted to 2 features, and these items have 4: pass a pipeline"
    ):
        session.teach.rules["two"] = hitl.Rule(model=LogisticRegression().fit(X[:, :2], ADS))


def test_a_model_of_the_task_itself_is_no_rule(session: Session, make_session: Make, tmp_path: Path) -> None:
    label(session, 12)
    path = session.save_model(tmp_path / "m.npz")
    for own in (path, session.model(), hitl.load_model(path)):
        with pytest.raises(InvalidInput, match=r"trained on the labels of this task.* model of another task"):
            session.teach.rules["own"] = hitl.Rule(model=own)
    other = make_session(TABLE, task="other", **HOW)
    other.wait()
    other.teach.rules["model"] = hitl.Rule(model=path)
    assert other.teach.rules.to_frame().n_items.tolist() == [N]


def test_answers_that_are_no_class_are_said(session: Session) -> None:
    rules = session.teach.rules
    with pytest.warns(
        RuntimeWarning, match=r"40 answers are not a class .*: 'letter' \(40\).* None for nothing"
    ):
        rules["gpt"] = hitl.Rule(column="gpt", classes={"junk": "ad"})
    assert rules.to_frame().n_unknown.tolist() == [40]
    assert "'letter' (40)" in rules.to_frame().note["gpt"]
    assert "'letter' (40)" in rules_of(loop_of(session), "v").rules[0].bad
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rules["gpt"] = hitl.Rule(column="gpt", classes={"junk": "ad", "letter": None})
    assert (rules.to_frame().n_unknown["gpt"], rules.to_frame().note["gpt"]) == (0, "")
    assert rules["gpt"].classes == {"junk": "ad", "letter": None}
    with pytest.warns(RuntimeWarning, match=r"'x 10' \(\d+\), .* and 61 other answers"):
        rules["code"] = hitl.Rule(lambda text: "ad" if "unsub" in text else f"x {text[5:7].strip()}")
    assert rules.to_frame().label["code"] == "ad"


def test_a_rule_of_a_retired_class_says_so(session: Session) -> None:
    session.classes.add("spam")
    session.teach.rules["ads"] = hitl.Rule("unsubscribe", label="spam")
    session.classes.retire("spam")
    [ads] = session.teach.rules.to_frame().itertuples()
    assert (ads.label, ads.coverage != ads.coverage) == ("", True)
    assert "'spam' is retired, so the rule is not used" in ads.error
    assert session.teach.rules["ads"].label == "spam"
    session.classes.restore("spam")
    assert session.teach.rules.to_frame().label.tolist() == ["spam"]


def test_a_name_gives_the_rule(session: Session, make_session: Make) -> None:
    rules = session.teach.rules
    rules["ads"] = hitl.Rule("unsubscribe", label="ad")
    rules["few"] = hitl.Rule(items=["k1", "k2"], label="mail")
    rules["gpt"] = hitl.Rule(column="gpt", classes={"junk": "ad", "letter": "mail"})
    rules["some"] = hitl.Rule(labels={"k0": "ad", "k1": "mail"})
    rules["code"] = hitl.Rule(is_ad)
    session.classes.rename("mail", "post")
    assert repr(rules["ads"]) == "Rule('unsubscribe', label='ad')"
    assert (rules["few"].items, rules["few"].label) == (("k1", "k2"), "post")
    assert rules["code"].source is is_ad
    before = {name: rules.preview(name) for name in rules}
    for name, rule in list(rules.items()):
        rules[f"{name} again"] = rule
        pd.testing.assert_frame_equal(rules.preview(f"{name} again"), before[name])
    assert "rules {'ads': 'unsubscribe'" in repr(rules)


def test_answers_of_another_task_are_learned_from_labels(session: Session) -> None:
    rest = np.arange(30, N)
    label(session, 30)
    session.teach.rules["gpt"] = hitl.Rule(column="gpt")
    frame = session.teach.rules.to_frame()
    assert frame.label.tolist() == ["learned from labels"]
    assert frame.n_items.tolist() == [80]
    assert frame.accuracy.isna().all()
    assert not frame.conflicts.any()
    assert len(session.teach.rules.preview("gpt")) == 0
    assert not session.teach.rules.votes().gpt.notna().any()
    predicted = session.wait().predicted[rest]
    junk = (TABLE.gpt == "junk")[rest].to_numpy()
    assert (predicted[junk] == 0).mean() > 0.95
    other = session.teach.rules
    other["some"] = hitl.Rule(labels=dict(zip(TABLE.key[:60], TABLE.gpt[:60], strict=True)))
    before = loop_of(session).background.trainer.experts[0](loop_of(session).labels, X)
    other["ads"] = hitl.Rule("unsubscribe", label="ad")
    session.undo()
    after = loop_of(session).background.trainer.experts[0](loop_of(session).labels, X)
    assert [type(one) for one in after] == [type(one) for one in before]
    assert np.array_equal(after[0].votes.values, before[0].votes.values)  # type: ignore[attr-defined]
    assert (predicted[(TABLE.gpt == "letter")[rest].to_numpy()] == 1).mean() > 0.9


def test_figures_of_rules(session: Session) -> None:
    rules = session.teach.rules
    rules["ads"] = hitl.Rule("unsubscribe", label="ad")
    rules["half"] = hitl.Rule("n<60", label="mail")
    rules["copy"] = hitl.Rule("/unsubscribe/", label="ad")
    label(session, 30)
    frame = rules.to_frame()
    assert frame.n_labelled.tolist() == [10, 30, 10]
    assert frame.accuracy.tolist() == [1, 20 / 30, 1]
    assert (frame.low["ads"], frame.high["ads"]) == pytest.approx((0.722, 1), abs=1e-3)
    assert frame.same_as.tolist() == ["", "", "ads"]
    assert frame.overlaps.tolist() == [40, 20, 40]
    assert frame.conflicts.tolist() == [20, 20, 20]
    rules.retire("copy")
    frame = rules.to_frame()
    assert frame.n_alone.tolist() == [20, 40, 0]
    assert frame.same_as.tolist() == ["", "", "ads"]


def test_items_labelled_in_one_act_judge_a_rule_once(session: Session) -> None:
    session.teach.rules["ads"] = hitl.Rule("unsubscribe", label="ad")
    session.label(session.find("unsubscribe"), "ad")
    frame = session.teach.rules.to_frame()
    assert frame.n_labelled.tolist() == [40]
    assert frame.low["ads"] == pytest.approx(0.207, abs=1e-3)  # of a single label


def test_bad_rules_are_said_with_the_next_step(session: Session) -> None:
    label(session, 30)
    with pytest.warns(RuntimeWarning, match=r"'wrong' gets 0% of 10 labelled items right .*retire"):
        session.teach.rules["wrong"] = hitl.Rule("unsubscribe", label="mail")
    assert "wrong more often than right" in session.teach.rules.to_frame().note["wrong"]
    [notice] = loop_of(session).ruling.notices()
    assert "'wrong'" in notice
    session.teach.rules.retire("wrong")
    assert not loop_of(session).ruling.notices()


def test_rules_teach_the_model_but_are_no_labels(session: Session) -> None:
    label(session, 30)
    session.wait()
    loop = loop_of(session)
    rest = np.arange(30, N)

    def right() -> float:
        made = session.wait()
        return float((made.predicted[rest] == np.where(ADS[rest], 0, 1)).mean())

    before = right()
    session.teach.rules["ads"] = hitl.Rule("unsubscribe", label="ad")
    after = right()
    assert before < 0.85
    assert after > before + 0.1
    assert len(session.labels()) == 30
    assert "rules" in loop.explaining.of(60).parts
    found = session.explain("k60")
    assert "rules" in found.attrs or "rules" in found.to_string()
    session.teach.rules.retire("ads")
    assert right() == pytest.approx(before, abs=0.02)
    session.undo()
    assert right() == pytest.approx(after, abs=0.02)


def test_evaluation_uses_the_rules(make_session: Make) -> None:
    found = []
    for ruled in (False, True):
        session = make_session(TABLE, audit=1.0, **HOW)
        if ruled:
            session.teach.rules["ads"] = hitl.Rule("unsubscribe", label="ad")
        label(session, 0)
        for _ in range(40):
            [one] = session.query(1)
            session.label(one, "ad" if ADS[int(one[1:])] else "mail")
        session.wait()
        found.append(session.accuracy().value)
    assert found[0] is not None
    assert found[1] is not None
    assert found[1] > found[0] + 0.05


def test_rules_follow_renamed_merged_and_removed_classes(session: Session) -> None:
    session.classes.add("spam")
    session.teach.rules["ads"] = hitl.Rule("unsubscribe", label="spam")
    session.teach.rules["gpt"] = hitl.Rule(column="gpt", classes={"junk": "spam"})
    session.classes.rename("spam", "junk mail")
    assert session.teach.rules.to_frame().label.tolist() == ["junk mail"] * 2
    session.classes.merge(["junk mail"], into="ad")
    assert session.teach.rules.to_frame().label.tolist() == ["ad", "ad"]
    assert set(session.teach.rules.preview("ads").label) == {"ad"}
    session.undo()
    assert session.teach.rules.to_frame().label.tolist() == ["junk mail"] * 2


def test_rules_reach_everybody_and_stay_after_a_restart(make_session: Make, tmp_path: Path) -> None:
    store = {"store": tmp_path / "l.sqlite"}
    ann = make_session(TABLE, **HOW, **store)
    ann.teach.rules["ads"] = hitl.Rule("unsubscribe", label="ad")
    ann.teach.rules["few"] = hitl.Rule(items=["k1", "k2"], label="mail")
    ann.teach.rules["code"] = hitl.Rule(is_ad)
    # The same rows in another order.
    again = TABLE.iloc[::-1].reset_index(drop=True)
    bob = make_session(again, **{**HOW, "X": X[::-1].copy(), "annotator": "Bob"}, **store)
    frame = bob.teach.rules.to_frame()
    assert frame.n_items.tolist()[:2] == [40, 2]
    assert frame.by.tolist() == ["Ann"] * 3
    assert sorted(bob.teach.rules.preview("few").id) == ["k1", "k2"]
    assert "is_ad is not in this notebook yet" in frame.error["code"]
    assert "session.teach.rules['code'] = hitl.Rule(is_ad" in frame.error["code"]
    assert any("is_ad" in words for words in loop_of(bob).ruling.notices())
    with pytest.raises(HitlError, match="not in this notebook"):
        bob.teach.rules.preview("code")
    n = len(bob.history())
    bob.teach.rules["code"] = hitl.Rule(is_ad)  # given again, which is no act
    assert len(bob.history()) == n
    assert not bob.teach.rules.to_frame().error.any()
    assert bob.teach.rules.to_frame().n_items["code"] == 40


def test_rules_are_saved_and_loaded(session: Session, make_session: Make, tmp_path: Path) -> None:
    rules, path = session.teach.rules, tmp_path / "rules.json"
    rules["ads"] = hitl.Rule("unsubscribe", label="ad")
    rules["few"] = hitl.Rule(items=["k1", "k2"], label="mail")
    rules["gpt"] = hitl.Rule(column="gpt", classes={"junk": "ad", "letter": "mail"})
    rules["code"] = hitl.Rule(is_ad)
    rules.retire("few")
    with pytest.warns(RuntimeWarning, match="only the name of the function or model"):
        rules.save(path)
    other = make_session(TABLE, **HOW)
    with pytest.warns(RuntimeWarning, match=r"Left out: the rule 'code'"):
        assert other.teach.rules.load(path) == ["ads", "few", "gpt"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert other.teach.rules.load(path, functions={"code": is_ad}) == ["ads", "few", "gpt", "code"]
    drop = ["by"]
    pd.testing.assert_frame_equal(
        other.teach.rules.to_frame().drop(columns=drop), rules.to_frame().drop(columns=drop)
    )
    for wrong, words in (
        ({"cod": is_ad}, "has 'cod', which is no rule of .* Did you mean 'code'"),
        ({"ads": is_ad}, "has 'ads', which is no rule of .* with a function"),
        ([is_ad], "expected a dict from names of rules to functions"),
    ):
        with pytest.raises(InvalidInput, match=words):
            other.teach.rules.load(path, functions=wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="does not exist: create it"):
        rules.save(tmp_path / "nowhere" / "rules.json")
    with pytest.raises(InvalidInput, match="cannot be read: No such file"):
        rules.load(tmp_path / "rules.txt")
    told = json.loads(path.read_text(encoding="utf-8"))
    told["rules"]["ads"]["class"] = "advert"
    path.write_text(json.dumps(told), encoding="utf-8")
    third = make_session(TABLE, **HOW)
    with pytest.raises(InvalidInput, match="rule 'ads': 'advert' is not a class"):
        third.teach.rules.load(path)
    assert len(third.teach.rules) == 0
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(InvalidInput, match="is not a file of rules"):
        third.teach.rules.load(path)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (hitl.Rule, "nothing to go by"),
        (lambda: hitl.Rule("a", "ad", column="gpt"), r"a query or a function and column= at once"),
        (lambda: hitl.Rule("a"), r"no class: pass label="),
        (lambda: hitl.Rule(3, "ad"), "3 is an int: expected a query"),  # type: ignore[arg-type]
        (lambda: hitl.Rule(items="k1", label="ad"), "expected a list of ids"),
        (lambda: hitl.Rule(column="gpt", label="ad"), "a column gives the classes itself"),
        (lambda: hitl.Rule("a", "ad", classes={1: "ad"}), "classes= is for answers"),
    ],
)
def test_what_is_no_rule_is_refused(make: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        make()


def broken(item: str) -> str:
    raise KeyError("oh")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("unsubscribe", "is not a rule: expected one such as"),
        (hitl.Rule("unsubscribe", "advert"), "'advert' is not a class"),
        (hitl.Rule("zebra", "ad"), "says nothing about any item"),
        (hitl.Rule("class:ad", "ad"), "'class:ad' depends on labels or predictions"),
        (hitl.Rule("labelled mail", "ad"), "'labelled' depends on labels"),
        (hitl.Rule('slice:"done"', "ad"), "'labelled' depends on labels"),
        (hitl.Rule("doubt>0.5 OR mail", "ad"), "depends on labels or predictions"),
        (hitl.Rule("like:k1", "ad"), "depends on labels or predictions"),
        (hitl.Rule(column="gtp"), "no column 'gtp'. Did you mean 'gpt'"),
        (hitl.Rule(column="gpt", classes={"j": "ad"}), "No answer of the rule .* is a class. It says 'junk'"),
        (hitl.Rule(column="text"), "No answer of the rule 'one' .column text. is a class"),
        (hitl.Rule(labels={"zz": "ad"}), "No item has the id 'zz'"),
        (hitl.Rule(items=["k1", "zz"], label="ad"), "No item has the id 'zz'"),
        (hitl.Rule(broken), r"The function broken failed for item 'k0': KeyError: 'oh'"),
    ],
    ids=repr,
)
def test_rules_that_cannot_vote_are_refused(session: Session, rule: Any, words: str) -> None:
    session.slices["done"] = "labelled"
    with pytest.raises(InvalidInput, match=words):
        session.teach.rules["one"] = rule
    assert len(session.teach.rules) == 0
    with pytest.raises(KeyError, match="There is no rule 'on'"):
        _ = session.teach.rules["on"]
    with pytest.raises(InvalidInput, match="There is no rule 'on'"):
        session.teach.rules.retire("on")
    with pytest.raises(InvalidInput, match="pass one name"):
        session.teach.rules.retire(["on"])  # type: ignore[arg-type]
    assert ["on"] not in session.teach.rules


def test_rules_need_one_class_for_each_item(make_session: Make) -> None:
    several = make_session(TABLE, **{**HOW, "classes": None}, question=hitl.Question.choices(["ad", "mail"]))
    with pytest.raises(InvalidInput, match="Rules are for questions with one class for each item"):
        several.teach.rules["ads"] = hitl.Rule("unsubscribe", label="ad")


@pytest.mark.parametrize("kind", [list, np.array, pd.Series, pd.Index, iter])
def test_items_may_be_any_ids_but_no_mask(session: Session, kind: Any) -> None:
    rule = hitl.Rule(items=kind(["k0", "k3"]), label="ad")
    assert len(session.teach.rules.preview(rule)) == 2
    session.teach.rules["some"] = rule
    assert len(session.teach.rules.preview("some")) == 2
    with pytest.raises(InvalidInput, match="is a mask of True and False"):
        hitl.Rule(items=TABLE.n < 3, label="ad")
    with pytest.raises(InvalidInput, match="items=3 is an int"):
        hitl.Rule(items=3, label="ad")  # type: ignore[arg-type]


def test_the_labels_of_the_task_itself_are_no_rule(session: Session) -> None:
    label(session, 30)
    with pytest.raises(InvalidInput, match="These 30 answers are the labels of this task itself"):
        session.teach.rules["own"] = hitl.Rule(labels=session.labels())
    other = session.labels().assign(label=["mail", *session.labels().label[1:]])
    session.teach.rules["other"] = hitl.Rule(labels=other)
    assert len(session.teach.rules) == 1


def test_ids_that_are_not_in_the_table_are_said(make_session: Make, tmp_path: Path) -> None:
    store = tmp_path / "l.sqlite"
    session = make_session(TABLE, store=store, **HOW)
    rules = session.teach.rules
    with pytest.warns(RuntimeWarning, match=r"2 of 4 ids are not in the table, whose ids look like 'k0'"):
        rules["theirs"] = hitl.Rule(labels={"k1": "mail", "k2": "mail", "z1": "ad", "z2": "mail"})
    rules["few"] = hitl.Rule(items=["k1", "k119"], label="mail")
    rules["last"] = hitl.Rule(items=["k119"], label="ad")
    assert rules.to_frame().note.tolist()[1:] == ["", ""]
    session.close()
    again = make_session(TABLE[:60], store=store, **{**HOW, "X": X[:60]})
    notes = again.teach.rules.to_frame().note
    assert "2 of 4 ids are not" in notes["theirs"]
    assert "1 of 2 ids is not" in notes["few"]
    assert "None of 1 id is in the table" in notes["last"]
    assert any("None of 1 id" in one for one in again._loop.ruling.notices())


def test_classes_that_no_answer_has_are_said(session: Session) -> None:
    rules = session.teach.rules
    with pytest.warns(RuntimeWarning, match=r"classes= names 'leter', which .* Did you mean 'letter'"):
        rules["gpt"] = hitl.Rule(column="gpt", classes={"junk": "ad", "leter": "mail"})
    with pytest.warns(RuntimeWarning, match=r"names 'x', which no item has .* answers are 'ad', 'mail'"):
        rules["said"] = hitl.Rule(lambda one: is_ad(one) or "mail", classes={"x": None})


def test_several_rules_are_kept_all_or_none(session: Session, tmp_path: Path) -> None:
    rules = session.teach.rules
    good, bad = hitl.Rule("unsubscribe", label="ad"), hitl.Rule("zebra", label="ad")
    for wrong in ({"a": good, "b": bad}, {"a": good, "": good}, {"a": good, "b": "unsubscribe"}):
        with pytest.raises(InvalidInput):
            rules.update(wrong)
        assert len(rules) == 0
    rules.update({"a": good}, b=hitl.Rule("minutes", label="mail"))
    assert list(rules) == ["a", "b"]
    session.undo()
    assert list(rules) == ["a"]
    session.redo()
    rules.clear()
    assert len(rules) == 0
    for _ in range(2):
        session.undo()
    assert set(rules) == {"a", "b"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", r"contains '{}', and an object with the format 'hitl-widgets rules' was expected.*rules.save"),
        ("[1]", r"contains '\[1\]'"),
        ('{"format": "hitl-widgets rules", "version": 2, "rules": {}}', "of version 2: expected version 1"),
        (
            '{"format": "hitl-widgets rules", "version": 1, "rules": []}',
            "is not a file of rules: it contains",
        ),
        ('{"format": "hitl-widgets rules", "version": 1, "rules": {"a": 3}}', "'a' of the file is '3'"),
    ],
)
def test_what_is_no_file_of_rules_is_said(session: Session, tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "r.json").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match=words):
        session.teach.rules.load(tmp_path / "r.json")
    for wrong in (None, 3):
        with pytest.raises(InvalidInput, match=rf"{wrong} is not a rule: expected one such as"):
            session.teach.rules.preview(wrong)  # type: ignore[arg-type]


def test_a_rule_about_a_slice_follows_the_slice(make_session: Any) -> None:
    table = pd.DataFrame({"id": range(60), "text": [f"w{i}" for i in range(60)], "price": range(60)})
    session = make_session(table, text="text", id="id")
    session.slices["cheap"] = "price<10"
    session.teach.rules["cheap"] = hitl.Rule("slice:cheap", label="a")

    def told() -> dict[str, Any]:
        return session.teach.rules.to_frame().iloc[0].to_dict()

    assert told()["n_items"] == 10
    session.slices["cheap"] = "price<50"
    assert told()["n_items"] == 50
    session.undo()
    assert told()["n_items"] == 10
    session.slices["cheap"] = "class:a"
    assert "depends on labels" in told()["error"]
    del session.slices["cheap"]
    assert "Unknown slice 'cheap'" in told()["error"]
    session.slices["cheap"] = "price<20"
    assert (told()["n_items"], told()["error"]) == (20, "")
