"""JupyterLab and a browser, for the tests and the benchmarks."""

from __future__ import annotations

import contextlib
import copy
import json
import math
import os
import re
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import textwrap
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Browser, Locator, Page, Playwright, expect, sync_playwright

CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-prefers-reduced-motion",
]
PATIENCE_MS = 180_000
# UMAP takes as long as many tests: notebooks in a folder with this file do without it.
NO_UMAP = ".no-umap"
WITHOUT_UMAP = f"""import os, sys
if os.path.exists({NO_UMAP!r}):
    sys.modules["umap"] = None
"""
# What a kernel of the tests imports sooner or later, besides this package.
PRELOADED = ("ipykernel.kernelapp", "umap")
# Requests that the browser itself sends to its vendor.
CHROMIUMS_OWN = r"\.(google|googleapis|gvt1|gstatic)\.com\b"


def chromium_path() -> str | None:
    """The browser to drive: Debian's, or one on PATH."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


@contextlib.contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    with sync_playwright() as playwright, launched(playwright, *flags) as browser:
        yield browser


@contextlib.contextmanager
def launched(playwright: Playwright, *flags: str) -> Iterator[Browser]:
    """Chromium with additional flags; a process has one Playwright, but any number of browsers."""
    path = chromium_path()
    if path is None:
        raise RuntimeError("No Chromium on PATH: run `make browser`, or install Debian's package chromium.")
    browser = playwright.chromium.launch(executable_path=path, args=[*CHROMIUM_ARGS, *flags])
    yield browser
    browser.close()


class Cable:
    """A TCP proxy between the browser and the server that can cut, restore and slow down connections.

    ``rate`` limits the bytes per second from the server, over all connections; None for no limit.
    """

    rate: float | None = None

    def __init__(self, port: int) -> None:
        self._to = ("127.0.0.1", port)
        self._whole = True
        self._open: set[socket.socket] = set()
        self._line = threading.Lock()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Drop all connections, and refuse new ones."""
        self._whole = False
        for end in list(self._open):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._whole = True

    def close(self) -> None:
        self.cut()
        self._door.close()

    def _accept(self) -> None:
        while True:
            try:
                here, _ = self._door.accept()
            except OSError:
                return
            if not self._whole:
                here.close()
                continue
            there = socket.create_connection(self._to)
            self._open |= {here, there}
            there.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)  # data wait in the server
            for pair in ((here, there, False), (there, here, True)):
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, down: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(16_384):
                rate = self.rate  # another thread may remove the limit meanwhile
                if down and rate is not None:
                    with self._line:
                        time.sleep(len(data) / rate)
                target.sendall(data)
        for end in (source, target):
            self._open.discard(end)
            end.close()


