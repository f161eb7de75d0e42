"""Measure how many labels are saved, and write docs/label-efficiency.md.

    python -m benchmarks.labels.efficiency                    everything: hours on 2 cores
    python -m benchmarks.labels.efficiency --only drawn --contestants ours --repeats 5
    python -m benchmarks.labels.efficiency --only report      the page, from the finished runs
    python -m benchmarks.labels.efficiency --quick --sets wine --out /tmp/page.md

A run is one contestant on one set in one repeat. Finished runs are saved in benchmarks/results/labels and
not repeated, so an interrupted measurement can be continued. Runs with our learner are only valid for the
code that made them; other runs remain valid. --quick saves its runs and its page in
benchmarks/results/labels-quick.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from benchmarks import DOCS, RESULTS
from benchmarks.labels import contestants as label_contestants
from benchmarks.labels import report as label_report
from benchmarks.labels import runs as label_runs
from benchmarks.labels import sets as label_sets

PARTS = ("suite", "former", "wrong", "drawn", "rare", "large", "update")
QUICK = 2


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", choices=[*PARTS, "report"], nargs="+", default=[*PARTS], metavar="PART",
                        help=f"some of {', '.join(PARTS)}, report")  # fmt: skip
    sets = label_sets.available()
    parser.add_argument("--sets", choices=sets, nargs="+", default=sets, metavar="SET",
                        help="some of\n" + "; ".join(sets).replace("%", "%%"))  # fmt: skip
    everybody = label_contestants.ALL
    parser.add_argument("--contestants", choices=everybody, nargs="+", default=everybody, metavar="NAME",
                        help=f"some of\n{'; '.join(everybody)}")  # fmt: skip
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--peer-repeats", type=int, default=5, help="repeats of the peers, which are slow")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} repeats, for a first look")
    parser.add_argument("--jobs", type=int, default=-1, help="number of processes; all cores by default")
    parser.add_argument("--results", type=Path, help="another folder for the runs")
    parser.add_argument("--out", type=Path, help="another place for the page")
    given = parser.parse_args()
    results = given.results or RESULTS / ("labels-quick" if given.quick else "labels")
    target = given.out or (results if given.quick else DOCS) / "label-efficiency.md"
    repeats, peers = (QUICK, 1) if given.quick else (given.repeats, given.peer_repeats)
    options = label_runs.Options(
        repeats, peers, tuple(given.only), tuple(given.sets), tuple(given.contestants), given.jobs, results
    )
    results.mkdir(parents=True, exist_ok=True)
    failed = label_runs.measure(options)
    if "update" in given.only:
        label_runs.update(options)
    command = shlex.join(["python", "-m", "benchmarks.labels.efficiency", *sys.argv[1:]])
    label_report.write(results, target, command)
    print(f"Written: {target}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
