from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from helpers import clouds, missing
from hitl_widgets.maps import preparation as mapping
from hitl_widgets.session import Session
from hitl_widgets.widgets import channel
from postgres import HOW, Server, binaries

# Slow machines must not fail tests.
settings.register_profile("hitl", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hitl")


@pytest.fixture
def no_umap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the PCA preview as the map, without a child process."""
    monkeypatch.setattr(mapping, "umap_available", lambda n: False)


@pytest.fixture
def make_session(no_umap: None) -> Iterator[Callable[..., Session]]:
    """Make sessions of two separable clouds of points, or of the given data; they are closed at the end."""
    made: list[Session] = []

    def make(data: Any = None, **options: Any) -> Session:
        options = {"classes": ["a", "b"], "store": ":memory:", "random_state": 0} | options
        made.append(Session(clouds()[0] if data is None else data, **options))
        return made[-1]

    yield make
    for session in made:
        session.close()


@pytest.fixture
def bundles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow making widgets without the built JavaScript."""
    monkeypatch.setattr(channel, "bundle", lambda name: f"/* {name} */")


@pytest.fixture
def figure() -> Callable[..., None]:
    """Record the counts of a fault test for docs/reliability.md; see benchmarks/faults/reliability.py."""

    def note(fault: str, **counted: Any) -> None:
        if path := os.environ.get("HITL_FIGURES"):
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(json.dumps({"fault": fault, **counted}) + "\n")

    return note


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server for this process."""
    if binaries() is None:
        missing("postgres", HOW)
    server = Server()
    yield server
    server.remove()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """List the tests that were skipped for missing software at the end, where they are noticed."""
    skipped: dict[str, list[str]] = {}
    for report in terminalreporter.stats.get("skipped", []):
        why = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        if " is missing: " in why:
            skipped.setdefault(why.removeprefix("Skipped: "), []).append(report.nodeid.split("::")[0])
    for why, files in skipped.items():
        names = ", ".join(sorted(set(files)))
        terminalreporter.write_line(f"NOT RUN: {len(files)} tests in {names}: {why}", red=True)
