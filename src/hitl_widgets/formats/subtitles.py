"""Subtitles: a file for each recording, in SubRip (SRT) or WebVTT, and transcripts as plain text."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any

from hitl_widgets.errors import InvalidInput
from hitl_widgets.formats.base import Export, Left, NotTaken, Row, Said, Wanted, one_each, told
from hitl_widgets.formats.stems import Stems
from hitl_widgets.questions.cues import read_cues, write_srt, write_vtt
from hitl_widgets.questions.marks import lined

__all__ = ["FORMATS", "WRITERS", "Subtitles"]

NAME = "Subtitles"
ENDINGS = (".srt", ".vtt")
MAX_BYTES = 2**24
MAX_FILES = 100_000
# What reading a damaged zip file raises.
UNREADABLE = (EOFError, OSError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error)

Segments = Sequence[Mapping[str, Any]]


class Subtitles:
    """Segments of recordings. The name of a file is that of its recording, or its id."""

    name = NAME
    order = 8

    def opens(self, path: Path) -> bool:
        """Return whether it is such a file, or a folder or a zip file that contains any."""
        if _is_zip(path):
            with _unzipped(path) as archive:
                return bool(_members(archive))
        return _is_one(path) if path.is_file() else next(filter(_is_one, path.rglob("*")), None) is not None

    def rows(self, path: Path) -> list[Row]:
        """Return a row for each file."""
        if _is_zip(path):
            with _unzipped(path) as archive:
                inside = _members(archive)
                return _rows(
                    path, [(PurePosixPath(one.filename).name, partial(archive.open, one)) for one in inside]
                )
        files = [path] if path.is_file() else sorted(filter(_is_one, path.rglob("*")))
        return _rows(path, [(file.name, partial(_open, file)) for file in files])

    def claims(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether these are the rows of such files."""
        return all(row.keys() >= {"subtitles", "why"} for row in rows)

    def read(self, rows: Sequence[Row], wanted: Wanted) -> Iterable[Said | Left]:
        """Yield the segments of each recording."""

        def answers(number: int, row: Mapping[str, Any]) -> Iterator[Said | Left]:
            if wanted.kind not in {"", "transcript"}:
                raise NotTaken(f"Subtitles are transcripts, not answers of kind {wanted.kind!r}.")
            if row["why"]:
                raise NotTaken(row["why"])
            segments = read_cues(row["text"], wanted.is_class)
            found = [one for one in segments if one["text"].strip()]
            stem = PurePosixPath(row["subtitles"]).stem
            yield Said(number, found, None, (stem,), kind="transcript", item={"audio": stem})
            for _ in range(len(segments) - len(found)):
                yield Left(number, "A segment without a text.")

        return told(rows, answers, NAME)


def _is_zip(path: Path) -> bool:
    return path.suffix.lower() == ".zip" and path.is_file()


def _is_one(path: Path) -> bool:
    return path.suffix.lower() in ENDINGS and path.is_file()


