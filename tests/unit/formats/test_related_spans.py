"""Relations between spans in the files of other tools: kept where the tool has them, else said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import hitl_widgets as hitl
from hitl_widgets.transfer.converting import convert

TEXTS = ["Ada met Bo.", "Nobody."]
SPANS = [{"start": 0, "end": 3, "label": "person"}, {"start": 8, "end": 10, "label": "person"}]
LABEL = {
    "spans": SPANS,
    "relations": [{"from": 0, "to": 1, "label": "met"}, {"from": 1, "to": 0, "label": "knows"}],
}
NONE: dict[str, Any] = {"spans": [], "relations": []}
RELATED = hitl.Question.spans(["person"], relations=["met", "knows"])


def session(question: Any = RELATED) -> hitl.Session:
    return hitl.Session(TEXTS, question=question, store=":memory:", annotator="ann")


def exported(path: Path, **how: Any) -> Path:
    with session() as made:
        made.label(made.pool.ids[0], LABEL)
        made.label(made.pool.ids[1], [])
        return made.export(path, names=True, **how)


@pytest.mark.parametrize(
    ("tool", "ending"), [("doccano", "jsonl"), ("label-studio", "json"), ("prodigy", "jsonl")]
)
def test_they_come_back_from_tools_that_have_them(tool: str, ending: str, tmp_path: Path) -> None:
    path = exported(tmp_path / f"out.{ending}", format=tool)
    with session() as made:
        found = made.import_labels(path)
        assert not len(found.refused), found.refused["why"].tolist()
        assert made.labels()["label"].tolist() == [LABEL, NONE]
    # A question that does not ask for relations takes the spans.
    with session(hitl.Question.spans(["person"])) as made:
        made.import_labels(path)
        assert made.labels()["label"].tolist() == [SPANS, []]
    with session(hitl.Question.spans(["person"], relations=["met"])) as made:
        found = made.import_labels(path)
        assert "'knows' is not a type of relation" in found.refused["why"].tolist()[0]


@pytest.mark.parametrize(("tool", "ending"), [("conll", "conll")])
def test_other_formats_say_that_they_lack_them(tool: str, ending: str, tmp_path: Path) -> None:
    with pytest.warns(RuntimeWarning, match=r"Relations between spans\."):
        path = exported(tmp_path / f"out.{ending}", format=tool)
    assert "Relations between spans." in Path(f"{path}.card.md").read_text()


def test_they_are_converted_from_tool_to_tool(tmp_path: Path) -> None:
    path = exported(tmp_path / "out.jsonl", format="doccano")
    convert(path, tmp_path / "out.json", write_as="label-studio")
    [first, _] = json.loads((tmp_path / "out.json").read_text())
    results = first["annotations"][0]["result"]
    assert [r["labels"] for r in results if r["type"] == "relation"] == [["met"], ["knows"]]
    assert [r.get("from_id") for r in results] == [None, None, "r1", "r2"]


def test_the_direction_of_label_studio_counts(tmp_path: Path) -> None:
    path = exported(tmp_path / "out.json", format="label-studio")
    told = json.loads(path.read_text())
    result = told[0]["annotations"][0]["result"]
    result[2]["direction"] = "left"
    result[3] |= {"direction": "bi"}
    path.write_text(json.dumps(told))
    with session() as made:
        made.import_labels(path)
        relations = made.labels()["label"].tolist()[0]["relations"]
    ways = [(r["from"], r["to"], r["label"]) for r in relations]
    assert ways == [(0, 1, "knows"), (1, 0, "knows"), (1, 0, "met")]
    del result[3]["labels"]
    path.write_text(json.dumps(told))
    with session() as made:
        assert "A relation has no type." in made.import_labels(path).refused["why"].tolist()[0]


def test_tables_and_rows_contain_them_and_nothing_is_reported(tmp_path: Path, recwarn: Any) -> None:
    rows = exported(tmp_path / "out.jsonl", format="hf")
    assert not [one for one in recwarn if "Relations" in str(one.message)]
    assert json.loads(rows.read_text().splitlines()[0])["label"] == LABEL
    with session() as made:
        assert made.import_labels(rows).n == 2
        assert made.labels()["label"].tolist() == [LABEL, NONE]
    found = convert(exported(tmp_path / "a.json", format="label-studio"), tmp_path / "a.csv")
    assert (found.n, list(found.left)) == (2, [])
    assert '""relations""' in found.path.read_text()
