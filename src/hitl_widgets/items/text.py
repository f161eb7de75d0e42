"""Texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from unicodedata import normalize

from hitl_widgets.errors import InvalidInput
from hitl_widgets.items.base import Features, Payload, Size, broken, is_missing, sendable
from hitl_widgets.items.spelling import canonical_text

__all__ = ["KINDS", "Text", "variants"]

SHOWN_CHARACTERS = 20_000


class Text:
    """Plain text."""

    name = "text"
    reads, in_files, mutable, tabular = True, False, False, False
    order = 0

    def claims(self, values: Sequence[Any]) -> bool:
        """Return whether all values are strings, UTF-8 bytes or missing."""
        return all(isinstance(v, str) or is_missing(v) or _is_text(v) for v in values)

    def read(self, values: Sequence[Any], what: str) -> list[str]:
        """Return the values as texts: bytes are decoded, and missing values are empty."""
        texts = []
        for row, value in enumerate(values):
            try:
                texts.append(_as_text(value))
            except UnicodeDecodeError as error:
                raise InvalidInput(
                    f"{what}: row {row} contains bytes that are not UTF-8 ({error.reason} at byte "
                    f"{error.start}). Decode them first, such as [t.decode('latin-1') for t in texts]."
                ) from None
        return texts

    def identity(self, item: str) -> Iterator[bytes]:
        """Yield the text; kinds that display a text differently, such as markup, share this identity."""
        yield b"text\0"
        yield item.encode("utf-8", "surrogatepass")

    def canonical(self, item: Any) -> Any:
        """Return the text with uniform line endings and without trailing space."""
        text = canonical_text(item)
        return item if text == item else text

    def payload(self, item: str, size: Size) -> Payload:  # noqa: ARG002 - the card shortens it
        """Return the first 20,000 characters, and the number of the others."""
        if not item or item.isspace():
            return broken("This item has no text.")
        content: dict[str, Any] = {"kind": "text", "text": sendable(item[:SHOWN_CHARACTERS])}
        if len(item) > SHOWN_CHARACTERS:
            content["cut"] = len(item) - SHOWN_CHARACTERS
        return Payload(content)

    def extent(self, item: str) -> tuple[float]:
        """Return the number of characters."""
        return (len(item),)

    def more(self, item: str, ask: Mapping[str, str | float | bool], most: int) -> Payload:
        """Return the characters from ``ask["from"]`` on, and the total number."""
        start = ask.get("from", 0)
        if not isinstance(start, int | float) or not 0 <= start <= len(item):
            raise ValueError("There is no such part of the text.")
        # A character takes at most six bytes in JSON.
        part = item[int(start) : int(start) + most // 6]
        return Payload({"kind": "text", "text": sendable(part), "total": len(item)})

    def words(self, item: str) -> str:
        """Return the text itself."""
        return item

    def features(self, items: Sequence[str], **told: Any) -> tuple[Features, Any]:
        """Compute features; see :func:`~hitl_widgets.items.features.texts.encode`."""
        from hitl_widgets.items.features.texts import encode

        return encode(items, **told)


def variants(text: str) -> set[str]:
    """Return forms that a text may have had before an editor changed it."""
    forms = {canonical_text(text)} | {normalize(name, text) for name in ("NFC", "NFD")}
    ends = {form + end for form in forms for end in ("", "\n", " ")}
    return ends | {form.replace("\n", "\r\n") for form in ends}


def _as_text(value: Any) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8-sig")
    return "" if is_missing(value) else str(value)


def _is_text(value: Any) -> bool:
    """Return whether bytes are a text; images are not UTF-8, or contain a NUL byte."""
    try:
        return isinstance(value, bytes | bytearray) and "\0" not in _as_text(value)
    except UnicodeDecodeError:
        return False


KINDS = (Text(),)
