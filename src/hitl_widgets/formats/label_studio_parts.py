"""Answers as the results of Label Studio, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from hitl_widgets.errors import choices
from hitl_widgets.formats import label_studio_videos as videos
from hitl_widgets.formats.base import (
    MARKS,
    NotTaken,
    Size,
    is_nothing,
    marks_of,
    one_of,
    relations_of,
    size_in,
)
from hitl_widgets.formats.brush import decode, encode
from hitl_widgets.questions import rle

__all__ = [
    "CONTROL",
    "CORRECTED",
    "CRITERION",
    "NEITHER",
    "REASON",
    "REASONS",
    "SEGMENT",
    "TEXTS",
    "WRITTEN",
    "answer_of",
    "beside",
    "is_of_region",
    "kinds_of",
    "links_of",
    "parts_of",
]

# The kinds of questions that a control can answer.
CONTROLS = {
    "choices": ("choice", "choices", "rating"),
    "rating": ("rating", "number"),
    "number": ("number", "rating"),
    "textarea": ("text",),
    "pairwise": ("pair",),
    "ranker": ("ranking",),
    "labels": ("spans", "ranges", "boxes", "polygons", "points", "masks"),
    "hypertextlabels": ("spans",),
    "timeserieslabels": ("ranges",),
    "rectanglelabels": ("boxes", "polygons"),
    "rectangle": ("boxes", "polygons"),
    "polygonlabels": ("polygons",),
    "polygon": ("polygons",),
    "keypointlabels": ("points",),
    "keypoint": ("points",),
    "brushlabels": ("masks",),
    "brush": ("masks",),
    videos.TYPE: ("boxes",),
}
CONTROL = "answer"
# The control of the texts of regions.
TEXTS = "text"
# The label of a segment without a speaker, because a region needs one.
SEGMENT = "segment"
# The kinds of answers whose marks may have texts.
WRITTEN = ("boxes", "transcript")
SIDES = {"left": "first", "right": "second"}
# The controls beside a comparison: that neither is better, why, and before the name of a criterion or a side.
NEITHER, REASON, REASONS, CRITERION, CORRECTED = "neither", "reason", "reasons", "by ", "corrected "
Part = Mapping[str, Any]


def kinds_of(part: Part) -> tuple[str, ...]:
    """Return the kinds of questions that a result can answer, the most likely one first; empty for none."""
    kinds = CONTROLS.get(str(part.get("type")), ())
    value = part.get("value")
    if is_of_region(part):
        return ()
    if not isinstance(value, Mapping) or part.get("type") != "labels":
        return kinds
    if "x" not in value and "points" not in value and "rle" not in value:
        fractions = any(isinstance(value.get(end), float) for end in ("start", "end"))
        heard = "channel" in value or "original_length" in part or (fractions and "text" not in value)
        return ("ranges", "transcript", "spans") if heard else ("spans", "ranges", "transcript")
    if "points" in value:
        return ("polygons",)
    if "rle" in value:
        return ("masks",)
    return ("boxes", "polygons") if "height" in value else ("points",)


def is_of_region(part: Part) -> bool:
    """Return whether a result is the text of a region, not of the whole item."""
    value = part.get("value")
    return (
        part.get("type") == "textarea"
        and isinstance(value, Mapping)
        and bool({"start", "x", "points"} & value.keys())
    )


def answer_of(parts: Sequence[Part], kind: str, size: Size | None) -> Any:
    """Return the answer in the results of one question.

    Parameters
    ----------
    parts
        The results; all of them answer the question.
    size
        The size of the image, if the results do not say it.

    Raises
    ------
    NotTaken
        With the reason why they are not an answer.
    """
    if kind in MARKS:
        return [mark for region in _regions(parts).values() for mark in _marks(region, kind, size)]
    if any({"start", "end", "x", "y"} & part["value"].keys() for part in parts):
        raise NotTaken("The choice is for a region, not for the whole item.")
    if kind == "choices":
        return [word for part in parts for word in _words(part)]
    if not parts:
        raise NotTaken("Nothing was chosen.")
    if kind == "ranking":
        return _ranked(parts[-1]["value"]["ranker"])
    if kind == "pair":
        return _preferred(parts)
    if kind == "text":
        return one_of([text for part in parts for text in _texts(part["value"]["text"])])
    values = [word for part in parts for word in _words(part)]
    return one_of(values)


def _words(part: Part) -> list[Any]:
    value = part["value"]
    if part["type"] != "choices":
        return [value[str(part["type"])]]
    found = value["choices"]
    return [found] if isinstance(found, str) else list(found)


def _texts(found: Any) -> list[Any]:
    return list(found) if isinstance(found, list | tuple) else [found]


def _ranked(found: Any) -> Any:
    """Return the ids of the items, best first; there may be only one list of them."""
    lists = [ids for ids in found.values() if ids] if isinstance(found, Mapping) else [found]
    return list(one_of(lists))


def links_of(links: Sequence[Part], parts: Sequence[Part], unread: list[str]) -> list[dict[str, Any]]:
    """Return the relations between spans, each from and to a position in the list of spans.

    For those without a type, or that are not between spans of the question, the reason is added to
    ``unread``.
    """
    at, n = {}, 0
    for id_, region in _regions(parts).items():
        at[id_] = n
        n += len(_marks(region, "spans", None))
    found = []
    for link in links:
        labels, ends = link.get("labels"), (link.get("from_id"), link.get("to_id"))
        if not all(isinstance(end, str | int) and end in at for end in ends):
            unread.append("A relation is not between spans of the question.")
        elif not isinstance(labels, list) or not labels:
            unread.append("A relation has no type.")
        else:
            start, end = (at[one] for one in ends)
            both = {"right": [(start, end)], "left": [(end, start)]}.get(
                str(link.get("direction", "right")), [(start, end), (end, start)]
            )
            found += [{"from": a, "to": b, "label": label} for label in labels for a, b in both]
    return found


def _regions(parts: Sequence[Part]) -> dict[Any, dict[str, Any]]:
    """Return a dict for each region, by its id; its shape and its labels may be results of their own."""
    found: dict[Any, dict[str, Any]] = {}
    for k, part in enumerate(parts):
        region = found.setdefault(part.get("id", k), {})
        region |= {name: part[name] for name in ("original_width", "original_height") if name in part}
        region |= {"turned": part.get("image_rotation"), **part["value"]}
    return found


def _marks(region: Mapping[str, Any], kind: str, size: Size | None) -> list[dict[str, Any]]:
    named = [v for name, v in region.items() if name.endswith("labels") and isinstance(v, list | tuple)]
    labels = [label for one in named for label in one]
    texts = _texts(region.get("text", [])) if kind in WRITTEN else []
    if kind == "transcript":
        names = [label for label in labels if label != SEGMENT]
        if len(names) > 1:
            raise NotTaken(f"A segment has several labels ({choices(names)}), and a segment has one speaker.")
        speaker = {"speaker": names[0]} if names else {}
        return [{**_within(region, "ranges"), "text": "\n".join(map(str, texts)), **speaker}]
    if not labels:
        raise NotTaken("A region has no label.")
    if kind in {"spans", "ranges"}:
        place = _within(region, kind)
    else:
        if region.get("turned"):
            raise NotTaken("The image is rotated, which cannot be imported.")
        known = size_in(region.get("original_width"), region.get("original_height")) or size
        if known is None:
            raise NotTaken(
                "The size of the image is not known, and regions are in percent of it: original_width and "
                "original_height are missing."
            )
        if kind == "boxes" and "sequence" in region:
            return [{**box, "label": label} for label in labels for box in videos.boxes_of(region, known)]
        place = _on_image(region, kind, known)
    text = {"text": "\n".join(map(str, texts))} if texts else {}
    return [{**place, **text, "label": label} for label in labels]


def _within(region: Mapping[str, Any], kind: str) -> dict[str, Any]:
    places = region.get("globalOffsets", region)
    if "startOffset" in region and places is region:
        raise NotTaken("The span is in HTML, and its place in the text (globalOffsets) is missing.")
    if kind == "ranges":
        return {"start": float(places["start"]), "end": float(places["end"])}
    ends = places["start"], places["end"]
    if not all(isinstance(end, int) or (isinstance(end, float) and end.is_integer()) for end in ends):
        raise NotTaken(f"The region from {ends[0]} to {ends[1]} is not a span of a text.")
    return {"start": int(ends[0]), "end": int(ends[1])}


def _on_image(region: Mapping[str, Any], kind: str, size: Any) -> dict[str, Any]:
    width, height = size
    if kind == "masks":
        if "rle" not in region:
            raise NotTaken("A region is not a mask.")
        found = decode(region["rle"], int(width), int(height))
        (h, w), counts = rle.from_mask(found)
        return {"size": [h, w], "counts": counts}
    if kind == "polygons" and "points" in region:
        return {
            "points": [[round(x * width / 100, 2), round(y * height / 100, 2)] for x, y in region["points"]]
        }
    x, y = region["x"] * width / 100, region["y"] * height / 100
    if kind == "points":
        if "height" in region or "radiusX" in region:
            raise NotTaken("A region is not a point.")
        return {"x": round(x, 2), "y": round(y, 2)}
    if "width" not in region or "height" not in region:
        raise NotTaken(f"A region is not one of the {kind}.")
    w, h = region["width"] * width / 100, region["height"] * height / 100
    turn = math.radians(region.get("rotation") or 0)
    if kind == "boxes":
        if turn:
            raise NotTaken("A box is rotated. Import it as a polygon: the question must ask for polygons.")
        return {"x": round(x, 2), "y": round(y, 2), "width": round(w, 2), "height": round(h, 2)}
    across, down = (w * math.cos(turn), w * math.sin(turn)), (-h * math.sin(turn), h * math.cos(turn))
    corners = [(0.0, 0.0), across, (across[0] + down[0], across[1] + down[1]), down]
    return {"points": [[round(x + a, 2), round(y + b, 2)] for a, b in corners]}


def parts_of(answer: Any, kind: str, item: Mapping[str, Any], size: Size | None, *, stars: bool) -> list[Any]:
    """Return the results that say an answer, without the names of the controls.

    Parameters
    ----------
    stars
        Whether a rating is a number of stars.

    Raises
    ------
    NotTaken
        If Label Studio cannot say it.
    """
    if kind == "transcript":
        return [part for k, one in enumerate(answer) for part in _spoken(k, one)]
    if kind == "boxes" and any("frame" in mark for mark in marks_of(answer)):
        return _objects(marks_of(answer), size)
    if kind in MARKS:
        regions = [_region(k, mark, kind, item, size) for k, mark in enumerate(marks_of(answer))]
        texts = zip(regions, marks_of(answer), strict=True)
        read = [_read(region, one["text"]) for region, one in texts if kind == "boxes" and one.get("text")]
        return regions + read + [_link(one, regions) for one in relations_of(answer)]
    if kind == "pair":
        return _compared(answer)
    if kind == "rating" and stars:
        return [{"type": "rating", "value": {"rating": int(answer)}}]
    if kind in {"choice", "choices", "rating"}:
        words = [str(word) for word in (answer if kind == "choices" else [answer])]
        return [{"type": "choices", "value": {"choices": words}}] if words else []
    if kind == "number":
        return [{"type": "number", "value": {"number": answer}}]
    if kind == "text":
        return [{"type": "textarea", "value": {"text": [answer]}}]
    if kind == "ranking":
        return [{"type": "ranker", "value": {"ranker": {CONTROL: [str(place) for place in answer]}}}]
    raise NotTaken(f"Label Studio has no answers of kind {kind!r}: expected one of {choices(CONTROLS)}.")


def _read(region: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Return the text of a region."""
    place = {name: value for name, value in region["value"].items() if not name.endswith("labels")}
    rest = {name: value for name, value in region.items() if name not in {"type", "value"}}
    return {**rest, "from_name": TEXTS, "type": "textarea", "value": {**place, "text": [text]}}


