"""COCO: images, annotations and categories in one JSON object, for boxes, polygons, masks and points."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hitl_widgets.errors import InvalidInput
from hitl_widgets.formats.base import (
    IMAGES,
    Export,
    Left,
    NotTaken,
    Row,
    Said,
    Size,
    Wanted,
    fields_of,
    is_nothing,
    one_each,
    rows_of,
    size_in,
    told,
)
from hitl_widgets.formats.images import file_name, names_of, size_for
from hitl_widgets.questions import rle

__all__ = ["FORMATS", "WRITERS", "Coco"]

NAME = "COCO"
PARTS = {"images", "annotations", "categories"}


class Coco:
    """Marks on images. The numbers of images and categories are COCO's own, not ids of the user."""

    name = NAME
    order = 5

    def claims(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether it is one object with images, annotations and categories, or its images."""
        return all(isinstance(row.get("images"), list) and row.keys() >= PARTS for row in rows) or all(
            row.keys() >= {"coco", "annotations", "categories"} for row in rows
        )

    def unfold(self, value: Mapping[str, Any]) -> list[Row]:
        """Return a row for each image, with its annotations and all categories."""
        made = defaultdict(list)
        for one in rows_of(value["annotations"]):
            made[_number(one.get("image_id"))].append(one)
        categories: dict[Any, Any] = {}
        for one in rows_of(value["categories"]):
            if {"id", "name"} <= one.keys():
                before = categories.get(_number(one["id"]))
                twice = before is not None and (before["twice"] or before["name"] != one["name"])
                categories[_number(one["id"])] = {**one, "twice": twice}
        images = list(map(fields_of, value["images"]))
        times = Counter(_number(image.get("id")) for image in images)
        rows: list[Row] = []
        for number, image in enumerate(images):
            key = _number(image.get("id"))
            told = {
                "annotations": [] if key is None else made.get(key, []),
                "categories": categories,
                "twice": key is not None and times[key] > 1,
            }
            rows.append((number, {"coco": image, **told}))
        for key, held in made.items():
            if key is None or key not in times:  # without an image
                rows.append((len(rows), {"coco": {}, "annotations": held, "categories": categories}))
        return rows

    def where(self, row: Mapping[str, Any]) -> str:
        """Return the name of an image."""
        return f"image {row['coco']['file_name']!r}" if "file_name" in row["coco"] else ""

    def classes(self, rows: Sequence[Row]) -> list[str]:
        """Return the names of the categories."""
        return [str(c["name"]) for c in rows[0][1]["categories"].values()] if rows else []

    def read(self, rows: Sequence[Row], wanted: Wanted) -> Iterable[Said | Left]:
        """Yield the marks of each image; an image without annotations has none."""
        kind = wanted.kind or _kind(rows)

        def answers(number: int, row: Mapping[str, Any]) -> Iterator[Said | Left]:
            image = row["coco"]
            if "file_name" not in image:
                n = len(row["annotations"])
                raise NotTaken(
                    f"{n} annotations are of an image that the file lacks."
                    if n
                    else "The image has no file_name."
                )
            if row.get("twice"):
                raise NotTaken(f"Several images have the id {image['id']!r}, so its annotations are of any.")
            if kind not in IMAGES:
                raise NotTaken(f"The annotations are marks on images, not answers of kind {kind!r}.")
            content = names_of(image["file_name"])
            size = size_in(image.get("width"), image.get("height")) or wanted.size_of(content)
            crowds = [one for one in row["annotations"] if one.get("iscrowd") and kind != "masks"]
            marks = [
                mark
                for one in row["annotations"]
                if one not in crowds
                for mark in _marks(one, row["categories"], kind, size)
            ]
            own = None if wanted.id == "id" else image.get(wanted.id)
            yield Said(number, marks, own, content, kind=kind, item={"image": image["file_name"]}, size=size)
            for _ in crowds:
                yield Left(number, "A region with a crowd (iscrowd) is not one object.")
            if wanted.whole and any(one.get("attributes") for one in row["annotations"]):
                yield Left(number, "The attributes of annotations.")

        return told(rows, answers, NAME)


def _number(value: Any) -> Any:
    """Return the number of an image or a category; None if it is neither a number nor a text."""
    return value if isinstance(value, int | float | str) else None


def _kind(rows: Sequence[Row]) -> str:
    """Return the kind of most detail that all annotations have."""
    every = [one for _, row in rows for one in row["annotations"] if isinstance(one, Mapping)]
    whole = [one.get("segmentation") for one in every if not one.get("iscrowd")]
    if any(one.get("keypoints") for one in every):
        return "points"
    if whole and all(isinstance(found, Mapping) for found in whole):
        return "masks"
    if whole and all(isinstance(found, list) and len(found) == 1 for found in whole):
        return "polygons"
    return "boxes"


def _marks(
    one: Mapping[str, Any], categories: Mapping[Any, Any], kind: str, size: Size | None
) -> list[dict[str, Any]]:
    category = categories.get(_number(one.get("category_id")))
    if category is None:
        raise NotTaken(f"The category {one.get('category_id')!r} is not in the file.")
    if category.get("twice"):
        raise NotTaken(f"Several categories have the id {one['category_id']!r}, with different names.")
    label, found = category["name"], one.get("segmentation")
    if kind == "boxes":
        if is_nothing(one.get("bbox")) or len(one["bbox"]) != 4:
            raise NotTaken("An annotation has no bbox.")
        x, y, width, height = one["bbox"]
        return [{"x": x, "y": y, "width": width, "height": height, "label": label}]
    if kind == "points":
        return _points(one, category)
    if kind == "polygons":
        if not isinstance(found, list) or not found:
            raise NotTaken("An annotation has no polygon.")
        if len(found) > 1:
            raise NotTaken(f"An annotation consists of {len(found)} polygons, and a mark is one of them.")
        flat = found[0]
        return [{"points": [list(p) for p in zip(flat[::2], flat[1::2], strict=True)], "label": label}]
    if not isinstance(found, Mapping):
        raise NotTaken("An annotation is a polygon, not a mask: the question must ask for polygons.")
    if size is not None and tuple(found["size"]) != (size[1], size[0]):
        raise NotTaken(f"A mask of size {found['size']} is not of the size of its image.")
    return [{"size": list(found["size"]), "counts": found["counts"], "label": label}]


def _points(one: Mapping[str, Any], category: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the visible keypoints, by their names if the category has several."""
    flat = one.get("keypoints") or []
    if not flat:
        raise NotTaken("An annotation has no keypoints.")
    called = category.get("keypoints") or []
    places = list(zip(flat[::3], flat[1::3], flat[2::3], strict=True))
    labels = called if len(called) == len(places) > 1 else [category["name"]] * len(places)
    return [
        {"x": x, "y": y, "label": label}
        for (x, y, visible), label in zip(places, labels, strict=True)
        if visible
    ]


class Results:
    """Results of a detector, which name their images and categories by numbers only."""

    name = NAME
    order = 5

    def claims(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether all rows have the number of an image and of a category, and a score."""
        return all({"image_id", "category_id", "score"} <= row.keys() for row in rows)

    def read(self, rows: Sequence[Row], wanted: Wanted) -> Iterable[Said | Left]:  # noqa: ARG002
        """Refuse the file."""
        raise InvalidInput(
            "These are results of COCO, which have only the numbers of images and categories. Put them as "
            "annotations into the file that has images and categories."
        )


class CocoWriter:
    """One file for all images, with the newest answer for each."""

    name = "coco"
    ending = ""
    tabular, folder, items = False, False, True
    kinds = IMAGES

    def notes(self, export: Export) -> Sequence[str]:  # noqa: ARG002
        """Return what the annotations are."""
        return ["Places are in pixels. Every image has been labeled: one without annotations has no objects."]

    def columns(self, export: Export) -> Sequence[str]:  # noqa: ARG002
        """Return the parts of the object."""
        return ["images", "annotations", "categories"]

    def write(self, export: Export, path: Path) -> Sequence[Left]:
        """Write the file."""
        left: list[Left] = []
        numbers = {name: k + 1 for k, name in enumerate(export.classes)}
        images: list[dict[str, Any]] = []
        made: list[dict[str, Any]] = []
        for one in one_each(export.said, left, NAME):
            try:
                name, (width, height) = file_name(one), size_for(one)
            except NotTaken as why:
                left.append(Left(one.number, str(why)))
                continue
            number = len(images) + 1
            image = {"id": number, "width": width, "height": height, "file_name": name}
            images.append(image | ({"item_id": one.id} if one.id is not None else {}))
            for mark in one.label:
                held = {"id": len(made) + 1, "image_id": number, "category_id": numbers[str(mark["label"])]}
                made.append(held | _written(mark, export.kind) | {"iscrowd": 0})
        points = {"keypoints": ["point"], "skeleton": []} if export.kind == "points" else {}
        categories = [{"id": k, "name": name, "supercategory": ""} | points for name, k in numbers.items()]
        found = {"info": {}, "licenses": [], "images": images, "annotations": made, "categories": categories}
        path.write_text(json.dumps(found, ensure_ascii=False, default=str), encoding="utf-8")
        return left


def _written(mark: Mapping[str, Any], kind: str) -> dict[str, Any]:
    if kind == "points":
        x, y = mark["x"], mark["y"]
        return {"keypoints": [x, y, 2], "num_keypoints": 1, "bbox": [x, y, 0, 0], "area": 0}
    if kind == "boxes":
        box = [mark["x"], mark["y"], mark["width"], mark["height"]]
        return {"bbox": box, "area": box[2] * box[3], "segmentation": []}
    if kind == "polygons":
        points = np.array(mark["points"], np.float64)
        x, y = points.T
        low, high = points.min(axis=0), points.max(axis=0)
        area = abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
        box = [*low.tolist(), *(high - low).tolist()]
        return {"segmentation": [points.ravel().tolist()], "bbox": box, "area": area}
    mask = rle.to_mask(mark["size"], mark["counts"])
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    x, y = int(columns[0]), int(rows[0])
    box = [x, y, int(columns[-1]) - x + 1, int(rows[-1]) - y + 1]
    held = {"size": list(mark["size"]), "counts": mark["counts"]}
    return {"segmentation": held, "bbox": box, "area": int(mask.sum())}


FORMATS = (Coco(), Results())
WRITERS = (CocoWriter(),)
