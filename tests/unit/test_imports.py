from __future__ import annotations

import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

import hitl_widgets

ROOT = Path(__file__).parents[2]
HEAVY = ("umap", "numba", "altair", "sklearn", "pandas", "scipy", "anywidget", "sqlalchemy", "PIL")


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


def test_the_import_loads_nothing_heavy() -> None:
    loaded = run("import sys, hitl_widgets; print(*{name.split('.')[0] for name in sys.modules})").split()
    assert "hitl_widgets" in loaded
    assert not set(HEAVY) & set(loaded)


def test_a_session_needs_no_screen() -> None:
    code = "import sys, hitl_widgets; hitl_widgets.Session; hitl_widgets.Pool; print(*sys.modules)"
    loaded = {name.split(".")[0] for name in run(code).split()}
    assert not {"anywidget", "ipywidgets", "IPython", "altair", "umap", "numba"} & loaded


@pytest.mark.parametrize("name", hitl_widgets.__all__)
def test_every_public_name_is_there_and_described(name: str) -> None:
    found = getattr(hitl_widgets, name)
    assert (found.__doc__ or "").strip()
    assert name in dir(hitl_widgets)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Sesion"):
        hitl_widgets.Sesion  # noqa: B018


def test_arrows_between_rooms_point_one_way() -> None:
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout


def test_no_module_imports_itself_through_others_not_even_for_types() -> None:
    graph = grimp.build_graph("hitl_widgets")
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    TopologicalSorter(imports).prepare()  # raises a CycleError that names the modules
