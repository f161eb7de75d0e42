"""The contract of every kind of question."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import clouds
from hitl_widgets.errors import InvalidInput
from hitl_widgets.labels.events import new_event_id
from hitl_widgets.learn.evaluate import Rest, accuracy_estimate, learning_curve
from hitl_widgets.loop.asking import Labels
from hitl_widgets.questions.base import QuestionKind, kind_of
from hitl_widgets.questions.question import Question
from hitl_widgets.questions.schema import Schema
from hitl_widgets.questions.vocabulary import Vocabulary


def span(start: float, end: float, label: str) -> dict[str, Any]:
    return {"start": start, "end": end, "label": label}


def box(x: float, y: float, width: float, height: float, label: str) -> dict[str, Any]:
    return {"x": x, "y": y, "width": width, "height": height, "label": label}


def spoken(start: float, end: float, text: str, **speaker: str) -> dict[str, Any]:
    return {"start": start, "end": end, "text": text, **speaker}


def polygon(x: float, y: float, side: float, label: str) -> dict[str, Any]:
    return {"points": [[x, y], [x + side, y], [x, y + side]], "label": label}


def judged(label: str, **beside: Any) -> dict[str, Any]:
    return {"label": label, "reason": "", "reasons": [], "criteria": {}, "revisions": {}, **beside}


def mask(counts: str, label: str) -> dict[str, Any]:
    return {"size": [4, 5], "counts": counts, "label": label}


def related(spans: list[Any], *relations: tuple[int, int, str]) -> dict[str, Any]:
    told = [dict(zip(("from", "to", "label"), one, strict=True)) for one in relations]
    return {"spans": spans, "relations": told}


# A kind with other settings.
OF = {"relations": "spans", "texts": "boxes", "best": "ranking", "judged": "pair"}


def of_name(name: str) -> QuestionKind:
    return kind_of(OF.get(name, name))


# For each kind, settings and values for different answers, with classes a, b and c; there is also a class d.
FORM = Question.form(
    {
        "q": Question.choice(["a", "b", "c", "d"]),
        "n": Question.number(0, 10),
        "why": Question.text("Why?", lines=True),
    },
    optional=["n"],
    defaults={"n": 3},
    when={"why": {"q": ["c", "d"]}},
)
SETTINGS: dict[str, dict[str, Any]] = {
    "form": dict(FORM.settings),
    "number": {"low": 0.0, "high": 10.0, "step": 1.0, "unit": ""},
    "text": {"lines": True, "blank": True},
    "spans": {"overlap": True, "snap": True},
    "relations": {"overlap": True, "snap": True, "relations": ["owns", "works for"]},
    "points": {"within": 10.0},
    "ranges": {"overlap": True},
    "transcript": dict(Question.transcript().settings),
    "texts": {"transcribe": True},
    "pair": {"reason": False},
    "ranking": {},
    "best": {"top": 2},
    "judged": {"reason": True, "criteria": ["kind", "short"], "reasons": ["rude"], "revisions": True},
}
VALUES: dict[str, list[Any]] = {
    "choice": ["a", "b", "c"],
    "choices": [[], ["a"], ["b", "c"], ["a", "b", "c"]],
    "rating": ["a", "b", "c"],
    "number": [0, 4, 7, 10],
    "text": ["", "one", "two\nlines", "Ж 😀"],
    "spans": [[], [span(0, 2, "a")], [span(0, 1, "b"), span(0, 3, "c")], [span(4, 9, "a"), span(5, 7, "c")]],
    "relations": [
        related([]),
        related([span(0, 2, "a"), span(4, 9, "b")], (1, 0, "works for")),
        related([span(0, 2, "a"), span(4, 9, "b")], (0, 1, "owns"), (1, 0, "works for")),
        related([span(4, 9, "a"), span(5, 7, "c")]),
    ],
    "boxes": [[], [box(0, 0, 9.25, 4, "a")], [box(1.5, 2, 3, 4, "b"), box(20, 2, 3, 4, "c")]],
    "texts": [
        [],
        [{**box(0, 0, 9.25, 4, "a"), "text": "Total"}],
        [{**box(0, 0, 9.25, 4, "a"), "text": ""}],
        [{**box(1.5, 2, 3, 4, "b"), "text": "Ж 😀"}, {**box(20, 2, 3, 4, "c"), "text": "a\nb"}],
    ],
    "polygons": [[], [polygon(0, 0.75, 9, "a")], [polygon(1, 2, 3, "b"), polygon(5.5, 5, 3, "c")]],
    "points": [[], [{"x": 0, "y": 0.5, "label": "a"}], [{"x": 40, "y": 1, "label": "b"}]],
    "masks": [[], [mask("0d0", "a")], [mask("121O0=", "b"), mask("5?", "c")]],
    "ranges": [
        [],
        [span(0.0, 2.5, "a")],
        [span(0.0, 1.0, "b"), span(0.25, 3.0, "c")],
        [span(4.001, 9.0, "a")],
    ],
    "transcript": [
        [],
        [spoken(0.0, 2.5, "Good day", speaker="a")],
        [spoken(0.0, 2.5, "Good day", speaker="b")],
        [spoken(0.0, 2.5, "Good day")],
        [spoken(0.0, 1.0, "yes", speaker="b"), spoken(0.25, 3.0, "Ж 😀\nb: c", speaker="c")],
        [spoken(4.001, 9.0, "a, b", speaker="a"), spoken(5.0, 7.0, "no")],
    ],
    "pair": ["first", "tie", "both bad", "second"],
    "ranking": [[1, 2, 3], [2, 1], [1, 2], [2, 1, 3], [3, 2, 1]],
    "best": [[1, 2], [2, 1], [4, 9], [3, 2]],
    "judged": [
        judged("first"),
        judged("tie", reason="Ж 😀", reasons=["rude"], criteria={"short": "tie"}),
        judged("both bad", reasons=["rude"], revisions={"first": "Ж 😀\nb: c", "second": "b"}),
        judged("second", criteria={"kind": "second", "short": "first"}, revisions={"second": "b"}),
    ],
    "form": [{"q": "a"}, {"q": "b", "n": 0}, {"q": "a", "n": 5}, {"q": "c", "why": "Ж 😀\nq: b"}],
}
WITHOUT_CLASSES = {"number", "text", "ranking", "best"}
# Classes that are part of the question.
PAIRED = ["first", "second", "tie", "both bad"]
FIXED = {"pair": PAIRED, "judged": PAIRED}

pytestmark = pytest.mark.parametrize("name", VALUES)


def called(name: str, one: str) -> str:
    """The full name of a class."""
    return f"q: {one}" if name == "form" else one


def asked(name: str) -> Vocabulary:
    vocabulary = Vocabulary()
    if name == "form":
        vocabulary.apply(FORM.to_dict(), "asked")
        return vocabulary
    classes = [] if name in WITHOUT_CLASSES else FIXED.get(name, ["a", "b", "c", "d"])
    how: dict[str, Any] = {"settings": SETTINGS[name], "least": 0} if name in SETTINGS else {}
    vocabulary.apply(Schema(classes, kind=OF.get(name, name), **how).to_dict(), "asked")
    return vocabulary


def change(vocabulary: Vocabulary, **how: Any) -> str:
    event_id = new_event_id()
    vocabulary.apply(vocabulary.completed(how), event_id)
    return event_id


def answers(name: str, vocabulary: Vocabulary) -> list[Any]:
    return [of_name(name).parse(value, vocabulary) for value in VALUES[name]]


def test_an_answer_survives_the_log(name: str) -> None:
    kind, vocabulary = of_name(name), asked(name)
    found = answers(name, vocabulary)
    assert len(set(found)) == len(found)
    for answer in found:
        written = json.loads(json.dumps(kind.dump(answer)))
        assert kind.load(written, vocabulary) == answer
        assert kind.parse(written, vocabulary) == answer  # as sent by a page
        assert kind.parse(kind.said(answer, vocabulary), vocabulary) == answer  # as stored in a table
        assert set(kind.classes(answer)) <= {called(name, one) for one in FIXED.get(name, "abc")}


def test_it_is_written_by_ids_so_names_that_are_swapped_later_do_not_matter(name: str) -> None:
    if name in WITHOUT_CLASSES:
        return
    kind, vocabulary = of_name(name), asked(name)
    before = answers(name, vocabulary)
    if name in FIXED:
        change(vocabulary, change="rename", of=["first"], name="x")
        assert [kind.now(answer, vocabulary) for answer in before] == before
        assert kind.listed(kind.said(before[0], vocabulary)) == ["x"]
        return
    written = [kind.dump(answer) for answer in before]
    for of, to in (("a", "x"), ("b", "a"), ("x", "b")):
        change(vocabulary, change="rename", of=[called(name, of)], name=to)
    assert [kind.load(value, vocabulary) for value in written] == before
    assert [kind.now(answer, vocabulary) for answer in before] == before
    swapped = {called(name, one): called(name, to) for one, to in ("ab", "ba", "cc")}
    said = [sorted(kind.named(kind.said(answer, vocabulary))) for answer in before]
    assert said == [sorted(swapped.get(one, one) for one in kind.named(v)) for v in VALUES[name]]


def test_what_became_of_a_class_became_of_its_answers(name: str) -> None:
    if name in WITHOUT_CLASSES:
        return
    kind, vocabulary = of_name(name), asked(name)
    if name == "rating":
        with pytest.raises(InvalidInput, match="scale"):
            change(vocabulary, change="merge", of=["a", "b"], name="b")
        return
    if name in FIXED:
        with pytest.raises(InvalidInput, match="fixed"):
            change(vocabulary, change="merge", of=FIXED[name][:2], name=FIXED[name][0])
        return
    before = answers(name, vocabulary)
    a, b = called(name, "a"), called(name, "b")
    change(vocabulary, change="merge", of=[a, b], name="b")
    assert all(a not in kind.classes(kind.now(answer, vocabulary)) for answer in before)
    retired = change(vocabulary, change="retire", of=[b])
    now = [kind.now(answer, vocabulary) for answer in before]
    assert None not in now  # it is no longer offered, and earlier answers stay
    for answer in now:
        if b in kind.classes(answer):
            with pytest.raises(InvalidInput, match="retired"):
                kind.parse(kind.dump(answer), vocabulary)
    vocabulary.turn(retired, back=True)
    change(vocabulary, change="split", of=[b], classes=[{"name": "b1"}, {"name": "b2"}])
    for answer, later in zip(now, (kind.now(answer, vocabulary) for answer in now), strict=True):
        assert (later is None) == (b in kind.classes(answer))
        if later is None:
            with pytest.raises(InvalidInput, match="no longer exists"):
                kind.parse(kind.dump(answer), vocabulary)


KEYS = st.sampled_from(
    ["class", "classes", "word", "x", "label", "start", "end", "from", "to", "q", "why", *SETTINGS]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
)


@given(value=JSON)
def test_whatever_the_log_or_a_page_says_is_an_answer_or_none(name: str, value: Any) -> None:
    kind, vocabulary = of_name(name), asked(name)
    found = kind.load(value, vocabulary)
    if found is not None:
        hash(found)
        kind.now(found, vocabulary)
    with contextlib.suppress(InvalidInput):
        answer = kind.parse(value, vocabulary)
        assert kind.now(answer, vocabulary) == answer


def labels_of(name: str) -> Labels:
    """One item labelled with each value, and one unlabelled item."""
    kind, vocabulary = of_name(name), asked(name)
    assert vocabulary.schema is not None
    known = list(kind.answers(vocabulary.schema))
    found = answers(name, vocabulary)
    known += [answer for answer in found if answer not in known]
    labels = Labels.blank(len(found) + 1, vocabulary.schema, known)
    labels.y[:-1] = [known.index(answer) for answer in found]
    return labels


def test_people_get_back_what_they_passed(name: str) -> None:
    kind, vocabulary = of_name(name), asked(name)
    assert vocabulary.schema is not None
    for value, answer in zip(VALUES[name], answers(name, vocabulary), strict=True):
        own = kind.own(kind.said(answer, vocabulary), vocabulary.schema)
        assert own == value
        assert kind.parse(kind.cell(own), vocabulary) == answer  # as stored in a file
        assert isinstance(kind.text(kind.said(answer, vocabulary)), str)
        named = {vocabulary.understood(one) for one in kind.named(own)} - {None}
        assert sorted(map(str, named)) == sorted(kind.classes(answer))


def test_people_agree_with_themselves_most(name: str) -> None:
    kind, vocabulary = of_name(name), asked(name)
    found, schema = answers(name, vocabulary), vocabulary.schema
    assert schema is not None
    for a in found:
        for b in found:
            assert 0 <= kind.agree(a, b, schema) == kind.agree(b, a, schema) <= 1
            assert (kind.agree(a, b, schema) == 1) == (a == b)


def test_a_model_learns_it_and_is_measured(name: str) -> None:
    """Two clouds of items, each with its own answer."""
    X, sides = clouds(60)
    X = X - X.mean(axis=0)  # comparisons are learned without a constant
    if of_name(name).name == "ranking":  # the features of three members
        X = np.hstack([X, np.zeros_like(X), -X])
    kind, vocabulary, schema = of_name(name), asked(name), asked(name).schema
    assert schema is not None
    low, high = kind.parse(VALUES[name][0], vocabulary), kind.parse(VALUES[name][-1], vocabulary)
    known = [*dict.fromkeys([*kind.answers(schema), low, high])]
    labels = Labels.blank(60, schema, known)
    labels.y[:40] = [known.index(low if side == "a" else high) for side in sides[:40]]
    labels.order[:40], labels.audited[:40:4] = np.arange(40), True
    problem, (rows, taught, _) = labels.target.problem, labels.training()
    if not problem.size:  # nothing is learned, and that is said
        assert "nothing is learned" in problem.lacks(taught)
        return
    assert problem.lacks(taught) == "" != problem.lacks(taught[:0])
    learner = problem.learner("auto").start(X, problem.size, None)
    touched = learner.update(rows, taught)
    belief = problem.belief(learner, None, touched, None)
    assert len(belief) == 60
    assert belief.known.all()
    assert not problem.empty(60).known.any()
    assert ((belief.uncertainty >= 0) & (belief.uncertainty <= 1)).all()
    for i in range(40, 60):
        answer = low if sides[i] == "a" else high
        if of_name(name).name == "ranking":
            assert kind.parse(kind.guesses(belief, schema)[i], vocabulary) == answer
        elif name in WITHOUT_CLASSES:
            assert abs(kind.guesses(belief, schema)[i] - answer) <= 2
        else:
            assert belief.guess(i) == labels.codes(known.index(answer))
    assert belief.some(np.array([41, 40])).guess(1) == belief.guess(40)
    if name not in WITHOUT_CLASSES:
        # Reordered classes are the same classes, except on a scale.
        turned = belief.under(np.array([3, 2, 1, 0]), 4)
        assert turned.guess(40) in {tuple(sorted(3 - code for code in belief.guess(40) or ())), None}
    worst, best = problem.scale
    rest = Rest.of(labels.y)
    found = accuracy_estimate(learner, labels.given(), rest, measure=problem.measured)
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert min(worst, best) <= found.low <= found.value <= found.high <= max(worst, best)
    assert abs(found.value - best) < 0.2 * abs(worst - best)
    assert found.n == 10
    points = learning_curve(learner, labels.given(), rest, found, measure=problem.measured)
    assert points[-1].estimate == found
    assert [point.n_labels for point in points] == sorted({point.n_labels for point in points})


def test_what_an_answer_teaches_does_not_hang_on_its_code(name: str) -> None:
    kind, vocabulary = of_name(name), asked(name)
    found, schema = answers(name, vocabulary), vocabulary.schema
    assert schema is not None
    one, other = kind.target(found, schema), kind.target(found[::-1], schema)
    assert (one.values == other.values[::-1]).all()
    shades, turned = (kind.shading(said, schema, "").answers for said in (found, found[::-1]))
    assert (shades == turned[::-1]).all()


def test_the_map_has_a_shade_for_every_answer_and_guess(name: str) -> None:
    labels = labels_of(name)
    kind, schema, n = labels.kind, labels.schema, len(labels.y)
    belief = labels.target.problem.empty(n)
    ways = kind.ways_to_colour(schema)
    assert len({by for by, _ in ways}) == len(ways)
    for by, words in [*ways, ("gone", "")]:
        shading = kind.shading(labels.answers, schema, by)
        assert len(shading.answers) == len(labels.answers)
        assert shading.answers.max() < len(shading.legend) < 255
        assert (shading.guesses(belief) == 255).all()
        assert len({c for _, c in shading.legend}) == len(shading.legend), words


def test_a_kind_of_a_later_version_is_said(name: str) -> None:
    with pytest.raises(InvalidInput, match=rf"kind 'x{name}'.*Upgrade"):
        kind_of(f"x{name}")
