from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from hitl_widgets.data.embedding import embed_items
from hitl_widgets.data.matrix import check_matrix
from hitl_widgets.errors import InvalidInput
from hitl_widgets.items.features.tables import encode as encode_tables
from hitl_widgets.items.features.texts import encode as encode_texts

RNG = np.random.default_rng(0)


def assert_matrix(X: np.ndarray[Any, Any], n: int) -> None:
    assert X.dtype == np.float32
    assert X.flags.c_contiguous
    assert X.ndim == 2
    assert len(X) == n
    assert X.shape[1] > 0
    assert np.isfinite(X).all()


@pytest.mark.parametrize(
    "texts",
    [
        ["one message"],
        [""],
        ["", "", ""],
        ["same text"] * 300,
        ["!!!", "???", "a"],
        ["hello world", "", None, float("nan")],
        [" ".join(RNG.choice(list("abcdefgh"), 3)) for _ in range(50)],
        [f"word{i} word{i + 1} word{i + 2}" for i in range(400)],
    ],
)
def test_any_texts_give_a_finite_matrix(texts: list[Any]) -> None:
    X = encode_texts(texts)[0]
    assert_matrix(X, len(texts))
    assert X.shape[1] <= 128
    lengths = np.linalg.norm(X, axis=1)
    assert np.all((lengths < 1e-6) | (np.abs(lengths - 1) < 1e-4))


def test_texts_about_one_thing_lie_together() -> None:
    topics = [["cat", "dog", "purr", "bark", "fur"], ["tax", "loan", "bank", "money", "rent"]]
    texts = [" ".join(RNG.choice(topics[i % 2], 8)) for i in range(300)]
    X = encode_texts(texts, dim=8)[0]
    similar = X @ X.T
    assert similar[::2, ::2].mean() > similar[::2, 1::2].mean() + 0.3
    np.testing.assert_array_equal(X, encode_texts(texts, dim=8)[0])


def test_every_kind_of_column() -> None:
    n = 60
    columns: dict[str, list[object]] = {
        "number": [None if i % 7 == 0 else i * 1.5 for i in range(n)],
        "huge": [1e308, float("inf"), *range(n - 2)],
        "flag": [i % 2 == 0 for i in range(n)],
        "constant": [3] * n,
        "missing": [None] * n,
        "day": [date(2024, 1, 1 + i % 28) for i in range(n)],
        "time": [datetime(2024, 1, 1 + i % 28, tzinfo=UTC) for i in range(n)],
        "colour": [["red", "blue", None][i % 3] for i in range(n)],
        "note": [f"note number {i} about topic {i % 5}" for i in range(n)],
    }
    X = encode_tables(columns)[0]
    assert_matrix(X, n)
    assert set(encode_tables({"constant": [3] * n})[0].ravel()) == {0.0}
    assert set(encode_tables({"missing": [None] * n})[0].ravel()) == {0.0}
    colours = encode_tables({"colour": columns["colour"]})[0]
    assert colours.shape == (n, 3)
    assert set(colours.sum(axis=1)) == {1.0}
    numbers = encode_tables({"number": columns["number"]})[0]
    assert abs(float(numbers.mean())) < 1e-5
    assert abs(float(numbers.std()) - 1) < 1e-5


def test_columns_must_exist_and_match() -> None:
    with pytest.raises(InvalidInput, match="the same length"):
        encode_tables({})[0]
    with pytest.raises(InvalidInput, match=r"'b': 1"):
        encode_tables({"a": [1, 2], "b": [1]})[0]


def test_embed_takes_functions_transformers_and_encoders() -> None:
    class Encoder:
        def encode(self, items: list[str]) -> list[list[int]]:
            return [[len(i), 1] for i in items]

    items = ["a bc", "de f", "gh"]
    assert_matrix(embed_items(items, lambda xs: [[len(x), 0] for x in xs]), 3)
    assert_matrix(embed_items(items, TfidfVectorizer()), 3)
    assert_matrix(embed_items(items, Encoder()), 3)
    with pytest.raises(InvalidInput, match="2 rows, but data has 3"):
        embed_items(items, lambda xs: np.ones((2, 4)))
    with pytest.raises(InvalidInput, match="function"):
        embed_items(items, TfidfVectorizer)


def test_a_ready_matrix_is_not_copied() -> None:
    X = RNG.normal(size=(10, 3)).astype(np.float32)
    assert check_matrix(X, 10) is X


def test_other_matrices_are_converted() -> None:
    assert_matrix(check_matrix([[1, 2], [3, 4]], 2), 2)
    assert_matrix(check_matrix(np.asfortranarray(RNG.normal(size=(10, 3))), 10), 10)
    assert_matrix(check_matrix(np.array([[1, 2.5]], dtype=object), 1), 1)
    narrow = sparse.random(20, 50, 0.2, format="csr", random_state=0)
    np.testing.assert_allclose(check_matrix(narrow, 20), narrow.toarray(), rtol=1e-6)
    wide = sparse.random(300, 1000, 0.05, format="csr", random_state=0)
    assert check_matrix(wide, 300).shape == (300, 128)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones(10), "2-D"),
        (np.ones((9, 2)), "X has 9 rows, but data has 10"),
        (np.ones((10, 0)), "no columns"),
        (np.full((10, 2), "a"), "not numbers"),
        (np.full((10, 2), "a", dtype=object), "cannot be read"),
        (np.ones((10, 2), complex), "not numbers"),
        ([[1, 2], [3]] * 5, "differ in length"),
        (np.full((10, 2), 1e300), "10 of 10 rows"),
        (sparse.csr_matrix((9, 200)), "9 rows"),
    ],
)
def test_unusable_matrices_are_refused(X: object, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        check_matrix(X, 10)


def test_the_message_names_the_bad_rows() -> None:
    X = np.ones((10, 2))
    X[[3, 7], 1] = np.nan, np.inf
    with pytest.raises(InvalidInput, match=r"2 of 10 rows \(row 3, 7\)"):
        check_matrix(X, 10)


def test_numbers_whose_squares_are_infinite_are_refused_by_column() -> None:
    X = np.ones((10, 3))
    X[4, 2] = 1e20
    with pytest.raises(InvalidInput, match=r"1e\+20, .* in column 2 of row .*too wide.*StandardScaler"):
        check_matrix(X, 10)
