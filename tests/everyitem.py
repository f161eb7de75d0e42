"""Items of every kind: good ones, ones with hostile words, and ones that cannot be shown."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

import hitl_widgets as hitl
from pdfs import pdf
from videos import video


def tinted(i: int, n: int, width: int, height: int) -> Any:
    """A frame of a video: what lies at a place depends on the video."""
    return np.roll(np.full((height, width, 3), (10 * i, 255 - 10 * i, 90), np.uint8), n, axis=0)


PIXELS = np.random.default_rng(0).integers(0, 255, (24, 9, 12, 3), np.uint8)

# Different items of each kind, as users pass them. Readable items contain "a text of 7 words".
ITEMS: dict[str, list[Any]] = {
    "text": [f"a text of {i} words" for i in range(24)],
    "html": [f"<p>a <b>text</b> of {i} words" for i in range(24)],
    "markdown": [f"a **text** of {i} words" for i in range(24)],
    "conversation": [
        [{"role": "user", "content": f"a text of {i} words"}, {"role": "assistant", "content": "Yes."}]
        for i in range(24)
    ],
    "code": [f"# a text of {i} words\nx = {i}" for i in range(24)],
    "image": list(PIXELS),
    "audio": [(np.sin(np.arange(2_000) * (i + 1) / 20).astype(np.float32), 8_000) for i in range(24)],
    "video": [video(10, size=(48, 32), picture=lambda n, w, h, i=i: tinted(i, n, w, h)) for i in range(24)],
    "pdf": [pdf(f"a text of {i} words") for i in range(24)],
    "series": [{"volts": np.sin(np.arange(300) * (i + 1) / 9), "time": np.arange(300)} for i in range(24)],
    "list": [[f"a text of {i} words", f"another text {i}"] for i in range(24)],
    "several": [[f"a text of {i} words", PIXELS[i]] for i in range(24)],
    "table": [{"size": i, "colour": "red" if i % 3 else "blue"} for i in range(24)],
}


def asking(kind: str, items: list[Any], **options: Any) -> hitl.Session:
    """A session with two classes about such items, which computes nothing from them."""
    X = np.random.default_rng(0).normal(size=(len(items), 4)).astype(np.float32)
    if kind == "list":
        X = np.repeat(X[:, None], 2, axis=1)
    how = {"X": X, "classes": ["good", "bad"], "store": ":memory:", "audit": 0, "random_state": 0} | options
    if kind == "table":
        return hitl.Session(items, **how)
    ids = [f"r{i}" for i in range(len(items))]
    table = pd.DataFrame({"it": items, "id": ids})
    return hitl.Session(table, item="it", kind=kind, id="id", **how)


def png(width: int, height: int) -> bytes:
    """A black image, which is small as a file."""
    stream = io.BytesIO()
    Image.new("1", (width, height)).save(stream, "PNG")
    return stream.getvalue()


def wav(seconds: float) -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(np.zeros(round(8_000 * seconds), "<i2").tobytes())
    return stream.getvalue()


def jpeg() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)).save(stream, "JPEG")
    return stream.getvalue()


# Items that cannot be shown, by kind, and what is said of them; an empty text: it is shown all the same.
BAD: dict[str, dict[str, tuple[Callable[[], Any], str]]] = {
    "image": {
        "200 megapixels": (lambda: png(20_000, 10_000), "hundreds of megapixels: at most 60 .* smaller"),
        "70 megapixels": (lambda: png(10_000, 7_000), "10,000 x 7,000 pixels: at most 60 megapixels"),
        "truncated JPEG": (lambda: jpeg()[:2_000], "The image is damaged: image file is truncated"),
        "truncated PNG": (lambda: png(300, 200)[:60], "The image is damaged"),
        "empty": (lambda: b"", "The image is empty"),
        "other bytes": (lambda: b"%PDF-1.4 no image", "not an image in a supported format"),
        "missing": (lambda: None, "This item has no image"),
    },
    "pdf": {
        "password": (lambda: pdf("secret", encrypted=True), "has a password: save a copy without one"),
        "truncated": (lambda: pdf("first", "second")[:80], "not a PDF file, or it is damaged"),
        "empty": (lambda: b"", "The PDF file is empty"),
        "missing": (lambda: None, "missing"),
    },
    "text": {"100 MB": (lambda: "word " * 20_000_000, ""), "empty": (lambda: "", "This item has no text")},
    "audio": {
        "empty": (lambda: b"", "The recording is empty"),
        "no samples": (lambda: wav(0), "The recording is empty: it has no samples"),
        "truncated": (lambda: wav(1)[:30], "The WAV file is damaged"),
        "other bytes": (lambda: b"no sound", "The recording cannot be read"),
        "missing": (lambda: None, "This item has no recording"),
    },
    "video": {
        "empty": (lambda: b"", "The video is empty"),
        "truncated": (lambda: video()[:200], "not a video, or it is damaged"),
        "half of it": (lambda: (whole := video(40, form="matroska"))[: len(whole) // 2], ""),
        "other bytes": (lambda: b"no video", "not a video, or it is damaged"),
        "no such file": (lambda: Path("/no/such.mp4"), "cannot be read: No such file"),
        "missing": (lambda: None, "This item has no video"),
    },
    "series": {
        "empty": (list, "It has no numbers. Expected"),
        "words": (lambda: ["a", "b"], "values are not all numbers"),
        "three axes": (lambda: np.zeros((2, 2, 2)), "3 dimensions"),
        "gaps only": (lambda: [float("nan")] * 9, "All its values are missing"),
        "missing": (lambda: None, "missing"),
    },
    "conversation": {
        "not JSON": (lambda: "{", "It is not JSON"),
        "empty": (list, "It has no turns"),
        "missing": (lambda: None, "missing"),
    },
    "code": {"empty": (lambda: "", "This item has no text")},
    "html": {"only a script": (lambda: "<script>1</script>", "This item has no text")},
    "markdown": {"empty": (lambda: "", "This item has no text")},
    "list": {"one of two": (lambda: ["", "a text"], ""), "both": (lambda: ["", " "], "has no text")},
    "several": {
        "one of two": (lambda: ["a text", b"no image"], ""),
        "both": (lambda: ["", b""], "has no text"),
    },
}

# Words that would run if they were read as markup or code, wherever an item may have words.
RUN_SCRIPT = "window.__pwned=1"
EVIL = f'"><img src=x onerror="{RUN_SCRIPT}"><script>{RUN_SCRIPT}</script>\u202e'


def _evil_files(suffix: str) -> list[str]:
    return [f"/no/{EVIL.replace('/', '')}{i}{suffix}" for i in range(3)]


HOSTILE: dict[str, list[Any]] = {
    "text": [f"{EVIL} {i}" for i in range(3)],
    "html": [f"<p>{EVIL}<b onclick={RUN_SCRIPT}>{i}" for i in range(3)],
    "markdown": [f"# {EVIL}\n[a](javascript:{RUN_SCRIPT}) {i}" for i in range(3)],
    "code": [f"# {EVIL}\nx = {i}" for i in range(3)],
    "conversation": [[{"role": EVIL, "name": EVIL, "content": f"{EVIL} {i}"}] for i in range(3)],
    "table": [{EVIL: f"{EVIL} {i}", "b": EVIL} for i in range(3)],
    "series": [{EVIL: [1.0, i, 3.0]} for i in range(3)],
    "image": [Path(name) for name in _evil_files(".png")],
    "pdf": [pdf("<script>window.__pwned=1</script>".replace("(", "")), *_evil_files(".pdf")],
    "audio": _evil_files(".wav"),
    "video": _evil_files(".mp4"),
    "list": [[EVIL, f"{EVIL} {i}"] for i in range(3)],
    "several": [[f"{EVIL} {i}", Path(name)] for i, name in enumerate(_evil_files(".png"))],
}
