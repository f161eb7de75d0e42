"""Sentences of the docstrings of installed libraries, whose marks of code are removed and kept as spans."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from functools import cache

import numpy as np

Span = tuple[int, int, str]
Sentence = tuple[str, tuple[Span, ...]]

CLASSES = ("parameter", "code")
SHORTEST, LONGEST = 30, 400
_SKIPPED = re.compile(r"^\s*(>>>|\.\.\.|\.\. |[-=~^*]{3,}\s*$|\||\+|\$|\[\d+\]|:\w+:)")
_ENDS = re.compile(r"(?<=[.!?])\s+(?=[A-Z`])")
_MARKED = re.compile(r"``([^`]+)``|(?<!`)(?::[\w:]+:)?`([^`<>\s][^`<>]*)`(?![`_])")
_PARAMETERS = re.compile(r"^([*\w]+(?:, ?[*\w]+)*) ?:", re.MULTILINE)


@cache
def sentences() -> tuple[Sentence, ...]:
    """All distinct sentences, in a fixed random order: text, and spans (start, end, class).

    Marked are ````x```` and ```x```, also after a role such as ``:func:``. The class is ``parameter`` if the
    same docstring describes a parameter of this name, otherwise ``code``.
    """
    from hitl_widgets import datasets

    found: dict[str, tuple[Span, ...]] = {}
    for doc in datasets.docstrings()["doc"]:
        names = {name.strip(" *") for listed in _PARAMETERS.findall(doc) for name in listed.split(",")}
        for sentence in _sentences(doc):
            if (read := unmarked(sentence, names)) is not None and SHORTEST <= len(read[0]) <= LONGEST:
                found.setdefault(*read)
    order = np.random.default_rng(0).permutation(len(found))
    items = list(found.items())
    return tuple(items[i] for i in order)


def unmarked(sentence: str, parameters: Set[str]) -> Sentence | None:
    """The text without its marks, and these as spans; None if marks are left over."""
    text, spans, at = "", [], 0
    for mark in _MARKED.finditer(sentence):
        text += sentence[at : mark.start()]
        word = (mark[1] or mark[2]).strip().removeprefix("~")
        spans.append((len(text), len(text) + len(word), CLASSES[word not in parameters]))
        text += word
        at = mark.end()
    text += sentence[at:]
    return None if "`" in text or any(a == b for a, b, _ in spans) else (text, tuple(spans))


def _sentences(doc: str) -> Iterator[str]:
    """The sentences of the paragraphs of a docstring, without examples, tables and headings."""
    for block in re.split(r"\n\s*\n", doc):
        lines = block.split("\n")
        # A parameter's description is indented below its name.
        depth = len(lines[-1]) - len(lines[-1].lstrip())
        body = [line.strip() for line in lines if len(line) - len(line.lstrip()) == depth]
        if len(body) < len(lines) - 1 or any(map(_SKIPPED.match, lines)):
            continue
        for sentence in _ENDS.split(" ".join(body)):
            if sentence.endswith((".", "!", "?")) and (sentence[0].isupper() or sentence[0] == "`"):
                yield sentence
