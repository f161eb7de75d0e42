"""Masking: personal data in what is displayed of the items."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.items.base import ItemKind, Payload
from hitl_widgets.items.lists import ListKind
from hitl_widgets.items.several import Several

__all__ = ["FINDERS", "Mask", "Masked", "as_mask"]

Found = tuple[int, int, str]
Finder = Callable[[str], Iterable[Found]]

# In place of each character, so that positions in the text stay what they are.
HIDDEN = "•"
# How often a text is searched at most, since a function may find something in what it has hidden.
PASSES = 5
# A text with more characters is displayed in parts: the results for the latest ones are kept, since each part
# would search all of it again.
LONG, KEPT = 10_000, 8
# A number below this is not searched: it is too short for a phone or card number.
SHORTEST = 10**6

_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}")
_CARD = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?!\w)", re.IGNORECASE)
_IP4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)")
_IP6 = re.compile(r"(?<![\w:])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])", re.IGNORECASE)
_PHONE = re.compile(
    r"(?<![\w.,/-])"
    r"(?:(?:\+|(?<!\d )00)\d(?:[ ()./-]{0,2}\d){6,13}"  # international
    r"|(?<!\d )\(?0\d{1,5}\)?(?:[ ./-]{0,2}\d){5,10}"  # national, with a leading zero
    r"|\(\d{3}\)[ .-]?\d{3}[ .-]?\d{4}|\d{3}([ .-])\d{3}\1\d{4})"  # North America
    r"(?![\w]|[.,/-]\d)"
)


def _emails(text: str) -> Iterable[Found]:
    return ((*m.span(), "email") for m in _EMAIL.finditer(text)) if "@" in text else ()


def _cards(text: str) -> Iterable[Found]:
    return ((*m.span(), "card") for m in _CARD.finditer(text) if _luhn(m[0]))


def _ibans(text: str) -> Iterable[Found]:
    for m in _IBAN.finditer(text):
        # Words may follow, such as "DE89 3704 0044 0532 0130 00 at the bank".
        for end in range(len(m[0]), 14, -1):
            if m[0][end - 1] != " " and (end == len(m[0]) or not m[0][end].isalnum()) and _mod97(m[0][:end]):
                yield m.start(), m.start() + end, "IBAN"
                break


def _addresses(text: str) -> Iterable[Found]:
    found = (
        [m for m in _IP6.finditer(text) if len(re.findall(r"[^:]+", m[0])) > 2]
        if "::" in text or text.count(":") > 6
        else []
    )
    for m in [*_IP4.finditer(text), *found]:
        try:
            ipaddress.ip_address(m[0])
        except ValueError:
            continue
        yield *m.span(), "IP"


def _phones(text: str) -> Iterable[Found]:
    for m in _PHONE.finditer(text):
        if 7 <= sum(c.isdigit() for c in m[0]) <= 15:
            yield *m.span(), "phone"


def _luhn(number: str) -> bool:
    """Return whether the last digit is the check digit of the others (ISO/IEC 7812-1)."""
    digits = [int(c) for c in reversed(number) if c.isdigit()]
    doubled = [2 * d - 9 * (d > 4) for d in digits[1::2]]
    return len(set(digits)) > 1 and (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _mod97(iban: str) -> bool:
    """Return whether the check digits of an IBAN are right (ISO 13616)."""
    plain = "".join(iban.split()).upper()
    moved = plain[4:] + plain[:4]
    return 15 <= len(plain) <= 34 and int("".join(str(int(c, 36)) for c in moved)) % 97 == 1


FINDERS: dict[str, Finder] = {
    "email": _emails,
    "card": _cards,
    "iban": _ibans,
    "ip": _addresses,
    "phone": _phones,
}
"""What is found by patterns. They find what is written in the usual form, and neither names nor streets."""


class Mask:
    """Hides parts of texts behind dots, one for each character, so that positions stay what they are.

    Parameters
    ----------
    finders
        Functions that take a text and return the parts to hide: start, end (in characters) and a name, such
        as ``(0, 16, "email")``. Where parts overlap, all of them are hidden.
    """

    def __init__(self, finders: Sequence[Finder]) -> None:
        self.finders = tuple(finders)

    def find(self, text: str) -> list[Found]:
        """Return the parts to hide, in order, disjoint.

        Raises
        ------
        InvalidInput
            If a function returned something else. The text is then not displayed.
        """
        found: list[Found] = []
        for start, end, name in sorted(_checked(one, text) for f in self.finders for one in f(text)):
            if found and start < found[-1][1]:
                found[-1] = (found[-1][0], max(end, found[-1][1]), found[-1][2])
            else:
                found.append((start, end, name))
        return found

    def text(self, text: str, *, named: bool = True) -> str:
        """Return the text with these parts hidden; where there is room, the name of a part is shown."""
        return _long(self, text, named) if len(text) > LONG else self.searched(text, named)

    def searched(self, text: str, named: bool) -> str:
        """Return the result of :meth:`text`, without looking whether it is known."""
        # Again, because what is hidden now may have kept a number after it from being read as one.
        for _ in range(PASSES):
            if (hidden := self._once(text, named=named)) == text:
                break
            text = hidden
        return text

    def _once(self, text: str, *, named: bool) -> str:
        parts, at = [], 0
        for start, end, name in self.find(text):
            parts += [text[at:start], _dots(text[start:end], name if named else "")]
            at = end
        return "".join([*parts, text[at:]]) if parts else text

    def item(self, item: Any) -> Any:
        """Return an item with personal data hidden in all its texts; the same object if there is none."""
        if isinstance(item, str):
            return self.text(item)
        if isinstance(item, Mapping):
            values = {name: self.item(value) for name, value in item.items()}
            return item if all(values[name] is item[name] for name in item) else values
        if isinstance(item, list | tuple):
            members = [self.item(value) for value in item]
            return item if all(a is b for a, b in zip(members, item, strict=True)) else type(item)(members)
        # One missing value turns a column of whole numbers into floats.
        whole = isinstance(item, int | float | np.integer | np.floating) and math.isfinite(item)
        if whole and abs(item) >= SHORTEST and item == int(item):
            text = str(int(item))
            return item if (hidden := self.text(text)) == text else hidden
        return item

    def payload(self, payload: Payload) -> Payload:
        """Return what is displayed of an item, masked: a renderer may have put a text together."""
        content = self.item(payload.content)
        return payload if content is payload.content else replace(payload, content=content)


@lru_cache(KEPT)
def _long(mask: Mask, text: str, named: bool) -> str:
    return mask.searched(text, named)


class Masked(Sequence[str]):
    """Texts with dots in place of personal data, made when one is read: no words that could name a group."""

    def __init__(self, mask: Mask, texts: Sequence[str]) -> None:
        self._mask, self._texts = mask, texts

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [self._mask.text(text, named=False) for text in self._texts[i]]
        return self._mask.text(self._texts[i], named=False)


def as_mask(mask: Any, kind: ItemKind, *, rendered: bool) -> Mask | None:
    """Return what is passed as ``mask=`` as a Mask.

    Raises
    ------
    InvalidInput
        If it is something else, or items of this kind do not consist of text.
    """
    if mask is None or mask is False:
        return None
    kind = kind.of if isinstance(kind, ListKind) else kind
    parts = kind.kinds if isinstance(kind, Several) else (kind,)
    if not rendered and any(one.in_files or not (one.reads or one.tabular) for one in parts):
        raise InvalidInput(
            f"mask= hides parts of texts, and items of kind {kind.name!r} are not displayed as text alone. "
            "Hide them in your data, or blur the items: blur=."
        )
    asked = list(FINDERS) if mask is True else [mask] if callable(mask) or isinstance(mask, str) else mask
    if isinstance(asked, Mask):
        return asked
    if not isinstance(asked, Iterable):
        raise InvalidInput(_expected(mask))
    finders = []
    for one in asked:
        if not callable(one) and one not in FINDERS:
            raise InvalidInput(_expected(one) + nearest(str(one), FINDERS))
        finders.append(one if callable(one) else FINDERS[one])
    return Mask(finders)


def _expected(given: Any) -> str:
    return (
        f"mask={given!r}: expected True, some of {choices(FINDERS)}, or a function that takes a text and "
        "returns the parts to hide, such as [(0, 16, 'email')]."
    )


def _checked(found: Any, text: str) -> Found:
    try:
        start, end, name = found
        if 0 <= int(start) <= int(end) <= len(text):
            return int(start), int(end), str(name)
    except (TypeError, ValueError):
        pass
    raise InvalidInput(
        f"The function of mask= returned {found!r} for a text of {len(text):,} characters: expected (start, "
        "end, name). The item is not displayed."
    )


def _dots(part: str, name: str) -> str:
    """Return dots, of the same length; line breaks stay."""
    label = f"[{name}]" if name else ""
    if label and len(label) <= len(part) and "\n" not in part[: len(label)]:
        return label + _dots(part[len(label) :], "")
    return "".join(c if c in "\r\n" else HIDDEN for c in part)
