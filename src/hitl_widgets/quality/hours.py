"""Hours: how long somebody has worked, and whether a break is due."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Break", "break_due", "stretch", "worked"]

# Seconds between two acts after which somebody is taken to have done something else.
PAUSE = 300.0
# Answers that are compared: the latest ones, and as many at the start of the stretch.
COMPARED = 40
# The latest answers are slow if they take this many times as long as the first ones.
SLOWER = 1.5
# One-sided error probability of "agrees less", since it is looked at after every answer.
ALPHA = 0.01

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Break:
    """Why a break is due.

    Attributes
    ----------
    minutes
        How long the annotator has worked without a pause of five minutes.
    tired
        Whether the reason is that answers take longer and agree less; otherwise it is the time alone.
    """

    minutes: int
    tired: bool

    @property
    def words(self) -> str:
        """One sentence for the annotator."""
        if self.tired:
            return "Your answers take longer and agree less with the model than at first: take a break?"
        return f"You have labelled for {self.minutes} minutes without a break."


def worked(times: Floats, took: Floats) -> float:
    """Return the seconds that somebody has worked.

    Parameters
    ----------
    times
        Times of the acts in seconds, ascending, shape (n,).
    took
        Seconds that the item was looked at before each act, NaN if unknown, shape (n,).

    Returns
    -------
    float
        The time between two acts counts if it is at most five minutes. Otherwise, and for the first act, the
        time that the item was looked at counts, at most five minutes.
    """
    if not len(times):
        return 0.0
    gaps = np.diff(times, prepend=-np.inf)
    looked = np.minimum(np.nan_to_num(took, nan=0.0), PAUSE)
    return float(np.where(gaps <= PAUSE, gaps, looked).sum())


def stretch(times: Floats) -> int:
    """Return the position of the first act after the last pause."""
    pauses = np.flatnonzero(np.diff(times) > PAUSE)
    return int(pauses[-1]) + 1 if len(pauses) else 0


def break_due(times: Floats, took: Floats, agreed: Floats, now: float, after: float) -> Break | None:
    """Return whether a break is due.

    Parameters
    ----------
    times, took
        See :func:`worked`; answers to single items.
    agreed
        Whether each answer is what the model, which has not seen it, predicts: 1 or 0, NaN if unknown.
    now
        The current time in seconds.
    after
        Minutes without a pause after which a break is due.

    Returns
    -------
    Break or None
        None if no break is due.
    """
    if not len(times) or now - times[-1] > PAUSE:
        return None
    since = stretch(times)
    minutes = (now - times[since]) / 60
    tired = _slower(took[since:]) and _agrees_less(agreed[since:])
    return Break(int(minutes), tired) if tired or minutes >= after else None


def _slower(took: Floats) -> bool:
    known = took[~np.isnan(took)]
    if len(known) < 2 * COMPARED:
        return False
    return bool(np.median(known[-COMPARED:]) >= SLOWER * np.median(known[:COMPARED]))


def _agrees_less(agreed: Floats) -> bool:
    """Compare the latest answers with the first ones: Fisher's exact test."""
    known = agreed[~np.isnan(agreed)]
    if len(known) < 2 * COMPARED:
        return False
    from scipy.stats import fisher_exact

    late, early = int(known[-COMPARED:].sum()), int(known[:COMPARED].sum())
    table = np.array([[late, COMPARED - late], [early, COMPARED - early]])
    return bool(fisher_exact(table, alternative="less").pvalue <= ALPHA)
