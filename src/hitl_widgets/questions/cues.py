"""The text of subtitles: SubRip (SRT) and WebVTT."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from hitl_widgets.errors import InvalidInput

__all__ = ["is_cues", "read_cues", "write_srt", "write_vtt"]

_TIME = r"(?:(\d+):)?(\d{1,2}):(\d{2})[,.](\d{1,3})"
_TIMING = re.compile(rf"[ \t]*{_TIME}[ \t]*-->[ \t]*{_TIME}(?:[ \t].*)?")
_HEAD = re.compile(r"WEBVTT(?:[ \t].*)?")
# Blocks of WebVTT that are not cues.
_ASIDE = re.compile(r"(?:NOTE|STYLE|REGION)(?:[ \t].*)?")
_TAG = re.compile(r"<[^<>]*>")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?[ \t]+([^<>]*)>")
SHOWN = 60


def is_cues(text: str) -> bool:
    """Return whether a text is that of subtitles."""
    lines = text.lstrip("\ufeff").split("\n", 1000)
    return _HEAD.fullmatch(lines[0].rstrip("\r")) is not None or any(
        _TIMING.fullmatch(line.rstrip("\r")) for line in lines
    )


def read_cues(text: str, is_speaker: Callable[[str], bool]) -> list[dict[str, Any]]:
    """Return the segments in subtitles: ``start``, ``end``, ``text`` and, if one is named, ``speaker``.

    The speaker is that of a voice tag of WebVTT, or in SubRip a name before a colon that ``is_speaker``.

    Raises
    ------
    InvalidInput
        For a block without a time.
    """
    lines = re.split("\r\n|\r|\n", text.removeprefix("\ufeff"))
    if _HEAD.fullmatch(lines[0]):
        return [cue for times, words in _blocks(lines, vtt=True) for cue in _of_vtt(times, words)]
    return [_of_srt(times, words, is_speaker) for times, words in _blocks(lines, vtt=False)]


_Times = tuple[float, float]


def _blocks(lines: list[str], *, vtt: bool) -> Iterator[tuple[_Times, str]]:
    """Yield the times and the text of each cue; cues are separated by blank lines."""
    times: _Times | None = None
    held: list[str] = []
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        block = at
        while at < len(lines) and lines[at].strip():
            at += 1
        # The time is in the first line, or below the number or name of the cue.
        found = [(k, _TIMING.fullmatch(lines[k])) for k in range(block, min(block + 2, at))]
        timing = next(((k, match) for k, match in found if match), None)
        if timing is None:
            if vtt and (block == 0 or _ASIDE.fullmatch(lines[block])):
                continue
            if vtt or times is None:
                shown = lines[block][:SHOWN]
                raise InvalidInput(
                    f"Line {block + 1} of the subtitles, {shown!r}, has no time: expected a time such as "
                    "00:00:01,000 --> 00:00:02,500."
                )
            held += lines[block:at]  # the text of a cue contains a blank line
            continue
        if times is not None:
            yield times, "\n".join(held)
        k, match = timing
        times, held = (_seconds(match.groups()[:4]), _seconds(match.groups()[4:])), lines[k + 1 : at]
    if times is not None:
        yield times, "\n".join(held)


def _seconds(parts: Iterable[str | None]) -> float:
    hours, minutes, seconds, rest = parts
    whole = (int(hours or 0) * 60 + int(minutes or 0)) * 60 + int(seconds or 0)
    return whole + int((rest or "").ljust(3, "0")) / 1000


def _of_srt(times: _Times, words: str, is_speaker: Callable[[str], bool]) -> dict[str, Any]:
    cue = {"start": times[0], "end": times[1], "text": words}
    names = [found.start() for found in re.finditer(":", words[: SHOWN * 4].split("\n", 1)[0])]
    for at in reversed(names):
        if is_speaker(name := words[:at].strip()):
            return {**cue, "speaker": name, "text": words[at + 1 :]}
    return cue


def _of_vtt(times: _Times, words: str) -> Iterator[dict[str, Any]]:
    """Yield a segment for each voice in a cue."""
    cue = {"start": times[0], "end": times[1]}
    before, *voices = _VOICE.split(words)
    if before.strip() or not voices:
        yield {**cue, "text": _plain(before)}
    for name, said in zip(voices[::2], voices[1::2], strict=True):
        yield {**cue, "speaker": html.unescape(name).strip(), "text": _plain(said)}


def _plain(text: str) -> str:
    return html.unescape(_TAG.sub("", text))


def write_srt(segments: Iterable[Mapping[str, Any]]) -> str:
    """Return segments as SubRip."""
    blocks = []
    for k, one in enumerate(segments, 1):
        name = f"{one['speaker']}: " if "speaker" in one else ""
        times = f"{_clock(one['start'], ',')} --> {_clock(one['end'], ',')}"
        blocks.append(f"{k}\n{times}\n{name}{one['text']}\n")
    return "\n".join(blocks)


def write_vtt(segments: Iterable[Mapping[str, Any]]) -> str:
    """Return segments as WebVTT."""
    blocks = ["WEBVTT\n"]
    for one in segments:
        words = _escaped(one["text"])
        if "speaker" in one:
            words = f"<v {_escaped(str(one['speaker']))}>{words}</v>"
        blocks.append(f"{_clock(one['start'], '.')} --> {_clock(one['end'], '.')}\n{words}\n")
    return "\n".join(blocks)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(seconds: float, point: str) -> str:
    whole, rest = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{point}{rest:03}"
