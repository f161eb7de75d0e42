"""Questions that ask which of two is better."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput, a_type, choices, nearest
from hitl_widgets.questions.base import Answer, Names
from hitl_widgets.questions.choice import Choice
from hitl_widgets.questions.schema import Schema, is_unicode
from hitl_widgets.questions.text import tidied
from hitl_widgets.questions.values import BOTH_BAD, FIRST, SECOND, TIE, is_blank, plain, refuse_strange
from hitl_widgets.questions.vocabulary import Vocabulary

if TYPE_CHECKING:
    from hitl_widgets.learn.problems.base import Target

__all__ = ["BOTH_BAD", "FIRST", "KINDS", "PLACES", "SECOND", "TIE", "Pair", "Preferred"]

PLACES = (FIRST, SECOND, TIE)
MORE = ("reason", "reasons", "criteria", "revisions")
LONGEST, LONGEST_REVISION = 10_000, 100_000
SHOWN = 200


@dataclass(frozen=True, slots=True)
class Preferred:
    """An answer.

    Attributes
    ----------
    choice
        The id of a class: one of the two by its place in the item, or neither.
    reason
        Why, in the annotator's words.
    left
        The id of the one that was shown on the left; empty if unknown. It is not part of what was said.
    reasons
        Why, by names from a list.
    criteria
        Names of criteria, each with :data:`FIRST`, :data:`SECOND` or :data:`TIE`.
    revisions
        :data:`FIRST` or :data:`SECOND`, or both, each with its corrected text.
    """

    choice: str
    reason: str = ""
    left: str = field(default="", compare=False)
    reasons: tuple[str, ...] = ()
    criteria: tuple[tuple[str, str], ...] = ()
    revisions: tuple[tuple[str, str], ...] = ()


class Pair(Choice):
    """Which of two is better: the first or the second, by their places in the item, or neither.

    The page shows them on sides drawn at random. The log stores ``{"pair": id, "left": id, "reason": text,
    "reasons": [names], "criteria": {name: place}, "revisions": {place: text}}``; ``left`` is missing in
    answers from Python, and the others where there are none. The settings are ``reason``, whether a reason is
    asked for; if they are asked for, ``reasons`` and ``criteria``, their names; and ``revisions``, whether
    texts can be corrected.
    """

    name = "pair"
    asks = "which of two is better"
    closed = False
    composed = True
    bulk = False
    items = ("list",)
    card = (
        "Two items are compared: a label is the better one by its place in the item, or that there is none."
    )

    def parse(self, value: Any, vocabulary: Vocabulary) -> Preferred:  # type: ignore[override]
        """Parse a class, 1 or 2, a dict with label and more, also as JSON, or the form of the log."""
        value = _unpacked(value)
        if not isinstance(value, Mapping):
            return Preferred(self._found(value, vocabulary))
        if isinstance(value.get("pair"), str):
            choice = vocabulary.choosable(value["pair"])
        elif "label" in value:
            choice = self._found(value["label"], vocabulary)
        else:
            raise InvalidInput(
                f"{str(dict(value))[:SHOWN]} is not an answer: expected a dict with 'label', such as "
                "{'label': 'first'}."
            )
        refuse_strange(value, ("pair" if "pair" in value else "label", "left", *MORE))
        assert vocabulary.schema is not None  # noqa: S101 - there are no answers without a schema
        settings = vocabulary.schema.settings
        reason = _reason(value.get("reason"))
        if reason and not settings.get("reason"):
            raise InvalidInput(
                "This question does not ask for a reason: pass reason=True to Question.pair, or omit it."
            )
        left = value.get("left")
        return Preferred(
            choice,
            reason,
            left if left in {FIRST, SECOND} else "",
            _reasons(value.get("reasons"), settings.get("reasons", ())),
            _criteria(value.get("criteria"), settings.get("criteria", ())),
            _revisions(value.get("revisions"), asked=bool(settings.get("revisions"))),
        )

    def _found(self, value: Any, vocabulary: Vocabulary) -> str:
        """Return the id of a class; 1 and 2 stand for the first and the second."""
        place = plain(value)
        if not isinstance(place, bool) and str(place) in {"1", "2", "1.0", "2.0"}:
            return vocabulary.choosable((FIRST, SECOND)[int(float(place)) - 1])
        return vocabulary.find(value)

    def check(self, answer: Answer, schema: Schema, extent: Sequence[float]) -> None:  # noqa: ARG002
        """Raise InvalidInput if the item does not consist of two."""
        if extent[0] != 2:
            raise InvalidInput(f"The item has {extent[0]:.0f} members, but the question compares 2.")

    def load(self, value: Any, vocabulary: Vocabulary) -> Preferred | None:  # type: ignore[override]  # noqa: ARG002
        """Return the answer with the class id in the log."""
        if not isinstance(value, Mapping) or not isinstance(value.get("pair"), str):
            return None
        reason, left = value.get("reason", ""), value.get("left")
        reasons, *told = value.get("reasons", []), value.get("criteria", {}), value.get("revisions", {})
        if not isinstance(reason, str) or not isinstance(reasons, list):
            return None
        if not all(isinstance(one, Mapping) for one in told):
            return None
        texts = chain(reasons, *told, *(one.values() for one in told))
        if not all(isinstance(one, str) for one in texts):
            return None
        left = left if left in {FIRST, SECOND} else ""
        criteria, revisions = (tuple(one.items()) for one in told)
        return Preferred(value["pair"], reason, left, tuple(reasons), criteria, revisions)

    def dump(self, answer: Any) -> dict[str, Any]:
        """Return the answer in the form of the log, without what is empty."""
        more = {"left": answer.left, "reason": answer.reason, "reasons": list(answer.reasons)}
        more |= {"criteria": dict(answer.criteria), "revisions": dict(answer.revisions)}
        return {"pair": answer.choice} | {name: value for name, value in more.items() if value}

    def now(self, answer: Any, vocabulary: Vocabulary) -> Preferred | None:  # type: ignore[override]
        """Return the answer; None if the class was removed."""
        heir = vocabulary.heir(answer.choice)
        return None if heir is None else replace(answer, choice=heir)

    def said(self, answer: Any, vocabulary: Names) -> Any:
        """Return the class name; where more is asked for, a dict with label and what is asked for."""
        name = vocabulary.meaning(answer.choice)
        settings = vocabulary.schema.settings if vocabulary.schema is not None else {}
        if name is None or not (more := {key for key in MORE if settings.get(key)}):
            return name
        told = {"reason": answer.reason, "reasons": list(answer.reasons), "criteria": dict(answer.criteria)}
        told["revisions"] = dict(answer.revisions)
        return {"label": name, **{key: value for key, value in told.items() if key in more}}

    def bare(self, answer: Any) -> Preferred:
        """Return the answer without its reason."""
        return Preferred(answer.choice)

    def shown(self, answer: Any) -> str:
        """Return the two from left to right, as text; empty if unknown."""
        return {FIRST: f"{FIRST}, {SECOND}", SECOND: f"{SECOND}, {FIRST}"}.get(answer.left, "")

    def classes(self, answer: Any) -> tuple[str, ...]:
        """Return the id in a tuple."""
        return (answer.choice,)

    def answers(self, schema: Schema) -> Sequence[Any]:  # noqa: ARG002
        """Return no answers; they get codes as they occur."""
        return ()

    def own(self, said: Any, schema: Schema) -> Any:
        """Return the user's value of the class."""
        if isinstance(said, Mapping):
            return {**said, "label": schema.value(said["label"])}
        return schema.value(said)

    def text(self, said: Any) -> str:
        """Return the class name, then what was said beside it, shortened."""
        if not isinstance(said, Mapping):
            return str(said)
        told = [f"{name} {place}" for name, place in said.get("criteria", {}).items()]
        told += said.get("reasons", ())
        told += (f"{place} corrected" for place in said.get("revisions", ()))
        line = "; ".join((", ".join(told), " ".join(said.get("reason", "").split()))).strip("; ")
        return f"{said['label']}: {line[:SHOWN]}" if line else str(said["label"])

    def listed(self, value: Any) -> Sequence[Any]:
        """Return the class in a list."""
        value = _unpacked(value)
        return [value.get("label") if isinstance(value, Mapping) else value]

    def named(self, label: Any) -> Sequence[Any]:
        """Return the class in a tuple."""
        return (label["label"] if isinstance(label, Mapping) else label,)

    def cell(self, label: Any) -> Any:
        """Return the class, or a dict as JSON text."""
        return json.dumps(label, ensure_ascii=False) if isinstance(label, Mapping) else label

    def target(self, answers: Sequence[Answer], schema: Schema) -> Target:
        """Return the class codes as the target, which is learned from differences."""
        from hitl_widgets.learn.problems.base import Target
        from hitl_widgets.learn.problems.comparison import Comparison

        codes, n = self.places(answers, schema), len(schema.classes)
        return Target(Comparison(n), codes, codes < n)

    def places(self, answers: Sequence[Any], schema: Schema) -> npt.NDArray[np.int16]:
        """See :class:`.Choice`."""
        return super().places([answer.choice for answer in answers], schema)

    def agree(self, a: Any, b: Any, schema: Schema) -> float:  # noqa: ARG002
        """Return 1 for the same class, else 0; reasons are not compared."""
        return float(a.choice == b.choice)

    def doubt(self, belief: Any, i: int, names: Sequence[str]) -> str:  # noqa: ARG002
        """Say so, without naming the places, which the page does not show."""
        return "unsure which is better" if belief.predicted[i] >= 0 else ""


