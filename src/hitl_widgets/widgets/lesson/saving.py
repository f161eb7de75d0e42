"""Saves lessons: as a picture, or as a page with the widget and all answers of the kernel."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
import struct
import warnings
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import numpy as np

from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.lessons.inside import SIDE
from hitl_widgets.lessons.pictures import Part, drawn
from hitl_widgets.lessons.plane import CELLS
from hitl_widgets.paths import full_path, replacing
from hitl_widgets.widgets.channel import bundle
from hitl_widgets.widgets.lesson.picturing import animation, scene
from hitl_widgets.widgets.lesson.points import packed
from hitl_widgets.widgets.lesson.telling import committee, moment
from hitl_widgets.widgets.wire import ToBrowser, sendable

if TYPE_CHECKING:
    import pandas as pd

    from hitl_widgets.lessons.course import Course

__all__ = ["compared", "save", "table"]

MOST = 3_000_000
# Base64 takes four characters for three bytes.
GROWTH = 4 / 3
# Only their steps are explained by a committee.
WITH_COMMITTEE = ("query_by_committee", "vote_entropy", "kl_divergence")
MOST_COMPARED = 5
ENDINGS = (".html", ".png", ".svg", ".gif")
PARTS = ("all", "points", "curves")
BEHIND = ("model", "utilities", "nothing")
TOO_LARGE = f"the page would be larger than {MOST // 10**6} MB"

Answer = tuple[ToBrowser, list[bytes]]


class Answering(Protocol):
    """What a page records of a Lesson."""

    _settings: dict[str, Any]

    @property
    def _course(self) -> Course: ...

    def _welcome(self, view: str) -> tuple[Any, list[bytes]]: ...


def save(
    lesson: Answering,
    path: str | os.PathLike[str],
    strategies: Sequence[str] | None,
    *,
    step: int | None,
    part: Part,
    behind: str,
    truth: bool,
) -> None:
    """Write the lesson to a file: see :meth:`Lesson.save`."""
    ending = full_path(path).suffix.lower()
    if ending not in ENDINGS:
        raise InvalidInput(
            f"save({os.fspath(path)!r}): expected a file that ends with {choices(ENDINGS)}, for a page that "
            "works offline, a picture of a step, or a run."
        )
    _one_of("part", part, PARTS)
    _one_of("behind", behind, BEHIND)
    course = lesson._course  # noqa: SLF001
    names = _names(
        course.strategies, strategies, list(course.strategies) if ending == ".html" else [course.strategy]
    )
    if ending == ".html":
        if (step, part, behind, truth) != (None, "all", "model", False):
            raise InvalidInput("step=, part=, behind= and truth= are for pictures; a page shows everything.")
        made = _page(lesson, names, chosen=strategies is not None).encode()
    elif ending == ".gif":
        if step is not None:
            raise InvalidInput(f"step={step!r}: a GIF shows the whole run. Save a step as .png or .svg.")
        made = animation(course, names, part, behind=behind, truth=truth)
    else:
        last = len(course.trace(names[0], course.start, course.seed)) - 1
        shown = scene(course, names, _step(step, last), behind=behind, truth=truth)
        picture = drawn(shown, part)
        made = (
            picture.png() if ending == ".png" else picture.svg(f"{shown.headline}. {shown.reason}").encode()
        )
    with replacing(path, mode=0o666) as file:  # a page for students, not labels
        file.write_bytes(made)


def table(course: Course, strategies: Sequence[str] | None) -> pd.DataFrame:
    """The curves of these strategies: see :meth:`Lesson.curves`."""
    import pandas as pd

    begin, rows = (course.start, course.seed), []
    for name in _names(course.strategies, strategies, list(course.strategies)):
        run = course.step(name, *begin, len(course.trace(name, *begin)) - 1)
        rows += [(name, len(step.labelled), step.spent, *step.measures) for step in run.steps]
    measures = [name for name, _ in course.plane.measures.words]
    return pd.DataFrame(rows, columns=["strategy", "labels", "cost", *measures])


def _step(step: int | None, last: int) -> int:
    if step is None:
        return last
    if isinstance(step, bool) or not isinstance(step, int | np.integer) or not -last - 1 <= step <= last:
        raise InvalidInput(
            f"step={step!r}: expected a whole number from 0 to {last}, or -1 for the last step."
        )
    return int(step) % (last + 1)


def _one_of(name: str, value: Any, known: Sequence[str]) -> None:
    if value not in known:
        raise InvalidInput(f"{name}={value!r}:{nearest(str(value), known)} expected one of {choices(known)}.")


def compared(names: Sequence[str], known: Collection[str]) -> list[str]:
    """The checked names of ``compare=``."""
    none = isinstance(names, tuple | list) and not names
    chosen = [] if none else _names(known, names, [], what="compare")
    if len(chosen) > MOST_COMPARED:
        raise InvalidInput(f"compare= has {len(chosen)} strategies. Expected at most {MOST_COMPARED}.")
    return chosen


def _names(
    known: Collection[str], strategies: Sequence[str] | None, default: list[str], what: str = "strategies"
) -> list[str]:
    listed = isinstance(strategies, Iterable) and not isinstance(strategies, str)
    names = default if strategies is None else list(strategies) if listed else []
    if not names:
        raise InvalidInput(f"{what}={strategies!r}: expected a list of names, such as ['margin', 'random'].")
    for name in names:
        if not isinstance(name, str) or name not in known:
            raise InvalidInput(
                f"{what}= contains {name!r}, which is not part of this lesson.{nearest(str(name), known)} "
                f"Expected some of {choices(known)}."
            )
    return list(dict.fromkeys(names))


def _page(lesson: Answering, names: list[str], *, chosen: bool) -> str:
    style = bundle("lesson.css")
    modules = {name: _inline(bundle(f"{name}.js")) for name in ("lesson", "recorded")}
    points = packed(lesson._course, lesson._settings)  # noqa: SLF001
    left = MOST - len(points) - len(PAGE.template) - len(style) - sum(map(len, modules.values()))
    recording, kept = _recording(lesson, names, int(left / GROWTH), chosen=chosen)
    title = f"A lesson on active learning: {', '.join(kept)}"
    script = SCRIPT.strip()
    return PAGE.substitute(
        title=html.escape(title if len(kept) < 4 else "A lesson on active learning"),
        style=style.replace("</", "<\\/"),
        script=script,
        hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        points=points,
        recording=base64.b64encode(recording).decode(),
        **modules,
    )


def _recording(lesson: Answering, names: list[str], most: int, *, chosen: bool) -> tuple[bytes, list[str]]:
    """All messages of the strategies that fit, compressed: see js/src/pages/recorded.ts."""
    messages: dict[str, Answer] = {}
    kept: list[str] = []
    left_out: dict[str, str] = {}
    welcome, buffers = lesson._welcome("")  # noqa: SLF001
    size, full = len(_packed({"hello": (welcome, buffers)})), False
    for name in names:
        if full:
            left_out[name] = TOO_LARGE
            continue
        try:
            made = _run(lesson._course, name)  # noqa: SLF001
        except Exception as error:
            if chosen:
                raise
            left_out[name] = str(error)
            continue
        size += len(_packed(made))
        full = size > most
        if not full:
            kept.append(name)
            messages |= made
        elif chosen or not kept:
            raise InvalidInput(
                f"The first {len(kept) + 1} of {len(names)} strategies take more than the {MOST // 10**6} MB "
                "of a page. Save fewer strategies, or a lesson with a smaller budget or fewer points."
            )
        else:
            left_out[name] = TOO_LARGE
    if not kept:
        raise InvalidInput(f"No strategy can be saved. {next(iter(left_out.values()))}")
    if left_out:
        _warn(left_out)
    told = msgspec.structs.replace(
        welcome,
        recorded=True,
        strategies=kept,
        strategy=kept[0],
        starts=[start for start in welcome.starts if start.name == welcome.start],
        exercises=[],
        exercise="",
        draws=False,
        committees=[name for name in kept if name in WITH_COMMITTEE],
        compare=[name for name in welcome.compare if name in kept],
    )
    return _packed({"hello": (told, buffers)} | messages), kept


def _run(course: Course, name: str) -> dict[str, Answer]:
    """All messages of a strategy's run."""
    begin = course.start, course.seed
    made: dict[str, Answer] = {}
    for i in range(len(course.trace(name, *begin))):
        made[f"step/{name}/{i}"] = moment(course, "", name, *begin, i)
        if name in WITH_COMMITTEE:
            made[f"committee/{name}/{i}"] = committee(course, "", name, *begin, i)
    return made


