"""Principles: sentences that say what a good candidate is, and how much people's preferences follow them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from hitl_widgets.errors import InvalidInput, nearest
from hitl_widgets.loop.loop import Loop
from hitl_widgets.loop.troubles import in_words
from hitl_widgets.preferences.candidates import refuse_halves
from hitl_widgets.preferences.people import fixed
from hitl_widgets.preferences.voices import given
from hitl_widgets.questions.question import Question
from hitl_widgets.session import Session, loop_of

if TYPE_CHECKING:
    import pandas as pd

    from hitl_widgets.preferences.candidates import Candidates
    from hitl_widgets.questions.schema import Schema

__all__ = ["Principle", "Principles", "weigh"]

Floats = npt.NDArray[np.float64]

OF = "principle"
TRIED = 5  # candidates with which a function is tried when it is added
SPREAD = 1.5  # of weights, before anybody has answered
LONGEST = 500


@dataclass(frozen=True)
class Principle:
    """A principle, as it lies in the log.

    Attributes
    ----------
    sentence
        What a good candidate does.
    check, value
        How it is checked: ``has`` or ``lacks`` (a regular expression), ``most`` or ``least`` (a number of
        words), ``check`` (the name of a function), or ``""``.
    """

    sentence: str
    check: str = ""
    value: Any = None

    @classmethod
    def read(cls, sentence: str, kept: Mapping[str, Any]) -> Principle:
        """Return a principle from the log."""
        return cls(sentence, str(kept.get("check", "")), kept.get("value"))

    def words(self) -> str:
        """Return how it is checked, in words."""
        return {
            "has": f"contains {self.value!r}",
            "lacks": f"does not contain {self.value!r}",
            "most": f"at most {self.value} words",
            "least": f"at least {self.value} words",
            "check": f"the function {self.value}",
        }.get(self.check, "by its question only")


def weigh(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return the weights of principles in preferences, and their covariance.

    This is a logistic regression with a normal prior, by Laplace's method; a tie is half a win of each.

    Parameters
    ----------
    x
        How much more the first follows each principle, (n, k).
    y
        1 if the first was preferred, 0 if the second was, 0.5 for a tie, (n,).
    """
    w, prior = np.zeros(x.shape[1]), np.eye(x.shape[1]) / SPREAD**2
    for _ in range(100):
        p = expit(x @ w)
        H = prior + x.T @ ((p * (1 - p))[:, None] * x)
        step = np.linalg.solve(H, x.T @ (y - p) - prior @ w)
        w = w + step / max(1.0, float(np.abs(step).max(initial=0)))
        if np.abs(step).max(initial=0) < 1e-9:
            break
    return np.asarray(w, np.float64), np.asarray(np.linalg.inv(H), np.float64)


class Compared(Protocol):
    """What principles need of :class:`.Preferences`."""

    ask: Any
    candidates: Candidates
    session: Session

    def also(self, name: str, question: Schema) -> Session:
        """Return a session that asks another question about the same pairs."""

    def has_also(self, name: str) -> bool:
        """Return whether it was asked."""


