"""Handing: labels that a person handed over to the model, and the random checks of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from uuid import NAMESPACE_OID, uuid5

from hitl_widgets.background.worker import Worker
from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.labels.events import new_event_id
from hitl_widgets.labels.machine import HandOver, Withdrawal
from hitl_widgets.loop.acts import Acts
from hitl_widgets.loop.log import Log
from hitl_widgets.quality.sequential import RiseDetector, anytime_interval
from hitl_widgets.questions.base import kind_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Handed", "Handing"]

# What a proposal promises, in its attrs.
PROMISE = ("error", "certainty", "audits")
# Proposals that are kept for pages.
KEPT = 8


@dataclass(frozen=True, slots=True)
class Handed:
    """The last hand-over, and what its spot checks found.

    Attributes
    ----------
    event_id, annotator, time
        The act, who did it, and when.
    n_given, n
        How many labels were handed over, and how many of these items no person has labelled since; 0 if the
        labels were withdrawn.
    error, certainty, audits
        What was promised, and on how many audited items: see :class:`~hitl_widgets.labels.machine.HandOver`.
    checked, wrong
        How many were checked at random since, and how many of these were wrong.
    low, high
        The 95 % interval of the share of wrong labels; it holds however often one looks.
    withdrawn
        None if the labels are in use; ``"asked"`` if a person took them back; ``"risen"`` if the session
        withdrew them because the spot checks show that the share of errors is above the accepted one.
    """

    event_id: str
    annotator: str
    time: str
    n_given: int
    n: int
    error: float
    certainty: float | None
    audits: int
    checked: int
    wrong: int
    low: float
    high: float
    withdrawn: Literal["asked", "risen"] | None

    def __str__(self) -> str:
        state = {None: f"{self.n:,} machine labels in use", "asked": "taken back", "risen": "withdrawn"}
        checks = "no spot checks yet"
        if self.checked:
            checks = f"{self.wrong} of {self.checked} spot checks wrong ({self.low:.1%} to {self.high:.1%})"
        return f"{state[self.withdrawn]}; accepted {self.error:.1%}; {checks}"


class Handing:
    """Hands over to the model, takes back, and withdraws machine labels whose share of errors has risen.

    Parameters
    ----------
    log, acts
        Parts of the session.
    on_turn
        See :class:`~hitl_widgets.background.worker.Worker`.

    Attributes
    ----------
    worker
        Looks at the spot checks when it is requested.
    """

    def __init__(self, log: Log, acts: Acts, on_turn: Callable[[str, Exception | None], None]) -> None:
        self._log, self._acts = log, acts
        self._proposed: dict[str, pd.DataFrame] = {}
        self.worker = Worker(self._check, "spot checks", on_turn=on_turn)

    def close(self) -> None:
        """Stop the thread."""
        self.worker.close()

    def hand_over(
        self,
        rows: Sequence[int],
        codes: Sequence[int],
        promise: tuple[float, float | None, int],
        event_id: str | None = None,
    ) -> str:
        """Label rows of the pool by machine: see :meth:`Session.hand_over`.

        ``promise`` is the accepted error, the certainty, and the number of audited items.
        """
        labels = self._log.labels
        if labels.schema.kind != "choice":
            raise InvalidInput(
                "Only questions with one class per item can be handed over; this one asks for "
                f"{kind_of(labels.schema.kind).asks}."
            )
        ids = labels.class_ids
        pairs = [(row, code) for row, code in zip(rows, codes, strict=True) if labels.y[row] < 0]
        if not pairs:
            raise InvalidInput("There is nothing to hand over: the proposal has no unlabelled item.")
        used = sorted({code for _, code in pairs})
        place = {code: k for k, code in enumerate(used)}
        made = HandOver(tuple(ids[code] for code in used), tuple(place[code] for _, code in pairs), *promise)
        return self._acts.hand_over([row for row, _ in pairs], made, event_id=event_id)

    def propose(self, proposal: pd.DataFrame) -> tuple[str, list[int]]:
        """Keep a proposal of ``session.trust.hand_over`` for a page; returns its name and its rows."""
        name = new_event_id()
        self._proposed[name] = proposal
        for old in list(self._proposed)[:-KEPT]:
            del self._proposed[old]
        return name, self._rows(proposal)

    def accept(self, name: str, event_id: str | None = None) -> str:
        """Hand over what was proposed under a name."""
        if self._log.knows(event_id):
            return event_id
        if name not in self._proposed:
            raise InvalidInput("This proposal is no longer known. Ask for it again.")
        return self.take(self._proposed[name], event_id)

    def take(self, proposal: Any, event_id: str | None = None) -> str:
        """Hand over a proposal, or some of its rows: see :meth:`Session.hand_over`."""
        import pandas as pd

        if (
            not isinstance(proposal, pd.DataFrame)
            or not {"id", "label"} <= set(proposal.columns)
            or not set(PROMISE) <= set(proposal.attrs)
        ):
            raise InvalidInput(
                "hand_over() takes the table that session.trust.hand_over(...) returns, or some of its rows "
                "(its attrs hold what is promised)."
            )
        schema = self._log.schema
        codes = {value: code for code, value in enumerate(schema.values[: len(schema.classes)])}
        if odd := set(proposal["label"]) - set(codes):
            raise InvalidInput(
                f"{next(iter(odd))!r} is not a class now: call session.trust.hand_over() again."
            )
        error, certainty, audits = (proposal.attrs[name] for name in PROMISE)
        given = [codes[value] for value in proposal["label"]]
        return self.hand_over(self._rows(proposal), given, (error, certainty, audits), event_id)

    def _rows(self, proposal: pd.DataFrame) -> list[int]:
        ids = proposal["id"].tolist()
        return self._log.ledger.pool.index(ids) if ids else []

    def take_back(self, act: str | None = None, event_id: str | None = None) -> str:
        """End the use of machine labels: see :meth:`Session.take_back`."""
        with self._log.writing():
            if self._log.knows(event_id):
                return event_id
            machines = self._log.ledger.fold.machines
            if machines.act is None or act not in {None, machines.act.event_id}:
                which = "No machine labels are in use." if act is None else f"{act!r} is not in use."
                raise InvalidInput(f"{which} See session.trust.handed_over() and session.history().")
            return self._withdraw(machines.act.event_id, event_id, risen=False)

    def _withdraw(self, act: str, event_id: str | None, *, risen: bool) -> str:
        checks = self._log.ledger.checks()
        ended = Withdrawal(act, risen, len(checks), sum(wrong for _, wrong in checks))
        return self._acts.withdraw(ended, event_id=event_id)

    def state(self) -> Handed | None:
        """The last hand-over; None if there was none, or it was undone."""
        with self._log.lock:
            ledger = self._log.ledger
            machines = ledger.fold.machines
            last, made = machines.last, machines.made
            if last is None or made is None:
                return None
            ended = None if machines.withdrawal is None else Withdrawal.of(machines.withdrawal.value)
            checks = [wrong for _, wrong in ledger.checks()]
            n = int((ledger.labels.machine >= 0).sum())
        low, high = anytime_interval(sum(checks), len(checks))
        return Handed(
            last.event_id,
            last.annotator,
            last.time,
            len(last.item_ids),
            n,
            made.error,
            made.certainty,
            made.audits,
            len(checks),
            sum(checks),
            low,
            high,
            None if ended is None else "risen" if ended.risen else "asked",
        )

    def _check(self, _overtaken: Callable[[], bool]) -> None:
        # In a separate thread: the label that raises the alarm is saved and acknowledged before.
        try:
            with self._log.writing():
                machines = self._log.ledger.fold.machines
                act, made = machines.act, machines.made
                if act is None or made is None or self._log.closed:
                    return
                checks = [wrong for _, wrong in self._log.ledger.checks()]
                if RiseDetector(made.error).see(checks):
                    # Sessions that notice it at the same time write the same event.
                    name = str(uuid5(NAMESPACE_OID, f"risen {act.event_id} {len(checks)}"))
                    self._withdraw(act.event_id, name, risen=True)
        except HitlError:
            if not self._log.closed:
                raise
