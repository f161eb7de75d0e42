"""CoNLL: a token and its tag in each line, and a blank line after each text, for spans."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hitl_widgets.errors import InvalidInput
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
from hitl_widgets.formats.tokenized import OVERLAP, aligned, pieces, placed, without_overlaps

__all__ = ["FORMATS", "WRITERS", "Conll"]

NAME = "CoNLL"
ENDINGS = (".conll", ".iob", ".iob2", ".bio", ".conllu")
DOCUMENT = "-DOCSTART-"
COMMENT = re.compile(r"#\s*[\w.:-]+\s*=")
TAG = re.compile(r"([BILUESM])-(.+)")
MAX_BYTES = 2**30
BOM = b"\xef\xbb\xbf"


class Conll:
    """Columns separated by white space: the token is the first one, its tag the last."""

    name = NAME
    order = 8

    def opens(self, path: Path) -> bool:
        """Return whether the suffix of a file says so; if it has none, its first line."""
        if path.suffix or not path.is_file():
            return path.is_file() and path.suffix.lower() in ENDINGS
        with path.open("rb") as file:
            return file.read(len(DOCUMENT)) == DOCUMENT.encode()

    def rows(self, path: Path) -> list[Row]:
        """Return a row for each text, with its tokens and tags."""
        if path.stat().st_size > MAX_BYTES:
            raise InvalidInput(
                f"{path} has {path.stat().st_size / 2**30:.1f} GB; the limit is 1 GB. Split it."
            )
        rows: list[Row] = []
        held: list[list[str]] = []
        text: str | None = None
        first, odd = 0, ""

        def end() -> None:
            nonlocal text, odd
            if held:
                told = {"conll": [cells[0] for cells in held], "lines": list(held), "text": text}
                rows.append((len(rows), {**told, "line": first, "odd": odd}))
            held.clear()
            text, odd = None, ""

        with path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                line, is_text = _decoded(raw.removeprefix(BOM) if number == 1 else raw)
                if not is_text:
                    odd = odd or f"Line {number} is not UTF-8: save the file as UTF-8."
                cells = line.split()
                if not cells or cells[0] == DOCUMENT:
                    end()
                elif COMMENT.match(line) and line.startswith("#"):
                    if line.startswith("# text ="):
                        text = line.removeprefix("# text =").strip()
                else:
                    first = first if held else number
                    held.append(cells)
        end()
        return rows

    def where(self, row: Mapping[str, Any]) -> str:
        """Return the line at which a text begins."""
        return f"line {row['line']}"

    def claims(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether these are the rows of such a file."""
        return all(row.keys() >= {"conll", "odd"} for row in rows)

    def read(self, rows: Sequence[Row], wanted: Wanted) -> Iterable[Said | Left]:
        """Yield the spans of each text. Without white space in the file, tokens are joined by spaces."""
        kind = wanted.kind or "spans"

        def answers(number: int, row: Mapping[str, Any]) -> Iterator[Said]:
            if kind != "spans":
                raise NotTaken(f"The tags are spans, not answers of kind {kind!r}.")
            words = row["conll"]
            if row["odd"]:
                raise NotTaken(row["odd"])
            if min(map(len, row["lines"])) < 2:
                raise NotTaken("A token has no tag.")
            tags = [cells[-1] for cells in row["lines"]]
            text = row["text"] or wanted.text_of(words) or " ".join(words)
            places = placed(words, text)
            if places is None:
                raise NotTaken("The text (# text =) does not consist of the tokens.")
            marks = [
                {"start": places[a][0], "end": places[b - 1][1], "label": label}
                for a, b, label in _spans(tags)
            ]
            yield Said(number, marks, None, (text,), kind="spans", item={"text": text})

        return told(rows, answers, NAME)


def _decoded(line: bytes) -> tuple[str, bool]:
    """Return a line, and whether it is UTF-8."""
    try:
        return line.decode("utf-8"), True
    except UnicodeDecodeError:
        return line.decode("utf-8", "replace"), False


def _spans(tags: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Yield the spans in tags of the schemes IOB1, IOB2, IOBES and BILOU."""
    start, now = 0, ""
    for k, tag in enumerate([*tags, "O"]):
        found = TAG.fullmatch(tag)
        if found is None and tag not in {"O", "_"}:
            raise NotTaken(f"The tag {tag!r} is not one of the schemes IOB, IOBES and BILOU.")
        place, label = (found[1], found[2]) if found else ("O", "")
        if now and (place in "BUSO" or label != now):
            yield start, k, now
            now = ""
        if label and not now:
            start, now = k, label
        if label and place in "ELUS":
            yield start, k + 1, label
            now = ""


class ConllWriter:
    """Tokens with tags of the scheme IOB2."""

    name = "conll"
    ending = ".conll"
    tabular, folder, items = False, False, True
    kinds = ("spans",)

    def notes(self, export: Export) -> Sequence[str]:  # noqa: ARG002
        """Return what such a file does not contain."""
        return ["White space between tokens, ids and annotators are not in the file."]

    def columns(self, export: Export) -> Sequence[str]:  # noqa: ARG002
        """Return the columns."""
        return ["token", "tag (IOB2)"]

    def write(self, export: Export, path: Path) -> Sequence[Left]:
        """Write the file."""
        left: list[Left] = []
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.write(f"{DOCUMENT} O\n\n")
            for one in one_each(export.said, left, NAME):
                text = text_of(one.item)
                places = pieces(text) if text is not None else []
                if text is None or not places:
                    left.append(Left(one.number, "The item has no text."))
                    continue
                found = list(aligned(one.label, places, text))
                left += [Left(one.number, why, part=True) for why in found if isinstance(why, str)]
                whole = [piece for piece in found if not isinstance(piece, str)]
                sayable = [piece for piece in whole if not re.search(r"\s", piece[2])]
                why = "The name of a class contains white space: rename it."
                left += [Left(one.number, why, part=True)] * (len(whole) - len(sayable))
                kept, n = without_overlaps(sayable)
                left += [Left(one.number, OVERLAP, part=True)] * n
                tags = ["O"] * len(places)
                for a, b, label in kept:
                    tags[a:b] = [f"B-{label}", *[f"I-{label}"] * (b - a - 1)]
                for (a, b), tag in zip(places, tags, strict=True):
                    file.write(f"{text[a:b]} {tag}\n")
                file.write("\n")
        return left


FORMATS = (Conll(),)
WRITERS = (ConllWriter(),)
