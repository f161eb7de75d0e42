"""A word trigram that learns from a reward, small enough to watch: for teaching."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from hitl_widgets import screen
from hitl_widgets.background.turns import give_way
from hitl_widgets.errors import InvalidInput
from hitl_widgets.preferences.policies import Policy, Rewards, best_of_kl

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Improved", "Trigram", "reinforce"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Judge = Callable[[Sequence[str], Sequence[str]], Floats]

MOST_WORDS, LONGEST = 2_000, 40
# How much of a word's probability comes from the two words before, the one before, and none.
SHARES = (0.7, 0.25, 0.05)
START, END = 0, 1
BATCH, RATE, DECAY = 64, 0.3, 0.9
NS = (2, 4, 8, 16, 32, 64)
SAID = {"predicted": "as the reward predicts", "win": "as judged"}
COLORS = {"REINFORCE": ("#F0B98D", "#D55E00"), "best of n": ("#9CC8E6", "#0072B2")}


class Trigram:
    """A language model of word trigrams, interpolated with bigrams and words (Jelinek and Mercer 1980).

    Parameters
    ----------
    texts
        Texts, whose words are what stands between spaces. At most the 2,000 most frequent words are used.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        lists = [text.split()[:LONGEST] for text in texts]
        counts = Counter(word for words in lists for word in words)
        if not counts:
            raise InvalidInput("The texts have no words, so there is nothing to learn from: pass texts=.")
        self.words = ["", "", *(word for word, _ in counts.most_common(MOST_WORDS))]
        at = {word: i for i, word in enumerate(self.words) if i > END}
        V = len(self.words)
        self._one = np.zeros(V)
        self._two = np.zeros((V, V), np.float32)
        three: dict[tuple[int, int], Counter[int]] = {}
        for words in lists:
            row = [START, START, *(at[word] for word in words if word in at), END]
            for a, b, c in zip(row[:-2], row[1:-1], row[2:], strict=True):
                self._one[c] += 1
                self._two[b, c] += 1
                three.setdefault((a, b), Counter())[c] += 1
        self._one /= self._one.sum()
        total = self._two.sum(axis=1, keepdims=True)
        self._two = np.where(total > 0, self._two / np.maximum(total, 1), self._one).astype(np.float32)
        self._three = {
            ab: (np.array(list(c), np.int64), np.array(list(c.values())) / sum(c.values()))
            for ab, c in three.items()
        }

    def __len__(self) -> int:
        return len(self.words)

    def shares(self, before: Ints) -> Floats:
        """Return the probability of each next word after two others, (n, n_words); ``before`` is (n, 2)."""
        three, two, one = SHARES
        P = two * self._two[before[:, 1]].astype(np.float64) + one * self._one
        for i, (a, b) in enumerate(before.tolist()):
            known = self._three.get((a, b))
            if known is None:
                P[i] *= 1 / (two + one)
            else:
                P[i, known[0]] += three * known[1]
        return P

    def text(self, row: Ints) -> str:
        """Return the words of a sample as a text."""
        return " ".join(self.words[i] for i in row if i > END)


@dataclass
class Walk:
    """Samples, and what learns from them.

    Attributes
    ----------
    rows
        The words of each sample, (n, length), END after the last.
    kl
        The divergence from the trigram along each sample, exact at every word, (n,).
    steps
        What each word was drawn from, if the samples are to be learned from: the samples that were going on,
        the word before, the probabilities, the gradient of the divergence, and the word.
    """

    rows: Ints
    kl: Floats
    steps: list[tuple[Ints, Ints, Floats, Floats, Ints]]


class Biased:
    """A trigram with an additional logit for each word, and for each pair of words."""

    def __init__(self, base: Trigram) -> None:
        self.base = base
        V = len(base)
        self.one, self.two = np.zeros(V), np.zeros((V, V), np.float32)

    def sample(self, n: int, rng: np.random.Generator, *, learns: bool = False) -> Walk:
        """Draw ``n`` texts."""
        rows = np.full((n, LONGEST), END, np.int64)
        before = np.full((n, 2), START, np.int64)
        kl, going, steps = np.zeros(n), np.arange(n), []
        for t in range(LONGEST):
            give_way()
            base = self.base.shares(before[going])
            logits = np.log(np.maximum(base, 1e-300)) + self.one + self.two[before[going, 1]]
            logits -= logits.max(axis=1, keepdims=True)
            P = np.exp(logits)
            P /= P.sum(axis=1, keepdims=True)
            ratio = np.where(base > 0, np.log(np.maximum(P, 1e-300)) - np.log(np.maximum(base, 1e-300)), 0)
            here = (P * ratio).sum(axis=1)
            word = (P.cumsum(axis=1) < rng.random(len(going))[:, None]).sum(axis=1)
            word = np.minimum(word, P.shape[1] - 1)
            if learns:
                steps.append((going, before[going, 1], P, P * (ratio - here[:, None]), word))
            kl[going] += here
            rows[going, t] = word
            before[going] = np.column_stack([before[going, 1], word])
            going = going[word != END]
            if not len(going):
                break
        return Walk(rows, kl, steps)

    def learn(self, walk: Walk, gain: Floats, beta: float, rate: float) -> None:
        """Follow the gradient of the mean gain minus ``beta`` times the divergence."""
        one = np.zeros_like(self.one)
        n = len(gain)
        for going, last, P, slope, word in walk.steps:
            move = -P * gain[going, None] - beta * slope
            move[np.arange(len(word)), word] += gain[going]
            one += move.sum(axis=0)
            np.add.at(self.two, last, (rate / n * move).astype(np.float32))
        self.one += rate / n * one


