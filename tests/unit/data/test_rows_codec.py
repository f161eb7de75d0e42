"""Encoding the rows of a selection as one short string, and rejecting anything else."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hitl_widgets.data.rows import decode, encode
from hitl_widgets.errors import InvalidInput

SHARED = json.loads((Path(__file__).parents[3] / "js" / "test" / "rows.json").read_text())


@pytest.mark.parametrize("case", SHARED, ids=lambda case: case["text"][:20])
def test_the_browser_and_the_kernel_write_the_same(case):
    assert encode(case["rows"]) == case["text"]
    assert decode(case["text"], 2**31).tolist() == case["rows"]


@given(st.sets(st.integers(0, 3000)) | st.sets(st.integers(0, 2**31 - 1), max_size=20))
def test_rows_come_back(rows):
    expected = sorted(rows)
    found = decode(encode(expected), max(rows, default=0) + 1)
    assert found.dtype == np.int64
    assert found.tolist() == expected


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(1, 400)), max_size=30))
def test_runs_come_back(runs):
    rows = [row for start, n in np.cumsum(np.ravel(runs)).reshape(-1, 2) for row in range(start, n + 1)]
    assert decode(encode(rows), 30_000).tolist() == rows


@given(st.sets(st.integers(0, 99), min_size=1), st.integers(1, 99))
def test_rows_beyond_the_pool_are_refused(rows, n):
    text = encode(sorted(rows))
    if max(rows) < n:
        assert decode(text, n).tolist() == sorted(rows)
    else:
        with pytest.raises(InvalidInput, match=f"not in the pool of {n} items|beyond the pool of {n} items"):
            decode(text, n)


@given(st.binary(max_size=40).map(lambda data: base64.b64encode(data).decode()) | st.text(max_size=30))
@example("")
@example("AQ==")
@example("\ud800")
@example(base64.b64encode(b"\x01\xff\xff\xff\xff\x7f").decode())
@example(base64.b64encode(b"\x01\x01\x01\xff\xff\xff\xff\x7f").decode())
def test_whatever_comes_is_rows_of_the_pool_or_refused(text):
    try:
        rows = decode(text, 200)
    except InvalidInput:
        return
    assert (np.diff(rows) > 0).all()
    assert not len(rows) or 0 <= rows[0] <= rows[-1] < 200


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "unknown format"),
        (b"\x03\x00", "unknown format"),
        (b"\x01", "ends within a number"),
        (b"\x01\x80", "ends within a number"),
        (b"\x01\x02\x02", "runs are missing"),
        (b"\x01\x01\x03", "runs are missing"),
        (b"\x01\x00\x00", "runs are missing"),
        (b"\x01\x02\x02\x00", "runs touch"),
        (b"\x01\x80\x80\x80\x80\x80\x01", "too large"),
    ],
)
def test_what_is_malformed_is_said(data, why):
    with pytest.raises(InvalidInput, match=why):
        decode(base64.b64encode(data).decode(), 1000)


def test_a_tenth_of_a_million_at_random_fits_the_outbox():
    rows = np.flatnonzero(np.random.default_rng(0).random(1_000_000) < 0.1)
    text = encode(rows)
    assert len(text) < 150_000
    assert np.array_equal(decode(text, 1_000_000), rows)
    assert len(encode(np.arange(1_000_000))) < 20
