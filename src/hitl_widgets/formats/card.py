"""The data card of an export: what the labels are, how they were collected, and their limitations."""

from __future__ import annotations

import platform
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from math import isnan
from pathlib import Path
from typing import Any

import pandas as pd

from hitl_widgets.errors import InvalidInput
from hitl_widgets.formats.base import relations_of
from hitl_widgets.formats.history import FIELDS
from hitl_widgets.labels.store import FORMAT
from hitl_widgets.paths import replacing
from hitl_widgets.quality.agreement import agreement
from hitl_widgets.questions.base import kind_of
from hitl_widgets.questions.schema import Schema
from hitl_widgets.questions.vocabulary import Vocabulary

__all__ = ["Facts", "Guide", "card", "escaped", "kind_on_card", "table", "write_card", "write_kind_card"]

MAX_PAIRS = 20
# Only we begin a line like this: the user's texts are always within a line or a cell.
KIND = re.compile(r"^Kind of answers: (\w+)\.$", re.MULTILINE)
LATER = 2.0  # seconds by which file systems and archives round times
HIDDEN = re.compile("[\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
MARKUP = re.compile(r"([\\`*_{}\[\]#|~!:$^@])")
SELECTIONS = {
    "suggested": "asked by the model's strategy",
    "audit": "drawn at random, to measure the model",
    "spot": "drawn at random among machine labels, to check them",
    "opinion": "a second opinion on an item that another annotator labeled",
    "gold": "its answer was known, to check the annotator, who was not told so",
    "clicked": "clicked on the map",
    "lasso": "selected with a lasso on the map",
    "rectangle": "selected with a rectangle on the map",
    "cluster": "a group on the map",
    "search": "found by a search",
    "api": "by a program",
    "import": "from a file or table",
    "decision": "decided by a reviewer; it counts instead of the other labels of the item",
}
COLUMNS = {
    "id": "the item: your id, or a hash of its content",
    "row": "its position in the labeled table, from 0, the first one if rows are equal; empty if the item "
    "is no longer there",
    "label": "the current answer: a class, several as a list, or a level",
    "label_source": "person, or machine for a label that was handed over to the model",
    "said": "the answer in the class names at the time of the label",
    "annotator": "the annotator",
    "time": "time of the label, UTC",
    "selection": "how the item was chosen",
    "elapsed_ms": "how long the annotator looked at it, in milliseconds, if known",
    "demonstrated": "whether it was answered without any prediction in sight, to show how it is done",
}
LIMITS = (
    (
        "Items that a model or a person chose are not a random sample: the class shares among these labels "
        "differ from those in the data, and the score of a model on them may be higher or lower than its "
        "real score."
    ),
    "Only items with selection audit were drawn at random, from those that were unlabeled at the time.",
    "Skipped items have no label and are not in the table. These are often the hard ones.",
)


@dataclass(frozen=True)
class Guide:
    """The guideline of a class, for a data card.

    Attributes
    ----------
    name
        The class.
    versions
        For each change: the time, the annotator (for display), the text, and the numbers of examples and of
        counter-examples.
    examples
        For each item: its id, whether it is a counter-example, and why.
    """

    name: str
    versions: Sequence[tuple[datetime, str, str, int, int]]
    examples: Sequence[tuple[object, bool, str]]


@dataclass(frozen=True)
class Facts:
    """The facts for a data card.

    Attributes
    ----------
    file, columns
        Name of the export, and its columns in order.
    labels
        Columns id, label, annotator (for display), time, selection: a row for each label.
    names
        Whether annotators' names are included.
    n_events, n_skipped, n_items
        Number of acts in the log, of skipped items, and of items in the data (None if unknown).
    chosen, accuracy
        The strategy and the share of audits, and the estimate, as text; None if unknown.
    per_class
        Class and estimate, as text, for the items that the model predicts as this class.
    guides
        The guidelines of the classes that have one.
    notes
        Further limitations of this file.
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
    guides: Sequence[Guide] = ()
    notes: Sequence[str] = field(default_factory=tuple)


def write_card(facts: Facts, path: Path) -> Path:
    """Write the card beside ``path``, with mode 0600; return its path."""
    target = path.with_name(f"{path.name}.card.md")
    with replacing(target) as part:
        part.write_text(card(facts), encoding="utf-8")
    return target


def write_kind_card(path: Path, kind: str, told: str, left: Sequence[str]) -> Path:
    """Write a card with the kind of the answers, a summary, and what was left out; return its path."""
    target = path.with_name(f"{path.name}.card.md")
    kinds = kind_of(kind).card
    lines = "\n".join(f"- Not in the file: {escaped(line)}" for line in left)
    parts = [
        f"# Labels: {escaped(path.name)}",
        f"Kind of answers: {kind}.",
        kinds,
        f"Converted: {escaped(told)}.",
        lines,
    ]
    with replacing(target) as part:
        part.write_text("\n\n".join(filter(None, parts)) + "\n", encoding="utf-8")
    return target


def card(facts: Facts, more: Sequence[str] = ()) -> str:
    """Return the card as Markdown, with names and guidance escaped; ``more`` are sections of a model."""
    parts = [
        f"# Labels: {escaped(facts.file)}" if facts.file else f"# Labels and model: {escaped(facts.task)}",
        *_question(facts),
        *_guidelines(facts),
        *_counts(facts),
        *_choice(facts),
        *_quality(facts),
        *(_contents(facts) if facts.columns else ()),
        *more,
        *_limits(facts),
        *_made(facts),
    ]
    return "\n\n".join(parts) + "\n"


def kind_on_card(path: Path) -> str:
    """Return the kind of answers that the card beside a file names; empty if there is no such card."""
    beside = path.with_name(f"{path.name}.card.md")
    try:
        # The card is written after its file. An older one is about a file that was replaced.
        if beside.stat().st_mtime + LATER < path.stat().st_mtime:
            return ""
        found = KIND.search(beside.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return ""
    return found[1] if found else ""


def escaped(value: object) -> str:
    """Return a text as one line, with Markdown, HTML and formulas escaped."""
    text = " ".join(HIDDEN.sub("\ufffd", str(value)).split())
    text = "".join(c if c.isprintable() or ord(c) > 0x9F else "\ufffd" for c in text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return MARKUP.sub(r"\\\1", text).replace("www.", r"www\.")


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table in Markdown; its cells must be escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def _question(facts: Facts) -> list[str]:
    schema = facts.schema
    question = schema.question if schema and schema.question else ""
    asked = f"Task {escaped(facts.task)}." + (f" Question: {escaped(question)}" if question else "")
    if schema is None:
        return ["## Question", asked, "The store does not contain its classes."]
    kind, values = kind_of(schema.kind), dict(zip(schema.all_values, schema.all_names, strict=True))
    named = [kind.named(label) for label in facts.labels["label"]]
    counts = Counter(values.get(value, str(value)) for label in named for value in label)
    rows = [(escaped(c.name), escaped(c.guidance), counts.get(c.name, 0)) for c in schema.classes]
    words = [asked, f"Kind of answers: {schema.kind}.", *([kind.card] if kind.card else [])]
    if not schema.least:  # without classes
        return ["## Question", *words]
    # What else a composed answer names is not a class.
    more = set(counts) if not kind.composed else set(schema.all_names)
    rows += [(escaped(c), "", n) for c, n in counts.items() if c in more and c not in schema.names]
    if none := sum(not label for label in named):
        rows.append(("none of them", "", none))
    tables = [table(["class", "when to choose it", "labels"], rows)]
    if types := schema.settings.get("relations"):
        related = Counter(r["label"] for label in facts.labels["label"] for r in relations_of(label))
        tables.append(table(["relation", "labels"], [(escaped(name), related[name]) for name in types]))
    return ["## Question", *words, *tables]


def _guidelines(facts: Facts) -> list[str]:
    versions = [
        (escaped(g.name), k, f"{time:%Y-%m-%d}", escaped(who), escaped(text), n, m)
        for g in facts.guides
        for k, (time, who, text, n, m) in enumerate(g.versions, 1)
    ]
    examples = [
        (escaped(g.name), "no" if counter else "yes", escaped(id_), escaped(because))
        for g in facts.guides
        for id_, counter, because in g.examples
    ]
    if not versions:
        return []
    header = ["class", "version", "date", "annotator", "when to choose it", "examples", "counter-examples"]
    parts = ["## Guidelines", "What annotators were told, and when that changed.", table(header, versions)]
    if examples:
        parts.append(table(["class", "is an example of it", "item", "why"], examples))
    return parts


def _counts(facts: Facts) -> list[str]:
    labels = facts.labels
    of = "" if facts.n_items is None else f", of {facts.n_items:,} in the data"
    counts = labels["annotator"].value_counts(sort=False)
    words = f"{len(labels):,} labels on {labels['id'].nunique():,} items{of}, by {len(counts):,} annotator"
    words += "." if len(counts) == 1 else "s."
    if facts.n_skipped:
        words += f" {facts.n_skipped:,} items were skipped and not labeled later."
    if len(labels):
        first, last = labels["time"].min(), labels["time"].max()
        words += f" First {first:%Y-%m-%d}, last {last:%Y-%m-%d} (UTC)."
    if facts.n_items is not None and (gone := int(facts.labels.get("gone", pd.Series(dtype=bool)).sum())):
        words += f" {gone:,} labels are for items that are no longer in the data."
    rows = [(escaped(who), int(n)) for who, n in counts.items()]
    named = "Names as they gave them." if facts.names else "Numbered in the order of their first act."
    return ["## Labels", words, named, table(["annotator", "labels"], rows)]


def _choice(facts: Facts) -> list[str]:
    counts = facts.labels["selection"].fillna("unknown").value_counts()
    rows = [(escaped(name), SELECTIONS.get(str(name), ""), int(n)) for name, n in counts.items()]
    unknown = "The strategy is not known here, because it is part of the session, not of the store."
    return [
        "## How items were chosen",
        escaped(facts.chosen or unknown),
        table(["selection", "meaning", "labels"], rows),
    ]


def _quality(facts: Facts) -> list[str]:
    unknown = "Accuracy of the model: not known here, but session.export includes it."
    found = agreement(*_comparable(facts))
    if not len(found):
        told = ["No two annotators labeled the same item, so their agreement is not known."]
    else:
        shown = found.sort_values("n", ascending=False, kind="stable").head(MAX_PAIRS)
        rows = [
            (escaped(pair), f"{n:,}", f"{same:.0%}", "-" if isnan(kappa) else f"{kappa:.2f}")
            for pair, n, same, kappa in shown.to_numpy().tolist()
        ]
        how = "" if facts.schema is None else kind_of(facts.schema.kind).agreement
        words = f"Agreement on items that two annotators labeled.{how}"
        words += " Kappa is Cohen's kappa, or - if only one label is used."
        if len(found) > len(shown):
            words += f" Only the {len(shown)} of {len(found):,} pairs with the most shared items are listed."
        told = [words, table(["annotators", "items", "agree", "kappa"], rows)]
    classes = []
    if facts.per_class:
        shares = [(escaped(name), share) for name, share in facts.per_class]
        classes = [table(["items that the model predicts as", "are correct"], shares)]
    return ["## Quality", facts.accuracy or unknown, *classes, *told]


def _comparable(facts: Facts) -> tuple[pd.DataFrame, Callable[[Any, Any], float]]:
    """Return the labels as answers, and a function for the agreement of two answers."""
    # A decision is not an answer: the labels of the person who decided are there as well.
    labels, schema = facts.labels[facts.labels["selection"] != "decision"], facts.schema
    if schema is None:
        return labels.assign(label=labels["label"].astype(str)), lambda a, b: float(a == b)
    kind, ids = kind_of(schema.kind), dict(zip(schema.all_values, schema.ids, strict=True))
    if kind.composed:
        return _composed(labels, schema)
    answers = [tuple(sorted(ids.get(v, str(v)) for v in kind.named(label))) for label in labels["label"]]
    made: list[Any] = [answer[0] if kind.closed else answer for answer in answers]
    told = labels.assign(label=pd.Series(made, labels.index, dtype=object))
    return told, lambda a, b: kind.agree(a, b, schema)


def _composed(labels: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, Callable[[Any, Any], float]]:
    """Return the same for answers that are more than their classes; those that are not valid are left out."""
    kind, vocabulary = kind_of(schema.kind), Vocabulary()
    every = Schema.standing(
        (*schema.classes, *schema.retired),
        "",
        schema.ids,
        {},
        schema.own,
        kind=schema.kind,
        least=schema.least,
        settings=schema.settings,
    )
    vocabulary.apply(every.to_dict(), "")
    vocabulary.spell(dict(zip(every.names, every.values, strict=True)))
    made: dict[Any, Any] = {}
    for row, label in labels["label"].items():
        with suppress(InvalidInput):
            made[row] = kind.parse(label, vocabulary)
    told = labels.loc[list(made)].assign(label=pd.Series(made, dtype=object))
    return told, lambda a, b: kind.agree(a, b, every)


def _contents(facts: Facts) -> list[str]:
    known = FIELDS if "event_id" in facts.columns else COLUMNS
    rows = [(escaped(c), known.get(c.removesuffix(" (UTC)"), "a column of the item")) for c in facts.columns]
    return ["## Columns of the file", table(["column", "meaning"], rows)]


def _limits(facts: Facts) -> list[str]:
    return ["## Limitations", "\n".join(f"- {limit}" for limit in (*LIMITS, *facts.notes))]


def _made(facts: Facts) -> list[str]:
    try:
        ours = version("hitl-widgets")
    except PackageNotFoundError:  # a source tree that is not installed
        ours = "0+unknown"
    versions = f"hitl-widgets {ours}, store format {FORMAT}, Python {platform.python_version()}."
    return ["## Made by", f"{versions} The log has {facts.n_events:,} acts."]
