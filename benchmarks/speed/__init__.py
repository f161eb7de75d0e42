"""How long things take; the browser is driven as the tests drive it."""

import sys

from benchmarks import ROOT

sys.path.insert(0, str(ROOT / "tests" / "browser"))
