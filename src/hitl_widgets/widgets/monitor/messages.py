"""Messages of the Monitor."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from hitl_widgets.loop.modes import Mode
from hitl_widgets.widgets.shared import messages as shared
from hitl_widgets.widgets.shared.messages import About, ClassesMessage, LabelClass, Lost
from hitl_widgets.widgets.wire import ActId, Request, Selection, ToBrowser

__all__ = ["Takes", "Tells"]

# -- browser -> kernel


class Open(Request, frozen=True, tag="open"):
    """Request the items of one of the annotator's acts."""

    act: ActId


class Span(Request, frozen=True, tag="span"):
    """Request the items labelled from the label with number ``first`` to that with number ``last``."""

    first: Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
    last: Annotated[int, msgspec.Meta(ge=1, lt=2**31)]


class Propose(Request, frozen=True, tag="propose"):
    """Request a proposal of what to hand over to the model.

    ``error`` is the acceptable share of wrong labels; ``certainty`` that it is not exceeded, null on average.
    """

    error: Annotated[float, msgspec.Meta(gt=0, lt=1)]
    certainty: Annotated[float, msgspec.Meta(gt=0, lt=1)] | None


class Trust(Request, frozen=True, tag="trust"):
    """Request what is known of the labels and the model; answered by ``trust``."""


Code = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]


class Behind(Request, frozen=True, tag="behind"):
    """Request the items behind a figure of the trust section.

    ``what`` is a cell of the confusion matrix (label ``a``, predicted ``b``), a band of the calibration
    (number ``a``), two annotators (``a`` and ``b``), hasty labels, or runs of one class.
    """

    what: Literal["cell", "band", "pair", "hasty", "runs"]
    a: Code = 0
    b: Code = 0


class Rules(Request, frozen=True, tag="rules"):
    """Request the rules; answered by ``rules``."""


class TryRule(Request, frozen=True, tag="try_rule"):
    """Request what a rule would label alone; answered by ``votes``.

    It is the rule of a ``name``, or else one that is not kept yet: a query and the class of its items.
    """

    name: Annotated[str, msgspec.Meta(max_length=200)]
    query: Annotated[str, msgspec.Meta(max_length=2000)]
    of: Annotated[str, msgspec.Meta(max_length=400)]


Takes = shared.Takes | Open | Span | Propose | Trust | Behind | Rules | TryRule

# -- kernel -> browser


class Measure(msgspec.Struct, frozen=True):
    """The measure of the estimate, with its worst and best values."""

    name: str
    worst: float
    best: float


class Estimate(msgspec.Struct, frozen=True):
    """An estimate from ``n`` audited labels, with its 95 % interval."""

    value: float | None
    low: float | None
    high: float | None
    n: int


class CurvePoint(msgspec.Struct, frozen=True):
    """The estimate after ``n`` labels."""

    n: int
    value: float | None
    low: float | None
    high: float | None


class StoreState(msgspec.Struct, frozen=True):
    """The store, why the last act is not saved, and how many acts were written again to an older copy."""

    name: str
    where: str
    unsaved: str
    restored: int


class Person(msgspec.Struct, frozen=True):
    """An annotator of this task."""

    annotator: str
    labels: int
    here: bool


class Figure(msgspec.Struct, frozen=True):
    """A value from ``n`` observations, its 95 % interval if it is a share, and how it has changed.

    ``lately`` is the value of the last observations, ``before`` that of the earlier ones; null if these are
    few.
    """

    value: float | None
    n: int
    low: float | None
    high: float | None
    lately: float | None
    before: float | None


class Yours(msgspec.Struct, frozen=True):
    """What only this annotator sees: pace, agreement with others, answers to known questions, and undos.

    From their last ``limit`` acts. Reviewers have decided ``reviewed`` of the items that they answered, and
    ``upheld`` of these as they did. ``changed``: a query for the most recent of the others; empty if there
    are none.
    """

    limit: int
    seconds: Figure
    agreement: Figure
    gold: Figure
    undone: Figure
    reviewed: int
    upheld: int
    changed: str


class SliceState(msgspec.Struct, frozen=True):
    """A slice; its numbers are null until they are known.

    The estimate is that of its unlabelled items. ``why``: the reason why its query cannot be run.
    """

    name: str
    query: str
    n_items: int | None
    n_labelled: int | None
    estimate: Estimate
    why: str


