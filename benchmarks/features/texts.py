"""Measure what the text features gain, and print a table for docs/text-features.md.

    python -m benchmarks.features.texts                       every set, 5 seeds
    python -m benchmarks.features.texts --sets errors --seeds 2

Uses texts from installed packages: docstrings, functions and exception messages of Python packages, and names
of countries, languages and cities in several languages; also the TREC questions if they are available (see
benchmarks/README.md). "Before" are the former features, words alone. The metric is `pool_accuracy`.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import sysconfig
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

import hitl_widgets as hitl
from benchmarks.data import pools
from hitl_widgets.items.features import texts

MOST, MOST_OF_CLASS, FEWEST = 2_500, 450, 25
AT = (20, 50, 100)
Pairs = Iterator[tuple[str, str]]
PACKAGES = (
    "numpy",
    "scipy",
    "pandas",
    "sklearn",
    "sqlalchemy",
    "altair",
    "notebook_shim",
    "jupyter_server",
    "tornado",
)
PARTS = {
    "web": "http urllib wsgiref xmlrpc ftplib socketserver ssl",
    "mail": "email mailbox smtplib imaplib poplib",
    "windows": "tkinter idlelib turtle turtledemo",
    "markup": "xml html json plistlib",
    "processes": "multiprocessing threading subprocess asyncio concurrent",
    "testing": "unittest doctest",
    "archives": "zipfile tarfile gzip shutil pathlib",
    "numbers": "decimal _pydecimal fractions statistics random",
    "dates": "datetime _pydatetime calendar _strptime zoneinfo",
    "syntax": "ast inspect dis tokenize typing",
    "command line": "argparse optparse cmd pdb",
}


def docstrings() -> Pairs:
    table = hitl.datasets.docstrings()
    yield from zip(table["doc"], table["topic"], strict=True)


def trec() -> Pairs:
    for line in pools.TREC.read_text(encoding="utf-8").splitlines():
        kind, _, text = line.partition(" ")
        yield text, kind.split(":")[0]


def names(language: str) -> Pairs:
    from babel import Locale

    locale = Locale.parse(language)
    for kind in ("territories", "languages", "currencies", "scripts"):
        yield from ((str(name), kind) for code, name in getattr(locale, kind).items() if str(name) != code)
    yield from ((zone["city"], "cities") for zone in locale.time_zones.values() if "city" in zone)


def functions() -> Pairs:
    """Functions of at most 60 lines; the class is the part of the standard library."""
    part_of = {module: part for part, modules in PARTS.items() for module in modules.split()}
    for path, source, tree in _modules(Path(sysconfig.get_path("stdlib"))):
        part = part_of.get(path.parts[0].removesuffix(".py"))
        for node in ast.walk(tree) if part else ():
            if isinstance(node, ast.FunctionDef) and 3 <= (node.end_lineno or 0) - node.lineno <= 60:
                text = ast.get_source_segment(source, node) or ""
                if len(text) > 80:
                    yield text, str(part)


def errors() -> Pairs:
    """Exception messages; the class is the package."""
    for package in PACKAGES:
        for _, _, tree in _modules(Path(sysconfig.get_path("purelib")) / package):
            for node in ast.walk(tree):
                if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
                    said = [n.value for n in ast.walk(node.exc.args[0]) if isinstance(n, ast.Constant)]
                    text = " _ ".join(part.strip() for part in said if isinstance(part, str))
                    if len(re.findall(r"[A-Za-z]{2,}", text)) >= 4:
                        yield re.sub(r"\s+", " ", text), package


def _modules(base: Path) -> Iterator[tuple[Path, str, ast.Module]]:
    for path in sorted(base.rglob("*.py")):
        inside = path.relative_to(base)
        if {"test", "tests", "site-packages", "_vendor", "idle_test"} & set(inside.parts):
            continue
        try:
            source = path.read_text(encoding="utf-8")
            with warnings.catch_warnings(action="ignore"):
                yield inside, source, ast.parse(source)
        except (SyntaxError, UnicodeDecodeError):
            continue


SETS: dict[str, Callable[[], Pairs]] = {
    "docstrings": docstrings,
    "functions": functions,
    "errors": errors,
    **{f"names, {language}": partial(names, language) for language in ("en", "de", "fr", "ru", "ja", "ar")},
    **({"trec": trec} if pools.TREC.exists() else {}),
}


def load(name: str) -> tuple[list[str], np.ndarray[Any, Any]]:
    """Distinct texts with a single class, drawn with seed 0."""
    rng, found = np.random.default_rng(0), pd.DataFrame(SETS[name](), columns=["text", "kind"])
    found = found[found["text"].str.strip() != ""].drop_duplicates()
    found = found[~found["text"].duplicated(keep=False)].sample(frac=1, random_state=rng)
    found = found.groupby("kind").head(MOST_OF_CLASS if found["kind"].nunique() > 6 else MOST)
    found = found[found.groupby("kind")["text"].transform("size") >= FEWEST].head(MOST)
    return found["text"].tolist(), np.unique(found["kind"], return_inverse=True)[1]


def features(name: str, view: str) -> np.ndarray[Any, Any]:
    said, _ = load(name)
    if view == "now":
        return texts.encode(said, 128, 0)[0]
    words = next(texts._parts(said, np.arange(len(said)), 0))
    words.learn(said)
    return words.X


def run(name: str, view: str, X: Any, y: Any, seed: int) -> list[dict[str, Any]]:
    strong = LogisticRegression(C=10, max_iter=2_000)
    who = {"ours": ("auto", "auto"), "LR": (strong, "margin"), "random": (strong, "random")}
    frame = hitl.simulate(
        X, y, contestants=who if view == "now" else {"ours": who["ours"]}, budget=max(AT), repeats=1, at=AT,
        random_state=seed, n_jobs=1, progress=False,
    ).frame  # fmt: skip
    return [{"set": name, "view": view, "seed": seed, **row} for row in
            frame[["contestant", "n_labels", "pool_accuracy"]].to_dict("records")]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=[*SETS], default=[*SETS], metavar="SET")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    heads = ["set", "texts", "before", "now", "LR (C = 10) + margin", "LR + random"]
    print(f"| {' | '.join(heads)} |\n|{' --- |' * len(heads)}")
    gains = []
    for name in given.sets:
        _, y = load(name)
        made = {view: features(name, view) for view in ("before", "now")}
        tasks = product(made, range(given.seeds))
        parallel = joblib.Parallel(given.jobs)
        rows = parallel(joblib.delayed(run)(name, view, made[view], y, seed) for view, seed in tasks)
        found = pd.DataFrame([row for part in rows for row in part])
        mean = found.groupby(["view", "contestant", "n_labels"])["pool_accuracy"].mean()
        columns = [mean[view, who].to_numpy() for view, who in
                   (("before", "ours"), ("now", "ours"), ("now", "LR"), ("now", "random"))]  # fmt: skip
        gains.append(columns[1] - columns[0])
        cells = [" / ".join(f"{v:.2f}" for v in column) for column in columns]
        print(f"| {name} | {len(y):,} | {' | '.join(cells)} |", flush=True)
    print("\nmean gain at", *AT, "labels:", *(f"{v:+.3f}" for v in np.mean(gains, axis=0)))
    print("worst:", *(f"{v:+.3f}" for v in np.min(gains, axis=0)))


if __name__ == "__main__":
    main()
