"""Known answers and guidance as tables."""

from __future__ import annotations

from statistics import fmean

import pandas as pd

from hitl_widgets.loop.loop import Loop
from hitl_widgets.transfer.frames import decisions_table

__all__ = ["gold_table", "guidance_table"]

# Characters of an item in the guidance.
SHORT = 200


def gold_table(loop: Loop) -> pd.DataFrame:
    """One row for each item with a known answer; see :meth:`Session.gold`."""
    ledger = loop.log.ledger
    with loop.log.lock:
        fold = ledger.fold
        table = decisions_table(fold, loop.pool, ledger.naming)
        table = table[table["gold"]].reset_index(drop=True)
        counts, means = [], []
        for id_ in table["id"]:
            key = loop.pool.keys[loop.pool.index([id_])[0]]
            decided = ledger.verdict(key)
            truth = None if decided is None else fold.now(decided)
            said = [fold.now(e) for e in fold.current(key).values() if e.selection == "gold"]
            agreed = [fold.kind.agree(answer, truth, ledger.schema) for answer in said if answer is not None]
            counts.append(len(agreed))
            means.append(fmean(agreed) if agreed else float("nan"))
    table = table[["id", "label", "because"]]
    return table.assign(n=pd.Series(counts, dtype="int64"), agree=pd.Series(means, dtype="float64"))


def guidance_table(loop: Loop) -> pd.DataFrame:
    """The guidance of the classes, decisions with a reason, and kept items; see :meth:`Session.guidance`."""
    rows: list[tuple[object, ...]] = [
        (value, c.guidance, c.example, "", "", None, False)
        for value, c in zip(loop.schema.values, loop.schema.classes, strict=False)
        if c.guidance or c.example
    ]
    pool, ledger = loop.pool, loop.log.ledger
    with loop.log.lock:
        decided = decisions_table(ledger.fold, pool, ledger.naming)
        unseen = ledger.labels.gold.copy()
    for id_, label, because, who in decided[["id", "label", "because", "annotator"]].itertuples(index=False):
        row = pool.index([id_])[0]
        if because and not unseen[row]:  # an example would give the answer of a gold question away
            words = pool.item_kind.words(pool.items[row])
            rows.append((label, "", words[:SHORT], because, who, id_, False))
    values = dict(zip(loop.schema.ids, loop.schema.all_values, strict=True))
    for one in loop.guiding.kept():
        place = ledger.naming.row(one.key)
        if place is not None and not unseen[place]:
            words, who = pool.item_kind.words(pool.items[place])[:SHORT], one.event.annotator
            kept = (values[one.class_id], "", words, one.because, who, pool.ids[place])
            rows.append((*kept, one.counter))
    columns = ["class", "guidance", "example", "because", "annotator", "id", "counter"]
    return pd.DataFrame(rows, columns=columns).astype({"counter": bool})
