"""Guidelines: what each class means, with examples and counter-examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hitl_widgets.errors import InvalidInput
from hitl_widgets.formats.card import escaped
from hitl_widgets.loop.acts import Acts
from hitl_widgets.loop.log import Log
from hitl_widgets.loop.teach.guiding import Guiding, Version
from hitl_widgets.loop.words import counted
from hitl_widgets.questions.schema import LabelClass

__all__ = ["Example", "Guideline", "Guidelines"]

# Characters of an item on the page of a guideline.
SHORT = 200


@dataclass(frozen=True)
class Example:
    """An item that shows what a class is, or what it is not.

    Attributes
    ----------
    id
        Its id; None if it is the example text of the class.
    words
        The item as text; empty if it is not in the table.
    because
        Why; may be empty.
    annotator
        Who kept it, or decided it as a reviewer.
    """

    id: Any
    words: str
    because: str = ""
    annotator: str = ""


class Guideline:
    """What a class means: its text, examples and counter-examples, and how these came about.

    Changes are acts that reach every annotator and that ``session.undo()`` reverts.
    """

    def __init__(self, guiding: Guiding, log: Log, acts: Acts, class_id: str) -> None:
        self._guiding, self._log, self._acts, self._first = guiding, log, acts, class_id

    def __repr__(self) -> str:
        n = counted(len(self.examples), "example")
        m = counted(len(self.counterexamples), "counter-example")
        return f"<Guideline of {self.name!r}: {self.text!r}, {n}, {m}>"

    @property
    def _id(self) -> str:
        """The id of the class, or of the one that it was merged into since."""
        with self._log.lock:
            return self._log.ledger.fold.vocabulary.heir(self._first) or self._first

    @property
    def _class(self) -> LabelClass:
        schema = self._log.schema
        if self._id not in schema.ids:
            raise InvalidInput("The class of this guideline no longer exists: see session.teach.guidelines.")
        return (*schema.classes, *schema.retired)[schema.ids.index(self._id)]

    @property
    def name(self) -> str:
        """The name of the class."""
        return self._class.name

    @property
    def text(self) -> str:
        """When to choose the class; the guidance of ``session.classes``, and setting it changes that."""
        return self._class.guidance

    @text.setter
    def text(self, text: str) -> None:
        if not isinstance(text, str):
            raise InvalidInput(f"text={text!r}: expected text that says when to choose {self.name!r}.")
        if text == self.text:  # a cell was run again
            return
        self._acts.change_classes({"change": "edit", "of": [self.name], "set": {"guidance": text}})

    @property
    def examples(self) -> tuple[Example, ...]:
        """Items of the class, oldest first: kept as examples, or decided by a reviewer with a reason."""
        own = (Example(None, self._class.example),) if self._class.example else ()
        return (*own, *self._shown(counter=False))

    @property
    def counterexamples(self) -> tuple[Example, ...]:
        """Items that are not of the class, oldest first."""
        return tuple(self._shown(counter=True))

    @property
    def versions(self) -> tuple[Version, ...]:
        """The guideline after each of its changes, oldest first."""
        return tuple(self._guiding.versions().get(self._id, ()))

    def add_example(self, id: Any, because: str = "") -> str:  # noqa: A002 - the user's word for it
        """Keep an item as an example of the class, with an optional sentence; returns the event's id."""
        return self._guiding.keep(self._row(id), self._id, because)

    def add_counterexample(self, id: Any, because: str = "") -> str:  # noqa: A002
        """Keep an item as one that is not of the class, with an optional sentence; returns the event's id."""
        return self._guiding.keep(self._row(id), self._id, because, counter=True)

    def remove_example(self, id: Any) -> str:  # noqa: A002
        """Remove an item from the examples and counter-examples; returns the event's id."""
        return self._guiding.drop(self._row(id), self._id)

    def touched(self) -> list[Any]:
        """Return the ids of labels that are older than the last change and that it may touch.

        They are of this class, or the model has it among its first two, and they were not queued or looked at
        since. These are what :meth:`queue_again` queues.

        Raises
        ------
        InvalidInput
            If the question has no single class.
        """
        self._guiding.check_question()
        ids = self._log.ledger.pool.ids
        return [ids[row] for row in self._guiding.touched().get(self._id, ())]

    def queue_again(self) -> str:
        """Queue the labels of :meth:`touched` again, to keep or to correct them; returns the event's id.

        The Labeler shows them with Shift+R, before the doubtful labels.

        Raises
        ------
        InvalidInput
            If there are none, or the question has no single class.
        """
        return self._guiding.queue(self._id)

    def _repr_markdown_(self) -> str:
        versions = self.versions
        parts = [f"## {escaped(self.name)}", escaped(self.text) or "No text yet."]
        for heading, found in (("Examples", self.examples), ("Counter-examples", self.counterexamples)):
            if found:
                parts.append(f"**{heading}**\n\n" + "\n".join(map(_line, found)))
        if versions:
            last = versions[-1]
            parts.append(
                f"Version {last.number}, {last.time:%Y-%m-%d %H:%M} UTC, by {escaped(last.annotator)}."
            )
        return "\n\n".join(parts)

    def _row(self, id_: Any) -> int:
        return self._log.ledger.pool.index([id_])[0]

    def _shown(self, *, counter: bool) -> Iterator[Example]:
        pool = self._log.ledger.pool
        for one in self._guiding.told():
            if self._id in one.class_ids and one.counter is counter:
                words = "" if one.row is None else pool.item_kind.words(pool.displayed(one.row))[:SHORT]
                id_ = one.key if one.row is None else pool.ids[one.row]
                yield Example(id_, words, one.because, one.annotator)


