"""Tasks that were sent out are answered in a browser, and their answers imported, twice."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page

from hitl_widgets.session import Session

pytestmark = pytest.mark.browser
Make = Callable[..., Session]
TEXTS = ["kind words", 'rude & <b>"bold"</b> $5', "two\nlines", "four"]
TABLE = pd.DataFrame({"k": [f"k{i}" for i in range(4)], "t": TEXTS})


def answer_page(page: Page, path: Path, person: str, folder: Path) -> Path:
    """Answer a page of tasks by keys, 1 for the first text and 2 for all others, except one of them."""
    page.goto(f"file://{path}")
    page.get_by_label("Your name").fill(person)
    for k in range(4):
        page.get_by_text(f"Task {k + 1} of 4", exact=True).wait_for()
        page.get_by_role("heading", level=1).focus()
        if page.locator("main > .blocks", has_text=TEXTS[3]).count():
            page.get_by_role("button", name="I cannot say").click()
            continue
        kind = page.locator("main > .blocks", has_text=TEXTS[0]).count() > 0
        page.keyboard.press("1" if kind else "2")
        page.keyboard.press("Enter")
    page.get_by_role("heading", name="That was the last task.").wait_for()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save answers to a file").click()
    found = folder / saved.value.suggested_filename
    saved.value.save_as(found)
    return found


def test_pages_that_people_answer_offline(browser: Browser, make_session: Make, tmp_path: Path) -> None:
    session = make_session(TABLE, text="t", id="k", classes=["kind", "rude"], annotator="mia")
    session.label("k0", "kind")
    sent = session.export_tasks(
        tmp_path / "out", gold=["k0"], examples=["k0"], instructions="Read.", overlap=2
    )
    inbox = tmp_path / "in"
    inbox.mkdir()
    context = browser.new_context(offline=True)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    for path, person in zip(sent.files, ["Ann", "Bo Li"], strict=True):
        answer_page(page, path, person, inbox)
    context.close()
    assert problems == []
    found = session.import_answers(inbox, gold=["k0"])
    assert (found.n, found.n_same, len(found.refused)) == (6, 0, 2)
    assert all("could not say" in why for why in found.refused["why"])
    people = found.people.set_index("person")
    assert people["n"].to_dict() == {"Ann": 3, "Bo Li": 3}
    assert people["n_gold"].sum() > 0
    assert (people["seconds"] >= 0).all()
    labels = session.labels()
    given = labels[labels["annotator"] == "Ann"].set_index("id")["label"]
    assert given.to_dict() == {key: "kind" if key == "k0" else "rude" for key in given.index}
    n = len(session.history())
    again = session.import_answers(inbox, gold=["k0"])
    assert (again.n, again.n_same, len(session.history())) == (0, 6, n)
    assert again.people.equals(found.people)


def test_the_template_of_mechanical_turk(browser: Browser, make_session: Make, tmp_path: Path) -> None:
    session = make_session(TABLE, text="t", id="k", classes=["kind", "rude"])
    sent = session.export_tasks(tmp_path / "out", "mturk", instructions="Costs $5.")
    template = (sent.folder / "template.html").read_text(encoding="utf-8")
    with (sent.folder / "tasks.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    page, results = browser.new_context(offline=True).new_page(), []
    for k, row in enumerate(rows):
        # Amazon puts the cells into the template, and returns them with the fields of its form.
        page.set_content(template.replace("${shown}", row["shown"]))
        text = page.locator("#work pre").inner_text()
        assert text == TEXTS[int(row["item"][1:])]
        page.get_by_label("kind" if text == TEXTS[0] else "rude").check()
        told = {"AssignmentId": f"a{k}", "WorkerId": f"W{k % 2}", "AssignmentStatus": "Approved",
                "WorkTimeInSeconds": "12", "SubmitTime": "Mon Nov 30 08:15:00 PST 2020"}  # fmt: skip
        told |= {f"Input.{name}": cell for name, cell in row.items()}
        results.append({**told, "Answer.answer": page.locator("#answer").input_value()})
    page.context.close()
    pd.DataFrame(results).to_csv(path := tmp_path / "Batch_1_batch_results.csv", index=False)
    found = session.import_answers(path)
    assert (found.n, found.refused["why"].tolist()) == (4, [])
    labels = session.labels().set_index("id")
    assert labels["label"].to_dict() == {"k0": "kind", "k1": "rude", "k2": "rude", "k3": "rude"}
    assert set(labels["annotator"]) == {"W0", "W1"}
    assert set(labels["elapsed_ms"]) == {12_000}
    assert session.import_answers(path).n == 0
    assert json.loads(results[0]["Answer.answer"]) in {"kind", "rude"}
