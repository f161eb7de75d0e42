"""Naming: which items of a table the keys of the log mean, also under another spelling."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from hitl_widgets.data.pool import DIGEST, NO_DIGEST, Pool
from hitl_widgets.items.spelling import canonical_id
from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.labels.fold import Fold

__all__ = ["Naming"]

MANY_FILES = 500  # labelled images whose files are read again, to see whether they changed
_HASH = re.compile("[0-9a-f]{24}")


class Naming:
    """The one place that knows what a key of the log means in a pool.

    A key that the pool has is that item. Another is sought among other spellings of the ids, or by
    content where the log has a digest of it or the key is one itself; it is taken only where one item,
    and no other key of the log, may be meant. The log keeps its keys as they are: :meth:`meant` says an
    event in the keys of the pool.

    An act on an item with an id counts for the content that it saw. Where the item says something else
    now, the act is folded under a key of its own, and holds only until somebody acts on the item anew.

    Parameters
    ----------
    pool
        The items. What is sought in it is laid out when the first unknown key comes.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._exact: set[str] = set()  # the pool's own ids in the log
        self._foreign: dict[str, dict[str, tuple[int, ...]]] = {}  # key -> digest -> items
        self._groups: dict[str, list[str]] = defaultdict(list)  # foreign keys that are spellings of one id
        self._written: dict[int, str] = {}  # items that the log knows under another spelling
        self._stale: dict[str, int] = {}
        self._reduced: dict[str, tuple[int, ...]] = {}
        self._looked: set[int] = set()
        self._carried: int | None = None
        self._begun = False
        self.older: dict[int, list[str]] = {}
        """Of items that were labelled with other content: the keys that those acts are folded under."""
        self.unlike: set[int] = set()
        """Items that were labelled when other columns were shown."""

    # -- what the log says ----------------------------------------------------

    def learn(self, events: Iterable[LabelEvent]) -> bool:
        """Take note of the keys of new events; returns whether one met before means something else now."""
        fresh: dict[str, None] = {}
        doubtful: set[str] = set()
        for event in events:
            if not self._pool.has(event.item_ids):
                for key, digest in zip(event.item_ids, _split(event), strict=True):
                    if not self._pool.has([key]) and digest not in self._foreign.setdefault(key, {}):
                        self._foreign[key][digest] = ()
                        fresh[key] = None
            if not self._pool.by_content:
                doubtful.update(self._meet(event.item_ids))
        return self._settle(fresh, doubtful)

    def _meet(self, keys: Sequence[str]) -> list[str]:
        """Take note of the pool's own ids; returns the other spellings of those that are new."""
        new = [key for key in keys if key not in self._exact and self._pool.is_id(key)]
        self._exact.update(new)
        if not self._groups:
            return []
        return [key for form in map(canonical_id, new) if form in self._groups for key in self._groups[form]]

    def own(self, event: LabelEvent, rows: Sequence[int]) -> LabelEvent:
        """Take note of an act of this session on these items, and say it in the keys of the pool."""
        if self.unlike:
            self.unlike.difference_update(rows)
        keys = tuple(map(self._pool.keys.__getitem__, rows))
        if keys == event.item_ids:
            if not self._pool.by_content:
                self._exact.update(keys)
            return event
        for row, key, digest in zip(rows, event.item_ids, _split(event), strict=True):
            if key in self._foreign:
                self._foreign[key][digest] = (row,)
            else:
                self._exact.add(key)
        return replace(event, item_ids=keys)

    def _settle(self, fresh: dict[str, None], doubtful: set[str]) -> bool:
        """Find what new keys mean, and anew what others do that are spellings of them."""
        if not self._pool.by_content:
            for key in fresh:
                group = self._groups[canonical_id(key)]
                if key not in group:
                    group.append(key)
                doubtful.update(group)
        if fresh or doubtful:
            self._carried = None
        changed = False
        for key in {**fresh, **dict.fromkeys(doubtful)}:
            for digest, before in self._foreign[key].items():
                now = self._foreign[key][digest] = self._find(key, digest)
                changed |= key not in fresh and now != before
        if not self._begun and self._pool.by_content and self._pool.item_kind.tabular:
            self._find_reduced()
        self._begun = True
        return changed

    def _find(self, key: str, digest: str) -> tuple[int, ...]:
        pool = self._pool
        row = pool.respelled(key)
        if row is not None:
            return (row,) if self._may_be(key, row) else ()
        by_hash = _HASH.fullmatch(key) is not None
        content = digest[4:] if digest else key[:12]
        if not pool.has_content or not (by_hash or (digest and pool.by_content)):
            return ()  # an item with an id is that one alone, whatever it says
        rows = pool.with_content(content) or self._reduced.get(content, ())
        if not rows and not digest:
            rows = pool.edited.get(content, ())
        return () if pool.by_content and len(rows) > 1 else rows  # they differ in this table

    def _may_be(self, key: str, row: int) -> bool:
        """Whether it is the item, and no other can be meant: new acts are written under this key then."""
        said = {self._pool.same(row, digest) for digest in self._foreign[key]}
        found = True in said or (said == {None} and self._is_alone(key, row))
        if found:
            self._written.setdefault(row, key)
        elif self._written.get(row) == key:
            del self._written[row]
        return found

    def _is_alone(self, key: str, row: int) -> bool:
        return len(self._groups[canonical_id(key)]) == 1 and self._pool.keys[row] not in self._exact

    def _find_reduced(self) -> None:
        """A table that was labelled with ``id=`` showed all columns but that one."""
        lost = {key: known for key, known in self._foreign.items() if not any(known.values())}
        for name in self._pool.items[0] if lost and self._pool.has_content else ():
            if {str(item[name]) for item in self._pool.items}.isdisjoint(lost):
                continue
            self._reduced |= self._pool.without_column(name)
            for key, known in lost.items():
                for digest in known:
                    known[digest] = self._find(key, digest)

    # -- what it means --------------------------------------------------------

    def meant(self, event: LabelEvent) -> LabelEvent:
        """The event in the keys of the pool; those that nothing is known of stay as they are."""
        keys = event.item_ids
        if (self._pool.by_content or not event.digests) and self._pool.has(keys):
            return event
        found: dict[str, None] = {}
        for key, digest in zip(keys, _split(event), strict=True):
            row = self._pool.find(key)
            rows = self._foreign.get(key, {}).get(digest, ()) if row is None else (row,)
            same = row is None and _HASH.fullmatch(key)  # it was found by what it says
            known = (self._pool.keys[i] if same else self._of(i, digest) for i in rows)
            found.update(dict.fromkeys(known if rows else [key]))
        meant = tuple(found)
        return event if meant == keys else replace(event, item_ids=meant)

    def _of(self, row: int, digest: str) -> str:
        """The key that an act on an item is folded under, by what the item was then."""
        key = self._pool.keys[row]
        if self._pool.by_content or not digest or not self._may_look(row):
            return key
        same = self._pool.same(row, digest)
        if same is None:
            self.unlike.add(row)
        if same is not False:
            return key
        other = f"\0{digest}\0{key}"
        if other not in self._stale:
            self._stale[other] = row
            self.older.setdefault(row, []).append(other)
        return other

    def _may_look(self, row: int) -> bool:
        """Whether to compare the item with what it was: of images, which are files, only so many."""
        if self._pool.item_kind.in_files and len(self._looked) < MANY_FILES:
            self._looked.add(row)
        return not self._pool.item_kind.in_files or row in self._looked

    def row(self, key: str) -> int | None:
        """The item of a key that acts are folded under; None where the table has none."""
        found = self._pool.find(key)
        return self._stale.get(key) if found is None else found

    def held(self, key: str) -> int | None:
        """The item of a key that another session names, who may spell it in another way."""
        found = self._pool.find(key)
        if found is None and (rows := next(iter(self._foreign.get(key, {}).values()), ())):
            return rows[0]
        return self._pool.respelled(key) if found is None else found

    def written(self, row: int) -> str:
        """The key under which an act on the item is written: the one that the log has, if it has one."""
        own = self._pool.keys[row]
        return own if not self._written or own in self._exact else self._written.get(row, own)

    def placed(self, fold: Fold) -> Iterator[tuple[str, int | None]]:
        """Every key that anybody has acted on and that counts, with its item."""
        for key in fold.touched:
            row = self._stale.get(key)
            if row is None:
                yield key, self._pool.find(key)
            elif not fold.current(self._pool.keys[row]):
                yield key, row

    @property
    def respelled(self) -> int:
        """How many items the log knows under another spelling of their id."""
        return len(self._written)

    @property
    def carried(self) -> int:
        """How many items with an id were labelled by content, or the other way round."""
        if self._carried is None:
            across = (
                rows
                for key, known in self._foreign.items()
                if (_HASH.fullmatch(key) is None) == self._pool.by_content
                for rows in known.values()
            )
            self._carried = len({row for rows in across for row in rows} - self._written.keys())
        return self._carried


def _split(event: LabelEvent) -> Iterator[str]:
    """The digest of each item, empty where none is known."""
    digests, n = event.digests, len(event.item_ids)
    if not isinstance(digests, str) or len(digests) != DIGEST * n:
        return iter([""] * n)
    parts = (digests[i : i + DIGEST] for i in range(0, len(digests), DIGEST))
    return ("" if part == NO_DIGEST else part for part in parts)
