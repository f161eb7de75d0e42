"""spaCy: documents in a DocBin, for spans and classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from hitl_widgets.errors import HitlError, InvalidInput, choices, missing_extra
from hitl_widgets.formats.base import (
    Export,
    Left,
    NotTaken,
    Row,
    Said,
    Wanted,
    one_each,
    text_of,
    told,
)
from hitl_widgets.formats.tokenized import aligned, pieces, without_overlaps

__all__ = ["FORMATS", "WRITERS", "Docs"]

NAME = "spaCy"
GROUP = "sc"  # where spaCy's span categorizer expects spans


class Docs:
    """Documents with entities, groups of spans (``doc.spans``) and categories (``doc.cats``)."""

    name = NAME
    order = 9

    def opens(self, path: Path) -> bool:
        """Return whether the suffix of a file says so; if it has none, its first byte, which is zlib's."""
        if path.suffix or not path.is_file():
            return path.is_file() and path.suffix.lower() == ".spacy"
        with path.open("rb") as file:
            return file.read(1) == b"\x78" and file.read(1) in {b"\x01", b"\x5e", b"\x9c", b"\xda"}

    def rows(self, path: Path) -> list[Row]:
        """Return a row for each document."""
        spacy = _spacy()
        try:
            docs = list(spacy.tokens.DocBin().from_disk(path).get_docs(spacy.blank("xx").vocab))
        except Exception as error:
            raise InvalidInput(f"{path} cannot be read as a DocBin of spaCy: {error}") from error
        return [
            (k, {"spacy": doc.text, "ents": _marks(doc.ents), "cats": dict(doc.cats),
                 "groups": {name: _marks(spans) for name, spans in doc.spans.items()}})
            for k, doc in enumerate(docs)
        ]  # fmt: skip

    def claims(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether these are the rows of such a file."""
        return all(row.keys() >= {"spacy", "ents"} for row in rows)

    def read(self, rows: Sequence[Row], wanted: Wanted) -> Iterable[Said | Left]:
        """Yield the answer in each document."""
        kind, group = wanted.kind or _kind(rows), _group(rows, wanted)

        def answers(number: int, row: Mapping[str, Any]) -> Iterator[Said]:
            text = row["spacy"]
            if kind == "spans":
                label: Any = row["groups"].get(group, []) if group else row["ents"]
            elif kind in {"choice", "choices", "rating"}:
                if not row["cats"]:
                    raise NotTaken("The document has no categories (doc.cats).")
                chosen = [name for name, value in row["cats"].items() if value >= 0.5]
                if kind != "choices" and len(chosen) != 1:
                    raise NotTaken(f"The document has {len(chosen)} categories, and the task takes one.")
                label = chosen if kind == "choices" else chosen[0]
            else:
                raise NotTaken(f"Documents have spans and categories, not answers of kind {kind!r}.")
            yield Said(number, label, None, (text,), kind=kind, item={"text": text})

        return told(rows, answers, NAME)


def _spacy() -> Any:
    try:
        import spacy
        import spacy.tokens
    except ImportError as error:
        raise HitlError(missing_extra("The format of spaCy", "spaCy", "spacy")) from error
    return spacy


def _marks(spans: Iterable[Any]) -> list[dict[str, Any]]:
    return [{"start": s.start_char, "end": s.end_char, "label": s.label_} for s in spans]


def _kind(rows: Sequence[Row]) -> str:
    if any(row["ents"] or row["groups"] for _, row in rows):
        return "spans"
    chosen = [sum(value >= 0.5 for value in row["cats"].values()) for _, row in rows if row["cats"]]
    return "spans" if not chosen else "choice" if set(chosen) == {1} else "choices"


def _group(rows: Sequence[Row], wanted: Wanted) -> str | None:
    """Return the group of spans to read; None for the entities."""
    known = dict.fromkeys(name for _, row in rows for name in row["groups"])
    if wanted.label in known:
        return wanted.label
    if not known or any(row["ents"] for _, row in rows):
        return None
    if len(known) > 1 and GROUP not in known:
        raise InvalidInput(f"The file has the groups of spans {choices(known)}: pass one of them as label=.")
    return GROUP if GROUP in known else next(iter(known))


class DocsWriter:
    """A DocBin: spans as entities or, if any overlap, as a group of spans; classes as categories."""

    name = "spacy"
    ending = ".spacy"
    tabular, folder, items = False, False, True
    kinds = ("choice", "choices", "rating", "spans")

    def notes(self, export: Export) -> Sequence[str]:  # noqa: ARG002
        """Return how spans are stored."""
        return [
            f"Spans are in doc.ents or, if any overlap, in doc.spans[{GROUP!r}]; classes are in doc.cats."
        ]

    def columns(self, export: Export) -> Sequence[str]:  # noqa: ARG002
        """Return the attributes of a document."""
        return ["text", "ents", f"spans[{GROUP!r}]", "cats"]

    def write(self, export: Export, path: Path) -> Sequence[Left]:
        """Write the file."""
        spacy = _spacy()
        vocab = spacy.blank("xx").vocab
        left: list[Left] = []
        made: list[tuple[Any, list[Any]]] = []
        for one in one_each(export.said, left, NAME):
            text = text_of(one.item)
            if text is None:
                left.append(Left(one.number, "The item has no text."))
                continue
            places = _with_gaps(text)
            words, spaces = _words(text, places)
            doc, spans = spacy.tokens.Doc(vocab, words=words, spaces=spaces), []
            if one.kind == "spans":
                found = list(aligned(one.label, places, text))
                left += [Left(one.number, why, part=True) for why in found if isinstance(why, str)]
                spans = [piece for piece in found if not isinstance(piece, str)]
            else:
                chosen = set(map(str, one.label if one.kind == "choices" else [one.label]))
                doc.cats = {name: float(name in chosen) for name in export.classes}
            made.append((doc, spans))
        overlapping = any(without_overlaps(spans)[1] for _, spans in made)
        bin_ = spacy.tokens.DocBin()
        for doc, spans in made:
            held = [spacy.tokens.Span(doc, a, b, label=label) for a, b, label in spans]
            if overlapping:
                doc.spans[GROUP] = held
            else:
                doc.ents = held
            bin_.add(doc)
        bin_.to_disk(path)
        return left


def _with_gaps(text: str) -> list[tuple[int, int]]:
    """Return the tokens of a text, and as tokens of their own all white space but one space after a token."""
    found: list[tuple[int, int]] = []
    ends = [(0, 0), *pieces(text), (len(text), len(text))]
    for k, ((_, a), (b, end)) in enumerate(pairwise(ends)):
        start = a + 1 if k and text[a:b].startswith(" ") else a
        if start < b:
            found.append((start, b))
        if b < end:
            found.append((b, end))
    return found


def _words(text: str, places: Sequence[tuple[int, int]]) -> tuple[list[str], list[bool]]:
    starts = [*(start for start, _ in places[1:]), len(text)]
    return [text[a:b] for a, b in places], [b < c for (_, b), c in zip(places, starts, strict=True)]


FORMATS = (Docs(),)
WRITERS = (DocsWriter(),)
