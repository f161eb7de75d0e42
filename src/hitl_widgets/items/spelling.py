"""Equivalent spellings of an id or text: 7, "7", 7.0 and "007"; a text with other line endings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np

__all__ = ["canonical_id", "canonical_text", "is_rounded", "rounded_words", "spellings"]

# An integer: sign, digits without leading zeros, and the ".0" of a float.
_WHOLE = re.compile(r"(-?)0*(\d+)(\.0+)?", re.ASCII)
_SCIENTIFIC = re.compile(r"-?\d(\.\d+)?[eE]\+?\d+", re.ASCII)
_TRAILING = re.compile(r"[^\S\n]+(?=\n|\Z)")
EXACT = 2**53  # from here on, a float is ambiguous between several integers


def is_rounded(value: Any) -> bool:
    """Return whether a float, or its text, is so large that it stands for several integers."""
    if isinstance(value, float | np.floating):
        digits = 52 if isinstance(value, float) else int(np.finfo(type(value)).nmant)
        return bool(np.isfinite(value)) and abs(float(value)) >= 2.0 ** (digits + 1)
    if not isinstance(value, str):
        return False
    text = value.strip()
    if _SCIENTIFIC.fullmatch(text):
        return Decimal(text.removeprefix("-")) >= EXACT
    whole = _WHOLE.fullmatch(text)
    return whole is not None and whole[3] is not None and Decimal(whole[2]) >= EXACT


def rounded_words(value: Any) -> str:
    """Return the reason why such a float is not a valid id."""
    return (
        f"{value!r} is a float beyond 2**53, which stands for several integers, so it does not identify one "
        "item. Keep such ids as text or integers: read the column with dtype='Int64' or "
        "dtype=str."
    )


def spellings(value: Any) -> Iterator[Any]:
    """Yield equivalent spellings of an id or a class, the closest first: 1, "1" and 1.0 are equal."""
    yield value
    text = str(value).strip()
    yield text
    if (whole := _WHOLE.fullmatch(text)) and not is_rounded(value) and not is_rounded(text):
        digits = whole[1] + whole[2]
        if text in {digits, f"{digits}{whole[3]}"}:  # "007" may be a class of its own
            yield digits
            yield f"{digits}.0"


def canonical_id(key: str) -> str:
    """Return the canonical spelling of an id: no padding zeros, no spaces, one Unicode form."""
    text = (key if key.isascii() else unicodedata.normalize("NFKC", key)).strip()
    if text.isascii() and text.isdigit():
        return text.lstrip("0") or "0"
    whole = _WHOLE.fullmatch(text)
    if whole is None or (whole[3] and is_rounded(text)):
        return text
    return whole[2] if whole[2] == "0" else whole[1] + whole[2]


def canonical_text(text: str) -> str:
    """Normalize what editors change invisibly: line endings, Unicode form and trailing space."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.removeprefix("\ufeff"))
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.rstrip()
    return _TRAILING.sub("", text) if "\n" in text else text