class HistoryEntry(msgspec.Struct, frozen=True):
    """An act of the annotator.

    ``codes`` are the classes that a label now stands for, null if one of them no longer exists. Redo restores
    undone acts, except those left behind, which were undone before the annotator did something else: only
    restore reaches them. ``way`` is how many acts and labels a jump to the act undoes or restores. ``apart``:
    the act is older than the last ones, and listed because it is left behind.
    """

    id: str
    kind: Literal["label", "skip", "note", "schema", "slice", "definition", "machine"]
    n: int
    value: str | None
    codes: tuple[int, ...] | None
    selection: str | None
    time: str
    state: Literal["holds", "undone", "left behind", "brought back"]
    way: tuple[int, int] | None
    apart: bool


class Verified(msgspec.Struct, frozen=True):
    """How many answers were given to suggestions, shown or hidden, and how many are the suggested ones."""

    shown: int
    shown_same: int
    hidden: int
    hidden_same: int


class MachineState(msgspec.Struct, frozen=True):
    """The last hand-over to the model: see ``Handed`` in loop/handing.py."""

    act: str
    n: int
    error: float
    certainty: float | None
    checked: int
    wrong: int
    low: float
    high: float
    withdrawn: Literal["asked", "risen"] | None


class AnswerRange(msgspec.Struct, frozen=True):
    """A range of answers: its name and color, and the number of labels."""

    name: str
    color: str
    n: int


class MonitorState(ToBrowser, frozen=True, kw_only=True):
    """The state of a session.

    ``provisional`` is the measure on the labels themselves while nothing is audited, and the points of the
    curve are the same, without intervals; it is optimistic. ``rising``: the curve shows that more labels
    help. ``n_none`` is the number of labels without a class; for a question without classes, ``shades``
    counts ranges of answers instead. ``n_hidden`` labels of others are excluded from the balance, because
    their items are also asked of this annotator. ``notices`` describe mismatches of the store and the table;
    ``n_changed`` labelled items have changed since. ``people`` are all annotators, if there is more than one;
    ``yours`` is about this one, null before the first label. ``consensus`` says how many items they answer
    differently, and how these are decided. ``handable``: the model may be given items to label.
    """

    n_items: int
    n_labels: int
    n_audited: int
    audit_share: float
    balance: list[int]
    n_none: int
    shades: list[AnswerRange]
    verified: Verified | None
    n_hidden: int
    measure: Measure
    estimate: Estimate
    provisional: float | None
    curve: list[CurvePoint]
    rising: bool
    behind: int
    model: str
    explanation: str
    strategy: str
    stage: str
    store: StoreState
    task: str
    annotator: str
    closed: bool
    error: str
    undo: bool
    redo: bool
    notices: list[str]
    n_changed: int
    people: list[Person]
    yours: Yours | None
    consensus: str
    handable: bool
    machine: MachineState | None
    slices: list[SliceState]
    history: list[HistoryEntry]


class MonitorWelcome(MonitorState, frozen=True, kw_only=True, tag="welcome"):
    """The whole state for a new Monitor; ``chart`` is the chart of the learning curve."""

    to: str
    about: About
    classes: list[LabelClass]
    question: str
    asks: str
    settings: dict[str, Any]
    composed: bool
    bulk: bool
    suggests: bool
    mode: Mode
    lost: list[Lost]
    chart: dict[str, Any]


class MonitorUpdate(MonitorState, frozen=True, kw_only=True, tag="state"):
    """The state has changed."""


class OpenedMessage(ToBrowser, frozen=True, kw_only=True, tag="opened"):
    """The requested items: see ``ActItems``."""

    to: str
    rows: str
    n: int
    how: Selection
    missing: int


class ProposalMessage(ToBrowser, frozen=True, kw_only=True, tag="proposal"):
    """The requested proposal: ``n`` of ``of`` items that no person has labelled.

    ``audits`` are the audited items that it is calibrated on, and ``needed`` how many more it needs at the
    least. ``some`` are a few of its items, drawn at random. ``why``: the reason why there is no proposal.
    """

    to: str
    id: str
    error: float
    certainty: float | None
    n: int
    of: int
    audits: int
    needed: int
    some: str
    why: str


class AuditCount(msgspec.Struct, frozen=True):
    """How many of the audited items a model predicted correctly that had not seen them.

    The first interval holds for a number of items that was fixed beforehand, the second at all times.
    """

    right: int
    n: int
    low: float
    high: float
    any_low: float
    any_high: float


