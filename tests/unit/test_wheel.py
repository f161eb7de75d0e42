"""The wheel: an installation needs neither Node nor a checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from hitl_widgets.widgets.channel import STATIC

ROOT = Path(__file__).parents[2]
WIDGETS = ("labeler", "explorer", "monitor", "lesson", "replay")


def build(target: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)],
        cwd=ROOT,
        env=os.environ | env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_holds_the_bundles_the_charts_and_the_notebooks(tmp_path: Path) -> None:
    done = build(tmp_path)
    assert done.returncode == 0, done.stderr
    [wheel] = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    static = "hitl_widgets/widgets/static/"
    widgets = [f"{name}.{ending}" for name in WIDGETS for ending in ("js", "css")]
    bundles = (*widgets, "recorded.js", "vega.js", "teach.js", "teach.css", "map.json", "curve.json")
    assert {static + name for name in bundles} <= names
    notebooks = {f"hitl_widgets/{path.relative_to(ROOT)}" for path in (ROOT / "notebooks").rglob("*.ipynb")}
    assert {"hitl_widgets/py.typed", *notebooks} <= names
    assert not any(name.startswith(("js/", "tests/")) or name.endswith(".sqlite") for name in names)


def test_the_labelers_bundle_is_small() -> None:
    # What few items need is loaded when it is used (js/src/modules).
    assert (STATIC / "labeler.js").stat().st_size < 100_000


def test_a_widget_carries_the_styles_that_all_share_and_its_own() -> None:
    styles = {name: (STATIC / f"{name}.css").read_text() for name in WIDGETS}
    for name, style in styles.items():
        assert style.startswith(".hitl{")
        assert [one for one in WIDGETS if f".hitl-{one}{{" in style] == [name]
    assert all(".hitl-text" in styles[name] for name in ("labeler", "explorer")), "items are shown in both"
    assert not any(".hitl-wave" in style for style in styles.values()), "viewers bring their own"


def test_the_charts_beside_the_bundles_are_those_of_charts_py() -> None:
    import json

    from hitl_widgets.widgets.charts import CHARTS

    for name, chart in CHARTS.items():
        assert json.loads((STATIC / name).read_text()) == chart().to_dict(), f"run `make js`: {name} is stale"
