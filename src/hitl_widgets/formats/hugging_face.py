"""Hugging Face: rows that ``datasets`` reads, and the columns of TRL for comparisons and texts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hitl_widgets.formats.base import (
    KIND,
    Export,
    Left,
    NotTaken,
    Row,
    Said,
    Wanted,
    is_list,
    is_nothing,
    told,
)

__all__ = ["FORMATS", "WRITERS", "Preferences", "write_rows"]

NAME = "TRL"
PLACES = ("first", "second")


class Preferences:
    """Rows with chosen and rejected, or with prompt and completion; each a text or a list of messages."""

    name = NAME
    order = 50

    def claims(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether all rows have these columns."""
        return all(
            ({"chosen", "rejected"} <= row.keys() and "label" not in row)
            or ({"prompt", "completion"} <= row.keys() and not {"id", "text"} & row.keys())
            for row in rows
        )

    def read(self, rows: Sequence[Row], wanted: Wanted) -> Iterable[Said | Left]:
        """Yield which of the two is better, or the completion as a text."""
        pairs = any("chosen" in row for _, row in rows)
        kind = wanted.kind or ("pair" if pairs else "text")

        def answers(number: int, row: Mapping[str, Any]) -> Iterator[Said]:
            if kind != ("pair" if pairs else "text"):
                raise NotTaken(f"The row is not an answer of kind {kind!r}.")
            prompt, own = _said(row.get("prompt")), row.get(wanted.id)
            told = {} if is_nothing(prompt) else {"prompt": prompt}
            if not pairs:
                if "label" in row:
                    raise NotTaken("The row says whether the completion is desired, which is not a text.")
                content = (prompt,) if prompt else ()
                yield Said(number, _said(row["completion"]), own, content, kind="text", item={"text": prompt})
                return
            chosen, rejected = _said(row["chosen"]), _said(row["rejected"])
            key, in_order = wanted.compared(chosen, rejected)
            items = [chosen, rejected] if in_order else [rejected, chosen]
            label = PLACES[0] if in_order else PLACES[1]
            content = tuple(items)
            yield Said(
                number,
                label,
                own if key is None else key,
                content,
                kind="pair",
                item={"items": items, **told},
            )

        return told(rows, answers, NAME)


def _said(value: Any) -> Any:
    """Return a text, of messages the content of the last one."""
    if is_list(value):
        messages = list(value)
        if not messages or not isinstance(messages[-1], Mapping) or "content" not in messages[-1]:
            raise NotTaken("The messages are not a list of role and content.")
        value = messages[-1]["content"]
    if value is not None and not isinstance(value, str):
        raise NotTaken(f"{value!r} is neither a text nor a list of messages.")
    return value


class Rows:
    """A row for each label, with the fields of its item, the label as it is, and the annotator."""

    name = "hf"
    ending = ""
    tabular, folder, items, relations, texts = False, False, True, True, True
    kinds: tuple[str, ...] = ()

    def notes(self, export: Export) -> Sequence[str]:  # noqa: ARG002
        """Return how to read the file."""
        return ['Read it with datasets.load_dataset("json", data_files=...), or "parquet".']

    def columns(self, export: Export) -> Sequence[str]:
        """Return the columns."""
        return list(dict.fromkeys(name for one in export.said for name in self._row(one)))

    def write(self, export: Export, path: Path) -> Sequence[Left]:
        """Write JSON lines, or Parquet if the suffix says so."""
        write_rows([self._row(one) for one in export.said], path)
        return []

    def _row(self, one: Said) -> dict[str, Any]:
        row = {"id": one.id} if one.id is not None else {}
        row |= {name: value for name, value in one.item.items() if name not in row}
        if one.size is not None and "width" not in row:
            row |= {"width": one.size[0], "height": one.size[1]}
        told = {"annotator": one.annotator, "time": one.time, "elapsed_ms": one.elapsed_ms}
        row |= {"label": one.label, KIND: one.kind}
        return row | {name: value for name, value in told.items() if value is not None}


class Trl:
    """The columns of TRL's trainers: prompt, chosen and rejected; or prompt and completion."""

    name = "trl"
    ending = ""
    tabular, folder, items = False, False, True
    kinds = ("pair", "text")

    def notes(self, export: Export) -> Sequence[str]:  # noqa: ARG002
        """Return how to read the file."""
        return ['Read it with datasets.load_dataset("json", data_files=...), or "parquet".']

    def columns(self, export: Export) -> Sequence[str]:
        """Return the columns."""
        pair = export.kind == "pair"
        return ["prompt", "chosen", "rejected"] if pair else ["prompt", "completion"]

    def write(self, export: Export, path: Path) -> Sequence[Left]:
        """Write JSON lines, or Parquet if the suffix says so."""
        left: list[Left] = []
        rows = []
        for one in export.said:
            try:
                rows.append(_preference(one) if one.kind == "pair" else _completion(one))
                if isinstance(one.label, Mapping):
                    more = [
                        name for name in ("reason", "reasons", "criteria", "revisions") if one.label.get(name)
                    ]
                    left += [Left(one.number, f"The {name} of a comparison.", part=True) for name in more]
            except NotTaken as why:
                left.append(Left(one.number, str(why)))
        write_rows(rows, path)
        return left


def _preference(one: Said) -> dict[str, Any]:
    label = one.label["label"] if isinstance(one.label, Mapping) else one.label
    members = one.item.get("items")
    if (
        not isinstance(members, list | tuple)
        or len(members) != 2
        or not all(isinstance(m, str) for m in members)
    ):
        raise NotTaken("The item is not a list of two texts.")
    if label not in PLACES:
        raise NotTaken(f"The answer is {label!r}, which is not a preference.")
    better = PLACES.index(label)
    row = {"chosen": members[better], "rejected": members[1 - better]}
    rest = {name: value for name, value in one.item.items() if name != "items" and isinstance(value, str)}
    prompt = rest.get("prompt", next(iter(rest.values()), None) if len(rest) == 1 else None)
    return row if prompt is None else {"prompt": prompt, **row}


def _completion(one: Said) -> dict[str, Any]:
    prompt = one.item.get("prompt", one.item.get("text"))
    if not isinstance(prompt, str):
        raise NotTaken("The item is not a text.")
    return {"prompt": prompt, "completion": one.label}


def write_rows(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write rows as Parquet if the ending says so, else as JSON lines."""
    if path.name.removesuffix(".part").endswith(".parquet"):
        import pyarrow as pa
        from pyarrow import parquet

        # Not from_pylist, which takes the columns of the first row only.
        names = dict.fromkeys(name for row in rows for name in row)
        parquet.write_table(pa.table({name: [row.get(name) for row in rows] for name in names}), path)
        return
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")


FORMATS = (Preferences(),)
WRITERS = (Rows(), Trl())
