"""Measure how many labels a person is spared, and write docs/label-efficiency.md.

    python benchmarks/label_efficiency.py                    everything, 20 repeats: hours on 2 cores
    python benchmarks/label_efficiency.py --only suite       one part; the others keep their last figures
    python benchmarks/label_efficiency.py --quick --sets wine --out /tmp/page.md

A run that was stopped goes on where it was. Figures lie in benchmarks/results/labels, those of --quick in
benchmarks/results/labels-quick, where its page is written too unless --out says another place.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

import label_parts
import label_report
import pools

HERE = Path(__file__).resolve().parent
QUICK_REPEATS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", choices=[*label_parts.PARTS, "report"], action="append", help="one part")
    sets = pools.available()
    parser.add_argument("--sets", nargs="+", choices=sets, default=sets, metavar="SET",
                        help=f"of suite, noise and held_out, some of\n{', '.join(sets)}")  # fmt: skip
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--large-repeats", type=int, default=3, help="of the part large, which is slow")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_REPEATS} repeats, for a first look")
    parser.add_argument("--jobs", type=int, default=-1, help="processes; all cores if not said")
    parser.add_argument("--keep-baselines", action="store_true",
                        help="take LogisticRegression's last runs, also where our code has changed;\n"
                             "the page says so")  # fmt: skip
    parser.add_argument("--results", type=Path, help="another folder for the figures")
    parser.add_argument("--out", type=Path, help="another place for the page")
    given = parser.parse_args()
    name = "labels-quick" if given.quick else "labels"
    results = given.results or HERE / "results" / name
    target = given.out or (results if given.quick else HERE.parent / "docs") / "label-efficiency.md"
    options = label_parts.Options(
        QUICK_REPEATS if given.quick else given.repeats,
        1 if given.quick else given.large_repeats,
        tuple(given.sets),
        given.jobs,
        results,
        given.keep_baselines,
    )
    command = shlex.join(["python", "benchmarks/label_efficiency.py", *sys.argv[1:]])
    results.mkdir(parents=True, exist_ok=True)
    for part in given.only or label_parts.PARTS:
        if part in label_parts.PARTS:
            label_parts.PARTS[part](options)
        label_report.write(results, target, command)
    print(f"Written: {target}")


if __name__ == "__main__":
    main()
