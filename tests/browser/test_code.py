"""Source code on the card: coloured, numbered, copied unchanged, and labelled."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
SHOTS = Path(__file__).parent / "shots"

PYTHON = (
    'def greet(name):\n\t"""Say hello."""\n\treturn f"hello {name}"  # 漢字 😀 שלום\n\n'
    "numbers = [" + ", ".join(map(str, range(200))) + "]\n"
)
TROJAN = 'if level != "none\u202e \u2066# admin\u2069 \u2066":\n    print(1)\n'
CELL = """import hitl_widgets as hitl, pandas as pd, json
from pathlib import Path
table = pd.DataFrame({{"source": json.loads(Path("items.json").read_text())}})
session = hitl.Session(
    table, item="source", kind="code:.py", classes=["good", "bad"], store=":memory:", random_state=1)
hitl.{widget}(session)"""
# Contrast by the formula of WCAG 2.1, for colours in any notation.
CONTRAST = """e => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    const light = colour => {
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map(
            v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
        return .2126 * r + .7152 * g + .0722 * b;
    };
    const style = getComputedStyle(e);
    const both = [light(style.color), light(getComputedStyle(e.closest('.hitl')).backgroundColor)];
    return (Math.max(...both) + .05) / (Math.min(...both) + .05);
}"""


def opened(desk, items, widget="Labeler", **look):
    (desk.folder / "items.json").write_text(json.dumps(items))
    notebook, bench = desk.open(CELL.format(widget=widget), **look)
    notebook.run(0)
    bench.wait_item()
    return notebook, bench


def colour(bench, name):
    return bench.card.locator(f".hitl-code-{name}").first.evaluate("e => getComputedStyle(e).color")


@pytest.mark.parametrize(("dark", "width"), [(False, 1280), (True, 620)])
def test_tokens_have_colours_of_their_own_and_labels_are_given(desk, dark, width):
    notebook, bench = opened(desk, [PYTHON + f"# {i}\n" for i in range(6)], dark=dark, width=width)
    text = bench.labeler.evaluate("e => getComputedStyle(e).color")
    seen = [text, *(colour(bench, name) for name in ("keyword", "name", "string", "comment", "number"))]
    assert len(set(seen)) == len(seen)
    for token in bench.card.locator("code span").all()[:12]:
        assert token.evaluate(CONTRAST) >= 4.5
    SHOTS.mkdir(exist_ok=True)
    bench.labeler.screenshot(path=SHOTS / f"code-{'dark' if dark else 'light'}.png")

    before = colour(bench, "keyword")
    notebook.theme("JupyterLab Light" if dark else "JupyterLab Dark")
    expect(bench.card.locator(".hitl-code-keyword").first).not_to_have_css("color", before)

    bench.focus()
    for _ in range(2):
        bench.label("1")
        bench.wait_item()
    bench.acknowledged()
    assert bench.n_labels == 2


def test_what_is_copied_is_the_source_alone_and_numbers_stay_by_their_lines(desk):
    notebook, bench = opened(desk, [PYTHON, PYTHON + "x = 1\n"])
    page = notebook.page
    copied = page.evaluate(
        """() => {
            getSelection().selectAllChildren(document.querySelector('.hitl-card'));
            return getSelection().toString();
        }"""
    )
    assert copied.replace("x = 1", "").strip() == PYTHON.strip()
    assert "\t" in copied

    card, numbers = bench.card, bench.card.locator(".hitl-code-lines")
    assert card.evaluate("e => e.scrollWidth > e.clientWidth")
    # Line numbers are as high as the lines, also if a fallback font is used.
    line = "e => e.querySelector('.hitl-code-text').getBoundingClientRect().height"
    assert numbers.evaluate("e => e.getBoundingClientRect().height") == card.evaluate(line)
    at = numbers.bounding_box()["x"]
    card.evaluate("e => e.scrollTo(500, 0)")
    assert abs(numbers.bounding_box()["x"] - at) <= 2
    bench.focus()
    bench.label("1")
    assert card.evaluate("e => e.scrollLeft") == 0


def test_what_would_turn_code_around_is_seen(desk):
    _, bench = opened(desk, [TROJAN, TROJAN + "print(2)\n"])
    seen = bench.card.locator(".hitl-code-unseen").all()
    assert [one.get_attribute("data-code") for one in seen] == ["U+202E", "U+2066", "U+2069", "U+2066"]
    places = [one.bounding_box()["x"] for one in seen]
    assert places == sorted(places)
    assert bench.card.locator("code").text_content().startswith(TROJAN)


def test_a_huge_source_is_cut_and_says_so(desk):
    huge = "".join(f"value_{i} = {i}\n" for i in range(130_000))
    assert len(huge) > 2_000_000
    _, bench = opened(desk, [huge, huge + "x = 1\n"])
    expect(bench.card).to_contain_text("value_0 = 0")
    expect(bench.card).to_contain_text(re.compile(r"2,\d{3},\d{3} characters more"))
    bench.focus()
    bench.label("1")
    bench.acknowledged()
    assert bench.n_labels == 1


def test_a_selection_shows_code_in_one_line(desk):
    _, bench = opened(desk, [PYTHON.replace("greet", f"greet_{i}") for i in range(30)], widget="Workbench")
    bench.wait_map()
    bench.lasso(0.5, 0.5, 0.4)
    glimpse = bench.card.locator(".hitl-members code").first
    expect(glimpse).to_contain_text(re.compile(r'def greet_\d+\(name\): """Say hello."""'))
    assert glimpse.locator(".hitl-code-keyword").count()
    SHOTS.mkdir(exist_ok=True)
    bench.labeler.screenshot(path=SHOTS / "code-selection.png")
