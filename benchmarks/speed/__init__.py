"""Measurements of speed; the browser is driven in the same way as in the tests."""

import sys

from benchmarks import ROOT

sys.path.insert(0, str(ROOT / "tests" / "browser"))
