"""Suites of data sets, and those in files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hitl_widgets.datasets import DataSet, load, suite
from hitl_widgets.errors import InvalidInput

RNG = np.random.default_rng(0)
FIXED = ["digits", "breast cancer", "wine", "docstrings"]
DRAWN = ["blobs", "rings", "noisy border"]


def test_the_small_suite_needs_nothing_and_synthetic_sets_are_drawn_anew():
    found = suite("small")
    assert list(found) == FIXED + DRAWN
    again, other = suite(), suite("small", random_state=1)
    for name, one in found.items():
        assert one.X.dtype == np.float32
        assert np.isfinite(one.X).all()
        assert one.fingerprint == again[name].fingerprint
        assert (one.fingerprint == other[name].fingerprint) == (name in FIXED)
        assert one.fingerprint in repr(one)
    assert len({one.fingerprint for one in found.values()}) == 7
    alone = suite("rings")
    assert list(alone) == ["rings"]
    assert alone["rings"].fingerprint == found["rings"].fingerprint


def test_other_suites_are_refused():
    with pytest.raises(InvalidInput, match="random_state='x': expected a whole number of at least 0"):
        suite("wine", random_state="x")
    with pytest.raises(InvalidInput, match="Did you mean 'small'"):
        suite("smal")


def test_the_fingerprint_is_of_items_and_classes():
    X, y = RNG.normal(size=(6, 2)), list("ababab")
    one = DataSet("one", X, y)
    assert DataSet("two", X.astype("f4"), np.array(y)).fingerprint == one.fingerprint
    assert DataSet("one", X, list("bababa")).fingerprint != one.fingerprint
    assert DataSet("one", X + 1e-3, y).fingerprint != one.fingerprint
    assert DataSet("one", X, ["a", "b", "a", "b", "a", "bb"]).fingerprint != one.fingerprint
    for other in ({"X": X[:5]}, {"X": X[0]}, {"y": ["a"] * 6}, {"X": np.full((6, 2), np.nan)}):
        with pytest.raises(InvalidInput, match="odd"):
            DataSet("odd", other.get("X", X), other.get("y", y))


TABLE = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": ["x", "y", "x", "y"], "class": ["p", "q", "p", None]})
ROWS = "@relation r\n@attribute a numeric\n@attribute b {x,y}\n@attribute class {p,q}\n@data\n"


def write(path):
    if path.suffix == ".parquet":
        TABLE.to_parquet(path)
    elif path.suffix == ".arff":
        path.write_text(ROWS + "1,x,p\n2,y,q\n3,x,p\n4,y,?\n")
    else:
        TABLE.to_csv(path, sep="," if path.suffix == ".csv" else "\t", index=False)


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "arff"])
def test_tables_are_read_and_rows_without_a_class_left_out(tmp_path, ending):
    path = tmp_path / f"data.{ending}"
    write(path)
    with pytest.warns(UserWarning, match="1 row has no class in the column 'class'"):
        found = load(path)
    assert (found.name, found.y.tolist(), len(found.X)) == ("data", ["p", "q", "p"], 3)
    with pytest.warns(UserWarning, match="1 row"):
        assert load(path).fingerprint == found.fingerprint
    other = load(path, target="b", name="n")
    assert (other.name, other.y.tolist()) == ("n", ["x", "y", "x", "y"])
    assert other.fingerprint != found.fingerprint


def test_the_target_is_the_usual_column_wherever_it_is(tmp_path):
    table = TABLE[["class", "a", "b"]].dropna()
    table.to_csv(tmp_path / "first.csv", index=False)
    assert set(load(tmp_path / "first.csv").y) == {"p", "q"}
    table.rename(columns={"b": "Target"}).to_csv(tmp_path / "two.csv", index=False)
    with pytest.raises(InvalidInput, match="columns 'class', 'Target': pass target="):
        load(tmp_path / "two.csv")
    assert set(load(tmp_path / "two.csv", target="Target").y) == {"x", "y"}


def test_words_that_look_missing_are_classes_among_words(tmp_path):
    path = tmp_path / "names.csv"
    path.write_text("a,class\n1,None\n2,ham\n3,None\n4,\n5,ham\n")
    with (
        pytest.warns(UserWarning, match=r"'None' in the column 'class' counts as a class \(2 rows\)"),
        pytest.warns(UserWarning, match="1 row has no class"),
    ):
        assert load(path).y.tolist() == ["None", "ham", "None", "ham"]
    path.write_text("a,class\n1,0\n2,1\n3,NA\n4,\n5,1\n")
    with pytest.warns(UserWarning, match="2 rows have no class"):
        assert len(load(path).y) == 3


@pytest.mark.parametrize(
    ("X", "y", "why"),
    [
        (np.eye(3), ["a", None, "b"], "1 true classes are missing"),
        (np.eye(3), np.array([0, np.nan, 1], np.float32), "1 true classes are missing"),
        (np.eye(3), pd.Series(["a", pd.NA, pd.NA]), "2 true classes are missing"),
        (np.eye(3), [1, "1", "2"], "contains 1 and '1', which look the same"),
        ("x", ["a", "b"], "X must be a matrix of numbers"),
        (np.eye(3), "abc", "expected a list with a class for each row"),
        (np.eye(3), 3, "expected a list with a class for each row"),
    ],
)
def test_a_set_without_classes_or_numbers_is_refused(X, y, why):
    with pytest.raises(InvalidInput, match=f"odd: .*{why}"):
        DataSet("odd", X, y)


def test_a_folder_of_images_is_read(tmp_path):
    from PIL import Image

    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        for i in range(3):
            Image.fromarray(RNG.integers(0, 255, (16, 16, 3), np.uint8)).save(tmp_path / label / f"{i}.png")
    found = load(tmp_path)
    assert found.y.tolist() == ["cat"] * 3 + ["dog"] * 3
    (tmp_path / "dog" / "2.png").rename(tmp_path / "cat" / "9.png")
    assert load(tmp_path).fingerprint != found.fingerprint
    for hidden in (tmp_path / ".ipynb_checkpoints" / "0.png", tmp_path / "cat" / "._0.png"):
        hidden.parent.mkdir(exist_ok=True)
        hidden.write_bytes(b"no image")
    assert set(load(tmp_path).y) == {"cat", "dog"}
    (tmp_path / "eel").mkdir()
    with pytest.warns(UserWarning, match="'eel' contains no images, so that it is not a class"):
        load(tmp_path)
    for name in ("folder.png", "link.png"):
        odd = tmp_path / "eel" / name
        odd.mkdir() if name.startswith("f") else odd.symlink_to("nothing")
        with pytest.raises(InvalidInput, match=f"{name}' is a folder or a broken link"):
            load(tmp_path)
        odd.rmdir() if name.startswith("f") else odd.unlink()
    (tmp_path / "eel").rmdir()
    (tmp_path / "cat" / "broken.png").write_bytes(b"no image")
    with pytest.raises(InvalidInput, match=r"broken\.png"):
        load(tmp_path)


NUMBERS = "a,kind,price\n" + "".join(f"{i},{'xy'[i % 2]},{i * 1.5}\n" for i in range(20))


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("x.csv", "a,b\n1,p\n2,p\n", "'b' of x.csv has 1 class"),
        ("x.csv", "a\n1\n", "1 column: .*separator"),
        ("x.csv", "a;b\n1;p\n2;q\n", "1 column: .*separator"),
        ("x.csv", NUMBERS, r"20 different values in 20 rows.* Pass target=, such as 'kind'"),
        ("x.csv", "", "cannot be read: No columns"),
        ("x.csv", "a,class\n", "0 rows with a class"),
        ("x.csv", "a,b,c\n1,2\n3,4,5,6\n", "cannot be read: .*line 3"),
        ("x.arff", "nonsense", "cannot be read.*Save it as CSV"),
        ("x.arff", ROWS + "1,x\n", "cannot be read"),
        ("x.arff", ROWS + "1,z,p\n", "cannot be read: .*z"),
        ("x.txt", "a", r"ends with '\.arff'"),
        ("x.parquet", "nonsense", "cannot be read"),
    ],
)
def test_other_files_are_refused_in_words(tmp_path, name, text, why):
    (tmp_path / name).write_text(text)
    with pytest.raises(InvalidInput, match=why):
        load(tmp_path / name)


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(InvalidInput, match="does not exist"):
        load(tmp_path / "none.csv")
    with pytest.raises(InvalidInput, match="no folders with images"):
        load(tmp_path)
    TABLE.to_csv(tmp_path / "x.csv", index=False)
    with pytest.raises(InvalidInput, match=r"target='clas'.*Did you mean 'class'"):
        load(tmp_path / "x.csv", target="clas")
