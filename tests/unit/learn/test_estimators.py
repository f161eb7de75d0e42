"""Estimators that cannot learn yet give no model and a reason; class codes are made consecutive if needed."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

import hitl_widgets as hitl
from hitl_widgets.errors import HitlError
from hitl_widgets.session import Session

Make = Callable[..., Session]

RNG = np.random.default_rng(0)
CENTRES = np.array([[0, 0], [6, 0], [0, 6]])
CODES = np.repeat([0, 1, 2], 30)
X = CENTRES[CODES] + RNG.normal(scale=0.5, size=(90, 2))


class ZeroBased(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Accepts only codes 0 to k - 1, like gradient boosting libraries."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> ZeroBased:
        if not np.array_equal(np.unique(y), np.arange(len(np.unique(y)))):
            raise ValueError(f"Invalid classes: expected 0 to k - 1, got {np.unique(y)}")
        self.model_ = GaussianNB().fit(X, y)
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X: Any) -> Any:
        return self.model_.predict(X)

    def predict_proba(self, X: Any) -> Any:
        return self.model_.predict_proba(X)


class Nameless(ZeroBased):
    """Does not expose which classes it knows."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Nameless:
        super().fit(X, y)
        del self.classes_
        return self


class NeedsAll(ZeroBased):
    """Needs every class of the task from the start."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> NeedsAll:
        if len(np.unique(y)) < 3:
            raise RuntimeError("3 classes are expected")
        super().fit(X, y)
        return self


class Broken(ZeroBased):
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Broken:
        raise ZeroDivisionError("it never works")


def label(session: Session, rows: Any) -> None:
    for i in rows:
        session.label(session.pool.ids[i], session.schema.values[CODES[i]])


@pytest.mark.parametrize("estimator", [ZeroBased(), Nameless()])
@pytest.mark.parametrize("classes", [["a", "b", "c"], [0, 1, 2], [7, 5, 3]])
def test_estimators_of_codes_without_gaps(make_session: Make, estimator: Any, classes: Any) -> None:
    session = make_session(X, classes=classes, learner=estimator)
    label(session, [*range(4), *range(60, 64)])  # the first and the last class
    session.wait()
    told = session.predictions()["label"].to_numpy()
    assert set(told) == {classes[0], classes[2]}
    assert (told[CODES == 2] == classes[2]).mean() > 0.9
    label(session, range(30, 36))
    session.wait()
    y = np.asarray(classes)[CODES]
    assert (session.predictions()["label"].to_numpy() == y).mean() > 0.9
    assert session.model().score(X, y) > 0.9


@pytest.mark.parametrize(
    ("estimator", "early", "more", "words"),
    [
        (KNeighborsClassifier(5), [0, 30, 60], range(1, 5), "n_neighbors"),
        (NeedsAll(), [0, 1, 30, 31], [60, 61, 62], "1 of 3 classes without any.*3 classes are expected"),
        (
            CalibratedClassifierCV(LogisticRegression(), cv=3),
            [0, 30, 60],
            [1, 2, 3, 31, 32, 33, 61, 62, 63],
            "cannot learn from 3 labels yet",
        ),
    ],
)
def test_an_estimator_that_cannot_learn_yet_is_no_model_yet(
    make_session: Make, estimator: Any, early: Any, more: Any, words: str
) -> None:
    session = make_session(X, classes=["a", "b", "c"], learner=estimator)
    label(session, early)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = session.wait()
        assert len(session.query(3)) == 3
    assert found.error == ""
    assert found.explanation.startswith("No model yet: ")
    assert re.search(words, found.explanation)
    assert "No model yet" in repr(found)
    assert session.predictions()["label"].isna().all()
    assert session.accuracy().value is None
    with pytest.raises(HitlError, match="No model yet"):
        session.model()
    label(session, more)
    found = session.wait()
    assert not found.explanation
    assert session.predictions()["label"].notna().all()


def test_an_estimator_that_never_works_is_said_to_fail_once_there_is_enough(make_session: Make) -> None:
    session = make_session(X, classes=["a", "b", "c"], learner=Broken())
    label(session, [0, 30, 60])
    assert "it never works" in session.wait().explanation
    label(session, [*range(1, 12), *range(31, 42), *range(61, 72)])
    with pytest.raises(HitlError, match=r"The model 'Broken' failed: ZeroDivisionError: it never works"):
        session.wait()


def test_an_estimator_that_needs_all_classes_races_once_they_are_there() -> None:
    y = np.where(np.arange(90) < 88, CODES % 2, 2)  # the last class is rare
    found = hitl.simulate(
        X, y, [NeedsAll()], ["random"], budget=85, repeats=1, n_jobs=1, progress=False, graph=False
    )
    assert len(found.frame)
