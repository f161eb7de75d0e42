"""Tasks for others: a page for one person, a project of Label Studio, or files for Mechanical Turk."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import random
import re
import uuid
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import Any

from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.formats.base import Left, Said
from hitl_widgets.formats.label_studio import DIGEST
from hitl_widgets.formats.label_studio_tasks import configuration, stars_of, task_of
from hitl_widgets.items.base import Size
from hitl_widgets.items.lists import ListKind
from hitl_widgets.items.pictures import is_address
from hitl_widgets.loop.loop import Loop
from hitl_widgets.paths import full_path, new_folder
from hitl_widgets.questions.base import Standing, kind_of
from hitl_widgets.transfer.exporting import Fields

__all__ = ["Sent", "Work", "send"]

TO = ("page", "label-studio", "mturk")
KINDS = ("choice", "choices", "rating", "number", "text", "pair")
SHOWN = ("text", "code", "image", "table", "list")
IMAGE = Size(side=1024, most=400_000)
SIDES = ("A", "B")


@dataclass(frozen=True)
class Work:
    """What is sent out; see :meth:`Session.export_tasks`."""

    places: Sequence[int]
    gold: frozenset[int] = frozenset()
    examples: Sequence[int] = ()
    instructions: str = ""
    overlap: int = 1
    batch: int = 50
    suggestions: Mapping[int, Any] | None = None
    kept: Sequence[tuple[int, str]] = ()  # items of the guidelines, and what is said of them


@dataclass(frozen=True)
class Sent:
    """Tasks that were written.

    Attributes
    ----------
    folder, files
        The folder, and the files in it that are to be handed out.
    n
        Number of tasks, including gold.
    n_gold
        Number of those whose answers are known.
    left
        Items that cannot be shown, or that lack their suggestion: id and reason.
    """

    folder: Path
    files: tuple[Path, ...]
    n: int
    n_gold: int
    left: tuple[tuple[Any, str], ...] = ()

    def __repr__(self) -> str:
        gold = f", {self.n_gold:,} of them with known answers" if self.n_gold else ""
        left = f" {len(self.left):,} items cannot be shown as asked: see .left." if self.left else ""
        return f"{self.n:,} tasks{gold}, in {self.folder}. README.txt says what to do with them.{left}"


def send(loop: Loop, path: str | PathLike[str], to: str, work: Work, seed: int) -> Sent:
    """Write the tasks; see :meth:`Session.export_tasks`."""
    _check(loop, to, work)
    _refuse_unlabelled(loop, [*work.gold, *work.examples])
    order = random.Random(seed)  # noqa: S311 - an order, not a secret
    places = list(dict.fromkeys([*work.places, *work.gold]))
    order.shuffle(places)
    shown, left = _shown(loop, places, to)
    if not shown:
        every = not any(y < 0 for y in loop.labels.y)
        reason = " All items are labelled: pass ids=." if every else " ids= is empty."
        if left:
            reason = f" The first one: {left[0][1]}"
        raise InvalidInput(f"There is nothing to send.{reason}")
    work = replace(work, kept=_kept(loop, {*work.places, *work.gold, *work.examples}, to, left))
    sender = {"page": _pages, "label-studio": _project, "mturk": _turk}[to]
    with new_folder(path) as folder:
        names, told = sender(loop, folder, work, shown, order, left)
        (folder / "README.txt").write_text(told + HOME, encoding="utf-8")
    made = full_path(path)
    gold = sum(place in work.gold for place in shown)
    return Sent(made, tuple(made / name for name in names), len(shown), gold, tuple(left))


HOME = """
When you have the answers:

    session.import_answers("answers")   # a file, or the folder with all of them

