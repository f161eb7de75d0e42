"""A transformer of new items by a function that embeds each by itself.

Imported only when needed, because importing scikit-learn is slow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hitl_widgets.data.embedding import Told, embed_more
from hitl_widgets.data.matrix import Matrix
from hitl_widgets.errors import HitlError
from hitl_widgets.items.base import ItemKind
from hitl_widgets.items.features._stateless import Stateless
from hitl_widgets.items.lists import ListKind

__all__ = ["Alone"]


class Alone(Stateless):
    """Embeds new items by a function.

    Parameters
    ----------
    embed
        The function, or a model with the method ``encode``.
    kind
        The kind of the items.
    """

    def __init__(self, embed: Any, kind: ItemKind) -> None:
        self.embed = embed
        self.kind = kind

    def transform(self, X: Sequence[Any], told: Told | None = None) -> Matrix:
        """Return the vectors, float32 (n, d); of lists of items, those of their members joined.

        Raises
        ------
        HitlError
            If the function fails.
        """
        kind, how = self.kind, told or Told()
        try:
            if isinstance(kind, ListKind):
                return kind.encoded(X, lambda some: (embed_more(some, self.embed, kind.of, how), None))[0]
            return embed_more(X, self.embed, kind, how)
        except HitlError:  # also where it was cancelled
            raise
        except Exception as error:
            raise HitlError(f"embed= failed for changed items: {type(error).__name__}: {error}") from error
