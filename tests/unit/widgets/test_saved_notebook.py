"""A notebook that was executed and saved contains no item, label, image, name or path."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import hitl_widgets as hitl

WORDS = {
    "item": "zebrasentinel",
    "column": "columnsentinel",
    "class": "classsentinel",
    "guidance": "guidancesentinel",
    "example": "examplesentinel",
    "question": "questionsentinel",
    "task": "tasksentinel",
    "annotator": "personsentinel",
    "folder": "foldersentinel",
    "file": "filesentinel",
}
SETUP = """import json, hitl_widgets as hitl, pandas as pd
from pathlib import Path
w = json.loads(Path("words.json").read_text())
folder = Path(w["folder"]); folder.mkdir(exist_ok=True)
many = range(12)
tables = {
    "text": pd.DataFrame({w["column"]: [f"{w['item']} {i}" for i in many]}),
    "html": pd.DataFrame({w["column"]: [f"<p title='{w['item']}'>{w['item']} {i}</p>" for i in many]}),
    "markdown": pd.DataFrame({w["column"]: [f"# {w['item']} {i}" for i in many]}),
    "columns": pd.DataFrame({w["column"]: [f"{w['item']} {i}" for i in many], "n": many}),
    "image": pd.DataFrame({w["column"]: [str(p) for p in sorted(Path(".").glob("*.png"))]}),
}
def make(kind):
    named = [w["column"]] if kind == "columns" else w["column"]
    classes = [hitl.LabelClass(w["class"], w["guidance"], w["example"]), "other"]
    session = hitl.Session(
        tables[kind], **{kind: named}, schema=hitl.Schema(classes, w["question"]), task=w["task"] + kind,
        annotator=w["annotator"], store=folder / f"{w['file']}.sqlite", random_state=1)
    session.label(session.pool.ids[:2], w["class"])
    session.label(session.pool.ids[2:4], "other")
    session.skip(session.pool.ids[5])
    session.wait()
    return session"""
SHOWN = [
    "session = make('text'); session",
    "hitl.Workbench(make('html'), engine='canvas')",
    "hitl.Labeler(make('markdown'))",
    "hitl.Explorer(make('columns'))",
    "hitl.Explorer(session, engine='canvas')",
    "hitl.Monitor(session)",
    "hitl.Workbench(make('image'))",
    "hitl.Lesson(hitl.datasets.toy('line')[['x1', 'x2']], [w['class'], 'other'] * 100, budget=4)",
]


def picture(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (12, 12, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def every_text(value: Any) -> list[str]:
    """All text in JSON values, including decoded base64."""
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in every_text(part)]
    if isinstance(value, list):
        return [text for part in value for text in every_text(part)]
    if not isinstance(value, str):
        return []
    found = [value]
    for blob in re.findall(r"[A-Za-z0-9+/]{16,}={0,2}", value):
        whole = blob[: len(blob) // 4 * 4]
        found.append(base64.b64decode(whole, validate=False).decode("latin-1"))
    return found


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    folder = tmp_path_factory.mktemp("saved")
    (folder / "words.json").write_text(json.dumps(WORDS))
    for i in range(12):
        (folder / f"{WORDS['file']}{i}.png").write_bytes(picture(i))
    cells = [nbformat.v4.new_code_cell(source) for source in (SETUP, *SHOWN)]
    client = nbclient.NotebookClient(
        nbformat.v4.new_notebook(cells=cells),
        timeout=240,
        kernel_name="python3",
        store_widget_state=True,
        resources={"metadata": {"path": str(folder)}},
    )
    return folder, client.execute()


def test_an_executed_notebook_holds_no_item_label_image_name_or_path(executed: tuple[Path, Any]) -> None:
    folder, document = executed
    state = document.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    shown = [model["state"].get("_anywidget_id", "") for model in state.values()]
    for name in ("Labeler", "Explorer", "Monitor", "Lesson"):
        assert any(name in text for text in shown), "the state of the widgets was saved"
    for cell in document.cells:
        cell.source = ""
    texts = every_text(json.loads(nbformat.writes(document)))
    found = {name for name, word in WORDS.items() for text in texts if word in text.lower()}
    assert found == set()
    assert not [text for text in texts if str(folder) in text]
    pixels = [picture(i)[50:70].decode("latin-1") for i in range(12)]
    made = [hitl.Pool.from_data([picture(i)]).payload(0).media for i in range(12)]
    sent = [data[50:70].decode("latin-1") for [(_, data)] in made]
    assert not [text for text in texts for part in pixels + sent if part in text]


def test_the_search_would_find_them(executed: tuple[Path, Any]) -> None:
    hidden = base64.b64encode(b"...." + WORDS["item"].encode() + b"....").decode()
    assert any(WORDS["item"] in text for text in every_text({"a": [f"data:x;base64,{hidden}"]}))


def test_where_widgets_cannot_run_words_say_what_to_do(executed: tuple[Path, Any]) -> None:
    outputs = [output for cell in executed[1].cells[1:] for output in cell.outputs]
    assert len(outputs) == 2 * len(SHOWN), "the words and the widget, and nothing was written beside them"
    for still, widget in zip(outputs[::2], outputs[1::2], strict=True):
        assert {k for k, text in widget.data.items() if text} == {"application/vnd.jupyter.widget-view+json"}
        words, html = still.data["text/plain"], still.data["text/html"]
        assert re.match(r"hitl-widgets: a (labeling session|lesson on active learning)\.", words)
        assert words in html
        if "session" in words:
            assert "4 of 12 items labelled" in html


@pytest.mark.parametrize("kind", ["text", "html", "markdown", "image", "columns"])
def test_what_is_printed_by_its_name_holds_no_item_and_nobody(kind: str, tmp_path: Path) -> None:
    items = [str(tmp_path / f"{WORDS['item']}{i}.png") for i in range(4)]
    for i, path in enumerate(items):
        Path(path).write_bytes(picture(i))
    named = [WORDS["column"]] if kind == "columns" else WORDS["column"]
    with hitl.Session(
        pd.DataFrame({WORDS["column"]: items}),
        **{kind: named},
        classes=[WORDS["class"], "other"],
        annotator=WORDS["annotator"],
        store=tmp_path / "labels.sqlite",
    ) as session:
        session.label(session.pool.ids[0], WORDS["class"])
        session.wait()
        things = [session, session.pool, session.store, session.round, session.map, session._loop.labels]
        printed = " ".join(f"{thing!r} {thing}" for thing in things)
        hidden = ("item", "column", "class", "annotator")
        assert not [name for name in hidden if WORDS[name] in printed]
        assert not [key for key in session.pool.keys if key in printed]
        # The location of the store is printed, which is the purpose of its repr.
        assert str(tmp_path / "labels.sqlite") in repr(session.store)
