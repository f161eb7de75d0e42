"""Principles: checks, questions, weights, and revisions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hitl_widgets as hitl
from hitl_widgets.errors import InvalidInput
from hitl_widgets.preferences.principles import weigh
from hitl_widgets.session import loop_of

RNG = np.random.default_rng(3)
PROMPTS = [f"p{i}" for i in range(25)]
PARTS = ["sorry", "thank you", "call us now", "it arrives today"]


def text(p: int, k: int) -> str:
    rng = np.random.default_rng([p, k])
    return " ".join(
        [part for part in PARTS if rng.random() < 0.5] + ["word"] * rng.integers(1, 15) + [f"{k}"]
    )


CANDIDATES = [[text(p, k) for k in range(4)] for p in range(25)]


def worth(one: str) -> float:
    return 2.0 * ("sorry" in one) + 1.0 * ("thank you" in one) - 1.5 * ("call us" in one)


def embed(items: list[str]) -> Any:
    return np.array([[part in one for part in PARTS] for one in items], float)


def opened(**how: Any) -> hitl.Preferences:
    given: dict[str, Any] = {"embed": embed, "store": ":memory:", "random_state": 0} | how
    return hitl.Preferences(PROMPTS, CANDIDATES, **given)


def answered(prefs: hitl.Preferences, n: int = 100) -> hitl.Preferences:
    rng = np.random.default_rng(0)
    for id_ in prefs.session.pool.ids[:n]:
        a, b = map(worth, prefs.session.item(id_))
        prefs.session.label(id_, 1 if rng.random() < 1 / (1 + np.exp(b - a)) else 2)
    return prefs


def stated(prefs: hitl.Preferences) -> None:
    prefs.principles.add("Says sorry.", has="sorry")
    prefs.principles.add("Says thank you.", has="thank you")
    prefs.principles.add("Does not push.", lacks="call us")
    prefs.principles.add("Is short.", most=10)


def test_weights_are_those_of_the_people() -> None:
    with answered(opened(), 140) as prefs:
        stated(prefs)
        table = prefs.principles.weights()
        assert table["principle"].iloc[-1] == "Is short."
        found = table.set_index("principle")
        assert found.loc["Says sorry.", "low"] < 2.0 < found.loc["Says sorry.", "high"]
        assert found.loc["Does not push.", "low"] > 0
        assert found.loc["Is short.", "low"] < 0.3
        assert found.loc["Says sorry.", "followed"] > 0.7
        assert found.loc["Is short.", "check"] == "at most 10 words"


def test_weights_are_a_penalized_logistic_regression() -> None:
    from sklearn.linear_model import LogisticRegression

    x = RNG.normal(size=(80, 3))
    y = (RNG.random(80) < 1 / (1 + np.exp(-x @ [1.0, -1.0, 0.5]))).astype(float)
    w, S = weigh(x, y)
    expected = LogisticRegression(C=1.5**2, fit_intercept=False, tol=1e-10).fit(x, y).coef_[0]
    np.testing.assert_allclose(w, expected, atol=1e-4)
    assert (np.diag(S) > 0).all()
    # A tie is half a win of each.
    half, _ = weigh(np.concatenate([x, x[:5]]), np.concatenate([y, np.full(5, 0.5)]))
    twice, _ = weigh(np.concatenate([x, x, x[:5], x[:5]]), np.concatenate([y, y, np.ones(5), np.zeros(5)]))
    assert not np.allclose(half, w)
    assert np.sign(half).tolist() == np.sign(twice).tolist()


def test_what_contradicts_a_principle_and_what_breaks_it() -> None:
    with answered(opened()) as prefs:
        stated(prefs)
        table = prefs.principles.conflicts()
        assert len(table) > 10
        for row in table[table["principle"] == "Says sorry."].itertuples():
            assert "sorry" in row.other
            assert "sorry" not in row.preferred
        assert any("Says thank you." in one for one in table["instead"])
        broken = prefs.principles.broken()
        assert all("sorry" not in one for one in broken[broken["principle"] == "Says sorry."]["candidate"])
        assert all("call us" in one for one in broken[broken["principle"] == "Does not push."]["candidate"])


def test_a_question_of_its_own_overrides_the_check(tmp_path: Any) -> None:
    store = tmp_path / "p.sqlite"
    with answered(opened(store=store), 20) as prefs:
        prefs.principles.add("Is kind.")
        assert prefs.principles.differences()["Is kind."].isna().all()
        asked = prefs.principles.question("Is kind.")
        assert list(asked.pool.ids) == list(prefs.session.pool.ids)
        for id_ in asked.pool.ids[:15]:
            asked.label(id_, "first")
        assert prefs.principles.differences()["Is kind."].sum() == 15
        assert prefs.session.n_labels == 20
    with opened(store=store) as prefs:
        [one] = prefs.principles.stated()
        assert one.words() == "by its question only"
        assert prefs.principles.weights()["n"].tolist() == [15]


def test_principles_are_acts_in_the_store(tmp_path: Any) -> None:
    store = tmp_path / "p.sqlite"
    with answered(opened(store=store), 30) as prefs:
        stated(prefs)
        prefs.principles.add("Counts.", check=len)
        prefs.principles.add("Is short.", most=5)
        prefs.session.undo()
        prefs.principles.remove("Says thank you.")
        assert [one.sentence for one in prefs.principles.stated()] == [
            "Says sorry.", "Does not push.", "Is short.", "Counts.",
        ]  # fmt: skip
        assert prefs.principles.stated()[2].value == 10
        assert "Counts" in prefs.export(tmp_path / "x.jsonl").with_name("x.jsonl.card.md").read_text()
    with opened(store=store) as prefs:
        found = prefs.principles.weights().set_index("principle")
        assert len(found) == 4
        assert found.loc["Counts.", "check"] == "the function len, which is missing: add it again"
        prefs.principles.add("Counts.", check=len)
        assert prefs.principles.weights().set_index("principle").loc["Counts.", "n"] > 20


def test_a_broken_check_is_refused_or_marked_and_the_others_go_on(tmp_path: Any) -> None:
    with answered(opened(), 30) as prefs:
        stated(prefs)
        before = prefs.principles.weights()
        for check, words in (
            (lambda one: 1 / 0, "failed for the candidate .*: ZeroDivisionError"),
            (lambda one: None, "returned 'None' for the candidate"),
            (lambda one: "1", "returned '1'"),
            (lambda one: [1, 2], "returned '.1, 2.'"),
            (lambda one: float("nan"), "returned 'nan'"),
        ):
            with pytest.raises(InvalidInput, match=words):
                prefs.principles.add("Breaks.", check=check)
        assert prefs.principles.weights().equals(before)
        last = prefs.candidates.items[-1]
        prefs.principles.add("Breaks later.", check=lambda one: 1 / (one != last))
        acts = loop_of(prefs.session).acts  # as other versions of Python or of the package write them
        acts.define("principle", "Unreadable.", {"check": "has", "value": "("})
        acts.define("principle", "From the future.", {"check": "sounds", "value": 3, "loud": True})
        found = prefs.principles.weights().set_index("principle")
        assert found.loc["Breaks later.", "check"].startswith("the function <lambda>, which cannot be used: ")
        assert "not a regular expression" in found.loc["Unreadable.", "check"]
        assert "is not known to this version" in found.loc["From the future.", "check"]
        assert (found.loc[["Breaks later.", "Unreadable.", "From the future."], "n"] == 0).all()
        kept = found.loc[before["principle"], "weight"].to_numpy()
        assert kept == pytest.approx(before["weight"].to_numpy())
        assert len(prefs.principles.conflicts()) > 0
        assert not set(prefs.principles.broken()["principle"]) & {"Breaks later.", "Unreadable."}
        assert (
            "which cannot be used"
            in prefs.export(tmp_path / "x.jsonl").with_name("x.jsonl.card.md").read_text()
        )


def test_a_revision_is_preferred_to_its_draft() -> None:
    with answered(opened(), 10) as prefs:
        draft = CANDIDATES[4][1]
        id_ = prefs.revise("p4", draft, f"sorry {draft}")
        pair = list(prefs.session.item(id_))
        label = prefs.session.labels().set_index("id").loc[id_, "label"]
        assert pair[["first", "second"].index(label)] == f"sorry {draft}"
        assert prefs.session.n_labels == 11
        prefs.session.undo()
        assert prefs.session.n_labels == 10
        n = len(prefs.candidates)
        with pytest.raises(InvalidInput, match="not a candidate"):
            prefs.revise("p4", "unknown", "x")
        assert len(prefs.candidates) == n


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"sentence": " "}, "expected a sentence"),
        ({"has": "("}, "not a regular expression"),
        ({"has": 5}, "has=5: expected a regular expression"),
        ({"has": "a", "most": 3}, "Pass one of has= and most="),
        ({"most": -1}, "most=-1"),
        ({"check": "len"}, "expected a function"),
    ],
)
def test_invalid_principles_say_what_is_wrong(how: dict[str, Any], words: str) -> None:
    with opened() as prefs:
        with pytest.raises(InvalidInput, match=words):
            prefs.principles.add(**{"sentence": "Is good.", **how})
        with pytest.raises(InvalidInput, match="no principle 'x'"):
            prefs.principles.remove("x")
