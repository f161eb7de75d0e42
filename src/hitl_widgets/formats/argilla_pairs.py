"""Argilla: records of comparisons, with a question for the answer and one for each thing asked beside it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hitl_widgets.formats.argilla import NAME, key_of, responses_of
from hitl_widgets.formats.base import (
    Export,
    Left,
    NotTaken,
    Row,
    Said,
    Wanted,
    answered,
    by_item,
    fields_of,
    is_nothing,
    texts_of,
    told,
)
from hitl_widgets.questions.pair import BOTH_BAD, FIRST, PLACES, SECOND, TIE

__all__ = ["FORMATS", "WRITERS", "Comparisons"]

FIELDS = (FIRST, SECOND)
ANSWER = "answer"
BESIDE = REASON, REASONS, CRITERIA = "reason", "reasons", "criteria"
CORRECTED = {f"corrected_{place}": place for place in FIELDS}
AGREED = ": "  # between a criterion and which of the two is better by it


class Comparisons:
    """Records with the fields ``first`` and ``second``, and the question ``answer``."""

    name = NAME
    order = 19

    def claims(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether all rows have both fields, and one has an answer."""
        return all(set(FIELDS) <= fields_of(row.get("fields")).keys() for row in rows) and any(
            ANSWER in responses_of(row) for row in rows
        )

    def read(self, rows: Sequence[Row], wanted: Wanted) -> Iterable[Said | Left]:
        """Yield the submitted answers, each with what the same user answered beside it."""

        def answers(number: int, row: Mapping[str, Any]) -> Iterator[Said | Left]:
            if wanted.kind not in {"", "pair"}:
                raise NotTaken(f"The record is a comparison, not an answer of kind {wanted.kind!r}.")
            fields, given = fields_of(row["fields"]), responses_of(row)
            if ANSWER not in given:
                raise NotTaken("The record has no response: it is not labeled.")
            key, sure = key_of(row, fields, wanted)
            rest = {name: value for name, value in fields.items() if name not in FIELDS}
            item = {"items": [fields[name] for name in FIELDS], **rest}
            beside = {
                (name, user): value
                for name in (*BESIDE, *CORRECTED)
                for value, user, _ in given.get(name, [])
                if not is_nothing(value)
            }
            for value, user, status in given[ANSWER]:
                if status != "submitted":
                    yield Left(number, f"The response is {status}: only submitted ones are labels.")
                    continue
                label = _label(value, {name: beside.get((name, user)) for name in (*BESIDE, *CORRECTED)})
                who = None if is_nothing(user) else str(user)
                yield Said(number, label, key, texts_of(fields), who, sure=sure, kind="pair", item=item)

        return told(rows, answers, NAME)


def _label(value: Any, beside: Mapping[str, Any]) -> Any:
    more = {name: given for name, given in beside.items() if given is not None}
    if CRITERIA in more:
        more[CRITERIA] = dict(one.rsplit(AGREED, 1) for one in more[CRITERIA])
    if revisions := {place: more.pop(name) for name, place in CORRECTED.items() if name in more}:
        more["revisions"] = revisions
    return {"label": value, **more} if more else value


class Writer:
    """Records as ``dataset.records.to_json`` writes them, of texts that were compared."""

    name = "argilla"
    ending = ""
    tabular, folder, items = False, False, True
    kinds = ("pair",)

    def notes(self, export: Export) -> Sequence[str]:
        """Return the settings of a dataset for these records."""
        names = list(dict.fromkeys(n for one in export.said for n in _record([one])["fields"]))
        fields = ", ".join(f'rg.TextField("{name}")' for name in names or FIELDS)
        asked = [f'rg.LabelQuestion("{ANSWER}", labels={list(_classes(export))!r})']
        settings = {} if export.schema is None else export.schema.settings
        if settings.get(REASON):
            asked.append(f'rg.TextQuestion("{REASON}", required=False)')
        if known := settings.get(REASONS):
            asked.append(f'rg.MultiLabelQuestion("{REASONS}", labels={known!r}, required=False)')
        if known := settings.get(CRITERIA):
            labels = [f"{name}{AGREED}{place}" for name in known for place in PLACES]
            asked.append(f'rg.MultiLabelQuestion("{CRITERIA}", labels={labels!r}, required=False)')
        if settings.get("revisions"):
            asked += [f'rg.TextQuestion("{name}", required=False)' for name in CORRECTED]
        settings_of = f"rg.Settings(fields=[{fields}], questions=[{', '.join(asked)}])"
        return [
            f"Settings of the dataset in Argilla: {settings_of}",
            "Argilla takes only responses of its own users: replace each user_id by one of them.",
        ]

    def columns(self, export: Export) -> Sequence[str]:  # noqa: ARG002
        """Return the fields of a record."""
        return ["id", "fields", "responses", "suggestions", "metadata", "vectors"]

    def write(self, export: Export, path: Path) -> Sequence[Left]:
        """Write a JSON list with a record for each pair."""
        left: list[Left] = []
        records = []
        for many in by_item(answered(export.said, left)):
            texts = many[0].item.get("items")
            if not isinstance(texts, list | tuple) or not all(isinstance(one, str) for one in texts):
                left += [Left(one.number, "The item is not a list of two texts.") for one in many]
            else:
                records.append(_record(many))
        path.write_text(
            json.dumps(records, ensure_ascii=False, default=str, indent=1) + "\n", encoding="utf-8"
        )
        return left


def _classes(export: Export) -> Sequence[str]:
    fixed = () if export.schema is None else export.schema.ids[: len(export.schema.classes)]
    return fixed or export.classes or (FIRST, SECOND, TIE, BOTH_BAD)


def _record(many: Sequence[Said]) -> dict[str, Any]:
    """Return the record of a pair with all answers."""
    one, responses = many[0], dict[str, list[dict[str, Any]]]()
    rest = {name: str(value) for name, value in one.item.items() if name != "items" and not is_nothing(value)}
    for given in many:
        user = str(uuid.uuid5(uuid.NAMESPACE_OID, given.annotator or ""))
        label = given.label if isinstance(given.label, Mapping) else {"label": given.label}
        told = {ANSWER: label["label"], **{name: label.get(name) for name in BESIDE}}
        if told[CRITERIA]:
            told[CRITERIA] = [f"{name}{AGREED}{place}" for name, place in told[CRITERIA].items()]
        told |= {name: label.get("revisions", {}).get(place) for name, place in CORRECTED.items()}
        for name, value in told.items():
            if value:
                response = {"value": value, "user_id": user, "status": "submitted"}
                responses.setdefault(name, []).append(response)
    record = {} if one.id is None else {"id": str(one.id)}
    fields = {**rest, **dict(zip(FIELDS, one.item.get("items", ()), strict=False))}
    return {
        **record,
        "fields": fields,
        "responses": responses,
        "suggestions": {},
        "metadata": {},
        "vectors": {},
    }


FORMATS = (Comparisons(),)
WRITERS = (Writer(),)
