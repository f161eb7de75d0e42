"""The results of exercises: of one student, and of a class that shares a store."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import uuid
import warnings
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from hitl_widgets.errors import InvalidInput, a_type, choices
from hitl_widgets.lessons.exercises import Attempt, Report

if TYPE_CHECKING:
    import pandas as pd

    from hitl_widgets.labels.events import LabelEvent
    from hitl_widgets.labels.store import LabelStore

__all__ = ["TASK", "Result", "Results", "classroom"]

TASK = "lessons"
"""The task of the store that holds the results."""
COLUMNS = ["student", "lesson", "exercise", "solved", "points", "of", "hints", "attempts", "strategy", "time"]
_SPACE = uuid.UUID("5d0a4a0e-7f0e-4b7e-9a52-0c6a2f6f7b11")


@dataclass(frozen=True)
class Result:
    """The best attempt at an exercise.

    Attributes
    ----------
    exercise, strategy
        Their names.
    solved, points, of
        Whether it is solved, and the points, of how many solve it.
    hints
        The number of hints taken.
    attempts
        The number of attempts so far.
    """

    exercise: str
    strategy: str
    solved: bool
    points: int
    of: int
    hints: int
    attempts: int = 1

    @property
    def rank(self) -> tuple[bool, int, int]:
        """Better attempts have larger ranks: solved, then more points, then fewer hints."""
        return self.solved, self.points, -self.hints


class Results:
    """The results of one student in one lesson, saved in a store if there is one.

    Parameters
    ----------
    lesson, title
        The same name for the same lesson, and what people call it.
    store
        A location or store as for a :class:`~hitl_widgets.session.Session`, or None.
    student
        The name, for which case and spaces do not matter; None means the login name.
    hide_name
        Whether the store gets a code instead of the name, which is the same in all lessons of the store.
    """

    def __init__(self, lesson: str, title: str, store: Any, student: str | None, *, hide_name: bool) -> None:
        self._lesson, self._title = lesson, title
        self._best: dict[str, Result] = {}
        self._seen: set[str] = set()
        self._lock = threading.Lock()
        self._store = _opened(store)
        self._student = self._named(student, hide_name=hide_name)
        if self._store is not None:
            for _, event in self._store.read(TASK):
                found = _result(event) if _same(event.annotator) == _same(self._student) else None
                if found is not None and event.value["lesson"] == lesson:
                    self._count(event.event_id, found)

    def _named(self, student: str | None, *, hide_name: bool) -> str:
        if student is not None and (not isinstance(student, str) or not 0 < len(student.strip()) <= 100):
            raise InvalidInput(f"student={student!r}: expected a name of 1 to 100 characters, or None.")
        if self._store is None:
            if student is not None or hide_name:
                what = "hide_name=True" if student is None else f"student={student!r}"
                raise InvalidInput(
                    f"{what} is about results that are saved: pass store= as well, such as "
                    "store='classroom.sqlite'."
                )
            return ""
        from hitl_widgets.loop.settings import login

        name = " ".join((student or login()).split())
        if not hide_name:
            return name
        digest = hashlib.blake2b(f"{self._store.store_id}\0{_same(name)}".encode(), digest_size=4).digest()
        return f"student {digest.hex()}"

    @property
    def best(self) -> dict[str, Result]:
        """The best attempt at each exercise, by its name."""
        with self._lock:
            return dict(self._best)

    def add(self, attempt: Attempt, report: Report) -> None:
        """Count a finished attempt, and save it.

        An attempt that was counted before, such as one that a reloaded page shows again, changes nothing.

        Raises
        ------
        StoreError
            If it could not be saved.
        """
        found = Result(
            attempt.exercise, attempt.strategy, report.solved, report.points, report.of, attempt.hints
        )
        said = json.dumps([self._lesson, _same(self._student), *attempt])
        name = str(uuid.uuid5(_SPACE, said))
        if not self._count(name, found) or self._store is None:
            return
        from hitl_widgets.labels.events import LabelEvent

        value = asdict(found) | {"lesson": self._lesson, "title": self._title, "seed": attempt.seed}
        del value["attempts"]
        value["picks"] = list(attempt.picks)
        self._store.append(LabelEvent("trial", TASK, self._student, value=value, event_id=name))

    def _count(self, name: str, found: Result) -> bool:
        with self._lock:
            if name in self._seen:
                return False
            self._seen.add(name)
            self._best[found.exercise] = _better(self._best.get(found.exercise), found)
            return True


def classroom(store: Any = "classroom.sqlite", *, names: bool = True) -> pd.DataFrame:
    """The results of all students of a store, one row for each student, lesson and exercise.

    Parameters
    ----------
    store
        As ``store=`` of the lessons: a file or a PostgreSQL database.
    names
        Whether to show names; if not, students are numbered in the order of their first result, for a table
        that all can see.

    Returns
    -------
    A table with the columns ``student``, ``lesson``, ``exercise``, ``solved``, ``points``, ``of`` (the points
    that solve it), ``hints``, ``attempts``, ``strategy`` and ``time`` (of the best attempt: UTC). Solved
    exercises with the most points and the fewest hints come first.

    Raises
    ------
    InvalidInput
        If the file does not exist.
    StoreError
        If the store cannot be read.

    Warns
    -----
    UserWarning
        If the store has no results.
    """
    import pandas as pd

    opened = _opened(store, create=False)
    if opened is None:
        raise InvalidInput("classroom(None): pass the store of the lessons, such as 'classroom.sqlite'.")
    best: dict[tuple[str, str, str], tuple[Result, str, str]] = {}
    students: dict[str, tuple[str, str]] = {}
    for _, event in opened.read(TASK):
        found = _result(event)
        if found is None:
            continue
        who = _same(event.annotator)
        students.setdefault(who, (event.annotator, f"student {len(students) + 1}"))
        key = (who, str(event.value["lesson"]), found.exercise)
        before = best.get(key)
        result = _better(before[0] if before else None, found)
        new = before is None or found.rank > before[0].rank
        best[key] = (result, str(event.value["title"]), event.time if new or before is None else before[2])
    if not best:
        others = [task for task in opened.tasks() if task != TASK]
        warnings.warn(
            "The store has no results of lessons yet: they appear when a student finishes an exercise of "
            "a lesson with this store=." + (f" It has labels of {choices(others)}." if others else ""),
            stacklevel=2,
        )
    rows = [
        asdict(result)
        | {"student": students[who][0 if names else 1], "lesson": title, "time": pd.Timestamp(time)}
        for (who, _, _), (result, title, time) in best.items()
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    order = ["lesson", "exercise", "solved", "points", "hints"]
    return table.sort_values(order, ascending=[True, True, False, False, True], ignore_index=True)


def _better(before: Result | None, found: Result) -> Result:
    if before is None:
        return found
    best = found if found.rank > before.rank else before
    return replace(best, attempts=before.attempts + 1)


def _result(event: LabelEvent) -> Result | None:
    """The result that an event records; None for any other event."""
    value = event.value
    if (
        event.kind != "trial"
        or not isinstance(value, dict)
        or not {"lesson", "title", "exercise"} <= set(value)
    ):
        return None
    names = ("exercise", "strategy", "solved", "points", "of", "hints")
    return Result(**{name: value[name] for name in names})


def _same(name: str) -> str:
    """The same for all spellings of a name."""
    return " ".join(name.split()).casefold()


def _opened(store: Any, *, create: bool = True) -> LabelStore | None:
    if store is None:
        return None
    from hitl_widgets.labels._database import sqlite_path
    from hitl_widgets.labels.store import LabelStore

    if isinstance(store, LabelStore):
        return store
    if not isinstance(store, str | os.PathLike):
        raise InvalidInput(
            f"store= is {a_type(store)}: expected a file, such as 'classroom.sqlite', or a LabelStore."
        )
    path = None if create else sqlite_path(os.fspath(store))
    if path is not None and not path.exists():
        raise InvalidInput(
            f"store={str(store)!r}: there is no such file. Expected the store= of the lessons, which "
            "the first of them creates."
        )
    return LabelStore(store)
