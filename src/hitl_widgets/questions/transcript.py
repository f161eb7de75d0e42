"""Questions that ask for a transcript: what is said in a recording, when, and by whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions.cues import is_cues, read_cues
from hitl_widgets.questions.marks import Mark, lined
from hitl_widgets.questions.ranges import Ranges
from hitl_widgets.questions.schema import Schema
from hitl_widgets.questions.text import changed_share, distance
from hitl_widgets.questions.untaught import Untaught
from hitl_widgets.questions.values import is_blank
from hitl_widgets.questions.vocabulary import Vocabulary

__all__ = ["KINDS", "Transcript"]

# The place of a draft without times; the page puts its words where something is heard.
UNTIMED = (0.0, 0.0)
SHOWN = 120


class Transcript(Untaught, Ranges):
    """Segments of a recording, each with a text, and with a speaker if there are any.

    A place is (start, end, text), and the classes are the speakers. The settings are those of the search for
    pauses, see :meth:`~hitl_widgets.questions.question.Question.transcript`.
    """

    name = "transcript"
    asks = "a transcript"
    items = ("audio",)
    card = (
        "A label is a list of segments, each with start and end in seconds, a text and a speaker if one "
        "was chosen, as JSON in files. It may contain personal data."
    )
    agreement = (
        " Two answers agree as far as their words, with their speakers, are the same (1 minus the word error "
        "rate), where their segments overlap in time."
    )
    one, many = "segment", "segments"
    called = "speaker"
    optional = True
    digits = 3  # as in subtitles
    writes = True

    def parse(self, value: Any, vocabulary: Vocabulary) -> tuple[Mark, ...]:
        """Parse a list of dicts, also as JSON, or subtitles (SRT or WebVTT), or the form of the log."""
        given = self._timed(value, vocabulary)
        if isinstance(given, str) and not given.lstrip().startswith("["):
            raise InvalidInput(
                f"{given[:SHOWN]!r} has no times: expected a list of segments, or subtitles (SRT or WebVTT)."
            )
        found = super().parse(given, vocabulary)
        for (start, end, text), _ in found:
            if (start, end) == UNTIMED:
                raise InvalidInput(f"The segment {text[:SHOWN]!r} is empty: expected 0 <= start < end.")
            if is_blank(text):
                raise InvalidInput(
                    f"The segment from {start:g} to {end:g} has no text: write it, or leave out the segment."
                )
        return found

    def draft(self, value: Any, vocabulary: Vocabulary) -> tuple[Mark, ...]:
        """Parse the same, segments without texts, or a text without times."""
        given = self._timed(value, vocabulary)
        if isinstance(given, str) and not given.lstrip().startswith("["):
            return (((*UNTIMED, lined(given)), ""),)
        return super().parse(given, vocabulary)

    def place(self, given: Sequence[Any]) -> tuple[float, float]:
        """Return (start, end), rounded to milliseconds."""
        return UNTIMED if list(given) == list(UNTIMED) else super().place(given)

    def _expected(self) -> str:
        return "{'start': ..., 'end': ..., 'text': ..., 'speaker': ...}, the speaker if there is one"

    def _timed(self, value: Any, vocabulary: Vocabulary) -> Any:
        if isinstance(value, str) and is_cues(value):
            return read_cues(value, lambda name: vocabulary.understood(name) is not None)
        return value

    def keeps(self, draft: Any, answer: Any) -> bool:
        """Return whether the segments of a suggestion, or the words of one without times, are the answer."""
        rows, given = draft[self.name], answer[self.name]
        if any(tuple(row[:2]) == UNTIMED for row in rows):
            return _words(draft) == _words(answer)
        return len(rows) == len(given) and all(
            a[:3] == b[:3] and a[3] in {"", b[3]} for a, b in zip(rows, given, strict=True)
        )

    def words(self, answer: Any) -> str:
        """Return the texts of the segments, in a row."""
        return " ".join(text for (*_, text), _ in answer)

    def changed(self, draft: Any, answer: Any) -> float:
        """Return the share of changed words, whatever their times and speakers."""
        return changed_share(_words(draft), _words(answer))

    def named(self, label: Any) -> Sequence[Any]:
        """Return the speakers of the segments."""
        return Ranges.named(self, label)

    def text(self, said: Any) -> str:
        """Return the number of segments, their speakers, and the first words."""
        words = " ".join(" ".join(one["text"] for one in said).split())
        shown = words if len(words) <= SHOWN else words[: SHOWN - 1] + "…"
        return f"{super().text(said)}, “{shown}”" if words else super().text(said)

    def agree(self, a: Any, b: Any, schema: Schema) -> float:  # noqa: ARG002
        """Return 1 minus the word error rate, relative to the longer text, with speakers as parts of words.

        Words are compared within the stretches of time in which segments of either answer overlap.
        """
        pairs = list(_stretches(a, b))
        longest = sum(max(map(len, pair)) for pair in pairs)
        return 1 - sum(distance(*pair) for pair in pairs) / longest if longest else 1.0


def _words(answer: Mapping[str, Any]) -> str:
    return " ".join(" ".join(row[2] for row in answer["transcript"]).split())


def _stretches(a: Sequence[Mark], b: Sequence[Mark]) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the words of both, with their speakers, of each stretch of time that no segment leaves."""
    segments = sorted([*((mark, 0) for mark in a), *((mark, 1) for mark in b)])
    words: tuple[list[str], list[str]] = [], []
    until = 0.0
    for ((start, end, text), speaker), of in segments:
        if start >= until and any(words):
            yield words
            words = [], []
        words[of].extend(f"{speaker}\0{word}" for word in text.split())
        until = max(until, end)
    yield words


KINDS = (Transcript(),)
