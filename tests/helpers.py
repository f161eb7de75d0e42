"""Helpers shared by several test files."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
import pytest
from hypothesis import strategies as st

from hitl_widgets.session import Session

# Any text, with a high share of the characters that break encoders. (In st.text(), these would
# be as rare as any other.)
# Only low surrogates: JSON combines a high and a low one into one character.
ANY_TEXT = st.lists(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("\0\udcff\u2028"), max_size=20
).map("".join)


def clouds(n: int = 60, seed: int = 0) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Two linearly separable clouds of points: float32 (n, 4), and their classes 'a' or 'b'."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    X = rng.normal(size=(n, 4)) + 6 * y[:, None]
    return X.astype(np.float32), np.array(["a", "b"])[y]


def missing(what: str, how: str) -> NoReturn:
    """Skip the test with a message (see conftest.py); fail it if HITL_REQUIRE names what is missing."""
    words = f"{what} is missing: {how}"
    if what in os.environ.get("HITL_REQUIRE", "").split(","):
        pytest.fail(words)
    pytest.skip(words)


def until(holds: Callable[[], Any]) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


class Stops:
    """A strategy that is interrupted, as by the user, when it is asked for the ``at``-th time."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, proba: Any, context: Any) -> Any:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return 1 - proba.max(axis=1)


class Told:
    """Collects the notifications of a session, and waits for one of them."""

    def __init__(self, session: Session) -> None:
        self.words: list[str] = []
        self._wake = threading.Condition()
        session._loop.subscribe(self._listen)

    def _listen(self, what: str) -> None:
        with self._wake:
            self.words.append(what)
            self._wake.notify_all()

    def wait_until(self, holds: Callable[[], bool]) -> None:
        with self._wake:
            assert self._wake.wait_for(holds, timeout=20)
