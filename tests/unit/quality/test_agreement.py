"""Agreement of annotators, compared with scikit-learn."""

from __future__ import annotations

import pandas as pd
import pytest

from hitl_widgets.quality.agreement import agreement


def test_agreement_of_two_and_of_three() -> None:
    from sklearn.metrics import cohen_kappa_score

    one, two = ["a", "a", "b", "b"], ["a", "b", "b", "b"]
    labels = pd.DataFrame(
        {
            "id": [*range(4), *range(4), 0],
            "label": [*one, *two, "a"],
            "annotator": ["x"] * 4 + ["y"] * 4 + ["z"],
        }
    )
    found = agreement(labels)
    assert found["annotators"].tolist() == ["x, y", "x, z", "y, z"]
    assert found["n"].tolist() == [4, 1, 1]
    assert found["agree"].tolist() == [0.75, 1.0, 1.0]
    assert found["kappa"][0] == pytest.approx(cohen_kappa_score(one, two))
    assert found["kappa"].isna().tolist() == [False, True, True]
    assert agreement(labels[:4]).empty
