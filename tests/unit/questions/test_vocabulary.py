"""Changes of the classes, one by one: the state after each, and refusals with their messages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_widgets.errors import InvalidInput
from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.labels.fold import Fold
from hitl_widgets.questions.classes import Classes
from hitl_widgets.questions.schema import KEYS, LabelClass, Schema


class Task:
    """A fold, and the acts of people on it."""

    def __init__(self, *classes: Any) -> None:
        self.fold = Fold()
        self.ask(*(classes or ("spam", "ham", "other")))

    def ask(self, *classes: Any, question: str = "") -> None:
        self.act("schema", Schema(classes, question).to_dict())

    def act(self, kind: Any, value: Any, *items: str, who: str = "ann") -> str:
        event = LabelEvent(kind, "t", who, items, value)
        self.fold.apply(event)
        return event.event_id

    @property
    def classes(self) -> Classes:
        return self.by("ann")

    def by(self, who: str) -> Classes:
        assert self.fold.schema is not None
        complete = self.fold.vocabulary.completed
        return Classes(self.fold.schema, lambda change: self.act("schema", complete(change), who=who))

    def undo(self, event_id: str, who: str = "ann") -> None:
        self.act("undo", event_id, who=who)

    def means(self, item: str) -> str | None:
        found = self.fold.answer(item)
        return found and self.fold.meaning(found)


@pytest.fixture
def task() -> Task:
    made = Task()
    for item, word in {"x": "spam", "y": "ham", "z": "other"}.items():
        made.act("label", word, item)
    return made


def test_a_new_class_has_the_next_key_and_a_colour_of_its_own(task: Task) -> None:
    task.classes.add("scam", guidance="wants money")
    new = task.classes[3]
    assert (new.name, new.key, new.guidance) == ("scam", "4", "wants money")
    assert new.color not in {c.color for c in task.classes[:3]}
    task.act("label", "scam", "x")
    assert task.means("x") == "scam"


def test_labels_follow_a_rename_and_keep_what_was_said(task: Task) -> None:
    act = task.classes.rename("spam", "junk")
    task.act("label", "junk", "w")
    answer = task.fold.answer("x")
    assert answer is not None
    assert (task.means("x"), answer.value, task.means("w")) == ("junk", "spam", "junk")
    task.undo(act)
    assert (task.means("x"), task.means("w")) == ("spam", "spam")


def test_a_word_of_before_is_understood_after_a_rename_and_a_merge(task: Task) -> None:
    task.classes.rename("spam", "junk")
    task.classes.merge(["ham"], "other")
    task.act("label", "spam", "w", who="bob")
    task.act("label", "ham", "v", who="bob")
    assert (task.means("w"), task.means("v")) == ("junk", "other")


def test_two_classes_merged_into_one_of_them_and_taken_apart_again(task: Task) -> None:
    act = task.classes.merge(["spam", "other"], "other")
    assert task.classes.names == ("ham", "other")
    assert [task.means(i) for i in "xyz"] == ["other", "ham", "other"]
    task.undo(act)
    assert task.classes.names == ("spam", "ham", "other")
    assert [task.means(i) for i in "xyz"] == ["spam", "ham", "other"]


def test_a_merge_under_a_new_name_takes_place_key_and_colour_of_the_first(task: Task) -> None:
    spam = task.classes[0]
    act = task.classes.merge(["spam", "ham"], "mail")
    assert task.classes.names == ("mail", "other")
    assert (task.classes[0].key, task.classes[0].color) == (spam.key, spam.color)
    task.act("label", "mail", "w")
    task.undo(act)
    assert task.means("w") is None  # nobody chose one of the two, so it is asked again
    task.act("redo", act)
    assert task.means("w") == "mail"


def test_items_of_a_split_class_are_asked_again_and_an_undo_gives_them_back(task: Task) -> None:
    act = task.classes.split("spam", ["phishing", "adverts"])
    assert task.classes.names == ("phishing", "adverts", "ham", "other")
    assert task.fold.answer("x") is None
    assert not task.fold.skipped("x")
    task.act("label", "adverts", "x")
    assert task.means("x") == "adverts"
    task.undo(act)
    assert task.means("x") is None
    task.undo(next(e.event_id for e, _ in task.fold.acts() if e.value == "adverts"))
    assert task.means("x") == "spam"


def test_a_retired_class_keeps_its_labels_and_is_not_offered(task: Task) -> None:
    task.classes.retire("other")
    assert task.classes.names == ("spam", "ham")
    assert [c.name for c in task.classes.retired] == ["other"]
    assert task.means("z") == "other"
    with pytest.raises(InvalidInput, match="'other' is not a class that can be chosen: it is retired"):
        task.classes.rename("other", "rest")
    task.classes.restore("other")
    assert task.classes.names == ("spam", "ham", "other")
    assert task.classes[2].key == "3"


def test_keys_and_colours_stay_with_their_class(task: Task) -> None:
    before = {c.name: (c.key, c.color) for c in task.classes}
    task.classes.reorder(["other", "spam"])
    assert task.classes.names == ("other", "spam", "ham")
    assert {c.name: (c.key, c.color) for c in task.classes} == before
    task.classes.add("scam")
    task.classes.retire("spam")
    assert {c.name: c.key for c in task.classes} == {"other": "3", "ham": "2", "scam": "4"}


def test_key_colour_guidance_example_and_question_can_be_edited(task: Task) -> None:
    task.classes.edit("ham", key="H", color="#123456", guidance="from friends", example="hello")
    task.classes.ask("What is it?")
    assert task.classes[1] == LabelClass("ham", "from friends", "hello", "h", "#123456")
    assert task.fold.schema is not None
    assert task.fold.schema.question == "What is it?"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.add("ham"), "There is already a class 'ham'"),
        (lambda c: c.add(" "), "blank"),
        (lambda c: c.add("half \ud800"), "half a character"),
        (lambda c: c.add("x" * 201), "201 characters"),
        (lambda c: c.add("new", color="red"), "expected '#rrggbb'"),
        (lambda c: c.rename("spam", "ham"), "use merge"),
        (lambda c: c.rename("spamm", "junk"), "not a class that can be chosen.*Did you mean 'spam'"),
        (lambda c: c.rename("spam", "spam"), "would change nothing"),
        (lambda c: c.merge(["spam"], "spam"), "at least two"),
        (lambda c: c.merge(["spam", "ham", "other"], "all"), "too few"),
        (lambda c: c.merge("spam", "ham"), "is a single text"),
        (lambda c: c.split("spam", ["a"]), "expected 2 to"),
        (lambda c: c.split("spam", ["a", "a"]), "'a' is named twice"),
        (lambda c: c.add(None), "None is not a name"),
        (lambda c: c.reorder(["ham", "ham"]), "names a class twice"),
        (lambda c: c.split("spam", ["a", "ham"]), "There is already a class 'ham'"),
        (lambda c: c.retire("nothing"), "not a class that can be chosen"),
        (lambda c: c.restore("spam"), "is not a retired class"),
        (lambda c: c.reorder([]), "not a valid number"),
        (lambda c: c.reorder(["spam", "ham", "other"]), "would change nothing"),
        (lambda c: c.edit("spam", key="2"), "used by 'ham'"),
        (lambda c: c.edit("spam", key="s"), "expected one of"),
        (lambda c: c.edit("spam", guidance="x" * 10_001), "10000 characters"),
        (lambda c: c.edit("spam"), "would change nothing"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(task: Task, change: Any, words: str) -> None:
    n = task.fold.n_events
    with pytest.raises(InvalidInput, match=words):
        change(task.classes)
    assert task.fold.n_events == n


@pytest.mark.parametrize(
    "value",
    [
        {"change": "paint"}, {"change": "add"}, {"change": "rename", "of": ["?"]},
        {"change": "add", "classes": [{}]}, {"classes": []}, {}, None, 7,
    ],
)  # fmt: skip
def test_a_change_that_nobody_can_read_or_that_no_longer_applies_is_void(task: Task, value: Any) -> None:
    before = task.fold.schema
    event = task.act("schema", value)
    assert task.fold.schema == before
    last = task.fold.to_undo("ann")
    assert last is None or last.event_id != event


def test_two_people_who_do_the_same_at_once_do_it_once(task: Task) -> None:
    complete = task.fold.vocabulary.completed
    both = [complete({"change": "add", "classes": [{"name": "scam"}]}) for _ in "12"]
    key = [complete({"change": "edit", "of": [n], "set": {"key": "q"}}) for n in ("spam", "ham")]
    for value, who in zip((*both, *key), ("ann", "bob", "ann", "bob"), strict=True):
        task.act("schema", value, who=who)
    assert task.classes.names == ("spam", "ham", "other", "scam")
    keys = [c.key for c in task.classes]
    assert keys[0] == "q"
    assert len(set(keys)) == 4


def test_an_earlier_change_of_somebody_else_can_be_undone_below_a_later_one(task: Task) -> None:
    first = task.by("ann").rename("spam", "junk")
    task.by("bob").rename("junk", "rubbish")
    task.undo(first)
    assert task.classes.names == ("rubbish", "ham", "other")
    second = task.by("ann").add("scam")
    task.by("bob").rename("scam", "fraud")
    task.act("label", "fraud", "x", who="bob")
    task.undo(second)
    assert task.classes.names == ("rubbish", "ham", "other")
    assert task.fold.current("x")["bob"].value == "fraud"
    assert task.means("x") == "rubbish"  # Ann's answer
    task.act("redo", second)
    assert task.means("x") == "fraud"


# -- classes= in the cell, and the changes since


def test_a_cell_that_is_run_again_takes_no_change_back(task: Task) -> None:
    task.classes.rename("spam", "junk")
    task.classes.add("scam")
    task.ask("spam", "ham", "other")
    assert task.classes.names == ("junk", "ham", "other", "scam")


def test_what_was_changed_in_the_cell_is_changed_and_nothing_else(task: Task) -> None:
    task.classes.rename("spam", "junk")
    task.classes.edit("ham", key="h")
    task.classes.add("scam")
    task.ask("junk", "ham", "other", "mine", question="Which?")
    assert task.classes.names == ("junk", "ham", "other", "mine", "scam")
    assert task.classes[1].key == "h"
    assert task.means("x") == "junk"
    task.ask("other", "junk", "ham", "mine", question="Which?")
    assert task.classes.names == ("other", "junk", "ham", "mine", "scam")
    assert len({c.color for c in task.classes}) == 5


def test_a_retired_class_that_the_cell_names_anew_is_offered_again(task: Task) -> None:
    task.ask("spam", "ham", "other", "new")
    task.ask("spam", "ham", "other")
    task.classes.add("late")
    task.classes.retire("late")
    task.ask("spam", "ham", "other", "late")
    assert task.classes.names == ("spam", "ham", "other", "late")


@pytest.mark.parametrize(
    "change",
    [lambda c: c.merge(["adverts", "junk"], into="spam"), lambda c: c.split("junk", ["spam", "scam"])],
)
def test_a_change_undone_after_the_cell_was_brought_up_to_date_gives_every_label_back(change: Any) -> None:
    task = Task("adverts", "junk", "ham")
    for word in ("adverts", "junk", "ham"):
        task.act("label", word, word)
    act = change(task.classes)
    task.ask(*task.classes.names)
    task.undo(act)
    assert [task.means(word) for word in ("adverts", "junk", "ham")] == ["adverts", "junk", "ham"]
    assert {"adverts", "junk", "ham"} <= set(task.classes.names)
    task.act("redo", act)
    assert "junk" not in task.classes.names


def test_an_undo_below_a_change_of_somebody_else_locks_nobody_out(task: Task) -> None:
    act = task.by("ann").add("x")
    task.by("bob").split("x", ["x1", "x2"])
    task.undo(act)
    assert task.classes.names == ("spam", "ham", "other")
    task.act("redo", act)
    assert task.classes.names == ("spam", "ham", "other", "x1", "x2")


@pytest.mark.parametrize("name", ["scam ", " scam", "sc\u200bam", "scam\n", "\u202escam", "scam\0"])
def test_a_new_name_is_as_people_see_it(task: Task, name: str) -> None:
    task.classes.add(name)
    task.classes.rename("ham", f"2{name}".replace("2 ", "2"))
    assert task.classes.names == ("spam", "2scam", "other", "scam")
    with pytest.raises(InvalidInput, match="already"):
        task.classes.add("scam")


def test_letters_in_two_forms_are_one_name(task: Task) -> None:
    task.classes.add("cafe\u0301")
    with pytest.raises(InvalidInput, match="already"):
        task.classes.add("caf\u00e9")


@given(st.lists(st.from_regex(r"[a-zäöü0-9]{1,9}", fullmatch=True), min_size=2, max_size=40, unique=True))
def test_every_class_that_is_added_is_as_if_it_had_been_asked_for(names: list[str]) -> None:
    asked, added = Task(*names), Task(*names[:2])
    for name in names[2:]:
        added.classes.add(name)
    assert added.classes.names == asked.classes.names
    assert len({c.color for c in added.classes}) == len({c.color for c in asked.classes}) == len(names)
    keys = [c.key for c in added.classes if c.key]
    assert len(set(keys)) == len(keys) == min(len(names), len(KEYS))
