"""The classes of a session, which may change during labeling."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, overload

from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions.schema import LabelClass, Schema

__all__ = ["Classes"]


class Classes(Sequence[LabelClass]):
    """The selectable classes of a session, in order; the methods change them.

    Every change is recorded in the log, reaches every annotator, and can be reverted with
    ``session.undo()``. Each method returns the event's id, and raises
    :class:`~hitl_widgets.errors.InvalidInput` if the change is not possible. The log keeps earlier labels
    as they were given; they count as their current meaning.

    Parameters
    ----------
    schema
        The current schema.
    change
        Applies a change, as described in :class:`~hitl_widgets.questions.vocabulary.Vocabulary`.
    """

    def __init__(self, schema: Schema, change: Callable[[Mapping[str, Any]], str]) -> None:
        self._schema = schema
        self._change = change

    @overload
    def __getitem__(self, i: int) -> LabelClass: ...
    @overload
    def __getitem__(self, i: slice) -> tuple[LabelClass, ...]: ...
    def __getitem__(self, i: int | slice) -> LabelClass | tuple[LabelClass, ...]:
        return self._schema.classes[i]

    def __len__(self) -> int:
        return len(self._schema.classes)

    def __iter__(self) -> Iterator[LabelClass]:
        return iter(self._schema.classes)

    def __repr__(self) -> str:
        n = len(self._schema.retired)
        return f"<{len(self)} classes{f', {n} retired' if n else ''}>"

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in order."""
        return self._schema.names

    @property
    def retired(self) -> tuple[LabelClass, ...]:
        """The classes that can no longer be chosen."""
        return self._schema.retired

    def add(self, name: str, *, guidance: str = "", example: str = "", key: str = "", color: str = "") -> str:
        """Add a class at the end, with the next free key and color unless they are given."""
        new = {"name": name, "guidance": guidance, "example": example, "key": key, "color": color}
        return self._change({"change": "add", "classes": [new]})

    def rename(self, name: str, to: str) -> str:
        """Rename a class and its labels."""
        return self._change({"change": "rename", "of": [name], "name": to})

    def merge(self, names: Iterable[str], into: str) -> str:
        """Merge classes into ``into``, which may be one of them, another class, or a new name."""
        change: dict[str, Any] = {"change": "merge", "of": _names(names), "name": into}
        if self._schema.find(into) not in self.names:
            change["classes"] = [{"name": into}]
        return self._change(change)

    def split(self, name: str, into: Iterable[str]) -> str:
        """Replace a class by new ones; items labeled with it are asked again."""
        return self._change(
            {"change": "split", "of": [name], "classes": [{"name": new} for new in _names(into)]}
        )

    def retire(self, name: str) -> str:
        """Stop offering a class. Its labels stay, but the model no longer learns or predicts it."""
        return self._change({"change": "retire", "of": [name]})

    def restore(self, name: str) -> str:
        """Offer a retired class again."""
        return self._change({"change": "restore", "of": [name]})

    def reorder(self, names: Iterable[str]) -> str:
        """Put the classes in this order; the others follow. Keys do not change."""
        return self._change({"change": "reorder", "of": _names(names)})

    def edit(
        self,
        name: str,
        *,
        key: str | None = None,
        color: str | None = None,
        guidance: str | None = None,
        example: str | None = None,
    ) -> str:
        """Change a class's key, color (``#rrggbb``), guidance or example; None leaves a value unchanged."""
        asked = {"key": key, "color": color, "guidance": guidance, "example": example}
        return self._change(
            {
                "change": "edit",
                "of": [name],
                "set": {part: text for part, text in asked.items() if text is not None},
            }
        )

    def ask(self, question: str) -> str:
        """Change the text of the question."""
        return self._change({"change": "ask", "question": question})


def _names(names: Iterable[str]) -> list[str]:
    if isinstance(names, str):
        raise InvalidInput(
            f"{names!r} is a single text: pass a list of class names, such as ['spam', 'ham']."
        )
    return list(names)
