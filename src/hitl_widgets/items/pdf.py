"""PDF files: the kernel draws one page at a time with PDFium, and reads their text."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hitl_widgets.errors import InvalidInput, missing_extra
from hitl_widgets.items.audio import Audio
from hitl_widgets.items.base import Features, Payload, Size, broken, is_missing
from hitl_widgets.items.files import file_name, open_file
from hitl_widgets.items.image import encoded

__all__ = ["KINDS", "Pdf"]

EXTRA = missing_extra("A PDF file", "pypdfium2", "pdf")
LARGEST_SIDE = 4_000  # pixels
READ_PAGES, READ_CHARACTERS = 50, 100_000  # of which the text is read
_lock = threading.Lock()  # PDFium has no threads


class Pdf:
    """A PDF file: a path, or its bytes."""

    name = "pdf"
    reads, in_files, mutable, tabular = True, True, False, False
    order = -1  # before texts, which their bytes may be

    def claims(self, values: Sequence[Any]) -> bool:
        """Return whether all values are bytes of PDF files, or paths that end so."""
        return bool(values) and all(
            (isinstance(value, bytes) and value[:5] == b"%PDF-")
            or (isinstance(value, Path) and value.suffix.lower() == ".pdf")
            for value in values
        )

    def read(self, values: Sequence[Any], what: str) -> list[Any]:
        """Return the paths and bytes unchanged; missing values are None."""
        if find_spec("pypdfium2") is None:
            raise InvalidInput(f"{what}: {EXTRA}.")
        for row, value in enumerate(values):
            if not (
                is_missing(value) or isinstance(value, str | os.PathLike | bytes | bytearray | memoryview)
            ):
                raise InvalidInput(
                    f"{what}: row {row} is of type {type(value).__name__}: expected the path or the bytes of "
                    "a PDF file."
                )
        return [
            None if is_missing(v) else bytes(v) if isinstance(v, bytearray | memoryview) else v
            for v in values
        ]

    def identity(self, item: Any) -> Iterator[bytes]:
        """Yield the file's content, so that a moved file keeps its label."""
        yield b"pdf\0"
        yield from Audio().identity(item)

    def canonical(self, item: Any) -> Any:
        """Return the file unchanged."""
        return item

    def payload(self, item: Any, size: Size) -> Payload:
        """Return the number of pages and an image of the first one."""
        try:
            return self._page(item, 0, size.side, size.most)
        except Exception as error:  # noqa: BLE001 - PDFium may raise anything, and the user sees the reason
            return broken(str(error))

    def more(self, item: Any, ask: Mapping[str, str | float | bool], most: int) -> Payload:
        """Return an image of the page ``ask["page"]``, from 0, in at most ``ask["side"]`` pixels."""
        page, side = ask.get("page", 0), ask.get("side", 0)
        if isinstance(page, str | bool) or isinstance(side, str | bool) or not 16 <= side <= LARGEST_SIDE:
            raise ValueError("There is no such page of the PDF file.")
        return self._page(item, int(page), int(side), most)

    def _page(self, item: Any, number: int, side: int, most: int | None) -> Payload:
        with _opened(item) as document:
            n = len(document)
            if not n:
                raise ValueError("The PDF file has no pages.")
            if not 0 <= number < n:
                raise ValueError(f"The PDF file has no page {number + 1}: it has {n:,}.")
            page = document[number]
            width, height = page.get_size()
            if min(width, height) <= 0:
                raise ValueError(f"Page {number + 1} of the PDF file has no size.")
            image = page.render(scale=side / max(width, height)).to_pil().convert("RGB")
        data, mime = encoded(image, side, most)
        content = {"kind": "pdf", "page": number, "pages": n, "width": width, "height": height}
        return Payload(content, ((mime, data),))

    def words(self, item: Any) -> str:
        """Return the text of the first 50 pages, or the file name if there is none."""
        try:
            return _text(item, os.stat(item).st_mtime_ns if not isinstance(item, bytes) else 0)  # noqa: PTH116
        except (ValueError, OSError, TypeError):
            return file_name(item)

    def extent(self, item: Any) -> tuple[float, ...]:
        """Return the number of pages."""
        with _opened(item) as document:
            return (len(document),)

    def features(self, items: Sequence[str], **told: Any) -> tuple[Features, Any]:
        """Compute features of the texts; see :func:`~hitl_widgets.items.features.texts.encode`."""
        from hitl_widgets.items.features.texts import encode

        return encode(items, **told)


@lru_cache(1_000)
def _text(item: Any, changed: int) -> str:  # noqa: ARG001 - part of the cache key
    found: list[str] = []
    with _opened(item) as document:
        for number in range(min(len(document), READ_PAGES)):
            found.append(document[number].get_textpage().get_text_bounded())
            if sum(map(len, found)) > READ_CHARACTERS:
                break
    text = "\n".join(found).replace("\r\n", "\n").strip()[:READ_CHARACTERS]
    return text or file_name(item)


@contextmanager
def _opened(item: Any) -> Iterator[Any]:
    """Open a PDF file; raise ValueError with a message for the user if that fails."""
    if item is None:
        raise ValueError("The value is missing.")
    try:
        import pypdfium2
    except ImportError:
        raise ValueError(f"{EXTRA}.") from None
    with _lock:
        try:
            if isinstance(item, bytes):
                empty = not item
            else:
                with open_file(item) as file:
                    empty = not file.read(1)
            if empty:
                raise ValueError("The PDF file is empty: it has no bytes.")
            document = pypdfium2.PdfDocument(item)
        except OSError as error:
            raise ValueError(f"The PDF file cannot be read: {error.strerror}.") from None
        except pypdfium2.PdfiumError as error:
            if "password" in str(error).lower():
                raise ValueError("The PDF file has a password: save a copy without one.") from None
            raise ValueError(f"The file is not a PDF file, or it is damaged ({error}).") from None
        try:
            yield document
        except pypdfium2.PdfiumError as error:
            raise ValueError(f"The page is damaged ({error}).") from None
        finally:
            document.close()


KINDS = (Pdf(),)
