"""Replay: the Python side."""

from __future__ import annotations

import threading
from importlib import import_module
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from hitl_widgets.errors import InvalidInput
from hitl_widgets.races.replay import RunLog, ShownLearner, ShownStrategy
from hitl_widgets.races.simulation import Simulation
from hitl_widgets.session import Session, loop_of
from hitl_widgets.widgets.channel import ChannelWidget
from hitl_widgets.widgets.explorer import Explorer
from hitl_widgets.widgets.output import LockedVBox, Shown
from hitl_widgets.widgets.replay import messages as m
from hitl_widgets.widgets.wire import Bye, FromBrowser, Hello

__all__ = ["Replay"]

# Characters of an item beside the map.
MOST = 300


class Controls(ChannelWidget):
    """Which run is shown, and its steps; linked on the page with the map of the same session."""

    _bundle = "replay"
    _takes: ClassVar[Any] = m.Takes
    _tells: ClassVar[Any] = m.Tells

    def __init__(self, session: Session, replay: Replay) -> None:
        self._replay, self.loop = replay, loop_of(session)
        super().__init__(self.loop.key, self.loop.token)

    def _handle(self, message: FromBrowser) -> None:
        match message:
            case Hello():
                self._greet(message.view)
            case Bye():
                pass
            case m.Go():
                self._replay.go(message.step, message.contestant, message.repeat)
            case _:
                super()._handle(message)

    def _greet(self, view: str) -> None:
        race = self._replay.race
        self._post(
            m.ReplayWelcome(
                to=view,
                contestants=list(race.contestants),
                repeats=list(race.repeats),
                metric=race.summary().attrs["metric"],
            )
        )
        self.show()

    def show(self) -> None:
        """Send the current step to all views."""
        replay, log = self._replay, self._replay.played
        done = log.asked[: replay.step]
        question = None
        if done:
            last = done[-1]
            label = None if last.label is None else self.loop.log.labels.kind.text(last.label)
            words = self._words_of(last.item)
            question = m.Question(last.item, last.row, words, label, last.annotator, bool(last.audited))
        n = len(log.labels(replay.step))
        self._post(
            m.ReplayMoment(
                contestant=replay.contestant,
                repeat=replay.repeat,
                step=replay.step,
                last=len(log.asked),
                n_labels=n,
                batch=done[-1].batch if done else 0,
                value=log.value(n),
                question=question,
                curve=list(log.curve),
            )
        )

    def _words_of(self, item: int) -> str:
        if self._replay.only_rows:
            return ""
        pool = self.loop.pool
        return str(pool.item_kind.words(pool.items[item]))[:MOST]


