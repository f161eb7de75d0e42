"""Several images of one item, and several columns together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hitl_widgets as hitl
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import InvalidInput
from hitl_widgets.items.base import Size
from hitl_widgets.maps.preparation import encode

RNG = np.random.default_rng(0)
N = 12
# The text says the class in half of the rows, and the brightness of the image in the others.
DARK = np.arange(N) % 2
TABLE = pd.DataFrame(
    {
        "caption": ["night" if dark else "day" for dark in DARK],
        "front": [RNG.integers(0, 256 - 200 * dark, (20, 30, 3), dtype=np.uint8) for dark in DARK],
        "back": list(RNG.integers(0, 256, (N, 10, 8, 3), np.uint8)),
        "id": [f"r{i}" for i in range(N)],
    }
)
BOTH = {"text": "caption", "image": "front", "id": "id"}


def test_two_columns_are_shown_together_with_their_names() -> None:
    pool = Pool.from_data(TABLE, **BOTH)
    assert (pool.kind, pool.option, pool.columns) == ("several", "text,image", ("caption", "front"))
    for size in (Size(), Size(side=160, glimpse=True)):
        shown = pool.payload(0, size)
        assert shown.content["names"] == ["caption", "front"]
        assert [one["kind"] for one in shown.content["items"]] == ["text", "image"]
        assert (shown.content["media"], len(shown.media)) == ([0, 1], 1)
    base = pool.part(0, {"what": "base", "width": 30, "height": 20, "at": 0, "member": 1}, 10_000)
    assert base.content["total"] == len(base.media[0][1])
    assert pool.part(0, {"from": 1, "member": 0}, 10_000).content["text"] == "ay"
    for wrong in (2, "1", None):
        with pytest.raises(ValueError, match="no member"):
            pool.part(0, {"member": wrong}, 10_000)
    assert pool.item_kind.words(pool.items[1]) == "night"


def test_one_part_that_cannot_be_shown_leaves_the_others() -> None:
    table = TABLE.assign(front=[b"\xff\xd8 truncated", *TABLE["front"][1:]])
    first, second = (one["kind"] for one in Pool.from_data(table, **BOTH).payload(0).content["items"])
    assert (first, second) == ("text", "broken")


def test_features_are_those_of_each_column_and_count_alike(tmp_path: Path) -> None:
    pool = Pool.from_data(TABLE, **BOTH)
    Z, encoder = encode(pool)
    alone = [encode(Pool.from_data(TABLE, **{how: BOTH[how]}, id="id"))[0] for how in ("text", "image")]
    assert Z.shape == (N, sum(one.shape[1] for one in alone))
    for part in np.split(Z, [alone[0].shape[1]], axis=1):
        assert np.linalg.norm(part, axis=1).mean() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(encoder.transform(pool.items), Z, atol=1e-4)
    with hitl.Session(TABLE, **BOTH, classes=["a", "b"], store=":memory:", random_state=0) as session:
        for i in range(8):
            session.label(f"r{i}", "ab"[DARK[i]])
        session.wait()
        expected = ["ab"[dark] for dark in DARK]
        assert session.to_frame()["prediction"].tolist()[8:] == expected[8:]
        saved = hitl.load_model(session.save_model(tmp_path / "model.npz"))
        assert list(saved.predict(pool.items)) == expected


def test_a_column_of_lists_has_no_names_for_their_members() -> None:
    table = pd.DataFrame({"both": [["a text", front] for front in TABLE["front"]]})
    pool = Pool.from_data(table, item="both", kind="several:text,image")
    assert "names" not in pool.payload(0).content


def test_what_is_not_a_value_for_each_column_is_refused() -> None:
    for wrong in ([1], [["a"]], ["ab"], [None]):
        with pytest.raises(InvalidInput, match=r"row 0 is .*expected a list of 2 values"):
            Pool.from_data(wrong, kind="several:text,image")


def test_pairs_keep_both_images_unless_they_are_compared() -> None:
    images = {"image": ["front", "back"], "id": "id"}

    def made(question: Any, **more: Any) -> tuple[Any, Any]:
        with hitl.Session(TABLE, question=question, store=":memory:", **images, **more) as session:
            pool = session.pool
            return pool, encode(pool)[0] if pool.X is None else pool.X

    X = RNG.normal(size=(N, 2, 3)).astype(np.float32)
    choice, pair = hitl.Question.choice(["a", "b"]), hitl.Question.pair()
    pool, Z = made(choice)
    compared, difference = made(pair)
    d = difference.shape[1]
    assert Z.shape == (N, 2 * d)
    np.testing.assert_allclose(Z[:, :d] - Z[:, d:], difference, atol=1e-5)
    np.testing.assert_array_equal(made(choice, X=X)[1], X.reshape(N, 6))
    np.testing.assert_array_equal(made(pair, X=X)[1], X[:, 0] - X[:, 1])
    assert pool.payload(0).content["names"] == ["front", "back"]
    # The name of a column may give the answer of a comparison away.
    assert "names" not in compared.payload(0).content


def test_a_stored_question_decides_too(tmp_path: Path) -> None:
    how = {"image": ["front", "back"], "id": "id", "store": tmp_path / "labels.sqlite"}
    hitl.Session(TABLE, classes=["a", "b"], **how).close()
    with hitl.Session(TABLE, **how) as session:
        assert session.pool.compares is False


def test_marks_on_several_images_are_refused_at_the_start() -> None:
    for shown, kind in (({"image": ["front", "back"]}, "list"), (BOTH, "several")):
        with pytest.raises(InvalidInput, match=rf"asks for boxes.*'{kind}'.*expected 'image'.*image=\.\.\."):
            hitl.Session(TABLE, **shown, question=hitl.Question.boxes(["a"]), store=":memory:")


@pytest.mark.parametrize("option", ["text", "text,list:text", "text,table", "text,no"])
def test_an_option_that_cannot_be_meant_is_refused(option: str) -> None:
    with pytest.raises(InvalidInput, match=r"expected two or more kinds|not a kind of item"):
        Pool.from_data([["a", "b"]], kind=f"several:{option}")
