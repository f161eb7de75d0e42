"""Explanations of the model and of a question: correct sentences in words."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from hitl_widgets.learn.auto import AutoLearner, Trust
from hitl_widgets.learn.scoring import ClassBelief
from hitl_widgets.learn.strategies import as_strategy
from hitl_widgets.loop.asking import Asker
from hitl_widgets.loop.round import Round
from hitl_widgets.maps.preparation import Stage
from hitl_widgets.questions.schema import Schema
from hitl_widgets.widgets.monitor import model_words

CODES = np.array([0, 1, -1], dtype=np.int16)
SHARE = np.full(3, 0.5, dtype=np.float32)
SCORES = ClassBelief(CODES, CODES[[1, 0, 2]], SHARE, SHARE, SHARE[:0])
ROUND = Round(1, Schema(["ham", "spam"]), 12, 12, SCORES, model="auto", has_features=True)


def reason(strategy, round_, i=0):
    name, chosen = as_strategy(strategy)
    return Asker(name, chosen, 2, 0.1, 0).reason(round_, i)


def words(round_, stage=None):
    return model_words(SimpleNamespace(round=round_, background=SimpleNamespace(stage=stage)))


def test_trust_in_words_adds_up():
    trust = Trust(0.784, 1050, 941, 836)
    assert trust.short == "neighbours 78 %, linear 22 %"
    assert str(trust) == (
        "neighbours 78 %, linear 22 %: in leave-one-out prediction of 1,050 labels, "
        "neighbours got 941 right, a linear model 836"
    )
    for share in np.linspace(0, 1, 201):
        shown = [int(part.split()[1]) for part in Trust(share, 9, 1, 1).short.split(", ")]
        assert sum(shown) == 100


def test_trust_claims_no_evidence_where_no_label_could_be_told_without_itself():
    learner = AutoLearner().start(np.eye(6, dtype=np.float32), 3)
    learner.update(np.array([0, 1, 2]), np.array([0, 1, 2]))
    assert learner.trust.evidence == "there are too few labels to tell which of the two is better"


def test_people_read_which_model_it_is_and_never_auto():
    growing = Stage("finding neighbours", 0.5)
    found = replace(ROUND, has_graph=True, explanation=str(Trust(0.78, 50, 41, 36)))
    assert words(found) == (
        "neighbours 78 %, linear 22 %",
        "in leave-one-out prediction of 50 labels, neighbours got 41 right, a linear model 36",
    )
    assert words(ROUND, growing) == ("logistic regression", "neighbours are being computed")
    # The graph could not be built: nothing is on its way.
    assert words(ROUND) == ("logistic regression", "")
    assert words(replace(ROUND, model="SVC")) == ("SVC", "")
    assert words(None) == words(replace(ROUND, model="")) == ("", "")


@pytest.mark.parametrize("strategy", ["doubt", "margin", "entropy"])
def test_uncertainty_is_told_as_between_two_classes(strategy):
    assert reason(strategy, ROUND) == "between ham and spam"


def test_early_doubt_names_the_neighbourhood_only_where_it_counted():
    graph = replace(ROUND, has_graph=True)
    assert reason("doubt", graph) == "between ham and spam, in an uncertain region"
    assert reason("doubt", replace(graph, n_labels=29)).endswith("in an uncertain region")
    assert reason("doubt", replace(graph, n_labels=30)) == "between ham and spam"
    assert reason("margin", graph) == "between ham and spam"


def test_a_strategy_of_ones_own_is_named_unless_the_default_stood_in():
    def mine(proba, context):
        return proba[:, 0]

    assert reason(mine, ROUND) == "chosen by mine"
    assert reason(mine, replace(ROUND, error="The strategy 'mine' returned NaN.")) == "between ham and spam"
    assert reason("random", ROUND) == "drawn at random"
    assert reason("doubt", ROUND, i=2) == "chosen by doubt"
