"""Label Studio: tasks with answers, and the labeling configuration of a project."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from hitl_widgets.errors import InvalidInput
from hitl_widgets.formats.base import Export, Left, NotTaken, Said, by_item
from hitl_widgets.formats.label_studio_parts import (
    CONTROL,
    CORRECTED,
    CRITERION,
    NEITHER,
    REASON,
    REASONS,
    SEGMENT,
    TEXTS,
    parts_of,
)
from hitl_widgets.questions.form import questions_of
from hitl_widgets.questions.pair import PLACES
from hitl_widgets.questions.schema import Schema

__all__ = ["WRITERS", "LabelStudio", "configuration", "form_controls", "stars_of", "task_of"]

OBJECT = "item"
SIDES = ("first", "second")
MARKERS = {
    "spans": "Labels", "ranges": "Labels", "boxes": "RectangleLabels", "polygons": "PolygonLabels",
    "points": "KeyPointLabels", "masks": "BrushLabels", "transcript": "Labels",
}  # fmt: skip
OBJECTS = {"text": "Text", "html": "HyperText", "image": "Image", "audio": "Audio", "video": "Video"}


class LabelStudio:
    """Tasks as JSON, each with the annotations of all annotators."""

    name = "label-studio"
    ending = ""
    tabular, folder, items = False, False, True
    relations, suggestions, texts = True, True, True
    kinds = (
        "choice", "choices", "rating", "number", "text", "spans", "ranges", "boxes", "polygons", "points",
        "masks", "transcript", "pair", "ranking", "form",
    )  # fmt: skip

    def notes(self, export: Export) -> Sequence[str]:
        """Return the labeling configuration of the project."""
        if export.schema is None:
            return []
        items = [one.item for one in export.said[:1]] or [{}]
        shown = " ".join(configuration(export.schema, items[0]).split())
        return [f"Labeling configuration of the project in Label Studio: {shown}"]

    def columns(self, export: Export) -> Sequence[str]:  # noqa: ARG002
        """Return the fields of a task."""
        return ["id", "data", "annotations", "predictions"]

    def write(self, export: Export, path: Path) -> Sequence[Left]:
        """Write the tasks."""
        if export.kind == "form" and not any(one.parts for one in export.said):
            raise InvalidInput(
                "The source has answers of kind 'form', but does not say what kinds of questions it asks, as "
                "a session does: session.export(path, 'label-studio')."
            )
        left: list[Left] = []
        stars = stars_of(export.classes)
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.write("[")
            for k, many in enumerate(by_item(export.said)):
                task = task_of(k, many[0], many, stars, left)
                file.write(",\n" if k else "\n")
                file.write(json.dumps(task, ensure_ascii=False, default=str))
            file.write("\n]\n")
        return left


def task_of(k: int, one: Said, many: Sequence[Said], stars: bool, left: list[Left]) -> dict[str, Any]:
    """Return a task about an item with its answers and suggestions; the others are added to ``left``.

    Parameters
    ----------
    stars
        Whether a rating is a number of stars: see :func:`stars_of`.
    """
    return {"id": k + 1, "data": _data(one)} | _answers(many, stars, left)


def _answers(many: Sequence[Said], stars: bool, left: list[Left]) -> dict[str, Any]:
    made: list[Any] = []
    guessed: list[Any] = []
    for one in many:
        try:
            result = list(_results(one, stars))
        except NotTaken as why:
            left.append(Left(one.number, str(why)))
            continue
        if one.guess:
            guessed.append({"model_version": one.annotator or "suggestion", "result": result})
            continue
        told: dict[str, Any] = {"result": result, "was_cancelled": False, "ground_truth": False}
        if one.annotator is not None:  # completed_by must be a member of the project
            told["annotator"] = one.annotator
        if one.time is not None:
            told["created_at"] = one.time
        if one.elapsed_ms is not None:
            told["lead_time"] = one.elapsed_ms / 1000
        made.append(told)
    return {"annotations": made, "predictions": guessed}


def _results(one: Said, stars: bool) -> Iterator[dict[str, Any]]:
    """Yield the results of an answer, with the names of their controls."""
    if one.kind == "form":
        for name, answer in one.label.items():
            if (kind := one.parts.get(name)) is None:
                raise NotTaken(f"The file does not say which kind of question {name!r} is.")
            parts = parts_of(answer, kind, one.item, None, stars=True)
            for part in parts or [{"type": "choices", "value": {"choices": []}}]:
                yield {"from_name": name, "to_name": OBJECT, **part}
        return
    to = SIDES[0] if one.kind == "pair" else OBJECT
    for part in parts_of(one.label, one.kind, one.item, one.size, stars=stars):
        yield part if part["type"] == "relation" else {"from_name": CONTROL, "to_name": to, **part}


def form_controls(schema: Schema) -> dict[str, str]:
    """Return the kind of the control for each question of a form; empty for other questions.

    A rating whose levels are not stars is a choice.
    """
    if schema.kind != "form":
        return {}
    every = {asked.part.name: asked.schema for asked in questions_of(schema)}
    return {
        name: "choice" if one.kind == "rating" and not stars_of(one.names) else one.kind
        for name, one in every.items()
    }


def _data(one: Said) -> dict[str, Any]:
    """Return the fields of a task: those of the item, and its id."""
    data = dict(one.item)
    if (members := data.pop("items", None)) is not None:
        if one.kind == "pair":
            data |= dict(zip(SIDES, members, strict=True))
        else:
            data["items"] = [_listed(k, member) for k, member in enumerate(members)]
    return {"id": one.id, **data} if one.id is not None else data


def _listed(k: int, member: Any) -> Any:
    return member if isinstance(member, Mapping) and "id" in member else {"id": str(k + 1), "body": member}


def stars_of(levels: Sequence[str]) -> bool:
    """Return whether the levels of a rating are 1, 2, 3 and so on."""
    return list(levels) == [str(k + 1) for k in range(len(levels))]


def configuration(schema: Schema, item: Mapping[str, Any], told: Sequence[str] = ()) -> str:
    """Return the labeling configuration for a question about items with these fields.

    Parameters
    ----------
    told
        Fields of a task that are shown as texts above the item.

    Raises
    ------
    InvalidInput
        If Label Studio has no such question.
    """
    lines = [f"  <Header value={quoteattr(schema.question)}/>"] if schema.question else []
    lines += [f"  <Text name={quoteattr('field_' + name)} value={quoteattr('$' + name)}/>" for name in told]
    lines += [f"  {line}" for line in _shown(schema.kind, item)]
    lines += [f"  {line}" for line in _controls(schema, item)]
    return "\n".join(["<View>", *lines, "</View>", ""])


def _controls(schema: Schema, item: Mapping[str, Any]) -> list[str]:
    if schema.kind == "form":
        return _form(schema)
    if schema.kind == "boxes" and "video" in item:
        # The shape and its classes are tags of their own.
        labels = [f'  <Label value={quoteattr(c.name)} background="{c.color}"/>' for c in schema.classes]
        boxes = f'<VideoRectangle name="{CONTROL}" toName="{OBJECT}"/>'
        return [boxes, f'<Labels name="class" toName="{OBJECT}">', *labels, "</Labels>"]
    return _asked(schema)


def _shown(kind: str, item: Mapping[str, Any]) -> list[str]:
    if kind == "ranking":
        return [f'<List name="{OBJECT}" value="$items"/>']
    if kind == "pair":
        members = item.get("items") or [""]
        is_text = not isinstance(members[0], str) or " " in members[0].strip() or "." not in members[0]
        tag = "Text" if item.get("of", "text" if is_text else "image") == "text" else "Image"
        return [f'<{tag} name="{side}" value="${side}"/>' for side in SIDES]
    name = next((name for name in OBJECTS if name in item), None)
    if name is None:
        name = next((str(n) for n, v in item.items() if isinstance(v, str)), "text")
    return [f'<{OBJECTS.get(name, "Text")} name="{OBJECT}" value={quoteattr("$" + name)}/>']


def _form(schema: Schema) -> list[str]:
    """Return the controls of a form, each shown if the answers to others ask for it."""
    every, lines = questions_of(schema), []
    names = {
        asked.part.name: dict(zip(asked.schema.ids, asked.schema.names, strict=False)) for asked in every
    }
    for asked in every:
        part = asked.part
        told = [f"<Header value={quoteattr(part.question or part.name)}/>"]
        told += _asked(asked.schema, part.name, ' required="true"' if part.required else "")
        for other, ids in part.when.items():
            chosen = [names[other][id_] for id_ in ids if id_ in names[other]]
            if any("," in name for name in chosen):
                continue  # Label Studio separates names by commas: the question is always shown
            when = f"whenTagName={quoteattr(other)} whenChoiceValue={quoteattr(','.join(chosen))}"
            inner = [f"  {line}" for line in told]
            told = [f'<View visibleWhen="choice-selected" {when}>', *inner, "</View>"]
        lines += told
    return lines


def _asked(schema: Schema, name: str = CONTROL, more: str = "") -> list[str]:
    kind, to = schema.kind, f'name={quoteattr(name)} toName="{OBJECT}"{more}'
    match kind:
        case "pair":
            return _pair(schema)
        case "ranking":
            return [f"<Ranker {to}/>"]
        case "text":
            return [f'<TextArea {to} rows="{4 if schema.settings.get("lines") else 1}" maxSubmissions="1"/>']
        case "number":
            ends = {"min": schema.settings.get("low"), "max": schema.settings.get("high")}
            ends |= {"step": schema.settings.get("step") or None}
            told = "".join(f' {name}="{end:g}"' for name, end in ends.items() if end is not None)
            return [f"<Number {to}{told}/>"]
        case "rating" if stars_of(schema.names):
            return [f'<Rating {to} maxRating="{len(schema.names)}"/>']
        case "choice" | "choices" | "rating":
            many = "multiple" if kind == "choices" else "single"
            return [
                f'<Choices {to} choice="{many}">',
                *(f"  <Choice value={quoteattr(c.name)}{_hint(c.guidance)}/>" for c in schema.classes),
                "</Choices>",
            ]
    if kind not in MARKERS:
        raise InvalidInput(f"Label Studio has no question of kind {kind!r}.")
    return [
        f"<{MARKERS[kind]} {to}>",
        *(f'  <Label value={quoteattr(c.name)} background="{c.color}"/>' for c in schema.classes),
        *([f'  <Label value="{SEGMENT}"/>'] if kind == "transcript" else []),
        f"</{MARKERS[kind]}>",
        *([_text_area()] if schema.settings.get("transcribe") else []),
        *_relations(schema.settings.get("relations", ())),
    ]


def _pair(schema: Schema) -> list[str]:
    """Return the controls of a comparison, and of what is asked beside it."""
    lines = [f'<Pairwise name="{CONTROL}" toName="{",".join(SIDES)}"/>']

    def chosen(name: str, words: Sequence[str], many: str = "single") -> None:
        lines.extend(
            [
                f"<Header value={quoteattr(name.removeprefix(CRITERION))}/>",
                f'<Choices name={quoteattr(name)} toName="{SIDES[0]}" choice="{many}">',
                *(f"  <Choice value={quoteattr(word)}/>" for word in words),
                "</Choices>",
            ]
        )

    if neither := [id_ for id_ in schema.ids[: len(schema.classes)] if id_ not in SIDES]:
        chosen(NEITHER, neither)
    for name in schema.settings.get("criteria", ()):
        chosen(f"{CRITERION}{name}", PLACES)
    if known := schema.settings.get("reasons"):
        chosen(REASONS, known, "multiple")
    if schema.settings.get("reason"):
        lines.append(f'<TextArea name="{REASON}" toName="{SIDES[0]}" maxSubmissions="1"/>')
    if schema.settings.get("revisions"):
        for side in SIDES:
            name, text = f"{CORRECTED}{side}", f"${side}"
            lines.append(f'<TextArea name="{name}" toName="{side}" value="{text}" maxSubmissions="1"/>')
    return lines


def _text_area() -> str:
    """Return the control of the text of the region that is selected."""
    return f'<TextArea name="{TEXTS}" toName="{OBJECT}" perRegion="true" editable="true" maxSubmissions="1"/>'


def _relations(types: Sequence[str]) -> list[str]:
    told = [f"  <Relation value={quoteattr(one)}/>" for one in types]
    return ["<Relations>", *told, "</Relations>"] if told else []


def _hint(guidance: str) -> str:
    return f" hint={quoteattr(guidance)}" if guidance else ""


WRITERS = (LabelStudio(),)