class Replay(Shown, LockedVBox):
    """A run of a simulation on the map: the labels after each question, and what was asked.

    Parameters
    ----------
    race
        The simulation.
    contestant, repeat, step
        What is shown first: see :meth:`go`.

    Attributes
    ----------
    session
        A session of its own with the labels of the step, in memory, with the contestant's learner and
        strategy. What it suggests is what the strategy rates highest now, of the whole pool and without
        ``cost=``; a run may have asked something else, for example at random for the audit.
    """

    views: tuple[ChannelWidget, ...] = ()
    _session: Session | None = None

    def __init__(
        self, race: Simulation, contestant: str | None = None, repeat: int = 0, step: int = 0
    ) -> None:
        if race.source is None:
            raise InvalidInput(
                "This simulation was made from a table, which does not contain the items: run simulate() "
                "again, with path= to use what is saved."
            )
        self.race, source = race, race.source
        self._lock = threading.RLock()
        self.only_rows = source.items is None
        self.step = 0
        self.contestant, self.repeat, self.played = self._run(contestant or race.contestants[0], repeat)
        how: dict[str, Any] = {"question": source.question}
        if source.question is None:
            how = {"classes": list(source.classes)}
        if source.items is None:
            how |= {"text": "row", "X": source.X}
        data = source.items or pd.DataFrame({"row": [f"row {row}" for row in source.rows]})
        how["learner"] = ShownLearner(source, lambda: self.contestant)
        how["strategy"] = ShownStrategy(source, lambda: self.contestant)
        self._session = Session(data, store=":memory:", task="replay", audit=0.0, break_after=None, **how)
        self.controls, self.explorer = Controls(self._session, self), Explorer(self._session)
        self.views = (self.controls, self.explorer)
        super().__init__(self.views)
        self.add_class("hitl-workbench")
        self.go(step)

    @property
    def session(self) -> Session:
        """The session that is shown."""
        assert self._session is not None  # noqa: S101 - there is none only while __init__ fails
        return self._session

    def __repr__(self) -> str:
        return f"<Replay of {self.contestant!r}, repeat {self.repeat}, step {self.step} of {len(self)}>"

    def __len__(self) -> int:
        """The number of answers."""
        return len(self.played.asked)

    def _run(self, contestant: str, repeat: int) -> tuple[str, int, RunLog]:
        race, source = self.race, self.race.source
        assert source is not None  # noqa: S101 - checked
        queries = race.asked(contestant, repeat)
        name = str(queries["contestant"].iloc[0])
        frame = race.frame
        records = frame[(frame["contestant"] == name) & (frame["repeat"] == repeat)]
        return name, repeat, RunLog.of(source, queries, records, race.column())

    def go(self, step: int, contestant: str | None = None, repeat: int | None = None) -> Replay:
        """Show a step: the labels after so many answers.

        Parameters
        ----------
        step
            From 0 to the number of answers.
        contestant, repeat
            Another run; None means the same.

        Raises
        ------
        InvalidInput
            For a step, contestant or repeat that was not run.
        """
        with self._lock:
            wanted = contestant or self.contestant, self.repeat if repeat is None else repeat
            run = (*wanted, self.played) if wanted == (self.contestant, self.repeat) else self._run(*wanted)
            last = len(run[2].asked)
            if isinstance(step, bool) or not isinstance(step, int | np.integer) or not 0 <= step <= last:
                raise InvalidInput(f"step={step!r}: expected 0 to {last}, the answers of this run.")
            self.contestant, self.repeat, self.played = run
            self.step = int(step)
            self._label(self.played.labels(self.step))
            self.controls.show()
        return self

    def _label(self, wanted: dict[int, Any]) -> None:
        """Give the session these labels, in few acts."""
        session, kind = self.session, self.controls.loop.log.labels.kind
        ids, now = session.pool.ids, dict(self._now())
        gone = [ids[item] for item in now if item not in wanted]
        if gone:
            session.label(gone, None)
        new: dict[str, tuple[Any, list[Any]]] = {}
        for item, label in wanted.items():
            if now.get(item) != (text := kind.text(label)):
                new.setdefault(text, (label, []))[1].append(ids[item])
        for label, items in new.values():
            session.label(items, label)

    def _now(self) -> list[tuple[int, str]]:
        """The items with a label in the session, and their labels as text."""
        kind, labels = self.controls.loop.log.labels.kind, self.session.labels()
        index = self.session.pool.index(labels["id"].tolist())
        return [(int(i), kind.text(label)) for i, label in zip(index, labels["label"], strict=True)]

    def _picture(self) -> str:
        return self.explorer._picture()  # noqa: SLF001

    def _displayed_as(self, name: str) -> None:
        self.explorer._displayed_as(name)  # noqa: SLF001

    def _display_(self) -> Any:
        """Compose the views for marimo, which cannot show the boxes of ipywidgets."""
        marimo: Any = import_module("marimo")
        controls, explorer = (marimo.as_html(view).text for view in self.views)
        return marimo.Html(f'<div class="hitl-workbench">{controls}{explorer}</div>')

    def close(self) -> None:
        """Remove the replay from the screen, and its session from memory."""
        for widget in self.views:
            widget.close()
        super().close()
        if self._session is not None:
            self._session.close()