def _unpacked(value: Any) -> Any:
    """Return a dict for its JSON text, and other values as they are."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise InvalidInput(f"{value!r} is not an answer: expected JSON.") from None
    return value


def _reasons(value: Any, known: Sequence[str]) -> tuple[str, ...]:
    """Return reasons in the order in which they are offered."""
    if is_blank(value):
        return ()
    if not isinstance(value, str | list | tuple):
        raise InvalidInput(f"reasons={value!r}: expected a list of some of {choices(known)}.")
    given = [value] if isinstance(value, str) else list(value)
    if not given:
        return ()
    if not known:
        raise InvalidInput(
            f"reasons={given!r}: this question offers no reasons. Pass reasons= to Question.pair."
        )
    if strange := [one for one in given if one not in known]:
        raise InvalidInput(
            f"{strange[0]!r} is not a reason.{nearest(str(strange[0]), known)} Expected some of "
            f"{choices(known)}."
        )
    return tuple(one for one in known if one in given)


def _criteria(value: Any, known: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return the places that criteria prefer, in the order in which they are asked."""
    if is_blank(value):
        return ()
    if not isinstance(value, Mapping):
        raise InvalidInput(f"criteria={value!r}: expected a dict from criteria to {choices(PLACES)}.")
    found = {}
    for name, given in value.items():
        if name not in known:
            ways = f"The criteria are {choices(known)}" if known else "Pass criteria= to Question.pair"
            raise InvalidInput(f"{name!r} is not a criterion.{nearest(str(name), known)} {ways}.")
        place = {"1": FIRST, "2": SECOND}.get(str(plain(given)), given)
        if is_blank(place):
            continue
        if place not in PLACES:
            raise InvalidInput(f"{name!r} is answered by {given!r}: expected {choices(PLACES)}.")
        found[name] = place
    return tuple((name, found[name]) for name in known if name in found)


