"""A map of candidates, by what distinguishes them from the others of their prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.data.projection import pca_map

if TYPE_CHECKING:
    from hitl_widgets.preferences.candidates import Candidates
    from hitl_widgets.preferences.reward import Posterior

__all__ = ["reward_rows"]

# More points are a burden for a browser, and overlap.
MOST = 3_000
LONGEST = 400


def reward_rows(candidates: Candidates, post: Posterior) -> list[dict[str, Any]]:
    """Return a row for each candidate: its place, texts, reward, doubt and answers.

    Of many candidates, those of prompts that were asked about come first, up to 3,000.
    """
    prompt = candidates.prompt
    counts = np.bincount(prompt)
    X = np.asarray(candidates.features, np.float64)
    sums = np.zeros((len(counts), X.shape[1]))
    np.add.at(sums, prompt, X)
    places = pca_map((X - (sums / counts[:, None])[prompt]).astype(np.float32))
    reward = post.mean - (np.bincount(prompt, post.mean) / counts)[prompt]
    sd = _sd_within(candidates, post)
    given = np.concatenate([post.given.first, post.given.second])
    n = np.bincount(given, minlength=len(candidates))
    asked = np.bincount(prompt, n)[prompt] > 0
    rows = np.lexsort((prompt, ~asked))[:MOST]
    kind = candidates.kind
    return [
        {
            "x": float(places[i, 0]),
            "y": float(places[i, 1]),
            "prompt": _short(candidates.words[prompt[i]]),
            "at": int(prompt[i]),
            "candidate": _short(kind.words(candidates.items[i])),
            "reward": float(reward[i]),
            "sd": float(sd[i]),
            "n": int(n[i]),
        }
        for i in rows.tolist()
    ]


def _sd_within(candidates: Candidates, post: Posterior) -> npt.NDArray[np.float64]:
    """Return the standard deviation of each reward minus the mean of its prompt, (n,)."""
    at, S = candidates.layout, post.covariance.astype(np.float64)
    counts = np.bincount(at.prompt)
    share = (np.arange(at.most) < counts[:, None]) / counts[:, None]
    with_mean = (S @ share[:, :, None])[:, :, 0]
    of_mean = (with_mean * share).sum(axis=1)
    variance = S[at.prompt, at.place, at.place] - 2 * with_mean[at.prompt, at.place] + of_mean[at.prompt]
    return np.asarray(np.sqrt(np.maximum(variance, 0)), np.float64)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
