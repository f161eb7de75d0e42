"""One question of every kind, with items and answers: for what must hold for all kinds."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import hitl_widgets as hitl
from hitl_widgets.questions import rle
from hitl_widgets.questions.marks import lined
from hitl_widgets.questions.text import tidied
from hitl_widgets.questions.values import is_blank
from videos import video

N = 8
WIDTH, HEIGHT, SECONDS, RATE, FRAMES = 60, 40, 4.0, 1_000, 5
TEXT = "Ada met Bo in Rome 😀, said Ж."
ABC = ("a", "b", "c")
RELATIONS = ("=owns", "works for")
RNG = np.random.default_rng(0)
ITEMS: dict[str, list[Any]] = {
    "id": [f"r{i}" for i in range(N)],
    "text": [f"{TEXT} {i}" for i in range(N)],
    "other": [f"another {i}" for i in range(N)],
    "image": list(RNG.integers(0, 255, (N, HEIGHT, WIDTH, 3), np.uint8)),
    "video": [video(FRAMES, rate=5 + i, size=(WIDTH, HEIGHT)) for i in range(N)],
    "sound": [(np.full(round(RATE * SECONDS), i, np.int16), RATE) for i in range(N)],
}
TEXTS = {"text": "text"}
IMAGES = {"image": "image"}
SOUNDS = {"item": "sound", "kind": "audio"}
VIDEOS = {"item": "video", "kind": "video"}
PAIRS = {"text": ["text", "other"]}


def marks(names: Sequence[str], **places: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Lists of marks with these fields and a class."""
    label = st.sampled_from(names)
    return st.lists(st.fixed_dictionaries({**places, "label": label}), max_size=5, unique_by=json.dumps)


def lengths(low: float, high: float, step: float) -> st.SearchStrategy[Any]:
    return st.integers(round(low / step), round(high / step)).map(lambda n: n * step)


def ranged(names: Sequence[str], end: float, step: float) -> st.SearchStrategy[Any]:
    """Pieces from a start to an end."""
    ends = st.lists(lengths(0, end, step), min_size=2, max_size=2, unique=True).map(sorted)
    piece = st.builds(
        lambda ends, label: {"start": ends[0], "end": ends[1], "label": label}, ends, st.sampled_from(names)
    )
    return st.lists(piece, max_size=5)


@st.composite
def related(draw: st.DrawFn, names: Sequence[str]) -> dict[str, Any]:
    """Spans in their order, and relations between them."""
    found = draw(ranged(names, len(TEXT), 1))
    spans = [
        dict(zip(("start", "end", "label"), one, strict=True))
        for one in sorted({(*s.values(),) for s in found})
    ]
    n = len(spans)
    ways = st.tuples(st.integers(0, n), st.integers(0, n), st.sampled_from(RELATIONS))
    drawn = draw(st.sets(ways, max_size=4))
    fits = sorted(way for way in drawn if way[0] != way[1] and max(way[:2]) < n)
    return {
        "spans": spans,
        "relations": [dict(zip(("from", "to", "label"), way, strict=True)) for way in fits],
    }