class ClassTrust(msgspec.Struct, frozen=True):
    """A class: its number of labels, and the accuracy among the unlabelled items predicted as this class."""

    code: int
    n: int
    estimate: Estimate


class Band(msgspec.Struct, frozen=True):
    """Predictions of similar confidence, their mean confidence, and how many are correct."""

    n: int
    right: int
    confidence: float
    low: float
    high: float


class Projected(msgspec.Struct, frozen=True):
    """What ``more`` labels after the first ``n_labels`` are expected to add, with the interval."""

    more: int
    gain: float
    low: float
    high: float
    n_labels: int


class Pair(msgspec.Struct, frozen=True):
    """Two annotators by number, and their agreement on the ``n`` items that both labelled."""

    one: int
    two: int
    n: int
    agree: float
    kappa: float | None


class Alpha(msgspec.Struct, frozen=True):
    """Krippendorff's alpha on ``n`` items with several opinions, with its interval."""

    n: int
    value: float
    low: float
    high: float


class OwnPace(msgspec.Struct, frozen=True):
    """The annotator's own pace.

    ``n`` labels one by one, the median time of ``n_timed`` of them, ``n_hasty`` far faster than usual, and
    ``n_in_runs`` in ``n_runs`` runs of one class. ``again`` items were asked twice and ``same`` answered as
    before, with the interval of the share.
    """

    n: int
    n_timed: int
    seconds: float | None
    n_hasty: int
    n_in_runs: int
    n_runs: int
    again: int
    same: int
    low: float | None
    high: float | None


class TrustMessage(ToBrowser, frozen=True, kw_only=True, tag="trust"):
    """What is known of the labels and the model.

    ``why`` there is nothing to judge yet. ``confusion`` counts labels (rows) by the prediction of models that
    had not seen them. ``banded``: the calibration is about audited items only. ``advice`` is ``stop``,
    ``go on`` or ``unclear``. ``n_doubtful`` labels are listed to look at, ``n_kept`` were looked at and kept.
    """

    to: str
    why: str
    measure: Measure
    estimate: Estimate
    audit: AuditCount | None
    classes: list[ClassTrust]
    confusion: list[list[int]]
    n_confusion: int
    bands: list[Band]
    banded: bool
    projection: Projected | None
    advice: Literal["stop", "go on", "unclear"]
    reasons: list[str]
    n_doubtful: int
    n_kept: int
    people: list[str]
    pairs: list[Pair]
    alpha: Alpha | None
    pace: OwnPace


class RuleFigures(msgspec.Struct, frozen=True):
    """What a rule covers, and how good it is on the labels.

    ``n_alone`` of its items have no vote of another rule, ``n_conflicts`` one for another class. It gets
    ``accuracy`` of ``n_labelled`` labels right, with the 95 % interval from ``low`` to ``high``; null without
    labels.
    """

    codes: tuple[int, ...]
    n_items: int
    n_alone: int
    n_conflicts: int
    n_labelled: int
    accuracy: float | None
    low: float | None
    high: float | None


class RuleState(msgspec.Struct, frozen=True):
    """A rule: what it goes by (``words``), and who made it.

    ``same_as`` is a rule with the same votes, which counts instead. ``why`` it cannot be used; ``bad`` is
    what is wrong with its votes.
    """

    name: str
    words: str
    kind: Literal["query", "items", "column", "model", "labels", "function"]
    by: str
    retired: bool
    same_as: str
    why: str
    bad: str
    figures: RuleFigures


class RulesMessage(ToBrowser, frozen=True, kw_only=True, tag="rules"):
    """The rules in the order of their names' first use, and the part that they have in the model, in words.

    ``why`` there can be none for this question; empty if there can.
    """

    to: str
    why: str
    n_items: int
    trust: str
    rules: list[RuleState]


class VotesMessage(ToBrowser, frozen=True, kw_only=True, tag="votes"):
    """What a rule would label alone; ``name``, ``query`` and ``of`` are those of the request.

    Buffers: its rows, ascending, and the code of the class of each. ``why`` it cannot be said; then there are
    none.
    """

    to: str
    name: str
    query: str
    of: str
    why: str
    figures: RuleFigures | None


Tells = (
    shared.Tells
    | ClassesMessage
    | MonitorWelcome
    | MonitorUpdate
    | OpenedMessage
    | ProposalMessage
    | TrustMessage
    | RulesMessage
    | VotesMessage
)
