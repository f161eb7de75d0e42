"""Charts as figures: files for papers, and SVG inside a page."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

from hitl_widgets.errors import InvalidInput, choices, missing_extra
from hitl_widgets.paths import full_path
from hitl_widgets.widgets.charts import GREY, PAPER, PRINTED

__all__ = ["save", "svg"]

DPI = 300
ENDINGS = (".svg", ".pdf", ".png")
# Control characters, which XML does not allow, and lone surrogates.
UNDRAWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

_number = count()


def save(chart: Any, path: str | Path) -> Path:
    """Save a chart as a vector graphic or a picture, with dark text on white.

    Raises
    ------
    InvalidInput
        For an unknown ending, if vl-convert is missing, or if the file cannot be written.
    """
    target = full_path(path)
    kind = target.suffix.lower()
    if kind not in ENDINGS:
        raise InvalidInput(f"path={str(path)!r}: expected a name that ends with one of {choices(ENDINGS)}.")
    convert = _converter()
    spec = _repainted(chart, PRINTED, PAPER)
    if kind == ".svg":
        drawn: bytes = convert.vegalite_to_svg(spec).encode()
    elif kind == ".pdf":
        drawn = convert.vegalite_to_pdf(spec)
    else:
        drawn = convert.vegalite_to_png(spec, ppi=DPI)
    try:
        target.write_bytes(drawn)
    except OSError as error:
        raise InvalidInput(f"path={str(path)!r} cannot be written: {error.strerror or error}.") from error
    return target


def svg(chart: Any) -> str:
    """Return a chart as SVG that takes the text colour of the page around it."""
    drawn: str = _converter().vegalite_to_svg(_repainted(chart, GREY, "transparent"))
    drawn = re.sub(re.escape(GREY), "currentColor", drawn, flags=re.IGNORECASE)
    # Names are unique in a page, which may contain several charts.
    prefix = f"figure{next(_number)}-"
    drawn = re.sub(r'\bid="', f'id="{prefix}', drawn)
    return re.sub(r"url\(#", f"url(#{prefix}", drawn)


def _converter() -> Any:
    if find_spec("vl_convert") is None:
        raise InvalidInput(missing_extra("Drawing a figure", "vl-convert-python", "figures"))
    import vl_convert

    return vl_convert


def _drawable(part: Any) -> Any:
    """Replace the characters in names and titles that end the process in vl-convert."""
    if isinstance(part, str):
        return UNDRAWABLE.sub("\ufffd", part)
    if isinstance(part, dict):
        return {_drawable(key): _drawable(value) for key, value in part.items()}
    return [_drawable(one) for one in part] if isinstance(part, list | tuple) else part


def _repainted(chart: Any, ink: str, background: str) -> dict[str, Any]:
    spec: dict[str, Any] = json.loads(json.dumps(_drawable(chart.to_dict())).replace(GREY, ink))
    spec["config"]["background"] = background
    spec["config"].setdefault("axis", {})["gridOpacity"] = 0.12
    return spec
