from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import Bench, Fence, Lab, Notebook, launched, write_notebook
from playwright.sync_api import Browser, Dialog, Page, Playwright, sync_playwright


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
    server = Lab(tmp_path_factory.mktemp("lab"))
    yield server
    server.close()


class Desk:
    """Opens notebooks, and complains of what the page complained of."""

    def __init__(self, browser: Browser, lab: Lab, folder: Path, fence: Fence) -> None:
        self.browser = browser
        self.lab = lab
        self.folder = folder
        self.fence = fence
        self.errors: list[str] = []
        self.pages: list[Page] = []

    def page(self, width: int = 1280, height: int = 1000) -> Page:
        context = self.browser.new_context(viewport={"width": width, "height": height})
        page = context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", self._dismiss)
        self.pages.append(page)
        return page

    def open(
        self, *cells: str, name: str = "test.ipynb", dark: bool = False, width: int = 1280, height: int = 1000
    ) -> tuple[Notebook, Bench]:
        write_notebook(self.folder / name, *cells)
        return self.visit(name, dark=dark, width=width, height=height)

    def visit(
        self,
        name: str,
        *,
        dark: bool = False,
        width: int = 1280,
        height: int = 1000,
        port: int | None = None,
    ) -> tuple[Notebook, Bench]:
        """Open a notebook that is there, on another port where something lies between."""
        page = self.page(width, height)
        path = (self.folder / name).relative_to(self.lab.folder)
        notebook = Notebook(page, self.lab, str(path), dark=dark, port=port)
        return notebook, Bench(page)

    def _dismiss(self, dialog: Dialog) -> None:
        self.errors.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def close(self) -> None:
        for page in self.pages:
            if page.evaluate("() => window.__pwned") is not None:
                self.errors.append("an item ran code")
            page.context.close()
        self.lab.end_kernels()


@pytest.fixture
def desk(browser: Browser, lab: Lab, fence: Fence, request: pytest.FixtureRequest) -> Iterator[Desk]:
    folder = lab.folder / request.node.name.replace("[", "-").replace("]", "")
    folder.mkdir()
    opened = Desk(browser, lab, folder, fence)
    fence.crossed.clear()
    yield opened
    opened.close()
    assert opened.errors == []
    assert fence.crossed == [], "no page asks anything of another host"