def _line(one: Example) -> str:
    item = escaped(one.words) or f"item {escaped(one.id)}"
    because = f" ({escaped(one.because)})" if one.because else ""
    return f"- {item}{because}"


class Guidelines(Mapping[Any, Guideline]):
    """The guideline of each class; assigning a text sets what it says, which is the guidance of the class.

    Examples
    --------
    >>> session.teach.guidelines["spam"] = "wants money from you"  # doctest: +SKIP
    >>> session.teach.guidelines["spam"].add_example("r17", "asks for a fee first")  # doctest: +SKIP
    """

    def __init__(self, guiding: Guiding, log: Log, acts: Acts) -> None:
        self._guiding, self._log, self._acts = guiding, log, acts

    def __getitem__(self, name: Any) -> Guideline:
        fold, schema = self._log.ledger.fold, self._log.schema
        found = self._log.class_called(name) if isinstance(name, str) else None
        if found is None and (spelled := schema.find(name)) is not None:
            found = schema.ids[schema.all_names.index(spelled)]
        if found is None or fold.vocabulary.meaning(found) is None:
            known = f"The classes are {', '.join(map(repr, schema.names))}."
            raise KeyError(f"{name!r} is not a class. {known if schema.names else self._classless}")
        return Guideline(self._guiding, self._log, self._acts, found)

    def __setitem__(self, name: Any, text: str) -> None:
        if not isinstance(text, str):
            raise InvalidInput(f"{text!r} is not a text: expected when to choose {name!r}, as a string.")
        self[name].text = text

    def __iter__(self) -> Iterator[Any]:
        return iter(self._log.schema.values)

    def __len__(self) -> int:
        return len(self._log.schema.classes)

    def __repr__(self) -> str:
        return f"<guidelines of {', '.join(map(repr, self._log.schema.names)) or 'no classes'}>"

    @property
    def _classless(self) -> str:
        asks = self._log.labels.kind.asks
        return (
            f"Guidelines are of classes, and this question asks for {asks}: write in its text what to answer."
        )

    def _repr_markdown_(self) -> str:
        if not len(self):
            return escaped(self._classless)
        return "\n\n".join(self[name]._repr_markdown_() for name in self)