class Principles:
    """The principles of some preferences, ``prefs.principles``: acts in the store, which can be undone."""

    def __init__(self, prefs: Compared) -> None:
        self._prefs = prefs
        self._functions: dict[str, Callable[[Any], Any]] = {}
        self._sessions: dict[str, Session] = {}

    @property
    def _loop(self) -> Loop:
        return loop_of(self._prefs.session)

    def add(
        self,
        sentence: str,
        *,
        has: str | None = None,
        lacks: str | None = None,
        most: int | None = None,
        least: int | None = None,
        check: Callable[[Any], Any] | None = None,
    ) -> str:
        """Add a principle, or replace the one with this sentence; returns the event's id.

        Parameters
        ----------
        sentence
            What a good candidate does, such as ``"Says sorry."``.
        has, lacks
            A regular expression that a good candidate contains, or does not contain.
        most, least
            The number of words.
        check
            A function of a candidate that returns whether it follows the principle, or how much, as a number.
            It is tried with a few candidates now. It is not kept in the store: after a restart, add it again.

        Raises
        ------
        InvalidInput
            If the check cannot be used, or fails.
        """
        if not isinstance(sentence, str) or not 0 < len(sentence.strip()) <= LONGEST:
            raise InvalidInput(f"sentence={sentence!r}: expected a sentence of at most {LONGEST} characters.")
        refuse_halves(sentence, "sentence=")
        told = {"has": has, "lacks": lacks, "most": most, "least": least, "check": check}
        given = {name: value for name, value in told.items() if value is not None}
        if len(given) > 1:
            raise InvalidInput(f"Pass one of {' and '.join(f'{name}=' for name in given)}, not both.")
        kept: dict[str, Any] = {}
        for name, value in given.items():
            kept = {"check": name, "value": _kept(name, value)}
            if name != "check" and not self._prefs.candidates.kind.reads:
                raise InvalidInput(f"{name}= is for texts: pass check=, a function of a candidate.")
        if check is not None:
            for item in map(self._prefs.candidates.own, self._prefs.candidates.items[:TRIED]):
                _asked(check, item)
            self._functions[sentence] = check
        return self._loop.acts.define(OF, sentence, kept)

    def remove(self, sentence: str) -> str:
        """Remove a principle; returns the event's id. Its answers stay in the store."""
        self._find(sentence)
        return self._loop.acts.define(OF, sentence, None)

    def stated(self) -> Sequence[Principle]:
        """Return the principles, in the order in which they were first added."""
        self._loop.log.catch_up()
        found = self._loop.log.definitions(OF).items()
        return [Principle.read(name, event.value["is"]) for name, event in found]

    def _find(self, sentence: str) -> Principle:
        found = {one.sentence: one for one in self.stated()}
        if sentence not in found:
            raise InvalidInput(f"There is no principle {sentence!r}.{nearest(sentence, found)}")
        return found[sentence]

    def question(self, sentence: str) -> Session:
        """Return a session that asks which of two follows a principle better, about the same pairs."""
        self._find(sentence)
        prefs = self._prefs
        if sentence in self._sessions and prefs.session.closed:
            return self._sessions[sentence]  # closed, too: its answers can still be read
        if prefs.ask != "pairs":
            raise InvalidInput("Rankings have no pairs to ask about: use ask='pairs'.")
        if sentence not in self._sessions or self._sessions[sentence].closed:
            self._sessions[sentence] = prefs.also(
                f"principle: {sentence}", Question.pair(f"Which follows it better: {sentence}", sides="given")
            )
        return self._sessions[sentence]

    def close(self, *, again: bool = False) -> None:
        """Close the sessions of :meth:`question`; ``again``: others are opened when they are needed."""
        for session in self._sessions.values():
            session.close()
        if again:
            self._sessions.clear()

    # -- what they say of candidates

    def _follows(self, one: Principle) -> tuple[Floats | None, str]:
        """Return how much each candidate follows a principle by its check, and what the check is, in words.

        None if there is no check, or it cannot be used here: the words say why.
        """
        words = one.words()
        if not one.check:
            return None, words
        if one.check == "check" and one.sentence not in self._functions:
            return None, f"{words}, which is missing: add it again"
        try:
            return np.array(list(self._checked(one)), np.float64), words
        except InvalidInput as failure:  # also a pattern that another version of Python wrote
            return None, f"{words}, which cannot be used: {in_words(failure)}"

    def _checked(self, one: Principle) -> Iterator[float]:
        """Yield how much each candidate follows a principle by its check."""
        found = self._prefs.candidates
        if one.check == "check":
            function = self._functions[one.sentence]
            yield from (_asked(function, found.own(item)) for item in found.items)
            return
        value = _kept(one.check, one.value)
        for text in map(found.text, found.items):
            match one.check:
                case "has" | "lacks":
                    yield float((re.search(value, text) is None) == (one.check == "lacks"))
                case _:
                    n = len(text.split())
                    yield float(n <= value if one.check == "most" else n >= value)

    def _answered(self, sentence: str) -> Mapping[str, float]:
        """Return how the pairs were answered that were asked about a principle: 1, -1 or 0, by id."""
        if sentence not in self._sessions and not self._prefs.has_also(f"principle: {sentence}"):
            return {}
        session = self.question(sentence)
        if not session.n_labels:
            return {}
        labels, codes = session.labels(), {"first": 1.0, "second": -1.0}
        answers = labels["label"].map(fixed(session.schema))
        means = answers.map(lambda one: codes.get(one, 0.0)).groupby(labels["id"]).mean()
        return {str(id_): float(mean) for id_, mean in means.items()}

    def differences(self) -> pd.DataFrame:
        """Return how much more the first of each pair follows each principle, indexed by id.

        By the answers to the principle's question if the pair was asked, else by its check: the difference
        of both, for numbers in standard deviations; NaN if neither is there.
        """
        return self._differences()[0]

    def _differences(self) -> tuple[pd.DataFrame, dict[str, str]]:
        """Return the same, and how each is checked, in words."""
        import pandas as pd

        pairs, ids = self._prefs.candidates.pairs, list(self._prefs.session.pool.ids)
        columns, checks = {}, {}
        for one in self.stated():
            values, checks[one.sentence] = self._follows(one)
            if values is None:
                x = np.full(len(pairs), np.nan)
            else:
                x = values[pairs[:, 0]] - values[pairs[:, 1]]
                if not np.isin(values, [0, 1]).all():
                    x = x / (x.std() or 1.0)
            said = self._answered(one.sentence)
            if said:
                x = np.array([said.get(id_, old) for id_, old in zip(ids, x, strict=True)])
            columns[one.sentence] = x
        return pd.DataFrame(columns, index=pd.Index(ids, name="id")), checks

    def _decided(self) -> tuple[list[Any], npt.NDArray[np.int64], Floats]:
        """Return the ids and rows of all answers to pairs, and 1, 0 or 0.5."""
        prefs = self._prefs
        if prefs.ask != "pairs":
            raise InvalidInput("Principles are weighed by comparisons: use ask='pairs'.")
        self._loop.log.catch_up()
        every = given(self._loop.log)
        rows, y = every.rows, np.full(len(every), 0.5)
        y[every.y == 0], y[every.y == 1] = 1.0, 0.0
        return [prefs.session.pool.ids[row] for row in rows], rows, y

    def weights(self) -> pd.DataFrame:
        """Return how much each principle counts in the preferences, heaviest first.

        Columns principle; weight, what following it adds to the log odds of being preferred, all others
        being equal; low and high (95 %); n, in how many answers it makes a difference; followed, in
        which share of those the preferred one follows it; and check, with the reason if it cannot be used:
        such a principle has the weight 0, unless its question was answered.
        """
        import pandas as pd

        ids, _, y = self._decided()
        table, checks = self._differences()
        x = np.nan_to_num(table.loc[ids].to_numpy(np.float64))
        w, S = weigh(np.column_stack([x, np.ones(len(x))]), y)  # the last is the side
        sd = np.sqrt(np.diag(S))
        rows = []
        for k, sentence in enumerate(checks):
            at = (x[:, k] != 0) & (y != 0.5)
            rows.append(
                {
                    "principle": sentence,
                    "weight": w[k],
                    "low": w[k] - 1.96 * sd[k],
                    "high": w[k] + 1.96 * sd[k],
                    "n": int(at.sum()),
                    "followed": float(np.mean((x[at, k] > 0) == (y[at] == 1))) if at.any() else np.nan,
                    "check": checks[sentence],
                }
            )
        names = ["principle", "weight", "low", "high", "n", "followed", "check"]
        found = pd.DataFrame(rows, columns=names)
        return found.sort_values("weight", ascending=False, kind="stable").reset_index(drop=True)

    def conflicts(self) -> pd.DataFrame:
        """Return answers that a principle contradicts: the preferred one follows it less than the other.

        Columns principle, preferred, other, instead (the principles that the preferred one follows more), and
        id. Where ``instead`` is empty, people and principle disagree, or something is missing.
        """
        import pandas as pd

        ids, row_numbers, y = self._decided()
        table, prefs = self.differences(), self._prefs
        signs = np.sign(np.nan_to_num(table.loc[ids].to_numpy(np.float64))) * np.sign(y - 0.5)[:, None]
        names = list(table.columns)
        rows = []
        for i, id_ in enumerate(ids):
            pair = [
                prefs.candidates.own(prefs.candidates.items[c])
                for c in prefs.candidates.pairs[row_numbers[i]].tolist()
            ]
            preferred, other = pair if y[i] == 1 else pair[::-1]
            instead = [names[k] for k in np.flatnonzero(signs[i] > 0)]
            rows += [
                (names[k], preferred, other, instead, id_) for k in np.flatnonzero(signs[i] < 0).tolist()
            ]
        return pd.DataFrame(rows, columns=["principle", "preferred", "other", "instead", "id"])

    def broken(self) -> pd.DataFrame:
        """Return which candidates break which principles by their checks: prompt, candidate and principle."""
        import pandas as pd

        found, rows = self._prefs.candidates, []
        for one in self.stated():
            values, _ = self._follows(one)
            if values is not None and np.isin(values, [0, 1]).all():
                rows += [
                    (found.words[found.prompt[i]], found.own(found.items[i]), one.sentence)
                    for i in np.flatnonzero(values == 0).tolist()
                ]
        return pd.DataFrame(rows, columns=["prompt", "candidate", "principle"])

    def on_card(self) -> Sequence[str]:
        """Return the section of a data card about the principles."""
        from hitl_widgets.formats.card import escaped, table

        if not self.stated() or self._prefs.ask != "pairs":
            return []
        rows = [
            (
                escaped(row["principle"]),
                escaped(row["check"]),
                f"{row['weight']:.2f} ({row['low']:.2f} to {row['high']:.2f})",
                f"{row['n']:,}",
            )
            for _, row in self.weights().iterrows()
        ]
        words = "What following each adds to the log odds of being preferred, with 95 % intervals."
        return ["## Principles", words, table(["principle", "check", "weight", "pairs"], rows)]