class Server:
    """A server of notebooks in its own folder, with the log in its private home."""

    ready = ""  # the path that answers when it is up

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.home = folder / ".jupyter-home"
        self.home.mkdir(parents=True, exist_ok=True)
        self._log = (self.home / "server.log").open("w")

    def start(self, *command: str, env: dict[str, str]) -> None:
        """Run a module of this Python, and wait until it answers."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=self.folder,
            env=env,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.url}/{self.ready}", timeout=1).read()
                return
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        log = (self.home / "server.log").read_text()
        raise RuntimeError(f"{command[0]} did not start:\n{log[-3000:]}")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
        self._log.close()


class Marimo(Server):
    """marimo with one notebook of these cells, in its dark theme, and a kernel of its own."""

    ready = "health"

    def __init__(self, folder: Path, *cells: str) -> None:
        super().__init__(folder)
        bodies = (textwrap.indent(cell, "    ") for cell in cells)
        made = "".join(f"\n@app.cell\ndef _():\n{body}\n    return\n" for body in bodies)
        (folder / "notebook.py").write_text(f"import marimo\n\napp = marimo.App()\n{made}")
        settings = '[display]\ntheme = "dark"\n[runtime]\nauto_instantiate = true\n'
        (self.home / ".marimo.toml").write_text(settings)
        env = os.environ | {"HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home)}
        where = ("--headless", "--no-token", "--host=127.0.0.1", f"--port={self.port}", "--skip-update-check")
        self.start("marimo", "edit", "notebook.py", *where, env=env)


def fresh_folder(folder: Path, name: str) -> Path:
    """Make a folder of this name in a folder; a test that runs once more gets another one."""
    made = next(f for n in count(1) if not (f := folder / (name if n == 1 else f"{name}-{n}")).exists())
    made.mkdir()
    return made


class Lab(Server):
    """JupyterLab, Notebook 7 and Voila; ``forked``: the kernels come with the libraries imported."""

    ready = "api"

    def __init__(self, folder: Path, *, forked: bool = False) -> None:
        super().__init__(folder)
        private = self.home
        env = os.environ | {
            "JUPYTER_CONFIG_DIR": str(private / "config"),
            "JUPYTER_DATA_DIR": str(private / "data"),
            "JUPYTER_RUNTIME_DIR": str(private / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(private / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(private / "workspaces"),
            "IPYTHONDIR": str(private / "ipython"),
        }
        quiet = private / "settings" / "@jupyterlab" / "apputils-extension"
        quiet.mkdir(parents=True, exist_ok=True)
        (quiet / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
        startup = private / "ipython" / "profile_default" / "startup"
        startup.mkdir(parents=True, exist_ok=True)
        (startup / "umap.py").write_text(WITHOUT_UMAP)
        self._runtime = private / "runtime"
        self._kernels: subprocess.Popen[bytes] | None = None
        if forked:
            env["JUPYTER_PATH"] = str(private / "forked")  # comes before the kernels of this environment
            self._fork_kernels(private / "forked" / "kernels" / "python3", env)
        self.start(
            "jupyterlab",
            "--no-browser",
            "--allow-root",
            "--ip=127.0.0.1",
            f"--port={self.port}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.root_dir={folder}",
            "--IdentityProvider.token=",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            "--ServerApp.disable_check_xsrf=True",
            "--LabApp.news_url=",
            "--LabApp.expose_app_in_browser=True",
            "--JupyterNotebookApp.expose_app_in_browser=True",
            env=env,
        )
        if self._kernels is not None:
            self._wait_kernels(self._kernels)

    def _wait_kernels(self, server: subprocess.Popen[bytes]) -> None:
        """Wait until kernels can be forked: Jupyter would not wait that long on a busy machine."""
        end = time.monotonic() + PATIENCE_MS / 1000
        while not (self._runtime / "door").exists():
            if server.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"no kernels:\n{(self.home / 'server.log').read_text()[-3000:]}")
            time.sleep(0.05)

    def _fork_kernels(self, spec: Path, env: dict[str, str]) -> None:
        door = self._runtime / "door"  # its path must stay short
        script = str(Path(__file__).with_name("kernels.py"))
        spec.mkdir(parents=True)
        argv = [sys.executable, "-I", "-S", script, "run", str(door), "{connection_file}"]
        named = {"display_name": "Python 3", "language": "python", "argv": argv}
        (spec / "kernel.json").write_text(json.dumps(named))
        self._runtime.mkdir(parents=True, exist_ok=True)
        self._kernels = subprocess.Popen(
            [sys.executable, script, "serve", str(door), *PRELOADED],
            env=env,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    def get(self, path: str) -> Any:
        return json.load(urllib.request.urlopen(f"{self.url}/api/{path}", timeout=10))

    def end_kernels(self) -> None:
        for session in self.get("sessions"):
            request = urllib.request.Request(f"{self.url}/api/sessions/{session['id']}", method="DELETE")
            request.add_header("X-XSRFToken", "none")
            with contextlib.suppress(OSError):
                urllib.request.urlopen(request, timeout=10)

    def close(self) -> None:
        super().close()
        if self._kernels is not None:
            self._kernels.kill()
            self._kernels.wait()

    def kernel_pid(self, path: str) -> int:
        """The process of a notebook's forked kernel; OSError if there is none."""
        [kernel] = [s["kernel"] for s in self.get("sessions") if s["path"] == path]
        pid = int((self._runtime / f"kernel-{kernel['id']}.json.pid").read_text())
        os.kill(pid, 0)
        return pid