def _revisions(value: Any, *, asked: bool) -> tuple[tuple[str, str], ...]:
    """Return corrected texts by the place of the draft; blank ones are left out."""
    if is_blank(value):
        return ()
    if not isinstance(value, Mapping):
        raise InvalidInput(f"revisions={value!r}: expected a dict from {choices(PLACES[:2])} to texts.")
    found = {}
    for given, text in value.items():
        place = {"1": FIRST, "2": SECOND}.get(str(plain(given)), given)
        if place not in PLACES[:2]:
            raise InvalidInput(f"revisions= corrects {given!r}: expected {choices(PLACES[:2])}.")
        if is_blank(text):
            continue
        if not isinstance(text, str) or not is_unicode(text):
            what = "half a character (a lone surrogate)" if isinstance(text, str) else a_type(text)
            raise InvalidInput(f"The corrected text of {place!r} is {what}: expected Unicode text.")
        if len(text) > LONGEST_REVISION:
            raise InvalidInput(
                f"The corrected text of {place!r} has {len(text):,} characters: expected at most "
                f"{LONGEST_REVISION:,}."
            )
        found[place] = text  # in code, white space at the ends counts
    if found and not asked:
        raise InvalidInput(
            "This question does not ask for corrected texts: pass revisions=True to Question.pair or "
            "Preferences, or omit them."
        )
    return tuple((place, found[place]) for place in PLACES[:2] if place in found)


def _reason(value: Any) -> str:
    if is_blank(value):
        return ""
    if not isinstance(value, str) or not is_unicode(value):
        raise InvalidInput(f"The reason {value!r} is not a text.")
    reason = tidied(value)
    if len(reason) > LONGEST:
        raise InvalidInput(f"The reason has {len(reason):,} characters; the limit is {LONGEST:,}.")
    return reason


KINDS = (Pair(),)