def _asked(check: Callable[[Any], Any], item: Any) -> float:
    """Return what a user's function says of a candidate; raise InvalidInput if it is no number."""
    try:
        said = check(item)
    except Exception as failure:
        raise InvalidInput(
            f"The function failed for the candidate {str(item)[:60]!r}: {in_words(failure)}. Expected a "
            "function of a candidate that returns True, False or a number."
        ) from failure
    numeric = isinstance(said, bool | int | float | np.bool_ | np.number) and not isinstance(said, complex)
    if not numeric or not np.isfinite(said):
        raise InvalidInput(
            f"The function returned {str(said)[:60]!r} for the candidate {str(item)[:60]!r}: expected True, "
            "False or a number."
        )
    return float(said)


def _kept(check: str, value: Any) -> Any:
    """Return what the log keeps of a check; raise InvalidInput if it cannot be used."""
    if check in ("most", "least"):
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 0:
            raise InvalidInput(f"{check}={value!r}: expected a number of words.")
        return int(value)
    if check == "check":
        if not callable(value):
            raise InvalidInput(f"check={value!r}: expected a function of a candidate.")
        return getattr(value, "__name__", type(value).__name__)
    if check not in ("has", "lacks"):
        raise InvalidInput(f"The check {check!r} is not known to this version of hitl-widgets.")
    if not isinstance(value, str):
        raise InvalidInput(f"{check}={value!r}: expected a regular expression, as a text.")
    try:
        re.compile(value)
    except re.error as error:
        raise InvalidInput(f"{check}={value!r} is not a regular expression: {error}.") from None
    return value