def _warn(left_out: dict[str, str]) -> None:
    reasons = list(dict.fromkeys(left_out.values()))
    named = {reason: ", ".join(n for n, why in left_out.items() if why == reason) for reason in reasons}
    words = "; ".join(f"{names} ({reason.rstrip('.')})" for reason, names in named.items())
    warnings.warn(
        f"Not in the saved lesson: {words}. Choose with save(path, strategies=[...]).", stacklevel=6
    )


def _packed(messages: Mapping[str, Answer]) -> bytes:
    told = {
        name: {"content": sendable(content), "sizes": [len(b) for b in buffers]}
        for name, (content, buffers) in messages.items()
    }
    head = json.dumps({"sides": [CELLS, SIDE], "messages": told}, separators=(",", ":")).encode()
    parts = [_differences(b) for _, buffers in messages.values() for b in buffers]
    return zlib.compress(b"".join([struct.pack("<I", len(head)), head, *parts]), 9)


def _differences(buffer: bytes) -> bytes:
    """Pictures of cells as differences to the cells above and to the left; other buffers as they are."""
    side = next((side for side in (CELLS, SIDE) if len(buffer) % side**2 == 0), None)
    if side is None:
        return buffer
    pictures: Any = np.frombuffer(buffer, np.uint8).reshape(-1, side, side)
    zero = np.uint8(0)
    below = np.diff(pictures, axis=1, prepend=zero)
    return bytes(np.diff(below, axis=2, prepend=zero).tobytes())


def _inline(code: str) -> str:
    """JavaScript that can stand in an HTML page: such text occurs only in its strings."""
    return re.sub(r"<(?=/script|!--)", r"\\x3c", code, flags=re.IGNORECASE)


PAGE = Template((Path(__file__).parent / "page.html").read_text(encoding="utf-8"))
SCRIPT = (Path(__file__).parent / "page.js").read_text(encoding="utf-8")
