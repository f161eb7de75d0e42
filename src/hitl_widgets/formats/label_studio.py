"""Label Studio: JSON (tasks with annotations), and JSON-MIN or CSV (a flat row for each annotation)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any
from urllib.parse import unquote

from hitl_widgets.errors import InvalidInput, choices
from hitl_widgets.formats.base import (
    IMAGES,
    MARKS,
    Left,
    NotTaken,
    Row,
    Said,
    Size,
    Wanted,
    fields_of,
    is_list,
    is_nothing,
    milliseconds,
    one_of,
    related,
    rows_of,
    size_in,
    texts_of,
    told,
    unpacked,
)
from hitl_widgets.formats.label_studio_parts import (
    CONTROL,
    NEITHER,
    WRITTEN,
    answer_of,
    beside,
    is_of_region,
    kinds_of,
    links_of,
)
from hitl_widgets.questions.form import PARTS

__all__ = ["DIGEST", "FORMATS", "Flat", "Tasks"]

NAME = "Label Studio"
LOOKED_AT = 1_000
# Usual fields of the two that are compared, where the result does not name them.
SIDES = (("first", "second"), ("text1", "text2"), ("left", "right"), ("image1", "image2"), ("a", "b"))
# An uploaded file gets a prefix, and a file in a local folder is a parameter of an address.
UPLOADED = re.compile(r"/upload/(?:\d+/)?[0-9a-f]{8}-([^/]+)$")
LOCAL = re.compile(r"/data/local-files/\?d=(.+)$")
# The field of a task that was sent out with the digest of its item.
DIGEST = "hitl_digest"
# The fields that Label Studio adds to those of a task.
OWN = {
    "id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement", "reviewed_by",
    "comments", "predictions", "task_id", "project",
}  # fmt: skip
Result = Sequence[Mapping[str, Any]]


class Tasks:
    """Tasks with annotations and predictions."""

    name = NAME
    order = 10

    def claims(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether tasks have ``data``, and ``annotations`` (formerly ``completions``)."""
        return any(
            isinstance(unpacked(row.get("data")), Mapping)
            and ({"annotations", "completions", "predictions"} & row.keys())
            for row in rows
        )

    def where(self, row: Mapping[str, Any]) -> str:
        """Return the number of a task."""
        return f"task {row['id']}" if "id" in row else ""

    def read(self, rows: Sequence[Row], wanted: Wanted) -> Iterable[Said | Left]:
        """Yield the labels of submitted annotations, and if everything is wanted, predictions as guesses."""
        question = _question(rows, wanted)

        def answers(number: int, row: Mapping[str, Any]) -> Iterator[Said | Left]:
            data = unpacked(row["data"])
            made = _annotations(row)
            guesses = list(rows_of(row.get("predictions"))) if wanted.whole else []
            if not made and not guesses:
                why = (
                    "a prediction of a model is not a label"
                    if row.get("predictions")
                    else "it is not labeled"
                )
                raise NotTaken(f"The task has no annotation: {why}.")
            for k, one in enumerate([*made, *guesses]):
                try:
                    yield from question.said(number, one, data, wanted, guess=k >= len(made))
                except NotTaken as why:
                    yield Left(number, str(why))

        return told(rows, answers, NAME)


