"""Recordings on the card: played, sought by keys and pointer, labelled, and silent after that."""

from __future__ import annotations

import re
import wave
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
SHOTS = Path(__file__).parent / "shots"
RATE = 8_000

CELL = """import hitl_widgets as hitl
from pathlib import Path
session = hitl.Session(
    sorted(Path(".").glob("*.wav")), classes=["high", "low"], store=":memory:", random_state=1)
hitl.{widget}(session)"""
# Everything that plays on the page, and how long the page was blocked.
WATCH = """() => {
    window.__sounds = new Set();
    const play = HTMLMediaElement.prototype.play;
    HTMLMediaElement.prototype.play = function () { window.__sounds.add(this); return play.call(this); };
    window.__held = 0;
    const note = ({ duration }) => (window.__held = Math.max(window.__held, duration));
    new PerformanceObserver(list => list.getEntries().forEach(note)).observe({ type: "longtask" });
}"""
SOUNDING = "() => [...window.__sounds].filter(a => !a.paused && a.currentTime > 0).length"


def write(path, seconds, hertz):
    """Tones of one second, one louder than the other."""
    second = 8_000 * np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for k in range(seconds):
            file.writeframes((second * (1 + k % 3)).astype("<i2").tobytes())


class Desktop:
    """A notebook that shows recordings of the given durations in seconds."""

    def __init__(self, desk, seconds, n=8, widget="Labeler", **look):
        for i in range(n):
            write(desk.folder / f"{i}.wav", seconds, 200 + 100 * i)
        self.notebook, self.bench = desk.open(CELL.format(widget=widget), **look)
        self.page = self.notebook.page
        self.page.evaluate(WATCH)
        self.notebook.run(0)
        self.audio = self.bench.card.locator(".hitl-audio")
        self.wave = self.audio.locator("[role=slider]")
        self.play = self.audio.locator("button").first
        self.audio.or_(self.bench.card.locator(".hitl-broken")).wait_for()

    def sounding(self, n):
        self.page.wait_for_function(f"n => ({SOUNDING})() === n", arg=n)

    def now(self):
        return float(self.wave.get_attribute("aria-valuenow"))

    def beyond(self, seconds):
        script = "([e, t]) => Number(e.getAttribute('aria-valuenow')) > t"
        self.page.wait_for_function(script, arg=[self.wave.element_handle(), seconds])


@pytest.mark.parametrize(("dark", "width"), [(False, 1000), (True, 520)])
def test_a_recording_is_played_by_keys_and_labelled_and_the_next_one_is_silent(desk, dark, width):
    at = Desktop(desk, 6, dark=dark, width=width)
    at.audio.get_by_label("Reset to normal speed").click()  # the page keeps the speed of an earlier test
    at.bench.focus()
    assert at.page.evaluate(SOUNDING) == 0, "nothing plays by itself"
    at.bench.press(" ")
    at.sounding(1)
    at.beyond(0.3)
    expect(at.play).to_have_attribute("aria-label", "Pause")
    SHOTS.mkdir(exist_ok=True)
    at.bench.labeler.screenshot(path=SHOTS / f"audio-{'dark' if dark else 'light'}.png")

    at.bench.press(".")
    expect(at.audio.locator(".hitl-pace")).to_contain_text("1.25")
    assert at.page.evaluate("() => [...window.__sounds].map(a => a.playbackRate)") == [1.25]
    at.bench.press(" ")
    at.sounding(0)
    at.bench.press("End")
    expect(at.wave).to_have_attribute("aria-valuenow", "6.0")
    at.bench.press("ArrowLeft")
    expect(at.wave).to_have_attribute("aria-valuenow", "5.0")
    at.bench.press("Home")
    expect(at.wave).to_have_attribute("aria-valuenow", "0.0")

    at.bench.press(" ")
    at.sounding(1)
    at.bench.label("1")
    at.sounding(0)
    expect(at.play).to_have_attribute("aria-label", "Play")
    at.bench.acknowledged()
    at.bench.wait_labels(1)
    # A key pressed now applies to the current recording.
    at.bench.press(" ")
    at.sounding(1)


