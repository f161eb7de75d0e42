"""The data card that lies beside an export: what the labels are, how they came about, what to beware of."""

from __future__ import annotations

import platform
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from math import isnan
from pathlib import Path
from typing import Any

import pandas as pd

from hitl_widgets.formats.history import FIELDS
from hitl_widgets.labels.store import FORMAT
from hitl_widgets.paths import replacing
from hitl_widgets.quality.agreement import agreement
from hitl_widgets.questions.base import kind_of
from hitl_widgets.questions.schema import Schema

__all__ = ["Facts", "card", "write_card"]

MAX_PAIRS = 20
HIDDEN = re.compile("[\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
MARKUP = re.compile(r"([\\`*_{}\[\]#|~!:$^@])")
SELECTIONS = {
    "suggested": "asked by the model's strategy",
    "audit": "drawn at random, to measure the model",
    "opinion": "a second opinion on what somebody had labelled",
    "clicked": "clicked on the map",
    "lasso": "circled on the map",
    "rectangle": "in a box on the map",
    "cluster": "a group of the map",
    "search": "found by a search",
    "api": "by a program",
    "import": "from a file or table",
}
COLUMNS = {
    "id": "the item: your id, or a hash of its content",
    "row": "its position in the table that was labelled, from 0, the first of equal ones; empty where the "
    "item is no longer there",
    "label": "the answer that holds: a class, several as a list, or a level",
    "said": "the same as it was called when the label was given",
    "annotator": "who said so",
    "time": "when, UTC",
    "selection": "how the item was chosen",
    "elapsed_ms": "how long it was looked at, in milliseconds, where known",
}
LIMITS = (
    (
        "Items that a model or a person chose are not a random sample: the shares of classes among these "
        "labels are not their shares in the data, and a model scored on them looks better or worse than "
        "it is."
    ),
    "Only labels with selection audit were drawn at random, from what was not labelled yet.",
    "Skipped items have no label and are not in the table: often the hard ones.",
)


@dataclass(frozen=True)
class Facts:
    """What a card tells.

    Attributes
    ----------
    file, columns
        Name of the export, and its columns in order.
    labels
        Columns id, label, annotator (as it is to be shown), time, selection: a row for each label.
    names
        Whether annotators are named.
    n_events, n_skipped, n_items
        Acts in the log, items that are skipped, items in the data; None where that is not at hand.
    chosen, accuracy
        The strategy and the audit's share, and the estimate, in words; None where they are not known.
    per_class
        Class and estimate, in words, of the items that the model calls so.
    notes
        More limits of this very file.
    """

    file: str
    columns: Sequence[str]
    task: str
    schema: Schema | None
    labels: pd.DataFrame
    names: bool
    n_events: int
    n_skipped: int
    n_items: int | None = None
    chosen: str | None = None
    accuracy: str | None = None
    per_class: Sequence[tuple[object, str]] = ()
    notes: Sequence[str] = field(default_factory=tuple)


def write_card(facts: Facts, path: Path) -> Path:
    """Write the card beside ``path``, mode 0600; returns where."""
    target = path.with_name(f"{path.name}.card.md")
    with replacing(target) as part:
        part.write_text(card(facts), encoding="utf-8")
    return target


def card(facts: Facts) -> str:
    """The card as Markdown. Names and guidance are shown as they are written, never as markup."""
    parts = [
        f"# Labels: {_plain(facts.file)}",
        *_question(facts),
        *_counts(facts),
        *_choice(facts),
        *_quality(facts),
        *_contents(facts),
        *_limits(facts),
        *_made(facts),
    ]
    return "\n\n".join(parts) + "\n"


def _plain(value: object) -> str:
    """A text on one line, in which Markdown, HTML and formulas are shown and not obeyed."""
    text = " ".join(HIDDEN.sub("\ufffd", str(value)).split())
    text = "".join(c if c.isprintable() or ord(c) > 0x9F else "\ufffd" for c in text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return MARKUP.sub(r"\\\1", text).replace("www.", r"www\.")


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def _question(facts: Facts) -> list[str]:
    schema = facts.schema
    question = schema.question if schema and schema.question else ""
    asked = f"Task {_plain(facts.task)}." + (f" Question: {_plain(question)}" if question else "")
    if schema is None:
        return ["## Question", asked, "Its classes are not in the store."]
    kind, values = kind_of(schema.kind), dict(zip(schema.all_values, schema.all_names, strict=True))
    named = [kind.named(label) for label in facts.labels["label"]]
    counts = Counter(values.get(value, str(value)) for label in named for value in label)
    rows = [(_plain(c.name), _plain(c.guidance), counts.get(c.name, 0)) for c in schema.classes]
    rows += [(_plain(name), "", n) for name, n in counts.items() if name not in schema.names]
    if none := sum(not label for label in named):
        rows.append(("none of them", "", none))
    words = [asked, *([kind.card] if kind.card else [])]
    return ["## Question", *words, _table(["class", "when to choose it", "labels"], rows)]


def _counts(facts: Facts) -> list[str]:
    labels = facts.labels
    of = "" if facts.n_items is None else f", of {facts.n_items:,} in the data"
    counts = labels["annotator"].value_counts(sort=False)
    words = f"{len(labels):,} labels on {labels['id'].nunique():,} items{of}, by {len(counts):,} annotators."
    if facts.n_skipped:
        words += f" {facts.n_skipped:,} items were skipped, and are not labelled since."
    if len(labels):
        first, last = labels["time"].min(), labels["time"].max()
        words += f" First {first:%Y-%m-%d}, last {last:%Y-%m-%d} (UTC)."
    if facts.n_items is not None and (gone := int(facts.labels.get("gone", pd.Series(dtype=bool)).sum())):
        words += f" {gone:,} labels are of items that are no longer in the data."
    rows = [(_plain(who), int(n)) for who, n in counts.items()]
    named = "Their names as they gave them." if facts.names else "Numbered in the order of their first act."
    return ["## Labels", words, named, _table(["annotator", "labels"], rows)]


def _choice(facts: Facts) -> list[str]:
    counts = facts.labels["selection"].fillna("unknown").value_counts()
    rows = [(_plain(name), SELECTIONS.get(str(name), ""), int(n)) for name, n in counts.items()]
    unknown = "The strategy is not known here: it lies in the session, not in the store."
    return [
        "## How items were chosen",
        _plain(facts.chosen or unknown),
        _table(["selection", "what", "labels"], rows),
    ]


def _quality(facts: Facts) -> list[str]:
    unknown = "Accuracy of the model: not known here; session.export writes it."
    found = agreement(*_comparable(facts))
    if not len(found):
        told = ["No two annotators labelled the same item: their agreement is not known."]
    else:
        shown = found.sort_values("n", ascending=False, kind="stable").head(MAX_PAIRS)
        rows = [
            (_plain(pair), f"{n:,}", f"{same:.0%}", "-" if isnan(kappa) else f"{kappa:.2f}")
            for pair, n, same, kappa in shown.to_numpy().tolist()
        ]
        how = "" if facts.schema is None else kind_of(facts.schema.kind).agreement
        words = f"Agreement where two labelled the same items.{how}"
        words += " Kappa is Cohen's, - where one label alone is used."
        if len(found) > len(shown):
            words += f" The {len(shown)} of {len(found):,} pairs that share most."
        told = [words, _table(["annotators", "items", "agree", "kappa"], rows)]
    classes = []
    if facts.per_class:
        shares = [(_plain(name), share) for name, share in facts.per_class]
        classes = [_table(["items that the model calls", "are so"], shares)]
    return ["## How good they are", facts.accuracy or unknown, *classes, *told]


def _comparable(facts: Facts) -> tuple[pd.DataFrame, Callable[[Any, Any], float]]:
    """The labels as answers, and how far two of them agree."""
    labels, schema = facts.labels, facts.schema
    if schema is None:
        return labels.assign(label=labels["label"].astype(str)), lambda a, b: float(a == b)
    kind, ids = kind_of(schema.kind), dict(zip(schema.all_values, schema.ids, strict=True))
    answers = [tuple(sorted(ids.get(v, str(v)) for v in kind.named(label))) for label in labels["label"]]
    made: list[Any] = [answer[0] if kind.closed else answer for answer in answers]
    told = labels.assign(label=pd.Series(made, labels.index, dtype=object))
    return told, lambda a, b: kind.agree(a, b, schema)


def _contents(facts: Facts) -> list[str]:
    known = FIELDS if "event_id" in facts.columns else COLUMNS
    rows = [(_plain(c), known.get(c.removesuffix(" (UTC)"), "of the item itself")) for c in facts.columns]
    return ["## Columns of the file", _table(["column", "what"], rows)]


def _limits(facts: Facts) -> list[str]:
    return ["## Know before you use them", "\n".join(f"- {limit}" for limit in (*LIMITS, *facts.notes))]


def _made(facts: Facts) -> list[str]:
    try:
        ours = version("hitl-widgets")
    except PackageNotFoundError:  # a source tree that was never installed
        ours = "0+unknown"
    versions = f"hitl-widgets {ours}, store format {FORMAT}, Python {platform.python_version()}."
    return ["## Made by", f"{versions} The log held {facts.n_events:,} acts."]
