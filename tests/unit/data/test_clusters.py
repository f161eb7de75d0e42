from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score

from hitl_widgets.data.cluster_names import name_table_clusters, name_text_clusters, plain_names
from hitl_widgets.data.clusters import find_clusters, medoids, outlines
from hitl_widgets.data.projection import normalise_map

RNG = np.random.default_rng(0)


def test_separate_hills_are_found_largest_first() -> None:
    centers = [[-8, -8], [8, -8], [-8, 8], [8, 8], [0, 0]]
    points, y = make_blobs([500, 400, 300, 200, 100], centers=centers, random_state=0)
    labels = find_clusters(normalise_map(points))
    assert labels.dtype == np.int16
    assert adjusted_rand_score(y, labels) > 0.95
    sizes = np.bincount(labels)
    assert np.all(sizes > 0)
    assert np.all(np.diff(sizes) <= 0)


def test_scale_makes_groups_finer_or_coarser() -> None:
    xy = normalise_map(make_blobs(3000, centers=12, cluster_std=0.7, random_state=1)[0])
    counts = [find_clusters(xy, scale=s).max() + 1 for s in (0.5, 1, 3)]
    assert counts[0] > counts[1] > counts[2]


@pytest.mark.parametrize("n", [0, 1, 2, 10])
def test_few_points(n: int) -> None:
    xy = RNG.uniform(-1, 1, (n, 2)).astype(np.float32)
    labels = find_clusters(xy)
    assert len(labels) == n
    assert set(labels) == set(range(len(set(labels))))
    assert len(set(labels)) <= max(1, n)
    assert len(outlines(xy, labels)) == len(plain_names(labels)) == len(set(labels))


def test_points_in_one_place_and_on_the_rim() -> None:
    assert set(find_clusters(np.zeros((50, 2), np.float32))) == {0}
    corners = np.array([[-1, -1], [1, 1], [-1, 1], [1, -1]] * 20, np.float32)
    assert adjusted_rand_score(np.arange(80) % 4, find_clusters(corners)) == 1


def test_names_come_from_the_words_that_differ() -> None:
    texts = ["the cat and the kitten purr"] * 20 + ["the bank sent a loan statement"] * 20
    labels = np.repeat(np.array([0, 1], np.int16), 20)
    cats, banks = name_text_clusters(texts, labels)
    assert set(cats.split(", ")) <= {"cat", "kitten", "purr"}
    assert set(banks.split(", ")) <= {"bank", "sent", "loan", "statement"}


def test_names_are_distinct_and_never_empty() -> None:
    texts = ["red green blue"] * 30 + ["42 !!"] * 10
    labels = np.arange(40, dtype=np.int16) // 10
    names = name_text_clusters(texts, labels)
    assert len(set(names)) == 4
    assert names[3] == "group 4"
    assert name_text_clusters(["", ""], np.zeros(2, np.int16)) == ["group 1"]
    assert name_text_clusters([], np.zeros(0, np.int16)) == []


def test_outlines_surround_the_inner_points() -> None:
    disc = RNG.normal(size=(1000, 2)).astype(np.float32)
    (hull,) = outlines(disc, np.zeros(1000, np.int16))
    radius = np.linalg.norm(hull, axis=1)
    assert hull.dtype == np.float32
    assert 1.7 < radius.max() < 2.5
    x, y = hull.T
    assert np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) > 0


def test_outlines_of_points_without_an_area() -> None:
    line = np.stack([np.linspace(0, 1, 20), np.linspace(0, 1, 20)], axis=1)
    xy = np.vstack([line, [[0, 0]], [[1, 1], [1, 0]]]).astype(np.float32)
    labels = np.array([0] * 20 + [1] + [3] * 2, np.int16)
    sizes = [len(polygon) for polygon in outlines(xy, labels)]
    assert sizes[2] == 0
    assert all(size >= 3 for i, size in enumerate(sizes) if i != 2)


def test_a_medoid_lies_in_the_middle_of_its_group() -> None:
    xy = RNG.normal(size=(500, 2)).astype(np.float32)
    xy[250:] += 20
    labels = np.repeat(np.array([0, 2], np.int16), 250)
    found = medoids(xy, labels)
    assert found[1] == -1
    for group, rows in ((0, np.arange(250)), (2, np.arange(250, 500))):
        assert found[group] in rows
        assert np.linalg.norm(xy[found[group]] - np.median(xy[rows], axis=0)) < 0.3


def test_small_groups_among_many_texts_are_named_too() -> None:
    labels = np.zeros(50_000, np.int16)
    rare = RNG.choice(50_000, 40, replace=False)
    labels[rare] = 1
    texts = np.where(labels == 1, "zebra stripes", "plain letter")
    assert set(name_text_clusters(texts.tolist(), labels)[1].split(", ")) == {"zebra", "stripes"}


def test_tables_are_named_by_what_sets_a_group_apart() -> None:
    labels = np.repeat(np.array([0, 1, 2], np.int16), 30)
    rows = [
        {
            "city": "Paris" if group == 0 else RNG.choice(["Rome", "Oslo"]),
            "income": RNG.normal(100 if group == 1 else 50, 5),
            "age": RNG.normal(20 if group == 2 else 45, 5) if i % 7 else None,
            "note": f"text {i}",
            "height": RNG.normal(170, 10),
        }
        for i, group in enumerate(labels)
    ]
    assert name_table_clusters(rows, labels)[:2] == ["city Paris", "high income"]
    numbers = [{"age": r["age"] or 20.0, "height": r["height"]} for r in rows]
    assert name_table_clusters(numbers, labels)[2] == "low age"


def test_tables_that_say_nothing_keep_plain_names() -> None:
    labels = np.arange(40, dtype=np.int16) % 2
    same = [{"a": 1, "b": "x"} for _ in labels]
    assert name_table_clusters(same, labels) == ["group 1", "group 2"]
    alike = [{"a": i // 2, "b": None, "c": float("nan")} for i in range(40)]
    assert name_table_clusters(alike, labels) == ["group 1", "group 2"]
    wide = [dict.fromkeys(map(str, range(60)), i % 2) for i in range(40)]
    assert name_table_clusters(wide, labels) == ["group 1", "group 2"]
