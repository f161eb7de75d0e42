"""Naming: maps keys of the log to items of a table, including ids that are spelled differently."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from hitl_widgets.data.pool import DIGEST, NO_DIGEST, Pool
from hitl_widgets.items.spelling import canonical_id
from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.labels.fold import Fold
from hitl_widgets.labels.machine import HandOver

__all__ = ["Naming"]

MANY_FILES = 500  # at most so many files of labelled images are read again to check for changes
_HASH = re.compile("[0-9a-f]{24}")


class Naming:
    """Maps the keys of the log to the items of a pool.

    A key that is in the pool is that item. Any other key is looked up among other spellings of the ids, or
    by content if the log has a digest or the key itself is one. It is matched only if exactly one item, and
    no other key of the log, can be meant. The log keeps its keys: :meth:`meant` translates an event to the
    keys of the pool.

    An act on an item with an id applies to the content at that time. If the content has changed, the act is
    folded under a separate key, and stays in effect only until somebody acts on the item again.

    Parameters
    ----------
    pool
        The items. Lookup tables are built when the first unknown key occurs.
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
        """For items that were labelled with other content: the keys under which those acts are folded."""
        self.unlike: set[int] = set()
        """Items that were labelled when other columns were shown."""

    # -- learning keys --------------------------------------------------------

    def learn(self, events: Iterable[LabelEvent]) -> bool:
        """Note the keys of new events; returns whether a key that was known before now means another item."""
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
        """Note the pool's own ids; returns the other spellings of those that are new."""
        new = [key for key in keys if key not in self._exact and self._pool.is_id(key)]
        self._exact.update(new)
        if not self._groups:
            return []
        return [key for form in map(canonical_id, new) if form in self._groups for key in self._groups[form]]

    def own(self, event: LabelEvent, rows: Sequence[int]) -> LabelEvent:
        """Note an act of this session on these items, and translate it to the keys of the pool."""
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
        """Look up new keys, and look up again the keys that are other spellings of them."""
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
            return ()  # with ids, the content does not identify an item
        rows = pool.with_content(content) or self._reduced.get(content, ())
        if not rows and not digest:
            rows = pool.edited.get(content, ())
        return () if pool.by_content and len(rows) > 1 else rows  # they differ in this table

    def _may_be(self, key: str, row: int) -> bool:
        """Whether the key can only mean this item; if so, new acts are written under this key."""
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
        """Match keys of a table that was labelled with ``id=``, which hides that column from the items."""
        lost = {key: known for key, known in self._foreign.items() if not any(known.values())}
        for name in self._pool.items[0] if lost and self._pool.has_content else ():
            if {str(item[name]) for item in self._pool.items}.isdisjoint(lost):
                continue
            self._reduced |= self._pool.without_column(name)
            for key, known in lost.items():
                for digest in known:
                    known[digest] = self._find(key, digest)

    # -- translating ----------------------------------------------------------

    def meant(self, event: LabelEvent) -> LabelEvent:
        """The event with the keys of the pool; unknown keys are left unchanged."""
        keys = event.item_ids
        if (self._pool.by_content or not event.digests) and self._pool.has(keys):
            return event
        found: dict[str, int] = {}  # keys, and their place in the event
        for place, (key, digest) in enumerate(zip(keys, _split(event), strict=True)):
            row = self._pool.find(key)
            rows = self._foreign.get(key, {}).get(digest, ()) if row is None else (row,)
            same = row is None and _HASH.fullmatch(key)  # it was found by its content
            known = (self._pool.keys[i] if same else self._of(i, digest) for i in rows)
            found.update(dict.fromkeys(known if rows else [key], place))
        meant = tuple(found)
        if meant == keys:
            return event
        made = HandOver.of(event.value) if event.kind == "machine" else None
        if made is None:
            return replace(event, item_ids=meant)
        codes = tuple(made.codes[place] for place in found.values())
        return replace(event, item_ids=meant, value=replace(made, codes=codes).dump())

    def _of(self, row: int, digest: str) -> str:
        """The key under which an act on an item is folded, given the content of the item at the time."""
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
        """Whether to compare the item with its earlier content; of images in files, only a limited number."""
        if self._pool.item_kind.in_files and len(self._looked) < MANY_FILES:
            self._looked.add(row)
        return not self._pool.item_kind.in_files or row in self._looked

    def row(self, key: str) -> int | None:
        """The item of a key under which acts are folded; None if it is not in the table."""
        found = self._pool.find(key)
        return self._stale.get(key) if found is None else found

    def held(self, key: str) -> int | None:
        """The item of a key that another session uses, which may be spelled differently."""
        found = self._pool.find(key)
        if found is None and (rows := next(iter(self._foreign.get(key, {}).values()), ())):
            return rows[0]
        return self._pool.respelled(key) if found is None else found

    def written(self, row: int) -> str:
        """The key under which acts on the item are written: the one in the log, if any."""
        own = self._pool.keys[row]
        return own if not self._written or own in self._exact else self._written.get(row, own)

    def placed(self, fold: Fold) -> Iterator[tuple[str, int | None]]:
        """Yield every key with acts in effect, with its item."""
        for key in fold.touched:
            row = self._stale.get(key)
            if row is None:
                yield key, self._pool.find(key)
            elif not fold.current(self._pool.keys[row]):
                yield key, row

    @property
    def respelled(self) -> int:
        """The number of items whose id is spelled differently in the log."""
        return len(self._written)

    @property
    def carried(self) -> int:
        """The number of items with an id that were labelled without one, or the other way round."""
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
    """The digest of each item, empty if unknown."""
    digests, n = event.digests, len(event.item_ids)
    if not isinstance(digests, str) or len(digests) != DIGEST * n:
        return iter([""] * n)
    parts = (digests[i : i + DIGEST] for i in range(0, len(digests), DIGEST))
    return ("" if part == NO_DIGEST else part for part in parts)