Importing the same file twice changes nothing.
"""


def _check(loop: Loop, to: str, work: Work) -> None:
    kind, pool = loop.schema.kind, loop.pool
    if to not in TO:
        raise InvalidInput(f"to={to!r}: expected one of {choices(TO)}.{nearest(to, TO)}")
    if kind not in KINDS:
        raise InvalidInput(
            f"Tasks of kind {kind!r} cannot be sent out, only {choices(KINDS)}. The labels can be exported: "
            'session.export(path, "label-studio").'
        )
    of = pool.item_kind.of.name if isinstance(pool.item_kind, ListKind) else pool.kind
    if pool.kind not in SHOWN or of not in SHOWN:
        raise InvalidInput(f"Items of kind {of!r} cannot be shown in a task, only {choices(SHOWN[:4])}.")
    if kind == "pair" and to == "mturk" and loop.schema.settings.get("reason"):
        raise InvalidInput('A task for Mechanical Turk cannot ask for a reason: use to="page".')
    if kind == "pair" and (
        more := [n for n in ("criteria", "reasons", "revisions") if loop.schema.settings.get(n)]
    ):
        raise InvalidInput(
            f"A task that is sent out cannot ask for {' and '.join(more)}: pass a question without "
            f"{more[0]}=, in a task of its own."
        )
    for name, value in (("overlap", work.overlap), ("batch", work.batch)):
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise InvalidInput(f"{name}={value!r}: expected a whole number from 1 on.")


# -- what is shown


def _shown(loop: Loop, places: Sequence[int], to: str) -> tuple[dict[int, list[Any]], list[tuple[Any, str]]]:
    """Return the blocks of each item, and the items that cannot be shown."""
    shown: dict[int, list[Any]] = {}
    left: list[tuple[Any, str]] = []
    for place in places:
        try:
            shown[place] = _blocks(loop, place, to)
        except InvalidInput as why:
            left.append((loop.pool.ids[place], str(why)))
    return shown, left


def _blocks(loop: Loop, place: int, to: str) -> list[dict[str, Any]]:
    pool, item = loop.pool, loop.pool.displayed(place)
    if isinstance(pool.item_kind, ListKind):
        return [_block(pool.item_kind.of, member, to) for member in item]
    return [_block(pool.item_kind, item, to)]


def _block(kind: Any, item: Any, to: str) -> dict[str, Any]:
    if kind.tabular:
        return {"kind": "row", "cells": [[str(name), str(value)] for name, value in item.items()]}
    if not kind.in_files:
        return {"kind": "code" if kind.name == "code" else "text", "text": str(item)}
    if is_address(item):
        if to == "page":
            raise InvalidInput("The image is an address, and the page loads nothing: pass files.")
        return {"kind": "image", "src": str(item).strip(), "alt": "image"}
    if to != "page":
        raise InvalidInput("The image is not an address (https://...), which the workers' browsers need.")
    made = kind.payload(item, IMAGE)
    if not made.media:
        raise InvalidInput(str(made.content.get("why", "The image cannot be shown.")))
    mime, data = made.media[0]
    return {"kind": "image", "src": f"data:{mime};base64,{base64.b64encode(data).decode()}", "alt": "image"}


def _kept(loop: Loop, asked: Container[int], to: str, left: list[tuple[Any, str]]) -> list[tuple[int, str]]:
    """Return the examples of the guidelines, and what they show; none that are asked or shown anyway."""
    names = dict(zip(loop.schema.ids, loop.schema.all_names, strict=True))
    found = []
    for one in loop.guiding.told():
        if one.row is None or one.row in asked or loop.covering.is_blurred(one.row):
            continue
        try:
            _blocks(loop, one.row, to)
        except InvalidInput as why:
            left.append((loop.pool.ids[one.row], f"Not among the examples. {why}"))
            continue
        is_ = " and ".join(names[id_] for id_ in one.class_ids if id_ in names) or "none of them"
        found.append((one.row, f"{'not ' if one.counter else ''}{is_}. {one.because}".strip()))
    return found


def _refuse_unlabelled(loop: Loop, places: Sequence[int]) -> None:
    for place in places:
        if loop.labels.y[place] < 0:
            raise InvalidInput(f"The item {loop.pool.ids[place]!r} has no label: examples and gold need one.")


# -- a page


def _pages(
    loop: Loop,
    folder: Path,
    work: Work,
    shown: Mapping[int, Any],
    order: random.Random,
    left: list[tuple[Any, str]],
) -> tuple[list[str], str]:
    del left
    names = []
    fields = Fields(loop, masked=True)
    every = list(shown)
    parts = [every[k : k + work.batch] for k in range(0, len(every), work.batch)]
    examples = _examples(loop, work, "page")
    for k, part in enumerate(parts):
        for copy in range(work.overlap):
            number = f"{k + 1}" if len(parts) > 1 else ""
            letter = f"-{copy + 1}" if work.overlap > 1 else ""
            name = f"tasks{number}{letter}.html"
            tasks = [
                {
                    "item": loop.pool.keys[place],
                    "digest": loop.pool.digest(place),
                    "blocks": shown[place],
                    "context": [[name, str(value)] for name, value in fields.beside(place).items()],
                    "swap": loop.schema.kind == "pair" and order.random() < 0.5,
                }
                for place in part
            ]
            (folder / name).write_text(_page(loop, work, tasks, examples), encoding="utf-8")
            names.append(name)
    copies = f" Each task is in {work.overlap} of them, for different people." if work.overlap > 1 else ""
    some = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    return names, (
        f"Give each person one of these files: {some}.{copies}\n"
        "They open it in a browser, also offline, answer, and save a file with their answers, which they "
        "send back.\n"
    )


def _page(loop: Loop, work: Work, tasks: Sequence[Any], examples: Sequence[Any]) -> str:
    schema = loop.schema
    pair = schema.kind == "pair"
    classes = [
        {"name": c.name, "guidance": c.guidance, "example": c.example}
        | ({"title": SIDES[k]} if pair and k < 2 else {})
        for k, c in enumerate(schema.classes)
    ]
    question = schema.question or _usual_question(schema.kind)
    told = {
        "batch": uuid.uuid4().hex,
        "task": loop.task,
        "kind": schema.kind,
        "question": question,
        "instructions": work.instructions,
        "classes": classes,
        "settings": dict(schema.settings),
        "examples": list(examples),
        "tasks": list(tasks),
    }
    parts = {name: _asset(f"page.{name}") for name in ("css", "js", "html")}
    data = json.dumps(told, ensure_ascii=False, default=str)
    return _filled(
        parts["html"],
        style_hash=_hash(parts["css"]),
        script_hash=_hash(parts["js"]),
        style=parts["css"],
        script=parts["js"],
        title=escape(" ".join(question.split())[:100]),
        work=data.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"),
    )


def _filled(template: str, **values: str) -> str:
    """Fill the places of a template in one pass, so that nothing in the values is a place."""
    text = re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], template)
    return text.encode("utf-8", "replace").decode("utf-8")


def _usual_question(kind: str) -> str:
    return {"pair": "Which is better?", "text": "Write an answer.", "number": "Give a number."}.get(
        kind, "Which class is it?"
    )


def _asset(name: str) -> str:
    return (files("hitl_widgets.transfer") / "work" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _examples(loop: Loop, work: Work, to: str) -> list[dict[str, Any]]:
    kind, names = kind_of(loop.schema.kind), Standing(loop.schema)
    labels = loop.labels
    found = []
    for place in work.examples:
        answer = kind.text(kind.said(labels.answers[int(labels.y[place])], names))
        if loop.schema.kind == "pair":
            answer = {"first": SIDES[0], "second": SIDES[1]}.get(answer, answer)
        found.append({"blocks": _titled(_blocks(loop, place, to)), "answer": answer})
    kept = [{"blocks": _titled(_blocks(loop, row, to)), "answer": told} for row, told in work.kept]
    return [*found, *kept]


def _titled(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**block, "title": SIDES[k]} for k, block in enumerate(blocks)] if len(blocks) > 1 else blocks


# -- Label Studio


def _project(
    loop: Loop,
    folder: Path,
    work: Work,
    shown: Mapping[int, Any],
    order: random.Random,
    left: list[tuple[Any, str]],
) -> tuple[list[str], str]:
    del order
    pool, fields, kind = loop.pool, Fields(loop, masked=True), loop.schema.kind
    tasks, first = [], fields.of(next(iter(shown)))
    unsaid: list[Left] = []
    for k, place in enumerate(shown):
        guess = (work.suggestions or {}).get(place)
        one = Said(
            k, guess, pool.keys[place], (), "hitl-widgets", kind=kind, item=fields.of(place), guess=True
        )
        told = [] if guess is None else [one]
        task = task_of(k, one, told, stars_of(loop.schema.names), unsaid)
        task["data"][DIGEST] = pool.digest(place)
        tasks.append(task)
    every = list(shown)
    left += [(pool.ids[every[one.number]], f"Without a suggestion. {one.why}") for one in unsaid]
    text = json.dumps(tasks, ensure_ascii=False, indent=1, default=str)
    (folder / "tasks.json").write_text(text, encoding="utf-8")
    config = configuration(loop.schema, first, list(loop.context))
    (folder / "config.xml").write_text(config, encoding="utf-8")
    (folder / "instructions.html").write_text(_instructions(loop, work, "label-studio"), encoding="utf-8")
    return ["config.xml", "tasks.json", "instructions.html"], (
        "In Label Studio, create a project, paste config.xml as the code of its labeling interface, import "
        "tasks.json, and paste\ninstructions.html as the instructions.\n"
        + (f"Set the number of annotations of each task to {work.overlap}.\n" if work.overlap > 1 else "")
        + "Export the answers as JSON.\n"
    )


def _instructions(loop: Loop, work: Work, to: str) -> str:
    """Return the instructions, the guidance for each class, and the examples as HTML."""
    lines = [f"<p>{_lines(work.instructions)}</p>"] if work.instructions else []
    guided = [c for c in loop.schema.classes if c.guidance or c.example]
    if guided:
        told = [
            f"<li><b>{escape(c.name)}</b>: {_lines(c.guidance)}"
            + (f" Example: {_lines(c.example)}" if c.example else "")
            + "</li>"
            for c in guided
        ]
        lines += ["<ul>", *told, "</ul>"]
    for one in _examples(loop, work, to):
        lines += ["<p>Example:</p>", *map(_html, one["blocks"]), f"<p>Answer: {_lines(one['answer'])}</p>"]
    return "\n".join(lines)


def _lines(text: str) -> str:
    """Return a text as HTML in one line. Amazon replaces ``${name}`` and takes no characters above U+FFFF."""
    lines = escape(text).replace("$", "&#36;").replace("\r\n", "\n").replace("\n", "<br>")
    return "".join(c if ord(c) < 0x10000 else f"&#{ord(c)};" for c in lines)


def _html(block: Mapping[str, Any]) -> str:
    title = f"<b>{escape(block['title'])}</b>" if "title" in block else ""
    if block["kind"] == "image":
        return f'{title}<img src="{escape(block["src"])}" alt="image">'
    if block["kind"] == "row":
        rows = "".join(f"<tr><th>{_lines(n)}</th><td>{_lines(v)}</td></tr>" for n, v in block["cells"])
        return f"{title}<table>{rows}</table>"
    return f"{title}<pre>{_lines(block['text'])}</pre>"


# -- Mechanical Turk


def _turk(
    loop: Loop,
    folder: Path,
    work: Work,
    shown: Mapping[int, Any],
    order: random.Random,
    left: list[tuple[Any, str]],
) -> tuple[list[str], str]:
    del left
    pair = loop.schema.kind == "pair"
    columns = ["item", "digest", "left", "shown"]
    # Amazon puts cells into the page as they are: they contain HTML, with everything escaped.
    with (folder / "tasks.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(columns)
        for place, blocks in shown.items():
            swap = pair and order.random() < 0.5
            placed = list(reversed(blocks)) if swap else blocks
            if len(placed) > 1:
                placed = [{**block, "title": SIDES[k]} for k, block in enumerate(placed)]
            side = ("second" if swap else "first") if pair else ""
            shows = "".join(map(_html, placed))
            writer.writerow([_lines(loop.pool.keys[place]), loop.pool.digest(place), side, shows])
    template = _filled(
        _asset("turk.html"),
        question=_lines(loop.schema.question or _usual_question(loop.schema.kind)),
        item="${shown}",
        fields=_fields(loop),
        instructions=_instructions(loop, work, "mturk"),
    )
    (folder / "template.html").write_text(template, encoding="utf-8")
    return ["tasks.csv", "template.html"], (
        "On Mechanical Turk, create a project of the kind 'Other', paste template.html as its design layout, "
        "and publish a batch\n"
        f"with tasks.csv. Set the number of assignments per task to {work.overlap}.\n"
        "Download the results as CSV.\n"
    )


def _fields(loop: Loop) -> str:
    schema = loop.schema
    if schema.kind == "number":
        names = {"min": schema.settings.get("low"), "max": schema.settings.get("high")}
        ends = "".join(f' {name}="{end:g}"' for name, end in names.items() if end is not None)
        step = schema.settings.get("step") or "any"
        unit = escape(str(schema.settings.get("unit") or ""))
        return f'<label><input type="number" id="value" step="{step}"{ends} required> {unit}</label>'
    if schema.kind == "text":
        need = "" if schema.settings.get("blank") else " required"
        return f'<textarea id="value" rows="4" cols="60" aria-label="Your answer"{need}></textarea>'
    many = schema.kind == "choices"
    told = 'type="checkbox"' if many else 'type="radio" required'
    lines = []
    for k, c in enumerate(schema.classes):
        # The sides are A and B on the page; what they are is in the column "left".
        shown = SIDES[k] if schema.kind == "pair" and k < 2 else c.name
        hint = f"<small>{_lines(c.guidance)}</small>" if c.guidance else ""
        value = escape(f"side {SIDES[k]}" if schema.kind == "pair" and k < 2 else c.name)
        lines.append(f'<label><input {told} name="pick" value="{value}"> {escape(shown)}{hint}</label>')
    return "\n".join(lines)
