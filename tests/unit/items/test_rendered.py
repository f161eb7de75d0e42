"""render=: what a user's function may return, and what is said where it fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import hitl_widgets as hitl
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import InvalidInput

MODULE = "export const render = ({ data, el }) => { el.textContent = data.n; };\n"
ROWS = [{"n": i, "word": f"word {i}"} for i in range(4)]


def shown(render: Any, i: int = 1) -> dict[str, Any]:
    return Pool.from_data(ROWS, render=render).payload(i).content


def test_a_text_or_an_image_is_shown_as_one() -> None:
    assert shown(lambda row: row["word"].upper()) == {"kind": "text", "text": "WORD 1"}
    pixels = np.zeros((8, 8, 3), np.uint8)
    for image in (pixels, Image.fromarray(pixels)):
        assert shown(lambda _, image=image: image)["kind"] == "image"


def test_a_dict_is_sent_to_the_module(tmp_path: Path) -> None:
    path = tmp_path / "mine.js"
    path.write_text(MODULE)
    for module in (MODULE, path, str(path)):
        render = hitl.Renderer(lambda row: {"n": np.int64(row["n"]), "x": np.arange(2)}, module=module)
        content = shown(render)
        assert (content["kind"], content["data"], content["trusted"]) == (
            "custom",
            {"n": 1, "x": [0, 1]},
            False,
        )
    pool = Pool.from_data(ROWS, render=render)
    ask = {"what": "module", "version": content["version"]}
    parts = [pool.part(0, ask | {"at": at}, 50).media[0][1] for at in range(0, len(MODULE), 50)]
    assert b"".join(parts) == MODULE.encode()
    for wrong in ({}, ask | {"version": "other"}, ask | {"at": -1}, ask | {"at": "1"}):
        with pytest.raises(ValueError, match=r"changed|no such part"):
            pool.part(0, wrong, 50)


def test_missing_numbers_are_null() -> None:
    content = shown(hitl.Renderer(lambda _: {"n": float("nan"), "x": np.array([np.inf, 1])}, module=MODULE))
    assert content["data"] == {"n": None, "x": [None, 1]}


def test_the_item_stays_what_it_is() -> None:
    plain, mine = Pool.from_data(ROWS), Pool.from_data(ROWS, render=lambda _: "same")
    assert mine.ids == plain.ids
    assert mine.kind == "table"


@pytest.mark.parametrize(
    ("render", "why"),
    [
        (lambda row: 1 // row["n"], "raised ZeroDivisionError"),
        (lambda _: None, "type NoneType: expected a text"),
        (lambda _: b"no image", "cannot|not an image|identify"),
        (lambda _: {"n": 1}, "pass hitl.Renderer"),
        (hitl.Renderer(lambda _: {"n": "x" * 1_000_001}, module=MODULE), "expected at most 1,000,000"),
        (hitl.Renderer(lambda _: {"n": object()}, module=MODULE), "type object is not JSON"),
    ],
)
def test_what_cannot_be_shown_is_said_on_that_item(render: Any, why: str) -> None:
    import re

    content = shown(render, 0)
    assert content["kind"] == "broken"
    assert re.search(why, content["why"]), content["why"]


def test_what_is_no_renderer_is_refused_at_once() -> None:
    with pytest.raises(InvalidInput, match="type str: expected a function"):
        Pool.from_data(ROWS, render="name")
    with pytest.raises(InvalidInput, match=r"cannot be read: No such file"):
        hitl.Renderer(module="nowhere.js")
    with pytest.raises(InvalidInput, match="needs a function or a module"):
        hitl.Renderer()
