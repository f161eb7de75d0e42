"""The Lesson widget: stepping, playing, and the game against the machine."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

import hitl_widgets as hitl

pytestmark = pytest.mark.browser

CELL = """import hitl_widgets as hitl
points = hitl.datasets.toy("{toy}")
hitl.Lesson(points[["x1", "x2"]], points["label"], budget=8, strategy={strategy})"""
IN_3D = """import hitl_widgets as hitl
points = hitl.datasets.toy("{toy}")
X = points[["x1", "x2"]].to_numpy()
hitl.Lesson(X, points["label"], budget=8, strategy={strategy}, space=[[x, y, x * y] for x, y in X])"""
SHOTS = Path(__file__).parent / "shots"


both = pytest.mark.parametrize("saved", [False, True], ids=["live", "saved"])


class Room:
    """The lesson on the page: in a notebook, or saved as a page of its own."""

    def __init__(
        self,
        desk,
        toy="line",
        strategy="'margin'",
        saved=False,
        dark=False,
        width=1280,
        height=1000,
        cell=CELL,
    ):
        if saved:
            points = hitl.datasets.toy(toy)
            lesson = hitl.Lesson(points[["x1", "x2"]], points["label"], budget=8)
            lesson.save(desk.folder / "lesson.html", ["margin", "random", "query_by_committee"])
            self.page = desk.page(width, height)
            self.page.emulate_media(color_scheme="dark" if dark else "light")
            self.page.goto(f"file://{desk.folder / 'lesson.html'}")
        else:
            self.notebook, _ = desk.open(
                cell.format(toy=toy, strategy=strategy), dark=dark, width=width, height=height
            )
            self.page = self.notebook.page
            self.notebook.run(0)
        self.root = self.page.locator(".hitl-lesson")
        self.wait_step(0)

    def wait_step(self, n):
        self.page.locator(f'.hitl-lesson[data-step="{n}"]').wait_for()

    def wait_reason(self, words):
        self.root.locator(".hitl-lesson-reason").get_by_text(words).wait_for()

    def focus(self):
        self.root.evaluate("e => e.focus({ preventScroll: true })")

    def press(self, key):
        self.page.keyboard.press(key)

    def button(self, name):
        return self.root.get_by_role("button", name=name, exact=True)

    def picture(self, n=0):
        """The canvas after its fade has ended."""
        return (
            self.root.locator("canvas")
            .nth(n)
            .evaluate(
                """async e => {
                for (let last = ""; ; ) {
                    const now = e.toDataURL();
                    if (now === last) return now;
                    last = now;
                    await new Promise(done => setTimeout(done, 250));
                }
            }"""
            )
        )

    def headline(self):
        return self.root.locator(".hitl-lesson-headline").inner_text()

    def curve(self, which="first"):
        """The points of a curve, as drawn."""
        line = self.root.locator(f"polyline.hitl-curve-{which}")
        return line.get_attribute("points").split() if line.count() else []

    def play_game(self):
        self.button("You against the machine").click()
        self.root.locator(".hitl-clickable canvas").wait_for()
        self.page.wait_for_function(
            "() => document.querySelector('.hitl-lesson-reason').innerText.includes('You both have')"
        )

    def pick(self, x, y):
        """Click the point nearest to a position in the left panel."""
        canvas = self.root.locator(".hitl-clickable canvas")
        box = canvas.bounding_box()
        canvas.click(position={"x": x * box["width"], "y": y * box["height"]})

    def wait_labels(self, n):
        self.page.wait_for_function(
            "n => document.querySelector('.hitl-lesson-reason').innerText.includes(`after ${n} labels`)",
            arg=n,
        )


@both
def test_a_strategy_is_stepped_through_by_keyboard_and_back_is_what_it_was(desk, saved):
    room = Room(desk, saved=saved)
    room.focus()
    assert room.headline().startswith("2 labels · accuracy 0.")
    before, why = room.picture(), room.root.locator(".hitl-lesson-reason").inner_text()
    assert "The two most likely classes are closest here" in why
    for i in range(1, 4):
        room.press("ArrowRight")
        room.wait_step(i)
    assert room.headline().startswith("5 labels")
    assert room.picture() != before
    assert len(room.curve()) == 4
    for i in (2, 1, 0):
        room.press("ArrowLeft")
        room.wait_step(i)
    assert room.picture() == before
    assert len(room.curve()) == 4, "the curve keeps what was seen"
    status = room.root.locator("[aria-live=polite]").inner_text()
    assert status.startswith("Step 0 of 6. 2 labels")


@both
def test_play_goes_to_the_end_and_the_slider_goes_anywhere(desk, saved):
    room = Room(desk, saved=saved)
    room.focus()
    room.press(" ")
    room.button("Pause").wait_for()
    room.wait_step(6)
    room.button("Play").wait_for()
    assert "The budget is spent" in room.root.locator(".hitl-lesson-reason").inner_text()
    room.root.get_by_role("slider", name="Step").fill("2")
    room.wait_step(2)
    room.button("Restart").click()
    room.wait_step(0)
    # Another strategy from the same start; the curve of the first stays visible.
    room.root.get_by_label("Strategy").select_option("random")
    room.wait_reason("Drawn at random")
    assert len(room.curve("past")) == 7
    room.button("Step").click()
    room.wait_step(1)
    assert len(room.curve()) == 2


@both
def test_behind_the_points_are_the_model_the_utilities_or_nothing_and_the_truth_on_request(desk, saved):
    room = Room(desk, "blobs", saved=saved)
    pictures = {"model": room.picture()}
    for name in ("Utilities", "Nothing"):
        room.button(name).click()
        pictures[name] = room.picture()
    room.root.get_by_label("Show the truth").check()
    pictures["truth"] = room.picture()
    assert len(set(pictures.values())) == 4
    room.root.get_by_label("Strategy").select_option("random")
    room.button("Utilities").click()
    room.page.get_by_text("All points are equally useful").wait_for()


@both
def test_one_looks_inside_and_compares(desk, saved):
    room = Room(desk, "blobs", strategy="'query_by_committee'", saved=saved)
    room.root.get_by_label("Strategy").select_option("query_by_committee")
    room.root.get_by_role("slider", name="Step").fill("2")
    room.wait_step(2)
    room.button("Committee").click()
    room.wait_reason("vote here:")
    lines = room.picture()
    room.button("Probability").click()
    assert room.picture() != lines
    room.root.get_by_text("Compare strategies").click()
    room.root.get_by_label("random", exact=True).check()
    room.root.locator("polyline.hitl-curve-hue-0").wait_for()
    assert len(room.curve("hue-0")) == 6
    assert room.headline().startswith("5 labels")
    if saved:
        return
    canvas = room.root.locator(".hitl-plane canvas").first
    box = canvas.bounding_box()
    for i in range(60):
        canvas.hover(position={"x": box["width"] * (0.2 + 0.01 * i), "y": box["height"] * 0.6})
        tip = room.root.locator(".hitl-plane .hitl-tip").first
        if tip.is_visible() and "model:" in tip.inner_text():
            break
    room.root.locator(".hitl-plane .hitl-tip").first.get_by_text("Expected errors now").wait_for()


def test_points_in_3d_are_turned_by_keys_and_pointer_and_are_played_with(desk):
    room = Room(desk, "blobs", cell=IN_3D)
    flat = room.picture()
    room.button("3-D").click()
    front = room.picture()
    room.focus()
    room.press(".")
    right = room.picture()
    room.press("+")
    above = room.picture()
    assert len({flat, front, right, above}) == 4
    room.press("-")
    assert room.picture() == right
    box = room.root.locator("canvas").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    room.page.mouse.move(x, y)
    room.page.mouse.down()
    room.page.mouse.move(x + 80, y + 30, steps=4)
    room.page.mouse.up()
    assert room.picture() not in {flat, front, right, above}
    room.button("You against the machine").click()
    room.root.get_by_text("3 of 8 labels").wait_for()
    room.focus()
    room.press("ArrowRight")
    room.press("Enter")
    room.root.get_by_text("4 of 8 labels").wait_for()


def test_a_students_clicks_draw_both_curves_until_the_budget_is_spent_and_a_new_game_is_new(desk):
    room = Room(desk)
    room.play_game()
    start = room.picture(0)
    assert room.curve("first") == room.curve("second")
    n = 2
    # Around the middle of the cloud, where points are dense enough to be hit.
    for i in range(40):
        if n == 8:
            break
        before = room.headline()
        room.pick(0.3 + 0.07 * (i % 7), 0.3 + 0.08 * (i // 7))
        if room.headline() != before:
            n += 1
            room.wait_labels(n)
            assert len(room.curve("first")) == len(room.curve("second")) == n - 1
    assert n == 8
    assert room.picture(0) != start
    assert room.picture(0) != room.picture(1)
    assert "Over the whole game" in room.root.locator(".hitl-lesson-reason").inner_text()
    assert room.root.locator(".hitl-clickable").count() == 0
    room.root.get_by_label("Show the truth").wait_for()
    room.button("New game").click()
    room.wait_reason("Both have 6 questions")
    assert len(room.curve("first")) == 1
    assert room.picture(0) != start, "another start"


def test_the_game_is_played_by_keyboard_and_keys_stay_out_of_the_notebook(desk):
    room = Room(desk)
    room.play_game()
    room.focus()
    for key in ("ArrowDown", "ArrowLeft", "Enter"):
        room.press(key)
    room.wait_labels(3)
    said = room.root.locator("[aria-live=polite]").inner_text()
    assert "after 3 labels" in said
    for key in "ddab":
        room.press(key)
    assert room.page.locator(".jp-Notebook-cell").count() == 1
    room.press("Escape")
    assert room.root.evaluate("e => !e.contains(document.activeElement)")


def test_an_exercise_is_done_with_hints_and_goes_on_after_a_reload_and_a_restart(desk):
    room = Room(desk)
    root = room.root
    room.button("Exercise").click()
    room.wait_reason("Which point does margin ask next?")
    room.button("Hint").click()
    root.get_by_text("Hint: margin: it asks where two classes are almost equally likely").wait_for()
    room.focus()
    room.press("ArrowDown")
    room.press("Enter")
    room.button("Next question").click()
    root.get_by_text("Question 2 of 5").wait_for()

    room.notebook.save()
    room.page.reload()
    room.notebook._idle()
    room.notebook.run(0)
    root.get_by_text("Question 2 of 5").wait_for()
    os.kill(room.notebook.kernel_pid(), signal.SIGKILL)
    room.notebook.wait_restarted()
    room.notebook.run(0)
    root.get_by_text("Question 2 of 5").wait_for()
    root.get_by_text("Hint: margin: it asks").wait_for()
    root.get_by_label("Exercise", exact=True).select_option("beat-random")
    room.wait_reason("Reach it with 12 or fewer")
    assert root.evaluate("e => e.scrollWidth <= e.clientWidth")
    assert root.evaluate(CONTRAST) >= 4.5


def test_a_strategy_of_ones_own_that_fails_says_so_and_the_others_go_on(desk):
    tired = "lambda p, c: p[:, 0] if (c.y >= 0).sum() < 4 else 1 / 0"
    room = Room(desk, strategy=tired)
    room.focus()
    room.press("ArrowRight")
    room.wait_step(1)
    room.press("ArrowRight")
    room.root.get_by_role("alert").get_by_text("ZeroDivisionError").wait_for()
    room.root.get_by_label("Strategy").select_option("margin")
    room.wait_reason("The two most likely classes")
    assert room.root.get_by_role("alert").count() == 0


def test_points_are_drawn_by_pointer_and_keys_and_are_a_lesson(desk):
    notebook, _ = desk.open(
        "import hitl_widgets as hitl\nlesson = hitl.Lesson(budget=8); lesson", "lesson.points"
    )
    page = notebook.page
    notebook.run(0)
    root = page.locator(".hitl-lesson")
    headline = root.locator(".hitl-lesson-headline")
    canvas = root.locator(".hitl-drawing canvas")
    canvas.wait_for()
    use = root.get_by_role("button", name="Use these points")
    assert use.get_attribute("aria-disabled") == "true"
    box = canvas.bounding_box()

    def stroke(x):
        """Draw several points from above to below."""
        page.mouse.move(box["x"] + x * box["width"], box["y"] + 0.1 * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + x * box["width"], box["y"] + 0.7 * box["height"], steps=12)
        page.mouse.up()

    stroke(0.2)
    headline.get_by_text("circle").wait_for()
    n = int(headline.inner_text().split()[0])
    assert n > 6
    root.evaluate("e => e.focus({ preventScroll: true })")
    page.keyboard.press("2")
    stroke(0.8)
    headline.get_by_text("square").wait_for()
    root.evaluate("e => e.focus({ preventScroll: true })")
    both = headline.inner_text()
    for key in ("3", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    headline.get_by_text("1 triangle").wait_for()
    page.keyboard.press("z")
    headline.get_by_text(both, exact=True).wait_for()
    SHOTS.mkdir(exist_ok=True)
    root.screenshot(path=SHOTS / "lesson-draw.png")
    use.click()
    page.locator('.hitl-lesson[data-step="0"]').wait_for()
    assert root.locator(".hitl-lesson-legend li").filter(has_text="triangle").count() == 0
    root.get_by_role("button", name="Step", exact=True).click()
    page.locator('.hitl-lesson[data-step="1"]').wait_for()
    # Further points: the drawing begins with those of the lesson.
    root.get_by_role("button", name="Draw points").click()
    headline.get_by_text(both, exact=True).wait_for()
    notebook.run(1)
    page.locator(".jp-OutputArea").nth(1).get_by_text("x2").wait_for()


@pytest.mark.parametrize(
    ("name", "toy", "dark", "width"),
    [
        ("wide", "blobs", False, 1280),
        ("dark", "trap", True, 1280),
        ("narrow", "moons", False, 640),
        ("dark-narrow", "moons", True, 640),
        ("saved", "blobs", False, 1280),
        ("saved-dark-narrow", "moons", True, 640),
    ],
)
def test_the_look_fits_its_cell_in_both_themes(desk, name, toy, dark, width):
    saved = name.startswith("saved")
    room = Room(desk, toy, saved=saved, dark=dark, width=width, height=1500)
    room.focus()
    for i in range(1, 5):
        room.press("ArrowRight")
        room.wait_step(i)
    SHOTS.mkdir(exist_ok=True)
    room.root.screenshot(path=SHOTS / f"lesson-{name}.png")
    plane, curve = (room.root.locator(s).first.bounding_box() for s in (".hitl-plane", ".hitl-lesson-curve"))
    assert plane["width"] == pytest.approx(plane["height"], abs=1)
    if width < 700:
        assert curve["y"] >= plane["y"] + plane["height"]
    else:
        assert curve["x"] >= plane["x"] + plane["width"]
    assert room.root.evaluate(CONTRAST) >= 4.5
    assert room.root.evaluate("e => e.scrollWidth <= e.clientWidth")
    if saved:
        room.root.get_by_text("To play against the machine, run the lesson in a notebook").wait_for()
        assert not room.button("You against the machine").is_visible()
        return
    room.play_game()
    room.root.screenshot(path=SHOTS / f"lesson-{name}-game.png")
    mine, its = (room.root.locator(".hitl-plane").nth(i).bounding_box() for i in (0, 1))
    if width < 700:
        assert its["y"] >= mine["y"] + mine["height"]
    else:
        assert its["y"] == mine["y"]
    assert room.root.evaluate("e => e.scrollWidth <= e.clientWidth")
    ratio = room.root.evaluate(CONTRAST)
    assert ratio >= 4.5


# The lowest contrast of any visible text of the lesson with its background.
CONTRAST = """root => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgb = colour => {
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return canvas.getImageData(0, 0, 1, 1).data;
    };
    const luminance = ([r, g, b]) => [r, g, b]
        .map(v => v / 255)
        .map(v => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = luminance(rgb(getComputedStyle(root).backgroundColor));
    const least = [...root.querySelectorAll('*')]
        .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
        .filter(e => e.getClientRects().length && !e.closest('[aria-disabled=true], .hitl-keys-off'))
        .map(e => {
            const style = getComputedStyle(e);
            const ink = luminance(rgb(e instanceof SVGElement ? style.fill : style.color));
            return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
        });
    return Math.min(...least);
}"""
