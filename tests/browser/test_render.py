"""A user's own JavaScript: shown in a frame from which it reaches nothing, unless it is trusted."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

CELL = """import hitl_widgets as hitl
module = '''export async function render({{ data, el }}) {{
    if (data.name === "c") throw new Error("no c");
    const tried = {{}};
    const attempt = async (name, act) => {{
        try {{ await act(); tried[name] = "done"; }} catch {{ tried[name] = "refused"; }}
    }};
    await attempt("page", () => {{ parent.document.body.dataset.hacked = "1"; }});
    await attempt("storage", () => localStorage.setItem("hacked", "1"));
    await attempt("network", () => fetch("https://evil.example/x"));
    await attempt("top", () => {{ top.location = "https://evil.example/"; }});
    parent.postMessage({{ height: "javascript:1", failed: 3, ready: 1 }}, "*");
    const box = document.createElement("div");
    box.style.height = "333px";
    box.id = "mine";
    box.textContent = data.name + JSON.stringify(tried);
    el.append(box);
}}
'''
def show(row):
    if row["name"] == "b":
        raise KeyError("no b")
    return row
session = hitl.Session(
    [{{"name": name}} for name in "{names}"], render=hitl.Renderer(show, module=module, trusted={trusted}),
    classes=["good", "bad"], store=":memory:", random_state=1)
hitl.Labeler(session)"""

TRUSTED = """mine = '''
export default {
    render({ model, el }) {
        el.textContent = model.get("is");
        document.body.dataset.mine = 1;
    }
}'''
session = hitl.Session(
    [{"is": "trusted"}, {"is": "trusted", "n": 2}], render=hitl.Renderer(module=mine, trusted=True),
    classes=["good", "bad"], store=":memory:")
hitl.Labeler(session)"""


def test_a_module_is_in_a_frame_without_rights_and_failures_are_said_on_their_items(desk):
    notebook, bench = desk.open(CELL.format(names="abc", trusted=False), TRUSTED, alone=True)
    notebook.run(0)
    bench.card.locator("iframe, .hitl-broken").first.wait_for()
    seen = set()
    for n in (1, 2, 3):
        broken = bench.card.locator(".hitl-broken")
        mine = bench.card.frame_locator("iframe").locator("#mine")
        bench.card.locator('iframe[style*="347px"], .hitl-broken').wait_for()  # its size is told last
        if broken.count():
            seen.add("b" if "KeyError: 'no b'" in broken.inner_text() else "c")
        else:
            tried = json.loads(mine.inner_text()[1:])
            assert tried == dict.fromkeys(("page", "storage", "network", "top"), "refused")
            seen.add("a")
        bench.focus()
        bench.press("1")
        bench.wait_labels(n)
    assert seen == {"a", "b", "c"}
    assert notebook.page.evaluate("document.body.dataset.hacked ?? null") is None

    notebook.run(1)
    mine = notebook.page.locator(".hitl-labeler").nth(1).locator(".hitl-custom")
    expect(mine).to_have_text("trusted")
    assert notebook.page.evaluate("document.body.dataset.mine") == "1"
