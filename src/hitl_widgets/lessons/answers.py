"""The answers of a lesson: the truth, or those of annotators who make mistakes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput, a_type, choices, nearest
from hitl_widgets.learn.learner import FloatArray
from hitl_widgets.loop.words import within

__all__ = ["Answers"]

NOISE = 5
ONE = "the annotator"

Codes = npt.NDArray[np.int16]


class Answers:
    """What each annotator says about each point.

    Parameters
    ----------
    truth
        Class codes, int16 (n,).
    names
        The class names by code.
    noise
        How often an answer is wrong: a rate from 0 to 1; a rate per class, ``{"square": 0.3}``; what a class
        is mistaken for, ``{"square": {"circle": 0.3}}``; or a table of shape (k, k), ``noise[true, said]``,
        whose rows sum to 1.
    annotators
        ``{name: noise}``: they answer in turn.

    Notes
    -----
    What an annotator says about a point depends only on the seed: all strategies get the same answers.

    Raises
    ------
    InvalidInput
        For invalid noise, and for both ``noise`` and ``annotators``.
    """

    def __init__(self, truth: Codes, names: tuple[str, ...], noise: Any = 0, annotators: Any = None) -> None:
        self._truth, self._classes = truth, names
        if annotators is None:
            self.names: tuple[str, ...] = ()
            self._tables = [_table("noise", noise, names)]
        else:
            self.names = _people(annotators, noise)
            self._tables = [_table(f"annotators[{who!r}]", annotators[who], names) for who in self.names]

    @property
    def perfect(self) -> bool:
        """Whether no answer is ever wrong."""
        return all(np.array_equal(table, np.eye(len(table))) for table in self._tables)

    def drawn(self, seed: int) -> Codes:
        """What each annotator says about each point: int16 (annotators, n)."""
        said = [self._draw(table, [seed, NOISE, i]) for i, table in enumerate(self._tables)]
        return np.array(said, dtype=np.int16)

    def _draw(self, table: FloatArray, seed: list[int]) -> Codes:
        chance = np.random.default_rng(seed).random(len(self._truth))
        edges = table.cumsum(axis=1)[self._truth]
        last = table.shape[1] - 1
        said: Codes = np.minimum((chance[:, None] >= edges).sum(axis=1), last).astype(np.int16)
        return said

    def words(self, row: int, turn: int, said: Codes) -> str:
        """What is to be said about the answer for a point that was the ``turn``-th label; may be empty."""
        names, truth = self._classes, int(self._truth[row])
        given = int(said[turn % len(said), row])
        if not self.names:
            return "" if given == truth else f"The last answer was wrong: {_mistake(names, given, truth)}."
        others = [i for i in range(len(self.names)) if said[i, row] != given]
        who = self.names[turn % len(said)]
        wrong = (
            f"{within(who)} gave a wrong answer: {_mistake(names, given, truth)}." if given != truth else ""
        )
        if not others:
            return wrong
        differ = ", ".join(
            f"{within(self.names[i])} would have said {within(names[int(said[i, row])])}" for i in others
        )
        return f"{wrong} {differ}." if wrong else f"{within(who)} said {within(names[given])}; {differ}."


def _mistake(names: tuple[str, ...], given: int, truth: int) -> str:
    return f"{within(names[given])}, but the point is a {within(names[truth])}"


def _people(annotators: Any, noise: Any) -> tuple[str, ...]:
    if not (isinstance(noise, int | float) and noise == 0):
        raise InvalidInput("Pass noise= for one annotator, or annotators= for several, not both.")
    if not isinstance(annotators, Mapping) or not 2 <= len(annotators) <= 5:
        raise InvalidInput(
            f"annotators={annotators!r}: expected 2 to 5 names with the noise of each, such as "
            '{"Ann": 0.05, "Ben": {"square": 0.4}}.'
        )
    if wrong := [who for who in annotators if not isinstance(who, str) or not 0 < len(who) <= 40]:
        raise InvalidInput(f"annotators= contains {wrong[0]!r}: expected a name of 1 to 40 characters.")
    return tuple(annotators)


def _table(what: str, noise: Any, names: tuple[str, ...]) -> FloatArray:
    k = len(names)
    table: FloatArray = np.eye(k)
    if isinstance(noise, Mapping):
        for name, value in noise.items():
            own = _code(what, name, names)
            table[own] = _row(what, own, value, names)
        return table
    if isinstance(noise, int | float | np.floating) and not isinstance(noise, bool):
        rate = _rate(what, noise)
        return np.eye(k) * (1 - rate) + (1 - np.eye(k)) * rate / (k - 1)
    try:
        table = np.asarray(noise, dtype=np.float64)
    except (TypeError, ValueError):
        table = np.zeros(0)
    if table.shape != (k, k) or not (table >= 0).all():
        raise InvalidInput(
            f"{what} is {a_type(noise)}: expected a rate from 0 to 1, a rate per class, such as "
            f"{{{names[0]!r}: 0.3}}, or a table of shape {(k, k)} whose rows sum to 1."
        )
    if wrong := [i for i, total in enumerate(table.sum(axis=1)) if not np.isclose(total, 1)]:
        raise InvalidInput(
            f"{what}: the row for {names[wrong[0]]!r} sums to {table[wrong[0]].sum():g}. Expected 1: the "
            "shares of what is said about points of this class."
        )
    return table


def _row(what: str, own: int, value: Any, names: tuple[str, ...]) -> FloatArray:
    """One row of the table: the chance of each answer for points of the class ``own``."""
    k = len(names)
    row = np.zeros(k)
    if isinstance(value, Mapping):
        for other, share in value.items():
            row[_code(what, other, names)] += _rate(what, share)
        row[own] = 0
    else:
        row[:] = _rate(what, value) / (k - 1)
        row[own] = 0
    if row.sum() > 1 + 1e-9:
        raise InvalidInput(
            f"{what}: the rates for {names[own]!r} add up to {row.sum():g}. Expected at most 1."
        )
    row[own] = 1 - row.sum()
    return row


def _code(what: str, name: Any, names: tuple[str, ...]) -> int:
    if name not in names:
        raise InvalidInput(
            f"{what} contains {name!r}, which is not a class.{nearest(name, names)} "
            f"Expected one of {choices(names)}."
        )
    return names.index(name)


def _rate(what: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.floating) or not 0 <= value <= 1:
        raise InvalidInput(f"{what} contains {value!r}: expected a rate from 0 to 1, such as 0.1.")
    return float(value)
