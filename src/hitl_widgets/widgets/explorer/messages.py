"""Messages of the Explorer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from hitl_widgets.widgets.shared import messages as shared
from hitl_widgets.widgets.shared.messages import About, Asked, Stage
from hitl_widgets.widgets.wire import Request, Row, Rows, ToBrowser

__all__ = ["Engine", "Takes", "Tells"]

# -- browser -> kernel


class Groups(Request, frozen=True, tag="groups"):
    """Show finer (below 1) or coarser groups on the map."""

    scale: Annotated[float, msgspec.Meta(ge=0.25, le=4)]


class Shade(Request, frozen=True, tag="shade"):
    """Colour the map in one of the ways that the question offers."""

    by: Annotated[str, msgspec.Meta(max_length=300)]


class Colour(Request, frozen=True, tag="colour"):
    """Request the values of a column, to colour the map by them; answered by ``column``.

    Or those of a lens: how doubtful the labels are.
    """

    column: Annotated[str, msgspec.Meta(max_length=300)] = ""
    lens: Literal["", "suspects"] = ""


class Find(Request, frozen=True, tag="find"):
    """Run a query of the find field."""

    query: Annotated[str, msgspec.Meta(max_length=2_000)]


class Alike(Request, frozen=True, tag="alike"):
    """Find the unlabelled items that are most like this one; answered as a search."""

    row: Row


class List(Request, frozen=True, tag="list"):
    """Sort some rows for the list, or all if ``rows`` is empty; ``down`` puts the largest first.

    ``by`` may also be ``found``: the order of the view's latest search, most similar first.
    """

    rows: Rows = ""
    by: Annotated[str, msgspec.Meta(max_length=300)] = "row"
    down: bool = False


class Window(Request, frozen=True, tag="window"):
    """Request lines of the view's latest list, identified by its number."""

    number: Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
    start: Row
    n: Annotated[int, msgspec.Meta(ge=1, le=500)]


Takes = shared.Takes | Groups | Shade | Colour | Find | Alike | List | Window
Engine = Literal["altair", "canvas", "webgl", "raster"]

# -- kernel -> browser


class Way(msgspec.Struct, frozen=True):
    """A way to colour the map, and its display name."""

    by: str
    words: str


class LegendEntry(msgspec.Struct, frozen=True):
    """A colour of the map and its meaning."""

    name: str
    color: str


class Coloured(Asked, frozen=True, kw_only=True):
    """The question, the ways to colour its map, the one in use, and its legend."""

    ways: list[Way]
    by: str
    legend: list[LegendEntry]


class ColouredClasses(Coloured, frozen=True, kw_only=True, tag="classes"):
    """The question, its classes or the colours have changed."""


class ExplorerWelcome(Coloured, frozen=True, kw_only=True, tag="welcome"):
    """The state that a new Explorer needs before the map and the marks.

    ``columns`` can colour the map; ``colour`` is what colours it at first: ``label``, ``prediction``,
    ``doubt``, ``group``, or ``column:NAME``. ``chart`` is for the Altair engine; ``trouble`` describes
    failures of background work that are not retried automatically.
    """

    to: str
    about: About
    n_items: int
    kind: str
    columns: list[str]
    colour: str
    engine: Engine
    chart: dict[str, Any] | None
    stage: Stage | None
    trouble: str


class MapMessage(ToBrowser, frozen=True, kw_only=True, tag="map"):
    """The map. Buffers: positions (float32, x and y of each item), groups (uint16), outlines (float32).

    ``settled`` is false for a frame of a map that is still moving: its groups have no names or outlines.
    ``scale`` is the scale of the groups; ``corners`` is the number of corners of each outline.
    """

    to: str | None
    method: str
    settled: bool
    scale: float
    names: list[str]
    corners: list[int]


class MarksMessage(ToBrowser, frozen=True, kw_only=True, tag="marks"):
    """How items are drawn.

    Buffers: rows (uint32, empty if ``full``), and for each row the shades of label and guess (255 for none)
    and the uncertainty (uint8). ``rings`` are the rows to ask next.
    """

    to: str | None
    number: int
    full: bool
    rings: list[int]
    behind: int


class Tick(msgspec.Struct, frozen=True):
    """A value of a scale as text, and its position from 0 to 1."""

    at: float
    text: str


class ColumnMessage(ToBrowser, frozen=True, kw_only=True, tag="column"):
    """The values of a column or a lens as shades. Buffer: the shade of each item (uint8), 255 for none.

    ``scale`` has the ticks of numbers and times, whose shades are 0 to 254, from low to high; null for
    categories, whose shades are those of ``legend``. ``note`` describes the scale. ``why`` is the error if
    there is no such column.
    """

    to: str
    column: str
    lens: str
    scale: list[Tick] | None
    legend: list[LegendEntry]
    note: str
    why: str


class StageMessage(ToBrowser, frozen=True, kw_only=True, tag="stage"):
    """The current background work, or its failure."""

    stage: Stage | None
    trouble: str


class Part(msgspec.Struct, frozen=True):
    """The source of a condition, and the number of items that meet it."""

    typed: str
    n: int


class FoundMessage(ToBrowser, frozen=True, kw_only=True, tag="found"):
    """The result of a query, as encoded rows; ``why`` is the error if the query is invalid.

    ``ranked``: the query asks for items like another, so the list starts with the most similar.
    """

    to: str
    query: str
    rows: str
    ranked: bool
    parts: list[Part]
    why: str


class ListMessage(ToBrowser, frozen=True, kw_only=True, tag="list"):
    """A new list: its number of lines, the possible orders, and the columns next to the items.

    ``why`` is the error if the requested order is unknown.
    """

    to: str
    number: int
    n: int
    by: str
    down: bool
    orders: list[str]
    columns: list[str]
    why: str


class WindowMessage(ToBrowser, frozen=True, kw_only=True, tag="window"):
    """Lines of a list from ``start`` on. Buffer: their rows (uint32). ``cells``: the columns of each line."""

    to: str
    number: int
    start: int
    cells: list[list[str]]


Tells = (
    shared.Tells
    | ExplorerWelcome
    | ColouredClasses
    | MapMessage
    | MarksMessage
    | ColumnMessage
    | StageMessage
    | FoundMessage
    | ListMessage
    | WindowMessage
)
