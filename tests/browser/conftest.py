from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab import NO_UMAP, Bench, Fence, Lab, Notebook, fresh_folder, launched, write_notebook
from playwright.sync_api import Browser, Dialog, Page, Playwright, sync_playwright

# JupyterLab's own requests to a kernel that ends are rejected, and nobody handles that.
JUPYTERLABS_OWN = re.compile(r"Canceled future for \w+ message before replies were done")


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def fence() -> Iterator[Fence]:
    with Fence() as standing:
        yield standing
        standing.shutdown()


@pytest.fixture(scope="session")
def browser(playwright: Playwright, fence: Fence) -> Iterator[Browser]:
    with launched(playwright, *fence.flags) as running:
        yield running


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    server = Lab(tmp_path_factory.mktemp("lab"), forked=True)
    yield server
    server.close()


@pytest.fixture(scope="session")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cache of what takes a minute to compute for the docstrings, shared by all workers."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "computed"


@pytest.fixture
def docstrings(computed: Path) -> Iterator[Callable[..., None]]:
    """Gives a folder the cached features, and with ``drawn`` the map; caches what it has more at the end."""
    folders: list[Path] = []
    computed.mkdir(exist_ok=True)

    def give(folder: Path, *, drawn: bool = False) -> None:
        cache = folder / ".hitl-widgets"
        cache.mkdir(exist_ok=True)
        for file in computed.glob("*.npz" if drawn else "texts-*.npz"):
            shutil.copy(file, cache)
        folders.append(cache)

    yield give
    for cache in folders:
        for file in cache.glob("*.npz"):
            if not (computed / file.name).exists():
                copy = shutil.copy(file, computed / f"{file.name}.{os.getpid()}")
                Path(copy).rename(computed / file.name)


@pytest.fixture(scope="session")
def left() -> list[Page]:
    """Pages with a loaded JupyterLab that tests left clean, so that the next test can reuse them."""
    return []


class Desk:
    """Opens notebooks, and fails on errors of the page."""

    def __init__(self, browser: Browser, lab: Lab, folder: Path, fence: Fence, left: list[Page]) -> None:
        self.browser = browser
        self.lab = lab
        self.folder = folder
        self.fence = fence
        self.errors: list[str] = []
        self.pages: list[Page] = []
        self._left = left
        self._shared: list[Page] = []

    def page(self, width: int = 1280, height: int = 1000) -> Page:
        """A page of a browser with an empty profile."""
        context = self.browser.new_context(viewport={"width": width, "height": height})
        return self._watch(context.new_page())

    def open(
        self,
        *cells: str,
        name: str = "test.ipynb",
        dark: bool = False,
        width: int = 1280,
        height: int = 1000,
        alone: bool = False,
        umap: bool = False,
    ) -> tuple[Notebook, Bench]:
        """Write a notebook with these cells and open it; its map is PCA only unless ``umap`` is set."""
        write_notebook(self.folder / name, *cells)
        if not umap:
            (self.folder / NO_UMAP).touch()
        return self.visit(name, dark=dark, width=width, height=height, alone=alone)

    def visit(
        self,
        name: str,
        *,
        dark: bool = False,
        width: int = 1280,
        height: int = 1000,
        port: int | None = None,
        alone: bool = False,
    ) -> tuple[Notebook, Bench]:
        """Open an existing notebook, on another port if there is a proxy in between.

        ``alone``: no other test gets the page, because this one changes more than ``tidied`` resets.
        """
        usable = [page for page in self._left if page.context.browser is self.browser]
        if alone or port is not None or not usable:
            page = self.page(width, height)
        else:
            self._left.remove(usable[0])
            page = self._watch(usable[0])
            page.set_viewport_size({"width": width, "height": height})
        if not alone and port is None:
            self._shared.append(page)
        path = (self.folder / name).relative_to(self.lab.folder)
        notebook = Notebook(page, self.lab, str(path), dark=dark, port=port)
        return notebook, Bench(page)

    def _watch(self, page: Page) -> Page:
        page.on("pageerror", self._complain)
        page.on("dialog", self._dismiss)
        self.pages.append(page)
        return page

    def _complain(self, error: object) -> None:
        if not JUPYTERLABS_OWN.search(str(error)):
            self.errors.append(str(error))

    def _dismiss(self, dialog: Dialog) -> None:
        self.errors.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def close(self, *, passed: bool) -> None:
        for page in self.pages:
            if page.evaluate("() => window.__pwned") is not None:
                self.errors.append("an item ran code")
            if passed and page in self._shared and tidied(page):
                page.remove_listener("pageerror", self._complain)
                page.remove_listener("dialog", self._dismiss)
                self._left.append(page)
            else:
                page.context.close()
        self.lab.end_kernels()


def tidied(page: Page) -> bool:
    """Close everything in JupyterLab and clear the browser's storage; returns whether that succeeded."""
    page.evaluate(
        """() => {
            for (const one of [...window.jupyterapp.shell.widgets('main')]) one.dispose();
            localStorage.clear();
            sessionStorage.clear();
        }"""
    )
    page.mouse.move(0, 0)
    return not page.locator(".jp-Dialog, .hitl-workbench, .hitl-labeler").count()


@pytest.fixture
def desk(
    browser: Browser, lab: Lab, fence: Fence, left: list[Page], request: pytest.FixtureRequest
) -> Iterator[Desk]:
    name = request.node.name.replace("[", "-").replace("]", "")
    folder = fresh_folder(lab.folder, name)
    opened = Desk(browser, lab, folder, fence, left)
    fence.crossed.clear()
    failed = request.session.testsfailed
    yield opened
    opened.close(passed=request.session.testsfailed == failed)
    assert opened.errors == []
    assert fence.crossed == [], "no page asks anything of another host"