@dataclass(frozen=True)
class _Question:
    """A question of a project, or if ``name`` is None, whatever there is of its kind.

    For a form, ``parts`` are the kinds of its questions by their names.
    """

    name: str | None
    kind: str
    parts: Mapping[str, str] = field(default_factory=dict)

    def said(
        self, number: int, one: Mapping[str, Any], data: Mapping[str, Any], wanted: Wanted, *, guess: bool
    ) -> Iterator[Said | Left]:
        """Yield an annotation, and if everything is wanted, what it contains besides."""
        if one.get("was_cancelled") or one.get("skipped"):
            raise NotTaken("The annotation was cancelled: the annotator skipped the task.")
        if one.get("last_action") == "rejected" or any(
            review.get("accepted") is False for review in (one.get("reviews") or [])[-1:]
        ):
            raise NotTaken("The annotation was rejected in review.")
        parts = one.get("result") or []
        found = [part for part in parts if self._answers(part)]
        if self.kind == "pair":
            more = [part for part in parts if beside(str(part.get("from_name")))]
            if {CONTROL, NEITHER} & {part.get("from_name") for part in (*found, *more)}:  # as we write it
                found += [part for part in more if part not in found]
                parts = [part for part in parts if part not in more]
        regions = {part.get("id") for part in found} if self.kind in WRITTEN else set()
        texts = [part for part in parts if is_of_region(part) and part.get("id") in regions]
        found += texts
        parts = [part for part in parts if part not in texts]
        links = [part for part in parts if part.get("type") == "relation"] if self.kind == "spans" else []
        parts = [part for part in parts if part not in links]
        others = sorted({str(part.get("type")) for part in parts if not self._answers(part)})
        if not found and others and (self.name is None or self.kind not in {"choices", *MARKS}):
            raise NotTaken(
                f"The annotation contains {choices(others)}, but this task takes {_asks(self.kind)}."
            )
        content = names_of(data)
        size = _size(found)
        if size is None and self.kind in IMAGES:  # all images in a folder may be searched for it
            size = wanted.size_of(content)
        if self.kind == "form":
            answer: Any = self._form(found)
        else:
            answer = _with_items(answer_of(found, self.kind, size), self.kind, data)
        unread: list[str] = []
        if self.kind == "spans" and (wanted.relations or wanted.whole):
            answer = related(answer, links_of(links, found, unread), wanted)
        yield Said(
            number,
            answer,
            data.get(wanted.id),
            content,
            None if guess else _who(one),
            kind=self.kind,
            item=_item(data, self.kind, found),
            size=size,
            elapsed_ms=milliseconds(one.get("lead_time")),
            time=one.get("created_at"),
            guess=guess,
            digest=str(data.get(DIGEST) or ""),
            parts=self.parts,
        )
        yield from (Left(number, why) for why in unread)
        if wanted.whole and others:
            yield Left(number, f"Other parts of the annotation: {choices(others)}.")

    def _form(self, found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        if not found:
            raise NotTaken("Nothing was answered.")
        said = {}
        for name, kind in self.parts.items():
            if given := [part for part in found if part.get("from_name") == name]:
                said[name] = answer_of(given, kind, None)
        return said

    def _answers(self, part: Mapping[str, Any]) -> bool:
        if self.kind == "form":
            return self.parts.get(str(part.get("from_name"))) in kinds_of(part)
        return self.kind in kinds_of(part) and (self.name is None or part.get("from_name") == self.name)


def _annotations(row: Mapping[str, Any]) -> list[Any]:
    found = unpacked(row.get("annotations") or row.get("completions") or [])
    return list(found) if is_list(found) else []


def _question(rows: Sequence[Row], wanted: Wanted) -> _Question:
    """Return the question to import: the given one, or the only one with answers of the kind."""
    results = list(_results(rows, wanted))
    if wanted.kind == "form":
        return _Question(None, "form", wanted.parts or _parts(results))
    names: dict[str, str] = {}
    nameless: list[str] = []
    known: set[str] = set()
    for part in chain.from_iterable(results):
        kinds, name = kinds_of(part), part.get("from_name")
        if kinds and (not wanted.kind or wanted.kind in kinds):
            kind = wanted.kind or kinds[0]
            nameless.append(kind) if name is None else names.setdefault(str(name), kind)
        if name is not None:
            known.add(str(name))
    if names.get(CONTROL) == "pair":  # what is asked beside a comparison is a part of it
        names = {name: kind for name, kind in names.items() if not beside(name)}
    if wanted.label in names:
        name = wanted.label
    elif len(names) > 1 or (names and wanted.named):
        one = "pass one of them as label= (--question)"
        asked = f"label={wanted.label!r} is not one of them" if wanted.named else one
        if wanted.whole and sum(kind in PARTS for kind in names.values()) > 1:
            asked += ', or kind="form" (--kind form) for those about the whole item together'
        raise InvalidInput(f"The file contains the questions {choices(sorted(names))}: {asked}.")
    elif not names:
        return _Question(None, wanted.kind or next(iter(nameless), "choice"))
    else:
        [name] = names
    kind = names[name] if wanted.kind else _widened(names[name], results, name)
    # With one question, a result without a name belongs to it.
    return _Question(name if len(known) > 1 else None, kind)


def _results(rows: Sequence[Row], wanted: Wanted) -> Iterator[Result]:
    """Yield the result of each annotation, and if everything is wanted, of each prediction."""
    for _, row in rows:
        guesses = rows_of(row.get("predictions")) if wanted.whole else []
        for one in (*rows_of(_annotations(row)), *guesses):
            yield rows_of(one.get("result"))


def _widened(kind: str, results: Sequence[Result], name: str) -> str:
    """Return the kind of a question whose first answer could be of this kind."""
    if kind == "choice" and _has_several(results, name):
        return "choices"
    return "transcript" if kind == "ranges" and _are_transcribed(results, name) else kind


def _parts(results: Sequence[Result]) -> dict[str, str]:
    """Return the questions of a project that a form can ask, with their kinds."""
    found: dict[str, str] = {}
    for part in chain.from_iterable(results):
        kinds, name = kinds_of(part), part.get("from_name")
        if name is not None and kinds and kinds[0] in PARTS:
            found.setdefault(str(name), kinds[0])
    return {
        name: "choices" if kind == "choice" and _has_several(results, name) else kind
        for name, kind in found.items()
    }


def _has_several(results: Sequence[Result], name: str) -> bool:
    return any(
        part.get("from_name") == name
        and isinstance(chosen := fields_of(part.get("value")).get("choices"), list | tuple)
        and len(chosen) > 1
        for part in chain.from_iterable(results)
    )


def _are_transcribed(results: Sequence[Result], name: str) -> bool:
    """Return whether regions of a question have texts."""
    for parts in results:
        regions = {str(part.get("id")) for part in parts if part.get("from_name") == name}
        if any(is_of_region(part) and str(part.get("id")) in regions for part in parts):
            return True
    return False


def _asks(kind: str) -> str:
    return "one choice for each item" if kind == "choice" else f"answers of kind {kind!r}"


def names_of(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what may identify a task: also the names of uploaded files, and of those in a local folder."""
    found = texts_of({name: value for name, value in data.items() if name != DIGEST})
    more = dict.fromkeys(found)
    for text in found:
        if (name := LOCAL.search(text)) is not None or (name := UPLOADED.search(text)) is not None:
            more[unquote(name[1])] = None
    return tuple(more)


def _item(data: Mapping[str, Any], kind: str, parts: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the fields of a task; those of a comparison as a list, which the result names."""
    if kind != "pair" or not parts:
        return data
    told = tuple(str(parts[0].get("to_name", "")).split(","))
    sides = next((two for two in (told, *SIDES) if len(two) == 2 and data.keys() >= set(two)), None)
    if sides is None:
        return data
    return {"items": [data[side] for side in sides], **{k: v for k, v in data.items() if k not in sides}}


def _with_items(answer: Any, kind: str, data: Mapping[str, Any]) -> Any:
    """Return a ranking as the places of the items; other answers unchanged."""
    if kind != "ranking":
        return answer
    lists = [rows_of(value) for value in data.values() if is_list(unpacked(value))]
    ids = [[str(one.get("id")) for one in items] for items in lists if items]
    for known in ids:
        if set(map(str, answer)) <= set(known):  # some, if only the best are ranked
            return [known.index(str(one)) + 1 for one in answer]
    raise NotTaken("The ranked items are not those of the task's list.")


def _size(parts: Sequence[Mapping[str, Any]]) -> Size | None:
    """Return the size of the image in the results."""
    for part in parts:
        if found := size_in(part.get("original_width"), part.get("original_height")):
            return found
    return None


def _who(one: Mapping[str, Any]) -> str | None:
    by = one.get("completed_by", one.get("annotator"))
    if isinstance(by, Mapping):
        by = by.get("email") or by.get("username") or by.get("id")
    return _name(by)


def _name(by: Any) -> str | None:
    if is_nothing(by):
        return None
    if isinstance(by, float) and by.is_integer():
        by = int(by)
    return f"{NAME} user {by}" if str(by).isdecimal() else str(by)


class Flat:
    """A row for each annotation, with the answers beside the fields of the task."""

    name = NAME
    order = 11

    def claims(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether all rows have an annotation id, and a lead time or annotator."""
        return all("annotation_id" in row and ({"lead_time", "annotator"} & row.keys()) for row in rows)

    def read(self, rows: Sequence[Row], wanted: Wanted) -> Iterable[Said | Left]:
        """Yield the labels."""
        question = _column(rows, wanted)
        several = any("choices" in fields_of(row.get(question)) for _, row in rows)
        kind = wanted.kind or ("choices" if several else "choice")

        def answers(number: int, row: Mapping[str, Any]) -> Iterator[Said]:
            value = unpacked(row.get(question))
            if is_nothing(value):
                raise NotTaken("Nothing was chosen.")
            if isinstance(value, Mapping) and "choices" in value:
                value = value["choices"]
            if isinstance(value, Mapping) or (isinstance(value, list) and isinstance(value[0], Mapping)):
                raise NotTaken("The answer is more than a choice, but this task takes one for each item.")
            own = {name: cell for name, cell in row.items() if name not in OWN and name != question}
            key = None if wanted.id in OWN else row.get(wanted.id)
            answer = (list(value) if is_list(value) else [value]) if kind == "choices" else one_of(value)
            yield Said(number, answer, key, texts_of(own), _name(row.get("annotator")), kind=kind, item=own)

        return told(rows, answers, NAME)


def _column(rows: Sequence[Row], wanted: Wanted) -> str:
    """Return the field of the answers: the given one, or the one with classes of this task."""
    names = dict.fromkeys(name for _, row in rows for name in row if name not in OWN)
    if wanted.label in names:
        return wanted.label

    def share(name: str) -> float:
        cells = [unpacked(row.get(name)) for _, row in rows[:LOOKED_AT] if not is_nothing(row.get(name))]
        return sum(map(fits, cells)) / len(cells) if cells else 0

    def fits(cell: Any) -> bool:
        return (isinstance(cell, Mapping) and "choices" in cell) or wanted.is_class(cell)

    found = [name for name in names if share(name) > 0.5]
    if len(found) == 1 and not wanted.named:
        return found[0]
    raise InvalidInput(
        f"The file is from {NAME}, but it is not clear which field contains the answers. Pass one of its "
        f"fields as label=: {choices(names)}."
    )


FORMATS = (Tasks(), Flat())