def _spoken(k: int, one: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the region of a segment, and its text."""
    value = {"start": one["start"], "end": one["end"], "channel": 0}
    labels = [str(one.get("speaker", SEGMENT))]
    region = {"id": f"r{k + 1}", "origin": "manual", "type": "labels", "value": {**value, "labels": labels}}
    return [region, _read(region, one["text"])]


def _link(one: Mapping[str, Any], regions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    ends = {"from_id": regions[one["from"]]["id"], "to_id": regions[one["to"]]["id"]}
    return {"type": "relation", **ends, "direction": "right", "labels": [one["label"]]}


def _compared(answer: Any) -> list[dict[str, Any]]:
    """Return the results of a comparison; those of what is asked beside it have controls of their own."""
    given = answer if isinstance(answer, Mapping) else {"label": answer}
    side = {v: k for k, v in SIDES.items()}.get(given["label"])
    if side is not None:
        found = [{"type": "pairwise", "value": {"selected": side}}]
    else:
        found = [_chosen(NEITHER, [given["label"]])]
    found += [_chosen(f"{CRITERION}{name}", [place]) for name, place in given.get("criteria", {}).items()]
    if given.get("reasons"):
        found.append(_chosen(REASONS, list(given["reasons"])))
    if not is_nothing(reason := given.get("reason")):
        found.append(_written(REASON, str(reason)))
    found += [_written(f"{CORRECTED}{place}", text) for place, text in given.get("revisions", {}).items()]
    return found


def _chosen(name: str, words: list[Any]) -> dict[str, Any]:
    return {"from_name": name, "type": "choices", "value": {"choices": words}}


def _written(name: str, text: str) -> dict[str, Any]:
    return {"from_name": name, "type": "textarea", "value": {"text": [text]}}


def beside(name: str) -> bool:
    """Return whether a control is one beside a comparison, as we write them."""
    return name in {NEITHER, REASON, REASONS} or name.startswith((CRITERION, CORRECTED))


def _preferred(parts: Sequence[Part]) -> Any:
    """Return a comparison with what was asked beside it."""
    sides = [part["value"]["selected"] for part in parts if part.get("type") == "pairwise"]
    others = {str(part.get("from_name")): part for part in parts if part.get("type") != "pairwise"}
    more: dict[str, Any] = {}
    if (part := others.get(REASON)) is not None:
        more[REASON] = one_of(_texts(part["value"]["text"]))
    if (part := others.get(REASONS)) is not None:
        more[REASONS] = _words(part)
    criteria = {name: part for name, part in others.items() if name.startswith(CRITERION)}
    if criteria:
        more["criteria"] = {
            name.removeprefix(CRITERION): one_of(_words(part)) for name, part in criteria.items()
        }
    revisions = {name: part for name, part in others.items() if name.startswith(CORRECTED)}
    if revisions:
        more["revisions"] = {
            name.removeprefix(CORRECTED): one_of(_texts(part["value"]["text"]))
            for name, part in revisions.items()
        }
    if not sides and NEITHER not in others:
        raise NotTaken("Nothing was chosen.")
    label = SIDES[one_of(sides)] if sides else one_of(_words(others[NEITHER]))
    return {"label": label, **more} if more else label


def _region(
    k: int, mark: Mapping[str, Any], kind: str, item: Mapping[str, Any], size: Size | None
) -> dict[str, Any]:
    label = [str(mark["label"])]
    part: dict[str, Any] = {"id": f"r{k + 1}", "origin": "manual"}
    if kind == "spans":
        text = item.get("text")
        value = {"start": mark["start"], "end": mark["end"], "labels": label}
        quoted = {"text": text[mark["start"] : mark["end"]]} if isinstance(text, str) else {}
        return {**part, "type": "labels", "value": {**value, **quoted}}
    if kind == "ranges":
        value = {"start": mark["start"], "end": mark["end"], "channel": 0, "labels": label}
        return {**part, "type": "labels", "value": value}
    if kind == "masks":
        h, w = mark["size"]
        mask = rle.to_mask((h, w), mark["counts"])
        value = {"format": "rle", "rle": encode(mask), "brushlabels": label}
        return {**part, **_whole((w, h)), "type": "brushlabels", "value": value}
    width, height = _known(size)
    part |= _whole((width, height))
    if kind == "polygons":
        points = [[x / width * 100, y / height * 100] for x, y in mark["points"]]
        return {**part, "type": "polygonlabels", "value": {"points": points, "polygonlabels": label}}
    value = {"x": mark["x"] / width * 100, "y": mark["y"] / height * 100}
    if kind == "points":
        value |= {"width": 1, "keypointlabels": label}
        return {**part, "type": "keypointlabels", "value": value}
    value |= {"width": mark["width"] / width * 100, "height": mark["height"] / height * 100, "rotation": 0}
    return {**part, "type": "rectanglelabels", "value": {**value, "rectanglelabels": label}}


def _objects(marks: Sequence[Mapping[str, Any]], size: Size | None) -> list[dict[str, Any]]:
    """Return the objects of a video."""
    if any(mark.get("text") for mark in marks):
        raise NotTaken("A box on a frame has a text, for which Label Studio's videos have no place.")
    found = videos.objects_of(marks, _known(size))
    return [
        {"id": f"r{k + 1}", "origin": "manual", "type": videos.TYPE, "value": value}
        for k, value in enumerate(found)
    ]


def _known(size: Size | None) -> Size:
    if size is None:
        raise NotTaken("The size of the image is not known, and Label Studio's regions are in percent of it.")
    return size


def _whole(size: Size) -> dict[str, Any]:
    return {"original_width": int(size[0]), "original_height": int(size[1]), "image_rotation": 0}