def boxes(names: Sequence[str], **more: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    width, height = lengths(0.25, WIDTH / 2, 0.25), lengths(0.25, HEIGHT / 2, 0.25)
    x, y = lengths(0, WIDTH / 2, 0.25), lengths(0, HEIGHT / 2, 0.25)
    return marks(names, x=x, y=y, width=width, height=height, **more)


def written(names: Sequence[str]) -> st.SearchStrategy[Any]:
    """Boxes with a text."""
    text = WORDS.map(lined)
    return st.builds(lambda marks, text: [{**one, "text": text} for one in marks], boxes(names), text)


def polygons(names: Sequence[str]) -> st.SearchStrategy[Any]:
    corner = st.tuples(lengths(0, WIDTH, 0.5), lengths(0, HEIGHT, 0.5)).map(list)
    return marks(names, points=st.lists(corner, min_size=3, max_size=6, unique_by=tuple))


def mask_of(seed: int, label: str) -> dict[str, Any]:
    pixels = np.random.default_rng(seed).random((HEIGHT, WIDTH)) < 0.5
    size, counts = rle.from_mask(pixels)
    return {"size": list(size), "counts": counts, "label": label}


def masks(names: Sequence[str]) -> st.SearchStrategy[Any]:
    made = st.builds(mask_of, st.integers(0, 999), st.sampled_from(names))
    return st.lists(made, max_size=3, unique_by=json.dumps)


# Without the two characters that a workbook cannot contain.
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff")
WORDS = st.text(CHARACTERS, max_size=40).map(tidied).filter(lambda text: not is_blank(text))


def forms(names: Sequence[str]) -> st.SearchStrategy[Any]:
    """Answers to several questions; the last one is asked after the second class only."""
    some = st.lists(st.sampled_from(names), unique=True).map(lambda few: [n for n in names if n in few])
    asked = {"one": st.sampled_from(names), "some": some}
    first = st.fixed_dictionaries(asked, optional={"n": st.integers(0, 9)})
    return st.builds(lambda a, why: a | ({"why": why} if a["one"] == names[1] else {}), first, WORDS)


def form(names: Sequence[str]) -> Any:
    parts = {"one": Q.choice(names), "some": Q.choices(names), "n": Q.number(0, 9), "why": Q.text(lines=True)}
    return Q.form(parts, optional=["n"], when={"why": {"one": names[1]}})


def transcripts(names: Sequence[str]) -> st.SearchStrategy[Any]:
    """Segments with a text, and some with a speaker, in their order."""
    ends = st.lists(lengths(0, SECONDS, 0.125), min_size=2, max_size=2, unique=True).map(sorted)
    words = WORDS.map(lined).filter(lambda text: not is_blank(text))

    def segment(ends: list[float], text: str, name: str) -> dict[str, Any]:
        told = {"start": ends[0], "end": ends[1], "text": text}
        return told | ({"speaker": name} if name else {})

    made = st.builds(segment, ends, words, st.sampled_from(["", *names]))
    return st.lists(made, max_size=4, unique_by=json.dumps)


@dataclass
class Kind:
    """How a question of a kind is asked with these classes, about which columns, and what its answers are."""

    ask: Callable[[Sequence[str]], Any]
    items: dict[str, Any]
    answers: Callable[[Sequence[str]], st.SearchStrategy[Any]]


Q = hitl.Question
KINDS: dict[str, Kind] = {
    "choice": Kind(Q.choice, TEXTS, st.sampled_from),
    "choices": Kind(Q.choices, TEXTS, lambda names: st.lists(st.sampled_from(names), unique=True)),
    "rating": Kind(Q.rating, TEXTS, st.sampled_from),
    "number": Kind(lambda _: Q.number(-10, 10, step=0.5), TEXTS, lambda _: lengths(-10, 10, 0.5)),
    "text": Kind(lambda _: Q.text(lines=True), TEXTS, lambda _: WORDS),
    "spans": Kind(
        lambda names: Q.spans(names, overlap=True), TEXTS, lambda names: ranged(names, len(TEXT), 1)
    ),
    "relations": Kind(lambda names: Q.spans(names, overlap=True, relations=RELATIONS), TEXTS, related),
    "boxes": Kind(Q.boxes, IMAGES, boxes),
    "video boxes": Kind(Q.boxes, VIDEOS, lambda names: boxes(names, frame=st.integers(0, FRAMES - 1))),
    "texts": Kind(lambda names: Q.boxes(names, transcribe=True), IMAGES, written),
    "polygons": Kind(Q.polygons, IMAGES, polygons),
    "points": Kind(
        Q.points,
        IMAGES,
        lambda names: marks(names, x=lengths(0, WIDTH, 0.25), y=lengths(0, HEIGHT, 0.25)),
    ),
    "masks": Kind(Q.masks, IMAGES, masks),
    "ranges": Kind(
        lambda names: Q.ranges(names, overlap=True), SOUNDS, lambda names: ranged(names, SECONDS, 0.125)
    ),
    "transcript": Kind(Q.transcript, SOUNDS, transcripts),
    "pair": Kind(
        lambda _: Q.pair(both_bad=True),
        PAIRS,
        lambda _: st.sampled_from(["first", "second", "tie", "both bad"]),
    ),
    "form": Kind(form, TEXTS, forms),
    "ranking": Kind(lambda _: Q.ranking(), PAIRS, lambda _: st.permutations([1, 2]).map(list)),
}


def asking(
    name: str,
    store: Any = ":memory:",
    names: Sequence[str] = ABC,
    items: Mapping[str, Sequence[Any]] = ITEMS,
    **options: Any,
) -> hitl.Session:
    """A session that asks such a question about the items; a task of its own in the store."""
    kind = KINDS[name]
    X = RNG.normal(size=(N, 2, 4) if kind.items is PAIRS else (N, 4)).astype(np.float32)
    how = {"task": name, "id": "id", "X": X, "annotator": "ann", "random_state": 0, "audit": 0} | kind.items
    how |= {"question": kind.ask(names)} | options
    return hitl.Session(pd.DataFrame(items), store=store, **how)


@cache
def answers(name: str, names: Sequence[str] = ABC) -> list[Any]:
    """An answer for each item, always the same ones."""
    found: list[Any] = []

    @settings(database=None, deadline=None, max_examples=40, phases=[Phase.generate], derandomize=True)
    @given(KINDS[name].answers(names))
    def draw(value: Any) -> None:
        if not any(same(value, other) for other in found):
            found.append(value)

    draw()
    assert len(found) > 1
    return [found[i % len(found)] for i in range(N)]


def told(session: Any) -> dict[str, Any]:
    """The labels by id."""
    labels = session.labels()
    return dict(zip(labels["id"], labels["label"], strict=True))


def same(a: Any, b: Any) -> bool:
    """Whether two answers are equal, whatever the order of their marks or classes."""
    return bool(ordered(a) == ordered(b))


def ordered(value: Any) -> Any:
    free = isinstance(value, list) and all(isinstance(one, dict | str) for one in value)
    return sorted(value, key=lambda one: json.dumps(one, sort_keys=True)) if free else value
