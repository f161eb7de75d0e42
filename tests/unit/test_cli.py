"""The command line."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from helpers import clouds
from hitl_widgets import cli
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import HitlError
from hitl_widgets.labels.store import LabelStore
from hitl_widgets.session import Session
from hitl_widgets.transfer.stored import stored_history, stored_labels

Capture = pytest.CaptureFixture[str]


def label_some(path: Path, task: str = "labels", n: int = 3) -> list[str]:
    data, names = clouds()
    with Session(data, classes=["a", "b"], store=path, task=task, annotator="=mia") as session:
        keys = list(session.pool.keys[:n])
        for i, key in enumerate(keys):
            session.label(key, names[i])
        session.undo()
    return keys


@pytest.fixture
def store(tmp_path: Path, no_umap: None) -> Path:
    label_some(tmp_path / "labels.sqlite")
    return tmp_path / "labels.sqlite"


def refused(capsys: Capture, *arguments: object) -> str:
    """Run an invalid command: one line on stderr, exit code 2."""
    assert cli.main([str(a) for a in arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("hitl-widgets: ")
    assert said.err.count("\n") == 1
    return said.err


# -- help and version


def test_version(capsys: Capture) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    assert capsys.readouterr().out.startswith("hitl-widgets 0.")


def test_the_program_is_installed_and_light() -> None:
    code = (
        "import sys, hitl_widgets.cli as c; print(any(m in sys.modules for m in ('umap','altair','pandas')))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


def test_errors_are_one_line(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def fail(_: object) -> int:
        raise HitlError("Two\nlines.")

    monkeypatch.setattr(cli, "_export", fail)
    assert "Two lines." in refused(capsys, "export", "a", "b")


# -- export


def test_export_csv(store: Path, tmp_path: Path, capsys: Capture) -> None:
    keys = list(Pool.from_data(clouds()[0]).keys[:2])
    assert cli.main(["export", str(store), str(tmp_path / "out.csv")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "out.csv")
    table = pd.read_csv(tmp_path / "out.csv", dtype=str)
    assert table["id"].tolist() == keys  # the third was undone
    assert table["label"].tolist() == ["a", "b"]
    assert set(table["annotator"]) == {"annotator 1"}
    assert cli.main(["export", str(store), str(tmp_path / "out.csv"), "--names"]) == 0
    table = pd.read_csv(tmp_path / "out.csv", dtype=str)
    assert set(table["annotator"]) == {"'=mia"}  # a spreadsheet would run this
    assert "Accuracy of the model: not known here" in (tmp_path / "out.csv.card.md").read_text()


def test_export_is_what_the_session_exports(store: Path, tmp_path: Path) -> None:
    with Session(clouds()[0], classes=["a", "b"], store=store) as session:
        pd.testing.assert_frame_equal(stored_labels(store), session.labels())
        pd.testing.assert_frame_equal(stored_history(store), session.history())


def test_export_other_formats(store: Path, tmp_path: Path) -> None:
    assert cli.main(["export", str(store), str(tmp_path / "out.parquet")]) == 0
    assert len(pd.read_parquet(tmp_path / "out.parquet")) == 2
    assert cli.main(["export", str(store), str(tmp_path / "out.txt"), "--format", "jsonl"]) == 0
    lines = [json.loads(line) for line in (tmp_path / "out.txt").read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["schema", "label", "label", "label", "undo"]
    assert [line["holds"] for line in lines] == [True, True, True, False, True]


def test_export_of_a_database_url(store: Path, tmp_path: Path) -> None:
    assert cli.main(["export", f"sqlite:///{store}", str(tmp_path / "out.csv")]) == 0


def test_export_makes_no_store(tmp_path: Path, capsys: Capture) -> None:
    for name in (tmp_path / "nothing.sqlite", f"sqlite:///{tmp_path}/nothing.sqlite"):
        assert "There is no label store" in refused(capsys, "export", name, tmp_path / "out.csv")
    assert list(tmp_path.iterdir()) == []


def test_export_leaves_other_files_alone(tmp_path: Path, capsys: Capture) -> None:
    empty, text = tmp_path / "empty.sqlite", tmp_path / "text.sqlite"
    empty.touch()
    text.write_text("no database, but long enough to look at" * 20)
    assert "is an empty file" in refused(capsys, "export", empty, tmp_path / "out.csv")
    assert empty.stat().st_size == 0
    assert "not a label store" in refused(capsys, "export", text, tmp_path / "out.csv")
    assert refused(capsys, "export", tmp_path, tmp_path / "out.csv")


def test_export_never_replaces_the_store(store: Path, capsys: Capture) -> None:
    before = store.read_bytes()
    assert "the label store itself" in refused(capsys, "export", store, store, "--format", "csv")
    assert store.read_bytes() == before


def test_export_names_the_tasks(store: Path, tmp_path: Path, no_umap: None, capsys: Capture) -> None:
    out = tmp_path / "out.csv"
    message = refused(capsys, "export", store, out, "--task", "label")
    assert "no task 'label'" in message
    assert "Did you mean 'labels'?" in message
    label_some(store, "mood", 2)
    assert "has the tasks 'labels', 'mood'" in refused(capsys, "export", store, out)
    assert not out.exists()
    assert cli.main(["export", str(store), str(out), "--task", "mood"]) == 0
    assert len(pd.read_csv(out)) == 1


def test_export_of_a_store_without_labels(tmp_path: Path, capsys: Capture) -> None:
    LabelStore(tmp_path / "new.sqlite").close()
    assert "no labels yet" in refused(capsys, "export", tmp_path / "new.sqlite", tmp_path / "out.csv")


def test_export_to_nowhere(store: Path, tmp_path: Path, capsys: Capture) -> None:
    assert "not an export format" in refused(capsys, "export", store, tmp_path / "out.doc")
    assert "does not exist: create it" in refused(capsys, "export", store, tmp_path / "no" / "out.csv")


# -- demo


class Started:
    """A stand-in for a server that records its arguments."""

    command: list[str]
    token: str

    def __init__(self, command: list[str], env: dict[str, str]) -> None:
        Started.command, Started.token = command, env["JUPYTER_TOKEN"]

    def poll(self) -> int:
        return 0

    def wait(self) -> int:
        return 0

    def terminate(self) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> type[Started]:
    monkeypatch.setattr(subprocess, "Popen", Started)
    monkeypatch.delenv("JUPYTER_TOKEN", raising=False)
    return Started


def test_demo_opens_the_notebook_of_the_checkout(server: type[Started]) -> None:
    assert cli.main(["demo", "--no-browser"]) == 0
    [python, _, module, path, *rest] = server.command
    assert (python, module) == (sys.executable, "jupyterlab")
    assert Path(path) == Path(__file__).parents[2] / "notebooks" / "01-quickstart.ipynb"
    assert "--no-browser" in rest
    assert ("--allow-root" in rest) == (os.geteuid() == 0)
    assert not any(server.token in word for word in server.command)
    assert cli.main(["demo"]) == 0
    assert "--no-browser" not in server.command


def test_demo_says_the_address(
    monkeypatch: pytest.MonkeyPatch, server: type[Started], capsys: Capture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        monkeypatch.setattr(Started, "poll", lambda _: None)
        cli._announce(server([], {"JUPYTER_TOKEN": ""}), port, f"see {port}")  # type: ignore[arg-type]
    assert capsys.readouterr().out == f"see {port}\n"


def test_demo_with_a_port_in_use(server: type[Started], capsys: Capture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "cannot be used" in refused(capsys, "demo", "--port", taken.getsockname()[1])
    assert "cannot be used" in refused(capsys, "demo", "--port", 99999)


def test_demo_without_jupyter(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "jupyterlab" else find(name, *a)
    )
    assert "pip install 'hitl-widgets[lab]'" in refused(capsys, "demo")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As installed from a wheel: the notebooks are in the package, and there is no checkout around it."""
    package = tmp_path / "lib" / "site-packages" / "hitl_widgets"
    (package / "notebooks").mkdir(parents=True)
    (package / "notebooks" / "01-quickstart.ipynb").write_text("{}")
    (package / "notebooks" / "02-images.ipynb").write_text("{}")
    monkeypatch.setattr(cli, "__file__", str(package / "cli.py"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return package


def test_demo_of_a_wheel_copies_and_never_overwrites(installed: Path) -> None:
    made = cli._notebook()
    assert made == Path.cwd() / "hitl-demo" / "01-quickstart.ipynb"
    assert (made.parent / "02-images.ipynb").exists()
    made.write_text("mine")
    assert cli._notebook().read_text() == "mine"


def test_demo_of_a_broken_wheel(installed: Path, server: type[Started], capsys: Capture) -> None:
    (installed / "notebooks" / "01-quickstart.ipynb").unlink()
    assert "Reinstall" in refused(capsys, "demo")


# -- demo --check


QUICKSTART = """
import pandas as pd
import hitl_widgets as hitl
from helpers import clouds
X, names = clouds(200)
docs = pd.DataFrame({"doc": [f"doc {i}" for i in range(200)], "topic": names})
print("not for the report")
session = hitl.Session(docs, text="doc", X=X, classes=["a", "b"], store="quickstart.sqlite")
session
"""

Write = Callable[[str], None]


@pytest.fixture
def quickstart(installed: Path, no_umap: None) -> Write:
    def write(source: str) -> None:
        cells: list[dict[str, Any]] = [
            {"cell_type": "markdown", "source": ["no code"]},
            {"cell_type": "code", "id": "a", "source": source.splitlines(keepends=True)},
        ]
        (installed / "notebooks" / "01-quickstart.ipynb").write_text(json.dumps({"cells": cells}))

    return write


def test_check(quickstart: Write, capsys: Capture) -> None:
    quickstart(QUICKSTART)
    here = Path.cwd()
    assert cli.main(["demo", "--check"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 4
    assert said[0].split() == ["labels", "given", "60"]
    assert float(said[1].split()[-1]) > 0.9
    assert said[2].endswith("6 audited)")
    where = Path(said[3].split(", in ")[1])
    assert "labels stored              60," in said[3]
    assert len(stored_labels(where)) == 60
    assert Path.cwd() == here
    assert where.parent != here


def test_check_fails_where_the_model_does_not_learn(quickstart: Write, capsys: Capture) -> None:
    by_chance = "docs['topic'] = np.random.default_rng(0).choice(list('abcd'), len(docs))"
    source = QUICKSTART.replace('["a", "b"]', "list('abcd')").replace("print(", f"{by_chance}\nprint(")
    quickstart(f"import numpy as np\n{source}")
    assert cli.main(["demo", "--check"]) == 1
    assert "is below 0.5" in capsys.readouterr().err


def test_check_fails_where_labels_are_lost(quickstart: Write, capsys: Capture) -> None:
    lose = """
label, asked = session.label, []
session.label = lambda *given: asked.append(given) if len(asked) == 0 else label(*given)
"""
    quickstart(QUICKSTART + lose)
    assert cli.main(["demo", "--check"]) == 1
    assert "of 60 labels are in the store" in capsys.readouterr().err
