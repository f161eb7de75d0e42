"""Include the built JavaScript in the wheel, so that installing it does not need Node."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WIDGETS = ("labeler", "explorer", "monitor", "reviewer", "lesson", "replay")
SOURCE = Path(__file__).parent / "js" / "src"
TARGETS = (
    *(f"{name}.{ending}" for name in WIDGETS for ending in ("js", "css")),
    "recorded.js",
    *(f"{file.stem}.js" for file in sorted((SOURCE / "modules").glob("*.ts"))),
    *(f"compose-{file.stem}.js" for file in sorted((SOURCE / "composers").glob("*.ts"))),
    *(f"view-{file.stem}.js" for file in sorted((SOURCE / "viewers").glob("*.ts"))),
    "map.json",
    "curve.json",
)


class BundleHook(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable" or os.environ.get("HITL_SKIP_JS") == "1":
            return
        static = Path(self.root) / "src" / "hitl_widgets" / "widgets" / "static"
        missing = [name for name in TARGETS if not (static / name).exists()]
        if missing:
            raise FileNotFoundError(
                f"{', '.join(missing)} not built in {static}: run `make js` before building the wheel."
            )
