"""Explorer: the Python side."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from hitl_widgets.data.rows import decode, encode
from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.loop.listing import ORDERS
from hitl_widgets.questions.base import kind_of
from hitl_widgets.questions.schema import LabelClass, palette
from hitl_widgets.search.query import quoted
from hitl_widgets.widgets.channel import bundle
from hitl_widgets.widgets.explorer import messages as m
from hitl_widgets.widgets.shared.marks import BLIND, Marks, marks_of
from hitl_widgets.widgets.shared.messages import Stage
from hitl_widgets.widgets.shared.widget import SessionWidget
from hitl_widgets.widgets.wire import Bye, FromBrowser, words

__all__ = ["Explorer"]

# Columns beside the items in a list.
MOST_COLUMNS = 20
# The color of the categories that have no color of their own.
REST = "#7A7A7A"
Legend = tuple[tuple[str, str], ...]
ENGINES = ("auto", "altair", "canvas", "webgl", "raster")
# With more items, Vega is too slow for interactive use.
MOST_FOR_ALTAIR = 5_000


class Explorer(SessionWidget):
    """A map of the pool, coloured by the model's predictions; select points by click, lasso or rectangle.

    Parameters
    ----------
    session
        The :class:`~hitl_widgets.session.Session` to show.
    engine
        How points are drawn: ``"altair"``, ``"webgl"``, ``"raster"`` (on the CPU), ``"canvas"`` (WebGL if
        the browser has it with hardware acceleration, otherwise raster), or ``"auto"``: Altair up to 5,000
        items, canvas for more.

    Raises
    ------
    InvalidInput
        For an unknown engine.
    """

    _bundle = "explorer"
    _takes: ClassVar[Any] = m.Takes
    _tells: ClassVar[Any] = m.Tells

    def __init__(self, session: Any, engine: str = "auto") -> None:
        if engine not in ENGINES:
            raise InvalidInput(
                f"engine={engine!r}: expected one of {choices(ENGINES)}.{nearest(engine, ENGINES)}"
            )
        self._asked: Any = engine
        self._sent: Marks | None = None
        self._by = ""
        self._legend: Legend = ()
        self._number = 0
        self._lists: dict[str, tuple[int, npt.NDArray[np.int64]]] = {}
        self._ranked: dict[str, npt.NDArray[np.int64]] = {}
        super().__init__(session)

    @property
    def engine(self) -> m.Engine:
        """The engine that draws the points, with ``auto`` resolved."""
        by_size: m.Engine = "altair" if len(self.loop.pool) <= MOST_FOR_ALTAIR else "canvas"
        return by_size if self._asked == "auto" else self._asked

    def _handle(self, message: FromBrowser) -> None:
        match message:
            case m.Groups():
                self.loop.background.regroup(message.scale)
            case m.Shade():
                self._shade(message)
            case m.Colour() if message.lens:
                self._behind("trust", message, partial(self._lens, message))
            case m.Colour():
                self._in_order(message, partial(self._colour, message), "search")
            case m.Find():
                self._in_order(message, partial(self._find, message.view, message.query), "search")
            case m.Alike():
                self._in_order(message, partial(self._find_alike, message), "search")
            case m.List():
                self._in_order(message, partial(self._list, message), "search")
            case m.Window():
                self._in_order(message, partial(self._window, message), "search")
            case Bye():
                self._lists.pop(message.view, None)
                self._ranked.pop(message.view, None)
                super()._handle(message)
            case _:
                super()._handle(message)

    def _greet(self, view: str) -> None:
        loop, engine = self.loop, self.engine
        with self._wire:
            self._post(
                m.ExplorerWelcome(
                    to=view,
                    **self._question(),
                    about=self._about(),
                    n_items=len(loop.pool),
                    kind=loop.pool.kind,
                    columns=list(loop.colours.columns),
                    colour=loop.colours.first,
                    engine=engine,
                    chart=json.loads(bundle("map.json")) if engine == "altair" else None,
                    stage=self._stage(),
                    trouble=words(loop.background.trouble_mapping),
                )
            )
            self._send_map(view)
            # Existing views get the changes, and the new view gets everything.
            self._sent = self._sent or self._marks()
            self._send_change()
            self._send_marks(self._sent, None, view)

    def _on_change(self, what: str) -> None:
        if what in {"labels", "round"}:
            self._send_change()
        elif what == "map":
            self._send_map(None)
        elif what in {"stage", "error"}:
            trouble = words(self.loop.background.trouble_mapping)
            self._post(m.StageMessage(stage=self._stage(), trouble=trouble))

    def _question(self) -> dict[str, Any]:
        """The fields of ``Coloured``."""
        schema = self.loop.schema
        ways = kind_of(schema.kind).ways_to_colour(schema)
        if self._by not in {by for by, _ in ways}:
            self._by = ""
        legend = self._legend = self._shades()
        return super()._question() | {
            "ways": [m.Way(by, name) for by, name in ways],
            "by": self._by,
            "legend": [m.LegendEntry(name, color) for name, color in legend],
        }

    def _shades(self) -> Legend:
        """The shades of labels, which depend on the answers if these are more than their classes."""
        labels = self.loop.labels
        answers = labels.answers if labels.kind.composed else ()
        return labels.kind.shading(answers, labels.schema, self._by).legend

    def _classes(self) -> m.ColouredClasses:
        return m.ColouredClasses(**self._question())

    def _shade(self, message: m.Shade) -> None:
        with self._wire:
            self._by = message.by
            self._post(self._classes())
            self._sent, self._number = self._marks(), self._number + 1
            self._send_marks(self._sent, None, None)

    def _colour(self, message: m.Colour) -> None:
        shades, ticks, legend, note, why = b"", None, [], "", ""
        try:
            scale = self.loop.colours.scale(message.column)
        except InvalidInput as error:
            why = words(error)
        else:
            shades, note = scale.shades.tobytes(), scale.note
            if scale.kind == "category":
                names = list(map(self.loop.covering.text, scale.names))
                legend = _legend(names, scale.others, self.loop.schema.classes)
            else:
                ticks = [m.Tick(at, text) for at, text in scale.ticks]
        self._post(
            m.ColumnMessage(
                to=message.view,
                column=message.column,
                lens="",
                scale=ticks,
                legend=legend,
                note=note,
                why=why,
            ),
            [shades],
        )

    def _lens(self, message: m.Colour) -> None:
        """Send how doubtful the labels are, as shades."""
        suspecting = self.loop.suspecting
        found = suspecting.found()
        why = suspecting.missing(found) if found is None else ""
        shades = b""
        if found is not None:
            of = np.full(len(self.loop.pool), 255, np.uint8)
            of[found.rows] = np.rint(found.doubt * 254)
            of[self.loop.blind.mask(found.labels)] = 255
            shades = of.tobytes()
        ticks = [m.Tick(0.0, "trusted"), m.Tick(1.0, "doubtful")]
        note = "How improbable each label is for the model of all other labels. Kept labels are trusted."
        self._post(
            m.ColumnMessage(
                to=message.view, column="", lens=message.lens, scale=ticks, legend=[], note=note, why=why
            ),
            [shades],
        )

    def _find_alike(self, message: m.Alike) -> None:
        pool = self.loop.pool
        if message.row >= len(pool):
            raise InvalidInput(f"Row {message.row} is not in the pool of {len(pool)} items.")
        try:
            query = f"like:{quoted(str(pool.ids[message.row]))} unlabelled"
        except InvalidInput as error:
            why = words(error)
            self._post(m.FoundMessage(to=message.view, query="", rows="", ranked=False, parts=[], why=why))
        else:
            self._find(message.view, query)

    def _find(self, view: str, query: str) -> None:
        rows, ranked, parts, why = "", False, [], ""
        try:
            found = self.loop.finder.find(query)
            rows, parts = encode(np.sort(found.rows)), [m.Part(words(typed), n) for typed, n in found.parts]
            ranked = found.ranked
            self._ranked[view] = found.rows
        except InvalidInput as error:
            why = words(error)
        self._post(m.FoundMessage(to=view, query=query, rows=rows, ranked=ranked, parts=parts, why=why))

    def _list(self, message: m.List) -> None:
        listing, why = self.loop.listing, ""
        some = decode(message.rows, len(self.loop.pool)) if message.rows else None
        by, down = message.by, message.down
        try:
            order = self._order(message.view, some, by, down)
        except InvalidInput as error:
            why, by, down = words(error), "row", False
            order = listing.order(some)
        number = self._lists.get(message.view, (0, order))[0] + 1
        self._lists[message.view] = number, order
        beside = listing.beside[:MOST_COLUMNS]
        self._post(
            m.ListMessage(
                to=message.view,
                number=number,
                n=len(order),
                by=by,
                down=down,
                orders=[*(["found"] if by == "found" else []), *ORDERS, *beside],
                columns=list(beside),
                why=why,
            )
        )

    def _order(
        self, view: str, some: npt.NDArray[np.int64] | None, by: str, down: bool
    ) -> npt.NDArray[np.int64]:
        if by != "found" or some is None or "found" in self.loop.listing.beside:
            return self.loop.listing.order(some, by, down=down)
        found = self._ranked.get(view, some)
        if not np.array_equal(np.sort(found), some):
            return some
        return found[::-1] if down else found

    def _window(self, message: m.Window) -> None:
        number, order = self._lists.get(message.view, (-1, None))
        if order is None or number != message.number:
            return  # it has asked for another list since
        rows = order[message.start : message.start + message.n]
        cells = self.loop.listing.cells(rows, self.loop.listing.beside[:MOST_COLUMNS])
        self._post(
            m.WindowMessage(to=message.view, number=number, start=message.start, cells=cells),
            [rows.astype("<u4").tobytes()],
        )

    def _stage(self) -> Stage | None:
        stage = self.loop.background.stage
        return None if stage is None else Stage(stage.words, stage.fraction)

    def _send_map(self, view: str | None) -> None:
        drawn = self.loop.background.map
        if drawn is None:
            return
        names, outlines = (drawn.names, drawn.outlines) if drawn.settled else ((), ())
        self._post(
            m.MapMessage(
                to=view,
                method=drawn.method,
                settled=drawn.settled,
                scale=drawn.scale,
                names=list(names),
                corners=[len(o) for o in outlines],
            ),
            [
                drawn.xy.astype("<f4").tobytes(),
                drawn.clusters.astype("<u2").tobytes(),
                np.concatenate([*outlines, np.zeros((0, 2))]).astype("<f4").tobytes(),
            ],
        )

    def _marks(self) -> Marks:
        return marks_of(self.loop, self._by)

    def _send_change(self) -> None:
        with self._wire:
            if self._sent is None:
                return
            if self.loop.labels.kind.composed and self._shades() != self._legend:
                self._post(self._classes())
            marks = self._marks()
            differs = np.logical_or.reduce([a != b for a, b in zip(marks, self._sent, strict=True)])
            changed = np.flatnonzero(differs)
            self._number += 1
            self._sent = marks
            # A changed item takes 7 bytes; if all are sent, each takes 3.
            self._send_marks(marks, None if 7 * len(changed) > 3 * len(differs) else changed, None)

    def _send_marks(self, marks: Marks, rows: npt.NDArray[np.int64] | None, view: str | None) -> None:
        found = self.loop.round
        hidden = marks[2] == BLIND
        self._post(
            m.MarksMessage(
                to=view,
                number=self._number,
                full=rows is None,
                rings=[s.index for s in found.suggestions if not hidden[s.index]] if found else [],
                behind=self.loop.background.behind,
            ),
            [
                b"" if rows is None else rows.astype("<u4").tobytes(),
                *[(a if rows is None else a[rows]).tobytes() for a in marks],
            ],
        )


def _legend(names: Sequence[str], others: int, classes: Sequence[LabelClass]) -> list[m.LegendEntry]:
    """Give a class its own color, other values one that no class has, and the rest a quiet one."""
    own = {c.name: c.color for c in classes if c.name in names}
    colors = (color for color in palette() if color not in {REST, *own.values()})
    found = [m.LegendEntry(words(name), own.get(name) or next(colors)) for name in names]
    return [*found, m.LegendEntry(f"{others:,} others", REST)] if others else found