def _unzipped(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except UNREADABLE as error:
        raise InvalidInput(
            f"{path} cannot be read as a zip file: {error}. Unpack it, or save it again."
        ) from error


def _open(file: Path) -> IO[bytes]:
    return file.open("rb")


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Return the files of subtitles in a zip file."""
    return [
        one
        for one in archive.infolist()
        if PurePosixPath(one.filename).suffix.lower() in ENDINGS and not one.is_dir()
    ]


def _rows(path: Path, files: Sequence[tuple[str, Callable[[], IO[bytes]]]]) -> list[Row]:
    """Return a row for each of these files, given by their names and by what opens them."""
    if len(files) > MAX_FILES:
        raise InvalidInput(f"{path} contains {len(files):,} files; at most {MAX_FILES:,} are read.")
    return [(k, {"subtitles": name, **_text(opened)}) for k, (name, opened) in enumerate(files)]


def _text(opened: Callable[[], IO[bytes]]) -> dict[str, str]:
    """Return the text of a file, or in ``why`` the reason why it cannot be read."""
    try:
        with opened() as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            return {"text": "", "why": f"The file is larger than {MAX_BYTES >> 20} MB."}
        return {"text": data.decode("utf-8-sig"), "why": ""}
    except UnicodeDecodeError:
        return {"text": "", "why": "The file is not in UTF-8: convert it first."}
    except UNREADABLE as error:
        return {"text": "", "why": f"The file cannot be read: {error}."}


class PerRecording:
    """Writes a file for each recording: one file, or a folder or a zip file of several."""

    tabular, folder, items = False, True, True
    # One file if the path ends so, or with .zip; otherwise a folder.
    each = True

    def __init__(self, name: str, kinds: Sequence[str], made: Callable[[Any, Sequence[str]], str]) -> None:
        self.name, self.ending, self.kinds, self._made = name, f".{name}", kinds, made

    def notes(self, export: Export) -> Sequence[str]:  # noqa: ARG002
        """Return what the names are."""
        return ["Each file is about the recording of the same name, or with this id."]

    def columns(self, export: Export) -> Sequence[str]:  # noqa: ARG002
        """Return the parts of a segment."""
        return ["start", "end", "speaker", "text"] if self.name != "txt" else ["speaker", "text"]

    def write(self, export: Export, path: Path) -> Sequence[Left]:
        """Write the file, or all files."""
        left: list[Left] = []
        files: dict[str, str] = {}
        said = one_each(export.said, left, f"A file of {self.name}")
        stems = Stems(said)
        for one in said:
            try:
                name = stems.of(one)
                files[name] = self._made(one.label, export.classes)
            except NotTaken as why:
                left.append(Left(one.number, str(why)))
        if path.is_dir():
            for name, text in files.items():
                (path / f"{name}{self.ending}").write_text(text, "utf-8", newline="\n")
        elif Path(path.stem).suffix.lower() == ".zip":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, text in files.items():
                    archive.writestr(f"{name}{self.ending}", text)
        else:
            path.write_text(self._alone(files, left), "utf-8", newline="\n")
        return left

    def _alone(self, files: Mapping[str, str], left: Sequence[Left]) -> str:
        if len(files) == 1:
            return next(iter(files.values()))
        if files:
            raise InvalidInput(
                f"There are answers about {len(files):,} items, and a file of {self.name} is about one: pass "
                f"a folder or a zip file, as in session.export('folder', {self.name!r})."
            )
        raise InvalidInput(left[0].why if left else "There is nothing to write: nothing is labelled yet.")


def _checked(write: Callable[[Segments], str], segments: Segments, speakers: Sequence[str]) -> str:
    """Return subtitles; raise NotTaken if another reader would find other segments in them."""
    text = write(segments)
    found = read_cues(text, set(speakers).__contains__)
    for one, other in zip(segments, found, strict=False):
        if {**other, "text": lined(other["text"])} != {**one, **_named(one)}:
            told = f"{one['speaker']}: {one['text']}" if "speaker" in one else one["text"]
            raise NotTaken(f"Subtitles cannot contain {told[:80]!r}: it would be read as something else.")
    if len(found) != len(segments):
        raise NotTaken("Subtitles cannot contain the transcript: it would be read as other segments.")
    return text


def _named(one: Mapping[str, Any]) -> dict[str, str]:
    return {"speaker": str(one["speaker"])} if "speaker" in one else {}


def _txt(answer: Any, speakers: Sequence[str]) -> str:  # noqa: ARG001
    """Return a text, or the segments of a transcript, each in a paragraph after its speaker."""
    if isinstance(answer, str):
        return f"{answer}\n"
    return "".join(
        f"{one['speaker']}: {one['text']}\n" if "speaker" in one else f"{one['text']}\n" for one in answer
    )


FORMATS = (Subtitles(),)
WRITERS = (
    PerRecording("srt", ("transcript",), partial(_checked, write_srt)),
    PerRecording("vtt", ("transcript",), partial(_checked, write_vtt)),
    PerRecording("txt", ("transcript", "text"), _txt),
)