class Improved(Policy):
    """A word trigram after REINFORCE, with what happened at each step.

    Attributes
    ----------
    steps
        A table with columns policy (``"REINFORCE"`` or ``"best of n"``), step (or n), kl (nats), reward (the
        mean), predicted (how often its samples are preferred to those of the base, as the reward predicts)
        and, if ``judge=`` was passed, win (how often the judge prefers them).
    """

    def __init__(
        self, model: Biased, start: Biased, kl: float, steps: pd.DataFrame, rng: np.random.Generator
    ) -> None:
        self.name, self.kl, self.steps = "word trigram, REINFORCE", kl, steps
        self._model, self._rng = model, rng

        def draw(prompt: Any, n: int) -> list[str]:  # noqa: ARG001 - it knows no prompt
            return _texts(start, n, rng)

        draw.__name__, self.base = "the trigram of the texts", draw

    def _made(self, prompt: Any, n: int) -> list[str]:  # noqa: ARG002 - it knows no prompt
        return _texts(self._model, n, self._rng)

    def chart(self) -> Any:
        """Draw how often the policy is preferred to its base over the divergence, beside the best of n.

        Where what the reward predicts rises and the judge's answers fall, the reward is overoptimised.
        """
        rows, colors = [], {}
        for row in self.steps.to_dict("records"):
            for column in ("predicted", "win"):
                if column in row:
                    name = f"{row['policy']}, {SAID[column]}"
                    colors[name] = COLORS[row["policy"]][column == "win"]
                    told = {"contestant": name, "kl": row["kl"], "mean": row[column], "repeats": 1}
                    rows.append(told | {"low": None, "high": None})
        how = {"axis": "kl", "x_title": "divergence from the base (nats)", "y_title": "preferred to the base"}
        return screen.chart(rows, dict(sorted(colors.items(), reverse=True)), **how)


def _judged(judge: Judge, made: Sequence[str], rival: Sequence[str]) -> Floats:
    """Return what a judge says; raise InvalidInput if it is not a share for each pair."""
    said = judge(made, rival)
    try:
        found = np.asarray(said, np.float64)
    except (TypeError, ValueError):
        found = np.zeros(0)
    if found.shape != (len(made),) or not ((found >= 0) & (found <= 1)).all():
        raise InvalidInput(
            f"judge= returned {str(said)[:60]}: expected {len(made):,} numbers from 0 to 1, how often each "
            "text is preferred to the other at its place."
        )
    return found


def _texts(model: Biased, n: int, rng: np.random.Generator) -> list[str]:
    return [model.base.text(row) for row in model.sample(n, rng).rows]


def reinforce(
    texts: Sequence[str],
    rewards: Rewards,
    *,
    steps: int = 60,
    beta: float = 0.1,
    judge: Judge | None = None,
    every: int = 5,
    n_judged: int = 256,
    random_state: int = 0,
) -> Improved:
    """Teach a word trigram by REINFORCE (Williams 1992), with the divergence as a penalty.

    The divergence from the trigram of the texts is exact at every word, and averaged over samples. Each
    measured step is shown beside the best of n samples of the trigram.

    Parameters
    ----------
    rewards
        Returns the rewards of texts.
    steps
        The number of batches of 64 samples.
    beta
        How many standard deviations of the reward a nat of divergence costs.
    judge
        Returns how often the first texts are preferred to the second, (n,): a simulated person.
    every
        After how many steps the policy is measured.
    n_judged
        The number of samples that a measurement takes.
    """
    import pandas as pd

    rng = np.random.default_rng(random_state)
    base = Trigram(texts)
    model, rival = Biased(base), _texts(Biased(base), n_judged, rng)
    pool = _texts(Biased(base), n_judged * NS[-1], rng)
    pooled = rewards(pool)
    scale = float(pooled.std()) or 1.0
    rivals = rewards(rival)
    rows: list[dict[str, Any]] = []

    def measure(policy: str, step: int, kl: float, made: list[str], reward: Floats) -> None:
        row: dict[str, Any] = {"policy": policy, "step": step, "kl": kl, "reward": float(reward.mean())}
        row["predicted"] = float(expit(reward - rivals).mean())
        if judge is not None:
            row["win"] = float(_judged(judge, made, rival).mean())
        rows.append(row)

    for n in (1, *NS):
        of = pooled[: n_judged * n].reshape(n_judged, n)
        best = [pool[i * n + j] for i, j in enumerate(of.argmax(axis=1).tolist())]
        measure("best of n", n, best_of_kl(n), best, of.max(axis=1))
    kl = 0.0
    for step in range(steps + 1):
        if step % every == 0 or step == steps:
            walk = model.sample(n_judged, rng)
            made, kl = [base.text(row) for row in walk.rows], float(walk.kl.mean())
            measure("REINFORCE", step, kl, made, rewards(made))
        if step == steps:
            break
        walk = model.sample(BATCH, rng, learns=True)
        gain = rewards([base.text(row) for row in walk.rows]) / scale - beta * walk.kl
        gain -= (gain.sum() - gain) / (len(gain) - 1)  # the mean of the others: no bias
        model.learn(walk, gain, beta, RATE)
    return Improved(model, Biased(base), kl, pd.DataFrame(rows), rng)
