"""Machine labels: what a person handed over to the model, and whether it is still in use."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from hitl_widgets.labels.events import LabelEvent

__all__ = ["HandOver", "Machines", "Withdrawal"]


@dataclass(frozen=True, slots=True)
class HandOver:
    """The value of a ``machine`` event: labels that the model gives, and what was promised of them.

    Attributes
    ----------
    classes
        The ids of the classes.
    codes
        For each item of the event, the position of its class in ``classes``.
    error
        The share of wrong labels that was accepted.
    certainty
        The probability with which the share is not exceeded; None: it holds on average.
    audits
        The number of audited items that the promise is calibrated on.
    """

    classes: tuple[str, ...]
    codes: tuple[int, ...]
    error: float
    certainty: float | None
    audits: int

    @classmethod
    def of(cls, value: Any) -> HandOver | None:
        """Read the value of an event; None if it is not a hand-over."""
        match value:
            case {
                "classes": list() | tuple() as classes,
                "codes": list() | tuple() as codes,
                "error": int() | float() as error,
                "certainty": int() | float() | None as certainty,
                "audits": int() as audits,
            } if (
                all(isinstance(id_, str) for id_ in classes)
                and all(isinstance(code, int) and 0 <= code < len(classes) for code in codes)
                and 0 < error < 1
            ):
                return cls(tuple(classes), tuple(codes), error, certainty, audits)
        return None

    def dump(self) -> dict[str, Any]:
        """Return the value of an event."""
        return {
            "classes": list(self.classes),
            "codes": list(self.codes),
            "error": self.error,
            "certainty": self.certainty,
            "audits": self.audits,
        }


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The value of a ``machine`` event that ends the use of machine labels.

    Attributes
    ----------
    act
        The id of the hand-over.
    risen
        Whether the session withdrew them because the spot checks show that the share of errors has risen.
    checked, wrong
        How many machine labels had been checked, and how many of them were wrong.
    """

    act: str
    risen: bool
    checked: int
    wrong: int

    @classmethod
    def of(cls, value: Any) -> Withdrawal | None:
        """Read the value of an event; None if it is not a withdrawal."""
        match value:
            case {"withdraws": str(act), "risen": bool(risen), "checked": int(n), "wrong": int(wrong)}:
                return cls(act, risen, n, wrong)
        return None

    def dump(self) -> dict[str, Any]:
        """Return the value of an event."""
        return {"withdraws": self.act, "risen": self.risen, "checked": self.checked, "wrong": self.wrong}


class Machines:
    """The machine labels of a log. A hand-over replaces the one before, so that one promise holds for all.

    Attributes
    ----------
    last, made
        The last hand-over that is not undone, and its value; None if there is none.
    handed
        The class id of each item in it, by key.
    withdrawal
        The event that withdrew it; None if it is in use.
    act
        The hand-over in use; None if there is none.
    given
        The class id of each item in that, by key.
    """

    def __init__(self) -> None:
        self._acts: list[LabelEvent] = []
        self._withdrawn: dict[str, list[LabelEvent]] = {}
        self.last: LabelEvent | None = None
        self.made: HandOver | None = None
        self.handed: Mapping[str, str] = {}
        self.withdrawal: LabelEvent | None = None
        self.act: LabelEvent | None = None
        self.given: Mapping[str, str] = {}

    def note(self, event: LabelEvent) -> None:
        """Add a ``machine`` event; :meth:`settle` applies it."""
        if (ended := Withdrawal.of(event.value)) is not None:
            self._withdrawn.setdefault(ended.act, []).append(event)
        elif HandOver.of(event.value) is not None:
            self._acts.append(event)

    def settle(self, undone: Set[str]) -> tuple[str, ...]:
        """Find the hand-over in use; return the keys of the items whose machine label may have changed."""
        last = next((e for e in reversed(self._acts) if e.event_id not in undone), None)
        if last is not self.last:
            self.last, self.made, self.handed = last, None, {}
            if last is not None and (made := HandOver.of(last.value)) is not None:
                ids = (made.classes[code] for code in made.codes)
                self.made, self.handed = made, dict(zip(last.item_ids, ids, strict=False))
        ends = [] if last is None else self._withdrawn.get(last.event_id, [])
        self.withdrawal = next((e for e in reversed(ends) if e.event_id not in undone), None)
        before = self.given
        self.act, self.given = (last, self.handed) if self.withdrawal is None else (None, {})
        return () if self.given is before else tuple({**before, **self.given})