def test_clicks_find_a_place_and_leave_the_keys_to_the_card(desk):
    at = Desktop(desk, 20)
    box = at.wave.bounding_box()
    at.page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 20)
    expect(at.wave).to_have_attribute("aria-valuenow", re.compile(r"^(9\.9|10\.[01])$"))
    expect(at.wave).to_be_focused()
    at.bench.press("ArrowRight")
    expect(at.wave).to_have_attribute("aria-valuenow", re.compile(r"^(10\.9|11\.[01])$"))
    at.play.click()
    at.sounding(1)
    expect(at.bench.labeler).to_be_focused()
    at.bench.press(" ")
    at.sounding(0)
    # A clicked class button does not receive the next Space.
    row = at.bench.card.get_attribute("data-row")
    at.bench.click_class("high")
    expect(at.bench.card).not_to_have_attribute("data-row", row)
    at.bench.press(" ")
    at.sounding(1)
    at.bench.wait_labels(1)


def test_keys_that_are_typed_play_nothing(desk):
    at = Desktop(desk, 3)
    at.bench.labeler.get_by_text("Edit classes").click()
    field = at.bench.labeler.locator(".hitl-edit input").first
    field.click()
    field.press_sequentially("a b , .")
    assert at.page.evaluate("() => window.__sounds.size") == 0
    expect(at.audio.locator("button[aria-label^='Speed 1.']")).to_be_visible()


def test_an_hour_opens_without_holding_the_page_and_is_heard_from_anywhere(desk, record_property):
    at = Desktop(desk, 3_600, n=1)
    expect(at.audio.locator(".hitl-audio-status")).to_have_text("8 kHz · mono")
    assert len(at.audio.locator(".hitl-wave-all path").get_attribute("d").split("L")) == 4_096
    expect(at.audio.locator(".hitl-audio-time")).to_have_text("0:00 / 1:00:00")
    box = at.wave.bounding_box()
    at.page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 20)
    at.bench.press(" ")
    at.sounding(1)
    at.beyond(2_701)
    record_property("longest task, ms", at.page.evaluate("() => window.__held"))


def test_the_sound_goes_on_from_clip_to_clip(desk):
    at = Desktop(desk, 3_600, n=1)
    # The second clip begins after 4 MB of samples: 262.1 s.
    at.bench.focus()
    at.page.evaluate("() => document.querySelector('[role=slider]').focus()")
    for _ in range(8):
        at.bench.press("Shift+ArrowRight")
    for _ in range(4):
        at.bench.press("ArrowRight")
    expect(at.wave).to_have_attribute("aria-valuenow", "260.0")
    at.bench.press(" ")
    at.beyond(263)
    assert at.page.evaluate("() => window.__sounds.size") == 2
    at.sounding(1)


def test_a_recording_that_cannot_be_read_says_why_and_the_others_are_heard(desk):
    (desk.folder / "broken.wav").write_bytes(b"RIFF\0\0\0\0WAVEnothing")
    at = Desktop(desk, 3, n=1)
    broken = at.bench.card.locator(".hitl-broken")
    at.bench.focus()
    if not broken.is_visible():
        at.bench.label("s")
    expect(broken).to_contain_text("damaged: it contains no samples")
    at.bench.press(" ")
    assert at.page.evaluate("() => window.__sounds.size") == 0


def test_a_selection_shows_small_waves(desk):
    at = Desktop(desk, 3, widget="Workbench", height=1100)
    at.bench.wait_map()
    at.bench.lasso(0.5, 0.5, 0.45)
    at.bench.card.locator(".hitl-bulk .hitl-wave-small path").first.wait_for()
    at.bench.labeler.screenshot(path=SHOTS / "audio-bulk.png")
