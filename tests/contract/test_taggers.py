"""The contract of every tagger. To test another tagger, add it to TAGGERS."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from itertools import pairwise, product

import numpy as np
import pytest

from helpers import missing
from hitl_widgets.learn.tagging import Tagger, span_f1, tagger
from hitl_widgets.learn.tagging.crf import CrfTagger
from hitl_widgets.learn.tagging.tokens import OUTSIDE, follows
from hitl_widgets.learn.tagging.tokenwise import TokenTagger, best_paths, marginals

TAGGERS = {"crf": CrfTagger, "tokenwise": TokenTagger}


@pytest.fixture(params=TAGGERS)
def new(request: pytest.FixtureRequest) -> Callable[[], Tagger]:
    if request.param == "crf":
        try:
            import pycrfsuite  # noqa: F401
        except ImportError:
            missing("python-crfsuite", "pip install 'hitl-widgets[spans]'")
    found: Callable[[], Tagger] = TAGGERS[request.param]
    return found


NAMES = ["Ada Lovelace", "Alan Turing", "Grace Hopper", "Emmy Noether", "Mary Somerville", "Kurt Gödel"]
FORMS = [
    "Yesterday {} met the press in {}.",
    "The train left {1} late, said {0}.",
    "{} never lived in {} 😀 at all.",
    "Nobody was there, and nothing happened.",
]
PLACES = ["Rome", "北京", "Zürich", "Paris", "Köln"]


def example(i: int) -> tuple[str, list[tuple[int, int, str]]]:
    name, place = NAMES[i % len(NAMES)], PLACES[i % len(PLACES)]
    text = FORMS[i % len(FORMS)].format(name, place)
    spans = [
        (text.find(word), text.find(word) + len(word), kind) for word, kind in ((name, "who"), (place, "at"))
    ]
    return text, [span for span in spans if span[0] >= 0]


TEXTS, SPANS = map(list, zip(*map(example, range(60)), strict=True))


def test_it_learns_spans(new: Callable[[], Tagger]) -> None:
    model = new().fit(TEXTS[:40], SPANS[:40])
    found = model.suggest(TEXTS[40:])
    assert span_f1(SPANS[40:], [[one[:3] for one in text] for text in found]) > 0.9
    for text, spans in zip(TEXTS[40:], found, strict=True):
        assert all(0 < one.confidence <= 1 for one in spans)
        assert all(0 <= one.start < one.end <= len(text) for one in spans)
        assert all(a.end <= b.start for a, b in pairwise(spans))


def test_doubt_is_greatest_for_what_it_has_not_seen(new: Callable[[], Tagger]) -> None:
    model = new().fit(TEXTS[:40], SPANS[:40])
    strange = "Zorba the Greek quickly flew Qantas across Ulaanbaatar to see Xanadu."
    doubt, places = model.survey([TEXTS[0], strange, ""])
    assert doubt.dtype == np.float64
    assert (doubt >= 0).all()
    assert doubt[1] > doubt[0]
    assert doubt[2] == 0
    assert strange[slice(*places[1])].strip() == strange[slice(*places[1])] != ""
    assert places[2].tolist() == [0, 0]
    assert np.array_equal(doubt, model.doubt([TEXTS[0], strange, ""]))


def test_texts_that_are_asked_together_differ(new: Callable[[], Tagger]) -> None:
    model = new().fit(TEXTS[:40], SPANS[:40])
    strange = "Zorba flew Qantas across Ulaanbaatar to see Xanadu."
    other = "Xerxes, Quetzalcoatl and Yggdrasil sold jackfruit."
    chosen = model.batch([strange, strange, other, ""], 3)
    assert {i for i, _ in chosen[:2]} in ({0, 2}, {1, 2})
    values = [value for _, value in chosen]
    assert values == sorted(values, reverse=True)
    assert values[0] == pytest.approx(model.doubt([strange, strange, other])[chosen[0][0]])
    assert len(model.batch([strange], 5)) == 1
    assert model.batch([], 5) == []


@pytest.mark.parametrize(
    ("texts", "spans"),
    [
        ([], []),
        (["", " "], [[], []]),
        (["nothing", "here"], [[], []]),
        (["all"], [[(0, 3, "x")]]),
        (["half \ud83d", "\x00 null"], [[(5, 6, "x")], [(0, 1, "O")]]),
        (["in in"], [[(0, 5, "a b-c"), (3, 5, "é")]]),
    ],
)
def test_any_labels_can_be_learned(
    new: Callable[[], Tagger], texts: list[str], spans: list[list[tuple[int, int, str]]]
) -> None:
    model = new().fit(texts, spans)
    assert len(model.suggest(["one two", "", "half \ud83d \x00", "all"])) == 4
    assert model.suggest([]) == []
    assert np.isfinite(model.doubt(["one two", "", "half \ud83d \x00"])).all()
    if not any(spans):
        assert model.suggest(["nothing"]) == [[]]


def test_long_texts_are_read_in_pieces(new: Callable[[], Tagger]) -> None:
    model = new().fit(TEXTS, SPANS)
    text = " ".join(TEXTS * 8)
    found = model.suggest([text])[0]
    assert found[-1].end > len(text) - 100
    assert len(found) > 0.9 * sum(map(len, SPANS)) * 8


def test_threads_may_read_at_the_same_time(new: Callable[[], Tagger]) -> None:
    model = new().fit(TEXTS[:40], SPANS[:40])
    alone = model.suggest(TEXTS)
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(model.suggest(TEXTS))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [alone] * 4


def test_without_crfsuite_there_is_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pycrfsuite", None)
    assert isinstance(tagger(), TokenTagger)


def test_paths_and_marginals_are_those_of_all_paths() -> None:
    rng = np.random.default_rng(0)
    tags = ["B-x", "I-x", OUTSIDE]
    k, n = len(tags), np.array([4, 2, 1])
    scores, pairs, start = rng.normal(size=(3, 4, k)), rng.normal(size=(k, k)), rng.normal(size=k)
    pairs[[[not follows(a, b) for b in tags] for a in tags]] = -np.inf
    start[1] = -np.inf
    paths, P = best_paths(scores, n, start, pairs), marginals(scores, n, start, pairs)
    for row, length in enumerate(n.tolist()):
        every = list(product(range(k), repeat=length))
        total = np.array(
            [
                start[path[0]]
                + sum(scores[row, t, tag] for t, tag in enumerate(path))
                + sum(pairs[a, b] for a, b in pairwise(path))
                for path in every
            ]
        )
        weight = np.exp(total) / np.exp(total).sum()
        assert tuple(paths[row, :length]) == every[int(weight.argmax())]
        for t in range(length):
            expected = [
                sum(w for w, path in zip(weight, every, strict=True) if path[t] == tag) for tag in range(k)
            ]
            np.testing.assert_allclose(P[row, t], expected, atol=1e-9)


def test_span_f1_counts_exact_matches() -> None:
    truth = [[(0, 3, "a"), (5, 7, "b")], []]
    assert span_f1(truth, truth) == 1
    assert span_f1(truth, [[(0, 3, "a")], [(1, 2, "a")]]) == pytest.approx(0.5)
    assert span_f1(truth, [[(0, 3, "b"), (5, 8, "b")], []]) == 0
    assert span_f1([[]], [[]]) == 1
