"""Items that cannot be shown say why, and the others are labelled."""

from __future__ import annotations

import re
from typing import Any

import pytest

import hitl_widgets as hitl
from everyitem import BAD, ITEMS, asking
from hitl_widgets.items.base import Size

CASES = [(kind, case) for kind, cases in BAD.items() for case in cases]


@pytest.mark.filterwarnings("ignore:Image size:UserWarning")
@pytest.mark.parametrize(("kind", "case"), CASES)
def test_the_reason_is_on_that_item_and_the_rest_goes_on(kind: str, case: str) -> None:
    make, why = BAD[kind][case]
    with asking(kind, [ITEMS[kind][0], make(), ITEMS[kind][1]]) as session:
        for size in (Size(), Size(side=160, glimpse=True), Size(most=20_000)):
            good, bad, last = (session.pool.payload(i, size).content for i in range(3))
            assert "broken" not in {good["kind"], last["kind"]}
            assert bad["kind"] == ("broken" if why else good["kind"])
            assert re.search(why, bad.get("why", ""))
            assert len(bad.get("why", "")) <= 500
        # Also what cannot be shown may be labelled, such as with a class for it.
        for i, label in enumerate(["good", "bad", "good"]):
            session.label(f"r{i}", label)
        assert session.labels()["label"].tolist() == ["good", "bad", "good"]


def test_a_renderer_that_raises_is_named_on_that_item_only() -> None:
    def render(text: str) -> Any:
        if text == "two":
            raise RuntimeError("<b>no</b> " * 200)
        return 7 if text == "three" else text.upper()

    with hitl.Session(
        ["one", "two", "three"], render=render, classes=["a", "b"], store=":memory:"
    ) as session:
        one, two, three = (session.pool.payload(i).content for i in range(3))
    assert one == {"kind": "text", "text": "ONE"}
    assert two["why"].startswith("render= raised RuntimeError: <b>no</b>")
    assert len(two["why"]) <= 500
    assert "returned a value of type int" in three["why"]