def write_notebook(path: Path, *cells: str) -> Path:
    """A notebook of code cells."""
    made = [
        {
            "cell_type": "code",
            "id": f"cell-{i}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": cell,
        }
        for i, cell in enumerate(cells)
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    document = {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(document))
    return path


class Notebook:
    """An open notebook; a new tab if the page already shows this JupyterLab."""

    def __init__(
        self, page: Page, lab: Lab, name: str, *, dark: bool = False, port: int | None = None
    ) -> None:
        self.page = page
        self.lab = lab
        self.path = name
        page.set_default_timeout(PATIENCE_MS)
        home = f"http://127.0.0.1:{port or lab.port}/lab/workspaces/"
        if page.url.startswith(home):
            self.command("docmanager:open", {"path": name})
        else:
            page.goto(f"{home}{uuid.uuid4().hex}/tree/{quote(name)}")
        page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for()
        self._idle()
        # Set every time, because the server remembers the last value.
        self.theme("JupyterLab Dark" if dark else "JupyterLab Light")
        # The side bar takes space from the notebook.
        page.evaluate("() => window.jupyterapp.shell.collapseLeft()")

    def theme(self, name: str) -> None:
        self.command("apputils:change-theme", {"theme": name})
        self.page.wait_for_function(
            "dark => (document.body.dataset.jpThemeLight === 'false') === dark", arg="Dark" in name
        )

    def command(self, command: str, args: dict[str, Any] | None = None) -> None:
        # Without its result: to send an opened document here as JSON took half of a test's time.
        script = "([command, args]) => window.jupyterapp.commands.execute(command, args).then(() => null)"
        self.page.evaluate(script, [command, args or {}])

    def save(self) -> None:
        """Save, and wait until it is done."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save').then(() => null)")

    def _idle(self) -> None:
        self.page.wait_for_function(
            "() => { const c = window.jupyterapp.shell.currentWidget?.context?.sessionContext;"
            " return c?.isReady && c.session?.kernel?.status === 'idle' }"
        )

    def run(self, index: int, *, wait: bool = True) -> None:
        """Run one cell by its index."""
        script = """([index, wait]) => {
            const { shell, commands } = window.jupyterapp;
            shell.currentWidget.content.activeCellIndex = index;
            const done = commands.execute('notebook:run-cell');
            return wait ? done.then(() => null) : null;
        }"""
        self.page.evaluate(script, [index, wait])

    def run_all(self) -> None:
        """Run all cells, and wait for the last."""
        self.page.evaluate(
            "() => window.jupyterapp.commands.execute('notebook:run-all-cells').then(() => null)"
        )

    def busy(self, index: int) -> bool:
        """Whether a cell is running. (The kernel's status becomes "idle" after every message of a widget.)"""
        return "*" in self.cell(index).locator(".jp-InputPrompt").inner_text()

    def wait_busy(self, index: int) -> None:
        self.cell(index).locator(".jp-InputPrompt").get_by_text("*").wait_for()

    def wait_restarted(self) -> None:
        """Wait until Jupyter has noticed that the kernel died and has started another."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with contextlib.suppress(OSError, ValueError):
                if self.kernel_pid():
                    break
            time.sleep(0.2)
        dialog = self.page.locator(".jp-Dialog button.jp-mod-accept")
        with contextlib.suppress(Exception):
            dialog.first.click(timeout=5000)
        self._idle()

    def cell(self, index: int) -> Locator:
        return self.page.locator(".jp-NotebookPanel .jp-Notebook-cell").nth(index)

    def output(self, index: int) -> str:
        return self.cell(index).locator(".jp-OutputArea").inner_text()

    def beside(self, path: str) -> Notebook:
        """Open another notebook in a new tab of the same window, in front."""
        other = copy.copy(self)
        other.path = path
        self.command("docmanager:open", {"path": path})
        self.page.wait_for_function(
            "path => window.jupyterapp.shell.currentWidget?.context?.path === path", arg=path
        )
        other._idle()
        return other

    def kernel_pid(self) -> int:
        return self.lab.kernel_pid(self.path)


class Notebook7(Notebook):
    """A notebook in Jupyter Notebook 7, which has a page of its own."""

    def __init__(self, page: Page, lab: Lab, name: str) -> None:
        self.page = page
        self.lab = lab
        self.path = name
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{lab.url}/notebooks/{quote(name)}")
        page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for()
        self._idle()


class Fence(socketserver.ThreadingTCPServer):
    """A proxy that forwards nothing and records requests to all hosts except this machine.

    Playwright's events miss the requests of sandboxed frames, which run in another process.
    """

    daemon_threads = True

    def __init__(self) -> None:
        self.crossed: list[str] = []
        super().__init__(("127.0.0.1", 0), _Refuse)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def flags(self) -> list[str]:
        """The proxy settings for Chromium; only 127.0.0.1 is contacted directly."""
        return [f"--proxy-server=http://127.0.0.1:{self.server_address[1]}"]


class _Refuse(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        asked = " ".join(self.rfile.readline(4096).decode("ascii", "replace").split()[:2])
        if not re.search(CHROMIUMS_OWN, asked):
            self.server.crossed.append(asked)  # type: ignore[attr-defined]
        self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n")


class Bench:
    """The Workbench on the page, or in a part of it, as a user sees it."""

    def __init__(self, page: Page, part: Locator | None = None) -> None:
        self.page = page
        within = page if part is None else part
        self.explorer = within.locator(".hitl-explorer")
        self.labeler = within.locator(".hitl-labeler")
        self.monitor = within.locator(".hitl-monitor")
        self.card = self.labeler.locator(".hitl-card")
        self.overlay = self.explorer.locator(".hitl-overlay")

    def wait_item(self) -> None:
        """Wait for an item of any kind on the card."""
        self.card.locator("> :not(.hitl-empty, .hitl-bulk)").first.wait_for()

    def wait_map(self, method: str | None = None, *, settled: bool = False) -> None:
        """Wait until the map is on the screen; ``settled``: until it no longer moves."""
        selector = "[data-drawn]" + (f"[data-method={method}]" if method else "")
        selector += "[data-settled=true]" if settled or method == "umap" else ""
        self.explorer.and_(self.page.locator(selector)).wait_for()

    def details(self) -> None:
        """Fold or unfold the details of the Monitor."""
        self.monitor.get_by_role("button", name="Details").click()

    def focus(self) -> None:
        self.labeler.evaluate("e => e.focus({ preventScroll: true })")

    def press(self, key: str) -> None:
        """Press a key after a frame was drawn: items that were never on the screen accept no answer."""
        self.page.evaluate("() => new Promise(requestAnimationFrame)")
        self.page.keyboard.press(key)

    def shown(self) -> str:
        """The text of the card."""
        return self.card.inner_text()

    def label(self, key: str) -> None:
        """Press a class key, and wait for the next item."""
        before = self.card.get_attribute("data-row") or ""
        self.press(key)
        for _ in range(PATIENCE_MS // 5000):
            with contextlib.suppress(AssertionError):
                expect(self.card).not_to_have_attribute("data-row", before, timeout=5000)
                return
            # JupyterLab reports a dead kernel or server in dialogs, which take the key.
            dialog = self.page.locator(".jp-Dialog button.jp-mod-accept")
            if dialog.count():
                dialog.first.click()
                self.focus()
                self.press(key)
        raise AssertionError(f"the key {key} did not lead to another item than {before}")

    def click_class(self, name: str) -> None:
        """Click a class once the card has been visible: an earlier click does not count."""
        self.page.wait_for_timeout(200)
        self.labeler.locator(f"[data-class='{name}']").click()

    @property
    def n_labels(self) -> int:
        words = self.labeler.locator(".hitl-head > :last-child").inner_text()
        return int(words.split(" of ")[0].replace(",", "") or 0) if words else 0

    def wait_labels(self, n: int) -> None:
        words = self.labeler.locator(".hitl-head > :last-child")
        expect(words).to_have_text(re.compile(f"^{n:,} of"), timeout=PATIENCE_MS)

    def acknowledged(self) -> None:
        """Wait until the outbox is empty, so that every act is saved."""
        self.page.wait_for_function("() => !Object.keys(localStorage).some(k => k.startsWith('hitl:'))")

    def tool(self, name: str) -> None:
        self.explorer.locator(f"button[data-tool={name}]").click()

    def lasso(self, x: float, y: float, radius: float) -> None:
        """Circle points; centre and radius are fractions of the map's width and height."""
        self.tool("lasso")
        self.explorer.evaluate("e => e.scrollIntoView({ block: 'nearest' })")
        box = self.overlay.bounding_box()
        assert box is not None
        cx, cy = box["x"] + x * box["width"], box["y"] + y * box["height"]
        r = radius * box["width"]
        self.page.mouse.move(cx + r, cy)
        self.page.mouse.down()
        for step in range(1, 25):
            angle = 2 * math.pi * step / 24
            self.page.mouse.move(cx + r * math.cos(angle), cy + r * math.sin(angle))
        self.page.mouse.up()

    def box(self, left: float, top: float, right: float, bottom: float) -> None:
        """Drag a box; the corners are fractions of the map's width and height."""
        self.tool("rectangle")
        self.explorer.evaluate("e => e.scrollIntoView({ block: 'nearest' })")
        box = self.overlay.bounding_box()
        assert box is not None
        self.page.mouse.move(box["x"] + left * box["width"], box["y"] + top * box["height"])
        self.page.mouse.down()
        x, y = box["x"] + right * box["width"], box["y"] + bottom * box["height"]
        self.page.mouse.move(x, y, steps=4)
        self.page.mouse.up()

    def chosen(self) -> int:
        """The number of selected points shown by the map; 0 if it shows none."""
        chip = self.explorer.locator(".hitl-chip")
        return int(chip.inner_text().split()[0].replace(",", "")) if chip.is_visible() else 0

    def pixels(self) -> str:
        """A screenshot of the map, to detect changes."""
        script = "e => e.querySelector('.hitl-chart canvas').toDataURL()"
        return str(self.explorer.evaluate(script))
